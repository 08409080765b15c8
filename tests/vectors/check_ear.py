# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of tests/vectors/ear by a decoder in plain Python, written from docs/specs/ear.md and
RFC 7515; unit/appraise_ear_vectors has the one in C read the same."""
import base64
import hashlib
import json
import os
import pathlib
import re

import tap
from ecdsa import ecdsa

FOLDER = pathlib.Path(os.environ['SOURCE_ROOT'], 'tests', 'vectors', 'ear')
P256, KNOWN = 3, {'alg', 'typ', 'kid'}


def from_base64url(text):
    """None for what is not in its one form."""
    if not re.fullmatch('[A-Za-z0-9_-]*', text) or len(text) % 4 == 1:
        return None
    data = base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    return data if base64.urlsafe_b64encode(data).rstrip(b'=').decode() == text else None


def point(pem):
    """x and y, which are the end of a SubjectPublicKeyInfo of P-256."""
    der = base64.b64decode(''.join(pem.splitlines()[1:-1]))
    assert der[-65] == 4, der
    return int.from_bytes(der[-64:-32], 'big'), int.from_bytes(der[-32:], 'big')


def claims_of(key, token):
    """None for a token that this key did not sign as a result."""
    parts = [from_base64url(text) for text in token.split('.')]
    if len(parts) != 3 or None in parts or len(parts[2]) != 64:
        return None
    digest = hashlib.sha256(token.rpartition('.')[0].encode()).digest()
    r, s = (int.from_bytes(half, 'big') for half in (parts[2][:32], parts[2][32:]))
    if not ecdsa(P256, *point(key), digest, r, s):
        return None
    header = json.loads(parts[0])
    if set(header) - KNOWN or header.get('alg') != 'ES256' or header.get('typ') != 'eat+jwt':
        return None
    return json.loads(parts[1])


def vector_case(path):
    @tap.case(path.stem)
    def _():
        vector = json.loads(path.read_text())
        tap.equal(claims_of(vector['key'], vector['token']), vector['claims'],
                  vector['description'])


for _path in sorted(FOLDER.glob('*.json')):
    vector_case(_path)


@tap.case('every result has what each of them has')
def _():
    results = [json.loads(path.read_text())['claims'] for path in FOLDER.glob('*.json')]
    results = [claims for claims in results if claims]
    assert len(results) >= 6
    for claims in results:
        tap.equal(claims['eat_profile'], 'tag:github.com,2023:veraison/ear')
        for name in ('host', 'vm'):
            assert claims['submods'][name]['ear.status'] in ('affirming', 'none', 'contraindicated')
            vector = claims['submods'][name]['ear.trustworthiness-vector']
            assert set(vector.values()) <= {0, 2, 96}, vector


tap.main()
