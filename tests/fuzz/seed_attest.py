# SPDX-License-Identifier: GPL-2.0-or-later
"""seed_attest.py VECTORS CORPUS: seeds of fuzz_verify, fuzz_policy and fuzz_state from vectors."""
import json
import os
import pathlib
import sys

VERIFY = ['trusted-one-leaf', 'trusted-rsa-both', 'trusted-leaf-3-of-3', 'trusted-unsigned',
          'trusted-vtpm-banks', 'bad-proof-node', 'not-a-quote-host-type', 'malformed-long-path']
POLICY = ['trusted-full-policy', 'trusted-all-flags', 'trusted-host-banks', 'wrong-vm-policy-ek']
STATE = ['trusted-same-counters', 'wrong-nonce-used']


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
        parts = [v['hostKeys'][0], v['vtpmKey'] or '', v['nonce'], v['vtpmQuoted'],
                 v['vtpmSignature'], v['vtpmPcrs'], v['evidence']]
        write(corpus, 'verify', name,
              b''.join((len(p) // 2).to_bytes(2, 'big') + bytes.fromhex(p) for p in parts))
    for name in POLICY:
        write(corpus, 'policy', name, load(name)['policy'].encode())
    for name in STATE:
        write(corpus, 'state', name, load(name)['state'].encode())


main(*sys.argv[1:])
