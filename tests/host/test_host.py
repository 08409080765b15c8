# SPDX-License-Identifier: GPL-2.0-or-later
"""Our packages on a real Debian host, argv[1]: systemd starts the units, AppArmor confines domains,
the kernel's driver has the TPM. Quotes are verified outside."""
import functools
import hashlib
import json
import os
import re
import sys
import tempfile

import attacks
import documented
import domains
import log_tool
import tap
from agent import GuestError
from debian import PAYLOAD, SOURCE, DebianHost, packages
from launched import kernel
from process import wait_until
from programs import built
from protocol import UUID
from told import Table
from units import UnitVm
from verifying import Verifier

RELEASE = sys.argv.pop(1)

# What doctor finds of this host, which nobody has set up further
GOOD = ['tpm', 'tpm-version', 'sha256-bank', 'boot-log', 'ima', 'secure-boot', 'lockdown',
        'tpm-device', 'state-folder', 'state-files', 'admin-socket', 'manager', 'manager-version',
        'manager-tpm', 'launcher', 'apparmor', 'security-driver']
BAD = ['swtpm-user', 'hardware']


DOMAIN = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'
SEALED = '6ba7b811-9dad-41d1-80b4-00c04fd430c8'
BOOT_LOG = '/sys/kernel/security/tpm0/binary_bios_measurements'
# What PCR 7 stands for: variable, which of its fields, what that has to say
SECURE_BOOT = [('SecureBoot', 'value', 'on'), ('db', 'certificate', 'Microsoft Corporation'),
               ('MokListRT', 'certificate', 'Debian Secure Boot CA')]
IMA_POLICY = '/usr/share/vtpm-manager/ima-policy'
REFUSED = 'refused: status 1'
DIRECT = {'kernel': '/var/lib/libvirt/boot/vmlinuz', 'initrd': '/var/lib/libvirt/boot/initrd',
          'command_line': 'quiet'}
# A kernel that does nothing: from where it is entered it jumps over the header, and stops
IDLE = bytearray(kernel(b'k'))
IDLE[0x200:0x202] = b'\xeb\x66'
IDLE[0x268:0x26c] = b'\xfa\xf4\xeb\xfd'


@functools.cache
def verifier():
    return Verifier(host)


def expect_trusted(vm, **files):
    verdict = verifier().deepquote(vm, **files)
    assert verdict.trusted, verdict
    print('#', verdict.last)
    return verdict


def wait_for_connection(uuid):
    """Until a vTPM of this VM is connected to the manager."""
    host.wait(f'vtpm-managerctl show {uuid} --json | grep -q \'"connected" : true\'')


def registry():
    return host.json('vtpm-managerctl registry --json')['registry']


def wait_for_count(before):
    """Until the counter of the registry has moved on from what it was before."""
    wait_until(lambda: registry()['counter'] > before, 'the registry counts', 60)


def expect_exposure(unit, most=1.0):
    said = host.text(f'systemd-analyze security --no-pager {unit} | tail -n 1')
    exposure = said.split(': ')[-1]
    table.tell('systemd-analyze security', unit, exposure)
    assert float(exposure.split()[0]) <= most, said


def doctor():
    """{check: its result} on a host on which something is bad: its TPM is none."""
    host.text('virsh -q list', 300)  # libvirt's daemon ends after two minutes without work
    status, output, _ = host.status('vtpm-managerctl doctor --json')
    tap.equal(status, 1)
    return {check['check']: check['result'] for check in json.loads(output)['checks']}


def tell(attack, said, **by):
    """Of a vTPM that was taken over, or of who wants to be one. An attack of attacks.LOGGED has to
    be in a log: by is what attacks.logged() takes."""
    if attack not in attacks.LOGGED:
        table.tell('attacks', attack, said)
        return
    lines = attacks.logged(host, attack, **by)
    whose = attacks.LOGGED[attack][0]
    table.tell('attacks', attack, f'{said}; in the log of {whose}: {len(lines)}')
    assert 1 <= len(lines) <= attacks.REPEATED.get(attack, 1), lines


