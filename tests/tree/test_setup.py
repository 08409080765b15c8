# SPDX-License-Identifier: GPL-2.0-or-later
"""What scripts/setup finds missing, with a dpkg-query that says what a test wants; and whether what
it installs is used."""
import os
import pathlib
import re
import subprocess
import tempfile

import tap

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])


def setup(*args, installed=None):
    """The lines that scripts/setup prints; `installed`: what dpkg-query tells instead of the
    truth."""
    with tempfile.TemporaryDirectory(prefix='setup-') as folder:
        env = dict(os.environ)
        if installed is not None:
            query = pathlib.Path(folder) / 'dpkg-query'
            query.write_text("#!/bin/sh\ncat <<'END'\n" + ''.join(i + '\n' for i in installed) +
                             'END\n')
            query.chmod(0o755)
            env['PATH'] = f'{folder}:{env["PATH"]}'
        return subprocess.run([str(ROOT / 'scripts' / 'setup'), *args], env=env,
                              capture_output=True, text=True, check=True).stdout.splitlines()


def packages():
    """(name, purposes) of each package in the table."""
    return [(words[0], words[1].split(',')) for words in map(str.split, setup('--list'))]


RUN = [name for name, purposes in packages() if 'run' in purposes]
INSTALLED = [f'installed {name}, ' for name in RUN]


@tap.case('setup finds nothing missing where every package is installed')
def _():
    tap.equal(setup('--missing', 'run', installed=INSTALLED), [])


@tap.case('setup finds missing what is not there, and what was removed and has left its settings')
def _():
    gone, removed = RUN[0], RUN[-1]
    tap.equal(setup('--missing', 'run', installed=[f'config-files {removed}, '] + INSTALLED[1:-1]),
              [gone, removed])


@tap.case('setup takes a package under its new name, which provides the former one')
def _():
    renamed = [f'installed {name}t64, other, {name} (= 4.1.3-1)' if 'libtss2' in name
               else f'installed {name}, ' for name in RUN]
    assert renamed != INSTALLED
    tap.equal(setup('--missing', 'run', installed=renamed), [])


@tap.case('setup does not take a package for another whose name it begins with')
def _():
    longer = [f'installed {name}-tools-extra, ' for name in RUN]
    tap.equal(setup('--missing', 'run', installed=longer), RUN)


@tap.case('every package has a purpose that setup knows')
def _():
    known = re.search(r'Purposes: ([\w ]+);', '\n'.join(setup('--help'))).group(1).split()
    tap.equal([(n, p) for n, p in packages() if not p or set(p) - set(known)], [])


@tap.case('each library that building needs is asked for by a meson.build')
def _():
    wanted = set()
    listed = subprocess.run(['git', '-C', str(ROOT), 'ls-files', 'meson.build', '*/meson.build'],
                            capture_output=True, text=True, check=False).stdout.split()
    if not listed:
        tap.skip('no repository')
    for name in listed:
        wanted |= set(re.findall(r"dependency\('([\w.+-]+)'", (ROOT / name).read_text()))
    unused = []
    for package, purposes in packages():
        if 'build' in purposes and package.endswith('-dev') and package.startswith('lib'):
            files = subprocess.run(['dpkg-query', '-L', package], capture_output=True, text=True,
                                   check=False).stdout
            offered = set(re.findall(r'/pkgconfig/([\w.+-]+)\.pc$', files, re.M))
            if offered and not offered & wanted:
                unused.append(package)
    tap.equal(unused, [])


tap.main()
