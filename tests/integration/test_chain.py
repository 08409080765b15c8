# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole chain without a guest: tpm2_deepquote, swtpm with the module, vtpm-managerd with a
simulated TPM, tpm2_checkdeepquote."""
import contextlib
import os
import shutil
import subprocess
import tempfile

import managerd
import tap
import vtpm
from programs import program

HOST_PCRS = (0, 1, 2, 7)
OTHER_UUID = '6ba7b811-9dad-41d1-80b4-00c04fd430c8'


class Guest:
    """A vTPM, and the files that tpm2_deepquote makes of it."""

    def __init__(self, manager, uuid=vtpm.UUID):
        self.uuid = uuid
        self.folder = tempfile.mkdtemp(prefix='chain-')
        self.vtpm = vtpm.Vtpm(deepquote='manager=' + manager.socket, uuid=uuid, dir=self.folder)
        control = self.vtpm.server + '.ctrl'  # where the TCTI looks for it
        self.vtpm.argv = [a.replace(self.vtpm.ctrl_path, control) for a in self.vtpm.argv]
        self.vtpm.ctrl_path = control

    def __enter__(self):
        self.vtpm.start().data.close()  # a swtpm talks to one at a time
        return self

    def __exit__(self, *_):
        self.vtpm.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.folder, name)

    def quote(self, nonce, *options):
        done = subprocess.run(
            [program('tpm2_deepquote'), '-T', 'swtpm:path=' + self.vtpm.server, '--ak-create',
             '--ak-public', self.file('ak.pub'), '-q', nonce, '-l', 'sha256:0,1,10',
             '--host-pcr-list', 'sha256:' + ','.join(map(str, HOST_PCRS)),
             '-m', self.file('quote.msg'), '-s', self.file('quote.sig'), '-o',
             self.file('pcrs.bin'), '--evidence', self.file('evidence.bin'),
             '--host-pcrs-out', self.file('host-pcrs'), *options],
            capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr

    def check(self, nonce, *options, source=None):
        """(exit code, last line); @source: take the quote from another guest."""
        files = source or self
        done = subprocess.run(
            [program('tpm2_checkdeepquote'), '-u', self.file('ak.pub'), '-m',
             files.file('quote.msg'), '-s', files.file('quote.sig'), '-f',
             files.file('pcrs.bin'), '--evidence', files.file('evidence.bin'), '-q', nonce,
             '--uuid', self.uuid, *options],
            capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data)
    return path


def read(path):
    with open(path, 'rb') as f:
        return f.read()


@contextlib.contextmanager
def chain(**options):
    """(manager, guest, options that enrol the host)."""
    with managerd.Manager(auto_register=True, **options) as manager, Guest(manager) as guest:
        key = bytes.fromhex(manager.admin('ak')['public'])
        yield manager, guest, ['--host', write(guest.file('host.pub'), key)]


def refused(word):
    return 1, f'verdict: not trusted ({word})'


TRUSTED = (0, 'verdict: trusted')


@tap.case('a deep quote is trusted, with ECC and with RSA in the host')
def _():
    for algorithm in ('ecc', 'rsa'):
        with chain(ak_algorithm=algorithm) as (_, guest, host):
            nonce = os.urandom(32).hex()
            guest.quote(nonce)
            tap.equal(guest.check(nonce, *host), TRUSTED, algorithm)


@tap.case('a flipped bit anywhere, another nonce and a used one are refused')
def _():
    with chain() as (_, guest, host):
        nonce = os.urandom(32).hex()
        guest.quote(nonce)
        host += ['--state', guest.file('verifier-state')]
        tap.equal(guest.check(os.urandom(32).hex(), *host), refused('wrong-nonce'))
        for name in ('evidence.bin', 'quote.msg', 'quote.sig', 'pcrs.bin'):
            good = read(guest.file(name))
            middle = len(good) // 2
            write(guest.file(name), good[:middle] + bytes([good[middle] ^ 4]) + good[middle + 1:])
            tap.equal(guest.check(nonce, *host)[0], 1, name)
            write(guest.file(name), good)
        tap.equal(guest.check(nonce, *host), TRUSTED)
        tap.equal(guest.check(nonce, *host), refused('wrong-nonce'))


@tap.case('the evidence of one VM is not taken for another')
def _():
    with chain() as (manager, guest, host), Guest(manager, OTHER_UUID) as other:
        nonce = os.urandom(32).hex()
        guest.quote(nonce)
        other.quote(nonce)
        tap.equal(guest.check(nonce, *host), TRUSTED)
        tap.equal(other.check(nonce, *host), TRUSTED)
        tap.equal(guest.check(nonce, *host, source=other), refused('wrong-vm'))
        shutil.copy(other.file('evidence.bin'), guest.file('evidence.bin'))
        tap.equal(guest.check(nonce, *host), refused('wrong-vm'))


@tap.case('a host that starts something else is refused by the policy')
def _():
    with chain() as (manager, guest, host):
        guest.quote(os.urandom(32).hex())
        values = read(guest.file('host-pcrs'))
        policy = ''.join(f'host-pcr sha256:{pcr} {values[32 * i:32 * i + 32].hex()}\n'
                         for i, pcr in enumerate(HOST_PCRS))
        host += ['--policy', write(guest.file('policy'), policy.encode())]
        nonce = os.urandom(32).hex()
        guest.quote(nonce)
        tap.equal(guest.check(nonce, *host), TRUSTED)
        with open(os.path.join(manager.tpm, 'events'), 'a', encoding='utf-8') as f:
            f.write('7 another certificate\n')
        manager.restart()
        nonce = os.urandom(32).hex()
        guest.quote(nonce)
        tap.equal(guest.check(nonce, *host), refused('policy'))
        tap.equal(guest.check(nonce, *host[:2]), TRUSTED)


@tap.case('a deep quote from before the last start of the vTPM is stale')
def _():
    with chain() as (_, guest, host):
        host += ['--state', guest.file('verifier-state')]
        nonce, old = os.urandom(32).hex(), os.urandom(32).hex()
        guest.quote(old)
        saved = {name: read(guest.file(name))
                 for name in ('quote.msg', 'quote.sig', 'pcrs.bin', 'evidence.bin')}
        guest.vtpm.stop()
        guest.vtpm.start().data.close()  # its next epoch
        guest.quote(nonce)
        tap.equal(guest.check(nonce, *host), TRUSTED)
        for name, data in saved.items():
            write(guest.file(name), data)
        tap.equal(guest.check(old, *host), refused('stale'))


tap.main()
