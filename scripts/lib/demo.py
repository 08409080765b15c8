# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration: one host, one guest, one verifier. Run by scripts/demo."""
import argparse
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
import uuid

from host import PCR_LIST, Host
from process import run
from programs import program
from unit import can_start
from verifier import Store, verify
from vm import Vm

BOOT_PCRS = 'sha256:0,1,2,3,4,5,6,7,8,9'
VTPM_PCRS = BOOT_PCRS + ',10'  # IMA's too
# What the guest's kernel measures, and a program of the guest's
IMA_POLICY = 'measure func=BPRM_CHECK mask=MAY_EXEC'
BACKUP = '/usr/bin/backup'
GUEST_LOGS = {'boot.log': '/sys/kernel/security/tpm0/binary_bios_measurements',
              'ima.log': '/sys/kernel/security/ima/binary_runtime_measurements'}
OVMF = '/usr/share/ovmf/OVMF.fd'
EVENTS_SHOWN = 6
WIDTH = 120  # of a line
CHANGED_EVENT = ('4 boot loader: grub 2.06', '4 boot loader: something else')


def say(text=''):
    print(text, flush=True)


def step(title):
    say(f'\n== {title}')


def indented(text):
    for line in text.splitlines():
        say('   ' + line)


def flip_bit(source, target, name):
    """Copies a quote and flips the last bit of one of its files."""
    shutil.copytree(source, target)
    path = os.path.join(target, name)
    with open(path, 'rb') as f:
        data = bytearray(f.read())
    data[-1] ^= 1
    with open(path, 'wb') as f:
        f.write(data)


