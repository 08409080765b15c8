# SPDX-License-Identifier: GPL-2.0-or-later
"""The linters that people know, each as a function of a Tree: what it complains of, or ''."""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess

# Another version lays code out otherwise
CLANG_FORMAT = 14
# Laid over QEMU's tree and compiled there: no compile command of ours says how
QEMU = ('hw/', 'backends/', 'include/', 'tests/qtest/')

HERE = os.path.dirname(os.path.abspath(__file__))
# What cppcheck does not understand: that cleanup attributes free, that && stops where it fails
# (compilers warn of what is not initialized), and that GLib's asserts are never compiled out
CPPCHECK_MISTAKEN = ('memleak', 'uninitvar', 'legacyUninitvar', 'uninitStructMember',
                     'assertWithSideEffect', 'assignmentInAssert', 'internalAstError')


class Unavailable(Exception):
    """The linter cannot judge this tree here, and why."""


def run(tree, *argv):
    """The complaints of a program that exits with something else than 0 if it has some."""
    if not shutil.which(argv[0]):
        raise RuntimeError(f'{argv[0]} is missing: scripts/setup lint installs it')
    done = subprocess.run(argv, cwd=tree.root, capture_output=True, text=True, check=False)
    return '' if done.returncode == 0 else done.stdout + done.stderr or f'exit {done.returncode}'


def clang_format(tree):
    version = subprocess.run(['clang-format', '--version'], capture_output=True, text=True,
                             check=False).stdout
    major = re.search(r'version (\d+)', version)
    if major and int(major.group(1)) != CLANG_FORMAT:
        raise Unavailable(f'the layout is that of clang-format {CLANG_FORMAT}, this is {version}')
    return run(tree, 'clang-format', '--dry-run', '--Werror', *tree.c_files())


def clang_tidy(tree, build):
    """What is in .clang-tidy, for each file that the build directory compiles."""
    with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as file:
        compiled = {os.path.relpath(os.path.join(c['directory'], c['file']), tree.root)
                    for c in json.load(file)}
    names = [n for n in tree.c_files() if n in compiled]
    assert names, f'{build} compiles nothing of the tree'

    def tidy(name):
        return run(tree, 'clang-tidy', '--quiet', '-p', str(build), name)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return ''.join(pool.map(tidy, names))


def cppcheck(tree):
    names = [n for n in tree.c_files() if n.endswith('.c') and not n.startswith(QEMU)]
    return run(tree, 'cppcheck', '--quiet', '--error-exitcode=1', '--std=c11', '--library=gtk',
               '--enable=warning,performance,portability', '--inline-suppr',
               f'--library={os.path.join(HERE, "glib.cfg")}',
               *(f'--suppress={name}' for name in CPPCHECK_MISTAKEN),
               f'-j{os.cpu_count()}', '-Ilib', '-Ivtpm-manager', *names)


def shellcheck(tree):
    names = tree.scripts('(?:bash|sh)') + tree.matching(r'.*\.sh$')
    return run(tree, 'shellcheck', '--external-sources', '--source-path=SCRIPTDIR', *names)


def _python(tree):
    return tree.matching(r'.*\.py$') + tree.scripts('python3')


def pyflakes(tree):
    return run(tree, 'pyflakes3', *_python(tree))


def pycodestyle(tree):
    return run(tree, 'pycodestyle', '--max-line-length=100', *_python(tree))
