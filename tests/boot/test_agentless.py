# SPDX-License-Identifier: GPL-2.0-or-later
"""Deep quotes of twenty running VMs that have no agent: asked for at once they share the host's
quotes, and the script of docs/howto/agentless.md, as the page has it, tells who is trusted."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap

import documented
import namespace
import tap
from fleet import Fleet
from gate import quotes, waiting
from host import PCR_LIST
from process import spawn
from programs import program
from verifier import Store

QEMU = os.environ.get('QEMU_SYSTEM_X86_64')
COUNT = 20
ALONE = "verdict: trusted, the host alone vouches for the guest's PCRs"

# What stands for the host behind ssh, and for its libvirt
SSH = """#!/bin/sh
test "$1" = -n && test "$2" = host1 || exit 255
exec sh -c "$3"
"""
VIRSH = """#!{python}
import json, socket, sys
*options, uuid, request = sys.argv[1:]
assert options == ['--connect', 'qemu:///system', 'qemu-monitor-command'], options
with socket.socket(socket.AF_UNIX) as s:
    try:
        s.connect('{monitors}/' + uuid)
    except FileNotFoundError:
        sys.exit('error: failed to get domain')
    lines = s.makefile('rw')
    for line in (None, json.dumps({{'execute': 'qmp_capabilities'}}), request):
        if line:
            lines.write(line + chr(10))
            lines.flush()
        answer = lines.readline()
        while line and 'event' in json.loads(answer):
            answer = lines.readline()
    print(answer)
"""
# The paths of the page, for one run
PLACES = """
mount -t tmpfs tmpfs /run && cp -a /etc /run/etc && mount --bind /run/etc /etc &&
mount -t tmpfs tmpfs /var/lib && mkdir /etc/attest /run/attest /var/lib/attest &&
cp vms agentless.policy /etc/attest && touch /var/lib/attest/fleet.db &&
mount --bind fleet.db /var/lib/attest/fleet.db && exec ./attest-all
"""


class Verifier:
    """It knows the host and all of its VMs, and has the script."""

    def __init__(self, fleet):
        self.folder = fleet.path('verifier')
        _, key, policy = fleet.host.enrol(self.folder, fleet.vms[0].uuid)
        self.store = Store(self.path('fleet.db'))
        self.store.run('host', 'add', key)
        with open(policy, encoding='ascii') as f:
            values = [line for line in f if line.startswith('host-pcr ')]
        self.write('agentless.policy', ''.join(values) + 'allow-host-vouched any\n')
        for vm in fleet.vms:
            self.store.expect(vm.uuid)
        self.list(fleet.vms)
        self.bin = self.path('bin')
        os.mkdir(self.bin)
        os.mkdir(self.path('monitors'))
        for vm in fleet.vms:
            os.symlink(vm.monitor, self.path('monitors', vm.uuid))
        for name in ('tpm2_checkdeepquote', 'vtpm-managerctl'):
            os.symlink(program(name), os.path.join(self.bin, name))
        self.write('bin/ssh', SSH, 0o755)
        self.write('bin/virsh', VIRSH.format(python=sys.executable, monitors=self.path('monitors')),
                   0o755)
        self.write('attest-all',
                   textwrap.dedent(documented.block('agentless.md', 'All VMs, by a timer')), 0o755)

    def path(self, *name):
        return os.path.join(self.folder, *name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)
        os.chmod(f.name, mode)

    def list(self, vms):
        """Those that the script is to ask."""
        self.write('vms', ''.join(f'{vm.uuid} host1\n' for vm in vms))

    def verify(self, folders, *options):
        """(exit status, standard output) of the verification of folders."""
        done = subprocess.run(
            [program('tpm2_checkdeepquote'), '--store', self.store.path, '--policy',
             self.path('agentless.policy'), *options, *folders], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def attest_all(self):
        """The same of the page's script."""
        temporary = self.path('tmp')
        os.makedirs(temporary, exist_ok=True)
        env = dict(os.environ, PATH=f'{self.bin}:{os.environ["PATH"]}', TMPDIR=temporary)
        done = subprocess.run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c',
                               PLACES], cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=120)
        tap.equal(os.listdir(temporary), [], 'left behind')
        os.rmdir(temporary)
        return done.returncode, done.stdout + done.stderr


