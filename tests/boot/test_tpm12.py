# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel with tpm-tis and a TPM 1.2 under SeaBIOS: TrouSerS owns it, and its deep quote
with both logs is trusted; in one hardware quote with a guest that has a TPM 2.0."""
import contextlib
import os
import shutil
import sys
import tempfile
import threading
import uuid

import eventlog
import tap
import tcsd
import trousers_guest
import vm
from client import Binding
from fleet import as_user
from gate import Asker, Gate, waiting
from host import PCR_LIST, Host
from machine import Machine, make_guest_image
from process import run
from programs import built, program
from relay import QUOTE, Relay
from swtpm import Swtpm
from users import owner_of
from verifier import Store, verify

QEMU = os.environ.get('QEMU_SYSTEM_X86_64', '/usr/bin/qemu-system-x86_64')
SECONDS = 300
PCRS = '0,1,2,3,4,5,6,7,8,9,10'
BOOT_LOG = '/sys/kernel/security/tpm0/binary_bios_measurements'
IMA_LOG = '/sys/kernel/security/ima/binary_runtime_measurements'
FILES = ('evidence.bin', 'quote.msg', 'quote.sig', 'pcrs.bin')


def content(path):
    with open(path, 'rb') as f:
        return f.read()


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data)
    return path


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1:]


class BootedVm:
    """A VM with a vTPM of a user of its own. version: of its TPM"""

    def __init__(self, setting, version):
        self.uuid = str(uuid.uuid4())
        self.owner = owner_of(self.uuid)
        self.folder = setting.path('vm-' + version)
        os.mkdir(self.folder)
        setting.host.introduce(self.uuid, self.owner)
        self.vtpm = Swtpm(self.folder, setting.path('swtpm-deepquote'),
                          f'manager={setting.host.socket},uuid={self.uuid}', version)
        run(['swtpm_setup', *(['--tpm2'] if version == '2.0' else []), '--tpmstate',
             self.vtpm.state, '--createek', '--logfile', os.path.join(self.folder, 'setup.log'),
             '--runas', 'root'])
        for folder in (self.folder, self.vtpm.state):
            for name in ('.', *os.listdir(folder)):
                os.chown(os.path.join(folder, name), self.owner, self.owner)
        self.vtpm.argv = as_user(self.owner) + self.vtpm.argv
        self.machine = Machine(
            self.folder, QEMU, vm.accelerator(), 'tpm-tis', self.vtpm.control,
            ['-machine', 'pc', '-m', '384', '-kernel', built('guest', 'vmlinuz'), '-initrd',
             setting.image, '-append', f'{vm.COMMAND_LINE} ima_policy=tcb'], port=True)

    def start(self):
        self.vtpm.start()
        self.machine.start()

    def stop(self):
        self.machine.stop()
        self.vtpm.stop()


class Setting:
    """One host, a VM with a TPM 1.2, one with a TPM 2.0, and a verifier that knows them."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='boot-tpm12-')
        os.chmod(self.folder, 0o755)
        self.parts = contextlib.ExitStack()
        self.vms = []
        self.image = self.path('initramfs')
        self.guest = self.log = self.ima = None

    def path(self, *name):
        return os.path.join(self.folder, *name)

    def start(self):
        make_guest_image()
        trousers_guest.make_image(self.image)
        for name in ('swtpm-deepquote', 'module.so'):
            shutil.copy2(built('swtpm-deepquote', name), self.path(name))
        self.relay = self.parts.enter_context(Relay())
        self.gate = Gate(self.relay)
        self.gate.held = False
        self.host = Host(self.path('host'), tcti=self.relay.tcti).start()
        self.parts.callback(self.host.stop)
        for version in ('1.2', '2.0'):
            one = BootedVm(self, version)
            self.vms.append(one)
            self.parts.callback(one.stop)
            one.start()
        self.guest = trousers_guest.TrousersGuest(self.vms[0].machine.agent(SECONDS))

    def expect(self, name, public):
        """A verifier that expects the VM with this key."""
        self.store = Store(self.path(name + '.store'))
        self.store.enrol(write(self.path('host.key'),
                               bytes.fromhex(self.host.admin('ak')['public'])))
        self.store.expect(self.vms[0].uuid, '--ak', public)

    def quote(self, **key):
        challenge = self.store.challenge()
        self.guest.quote(challenge, PCRS, PCR_LIST, self.path('quote'), **key)
        return challenge

    def write_policy(self, name, *lines):
        values = content(self.path('quote', 'evidence.bin'))[-34 * 8:]
        text = ''.join(line + '\n' for line in lines)
        for i in range(8):
            text += f'host-pcr sha256:{i} {values[34 * i + 2:34 * (i + 1)].hex()}\n'
        return write(self.path(name), text.encode())

    def read_logs(self):
        """As they are after the quote, for what went into it."""
        self.log = write(self.path('boot.log'), self.guest.agent.check(f'cat {BOOT_LOG}'))
        self.ima = write(self.path('ima.log'), self.guest.agent.check(f'cat {IMA_LOG}'))

    def check(self, challenge, *options, policy=None):
        policy = policy or self.write_policy('policy', 'allow-tpm12')
        return verify(self.path('quote'), challenge, '--allow-simulated', *options,
                      uuid=self.vms[0].uuid, store=self.store.path, policy=policy)

    def verdict(self, *options, **how):
        return self.check(self.quote(), *options, **how)

    def end(self):
        self.parts.close()
        shutil.rmtree(self.folder)


