# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_checkdeepquote: three verdicts, exit codes, output, folders; fed from tests/vectors."""
import base64
import contextlib
import glob
import json
import os
import re
import subprocess
import tempfile
import threading

import tap
import verifier_store
from programs import program

TOOL = program('tpm2_checkdeepquote')
VECTORS = os.path.join(os.environ['SOURCE_ROOT'], 'tests', 'vectors')
WORDS = ['malformed', 'unknown-host', 'bad-host-signature', 'not-a-quote', 'bad-proof',
         'host-pcr-mismatch', 'wrong-nonce', 'wrong-vm', 'bad-vtpm-quote', 'bad-vtpm-signature',
         'vtpm-pcr-mismatch', 'stale', 'lineage', 'moved', 'policy']
FILES = {'evidence': 'evidence.bin', 'vtpmQuoted': 'quote.msg', 'vtpmSignature': 'quote.sig',
         'vtpmPcrs': 'pcrs.bin', 'vtpmKey': 'ak.pub'}
STATUS = {'trusted': 0, 'authentic': 3}
TRUSTED = "verdict: trusted, host enrolled by the operator's word"


def load(name):
    with open(os.path.join(VECTORS, name + '.json'), encoding='utf-8') as f:
        return json.load(f)


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


class Case:
    """A vector: the guest's files in a folder of their own, and what the verifier has beside it."""

    def __init__(self, folder, name, **changed):
        self.vector = load(name) | changed
        self.folder = folder
        self.guest = os.path.join(folder, 'guest')
        os.mkdir(self.guest)
        for member, file in FILES.items():
            if self.vector['quote'][member] is not None:
                write(os.path.join(self.guest, file), bytes.fromhex(self.vector['quote'][member]))
        self.expected = self.options_of_verifier()

    def key(self, name, digits):
        return write(os.path.join(self.folder, name), bytes.fromhex(digits))

    def options_of_verifier(self):
        v, x, args = self.vector, self.vector['expected'], []
        for option, value in (('-q', x['challenge']), ('--uuid', x['uuid']), ('--ak', x['vtpmAk']),
                              ('--ek', x['vtpmEk']), ('--allow-key', v['allowedKey'])):
            args += [option, value] if value else []
        for option, value in (('--bind', x['channel']), ('-u', x['vtpmKey']),
                              ('--host', v['givenHost']), ('--host-public', v['offeredHost'])):
            args += [option, self.key(option.strip('-') + '.bin', value)] if value else []
        if v['allowSimulated']:
            args.append('--allow-simulated')
        if v['policy'] is not None:
            args += ['--policy', write(self.folder + '/policy', v['policy'])]
        if v['store'] is not None:
            args += ['--store', verifier_store.make(TOOL, self.folder + '/store', v)]
        return args

    def options_of_guest(self):
        args = []
        for option, file in (('-m', 'quote.msg'), ('-s', 'quote.sig'), ('-f', 'pcrs.bin'),
                             ('--evidence', 'evidence.bin'), ('--guest-public', 'ak.pub')):
            path = os.path.join(self.guest, file)
            args += [option, path] if os.path.exists(path) else []
        return args

    def without(self, option):
        """The verifier's options but this one and its value."""
        at = self.expected.index(option)
        return self.expected[:at] + self.expected[at + 2:]

    def run(self, *args):
        return run(*self.options_of_guest(), *self.expected, *args)


@contextlib.contextmanager
def case(name, **changed):
    with tempfile.TemporaryDirectory(prefix='check-') as folder:
        yield Case(folder, name, **changed)


def run(*args):
    return subprocess.run([TOOL, *args], capture_output=True, text=True, check=False, timeout=60)


def results(output):
    """[(mark, word)] of the lines that tell of checks."""
    return [(line[0], line[2:].split()[0]) for line in output.splitlines()
            if line[1:2] == ' ' and line[2:].split()[:1] and line[2:].split()[0] in WORDS]


