# SPDX-License-Identifier: GPL-2.0-or-later
"""The verifier: tpm2_checkdeepquote and what it says."""
import os
import re
import subprocess

from programs import program

# A deep quote's files: tpm2_checkdeepquote's option, name
FILES = {'-u': 'ak.pub', '-m': 'quote.msg', '-s': 'quote.sig', '-f': 'pcrs.bin',
         '--evidence': 'evidence.bin'}


class Verdict:
    """Exit status, standard output and error; and all of it as one word: `trusted`, the reason why
    not, or None where there is no verdict that fits the status."""

    def __init__(self, done):
        self.status, self.output, self.error = done.returncode, done.stdout, done.stderr
        self.text = self.output + self.error
        self.last = (self.output.splitlines() or [''])[-1]
        found = re.fullmatch(r'verdict: (?:(trusted)|not trusted \((.+)\))', self.last)
        self.word = found and (found[1] if self.status == 0 else
                               found[2] if self.status == 1 else None)
        self.trusted = self.word == 'trusted'

    def __repr__(self):
        return f'status {self.status}: {self.text}'


def check(*arguments, **options):
    """The Verdict of tpm2_checkdeepquote."""
    return Verdict(subprocess.run([program('tpm2_checkdeepquote'), *arguments],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  check=False, timeout=60, **options))


def verify(quote, nonce, host_key, **options):
    """The Verdict on the files in the directory `quote`; options: policy, uuid, state."""
    arguments = ['-q', nonce, '--host', host_key]
    for option, name in FILES.items():
        arguments += [option, os.path.join(quote, name)]
    for option, value in options.items():
        if value is not None:
            arguments += ['--' + option, value]
    return check(*arguments)
