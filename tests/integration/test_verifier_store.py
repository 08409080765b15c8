# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_checkdeepquote's store: init, challenge, host, vm, accept."""
import contextlib
import glob
import hashlib
import json
import os
import re
import subprocess
import tempfile

import tap
from programs import program

TOOL = program('tpm2_checkdeepquote')
VECTORS = os.path.join(os.environ['SOURCE_ROOT'], 'tests', 'vectors')
UUID = 'd66b4f0e-2b1c-4f5e-9d31-075ae2441001'


def run(*args, **options):
    return subprocess.run([TOOL, *args], capture_output=True, text=True, check=False, timeout=60,
                          **options)


def good(*args, **options):
    done = run(*args, **options)
    assert done.returncode == 0, f'{args}: {done}'
    assert done.stderr == '', done.stderr
    return done.stdout


def bad(status, text, *args, **options):
    done = run(*args, **options)
    tap.equal((done.returncode, done.stdout), (status, ''), repr(done))
    assert done.stderr.startswith('tpm2_checkdeepquote: ') and text in done.stderr, done.stderr


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def host_public():
    """The TPM2B_PUBLIC of an attestation key, and its Name."""
    with open(os.path.join(VECTORS, 'trusted-one-leaf.json'), encoding='utf-8') as f:
        public = bytes.fromhex(json.load(f)['store']['hosts'][0]['public'])
    return public, '000b' + hashlib.sha256(public[2:]).hexdigest()


class Store:
    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, 'store')
        good('init', '--store', self.path)

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, 'wb') as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return path

    def run(self, *args):
        return good(*args, '--store', self.path)

    def refuse(self, status, text, *args):
        bad(status, text, *args, '--store', self.path)

    def json(self, *args):
        return objects(self.run(*args, '--json'))


@contextlib.contextmanager
def store():
    with tempfile.TemporaryDirectory(prefix='store-') as folder:
        yield Store(folder)


def ak_json(simulated=False, **changed):
    public, name = host_public()
    return json.dumps({'ok': True, 'public': public.hex(), 'name': name, 'certificate': '',
                       'simulated': simulated} | changed)


@tap.case('init makes a store once, for its owner alone')
def _():
    with store() as s:
        tap.equal(os.listdir(s.folder), ['store'])
        tap.equal(os.stat(s.path).st_mode & 0o777, 0o600)
        s.refuse(2, 'use it, or name another file', 'init')
        bad(2, '--store FILE', 'init')


@tap.case('a path without a store is an error for each command')
def _():
    with tempfile.TemporaryDirectory(prefix='store-') as folder:
        path = os.path.join(folder, 'mistyped')
        key = os.path.join(folder, 'ak.pub')
        with open(key, 'wb') as f:
            f.write(host_public()[0])
        for command in (['challenge'], ['host', 'list'], ['host', 'add', key], ['vm', 'list'],
                        ['vm', 'add', UUID], ['accept', '--list']):
            bad(2, 'tpm2_checkdeepquote init', *command, '--store', path)
            bad(2, '--store FILE', *command)
        tap.equal(os.listdir(folder), ['ak.pub'])


@tap.case('challenges are 32 bytes, and no two are the same')
def _():
    with store() as s:
        lines = s.run('challenge', '--count', '50').split('\n')
        tap.equal(lines.pop(), '')
        tap.equal(len(set(lines)), 50)
        assert all(re.fullmatch('[0-9a-f]{64}', line) for line in lines), lines
        (answer,) = s.json('challenge', '--count', '2', '--expires', '60', '--vm', UUID)
        tap.equal(len(answer['challenges']), 2)
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', answer['expires']), answer
        for wrong in ('--count=0', '--expires=0', '--expires=-5', '--count=1000000000'):
            s.refuse(2, 'give 1 to', 'challenge', wrong)
        s.refuse(2, 'UUID', 'challenge', '--vm', 'web')


