# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run has seen of a host, for people: a table in a file that scripts/test prints."""
import os


class Table:
    """Its lines are in the file, and in the test's log, as soon as they are known; the file is of
    this run alone."""

    def __init__(self, release):
        self.path = os.path.join(os.environ['BUILD_ROOT'], f'host-{release}.txt')
        self.group = None
        with open(self.path, 'w', encoding='utf-8') as f:
            f.write(f'Debian {release}\n')

    def tell(self, group, what, said):
        """One line, below a heading where the group is another one than before."""
        line = f'    {what:42} {said}'
        print(f'# {group}: {line.strip()}', flush=True)
        with open(self.path, 'a', encoding='utf-8') as f:
            if group != self.group:
                f.write(f'  {group}\n')
            f.write(line + '\n')
        self.group = group
