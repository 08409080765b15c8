# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdicts that are kept with what they depend on: decided again, and each way to falsify them."""
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile

import tap
from log_chain import Chain, ima_entries

from programs import program
from protocol import UUID
from verifier import check

TOOL = program('tpm2_checkdeepquote')


def audit(store, *options, status=0):
    """What it prints, as lines."""
    done = subprocess.run([TOOL, 'audit', '--store', store, *options], capture_output=True,
                          text=True, check=False, timeout=60,
                          env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    tap.equal(done.returncode, status, f'{options}: {done.stdout}{done.stderr}')
    return done.stdout.splitlines()


def audited(store, *options, status=0):
    """(entries, the end) of --json."""
    told = [json.loads(line) for line in audit(store, '--json', *options, status=status)]
    return told[:-1], told[-1]


def wrong(store, *options):
    """{number: what is wrong with it}; what is wrong with the whole has no number."""
    entries, _ = audited(store, '--verify', *options, status=1)
    return {e.get('number'): e['wrong'] for e in entries if e['wrong']}


def rows(store):
    with contextlib.closing(sqlite3.connect(store)) as db:
        return db.execute('SELECT number, hash, text FROM entry ORDER BY number').fetchall()


@contextlib.contextmanager
def falsified(*statements):
    """A copy of the store on which the statements have run."""
    with tempfile.TemporaryDirectory(prefix='audit-') as folder:
        path = folder + '/store'
        shutil.copyfile(_store, path)
        with contextlib.closing(sqlite3.connect(path)) as db:
            for statement in statements:
                assert db.execute(*statement).rowcount != 0, statement
            db.commit()
        yield path


def written_anew(number, change, up_to):
    """Statements that change the body of one entry and give it, and those after it up to another,
    the hashes that it should have: what somebody does who knows how."""
    statements, previous = [], None
    for n, _, text in rows(_store)[number - 1:up_to]:
        line, body = text.split(b'\n', 1)
        words = line.split(b' ')
        words[4] = previous or words[4]
        body = change(body) if n == number else body
        text = b' '.join(words) + b'\n' + body
        digest = hashlib.sha256(text).digest()
        statements.append(('UPDATE entry SET hash = ?, text = ? WHERE number = ?',
                           (digest, text, n)))
        previous = digest.hex().encode()
    return statements


def digest_of(name, part):
    """The SHA-256 of a part of the first entry with this verdict."""
    for _, _, text in rows(_store):
        body = json.loads(text.split(b'\n', 1)[1])
        if body['verdict']['verdict'] == name:
            return bytes.fromhex(body['case']['parts'][part])
    raise AssertionError(name)


def record(chain):
    """Five verdicts, some refused, while the guest's list of IMA grows."""
    log = chain.logs['ima.log']
    last = log[ima_entries(log)[-1][0]:]
    return [chain.verdict('--record'), chain.verdict('--record', ima=log + last),
            chain.verdict('--record', ima=log + 2 * last),
            chain.verdict('--record', boot=chain.logs['host_boot.log']),
            chain.verdict('--record', '--vm-profile', chain.profile('other'))]


@tap.case('verdicts are recorded, listed, and come out the same when they are decided again')
def _():
    entries, end = audited(_store, '--verify')
    tap.equal([(e['verdict'], e['reason']) for e in entries],
              [('trusted', None)] * 3 + [('refused', 'vm-event-log'), ('refused', 'vm-boot')])
    tap.equal([e['again'] for e in entries],
              ['trusted'] * 3 + ['refused (vm-event-log)', 'refused (vm-boot)'])
    tap.equal([(e['number'], e['vm'], e['wrong']) for e in entries],
              [(n, UUID, []) for n in range(1, 6)])
    tap.equal((end['entries'], end['entriesWrong'], end['head']),
              (5, 0, f'5:{entries[-1]["hash"]}'))
    lines = audit(_store, '--verify', '--head', end['head'])
    tap.equal([line[:3] for line in lines[:5]], [f'✓ {n}' for n in range(1, 6)])
    assert lines[4].endswith(f'vm {UUID}  refused (vm-boot)'), lines
    tap.equal(lines[-1], 'head ' + end['head'])
    tap.equal(len(audited(_store, '--since', '2099-01-01')[0]), 0)
    assert 'again' in audit(_store)[-2]


@tap.case('the chain can be checked without our program')
def _():
    previous = '0' * 64
    for number, digest, text in rows(_store):
        line = text.split(b'\n', 1)[0].decode().split()
        tap.equal((line[:3], line[4:]), (['deepquote-entry', '1', str(number)],
                                         [previous, 'verdict']))
        previous = hashlib.sha256(text).hexdigest()
        tap.equal(digest.hex(), previous)


@tap.case('a log that grew is kept once, with what is new')
def _():
    log = _chain.logs['ima.log']
    size = len(log) - ima_entries(log)[-1][0]
    with contextlib.closing(sqlite3.connect(_store)) as db:
        kept = db.execute('SELECT size, length(data), length(base) > 0 FROM content WHERE size IN '
                          '(?, ?, ?) ORDER BY size', [len(log) + n * size for n in range(3)])
        tap.equal(kept.fetchall(), [(len(log), len(log), 0), (len(log) + size, size, 1),
                                    (len(log) + 2 * size, size, 1)])


@tap.case('what the store says later, and a policy that is gone, change nothing')
def _():
    with falsified(('DELETE FROM vm',), ('DELETE FROM host',), ('DELETE FROM challenge',)) as path:
        os.rename(_chain.policy, _chain.policy + '.gone')
        try:
            audited(path, '--verify')
        finally:
            os.rename(_chain.policy + '.gone', _chain.policy)


@tap.case('an entry that was altered is named')
def _():
    with falsified(("UPDATE entry SET text = CAST(replace(text, 'refused', 'trusted') AS BLOB) "
                    'WHERE number = 4',)) as path:
        tap.equal(wrong(path), {4: ['the entry was altered']})
    with falsified(('UPDATE entry SET hash = zeroblob(32) WHERE number = 2',)) as path:
        tap.equal(sorted(wrong(path)), [2, 3])


@tap.case('an entry that was removed is named, at the beginning too')
def _():
    with falsified(('DELETE FROM entry WHERE number IN (2, 3)',)) as path:
        tap.equal(wrong(path), {4: ['entries were removed before it: 2 to 3 are missing']})
    with falsified(('DELETE FROM entry WHERE number = 1',)) as path:
        tap.equal(wrong(path), {None: 'entries were removed: 1 to 1 are missing, and no entry says '
                                      'that they were pruned'})


@tap.case('entries that were cut off at the end are missed by whoever noted the head')
def _():
    _, end = audited(_store)
    with falsified(('DELETE FROM entry WHERE number > 3',)) as path:
        audited(path, '--verify')
        tap.equal(wrong(path, '--head', end['head']),
                  {None: 'entries were removed at the end: the last one is 3, and --head is 5'})


@tap.case('entries whose order was changed are named')
def _():
    with falsified(('UPDATE entry SET number = 9 WHERE number = 2',),
                   ('UPDATE entry SET number = 2 WHERE number = 3',),
                   ('UPDATE entry SET number = 3 WHERE number = 9',)) as path:
        tap.equal(wrong(path), {2: ['the entry was moved: it was entry 3'],
                                3: ['the entry was moved: it was entry 2']})


@tap.case('an entry that was written anew, with its hash, does not fit to the next one')
def _():
    def change(body):
        return body.replace(b'"refused"', b'"trusted"')
    with falsified(*written_anew(4, change, 4)) as path:
        said = wrong(path)
        tap.equal(said[5], ['it follows another entry than entry 4 as it is: one of the two was '
                            'written anew'])
        tap.equal(said[4][0], 'verdict was trusted, and comes out as refused')


@tap.case('a whole end that was written anew is told by the head, and by its own evidence')
def _():
    _, end = audited(_store)

    def change(body):
        return body.replace(b'"refused"', b'"trusted"').replace(b'"vm-event-log","s', b'null,"s')
    with falsified(*written_anew(4, change, 5)) as path:
        tap.equal(wrong(path, '--head', end['head'])[None],
                  'entry 5 is not the one that --head names: it, or an entry before it, was '
                  'written anew')
        tap.equal(wrong(path)[4][0], 'verdict was trusted, and comes out as refused')

    def later(body):  # the verdict stands, but whom it is about is another
        return body.replace(UUID.encode(), b'00000000-0000-0000-0000-000000000001')
    with falsified(*written_anew(1, later, 5)) as path:
        tap.equal(wrong(path)[1], ["what it says of 'vm' is not what comes out"])


@tap.case('evidence that was changed or removed is named')
def _():
    for part in ('evidence', 'quote', 'signature', 'pcrs', 'guest-public', 'challenge', 'policy',
                 'host-event-log', 'vm-event-log', 'uuid'):
        digest = digest_of('trusted', part)
        with falsified(('UPDATE content SET data = CAST(substr(data, 2) AS BLOB) WHERE digest = ?',
                        (digest,))) as path:
            assert f'it cannot be decided again: {part} was altered' in wrong(path)[1], part
        with falsified(('DELETE FROM content WHERE digest = ?', (digest,))) as path:
            assert f'it cannot be decided again: {part} was removed' in wrong(path)[1], part
    with falsified(('DELETE FROM content WHERE digest = ?', (digest_of('trusted', 'vm-ima'),))
                   ) as path:  # the later ones go on from it
        tap.equal(sorted(wrong(path)), [1, 2, 3, 4, 5])
    with falsified(('DELETE FROM content WHERE digest = ?',
                    (digest_of('refused', 'vm-event-log'),))) as path:
        assert 4 in wrong(path), wrong(path)


@tap.case('evidence that was swapped for other evidence leads to another verdict')
def _():
    good, bad = (digest_of(word, 'vm-event-log').hex() for word in ('trusted', 'refused'))

    def change(body):
        return body.replace(good.encode(), bad.encode())
    with falsified(*written_anew(1, change, 5)) as path:
        tap.equal(wrong(path)[1][:2], ['verdict was trusted, and comes out as refused',
                                       'reason was none, and comes out as vm-event-log'])


@tap.case('an entry with anything in it is wrong, and nothing worse')
def _():
    for body in (b'', b'{}', b'[]', b'\xff', b'{"case": 7}', b'{"case": {}}', b'[' * 5000,
                 b'{"case": {"parts": {"evidence": 7}, "policy-keys": {}, "store": {}}}',
                 b'{"case": {"parts": {}, "policy-keys": {"zz": ""}, "store": {}, "host": [], '
                 b'"host-public": [], "allow-key": [], "allow-simulated": true}}'):
        with falsified(*written_anew(1, lambda _, body=body: body, 5)) as path:
            tap.equal(list(wrong(path)), [1])


@tap.case('each member of a case that is something else is an error')
def _():
    for name in json.loads(rows(_store)[0][2].split(b'\n', 1)[1])['case']['store']:
        def change(body, name=name):
            told = json.loads(body)
            told['case']['store'][name] = [7]
            return json.dumps(told).encode()
        with falsified(*written_anew(1, change, 5)) as path:
            tap.equal(list(wrong(path)), [1], name)


@tap.case('what is pruned is told, and the rest is as good as before')
def _():
    _, end = audited(_store)
    first = rows(_store)[0]
    with falsified() as path:
        at = int(rows(path)[3][2].split()[3])
        date = subprocess.run(['date', '-u', '-d', f'@{at}', '+%Y-%m-%dT%H:%M:%SZ'], text=True,
                              capture_output=True, check=True).stdout.strip()
        before = sum(int(text.split()[3]) < at for _, _, text in rows(path))
        entries, _ = audited(path, '--prune-before', date, '--verify', '--head', end['head'])
        tap.equal([e['number'] for e in entries], list(range(before + 1, 6 + (before > 0))))
    with falsified() as path:
        entries, _ = audited(path, '--prune-before', '2099-01-01', '--verify', '--head',
                             end['head'])
        tap.equal([(e['number'], e['prunedUpTo']) for e in entries], [(6, 5)])
        said = wrong(path, '--head', f'1:{first[1].hex()}')
        assert 'is not there' in said[None], said
        with contextlib.closing(sqlite3.connect(path)) as db:
            tap.equal(db.execute('SELECT count(*) FROM content').fetchone(), (0,))


@tap.case('arguments that are none are told')
def _():
    for options, words in ((('--head', '5'), 'NUMBER:HASH'), (('--head', '0:' + '00' * 32), 'NUMB'),
                           (('--since', 'yesterday'), 'a date as'),
                           (('--prune-before', '2026'), 'a date as')):
        done = subprocess.run([TOOL, 'audit', '--store', _store, *options], capture_output=True,
                              text=True, check=False, timeout=60)
        tap.equal(done.returncode, 2)
        assert words in done.stderr, done
    refused = check('--record', '--host', _chain.folder + '/host.key', _chain.guest)
    tap.equal(refused.status, 2)
    assert '--store' in refused.error, refused


@tap.case('without --record nothing is kept, and a verdict that cannot be kept is none')
def _():
    with falsified(('DELETE FROM entry',)) as path:
        challenge = _chain.store.challenge()
        _chain.quote(challenge)
        done = check('--store', path, '-q', challenge, _chain.guest)
        tap.equal(done.status, 3, str(done))
        tap.equal(rows(path), [])
    with falsified(('DROP TABLE content',)) as path:
        done = check('--store', path, '--record', '-q', challenge, _chain.guest)
        tap.equal((done.status, done.word), (2, None), done)
        assert 'could not be recorded' in done.text, done


with contextlib.ExitStack() as _stack:
    _folder = _stack.enter_context(tempfile.TemporaryDirectory(prefix='audit-'))
    os.chmod(_folder, 0o755)
    _chain = Chain(_folder, _stack)
    _verdicts = record(_chain)
    tap.equal([v.status for v in _verdicts], [0, 0, 0, 1, 1], str(_verdicts))
    with contextlib.closing(sqlite3.connect(_chain.store.path)) as _db:
        _db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    _store = _chain.store.path

    tap.main()
