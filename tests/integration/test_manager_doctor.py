# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerctl doctor: what it finds on hosts that are good, and bad in one way each."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import tap
from manager import Manager
from programs import program

UUID = '3f0b4c52-7c7f-4bd2-8df5-a0f4b7a8f1c7'
OTHER = '3f0b4c52-7c7f-4bd2-8df5-a0f4b7a8f1c8'
LAUNCHERS = '/usr/local/lib/swtpm-deepquote/bin', '/usr/lib/swtpm-deepquote/bin'
IMA = 'sys/kernel/security/ima/runtime_measurements_count'
SECURE_BOOT = 'sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c'
STATE = 'var/lib/vtpm-manager'
UNIT = 'sys/fs/cgroup/system.slice/vtpm-managerd.service/cgroup.procs'
TSS, NOBODYS_GROUP = 64001, 64099
GOOD = {
    'dev/tpm0': b'',
    'dev/tpmrm0': b'',
    'sys/class/tpm/tpm0/tpm_version_major': b'2\n',
    'sys/class/tpm/tpm0/pcr-sha256/0': b'',
    'sys/kernel/security/tpm0/binary_bios_measurements': b'log',
    IMA: b'812\n',
    SECURE_BOOT: b'\x06\0\0\0\x01',
    'sys/kernel/security/lockdown': b'none [integrity] confidentiality\n',
    'proc/sys/kernel/yama/ptrace_scope': b'1\n',
    'proc/sys/fs/suid_dumpable': b'0\n',
    'proc/swaps': b'Filename Type Size Used Priority\n/dev/dm-1 partition 1 0 -2\n',
    'sys/block/dm-1/dm/uuid': b'CRYPT-PLAIN-swap\n',
    'proc/77/comm': b'libvirtd\n',
    'proc/77/environ': b'HOME=/\0PATH=%s:/usr/bin\0' % LAUNCHERS[1].encode(),
    UNIT: b'78\n80\n',
    'proc/78/status': b'Name:\tvtpm-managerd\nCapPrm:\t0000000000000000\n'
                      b'CapEff:\t0000000000080000\n',
    'proc/78/attr/apparmor/current': b'vtpm-managerd (enforce)\n',
    'etc/passwd': b'root:x:0:0::/:/bin/sh\ntss:x:%d:%d::/:/bin/false\n' % (TSS, NOBODYS_GROUP),
    'etc/group': b'root:x:0:\nspare:x:64100:\n',
    'etc/libvirt/qemu.conf': b'# security_driver = "none"\n#swtpm_user = "root"\n',
    'etc/swtpm-deepquote.conf': b'# comment\nmanager=/run/vtpm-manager/vtpm.sock\n',
    'run/vtpm-manager/vtpm.sock': b'',
    'run/vtpm-manager/admin.sock': b'',
    STATE + '/registry': b'',
    'sys/module/apparmor/parameters/enabled': b'Y\n',
}
PRIVATE = ('dev/tpm0', 'dev/tpmrm0', 'run/vtpm-manager/admin.sock', STATE + '/registry')


def the_launcher():
    """Where this build's launcher goes: the check names it."""
    what = {check['check']: check['what'] for check in doctor('/nonexistent')[1]}['launcher']
    return what.partition(' is not at ')[2].removesuffix('/swtpm')


def doctor(root, socket='/nonexistent/socket'):
    """(exit status, checks, worst)"""
    done = subprocess.run([program('vtpm-managerctl'), '--socket', socket, '--json', '--root', root,
                           'doctor'], capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    return done.returncode, found['checks'], found['worst']


@contextlib.contextmanager
def good_host():
    folder = pathlib.Path(tempfile.mkdtemp(prefix='doctor-'))
    launcher = the_launcher()
    try:
        for name, content in GOOD.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.replace(LAUNCHERS[1].encode(), launcher.encode()))
        for name in PRIVATE:
            (folder / name).chmod(0o600)
        (folder / STATE).chmod(0o700)
        program_path = pathlib.Path(f'{folder}{launcher}/swtpm')
        program_path.parent.mkdir(parents=True)
        program_path.touch(0o755)
        yield folder
    finally:
        shutil.rmtree(folder)


def results(root, socket='/nonexistent/socket'):
    return {check['check']: check['result'] for check in doctor(str(root), socket)[1]}


FROM_MANAGER = ('vm-owners', 'vm-rules', 'manager', 'manager-version', 'manager-tpm',
                'hardware', 'ek-certificate', 'registry')
