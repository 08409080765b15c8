# SPDX-License-Identifier: GPL-2.0-or-later
"""What packaging/debian says of the project is so, without building the packages."""
import fnmatch
import json
import os
import pathlib
import re
import subprocess

import tap

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])
BUILD = pathlib.Path(os.environ['BUILD_ROOT'])
DEBIAN = ROOT / 'packaging' / 'debian'
# The packaging of our QEMU, and what scripts/build-deb has scripts/setup install for each
PURPOSES = {DEBIAN: {'build', 'deb'},
            ROOT / 'packaging' / 'debian-qemu': {'build', 'deb', 'qemu', 'qemudeb'}}
# What debhelper provides, and files that packaging/debian/rules places
PROVIDED = {'debhelper-compat': 'debhelper', 'dh-sequence-installsysusers': 'debhelper'}
PLACED = [f'usr/lib/systemd/system/{unit}' for unit in (
    'vtpm-managerd.service', 'swtpm-deepquote@.service', 'swtpm-deepquote@.socket')]


def output(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def words(path):
    """The lines of a file of debhelper's, without comments."""
    return [line for line in path.read_text().splitlines() if line and line[0] != '#']


def installed():
    """What meson installs, as if below /usr and with libraries in a folder of their own."""
    options = {o['name']: o['value'] for o in
               json.loads(output('meson', 'introspect', '--buildoptions', str(BUILD)))}
    libraries = os.path.join(options['prefix'], options['libdir'], '')
    for path in json.loads(output('meson', 'introspect', '--installed', str(BUILD))).values():
        if path.startswith(libraries) and '/lib/swtpm-deepquote/bin' not in path:
            if not re.match(r'(systemd|sysusers\.d|tmpfiles\.d)/', path[len(libraries):]):
                yield 'usr/lib/ARCH/' + path[len(libraries):]
                continue
        yield os.path.join('usr', os.path.relpath(path, options['prefix']))


@tap.case('the version of the packages is that of the project')
def _():
    project = re.search(r"^  version: '(.*)',$", (ROOT / 'meson.build').read_text(), re.M)[1]
    tap.equal(re.match(r'vtpm-deepquote \((.*)\) ', (DEBIAN / 'changelog').read_text())[1], project)


@tap.case('scripts/setup installs what building the packages needs')
def _():
    rows = [row.split() for row in output(str(ROOT / 'scripts' / 'setup'), '--list').splitlines()]
    for folder, purposes in PURPOSES.items():
        control = (folder / 'control').read_text()
        field = re.search(r'^Build-Depends:\n((?: .*\n)+)', control, re.M)[1]
        wanted = re.findall(r'^ ([\w.+-]+)', field, re.M)
        offered = {row[0] for row in rows if purposes & set(row[1].split(','))}
        assert len(wanted) > 10, wanted
        tap.equal([name for name in wanted if PROVIDED.get(name, name) not in offered], [])


@tap.case('the symbols file has the functions of libdeepquote')
def _():
    library = next((BUILD / 'lib' / 'deepquote').glob('libdeepquote.so.?.?.?'))
    shown = output('nm', '-D', '--defined-only', '--with-symbol-versions', str(library))
    names = [line.split()[-1].replace('@@', '@') for line in shown.splitlines()]
    names = [name if '@' in name else f'{name}@{name}' for name in names]
    symbols = [line.split()[0] for line in words(next(DEBIAN.glob('libdeepquote*.symbols')))
               if line.startswith(' ')]
    tap.equal(symbols, sorted(names))


@tap.case('each installed file is in one package')
def _():
    patterns = [line for path in DEBIAN.glob('*.install') for line in words(path)]
    files = sorted(set(installed()) - set(PLACED))
    assert len(files) > 20, files
    tap.equal([name for name in files if 1 != sum(
        fnmatch.fnmatch(name, p) or name.startswith(p + '/') for p in patterns)], [])


@tap.case('the units that the packages place are those that are installed')
def _():
    tap.equal([path for path in PLACED if path not in set(installed())], [])


tap.main()
