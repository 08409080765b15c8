# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration where systemd runs: its vTPM is a unit. The systemd is one of our own."""
import os
import re
import subprocess
import sys

import own_systemd
import tap
from machine import make_guest_image

DEMO = os.path.join(os.environ['SOURCE_ROOT'], 'scripts', 'lib', 'demo.py')

own_systemd.enter()


@tap.case('the vTPM of the demonstration is a unit, and it ends with its verdict')
def _():
    make_guest_image()
    done = subprocess.run([sys.executable, DEMO], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    tap.equal(done.returncode, 0, said)
    print('#', said.replace('\n', '\n# '))
    uuid = re.search(r'registered +VM (\S+)', said)[1]
    assert re.search(rf' its vTPM +swtpm-deepquote@{uuid}\.service\n', said), said


tap.main()