NOT_GOOD = {'clock': 'unknown', 'manager': 'bad'} | {
    name: 'unknown' for name in FROM_MANAGER if name != 'manager'}


def write(name, content):
    def change(root):
        (root / name).write_bytes(content)
    return change


def mode(name, bits):
    return lambda root: (root / name).chmod(bits)


def remove(*names):
    def change(root):
        for name in names:
            (root / name).unlink()
    return change


def tss_in_group_of_the_tpm(root):
    gid = (root / 'dev/tpm0').stat().st_gid
    (root / 'etc/group').write_text(f'tpm:x:{gid}:other,tss\n')
    (root / 'dev/tpm0').chmod(0o660)


CHANGES = {
    'no TPM': (remove('dev/tpm0', 'dev/tpmrm0'), {'tpm': 'bad', 'tpm-device': 'unknown',
                                                  'swtpm-user': 'unknown'}),
    'no resource manager': (remove('dev/tpmrm0'), {'tpm': 'warning'}),
    'TPM 1.2': (write('sys/class/tpm/tpm0/tpm_version_major', b'1\n'), {'tpm-version': 'bad'}),
    'SHA-1 alone': (lambda root: shutil.rmtree(root / 'sys/class/tpm/tpm0/pcr-sha256'),
                    {'sha256-bank': 'bad'}),
    'no event log': (remove('sys/kernel/security/tpm0/binary_bios_measurements'),
                     {'boot-log': 'warning'}),
    'IMA without a policy': (write(IMA, b'1\n'), {'ima': 'warning'}),
    'IMA off': (remove(IMA), {'ima': 'warning'}),
    'Secure Boot off': (write(SECURE_BOOT, b'\x06\0\0\0\0'), {'secure-boot': 'warning'}),
    'a cut Secure Boot variable': (write(SECURE_BOOT, b'\x06\0\0\0'), {'secure-boot': 'warning'}),
    'no lockdown': (write('sys/kernel/security/lockdown', b'[none] integrity\n'),
                    {'lockdown': 'warning'}),
    'free tracing': (write('proc/sys/kernel/yama/ptrace_scope', b'0\n'), {'ptrace': 'warning'}),
    'core dumps for all': (write('proc/sys/fs/suid_dumpable', b'1\n'), {'core-dumps': 'bad'}),
    'swap in clear': (write('proc/swaps', b'Filename\n/dev/dm-1 p\n/dev/sda2 p\n'),
                      {'swap': 'warning'}),
    'swap on a volume that is not encrypted': (write('sys/block/dm-1/dm/uuid', b'LVM-x\n'),
                                               {'swap': 'warning'}),
    'swap in memory': (write('proc/swaps', b'Filename\n/dev/zram0 p\n'), {}),
    'a file of the state that cannot be looked at': (
        lambda root: (root / STATE / 'registry-wal').symlink_to('nowhere'),
        {'state-files': 'unknown'}),
    'a TPM for all': (mode('dev/tpm0', 0o666), {'tpm-device': 'bad', 'swtpm-user': 'bad'}),
    'a TPM to be read by all': (mode('dev/tpm0', 0o644), {}),
    'swtpm in the TPM\'s group': (tss_in_group_of_the_tpm, {'swtpm-user': 'bad'}),
    'swtpm as root': (write('etc/libvirt/qemu.conf', b'  swtpm_user = "root"\n'),
                      {'swtpm-user': 'bad'}),
    'swtpm as nobody known': (write('etc/libvirt/qemu.conf', b'swtpm_user = "x\x1b[2J"\n'),
                              {'swtpm-user': 'unknown'}),
    'an open state folder': (mode(STATE, 0o750), {'state-folder': 'bad'}),
    'an open registry': (mode(STATE + '/registry', 0o640), {'state-files': 'bad'}),
    'an open administration socket': (mode('run/vtpm-manager/admin.sock', 0o666),
                                      {'admin-socket': 'bad'}),
    'no unit of the manager': (remove(UNIT), {'measurements': 'unknown'}),
    'a manager that may not look': (
        write('proc/78/status', b'CapPrm:\t0000000000080000\nCapEff:\t0000000000040000\n'),
        {'measurements': 'warning'}),
    'a manager that may look, unconfined': (
        write('proc/78/attr/apparmor/current', b'unconfined\n'), {'measurements': 'bad'}),
    'a manager whose profile only complains': (
        write('proc/78/attr/apparmor/current', b'vtpm-managerd (complain)\n'),
        {'measurements': 'bad'}),
    'a manager that may look, without AppArmor': (
        remove('proc/78/attr/apparmor/current'), {'measurements': 'bad'}),
    'no settings': (remove('etc/swtpm-deepquote.conf'), {'settings': 'warning'}),
    'settings without a manager': (write('etc/swtpm-deepquote.conf', b'timeout=5\n'),
                                   {'settings': 'warning'}),
    'settings with another socket': (write('etc/swtpm-deepquote.conf', b'manager=/run/x\n'),
                                     {'settings': 'bad'}),
    'libvirt with the distribution\'s swtpm': (write('proc/77/environ', b'PATH=/usr/bin\0'),
                                               {'libvirt-path': 'warning'}),
    'libvirt without PATH': (write('proc/77/environ', b'XPATH=/x\0PAT'),
                             {'libvirt-path': 'unknown'}),
    'no libvirt': (write('proc/77/comm', b'other\n'), {'libvirt-path': 'unknown'}),
    'no AppArmor': (write('sys/module/apparmor/parameters/enabled', b'N\n'),
                    {'apparmor': 'warning'}),
    'no security driver': (write('etc/libvirt/qemu.conf', b'security_driver = [ "none" ]\n'),
                           {'security-driver': 'bad'}),
}


