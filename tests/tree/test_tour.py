# SPDX-License-Identifier: GPL-2.0-or-later
"""Each function that the tour names is defined in the file that it names."""
import os
import pathlib
import re

import tap

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])
ROW = re.compile(r'^\| (\S+\.c) \| `(\w+)\(\)` \|', re.M)


def defined(path, function):
    """Whether a C file has the function's body, not only a call or a declaration of it."""
    text = path.read_text() if path.is_file() else ''
    return re.search(rf'^[\w\s\*]*\b{function}\([^;{{]*\)\s*\{{', text, re.M) is not None


@tap.case('each function of the tour is where the tour says')
def _():
    rows = ROW.findall((ROOT / 'docs' / 'tour.md').read_text())
    assert len(rows) > 20, rows
    tap.equal([row for row in rows if not defined(ROOT / row[0], row[1])], [])


@tap.case('a function that is only called or declared is not taken for defined')
def _():
    assert not defined(ROOT / 'vtpm-manager/vtpm/service.c', 'quoter_submit')
    assert not defined(ROOT / 'vtpm-manager/quote/quoter.c', 'no_such_function')
    assert not defined(ROOT / 'no/such/file.c', 'main')


tap.main()
