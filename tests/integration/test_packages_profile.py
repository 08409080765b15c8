# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_checkdeepquote profile from-packages: files of packages that dpkg-deb makes, in each of its
compressions, are those that it installs."""
import binascii
import bz2
import contextlib
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

import tap
from process import run
from programs import program

TOOL = program('tpm2_checkdeepquote')
MADE = 1780000000  # 2026-05-28T20:26:40Z
FILES = {'/usr/bin/tool': b'\x7fELF one', '/bin/sh': b'#!', '/lib/modules/6.1/x.ko': b'module',
         '/usr/share/doc/p/readme': b'text', '/etc/empty': b'', '/usr/lib/a b\xc3\xa9': b'name',
         '/usr/bin/large': bytes(range(256)) * 1000}


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix='packages-') as path:
        yield path


def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)
    return path


def make(where, name='p', version='1', files=None, compression='xz', made=MADE, source=None):
    """A package of these files; a symbolic and a hard link besides."""
    root = os.path.join(where, 'root-' + name + version)
    put(root + '/DEBIAN/control', f'Package: {name}\nVersion: {version}\nArchitecture: all\n'
                                  'Maintainer: x <x@x>\nDescription: x\n'.encode() +
        (f'Source: {source}\n'.encode() if source else b''))
    for path, data in (FILES if files is None else files).items():
        put(os.fsencode(root) + os.fsencode(path) if isinstance(path, bytes) else root + path, data)
    if files is None:
        os.symlink('tool', root + '/usr/bin/linked')
        os.link(root + '/usr/bin/tool', root + '/usr/bin/same')
    deb = os.path.join(where, f'{name}_{version}_all.deb')
    run(['dpkg-deb', '--root-owner-group', '-Z', compression, '--build', root, deb], timeout=60,
        env=dict(os.environ, SOURCE_DATE_EPOCH=str(made)))
    shutil.rmtree(root)
    return deb


def tool(*arguments):
    done = subprocess.run([TOOL, 'profile', *arguments], capture_output=True, text=True,
                          check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def files_of(*arguments):
    status, out, error = tool('from-packages', '--name', 'x', *arguments)
    tap.equal((status, error), (0, ''))
    profile = json.loads(out)
    tap.equal((profile['name'], profile.get('boots', [])), ('x', []))
    return profile.get('files', {})


def digests(files):
    return {name: ['sha256:' + hashlib.sha256(data).hexdigest()] for name, data in files.items()}


def refused(status, word, *arguments):
    got, out, error = tool('from-packages', *arguments)
    tap.equal((got, out), (status, ''), error)
    assert word in error and len(error.splitlines()) == 1, error


ALL = FILES | {'/usr/bin/same': FILES['/usr/bin/tool'], '/usr/bin/sh': FILES['/bin/sh'],
               '/usr/lib/modules/6.1/x.ko': FILES['/lib/modules/6.1/x.ko']}


@tap.case('each file has its digest, also by its other names, whatever the compression')
def _():
    for compression in ('xz', 'gzip', 'zstd', 'none'):
        with folder() as where:
            tap.equal(files_of(make(where, compression=compression)), digests(ALL), compression)


@tap.case('a folder gives all packages in it, in folders too, and links lead nowhere')
def _():
    with folder() as where:
        pool = os.path.join(where, 'pool')
        os.makedirs(pool + '/inner')
        make(pool, 'a', files={'/usr/bin/a': b'1'})
        make(pool + '/inner', 'a', '2', files={'/usr/bin/a': b'2'})
        put(pool + '/other.txt', b'no package')
        os.symlink(make(where, 'b', files={'/usr/bin/b': b'3'}), pool + '/linked.deb')
        os.symlink(where, pool + '/outside')
        tap.equal({name: sorted(values) for name, values in files_of(pool).items()},
                  {'/usr/bin/a': sorted(digests({'': b'1'})[''] + digests({'': b'2'})[''])})


@tap.case('a date passes over what was made before it')
def _():
    with folder() as where:
        make(where, 'a', files={'/a': b'1'}, made=MADE - 1)
        make(where, 'b', files={'/b': b'2'})
        tap.equal(sorted(files_of('--since', '2026-05-28T20:26:40Z', where)), ['/b'])
        tap.equal(sorted(files_of('--since', '2026-05-28', where)), ['/a', '/b'])
        refused(2, 'since then', '--name', 'x', '--since', '2026-05-29', where)


@tap.case('an update is added to a profile, and what is not to be taken is not')
def _():
    with folder() as where:
        old, new = make(where, 'p', '1'), make(where, 'p', '2', files={
            '/usr/bin/tool': b'\x7fELF two', '/usr/share/doc/p/readme': b'more'})
        first, second = where + '/first', where + '/second'
        tap.equal(tool('from-packages', '--name', 'x', '--skip', '/usr/share/doc/*', '-o', first,
                       old), (0, '', ''))
        tap.equal(tool('from-packages', '--add-to', first, '--skip', '/usr/share/doc/*', '-o',
                       second, new), (0, '', ''))
        status, out, _ = tool('diff', first, second)
        lines = out.splitlines()
        tap.equal((status, len(lines), lines[1]), (1, 2, '+ package p 2'), out)
        assert lines[0].startswith('+ file /usr/bin/tool'), out
        assert hashlib.sha256(b'\x7fELF two').hexdigest() in out, out


def tracker(where, **sources):
    """A file of the security tracker: {source: {vulnerability: (status, version)}}."""
    content = {source: {name: {'description': 'an [ in a "text" {', 'releases': {
        'bookworm': {'status': status, 'fixed_version': fixed, 'repositories': {}}}}
        for name, (status, fixed) in known.items()} for source, known in sources.items()}
    return put(where + '/tracker.json', json.dumps(content).encode())


@tap.case('a package with a fixed successor is left out, and what it had is taken back')
def _():
    with folder() as where:
        old = make(where, 'p', '1',
                   files={'/usr/bin/a': b'1', '/usr/bin/same': b's', '/lib/x': b''})
        other = make(where, 'q', '1', files={'/usr/bin/q': b'q'})
        make(where, 'p', '2', files={'/usr/bin/a': b'2', '/usr/bin/same': b's'})
        before = where + '/before'
        tap.equal(tool('from-packages', '--name', 'x', '-o', before, old, other), (0, '', ''))
        known = tracker(where, p={'CVE-1': ('resolved', '2'), 'CVE-2': ('open', '9'),
                                  'CVE-3': ('resolved', '0')}, q={'CVE-4': ('resolved', '1')})
        says = ('--tracker', known, '--release', 'bookworm')
        status, out, error = tool('from-packages', '--add-to', before, *says, where)
        tap.equal((status, error), (0, 'p 1 is left out: CVE-1, fixed in 2\n'))
        tap.equal(json.loads(out)['files'],
                  digests({'/usr/bin/a': b'2', '/usr/bin/same': b's', '/usr/bin/q': b'q'}))
        status, out, error = tool('from-packages', '--add-to', before, *says, '--vulnerable',
                                  'warn', where)
        tap.equal((status, error), (0, 'p 1 is vulnerable: CVE-1, fixed in 2\n'))
        tap.equal(len(json.loads(out)['files']['/usr/bin/a']), 2)
        refused(2, "'trixie'", '--name', 'x', '--tracker', known, '--release', 'trixie', where)


@tap.case('a profile says of which package and release each digest is')
def _():
    with folder() as where:
        make(where, 'lib', '5', files={'/a': b'1', '/same': b's', '/skip/x': b'x'},
             source='src (1:1.0-1)')
        make(where, 'lib', '6', files={'/a': b'2', '/same': b's'})
        status, out, error = tool('from-packages', '--name', 'x', '--release', 'bookworm', '--skip',
                                  '/skip/*', where)
        tap.equal((status, error), (0, ''))
        told = {(p['name'], p['version'], p['source'], p['source-version'], p['release']):
                sorted(p['digests']) for p in json.loads(out)['packages']}

        def of(*data):
            return sorted('sha256:' + hashlib.sha256(d).hexdigest() for d in data)
        tap.equal(told, {('lib', '5', 'src', '1:1.0-1', 'bookworm'): of(b'1', b's'),
                         ('lib', '6', 'lib', '6', 'bookworm'): of(b'2', b's')})
        put(where + '/profile', out.encode())
        tap.equal(tool('from-packages', '--add-to', where + '/profile', '--release', 'bookworm',
                       '--skip', '/skip/*', where), (0, out, ''))
        status, out, _ = tool('from-packages', '--name', 'x', where)
        assert all('release' not in p for p in json.loads(out)['packages']), out


@tap.case('the source of a package counts, with its own version')
def _():
    with folder() as where:
        deb = make(where, 'lib', '5', files={'/a': b'1'}, source='src (1:1.0-1)')
        for fixed, count in (('1:1.0-1', 0), ('1:1.0-1+deb12u1', 1), ('9.9', 0)):
            known = tracker(where, src={'CVE-1': ('resolved', fixed)},
                            lib={'CVE-2': ('resolved', '6')})
            status, _, error = tool('from-packages', '--name', 'x', '--tracker', known,
                                    '--release', 'bookworm', '--vulnerable', 'warn', deb)
            tap.equal((status, error.count('CVE-1'), error.count('CVE-2')), (0, count, 0))


@tap.case('a file of the tracker that ends anywhere, or is another one, is refused')
def _():
    with folder() as where:
        make(where, files={'/a': b'1'})
        path = tracker(where, p={'CVE-1': ('resolved', '2')})
        with open(path, 'rb') as f:
            whole = f.read()
        cases = [whole[:size] for size in range(0, len(whole) - 1, 5)]
        for bad in (*cases, b'[]', b'{}', b'{"p": 1}', b'/**/' + whole, b'[' * 50 + whole,
                    b'{"p": {"CVE-1": {"releases": {"bookworm": 1}}}}', b'\xff' + whole):
            put(path, bad)
            refused(2, 'tracker.json', '--name', 'x', '--tracker', path, '--release', 'bookworm',
                    where)


@tap.case('dpkg has the order of versions that the unit test has')
def _():
    source = pathlib.Path(os.environ['SOURCE_ROOT'], 'tests/unit/test_deb_version.c').read_text()
    versions = re.findall(r'"([^"]+)"', re.search(r'ordered\[\] = \{(.*?)\};', source, re.S)[1])
    assert len(versions) > 30
    for before, after in zip(versions, versions[1:]):
        run(['dpkg', '--compare-versions', before, 'lt', after], timeout=60)


@tap.case('a package that ends anywhere before its end, or has another form, is refused')
def _():
    with folder() as where:
        deb = make(where, compression='gzip', files={'/usr/bin/a': b'x' * 600, '/b': b'y'})
        with open(deb, 'rb') as f:
            whole = f.read()
        tap.equal(sorted(files_of(deb)), ['/b', '/usr/bin/a'])
        cut = where + '/cut.deb'
        for size in range(0, len(whole) - 1, 7):
            put(cut, whole[:size])
            refused(2, 'cut.deb', '--name', 'x', cut)
        for what, data in (('no ar', b'text'),
                           ('no tar', whole.replace(b'data.tar.gz', b'x.tar.gz   ')),
                           ('order', whole.replace(b'control.tar.gz', b'xontrol.tar.gz')),
                           ('byte', whole[:-300] + bytes([whole[-300] ^ 0x55]) + whole[-299:])):
            put(cut, data)
            status, out, error = tool('from-packages', '--name', 'x', cut)
            tap.equal((status, out), (2, ''), what)
            assert 'cut.deb' in error, error


def ar(members):
    out = b'!<arch>\n'
    for name, data in members:
        out += f'{name:16}{MADE:<12}{0:<6}{0:<6}{"100644":8}{len(data):<10}`\n'.encode() + data
        out += b'\n' * (len(data) % 2)
    return out


def tar(*files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def uuencoded(data):
    lines = [binascii.b2a_uu(data[at:at + 45]) for at in range(0, len(data), 45)]
    return b'begin 644 data.tar\n' + b''.join(lines) + b'`\nend\n'


@tap.case('what is compressed in a way that dpkg does not know is no package')
def _():
    about = b'Package: p\nVersion: 1\n'
    data = tar(('./b', b'y'))
    with folder() as where:
        for compress, good in ((bytes, True), (bz2.compress, True), (uuencoded, False)):
            deb = put(where + '/made.deb', ar([
                ('debian-binary', b'2.0\n'),
                ('control.tar', tar(('./control', b'Version: 0\n'), ('./control', about))),
                ('data.tar', compress(data))]))
            if good:
                tap.equal(sorted(files_of(deb)), ['/b'])
            else:
                refused(2, 'made.deb', '--name', 'x', deb)


@tap.case('options that do not go together, and nothing to take, make no profile')
def _():
    with folder() as where:
        refused(2, '--name', where)
        refused(2, 'packages', '--name', 'x')
        refused(2, '--since', '--name', 'x', '--since', 'May', where)
        refused(2, '--release', '--name', 'x', '--tracker', 'x', where)
        refused(2, 'drop or warn', '--name', 'x', '--tracker', 'x', '--release', 'x',
                '--vulnerable', 'x', where)
        refused(2, 'no package', '--name', 'x', where)
        refused(2, 'missing', '--name', 'x', where + '/missing')


def mirror(where, *debs, **changed):
    """A repository of these packages: its index. changed: fields of the first."""
    stanzas = []
    for i, deb in enumerate(debs):
        os.makedirs(where + '/mirror/pool', exist_ok=True)
        name = os.path.basename(deb)
        shutil.copy(deb, where + '/mirror/pool/' + name)
        with open(deb, 'rb') as f:
            fields = {'Package': name.split('_')[0], 'Version': '1', 'Description': 'x\n more',
                      'Filename': 'pool/' + name,
                      'SHA256': hashlib.sha256(f.read()).hexdigest()}
        fields |= changed if i == 0 else {}
        stanzas.append(''.join(f'{k}: {v}\n' for k, v in fields.items() if v is not None))
    return put(where + '/mirror/dists/x/main/binary-all/Packages', '\n'.join(stanzas).encode())


@tap.case('the packages that a repository has by its index, all or those of a name')
def _():
    with folder() as f:
        index = mirror(f, make(f, 'one', files={'/usr/bin/one': b'1'}),
                       make(f, 'two', files={'/usr/bin/two': b'2'}))
        one, two = digests({'/usr/bin/one': b'1'}), digests({'/usr/bin/two': b'2'})
        tap.equal(files_of(index), one | two)
        tap.equal(files_of('--only', 't*', index), two)
        tap.equal(files_of('--only', 'o*', '--only', 'two', index), one | two)
        listed = put(f + '/lists/deb.example_dists_x_main_binary-all_Packages',
                     pathlib.Path(index).read_bytes())
        tap.equal(files_of('--mirror', f + '/mirror', listed), one | two)
        assert 'there is no package' in refused_text('--only', 'none', index)


def refused_text(*arguments):
    status, out, error = tool('from-packages', '--name', 'x', *arguments)
    tap.equal((status, out), (2, ''), error)
    return error


@tap.case('a package that is not the one in the index, or not there, is refused with its path')
def _():
    for changed, words in (({'SHA256': '00' * 32}, 'whose SHA-256 the index has'),
                           ({'Filename': 'pool/none.deb'}, 'none.deb'),
                           ({'Filename': '../pool/one_1_all.deb'}, 'outside the repository'),
                           ({'Filename': '/pool/one_1_all.deb'}, 'outside the repository'),
                           ({'Filename': None}, 'no Package, Filename or SHA256'),
                           ({'SHA256': '00'}, 'no Package, Filename or SHA256'),
                           ({'SHA256': None}, 'no Package, Filename or SHA256')):
        with folder() as f:
            said = refused_text(mirror(f, make(f, 'one', files={'/usr/bin/one': b'1'}), **changed))
            assert words in said and '/Packages' in said, said


@tap.case('an index that ends in the middle names what it has, or is refused')
def _():
    with folder() as f:
        index = pathlib.Path(mirror(f, make(f, 'one', files={'/usr/bin/one': b'1'})))
        whole, outcomes = index.read_bytes(), set()
        for size in range(0, len(whole), 7):
            index.write_bytes(whole[:size])
            status, out, error = tool('from-packages', '--name', 'x', str(index))
            assert (status == 0) == bool(out) and status in (0, 2), (size, error)
            outcomes.add((status, bool(error)))
        tap.equal(outcomes, {(2, True)})


tap.main()