@tap.case('a host is enrolled from a TPM2B_PUBLIC, on the operator\'s dated word')
def _():
    public, name = host_public()
    with store() as s:
        key = s.file('ak.pub', public)
        (added,) = s.json('host', 'add', '--name', 'rack 1', '--expires', '2099-01-01', key)
        (listed,) = s.json('host', 'list')
        tap.equal(added, listed)
        tap.equal((listed['name'], listed['label'], listed['public'], listed['simulated'],
                   listed['enrolledBy'], listed['expires'], listed['revoked'],
                   listed['resetCount']),
                  (name, 'rack 1', public.hex(), False, 'word', '2099-01-01T00:00:00Z', None,
                   None))
        s.refuse(1, 'is in the store already', 'host', 'add', key)
        s.run('host', 'renew', 'rack 1')
        tap.equal(s.json('host', 'list')[0]['expires'], None)
        s.run('host', 'revoke', name)
        assert s.json('host', 'list')[0]['revoked'] is not None
        assert 'REVOKED' in s.run('host', 'list')
        s.refuse(1, 'was revoked', 'host', 'renew', name)
        s.run('host', 'remove', 'rack 1')
        tap.equal(s.json('host', 'list'), [])
        s.refuse(1, 'is called', 'host', 'remove', 'rack 1')


@tap.case('a host is enrolled from the JSON of vtpm-managerctl ak')
def _():
    with store() as s:
        (added,) = s.json('host', 'add', s.file('ak.json', '\n' + ak_json()))
        tap.equal((added['name'], added['simulated']), (host_public()[1], False))


@tap.case('a stand-in TPM is enrolled only where the operator says so, and is marked')
def _():
    with store() as s:
        key = s.file('ak.json', ak_json(simulated=True))
        s.refuse(1, '--simulated', 'host', 'add', key)
        tap.equal(s.json('host', 'list'), [])
        s.run('host', 'add', '--simulated', key)
        tap.equal(s.json('host', 'list')[0]['simulated'], True)
        assert 'stand-in' in s.run('host', 'list')


@tap.case('what is no attestation key is not enrolled')
def _():
    public, _ = host_public()
    plain = bytearray(public)
    plain[7] &= ~0x01  # TPMA_OBJECT: no longer restricted
    wrong = {
        'TPM2B_PUBLIC': b'-----BEGIN PUBLIC KEY-----\n', 'restricted': bytes(plain),
        'no JSON': '{' * 60000, 'lacks public': '{"public": 5, "name": "00", "simulated": false}',
        'public, name or simulated': json.dumps({'public': public.hex(), 'name': '00'}),
        'Name of its public area': ak_json(name='000b' + '00' * 32),
        'hexadecimal': ak_json(public='zz'),
    }
    with store() as s:
        for text, data in wrong.items():
            s.refuse(2, text, 'host', 'add', s.file('key', data))
        s.refuse(2, 'more than', 'host', 'add', s.file('key', b'\0' * 100000))
        s.refuse(2, 'No such file', 'host', 'add', s.folder + '/none')
        tap.equal(s.json('host', 'list'), [])


@tap.case('an expiry is a date to come')
def _():
    with store() as s:
        key = s.file('ak.pub', host_public()[0])
        for date in ('2020-01-01', 'tomorrow', '2099-13-01', '2099'):
            s.refuse(2, 'a date that is still to come', 'host', 'add', '--expires', date, key)
        s.run('host', 'add', '--expires', '2099-01-01T12:30:00Z', key)
        tap.equal(s.json('host', 'list')[0]['expires'], '2099-01-01T12:30:00Z')


@tap.case('VMs are added with the keys that they must have, listed and removed')
def _():
    public, name = host_public()
    with store() as s:
        (added,) = s.json('vm', 'add', '--name', 'Büro', '--ak', s.file('ak.pub', public),
                          '--ek', 'name:' + name, UUID)
        tap.equal((added['uuid'], added['label'], added['ak'], added['ek'], added['firstSeen']),
                  (UUID, 'Büro', name, name, None))
        tap.equal(s.json('vm', 'list'), [added])
        assert 'not seen yet' in s.run('vm', 'list')
        s.refuse(1, 'is in the store already', 'vm', 'add', UUID)
        s.run('vm', 'remove', UUID)
        s.refuse(1, 'is not in the store', 'vm', 'remove', UUID)
        s.refuse(2, '--ek', 'vm', 'add', '--ek', '000b00', UUID)
        s.refuse(2, 'UUID', 'vm', 'add', 'web')
        for label in ('a\nb', '\x1b[2J', 'x' * 256):
            tap.equal(run('vm', 'add', '--store', s.path, '--name', label, UUID).returncode, 1)
        tap.equal(s.json('vm', 'list'), [])


