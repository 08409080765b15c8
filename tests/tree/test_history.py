# SPDX-License-Identifier: GPL-2.0-or-later
"""What .git-blame-ignore-revs names is in the history."""
import os
import pathlib
import re
import subprocess

import tap

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])


def git(*arguments):
    return subprocess.run(['git', '-C', str(ROOT), *arguments], capture_output=True, text=True,
                          check=False).stdout.strip()


def faults(text, title_of):
    """Lines that are not a commit's full hash below its title; title_of: '' for what is none."""
    above = ''
    for line in text.splitlines():
        if line and not line.startswith('#'):
            if not re.fullmatch('[0-9a-f]{40}', line) or not title_of(line):
                yield line
            elif above != '# ' + title_of(line):
                yield above
        above = line


@tap.case('a hash that is none, is short or has another title is found')
def _():
    titles = {'1' * 40: 'a: layout'}
    good = '# Words\n\n# a: layout\n' + '1' * 40 + '\n'
    tap.equal(list(faults(good, titles.get)), [])
    for wrong in (good.replace('1' * 40, '1' * 39), good.replace('1', '2'),
                  good.replace('layout', 'more'), '1' * 40):
        tap.equal(len(list(faults(wrong, titles.get))), 1, wrong)


@tap.case('each commit that blame is to pass over is in the history, below its title')
def _():
    if git('rev-parse', '--is-shallow-repository') != 'false':
        tap.skip('needs the whole history')
    text = (ROOT / '.git-blame-ignore-revs').read_text()
    tap.equal(list(faults(text, lambda rev: git('log', '-1', '--format=%s', rev, '--'))), [])


tap.main()
