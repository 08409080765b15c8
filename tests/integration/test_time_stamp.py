# SPDX-License-Identifier: GPL-2.0-or-later
"""Time stamps of a journal's head, by an authority that openssl ts plays."""
import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import tempfile

import tap
from programs import program

TOOL = program('tpm2_checkdeepquote')
CONFIG = '''
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[stamper]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
'''


def openssl(*arguments, status=0):
    done = subprocess.run(['openssl', *arguments], capture_output=True, text=True, check=False,
                          timeout=60)
    tap.equal(done.returncode, status, f'{arguments}: {done.stderr}')
    return done.stdout


class Authority:
    """A root and whom it certified for stamps, in a folder."""

    def __init__(self, folder, digests='sha256'):
        self.folder, self.config = folder, folder + '/config'
        self.roots, self.chain = folder + '/root.pem', folder + '/tsa.pem'
        with open(self.config, 'w', encoding='ascii') as f:
            f.write(CONFIG.format(folder=folder, digests=digests))
        with open(folder + '/serial', 'w', encoding='ascii') as f:
            f.write('01')
        key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-config',
               self.config]
        openssl('req', '-x509', *key, '-extensions', 'root', '-subj', '/CN=root', '-keyout',
                folder + '/root.key', '-out', self.roots, '-days', '2')
        openssl('req', '-new', *key, '-subj', '/CN=tsa', '-keyout', folder + '/tsa.key', '-out',
                folder + '/tsa.csr')
        openssl('x509', '-req', '-in', folder + '/tsa.csr', '-CA', self.roots, '-CAkey',
                folder + '/root.key', '-extfile', self.config, '-extensions', 'stamper', '-days',
                '2', '-out', self.chain, '-set_serial', '7')

    def answer(self, request, status=0):
        path = request + '.tsr'
        openssl('ts', '-reply', '-config', self.config, '-section', 'one', '-queryfile', request,
                '-signer', self.chain, '-inkey', self.folder + '/tsa.key', '-out', path,
                status=status)
        return path


def audit(store, *options, status=0):
    done = subprocess.run([TOOL, 'audit', '--store', store, '--json', *options],
                          capture_output=True, text=True, check=False, timeout=60)
    tap.equal(done.returncode, status, f'{options}: {done.stdout}{done.stderr}')
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def append(path, count=1):
    """Entries with nothing in them: here it is the chain that counts."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        for _ in range(count):
            number, digest = db.execute('SELECT count(*), max(hash) FROM entry WHERE number = '
                                        '(SELECT max(number) FROM entry)').fetchone()
            number = db.execute('SELECT count(*) FROM entry').fetchone()[0] + 1
            previous = digest.hex() if digest else '0' * 64
            text = f'deepquote-entry 1 {number} 1764000000 {previous} verdict\n{{}}'.encode()
            db.execute('INSERT INTO entry VALUES (?, ?, ?)',
                       (number, hashlib.sha256(text).digest(), text))
        db.commit()


@contextlib.contextmanager
def stamped(**options):
    """(store of three entries, a stamp of its head, the authority)"""
    with tempfile.TemporaryDirectory(prefix='stamp-') as folder:
        store = folder + '/store'
        subprocess.run([TOOL, 'init', '--store', store], check=True, timeout=60)
        append(store, 3)
        authority = Authority(folder, **options)
        audit(store, '--stamp-request', folder + '/request')
        yield store, folder + '/request', authority


def expect_refusal(store, stamp, roots, words):
    lines, errors = audit(store, '--stamp', stamp, '--stamp-roots', roots, status=2)
    tap.equal(lines, [])
    assert words in errors, errors


@tap.case('a head is stamped, and openssl takes the stamp as one of the text of the entry')
def _():
    with stamped() as (store, request, authority):
        stamp = authority.answer(request)
        append(store, 2)
        lines, _ = audit(store, '--stamp', stamp, '--stamp-roots', authority.roots)
        tap.equal((lines[-1]['stampedEntry'], lines[-1]['entries']), (3, 5))
        assert lines[-1]['stampedAt'].startswith('20'), lines
        with contextlib.closing(sqlite3.connect(store)) as db, open(request + '.text', 'wb') as f:
            f.write(db.execute('SELECT text FROM entry WHERE number = 3').fetchone()[0])
        openssl('ts', '-verify', '-data', request + '.text', '-in', stamp, '-CAfile',
                authority.roots)
        audit(store, '--prune-before', '2099-01-01')
        _, errors = audit(store, '--stamp', stamp, '--stamp-roots', authority.roots, status=1)


@tap.case('a stamped entry that was removed or written anew is missed')
def _():
    with stamped() as (store, request, authority):
        stamp = authority.answer(request)
        with contextlib.closing(sqlite3.connect(store)) as db:
            db.execute('DELETE FROM entry WHERE number = 3')
            db.commit()
        for _ in range(2):
            lines, _ = audit(store, '--stamp', stamp, '--stamp-roots', authority.roots, status=1)
            assert 'is not there' in lines[-2]['wrong'], lines
            with contextlib.closing(sqlite3.connect(store)) as db:
                db.execute('DELETE FROM entry')
                db.commit()
            append(store, 1)
            append(store, 1)


@tap.case('a stamp of nobody who may stamp is none')
def _():
    with stamped() as (store, request, authority), stamped() as (_, _, other):
        expect_refusal(store, authority.answer(request), other.roots, 'no authority')
        expect_refusal(store, authority.answer(request), '/dev/null', 'no authority')
        expect_refusal(store, authority.answer(request), '/nonexistent', 'no authority')


@tap.case('an authority that takes no SHA-256 gives no stamp')
def _():
    with stamped(digests='sha512') as (store, request, authority):
        expect_refusal(store, authority.answer(request), authority.roots, 'gave no time stamp')


@tap.case('a stamp that was changed anywhere, or cut, is none')
def _():
    with stamped() as (store, request, authority):
        stamp = authority.answer(request)
        with open(stamp, 'rb') as f:
            data = f.read()
        for at in range(0, len(data), 41):
            with open(stamp + '.bad', 'wb') as f:
                f.write(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:] if at % 2 else data[:at])
            done = subprocess.run([TOOL, 'audit', '--store', store, '--stamp', stamp + '.bad',
                                   '--stamp-roots', authority.roots], capture_output=True,
                                  text=True, check=False, timeout=60)
            assert done.returncode == 2 and '--stamp ' in done.stderr, (at, done)


@tap.case('what is asked for is SHA-256 of the head, and nothing where something is wrong')
def _():
    with stamped() as (store, request, _):
        with contextlib.closing(sqlite3.connect(store)) as db:
            digest = db.execute('SELECT hash FROM entry WHERE number = 3').fetchone()[0]
            db.execute('UPDATE entry SET hash = zeroblob(32) WHERE number = 2')
            db.commit()
        with open(request, 'rb') as f:
            assert digest in f.read()
        assert 'sha256' in openssl('ts', '-query', '-in', request, '-text')
        os.unlink(request)
        audit(store, '--stamp-request', request, status=1)
        assert not os.path.exists(request)
        _, errors = audit(store, '--stamp', request, status=2)
        assert 'belong together' in errors, errors


tap.main()
