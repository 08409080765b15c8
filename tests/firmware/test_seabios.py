# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel started by SeaBIOS, with a TPM 2.0 behind the device of argv[1]."""
import sys

import eventlog
import machine
import tap
import vm
from agent import GuestError
from linux import Guest
from measured import FIRMWARE_PCRS, expect_extended, expect_logged
from process import wait_until

DEVICE = sys.argv.pop(1)
MEMORY_OVERWRITE = 0xfed4515a  # of the physical presence interface
GREETING = 'Guest of the deep attestation'  # of the guest image, once its agent runs


class Boot(machine.Boot):
    """A guest of the guest image."""
    machine = guest = first = None

    def start(self):
        self.machine = self.start_machine(vm.accelerator(), DEVICE, vm.guest_image(), port=True)
        self.guest = Guest(self.machine.agent(120))

    def restart(self, script):
        """Runs `script` in the guest and reboots it from within.

        Nothing is sent to its port before it is up again.
        """
        greetings = self.machine.serial().count(GREETING)
        try:
            self.guest.agent.run(f'{script}\n(sleep 2; reboot -f) >/dev/null 2>&1 &', 20)
        except GuestError:  # it went down before it answered
            pass
        self.machine.wait_for_text(GREETING, 120, greetings + 1)
        self.guest = Guest(self.machine.agent(60))


def cases(name, boot):
    """The cases for one QEMU."""
    @tap.case(f'{name}: the kernel takes the TPM and has nothing against it')
    def _():
        boot.start()
        tap.equal(boot.guest.driver(), DEVICE.replace('-', '_'))
        tap.equal(boot.guest.text('cat /sys/class/tpm/tpm0/tpm_version_major'), '2')
        tap.equal(boot.guest.complaints(), '')

    @tap.case(f'{name}: PCRs 0 to 7 are extended, and a separator ends each')
    def _():
        boot.first = boot.guest.banks()
        assert 'sha256' in boot.first, boot.first.keys()
        expect_extended(boot.first, boot.guest.log())

    @tap.case(f'{name}: the event log in the guest leads to the PCRs, in every bank')
    def _():
        expect_logged(boot.first, boot.guest.log(), FIRMWARE_PCRS)

    @tap.case(f'{name}: a log with one event less does not')
    def _():
        events = boot.guest.log()
        got = eventlog.replay(events[:-1], 'sha256', FIRMWARE_PCRS)
        assert got != [boot.first['sha256'][pcr] for pcr in FIRMWARE_PCRS]

    if name == 'ours':
        own_cases(boot)


def own_cases(boot):
    """What QEMU's own TPM does not do; its memory overwrite clears the firmware as well."""
    @tap.case('ours: the virtual CPU finds fast commands done when it goes on')
    def _():
        status, = boot.machine.qmp('query-tpm-status')
        assert status['inline-completions'] > 0, status

    def same_after(script):
        boot.restart(script)
        again = boot.guest.banks()
        for bank, values in boot.first.items():
            tap.equal([again[bank][p] for p in FIRMWARE_PCRS],
                      [values[p] for p in FIRMWARE_PCRS], bank)
        tap.equal(boot.guest.complaints(), '')

    @tap.case('ours: after a reboot the PCRs start anew and end the same')
    def _():
        same_after(':')

    @tap.case('ours: so they do where the guest has asked for its memory to be overwritten')
    def _():
        same_after(f'devmem {MEMORY_OVERWRITE:#x} 8 1')
        tap.equal(boot.guest.text(f'devmem {MEMORY_OVERWRITE:#x} 8'), '0x01')

    @tap.case('ours: it sleeps and wakes up with its memory, though that is to be overwritten')
    def _():
        before = boot.guest.banks()
        tap.equal(boot.guest.text(f'devmem {MEMORY_OVERWRITE:#x} 8'), '0x01')
        boot.guest.text('head -c 1000000 /dev/urandom >/tmp/kept; md5sum /tmp/kept >/tmp/kept.md5')
        boot.guest.agent.run('(sleep 1; echo mem >/sys/power/state) >/dev/null 2>&1 &')
        wait_until(lambda: boot.machine.qmp('query-status')['status'] == 'suspended',
                   'the guest sleeps', 60, boot.machine.process)
        boot.machine.qmp('system_wakeup')
        boot.machine.agent(60)
        tap.equal(boot.guest.text('md5sum -c /tmp/kept.md5'), '/tmp/kept: OK')
        tap.equal(boot.guest.text(f'devmem {MEMORY_OVERWRITE:#x} 8'), '0x01')
        tap.equal(boot.guest.banks(), before)
        tap.equal(boot.guest.complaints(), '')


machine.make_guest_image()
machine.main(Boot, cases)