@tap.case('trusted: exit 0, fifteen ticks in order, the verdict last, with who enrolled the host')
def _():
    with case('trusted-leaf-3-of-3') as c:
        done = c.run()
    tap.equal((done.returncode, done.stderr), (0, ''), done.stdout)
    tap.equal(results(done.stdout), [('✓', word) for word in WORDS])
    tap.equal(done.stdout.splitlines()[-1], TRUSTED)
    assert ', first seen\n' in done.stdout, done.stdout
    assert 'channel: not bound\n' in done.stdout
    assert re.search(r"^enrolled by the operator's word, 2025-11-24T16:00:00Z$", done.stdout,
                     re.M), done.stdout
    with case('trusted-by-proof') as c:
        tap.equal(c.run('-Q').stdout, 'verdict: trusted, host enrolled by proof\n')


@tap.case('refused: exit 1, ticks, one cross, nothing after it, the reason last')
def _():
    with case('bad-proof-node') as c:
        done = c.run()
    at = WORDS.index('bad-proof')
    tap.equal(done.returncode, 1)
    tap.equal(results(done.stdout), [('✓', w) for w in WORDS[:at]] + [('✗', 'bad-proof')] +
              [(' ', w) for w in WORDS[at + 1:]])
    tap.equal(done.stdout.splitlines()[-1], 'verdict: refused (bad-proof)')


@tap.case('authentic: exit 3, a dash with what was not compared and which option would')
def _():
    with case('authentic-no-store-no-policy') as c:
        done = c.run()
        tap.equal(c.run('-Q').stdout, 'verdict: authentic\n')
    tap.equal((done.returncode, done.stderr), (3, ''))
    dashes = {word: line for line in done.stdout.splitlines() for word in WORDS
              if line.startswith(f'- {word} ')}
    tap.equal(sorted(dashes), sorted(c.vector['notCompared']))
    for word, option in (('unknown-host', 'host add'), ('wrong-nonce', '--store'),
                         ('wrong-vm', '-u'), ('stale', '--store'), ('lineage', '--store'),
                         ('moved', '--store'), ('policy', '--policy')):
        assert option in dashes[word], dashes[word]
    tap.equal(done.stdout.splitlines()[-1], 'verdict: authentic')


@tap.case('no form of an authentic verdict can be taken for trusted')
def _():
    for path in glob.glob(VECTORS + '/authentic-*.json'):
        with case(os.path.basename(path)[:-len('.json')]) as c:
            for form in ([], ['-Q'], ['--json']):
                done = c.run(*form) if c.vector['store'] is None else Case(
                    tempfile.mkdtemp(dir=c.folder), os.path.basename(path)[:-5]).run(*form)
                tap.equal(done.returncode, 3, path + done.stderr)
                assert 'trusted' not in done.stdout, done.stdout


@tap.case('a quote that no key signed is told from one that a key did, whatever is allowed')
def _():
    alone = 'the host alone vouches for the guest'
    with case('authentic-unsigned-with-digest') as c:
        done = c.run('-Q')
        tap.equal(done.returncode, 3)
        assert 'authentic, ' + alone in done.stdout, done.stdout
    with case('authentic-unsigned-with-digest') as c:
        done = c.run('--allow-host-vouched')
        tap.equal(done.returncode, 0)
        assert 'trusted, ' + alone in done.stdout, done.stdout
    for name, by in (('trusted-host-vouched', 'host'), ('trusted-signed-where-allowed', 'vtpm'),
                     ('wrong-vm-no-signer-allowed', None)):
        with case(name) as c:
            tap.equal(json.loads(c.run('--json').stdout)['vouchedBy'], by, name)


@tap.case('every vector has its exit code, its word and its results in --json')
def _():
    for path in sorted(glob.glob(VECTORS + '/*.json')):
        name = os.path.basename(path)[:-len('.json')]
        with case(name) as c:
            challenges = (c.vector['store'] or {}).get('challenges', [])
            if any(len(one['challenge']) != 64 for one in challenges):
                continue  # challenges of this store have 32 bytes
            if not {'--store', '--policy', '--host'} & set(c.expected) or \
                    not {'-q', '--store'} & set(c.expected):
                tap.equal(c.run().returncode, 2, name)
                continue
            done = c.run('--json')
        expect = c.vector['expect']
        tap.equal(done.returncode, STATUS.get(expect, 1), name + done.stdout + done.stderr)
        verdict = json.loads(done.stdout)
        tap.equal(verdict['verdict'], expect if expect in STATUS else 'refused', name)
        tap.equal(verdict['reason'], None if expect in STATUS else expect, name)
        tap.equal([r['check'] for r in verdict['checks']], WORDS)
        end = len(WORDS) if expect in STATUS else WORDS.index(expect)
        tap.equal([r['result'] for r in verdict['checks']],
                  ['not-compared' if w in c.vector['notCompared'] else 'pass'
                   for w in WORDS[:end]] + ['fail', *['not-run'] * len(WORDS)][:len(WORDS) - end],
                  name)


