# SPDX-License-Identifier: GPL-2.0-or-later
"""The verifier: tpm2_checkdeepquote and what it says."""
import os
import re
import subprocess

from process import Failed
from programs import program

# A deep quote's files: tpm2_checkdeepquote's option, name. ak.pub is the guest's word.
FILES = {'--guest-public': 'ak.pub', '-m': 'quote.msg', '-s': 'quote.sig', '-f': 'pcrs.bin',
         '--evidence': 'evidence.bin'}

_SAYS = (r"(?: \(stand-in TPM\))?(?: \(TPM 1\.2, signed with SHA-1\))?"
         r"(?:, the host alone vouches for the guest's PCRs)?")
_LAST = re.compile(rf'verdict: (?:(trusted){_SAYS}, host enrolled by .+|(authentic){_SAYS}|'
                   r'refused \((.+)\))')


class Verdict:
    """Exit status, standard output and error; and all of it as one word: `trusted`, `authentic`,
    the reason why not, or None where there is no verdict that fits the status."""

    def __init__(self, done):
        self.status, self.output, self.error = done.returncode, done.stdout, done.stderr
        self.text = self.output + self.error
        self.last = (self.output.splitlines() or [''])[-1]
        found = _LAST.fullmatch(self.last)
        self.word = found and {0: found[1], 3: found[2], 1: found[3]}.get(self.status)
        self.trusted = self.word == 'trusted'
        self.authentic = self.word == 'authentic'

    def __repr__(self):
        return f'status {self.status}: {self.text}'


def check(*arguments, **options):
    """The Verdict of tpm2_checkdeepquote."""
    return Verdict(subprocess.run([program('tpm2_checkdeepquote'), *arguments],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  check=False, timeout=60, **options))


def verify(quote, nonce, *arguments, **options):
    """The Verdict on the files in the directory `quote`; options: host, policy, uuid, store."""
    arguments = ['-q', nonce, *arguments]
    for option, name in FILES.items():
        arguments += [option, os.path.join(quote, name)]
    for option, value in options.items():
        if value is not None:
            arguments += ['--' + option, value]
    return check(*arguments)


class Store:
    """What a verifier remembers, in the file at `path`."""

    def __init__(self, path):
        self.path = path
        self.run('init')

    def run(self, *arguments):
        """A command of the store; what it prints."""
        done = subprocess.run([program('tpm2_checkdeepquote'), *arguments, '--store', self.path],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=60)
        if done.returncode != 0:
            raise Failed(f'tpm2_checkdeepquote {" ".join(arguments)}: {done.stderr}')
        return done.stdout

    def enrol(self, key):
        """Enrols the stand-in TPM whose attestation key is in the file `key`."""
        self.run('host', 'add', '--simulated', key)

    def enrol_by_proof(self, manager, roots):
        """Enrols the stand-in TPM of this manager, which a CA of `roots` has certified; what the
        verifier says about it."""
        export, challenge, answer = (self.path + name for name in ('.export', '.asks', '.answer'))
        says = ['--roots', roots, '--simulated']
        manager.ctl('host', 'export', '--output', export)
        self.run('host', 'challenge', *says, '-o', challenge, export)
        manager.ctl('host', 'activate', challenge, '--output', answer)
        return self.run('host', 'confirm', *says, export, answer)

    def expect(self, uuid, *arguments):
        self.run('vm', 'add', *arguments, uuid)

    def challenge(self):
        return self.run('challenge').strip()