class Demo:
    """The running parts and what the verifier holds."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.uuid = str(uuid.uuid4())
        self.parts = []
        self.store = self.policy = self.challenge = self.vm = self.profile = self.roots = None
        self.quote = os.path.join(directory, 'quote')
        self.right = 0

    def start(self, part):
        self.parts.append(part)
        return part.start()

    def host(self):
        step('The host')
        manager = Host(self.directory, can_start(), keep=self.options.keep)
        self.roots = manager.certify()
        self.manager = self.start(manager)
        say('   stand-in TPM   a swtpm, NOT hardware: it shows how things work, and protects '
            'nothing')
        say('   its maker      a local CA: it has certified the endorsement key')
        say('   its PCRs       extended as a firmware would, by the events in stand-in-tpm/events')
        say(f'   vtpm-managerd  process {manager.process.pid}, the only user of that TPM')
        manager.register(self.uuid, 'demo')
        say(f'   registered     VM {self.uuid}')

    def enrolment(self):
        step('The verifier makes its store; the host proves whose key it signs with')
        _, _, self.policy = self.manager.enrol(
            os.path.join(self.directory, 'verifier'), self.uuid)
        self.store = Store(os.path.join(self.directory, 'verifier', 'store'))
        said = self.store.enrol_by_proof(self.manager, self.roots)
        self.store.expect(self.uuid, '--name', 'demo')
        say(f'   store          {self.store.path}')
        say('   the proof      the TPM that its maker certified has answered for this key:')
        indented(said.rstrip())
        say(f'   expected       VM {self.uuid}')
        say(f'   policy         the values that the host PCRs {PCR_LIST} have now')

    def guest(self):
        step('The guest')
        vtpm = self.start(self.manager.vtpm(self.uuid))
        vm = Vm(self.directory, self.options.device, vtpm.control, keep=self.options.keep,
                firmware=OVMF if self.options.uefi else None)
        if self.manager.units:
            say(f'   its vTPM       {vtpm.unit}')
        began = time.monotonic()
        self.vm = self.start(vm)
        agent = vm.agent
        say(f'   QEMU           {vm.accel}, {self.options.device}; up after '
            f'{time.monotonic() - began:.1f} s')
        say(f'   its firmware   {"OVMF" if self.options.uefi else "SeaBIOS"}')
        say('   its kernel     ' + agent.check('uname -sr').decode().strip())
        say('   its TPM        ' + agent.check(
            'echo "TPM $(cat /sys/class/tpm/tpm0/tpm_version_major).0, '
            '$(ls /dev/tpm0 /dev/tpmrm0 | xargs)"').decode().strip())
        first = agent.check('cat /sys/class/tpm/tpm0/pcr-sha256/0').decode().strip().lower()
        say(f'   its PCR 0      {first}')
        agent.check(f'echo "{IMA_POLICY}" >/sys/kernel/security/ima/policy')
        say('   it measures    each program that it runs, into PCR 10')
        self.write_backup('tar c /root')

    def deepquote(self, to):
        """A fresh challenge, and the guest's quote for it in the directory `to`."""
        challenge = self.store.challenge()
        began = time.monotonic()
        said = self.vm.agent.deepquote(challenge, VTPM_PCRS, PCR_LIST, to)
        return challenge, said, time.monotonic() - began

    def write_backup(self, command):
        """Puts a program into the guest, and runs it."""
        self.vm.agent.check(f'echo "#!/bin/sh\n{command} >/tmp/backup" >{BACKUP}.new && '
                            f'chmod +x {BACKUP}.new && mv {BACKUP}.new {BACKUP} && {BACKUP}')

    def logs(self, to):
        """What the guest measured, into the directory `to`; tpm2_checkdeepquote's options."""
        for name, path in GUEST_LOGS.items():
            with open(os.path.join(to, name), 'wb') as f:
                f.write(self.vm.agent.check(f'cat {path}'))
        return ['-e', os.path.join(to, 'boot.log'), '--ima', os.path.join(to, 'ima.log')]

    def first_quote(self):
        step('The guest asks for a deep quote')
        self.challenge, said, seconds = self.deepquote(self.quote)
        say('   # tpm2_deepquote --ak-create --ak-public ak.pub -q '
            f'{self.challenge[:16]}... -l {VTPM_PCRS} \\')
        say(f'       --host-pcr-list {PCR_LIST} -m quote.msg -s quote.sig -o pcrs.bin '
            '--evidence evidence.bin')
        indented(said)
        size = os.path.getsize(os.path.join(self.quote, 'evidence.bin'))
        say(f'   {size} bytes of evidence; quoted and carried out in {seconds:.1f} s')

    def verify(self, quote, challenge, *options):
        return verify(quote, challenge, '--allow-simulated', *options, policy=self.policy,
                      store=self.store.path)

    def merely_authentic(self):
        step('The verifier checks it; nobody has told it yet which key this VM signs with')
        verdict = self.verify(self.quote, self.challenge)
        indented(verdict.text)
        self.right += verdict.authentic

    def trusted(self):
        step("The operator takes over the VM's key; another challenge, another deep quote")
        self.store.run('vm', 'remove', self.uuid)
        self.store.expect(self.uuid, '--name', 'demo', '--ak', os.path.join(self.quote, 'ak.pub'))
        shutil.rmtree(self.quote)
        self.challenge, _, _ = self.deepquote(self.quote)
        verdict = self.verify(self.quote, self.challenge)
        indented(verdict.text)
        self.right += verdict.trusted

    def record_profile(self):
        """The guest as it is now becomes what is expected of it."""
        self.profile, pcrs = (os.path.join(self.directory, 'verifier', name)
                              for name in ('vm.profile', 'vm-pcrs'))
        with open(pcrs, 'wb') as f:
            f.write(self.vm.agent.check(
                'cd /sys/class/tpm/tpm0/pcr-sha256 && '
                'for i in *; do echo sha256 $i $(cat $i); done'))
        options = self.logs(self.quote)
        run([program('tpm2_checkdeepquote'), 'profile', 'record', '--name', 'demo', '--boot',
             'as installed', '--pcrs', pcrs, '-l', BOOT_PCRS, '--ima', options[-1], '-o',
             self.profile])

    def appraise(self, to):
        """The Verdict on a new deep quote with logs, against the profile."""
        challenge, _, _ = self.deepquote(to)
        return self.verify(to, challenge, '--vm-profile', self.profile, *self.logs(to))

    def show_events(self):
        """The first events of the guest's firmware, in words."""
        shown = run([program('tpm2_checkdeepquote'), 'eventlog', 'show',
                     os.path.join(self.quote, 'boot.log')]).stdout.splitlines()
        say('   # tpm2_checkdeepquote eventlog show boot.log')
        for line in shown[:1 + EVENTS_SHOWN]:
            say('   ' + line[:WIDTH].rstrip())
        say('   ...')

    def explained(self):
        step('What the VM booted and runs becomes its profile; its logs have to lead to its PCRs')
        self.record_profile()
        self.show_events()
        verdict = self.appraise(os.path.join(self.directory, 'explained'))
        for line in verdict.text.splitlines():
            if line[2:5] == 'vm-' or line == verdict.last:
                say('   ' + line)
        self.right += verdict.trusted

    def refusal(self, what, verdict, reason):
        """One line for a refusal; whether it came, and for the expected reason."""
        right = verdict.word == reason
        got = verdict.last.removeprefix('verdict: ') or f'status {verdict.status}'
        say(f'   {"✓" if right else "✗"} {what:<46} {got}'
            + ('' if right else f'; expected: refused ({reason})'))
        self.right += right

    def refusals(self):
        step('What the verifier refuses')
        self.refusal('the same quote, its challenge used',
                     self.verify(self.quote, self.challenge), 'wrong-nonce')
        self.refusal('the same quote shown for a new challenge',
                     self.verify(self.quote, self.store.challenge()), 'wrong-nonce')
        flipped = os.path.join(self.directory, 'flipped')
        other = os.path.join(self.directory, 'other')
        challenge, _, _ = self.deepquote(other)
        flip_bit(other, flipped, 'quote.msg')
        self.refusal("one bit of the guest's quote flipped", self.verify(flipped, challenge),
                     'bad-vtpm-quote')
        self.write_backup('tar c /root /etc')
        verdict = self.appraise(os.path.join(self.directory, 'tampered'))
        self.refusal('the VM ran a program that was changed', verdict, 'vm-files')
        for line in verdict.text.splitlines():
            if line.startswith('✗'):
                say('       ' + line[2:].split(maxsplit=1)[1])
        self.manager.stop()
        self.manager.edit_events(*CHANGED_EVENT)
        self.manager.start()
        changed = os.path.join(self.directory, 'changed')
        challenge, _, _ = self.deepquote(changed)
        self.refusal('the host booted another boot loader (PCR 4)',
                     self.verify(changed, challenge), 'policy')

    def run(self):
        self.host()
        self.enrolment()
        self.guest()
        self.first_quote()
        self.merely_authentic()
        self.trusted()
        self.explained()
        self.refusals()
        return self.right == 8

    def stop(self):
        for part in reversed(self.parts):
            part.stop()

    def tell_how_to_get_in(self):
        step('Everything is left running')
        pids = ' '.join(str(part.process.pid) for part in reversed(self.parts))
        say(f'   console  socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:{self.vm.console}')
        say('            (a root shell; leave it with Ctrl-])')
        command = [program('vtpm-managerctl'), '--socket', self.manager.admin_socket, 'list']
        say(f'   manager  {shlex.join(command)}')
        say(f'   files    {self.directory}')
        say(f'   to end   kill {pids}; rm -r {self.directory}')


def parse_options():
    parser = argparse.ArgumentParser(prog='scripts/demo', add_help=False)
    parser.add_argument('--device', choices=['tpm-tis', 'tpm-crb'], default='tpm-tis')
    parser.add_argument('--uefi', action='store_true')
    parser.add_argument('--keep', action='store_true')
    return parser.parse_args()


def main():
    options = parse_options()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    demo = Demo(options, tempfile.mkdtemp(prefix='deepquote-demo-'))
    right = False
    try:
        right = demo.run()
    except (OSError, RuntimeError) as problem:
        say(f'\nThe demonstration failed: {problem}')
    except KeyboardInterrupt:
        say('\ninterrupted')
    finally:
        if options.keep and demo.vm is not None:
            demo.tell_how_to_get_in()
        else:
            demo.stop()
            shutil.rmtree(demo.directory)
    say()
    say('verdict: trusted' if right else 'verdict: the demonstration did not come out right')
    return 0 if right else 1


sys.exit(main())