@tap.case('a stand-in TPM is authentic, or trusted where it is allowed, and each form says so')
def _():
    with case('trusted-stand-in') as c:
        done = c.run()
        tap.equal(done.returncode, 0)
        tap.equal(done.stdout.splitlines()[-1],
                  "verdict: trusted (stand-in TPM), host enrolled by the operator's word")
    with case('trusted-stand-in') as c:
        verdict = json.loads(c.run('--json').stdout)
        tap.equal((verdict['verdict'], verdict['simulated']), ('trusted', True))
    with case('authentic-stand-in') as c:
        done = c.run('-Q')
        tap.equal((done.returncode, done.stdout), (3, 'verdict: authentic (stand-in TPM)\n'))


@tap.case('a challenge is good once, whatever came of it')
def _():
    with case('trusted-one-leaf') as c:
        tap.equal(c.run('-Q').returncode, 0)
        tap.equal(c.run('-Q').stdout, 'verdict: refused (wrong-nonce)\n')
    with case('trusted-one-leaf') as c:
        write(c.guest + '/quote.sig', b'\0\x18\0\x0b')
        tap.equal(c.run('-Q').stdout, 'verdict: refused (malformed)\n')
        write(c.guest + '/quote.sig', bytes.fromhex(c.vector['quote']['vtpmSignature']))
        tap.equal(c.run('-Q').stdout, 'verdict: refused (wrong-nonce)\n')


@tap.case('what challenge prints is expected, for the VM that it was issued for')
def _():
    with case('trusted-only-store') as c:
        store = ['--store', c.folder + '/store']
        other = run('challenge', *store, '--vm', '00000000-0000-4000-8000-000000000001')
        done = c.run('-q', other.stdout.strip(), '-Q')
        tap.equal(done.stdout, 'verdict: refused (wrong-nonce)\n')
        tap.equal(c.run('-q', other.stdout.strip(), '--json').returncode, 1)
        done = run('vm', 'list', *store, '--json')
        tap.equal(json.loads(done.stdout)['firstSeen'], '2025-11-24T16:00:00Z'
                  if c.vector['store']['vms'][0]['seen'] else None)
        tap.equal(c.run('-Q').stdout, TRUSTED + '\n')
        listed = json.loads(run('vm', 'list', *store, '--json').stdout)
        tap.equal((listed['epoch'], listed['generation'], listed['resetCount']), ('3', '41', 7))
        assert listed['firstSeen'] is not None and listed['host'] is not None
        tap.equal(json.loads(run('host', 'list', *store, '--json').stdout)['resetCount'], 7)


@tap.case('a new lineage and a move are refused until the operator accepts them, each once')
def _():
    for name, option, value in (('lineage-other', '--lineage', 'lineage'),
                                ('moved-other-host', '--host', 'host')):
        with case(name) as c:
            store = ['--store', c.folder + '/store']
            done = c.run()
            tap.equal(done.stdout.splitlines()[-1], f'verdict: refused ({c.vector["expect"]})')
            text = next(line for line in done.stdout.splitlines() if line[0] == '✗')
            assert f'accept {option}' in text, text
            new = re.search(r'(?:is|host) ([0-9a-f]{32,})', text).group(1)
            uuid = c.vector['store']['vms'][0]['uuid']
            tap.equal(run('accept', *store, '--vm', uuid, option, new, '--why', 'meant').returncode,
                      0)
            verifier_store_reissue(c)
            tap.equal(c.run('-Q').stdout, TRUSTED + '\n', value)
            listed = json.loads(run('vm', 'list', *store, '--json').stdout)
            tap.equal(listed[value], new)
            assert 'acceptedLineage' not in listed and 'acceptedHost' not in listed, listed


def verifier_store_reissue(c):
    """The vector's challenge as if it had not been used: its quote answers no other."""
    db = verifier_store.sqlite3.connect(c.folder + '/store')
    db.execute('DELETE FROM challenge')
    verifier_store.put_challenge(db, c.vector['store']['challenges'][0] | {'used': False},
                                 10 ** 9)
    db.commit()
    db.close()


