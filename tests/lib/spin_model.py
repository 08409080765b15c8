# SPDX-License-Identifier: GPL-2.0-or-later
"""Models that spin searches in every state: what holds, and faults that have to be found."""
import re
import shutil
import subprocess
import tempfile

import tap

DEPTH = 2000000
ASSERTION = 'assertion violated'  # what the checker calls this kind of fault


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f'{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}'
    return done.stdout


def search(model, defines, claim=None):
    """What the checker prints after it has searched every state, or up to the first fault."""
    for program in ('spin', 'gcc'):
        if not shutil.which(program):
            tap.skip(f'{program} is not installed: run scripts/setup')
    with tempfile.TemporaryDirectory(prefix='model-') as folder:
        shutil.copy(model, folder)
        run(folder, 'spin', *(f'-D{d}' for d in defines), '-a', model.name)
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


def sound_case(model, name, defines, claim=None):
    @tap.case(f'sound: {name}')
    def _():
        output = search(model, defines, claim)
        print('# ' + figures(output))
        tap.equal(first_fault(output), '')
        assert 'errors: 0' in output, output
        assert 'not completed' not in output and 'max search depth too small' not in output, output


def fault_case(model, bug, name, defines=(), claim=None, want=ASSERTION):
    @tap.case(f'found: {bug} {name}')
    def _():
        output = search(model, [*defines, bug], claim)
        print('# ' + first_fault(output))
        assert want in first_fault(output), f'want {want}: {output[:600]}'


def all_faults_case(model, faults):
    """@faults: those that are looked for, by name."""
    @tap.case('every fault that the model can have is looked for')
    def _():
        tap.equal(set(re.findall(r'\bBUG_\w+', model.read_text())) - {'BUG_'}, set(faults))
