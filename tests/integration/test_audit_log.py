# SPDX-License-Identifier: GPL-2.0-or-later
"""The manager's audit log: what is in it, that no change of it goes unnoticed, and that the host's
TPM signs it."""
import os
import time

import tap
from client import VtpmClient, make_ek
from manager import Manager
from process import wait_until
from protocol import UUID
from registry_file import HELD, edit, expect
from relay import Relay
from tpm2 import u16, u64

WHY = 'restored from the backup of Sunday'


@tap.case('the audit log has who, what and why of each change, and only of those')
def _():
    with Manager() as manager:
        tap.equal(manager.ctl('audit').stdout, '')
        tap.equal(manager.ctl('audit', '--verify').stdout, '')
        manager.ctl('register', UUID, '--name', 'web', '--why', 'ticket 7')
        manager.ctl('disable', UUID)
        manager.ctl('disable', UUID)  # changes nothing
        manager.ctl('enable', UUID)
        manager.ctl('group', 'gold', '--weight', '5')
        manager.ctl('move', UUID, '--group', 'gold')
        manager.ctl('rename', UUID, '--name', 'x\u00fc' * 80)
        manager.ctl('continuity', UUID, '--continuity', 'required')
        with VtpmClient(manager, eks=[make_ek(1)[::2]], known=False) as vtpm:
            vtpm.hello()
        manager.ctl('unregister', UUID, '--why', WHY)
        tap.equal(manager.ctl('register', UUID, '--rule', 'no', code=1).stdout, '')
        lines = manager.ctl('audit').stdout.splitlines()
        for line, words in zip(lines, (
                ('1  ', f'user {os.getuid()}', UUID, 'registered', 'named web', '(ticket 7)'),
                ('disabled',), ('enabled',), ('gold: a group of weight 5',),
                ('in the group gold',), ('named x',), ('history is required',),
                ('the manager, ', make_ek(1)[1].hex()), ('unregistered', WHY)), strict=True):
            assert all(word in line for word in words), (line, words)
        head = manager.ctl('audit', '--verify').stdout.strip()
        assert head.startswith('9:') and len(head) == 66, head
        manager.ctl('register', UUID)
        manager.restart()
        manager.ctl('audit', '--verify', '--head', head)
        wrong = '8' + head[1:]
        assert 'not the one' in manager.ctl('audit', '--head', wrong, code=1).stderr
        assert 'missing' in manager.ctl('audit', '--head', '99' + head[1:], code=1).stderr
        manager.ctl('audit', '--head', '9:00', code=2)


@tap.case('an entry of the audit log that was changed, removed, added or cut off is noticed')
def _():
    for statement, words in (
            ("UPDATE audit SET why = 'no' WHERE number = 2", 'entry 2'),
            ('UPDATE audit SET uid = 7 WHERE number = 1', 'entry 1'),
            ('UPDATE audit SET time = time + 1 WHERE number = 3', 'entry 3'),
            ('DELETE FROM audit WHERE number = 2', 'entry 2'),
            ("INSERT INTO audit SELECT number + 1, time, uid, subject, what, why, hash FROM audit "
             "WHERE number = 3", 'entry 4'),
            ('DELETE FROM audit WHERE number = 3', 'entry 3')):
        with Manager() as manager:
            for name in 'abc':
                manager.ctl('group', name, '--weight', '2', '--why', 'a test')
            head = manager.ctl('audit', '--verify').stdout.strip()
            manager.stop()
            edit(manager, statement)
            manager.start()
            expect(manager, HELD, 'changed by something else')
            said = manager.ctl('audit', '--head', head, code=1).stderr
            assert words in said and 'changed by something else' in said, said


@tap.case('a log of more than a page is read whole')
def _():
    with Manager() as manager:
        for number in range(205):
            assert manager.admin('group', group=f'g{number}', weight=2, why='x' * 3000)['ok']
        assert manager.ctl('audit', '--verify').stdout.startswith('205:')
        tap.equal(len(manager.ctl('audit').stdout.splitlines()), 205)


# ------------------------------------------------------------------------------------ signatures

def lines(manager, *options, code=0):
    done = manager.ctl('audit', *options, code=code)
    return (done.stdout or done.stderr).splitlines()


def with_groups(manager, names='abc'):
    for name in names:
        manager.ctl('group', name, '--weight', '2', '--why', 'a test')


