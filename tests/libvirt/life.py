# SPDX-License-Identifier: GPL-2.0-or-later
"""A domain whose TPM is looked at after each thing that happens to it."""
import os
import subprocess

import keepsake
import tap
from agent import GuestError
from host import PCR_LIST
from libvirtd import Domain, logs
from process import wait_until
from verifier import verify

IMAGES = '/run/deepquote'


class Life:
    """A domain with a TPM that something is left in, and what is known of it."""

    def __init__(self, manager, name, uuid, model, disk=False, **options):
        self.manager, self.name, self.uuid, self.model = manager, name, uuid, model
        self.disk = f'{IMAGES}/{name}.qcow2' if disk else None
        self.domain = Domain(name, uuid, model, disk=self.disk, **options)
        self.lasting = self.fresh = self.values = self.ak = None
        self.quotes = 0

    def own(self, owner='tss'):
        """Has the manager know the VM as that of this user, whose only one it then is."""
        known = [vm['uuid'] for vm in self.manager.admin('list')['vms']]
        for other in known:
            self.manager.ctl('rule', other, '--rule', 'unit')
        if self.uuid in known:
            self.manager.ctl('rule', self.uuid, '--rule', 'user', '--owner', owner)
        else:
            self.manager.ctl('register', self.uuid, '--owner', owner, '--name', self.name)

    def start(self):
        """For the first time; something is left in the TPM."""
        if self.disk:
            subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', self.disk, '64M'],
                           check=True)
        self.domain.__enter__()
        self.fresh = keepsake.measured(self.send())
        tap.equal(self.fresh[0], keepsake.UNUSED)
        keepsake.leave(self.send())
        self.lasting = keepsake.find(self.send())
        self.values = keepsake.measured(self.send())
        assert self.values[0] != keepsake.UNUSED, self.values
        tap.equal(self.values[1:], self.fresh[1:])

    def send(self):
        return keepsake.sender(self.domain.agent)

    def deepquote(self, pcrs='sha256:0,1,2,3,4,5,6,7,12'):
        """An authentic deep quote; returns the attestation key that the guest's TPM makes."""
        self.quotes += 1
        quote = f'/run/deepquote/{self.name}-{self.quotes}'
        nonce = os.urandom(32).hex()
        try:
            self.domain.agent.deepquote(nonce, pcrs, PCR_LIST, quote)
        except GuestError as problem:
            raise AssertionError(f'{problem}\n{logs()}') from problem
        _, key, policy = self.manager.enrol(f'/run/deepquote/verifier-{self.name}', self.uuid)
        verdict = verify(quote, nonce, host=key, policy=policy, uuid=self.uuid)
        assert verdict.authentic, verdict.text
        with open(f'{quote}/ak.pub', 'rb') as f:
            return f.read()

    def expect_refused(self, why):
        """The deep quote is refused, and the manager's log has said why."""
        status, _, said = self.domain.agent.run('tpm2_deepquote --host-pcr-list sha256:0 '
                                                '--host-pcrs-out /tmp/pcrs')
        assert status == 1 and '0x502' in said, (status, said)
        told = [line for line in self.manager.log_text().splitlines() if self.uuid in line]
        assert why in told[-1], told[-5:]

    def expect_same_tpm(self):
        tap.equal(keepsake.find(self.send()), self.lasting)
        ak = self.deepquote()
        tap.equal(ak, self.ak or ak, 'attestation key')
        self.ak = ak

    def expect_goes_on(self):
        """The guest is the one that ran before, and so is its TPM."""
        self.domain.connect()
        tap.equal(keepsake.measured(self.send()), self.values)
        self.expect_same_tpm()

    def expect_began_again(self):
        """The guest has booted with the TPM that it had. A PCR is extended for what comes next."""
        tap.equal(keepsake.measured(self.send()), self.fresh)
        self.expect_same_tpm()
        self.change_pcr()
        self.values = keepsake.measured(self.send())

    def change_pcr(self):
        keepsake.extend(self.send())

    def change_data(self):
        keepsake.write(self.send())

    def reboot(self, do):
        """Has the running machine begin again by do(), and waits for the guest. The connection
        stays: what the guest has yet to read of a request is lost where it ends."""
        before = self.boot_id()
        assert before, 'no answer'
        do()
        wait_until(lambda: self.boot_id() not in (before, None), 'the guest boots', 120)
        self.expect_began_again()

    def boot_id(self):
        """None from a guest that does not answer yet."""
        try:
            return self.domain.agent.check('cat /proc/sys/kernel/random/boot_id', 5)
        except GuestError:
            return None

    def restart(self):
        """Ends it and starts it again, by its definition of now."""
        self.domain.__exit__()
        self.domain.__enter__()

    def end(self):
        self.domain.__exit__()
