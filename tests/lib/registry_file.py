# SPDX-License-Identifier: GPL-2.0-or-later
"""The file of a manager's registry, changed behind its back, and what the manager says of it."""
import contextlib
import os
import sqlite3

import tap

HELD, KEPT, NONE = 'held', 'kept', 'none'


def registry(manager):
    return manager.admin('registry')['registry']


def expect(manager, state, *words):
    found = registry(manager)
    tap.equal(found['state'], state, found['why'])
    for word in words:
        assert word in found['why'], found['why']
    return found['counter']


def edit(manager, statement):
    with contextlib.closing(sqlite3.connect(os.path.join(manager.state, 'registry.db'))) as db:
        db.execute(statement)
        db.commit()
