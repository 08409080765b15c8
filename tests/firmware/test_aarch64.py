# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel for arm64 on the "virt" machine, started by its UEFI firmware, with a TPM 2.0
behind tpm-tis-device."""
import base64
import hashlib
import os
import subprocess

import authenticode
import eventlog
import machine
import tap
from cpio import newc
from measured import digests, expect_extended, expect_logged

ROOT = os.environ['SOURCE_ROOT']
HERE = os.path.join(ROOT, 'tests', 'firmware')
FIRMWARE = '/usr/share/qemu-efi-aarch64/QEMU_EFI.fd'
CACHE = os.path.join(ROOT, 'build', 'cache', 'arm64')
MODULES = ('tpm_tis_core.ko', 'tpm_tis.ko')


def unmeasured_firmware():
    """Whether the firmware is one that was seen to leave the TPM alone, under every QEMU."""
    version = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', 'qemu-efi-aarch64'],
                             capture_output=True, text=True, check=True).stdout
    return version.startswith('2025.02-')


def content(path):
    with open(path, 'rb') as f:
        return f.read()


def cached(name):
    return content(os.path.join(CACHE, name))


def initramfs():
    tree = dict.fromkeys(('bin', 'dev', 'proc', 'sys', 'modules'))
    tree['init'] = content(os.path.join(HERE, 'aarch64-init'))
    tree['bin/busybox'] = cached('busybox')
    for module in MODULES:
        tree['modules/' + module] = cached(module)
    return newc(tree)


class Boot(machine.Boot):
    """One boot, and what the guest said of its TPM."""

    def __init__(self, qemu):
        super().__init__(qemu)
        self.said = {}
        self.measured = True

    def run(self):
        initrd = self.path('initramfs')
        with open(initrd, 'wb') as f:
            f.write(initramfs())
        text = self.start_machine(
            'tcg', 'tpm-tis-device',
            ['-machine', 'virt', '-cpu', 'cortex-a57', '-m', '512', '-bios', FIRMWARE,
             '-kernel', os.path.join(CACHE, 'vmlinuz'), '-initrd', initrd,
             '-append', 'console=ttyAMA0 quiet panic=-1']).wait_for_text('say end', 240)
        self.stop()
        for line in text.splitlines():
            word, *rest = line.split()[:1] + line.split(' ')[1:]
            if word == 'say':
                self.said.setdefault(rest[0], []).append(rest[1:])

        self.measured = 'log' in self.said or not unmeasured_firmware()

    def banks(self):
        banks = {}
        for bank, pcr, value in self.said['pcr']:
            banks.setdefault(bank, {})[int(pcr)] = bytes.fromhex(value)
        return banks

    def log(self):
        if not self.measured:
            tap.skip('this firmware, of Debian 13, starts no TPM')
        return eventlog.parse(base64.b64decode(''.join(line[0] for line in self.said['log'])))


def cases(name, boot):
    """The cases for one QEMU."""
    @tap.case(f'{name}: the kernel, started by UEFI firmware, takes the TPM')
    def _():
        boot.run()
        tap.equal(boot.said['driver'], [['tpm_tis']])
        tap.equal(boot.said['version'], [['2']])
        if boot.measured:  # else the kernel finds the TPM not started, says so, and starts it
            tap.equal(boot.said.get('complaint', []), [])

    @tap.case(f'{name}: PCRs 0 to 7 are extended, and a separator is in each')
    def _():
        expect_extended(boot.banks(), boot.log())

    @tap.case(f'{name}: the event log leads to the PCRs, in every bank')
    def _():
        expect_logged(boot.banks(), boot.log(), range(10))

    @tap.case(f'{name}: kernel and initial file system are in the log by their digests')
    def _():
        kernel = digests(boot.log(), 4, eventlog.EFI_BOOT_SERVICES_APPLICATION)
        assert authenticode.digest(cached('vmlinuz')) in kernel, kernel
        files = digests(boot.log(), 9)
        assert hashlib.sha256(initramfs()).digest() in files, files


subprocess.run([os.path.join(HERE, 'fetch-arm64'), CACHE], check=True)
machine.main(Boot, cases, variable='QEMU_SYSTEM_AARCH64',
             distribution='/usr/bin/qemu-system-aarch64')