setting = Setting()


@tap.case('SeaBIOS starts the TPM 1.2, and the kernel takes it')
def _():
    setting.start()
    guest = setting.guest
    tap.equal(os.path.basename(guest.text('readlink /sys/class/tpm/tpm0/device/driver')), 'tpm_tis')
    caps = guest.text('cat /sys/class/tpm/tpm0/device/caps /sys/class/tpm/tpm0/caps 2>/dev/null')
    assert 'TCG version: 1.2' in caps, caps


@tap.case('its event log, in the form of TPM 1.2, leads to the PCRs of the firmware')
def _():
    setting.read_logs()
    events = eventlog.parse_legacy(content(setting.log))
    assert events, 'it is empty'
    shown = setting.guest.text('cat /sys/class/tpm/tpm0/device/pcrs /sys/class/tpm/tpm0/pcrs '
                               '2>/dev/null | grep -E "^PCR-0[0-7]"').splitlines()
    got = eventlog.replay(events, 'sha1', range(8))
    tap.equal([bytes.fromhex(line.split(':')[1]) for line in shown[:8]], got)


@tap.case("TrouSerS's programs own the TPM and show it")
def _():
    guest = setting.guest
    guest.start_tcsd()
    assert 'Chip Version:        1.2' in guest.text('tpm_version')
    guest.text('tpm_takeownership -y -z')
    assert 'Public Key' in guest.text('tpm_getpubek -z')


@tap.case('an identity key is made and activated')
def _():
    for name in ('aik', 'other'):
        setting.guest.text(f'cd /tmp && tpm_deepquote --aik-create -y -z -b {name}.blob '
                           f'--aik-public {name.replace("aik", "ak")}.pub')
    for name in ('ak.pub', 'other.pub'):
        write(setting.path(name), setting.guest.agent.check(f'cat /tmp/{name}'))
    tap.equal(setting.guest.text('stat -c %a /tmp/aik.blob'), '600')


@tap.case('while tcsd has the device, the message names it and says what to do')
def _():
    status, _, said = setting.guest.agent.run(
        f'cd /tmp && tpm_deepquote -z -b aik.blob -q {"5a" * 20} -p 0 --host-pcr-list sha256:0 '
        '-m m -s s --evidence e')
    tap.equal(status, 1, said)
    pid = setting.guest.text('pidof tcsd').split()
    assert any(f'/dev/tpm0: tcsd (process {n}) has it' in said for n in pid), (said, pid)
    assert 'systemctl stop tcsd' in said, said
    setting.guest.stop_tcsd()


