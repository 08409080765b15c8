# SPDX-License-Identifier: GPL-2.0-or-later
"""A verifier's store with the records of a vector: made by tpm2_checkdeepquote init, its rows
written here, sums included."""
import functools
import hashlib
import sqlite3
import subprocess
import tempfile
import time
import uuid as uuids


def unhex(text):
    return bytes.fromhex(text) if text else b''


def signed(number):
    """The same 64 bits as SQLite has them."""
    return number - (1 << 64) if number >> 63 else number


def row_sum(table, columns):
    """SHA-256 over the table's name and each column with its size; its first eight bytes."""
    digest = hashlib.sha256(table.encode() + b'\0')
    for value in columns:
        data = value.to_bytes(8, 'big', signed=True) if isinstance(value, int) else \
            value.encode() if isinstance(value, str) else value
        digest.update(len(data).to_bytes(8, 'big') + data)
    return int.from_bytes(digest.digest()[:8], 'big', signed=True)


def name_of(public):
    return b'\0\x0b' + hashlib.sha256(public[2:]).digest()


def insert(db, table, *columns):
    row = (*columns, row_sum(table, columns))
    db.execute(f'INSERT INTO {table} VALUES ({",".join("?" * len(row))})', row)


def real_time(at, now, not_over_from):
    """The real time of @at of a vector whose now is @now. What is not over yet is good for a minute
    more: a test cannot tell in which second the tool looks."""
    return at - now + int(time.time()) + (60 if at >= not_over_from else 0)


def put_host(db, host, now):
    public = unhex(host['public'])
    insert(db, 'host', name_of(public), public, 'the host', int(host['simulated']),
           {'word': 1, 'proof': 2}[host['enrolledBy']], '', '', '', '', '', 0, 1764000000,
           host['expires'] and real_time(host['expires'], now, now + 1), host['revoked'],
           int(host['counted']), host['resetCount'], host['restartCount'])


def put_vm(db, vm):
    seen = 1764000000 if vm['seen'] else 0
    insert(db, 'vm', uuids.UUID(vm['uuid']).bytes, 'the VM', unhex(vm['ek']), unhex(vm['ak']),
           1763999999, seen, seen, unhex(vm['host']), unhex(vm['lineage']), signed(vm['epoch']),
           signed(vm['generation']), int(vm['hasClock']), vm['resetCount'], vm['restartCount'],
           signed(vm['clock']), int(vm['clockSafe']), unhex(vm['acceptedLineage']),
           unhex(vm['acceptedHost']))


def put_challenge(db, challenge, now):
    data = unhex(challenge['challenge'])
    insert(db, 'challenge', int.from_bytes(data[:8], 'big', signed=True), data[8:],
           real_time(challenge['expires'], now, now), int(challenge['used']),
           uuids.UUID(challenge['vm']).bytes if challenge['vm'] else b'')


@functools.cache
def empty(tool):
    """The content of a store that was just made."""
    with tempfile.TemporaryDirectory(prefix='store-') as folder:
        path = folder + '/store'
        subprocess.run([tool, 'init', '--store', path], check=True, timeout=60)
        with open(path, 'rb') as f:
            return f.read()


def make(tool, path, vector):
    """A store at @path whose now is the real one."""
    with open(path, 'wb') as f:
        f.write(empty(tool))
    store, now = vector['store'], vector['now']
    db = sqlite3.connect(path)
    db.execute('PRAGMA synchronous = OFF')
    for host in store['hosts']:
        put_host(db, host, now)
    for vm in store['vms']:
        put_vm(db, vm)
    for challenge in store['challenges']:
        if len(unhex(challenge['challenge'])) == 32:
            put_challenge(db, challenge, now)
    db.commit()
    db.close()
    return path