def show_doctor():
    print('#', host.status('vtpm-managerctl doctor')[1].replace('\n', '\n# '))


@tap.case('the host boots to its end, and the kernel has the TPM of the board')
def _():
    print(f'# {host.seconds:.0f} s from the start of its TPM')
    tap.equal(host.text('systemctl is-system-running || systemctl --failed --plain --no-legend'),
              'running')
    tap.equal(host.text('basename $(readlink /sys/class/tpm/tpm0/device/driver)'), 'tpm_crb')
    tap.equal(host.text('cat /sys/module/apparmor/parameters/enabled'), 'Y')


@tap.case('the packages install, and vtpm-managerd runs on the resource manager of the kernel')
def _():
    host.text(f'DEBIAN_FRONTEND=noninteractive dpkg -i {PAYLOAD}/debs/*.deb', 300)
    tap.equal(host.text('systemctl is-active vtpm-managerd || systemctl status vtpm-managerd'),
              'active')
    status = host.json('vtpm-managerctl status --json')
    tap.equal(status['tpm']['tcti'], 'device:/dev/tpmrm0')


@tap.case('the manager quotes the PCRs that the firmware has extended')
def _():
    host.text(f'cd /tmp && vtpm-managerctl quote --nonce {"5a" * 32} --pcrs sha256:0,1,2,3,4,5,6,7 '
              '-m quote.msg -s quote.sig -o quote.pcrs')
    known = host.text("cat $(printf '/sys/class/tpm/tpm0/pcr-sha256/%s ' 0 1 2 3 4 5 6 7)")
    tap.equal(host.data('cat /tmp/quote.pcrs').hex(), known.replace('\n', '').lower())


@tap.case('doctor looks at all of it, and finds what is good and what is bad on this host')
def _():
    results = doctor()
    tap.equal({name: results.get(name) for name in GOOD}, dict.fromkeys(GOOD, 'good'))
    tap.equal([name for name, result in results.items() if result == 'bad'], BAD)
    assert 'unknown' not in results.values(), results
    show_doctor()


@tap.case('systemd-analyze gives the exposure of vtpm-managerd as 1.0 or less')
def _():
    expect_exposure('vtpm-managerd.service')


@tap.case('a VM made by vtpm-managerctl vm new is a unit; its deep quote is trusted outside')
def _():
    for vm in (web, mail):
        vm.new()
    verdict = verifier().deepquote(web)
    assert verdict.authentic, verdict
    verifier().expect(web)
    expect_trusted(web)


@tap.case('the boot log tells a verifier of Secure Boot, with whose keys, and leads to the PCRs')
def _():
    host.text(f'cat {BOOT_LOG} >/tmp/boot.log')
    verdict = expect_trusted(web, host_eventlog='boot.log')
    assert re.search('^✓ host-event-log ', verdict.output, re.M), verdict
    log = verifier().path('boot.log')
    told = [dict((field['name'], field['text']) for field in event['fields'])
            for event in log_tool.lines('eventlog', 'show', log) if event.get('pcr') == 7
            and 'fields' in event]
    for name, field, text in SECURE_BOOT:
        said = [event.get(field, '') for event in told if event.get('name') == name]
        print(f'# {name}: {said}')
        assert any(text in words for words in said), told


@tap.case('a boot log that says something else than was measured is refused')
def _():
    variable = 'SecureBoot'.encode('utf-16-le')
    said = host.data('cat /tmp/boot.log')
    off = said.replace(variable + b'\1', variable + b'\0', 1)
    assert off != said
    for log in (off, log_tool.content(log_tool.sample('secureboot', 'boot.bin'))):
        host.write_bytes('/tmp/other.log', log)
        verdict = verifier().deepquote(web, host_eventlog='other.log')
        tap.equal(verdict.word, 'host-event-log')


@tap.case('the registry is tied to a counter, which the kernel lets the manager have in the TPM')
def _():
    index = 'tpm2_nvreadpublic -T device:/dev/tpmrm0 0x018dee90'
    print('#', host.text(index).replace('\n', '\n# '))
    assert 'nt=0x1' in host.text(index), 'it is no counter'
    before = registry()
    tap.equal(before['state'], 'kept')
    host.text(f'vtpm-managerctl rename {web.uuid} --name shop')
    wait_for_count(before['counter'])
    host.text(f'vtpm-managerctl rename {web.uuid} --name web')


