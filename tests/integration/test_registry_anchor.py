# SPDX-License-Identifier: GPL-2.0-or-later
"""A registry that was put back, changed or made anew is noticed by the counter in the host's TPM,
and one that was not is never suspected, whenever the manager or the power ends."""
import contextlib
import os
import shutil
import signal
import tempfile
import time
import uuid as uuids

import tap
import tpm2
from client import VtpmClient, greeted
from manager import Manager
from process import wait_until
from protocol import UUID
from registry_file import HELD, KEPT, NONE, edit, expect, registry
from relay import Relay
from tpm2 import code_of
from vtpm import Vtpm

INDEX = '0x018dee90'
WHY = 'restored from the backup of Sunday'
NONCE = b'n' * 32
DEFINE, INCREMENT, NV_READ = 0x12A, 0x134, 0x14E
NV_UNAVAILABLE = 0x923


def files(manager):
    return [os.path.join(manager.state, name) for name in os.listdir(manager.state)
            if name.startswith('registry.db')]


def put_back(manager, copy):
    for path in files(manager):
        os.unlink(path)
    for name in os.listdir(copy):
        shutil.copy(os.path.join(copy, name), manager.state)


def take_copy(manager, to):
    os.makedirs(to)
    for path in files(manager):
        shutil.copy(path, to)
    return to


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix='anchor-') as path:
        os.chmod(path, 0o755)
        yield path


@contextlib.contextmanager
def on_relay(**options):
    """A manager over a TPM of the test's own; not started."""
    with Relay() as relay, folder() as path:
        manager = Manager(dir=path, tcti=relay.tcti, **options)
        try:
            yield relay, manager
        finally:
            manager.kill()


def move(manager, before):
    wait_until(lambda: registry(manager)['counter'] > before, 'the counter has moved')


@tap.case('a registry is tied to the TPM at its first start, and each start and change counts')
def _():
    with folder() as path, Manager(dir=path) as manager:
        tap.equal(expect(manager, KEPT), 1)
        manager.introduce(UUID, 1234)
        move(manager, 1)
        manager.restart()
        tap.equal(expect(manager, KEPT), 3)
        assert manager.admin('status')['registry']['state'] == KEPT
        assert "tied to the TPM's counter, at 3" in manager.ctl('registry').stdout
        manager.kill()
        manager.start()
        tap.equal(expect(manager, KEPT), 4)


@tap.case('many changes at once count once or twice')
def _():
    with folder() as path, Manager(dir=path) as manager:
        for _ in range(100):
            assert manager.admin('register', uuid=str(uuids.uuid4()), rule='unit')['ok']
        time.sleep(2.5)
        assert 2 <= expect(manager, KEPT) <= 6


@tap.case('a registry that was put back after the manager ended is held; guests go on')
def _():
    with folder() as path, Manager(dir=path) as manager:
        manager.introduce(UUID, os.getuid())
        with Vtpm(deepquote=f'manager={manager.socket},timeout=5',
                  dir=os.path.join(path, 'vm')) as vtpm:
            tpm2.check(vtpm.send(tpm2.command('GetRandom', tpm2.u16(8))))
            old = take_copy(manager, os.path.join(path, 'copy'))
            lineage = manager.vm(UUID)['lineage']
            assert manager.admin('disable', uuid=UUID)['ok']
            manager.stop()
            put_back(manager, old)
            manager.start()
            expect(manager, HELD, 'older', 'registry accept --why')
            answer = manager.admin('list')
            assert not answer['ok'] and 'serves nobody' in answer['error'], answer
            assert 'serves nobody' in manager.admin('enable', uuid=UUID)['error']
            assert not os.path.exists(manager.socket)
            assert 'HELD' in manager.ctl('registry', code=1).stdout
            tpm2.check(vtpm.send(tpm2.command('GetRandom', tpm2.u16(8))))
            tap.equal(manager.ctl('registry', 'accept', code=2).stdout, '')
            manager.ctl('registry', 'accept', '--why', WHY)
            expect(manager, KEPT)
            assert WHY in manager.log_text()
            accepted = manager.ctl('audit').stdout
            assert 'the registry is accepted as it is' in accepted and WHY in accepted, accepted
            assert manager.vm(UUID)['lineage'] != lineage
            vtpm.stop()
            vtpm.start()
            wait_until(lambda: manager.vm(UUID)['connected'], 'the vTPM is welcome again')
        assert not manager.admin('registry-accept', why=WHY)['ok']
        manager.stop()
        put_back(manager, old)
        manager.start()
        expect(manager, HELD)


