# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes inside a DebianHost that want to be what they are not."""
import json
import os
import re

from debian import PAYLOAD, SOURCE
from units import STATES

SOCKET, ADMIN_SOCKET = '/run/vtpm-manager/vtpm.sock', '/run/vtpm-manager/admin.sock'
LIBRARIES = f'PYTHONPATH={PAYLOAD}/tests/lib:{PAYLOAD}/scripts/lib'
PYTHON = '/usr/bin/python3 -B'
AIM = '/etc/attack.json'
UNKNOWN = '00000000-0000-4000-8000-000000000000'
# The control group of a vTPM's unit is below it
GROUPS = r'/system.slice/system-swtpm\x2ddeepquote.slice/'
# Whose log: arguments of journalctl
LOGS = {'vtpm-managerd': '-u vtpm-managerd', 'the kernel': '-k', 'systemd': '_PID=1'}
_REFUSED = r'VM {vm} \(process \d+, uid \d+, cgroup {group}, profile .*\) is refused: '
# Who logs an attack, and the line: one, or more where REPEATED says how many at most. The others
# of attack.py meet nothing that logs: in the unit there is no such file, device, process or
# network, or it is a limit of the process's own.
LOGGED = {
    'speak-for-vm-that-runs': ('vtpm-managerd', _REFUSED + '.*"unit"'),
    'speak-for-vm-that-is-off': ('vtpm-managerd', _REFUSED + '.*"unit"'),
    'speak-for-unknown-vm': ('vtpm-managerd', _REFUSED),
    'flood-the-manager': ('vtpm-managerd', _REFUSED),
    'start-many-processes': ('the kernel', r'cgroup: fork rejected by pids controller in {group}'),
    'take-memory': ('the kernel', r'oom-kill:.*,task_memcg={group},'),
    'crash': ('systemd', r'{unit}: Main process exited, code=(killed|dumped), status=11/SEGV'),
    'speak-as-unit-of-a-users-own-systemd': ('vtpm-managerd', _REFUSED + '.*"unit"'),
    'speak-in-the-profile-of-a-domain': ('vtpm-managerd', _REFUSED + '.*"libvirt"'),
}


# Of 500: the same is told once in ten seconds
REPEATED = {'flood-the-manager': 20}


def names():
    """Of the attacks of attack.py."""
    with open(os.path.join(SOURCE, 'tests/host/attack.py'), encoding='utf-8') as f:
        return re.findall(r"^@attack\('([a-z-]+)'\)$", f.read(), re.M)


def replace(host, vm, arguments):
    """Has python3 run with these arguments in the unit of a VM in place of its vTPM."""
    host.write(f'/run/systemd/system/{vm.unit}.service.d/zz-attack.conf',
               f'[Service]\nEnvironment={LIBRARIES}\nExecStart=\n'
               f'ExecStart={PYTHON} {arguments}\n')
    host.text('systemctl daemon-reload')


def in_unit(host, vm, on, on_pid, off):
    """{attack: what came of it} of attack.py in the unit of `vm`, on the VMs `on` and `off`."""
    major, minor = host.text("stat -c '%Hr %Lr' /dev/tpm0").split()
    aim = {'socket': SOCKET, 'admin_socket': ADMIN_SOCKET, 'on': on.uuid, 'on_pid': on_pid,
           'off': off.uuid, 'unknown': UNKNOWN, 'devices': ['/dev/tpm0', '/dev/tpmrm0'],
           'device_number': [int(major), int(minor)],
           'state': [f'{STATES}/{on.uuid}', f'/var/lib/swtpm-deepquote/{on.uuid}'],
           'secrets': [f'/var/lib/vtpm-manager/{name}' for name in
                       ('ak-ecc.template', 'ak-ecc.pub', 'registry.db')]}
    host.write(AIM, json.dumps(aim))
    replace(host, vm, f'{PAYLOAD}/attack.py {AIM}')
    host.status(f'systemctl start --wait {vm.unit}.service', 400)
    lines = host.text(f'journalctl -u {vm.unit}.service -o cat _COMM=python3').splitlines()
    return dict(line.split(' ', 1) for line in lines if ' ' in line)


def logged(host, attack, vm='', unit='', group=None):
    """The lines that the logs have of an attack of LOGGED: on the VM of this UUID, by a unit or
    another control group, a pattern."""
    whose, pattern = LOGGED[attack]
    name = re.escape(unit + '.service')
    wanted = re.compile(pattern.format(vm=vm, unit=name, group=group or re.escape(GROUPS) + name))
    host.text('journalctl --sync')
    lines = host.text(f'journalctl -o cat {LOGS[whose]}').splitlines()
    return [line for line in lines if wanted.match(line)]


def say_hello(uuid):
    return f'/usr/bin/env {LIBRARIES} {PYTHON} {PAYLOAD}/say_hello.py {SOCKET} {uuid}'


def as_profile(host, profile, user, uuid):
    """What came of a HELLO by an unconfined process of `user` that put on an AppArmor profile."""
    return brief(host.text(f'setpriv --reuid {user} --regid {user} --clear-groups '
                           f'{say_hello(uuid)} {profile}'))


def ways_into(host, pid, profile=''):
    """The ways into a process that are open to root, in an AppArmor profile where one is named."""
    return host.text(f'{PYTHON} {PAYLOAD}/look_into.py {pid} {profile}')


def as_user_unit(host, unit, uuid):
    """What came of a HELLO by a unit of this name of an ordinary user's systemd."""
    host.text('useradd --create-home mallory && loginctl enable-linger mallory')
    host.wait('systemctl is-active user@$(id -u mallory).service')
    host.write(f'/home/mallory/.config/systemd/user/{unit}.service',
               '[Service]\nType=oneshot\nSlice=system-swtpm\\x2ddeepquote.slice\n'
               f'StandardOutput=file:/home/mallory/said\nExecStart={say_hello(uuid)}\n')
    host.text('runuser -u mallory -- env XDG_RUNTIME_DIR=/run/user/$(id -u mallory) '
              f'systemctl --user start {unit}.service', 180)
    return brief(host.text('cat /home/mallory/said'))


def brief(said):
    """Without the reason, which the manager's log tells."""
    return said.split(',')[0]


def denied_by_apparmor(host):
    """What the kernel's log has of accesses that AppArmor refused."""
    return host.text('journalctl -k -o cat | grep \'apparmor="DENIED"\' || true')
