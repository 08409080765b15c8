# SPDX-License-Identifier: GPL-2.0-or-later
"""By what the manager knows that a process is a VM's vTPM. Its control groups are real ones; what
takes systemd or AppArmor is in the suite `host`."""
import os

import cgroup
import tap
from cgroup import Cgroup
from client import VtpmClient, greeted, refused
from manager import Manager
from process import wait_until
from protocol import DENIED, UUID
from users import owner_of

NONCE = b'r' * 32
OTHER = '00000000-0000-4000-8000-000000000001'
SLICE = '/system.slice/system-swtpm\\x2ddeepquote.slice/'


def unit(uuid):
    return f'{SLICE}swtpm-deepquote@{uuid}.service'


def needs_cgroups():
    why = os.geteuid() != 0 and 'needs root' or cgroup.obstacle(top=True)
    if why:
        tap.skip(why)


def welcome(manager, uuid=UUID):
    """In a child of ours, so that nothing of it stays."""
    def ask():
        with greeted(manager, uuid=uuid, known=False) as vtpm:
            vtpm.quote(NONCE)
    return ask


def turned_down(manager, uuid=UUID):
    def ask():
        with VtpmClient(manager, uuid=uuid, known=False) as vtpm:
            refused(DENIED, vtpm.hello)
    return ask


def last_refusal(manager):
    return [line for line in manager.log_text().splitlines() if ' is refused: ' in line][-1]


@tap.case('rule unit: who is in the control group of the VM\'s unit is welcome, whoever it runs as')
def _():
    needs_cgroups()
    with Manager() as manager:
        manager.ctl('register', OTHER, '--rule', 'unit')
        with Cgroup(unit(OTHER)) as group:
            group.start(welcome(manager, OTHER))
        wait_until(lambda: not manager.vm(OTHER)['connected'], 'it has hung up')
        tap.equal((manager.vm(OTHER)['epoch'], manager.vm(OTHER)['owner']), (1, -1))


@tap.case('rule unit: root outside, the unit of another VM and what lies below the unit are '
          'refused; the log names the rule, what was found, and what to do')
def _():
    needs_cgroups()
    with Manager() as manager:
        manager.ctl('register', UUID, '--rule', 'unit')
        turned_down(manager)()
        line = last_refusal(manager)
        for word in (f'VM {UUID}', f'process {os.getpid()}', 'uid 0', 'cgroup /', 'rule "unit"',
                     unit(UUID), f'vtpm-managerctl rule {UUID}'):
            assert word in line, line
        for name in (unit(OTHER), unit(UUID) + '/below', '/' + os.path.basename(unit(UUID))):
            with Cgroup(name) as group:
                group.start(turned_down(manager))
            assert f'cgroup {name},' in last_refusal(manager), last_refusal(manager)
        tap.equal(manager.vm(UUID)['epoch'], 0)


@tap.case('rule unit: a vTPM that is off cannot be spoken for by the one of another VM')
def _():
    needs_cgroups()
    with Manager() as manager:
        for uuid in (UUID, OTHER):
            manager.ctl('register', uuid, '--rule', 'unit')
        with Cgroup(unit(OTHER)) as group:
            group.start(welcome(manager, OTHER))
            group.start(turned_down(manager, UUID))


@tap.case('rule libvirt: without the domain\'s AppArmor profile the owner is refused')
def _():
    with Manager() as manager:
        manager.ctl('register', UUID, '--rule', 'libvirt', '--owner', str(os.geteuid()))
        turned_down(manager)()
        assert f'the AppArmor profile libvirt-{UUID}, enforced' in last_refusal(manager)


@tap.case('rule user: another user is refused, and the owner is welcome')
def _():
    with Manager() as manager:
        manager.ctl('register', UUID, '--owner', str(owner_of(OTHER)))
        turned_down(manager)()
        assert f'it is to run as user {owner_of(OTHER)}' in last_refusal(manager)
        manager.ctl('rule', UUID, '--rule', 'user')
        welcome(manager)()


@tap.case('a new rule is for the next request of who is connected, too')
def _():
    with Manager() as manager, greeted(manager) as vtpm:
        vtpm.quote(NONCE)
        manager.ctl('rule', UUID, '--rule', 'unit')
        refused(DENIED, vtpm.quote, NONCE)
        manager.ctl('rule', UUID, '--rule', 'user')
        vtpm.quote(NONCE)


@tap.case('an owner has one VM by the rule user; what is wrong is said with what to do')
def _():
    with Manager() as manager:
        manager.ctl('register', UUID)
        for arguments, words in (
                (('register', OTHER), f'owns VM {UUID}, and by the rule "user" an owner has one'),
                (('register', OTHER, '--rule', 'libvirt'), 'run this VM\'s vTPM as another user'),
                (('register', OTHER, '--rule', 'x'), 'rule is unit, libvirt or user'),
                (('register', OTHER, '--rule', 'unit', '--owner', '0'), 'a VM has no owner'),
                (('rule', OTHER, '--rule', 'unit'), 'is not registered')):
            assert words in manager.ctl(*arguments, code=1).stderr, arguments
        assert '--rule unit' in manager.ctl('rule', UUID, code=2).stderr
        tap.equal([vm['uuid'] for vm in manager.admin('list')['vms']], [UUID])


tap.main()
