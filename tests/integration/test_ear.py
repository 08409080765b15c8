# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_checkdeepquote --ear: results that OpenSSL verifies and Python decodes, fed from
tests/vectors."""
import base64
import contextlib
import json
import os
import subprocess
import tempfile
import time

import tap
from process import run
from vector_case import TOOL, VectorCase, write


def decode(text):
    assert '=' not in text and set(text).isdisjoint('+/'), text
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def der_number(data):
    data = data.lstrip(b'\0') or b'\0'
    data = b'\0' + data if data[0] & 0x80 else data
    return b'\x02' + bytes([len(data)]) + data


class Case(VectorCase):
    """A vector and a key of the verifier's own."""

    def __init__(self, folder, name):
        super().__init__(folder, name)
        self.key, self.out = self.path('key.pem'), self.path('ear')
        self.make_key(self.key, 'P-256')

    @staticmethod
    def make_key(path, curve):
        run(['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', f'ec_paramgen_curve:{curve}',
             '-out', path], timeout=60)

    def verifies(self, signed, signature):
        """Whether OpenSSL takes r and s for this key's signature."""
        numbers = der_number(signature[:32]) + der_number(signature[32:])
        write(self.path('signature'), b'\x30' + bytes([len(numbers)]) + numbers)
        write(self.path('signed'), signed)
        run(['openssl', 'pkey', '-in', self.key, '-pubout', '-out', self.path('public')],
            timeout=60)
        done = subprocess.run(['openssl', 'dgst', '-sha256', '-verify', self.path('public'),
                               '-signature', self.path('signature'), self.path('signed')],
                              capture_output=True, check=False, timeout=60)
        return done.returncode == 0

    def ear(self, status):
        """The claims of the result of this exit status."""
        done = self.run('--ear', self.key, '-o', self.out)
        tap.equal((done.returncode, done.stderr), (status, ''), done.stdout)
        with open(self.out, encoding='ascii') as f:
            signed, _, third = f.read().rstrip('\n').rpartition('.')
        header, payload = signed.split('.')
        tap.equal(json.loads(decode(header)), {'alg': 'ES256', 'typ': 'eat+jwt'})
        tap.equal(len(decode(third)), 64)
        assert self.verifies(signed, decode(third))
        assert not self.verifies(signed + 'A', decode(third))
        return json.loads(decode(payload))


@contextlib.contextmanager
def case(name):
    with tempfile.TemporaryDirectory(prefix='ear-') as folder:
        yield Case(folder, name)


def statuses(claims):
    return [claims['submods'][name]['ear.status'] for name in ('host', 'vm')]


def vector(claims, name):
    return claims['submods'][name]['ear.trustworthiness-vector']


@tap.case('a trusted deep quote affirms host and VM, and says which they are')
def _():
    before = int(time.time())
    with case('trusted-one-leaf') as c:
        claims = c.ear(0)
        tap.equal(decode(claims['eat_nonce']).hex(), c.vector['expected']['challenge'])
    assert before <= claims['iat'] <= time.time()
    tap.equal(claims['eat_profile'], 'tag:github.com,2023:veraison/ear')
    tap.equal(sorted(claims['ear.verifier-id']), ['build', 'developer'])
    tap.equal((claims['deepquote.verdict'], claims['deepquote.reason']), ('trusted', None))
    tap.equal(statuses(claims), ['affirming', 'affirming'])
    tap.equal(vector(claims, 'host'), {'instance-identity': 2, 'executables': 0})
    tap.equal(vector(claims, 'vm'), {'instance-identity': 2, 'executables': 0})
    tap.equal(claims['submods']['vm']['deepquote.uuid'], 'd66b4f0e-2b1c-4f5e-9d31-075ae2441001')
    tap.equal(claims['submods']['vm']['deepquote.tpm'], '2.0')
    assert claims['submods']['host']['deepquote.name'].startswith('000b')


@tap.case('only a host that proved its key has genuine hardware')
def _():
    with case('trusted-by-proof') as c:
        tap.equal(vector(c.ear(0), 'host')['hardware'], 2)


@tap.case('a stand-in affirms nothing, trusted as it may be, and neither does its VM')
def _():
    with case('trusted-stand-in') as c:
        claims = c.ear(0)
    tap.equal(claims['deepquote.verdict'], 'trusted')
    tap.equal(statuses(claims), ['none', 'none'])
    assert 'hardware' not in vector(claims, 'host')
    assert claims['submods']['host']['deepquote.simulated']


@tap.case('what was not compared is not affirmed')
def _():
    with case('authentic-vm-not-added') as c:
        claims = c.ear(3)
    tap.equal(claims['deepquote.verdict'], 'authentic')
    assert 'contraindicated' not in statuses(claims) and statuses(claims)[1] == 'none', claims
    tap.equal(vector(claims, 'vm')['instance-identity'], 0)


@tap.case('a refusal speaks against what it is about, and tells no facts')
def _():
    for name, reason, expected in (
            ('bad-host-signature-flipped', 'bad-host-signature', ['contraindicated'] * 2),
            ('wrong-vm-uuid', 'wrong-vm', ['none', 'contraindicated'])):
        with case(name) as c:
            claims = c.ear(1)
        tap.equal((claims['deepquote.verdict'], claims['deepquote.reason']), ('refused', reason))
        tap.equal(statuses(claims), expected)
        assert 'deepquote.uuid' not in claims['submods']['vm']
        assert 'deepquote.name' not in claims['submods']['host']


@tap.case('a key of another kind is refused, and options that do not go together, without a result')
def _():
    with case('trusted-one-leaf') as c:
        c.make_key(c.path('p384'), 'P-384')
        run(['openssl', 'pkey', '-in', c.key, '-aes256', '-passout', 'pass:x', '-out',
             c.path('locked')], timeout=60)
        write(c.path('text'), 'no key')
        for name in ('p384', 'locked', 'text'):
            done = c.run('--ear', c.path(name), '-o', c.out)
            tap.equal((done.returncode, done.stdout), (2, ''), done.stderr)
            assert 'P-256' in done.stderr and name in done.stderr, done.stderr
        for args in (['--ear', c.key], ['-o', c.out]):
            done = c.run(*args)
            tap.equal(done.returncode, 2)
            assert 'belong together' in done.stderr, done.stderr
        done = subprocess.run([TOOL, '--host', '/dev/null', '--ear', c.key, '-o', c.out, c.folder],
                              capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 2 and 'one deep quote' in done.stderr, done.stderr
        assert not os.path.exists(c.out)
        c.ear(0)  # the challenge was not used up


tap.main()
