# SPDX-License-Identifier: GPL-2.0-or-later
"""One vTPM's state on two hosts: two managers, each with a TPM of its own, and what they and a
verifier say. No host knows of the other, so it is the verifier who notices."""
import contextlib
import os
import shutil
import tempfile

import tap
import tpm2
from manager import Manager
from process import run, wait_until
from programs import program
from protocol import UUID
from users import own
from verifier import Store, verify
from vtpm import Vtpm

PCRS = (0, 1, 2, 7)
WHY = 'moved for maintenance'


class Host:
    """A host by its manager, with a folder for the vTPM's state."""

    def __init__(self, name, folder, manager):
        self.name, self.manager = name, manager
        self.folder = os.path.join(folder, name)
        self.key = os.path.join(folder, name + '.key')
        with open(self.key, 'wb') as f:
            f.write(bytes.fromhex(manager.admin('ak')['public']))
        own(manager, UUID)

    @contextlib.contextmanager
    def vtpm(self):
        """It runs here."""
        with Vtpm(deepquote=f'manager={self.manager.socket},timeout=5', dir=self.folder,
                  client=False) as vtpm:
            wait_until(lambda: self.vm()['connected'], 'the vTPM is welcome')
            yield vtpm

    def vm(self):
        return self.manager.vm(UUID)

    def file(self, name):
        return os.path.join(self.folder, name)

    def quote(self, vtpm, nonce):
        run([program('tpm2_deepquote'), '-T', vtpm.tcti, '--ak-create', '--ak-public', 'ak.pub',
             '-q', nonce, '-l', 'sha256:0,1', '-m', 'quote.msg', '-s', 'quote.sig',
             '-o', 'pcrs.bin', '--evidence', 'evidence.bin', '--host-pcr-list',
             'sha256:' + ','.join(map(str, PCRS)), '--host-pcrs-out', 'host-pcrs'],
            cwd=self.folder, timeout=60)

    def take_copy(self, other):
        """Of the state on the other host, whether its vTPM runs or not."""
        shutil.rmtree(self.file('state'), ignore_errors=True)
        shutil.copytree(other.file('state'), self.file('state'))


class Verifier:
    """Has both hosts, and takes their PCRs, all alike, as they are."""

    def __init__(self, folder, *hosts):
        self.store = Store(os.path.join(folder, 'verifier.store'))
        self.policy = os.path.join(folder, 'policy')
        for host in hosts:
            self.store.run('host', 'add', '--simulated', '--name', host.name, host.key)

    def expect(self, host, vtpm):
        host.quote(vtpm, os.urandom(32).hex())
        self.store.expect(UUID, '--ak', host.file('ak.pub'))
        with open(host.file('host-pcrs'), 'rb') as f:
            values = f.read()
        with open(self.policy, 'w', encoding='ascii') as f:
            f.writelines(f'host-pcr sha256:{pcr} {values[32 * i:32 * i + 32].hex()}\n'
                         for i, pcr in enumerate(PCRS))

    def word(self, host, vtpm):
        """Of the verdict on a quote that is made now."""
        challenge = self.store.challenge()
        host.quote(vtpm, challenge)
        verdict = verify(host.folder, challenge, '--uuid', UUID, '--allow-simulated',
                         store=self.store.path, policy=self.policy)
        assert verdict.word, verdict
        return verdict.word

    def accept(self, at, host=True):
        """The VM's lineage there, and the host unless it is to be noticed yet."""
        self.store.run('accept', '--vm', UUID, '--lineage', at.vm()['lineage'],
                       *(['--host', at.name] if host else []), '--why', WHY)


@contextlib.contextmanager
def two_hosts():
    """(first host, second one, verifier), where the VM ran on the first and was trusted there."""
    with tempfile.TemporaryDirectory(prefix='hosts-') as folder, \
            Manager() as a, Manager() as b:
        os.chmod(folder, 0o755)
        first, second = Host('first', folder, a), Host('second', folder, b)
        verifier = Verifier(folder, first, second)
        with first.vtpm() as vtpm:
            verifier.expect(first, vtpm)
            tap.equal(verifier.word(first, vtpm), 'trusted')
        yield first, second, verifier


@tap.case('of a VM that runs on two hosts at once the second is not trusted, the first still is')
def _():
    with two_hosts() as (first, second, verifier), first.vtpm() as original:
        second.take_copy(first)
        lineage = first.vm()['lineage']
        with second.vtpm() as clone:
            tap.equal(verifier.word(second, clone), 'lineage')
            # It has a history of its own there, and nothing that it could be compared with.
            tap.equal((second.vm()['broken'], second.vm()['epoch']), (0, 1))
            assert second.vm()['lineage'] != lineage
            tap.equal(verifier.word(first, original), 'trusted')
            verifier.accept(second, host=False)
            tap.equal(verifier.word(second, clone), 'moved')
        tap.equal((first.vm()['lineage'], first.vm()['broken'], first.vm()['rivals']),
                  (lineage, 0, 0))


@tap.case('once the operator accepts the move it is the original that is not trusted any more')
def _():
    with two_hosts() as (first, second, verifier), first.vtpm() as original:
        second.take_copy(first)
        with second.vtpm() as clone:
            verifier.accept(second)
            tap.equal(verifier.word(second, clone), 'trusted')
            tap.equal(verifier.word(first, original), 'lineage')
            tap.equal(verifier.word(second, clone), 'trusted')


@tap.case('what comes back from another host is a broken history, there and to the verifier')
def _():
    with two_hosts() as (first, second, verifier):
        lineage = first.vm()['lineage']
        second.take_copy(first)
        with second.vtpm() as clone:
            verifier.accept(second)
            tap.equal(verifier.word(second, clone), 'trusted')
        first.manager.ctl('continuity', UUID, '--continuity', 'required')
        left_behind = first.folder + '-left'
        shutil.copytree(first.file('state'), left_behind)
        first.take_copy(second)
        with Vtpm(deepquote=f'manager={first.manager.socket},timeout=5', dir=first.folder,
                  startup=None) as vtpm:
            assert vtpm.ask_control('INIT', tpm2.u32(0)) != bytes(4)
        assert f'VM {UUID} has a broken history' in first.manager.log_text()
        tap.equal(first.vm()['lineage'], lineage)
        first.manager.ctl('vm', 'accept', UUID, '--why', WHY)
        with first.vtpm() as vtpm:
            assert first.vm()['lineage'] != lineage
            tap.equal(verifier.word(first, vtpm), 'lineage')
            verifier.accept(first)
            tap.equal(verifier.word(first, vtpm), 'trusted')


@tap.case('the copy that was left behind starts there, and the verifier does not trust it')
def _():
    with two_hosts() as (first, second, verifier):
        second.take_copy(first)
        with second.vtpm() as moved:
            verifier.accept(second)
            tap.equal(verifier.word(second, moved), 'trusted')
        with first.vtpm() as left:  # the first host cannot know that it ran elsewhere
            tap.equal(first.vm()['broken'], 0)
            tap.equal(verifier.word(first, left), 'lineage')


tap.main()
