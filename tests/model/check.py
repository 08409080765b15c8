# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks the model of the batcher in every state, and that each seeded fault is found.

    tests/lib/run-python tests/model/check.py [REGEX]     runs the cases whose names match
"""
import pathlib
import re
import shutil
import subprocess
import tempfile

import tap

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE / 'batcher.pml'
DEPTH = 2000000

# What the checker calls the three kinds of fault
ASSERTION = 'assertion violated'
DEADLOCK = 'invalid end state'
STARVATION = 'acceptance cycle'

TWO_IN_FLIGHT = ['VMS=2', 'IN_FLIGHT=2']

# What holds: name, configuration, claim (None: assertions and deadlock).
SOUND = [
    ('answers once, fresh, only the living; no deadlock', [], None),
    ('the same with two requests in flight a VM', TWO_IN_FLIGHT, None),
    ('the same with administrative jobs in between', ['ADMIN'], None),
    ('who shares with nobody is answered', [], 'alone'),
    ('who shares with others is answered', [], 'sharing'),
    ('both with two requests in flight a VM', TWO_IN_FLIGHT, 'alone'),
    ('the same where an idle TPM may linger', ['LINGER'], None),
    ('who shares with nobody is answered by a TPM that may linger', ['LINGER'], 'alone'),
    ('who shares with others is answered by a TPM that may linger', ['LINGER'], 'sharing'),
    ('administrative jobs are done', ['VMS=2', 'ADMIN'], 'admin'),
    ('requests are answered while jobs are done', ['VMS=2', 'ADMIN'], 'sharing'),
    ('a TPM that hangs leaves nobody without an answer', ['HANG'], 'sharing'),
]

# The seeded fault, where it shows, what the checker must say.
FAULTS = [
    ('BUG_TWICE', 'answers a request twice', [], None, ASSERTION),
    ('BUG_JOINS', 'lets a request join the running batch', [], None, ASSERTION),
    ('BUG_DEAD', 'answers a dead requester', [], None, ASSERTION),
    ('BUG_NO_LIMIT', 'takes more of one VM than may be in flight', [], None, ASSERTION),
    ('BUG_FORGETS', 'forgets a batch that the TPM refused', [], 'sharing', STARVATION),
    ('BUG_IDLES', 'does not start the next batch', [], 'sharing', STARVATION),
    ('BUG_LIFO', 'serves the youngest first', ['BATCH=1'], 'sharing', STARVATION),
    ('BUG_KIND', 'prefers what many ask for', [], 'alone', STARVATION),
    ('BUG_WAITS', 'waits for a full batch', [], 'alone', STARVATION),
    ('BUG_LINGERS', 'lingers anew with each arrival', ['LINGER', 'BATCH=3'], 'alone', STARVATION),
    ('BUG_RETRIES', 'tries a failing TPM for ever', [], 'alone', STARVATION),
    ('BUG_ADMIN', 'does administrative jobs only when nobody asks', ['VMS=2', 'ADMIN'], 'admin',
     STARVATION),
    ('BUG_HANG', 'lets the running batch ignore deadlines', ['HANG'], 'sharing', STARVATION),
    ('BUG_IDLES', 'stops with requests waiting', [], None, DEADLOCK),
]


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f'{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}'
    return done.stdout


def search(defines, claim):
    """What the checker prints after it has searched every state, or up to the first fault."""
    for program in ('spin', 'gcc'):
        if not shutil.which(program):
            tap.skip(f'{program} is not installed: run scripts/setup')
    with tempfile.TemporaryDirectory(prefix='batcher-') as folder:
        shutil.copy(MODEL, folder)
        run(folder, 'spin', *(f'-D{d}' for d in defines), '-a', MODEL.name)
        kind = ['-DSAFETY', '-DNOCLAIM'] if claim is None else ['-DNFAIR=3']
        run(folder, 'gcc', '-w', '-O1', *kind, '-o', 'pan', 'pan.c')
        claims = [] if claim is None else ['-a', '-f', '-N', claim]
        return run(folder, './pan', *claims, f'-m{DEPTH}', '-w21')


def first_fault(output):
    found = re.search(r'^pan:\d+: (.*?)(?: \(at depth.*)?$', output, re.M)
    return found.group(1) if found else ''


def figures(output):
    states = re.search(r'(\d+) states, stored', output)
    memory = re.search(r'([\d.]+)\ttotal actual memory', output)
    return f'{states.group(1) if states else "?"} states, {memory.group(1) if memory else "?"} MB'


def sound_case(name, defines, claim):
    @tap.case(f'sound: {name}')
    def _():
        output = search(defines, claim)
        print('# ' + figures(output))
        tap.equal(first_fault(output), '')
        assert 'errors: 0' in output, output
        assert 'not completed' not in output and 'max search depth too small' not in output, output


def fault_case(bug, name, defines, claim, want):
    @tap.case(f'found: {bug} {name}')
    def _():
        output = search(defines + [bug], claim)
        print('# ' + first_fault(output))
        assert want in first_fault(output), f'want {want}: {output[:600]}'


@tap.case('every fault that the model can have is looked for')
def _():
    seeded = set(re.findall(r'\bBUG_\w+', MODEL.read_text())) - {'BUG_'}
    tap.equal(seeded, {f[0] for f in FAULTS})


for _case in SOUND:
    sound_case(*_case)
for _case in FAULTS:
    fault_case(*_case)

tap.main()