@tap.case('what is accepted has a reason and a date, and is listed')
def _():
    public, name = host_public()
    lineage = '0123456789abcdef' * 2
    with store() as s:
        s.run('host', 'add', '--name', 'rack 1', s.file('ak.pub', public))
        s.run('vm', 'add', UUID)
        s.refuse(2, '--why', 'accept', '--vm', UUID, '--lineage', lineage)
        s.refuse(1, 'the reason', 'accept', '--cleared', name, '--why', '')
        s.run('accept', '--vm', UUID, '--lineage', lineage, '--host', 'rack 1', '--why',
              'restored in rack 1')
        s.run('accept', '--cleared', 'rack 1', '--why', 'new mainboard')
        s.refuse(2, '--why', 'host', 'accept', 'rack 1')
        s.refuse(1, 'the reason', 'host', 'accept', '--why', '', 'rack 1')
        s.refuse(1, 'no host', 'host', 'accept', '--why', 'x', 'rack 2')
        s.run('host', 'accept', '--why', 'another mainboard', 'rack 1')
        (vm,) = s.json('vm', 'list')
        tap.equal((vm['acceptedLineage'], vm['acceptedHost']), (lineage, name))
        listed = s.json('accept', '--list')
        tap.equal([(a['accepted'], a['why']) for a in listed],
                  [('move', 'restored in rack 1'), ('lineage', 'restored in rack 1'),
                   ('cleared', 'new mainboard'), ('cleared', 'another mainboard')])
        tap.equal((listed[0]['vm'], listed[0]['host'], listed[1]['lineage'], listed[2]['host']),
                  (UUID, name, lineage, name))
        assert all(a['at'].endswith('Z') for a in listed), listed
        assert 'new mainboard' in s.run('accept', '--list')


@tap.case('accept says what it needs')
def _():
    lineage = '00' * 16
    with store() as s:
        for args in ([], ['--vm', UUID], ['--lineage', lineage], ['--host', '000b'],
                     ['--list', '--vm', UUID, '--lineage', lineage],
                     ['--cleared', 'a', '--vm', UUID, '--lineage', lineage]):
            s.refuse(2, 'accept: give', 'accept', *args, '--why', 'x')
        s.refuse(2, '32 digits', 'accept', '--vm', UUID, '--lineage', '00', '--why', 'x')
        s.refuse(1, 'is not in the store', 'accept', '--vm', UUID, '--lineage', lineage, '--why',
                 'x')


@tap.case('a host is called by its label only where one host has it')
def _():
    with open(glob.glob(VECTORS + '/trusted-rsa-host.json')[0], encoding='utf-8') as f:
        second = bytes.fromhex(json.load(f)['store']['hosts'][0]['public'])
    with store() as s:
        s.run('host', 'add', '--name', 'rack', s.file('1.pub', host_public()[0]))
        s.run('host', 'add', '--name', 'rack', s.file('2.pub', second))
        s.refuse(1, 'more than one host', 'host', 'revoke', 'rack')


@tap.case('a command that is not known, or misses an argument, says so')
def _():
    with store() as s:
        s.refuse(2, 'say one of add, challenge', 'host', 'frobnicate')
        s.refuse(2, 'say one of add, list', 'vm', 'frobnicate')
        s.refuse(2, 'it takes 1 argument', 'host', 'add')
        s.refuse(2, 'it takes 0 arguments', 'vm', 'list', 'all')
        s.refuse(2, 'Unknown option', 'challenge', '--frobnicate')


tap.main()
