# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks the model of a state's history: in every state no unbroken history is suspected and no
broken one is missed, and each seeded fault is found.

    tests/lib/run-python tests/model/check_continuity.py [REGEX]
"""
import pathlib

import tap
from spin_model import all_faults_case, fault_case, sound_case

MODEL = pathlib.Path(__file__).resolve().parent / 'continuity.pml'

# What holds: name, configuration.
SOUND = [
    ('three states, two suspensions, three lives', []),
    ('five states that are never suspended, four lives', ['STATES=5', 'SAVES=0', 'LIVES=4']),
    ('one state, three suspensions, four lives', ['STATES=2', 'SAVES=3', 'LIVES=4']),
]

FAULTS = [
    ('BUG_ORDER', 'stores before it is announced'),
    ('BUG_EARLY', 'answers before the disk has it'),
    ('BUG_COMPARES', 'compares nothing'),
    ('BUG_VOLATILE', 'compares the permanent state alone'),
    ('BUG_FORGETS', 'forgets what was announced'),
    ('BUG_ONE', 'forgets what was stored before'),
    ('BUG_OLDER', 'remembers one state too many'),
    ('BUG_SILENT', 'does not take what was stored while it was away'),
    ('BUG_RUNS', 'is not told that a suspended vTPM ran'),
    ('BUG_RETRY', 'lets it be resumed only once'),
    ('BUG_COLD', 'forgets what it is suspended in at a start that did nothing'),
    ('BUG_END', 'is not told of an orderly end'),
]

all_faults_case(MODEL, (f[0] for f in FAULTS))
for _case in SOUND:
    sound_case(MODEL, *_case)
for _case in FAULTS:
    fault_case(MODEL, *_case)

tap.main()
