# SPDX-License-Identifier: GPL-2.0-or-later
"""A real libvirtd starts our launcher as `swtpm`: domains with both TPM models deep-quote."""
import contextlib
import hashlib
import json
import os
import pwd
import re
import socket
import subprocess
import sys
import time

import defaults
import namespace
import tap
from agent import GuestError
from fake_manager import FakeManager
from host import PCR_LIST, Host
from libvirtd import BIN, BOOT, Domain, Libvirtd, install_launcher, logs, virsh
from machine import make_guest_image
from protocol import KEY, UUID
from verifier import check, verify
from vm import COMMAND_LINE, accelerator

MANAGER_DIR = os.path.dirname(defaults.SOCKET)
CONF = '/etc/swtpm-deepquote.conf'
QEMU = os.environ.get('QEMU_SYSTEM_X86_64', '/usr/bin/qemu-system-x86_64')
BOOT_PCRS = 'sha256:0,1,2,3,4,5,6,7'
ASK_FOR_LAUNCH = '--flags launch --host-credential vm-launch=launch.bin'
UUIDS = {'tpm-tis': UUID,
         'tpm-crb': '7d444840-9dc0-41d1-b245-5ffdce74fad2'}
UNKNOWN = '1b4e28ba-2fa1-41d2-883f-0016d3cca427'
PLAIN = '550e8400-e29b-41d4-a716-446655440000'
HOOKED = '9b2d1c1e-6f0a-4a3b-8c57-0d1f2e3a4b5c'
SLOW = '0f8fad5b-d9cb-469f-a165-70867728950e'


def skip_all(why):
    print(f'1..0 # SKIP {why}')
    sys.exit(0)


def deepquote(domain, to):
    """A nonce, and the files of the domain's quote for it in the directory `to`."""
    nonce = os.urandom(32).hex()
    try:
        domain.agent.deepquote(nonce, BOOT_PCRS, PCR_LIST, to)
    except GuestError as problem:
        raise AssertionError(f'{problem}\n{logs()}') from problem
    return nonce


def expect_authentic(domain, name):
    """Deep-quotes and verifies; returns the vTPM's epoch."""
    quote = f'/run/deepquote/{name}'
    nonce = deepquote(domain, quote)
    _, key, policy = manager.enrol(f'/run/deepquote/verifier-{name}', domain.uuid)
    verdict = verify(quote, nonce, host=key, policy=policy, uuid=domain.uuid)
    assert verdict.authentic, verdict.text
    return int(re.search(r'epoch (\d+)', verdict.text).group(1))


