# SPDX-License-Identifier: GPL-2.0-or-later
"""Where things are in a build directory: the one that BUILD_ROOT names."""
import os

# What an installation puts into one folder
_FOLDERS = {
    'swtpm-deepquote': 'swtpm-deepquote',
    'tpm2_checkdeepquote': 'tools/verifier',
    'tpm2_deepquote': 'tools/guest',
    'tpm_deepquote': 'tools/guest12',
    'vtpm-cuse': 'vtpm-cuse',
    'vtpm-managerctl': 'tools/host',
    'vtpm-managerd': 'vtpm-manager',
}
_OPTIONAL = ('tpm_deepquote', 'vtpm-cuse')


def built(*path):
    """The path of something below the build directory."""
    return os.path.join(os.environ['BUILD_ROOT'], *path)


def program(name):
    """The path of a program of this project."""
    return built(_FOLDERS[name], name)


def programs():
    """The names of all that this build has: some need libraries that not everybody wants."""
    return [name for name in _FOLDERS if name not in _OPTIONAL or os.path.exists(program(name))]
