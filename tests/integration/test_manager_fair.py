# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerd: no VM's share of the TPM grows at the cost of others: groups and their weights,
requests beyond a VM's share, vTPMs that start over and over."""
import json
import os
import time

import tap
from client import Refused, VtpmClient, refused
from gate import NONCE, first_then, quotes, setting, waiting
from manager import Manager
from process import wait_until
from protocol import BUSY, HOST_PCRS, OK, UUID

OTHER = '00000000-0000-4000-8000-000000000001'
LIFE_S = 5  # after which a vTPM may start once more than 16 times


def outcome(function, *args, **options):
    """The status of a call."""
    try:
        function(*args, **options)
        return OK
    except Refused as reason:
        return reason.status


def ctl(manager, *args, code=0):
    done = manager.ctl(*args, code=code)
    return done.stdout if code == 0 else done.stderr


def spend(gate, count, *askers):
    """Each asks `count` times while nobody waits: beyond its share, and answered."""
    gate.held = False
    for asker in askers:
        for _ in range(count):
            asker.ask().answer()
    gate.held = True


@tap.case('groups are made, weighed, listed, joined, left and removed')
def _():
    with Manager() as manager:
        tap.equal(ctl(manager, 'groups'), 'weight     VMs  group\n     1       0  default\n')
        tap.equal(ctl(manager, 'group', 'gold', '--weight', '5'), '')
        ctl(manager, 'register', UUID, '--group', 'gold')
        ctl(manager, 'register', OTHER, '--rule', 'unit')
        tap.equal(json.loads(ctl(manager, '--json', 'groups'))['groups'],
                  [{'group': 'default', 'weight': 1, 'vms': 1},
                   {'group': 'gold', 'weight': 5, 'vms': 1}])
        assert '\ngroup           gold\n' in ctl(manager, 'show', UUID)
        assert 'move them' in ctl(manager, 'ungroup', 'gold', code=1)
        ctl(manager, 'group', 'gold', '--weight', '100')
        ctl(manager, 'move', UUID, '--group', 'default')
        manager.restart()
        tap.equal(ctl(manager, 'groups'),
                  'weight     VMs  group\n     1       2  default\n   100       0  gold\n')
        ctl(manager, 'ungroup', 'gold')
        assert 'cannot be removed' in ctl(manager, 'ungroup', 'default', code=1)
        tap.equal([vm['group'] for vm in manager.admin('list')['vms']], ['default'] * 2)


@tap.case('wrong groups and weights are refused with what to do, and change nothing')
def _():
    with Manager() as manager:
        for args, word in (((('group', 'gold', '--weight', '101')), 'weight of 1 to 100'),
                           (('group', '', '--weight', '1'), 'text of 1 to 255'),
                           (('group', 'x' * 256, '--weight', '1'), 'text of 1 to 255'),
                           (('ungroup', 'gold'), 'there is no group gold'),
                           (('register', UUID, '--group', 'gold'), 'vtpm-managerctl group gold'),
                           (('move', UUID, '--group', 'default'), 'is not registered')):
            assert word in ctl(manager, *args, code=1), args
        for args in (('group', 'gold'), ('move', UUID), ('groups', 'gold'), ('group',)):
            assert '--help' in ctl(manager, *args, code=2), args
        tap.equal(ctl(manager, 'groups'), 'weight     VMs  group\n     1       0  default\n')
        tap.equal(manager.admin('list')['vms'], [])


@tap.case('who asks more than its share is told to try again, but only while others wait')
def _():
    with setting(4, batch_limit=1, vm_rate=1, vm_burst=5) as (_, manager, gate, askers):
        greedy = askers[0]
        spend(gate, 12, greedy)
        first_then(manager, gate, askers[1:])
        refused(BUSY, greedy.ask().answer)
        assert '--vm-rate' in manager.log_text()
        tap.equal(quotes(manager)['throttled'], 1)
        waiting(manager, 2)
        gate.leave_open()
        for asker in askers[1:]:
            asker.answer()
        greedy.ask().answer()
        greedy.authentic()


@tap.case('the weight of its group is how much more a VM may ask')
def _():
    with setting(4, batch_limit=1, vm_rate=1, vm_burst=5) as (_, manager, gate, askers):
        ctl(manager, 'group', 'gold', '--weight', '4')
        ctl(manager, 'move', askers[0].uuid, '--group', 'gold')
        spend(gate, 12, *askers[:2])
        first_then(manager, gate, askers[2:])
        askers[0].ask()
        refused(BUSY, askers[1].ask().answer)
        waiting(manager, 2)
        gate.leave_open()
        for i in (2, 3, 0):
            askers[i].answer()


@tap.case('--vm-rate 0: no limit')
def _():
    with setting(4, batch_limit=1, vm_rate=0) as (_, manager, gate, askers):
        spend(gate, 50, askers[0])
        first_then(manager, gate, askers[1:])
        askers[0].ask()
        waiting(manager, 3)
        gate.leave_open()
        for i in (1, 2, 3, 0):
            askers[i].answer()


@tap.case('a VM that goes and comes back keeps what it has used')
def _():
    with setting(3, batch_limit=1, vm_rate=1, vm_burst=5) as (_, manager, gate, askers):
        spend(gate, 12, askers[0])
        first_then(manager, gate, askers[1:])
        askers[0].close()
        with VtpmClient(manager, uuid=askers[0].uuid,
                        instance=askers[0].instance) as again:
            again.hello()
            refused(BUSY, again.quote, NONCE)


@tap.case('PCRs are read for a VM within its share while others wait')
def _():
    with setting(3, vm_rate=1, vm_burst=5) as (_, manager, gate, askers):
        for _ in range(8):
            askers[0].pcr_read(HOST_PCRS)
        first_then(manager, gate, askers[1:])
        refused(BUSY, askers[0].pcr_read, HOST_PCRS)
        gate.leave_open()
        for asker in askers[1:]:
            asker.answer()
        askers[0].pcr_read(HOST_PCRS)


@tap.case('a vTPM that starts over and over has to wait, and changes nothing by it')
def _():
    with Manager() as manager:
        def start(instance):
            with VtpmClient(manager, instance=instance) as vtpm:
                return outcome(vtpm.hello)
        instances = []

        def starts_anew():
            instances.append(os.urandom(16))
            return start(instances[-1]) == OK
        began = time.monotonic()
        while starts_anew():
            pass
        lives = len(instances) - 1
        assert 16 <= lives <= 16 + (time.monotonic() - began) / LIFE_S, lives
        assert 'starts anew too often' in manager.log_text()
        tap.equal(manager.vm(UUID)['epoch'], lives)
        tap.equal(start(instances[-2]), OK)  # the same life again costs nothing
        with VtpmClient(manager, uuid=OTHER) as other:
            other.hello()
        wait_until(lambda: start(instances[-1]) == OK, 'it may start again', 30)
        tap.equal(manager.vm(UUID)['epoch'], lives + 1)


@tap.case('limits that make no sense are refused with what to give')
def _():
    for options, word in (({'vm_rate': -1}, 'give 0 to'), ({'vm_burst': 0}, 'give 1 to')):
        code, log = Manager(**options).fail()
        tap.equal(code, 2)
        assert word in log, log


tap.main()