def quotes(manager):
    return manager.admin('status')['quotes']['hardware-quotes']


def ak_of(manager):
    path = os.path.join(manager.dir, 'ak.pub')
    manager.ctl('ak', '--output', path)
    return path


@tap.case('the host signs the last entry when it is asked to, and only where that is needed')
def _():
    with Manager() as manager:
        tap.equal(lines(manager, '--sign'), [])
        tap.equal(quotes(manager), 0)
        with_groups(manager)
        assert len(lines(manager, '--verify')) == 1
        head, said = lines(manager, '--sign')
        assert head.startswith('3:') and said.startswith('signed: up to 3 of 3, '), (head, said)
        assert 'that the manager says' in said, said
        tap.equal(quotes(manager), 1)
        tap.equal(lines(manager, '--sign'), [head, said])
        tap.equal(quotes(manager), 1)
        with_groups(manager, 'd')
        assert lines(manager, '--verify')[1].startswith('signed: up to 3 of 4, ')
        manager.restart()
        path = ak_of(manager)
        assert lines(manager, '--ak', path)[1].endswith(f', with {path}')
        assert lines(manager, '--sign')[1].startswith('signed: up to 4 of 4, ')
        tap.equal(len(manager.admin('audit-heads')['heads']), 2)


@tap.case('by another key nothing is signed')
def _():
    with Manager() as manager, Manager() as other:
        with_groups(manager)
        said = lines(manager, '--ak', ak_of(manager), code=1)[0]
        assert 'no entry' in said and 'audit --sign' in said, said
        lines(manager, '--sign')
        assert 'no entry' in lines(manager, '--ak', ak_of(other), code=1)[0]
        lines(manager, '--ak', os.path.join(manager.dir, 'none'), code=1)


@tap.case('what changed is signed by itself within the interval, and then no more')
def _():
    with Manager(audit_interval=1) as manager:
        with_groups(manager)
        wait_until(lambda: manager.admin('audit-heads')['heads'], 'it is signed', 20)
        wait_until(lambda: 'of 3, ' in lines(manager, '--verify')[-1] and
                   'up to 3' in lines(manager, '--verify')[-1], 'all is signed', 20)
        before = quotes(manager)
        time.sleep(2.5)
        tap.equal(quotes(manager), before)


@tap.case('a log that somebody writes anew, with hashes that fit, is not the one that was signed')
def _():
    with Manager() as manager, Manager() as forger:
        for name in 'abc':
            manager.ctl('group', name, '--weight', '2', '--why', 'a test')
            forger.ctl('group', name, '--weight', '2', '--why', 'another')
        path = ak_of(manager)
        lines(manager, '--sign')
        manager.stop()
        for entry in forger.admin('audit')['entries']:
            edit(manager, f"UPDATE audit SET time = {entry['time']}, why = '{entry['why']}', "
                          f"hash = x'{entry['hash']}' WHERE number = {entry['number']}")
        manager.start()
        expect(manager, HELD, 'changed by something else')
        for options in ('--verify',), ('--ak', path):
            said = lines(manager, *options, code=1)[0]
            assert 'entry 3 ' in said and 'not the one that was signed' in said, said


@tap.case('each changed byte of a signature is noticed')
def _():
    with Manager() as manager:
        with_groups(manager, 'a')
        path = ak_of(manager)
        lines(manager, '--sign')
        evidence = bytes.fromhex(manager.admin('audit-heads')['heads'][0]['evidence'])
        tree = u64(1) + u64(0) + u16(0)  # its size, the index, the length of the path; then PCRs
        for at in range(0, evidence.index(tree) + len(tree), 29):
            changed = bytearray(evidence)
            changed[at] ^= 0x10
            manager.stop()
            edit(manager, f"UPDATE audit_head SET evidence = x'{changed.hex()}'")
            manager.start()
            lines(manager, '--ak', path, code=1)


@tap.case('a TPM that is away: nothing is signed, the reason is told, and later it is')
def _():
    with Relay() as relay, Manager(tcti=relay.tcti) as manager:
        with_groups(manager)
        relay.down()
        said = lines(manager, '--sign', code=1)[0]
        assert 'not signed' in said, said
        relay.back()
        assert lines(manager, '--sign')[1].startswith('signed: up to 3 of 3, ')


tap.main()
