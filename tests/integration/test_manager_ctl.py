# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerctl: commands, tables, JSON, files, exit codes; the administration socket itself."""
import contextlib
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import tempfile

import tap
from client import greeted
from manager import Manager
from programs import built, program
from protocol import UUID
from users import owner_of

manager = Manager().start()
OTHER = '00000000-0000-4000-8000-000000000002'
EK = '000b' + '5a' * 32
ctl = manager.ctl


@tap.case('register, list, show, disable, enable, unregister')
def _():
    tap.equal(ctl('register', UUID, '--owner', 'nobody', '--name', 'web', '--ek', EK).stdout, '')
    lines = ctl('list').stdout.splitlines()
    tap.equal(lines[0].split(), ['UUID', 'STATE', 'RULE', 'OWNER', 'EPOCH', 'GENERATION', 'NAME'])
    tap.equal(lines[1].split(), [UUID, 'enabled', 'user', 'nobody', '0', '0', 'web'])
    shown = dict(line.split(maxsplit=1) for line in ctl('show', UUID).stdout.splitlines()
                 if not line.startswith('endorsement'))
    tap.equal((shown['UUID'], shown['name'], shown['seen']), (UUID, 'web', 'never'))
    assert EK in ctl('show', UUID).stdout
    tap.equal(ctl('disable', UUID).stdout, '')
    assert ' disabled ' in ctl('list').stdout
    ctl('enable', UUID)
    assert ' enabled ' in ctl('list').stdout
    ctl('unregister', UUID)
    tap.equal(len(ctl('list').stdout.splitlines()), 1)


@tap.case('a connected VM is shown as connected')
def _():
    ctl('register', OTHER)
    tap.equal(json.loads(ctl('--json', 'show', OTHER).stdout)['vm']['owner'], os.geteuid())
    ctl('rule', OTHER, '--rule', 'user', '--owner', str(owner_of(OTHER)))
    with greeted(manager, uuid=OTHER):
        assert ' connected ' in ctl('list').stdout
        assert '1 registered, 1 connected' in ctl('status').stdout


@tap.case('what does not exist or exists already: exit 1, a line on what to do, no output')
def _():
    for args, word in ((('show', UUID), 'vtpm-managerctl list'),
                       (('enable', UUID), 'vtpm-managerctl register'),
                       (('disable', UUID), 'vtpm-managerctl register'),
                       (('unregister', UUID), 'vtpm-managerctl register'),
                       (('register', OTHER), 'unregister it first'),
                       (('register', UUID, '--ek', '000b55'), 'not a Name'),
                       (('show', 'not-a-uuid'), 'not-a-uuid'),
                       (('quote', '--nonce', '00' * 16, '--pcrs', 'sm3_256:0'),
                        'banks that the TPM')):
        done = ctl(*args, code=1)
        tap.equal(done.stdout, '')
        assert word in done.stderr, done.stderr


@tap.case('wrong usage: exit 2')
def _():
    for args in ((), ('nonsense',), ('show',), ('show', UUID, UUID), ('status', 'x'),
                 ('--nonsense', 'status'), ('quote',), ('quote', '--nonce', '00'),
                 ('quote', '--nonce', '00', '--pcrs', 'sha256'),
                 ('quote', '--nonce', 'zz', '--pcrs', 'sha256:0'),
                 ('quote', '--nonce', '00' * 15, '--pcrs', 'sha256:0'),
                 ('quote', '--nonce', '00' * 65, '--pcrs', 'sha256:0'),
                 ('quote', '--nonce', '00', '--pcrs', 'sha256:24'),
                 ('quote', '--nonce', '00', '--pcrs', 'md5:0'),
                 ('register', UUID, '--owner', 'no such user')):
        done = ctl(*args, code=2)
        assert 'Try vtpm-managerctl --help' in done.stderr, done.stderr
    assert 'Commands:' in ctl('--help').stdout


@tap.case('rename changes the name and nothing else')
def _():
    ctl('register', UUID, '--name', 'web', '--ek', EK)
    before = json.loads(ctl('--json', 'show', UUID).stdout)['vm']
    for name in ('Müller 2', '', "it's"):
        ctl('rename', UUID, '--name', name)
        after = json.loads(ctl('--json', 'show', UUID).stdout)['vm']
        tap.equal(after, dict(before, name=name))
    tap.equal(after['ek'], EK)
    assert 'not registered' in ctl('rename', UUID[:-1] + '9', '--name', 'x', code=1).stderr
    assert '--name' in ctl('rename', UUID, code=2).stderr
    ctl('unregister', UUID)