@tap.case('a registry that was put back is held, and the one of last is served again')
def _():
    kept = '/var/lib/vtpm-manager/registry.db'
    host.text(f'systemctl stop vtpm-managerd && cp -a {kept} /root/old && '
              'systemctl start vtpm-managerd')
    before = registry()['counter']
    host.text(f'vtpm-managerctl rename {web.uuid} --name shop')
    wait_for_count(before)
    host.text('systemctl stop vtpm-managerd && '
              f'cp -a {kept} /root/last && cp -a /root/old {kept} && systemctl start vtpm-managerd')
    status, said, _ = host.status('vtpm-managerctl registry')
    tap.equal(status, 1)
    print('#', said.replace('\n', '\n# '))
    status, _, said = host.status('vtpm-managerctl list')
    assert status == 1 and 'serves nobody' in said, said
    host.text('systemctl stop vtpm-managerd && '
              f'cp -a /root/last {kept} && systemctl start vtpm-managerd')
    tap.equal(registry()['state'], 'kept')
    tap.equal(web.registration()['name'], 'shop')
    host.text(f'vtpm-managerctl rename {web.uuid} --name web')
    expect_trusted(web)


@tap.case('the state of a sealed VM is encrypted in its unit, from its making on or its next start')
def _():
    vault.new('--seal')
    before = mail.registration()
    assert not mail.encrypted()
    host.text(f'vtpm-managerctl seal {mail.uuid}')
    for vm in (vault, mail):
        with vm.on() as pid:
            assert vm.encrypted(), vm.name
            assert '--key' in host.text(f"tr '\\0' ' ' </proc/{pid}/cmdline"), vm.name
    after = mail.registration()
    tap.equal((after['lineage'], after['broken']), (before['lineage'], 0))
    tap.equal(host.text(f'ls /var/lib/private/swtpm-deepquote/{mail.uuid}'), 'tpm2-00.permall')


@tap.case('without the manager a sealed VM does not start, and says why')
def _():
    host.text('systemctl stop vtpm-managerd')
    host.status(f'true | timeout 20 {vault.power_on}')
    assert 'its key cannot be had' in vault.journal(), vault.journal()
    host.text('systemctl start vtpm-managerd')
    with vault.on():
        pass


@tap.case('each unit has a user and a state of its own, and an exposure of 1.0 or less')
def _():
    seen = set()
    for vm in (web, mail):
        with vm.on() as pid:
            tap.equal(host.text(f'cat /proc/{pid}/cgroup'),
                      f'0::{attacks.GROUPS}{vm.unit}.service')
            uid = int(host.text(f'stat -c %u /proc/{pid}'))
            # systemd 257 maps the owner: who that is, is seen from inside
            folder = f'/proc/{pid}/root/var/lib/swtpm-deepquote/{vm.uuid}/'
            tap.equal(int(host.text(f'stat -c %u {folder}')), uid)
            seen.add(uid)
            print(f'# uid {uid},', host.text(f'grep VmRSS /proc/{pid}/status'), 'of memory,',
                  vm.property('MemoryCurrent'), 'in the unit')
    tap.equal(len(seen), 2)
    expect_exposure(web.unit + '.service')


@tap.case('a vTPM that was taken over is refused all that it tries, and no other VM is hurt')
def _():
    evil.new()
    with web.on() as pid:
        before = web.registration()
        results = attacks.in_unit(host, evil, web, pid, mail)
        tap.equal(web.registration(), before)
    aimed = {'speak-for-vm-that-runs': web.uuid, 'speak-for-vm-that-is-off': mail.uuid,
             'speak-for-unknown-vm': attacks.UNKNOWN, 'flood-the-manager': UUID}
    for name, said in results.items():
        tell(name, said, vm=aimed.get(name, ''), unit=evil.unit)
    tap.equal([f'{name} {said}' for name, said in results.items()
               if not said.startswith('refused: ')], [])
    tap.equal(sorted(results), sorted(attacks.names()))


