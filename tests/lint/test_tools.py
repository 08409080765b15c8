# SPDX-License-Identifier: GPL-2.0-or-later
"""Each linter finds the mistake in a small tree, and none in this one: test_tools.py [NAME]"""
import json
import os
import pathlib
import shutil
import tempfile

import tap
import tools
from tree import Tree

ROOT = os.environ['SOURCE_ROOT']
BUILD = os.environ['BUILD_ROOT']
TREE = Tree(ROOT)
C = '/* SPDX-License-Identifier: GPL-2.0-or-later */\nint f(int x);\nint f(int x)\n{\n    %s\n}\n'
PYTHON = 'import os\n\n\nprint(os.name)\n'

# Name: the linter, a file, a text that it takes, one that it does not
LINTERS = {
    'clang-format': (tools.clang_format, 'a.c', C % 'return x;', C % 'return   x;'),
    'clang-tidy': (lambda tree: tools.clang_tidy(tree, BUILD if tree is TREE else tree.root),
                   'a.c', C % 'return x / 2;', C % 'int *p = 0;\n    return x ? 1 : *p;'),
    'cppcheck': (tools.cppcheck, 'a.c', C % 'int a[4] = { x };\n    return a[3];',
                 C % 'int a[4] = { x };\n    return a[4];'),
    'shellcheck': (tools.shellcheck, 'a', '#!/bin/bash\nrm -f "$1"\n', '#!/bin/bash\nrm -f $1\n'),
    'pyflakes': (tools.pyflakes, 'a.py', PYTHON, 'import sys\n' + PYTHON),
    'pycodestyle': (tools.pycodestyle, 'a.py', PYTHON, PYTHON + f'print("{"x" * 100}")\n'),
}


def complaints(linter, name, text):
    with tempfile.TemporaryDirectory(prefix='lint-') as folder:
        pathlib.Path(folder, name).write_text(text)
        commands = [{'directory': folder, 'file': name, 'arguments': ['cc', '-c', name]}]
        pathlib.Path(folder, 'compile_commands.json').write_text(json.dumps(commands))
        for rules in ('.clang-format', '.clang-tidy'):
            shutil.copy(os.path.join(ROOT, rules), folder)
        return judged(linter, Tree(folder, [name]))


def judged(linter, tree):
    try:
        return linter(tree)
    except tools.Unavailable as reason:
        return tap.skip(reason)


def cases(name, linter, file, right, wrong):
    @tap.case(f'{name} finds a mistake, and nothing where there is none')
    def _():
        tap.equal(complaints(linter, file, right), '')
        assert complaints(linter, file, wrong), 'it found nothing'

    @tap.case(f'{name} finds none in the tree')
    def _():
        found = judged(linter, TREE)
        assert not found, '\n' + found


for _name, _rest in LINTERS.items():
    cases(_name, *_rest)
tap.main()
