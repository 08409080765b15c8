# SPDX-License-Identifier: GPL-2.0-or-later
"""Every program tells which project it belongs to, and in which version."""
import os
import pathlib
import re
import subprocess

import tap
from programs import program, programs

MESON = (pathlib.Path(os.environ['SOURCE_ROOT']) / 'meson.build').read_text(encoding='utf-8')
NAME, VERSION = re.search(r"^project\('([^']+)'.*?version: '([^']+)'", MESON, re.M | re.S).groups()


@tap.case('--version of each program names the program, the project and its version')
def _():
    for name in programs():
        done = subprocess.run([program(name), '--version'], capture_output=True, text=True,
                              check=True, timeout=60)
        # the launcher's own line comes after swtpm's
        assert re.search(rf'^{name} \({NAME}\) {re.escape(VERSION)}(,|$)', done.stdout, re.M), done


tap.main()
