# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole chain without a guest: tpm2_deepquote, swtpm with the module, vtpm-managerd with a
simulated TPM, tpm2_checkdeepquote."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile

import tap
from client import Binding
from manager import Manager
from process import run, wait_until
from programs import program
from protocol import UUID
from relay import Relay
from tpm2 import clock_info
from users import own
from verifier import Store, verify
from vtpm import Vtpm

HOST_PCRS = (0, 1, 2, 7)
OTHER_UUID = '6ba7b811-9dad-41d1-80b4-00c04fd430c8'


class Guest:
    """A vTPM, and the files that tpm2_deepquote makes of it."""

    def __init__(self, manager, uuid=UUID):
        self.manager = manager
        self.uuid = uuid
        self.folder = tempfile.mkdtemp(prefix='chain-')
        self.vtpm = Vtpm(deepquote='manager=' + manager.socket, uuid=uuid, dir=self.folder,
                         client=False)

    def __enter__(self):
        own(self.manager, self.uuid)
        self.vtpm.start()
        wait_until(lambda: self.manager.vm(self.uuid)['connected'], 'the vTPM is welcome')
        return self

    def __exit__(self, *_):
        self.vtpm.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.folder, name)

    def quote(self, nonce, *options, key=('--ak-create', '--ak-public', 'ak.pub')):
        own(self.manager, self.uuid)
        run([program('tpm2_deepquote'), '-T', self.vtpm.tcti, *key, '-q', nonce,
             '-l', 'sha256:0,1,10', '--host-pcr-list', 'sha256:' + ','.join(map(str, HOST_PCRS)),
             '-m', 'quote.msg', '-s', 'quote.sig', '-o', 'pcrs.bin', '--evidence', 'evidence.bin',
             '--host-pcrs-out', 'host-pcrs', *options], cwd=self.folder, timeout=60)

    def check(self, nonce, verifier, *options, source=None):
        """The Verdict; @source: take the quote from another guest."""
        return verify((source or self).folder, nonce, '--uuid', self.uuid, *verifier, *options)


class Verifier:
    """A store that has the host and the guests, and reference values for the host as it is now."""

    def __init__(self, manager, *guests):
        self.folder = guests[0].folder
        self.store = Store(guests[0].file('verifier.store'))
        key = bytes.fromhex(manager.admin('ak')['public'])
        self.store.enrol(write(guests[0].file('host.key'), key))
        for guest in guests:
            self.add(guest)

    def add(self, guest):
        """Expects the guest with the key that it signs with, and the host with its values."""
        guest.quote(os.urandom(32).hex())
        self.store.expect(guest.uuid, '--ak', guest.file('ak.pub'))
        values = read(guest.file('host-pcrs'))
        self.policy = write(os.path.join(self.folder, 'reference'), ''.join(
            f'host-pcr sha256:{pcr} {values[32 * i:32 * i + 32].hex()}\n'
            for i, pcr in enumerate(HOST_PCRS)).encode())

    def __iter__(self):
        return iter(['--store', self.store.path, '--policy', self.policy, '--allow-simulated'])

    def challenge(self):
        return self.store.challenge()


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data)
    return path


def read(path):
    with open(path, 'rb') as f:
        return f.read()


@contextlib.contextmanager
def chain(**options):
    """(manager, guest, verifier)."""
    with Manager(**options) as manager, Guest(manager) as guest:
        yield manager, guest, Verifier(manager, guest)


def trusted(guest, verifier):
    challenge = verifier.challenge()
    guest.quote(challenge)
    verdict = guest.check(challenge, verifier)
    tap.equal(verdict.word, 'trusted', verdict.text)


@tap.case('a deep quote is trusted, with ECC and with RSA in the host')
def _():
    for algorithm in ('ecc', 'rsa'):
        with chain(ak_algorithm=algorithm) as (_, guest, verifier):
            challenge = verifier.challenge()
            guest.quote(challenge)
            tap.equal(guest.check(challenge, verifier).word, 'trusted', algorithm)


@tap.case('a quote without a key, which a guest may make as its host may, is never mistaken')
def _():
    with chain() as (_, guest, verifier):
        keyless = Store(guest.file('keyless.store'))
        keyless.enrol(guest.file('host.key'))
        keyless.expect(guest.uuid)
        for store, options, word in ((verifier.store, ['--allow-host-vouched'], 'wrong-vm'),
                                     (keyless, [], 'authentic'),
                                     (keyless, ['--allow-host-vouched'], 'trusted')):
            challenge = store.challenge()
            guest.quote(challenge, key=('-c', 'null'))
            verdict = guest.check(challenge, ['--store', store.path, '--policy', verifier.policy,
                                              '--allow-simulated', *options])
            tap.equal(verdict.word, word, verdict.text)
            tap.equal('host alone vouches' in verdict.last, word != 'wrong-vm', verdict.last)


@tap.case('what is not compared makes it authentic: no store, no policy, an own nonce, a stand-in')
def _():
    with chain() as (_, guest, verifier):
        for options in (['--host', guest.file('host.key')],
                        ['--store', verifier.store.path, '--allow-simulated'],
                        list(verifier)[:-1]):
            challenge = verifier.challenge()
            guest.quote(challenge)
            tap.equal(guest.check(challenge, options).word, 'authentic', str(options))
        nonce = os.urandom(32).hex()
        guest.quote(nonce)
        tap.equal(guest.check(nonce, verifier).word, 'authentic')


