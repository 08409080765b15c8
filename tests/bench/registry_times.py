# SPDX-License-Identifier: GPL-2.0-or-later
"""What a registry of many VMs costs the manager: its start, with the keyed hash over all of it and
the counter in the TPM (a stand-in), a registration, its memory and the file."""
import argparse
import contextlib
import os
import re
import sqlite3
import statistics
import tempfile
import time
import uuid as uuids

from manager import Manager

ROWS = 10000  # a transaction


def fill(path, count):
    """Copies of the one VM that is there, each with a state of its own."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        names = [row[1] for row in db.execute('PRAGMA table_info(vm)')]
        model = dict(zip(names, db.execute('SELECT * FROM vm').fetchone()))
        places = ','.join('?' * len(names))
        for start in range(0, count, ROWS):
            db.execute('BEGIN')
            for _ in range(min(ROWS, count - start)):
                uuid = str(uuids.uuid4())
                vm = dict(model, uuid=uuid, name=f'vm-{uuid[:8]}', lineage=os.urandom(16),
                          ek=b'\x00\x0b' + os.urandom(32), instance=os.urandom(16))
                db.execute(f'INSERT INTO vm VALUES ({places})', [vm[name] for name in names])
                db.execute('INSERT INTO vm_state VALUES (?,?,?)',
                           (uuid, os.urandom(32), os.urandom(32)))
            db.execute('COMMIT')


def memory(pid):
    """Resident, in MiB."""
    with open(f'/proc/{pid}/status', encoding='ascii') as f:
        return int(re.search(r'^VmRSS:\s+(\d+) kB', f.read(), re.M)[1]) / 1024


def timed(function, *arguments, **members):
    begin = time.monotonic()
    answer = function(*arguments, **members)
    return time.monotonic() - begin, answer


def starts(manager, count):
    """Seconds of each of some starts, from the process to the first answer."""
    def one():
        manager.stop()
        return timed(manager.start)[0]
    return [one() for _ in range(count)]


def main():
    parser = argparse.ArgumentParser(prog='registry-times', description=__doc__)
    parser.add_argument('--vms', type=int, default=100000, help='registered VMs (100000)')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='registry-times-') as folder, \
            Manager(dir=folder) as manager:
        path = os.path.join(manager.state, 'registry.db')
        manager.admin('register', uuid=str(uuids.uuid4()), rule='unit')
        empty = statistics.median(starts(manager, 5))
        manager.stop()
        fill(path, options.vms - 1)
        manager.start()
        accepting, answer = timed(manager.admin, 'registry-accept', why='made for a measurement')
        assert answer['ok'], answer
        full = statistics.median(starts(manager, 5))
        answer = manager.admin('registry')['registry']
        assert answer['state'] == 'kept', answer
        resident = memory(manager.process.pid)
        changes = [timed(manager.admin, 'register', uuid=str(uuids.uuid4()), rule='unit')[0]
                   for _ in range(200)]
        size = os.path.getsize(path) / 1e6
    print(f'{options.vms} registered VMs, each with a state; the TPM is a stand-in')
    print(f'start            {full:.2f} s, with one VM {empty:.2f} s (goal: 2 s)')
    print(f'resident         {resident:.0f} MiB (goal: 200)')
    print(f'file             {size:.0f} MB (goal: 100)')
    print(f'registration     {statistics.median(changes) * 1000:.2f} ms (median of 200)')
    print(f'accepting it     {accepting:.2f} s, with a new lineage for each')


if __name__ == '__main__':
    main()
