# SPDX-License-Identifier: GPL-2.0-or-later
"""Many VMs without an operating system on one host, each with the vTPM of a user of its own:
SeaBIOS has started their TPMs and found nothing to boot.

    with Fleet(folder, QEMU, 20) as fleet:
        fleet.vms[3].monitor
"""
import contextlib
import os
import shutil
import uuid

from gate import Gate
from host import Host
from machine import Machine
from process import wait_until
from programs import built
from relay import Relay
from swtpm import Swtpm
from users import FIRST

GIVES_UP = 'No bootable device'


def as_user(number):
    """What runs a program as a user that has no name."""
    return ['setpriv', '--reuid', str(number), '--regid', str(number), '--clear-groups']


class FleetVm:
    """One of them, with this launcher of vTPMs."""

    def __init__(self, host, folder, qemu, launcher, number):
        self.uuid, self.folder = str(uuid.uuid4()), folder
        self.monitor, self.says = os.path.join(folder, 'monitor'), os.path.join(folder, 'firmware')
        self.quote = os.path.join(folder, 'quote')
        owner = FIRST + number
        host.introduce(self.uuid, owner)
        self.vtpm = Swtpm(folder, launcher, f'manager={host.socket},uuid={self.uuid}')
        self.vtpm.argv = as_user(owner) + self.vtpm.argv
        for path in (folder, self.vtpm.state):
            os.chown(path, owner, owner)
        self.machine = Machine(
            folder, qemu, 'tcg', 'tpm-crb', self.vtpm.control,
            ['-machine', 'pc', '-m', '16', '-debugcon', f'file:{self.says}',
             '-global', 'isa-debugcon.iobase=0x402',
             '-qmp', f'unix:{self.monitor},server=on,wait=off'])

    def start(self):
        self.vtpm.start()
        self.machine.start()

    def stop(self):
        self.machine.stop()
        self.vtpm.stop()

    def booted(self):
        """Whether the firmware has measured all that it does."""
        with open(self.says, encoding='utf-8', errors='replace') as f:
            return GIVES_UP in f.read()


class Fleet:
    """The VMs, all started, and their host, in whose TPM a gate holds quotes back once
    `gate.held` is set."""

    def __init__(self, folder, qemu, count):
        self.folder, self.qemu, self.count = folder, qemu, count
        self.parts = contextlib.ExitStack()
        self.vms = []

    def __enter__(self):
        os.chmod(self.folder, 0o755)
        try:
            self._start()
        except BaseException:
            self.parts.close()
            raise
        return self

    def __exit__(self, *_):
        self.parts.close()

    def _start(self):
        relay = self.parts.enter_context(Relay())
        self.gate = Gate(relay)
        self.gate.held = False
        self.host = Host(self.path('host'), tcti=relay.tcti)
        self.host.start()
        self.parts.callback(self.host.stop)
        launcher = self._install()
        for number in range(self.count):
            folder = self.path(f'vm-{number}')
            os.mkdir(folder)
            vm = FleetVm(self.host, folder, self.qemu, launcher, number)
            self.parts.callback(vm.stop)
            vm.start()
            self.vms.append(vm)
        for vm in self.vms:
            wait_until(vm.booted, 'the firmware gives up', 60, vm.machine.process, vm.machine.log)

    def _install(self):
        """The launcher and its module where every user can reach them, as a build need not be."""
        for name in ('swtpm-deepquote', 'module.so'):
            shutil.copy2(built('swtpm-deepquote', name), self.path(name))
        return self.path('swtpm-deepquote')

    def path(self, *name):
        return os.path.join(self.folder, *name)
