# SPDX-License-Identifier: GPL-2.0-or-later
"""What a Linux guest shows of its TPM, read through the agent of the guest image."""
import os

import eventlog

LOG = '/sys/kernel/security/tpm0/binary_bios_measurements'


class Guest:
    """A guest whose agent answers."""

    def __init__(self, agent):
        self.agent = agent

    def text(self, script):
        return self.agent.check(script).decode().strip()

    def driver(self):
        return os.path.basename(self.text('readlink /sys/class/tpm/tpm0/device/driver'))

    def banks(self):
        """{hash name: {PCR: value}} of the banks that the kernel shows."""
        lines = self.text("cd /sys/class/tpm/tpm0; for d in pcr-*; do for p in $d/*; do "
                          "echo ${d#pcr-} ${p#*/} $(cat $p); done; done").splitlines()
        banks = {}
        for bank, pcr, value in map(str.split, lines):
            banks.setdefault(bank, {})[int(pcr)] = bytes.fromhex(value)
        return banks

    def log(self):
        return eventlog.parse(self.agent.check(f'cat {LOG}'))

    def complaints(self):
        """What the kernel says against its TPM; its own BUG about a missing log counts too."""
        return self.text("dmesg | grep -iE 'tpm' | grep -iE 'bug|fail|error|time.?out' || true")
