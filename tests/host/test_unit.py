# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest whose TPM is a unit: our packages' manager and units run in a systemd of our own, and a
Linux boots on this machine, not in another emulated one. Its quotes are verified with a store."""
import os
import subprocess
import tempfile

import own_systemd
import tap
from debian import packages, running_release
from host import PCR_LIST, Host
from machine import make_guest_image
from process import run, wait_until
from protocol import UUID
from verifier import Store, verify
from vm import Vm

UNIT = f'swtpm-deepquote@{UUID}.service'
SOCKET = f'/run/swtpm-deepquote/{UUID}.sock'
CREDENTIAL = '/etc/credstore.encrypted/eh-auth'
VTPM_PCRS = 'sha256:0,1,2,3,4,5,6,7'

own_systemd.enter(lambda: packages(running_release()).values())


class Installed:
    """The manager of the packages, as Host.enrol takes one."""
    enrol = Host.enrol

    @staticmethod
    def ctl(*arguments):
        return run(['vtpm-managerctl', *arguments], timeout=120)


def show(name):
    """A property of the unit."""
    return run(['systemctl', 'show', '--value', '--property', name, UNIT]).stdout.strip()


def verdict_of(vm, to):
    """On a deep quote that the guest makes for a new challenge, by all that is in the store."""
    challenge = store.challenge()
    vm.agent.deepquote(challenge, VTPM_PCRS, PCR_LIST, to)
    return verify(to, challenge, '--allow-simulated', policy=policy, store=store.path)


@tap.case('the manager of the packages runs as a unit, and makes the TPM of a VM')
def _():
    own_systemd.start_manager()
    tap.equal(run(['systemctl', 'is-active', 'vtpm-managerd']).stdout.strip(), 'active')
    run(['vtpm-managerctl', 'vm', 'new', UUID, '--name', 'guest', '--qemu-group', 'root'],
        timeout=120)
    tap.equal(show('ActiveState'), 'inactive')


def give(value):
    """Has the manager's unit started with a value of the endorsement hierarchy, kept encrypted."""
    run(['install', '-d', '-m', '0700', os.path.dirname(CREDENTIAL)])
    run(['sh', '-c', f"printf %s '{value}' | systemd-creds encrypt --with-key=host "
         f'--name=eh-auth - {CREDENTIAL}'])
    return subprocess.run(['systemctl', 'restart', 'vtpm-managerd'], check=False).returncode


@tap.case('what the TPM is to be told is kept encrypted, and the unit hands it to the manager')
def _():
    assert give('hex:0') != 0
    said = run(['journalctl', '-u', 'vtpm-managerd', '-n', '20']).stdout
    assert 'credential eh-auth' in said, said
    run(['systemctl', 'stop', 'vtpm-managerd'])
    tap.equal(give('str:a secret'), 0)
    with open(CREDENTIAL, 'rb') as f:
        assert b'secret' not in f.read()
    os.unlink(CREDENTIAL)
    run(['systemctl', 'restart', 'vtpm-managerd'], timeout=120)


@tap.case('a guest starts the unit; its deep quote is authentic, and trusted once its key is known')
def _():
    global store, policy
    make_guest_image()
    store = Store(os.path.join(directory, 'store'))
    _, key, policy = Installed().enrol(os.path.join(directory, 'verifier'), UUID)
    store.enrol(key)
    with Vm(directory, 'tpm-crb', SOCKET) as vm:
        tap.equal(show('ActiveState'), 'active')
        assert int(run(['stat', '-c', '%u', f'/proc/{show("MainPID")}']).stdout) > 60000
        quote = os.path.join(directory, 'quote')
        verdict = verdict_of(vm, quote)
        print('#', verdict.last)
        assert verdict.authentic, verdict
        store.expect(UUID, '--ak', os.path.join(quote, 'ak.pub'))
        verdict = verdict_of(vm, quote)
        print('#', verdict.last)
        assert verdict.trusted, verdict


@tap.case('the unit ends with the guest')
def _():
    wait_until(lambda: show('ActiveState') == 'inactive', 'the unit ends')
    tap.equal(show('Result'), 'success')


store = policy = None
with tempfile.TemporaryDirectory(prefix='unit-') as directory:
    tap.main()