@tap.case('a flipped bit anywhere and another challenge are refused, and use the challenge up')
def _():
    with chain() as (_, guest, verifier):
        for name in ('evidence.bin', 'quote.msg', 'quote.sig', 'pcrs.bin'):
            challenge = verifier.challenge()
            guest.quote(challenge)
            good = read(guest.file(name))
            middle = len(good) // 2
            write(guest.file(name), good[:middle] + bytes([good[middle] ^ 4]) + good[middle + 1:])
            tap.equal(guest.check(challenge, verifier).status, 1, name)
            write(guest.file(name), good)
            tap.equal(guest.check(challenge, verifier).word, 'wrong-nonce')
        challenge = verifier.challenge()
        guest.quote(challenge)
        tap.equal(guest.check(verifier.challenge(), verifier).word, 'wrong-nonce')
        tap.equal(guest.check(challenge, verifier).word, 'trusted')
        tap.equal(guest.check(challenge, verifier).word, 'wrong-nonce')


@tap.case('the evidence of one VM is not taken for another')
def _():
    with Manager() as manager, Guest(manager) as guest, \
            Guest(manager, OTHER_UUID) as other:
        verifier = Verifier(manager, guest, other)
        for one in (guest, other):
            challenge = verifier.challenge()
            one.quote(challenge)
            tap.equal(one.check(challenge, verifier).word, 'trusted')
        challenge = verifier.challenge()
        other.quote(challenge)
        tap.equal(guest.check(challenge, verifier, source=other).word, 'wrong-vm')
        challenge = verifier.challenge()
        guest.quote(challenge)
        other.quote(challenge)
        shutil.copy(other.file('evidence.bin'), guest.file('evidence.bin'))
        tap.equal(guest.check(challenge, verifier).word, 'wrong-vm')


@tap.case('a host that starts something else is refused by the policy')
def _():
    with chain() as (manager, guest, verifier):
        with open(manager.events, 'a', encoding='utf-8') as f:
            f.write('7 another certificate\n')
        manager.restart()
        challenge = verifier.challenge()
        guest.quote(challenge)
        tap.equal(guest.check(challenge, verifier).word, 'policy')
        challenge = verifier.challenge()
        guest.quote(challenge)
        tap.equal(guest.check(challenge, ['--host', guest.file('host.key')]).word, 'authentic')


@tap.case('a deep quote from before the last start of the vTPM is stale')
def _():
    with chain() as (_, guest, verifier):
        old, challenge = verifier.challenge(), verifier.challenge()
        guest.quote(old)
        saved = {name: read(guest.file(name))
                 for name in ('quote.msg', 'quote.sig', 'pcrs.bin', 'evidence.bin')}
        guest.vtpm.stop()
        guest.vtpm.start()  # its next epoch
        guest.quote(challenge)
        tap.equal(guest.check(challenge, verifier).word, 'trusted')
        for name, data in saved.items():
            write(guest.file(name), data)
        tap.equal(guest.check(old, verifier).word, 'stale')


def host_clock(guest):
    """(clock, resetCount, safe) in the host's part of the guest's last deep quote."""
    clock, resets, _, safe = clock_info(Binding(read(guest.file('evidence.bin'))).host_quoted)
    return clock, resets, safe


@tap.case('a host that lost power goes on from an older clock, and is trusted all the same')
def _():
    with chain() as (manager, guest, verifier):
        trusted(guest, verifier)
        before = host_clock(guest)
        child, = subprocess.run(['ps', '-o', 'pid=', '--ppid', str(manager.process.pid)],
                                capture_output=True, text=True, check=True).stdout.split()
        os.kill(int(child), signal.SIGKILL)
        trusted(guest, verifier)
        after = host_clock(guest)
        assert after[0] < before[0] and after[1] > before[1] and not after[2], (before, after)


@tap.case('a host whose TPM was cleared has the same key, and is stale until that is accepted')
def _():
    with Relay() as relay, chain(tcti=relay.tcti) as (_, guest, verifier):
        relay.reset()
        trusted(guest, verifier)
        relay.tool('tpm2_clear')
        challenge = verifier.challenge()
        guest.quote(challenge)
        tap.equal(guest.check(challenge, verifier).word, 'stale')
        name = Binding(read(guest.file('evidence.bin'))).host_signer.hex()
        verifier.store.run('accept', '--cleared', name, '--why', 'cleared in the firmware setup')
        trusted(guest, verifier)


@tap.case('a VM that is registered anew has another lineage, which the operator has to accept')
def _():
    with chain() as (manager, guest, verifier):
        trusted(guest, verifier)
        guest.vtpm.stop()
        manager.ctl('unregister', guest.uuid)
        manager.ctl('register', guest.uuid)
        guest.vtpm.start()
        challenge = verifier.challenge()
        guest.quote(challenge)
        refused = guest.check(challenge, verifier)
        tap.equal(refused.word, 'lineage')
        lineage = re.search('its lineage is ([0-9a-f]{32})', refused.text)[1]
        verifier.store.run('accept', '--vm', guest.uuid, '--lineage', lineage, '--why', 'a test')
        trusted(guest, verifier)


tap.main()
