# SPDX-License-Identifier: GPL-2.0-or-later
"""vTPMs that are units of the host's systemd, and one that is switched on from inside the host."""
import contextlib

from debian import PAYLOAD

STATES = '/var/lib/private/swtpm-deepquote'


def is_encrypted(host, folder):
    """Whether the state of a vTPM in this folder is, as its file says itself."""
    return bool(host.data(f'head -c 6 {folder}/tpm2-00.permall')[5] & 1)


class UnitVm:
    """A VM whose vTPM is a unit of `host`, a DebianHost; `number` tells it from others."""

    def __init__(self, host, name, number):
        self.host, self.name = host, name
        self.uuid = f'7d444840-9dc0-41d1-b245-5ffdce74f{number:03x}'
        self.unit = f'swtpm-deepquote@{self.uuid}'
        self.holder = f'holder-{name}.service'
        self.socket = f'/run/swtpm-deepquote/{self.uuid}.sock'
        self.power_on = f'/usr/bin/python3 {PAYLOAD}/tests/lib/tcti_power_on.py {self.socket}'
        self.tcti = 'cmd:' + self.power_on

    def new(self, options=''):
        self.host.text(f'vtpm-managerctl vm new {self.uuid} --name {self.name} {options}', 300)

    def property(self, name):
        """Of the service, as systemd has it."""
        return self.host.text(f'systemctl show -P {name} {self.unit}.service')

    def registration(self):
        return self.host.json(f'vtpm-managerctl show {self.uuid} --json')['vm']

    def encrypted(self):
        return is_encrypted(self.host, f'{STATES}/{self.uuid}')

    def journal(self):
        """What its vTPM has said."""
        return self.host.text(f'journalctl -u {self.unit}.service -o cat')

    @contextlib.contextmanager
    def on(self):
        """Has it running, as a machine that does nothing; its process."""
        self.host.text(f'systemd-run --unit {self.holder} sh -c "sleep infinity | {self.power_on}"')
        self.host.wait(f'systemctl is-active {self.unit}.service')
        self.host.wait(f'vtpm-managerctl show {self.uuid} --json | grep -q \'"connected" : true\'')
        try:
            yield int(self.property('MainPID'))
        finally:
            self.host.text(f'systemctl stop {self.holder}')
            self.host.wait(f'! systemctl is-active {self.unit}.service')