@tap.case('a quote that is bound to a channel says so, and is for no other channel')
def _():
    with case('trusted-bound-channel') as c:
        done = c.run()
        tap.equal(done.stdout.splitlines()[-1], TRUSTED)
        assert 'channel: bound\n' in done.stdout
    with case('trusted-bound-channel') as c:
        other = c.key('other.bin', load('trusted-bound-rsa-channel')['expected']['channel'])
        tap.equal(run(*c.options_of_guest(), *c.without('--bind'), '--bind', other, '-Q').stdout,
                  'verdict: refused (wrong-nonce)\n')
    with case('trusted-bound-channel') as c:
        done = run(*c.options_of_guest(), *c.without('-q'))
        tap.equal((done.returncode, done.stdout), (2, ''))
        assert '-q' in done.stderr, done.stderr


@tap.case('a store that is missing, or none, is no verdict: exit 2, nothing on stdout')
def _():
    with case('trusted-one-leaf') as c:
        for path in ('/nowhere/store', c.folder + '/mistyped', c.folder + '/policy'):
            done = run(*c.options_of_guest(), *c.without('--store'), '--store', path)
            tap.equal((done.returncode, done.stdout), (2, ''), path)
            assert done.stderr.startswith('tpm2_checkdeepquote: the store '), done.stderr
        assert not os.path.exists(c.folder + '/mistyped')


@tap.case('a wrong policy names file, line and what to do')
def _():
    for text, line, part in (('vm any\nhost-pcr sha256:7', 2, 'write it as: host-pcr BANK'),
                             ('host-pcr sha256:99 00', 1, 'is no PCR'),
                             ('host-pcr sha256:7 00', 1, 'give 32'),
                             ('\n\nhost-key x', 3, 'is not known here'),
                             ('host-ak /nowhere', 1, '/nowhere'),
                             ('host-ak name:000b00', 1, 'is no Name'),
                             ('allow-key name:000b00', 1, 'is no Name'),
                             ('allow-move', 1, 'write it as: allow-move'),
                             ('vm 1234', 1, 'is no UUID'),
                             ('vm any ak=x', 1, 'write it as: vm'),
                             ('launch 0g', 1, 'hexadecimal')):
        with case('trusted-one-leaf', policy=text) as c:
            done = c.run()
        tap.equal((done.returncode, done.stdout), (2, ''), text)
        assert f'policy:{line}: ' in done.stderr and part in done.stderr, (text, done.stderr)


@tap.case('unreadable input and wrong usage: exit 2, one line that says what to do')
def _():
    with case('authentic-no-store') as c:
        c.expected = [a for a in c.without('--policy')]
        no_host = c.without('--host')
        no_nonce = c.without('-q')
        guest = c.options_of_guest()
        for wrong in (['--nonsense'], guest + no_host, guest + no_nonce, c.expected,
                      guest + c.expected + ['--evidence', '/nowhere'],
                      guest + c.expected + ['-q', 'xyz'], guest + c.expected + ['-q', ''],
                      guest + c.expected + ['--uuid', '12'],
                      guest + c.expected + ['--ak', '12'],
                      guest + c.expected + ['--allow-key', '12'],
                      guest + c.expected + ['--bind', c.guest + '/quote.msg'],
                      guest + c.expected + ['-u', c.guest + '/quote.msg'],
                      guest + c.expected + ['--guest-public', c.guest + '/quote.msg'],
                      guest + c.expected + ['-q', '00' * 65],
                      guest + c.expected + ['-q', '00' * 15]):
            done = run(*wrong)
            tap.equal((done.returncode, done.stdout), (2, ''), str(wrong))
            tap.equal(done.stderr.count('\n'), 1, done.stderr)


@tap.case('-q takes a file with the nonce, as tpm2_checkquote does')
def _():
    with case('trusted-one-leaf') as c:
        nonce = write(c.folder + '/nonce.bin', bytes.fromhex(c.vector['expected']['challenge']))
        tap.equal(run(*c.options_of_guest(), *c.without('-q'), '-q', nonce).returncode, 0)