@tap.case('put back after a kill is held, once a change was counted')
def _():
    with folder() as path, Manager(dir=path) as manager:
        manager.introduce(UUID, 1234)
        move(manager, 1)
        old = take_copy(manager, os.path.join(path, 'copy'))
        manager.admin('disable', uuid=UUID)
        move(manager, 2)
        manager.kill()
        put_back(manager, old)
        manager.start()
        expect(manager, HELD, 'older')


@tap.case('an older registry whose number was changed to the present one is held')
def _():
    with folder() as path, Manager(dir=path) as manager:
        old = take_copy(manager, os.path.join(path, 'copy'))
        manager.introduce(UUID, 1234)
        move(manager, 1)
        manager.restart()
        value = expect(manager, KEPT)
        manager.stop()
        put_back(manager, old)
        edit(manager, f'UPDATE anchor SET value = {value}')
        manager.start()
        expect(manager, HELD, 'changed by something else')


def edited(statement, undo=None):
    """What a registry with one VM is after the statement, and after what undoes it."""
    with folder() as path, Manager(dir=path) as manager:
        manager.introduce(UUID, 1234)
        with VtpmClient(manager, known=False):
            pass
        manager.stop()
        edit(manager, statement)
        manager.start()
        expect(manager, HELD, 'changed by something else')
        if undo:
            manager.stop()
            edit(manager, undo)
            manager.start()
            expect(manager, KEPT)


@tap.case('a row that was changed, added or removed is noticed, and undone it is right again')
def _():
    edited('UPDATE vm SET owner = 0', 'UPDATE vm SET owner = 1234')
    edited("INSERT INTO vm_group VALUES ('mine', 100)", "DELETE FROM vm_group WHERE name = 'mine'")
    edited("INSERT INTO vm_state SELECT uuid, zeroblob(32), zeroblob(32) FROM vm")
    edited('DELETE FROM vm')
    edited('UPDATE anchor SET used = 0, moment = 0')
    edited('UPDATE anchor SET mac = zeroblob(32)')


@tap.case('a new registry, and one whose anchor was removed, are held')
def _():
    with folder() as path, Manager(dir=path) as manager:
        manager.introduce(UUID, 1234)
        manager.stop()
        for name in files(manager):
            os.unlink(name)
        manager.start()
        expect(manager, HELD, 'knows of none')
        manager.ctl('registry', 'accept', '--why', WHY)
        tap.equal(manager.admin('list')['vms'], [])
        manager.introduce(UUID, 1234)
        manager.stop()
        edit(manager, 'DELETE FROM anchor')
        manager.start()
        expect(manager, HELD, 'knows of none')


@tap.case('a counter that was removed, or a TPM that was cleared: held, and the way back works')
def _():
    for undo in (('tpm2_nvundefine', '-C', 'o', INDEX), ('tpm2_clear',)):
        with on_relay() as (relay, manager):
            manager.start().introduce(UUID, 1234)
            lineage = manager.vm(UUID)['lineage']
            manager.stop()
            relay.tool(*undo)
            manager.start()
            expect(manager, HELD, 'cleared or replaced')
            manager.ctl('registry', 'accept', '--why', WHY)
            expect(manager, KEPT)
            assert manager.vm(UUID)['lineage'] != lineage
            manager.restart()
            expect(manager, KEPT)


@tap.case('a counter that somebody made again, and that of another registry, are not ours')
def _():
    with on_relay() as (relay, manager):
        manager.start().stop()
        relay.tool('tpm2_nvundefine', '-C', 'o', INDEX)
        relay.tool('tpm2_nvdefine', '-C', 'o', INDEX, '-s', '8', '-a',
                   'authwrite|authread|no_da|nt=counter')
        relay.tool('tpm2_nvincrement', '-C', INDEX, INDEX)
        manager.start()
        expect(manager, HELD, "another registry's")
    with on_relay() as (relay, manager), folder() as other:
        manager.start().stop()
        second = Manager(dir=other, tcti=relay.tcti)
        with second:
            expect(second, HELD, 'knows of none')
        with Manager(dir=other, tcti=relay.tcti, nv_index='0x018dee91') as third:
            expect(third, KEPT)
        manager.start()
        expect(manager, KEPT)


