# SPDX-License-Identifier: GPL-2.0-or-later
"""The page docs/coverage.md: coverage.py SOURCE_ROOT BUILD_ROOT SUITE...

Each SUITE has a SUITE.profdata in BUILD_ROOT. The lines and regions of a folder are those of all
programs and libraries in the build, so that a column compares with the one beside it.
"""
import json
import os
import pathlib
import subprocess
import sys

KINDS = ('lines', 'regions')
TITLES = {'unit': 'unit', 'fuzz': 'fuzz corpora', 'integration': 'integration'}
PAGE = '''<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# Coverage

Written by `scripts/coverage`, which builds everything with clang's source-based coverage and passes
the suites. In each cell: lines / regions, in percent of those in the folder. A region is a stretch
of code without a branch. *All* is what at least one of the suites reaches.

{table}

The least covered files:

{least}

## What is counted and what is not

- Every process of a suite counts, however it ends: `vtpm-managerd` that a test kills, and the
  module in swtpm, behind swtpm's system call filter.
- *Fuzz corpora* is what the inputs kept in tests/fuzz/corpus reach, not a fuzzer at work. Fuzz
  targets call decoders and the checks of libdeepquote, the policy and the keys of hosts; nothing
  that talks to a TPM, a socket or a database has one.
- hw/tpm and backends/tpm are compiled as parts of QEMU and are not counted. Their tests are the
  qtest, boot, libvirt and firmware suites and `tests/fuzz/qemu-tpm`.
- Of an `assert` or a `g_return_if_fail` no test reaches the failing side: it aborts.
- Error paths that need an allocation, a write or a clock to fail are reached where a test injects
  the failure.
'''


def objects(build):
    """Every program and shared library of the build."""
    for path in sorted(build.rglob('*')):
        if path.is_file() and not path.is_symlink() and '.p/' not in str(path):
            with path.open('rb') as file:
                if os.access(path, os.X_OK) and file.read(4) == b'\x7fELF':
                    yield path


def llvm_cov(command, build, profile, *options):
    first, *others = objects(build)
    argv = ['llvm-cov', command, f'-instr-profile={profile}', *options, str(first)]
    for other in others:
        argv += ['-object', str(other)]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def measure(root, build, profile):
    """{file: {kind: (count, covered)}} of the tree's own files that are not tests."""
    export = json.loads(llvm_cov('export', build, profile, '-summary-only'))
    files = {}
    for item in export['data'][0]['files']:
        name = os.path.relpath(item['filename'], root)
        if not name.startswith(('..', 'tests/', 'build/')):
            files[name] = {k: (item['summary'][k]['count'], item['summary'][k]['covered'])
                           for k in KINDS}
    return files


def share(files):
    """'lines / regions' of these files, in percent."""
    cells = []
    for kind in KINDS:
        count = sum(f[kind][0] for f in files)
        cells.append(f'{100 * sum(f[kind][1] for f in files) / count:.1f}' if count else '-')
    return ' / '.join(cells)


def unreached(file):
    """The same file where no process of a suite had it."""
    return {kind: (count, 0) for kind, (count, _) in file.items()}


def table(columns):
    """Markdown of {title: measure()}, a row a folder."""
    base = columns['all']
    folders = sorted({os.path.dirname(name) for name in base})
    rows = [['folder', 'lines', *columns], ['---', *['---:'] * (len(columns) + 1)]]
    for folder in folders + ['all']:
        names = [n for n in base if folder == 'all' or os.path.dirname(n) == folder]
        rows.append([folder, str(sum(base[n]['lines'][0] for n in names)),
                     *(share([files.get(n, unreached(base[n])) for n in names])
                       for files in columns.values())])
    return '\n'.join('| ' + ' | '.join(row) + ' |' for row in rows)


def least(files, number=10):
    """Markdown of the files with the smallest share of lines."""
    def lines(name):
        count, covered = files[name]['lines']
        return 100 * covered / count if count else 100
    names = sorted(files, key=lines)[:number]
    return '\n'.join(f'- {name}: {share([files[name]])}' for name in names)


def main():
    root, build = (pathlib.Path(a) for a in sys.argv[1:3])
    suites = sys.argv[3:]
    profiles = {suite: build / f'{suite}.profdata' for suite in suites}
    everything = build / 'all.profdata'
    subprocess.run(['llvm-profdata', 'merge', '-sparse', *map(str, profiles.values()),
                    '-o', str(everything)], check=True)
    columns = {'all': measure(root, build, everything)}
    for suite in suites:
        columns[TITLES[suite]] = measure(root, build, profiles[suite])
    page = PAGE.format(table=table(columns), least=least(columns['all']))
    (root / 'docs' / 'coverage.md').write_text(page)
    llvm_cov('show', build, everything, '-format=html', f'-output-dir={build / "html"}',
             '-ignore-filename-regex=(^/usr|/tests/)')
    print(table(columns))


main()
