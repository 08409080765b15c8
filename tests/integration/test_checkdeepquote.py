# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_checkdeepquote: exit codes, output, state file, folders; fed from tests/vectors."""
import contextlib
import glob
import json
import os
import stat
import tempfile

import tap
from verifier import check

VECTORS = os.path.join(os.environ['SOURCE_ROOT'], 'tests', 'vectors')
WORDS = ['malformed', 'unknown-host', 'bad-host-signature', 'not-a-quote', 'bad-proof',
         'host-pcr-mismatch', 'wrong-nonce', 'wrong-vm', 'bad-vtpm-quote', 'bad-vtpm-signature',
         'vtpm-pcr-mismatch', 'stale', 'policy']
FILES = {'evidence': 'evidence.bin', 'vtpmQuoted': 'quote.msg', 'vtpmSignature': 'quote.sig',
         'vtpmPcrs': 'pcrs.bin', 'vtpmKey': 'ak.pub'}


def load(name):
    with open(os.path.join(VECTORS, name + '.json'), encoding='utf-8') as f:
        return json.load(f)


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


@contextlib.contextmanager
def case(name, **changed):
    """A folder with a vector's files, and the arguments to check them with."""
    vector = load(name) | changed
    with tempfile.TemporaryDirectory(prefix='attest-') as folder:
        def put(file, data):
            return write(os.path.join(folder, file), data)
        for member, file in FILES.items():
            if vector[member] is not None:
                put(file, bytes.fromhex(vector[member]))
        args = ['-m', folder + '/quote.msg', '-s', folder + '/quote.sig', '-f',
                folder + '/pcrs.bin', '--evidence', folder + '/evidence.bin',
                '-q', vector['nonce']]
        for number, key in enumerate(vector['hostKeys']):
            args += ['--host', put(f'host{number}.pub', bytes.fromhex(key))]
        for number, key in enumerate(vector['offeredHostKeys']):
            args += ['--host-public', put(f'offered{number}.pub', bytes.fromhex(key))]
        for member, option, as_file in (('vtpmKey', '-u', 'ak.pub'), ('uuid', '--uuid', None),
                                        ('vtpmEk', '--ek', None)):
            if vector[member] is not None:
                args += [option, os.path.join(folder, as_file) if as_file else vector[member]]
        for member in ('policy', 'state'):
            if vector[member] is not None:
                args += ['--' + member, put(member, vector[member])]
        yield folder, args


def results(output):
    """[(mark, word)] of the lines that tell of checks."""
    return [tuple(line.split()[:2]) for line in output.splitlines() if line[:1] in '✓✗-' and line]


@tap.case('trusted: exit 0, thirteen ticks in order, the verdict last')
def _():
    with case('trusted-leaf-3-of-3') as (_, args):
        done = check(*args)
    tap.equal(done.status, 0, done.error)
    tap.equal(results(done.output), [('✓', word) for word in WORDS])
    tap.equal(done.last, 'verdict: trusted')
    tap.equal(done.error, '')


@tap.case('not trusted: exit 1, ticks, one cross, dashes, the reason last')
def _():
    with case('bad-proof-node') as (_, args):
        done = check(*args)
    at = WORDS.index('bad-proof')
    tap.equal(done.status, 1)
    tap.equal(results(done.output), [('✓', w) for w in WORDS[:at]] + [('✗', 'bad-proof')] +
              [('-', w) for w in WORDS[at + 1:]])
    tap.equal(done.last, 'verdict: not trusted (bad-proof)')


@tap.case('every vector has its exit code and reason in --json')
def _():
    for path in sorted(glob.glob(VECTORS + '/*.json')):
        name = os.path.basename(path)[:-len('.json')]
        expect = load(name)['expect']
        with case(name) as (_, args):
            if '--host' not in args and '--policy' not in args:
                args += ['--policy', '/dev/null']
            done = check('--json', *args)
        tap.equal(done.status, 0 if expect == 'trusted' else 1, name + done.error)
        verdict = json.loads(done.output)
        tap.equal(verdict['reason'], None if expect == 'trusted' else expect, name)
        tap.equal(verdict['verdict'], 'trusted' if expect == 'trusted' else 'not trusted', name)
        tap.equal([c['check'] for c in verdict['checks']], WORDS)
        if expect != 'trusted':
            tap.equal([c['result'] for c in verdict['checks']],
                      ['pass'] * WORDS.index(expect) + ['fail'] +
                      ['not-run'] * (len(WORDS) - 1 - WORDS.index(expect)), name)


@tap.case('a nonce is used once: the state file remembers, and only its owner reads it')
def _():
    with case('trusted-one-leaf') as (folder, args):
        state = folder + '/new-state'
        tap.equal(check('--state', state, *args).status, 0)
        tap.equal(stat.S_IMODE(os.stat(state).st_mode), 0o600)
        with open(state, encoding='utf-8') as f:
            before = f.read()
        again = check('--state', state, *args)
        tap.equal(again.status, 1)
        tap.equal(again.last, 'verdict: not trusted (wrong-nonce)')
        with open(state, encoding='utf-8') as f:
            tap.equal(f.read(), before)


