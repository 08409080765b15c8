# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a build directory has the programs that an installation puts into one folder."""
import os

_FOLDERS = {
    'swtpm-deepquote': 'swtpm-deepquote',
    'tpm2_checkdeepquote': 'tools/verifier',
    'tpm2_deepquote': 'tools/guest',
    'vtpm-managerctl': 'tools/host',
    'vtpm-managerd': 'vtpm-manager',
}


def program(name, build=None):
    """The path of a program; by default in the build directory that BUILD_ROOT names."""
    return os.path.join(build or os.environ['BUILD_ROOT'], _FOLDERS[name], name)
