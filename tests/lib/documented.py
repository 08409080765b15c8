# SPDX-License-Identifier: GPL-2.0-or-later
"""What the how-tos have an administrator type or write, as it is there."""
import os
import re

HOWTO = os.path.join(os.environ['SOURCE_ROOT'], 'docs', 'howto')


def block(page, heading):
    """The first indented lines below a heading of a page of docs/howto."""
    with open(os.path.join(HOWTO, page), encoding='utf-8') as f:
        section = re.split(rf'^##+ (?:[0-9]+\. )?{re.escape(heading)}$', f.read(), flags=re.M)[1]
    return re.search(r'\n\n((?:    .*\n)+)', section)[1]


def commands(page, heading):
    """As block(), to be run until one fails."""
    return 'set -e\n' + block(page, heading)
