# SPDX-License-Identifier: GPL-2.0-or-later
"""libdeepquote as others use it: installed, found by pkg-config, its header in C and C++."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import tap

BUILD_ROOT = os.environ['BUILD_ROOT']
SOURCE_ROOT = os.environ['SOURCE_ROOT']
PROGRAM = r'''
#include <deepquote/deepquote.h>
#include <deepquote/chain.h>
#include <deepquote/store-file.h>
#include <deepquote/store-journal.h>
#include <deepquote/store.h>
#include <stdio.h>

int main(void)
{
    DqQuote quote = { 0 };
    DqExpected expected = { 0 };
    DqVerifier *verifier = dq_verifier_new();
    DqVerdict *verdict = dq_verifier_check(verifier, &quote, &expected, NULL);

    puts(dq_verdict_get_reason(verdict));
    if (dq_store_file_create("store", NULL)) {
        DqStoreFile *file = dq_store_file_open("store", NULL);

        puts(file != NULL ? "stores" : "opens no store");
        dq_store_file_unref(file);
    }
    dq_verdict_free(verdict);
    dq_verifier_free(verifier);
    return 0;
}
'''


def run(*args, **options):
    done = subprocess.run(args, capture_output=True, text=True, check=False, timeout=120, **options)
    assert done.returncode == 0, f'{args}: {done.stdout}{done.stderr}'
    return done.stdout


def sanitized():
    with open(os.path.join(BUILD_ROOT, 'build.ninja'), encoding='utf-8') as f:
        return '-fsanitize=' in f.read()


class Installed:
    """The library in a folder of its own."""

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix='attest-')
        run('meson', 'install', '-C', BUILD_ROOT, '--no-rebuild', '--destdir', self.root)
        for folder, _, files in os.walk(self.root):
            if 'libdeepquote.pc' in files:
                self.pkgconfig = folder
        self.lib = os.path.dirname(self.pkgconfig)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def pkg_config(self, *args):
        """pkg-config on a copy that knows where the folder is."""
        with open(os.path.join(self.pkgconfig, 'libdeepquote.pc'), encoding='utf-8') as f:
            text = re.sub('^prefix=', 'prefix=' + self.root, f.read(), flags=re.M)
        moved = os.path.join(self.root, 'libdeepquote.pc')
        with open(moved, 'w', encoding='utf-8') as f:
            f.write(text)
        return run('pkg-config', *args, moved).split()

    def compile(self, compiler, name, *options):
        source = os.path.join(self.root, name)
        with open(source, 'w', encoding='utf-8') as f:
            f.write(PROGRAM)
        program = os.path.join(self.root, 'program')
        run(compiler, '-Wall', '-Wextra', '-Werror', '-pedantic', *options, '-o', program, source,
            *self.pkg_config('--cflags', '--libs'))
        return run(program, env=dict(os.environ, LD_LIBRARY_PATH=self.lib), cwd=self.root)


@tap.case('a program in C finds it with pkg-config and runs')
def _():
    if sanitized():
        tap.skip('a program without the sanitizers cannot load a library with them')
    with Installed() as library:
        tap.equal(library.compile('cc', 'program.c', '-std=c11'), 'malformed\nstores\n')


@tap.case('an installed program knows where it is, unless the loader looks there by itself')
def _():
    with Installed() as library:
        wanted, = library.pkg_config('--variable=libdir')
        wanted = wanted.removeprefix(library.root)
        program, = pathlib.Path(library.root).glob('**/bin/tpm2_checkdeepquote')
        found = re.findall(r'\(RUNPATH\).*\[(.*)\]', run('readelf', '-d', str(program)))
        tap.equal(found, [] if re.match('/usr/lib(/|$)', wanted) else [wanted])


@tap.case('its header is good C++ too')
def _():
    if sanitized():
        tap.skip('a program without the sanitizers cannot load a library with them')
    if shutil.which('c++') is None:
        tap.skip('there is no C++ compiler')
    with Installed() as library:
        tap.equal(library.compile('c++', 'program.cc', '-Wno-missing-field-initializers'),
                  'malformed\nstores\n')


@tap.case('it exports what its headers declare, and nothing else')
def _():
    declared = set()
    for header in ('attest/deepquote.h', 'attest/store.h', 'store/chain.h', 'store/entry.h',
                   'store/store-file.h', 'store/store-journal.h', 'store/store-profile.h'):
        with open(os.path.join(SOURCE_ROOT, 'lib', header), encoding='utf-8') as f:
            code = re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S)
        declared |= set(re.findall(r'^[A-Za-z][^;{}#]*?\b(dq_\w+)\([^;{}]*\);', code, re.M))
    symbols = run('nm', '-D', '--defined-only',
                  os.path.join(BUILD_ROOT, 'lib', 'deepquote', 'libdeepquote.so'))
    exported = {line.split()[2].split('@')[0] for line in symbols.splitlines()
                if line.split()[1] in 'TDBRW'}
    tap.equal(sorted(exported), sorted(declared))
    assert len(declared) > 40, declared


tap.main()
