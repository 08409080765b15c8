# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian host as a virtual machine: booted by OVMF with Secure Boot on and Microsoft's keys, by
way of Debian's shim and GRUB, with a swtpm as the TPM of its board.

    with DebianHost(directory, 'bookworm') as host:
        host.text('systemctl is-system-running')
"""
import base64
import glob
import json
import os
import re
import shutil
import subprocess
import tarfile
import time

import machine
import vm
from agent import Agent, GuestError
from process import Failed, tail
from swtpm import Swtpm

SOURCE = os.environ['SOURCE_ROOT']
CODE, VARIABLES = '/usr/share/OVMF/OVMF_CODE_4M.ms.fd', '/usr/share/OVMF/OVMF_VARS_4M.ms.fd'
BOOT_SECONDS = 900
# Where the payload is, inside
PAYLOAD = '/payload'


def script(name, *arguments):
    """Runs one of the scripts, whose progress goes to where ours does; what it prints."""
    done = subprocess.run([os.path.join(SOURCE, 'scripts', name), *arguments], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def pack(path, files):
    """A tar archive, as a disk, of {name inside: path of a file or folder}."""
    def readable(entry):
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = 'root'
        entry.mode |= 0o444 | (0o111 if entry.isdir() or entry.mode & 0o100 else 0)
        return entry if '__pycache__' not in entry.name else None

    with tarfile.open(path, 'w', format=tarfile.GNU_FORMAT) as archive:
        for name, source in files.items():
            archive.add(source, name, filter=readable)


def packages(release):
    """Our packages for a host of this release, built where they have changed, for a payload."""
    folder = os.path.join(SOURCE, 'build', 'deb', 'unchecked')
    if release == running_release():
        script('build-deb', '--unchecked')
    else:
        script('debian-root', release, 'scripts/build-deb', '--unchecked')
        folder = os.path.join(SOURCE, 'build', 'roots', f'{release}.build', 'deb', 'unchecked')
    return {'debs/' + os.path.basename(deb): deb for deb in glob.glob(f'{folder}/*.deb')
            if not re.search(r'-(dev|doc|tpm12)_', deb)}


def running_release():
    """The code name of the Debian that runs the test."""
    with open('/etc/os-release', encoding='ascii') as f:
        return dict(line.strip().split('=', 1) for line in f if '=' in line)['VERSION_CODENAME']


class DebianHost:
    """A host that runs; entering boots it and waits until systemd has started everything.

    directory: of its TPM, its payload and its logs
    release: of Debian, as scripts/host-image has it
    payload: {name below PAYLOAD: path}, in addition to the libraries of tests
    """

    def __init__(self, directory, release, payload=None):
        self.directory = directory
        self.image = script('host-image', release)
        self.tpm = Swtpm(os.path.join(directory, 'tpm'))
        self.payload = {folder: os.path.join(SOURCE, folder)
                        for folder in ('tests/lib', 'scripts/lib')} | (payload or {})
        self.machine = self.agent = None
        self.seconds = None

    def path(self, name):
        return os.path.join(self.directory, name)

    def _arguments(self):
        # The firmware shows its loader the disks of its boot order, and no others
        variables, payload = self.path('variables'), self.path('payload.tar')
        return ['-machine', 'q35,smm=on', '-m', '2048', '-smp', '2', '-cpu', 'max', '-no-reboot',
                '-global', 'driver=cfi.pflash01,property=secure,value=on',
                '-global', 'ICH9-LPC.disable_s3=1',
                '-drive', f'if=pflash,format=raw,readonly=on,file={CODE}',
                '-drive', f'if=pflash,format=raw,file={variables}',
                '-drive', f'if=none,id=disk,format=raw,file={self.path("disk")}',
                '-device', 'virtio-blk-pci,drive=disk,bootindex=1',
                '-drive', f'if=none,id=efi,format=raw,readonly=on,file={self.image}/efi',
                '-device', 'virtio-blk-pci,drive=efi,bootindex=0',
                '-drive', f'if=none,id=payload,format=raw,readonly=on,file={payload}',
                '-device', 'virtio-blk-pci,drive=payload,serial=payload',
                '-device', 'virtio-rng-pci', '-device', 'virtio-serial-pci',
                '-chardev', f'socket,id=agent,path={self.path("agent")},server=on,wait=off',
                '-device', 'virtserialport,chardev=agent,name=agent']

    def __enter__(self):
        began = time.monotonic()
        subprocess.run(['cp', '--sparse=always', '--reflink=auto', f'{self.image}/disk',
                        self.path('disk')], check=True)
        shutil.copy(VARIABLES, self.path('variables'))
        pack(self.path('payload.tar'), self.payload)
        self.tpm.provision()
        self._switch_on()
        self.text(f'mkdir -p {PAYLOAD} && tar -C {PAYLOAD} -xf /dev/disk/by-id/virtio-payload')
        self.seconds = time.monotonic() - began
        return self

    def _switch_on(self):
        self.tpm.start()
        try:
            self.machine = machine.Machine(
                self.directory, vm.QEMU, 'tcg', 'tpm-crb', self.tpm.control,
                self._arguments()).start()
            self.agent = Agent(self.path('agent'), self.machine.process)
            self._wait_for_boot()
        except BaseException as problem:
            said = self.tail()
            self.__exit__()
            if isinstance(problem, GuestError):
                raise Failed(f'{problem}\n{said}') from None
            raise

    def _wait_for_boot(self):
        self.agent.wait(BOOT_SECONDS)
        self.text('systemctl is-system-running --wait || true', BOOT_SECONDS)

    def restart(self):
        """Has systemd end everything, and switches the board on again, with its disk and TPM."""
        self.text('systemd-run --quiet --on-active=1 systemctl poweroff')
        self.machine.wait(BOOT_SECONDS)
        self.__exit__()
        self._switch_on()

    def __exit__(self, *_):
        if self.agent is not None:
            self.agent.close()
        if self.machine is not None:
            self.machine.stop()
        self.agent = self.machine = None
        self.tpm.stop()

    def tail(self):
        """The end of what QEMU and the first serial port said, for a report of what went wrong."""
        return self.machine.tail() if self.machine else tail(self.tpm.log)

    def text(self, command, seconds=120):
        """What a command of root prints; GuestError, with what it says, where it fails."""
        return self.agent.check(command, seconds).decode(errors='replace').strip()

    def write(self, path, text):
        """Makes a file, and the folders above it."""
        self.write_bytes(path, text.encode())

    def write_bytes(self, path, data):
        """The same of no more than an argument may have."""
        encoded = base64.b64encode(data).decode()
        self.text(f'mkdir -p {os.path.dirname(path)} && echo {encoded} | base64 -d >{path}')

    def json(self, command):
        return json.loads(self.text(command))

    def data(self, command, seconds=120):
        return self.agent.check(command, seconds)

    def wait(self, command, seconds=60):
        """Waits until a command of root succeeds."""
        self.text(f'for i in $(seq {seconds}); do if {command} >/dev/null 2>&1; then exit 0; fi; '
                  f'sleep 1; done; {command}', 3 * seconds)

    def status(self, command, seconds=120):
        """(exit status, standard output, standard error) of a command of root."""
        status, output, error = self.agent.run(command, seconds)
        return status, output.decode(errors='replace').strip(), error.strip()
