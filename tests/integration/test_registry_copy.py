# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies of the registry: made while the manager runs, told from what was changed or is another
host's by the TPM alone, and put back."""
import contextlib
import os
import shutil
import sqlite3
import tempfile
import threading

import tap
from manager import Manager
from protocol import UUID
from relay import Relay

OTHER_UUID = '16fd2706-8baf-433b-82eb-8c7fada847da'
WHY = ('--why', 'the disk was lost')


@contextlib.contextmanager
def host():
    with tempfile.TemporaryDirectory(prefix='copies-') as folder, Relay() as relay:
        os.chmod(folder, 0o755)
        manager = Manager(dir=folder, tcti=relay.tcti)
        try:
            manager.start().introduce(UUID, os.getuid())
            yield manager
        finally:
            manager.kill()


def backup(manager):
    answer = manager.admin('registry-backup')
    assert answer['ok'], answer
    return answer['copy']


def verify(manager, path, code=0):
    done = manager.ctl('registry', 'verify', path, code=code)
    return done.stderr if code else done.stdout


def put_back(manager, path):
    """As the page about the host's TPM has it."""
    manager.stop()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(manager.state, 'registry.db-wal'))
    shutil.copy(path, os.path.join(manager.state, 'registry.db'))
    manager.start()


@tap.case('a copy is one file for its owner alone, with all VMs, and is read again')
def _():
    with host() as manager:
        copy = backup(manager)
        tap.equal(copy['vms'], 1)
        tap.equal(os.stat(copy['path']).st_mode & 0o777, 0o600)
        beside = [name for name in os.listdir(manager.state) if name.startswith('registry-copy-')]
        tap.equal(beside, [os.path.basename(copy['path'])])
        with contextlib.closing(sqlite3.connect(copy['path'])) as db:
            tap.equal(db.execute('PRAGMA integrity_check').fetchall(), [('ok',)])
            tap.equal(db.execute('SELECT count(*) FROM vm').fetchall(), [(1,)])
        manager.introduce(OTHER_UUID, 4711)
        second = backup(manager)
        tap.equal(second['vms'], 2)
        assert second['path'] != copy['path']
        assert 'VMs, counter' in verify(manager, copy['path'])


@tap.case('a copy is whole while VMs are registered all the time')
def _():
    with host() as manager:
        ended = threading.Event()

        def register():
            for number in range(1000):
                if ended.is_set():
                    break
                manager.admin('register', uuid=f'00000000-0000-4000-8000-{number:012d}',
                              rule='unit', seal=False)

        other = threading.Thread(target=register)
        other.start()
        counts = [backup(manager)['vms'] for _ in range(20)]
        ended.set()
        other.join()
        tap.equal(counts, sorted(counts))
        assert counts[-1] > counts[0], counts


@tap.case('a copy that was changed is none, whatever was changed')
def _():
    with host() as manager:
        path = backup(manager)['path']
        for statement in ("UPDATE vm SET name = 'x'", 'DELETE FROM vm', 'DELETE FROM audit',
                          'UPDATE anchor SET value = value + 1'):
            changed = os.path.join(manager.state, 'registry-copy-changed')
            shutil.copy(path, changed)
            with contextlib.closing(sqlite3.connect(changed)) as db:
                db.execute(statement)
                db.commit()
            said = verify(manager, changed, code=1)
            assert "is not what this host's manager has written" in said, (statement, said)
        with open(path, 'rb') as f:
            whole = f.read()
        for size in (0, 10, len(whole) // 2, len(whole) - 1):
            with open(changed, 'wb') as f:
                f.write(whole[:size])
            verify(manager, changed, code=1)
        verify(manager, path)


@tap.case("another host's copy is none, and files elsewhere are not looked at")
def _():
    with host() as manager, host() as other:
        path = os.path.join(manager.state, 'registry-copy-other')
        shutil.copy(backup(other)['path'], path)
        shutil.chown(path, os.stat(manager.state).st_uid)
        said = verify(manager, path, code=1)
        assert "is not what this host's manager has written" in said, said
        for name in ('registry.db', 'registry-copy-../registry.db', '../x', 'registry-copy-none'):
            answer = manager.admin('registry-verify', name=name)
            assert not answer['ok'], name


@tap.case('a copy is put back: held for being older, told apart while held, and accepted')
def _():
    with host() as manager:
        lineage = manager.admin('show', uuid=UUID)['vm']['lineage']
        copy = backup(manager)
        manager.introduce(OTHER_UUID, 4711)
        put_back(manager, copy['path'])
        found = manager.admin('registry')['registry']
        tap.equal(found['state'], 'held')
        assert 'older than the counter' in found['why'], found
        assert 'whole, and written by' in verify(manager, copy['path'])
        assert not manager.admin('registry-backup')['ok'], 'what is held is not copied'
        manager.ctl('registry', 'accept', *WHY)
        tap.equal(manager.admin('registry')['registry']['state'], 'kept')
        tap.equal([vm['uuid'] for vm in manager.admin('list')['vms']], [UUID])
        assert manager.admin('show', uuid=UUID)['vm']['lineage'] != lineage
        assert 'whole, and written by' in verify(manager, copy['path']), 'with its own seed'
        assert 'whole, and written by' in verify(manager, backup(manager)['path'])


tap.main()
