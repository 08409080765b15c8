# SPDX-License-Identifier: GPL-2.0-or-later
"""Inside the host: says HELLO to the manager at argv[1] for the VM argv[2]; prints what came of it.

With argv[3] it puts on that AppArmor profile before, as a process may that is not confined.
"""
import os
import sys
import types

from client import Refused, VtpmClient
from confine import put_on

if len(sys.argv) > 3:
    put_on(sys.argv[3])
try:
    with VtpmClient(types.SimpleNamespace(socket=sys.argv[1]), sys.argv[2], timeout=60, known=False,
                    user=os.geteuid()) as vtpm:
        vtpm.hello()
    print('welcome')
except Refused as refusal:
    print(f'refused: status {refusal.status}, reason {refusal.reason}')
except (OSError, EOFError) as problem:
    print(f'turned away: {problem}')
