# SPDX-License-Identifier: GPL-2.0-or-later
"""A second verifier of deep quotes, written from docs/specs/deepquote-wire.md alone, for TPMs 1.2
from deepquote-tpm12.md.

    tests/lib/run-python tests/vectors/check.py [REGEX]     checks the vectors, as a TAP test

It shares nothing with libdeepquote, so where both agree on a vector, the specification says so.
"""
import functools
import hashlib
import json
import pathlib
import struct

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


def read_quote_info2(data):
    """What a TPM 1.2 signed, as a TPM 2.0 would have quoted it."""
    r = Reader(data)
    require(r.take(6) == b'\0\x36QUT2', 'malformed')
    a = {'magic': GENERATED, 'type': QUOTE, 'extra': r.take(20)}
    a['select'] = r.sized(4)
    require(a['select'], 'malformed')
    bits = int.from_bytes(a['select'], 'little')
    a['pcrs'] = [(0x4, len(a['select']), [i for i in range(32) if bits >> i & 1])]
    r.take(1)  # localityAtRelease
    a['digest'] = r.take(20)
    if r.data:
        require(r.number(2) == 0x30, 'malformed')
        r.take(11)  # version, specLevel, errataRev, tpmVendorID
        r.sized(256)
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


def read_pubkey(data):
    """TPM_PUBKEY, of a TPM 1.2."""
    r = Reader(data)
    require(r.number(4) == 1, 'malformed')
    r.take(2)  # encScheme
    scheme = r.number(2)
    require(r.number(4) == 12 and r.number(4) == 2048, 'malformed')
    r.take(8)  # numPrimes; no exponent: 65537
    key = {'name': b'\0\x0b' + sha256(data), 'type': 0x1, 'attributes': 0, 'tpm12': scheme == 2,
           'e': 65537, 'n': int.from_bytes(r.take(r.number(4)), 'big')}
    r.end()
    return key


def read_key(data):
    """TPM2B_PUBLIC of the kinds in the vectors, or TPM_PUBKEY."""
    if data[:4] == b'\0\0\0\1':
        return read_pubkey(data)
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
    p = {'hosts': [], 'vms': {}, 'any': False, 'host-pcr': {}, 'vtpm-pcr': {}, 'sha1': False,
         'tpm12': False, 'keys': [], 'moves': [], 'hostVouched': [], 'lineages': [], 'firmware': []}
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
        elif word == 'allow-sha1':
            p['sha1'] = True
        elif word == 'allow-tpm12':
            p['tpm12'] = True
        elif word == 'allow-key':
            p['keys'].append(bytes.fromhex(args[0].removeprefix('name:')))
        elif word == 'allow-move':
            p['moves'] += args
        elif word == 'allow-host-vouched':
            p['hostVouched'] += args
        elif word == 'allow-lineage':
            p['lineages'].append(tuple(args))
        elif word == 'deny-firmware':
            p['firmware'] += [functools.reduce(lambda v, n: v << 16 | int(n), a.split('.'), 0)
                              for a in args]
        elif word in ('host-pcr', 'vtpm-pcr'):
            bank, _, number = args[0].partition(':')
            alg = next(a for a, name in HASHES.items() if name == bank)
            p[word].setdefault((alg, int(number)), []).extend(map(bytes.fromhex, args[1:]))
        else:
            p[word] += map(bytes.fromhex, args)
    return p


def uuid_text(uuid):
    h = uuid.hex()
    return '-'.join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


def unhex(value):
    return bytes.fromhex(value) if value else b''


class Store:
    """What the verifier remembers; none at all where the vector has none."""

    def __init__(self, store):
        self.given = store is not None
        store = store or {'hosts': [], 'vms': [], 'challenges': []}
        self.hosts = {read_key(unhex(h['public']))['name']: h for h in store['hosts']}
        self.vms = {vm['uuid']: vm for vm in store['vms']}
        self.challenges = {unhex(c['challenge']): c for c in store['challenges']}