def of_file(path):
    with open(path, 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()


def ak_public(name):
    with open(f'/run/deepquote/{name}/ak.pub', 'rb') as f:
        return f.read()


def add_model_cases(model):
    """The life of a domain with this TPM model, as cases."""
    name = f'dq-{model}'
    uuid = UUIDS[model]
    seen = []

    @tap.case(f'{model}: libvirt starts the launcher as its swtpm, and the guest deep-quotes')
    def _():
        for vm in manager.admin('list')['vms']:
            manager.ctl('rule', vm['uuid'], '--rule', 'unit')  # tss may own one by the rule "user"
        manager.ctl('register', uuid, '--owner', 'tss', '--name', name)
        with Domain(name, uuid, model) as domain:
            lines = domain.vtpm_processes()
            assert len(lines) == 1 and f'/{uuid}/tpm2' in lines[0], lines
            driver = domain.agent.check('readlink /sys/class/tpm/tpm0/device/driver').decode()
            tap.equal(os.path.basename(driver.strip()), model.replace('-', '_'))
            seen.append(expect_authentic(domain, name))
            tap.equal(seen[0], 1, 'the epoch: swtpm_setup, which made the TPM, is no start of it')
            seen.append(ak_public(name))
        assert not domain.vtpm_processes(), 'swtpm outlived its domain'

    @tap.case(f'{model}: the second start has the same TPM and a later epoch')
    def _():
        with Domain(name, uuid, model) as domain:
            later = expect_authentic(domain, name)
        assert later > seen[0], (later, seen[0])
        tap.equal(ak_public(name), seen[1])

    @tap.case(f'{model}: the manager tells what libvirt started the domain with')
    def _():
        quote, launch = f'/run/deepquote/{name}-launch', f'/run/deepquote/{name}.launch'
        nonce = os.urandom(32).hex()
        with Domain(name, uuid, model) as domain:
            parts = json.loads(manager.ctl('launch', uuid, '--json').stdout)['parts']
            domain.agent.deepquote(nonce, BOOT_PCRS, PCR_LIST, quote, options=ASK_FOR_LAUNCH)
            write_bytes(launch, domain.agent.check('cat /tmp/launch.bin'))
        expected = {'kernel': of_file(f'{BOOT}/vmlinuz'), 'initrd': of_file(f'{BOOT}/initramfs'),
                    'command-line': hashlib.sha256(COMMAND_LINE.encode()).hexdigest(),
                    'executable': of_file(QEMU)}
        tap.equal({part['kind']: part['sha256'] for part in parts if part['kind'] in expected},
                  expected)
        _, key, policy = manager.enrol(f'/run/deepquote/verifier-{name}-launch', uuid)
        with open(policy, 'a', encoding='ascii') as f:
            f.writelines(f'launch-part {kind} {digest}\n' for kind, digest in expected.items())
        verdict = verify(quote, nonce, '--vm-launch', launch, host=key, policy=policy, uuid=uuid)
        assert verdict.authentic, verdict.text
        write(policy, f'launch-part command-line {"0" * 64}\n')
        verdict = verify(quote, nonce, '--vm-launch', launch, host=key, policy=policy, uuid=uuid)
        tap.equal(verdict.word, 'policy')

    @tap.case(f'{model}: the host asks for a deep quote by libvirt, the guest being paused')
    def _():
        if 'QEMU_SYSTEM_X86_64' not in os.environ:
            tap.skip('name our QEMU by QEMU_SYSTEM_X86_64: no other asks')
        nonce, to = os.urandom(32).hex(), f'/run/deepquote/{name}-asked'
        with Domain(name, uuid, model):
            virsh('suspend', name)
            manager.ctl('vm', 'quote', uuid, '--nonce', nonce, '--host-pcrs', PCR_LIST, '--output',
                        to, '--flags', 'launch,measurements')
        _, key, policy = manager.enrol(f'/run/deepquote/verifier-{name}-asked', uuid)
        with open(policy, 'a', encoding='ascii') as f:
            f.write(f'launch-part kernel {of_file(f"{BOOT}/vmlinuz")}\n')
        verdict = check('-q', nonce, '--host', key, '--policy', policy, '--uuid', uuid,
                        '--vm-launch', f'{to}/vm_launch.bin', '--vtpm-parts',
                        f'{to}/vtpm_parts.bin',
                        *(f'{option}={to}/{file}' for option, file in
                          (('--message', 'quote.msg'), ('--signature', 'quote.sig'),
                           ('--pcr', 'pcrs.bin'), ('--evidence', 'evidence.bin'))))
        assert verdict.authentic and 'the host alone' in verdict.last, verdict

    @tap.case(f'{model}: a shutdown from inside ends swtpm too')
    def _():
        with Domain(name, uuid, model) as domain:
            domain.power_off()
            assert not domain.vtpm_processes(), 'swtpm outlived its domain'


@tap.case('virsh tells that libvirtd knows the emulated TPM')
def _():
    capabilities = virsh('domcapabilities', '--virttype', 'qemu')
    assert "<value>tpm-tis</value>" in capabilities, capabilities
    assert "<value>tpm-crb</value>" in capabilities, capabilities
    assert "<value>emulator</value>" in capabilities, capabilities


for _model in UUIDS:
    add_model_cases(_model)


@tap.case('a domain whose UUID is not registered runs, and is refused a deep quote')
def _():
    with Domain('dq-unknown', UNKNOWN, 'tpm-tis') as domain:
        domain.agent.check('cat /sys/class/tpm/tpm0/pcr-sha256/0')
        status, _, said = domain.agent.run('tpm2_deepquote --host-pcr-list sha256:0 '
                                           '--host-pcrs-out /tmp/pcrs')
        tap.equal(status, 1)
        assert '0x502' in said and 'register' in said, said


@tap.case('without settings the launcher is the distribution\'s swtpm')
def _():
    os.rename(CONF, CONF + '.away')
    try:
        with Domain('dq-plain', PLAIN, 'tpm-crb') as domain:
            domain.agent.check('cat /sys/class/tpm/tpm0/pcr-sha256/0')
            status, _, said = domain.agent.run('tpm2_deepquote --ak-create --ak-public /tmp/ak')
            tap.equal(status, 1)
            assert 'offers no TPM2_DeepQuote' in said, said
    finally:
        os.rename(CONF + '.away', CONF)


@tap.case('a manager that takes three seconds for a key keeps no domain from starting')
def _():
    path = '/run/deepquote/slow.sock'
    os.rename(CONF, CONF + '.away')
    try:
        write(CONF, f'manager={path}\n')
        with FakeManager(path) as slow:
            os.chmod(path, 0o666)
            slow.on[KEY] = lambda fake, request: (time.sleep(3), fake.give_key(request))
            with Domain('dq-slow', SLOW, 'tpm-crb') as domain:
                domain.agent.check('cat /sys/class/tpm/tpm0/pcr-sha256/0')
            assert len(slow.started) == 2, 'swtpm_setup and the domain'
        os.unlink(CONF)
    finally:
        os.rename(CONF + '.away', CONF)


@contextlib.contextmanager
def system_log():
    """A socket that gets what programs say to syslog."""
    path = os.path.realpath('/dev/log')
    if os.path.exists(path):
        tap.skip('there is a system log')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(path)
        log.settimeout(10)
        try:
            yield log
        finally:
            os.unlink(path)


def launcher(*arguments):
    return subprocess.run([f'{BIN}/swtpm', 'socket', '--tpm2', *arguments], capture_output=True,
                          text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)


@tap.case('wrong settings stop no probe of what swtpm can do; where they stop a TPM the log of the '
          'system says why')
def _():
    state = f'dir=/run/deepquote/swtpm/{PLAIN}/tpm2'
    good = launcher('--print-capabilities')
    assert good.returncode == 0 and 'tpm-2.0' in good.stdout, good
    os.rename(CONF, CONF + '.away')
    try:
        for make, word in ((lambda: write(CONF, 'colour=blue\n'), 'line 1'),
                           (lambda: write(CONF, 'manager=/x timeout=5\n'), 'a second setting'),
                           (lambda: write(CONF, f'uuid={PLAIN}\n'), 'of every VM'),
                           (lambda: os.symlink(CONF, CONF), 'cannot read')):
            make()
            done = launcher('--print-capabilities')
            tap.equal((done.returncode, done.stdout), (0, good.stdout))
            with system_log() as log:
                done = launcher('--tpmstate', state, '--print-capabilities')
                tap.equal((done.returncode, done.stdout), (0, good.stdout))
                done = launcher('--tpmstate', state, '--server', 'type=tcp,port=1')
                tap.equal(done.returncode, 2)
                said = log.recv(4096).decode()
            assert word in done.stderr and CONF in done.stderr, done.stderr
            assert said.startswith('<27>') and said.split(': ', 1)[1] in done.stderr, said
            os.unlink(CONF)
    finally:
        os.rename(CONF + '.away', CONF)


@tap.case('the hook registers a domain when it starts, and disables it when it is gone')
def _():
    for vm in manager.admin('list')['vms']:
        manager.ctl('rule', vm['uuid'], '--rule', 'unit')  # or tss owns one by the rule "user"
    with Domain('dq-hooked', HOOKED, 'tpm-crb') as domain:
        vm = manager.vm(HOOKED)
        tap.equal((vm['rule'], vm['name'], vm['owner']),
                  ('libvirt', 'dq-hooked', pwd.getpwnam('tss').pw_uid))
        # AppArmor confines nothing in here: the rule holds for no domain
        status, _, said = domain.agent.run('tpm2_deepquote --host-pcr-list sha256:0 '
                                           '--host-pcrs-out /tmp/pcrs')
        assert status == 1 and '0x502' in said, said
        manager.ctl('rule', HOOKED, '--rule', 'user', '--owner', 'tss')
        expect_authentic(domain, 'dq-hooked')
    manager.ctl('rule', HOOKED, '--rule', 'libvirt', '--owner', 'tss')
    assert manager.vm(HOOKED)['enabled'], 'it is off, and defined'
    virsh('undefine', 'dq-hooked')
    with Domain('dq-plain', PLAIN, 'tpm-crb'):
        pass
    assert not manager.vm(HOOKED)['enabled'], 'it is gone'


def write(path, text):
    write_bytes(path, text.encode('ascii'))


def write_bytes(path, data):
    with open(path, 'wb') as f:
        f.write(data)


def prepare():
    """Outside: what the namespaces need is made with the rights and paths of the caller."""
    why = namespace.obstacle()
    if why is not None:
        skip_all(why)
    make_guest_image()
    accelerator()


if not namespace.inside():
    prepare()
namespace.enter()
os.makedirs(MANAGER_DIR)
install_launcher()
write(CONF, f'manager={defaults.SOCKET}\n')
manager = Host('/run/deepquote', sockets=MANAGER_DIR)
with manager, Libvirtd():
    tap.main()
