# SPDX-License-Identifier: GPL-2.0-or-later
"""A second verifier of deep quotes, written from docs/specs/deepquote-wire.md alone.

    tests/lib/run-python tests/vectors/check.py [REGEX]     checks the vectors, as a TAP test

It shares nothing with libdeepquote, so where both agree on a vector, the specification says so.
"""
import hashlib
import json
import pathlib

import ecdsa
import tap

HERE = pathlib.Path(__file__).resolve().parent
HASHES = {0x4: 'sha1', 0xB: 'sha256', 0xC: 'sha384', 0xD: 'sha512'}
SIZES = {alg: hashlib.new(name).digest_size for alg, name in HASHES.items()}
QUOTE, GENERATED = 0x8018, 0xFF544347


class Refused(Exception):
    """A check failed; its word."""


def require(condition, word):
    if not condition:
        raise Refused(word)


def sha256(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


class Reader:
    """Bytes from the front; asking for more than there is, is malformed."""

    def __init__(self, data):
        self.data = data

    def take(self, n):
        require(len(self.data) >= n, 'malformed')
        head, self.data = self.data[:n], self.data[n:]
        return head

    def number(self, size):
        return int.from_bytes(self.take(size), 'big')

    def sized(self, longest=0xffff):
        n = self.number(2)
        require(n <= longest, 'malformed')
        return self.take(n)

    def name(self):
        name = self.sized(66)
        require(not name or len(name) == 2 + SIZES.get(int.from_bytes(name[:2], 'big'), -9),
                'malformed')
        return name

    def selection(self, banks):
        """[(alg, sizeofSelect, [pcr...])]"""
        count = self.number(4)
        require(count <= banks, 'malformed')
        out = []
        for _ in range(count):
            alg, size = self.number(2), self.number(1)
            require(1 <= size <= 4, 'malformed')
            bits = int.from_bytes(self.take(size), 'little')
            out.append((alg, size, [i for i in range(32) if bits >> i & 1]))
        return out

    def end(self):
        require(not self.data, 'malformed')


def places(selection):
    return [(alg, pcr) for alg, _, pcrs in selection for pcr in pcrs]


def read_signature(r):
    alg = r.number(2)
    if alg == 0x10:
        return {'alg': alg, 'hash': 0x10, 'values': []}
    require(alg in (0x14, 0x16, 0x18), 'malformed')
    hash_alg = r.number(2)
    return {'alg': alg, 'hash': hash_alg,
            'values': [r.sized() for _ in range(2 if alg == 0x18 else 1)]}


def read_attest(data):
    r = Reader(data)
    a = {'magic': r.number(4), 'type': r.number(2), 'signer': r.sized(), 'extra': r.sized(),
         'clock': r.number(8), 'reset': r.number(4), 'restart': r.number(4), 'safe': r.number(1),
         'firmware': r.number(8)}
    if a['type'] == QUOTE:
        a['pcrs'] = r.selection(16)
        a['digest'] = r.sized(64)
        r.end()
    return a


def read_binding(data):
    r = Reader(data)
    require(r.number(4) == 0x44515442 and r.number(2) == 2, 'malformed')
    b = {'flags': r.number(4), 'nonce': r.sized(64), 'quoted': r.sized(), 'signer': r.name(),
         'uuid': r.take(16), 'ek': r.name(), 'lineage': r.take(16),
         'epoch': r.number(8), 'generation': r.number(8)}
    require(b['flags'] & 1 and not b['flags'] & ~0x1f and len(b['nonce']) >= 16
            and len(b['quoted']) == 32,
            'malformed')
    for i, field in enumerate(('measurement', 'group-info', 'group-key', 'launch')):
        b[field] = r.sized()
        require(len(b[field]) == (32 if b['flags'] & 2 << i else 0), 'malformed')
    r.end()
    return b


def read_evidence(data):
    r = Reader(data)
    require(r.number(4) == 0x44515445 and r.number(2) == 2, 'malformed')
    e = {'quoted': r.sized(), 'signature': read_signature(r), 'signer': r.name(),
         'binding': r.sized(), 'size': r.number(8), 'index': r.number(8)}
    nodes = r.number(2)
    require(nodes <= 32, 'malformed')
    e['path'] = [r.take(32) for _ in range(nodes)]
    e['pcrs'] = r.selection(4)
    require(r.number(4) == len(places(e['pcrs'])), 'malformed')
    e['values'] = [r.sized() for _ in places(e['pcrs'])]
    require(all(len(v) == SIZES.get(alg) for (alg, _), v in zip(places(e['pcrs']), e['values'])),
            'malformed')
    r.end()
    return e


def read_key(data):
    """TPM2B_PUBLIC of the kinds in the vectors."""
    public = Reader(data).sized()
    r = Reader(public)
    key = {'name': b'\0\x0b' + sha256(public), 'type': r.number(2), 'nameAlg': r.number(2),
           'attributes': r.number(4), 'policy': r.sized()}
    if r.number(2) != 0x10:  # symmetric
        r.take(4)
    key['scheme'] = (r.number(2),)
    if key['scheme'] != (0x10,):
        key['scheme'] += (r.number(2),)
    if key['type'] == 0x23:
        key['curve'] = r.number(2)
        require(r.number(2) == 0x10, 'malformed')
        key['x'], key['y'] = (int.from_bytes(r.sized(), 'big') for _ in range(2))
    else:
        r.number(2)
        key['e'] = r.number(4) or 65537
        key['n'] = int.from_bytes(r.sized(), 'big')
    r.end()
    return key


def verifies(key, message, signature):
    alg, name = signature['alg'], HASHES.get(signature['hash'])
    if name not in ('sha256', 'sha384', 'sha512') or \
            key['scheme'] not in ((0x10,), (alg, signature['hash'])) or \
            (alg == 0x18) != (key['type'] == 0x23):
        return False
    digest = hashlib.new(name, message).digest()
    if alg == 0x18:
        r, s = (int.from_bytes(v, 'big') for v in signature['values'])
        return ecdsa.ecdsa(key['curve'], key['x'], key['y'], digest, r, s)
    check = ecdsa.rsassa if alg == 0x14 else ecdsa.rsapss
    return check(key['n'], key['e'], name, digest, signature['values'][0])


def root_of(leaf, index, size, path):
    """RFC 9162, 2.1.3.2, by going down from the root: where it splits, then the way back."""
    if not index < size:
        return None
    sides = []
    while size > 1:
        half = 1 << (size - 1).bit_length() - 1
        right = index >= half
        sides.append(right)
        index, size = (index - half, size - half) if right else (index, half)
    if len(sides) != len(path):
        return None
    for right, node in zip(reversed(sides), path):
        leaf = sha256(b'\1', node, leaf) if right else sha256(b'\1', leaf, node)
    return leaf


def read_policy(text):
    p = {'hosts': [], 'vms': {}, 'any': False, 'host-pcr': {}, 'vtpm-pcr': {}}
    p |= {word: [] for word in ('measurement', 'group-info', 'group-key', 'launch')}
    for line in (text or '').splitlines():
        words = line.partition('#')[0].split()
        if not words:
            continue
        word, args = words[0], words[1:]
        if word == 'host-ak':
            p['hosts'].append(bytes.fromhex(args[0].removeprefix('name:')))
        elif word == 'vm' and args == ['any']:
            p['any'] = True
        elif word == 'vm':
            p['vms'][args[0]] = dict(a.split('=name:') for a in args[1:])
        elif word in ('host-pcr', 'vtpm-pcr'):
            bank, _, number = args[0].partition(':')
            alg = next(a for a, name in HASHES.items() if name == bank)
            p[word].setdefault((alg, int(number)), []).extend(map(bytes.fromhex, args[1:]))
        else:
            p[word] += map(bytes.fromhex, args)
    return p


def read_state(text):
    s = {'vm': {}, 'host': {}, 'clock': {}, 'nonce': set()}
    for words in (line.split() for line in (text or '').splitlines()[1:-1]):
        if words[0] == 'nonce':
            s['nonce'].add(bytes.fromhex(words[1]))
        elif words[0] == 'clock':
            s['clock'][words[1], words[2]] = int(words[3])
        else:
            s[words[0]][words[1]] = tuple(map(int, words[2:]))
    return s


def uuid_text(uuid):
    h = uuid.hex()
    return '-'.join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


class Verification:
    """One vector; the numbered methods are the checks in their order."""

    def __init__(self, vector):
        self.v = {k: bytes.fromhex(v) if isinstance(v, str) and k not in
                  ('description', 'expect', 'uuid', 'policy', 'state') else v
                  for k, v in vector.items()}
        self.policy = read_policy(vector['policy'])
        self.state = read_state(vector['state'])
        enrolled = [read_key(bytes.fromhex(k)) for k in vector['hostKeys']]
        offered = [read_key(bytes.fromhex(k)) for k in vector['offeredHostKeys']]
        self.keys = {k['name']: k for k in enrolled + offered}
        self.trusted = [k['name'] for k in enrolled] + self.policy['hosts']
        self.key = read_key(self.v['vtpmKey']) if self.v['vtpmKey'] else None

    def check_01(self):
        self.e = read_evidence(self.v['evidence'])
        self.b = read_binding(self.e['binding'])
        self.host = read_attest(self.e['quoted'])
        self.vtpm = read_attest(self.v['vtpmQuoted'])
        r = Reader(self.v['vtpmSignature'] or b'\0\x10')
        self.signature = read_signature(r)
        r.end()

    def check_02(self):
        name = self.e['signer']
        require(name in self.trusted and name in self.keys, 'unknown-host')
        # restricted, decrypt, sign and fixedTPM; all but decrypt are wanted
        require(self.keys[name]['attributes'] & 0x70002 == 0x50002, 'unknown-host')

    def check_03(self):
        require(verifies(self.keys[self.e['signer']], self.e['quoted'], self.e['signature']),
                'bad-host-signature')

    def check_04(self):
        require(all(a['magic'] == GENERATED and a['type'] == QUOTE
                    for a in (self.host, self.vtpm)), 'not-a-quote')

    def check_05(self):
        root = root_of(sha256(b'\0', self.e['binding']), self.e['index'], self.e['size'],
                       self.e['path'])
        require(root is not None and self.host['extra'] ==
                sha256(b'DEEPQUOTE-ROOT-V2\0', self.e['size'].to_bytes(8, 'big'), root),
                'bad-proof')

    def check_06(self):
        digest = hashlib.new(HASHES[self.e['signature']['hash']], b''.join(self.e['values']))
        require(self.e['pcrs'] == self.host['pcrs'] and digest.digest() == self.host['digest'] and
                set(self.policy['host-pcr']) <= set(places(self.e['pcrs'])), 'host-pcr-mismatch')

    def check_07(self):
        nonce = self.v['nonce']
        require(self.b['nonce'] == nonce == self.vtpm['extra'] and
                nonce not in self.state['nonce'], 'wrong-nonce')

    def check_08(self):
        uuid, p = uuid_text(self.b['uuid']), self.policy
        listed = p['vms'].get(uuid, {})
        limited = bool(p['vms']) or p['any']
        require(self.v['uuid'] or self.key or limited, 'wrong-vm')
        require(self.v['uuid'] in (None, uuid), 'wrong-vm')
        require(not limited or p['any'] or uuid in p['vms'], 'wrong-vm')
        for got, wanted in ((self.b['ek'], (self.v['vtpmEk'], listed.get('ek'))),
                            (self.b['signer'], (self.key and self.key['name'],
                                                listed.get('ak')))):
            for want in wanted:
                want = bytes.fromhex(want) if isinstance(want, str) else want
                require(want in (None, got), 'wrong-vm')

    def check_09(self):
        require(sha256(self.v['vtpmQuoted']) == self.b['quoted'], 'bad-vtpm-quote')

    def check_10(self):
        if not self.b['signer']:
            require(self.signature['alg'] == 0x10, 'bad-vtpm-signature')
        else:
            require(self.key and verifies(self.key, self.v['vtpmQuoted'], self.signature),
                    'bad-vtpm-signature')

    def check_11(self):
        digest, values = self.vtpm['digest'], self.v['vtpmPcrs']
        self.proven = {}
        if self.signature['alg'] == 0x10 and not digest and not values:
            return
        name = HASHES.get(self.signature['hash']) or {32: 'sha256'}.get(len(digest))
        require(name and hashlib.new(name, values).digest() == digest, 'vtpm-pcr-mismatch')
        for alg, pcr in places(self.vtpm['pcrs']):
            self.proven[alg, pcr], values = values[:SIZES[alg]], values[SIZES[alg]:]
        require(not values, 'vtpm-pcr-mismatch')

    def check_12(self):
        uuid, name = uuid_text(self.b['uuid']), self.e['signer'].hex()
        epoch, generation = self.state['vm'].get(uuid, (0, 0))
        require(self.b['epoch'] >= epoch and self.b['generation'] >= generation, 'stale')
        counts = (self.host['reset'], self.host['restart'])
        require(counts >= self.state['host'].get(name, (0, 0)), 'stale')
        require(self.host['clock'] >= self.state['clock'].get((uuid, name), 0), 'stale')

    def check_13(self):
        host = dict(zip(places(self.e['pcrs']), self.e['values']))
        for proven, word in ((host, 'host-pcr'), (self.proven, 'vtpm-pcr')):
            for place, allowed in self.policy[word].items():
                require(proven.get(place) in allowed, 'policy')
        for word in ('measurement', 'group-info', 'group-key', 'launch'):
            require(not self.policy[word] or self.b[word] in self.policy[word], 'policy')


def outcome(vector):
    verification = Verification(vector)
    try:
        for name in sorted(n for n in dir(verification) if n.startswith('check_')):
            getattr(verification, name)()
    except Refused as refused:
        return str(refused)
    return 'trusted'


def add_case(path):
    @tap.case(path.stem)
    def _():
        vector = json.loads(path.read_text(encoding='utf-8'))
        tap.equal(outcome(vector), vector['expect'], vector['description'])


for file in sorted(HERE.glob('*.json')):
    add_case(file)
tap.main()
