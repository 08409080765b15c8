# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's boot event log and IMA list, as guests get them: growing, missing, unreadable."""
import contextlib
import os
import select
import shutil
import tempfile
import time

import protocol
import tap
import tpm2
from client import Refused, greeted, refused
from deepquote_guest import (HOST_PCRS, NONCE, PCRS, TOOL, Guest, content, expect_refused, path,
                             work)
from manager import Manager
from process import wait_until
from protocol import BAD_VALUE, NOT_SHARED, UUID
from tpm2 import u32
from users import own
from verifier import check
from vtpm import Vtpm

BOOT, IMA = 7, 8
LOOK_EVERY_S = 0.1
NOT_SHARED_REASON, UNREADABLE_REASON = 22, 23


@contextlib.contextmanager
def sharing(**options):
    """A manager that shares two logs, and what is in them; both can be written."""
    with tempfile.TemporaryDirectory(prefix='host-logs-') as folder:
        logs = {what: os.path.join(folder, name) for what, name in ((BOOT, 'boot'), (IMA, 'ima'))}
        for what, file in logs.items():
            append(file, bytes([what]) * 10000)
        with Manager(share_logs=True, boot_log=logs[BOOT], ima_log=logs[IMA],
                     **options) as manager:
            yield manager, logs


def append(file, data):
    with open(file, 'ab') as f:
        f.write(data)


def read(file):
    with open(file, 'rb') as f:
        return f.read()


def whole(vtpm, what, room=4000):
    """(size as the first page told it, all of it page by page)"""
    total, data = vtpm.credential(what, 0, room)
    while len(data) < total:
        page = vtpm.credential(what, len(data), room)[1]
        assert 0 < len(page) <= room
        data += page
    return total, data


def reason_of(function, *args):
    try:
        function(*args)
    except Refused as e:
        return e.status, e.reason
    return None


@tap.case('both logs are handed out page by page, and what is appended follows')
def _():
    with sharing() as (manager, logs), greeted(manager) as vtpm:
        for what, file in logs.items():
            tap.equal(whole(vtpm, what), (10000, read(file)))
            tap.equal(vtpm.credential(what, 10000), (10000, b''))
            refused(BAD_VALUE, vtpm.credential, what, 10001)
            append(file, b'more')
            wait_until(lambda w=what: vtpm.credential(w, 10000) == (10004, b'more'),
                       'the log has grown', 10)
            tap.equal(whole(vtpm, what)[1], read(file))
            tap.equal(vtpm.credential(what, 5, 3), (10004, bytes([what]) * 3))
        tap.equal(manager.admin('status')['share-logs'], True)


@tap.case('without --share-logs the logs are refused for that reason, and all else is not')
def _():
    with Manager() as manager, greeted(manager) as vtpm:
        for what in (BOOT, IMA):
            tap.equal(reason_of(vtpm.credential, what), (NOT_SHARED, NOT_SHARED_REASON))
        tap.equal(vtpm.credential(0)[1].hex(), manager.admin('ak')['public'])
        vtpm.quote(b'q' * 32)
        tap.equal(manager.admin('status')['share-logs'], False)


@tap.case('a stand-in TPM has no logs but those that are named')
def _():
    with Manager(share_logs=True) as manager, greeted(manager) as vtpm:
        for what in (BOOT, IMA):
            tap.equal(vtpm.credential(what), (0, b''))
            refused(BAD_VALUE, vtpm.credential, what, 1)


@tap.case('a missing log is none; one that cannot be read is refused and told once, with its path')
def _():
    with sharing() as (manager, logs), greeted(manager) as vtpm:
        os.unlink(logs[BOOT])
        os.unlink(logs[IMA])
        os.mkdir(logs[IMA])
        wait_until(lambda: vtpm.credential(BOOT) == (0, b''), 'the log is missing', 10)
        refused(BAD_VALUE, vtpm.credential, BOOT, 1)
        wait_until(lambda: reason_of(vtpm.credential, IMA) == (NOT_SHARED, UNREADABLE_REASON),
                   'the log is unreadable', 10)
        for _ in range(50):
            refused(NOT_SHARED, vtpm.credential, IMA)
        tap.equal(manager.log_text().count(logs[IMA]), 1)
        os.rmdir(logs[IMA])
        append(logs[IMA], b'back')
        wait_until(lambda: reason_of(vtpm.credential, IMA) is None, 'the log is back', 10)
        tap.equal(whole(vtpm, IMA), (4, b'back'))


@tap.case('what is wrong with a log is in the manager\'s log before a guest asks')
def _():
    with tempfile.TemporaryDirectory() as folder:
        missing = os.path.join(folder, 'missing')
        with Manager(share_logs=True, boot_log=missing, ima_log=folder) as manager:
            wait_until(lambda: missing in manager.log_text(), 'the missing log is told', 10)
            wait_until(lambda: 'it is no file' in manager.log_text(), 'the folder is told', 10)
            assert '--share-logs in vtpm-managerd(8)' in manager.log_text()


@tap.case('--boot-log and --ima-log without --share-logs: exit 2')
def _():
    for option in ('boot_log', 'ima_log'):
        code, text = Manager(**{option: '/dev/null'}).fail()
        tap.equal(code, 2)
        assert 'go with --share-logs' in text, text