class Verification:
    """One vector; the numbered methods are the checks in their order. Each raises Refused, or
    returns whether everything that belongs to it was compared."""

    def __init__(self, vector):
        self.now, self.simulated = vector['now'], vector['allowSimulated']
        self.q = {k: unhex(v) for k, v in vector['quote'].items()}
        self.x = {k: v if k == 'uuid' else unhex(v) for k, v in vector['expected'].items()}
        self.policy = read_policy(vector['policy'])
        self.store = Store(vector['store'])
        self.accepted = list(self.policy['hosts'])
        self.keys = {name: read_key(unhex(h['public'])) for name, h in self.store.hosts.items()}
        for member in ('givenHost', 'offeredHost'):
            if vector[member]:
                key = read_key(unhex(vector[member]))
                self.keys[key['name']] = key
                self.accepted += [key['name']] if member == 'givenHost' else []
        self.allowed = self.policy['keys'] + [unhex(vector['allowedKey'])]
        self.vtpm_keys = {key['name']: key for key in
                          (read_key(k) for k in (self.q['vtpmKey'], self.x['vtpmKey']) if k)}

    def check_01_malformed(self):
        self.e = read_evidence(self.q['evidence'])
        self.b = read_binding(self.e['binding'])
        self.host = read_attest(self.e['quoted'])
        self.tpm12 = self.q['vtpmQuoted'][:2] == b'\0\x36'
        self.vtpm = (read_quote_info2 if self.tpm12 else read_attest)(self.q['vtpmQuoted'])
        r = Reader(self.q['vtpmSignature'] or b'\0\x10')
        self.signature = read_signature(r)
        r.end()
        self.uuid = uuid_text(self.b['uuid'])
        self.record = self.store.vms.get(self.uuid)
        self.seen = self.record if self.record and self.record['seen'] else None
        self.enrolled = self.store.hosts.get(self.e['signer'])
        return True

    def check_02_unknown_host(self):
        name, h = self.e['signer'], self.enrolled
        require(not h or not h['revoked'] and not 0 < h['expires'] <= self.now, 'unknown-host')
        require((h or name in self.accepted) and name in self.keys, 'unknown-host')
        # fixedTPM, fixedParent, sensitiveDataOrigin, restricted and sign, but not decrypt
        require(self.keys[name]['attributes'] & 0x70032 == 0x50032, 'unknown-host')
        return bool(h) and (not h['simulated'] or self.simulated)

    def check_03_bad_host_signature(self):
        require(verifies(self.keys[self.e['signer']], self.e['quoted'], self.e['signature']),
                'bad-host-signature')
        return True

    def check_04_not_a_quote(self):
        require(all(a['magic'] == GENERATED and a['type'] == QUOTE
                    for a in (self.host, self.vtpm)), 'not-a-quote')
        return True

    def check_05_bad_proof(self):
        root = root_of(sha256(b'\0', self.e['binding']), self.e['index'], self.e['size'],
                       self.e['path'])
        require(root is not None and self.host['extra'] ==
                sha256(b'DEEPQUOTE-ROOT-V2\0', self.e['size'].to_bytes(8, 'big'), root),
                'bad-proof')
        return True

    def check_06_host_pcr_mismatch(self):
        digest = hashlib.new(HASHES[self.e['signature']['hash']], b''.join(self.e['values']))
        require(self.e['pcrs'] == self.host['pcrs'] and digest.digest() == self.host['digest'] and
                set(self.policy['host-pcr']) <= set(places(self.e['pcrs'])), 'host-pcr-mismatch')
        return True

    def check_07_wrong_nonce(self):
        challenge, channel = self.x['challenge'], self.x['channel']
        require(challenge or (self.store.given and not channel), 'wrong-nonce')
        self.challenge = self.store.challenges.get(challenge or self.b['nonce'])
        nonce = challenge or self.b['nonce']
        if channel:
            nonce = sha256(b'DEEPQUOTE-BIND-V2\0', challenge, sha256(channel))
        if self.tpm12:
            require(len(nonce) >= 20, 'wrong-nonce')
            nonce = nonce[:20]
        require(self.b['nonce'] == nonce == self.vtpm['extra'], 'wrong-nonce')
        if not self.challenge:
            require(challenge, 'wrong-nonce')
            return False
        require(not self.challenge['used'] and self.now <= self.challenge['expires'],
                'wrong-nonce')
        return True

    def check_08_wrong_vm(self):
        p, record = self.policy, self.record or {}
        listed = p['vms'].get(self.uuid, {})
        bound = self.challenge and self.challenge['vm']
        for wanted in (self.x['uuid'], bound):
            require(wanted in (None, self.uuid), 'wrong-vm')
        require(p['any'] or not p['vms'] or listed or self.uuid in p['vms'], 'wrong-vm')
        expected_key = self.x['vtpmKey'] and read_key(self.x['vtpmKey'])['name']
        eks = [self.x['vtpmEk'], unhex(listed.get('ek')), unhex(record.get('ek'))]
        aks = [self.x['vtpmAk'], expected_key, unhex(listed.get('ak')), unhex(record.get('ak'))]
        require(all(want in (b'', self.b['ek']) for want in eks), 'wrong-vm')
        require(all(want in (b'', self.b['signer']) for want in aks), 'wrong-vm')
        self.key_known = any(aks)
        known = self.x['uuid'] or bound or self.uuid in p['vms'] or self.record or any(aks)
        return bool(known) and (not self.b['signer'] or any(aks))

    def check_09_bad_vtpm_quote(self):
        require(sha256(self.q['vtpmQuoted']) == self.b['quoted'], 'bad-vtpm-quote')
        return True

    def check_10_bad_vtpm_signature(self):
        name = self.b['signer']
        if self.tpm12:
            return self.signed_by_tpm12(name)
        if not name:
            require(self.signature['alg'] == 0x10, 'bad-vtpm-signature')
            return bool({'any', self.uuid} & set(self.policy['hostVouched']))
        key = self.vtpm_keys.get(name)
        # fixedTPM, restricted and sign, but not decrypt
        require(key and (key['attributes'] & 0x70002 == 0x50002 or name in self.allowed),
                'bad-vtpm-signature')
        require(verifies(key, self.q['vtpmQuoted'], self.signature), 'bad-vtpm-signature')
        return True

    def signed_by_tpm12(self, name):
        key, s = self.vtpm_keys.get(name, {}), self.signature
        require(self.policy['tpm12'] and key.get('tpm12') and (s['alg'], s['hash']) == (0x14, 0x4),
                'bad-vtpm-signature')
        digest = hashlib.sha1(self.q['vtpmQuoted']).digest()
        require(ecdsa.rsassa(key['n'], key['e'], 'sha1', digest, s['values'][0]),
                'bad-vtpm-signature')
        return self.key_known or name in self.allowed

    def check_11_vtpm_pcr_mismatch(self):
        digest, values = self.vtpm['digest'], self.q['vtpmPcrs']
        self.proven = {}
        if self.signature['alg'] == 0x10 and not digest and not values:
            return True
        name = HASHES.get(self.signature['hash']) or {32: 'sha256'}.get(len(digest))
        hashed = values
        if self.tpm12:  # TPM_PCR_COMPOSITE
            select = self.vtpm['select']
            hashed = (struct.pack('>H', len(select)) + select +
                      struct.pack('>I', len(values)) + values)
        require(name and hashlib.new(name, hashed).digest() == digest, 'vtpm-pcr-mismatch')
        for alg, pcr in places(self.vtpm['pcrs']):
            self.proven[alg, pcr], values = values[:SIZES[alg]], values[SIZES[alg]:]
        require(not values, 'vtpm-pcr-mismatch')
        return True

    def same_host(self):
        return unhex(self.seen['host']) == self.e['signer']

    def same_lineage(self):
        return unhex(self.seen['lineage']) == self.b['lineage']

    def check_12_stale(self):
        counts = (self.host['reset'], self.host['restart'])
        h, vm = self.enrolled, self.seen
        if h and h['counted']:
            require(counts >= (h['resetCount'], h['restartCount']), 'stale')
        if vm and self.same_host() and self.same_lineage():
            require(self.b['epoch'] >= vm['epoch'] and self.b['generation'] >= vm['generation'],
                    'stale')
        if vm and self.same_host() and vm['hasClock'] and vm['clockSafe'] and \
                self.host['safe'] and counts == (vm['resetCount'], vm['restartCount']):
            require(self.host['clock'] >= vm['clock'], 'stale')
        return bool(self.record and h)

    def check_13_lineage(self):
        if self.seen and not self.same_lineage():
            allowed = [lineage for uuid, lineage in self.policy['lineages'] if uuid == self.uuid]
            require(unhex(self.seen['acceptedLineage']) == self.b['lineage'] or
                    'any' in allowed or self.b['lineage'].hex() in allowed, 'lineage')
        return bool(self.record)

    def check_14_moved(self):
        if self.seen and not self.same_host():
            require(unhex(self.seen['acceptedHost']) == self.e['signer'] or
                    {'any', self.uuid} & set(self.policy['moves']), 'moved')
        return bool(self.record)

    def check_15_policy(self):
        host = dict(zip(places(self.e['pcrs']), self.e['values']))
        for proven, word in ((host, 'host-pcr'), (self.proven, 'vtpm-pcr')):
            sound = {pcr for alg, pcr in self.policy[word] if alg != 0x4}
            enough = self.policy['sha1'] or self.tpm12 and word == 'vtpm-pcr'
            require(enough or all(pcr in sound for _, pcr in self.policy[word]),
                    'policy')
            for place, allowed in self.policy[word].items():
                require(proven.get(place) in allowed, 'policy')
        require(self.host['firmware'] not in self.policy['firmware'], 'policy')
        for word in ('measurement', 'group-info', 'group-key', 'launch'):
            require(not self.policy[word] or self.b[word] in self.policy[word], 'policy')
        return bool(self.policy['host-pcr'])