@tap.case('what is not trusted leaves no state behind')
def _():
    with case('policy-host-pcr') as (folder, args):
        state = folder + '/new-state'
        tap.equal(check('--state', state, *args).status, 1)
        assert not os.path.exists(state)


@tap.case('a state that cannot be saved is no verdict: exit 2, nothing on stdout')
def _():
    with case('trusted-one-leaf') as (_, args):
        done = check('--state', '/proc/self/state', *args)
    tap.equal((done.status, done.output), (2, ''))
    assert 'tpm2_checkdeepquote: ' in done.error


@tap.case('a damaged state file is refused with its line')
def _():
    good = 'deepquote-state 1\nnonce 00\nend\n'
    for text, line in (('', 1), ('deepquote-state 2\nend\n', 1), (good[:-4], 3), (good + 'x', 4),
                       (good.replace('nonce 00', 'nonce 0'), 2),
                       (good.replace('nonce 00', 'vm x 1 2'), 2),
                       (good.replace('nonce 00', 'host 000b 1 2'), 2)):
        with case('trusted-one-leaf', state=text) as (_, args):
            done = check(*args)
        tap.equal((done.status, done.output), (2, ''), text)
        assert f'state:{line}: ' in done.error, (text, done.error)


@tap.case('a wrong policy names file, line and what to do')
def _():
    for text, line, part in (('vm any\nhost-pcr sha256:7', 2, 'write it as: host-pcr BANK'),
                             ('host-pcr sha256:99 00', 1, 'is no PCR'),
                             ('host-pcr sha256:7 00', 1, 'give 32'),
                             ('\n\nhost-key x', 3, 'is not known here'),
                             ('host-ak /nowhere', 1, '/nowhere'),
                             ('host-ak name:000b00', 1, 'is no Name'),
                             ('vm 1234', 1, 'is no UUID'),
                             ('vm any ak=x', 1, 'write it as: vm'),
                             ('launch 0g', 1, 'hexadecimal')):
        with case('trusted-one-leaf', policy=text) as (_, args):
            done = check(*args)
        tap.equal((done.status, done.output), (2, ''), text)
        assert f'policy:{line}: ' in done.error and part in done.error, (text, done.error)


@tap.case('unreadable input and wrong usage: exit 2, one line that says what to do')
def _():
    with case('trusted-one-leaf') as (folder, args):
        no_host = [a for i, a in enumerate(args) if '--host' not in (a, args[i - 1])]
        for wrong in (['--nonsense'], no_host, args + ['--evidence', '/nowhere'],
                      args + ['-q', 'xyz'], args + ['-q', ''], args + ['--uuid', '12'],
                      args + ['-u', folder + '/quote.msg'], args + ['-q', '00' * 65]):
            done = check(*wrong)
            tap.equal((done.status, done.output), (2, ''), str(wrong))
            tap.equal(done.error.count('\n'), 1, done.error)


@tap.case('-q takes a file with the nonce, as tpm2_checkquote does')
def _():
    with case('trusted-one-leaf') as (folder, args):
        nonce = bytes.fromhex(args[args.index('-q') + 1])
        args[args.index('-q') + 1] = write(folder + '/nonce.bin', nonce)
        tap.equal(check(*args).status, 0)


@tap.case('many folders: a verdict each, 0 only if all are trusted')
def _():
    with case('trusted-one-leaf') as (good, args), case('bad-proof-node') as (bad, _):
        for folder, name in ((good, 'trusted-one-leaf'), (bad, 'bad-proof-node')):
            write(folder + '/nonce', load(name)['nonce'] + '\n')
            write(folder + '/uuid', load(name)['uuid'] + '\n')
        host = ['--host', args[args.index('--host') + 1]]
        done = check(*host, good)
        tap.equal((done.status, done.output),
                  (0, f'{good}: verdict: trusted\ntrusted: 1 of 1\n'))
        done = check(*host, good, bad)
        tap.equal((done.status, done.output),
                  (1, f'{good}: verdict: trusted\n{bad}: verdict: not trusted (bad-proof)\n'
                      'trusted: 1 of 2\n'))
        tap.equal(check('--threads', '2', *host, good, bad).output, done.output)
        done = check('--json', *host, good, bad)
        tap.equal([json.loads(line)['name'] for line in done.output.splitlines()], [good, bad])
        done = check(*host, good, '/nowhere')
        tap.equal((done.status, done.output), (2, ''))
        assert '/nowhere: ' in done.error
        done = check(*host, '--state', good + '/state', good, good)
        tap.equal(done.output.splitlines()[1], f'{good}: verdict: not trusted (wrong-nonce)')


@tap.case('--quiet prints the verdict only; --version and --help exit 0')
def _():
    with case('trusted-one-leaf') as (_, args):
        tap.equal(check('--quiet', *args).output, 'verdict: trusted\n')
    for option in ('--version', '--help'):
        done = check(option)
        tap.equal(done.status, 0)
        assert 'tpm2_checkdeepquote' in done.output


tap.main()
