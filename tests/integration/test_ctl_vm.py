# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerctl vm: the TPM of a VM that is a unit is made, shown, changed and removed.

systemctl and systemd-run are stand-ins here; swtpm_setup, swtpm, its local CA and the manager are
real. All is in a mount namespace, with the paths of a host.
"""
import contextlib
import json
import os
import re
import shutil
import socket
import stat
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import namespace
import tap
import tpm2
from fake_systemd import FakeSystemd, activated
from manager import Manager
from process import run
from programs import program
from vtpm import CTRL, exchange, receive

if not namespace.inside():
    obstacle = namespace.obstacle(['unshare', 'swtpm_setup'])
    if obstacle:
        print(f'1..0 # SKIP {obstacle}')
        sys.exit(0)
namespace.enter(['/var/lib/private'])

UUID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'
USER = 'vtpm-not3qee5vva5dafuadae7vbqza'
STATE = f'/var/lib/private/swtpm-deepquote/{UUID}'
UNITS = '/etc/systemd/system'
SERVICE, SOCKET = (f'swtpm-deepquote@{UUID}.{kind}' for kind in ('service', 'socket'))
SETTINGS = [f'{UNITS}/{unit}.d/vm.conf' for unit in (SERVICE, SOCKET)]
ADDRESS = f'/run/swtpm-deepquote/{UUID}.sock'
ECC_EK = 0x81010016
RSA_CERTIFICATE, ECC_CERTIFICATE = 0x01C00002, 0x01C00016

systemd = FakeSystemd('/run/fake-systemd')
manager = Manager(dir='/run/manager')
os.mkdir('/run/manager')
manager.start()


def vm(*arguments, code=0):
    return run([program('vtpm-managerctl'), '--socket', manager.admin_socket, 'vm', *arguments],
               code, env=systemd.environment(), timeout=120)


def new(*arguments, code=0):
    return vm('new', UUID, '--qemu-group', 'tss', *arguments, code=code)


def traces():
    """What there is of the VM."""
    found = [path for path in [STATE, *SETTINGS] if os.path.lexists(path)]
    found += [name for name in os.listdir('/run') if name.startswith('vtpm-setup')]
    return found + [v['uuid'] for v in manager.admin('list')['vms'] if v['uuid'] == UUID]


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


@contextlib.contextmanager
def made(*arguments):
    new(*arguments)
    try:
        yield
    finally:
        vm('delete', UUID, '--yes')


def commands(control):
    """A function that sends commands to the TPM, as QEMU reaches it."""
    ours, theirs = socket.socketpair()
    socket.send_fds(control, [struct.pack('>I', CTRL['SET_DATAFD'])], [theirs.fileno()])
    tap.equal(receive(control, 4), bytes(4), 'SET_DATAFD')
    theirs.close()
    control.sendall(struct.pack('>II', CTRL['INIT'], 0))
    tap.equal(receive(control, 4), bytes(4), 'INIT')
    tap.equal(tpm2.rc_of(exchange(ours, tpm2.command('Startup', tpm2.u16(0)))), 0, 'Startup')
    return lambda command: exchange(ours, command)


@tap.case('new makes state, settings and registration, and has systemd listen')
def _():
    answer = json.loads(new('--name', 'web', '--json').stdout)
    tap.equal((answer['uuid'], answer['socket']), (UUID, ADDRESS))
    tap.equal(systemd.calls(), ['systemctl --quiet daemon-reload',
                                f'systemctl --quiet enable --now {SOCKET}'])
    known = manager.vm(UUID)
    tap.equal([known[member] for member in ('name', 'ek', 'group', 'rule')],
              ['web', answer['ek'], 'default', 'unit'])
    tap.equal(os.listdir(STATE), ['tpm2-00.permall'])
    for path, mode in ((STATE, 0o40700), (f'{STATE}/tpm2-00.permall', 0o100600)):
        status = os.stat(path)
        tap.equal((status.st_mode, status.st_uid), (mode, 0), path)
    tap.equal(stat.S_IMODE(os.stat('/var/lib/private/swtpm-deepquote').st_mode), 0o755)
    assert f'[Service]\nUser={USER}\n' in read(SETTINGS[0])
    assert '[Socket]\nSocketGroup=tss\n' in read(SETTINGS[1])
    tap.equal(traces(), [STATE, *SETTINGS, UUID])


@tap.case("the service's command serves the TPM to who connects, with the key that is pinned")
def _():
    with activated(UUID, manager.socket, '/run/service.log') as (process, control):
        send = commands(control)
        tap.equal(tpm2.read_name(send, ECC_EK).hex(), manager.vm(UUID)['ek'])
        shown = tpm2.capability_list(send, tpm2.CAP_HANDLES, 0x01C00000, 20)[1]
        assert {0x01C00002, 0x01C00016} <= set(shown), [hex(h) for h in shown]
        tap.equal(process.poll(), None)


@tap.case('show tells registration, units and files')
def _():
    properties = ('ActiveState=active', 'Result=success', 'MemoryMax=67108864', 'CPUWeight=100')
    with systemd.on('show', 'printf "%s\\n" ' + ' '.join(properties)):
        shown = vm('show', UUID).stdout
        answer = json.loads(vm('--json', 'show', UUID).stdout)
    for line in (r'name +web', rf'address +{ADDRESS}', rf"TPM's state +{STATE}", rf'user +{USER}',
                 rf'socket unit +active \({SOCKET}\)', r'at most +67108864 bytes'):
        assert re.search(f'^{line}', shown, re.M), (line, shown)
    tap.equal((answer['vm']['name'], answer['service']['memory_max']), ('web', '67108864'))
    tap.equal([f['name'] for f in answer['files'] if f['size'] > 1000], ['tpm2-00.permall'])


@tap.case('show names a unit that has failed')
def _():
    with systemd.on('show', 'printf "ActiveState=failed\\nResult=exit-code\\n"'):
        assert f"journalctl -u '{SERVICE}'" in vm('show', UUID).stdout


@tap.case('edit changes the name at the manager and the limits at systemd')
def _():
    systemd.calls()
    vm('edit', UUID, '--name', 'mail', '--memory-max', '48M', '--cpu-weight', '20')
    tap.equal(manager.vm(UUID)['name'], 'mail')
    tap.equal(systemd.calls(), [f'systemctl --quiet set-property {SERVICE} MemoryMax=48M',
                                f'systemctl --quiet set-property {SERVICE} CPUWeight=20'])
    for arguments, code, word in (((), 2, 'needs --name'), (('--cpu-weight', '10001'), 2, '1 to'),
                                  (('--group', 'none'), 1, 'group')):
        said = vm('edit', UUID, *arguments, code=code).stderr
        assert word in said, said


@tap.case('new refuses what is there already, and leaves it as it is')
def _():
    before = read(SETTINGS[0]), os.stat(f'{STATE}/tpm2-00.permall')
    for arguments, word in (((), 'is there already'), (('--keep-state',), 'have settings already')):
        said = new(*arguments, code=1).stderr
        assert word in said, said
    for path in SETTINGS:
        os.rename(path, path + '~')
    said = new('--keep-state', code=1).stderr
    assert 'registered already' in said, said
    for path in SETTINGS:
        os.rename(path + '~', path)
    tap.equal((read(SETTINGS[0]), os.stat(f'{STATE}/tpm2-00.permall')), before)
    tap.equal(manager.vm(UUID)['name'], 'mail')


@tap.case("run executes as the vTPM's user in its folder, and ends as the command does")
def _():
    systemd.calls()
    with systemd.on('ls', 'exit 7'):
        vm('run', UUID, '--', 'ls', '-l', code=7)
    call, = systemd.calls()
    assert call.endswith(' -- ls -l'), call
    for word in (f'User={USER}', f'StateDirectory=swtpm-deepquote/{UUID}', 'DynamicUser=yes'):
        assert f' --property={word} ' in call, call
    assert 'needs a command' in vm('run', UUID, code=2).stderr


@tap.case('delete asks first, and removes nothing without an answer')
def _():
    systemd.calls()
    assert '--yes' in vm('delete', UUID, code=1).stderr
    tap.equal((traces(), systemd.calls()), ([STATE, *SETTINGS, UUID], []))


@tap.case('delete with --keep-state leaves the state, with which new goes on')
def _():
    ek = manager.vm(UUID)['ek']
    state = read_bytes(f'{STATE}/tpm2-00.permall')
    vm('delete', UUID, '--yes', '--keep-state')
    tap.equal(systemd.calls(), [
        f'systemctl --quiet disable --now {SOCKET}', f'systemctl --quiet stop {SERVICE}',
        f'systemctl --quiet revert {SERVICE}', 'systemctl --quiet daemon-reload'])
    tap.equal(traces(), [STATE])
    new('--keep-state', '--ek', ek)
    tap.equal((read_bytes(f'{STATE}/tpm2-00.permall'), manager.vm(UUID)['ek']), (state, ek))


def read_bytes(path):
    with open(path, 'rb') as f:
        return f.read()


@tap.case("delete removes all, systemd's link too, and nothing that a link in the state leads to")
def _():
    os.makedirs('/var/lib/swtpm-deepquote', exist_ok=True)
    link = f'/var/lib/swtpm-deepquote/{UUID}'
    os.symlink(STATE, link)
    os.makedirs('/run/elsewhere/kept', exist_ok=True)
    os.symlink('/run/elsewhere', f'{STATE}/link')
    vm('delete', UUID, '--yes')
    tap.equal((traces(), os.path.lexists(link)), ([], False))
    tap.equal(os.listdir('/run/elsewhere'), ['kept'])
    tap.equal([os.path.exists(os.path.dirname(path)) for path in SETTINGS], [False, False])
    vm('delete', UUID, '--yes')  # a second time is no error


@tap.case('new undoes all where systemd does not take the units')
def _():
    with systemd.on('enable', 'echo no such template >&2; exit 1'):
        said = new(code=1).stderr
    assert 'no such template' in said and 'undone' not in said, said
    tap.equal(traces(), [])


@tap.case('new tells what it could not undo, and delete can')
def _():
    with systemd.on('enable', f'kill {manager.process.pid}; sleep 1; exit 1'):
        said = new(code=1).stderr
    assert 'the registration could not be undone' in said and f'vm delete {UUID}' in said, said
    manager.process.wait()
    manager.start()
    tap.equal(traces(), [UUID])
    vm('delete', UUID, '--yes')
    tap.equal(traces(), [])


@tap.case('new leaves nothing where swtpm_setup fails, the group is missing or no manager answers')
def _():
    systemd.calls()
    said = new('--pcr-banks', 'sha9', code=1).stderr
    assert 'swtpm_setup' in said, said
    assert '--qemu-group' in vm('new', UUID, '--qemu-group', 'nosuchgroup', code=1).stderr
    said = run([program('vtpm-managerctl'), '--socket', '/run/none', 'vm', 'new', UUID,
                '--qemu-group', 'tss'], 1, env=systemd.environment()).stderr
    assert 'cannot reach the manager' in said, said
    tap.equal((traces(), systemd.calls()), ([], []))


@contextlib.contextmanager
def without_local_ca():
    shutil.move('/etc/swtpm_setup.conf', '/etc/swtpm_setup.conf~')
    try:
        yield
    finally:
        shutil.move('/etc/swtpm_setup.conf~', '/etc/swtpm_setup.conf')


def certificates():
    """{NV index: file} of the certificates in the VM's TPM, which are those of its two EKs."""
    found = {}
    with activated(UUID, manager.socket, '/run/service.log') as (_, control):
        send = commands(control)
        for index in (RSA_CERTIFICATE, ECC_CERTIFICATE):
            found[index] = f'/run/{index:x}.der'
            with open(found[index], 'wb') as f:
                f.write(tpm2.nv_read(send, index))
    return found


