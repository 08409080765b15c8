# SPDX-License-Identifier: GPL-2.0-or-later
"""A deep quote of tests/vectors as files and options of tpm2_checkdeepquote."""
import json
import os
import subprocess

import verifier_store
from programs import program

TOOL = program('tpm2_checkdeepquote')
VECTORS = os.path.join(os.environ['SOURCE_ROOT'], 'tests', 'vectors')
FILES = {'evidence': '--evidence', 'vtpmQuoted': '-m', 'vtpmSignature': '-s', 'vtpmPcrs': '-f',
         'vtpmKey': '--guest-public'}
EXPECTED = {'challenge': '-q', 'uuid': '--uuid', 'vtpmAk': '--ak', 'vtpmEk': '--ek'}


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


class VectorCase:
    """Its files are in @folder, and the store, if it has one."""

    def __init__(self, folder, name):
        with open(os.path.join(VECTORS, name + '.json'), encoding='utf-8') as f:
            self.vector = json.load(f)
        self.folder = folder
        self.args = []
        for member, option in FILES.items():
            if self.vector['quote'][member] is not None:
                self.args += [option, write(self.path(member),
                                            bytes.fromhex(self.vector['quote'][member]))]
        for member, option in EXPECTED.items():
            value = self.vector['expected'][member]
            self.args += [option, value] if value else []
        if self.vector['allowSimulated']:
            self.args.append('--allow-simulated')
        if self.vector['policy'] is not None:
            self.args += ['--policy', write(self.path('policy'), self.vector['policy'])]
        if self.vector['store'] is not None:
            self.args += ['--store', verifier_store.make(TOOL, self.path('store'), self.vector)]

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *args):
        return subprocess.run([TOOL, *self.args, *args], capture_output=True, text=True,
                              check=False, timeout=60)
