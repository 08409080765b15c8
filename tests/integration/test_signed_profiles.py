# SPDX-License-Identifier: GPL-2.0-or-later
"""Signed profiles, and profiles that a store has for hosts, VMs and groups: on deep quotes from
tests/vectors. What is signed here is verified by OpenSSL, and what OpenSSL signs by the tool."""
import base64
import calendar
import contextlib
import json
import os
import subprocess
import tempfile
import time

import tap
import verifier_store
from process import run
from programs import program

TOOL = program('tpm2_checkdeepquote')
VECTORS = os.path.join(os.environ['SOURCE_ROOT'], 'tests', 'vectors')
FILES = {'evidence': '--evidence', 'vtpmQuoted': '-m', 'vtpmSignature': '-s', 'vtpmPcrs': '-f',
         'vtpmKey': '--guest-public'}
EXPECTED = {'challenge': '-q', 'uuid': '--uuid', 'vtpmAk': '--ak', 'vtpmEk': '--ek'}
TYPE = 'deepquote-profile+jws'


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def decode(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def der_numbers(der):
    """r and s of a DER signature, in 32 bytes each."""
    out, at = b'', 2
    for _ in range(2):
        size = der[at + 1]
        out += der[at + 2:at + 2 + size].lstrip(b'\0').rjust(32, b'\0')
        at += 2 + size
    return out


def numbers_der(numbers):
    parts = b''
    for half in (numbers[:32], numbers[32:]):
        half = half.lstrip(b'\0')
        half = b'\0' + half if not half or half[0] & 0x80 else half
        parts += b'\x02' + bytes([len(half)]) + half
    return b'\x30' + bytes([len(parts)]) + parts


class Case:
    """A deep quote, a store, and two keys that sign profiles."""

    def __init__(self, folder, name='trusted-one-leaf'):
        self.folder = folder
        with open(os.path.join(VECTORS, name + '.json'), encoding='utf-8') as f:
            self.vector = json.load(f)
        self.uuid = self.vector['store']['vms'][0]['uuid']
        self.host = verifier_store.name_of(
            bytes.fromhex(self.vector['store']['hosts'][0]['public'])).hex()
        self.store = verifier_store.make(TOOL, self.path('store'), self.vector)
        self.challenges = 0
        for key in ('key', 'other'):
            run(['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256',
                 '-out', self.path(key)], timeout=60)
            run(['openssl', 'pkey', '-in', self.path(key), '-pubout', '-out',
                 self.path(key + '.pub')], timeout=60)
        self.pub = self.path('key.pub')

    def path(self, name):
        return os.path.join(self.folder, name)

    def tool(self, *args, status=0):
        done = subprocess.run([TOOL, *args], capture_output=True, text=True, check=False,
                              timeout=60)
        tap.equal(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def profile(self, name, pcr_zero=None, file='profile'):
        """A profile whose only boot has the host's PCR as it was quoted, or another value."""
        value = pcr_zero or '11' * 32
        return write(self.path(file), json.dumps(
            {'type': 'deepquote-profile', 'version': 1, 'name': name,
             'boots': [{'name': 'the boot', 'pcrs': {'sha256': {'0': value}}}]}))

    def sign(self, profile, key='key', file='signed'):
        self.tool('profile', 'sign', '-o', self.path(file), self.path(key), profile)
        return self.path(file)

    def sign_at(self, name, issued, key='key', file='signed', header=None, **more):
        """What OpenSSL signs, at a time of ours."""
        first = encode(json.dumps(header or {'alg': 'ES256', 'typ': TYPE}).encode())
        second = encode(json.dumps({'type': 'deepquote-profile', 'version': 1, 'name': name,
                                    'issued': issued, **more}).encode())
        text = write(self.path('text'), f'{first}.{second}')
        der = subprocess.run(['openssl', 'dgst', '-sha256', '-sign', self.path(key), text],
                             check=True, capture_output=True, timeout=60).stdout
        return write(self.path(file), f'{first}.{second}.{encode(der_numbers(der))}\n')

    def check(self, *args):
        """(exit status, output, findings) of a verdict on a store of its own each time: the
        challenge is used up."""
        store = self.path(f'store{self.challenges}')
        self.challenges += 1
        with open(self.store, 'rb') as f:
            write(store, f.read())
        argv = ['--store', store, '--json']
        for table, source in ((FILES, 'quote'), (EXPECTED, 'expected')):
            for member, option in table.items():
                value = self.vector[source][member]
                if value is not None and table is FILES:
                    value = write(self.path(member), bytes.fromhex(value))
                argv += [option, value] if value else []
        if self.vector['policy'] is not None:
            argv += ['--policy', write(self.path('policy'), self.vector['policy'])]
        done = subprocess.run([TOOL, *argv, *args], capture_output=True, text=True, check=False,
                              timeout=60)
        found = json.loads(done.stdout).get('findings', []) if done.stdout else []
        return done.returncode, done.stdout + done.stderr, {
            f['finding']: (f['result'], f['detail']) for f in found}


@contextlib.contextmanager
def case():
    with tempfile.TemporaryDirectory(prefix='profiles-') as folder:
        yield Case(folder)


@tap.case('what profile sign writes is what OpenSSL verifies, and says when it was issued')
def _():
    before = int(time.time())
    with case() as c:
        with open(c.sign(c.profile('p')), encoding='ascii') as f:
            signed, _, third = f.read().rstrip('\n').rpartition('.')
        header, payload = (json.loads(decode(part)) for part in signed.split('.'))
        tap.equal(header, {'alg': 'ES256', 'typ': TYPE})
        tap.equal(payload['name'], 'p')
        issued = time.strptime(payload['issued'] + '+0000', '%Y-%m-%dT%H:%M:%SZ%z')
        assert before <= calendar.timegm(issued) <= time.time()
        write(c.path('text'), signed)
        write(c.path('signature'), numbers_der(decode(third)))
        run(['openssl', 'dgst', '-sha256', '-verify', c.pub, '-signature', c.path('signature'),
             c.path('text')], timeout=60)


@tap.case('what OpenSSL signs is taken, and what another key signs, or nobody, is refused')
def _():
    with case() as c:
        add = ('profile', 'add', '--store', c.store, '--profile-key', c.pub)
        c.tool(*add, c.sign_at('p', '2026-01-02T03:04:05Z'))
        told = c.tool('profile', 'list', '--store', c.store)
        assert 'signed 2026-01-02T03:04:05Z' in told, told
        later = '2026-01-03T00:00:00Z'
        for text, file in (
                ('another key', c.sign_at('p', later, key='other', file='a')),
                ('not signed', c.profile('p')),
                ("'issued'", c.sign_at('p', 'yesterday', file='b')),
                ("'crit'", c.sign_at('p', later, file='c', header={
                    'alg': 'ES256', 'typ': TYPE, 'crit': ['b64']})),
                ('something else', c.sign_at('p', later, file='d', header={
                    'alg': 'ES256', 'typ': 'eat+jwt'}))):
            told = c.tool(*add, file, status=2)
            assert text in told and file in told, told
        told = c.tool('profile', 'add', '--store', c.store, c.sign(c.profile('p')), status=2)
        assert '--profile-key' in told, told


@tap.case('a profile that is older than the one accepted last is refused, in a verdict too')
def _():
    with case() as c:
        add = ('profile', 'add', '--store', c.store, '--profile-key', c.pub)
        new = c.sign_at('p', '2026-01-03T00:00:00Z', file='new')
        old = c.sign_at('p', '2026-01-02T00:00:00Z', file='old')
        same = c.sign_at('p', '2026-01-03T00:00:00Z', file='same', exclude=['/tmp/*'])
        c.tool(*add, new)
        for file, text in ((old, 'older'), (same, 'same date')):
            assert text in c.tool(*add, file, status=1)
            status, output, _ = c.check('--profile-key', c.pub, '--vm-profile', file)
            assert status == 2 and text in output, output
        status, output, _ = c.check('--profile-key', c.pub, '--vm-profile', new)
        tap.equal(status, 3, output)
        assert 'is signed, and this one' in c.tool('profile', 'add', '--store', c.store,
                                                   c.profile('p'), status=1)
        c.tool(*add, c.sign_at('p', '2026-01-04T00:00:00Z'))


@tap.case('a verdict compares with the profiles that the store has for the host and the VM')
def _():
    with case() as c:
        c.tool('profile', 'add', '--store', c.store, c.profile('hosts of one kind', '00' * 32))
        c.tool('profile', 'add', '--store', c.store, c.profile('VMs'))
        tap.equal(c.check()[2], {})
        c.tool('profile', 'bind', '--store', c.store, '--host', c.host, 'hosts of one kind')
        status, output, found = c.check()
        assert 'vm-boot' not in found and found['host-boot'][0] == 'fail', output
        assert "'hosts of one kind'" in found['host-boot'][1], output
        tap.equal(status, 1)
        c.tool('profile', 'unbind', '--store', c.store, '--host', c.host)
        c.tool('profile', 'bind', '--store', c.store, '--vm-group', 'web', 'VMs')
        tap.equal(c.check()[2], {})
        c.tool('profile', 'group', '--store', c.store, '--vm', c.uuid, 'web')
        assert "'VMs'" in c.check()[2]['vm-boot'][1]
        told = c.tool('profile', 'list', '--store', c.store)
        assert f"vm {c.uuid}: in group 'web'\n" in told and "vm-group web: profile 'VMs'\n" in told
        other = c.profile('by option')
        assert "'by option'" in c.check('--vm-profile', other)[2]['vm-boot'][1]
        status, output, _ = c.check('--profile-key', c.pub)
        assert status == 2 and 'not signed' in output, output
        assert 'for somebody' in c.tool('profile', 'remove', '--store', c.store, 'VMs', status=1)
        c.tool('profile', 'ungroup', '--store', c.store, '--vm', c.uuid)
        tap.equal(c.check()[2], {})


@tap.case('whom a profile is for has to be said once, and be there')
def _():
    with case() as c:
        c.tool('profile', 'add', '--store', c.store, c.profile('p'))
        bind = ('profile', 'bind', '--store', c.store)
        for args, text in (((), 'for whom'), (('--vm', c.uuid, '--host', c.host), 'for whom'),
                           (('--host', 'nobody'), 'no host'),
                           (('--vm', '00000000-0000-0000-0000-000000000000'), 'not in the store')):
            done = subprocess.run([TOOL, *bind, *args, 'p'], capture_output=True, text=True,
                                  check=False, timeout=60)
            assert done.returncode in (1, 2) and text in done.stderr, done
        assert 'not in the store' in c.tool(*bind, '--vm', c.uuid, 'q', status=1)


tap.main()