@tap.case('memory beyond its limit ends the vTPM that takes it, and no other')
def _():
    with web.on() as pid:
        attacks.replace(host, evil, "-c 'x = bytearray(1 << 30)'")
        host.status(f'systemctl start --wait {evil.unit}.service', 300)
        tell('take-memory', 'ended: ' + evil.property('Result'), unit=evil.unit)
        tap.equal(evil.property('Result'), 'oom-kill')
        tap.equal(web.property('MainPID'), str(pid))


@tap.case('a vTPM that crashes is the only one that ends')
def _():
    with web.on() as pid:
        before = web.registration()
        attacks.replace(host, evil, "-c 'import os; os.kill(os.getpid(), 11)'")
        host.status(f'systemctl start --wait {evil.unit}.service', 300)
        tell('crash', 'ended alone: ' + evil.property('Result'), unit=evil.unit)
        assert evil.property('Result') in ('signal', 'core-dump'), evil.property('Result')
        tap.equal(web.property('MainPID'), str(pid))
        tap.equal(web.registration(), before)
        tap.equal(evil.property('LimitFSIZE'), str(4 << 20))


@tap.case('a vTPM that writes to the log without end fills it with a bounded number of lines')
def _():
    attacks.replace(host, evil, "-c 'for i in range(20000): print(\"line of a flood\", i)'")
    host.status(f'systemctl start --wait {evil.unit}.service', 300)
    host.text('journalctl --sync')
    lines = host.text(f'journalctl -u {evil.unit}.service -o cat').count('line of a flood')
    tell('flood-the-log-of-its-unit', f'{lines} of 20000 lines are in it')
    assert 0 < lines < 4000, lines


@tap.case('a unit of the same name of a user\'s own systemd is refused')
def _():
    said = attacks.as_user_unit(host, mail.unit, mail.uuid)
    tell('speak-as-unit-of-a-users-own-systemd', said, vm=mail.uuid, group='/user.slice/[^,]*')
    tap.equal(said, REFUSED)


@tap.case('a domain with the emulator of libvirt is known by its enforced profile and its scope')
def _():
    domains.prepare(host)
    register = f'vtpm-managerctl register {DOMAIN} --rule libvirt --name classic --owner'
    status, _, said = host.status(f'{register} tss')
    assert status == 1 and 'may write to /dev/tpm0' in said, said
    host.text(f'{register} swtpm')
    with domains.Domain(host, 'classic', DOMAIN) as domain:
        pid = domain.vtpm_pid()
        tap.equal(host.text(f'cat /proc/{pid}/attr/current'), f'libvirt-{DOMAIN} (enforce)')
        cgroup = host.text(f'cat /proc/{pid}/cgroup')
        assert cgroup.startswith('0::/machine.slice/machine-qemu'), cgroup
        wait_for_connection(DOMAIN)
        tap.equal(attacks.denied_by_apparmor(host), '')
        said = attacks.as_profile(host, f'libvirt-{DOMAIN}', 'swtpm', DOMAIN)
        tell('speak-in-the-profile-of-a-domain', said, vm=DOMAIN, group='[^,]*')
        tap.equal(said, REFUSED)


@tap.case('the guest of such a domain makes a deep quote, which is trusted outside')
def _():
    host.text(f'install -D -m 644 {PAYLOAD}/guest.rom {domains.ROM}')
    with domains.Domain(host, 'classic', DOMAIN, attempts=6, guest=True) as domain:
        wait_for_connection(DOMAIN)
        tap.equal(domain.start_tpm(), 'code=0')
        tap.equal(host.text(f'cat /proc/{domain.qemu_pid()}/attr/current'),
                  f'libvirt-{DOMAIN} (enforce)')
        verdict = verifier().deepquote(domain)
        assert verdict.authentic, verdict
        verifier().expect(domain)
        expect_trusted(domain)
        tap.equal(attacks.denied_by_apparmor(host), '')


