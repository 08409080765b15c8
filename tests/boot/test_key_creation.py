# SPDX-License-Identifier: GPL-2.0-or-later
"""Deep quotes that the host asks for while its guest has the vTPM make an RSA key, which takes a
minute: the vTPM gets next to no processor meanwhile."""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import machine
import tap
import vm
from host import PCR_LIST, Host
from process import Failed, run, wait_until
from programs import built, program
from protocol import UUID
from tpm2 import clock_info
from verifier import Store, check, verify

QEMU = os.environ.get('QEMU_SYSTEM_X86_64')
MINUTE = 60
LONG = MINUTE + 60  # until a command has ended that the key creation was in the way of
BOOT_PCRS = 'sha256:0,1,2,3,4,5,6,7'
TICKS_OF_A_KEY = 3  # of processor time, 10 ms each: no other command takes as much
TICKS_MORE = 3


def ticks(pid):
    """Processor time that a process had."""
    with open(f'/proc/{pid}/stat', encoding='ascii') as f:
        return sum(map(int, f.read().rsplit(')', 1)[1].split()[11:13]))


class LongCommand:
    """Whether the guest's TPM works on one that takes time, as the making of a key alone does."""

    def __init__(self, s):
        self._s, self._answered, self._since = s, None, 0

    def __call__(self):
        answered = self._s.machine.qmp('query-tpm-status')[0]['commands']
        now = ticks(self._s.vtpm.process.pid)
        if answered != self._answered:
            self._answered, self._since = answered, now
        return now - self._since >= TICKS_OF_A_KEY


class Slow:
    """Has a process run for a moment every two seconds until end() is called, and not at all when
    it had TICKS_MORE: that is not enough for an RSA key."""

    def __init__(self, pid):
        self.pid, self.began = pid, time.monotonic()
        self._last = ticks(pid) + TICKS_MORE
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._ended.is_set():
            os.kill(self.pid, signal.SIGSTOP)
            self._ended.wait(2)
            if self._ended.is_set() or ticks(self.pid) < self._last:
                os.kill(self.pid, signal.SIGCONT)
                time.sleep(0.001)

    def end(self):
        self._ended.set()
        self._thread.join()
        os.kill(self.pid, signal.SIGCONT)


class GuestQuote(threading.Thread):
    """The guest's own deep quote, with a new RSA key."""

    def __init__(self, agent, nonce, to):
        super().__init__()
        self.agent, self.nonce, self.to, self.problem = agent, nonce, to, None

    def run(self):
        try:
            self.agent.deepquote(self.nonce, BOOT_PCRS, PCR_LIST, self.to, LONG + MINUTE,
                                 options='-G rsa3072')
        except Exception as problem:  # whatever it is, the case says it
            self.problem = problem


def clock_of(quote):
    """The vTPM's clock when it quoted."""
    with open(os.path.join(quote, 'quote.msg'), 'rb') as f:
        return clock_info(f.read())[0]


def asking(s, nonce, to, seconds, monitor=0):
    """The command that asks for a deep quote, and may wait for that long."""
    return [program('vtpm-managerctl'), 'vm', 'quote', UUID, '--qmp', s.monitors[monitor],
            '--nonce', nonce, '--pcrs', BOOT_PCRS, '--host-pcrs', PCR_LIST, '--timeout',
            str(seconds), '--output', to]


class Setting:
    """A Linux guest on a host, and a verifier that knows both."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='key-creation-')
        self.parts = contextlib.ExitStack()
        self.parts.callback(shutil.rmtree, self.folder, True)
        self.host = Host(self.folder).start()
        self.parts.callback(self.host.stop)
        self.host.ctl('register', UUID, '--owner', str(os.getuid()))
        self.vtpm = self.host.vtpm(UUID).start()
        self.parts.callback(self.vtpm.stop)
        self.monitors = [self.path(f'monitor-{i}') for i in range(2)]  # each serves one at a time
        self.machine = machine.Machine(
            self.folder, QEMU, 'tcg', 'tpm-crb', self.vtpm.control,
            ['-machine', 'q35', '-m', '256', '-kernel', built('guest', 'vmlinuz'), '-initrd',
             built('guest', 'initramfs'), '-append', vm.COMMAND_LINE,
             *(word for path in self.monitors
               for word in ('-qmp', f'unix:{path},server=on,wait=off'))], port=True)
        self.parts.callback(self.machine.stop)
        self.agent = self.machine.start().agent(240)
        _, self.key, self.policy = self.host.enrol(self.path('verifier'), UUID)
        self.store = Store(self.path('store'))
        self.store.enrol(self.key)
        self.store.expect(UUID)

    def path(self, *name):
        return os.path.join(self.folder, *name)

    def judge(self, nonce, quote):
        return check('-q', nonce, '--store', self.store.path, '--policy', self.policy,
                     '--allow-simulated', '--allow-host-vouched', '--uuid', UUID, '-m',
                     f'{quote}/quote.msg', '-s', f'{quote}/quote.sig', '-f', f'{quote}/pcrs.bin',
                     '--evidence', f'{quote}/evidence.bin')


def cases(s):
    guest = GuestQuote(s.agent, os.urandom(32).hex(), s.path('guest'))

    @tap.case('while a key is made for a minute a quote waits no longer than it is told')
    def _():
        pid = s.vtpm.process.pid
        guest.start()
        wait_until(LongCommand(s), 'a key is made', 60)
        s.slow = Slow(pid)
        began = time.monotonic()
        try:
            run(asking(s, s.store.challenge(), s.path('none'), 5), timeout=60)
        except Failed as problem:
            assert 'was busy for as long as it was to wait' in str(problem), problem
        else:
            raise AssertionError('it was not busy')
        assert 5 <= time.monotonic() - began < 15, time.monotonic() - began
        assert not os.path.exists(s.path('none'))

    @tap.case('two that wait are made when it ends, and the guest has its key and its quote')
    def _():
        nonces = [s.store.challenge() for _ in range(2)]
        asked = [subprocess.Popen(asking(s, nonce, s.path(f'host-{number}'), LONG, number),
                                  stdout=subprocess.DEVNULL)
                 for number, nonce in enumerate(nonces)]
        time.sleep(max(0, s.slow.began + MINUTE - time.monotonic()))
        tap.equal([one.poll() for one in asked], [None, None])
        assert guest.is_alive(), guest.problem
        s.slow.end()
        took = time.monotonic() - s.slow.began
        tap.equal([one.wait(LONG) for one in asked], [0, 0])
        guest.join(LONG)
        assert not guest.is_alive() and guest.problem is None, guest.problem
        print(f'# the key took more than {took:.0f} s; all ended '
              f'{time.monotonic() - s.slow.began - took:.1f} s after that')
        made = [(clock_of(s.path(f'host-{number}')), number) for number in range(2)]
        for _, number in sorted(made):  # an older one is stale after a newer
            tap.equal(s.judge(nonces[number], s.path(f'host-{number}')).word, 'trusted')
        verdict = verify(guest.to, guest.nonce, host=s.key, policy=s.policy, uuid=UUID)
        assert verdict.authentic, verdict.text


def main():
    if not QEMU:
        @tap.case('a deep quote during the creation of a key')
        def _():
            tap.skip('name our QEMU by QEMU_SYSTEM_X86_64: no other asks')
        tap.main()
        return
    machine.make_guest_image()
    setting = Setting()
    setting.slow = None
    with setting.parts:
        cases(setting)
        try:
            tap.main()
        finally:
            if setting.slow:
                setting.slow.end()


main()
