# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine with the guest image and a vTPM, all in a directory of its own.

    with Vm(directory, build, 'tpm-tis', vtpm.ctrl) as vm:
        vm.agent.check('cat /proc/version')
"""
import os
import subprocess

from agent import Agent, GuestError
from process import spawn, stop, tail

QEMU = os.environ.get('QEMU_SYSTEM_X86_64', 'qemu-system-x86_64')
BOOT_SECONDS = 120


def _probe(accelerator, build):
    """Whether a guest boots with this accelerator within a few seconds."""
    command = [QEMU, '-accel', accelerator, *_machine(build, 'guest.probe'), '-serial', 'stdio']
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=8,
                              check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and b'guest-probe-ok' in done.stdout


def _boot_id():
    with open('/proc/sys/kernel/random/boot_id', encoding='ascii') as f:
        return f.read().strip()


def accelerator(build):
    """'kvm' where a short boot with it works, else 'tcg'; found out once per boot of the host."""
    if not os.access('/dev/kvm', os.R_OK | os.W_OK):
        return 'tcg'
    cache = os.path.join(build, 'guest', 'accelerator')
    try:
        with open(cache, encoding='ascii') as f:
            boot_id, found = f.read().split()
        if boot_id == _boot_id() and found in ('kvm', 'tcg'):
            return found
    except (OSError, ValueError):
        pass
    found = 'kvm' if _probe('kvm', build) else 'tcg'
    with open(cache + '.part', 'w', encoding='ascii') as f:
        f.write(f'{_boot_id()} {found}\n')
    os.replace(cache + '.part', cache)
    return found


def _machine(build, arguments):
    image = os.path.join(build, 'guest')
    return ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-m', '256',
            '-kernel', os.path.join(image, 'vmlinuz'), '-initrd', os.path.join(image, 'initramfs'),
            '-append', f'console=ttyS0 quiet panic=-1 {arguments}']


class Vm:
    """A running guest; entering waits until it answers.

    directory: of this VM; gets console.log and the sockets console and agent
    build: build directory with guest/, see scripts/guest-image
    device: 'tpm-tis', 'tpm-crb', or None for a machine without a TPM
    vtpm: the control socket of its swtpm
    accel: 'kvm' or 'tcg'; None finds out
    """

    def __init__(self, directory, build, device, vtpm, accel=None, keep=False):
        self.directory = directory
        self.keep = keep
        self.log = os.path.join(directory, 'qemu.log')
        self.console = os.path.join(directory, 'console')
        self.console_log = os.path.join(directory, 'console.log')
        self.accel = accel or accelerator(build)
        agent = os.path.join(directory, 'agent')
        self.command = [
            QEMU, '-accel', self.accel, *_machine(build, ''),
            '-chardev', f'socket,id=console,path={self.console},server=on,wait=off,'
                        f'logfile={self.console_log}',
            '-serial', 'chardev:console',
            '-chardev', f'socket,id=agent,path={agent},server=on,wait=off',
            '-serial', 'chardev:agent']
        if device is not None:
            self.command += ['-chardev', f'socket,id=vtpm,path={vtpm}',
                             '-tpmdev', 'emulator,id=tpm0,chardev=vtpm',
                             '-device', f'{device},tpmdev=tpm0']
        self.process = None
        self.agent = None
        self._agent_path = agent

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.process = spawn(self.command, self.log, self.keep)
        try:
            self.agent = Agent(self._agent_path, lambda: self.process.poll() is None)
            self.agent.wait(BOOT_SECONDS)
        except BaseException as problem:
            self.stop()
            if isinstance(problem, GuestError):
                raise GuestError(f'{problem}\n{self.tail()}') from None
            raise
        return self

    def stop(self):
        if self.agent is not None:
            self.agent.close()
            self.agent = None
        stop(self.process)
        self.process = None

    def tail(self):
        """The end of what QEMU and the guest said, for a report of what went wrong."""
        return tail(self.log) + tail(self.console_log)
