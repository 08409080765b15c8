# SPDX-License-Identifier: GPL-2.0-or-later
"""make_ear.py FOLDER: writes EAT Attestation Results, as tpm2_checkdeepquote signs them and
changed, as FOLDER/NAME.json, with a new key. Run by hand when cases change, with
tests/lib/run-python."""
import base64
import json
import os
import sys
import tempfile

from process import run
from vector_case import VectorCase, write

VERDICTS = ('trusted-by-proof', 'trusted-one-leaf', 'trusted-stand-in', 'authentic-no-policy',
            'bad-host-signature-flipped', 'wrong-vm-uuid')


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def number(der, at):
    """A DER INTEGER as 32 bytes, and where it ends."""
    end = at + 2 + der[at + 1]
    return int.from_bytes(der[at + 2:end], 'big').to_bytes(32, 'big'), end


class Maker:
    """Files and a key in a folder."""

    def __init__(self, folder):
        self.folder, self.key = folder, folder + '/key'
        run(['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256',
             '-out', self.key], timeout=60)
        run(['openssl', 'pkey', '-in', self.key, '-pubout', '-out', folder + '/public'], timeout=60)
        with open(folder + '/public', encoding='ascii') as f:
            self.public = f.read()

    def sign(self, header, payload):
        text = encode(json.dumps(header).encode()) + '.' + encode(payload)
        run(['openssl', 'dgst', '-sha256', '-sign', self.key, '-out', self.folder + '/der',
             write(self.folder + '/text', text)], timeout=60)
        with open(self.folder + '/der', 'rb') as f:
            der = f.read()
        r, end = number(der, 2)
        return f'{text}.{encode(r + number(der, end)[0])}'

    def result(self, name):
        """What the program makes of a vector."""
        with tempfile.TemporaryDirectory() as folder:
            case = VectorCase(folder, name)
            case.run('--ear', self.key, '-o', folder + '/ear')
            with open(folder + '/ear', encoding='ascii') as f:
                return f.read().rstrip('\n')


def claims_of(token):
    payload = token.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(payload + '=' * (-len(payload) % 4)))


def wrong(maker, token):
    """(name, description, token) of those that nobody may take."""
    header, payload, signature = token.split('.')
    claims = claims_of(token)
    better = encode(json.dumps(claims | {'deepquote.verdict': 'trusted'}).encode())
    good, content = {'alg': 'ES256', 'typ': 'eat+jwt'}, json.dumps(claims).encode()
    yield 'other-claims', 'claims that were not signed', f'{header}.{better}.{signature}'
    yield 'no-signature', 'no signature', f'{header}.{payload}.'
    yield 'other-signature', 'a signature over something else', '.'.join(
        (header, payload, maker.sign(good, b'{}').split('.')[2]))
    yield 'zero-signature', 'numbers that are none', f'{header}.{payload}.{encode(bytes(64))}'
    yield 'swapped-signature', 's before r', '.'.join((header, payload, encode(
        base64.urlsafe_b64decode(signature + '==')[32:] +
        base64.urlsafe_b64decode(signature + '==')[:32])))
    yield 'padded', 'base64 with padding', token + '=='
    yield 'two-parts', 'no payload', f'{header}.{signature}'
    yield 'behind', 'something behind its end', token + '.e30'
    for name, other in (('none', {'alg': 'none', 'typ': 'eat+jwt'}),
                        ('hmac', {'alg': 'HS256', 'typ': 'eat+jwt'}),
                        ('other-type', {'alg': 'ES256', 'typ': 'deepquote-profile+jws'}),
                        ('no-type', {'alg': 'ES256'}),
                        ('critical', good | {'crit': ['x'], 'x': 1})):
        yield f'header-{name}', f'signed with the header {other}', maker.sign(other, content)


def main():
    with tempfile.TemporaryDirectory(prefix='ear-') as folder:
        maker = Maker(folder)
        tokens = {name: maker.result(name) for name in VERDICTS}
        cases = [(name, f'the vector {name}', token, claims_of(token))
                 for name, token in tokens.items()]
        cases += [(*case, None) for case in wrong(maker, tokens['authentic-no-policy'])]
        for name, description, token, claims in cases:
            vector = {'description': description, 'key': maker.public, 'token': token,
                      'claims': claims}
            write(os.path.join(sys.argv[1], name + '.json'), json.dumps(vector, indent=2) + '\n')


main()