def outcome(vector):
    """The word, and those of the checks in which something was not compared."""
    verification = Verification(vector)
    missing = []
    try:
        for name in sorted(n for n in dir(verification) if n.startswith('check_')):
            if not getattr(verification, name)():
                missing.append(name[9:].replace('_', '-'))
    except Refused as refused:
        return str(refused), missing
    return 'authentic' if missing else 'trusted', missing


def add_case(path):
    @tap.case(path.stem)
    def _():
        vector = json.loads(path.read_text(encoding='utf-8'))
        tap.equal(outcome(vector), (vector['expect'], vector['notCompared']),
                  vector['description'])


KINDS = ('executable', 'library', 'firmware', 'kernel', 'initrd', 'device-tree', 'command-line',
         'file', 'machine', 'arguments')


@tap.case('the lists of parts have their bytes and digests')
def _():
    files = sorted((HERE / 'parts').glob('*.json'))
    assert files
    for path in files:
        vector = json.loads(path.read_text(encoding='utf-8'))
        rows = [(KINDS.index(part['kind']) + 1, part['name'].encode(),
                 bytes.fromhex(part['digest'])) for part in vector['parts']]
        tap.equal(rows, sorted(rows))
        magic, digest = (b'DQTL', 'launch') if 'launch' in vector else (b'DQTP', 'measurement')
        data = magic + struct.pack('>HH', 1, len(rows)) + b''.join(
            bytes([kind, len(name)]) + name + digest for kind, name, digest in rows)
        tap.equal((data.hex(), hashlib.sha256(data).hexdigest()),
                  (vector['list'], vector[digest]))


for file in sorted(HERE.glob('*.json')):
    add_case(file)
tap.main()