@tap.case('a key from the guest is no expectation')
def _():
    with case('authentic-any-key') as c:
        done = c.run()
        assert re.search('^- wrong-vm .*-u', done.stdout, re.M), done.stdout
    with case('authentic-any-key') as c:
        tap.equal(c.run('-Q', '-u', c.guest + '/ak.pub').stdout, TRUSTED + '\n')


def pem_of(digits):
    """SubjectPublicKeyInfo of a TPM2B_PUBLIC with a point on P-256, in PEM and in DER."""
    public = bytes.fromhex(digits)
    x, y = public[-66:-34], public[-32:]
    der = bytes.fromhex('3059301306072a8648ce3d020106082a8648ce3d03010703420004') + x + y
    return f'-----BEGIN PUBLIC KEY-----\n{base64.encodebytes(der).decode()}' \
           '-----END PUBLIC KEY-----\n', der


@tap.case('a signing key is expected as PEM or DER: this key, with what the evidence says of it')
def _():
    for form in range(2):
        with case('authentic-any-key') as c:
            key = write(c.folder + '/key', pem_of(c.vector['quote']['vtpmKey'])[form])
            done = c.run('-u', key)
            tap.equal(done.stdout.splitlines()[-1], TRUSTED)
            assert re.search("^✓ wrong-vm .*attributes and Name are the evidence's", done.stdout,
                             re.M), done.stdout
    with case('authentic-any-key') as c:
        other = write(c.folder + '/key', pem_of(c.vector['store']['hosts'][0]['public'])[0])
        tap.equal(c.run('-u', other, '-Q').stdout, 'verdict: refused (wrong-vm)\n')
    with case('authentic-any-key') as c:
        key = write(c.folder + '/key', pem_of(c.vector['quote']['vtpmKey'])[0])
        os.unlink(c.guest + '/ak.pub')
        tap.equal(c.run('-u', key, '-Q').stdout, 'verdict: refused (bad-vtpm-signature)\n')
    with case('authentic-unsigned') as c:
        tap.equal(c.run('-u', write(c.folder + '/key', pem_of(
            c.vector['store']['hosts'][0]['public'])[0]), '-Q').stdout,
                  'verdict: refused (wrong-vm)\n')


@tap.case('what no key signed is authentic, and says how it would be trusted')
def _():
    for name in ('authentic-unsigned', 'authentic-unsigned-with-digest'):
        with case(name) as c:
            done = c.run()
            tap.equal(done.returncode, 3)
            assert re.search('^- bad-vtpm-signature .*vm add --ak', done.stdout, re.M), done.stdout


def serialized(values, size=32):
    """PCR values as tpm2_quote -F serialized writes them, of one bank that is left blank."""
    values = [values[at:at + size] for at in range(0, len(values), size)]
    lists = [values[at:at + 8] for at in range(0, len(values), 8)]
    out = b'\1' + bytes(131) + len(lists).to_bytes(4, 'little')
    for some in lists:
        out += len(some).to_bytes(4, 'little') + b''.join(
            len(v).to_bytes(2, 'little') + v.ljust(64, b'\0') for v in some) + \
            bytes(66 * (8 - len(some)))
    return out


@tap.case('PCR values are taken in serialized form, and a wrong size is told with the right one')
def _():
    with case('trusted-only-store') as c:
        values = bytes.fromhex(c.vector['quote']['vtpmPcrs'])
        write(c.guest + '/pcrs.bin', serialized(values))
        tap.equal(c.run('-Q').stdout, TRUSTED + '\n')
    with case('trusted-only-store') as c:
        write(c.guest + '/pcrs.bin', serialized(values)[:-1])
        done = c.run()
        assert f'are {len(serialized(values)) - 1} bytes' in done.stdout, done.stdout
        assert f'selects are {len(values)}: ' in done.stdout, done.stdout
    with case('trusted-only-store') as c:
        os.unlink(c.guest + '/pcrs.bin')
        assert 'no vTPM PCR values were given: -f' in c.run().stdout


@tap.case('a signature of a scheme or hash that proves nothing is told as that')
def _():
    for at, alg, part in ((0, '001c', "scheme 0x001c is not the key's"), (2, '0004', 'SHA-1')):
        with case('trusted-only-store') as c:
            signature = bytes.fromhex(c.vector['quote']['vtpmSignature'])
            write(c.guest + '/quote.sig', signature[:at] + bytes.fromhex(alg) + signature[at + 2:])
            done = c.run()
            tap.equal(done.stdout.splitlines()[-1], 'verdict: refused (bad-vtpm-signature)')
            assert re.search(f'^✗ bad-vtpm-signature .*{part}', done.stdout, re.M), done.stdout


