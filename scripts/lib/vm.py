# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine with the guest image and a vTPM, all in a directory of its own.

    with Vm(directory, 'tpm-tis', swtpm.control) as vm:
        vm.agent.check('cat /proc/version')
"""
import os
import subprocess

from agent import Agent
from process import Failed, spawn, stop, tail
from programs import built

QEMU = os.environ.get('QEMU_SYSTEM_X86_64', 'qemu-system-x86_64')
BOOT_SECONDS = 300
# no_timer_check: on a busy host the kernel may find that an emulated timer does not tick, and panic
COMMAND_LINE = 'console=ttyS0 quiet panic=-1 no_timer_check'
# A machine with nothing that is not asked for
MACHINE = ['-nodefaults', '-no-user-config', '-display', 'none']


def _probe(accelerator):
    """Whether a guest boots with this accelerator within a few seconds."""
    command = [QEMU, '-accel', accelerator, '-no-reboot', *MACHINE, *guest_image('guest.probe'),
               '-serial', 'stdio']
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=8,
                              check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and b'guest-probe-ok' in done.stdout


def _boot_id():
    with open('/proc/sys/kernel/random/boot_id', encoding='ascii') as f:
        return f.read().strip()


def accelerator():
    """'kvm' where a short boot with it works, else 'tcg'; found out once per boot of the host."""
    if not os.access('/dev/kvm', os.R_OK | os.W_OK):
        return 'tcg'
    cache = built('guest', 'accelerator')
    try:
        with open(cache, encoding='ascii') as f:
            boot_id, found = f.read().split()
        if boot_id == _boot_id() and found in ('kvm', 'tcg'):
            return found
    except (OSError, ValueError):
        pass
    found = 'kvm' if _probe('kvm') else 'tcg'
    with open(cache + '.part', 'w', encoding='ascii') as f:
        f.write(f'{_boot_id()} {found}\n')
    os.replace(cache + '.part', cache)
    return found


def guest_image(arguments='', initramfs=None, memory='256'):
    """QEMU's options for the guest image, made by scripts/guest-image.

    initramfs: one that has more than that of the image
    """
    return ['-m', memory, '-kernel', built('guest', 'vmlinuz'),
            '-initrd', initramfs or built('guest', 'initramfs'),
            '-append', f'{COMMAND_LINE} {arguments}'.strip()]


def tpm_options(device, control, more=''):
    """QEMU's options for a TPM, whose swtpm has this control socket; None: no TPM.

    more: options of the back end
    """
    if device is None:
        return []
    backend = ','.join(filter(None, ['emulator,id=tpm0,chardev=vtpm', more]))
    return ['-chardev', f'socket,id=vtpm,path={control}', '-tpmdev', backend,
            '-device', f'{device},tpmdev=tpm0']


class Vm:
    """A running guest; entering waits until it answers.

    directory: of this VM; gets console.log and the sockets console and agent
    device: 'tpm-tis', 'tpm-crb', or None for a machine without a TPM
    control: the control socket of its swtpm
    accel: 'kvm' or 'tcg'; None finds out
    firmware: a file; None is QEMU's own, SeaBIOS
    image: for guest_image(), as keywords
    """

    def __init__(self, directory, device, control, accel=None, keep=False, firmware=None,
                 **image):
        self.directory = directory
        self.keep = keep
        self.log = os.path.join(directory, 'qemu.log')
        self.console = os.path.join(directory, 'console')
        self.console_log = os.path.join(directory, 'console.log')
        self.accel = accel or accelerator()
        agent = os.path.join(directory, 'agent')
        self.command = [
            QEMU, '-accel', self.accel, '-no-reboot', *MACHINE, *guest_image(**image),
            *(['-bios', firmware] if firmware else []),
            '-chardev', f'socket,id=console,path={self.console},server=on,wait=off,'
                        f'logfile={self.console_log}',
            '-serial', 'chardev:console',
            '-chardev', f'socket,id=agent,path={agent},server=on,wait=off',
            '-serial', 'chardev:agent', *tpm_options(device, control)]
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
            self.agent = Agent(self._agent_path, self.process)
            self.agent.wait(BOOT_SECONDS)
        except BaseException as problem:
            self.stop()
            if isinstance(problem, RuntimeError):
                raise Failed(f'{problem}\n{self.tail()}') from None
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
