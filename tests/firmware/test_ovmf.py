# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel started as an EFI program by OVMF, with a TPM 2.0 behind the device of
argv[1]."""
import hashlib
import shutil
import sys

import authenticode
import eventlog
import machine
import tap
import vm
from fat import fat16
from linux import Guest
from measured import digests, expect_extended, expect_logged
from programs import built

DEVICE = sys.argv.pop(1)
CODE, VARIABLES = '/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'
COMMAND_LINE = rf'linux.efi initrd=\initrd.img {vm.COMMAND_LINE}'


def image(name):
    with open(built('guest', name), 'rb') as f:
        return f.read()


class Boot(machine.Boot):
    """A guest whose kernel and initial file system come from a disk."""
    guest = None

    def start(self):
        disk, variables = self.path('disk'), self.path('variables')
        with open(disk, 'wb') as f:
            f.write(fat16({'startup.nsh': f'fs0:\r\n{COMMAND_LINE}\r\n'.encode(),
                           'linux.efi': image('vmlinuz'), 'initrd.img': image('initramfs')}))
        shutil.copy(VARIABLES, variables)
        self.guest = Guest(self.start_machine(
            vm.accelerator(), DEVICE,
            ['-machine', 'q35', '-m', '512',
             '-drive', f'if=pflash,format=raw,readonly=on,file={CODE}',
             '-drive', f'if=pflash,format=raw,file={variables}',
             '-drive', f'if=none,id=disk,format=raw,file={disk}',
             '-device', 'virtio-blk-pci,drive=disk'], port=True).agent(240))


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
        expect_extended(boot.guest.banks(), boot.guest.log())

    @tap.case(f'{name}: the event log leads to the PCRs, in every bank')
    def _():
        expect_logged(boot.guest.banks(), boot.guest.log(), range(10))

    @tap.case(f'{name}: the kernel is measured into PCR 4 by its Authenticode digest')
    def _():
        found = digests(boot.guest.log(), 4, eventlog.EFI_BOOT_SERVICES_APPLICATION)
        assert authenticode.digest(image('vmlinuz')) in found, found

    @tap.case(f'{name}: the kernel measures its command line into PCR 9')
    def _():
        tap.equal(digests(boot.guest.log(), 9),
                  [hashlib.sha256((COMMAND_LINE + '\0').encode('utf-16le')).digest()])


machine.make_guest_image()
machine.main(Boot, cases)
