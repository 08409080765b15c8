# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that fail in the programs, each once: files are all there or none, a challenge that was
printed is remembered."""
import errno
import os
import sqlite3
import subprocess
import tempfile

import deepquote_guest
import tap
from deepquote_guest import OUTPUTS, clean, path, with_guest
from inject import Faults
from programs import program
from verifier import Store

DISK_FAULTS = (('write', errno.ENOSPC), ('write', errno.EIO), ('sync', errno.EIO))


@with_guest('each write and rename of tpm2_deepquote that fails leaves no file')
def _(guest):
    guest.make_ak('ak')

    def quote():
        clean()
        status, out, error = guest.deepquote('-c', 'ak.ctx')
        there = [name for name in OUTPUTS if os.path.lexists(path(name))]
        tap.equal(there, list(OUTPUTS) if status == 0 else [], error)
        assert bool(error) == (status != 0), (status, error)
        return status == 0

    files = set(os.listdir(deepquote_guest.work)) | set(OUTPUTS)
    with Faults('tpm2_deepquote') as faults:
        for kind, error in (('write', errno.ENOSPC), ('rename', errno.EACCES)):
            for done in faults.each(kind, error, quote):
                assert not done, f'done, though a {kind} failed'
                tap.equal(set(os.listdir(deepquote_guest.work)) - files, set())
    tap.equal(guest.left_inside(), ['', '', ''])


def issue(store):
    return subprocess.run([program('tpm2_checkdeepquote'), 'challenge', '--store', store],
                          capture_output=True, text=True, check=False)


def remembered(store):
    with sqlite3.connect(f'file:{store}?mode=ro', uri=True) as db:
        return db.execute('SELECT count(*) FROM challenge').fetchone()[0]


@tap.case('each write and sync that fails in a verifier\'s store: what was printed is remembered')
def _():
    with tempfile.TemporaryDirectory(prefix='store-') as folder, \
            Faults('tpm2_checkdeepquote') as faults:
        store = os.path.join(folder, 'store')
        Store(store)

        def challenge():
            done = issue(store)
            assert bool(done.stdout) != bool(done.stderr), done
            tap.equal(done.returncode, 0 if done.stdout else 2)
            if done.stdout:
                issued.append(done.stdout.strip())
            return done.returncode == 0

        issued = []
        for kind, error in DISK_FAULTS:
            for _ in faults.each(kind, error, challenge):
                assert challenge(), 'no challenge after the failure'
        tap.equal(len(set(issued)), len(issued))
        tap.equal(remembered(store), len(issued))


deepquote_guest.main()