@tap.case('the deep quote with both logs is trusted')
def _():
    setting.expect('own', setting.path('ak.pub'))
    # what is in an initramfs is measured by no policy that is built in
    setting.guest.text("echo 'measure func=BPRM_CHECK mask=MAY_EXEC' "
                       '>/sys/kernel/security/ima/policy; ls >/dev/null')
    challenge = setting.quote()
    setting.read_logs()
    assert b'/bin/busybox' in content(setting.ima), 'IMA measured nothing'
    verdict = setting.check(challenge, '-e', setting.log, '--ima', setting.ima)
    tap.equal(verdict.word, 'trusted', verdict.text)
    assert '(TPM 1.2, signed with SHA-1)' in verdict.last, verdict.last


@tap.case('a flipped bit in what the guest hands over, or in a log, is refused')
def _():
    for name in FILES:
        challenge = setting.quote()
        path = setting.path('quote', name)
        policy = setting.write_policy('policy', 'allow-tpm12')
        write(path, flipped(content(path)))
        tap.equal(setting.check(challenge, policy=policy).status, 1, name)
    for option, reason, path in (('-e', 'vm-event-log', setting.log),
                                 ('--ima', 'vm-ima', setting.ima)):
        challenge = setting.quote()
        setting.read_logs()
        write(path, flipped(content(path)))
        verdict = setting.check(challenge, option, path)
        tap.equal((verdict.status, reason in verdict.text), (1, True), verdict.text)


@tap.case('another nonce is refused')
def _():
    setting.quote()
    tap.equal(setting.check(setting.store.challenge()).word, 'wrong-nonce')


@tap.case('it is refused where the policy does not allow SHA-1 of a TPM 1.2')
def _():
    challenge = setting.quote()
    policy = setting.write_policy('plain', 'allow-sha1')
    tap.equal(setting.check(challenge, policy=policy).word, 'bad-vtpm-signature')


@tap.case('another identity key of the same TPM is another one')
def _():
    challenge = setting.quote(blob='other.blob', public='other.pub')
    tap.equal(setting.check(challenge).word, 'wrong-vm')


@tap.case('its deep quote and that of a guest with a TPM 2.0 are in one hardware quote')
def _():
    agent = setting.vms[1].machine.agent(SECONDS)
    files = [setting.path('quote', 'evidence.bin'), setting.path('two', 'evidence.bin')]
    jobs = [threading.Thread(target=setting.quote),
            threading.Thread(target=agent.deepquote,
                             args=('5a' * 32, 'sha256:0', PCR_LIST, setting.path('two')))]
    before = setting.relay.counts.get(QUOTE, 0)
    setting.gate.held = True
    with Asker(setting.host) as asker:
        asker.ask()  # the others wait for its quote to end
        setting.gate.wait()
        for job in jobs:
            job.start()
        waiting(setting.host, 2)
        setting.gate.leave_open()
        asker.answer()
        for job in jobs:
            job.join(SECONDS)
    bindings = [Binding(content(path)) for path in files]
    tap.equal([b.tree_size for b in bindings], [2, 2])
    tap.equal({b.leaf_index for b in bindings}, {0, 1})
    tap.equal(bindings[0].host_quoted, bindings[1].host_quoted)
    tap.equal(setting.relay.counts[QUOTE] - before, 2)


def why_not():
    if not os.path.exists(program('tpm_deepquote')):
        return 'built without TrouSerS: scripts/setup, then configure anew'
    return tcsd.obstacle()


if why_not():
    print(f'1..0 # SKIP {why_not()}')
    sys.exit(0)
try:
    tap.main()
finally:
    setting.end()