@tap.case('names are text of one line, and shown so whatever the registry holds')
def _():
    for name in ('a\nb', 'a\x1b[2J', 'x' * 5000, 'ä' * 128, 'a\x7f', '\x9b2J'):
        for args in (('register', UUID, '--name', name), ('rename', OTHER, '--name', name),
                     ('group', name, '--weight', '2')):
            done = ctl(*args, code=1)
            assert 'the name of a' in done.stderr and '\x1b' not in done.stderr, done.stderr
            tap.equal(len(done.stderr.splitlines()), 1)
    assert 'UTF-8' in ctl('rename', OTHER, '--name', b'\xff', code=2).stderr
    manager.stop()
    with contextlib.closing(sqlite3.connect(os.path.join(manager.state, 'registry.db'))) as db:
        db.execute("UPDATE vm SET name = ?", ('a\nb\x1b[2J' + 'x' * 5000,))
        db.commit()
    manager.start()
    ctl('registry', 'accept', '--why', 'names that no manager writes')
    listed, shown = ctl('list').stdout, ctl('show', OTHER).stdout
    for text in (listed, shown):
        assert 'a\\nb\\x1b[2Jxxx' in text and '\x1b' not in text and 'x...' in text, text
    tap.equal(len(listed.splitlines()), 2)
    ctl('rename', OTHER, '--name', 'plain')
    tap.equal(ctl('list').stdout.splitlines()[1].split()[-1], 'plain')


@tap.case('names are bytes in the C locale too')
def _():
    env = dict(os.environ, LC_ALL='C')
    command = [program('vtpm-managerctl'), '--socket', manager.admin_socket]
    subprocess.run([*command, 'rename', OTHER, '--name', 'Müller'], env=env, check=True)
    tap.equal(json.loads(ctl('--json', 'show', OTHER).stdout)['vm']['name'], 'Müller')
    done = subprocess.run([*command, 'list'], env=env, check=True, capture_output=True, text=True)
    assert done.stdout.rstrip().endswith('M\\u00fcller'), done.stdout


@tap.case('status tells of the TPM, in words and in JSON')
def _():
    text = ctl('status').stdout
    assert 'SIMULATED, not hardware' in text and 'sha256' in text, text
    status = json.loads(ctl('--json', 'status').stdout)
    tap.equal((status['simulated'], status['tpm']['manufacturer']), (True, 'IBM'))


@tap.case('status tells of requests, batches and times, once there are some')
def _():
    text = ctl('status').stdout
    assert 'hardware quotes 0\n' in text and 'answered in' not in text, text
    ctl('register', UUID)
    with greeted(manager) as vtpm:
        for _ in range(3):
            vtpm.quote(os.urandom(20))
    ctl('unregister', UUID)
    text = ctl('status').stdout
    for line in ('deep quotes     3 requests: 3 answered, 0 refused, 0 timed out, 0 cancelled; '
                 '0 more throttled',
                 'at present      0 waiting, 0 with the TPM', 'answered in     p50 ',
                 'hardware quotes 3, each for 1.0 requests on average, p50 1, max 1',
                 'each took       p50 '):
        assert '\n' + line in text, text
    quotes = json.loads(ctl('--json', 'status').stdout)['quotes']
    tap.equal(quotes['batch-size'],
              {'count': 3, 'mean': 1.0, 'p50': 1, 'p90': 1, 'p99': 1, 'max': 1})
    for times in quotes['latency-us'], quotes['hardware-quote-us']:
        tap.equal(times['count'], 3)
        assert 0 < times['p50'] <= times['p90'] <= times['p99'] <= times['max'] < 30e6, times
        assert times['mean'] <= times['max'], times


