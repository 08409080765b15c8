# SPDX-License-Identifier: GPL-2.0-or-later
"""seed_attest.py VECTORS CORPUS: seeds of fuzz_verify, fuzz_policy and fuzz_host_key."""
import hashlib
import json
import os
import pathlib
import sys

VERIFY = ['trusted-one-leaf', 'trusted-rsa-both', 'trusted-leaf-3-of-3', 'authentic-unsigned',
          'trusted-vtpm-banks', 'bad-proof-node', 'not-a-quote-host-type', 'malformed-long-path']
POLICY = ['trusted-full-policy', 'trusted-all-flags', 'trusted-host-banks', 'wrong-vm-policy-ek',
          'trusted-lineage-any', 'trusted-sha1-allowed']
HOST_KEY = ['trusted-one-leaf', 'trusted-rsa-host']


def write(corpus, target, name, data):
    folder = pathlib.Path(corpus, target)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def main(vectors, corpus):
    def load(name):
        with open(os.path.join(vectors, name + '.json'), encoding='utf-8') as f:
            return json.load(f)

    for name in VERIFY:
        v = load(name)
        q = v['quote']
        parts = [v['store']['hosts'][0]['public'], q['vtpmKey'] or '', v['expected']['challenge'],
                 q['vtpmQuoted'], q['vtpmSignature'], q['vtpmPcrs'], q['evidence']]
        write(corpus, 'verify', name,
              b''.join((len(p) // 2).to_bytes(2, 'big') + bytes.fromhex(p) for p in parts))
    for name in POLICY:
        write(corpus, 'policy', name, load(name)['policy'].encode())
    for name in HOST_KEY:
        public = bytes.fromhex(load(name)['store']['hosts'][0]['public'])
        text = json.dumps({'ok': True, 'public': public.hex(), 'certificate': '',
                           'name': '000b' + hashlib.sha256(public[2:]).hexdigest(),
                           'simulated': False})
        write(corpus, 'host_key', name, public)
        write(corpus, 'host_key', name + '.json', text.encode())


main(*sys.argv[1:])
