# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest of tests/kvm: a ROM of ours in the firmware's place, one or two virtual CPUs, no
system.

    with BareGuest(directory, image, qemu, 'kvm', 'tpm-tis') as guest:
        guest.ask('run GetRandom 10 0')['failed']
"""
import os
import signal
import tempfile

from machine import Machine
from process import Failed, wait_until
from swtpm import Swtpm

EXIT_STATUS = 0x10 << 1 | 1  # isa-debug-exit and the guest's 0x10
ANSWER_SECONDS = 60


class BareGuest:
    """A machine with the guest, ready for requests.

    device: None: without a TPM
    backend: options of the TPM's back end, in addition
    reconnects: that back end finds a vTPM that was started again; our QEMU's alone takes that
    swtpm: its vTPM, not started yet, in place of a bare one
    """

    def __init__(self, directory, image, qemu, accel, device, cpus=2, backend='',
                 reconnects=False, swtpm=None):
        self.swtpm = swtpm or Swtpm(directory) if device else None
        control = self.swtpm.control if device else None
        if reconnects:
            control += ',reconnect=1'
        self.machine = Machine(directory, qemu, accel, device, control, [
            '-smp', str(cpus), '-m', '32', '-bios', image,
            '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-S'], port=True, backend=backend)
        self.interface = None

    def __enter__(self):
        try:
            if self.swtpm:
                self.swtpm.start()
            self.machine.start()
            self._listen()
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _listen(self):
        """Lets the guest start: what it says before somebody listens would be lost."""
        self.send('')
        wait_until(lambda: not any(port['filename'].startswith('disconnected')
                                   for port in self.machine.qmp('query-chardev')
                                   if port['label'] == 'port'), 'the serial port is open')
        self.machine.qmp('cont')

    def stop(self):
        self.machine.stop()
        if self.swtpm:
            self.swtpm.stop()

    def wait_until_ready(self, seconds=ANSWER_SECONDS):
        """Waits for the guest's start and starts its TPM up; the answer to that."""
        line = self.machine.line(seconds)
        while 'ready' not in line:  # of an answer that a reset cut off
            line = self.machine.line(seconds)
        self.interface = line.split()[-1]
        return self.ask('startup') if self.swtpm else None

    def send(self, request):
        self.machine.send(f'{request}\n' if request else '')

    def answer(self, request, seconds=ANSWER_SECONDS):
        """{name: number} of the answer."""
        *numbers, last = self.machine.line(seconds).split() or ['']
        if last != 'ok':
            raise Failed(f'{request}: {numbers} {last}')
        return {name: int(value) for name, value in (word.split('=') for word in numbers)}

    def ask(self, request, seconds=ANSWER_SECONDS):
        self.send(request)
        return self.answer(request, seconds)

    def quit(self):
        """Has the guest end QEMU; its exit status."""
        self.send('quit')
        return self.machine.wait(30)

    def freeze(self):
        """The vTPM stands still: a command in flight stays so."""
        os.kill(self.swtpm.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.swtpm.process.pid, signal.SIGCONT)

    def kill(self):
        """The vTPM is gone, whatever it was about to do."""
        os.kill(self.swtpm.process.pid, signal.SIGKILL)
        self.swtpm.process.wait()


def why_not(image, qemu, accel):
    """Why this accelerator runs no guest, after an attempt; None: it does."""
    if accel == 'kvm' and not os.access('/dev/kvm', os.R_OK | os.W_OK):
        return '/dev/kvm does not open'
    try:
        with tempfile.TemporaryDirectory(prefix='kvm-') as directory, \
                BareGuest(directory, image, qemu, accel, None, 1) as guest:
            status = guest.quit()
    except Failed as problem:
        return f'a guest of a few instructions does not run: {str(problem).splitlines()[0]}'
    return None if status == EXIT_STATUS else f'that guest ended with {status}'