def bytes_read(manager):
    with open(f'/proc/{manager.process.pid}/io', encoding='ascii') as f:
        return int(f.readline().split()[1])


@tap.case('a large log: others are answered while it is read, and no page reads it again')
def _():
    size = 100 << 20
    with sharing() as (manager, logs), greeted(manager) as vtpm, \
            greeted(manager, uuid='00000000-0000-4000-8000-000000000001') as other:
        tap.equal(vtpm.credential(IMA, 9999)[0], 10000)
        wait_until(lambda: bytes_read(manager) > 20000, 'both were read', 10)
        replacement = logs[IMA] + '.new'
        append(replacement, os.urandom(4096))
        os.truncate(replacement, size)
        os.replace(replacement, logs[IMA])
        time.sleep(2 * LOOK_EVERY_S)
        number = vtpm.send(protocol.CREDENTIAL, u32(IMA) + u32(0) + u32(4000))
        answers = 0
        while not select.select([vtpm.sock], [], [], 0)[0]:
            other.credential(0)
            answers += 1
        tap.equal(vtpm.receive(protocol.CREDENTIAL, number).u32(), size)
        assert answers > 1, 'the manager answered nobody else'
        before = bytes_read(manager)
        for offset in range(0, size, size // 500):
            tap.equal(vtpm.credential(IMA, offset)[0], size)
        append(logs[IMA], b'end')
        wait_until(lambda: vtpm.credential(IMA, size) == (size + 3, b'end'), 'the end', 10)
        assert bytes_read(manager) - before < 1 << 20, bytes_read(manager) - before


@tap.case('a log beyond 128 MiB is refused, and why is told')
def _():
    with sharing() as (manager, logs), greeted(manager) as vtpm:
        os.truncate(logs[BOOT], (128 << 20) + 1)
        wait_until(lambda: reason_of(vtpm.credential, BOOT) == (NOT_SHARED, UNREADABLE_REASON),
                   'the log is too large', 20)
        assert 'more than 134217728 bytes' in manager.log_text()
        tap.equal(whole(vtpm, IMA)[0], 10000)


def vtpm_of(manager):
    own(manager, UUID)
    return Vtpm(deepquote=f'manager={manager.socket}')


@tap.case('a vTPM with the module gives its guest the logs, and the answer when there are none')
def _():
    with sharing() as (manager, logs), vtpm_of(manager) as tpm:
        for what, file in logs.items():
            got = b''
            while len(got) < 10000:
                r = tpm2.Reader(tpm2.check(tpm.send(tpm2.host_credential_command(what, len(got)))))
                tap.equal(r.u32(), 10000)
                got += r.b2()
            tap.equal(got, read(file))
            tap.equal(tpm.rc(tpm2.host_credential_command(what, 10001)), 0x2C4)  # VALUE, 2
        before = tpm.log_text()
    with Manager() as manager, vtpm_of(manager) as tpm:
        tpm2.check(tpm.send(tpm2.host_credential_command(0)))
        before = tpm.log_text()
        for _ in range(20):
            for what in logs:
                tap.equal(tpm.rc(tpm2.host_credential_command(what)), 0x506)
            tpm2.check(tpm.send(tpm2.host_credential_command(0)))
        tap.equal(tpm.log_text(), before, 'a guest that asks and asks leaves no line')


@contextlib.contextmanager
def guest_of(manager):
    with Guest(manager, f'manager={manager.socket}', dir=path('vtpm')) as guest:
        yield guest


@tap.case('tpm2_deepquote writes them beside a deep quote, and a verifier appraises the folder')
def _():
    folder = path('bundle')
    os.mkdir(folder)
    with sharing() as (manager, logs), guest_of(manager) as guest:
        tap.equal(guest.run(
            TOOL, '--ak-create', '--ak-public', 'bundle/ak.pub', '-q', NONCE, '-l', PCRS,
            '--host-pcr-list', HOST_PCRS, '-m', 'bundle/quote.msg', '-s', 'bundle/quote.sig', '-o',
            'bundle/pcrs.bin', '--evidence', 'bundle/evidence.bin', '--host-credential',
            'boot-log=bundle/host_boot.log', '--host-credential', 'ima-log=bundle/host_ima.log',
            '--host-credential', 'ak=host.pub'), (0, '', ''))
        tap.equal(content('bundle/host_boot.log'), read(logs[BOOT]))
        tap.equal(content('bundle/host_ima.log'), read(logs[IMA]))
        verdict = check('-q', NONCE, '--uuid', guest.uuid, '--host', path('host.pub'), folder)
        assert f'{folder}: verdict: refused (host-event-log)\n' in verdict.output, verdict


@tap.case('tpm2_deepquote says what to do where they are not shared, and writes nothing')
def _():
    with Manager() as manager, guest_of(manager) as guest:
        expect_refused(guest.run(TOOL, '--host-credential', 'ak=new.pub', '--host-credential',
                                 'boot-log=x.log'), 1, '0x506', '--share-logs')
        assert not os.path.exists(path('new.pub'))
        expect_refused(guest.run(TOOL, '--host-credential', 'boot-log=x', '--host-credential',
                                 'ima-log=x'), 2, 'same name')


try:
    tap.main()
finally:
    shutil.rmtree(work, ignore_errors=True)
