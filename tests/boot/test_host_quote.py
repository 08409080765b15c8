# SPDX-License-Identifier: GPL-2.0-or-later
"""Deep quotes of a VM without an agent or an operating system: SeaBIOS starts its TPM, the host
asks QEMU."""
import contextlib
import hashlib
import json
import os
import shutil
import tempfile

import machine
import tap
from host import PCR_LIST, Host
from process import Failed, run, wait_until
from programs import program
from protocol import UUID
from verifier import Store, check

QEMU = os.environ.get('QEMU_SYSTEM_X86_64')
OTHER = '6ba7b811-9dad-41d1-80b4-00c04fd430c8'
ALONE = "the host alone vouches for the guest's PCRs"
BOOT_PCRS = 'sha256:0,1,2,3,4,5,6,7'


class Guest:
    """A VM that finds nothing to boot."""

    def __init__(self, host, folder):
        self.folder = folder
        os.mkdir(folder)
        host.ctl('register', UUID, '--owner', str(os.getuid()))
        self.vtpm = host.vtpm(UUID).start()
        self.monitor = os.path.join(folder, 'monitor')
        self.machine = machine.Machine(
            folder, QEMU, 'tcg', 'tpm-crb', self.vtpm.control,
            ['-machine', 'q35', '-m', '64', '-qmp', f'unix:{self.monitor},server=on,wait=off'])
        self.machine.start()

    def stop(self):
        self.machine.stop()
        self.vtpm.stop()

    def started(self):
        """Whether the firmware has measured all that it does before it gives up."""
        status = self.machine.qmp('query-tpm-status')[0]
        return any(c.get('code') == 0x182 for c in status['by-command'])

    @property
    def quote(self):
        return os.path.join(self.folder, 'quote')


class Setting:
    """A guest on a host, and a verifier that knows both."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='host-quote-')
        self.parts = contextlib.ExitStack()
        self.parts.callback(shutil.rmtree, self.folder, True)
        self.host = Host(self.folder).start()
        self.parts.callback(self.host.stop)
        self.guest = Guest(self.host, os.path.join(self.folder, 'guest'))
        self.parts.callback(self.guest.stop)
        wait_until(self.guest.started, 'the firmware measures', 60)
        _, key, self.policy = self.host.enrol(os.path.join(self.folder, 'verifier'), UUID)
        self.store = Store(os.path.join(self.folder, 'store'))
        self.store.enrol(key)
        for uuid in (UUID, OTHER):
            self.store.expect(uuid)

    def ask(self, nonce, *options, uuid=UUID):
        run([program('vtpm-managerctl'), 'vm', 'quote', uuid, '--qmp', self.guest.monitor,
             '--socket', self.host.admin_socket, '--nonce', nonce, '--pcrs', BOOT_PCRS,
             '--host-pcrs', PCR_LIST, '--output', self.guest.quote, *options], timeout=60)

    def refused(self, uuid=UUID):
        """What it says where it refuses, having written nothing."""
        shutil.rmtree(self.guest.quote, ignore_errors=True)
        try:
            self.ask(self.store.challenge(), uuid=uuid)
        except Failed as problem:
            assert not os.path.exists(self.guest.quote)
            return str(problem)
        raise AssertionError('it was not refused')

    def judge(self, nonce, *options, uuid=UUID):
        return check('-q', nonce, '--store', self.store.path, '--policy', self.policy,
                     '--allow-simulated', '--uuid', uuid, *options, *files(self.guest.quote))

    def quoted(self, *options, **more):
        nonce = self.store.challenge()
        self.ask(nonce)
        return self.judge(nonce, *options, **more)


def digest_of(path):
    with open(path, 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()


def files(folder):
    for option, name in (('-m', 'quote.msg'), ('-s', 'quote.sig'), ('-f', 'pcrs.bin'),
                         ('--evidence', 'evidence.bin')):
        yield from (option, os.path.join(folder, name))


def cases(s):
    allow = '--allow-host-vouched'

    @tap.case('a guest without an operating system is trusted, and the verdict says by whose word')
    def _():
        verdict = s.quoted(allow)
        tap.equal(verdict.word, 'trusted', verdict)
        assert ALONE in verdict.last, verdict

    @tap.case('so is one that is paused')
    def _():
        s.guest.machine.qmp('stop')
        tap.equal(s.quoted(allow).word, 'trusted')
        s.guest.machine.qmp('cont')

    @tap.case('it comes with what the VM was started with, which a policy holds to its parts')
    def _():
        executable = digest_of(os.path.realpath(QEMU))
        for part, word in ((f'executable {executable}', 'trusted'),
                           (f'executable {"0" * 64}', 'policy'), ('kernel none', 'trusted'),
                           (f'kernel {executable}', 'policy')):
            policy = os.path.join(s.folder, 'launch.policy')
            with open(s.policy, encoding='ascii') as f:
                lines = f.read()
            with open(policy, 'w', encoding='ascii') as f:
                f.write(f'{lines}launch-part {part}\n')
            nonce = s.store.challenge()
            s.ask(nonce, '--flags', 'launch,measurements')
            verdict = s.judge(nonce, allow, '--policy', policy, '--vm-launch',
                              os.path.join(s.guest.quote, 'vm_launch.bin'), '--vtpm-parts',
                              os.path.join(s.guest.quote, 'vtpm_parts.bin'))
            tap.equal(verdict.word, word, str(verdict))
        shutil.rmtree(s.guest.quote)

    @tap.case('it is no ordinary quote: authentic without the option, wrong-vm where a key is due')
    def _():
        verdict = s.quoted('--json')
        tap.equal(verdict.status, 3, verdict)
        tap.equal(json.loads(verdict.output)['vouchedBy'], 'host')
        due = '000b' + '11' * 32
        tap.equal(s.quoted(allow, '--ak', due).word, 'wrong-vm')

    @tap.case("another VM's, of another challenge, with other PCR values, used twice: refused")
    def _():
        tap.equal(s.quoted(allow, uuid=OTHER).word, 'wrong-vm')
        s.ask(s.store.challenge())
        tap.equal(s.judge(s.store.challenge(), allow).word, 'wrong-nonce')
        nonce = s.store.challenge()
        s.ask(nonce)
        tap.equal(s.judge(nonce, allow).word, 'trusted')
        tap.equal(s.judge(nonce, allow).word, 'wrong-nonce')
        nonce = s.store.challenge()
        s.ask(nonce)
        with open(os.path.join(s.guest.quote, 'pcrs.bin'), 'r+b') as f:
            f.write(b'\x5a\xa5')
        tap.equal(s.judge(nonce, allow).word, 'vtpm-pcr-mismatch')

    @tap.case('the monitor of a VM is told from that of the one named')
    def _():
        assert f'this is another VM than {OTHER}' in s.refused(OTHER)

    @tap.case('a guest that was reset and has not started its TPM has none')
    def _():
        s.guest.machine.qmp('stop')
        s.guest.machine.qmp('system_reset')
        wait_until(lambda: 'the guest has not started its TPM' in s.refused(), 'the reset', 30)
        s.guest.machine.qmp('cont')

    @tap.case('a host without its manager does not countersign, and says so')
    def _():
        s.host.stop()
        wait_until(lambda: 'response code 0x501' in s.refused(), 'the firmware measures', 60)


def main():
    if not QEMU:
        @tap.case('deep quotes that the host asks for')
        def _():
            tap.skip('name our QEMU by QEMU_SYSTEM_X86_64: no other asks')
        tap.main()
        return
    setting = Setting()
    with setting.parts:
        cases(setting)
        tap.main()


main()