@tap.case('a verdict that cannot be written is none: exit 2')
def _():
    for form in ([], ['-Q'], ['--json']):
        with case('trusted-only-store') as c, open('/dev/full', 'wb') as full:
            done = subprocess.run([TOOL, *c.options_of_guest(), *c.expected, *form], stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False, timeout=60)
            tap.equal(done.returncode, 2)
            assert 'could not be written' in done.stderr, done.stderr


@tap.case('called deepquote-verifier it does the same, and calls itself so')
def _():
    with tempfile.TemporaryDirectory(prefix='check-') as folder:
        other = os.path.join(folder, 'deepquote-verifier')
        os.symlink(TOOL, other)
        for arguments in (['--version'], ['host', 'list'], ['host', 'list', '--store', '/none'],
                          ['host', 'list', '--help'], ['--no-such-option']):
            first, second = (subprocess.run([path, *arguments], capture_output=True, text=True,
                                            check=False, timeout=60) for path in (TOOL, other))
            tap.equal(second.returncode, first.returncode)
            for mine, theirs in ((second.stdout, first.stdout), (second.stderr, first.stderr)):
                tap.equal(mine, theirs.replace('tpm2_checkdeepquote', 'deepquote-verifier', 1))


@tap.case('options of tpm2_checkquote are taken, or refused with what to do instead')
def _():
    for args, part in ((['-l', 'sha256:0'], '--policy'), (['-g', 'sha256'], 'leave -g out'),
                       (['-T', 'device'], 'leave -T out'),
                       (['-V'], 'leave -V out'), (['-F', 'plain'], 'tss')):
        with case('trusted-only-store') as c:
            done = c.run(*args)
            tap.equal((done.returncode, done.stdout), (2, ''))
            assert done.stderr.startswith(f'tpm2_checkdeepquote: {args[0]}: '), done.stderr
            assert part in done.stderr, done.stderr
            tap.equal(c.run('-F', 'values', '-Q').stdout, TRUSTED + '\n')


@tap.case('bytes are bytes: names of files that are no ASCII, in the C locale too')
def _():
    for locale in ('C', 'C.UTF-8'):
        with case('trusted-only-store') as c:
            folder = os.fsencode(c.folder) + b'/\xc3\xa4\xff'
            os.rename(c.guest, folder)
            done = subprocess.run([TOOL, *c.expected, folder], capture_output=True, check=False,
                                  env=os.environ | {'LC_ALL': locale}, timeout=60)
            tap.equal(done.returncode, 0, repr(done))
            assert b'verdict: trusted' in done.stdout and b'\xff' not in done.stdout


@tap.case('the name of a folder cannot look like a verdict')
def _():
    with case('bad-proof-node') as c:
        folder = c.folder + '/a: verdict: trusted\nb\x1b[2J'
        os.rename(c.guest, folder)
        host = ['--host', c.key('host.bin', c.vector['givenHost']
                                or c.vector['store']['hosts'][0]['public']), '-q', 'ab' * 32]
        done = run(*host, folder)
        tap.equal(len(done.stdout.splitlines()), 2, done.stdout)
        assert '\x1b' not in done.stdout and 'refused (bad-proof)' in done.stdout
        write(folder + '/uuid', '')
        done = run(*host, folder)
        tap.equal(len(done.stdout.splitlines()), 2, done.stdout)
        assert '\x1b' not in done.stdout and 'no verdict' in done.stdout


