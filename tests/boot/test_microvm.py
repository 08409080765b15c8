# SPDX-License-Identifier: GPL-2.0-or-later
"""A microvm, whose firmware knows nothing of a TPM, with measure-boot=on: QEMU starts the TPM when
the kernel is taken, and the PCRs are those predicted from the files."""
import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile

import machine
import tap
import vm
from linux import Guest
from process import wait_until
from programs import built
from swtpm import Swtpm

QEMU = os.environ.get('QEMU_SYSTEM_X86_64')
TOOL = built('tools', 'verifier', 'tpm2_checkdeepquote')
MACHINE = 'microvm,acpi=off,auto-kernel-cmdline=off'  # with ACPI Linux wants KVM's clock
MEMORY = '256'
TEXT = f'{vm.COMMAND_LINE} tpm_tis.force=1'  # there is no ACPI to tell of it
NO_DRIVER = f'{vm.COMMAND_LINE} initcall_blacklist=init_tis'
SECONDS = 240
SHA256, STARTUP = 0xb, 0x144


def predicted(text):
    done = subprocess.run(
        [TOOL, 'predict', '--kernel', built('guest', 'vmlinuz'), '--initrd',
         built('guest', 'initramfs'), '--append', text, '--memory', MEMORY, '--machine', 'microvm',
         '--json'], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)['pcrs']


@contextlib.contextmanager
def started(text):
    """A Machine with that command line, and the agent's serial port."""
    directory = tempfile.mkdtemp(prefix='microvm-')
    try:
        with Swtpm(directory) as swtpm, machine.Machine(
                directory, QEMU, vm.accelerator(), 'tpm-tis', swtpm.control,
                ['-machine', MACHINE, '-cpu', 'max', '-m', MEMORY,
                 '-kernel', built('guest', 'vmlinuz'), '-initrd', built('guest', 'initramfs'),
                 '-append', text, '-device', 'isa-serial,chardev=port,index=1'],
                port=True, backend='measure-boot=on') as it:
            yield it
    finally:
        shutil.rmtree(directory)


def asked(it, code):
    """How often the guest has sent this command."""
    status = it.qmp('query-tpm-status')[0]
    return sum(c['commands'] for c in status['by-command'] if c.get('code') == code)


def read_by_host(it, pcr):
    """A PCR of the bank of SHA-256, which QEMU reads."""
    number = it.qmp('tpm-pcr-read', id='tpm0',
                    pcrs=[{'hash': SHA256, 'pcrs': [pcr]}])['number']

    def ended():
        told = it.qmp('query-tpm-host-command', id='tpm0', number=number)
        return told if told['state'] in ('completed', 'failed') else None

    wait_until(ended, 'the TPM answers', 60)
    return base64.b64decode(ended()['response'])[-32:].hex()


def main():
    if not QEMU:
        @tap.case('a microvm is measured')
        def _():
            tap.skip('name our QEMU by QEMU_SYSTEM_X86_64: no other measures')
        tap.main()
        return
    machine.make_guest_image()

    @tap.case('a Linux guest finds its TPM started, with the PCRs predicted in each bank')
    def _():
        with started(TEXT) as it:
            banks = Guest(it.agent(SECONDS)).banks()
            wanted = predicted(TEXT)
            assert 'sha256' in banks, banks
            for bank, values in banks.items():
                tap.equal({n: values[int(n)].hex() for n in '45'}, wanted[bank], bank)
            tap.equal(asked(it, STARTUP), 0)

    @tap.case('where the guest has no driver, the host reads those PCRs all the same')
    def _():
        with started(NO_DRIVER) as it:
            guest = Guest(it.agent(SECONDS))
            tap.equal(guest.text('ls /sys/class/tpm'), '')
            wanted = predicted(NO_DRIVER)['sha256']
            tap.equal({n: read_by_host(it, int(n)) for n in '45'}, wanted)
            tap.equal(it.qmp('query-tpm-status')[0]['commands'], 0)

    tap.main()


main()