def start_asking(vm, nonce):
    return spawn([program('vtpm-managerctl'), 'vm', 'quote', vm.uuid, '--qmp', vm.monitor,
                  '--nonce', nonce, '--host-pcrs', PCR_LIST, '--output', vm.quote],
                 os.path.join(vm.folder, 'asked'))


def cases(fleet, verifier):
    @tap.case(f'{COUNT} running VMs asked at once: two quotes of the host\'s TPM, all are trusted')
    def _():
        before = quotes(fleet.host)
        fleet.gate.held = True
        asked = []
        try:
            for vm in fleet.vms:
                asked.append(start_asking(vm, verifier.store.run(
                    'challenge', '--vm', vm.uuid).strip()))
                if vm is fleet.vms[0]:
                    fleet.gate.wait()
            waiting(fleet.host, COUNT - 1)
        finally:
            fleet.gate.leave_open()
        tap.equal([process.wait(60) for process in asked], [0] * COUNT)
        after = quotes(fleet.host)
        tap.equal({name: after[name] - before[name] for name in ('answered', 'hardware-quotes')},
                  {'answered': COUNT, 'hardware-quotes': 2})
        status, said = verifier.verify([vm.quote for vm in fleet.vms], '--json')
        tap.equal(status, 0, said)
        verdicts = [json.loads(line) for line in said.splitlines()]
        tap.equal([(v['verdict'], v['vouchedBy']) for v in verdicts], [('trusted', 'host')] * COUNT)
        tap.equal([int(v['batch']['treeSize']) for v in verdicts], [1] + [COUNT - 1] * (COUNT - 1))
        tap.equal([v['vm']['uuid'] for v in verdicts], [vm.uuid for vm in fleet.vms])
        status, said = verifier.verify([fleet.vms[0].quote])
        assert status == 1 and 'wrong-nonce' in said, 'a challenge was good twice'

    @tap.case('the script of the page, hour after hour, with VMs that are paused')
    def _():
        for vm in fleet.vms[::2]:
            vm.machine.qmp('stop')
        for _ in range(2):
            status, said = verifier.attest_all()
            tap.equal(status, 0, said)
            tap.equal(said.count(ALONE), COUNT, said)

    @tap.case('it fails for a VM that is away, and tells of the others all the same')
    def _():
        fleet.vms[5].stop()
        verifier.list(fleet.vms[4:7])
        status, said = verifier.attest_all()
        assert status != 0, said
        assert f'{fleet.vms[5].uuid}: no quote\n' in said, said
        tap.equal(said.count(ALONE), 2, said)
        verifier.list(fleet.vms[5:6])
        status, said = verifier.attest_all()
        assert status != 0 and ALONE not in said, said

    @tap.case('it fails for a VM whose firmware measured something else than the policy has')
    def _():
        with open(verifier.path('agentless.policy'), 'a', encoding='ascii') as f:
            f.write(f'vtpm-pcr sha256:0 {"5a" * 32}\n')
        verifier.list(fleet.vms[:2])
        status, said = verifier.attest_all()
        tap.equal(status, 1, said)
        tap.equal(said.count('verdict: refused (policy)'), 2, said)


def obstacle():
    """Why it cannot be tried here, or None."""
    if not QEMU:
        return 'name our QEMU by QEMU_SYSTEM_X86_64: no other asks'
    return namespace.obstacle(('unshare', 'setpriv'))


def main():
    reason = obstacle()
    if reason:
        @tap.case('deep quotes of many VMs')
        def _():
            tap.skip(reason)
        tap.main()
        return
    folder = tempfile.mkdtemp(prefix='fleet-')
    try:
        with Fleet(folder, QEMU, COUNT) as fleet:
            cases(fleet, Verifier(fleet))
            tap.main()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()
