# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/qemu/overlay on trees that are none of those that it knows."""
import os
import subprocess
import tempfile

import tap

ROOT = os.environ['SOURCE_ROOT']


def lay(version):
    """(exit code, standard error, the tree's files) on a tree that has nothing but its version."""
    with tempfile.TemporaryDirectory(prefix='overlay-') as folder:
        qemu = os.path.join(folder, 'qemu')
        os.mkdir(qemu)
        with open(os.path.join(qemu, 'VERSION'), 'w', encoding='ascii') as f:
            f.write(version + '\n')
        done = subprocess.run([os.path.join(ROOT, 'scripts/qemu/overlay'), ROOT, qemu],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, os.listdir(qemu)


@tap.case('a QEMU that nobody tried is refused with those that were, and is left as it is')
def _():
    for version in ('6.2.0', '7.20.1', '9.2.1', '10.1.0', '11.0.50'):
        code, error, files = lay(version)
        tap.equal((code, files), (1, ['VERSION']))
        tap.equal(len(error.splitlines()), 1)
        assert f'QEMU {version}' in error and '7.2 and 10.0' in error, error


@tap.case('a tree without the files that are to be edited is refused with their name')
def _():
    code, error, files = lay('10.0.13')
    tap.equal((code, files), (1, ['VERSION']))
    assert 'there is no qapi/qapi-schema.json to edit' in error, error


tap.main()
