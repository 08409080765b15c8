# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest without a system, with a TPM 2.0 behind the device of argv[2], under KVM and emulated:
every way of a command through QEMU, and two virtual CPUs that get in each other's way.

argv[1] is the guest's ROM. Requests to it, and what it answers: main.c.
"""
import os
import shutil
import sys
import tempfile
import threading

import tap
from bare_guest import EXIT_STATUS, BareGuest, why_not
from machine import qemus
from process import wait_until

IMAGE, DEVICE = sys.argv.pop(1), sys.argv.pop(1)
FAST = ('PCR_Read', 'GetRandom', 'PCR_Extend', 'GetCapability', 'GetCommands')
CANCELLED = 0x909  # TPM_RC_CANCELED
FAILURE = 0x101  # TPM_RC_FAILURE
RANDOM_SIZE = 12 + 32
SELF_TEST = bytes.fromhex('8001 0000000b 00000143 01')
MEMORY_OVERWRITE = 0xfed4515a  # of the physical presence interface
AREA, AREA_SIZE = 16 << 20, 64 << 10


class Run:
    """One guest with two virtual CPUs, started by the first case that needs it."""

    def __init__(self, name, qemu, accel):
        self.name, self.qemu, self.accel = name, qemu, accel
        self.ours = name == 'ours'
        self.why_not = why_not(IMAGE, qemu, accel)
        self.directory = tempfile.mkdtemp(prefix='kvm-')
        self.device = DEVICE
        if DEVICE == 'tpm-crb' and self.ours:
            self.device += ',localities=5'
        self._guest = None

    def new(self, cpus, folder):
        directory = os.path.join(self.directory, folder)
        os.mkdir(directory)
        return BareGuest(directory, IMAGE, self.qemu, self.accel, self.device, cpus,
                         'inline-us=1000' if self.ours else '', self.ours)

    @property
    def guest(self):
        if self._guest is None:
            self._guest = self.new(2, 'two').__enter__()
        return self._guest

    def ask(self, request):
        return self.guest.ask(request)

    def works(self):
        tap.equal(self.ask('run GetRandom 3 0')['failed'], 0)

    def finish(self, code=0, size=RANDOM_SIZE):
        """Waits for the response to what was started."""
        found = self.ask('finish')
        tap.equal((found['code'], found['size'], found['tag']), (code, size, 0x8001))

    def reset(self):
        self.guest.machine.qmp('system_reset')
        self.back()

    def reset_in_flight(self):
        """A reset waits for the command in flight: hence it is asked for beside this."""
        self.guest.freeze()
        tap.equal(self.ask('start GetRandom')['done'], 0)
        reset = threading.Thread(target=self.guest.machine.qmp, args=['system_reset'])
        reset.start()
        self.guest.thaw()
        reset.join()
        self.back()

    def back(self):
        """The guest starts anew, and its TPM with it."""
        tap.equal(self.guest.wait_until_ready()['code'], 0)
        self.works()

    def status(self):
        status, = self.guest.machine.qmp('query-tpm-status')
        return status

    def end(self):
        if self._guest is not None:
            self._guest.stop()
        shutil.rmtree(self.directory)


def case(run, text, needs=True):
    """A case of this run; skipped where the accelerator runs no guest."""
    def register(function):
        def body():
            if run.why_not:
                tap.skip(f'{run.accel}: {run.why_not}')
            function()
        if needs:
            tap.case(f'{run.name}, {run.accel}: {text}')(body)
    return register


def command_cases(run):
    @case(run, 'one virtual CPU: commands, and the guest ends QEMU')
    def _():
        with run.new(1, 'one') as guest:
            tap.equal(guest.interface, DEVICE.split('-')[1])
            tap.equal(guest.ask('run GetRandom 20 0')['failed'], 0)
            tap.equal(guest.quit(), EXIT_STATUS)

    @case(run, 'fast commands, looked for again and again or each millisecond')
    def _():
        for name in FAST:
            for look in (0, 1000):
                tap.equal(run.ask(f'run {name} 10 {look}')['failed'], 0, name)

    @case(run, 'the virtual CPU finds some of them done when it goes on', run.ours)
    def _():
        assert run.status()['inline-completions'] > 0, run.status()

    @case(run, "a command of anybody's own comes with its response")
    def _():
        run.guest.send('send ' + SELF_TEST.hex())
        tap.equal(run.guest.machine.line(60).split(), ['response=80010000000a00000000', 'ok'])

    @case(run, 'slow commands')
    def _():
        for name in ('CreateECC', 'CreateRSA'):
            tap.equal(run.ask(f'run {name} 2 0')['failed'], 0, name)

    @case(run, 'a command that is late: the virtual CPU goes on, and the response comes')
    def _():
        run.guest.freeze()
        tap.equal(run.ask('start GetRandom')['done'], 0)
        run.guest.thaw()
        run.finish()

    @case(run, 'the other virtual CPU uses the TPM while one waits in its register write', run.ours)
    def _():
        for _ in range(50):
            run.works()  # such commands are fast again
            run.guest.freeze()
            seen = run.ask('outside GetRandom')['seen']
            run.guest.thaw()
            run.finish()
            if seen:
                return
        raise AssertionError('it never did')


def race_cases(run):
    @case(run, 'two virtual CPUs race for localities: never both have it, each gets its response')
    def _():
        tap.equal(run.ask('localities 60'), {'overlaps': 0, 'wrong': 0})
        run.works()

    @case(run, 'two virtual CPUs use one locality at once, and the TPM works after that')
    def _():
        run.ask('commands 60')
        run.works()

    @case(run, 'one writes where commands go while the other sends some')
    def _():
        assert run.ask('scribble-race 60')['scribbles'] > 0
        run.works()

    @case(run, 'what is written there while a command is executed changes neither it nor its '
               'response')
    def _():
        run.guest.freeze()
        tap.equal(run.ask('start GetRandom')['done'], 0)
        run.ask('scribble')
        run.guest.thaw()
        run.finish()

    @case(run, 'a command is cancelled, by its own virtual CPU and by the other')
    def _():
        run.guest.freeze()
        tap.equal(run.ask('start CreateECC')['done'], 0)
        run.guest.send('cancel')
        run.guest.thaw()
        run.guest.answer('cancel')
        assert run.ask('finish')['code'] in (0, CANCELLED)
        run.works()
        for after in (0, 1000, 20000):
            assert run.ask(f'cancel-race CreateRSA {after}')['code'] in (0, CANCELLED)
            run.works()

    @case(run, 'a locality seizes the TPM: the command in flight ends, and its locality knows')
    def _():
        run.guest.freeze()
        tap.equal(run.ask('start GetRandom')['done'], 0)
        run.guest.send('seize')
        run.guest.thaw()
        run.guest.answer('seize')
        tap.equal(run.ask('seized')['seized'], 1)
        run.works()

    @case(run, 'the other virtual CPU seizes it, and its own command is answered')
    def _():
        for after in 4 * (0, 500, 5000):
            tap.equal(run.ask(f'seize-race CreateRSA {after}'),
                      {'wrong': 0, 'active': 0, 'seized': 1})
            run.works()


def reset_cases(run):
    @case(run, 'the machine is reset while a command is in flight')
    def _():
        for _ in range(5):
            run.reset_in_flight()

    @case(run, 'the other virtual CPU resets the machine, at any moment of commands')
    def _():
        for name, after in (('GetRandom', 0), ('GetRandom', 300), ('CreateRSA', 2000)):
            run.guest.send(f'reset-race {name} {after}')
            run.back()

    @case(run, 'the vTPM dies with a command in flight: that fails, and a reset brings a new one',
          run.ours)
    def _():
        run.guest.freeze()
        tap.equal(run.ask('start GetRandom')['done'], 0)
        run.guest.kill()
        run.finish(FAILURE, 10)
        tap.equal(run.ask('run GetRandom 1 0')['failed'], 1)
        run.guest.swtpm.start()
        wait_until(lambda: run.status()['state'] == 'waiting', 'the vTPM is found again')
        run.reset()
        tap.equal(run.status()['state'], 'running')

    @case(run, 'the vTPM dies while commands come, and a reset brings a new one', run.ours)
    def _():
        run.guest.send('run GetRandom 400 0')
        wait_until(lambda: run.status()['commands'] > 50, 'commands come')
        run.guest.kill()
        assert run.guest.answer('run')['failed'] > 0
        run.guest.swtpm.start()
        wait_until(lambda: run.status()['state'] == 'waiting', 'the vTPM is found again')
        run.reset()

    @case(run, 'memory is overwritten at a reset where the guest has asked for that', run.ours)
    def _():
        run.ask(f'fill {AREA}')
        run.reset()
        tap.equal(run.ask(f'filled {AREA}')['bytes'], AREA_SIZE)
        run.ask(f'poke {MEMORY_OVERWRITE} 1')
        run.reset_in_flight()
        tap.equal(run.ask(f'filled {AREA}')['bytes'], 0)

    @case(run, 'the guest ends QEMU')
    def _():
        tap.equal(run.guest.quit(), EXIT_STATUS)


RUNS = [Run(name, qemu, accel) for name, qemu in qemus().items() for accel in ('kvm', 'tcg')]
try:
    for one in RUNS:
        command_cases(one)
        if one.ours:  # QEMU's own loses commands in some of these
            race_cases(one)
        reset_cases(one)
    tap.main()
finally:
    for one in RUNS:
        one.end()