@tap.case('the AK and a host quote are what tpm2_checkquote accepts')
def _():
    with tempfile.TemporaryDirectory(prefix='managerd-') as d:
        name = ctl('ak', '--output', d + '/ak').stdout.strip()
        tap.equal(name, manager.admin('ak')['name'])
        nonce = os.urandom(16)
        out = ctl('quote', '--nonce', nonce.hex(), '--pcrs', 'sha256:0,7+sha1:1', '-m', d + '/m',
                  '-s', d + '/s', '-o', d + '/o').stdout.splitlines()
        tap.equal([line.split()[0] for line in out], ['sha256:0', 'sha256:7', 'sha1:1'])
        with open(d + '/o', 'rb') as f:
            tap.equal(f.read().hex(), ''.join(line.split()[1] for line in out))
        signed = hashlib.sha256(b'DEEPQUOTE-HOST-V2\0' + nonce).hexdigest()
        for data, code in ((signed, 0), (nonce.hex(), 1)):
            done = subprocess.run(['tpm2_checkquote', '-u', d + '/ak', '-m', d + '/m', '-s',
                                   d + '/s', '-q', data], capture_output=True, check=False)
            tap.equal(done.returncode != 0, code != 0, done.stderr)


@tap.case('of the files of a quote none is written where one cannot be; a full disk is told')
def _():
    with tempfile.TemporaryDirectory() as d:
        with open(d + '/m', 'wb') as f:
            f.write(b'old')
        for place in ('/dev/full', d + '/no such folder/s'):
            done = ctl('quote', '--nonce', '00' * 16, '--pcrs', 'sha256:0', '-m', d + '/m', '-o',
                       d + '/o', '-s', place, code=1)
            assert place in done.stderr, done.stderr
            with open(d + '/m', 'rb') as f:
                tap.equal(f.read(), b'old')
            tap.equal(os.listdir(d), ['m'])
        assert 'No space left' in ctl('ak', '--output', '/dev/full', code=1).stderr


@tap.case('no manager there: exit 1')
def _():
    done = subprocess.run([program('vtpm-managerctl'), '--socket', manager.dir + '/none', 'status'],
                          capture_output=True, text=True, check=False)
    tap.equal(done.returncode, 1)
    assert 'is vtpm-managerd running' in done.stderr


@tap.case('the administration socket is the owner\'s only')
def _():
    tap.equal(stat.S_IMODE(os.stat(manager.admin_socket).st_mode), 0o600)
    tap.equal(stat.S_IMODE(os.stat(manager.socket).st_mode), 0o666)
    tap.equal(stat.S_IMODE(os.stat(manager.state).st_mode), 0o700)


@tap.case('a user who reaches the administration socket nevertheless is turned away')
def _():
    if os.geteuid() != 0:
        tap.skip('needs root to be another user')
    # the other user may not be able to enter the build directory
    tool = shutil.copy(program('vtpm-managerctl'), manager.dir)
    shutil.copy(built('lib', 'deepquote', 'libdeepquote.so.1'), manager.dir)
    os.chmod(manager.admin_socket, 0o666)
    try:
        done = subprocess.run([tool, '--socket', manager.admin_socket, 'status'],
                              capture_output=True, text=True, check=False, user=65534,
                              env=dict(os.environ, LD_LIBRARY_PATH=manager.dir))
    finally:
        os.chmod(manager.admin_socket, 0o600)
    tap.equal((done.returncode, done.stdout), (1, ''))


@tap.case('requests that are no JSON, no object, too long or many in one packet')
def _():
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(manager.admin_socket)
        quote = {'command': 'quote', 'nonce': 'aa' * 16, 'pcrs': [{'bank': 11, 'pcr': 0}]}
        lines = ['', '[]', '{', '"x"', '{"command": 3}', '{"command": "show", "uuid": {}}',
                 '{"command": "register", "uuid": "%s", "owner": "x"}' % UUID,
                 '{"command": "register", "uuid": "%s", "owner": -1}' % UUID,
                 '{"command": "quote", "nonce": "%s", "pcrs": [1]}' % ('aa' * 16),
                 json.dumps(quote),
                 '{"command": "list"}']
        s.sendall('\n'.join(lines).encode() + b'\n')
        answers = s.makefile()
        got = [json.loads(answers.readline())['ok'] for _ in lines]
        tap.equal(got, [False] * 9 + [True, True])
        try:
            s.sendall(b'x' * (10 << 20))
            assert s.recv(1) == b''
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert manager.admin('status')['ok']


try:
    tap.main()
finally:
    manager.stop()
    manager.__exit__(None)
