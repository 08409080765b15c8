# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks the model of the batcher in every state, and that each seeded fault is found.

    tests/lib/run-python tests/model/check.py [REGEX]     runs the cases whose names match
"""
import pathlib

import tap
from spin_model import ASSERTION, all_faults_case, fault_case, sound_case

MODEL = pathlib.Path(__file__).resolve().parent / 'batcher.pml'

# What the checker calls the two other kinds of fault
DEADLOCK = 'invalid end state'
STARVATION = 'acceptance cycle'

TWO_IN_FLIGHT = ['VMS=2', 'IN_FLIGHT=2']

# What holds: name, configuration, claim (None: assertions and deadlock).
SOUND = [
    ('answers once, fresh, only the living; no deadlock', [], None),
    ('the same with two requests in flight a VM', TWO_IN_FLIGHT, None),
    ('the same with administrative jobs in between', ['ADMIN'], None),
    ('who shares with nobody is answered', [], 'alone'),
    ('who shares with others is answered', [], 'sharing'),
    ('both with two requests in flight a VM', TWO_IN_FLIGHT, 'alone'),
    ('the same where an idle TPM may linger', ['LINGER'], None),
    ('who shares with nobody is answered by a TPM that may linger', ['LINGER'], 'alone'),
    ('who shares with others is answered by a TPM that may linger', ['LINGER'], 'sharing'),
    ('administrative jobs are done', ['VMS=2', 'ADMIN'], 'admin'),
    ('requests are answered while jobs are done', ['VMS=2', 'ADMIN'], 'sharing'),
    ('a TPM that hangs leaves nobody without an answer', ['HANG'], 'sharing'),
]

# The seeded fault, where it shows, what the checker must say.
FAULTS = [
    ('BUG_TWICE', 'answers a request twice', [], None, ASSERTION),
    ('BUG_JOINS', 'lets a request join the running batch', [], None, ASSERTION),
    ('BUG_DEAD', 'answers a dead requester', [], None, ASSERTION),
    ('BUG_NO_LIMIT', 'takes more of one VM than may be in flight', [], None, ASSERTION),
    ('BUG_FORGETS', 'forgets a batch that the TPM refused', [], 'sharing', STARVATION),
    ('BUG_IDLES', 'does not start the next batch', [], 'sharing', STARVATION),
    ('BUG_LIFO', 'serves the youngest first', ['BATCH=1'], 'sharing', STARVATION),
    ('BUG_KIND', 'prefers what many ask for', [], 'alone', STARVATION),
    ('BUG_WAITS', 'waits for a full batch', [], 'alone', STARVATION),
    ('BUG_LINGERS', 'lingers anew with each arrival', ['LINGER', 'BATCH=3'], 'alone', STARVATION),
    ('BUG_RETRIES', 'tries a failing TPM for ever', [], 'alone', STARVATION),
    ('BUG_ADMIN', 'does administrative jobs only when nobody asks', ['VMS=2', 'ADMIN'], 'admin',
     STARVATION),
    ('BUG_HANG', 'lets the running batch ignore deadlines', ['HANG'], 'sharing', STARVATION),
    ('BUG_IDLES', 'stops with requests waiting', [], None, DEADLOCK),
]

all_faults_case(MODEL, (f[0] for f in FAULTS))
for _case in SOUND:
    sound_case(MODEL, *_case)
for _case in FAULTS:
    fault_case(MODEL, *_case)

tap.main()