@tap.case('a folder of a guest is read: a verdict each, 0 only if all are trusted')
def _():
    with case('trusted-only-store') as good, case('bad-proof-node') as bad, \
            case('authentic-host-given') as merely:
        store = ['--store', good.folder + '/store', '--policy', good.folder + '/policy']
        done = run(*store, good.guest)
        tap.equal((done.returncode, done.stdout),
                  (0, f'{good.guest}: {TRUSTED}\n'
                      'trusted: 1 of 1; authentic: 0; refused: 0; without a verdict: 0\n'))
        host = ['--host', merely.folder + '/host.bin', '-q',
                merely.vector['expected']['challenge']]
        done = run(*host, merely.guest, bad.guest)
        tap.equal((done.returncode, done.stdout),
                  (1, f'{merely.guest}: verdict: authentic\n'
                      f'{bad.guest}: verdict: refused (bad-proof)\n'
                      'trusted: 0 of 2; authentic: 1; refused: 1; without a verdict: 0\n'))
        tap.equal(run('--threads', '2', *host, merely.guest, bad.guest).stdout, done.stdout)
        tap.equal(run(*host, merely.guest).returncode, 3)
        done = run('--json', *host, merely.guest, bad.guest)
        tap.equal([json.loads(line)['name'] for line in done.stdout.splitlines()],
                  [merely.guest, bad.guest])
        done = run(*host, '/nowhere', merely.guest)
        tap.equal(done.returncode, 2)
        assert '/nowhere: no verdict: ' in done.stdout and 'verdict: authentic' in done.stdout
        done = run('--json', *host, '/nowhere')
        tap.equal(json.loads(done.stdout)['verdict'], None)


@tap.case('a guest that says what is expected of it is refused, and the file is named')
def _():
    for name in ('nonce', 'challenge', 'uuid', 'ek', 'policy', 'host', 'host.pub', 'store'):
        with case('trusted-only-store') as c:
            write(os.path.join(c.guest, name), 'd66b4f0e-2b1c-4f5e-9d31-075ae2441001\n')
            done = run(*c.expected, c.guest)
            tap.equal(done.returncode, 2, name)
            assert os.path.join(c.guest, name) + ': ' in done.stdout, done.stdout
            assert 'trusted: 0 of 1' in done.stdout


@tap.case('a uuid and a nonce in a guest\'s folder do not override those of the command line')
def _():
    with case('trusted-one-leaf') as c:
        other = '6ba7b811-9dad-41d1-80b4-00c04fd430c8'
        args = [*c.without('-q'), '-q', 'ab' * 32, '--uuid', other]
        tap.equal(run(*args, c.guest).stdout.splitlines()[0],
                  f'{c.guest}: verdict: refused (wrong-nonce)')
        write(c.guest + '/uuid', c.vector['expected']['uuid'] + '\n')
        write(c.guest + '/nonce', c.vector['expected']['challenge'] + '\n')
        tap.equal(run(*args, c.guest).returncode, 2)


@tap.case('a link or a pipe in a guest\'s folder is not followed')
def _():
    with case('trusted-only-store') as c:
        os.rename(c.guest + '/evidence.bin', c.folder + '/elsewhere')
        os.symlink(c.folder + '/elsewhere', c.guest + '/evidence.bin')
        assert 'no regular file' in run(*c.expected, c.guest).stdout
        os.unlink(c.guest + '/evidence.bin')
        os.mkfifo(c.guest + '/evidence.bin')
        assert 'no regular file' in run(*c.expected, c.guest).stdout


@tap.case('files of a guest that are huge, endless or swapped while they are read cost nothing')
def _():
    for name in FILES.values():
        with case('trusted-only-store') as c:
            file = os.path.join(c.guest, name)
            os.unlink(file)
            with open(file, 'wb') as f:
                f.truncate(1 << 40)
            assert 'more than' in run(*c.expected, c.guest).stdout
            os.unlink(file)
            os.symlink('/dev/zero', file)
            assert 'no regular file' in run(*c.expected, c.guest).stdout
    with case('trusted-only-store') as c:
        file = os.path.join(c.guest, 'evidence.bin')
        os.rename(file, c.folder + '/good')
        os.mkfifo(c.folder + '/pipe')
        stop = threading.Event()

        def swap():
            while not stop.is_set():
                for target in ('pipe', 'good'):
                    with contextlib.suppress(FileExistsError):
                        os.link(os.path.join(c.folder, target), file + '.new')
                    os.replace(file + '.new', file)

        os.link(c.folder + '/good', file)
        thread = threading.Thread(target=swap)
        thread.start()
        try:
            for _ in range(30):  # a pipe that is opened to be read would wait for ever
                subprocess.run([TOOL, *c.expected, c.guest], capture_output=True, check=False,
                               timeout=20)
        finally:
            stop.set()
            thread.join()


@tap.case('--help exits 0')
def _():
    done = run('--help')
    tap.equal(done.returncode, 0)
    assert 'tpm2_checkdeepquote' in done.stdout


tap.main()
