# SPDX-License-Identifier: GPL-2.0-or-later
"""What scripts/debian-root refuses, and how; scripts/test --other-debian sees that it works."""
import itertools
import os
import subprocess

import tap

PROGRAM = os.path.join(os.environ['SOURCE_ROOT'], 'scripts', 'debian-root')


def run(*before):
    done = subprocess.run([*before, 'true'], capture_output=True, text=True, check=False)
    tap.equal(done.stdout, '')
    return done.returncode, done.stderr


@tap.case('a release that it does not know is refused with those that it knows')
def _():
    for before, name in itertools.product(([PROGRAM], [PROGRAM, '--fresh']),
                                          ('bullseye', '../trixie', '')):
        code, error = run(*before, name)
        tap.equal(code, 1)
        assert 'knows the releases bookworm and trixie, not ' + name in error, error


@tap.case('where nobody may mount, it says so and ends with the status of a test that is skipped')
def _():
    if os.getuid():
        tap.skip('only root can give up what root may do')
    code, error = run('setpriv', '--bounding-set=-all', PROGRAM, 'trixie')
    tap.equal(code, 77)
    assert 'namespaces and mounts of its own' in error and 'privileged' in error, error


tap.main()