def issued_by_localca(path):
    return x509(path, '-issuer') == 'issuer=CN=swtpm-localca\n'


def x509(path, *what):
    return run(['openssl', 'x509', '-inform', 'DER', '-in', path, '-noout', '-nameopt', 'RFC2253',
                *what]).stdout


def issued_by_host(path):
    """Whether OpenSSL finds that the host's authority has issued it."""
    manager.ctl('authority', '--output', '/run/authority.pem')
    run(['openssl', 'x509', '-inform', 'DER', '-in', path, '-out', path + '.pem'])
    # it knows neither directory names alone nor the TCG's attributes
    return subprocess.run(['openssl', 'verify', '-partial_chain', '-ignore_critical', '-trusted',
                           '/run/authority.pem', path + '.pem'], capture_output=True,
                          check=False).returncode == 0


@tap.case("the host's authority certifies both endorsement keys, with and without a local CA")
def _():
    for local_ca in (True, False):
        with contextlib.nullcontext() if local_ca else without_local_ca():
            with made():
                for path in certificates().values():
                    tap.equal(issued_by_host(path), True)
                    tap.equal(x509(path, '-subject'), f'subject=CN={UUID},OU=vTPM\n')
                entries = [e for e in manager.admin('audit')['entries'] if e['subject'] == UUID]
                certified = [e['what'] for e in entries if e['what'].endswith('is certified')]
                assert f"endorsement key {manager.vm(UUID)['ek']} is certified" in certified
                with activated(UUID, manager.socket, '/run/service.log') as (_, control):
                    tap.equal(tpm2.read_name(commands(control), ECC_EK).hex(),
                              manager.vm(UUID)['ek'])


