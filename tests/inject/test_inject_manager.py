# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that fail in vtpm-managerd, each once: nothing is lost, told twice or leaked."""
import errno
import os
import shutil
import uuid as uuids

import tap
from client import Binding, greeted
from inject import Faults, attempt
from manager import Manager
from process import Failed, wait_until
from protocol import UUID

NONCE = b'n' * 32
YEAR = 365 * 24 * 60 * 60
DISK_FAULTS = (('write', errno.ENOSPC), ('write', errno.EIO), ('sync', errno.EIO))


class Vm:
    """One VM, which connects for each quote. No generation that it is told comes twice."""

    def __init__(self, manager):
        self.manager = manager
        self.told = (0, -1)
        self.start()

    def start(self):
        """A new life."""
        self.instance = os.urandom(16)
        self.stores = 0

    def quote(self):
        self.stores += 1
        with greeted(self.manager, instance=self.instance, stores=self.stores) as vtpm:
            binding = Binding(vtpm.quote(NONCE, stores=self.stores))
        now = (binding.epoch, binding.generation)
        assert now > self.told and now[1] > self.told[1], f'{now} after {self.told}'
        self.told = now
        return True


def soon(function, what):
    """That something works again."""
    wait_until(lambda: attempt(function), what, 20)


def descriptors(manager):
    """What is open once no vTPM is connected."""
    wait_until(lambda: not any(vm['connected'] for vm in manager.admin('list')['vms']), 'all shut')
    folder = f'/proc/{manager.process.pid}/fd'
    try:
        return sorted(os.readlink(os.path.join(folder, fd)).split(':')[0]
                      for fd in os.listdir(folder))
    except FileNotFoundError:
        return None  # one was shut meanwhile


def keeps(before, manager):
    """That no descriptor has leaked."""
    try:
        wait_until(lambda: descriptors(manager) == before, 'descriptors', 10)
    except Failed:
        tap.equal(descriptors(manager), before)


@tap.case('each send that fails costs one quote or answer, and the next succeeds')
def _():
    with Faults('vtpm-managerd') as faults, Manager() as manager:
        vm = Vm(manager)
        vm.quote()
        before = descriptors(manager)
        for error in (errno.EPIPE, errno.ENOBUFS):
            for _ in faults.each('send', error, vm.quote):
                soon(vm.quote, 'a quote after the failure')
            for _ in faults.each('send', error, lambda: manager.admin('status')['ok']):
                assert manager.admin('status')['ok']
        keeps(before, manager)


@tap.case('each write and sync that fails refuses a registration; the others survive kill -9')
def _():
    with Faults('vtpm-managerd') as faults, Manager() as manager:
        known = set()

        def register():
            uuid = str(uuids.uuid4())
            answer = manager.admin('register', uuid=uuid, rule='unit')
            if answer['ok']:
                known.add(uuid)
            return answer['ok']

        def listed():
            return {vm['uuid'] for vm in manager.admin('list')['vms']}

        register()
        before = descriptors(manager)
        for kind, error in DISK_FAULTS:
            for _ in faults.each(kind, error, register):
                tap.equal(listed(), known)
                assert register(), 'no registration after the failure'
        keeps(before, manager)
        manager.kill()
        manager.start()
        tap.equal(listed(), known)


@tap.case('each write and sync that fails at the start of a life: no generation comes twice')
def _():
    with Faults('vtpm-managerd') as faults, Manager() as manager:
        vm = Vm(manager)
        vm.quote()

        def live():
            vm.start()
            return vm.quote()

        for kind, error in DISK_FAULTS:
            for _ in faults.each(kind, error, live):
                soon(vm.quote, 'a quote after the failure')
            manager.kill()
            manager.start()
            vm.quote()


@tap.case('each write, sync and rename that fails in the first start ends it with a reason')
def _():
    for kind, error in (('write', errno.ENOSPC), ('sync', errno.EIO), ('rename', errno.EACCES)):
        with Faults('vtpm-managerd') as faults:
            manager = Manager()
            try:
                def start():
                    for folder in (manager.state, manager.tpm):
                        shutil.rmtree(folder, ignore_errors=True)
                    manager.spawn()
                    wait_until(lambda: manager.process.poll() is not None or manager.answers(),
                               'vtpm-managerd is up or has ended', 60)
                    return manager.process.poll() is None

                for up in faults.each(kind, error, start):
                    if not up:
                        tap.equal(manager.process.returncode, 1)
                        assert os.strerror(error).lower() in manager.log_text().lower() or \
                            'disk' in manager.log_text(), manager.log_text()
                        manager.start()
                    tap.equal(manager.stop(), 0)
            finally:
                manager.__exit__(True)


@tap.case('a wall clock that is turned by years changes neither quotes nor counters')
def _():
    with Faults('vtpm-managerd') as faults, Manager() as manager:
        vm = Vm(manager)
        vm.quote()
        for years in (-20, 10, 0):
            faults.turn_clock(years * YEAR)
            vm.quote()
            manager.kill()
            manager.start()
            vm.quote()
            vm.start()
            vm.quote()
        tap.equal(manager.vm(UUID)['generation'], vm.told[1])


tap.main()
