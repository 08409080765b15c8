# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's vTPM with a manager behind it, and the programs that a guest runs on it."""
import os
import shutil
import subprocess
import tempfile
import uuid

import tap
from manager import Manager
from programs import program
from swtpm import environment
from users import own
from verifier import check
from vtpm import Vtpm

TOOL = program('tpm2_deepquote')
NONCE = '5a' * 32
PCRS = 'sha256:0,1,2,3,4,5,6,7,8,9'
HOST_PCRS = 'sha256:0,1,7'
OUTPUTS = ('quote.msg', 'quote.sig', 'pcrs.bin', 'evidence.bin')
AK_ATTRIBUTES = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign|noda'

work = tempfile.mkdtemp(prefix='tpm2-deepquote-')
manager = Manager(vm_rate=0)


class Guest(Vtpm):
    """The vTPM with the programs that a guest runs on it, in the work directory. Each is another
    VM, as the manager limits how often one VM may start."""

    latest = None  # the UUID of the last one

    def __init__(self, manager=None, deepquote=None, **options):
        self.uuid = Guest.latest = str(uuid.uuid4())
        if manager:
            own(manager, self.uuid)
        super().__init__(client=False, uuid=self.uuid, deepquote=deepquote, **options)

    def start_program(self, *command, **variables):
        env = dict(environment(), TPM2TOOLS_TCTI=self.tcti, **variables)
        return subprocess.Popen(command, cwd=work, env=env, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *command, stdin=b'', **variables):
        """Runs a program: (status, standard output, standard error)."""
        process = self.start_program(*command, **variables)
        out, error = process.communicate(stdin, timeout=60)
        return process.returncode, out.decode(errors='replace'), error.decode(errors='replace')

    def tools(self, *command):
        """Runs one of tpm2-tools, which must succeed, and leaves no object behind."""
        status, out, error = self.run(*command)
        assert status == 0, f'{command}: {error}'
        self.run('tpm2_flushcontext', '-t')
        return out

    def quote_command(self, *options, nonce=NONCE, pcrs=PCRS, host_pcrs=HOST_PCRS):
        return (TOOL, *options, '-q', nonce, '-l', pcrs, '--host-pcr-list', host_pcrs,
                '-m', 'quote.msg', '-s', 'quote.sig', '-o', 'pcrs.bin',
                '--evidence', 'evidence.bin')

    def deepquote(self, *options, stdin=b'', variables=None, **what):
        return self.run(*self.quote_command(*options, **what), stdin=stdin, **(variables or {}))

    def make_ak(self, name, *options, attributes=AK_ATTRIBUTES):
        """An attestation key as tpm2-tools makes it, in the context file NAME.ctx."""
        self.tools('tpm2_createprimary', '-C', 'e', '-c', f'{name}.ctx', '-G',
                   'ecc256:ecdsa-sha256:null', '-a', attributes, *options)
        self.tools('tpm2_readpublic', '-c', f'{name}.ctx', '-o', f'{name}.pub')

    def tries_used(self):
        """How many of the wrong passwords that lockout allows were given."""
        for line in self.tools('tpm2_getcap', 'properties-variable').splitlines():
            if 'LOCKOUT_COUNTER' in line:
                return int(line.split()[-1], 0)
        raise AssertionError('no lockout counter')

    def left_inside(self):
        """What is in the TPM: objects and sessions."""
        return [self.run('tpm2_getcap', f'handles-{what}')[1].strip()
                for what in ('transient', 'loaded-session', 'saved-session')]


def path(name):
    return os.path.join(work, name)


def content(name):
    with open(path(name), 'rb') as f:
        return f.read()


def put(name, data):
    with open(path(name), 'wb') as f:
        f.write(data)


def clean():
    for name in OUTPUTS:
        if os.path.lexists(path(name)):
            os.unlink(path(name))


def expect_done(answer):
    """All is well, nothing is said, and every file is there."""
    tap.equal(answer, (0, '', ''))
    for name in OUTPUTS:
        assert os.path.exists(path(name)), name


def expect_refused(answer, status, *words):
    """Refused with this status, the words on one line of standard error, no file written."""
    tap.equal(answer[0], status, answer[2])
    tap.equal(answer[1], '')
    tap.equal(len(answer[2].splitlines()), 1, answer[2])
    for word in words:
        assert word in answer[2], answer[2]
    for name in OUTPUTS:
        assert not os.path.exists(path(name)), name


def expect_authentic(*options):
    with open(path('host-ak.pub'), 'wb') as f:
        f.write(bytes.fromhex(manager.admin('ak')['public']))
    verdict = check('-m', 'quote.msg', '-f', 'pcrs.bin', '--evidence', 'evidence.bin', '-q', NONCE,
                    '--host', 'host-ak.pub', '--uuid', Guest.latest, *options, cwd=work)
    assert verdict.authentic, verdict


def with_guest(name):
    """A case that gets a guest with DeepQuote of its own."""
    def register(function):
        @tap.case(name)
        def _():
            clean()
            with Guest(manager, f'manager={manager.socket}', dir=path('vtpm')) as guest:
                function(guest)
    return register


def main():
    try:
        with manager:
            tap.main()
    finally:
        shutil.rmtree(work, ignore_errors=True)