def check_change(change, expected):
    with good_host() as root:
        change(root)
        found = results(root)
        tap.equal({name: result for name, result in found.items() if result != 'good'},
                  NOT_GOOD | expected)


@tap.case('a good host without a manager: only what the manager would say is missing')
def _():
    check_change(lambda root: None, {})


for deed, (change, expected) in CHANGES.items():
    tap.case(f'{deed}: {", ".join(expected) or "nothing"}')(
        lambda change=change, expected=expected: check_change(change, expected))


@tap.case('a manager is asked: a simulated TPM is bad, owners are looked up on that host')
def _():
    with Manager() as manager, good_host() as root:
        def found():
            return {name: result for name, result in results(root, manager.admin_socket).items()
                    if name in FROM_MANAGER}
        expected = dict.fromkeys(FROM_MANAGER, 'good') | {'hardware': 'bad'}
        expected['ek-certificate'] = found()['ek-certificate']
        assert expected['ek-certificate'] in ('good', 'warning')
        tap.equal(found(), expected)
        manager.ctl('register', UUID, '--rule', 'unit')
        tap.equal(found(), expected)
        manager.ctl('register', OTHER, '--owner', str(TSS))
        tap.equal(found(), expected | {'vm-rules': 'warning'})
        tss_in_group_of_the_tpm(root)
        tap.equal(found(), expected | {'vm-rules': 'warning', 'vm-owners': 'bad'})


@tap.case('the exit status is the worst, and words and JSON say the same')
def _():
    with good_host() as root:
        status, checks, worst = doctor(str(root))
        tap.equal((status, worst), (1, 'bad'))
        done = subprocess.run([program('vtpm-managerctl'), '--socket', '/nonexistent', '--root',
                               root, 'doctor'], capture_output=True, text=True, check=False)
        marks = {'good': '✓', 'unknown': '-', 'warning': '!', 'bad': '✗'}
        for check in checks:
            line = f'{marks[check["result"]]} {check["check"]:16} '
            assert line in done.stdout, (line, done.stdout)
            assert check['why'] and check['do'] and check['what']
            shown = f'do:  {check["do"]}\n' in done.stdout
            tap.equal(shown, check['result'] in ('warning', 'bad') or any(
                other['do'] == check['do'] and other['result'] in ('warning', 'bad')
                for other in checks))
        assert len(checks) >= 20
        tap.equal(done.returncode, 1)


@tap.case('what others wrote is shown escaped')
def _():
    with good_host() as root:
        CHANGES['swtpm as nobody known'][0](root)
        what = {check['check']: check['what'] for check in doctor(str(root))[1]}['swtpm-user']
        assert '\x1b' not in what and 'x\\' in what, what


@tap.case('this host is looked at, and nothing is said to be good that is not there')
def _():
    done = subprocess.run([program('vtpm-managerctl'), '--json', 'doctor'], capture_output=True,
                          text=True, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    found = {check['check']: check['result'] for check in json.loads(done.stdout)['checks']}
    if not os.path.exists('/dev/tpm0') and not os.path.exists('/dev/tpmrm0'):
        tap.equal((found['tpm'], found['tpm-device']), ('bad', 'unknown'))


tap.main()
