# SPDX-License-Identifier: GPL-2.0-or-later
"""The tenant of a group of VMs: an approval key, and what is signed with it."""
import os

from process import run
from programs import program

CHECK = program('tpm2_checkdeepquote')
PCRS = 'sha256:0,7'


class Tenant:
    """Who has an approval key, and the files that are made with it."""

    def __init__(self, folder, rsa=False, name='tenant'):
        self.folder, self.private = folder, os.path.join(folder, name + '.key')
        self.public = os.path.join(folder, name + '.pub')
        if rsa:
            run(['openssl', 'genpkey', '-quiet', '-algorithm', 'RSA', '-pkeyopt',
                 'rsa_keygen_bits:2048', '-out', self.private])
            run(['openssl', 'pkey', '-in', self.private, '-pubout', '-out', self.public])
        else:
            self.tool('key', '-o', self.public, self.private)

    def tool(self, *arguments, code=0):
        return run([CHECK, 'approval', *arguments], code, timeout=60).stdout

    def list(self, number, *options, group='acme', **boots):
        """The file of a signed list; boots: the file of PCRs of each."""
        plain = os.path.join(self.folder, 'list.json')
        signed = os.path.join(self.folder, f'{group}-{number}.list')
        for name, values in boots.items():
            options += '--boot', f'{name}={values}'
        self.tool('make', '--group', group, '--sequence', str(number), '-l', PCRS, '-o', plain,
                  *options)
        self.tool('sign', '-o', signed, self.private, plain)
        return signed

    def lines(self, signed):
        """For a policy."""
        shown = self.tool('show', '--key', self.public, signed)
        return [line for line in shown.splitlines() if not line.startswith('#')]
