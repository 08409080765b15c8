# SPDX-License-Identifier: GPL-2.0-or-later
"""The verifier of a host's deep quotes, outside: all it has is what came from the host."""
import os

from host import PCR_LIST, write_policy
from verifier import Store, verify

VTPM_PCRS = 'sha256:0,1,2,3,4,5,6,7'


class Verifier:
    """Knows the attestation key of `host`, a DebianHost, and its PCRs of now."""

    def __init__(self, host):
        self.host = host
        self.directory = host.path('verifier')
        os.makedirs(self.directory)
        self.store = Store(self.path('store'))
        host.text('cd /tmp && vtpm-managerctl ak --output host-ak.pub')
        self.store.enrol(self.fetch('host-ak.pub'))

    def path(self, name):
        return os.path.join(self.directory, name)

    def fetch(self, name):
        """Takes a file of the host's /tmp along; its path here."""
        with open(self.path(name), 'wb') as f:
            f.write(self.host.data(f'cat /tmp/{name}'))
        return self.path(name)

    def host_pcrs(self):
        """The values of the host's PCRs 0 to 7, as the kernel has them."""
        return bytes.fromhex(self.host.text(
            "cat $(printf '/sys/class/tpm/tpm0/pcr-sha256/%s ' 0 1 2 3 4 5 6 7)"))

    def deepquote(self, vm, options='', **files):
        """The Verdict on a deep quote of a VM whose vTPM is a unit, for a new challenge.

        options: of tpm2_deepquote, in addition
        files: {option of tpm2_checkdeepquote, with _ for -: name in the host's /tmp}, of what
            goes with the quote, such as a log, or what these options ask for
        """
        policy, quote = self.path('policy'), self.path('quote')
        write_policy(policy, vm.uuid, self.host_pcrs())
        challenge = self.store.challenge()
        self.host.agent.deepquote(challenge, VTPM_PCRS, PCR_LIST, quote, 180, vm.tcti,
                                  options)
        checks = [word for option, name in files.items()
                  for word in ('--' + option.replace('_', '-'), self.fetch(name))]
        return verify(quote, challenge, '--allow-simulated', *checks, policy=policy,
                      store=self.store.path)

    def expect(self, vm):
        """Takes the key that the last deep quote was signed with for the VM's own."""
        self.store.expect(vm.uuid, '--ak', self.path('quote/ak.pub'))