@tap.case('a domain whose TPM is a unit starts it, confined, and it ends with the domain')
def _():
    tpm = host.text(f'vtpm-managerctl vm console-xml {mail.uuid}')
    with domains.Domain(host, 'external', mail.uuid, tpm) as domain:
        host.wait(f'vtpm-managerctl show {mail.uuid} --json | grep -q \'"connected" : true\'')
        tap.equal(host.text(f'cat /proc/{mail.property("MainPID")}/cgroup'),
                  f'0::{attacks.GROUPS}{mail.unit}.service')
        tap.equal(host.text(f'cat /proc/{domain.qemu_pid()}/attr/current'),
                  f'libvirt-{mail.uuid} (enforce)')
        tap.equal(attacks.denied_by_apparmor(host), '')
    host.wait(f'! systemctl is-active {mail.unit}.service')


@tap.case('the state of a sealed domain is encrypted in its profile, at its next start or before')
def _():
    host.text(f'vtpm-managerctl seal {DOMAIN} && '
              f'vtpm-managerctl register {SEALED} --rule libvirt --owner swtpm --seal')
    for name, uuid in (('classic', DOMAIN), ('sealed', SEALED)):
        with domains.Domain(host, name, uuid, attempts=6) as domain:
            wait_for_connection(uuid)
            assert domain.encrypted(), host.text('journalctl -t swtpm-deepquote -o cat')
            tap.equal(host.text(f'cat /proc/{domain.vtpm_pid()}/attr/current'),
                      f'libvirt-{uuid} (enforce)')
            tap.equal(attacks.denied_by_apparmor(host), '')


@tap.case('the manager tells what vTPMs run where it may look at processes')
def _():
    asked = '--flags measurements --host-credential vtpm-parts=/tmp/parts.bin'
    try:
        verifier().deepquote(web, asked)
    except GuestError as problem:
        assert '0x5c4' in str(problem), problem
    else:
        raise AssertionError('a manager without the right to look was asked in vain')
    host.text(documented.commands('hardening.md', 'What vTPMs run'), 180)
    tap.equal(host.text('systemctl is-active vtpm-managerd'), 'active')
    expect_exposure('vtpm-managerd.service')
    verdict = verifier().deepquote(web, asked, vtpm_parts='parts.bin')
    assert verdict.trusted, verdict
    for path in ('/usr/bin/swtpm', '/usr/lib/*/swtpm-deepquote/module.so'):
        digest, found = host.text(f'sha256sum {path}').split()
        assert f'"{os.path.basename(found)}" {digest}' in verdict.output, verdict
    tap.equal(doctor()['measurements'], 'good')


@tap.case('in the profile of the manager root sees what a vTPM has mapped, and cannot trace it')
def _():
    with mail.on() as pid:
        tap.equal(attacks.ways_into(host, pid), 'maps memory trace')
        tap.equal(attacks.ways_into(host, pid, 'vtpm-managerd'), 'maps')


@tap.case('what a domain of libvirt was started with is told where the manager has that right too')
def _():
    host.write_bytes(DIRECT['kernel'], IDLE)
    host.write(DIRECT['initrd'], 'files')
    asked = f'vtpm-managerctl launch {DOMAIN}'
    with domains.Domain(host, 'classic', DOMAIN, attempts=6, direct=DIRECT):
        wait_for_connection(DOMAIN)
        status, _, said = host.status(asked)
        assert status == 1 and 'see MEASUREMENTS in vtpm-managerd(8)' in said, said
    host.text(documented.commands('hardening.md', 'What VMs were started with'), 180)
    denied = attacks.denied_by_apparmor(host)
    with domains.Domain(host, 'classic', DOMAIN, attempts=6, direct=DIRECT):
        wait_for_connection(DOMAIN)
        print('#', host.text(f'{asked} | grep -v ^library').replace('\n', '\n# '))
        parts = {part['kind']: part['sha256'] for part in host.json(f'{asked} --json')['parts']}
        for kind, path in (('kernel', DIRECT['kernel']), ('initrd', DIRECT['initrd']),
                           ('executable', '/usr/bin/qemu-system-x86_64')):
            tap.equal(parts[kind], host.text(f'sha256sum {path}').split()[0], kind)
        tap.equal(parts['command-line'], hashlib.sha256(b'quiet').hexdigest())
        tap.equal(attacks.denied_by_apparmor(host), denied)
    expect_exposure('vtpm-managerd.service', 1.3)
    tap.equal(doctor()['measurements'], 'good')


