# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole chain without a guest: tpm2_deepquote, swtpm with the module, vtpm-managerd with a
simulated TPM, tpm2_checkdeepquote."""
import contextlib
import os
import shutil
import tempfile

import tap
from manager import Manager
from process import run
from programs import program
from protocol import UUID
from verifier import check
from vtpm import Vtpm

HOST_PCRS = (0, 1, 2, 7)
OTHER_UUID = '6ba7b811-9dad-41d1-80b4-00c04fd430c8'


class Guest:
    """A vTPM, and the files that tpm2_deepquote makes of it."""

    def __init__(self, manager, uuid=UUID):
        self.uuid = uuid
        self.folder = tempfile.mkdtemp(prefix='chain-')
        self.vtpm = Vtpm(deepquote='manager=' + manager.socket, uuid=uuid, dir=self.folder,
                         client=False)

    def __enter__(self):
        self.vtpm.start()
        return self

    def __exit__(self, *_):
        self.vtpm.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.folder, name)

    def quote(self, nonce, *options):
        run([program('tpm2_deepquote'), '-T', self.vtpm.tcti, '--ak-create', '--ak-public',
             'ak.pub', '-q', nonce, '-l', 'sha256:0,1,10',
             '--host-pcr-list', 'sha256:' + ','.join(map(str, HOST_PCRS)), '-m', 'quote.msg',
             '-s', 'quote.sig', '-o', 'pcrs.bin', '--evidence', 'evidence.bin',
             '--host-pcrs-out', 'host-pcrs', *options], cwd=self.folder, timeout=60)

    def check(self, nonce, *options, source=None):
        """The Verdict; @source: take the quote from another guest."""
        return check('-u', self.file('ak.pub'), '-m', 'quote.msg', '-s', 'quote.sig', '-f',
                     'pcrs.bin', '--evidence', 'evidence.bin', '-q', nonce, '--uuid', self.uuid,
                     *options, cwd=(source or self).folder)


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
    with Manager(auto_register=True, **options) as manager, Guest(manager) as guest:
        key = bytes.fromhex(manager.admin('ak')['public'])
        yield manager, guest, ['--host', write(guest.file('host.pub'), key)]


@tap.case('a deep quote is trusted, with ECC and with RSA in the host')
def _():
    for algorithm in ('ecc', 'rsa'):
        with chain(ak_algorithm=algorithm) as (_, guest, host):
            nonce = os.urandom(32).hex()
            guest.quote(nonce)
            tap.equal(guest.check(nonce, *host).word, 'trusted', algorithm)


@tap.case('a flipped bit anywhere, another nonce and a used one are refused')
def _():
    with chain() as (_, guest, host):
        nonce = os.urandom(32).hex()
        guest.quote(nonce)
        host += ['--state', guest.file('verifier-state')]
        tap.equal(guest.check(os.urandom(32).hex(), *host).word, 'wrong-nonce')
        for name in ('evidence.bin', 'quote.msg', 'quote.sig', 'pcrs.bin'):
            good = read(guest.file(name))
            middle = len(good) // 2
            write(guest.file(name), good[:middle] + bytes([good[middle] ^ 4]) + good[middle + 1:])
            tap.equal(guest.check(nonce, *host).status, 1, name)
            write(guest.file(name), good)
        tap.equal(guest.check(nonce, *host).word, 'trusted')
        tap.equal(guest.check(nonce, *host).word, 'wrong-nonce')


@tap.case('the evidence of one VM is not taken for another')
def _():
    with chain() as (manager, guest, host), Guest(manager, OTHER_UUID) as other:
        nonce = os.urandom(32).hex()
        guest.quote(nonce)
        other.quote(nonce)
        tap.equal(guest.check(nonce, *host).word, 'trusted')
        tap.equal(other.check(nonce, *host).word, 'trusted')
        tap.equal(guest.check(nonce, *host, source=other).word, 'wrong-vm')
        shutil.copy(other.file('evidence.bin'), guest.file('evidence.bin'))
        tap.equal(guest.check(nonce, *host).word, 'wrong-vm')


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
        tap.equal(guest.check(nonce, *host).word, 'trusted')
        with open(manager.events, 'a', encoding='utf-8') as f:
            f.write('7 another certificate\n')
        manager.restart()
        nonce = os.urandom(32).hex()
        guest.quote(nonce)
        tap.equal(guest.check(nonce, *host).word, 'policy')
        tap.equal(guest.check(nonce, *host[:2]).word, 'trusted')


@tap.case('a deep quote from before the last start of the vTPM is stale')
def _():
    with chain() as (_, guest, host):
        host += ['--state', guest.file('verifier-state')]
        nonce, old = os.urandom(32).hex(), os.urandom(32).hex()
        guest.quote(old)
        saved = {name: read(guest.file(name))
                 for name in ('quote.msg', 'quote.sig', 'pcrs.bin', 'evidence.bin')}
        guest.vtpm.stop()
        guest.vtpm.start()  # its next epoch
        guest.quote(nonce)
        tap.equal(guest.check(nonce, *host).word, 'trusted')
        for name, data in saved.items():
            write(guest.file(name), data)
        tap.equal(guest.check(old, *host).word, 'stale')


tap.main()
