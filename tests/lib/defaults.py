# SPDX-License-Identifier: GPL-2.0-or-later
"""The manager's defaults, as its programs were built with them: defaults.SOCKET and the like."""
import os
import pathlib
import re

_HEADER = pathlib.Path(os.environ['BUILD_ROOT'], 'lib', 'manager_defaults.h')

VALUES = dict(re.findall(r'^#define DEFAULT_(\w+) "?([^"\n]+)"?$',
                         _HEADER.read_text(encoding='utf-8'), re.M))
globals().update(VALUES)