@tap.case('so it is of a VM whose vTPM is a unit, with a deep quote of its guest')
def _():
    verdict = verifier().deepquote(web, '--flags launch --host-credential vm-launch=launch.bin',
                                   vm_launch='launch.bin')
    assert verdict.trusted, verdict
    digest, path = host.text('sha256sum $(readlink -f /usr/bin/python3)').split()
    assert f'executable "{os.path.basename(path)}" {digest}' in verdict.output, verdict


@tap.case('the IMA policy of the packages loads, and measures what vTPMs consist of')
def _():
    host.text(f'cat {IMA_POLICY} >/sys/kernel/security/ima/policy')
    host.text('mkdir /root/copies && cd /root/copies && cp '
              '/usr/bin/swtpm /usr/bin/swtpm-deepquote /usr/sbin/vtpm-managerd '
              '/usr/bin/qemu-system-x86_64 /usr/lib/*/swtpm-deepquote/module.so . && '
              'echo read >read')
    host.text('cd /root/copies && for i in swtpm* vtpm* qemu*; do ./$i --version; done && '
              'LD_PRELOAD=./module.so /bin/true; cat read')
    measured = host.text('cat /sys/kernel/security/ima/ascii_runtime_measurements').split()
    tap.equal({name for name in host.text('ls /root/copies').split()
               if f'/root/copies/{name}' not in measured}, {'read'})


@tap.case('what was refused is in the log with its rule, and the log did not grow without end')
def _():
    lines = host.text('journalctl -u vtpm-managerd -o cat').splitlines()
    for vm in (web, mail):
        said = [line for line in lines if f'VM {vm.uuid} ' in line and 'rule "unit"' in line]
        assert said, lines[-5:]
    source = f'by cgroup {attacks.GROUPS}{evil.unit}.service: '
    assert [line for line in lines if source in line and 'were not logged' in line], lines[-5:]
    assert len(lines) < 200, len(lines)


@tap.case('doctor finds nothing bad but the TPM where its advice was followed')
def _():
    host.text('sysctl -q -w kernel.yama.ptrace_scope=1 fs.suid_dumpable=0')
    show_doctor()
    results = doctor()
    tap.equal([name for name, result in results.items() if result == 'bad'], ['hardware'])
    for name in ('registry', 'measurements', 'swtpm-user', 'ptrace', 'core-dumps', 'settings',
                 'libvirt-path'):
        tap.equal((name, results[name]), (name, 'good'))


@tap.case('after a restart of the host the registry goes with its TPM, and sealed VMs start')
def _():
    before = registry()['counter']
    host.text(f'vtpm-managerctl rename {web.uuid} --name shop')
    host.restart()
    after = registry()
    tap.equal(after['state'], 'kept')
    # After 48 times at once it counts once an hour: NV memory wears out
    assert after['counter'] >= before, (before, after)
    tap.equal(web.registration()['name'], 'shop')
    expect_trusted(web)
    for vm in (vault, mail):
        with vm.on():
            assert vm.encrypted(), vm.name


table = Table(RELEASE)
with tempfile.TemporaryDirectory(prefix='host-') as directory:
    payload = {name: os.path.join(SOURCE, 'tests/host', name)
               for name in ('attack.py', 'confine.py', 'look_into.py', 'say_hello.py')}
    payload['guest.rom'] = built('tests', 'kvm', 'bare-guest.rom')
    with DebianHost(directory, RELEASE, payload | packages(RELEASE)) as host:
        web, mail, evil, vault = (UnitVm(host, name, number)
                                  for number, name in enumerate(('web', 'mail', 'evil', 'vault')))
        tap.main()
