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


def run(*args, installed=None, release=None):
    """scripts/setup, done; `installed`: what dpkg-query tells instead of the truth; `release`: the
    text of os-release."""
    with tempfile.TemporaryDirectory(prefix='setup-') as folder:
        env = dict(os.environ)
        if release is not None:
            env['OS_RELEASE'] = f'{folder}/os-release'
            pathlib.Path(env['OS_RELEASE']).write_text(release)
        if installed is not None:
            query = pathlib.Path(folder) / 'dpkg-query'
            query.write_text("#!/bin/sh\ncat <<'END'\n" + ''.join(i + '\n' for i in installed) +
                             'END\n')
            query.chmod(0o755)
            env['PATH'] = f'{folder}:{env["PATH"]}'
        return subprocess.run([str(ROOT / 'scripts' / 'setup'), *args], env=env,
                              capture_output=True, text=True, check=False)


def setup(*args, installed=None, release=None):
    """The lines that scripts/setup prints."""
    done = run(*args, installed=installed, release=release)
    tap.equal((done.returncode, done.stderr), (0, ''))
    return done.stdout.splitlines()


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


@tap.case('setup names what Debian 12 and 13 lack, and refuses another system with their names')
def _():
    for name in ('bookworm', 'trixie'):
        tap.equal(setup('--missing', 'run', installed=INSTALLED[1:],
                        release=f'ID=debian\nVERSION_CODENAME={name}\n'), RUN[:1])
    for release in ('ID=debian\nVERSION_CODENAME=bullseye\nPRETTY_NAME="Debian 11"\n',
                    'ID=ubuntu\nVERSION_CODENAME=trixie\nPRETTY_NAME="Ubuntu of 13"\n',
                    'ID=debian\nPRETTY_NAME="Debian sid"\n'):
        done = run('--missing', 'run', installed=INSTALLED[1:], release=release)
        tap.equal((done.returncode, done.stdout), (1, ''))
        assert 'Debian 12 (bookworm) and 13 (trixie), not ' in done.stderr, done.stderr
        assert release.split('"')[1] in done.stderr, done.stderr


@tap.case('setup has nothing against another system that has every package')
def _():
    tap.equal(setup('run', installed=INSTALLED, release='ID=ubuntu\nVERSION_CODENAME=noble\n'), [])


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
