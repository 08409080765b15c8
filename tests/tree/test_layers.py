# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the tree to the table of docs/architecture.md: what each folder may use."""
import os
import pathlib
import re
import subprocess

import tap

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])
BUILD = pathlib.Path(os.environ['BUILD_ROOT'])
# What the table's words mean, where it is not the last part of a path. libc is everybody's.
WORDS = {
    '-': set(), 'libc': set(), 'lib': {'wire', 'attest', 'daemon'},
    'its folders': {'tpm', 'registry', 'measure', 'quote', 'seal', 'state', 'vtpm', 'admin'},
    'the defaults': {'defaults'}, 'GLib': {'glib'}, 'OpenSSL': {'openssl'}, 'SQLite': {'sqlite'},
    'tpm2-tss': {'tss2'},
    'QEMU': {'qemu'}, "QEMU's TPMIf and TPMBackend": {'qemu'},
}
ROW = re.compile(r'^\| ([\w/-]+)/ \| .* \| ([^|]+) \|$', re.M)


def table():
    """{folder: what it may include} of the folders with C files, tests apart."""
    page = (ROOT / 'docs' / 'architecture.md').read_text()
    rows = {folder: set().union(*(WORDS.get(word, {os.path.basename(word)})
                                  for word in cell.split(', ')))
            for folder, cell in ROW.findall(page) if folder != 'tests'}
    assert rows, 'docs/architecture.md has no table'
    return {folder: names for folder, names in rows.items() if any((ROOT / folder).glob('*.[ch]'))}


MAY_USE = table()

# How a header's name tells where it belongs. The first match counts.
OWNERS = [
    (r'manager_defaults\.h', 'defaults'),
    (r'wire/', 'wire'),
    (r'(attest|deepquote)/', 'attest'),
    (r'appraise/', 'appraise'),
    (r'approval/', 'approval'),
    (r'escrow/', 'escrow'),
    (r'store/', 'store'),
    (r'cmw/', 'cmw'),
    (r'daemon/', 'daemon'),
    (r'common/', 'common'),
    (r'tpm/', 'tpm'),
    (r'registry/', 'registry'),
    (r'measure/', 'measure'),
    (r'quote/', 'quote'),
    (r'seal/', 'seal'),
    (r'state/', 'state'),
    (r'vtpm/', 'vtpm'),
    (r'tpm12/', 'tpm12'),
    (r'(module|process|vtpm|host_commands|countersign)\.h', 'swtpm-deepquote'),
    (r'admin/', 'admin'),
    (r'(glib|gio|glib-unix|gmodule|gobject)(/|\.h|-)', 'glib'),
    (r'glib-unix\.h', 'glib'),
    (r'json-glib/', 'json-glib'),
    (r'cbor\.h', 'libcbor'),
    (r'archive(_entry)?\.h', 'libarchive'),
    (r'openssl/', 'openssl'),
    (r'tss2/', 'tss2'),
    (r'libtpms/', 'libtpms'),
    (r'trousers/', 'TrouSerS'),
    (r'sqlite3\.h', 'sqlite'),
    (r'acl/', 'libacl'),
    (r'(cuse|fuse)_lowlevel\.h', 'libfuse'),
    (r'(qemu|qom|qapi|qobject|hw|system|exec|migration|io|chardev|crypto|ui|monitor|block|'
     r'standard-headers|trace)/',
     'qemu'),
    (r'(trace|tpm_ppi|tpm_prop|tpm_tis|tpm_int|tpm_ioctl)\.h', 'qemu'),
]

# The C library's own, and the kernel's interface
LIBC = re.compile(r'(sys|linux|arpa|netinet|net|bits)/[\w/]+\.h|'
                  r'(assert|ctype|dirent|dlfcn|endian|errno|fcntl|fts|ftw|getopt|glob|grp|inttypes|'
                  r'libgen|limits|'
                  r'locale|math|poll|pthread|pwd|sched|signal|spawn|stdalign|stdarg|stdatomic|'
                  r'stdbool|stddef|stdint|stdio|stdlib|string|strings|syslog|sysexits|termios|'
                  r'time|unistd|wchar)\.h')

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)

# What lib/wire's object code may call: it neither allocates, nor does I/O, nor logs.
WIRE_CALLS = re.compile(r'(wire|manager)_\w+|bcmp|mem(cpy|move|cmp|set)|__mem\w+_chk|'
                        r'__stack_chk_fail|__popcount\w+|_GLOBAL_OFFSET_TABLE_|'
                        r'__(asan|ubsan|llvm)_\w+')


def sources(folder):
    """The C files of a folder; those of a folder in it that has its own row are not among them."""
    return sorted((ROOT / folder).glob('*.[ch]'))


def owner(header):
    for pattern, name in OWNERS:
        if re.match(pattern, header):
            return name
    return None


def own_header(path, folder, header):
    """A header of the folder itself, named relative to the file or to the folder."""
    return any((base / header).is_file() and ROOT / folder == (base / header).resolve().parent
               for base in (path.parent, ROOT / folder, ROOT / folder.split('/')[0]))


def includes(folder):
    """(file, header, whose) of each header that is neither the folder's nor libc's."""
    for path in sources(folder):
        for kind, header in INCLUDE.findall(path.read_text()):
            if kind == '"' and own_header(path, folder, header):
                continue
            if kind == '<' and LIBC.fullmatch(header):
                continue
            yield path.relative_to(ROOT), header, owner(header)


def layer_case(folder, granted):
    @tap.case(f'{folder} includes only what it may use')
    def _():
        tap.equal([f'{path}: {header} ({name or "unknown"})'
                   for path, header, name in includes(folder) if name not in granted], [])


for _folder, _granted in MAY_USE.items():
    layer_case(_folder, _granted)


@tap.case('every C folder is in the table')
def _():
    listed = subprocess.run(['git', '-C', str(ROOT), 'ls-files', '*.c', '*.h'],
                            capture_output=True, text=True, check=False).stdout.split()
    folders = {os.path.dirname(name) for name in listed if not name.startswith('tests/')}
    tap.equal(sorted(folders - set(MAY_USE)), [])


@tap.case('lib/wire calls neither an allocator nor I/O')
def _():
    archive = BUILD / 'lib' / 'wire' / 'libwire.a'
    names = subprocess.run(['nm', '--undefined-only', '--format=just-symbols', str(archive)],
                           capture_output=True, text=True, check=True).stdout.split()
    calls = {n for n in names if not n.endswith((':', '.o'))}
    tap.equal(sorted(n for n in calls if not WIRE_CALLS.fullmatch(n)), [])


@tap.case('every source file names its licence')
def _():
    wanted = ('.c', '.h', '.py', '.sh', '.build', '.scd', '.json', '.inc', '.pml', '.md', '')
    listed = subprocess.run(['git', '-C', str(ROOT), 'ls-files'], capture_output=True, text=True,
                            check=False).stdout.splitlines()
    missing = []
    for name in listed:
        path = ROOT / name
        data = re.search('(vectors|figures|corpus)/', name) or name in (
            'LICENSE', '.gitignore', 'packaging/debian/changelog', 'packaging/debian/source/format',
            'packaging/debian-qemu/source/format')
        if path.suffix in wanted and path.is_file() and not path.is_symlink() and not data:
            if b'SPDX-License-Identifier: GPL-2.0-or-later' not in path.read_bytes()[:400]:
                missing.append(name)
    tap.equal(missing, [])


tap.main()
