# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel started as an EFI program by OVMF, with a TPM 2.0 behind the device of argv[1]."""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

import authenticode
import eventlog
import tap
import vm
from fat import fat16
from linux import Guest
from machine import Machine, Swtpm, qemus

ROOT = os.environ['SOURCE_ROOT']
BUILD = os.environ['BUILD_ROOT']
DEVICE = sys.argv.pop(1)
CODE, VARIABLES = '/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'
COMMAND_LINE = r'linux.efi initrd=\initrd.img console=ttyS0 quiet panic=-1'
FIRMWARE_PCRS = range(8)


def image(name):
    with open(os.path.join(BUILD, 'guest', name), 'rb') as f:
        return f.read()


class Boot:
    """A guest of one QEMU; started by its first case, used by the others."""

    def __init__(self, qemu):
        self.qemu = qemu
        self.directory = tempfile.mkdtemp(prefix='ovmf-')
        self.swtpm = self.machine = self.guest = None

    def start(self):
        disk = os.path.join(self.directory, 'disk')
        variables = os.path.join(self.directory, 'variables')
        with open(disk, 'wb') as f:
            f.write(fat16({'startup.nsh': f'fs0:\r\n{COMMAND_LINE}\r\n'.encode(),
                           'linux.efi': image('vmlinuz'), 'initrd.img': image('initramfs')}))
        shutil.copy(VARIABLES, variables)
        self.swtpm = Swtpm(self.directory).start()
        self.machine = Machine(
            self.directory, self.qemu, vm.accelerator(BUILD), DEVICE, self.swtpm.control,
            ['-machine', 'q35', '-m', '512',
             '-drive', f'if=pflash,format=raw,readonly=on,file={CODE}',
             '-drive', f'if=pflash,format=raw,file={variables}',
             '-drive', f'if=none,id=disk,format=raw,file={disk}',
             '-device', 'virtio-blk-pci,drive=disk'], port=True).start()
        self.guest = Guest(self.machine.agent(240))

    def stop(self):
        for part in (self.machine, self.swtpm):
            if part is not None:
                part.stop()
        shutil.rmtree(self.directory)


def cases(name, boot):
    """The cases for one QEMU."""
    @tap.case(f'{name}: the kernel, started by OVMF, takes the TPM')
    def _():
        boot.start()
        tap.equal(boot.guest.driver(), DEVICE.replace('-', '_'))
        tap.equal(boot.guest.text('ls -d /sys/firmware/efi'), '/sys/firmware/efi')
        tap.equal(boot.guest.complaints(), '')

    @tap.case(f'{name}: PCRs 0 to 7 are extended, and a separator is in each')
    def _():
        for bank, values in boot.guest.banks().items():
            for pcr in FIRMWARE_PCRS:
                assert any(values[pcr]), f'{bank}:{pcr} is not extended'
        tap.equal(eventlog.separators(boot.guest.log()), set(FIRMWARE_PCRS))

    @tap.case(f'{name}: the event log leads to the PCRs, in every bank')
    def _():
        events = boot.guest.log()
        for bank, values in boot.guest.banks().items():
            got = eventlog.replay(events, bank, range(10))
            tap.equal([v.hex() for v in got], [values[p].hex() for p in range(10)], bank)

    @tap.case(f'{name}: the kernel is measured into PCR 4 by its Authenticode digest')
    def _():
        found = [e.digests['sha256'] for e in boot.guest.log()
                 if (e.pcr, e.type) == (4, eventlog.EFI_BOOT_SERVICES_APPLICATION)]
        assert authenticode.digest(image('vmlinuz')) in found, found

    @tap.case(f'{name}: the kernel measures its command line into PCR 9')
    def _():
        found = [e.digests['sha256'] for e in boot.guest.log() if e.pcr == 9]
        tap.equal(found, [hashlib.sha256((COMMAND_LINE + '\0').encode('utf-16le')).digest()])


subprocess.run([os.path.join(ROOT, 'scripts', 'guest-image'), BUILD], check=True)
boots = {name: Boot(qemu) for name, qemu in qemus().items()}
try:
    for label, one in boots.items():
        cases(label, one)
    tap.main()
finally:
    for one in boots.values():
        one.stop()
