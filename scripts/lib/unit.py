# SPDX-License-Identifier: GPL-2.0-or-later
"""A swtpm as a unit of the system's systemd, for a time: the manager knows its VM by the unit."""
import os
import subprocess

from swtpm import Swtpm

TEMPLATE = 'swtpm-deepquote@{}.service'
# It gets the sockets and the state that it is given, and as a user of its own could not open them
PROPERTIES = ['NoNewPrivileges=yes', 'PrivateDevices=yes', 'PrivateNetwork=yes', 'TasksMax=8']


def _succeeds(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


def can_start():
    """Whether systemd runs here and starts units for us; where the packages are installed, units
    of this name are theirs."""
    return (os.geteuid() == 0 and os.path.isdir('/run/systemd/system') and
            not _succeeds('systemctl', 'cat', TEMPLATE.format('')))


class UnitSwtpm(Swtpm):
    """The same as a Swtpm, in the unit of the VM `uuid`."""

    def __init__(self, uuid, *arguments, **options):
        super().__init__(*arguments, **options)
        self.unit = TEMPLATE.format(uuid)
        properties = [word for each in PROPERTIES for word in ('--property', each)]
        self.argv = ['systemd-run', '--quiet', '--wait', '--collect', '--unit', self.unit,
                     *properties, *self.argv]

    def stop(self):
        _succeeds('systemctl', 'stop', self.unit)
        super().stop()