@tap.case('--local-ca has the local CA certify, and the key is pinned when it is first seen '
          'where there is none')
def _():
    with made('--local-ca'):
        for path in certificates().values():
            tap.equal((issued_by_host(path), issued_by_localca(path)), (False, True))
    with without_local_ca(), made('--local-ca'):
        tap.equal(manager.vm(UUID)['ek'], '')


@tap.case('a host whose authority is broken has the local CA certify')
def _():
    manager.stop()
    key = os.path.join(manager.state, 'ek-authority.pem')
    os.chmod(key, 0o644)
    manager.start()
    try:
        with made():
            tap.equal([issued_by_localca(path) for path in certificates().values()], [True] * 2)
    finally:
        manager.stop()
        os.chmod(key, 0o600)
        manager.start()


@tap.case('--generate chooses a UUID, and takes none')
def _():
    answer = json.loads(vm('new', '--generate', '--json', '--qemu-group', 'tss').stdout)
    tap.equal(manager.vm(answer['uuid'])['ek'], answer['ek'])
    vm('delete', answer['uuid'], '--yes')
    vm('new', UUID, '--generate', code=2)
    vm('new', code=2)


@tap.case("console-xml prints libvirt's element or QEMU's options, for the VM's socket")
def _():
    tpm = ElementTree.fromstring(vm('console-xml', UUID, '--model', 'tpm-tis').stdout)
    tap.equal((tpm.tag, tpm.get('model')), ('tpm', 'tpm-tis'))
    tap.equal(tpm.find('backend').get('type'), 'external')
    tap.equal(tpm.find('backend/source').attrib,
              {'type': 'unix', 'mode': 'connect', 'path': ADDRESS})
    tap.equal(vm('console-xml', UUID, '--qemu').stdout.split(), [
        '-chardev', f'socket,id=vtpm,path={ADDRESS}', '-tpmdev', 'emulator,id=tpm,chardev=vtpm',
        '-device', 'tpm-crb,tpmdev=tpm'])
    vm('console-xml', UUID, '--model', 'tpm-spapr', code=2)


@tap.case('what is no command or no UUID is wrong usage, and what is no VM an error')
def _():
    for arguments, code in (((), 2), (('make', UUID), 2), (('show',), 2), (('show', '../x'), 2),
                            (('show', UUID, UUID), 2), (('show', UUID), 1), (('edit', UUID), 2),
                            (('edit', UUID, '--name', 'x'), 1), (('run', UUID, 'ls'), 1)):
        tap.equal(vm(*arguments, code=code).stdout, '')


try:
    tap.main()
finally:
    manager.kill()