@tap.case('an index of another program, or an owner with a password: it goes on, and says so')
def _():
    with on_relay() as (relay, manager):
        relay.tool('tpm2_nvdefine', '-C', 'o', INDEX, '-s', '8')
        manager.start()
        expect(manager, NONE, '--nv-index')
        manager.introduce(UUID, os.getuid())
        with greeted(manager) as vtpm:
            vtpm.quote(NONCE)
        assert 'not tied to the TPM' in manager.ctl('status').stdout
    with on_relay() as (relay, manager):
        relay.tool('tpm2_changeauth', '-c', 'o', 'secret')
        manager.start()
        expect(manager, NONE, '--owner-auth')
        assert 'owner-auth' in manager.log_text()
        manager.stop()
        manager.argv += ['--owner-auth', 'str:secret']
        manager.start()
        expect(manager, KEPT)
        assert 'secret' not in manager.log_text()


@contextlib.contextmanager
def killed_at(relay, manager, code, after, nth=1):
    """The manager is killed before or after the TPM executes the nth such command."""
    seen = []

    def hook(command):
        if code_of(command) != code:
            return None
        seen.append(code)
        if len(seen) != nth:
            return None
        response = relay.send(command) if after else b''
        manager.process.send_signal(signal.SIGKILL)
        return response

    relay.hook = hook
    yield
    relay.hook = lambda command: None


@tap.case('a manager that is killed while it counts is not suspected')
def _():
    for after in (False, True):
        with on_relay() as (relay, manager):
            manager.start().introduce(UUID, 1234)
            move(manager, 1)
            manager.stop()
            with killed_at(relay, manager, INCREMENT, after):
                manager.spawn()
                manager.process.wait(30)
            manager.start()
            expect(manager, KEPT)
            tap.equal(len(manager.admin('list')['vms']), 1)


@tap.case('a first start that is cut off goes on, unless nobody can tell what came after')
def _():
    for code, after, state in ((DEFINE, False, KEPT), (DEFINE, True, KEPT),
                               (INCREMENT, False, KEPT), (INCREMENT, True, HELD)):
        with on_relay() as (relay, manager):
            with killed_at(relay, manager, code, after):
                manager.spawn()
                manager.process.wait(30)
            manager.start()
            expect(manager, state)


@tap.case('a count whose answer is lost is not made twice')
def _():
    with on_relay() as (relay, manager):
        manager.start()
        before = expect(manager, KEPT)
        lost = []

        def hook(command):
            if code_of(command) == INCREMENT and not lost:
                lost.append(relay.send(command))
                raise EOFError('lost')
            return None

        relay.hook = hook
        manager.introduce(UUID, 1234)
        wait_until(lambda: lost, 'it counts')
        move(manager, before)
        tap.equal(expect(manager, KEPT), before + 1)
        manager.restart()
        expect(manager, KEPT)


@tap.case('a TPM that does not count costs no deep quote, and nothing is suspected later')
def _():
    with on_relay() as (relay, manager):
        manager.start().introduce(UUID, os.getuid())
        relay.hook = lambda command: (tpm2.error_response(NV_UNAVAILABLE)
                                      if code_of(command) == INCREMENT else None)
        manager.admin('rename', uuid=UUID, name='x')
        wait_until(lambda: 'not protected by it' in manager.log_text(), 'it is told', 60)
        with greeted(manager) as vtpm:
            vtpm.quote(NONCE)
        relay.hook = lambda command: None
        manager.kill()
        manager.start()
        expect(manager, KEPT)


@tap.case('starts beyond what the NV memory is for do not count, and say nothing wrong')
def _():
    with on_relay() as (relay, manager):
        for _ in range(54):
            manager.start()
            last = expect(manager, KEPT)
            manager.kill()
        assert 45 <= last <= 50, last
        assert relay.counts[INCREMENT] <= 50, relay.counts


tap.main()
