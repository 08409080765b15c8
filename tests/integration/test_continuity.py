# SPDX-License-Identifier: GPL-2.0-or-later
"""A vTPM's state that is rolled back, cloned or exchanged is noticed, and one that is not is never
suspected: real swtpm processes, and a manager that is there, away or killed."""
import contextlib
import os
import random
import shutil
import signal
import struct
import tempfile
import time

import client
import tap
import tpm12
import tpm2
from client import VtpmClient, refused
from manager import Manager
from process import Failed, wait_until
from protocol import BROKEN_HISTORY, DENIED, UUID
from vtpm import Vtpm, receive

NV_INDEX = 0x01500010
FAILURE = 0x101
KILLS = int(os.environ.get('KILLS', '12'))
WHY = 'restored from the backup of Sunday'


def nv_auth():
    return tpm2.auth_area(tpm2.pw())


def nv_define(tpm):
    attributes = 0x00020002 | 0x00040004  # owner and auth, read and write
    public = (tpm2.u32(NV_INDEX) + tpm2.u16(tpm2.ALG_SHA256) + tpm2.u32(attributes) +
              tpm2.b2(b'') + tpm2.u16(8))
    tpm2.check(tpm.send(tpm2.command('NV_DefineSpace', tpm2.u32(0x40000001) + nv_auth() +
                                     tpm2.b2(b'') + tpm2.b2(public), tpm2.ST_SESSIONS)))


def nv_write_command(value):
    return tpm2.command('NV_Write', tpm2.u32(0x40000001) + tpm2.u32(NV_INDEX) + nv_auth() +
                        tpm2.b2(struct.pack('>Q', value)) + tpm2.u16(0), tpm2.ST_SESSIONS)


def nv_write(tpm, value):
    tpm2.check(tpm.send(nv_write_command(value)))


@contextlib.contextmanager
def host(**options):
    """A manager that knows the VM, and a folder for its vTPM."""
    with tempfile.TemporaryDirectory(prefix='continuity-') as folder, Manager(**options) as manager:
        manager.introduce(UUID, os.getuid())
        yield manager, os.path.join(folder, 'vm')


def vtpm(manager, folder, **options):
    return Vtpm(deepquote=f'manager={manager.socket},timeout=5', dir=folder, **options)


def lineage(manager):
    return manager.vm(UUID)['lineage']


def begin(manager, folder):
    """A VM that has run; returns its lineage."""
    with vtpm(manager, folder) as tpm:
        nv_define(tpm)
        nv_write(tpm, 1)
    return lineage(manager)


def run_and_write(manager, folder, value):
    with vtpm(manager, folder) as tpm:
        nv_write(tpm, value)


def state_of(folder):
    return os.path.join(folder, 'state')


def back_up(folder):
    shutil.copytree(state_of(folder), folder + '.backup')


def restore(folder):
    shutil.rmtree(state_of(folder))
    shutil.copytree(folder + '.backup', state_of(folder))


def crash(tpm):
    """Like power cut off from the vTPM's process."""
    tpm.process.kill()
    tpm.process.wait()


def does_not_run(manager, folder):
    """A vTPM that is refused ends before it answers a command."""
    tpm = vtpm(manager, folder, client=False)
    try:
        tpm.start()
        wait_until(lambda: not tpm.alive(), 'the vTPM ends')
    except Failed as failure:  # before it listens
        assert 'ended with 1' in str(failure), failure
    finally:
        tpm.stop()
    assert 'vm accept' in tpm.log_text()


def read(folder, name):
    with open(os.path.join(folder, name), 'rb') as f:
        return f.read()


@tap.case('a vTPM that goes on with its own state keeps its lineage, however it ended')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        for value in range(5):
            with vtpm(manager, folder) as tpm:
                nv_write(tpm, value)
                if value % 2:
                    crash(tpm)
        tap.equal(lineage(manager), first)
        tap.equal(manager.vm(UUID)['broken'], 0)
        tap.equal(manager.vm(UUID)['epoch'], 6)


@tap.case('a copied state that is put back later begins a new lineage, and the log says why')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        back_up(folder)
        for value in range(2, 7):
            run_and_write(manager, folder, value)
        tap.equal(lineage(manager), first)
        restore(folder)
        run_and_write(manager, folder, 2)
        second = lineage(manager)
        assert second != first
        assert time.time() - manager.vm(UUID)['broken'] < 60
        assert f'VM {UUID} has a broken history' in manager.log_text()
        run_and_write(manager, folder, 3)
        tap.equal(lineage(manager), second)
        manager.ctl('vm', 'accept', UUID, '--why', WHY)
        tap.equal((manager.vm(UUID)['broken'], manager.vm(UUID)['accepted']), (0, 0))


@tap.case('a VM whose history is required does not start with an old state until that is accepted')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        manager.ctl('continuity', UUID, '--continuity', 'required')
        back_up(folder)
        run_and_write(manager, folder, 2)
        tap.equal(lineage(manager), first)
        restore(folder)
        before = read(state_of(folder), 'tpm2-00.permall')
        does_not_run(manager, folder)
        after = read(state_of(folder), 'tpm2-00.permall')
        assert before == after, 'a state that is refused was changed'
        assert 'it does not start' in manager.log_text()
        tap.equal((lineage(manager), manager.vm(UUID)['epoch']), (first, 2))
        manager.ctl('vm', 'accept', UUID, '--why', WHY)
        run_and_write(manager, folder, 3)
        assert lineage(manager) != first
        assert WHY in manager.log_text()
        tap.equal((manager.vm(UUID)['broken'], manager.vm(UUID)['accepted']), (0, 0))
        run_and_write(manager, folder, 4)
        tap.equal(manager.vm(UUID)['epoch'], 4)


@tap.case('what is accepted ahead is one break, and no more')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        manager.ctl('continuity', UUID, '--continuity', 'required')
        back_up(folder)
        run_and_write(manager, folder, 2)
        manager.ctl('vm', 'accept', UUID, '--why', WHY)
        run_and_write(manager, folder, 3)
        tap.equal(lineage(manager), first)  # nothing was broken
        restore(folder)
        run_and_write(manager, folder, 4)
        assert lineage(manager) != first
        restore(folder)
        does_not_run(manager, folder)


@tap.case('a state that is gone, made anew, of another VM or changed is another history')
def _():
    with host() as (manager, folder):
        begin(manager, folder)
        with tempfile.TemporaryDirectory(prefix='other-') as other:
            with Vtpm(dir=other) as stranger:
                nv_define(stranger)
            for replace in (lambda: shutil.rmtree(state_of(folder)),
                            lambda: shutil.copytree(state_of(other), state_of(folder),
                                                    dirs_exist_ok=True)):
                before = lineage(manager)
                replace()
                with vtpm(manager, folder) as tpm:
                    tpm2.capability_list(tpm.send, tpm2.CAP_HANDLES, 0x81000000, 8)
                assert lineage(manager) != before


@tap.case('stores while the manager is away are told when it is back')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        with vtpm(manager, folder) as tpm:
            manager.stop()
            for value in range(3):
                nv_write(tpm, value)
            manager.start()
            time.sleep(1.2)  # it asks again after a second
            tpm2.capability_list(tpm.send, tpm2.CAP_HANDLES, 0x81000000, 8)
            wait_until(lambda: manager.vm(UUID)['connected'], 'the vTPM is back')
            crash(tpm)
        run_and_write(manager, folder, 9)
        tap.equal(lineage(manager), first)


@tap.case('a vTPM that stored and died while the manager was away is another history')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        with vtpm(manager, folder) as tpm:
            manager.stop()
            nv_write(tpm, 7)
            crash(tpm)
        manager.start()
        run_and_write(manager, folder, 9)
        assert lineage(manager) != first


def write_on_the_way(tpm, value):
    """A store whose answer is not waited for."""
    tpm.data.send(nv_write_command(value))


def start_killed(manager):
    """The stand-in TPM of one that was killed needs a moment to end."""
    def started():
        with contextlib.suppress(Failed):
            return manager.start()
        return None
    wait_until(started, 'a manager after one that was killed', log=manager.log)


def kill_some(tpm, manager, dice):
    """The vTPM dies in a store, alone, with the manager, or after one that died before."""
    how = dice.choice(['vtpm', 'both', 'manager before'])
    if how == 'manager before':
        manager.kill()
        start_killed(manager)
        time.sleep(1.2)  # it asks again after a second
        nv_write(tpm, 1)
    write_on_the_way(tpm, dice.getrandbits(60))
    time.sleep(dice.uniform(0, 0.004))
    crash(tpm)
    if how == 'both':
        manager.kill()
        start_killed(manager)
    return how


@tap.case('no state that a vTPM stored is suspected, whatever is killed and when')
def _():
    seed = int(os.environ.get('SEED', time.time_ns() % 1000000))
    print(f'# SEED={seed}', flush=True)
    dice = random.Random(seed)
    with host() as (manager, folder):
        first = begin(manager, folder)
        for kill in range(KILLS):
            with vtpm(manager, folder) as tpm:
                for value in range(dice.randrange(8)):
                    nv_write(tpm, value)
                how = kill_some(tpm, manager, dice)
            with vtpm(manager, folder):
                tap.equal((lineage(manager), manager.vm(UUID)['broken']), (first, 0),
                          f'kill {kill}, of {how}')


def get_blob(tpm, kind):
    head = tpm.ask_control('GET_STATEBLOB', struct.pack('>III', 1, kind, 0), 16)
    _, _, total, size = struct.unpack('>IIII', head)
    assert total == size
    return receive(tpm.control_channel, size)


def set_blob(tpm, kind, blob):
    result = tpm.ask_control('SET_STATEBLOB', struct.pack('>III', 1, kind, len(blob)) + blob)
    tap.equal(result, bytes(4))


def load(tpm, blobs):
    tap.equal(tpm.ask_control('STOP'), bytes(4))
    for kind, blob in blobs:
        set_blob(tpm, kind, blob)
    return struct.unpack('>I', tpm.ask_control('INIT', tpm2.u32(0)))[0]


@tap.case('a snapshot of the state that is stored goes on; an older one begins a new lineage')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        with vtpm(manager, folder) as tpm:
            snapshot = [(kind, get_blob(tpm, kind)) for kind in (1, 2)]
            tap.equal(load(tpm, snapshot), 0)
            nv_write(tpm, 5)
            tap.equal(lineage(manager), first)
            nv_write(tpm, 6)
            tap.equal(load(tpm, snapshot), 0)
            nv_write(tpm, 7)
            assert lineage(manager) != first


PCR = 16
CLEAR = tpm2.command('Startup', tpm2.u16(0))


def extend(tpm):
    tpm2.check(tpm.send(tpm2.command(
        'PCR_Extend', tpm2.u32(PCR) + nv_auth() + tpm2.u32(1) + tpm2.u16(tpm2.ALG_SHA256) +
        bytes(32), tpm2.ST_SESSIONS)))


def pcr(tpm):
    response = tpm.send(tpm2.command('PCR_Read', tpm2.selection((tpm2.ALG_SHA256, [PCR]))))
    tpm2.check(response)
    return response[-32:]


def suspend(tpm):
    """What QEMU takes of a TPM whose VM it suspends, and of one that it makes a snapshot of."""
    return [(kind, get_blob(tpm, kind)) for kind in (1, 2)]


def resume(manager, folder, **options):
    """A vTPM that waits for its state, as QEMU's when it starts with a stream or a file."""
    return vtpm(manager, folder, startup=None, **options)


@tap.case('a vTPM that was suspended goes on, in another process too, whatever was killed')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        for kill in (False, True):
            with vtpm(manager, folder) as tpm:
                extend(tpm)
                value = pcr(tpm)
                saved = suspend(tpm)
                if kill:
                    crash(tpm)
            if kill:
                manager.kill()
                start_killed(manager)
            for _ in range(2):  # QEMU may fail for another reason, and be started again
                with resume(manager, folder) as tpm:
                    tap.equal(load(tpm, saved), 0)
            with resume(manager, folder) as tpm:
                tap.equal(load(tpm, saved), 0)
                tap.equal(pcr(tpm), value)
                nv_write(tpm, 5)
            tap.equal((lineage(manager), manager.vm(UUID)['broken']), (first, 0))


@tap.case('PCRs of then over the permanent state of now are a broken history')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        with vtpm(manager, folder) as tpm:
            before = pcr(tpm)
            then = get_blob(tpm, 2)
            extend(tpm)  # which stores nothing
            permanent = get_blob(tpm, 1)
            tap.equal(lineage(manager), first)
            tap.equal(load(tpm, [(1, permanent), (2, then)]), 0)
            tap.equal(pcr(tpm), before)
            second = lineage(manager)
            assert second != first
            assert 'has a broken history' in manager.log_text()
            nv_write(tpm, 6)
            later = get_blob(tpm, 1)
            tap.equal(load(tpm, [(1, later), (2, then)]), 0)
            tap.equal(pcr(tpm), before)
            third = lineage(manager)
            assert third not in (first, second)
            saved = suspend(tpm)
            tap.equal(load(tpm, saved), 0)
            pcr(tpm)
            tap.equal(lineage(manager), third)


@tap.case('a snapshot that the VM ran on after does not load where its history is required')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        manager.ctl('continuity', UUID, '--continuity', 'required')
        with vtpm(manager, folder) as tpm:
            snapshot = suspend(tpm)
            extend(tpm)
            assert load(tpm, snapshot) != 0
        assert 'it does not start' in manager.log_text()
        tap.equal(lineage(manager), first)
        manager.ctl('vm', 'accept', UUID, '--why', WHY)
        with resume(manager, folder) as tpm:
            tap.equal(load(tpm, snapshot), 0)
            pcr(tpm)
        assert lineage(manager) != first


@tap.case('what a vTPM was suspended in is of the past once it was resumed and ran')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        with vtpm(manager, folder) as tpm:
            saved = suspend(tpm)
        with resume(manager, folder) as tpm:
            tap.equal(load(tpm, saved), 0)
            extend(tpm)
            crash(tpm)
        with resume(manager, folder) as tpm:
            tap.equal(load(tpm, saved), 0)
            pcr(tpm)
        assert lineage(manager) != first


@tap.case('a start in between loses no suspended vTPM until the guest starts its TPM')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        with vtpm(manager, folder) as tpm:
            saved = suspend(tpm)
        with resume(manager, folder) as tpm:  # as with QEMU's -loadvm
            tap.equal(load(tpm, []), 0)
            tap.equal(load(tpm, saved), 0)
            pcr(tpm)
            saved = suspend(tpm)
        tap.equal(lineage(manager), first)
        with resume(manager, folder) as tpm:
            tap.equal(load(tpm, []), 0)
            tap.equal(tpm.rc(CLEAR), 0)
            tap.equal(lineage(manager), first)
            tap.equal(load(tpm, saved), 0)
            pcr(tpm)
        assert lineage(manager) != first


@tap.case('a vTPM that is suspended into its folder goes on from there')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        with vtpm(manager, folder) as tpm:
            extend(tpm)
            value = pcr(tpm)
            tap.equal(tpm.ask_control('STORE_VOLATILE'), bytes(4))
        old = read(state_of(folder), 'tpm2-00.volatilestate')
        with resume(manager, folder) as tpm:
            tap.equal(load(tpm, []), 0)
            tap.equal(pcr(tpm), value)
        tap.equal(lineage(manager), first)
        with open(os.path.join(state_of(folder), 'tpm2-00.volatilestate'), 'wb') as f:
            f.write(old)
        with resume(manager, folder) as tpm:
            tap.equal(load(tpm, []), 0)
            tap.equal(pcr(tpm), value)
        assert lineage(manager) != first


@tap.case('a vTPM that was suspended while the manager was away, and lives, is told of later')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        with vtpm(manager, folder) as tpm:
            manager.stop()
            saved = suspend(tpm)
            manager.start()
            time.sleep(1.2)  # it asks again after a second
            again = suspend(tpm)
            assert again[0] == saved[0]
        with resume(manager, folder) as tpm:
            tap.equal(load(tpm, again), 0)
            pcr(tpm)
        tap.equal(lineage(manager), first)


@tap.case('of a TPM 1.2, whose start stores nothing, PCRs of then are noticed too')
def _():
    with host() as (manager, folder):
        with vtpm(manager, folder, version='1.2') as tpm:
            tpm12.extend(tpm.send, PCR, bytes(20))
            value = tpm12.pcr_read(tpm.send, PCR)
            saved = suspend(tpm)
        first = lineage(manager)
        with resume(manager, folder, version='1.2') as tpm:
            tap.equal(load(tpm, saved), 0)
            tap.equal(tpm12.pcr_read(tpm.send, PCR), value)
            saved = suspend(tpm)
        tap.equal((lineage(manager), manager.vm(UUID)['epoch']), (first, 2))
        with vtpm(manager, folder, version='1.2') as tpm:
            assert tpm12.pcr_read(tpm.send, PCR) != value
        tap.equal(lineage(manager), first)
        with resume(manager, folder, version='1.2') as tpm:
            tap.equal(load(tpm, saved), 0)
            tap.equal(tpm12.pcr_read(tpm.send, PCR), value)
        assert lineage(manager) != first


@tap.case('an old state that started while the manager was away is judged when that is back')
def _():
    with host() as (manager, folder):
        begin(manager, folder)
        manager.ctl('continuity', UUID, '--continuity', 'required')
        back_up(folder)
        run_and_write(manager, folder, 2)
        restore(folder)
        manager.stop()
        with vtpm(manager, folder) as tpm:
            nv_write(tpm, 3)
            manager.start()
            time.sleep(1.2)  # it asks again after a second
            tap.equal(tpm.rc(tpm2.command('ReadClock')), FAILURE)
            manager.ctl('vm', 'accept', UUID, '--why', WHY)
            assert 'it does not start' in manager.log_text()


@tap.case('with a required history a reverted snapshot is refused, and no command is answered')
def _():
    with host() as (manager, folder):
        begin(manager, folder)
        manager.ctl('continuity', UUID, '--continuity', 'required')
        with vtpm(manager, folder) as tpm:
            snapshot = [(kind, get_blob(tpm, kind)) for kind in (1, 2)]
            nv_write(tpm, 5)
            assert load(tpm, snapshot) != 0


@tap.case('a state that is exchanged under a running vTPM is found at the next reset')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        back_up(folder)
        with vtpm(manager, folder) as tpm:
            nv_write(tpm, 5)
            tap.equal(load(tpm, []), 0)  # a reset by itself
            tpm.rc(tpm2.command('Startup', tpm2.u16(0)))
            nv_write(tpm, 6)
            tap.equal(lineage(manager), first)
            name = 'tpm2-00.permall'
            shutil.copy(os.path.join(folder + '.backup', name), state_of(folder))
            tap.equal(load(tpm, []), 0)
            tpm.rc(tpm2.command('Startup', tpm2.u16(0)))
            assert lineage(manager) != first


@tap.case('a clone beside the original is refused, and the original goes on')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        with vtpm(manager, folder) as tpm:
            nv_write(tpm, 5)
            with VtpmClient(manager, loaded=b'\1' * 32, stored=b'\1' * 32) as clone:
                refused(DENIED, clone.hello)
            nv_write(tpm, 6)
        run_and_write(manager, folder, 7)
        tap.equal(lineage(manager), first)


@tap.case('of two live copies the second is refused, and both are told')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        clone = folder + '-clone'
        with vtpm(manager, folder) as tpm:
            nv_write(tpm, 5)
            shutil.copytree(state_of(folder), state_of(clone))
            before = manager.vm(UUID)
            tap.equal((before['rivals'], before['rival']), (0, 0))
            tap.equal(manager.ctl('show', UUID).stdout.count('refused beside  -'), 1)
            with vtpm(manager, clone) as second:
                tpm2.capability_list(second.send, tpm2.CAP_HANDLES, 0x81000000, 8)
                wait_until(lambda: 'another vTPM with this UUID' in second.log_text(),
                           'the second is told')
                process = f'process {second.process.pid}'
            after = manager.vm(UUID)
            assert after['rivals'] > 0 and time.time() - after['rival'] < 60, after
            assert 'may have been copied' not in tpm.log_text()
            nv_write(tpm, 6)
            assert 'may have been copied' in tpm.log_text(), tpm.log_text()
            with vtpm(manager, clone):
                pass
            nv_write(tpm, 7)
        tap.equal((lineage(manager), manager.vm(UUID)['broken']), (first, 0))
        assert f'refused beside  {manager.vm(UUID)["rivals"]}, last 20' in manager.ctl(
            'show', UUID).stdout
        noted = [line for line in manager.ctl('audit').stdout.splitlines()
                 if 'refused beside' in line]
        tap.equal(len(noted), 1)  # in an hour
        assert process in noted[0], noted
        assert f'{process}, uid' in manager.log_text()


@tap.case('a clone that ran while the original was off makes that another history')
def _():
    with host() as (manager, folder):
        begin(manager, folder)
        clone = folder + '-clone'
        shutil.copytree(folder, clone)
        run_and_write(manager, clone, 5)
        of_clone = lineage(manager)
        run_and_write(manager, folder, 5)
        assert lineage(manager) != of_clone


@tap.case('a manager that does not answer costs one store two seconds, and the next one nothing')
def _():
    with host() as (manager, folder):
        begin(manager, folder)
        with vtpm(manager, folder) as tpm:
            took = []
            manager.process.send_signal(signal.SIGSTOP)
            try:
                for value in range(2):
                    begun = time.monotonic()
                    nv_write(tpm, value)
                    took.append(time.monotonic() - begun)
            finally:
                manager.process.send_signal(signal.SIGCONT)
            assert took[0] > 1.9 and took[1] < 1.9, took


def state(number):
    return bytes([number]) * 32


@tap.case('an announcement that does not follow what is known is refused, and changes nothing')
def _():
    with host() as (manager, _), VtpmClient(manager, loaded=state(1), stored=state(1)) as vm:
        vm.hello()
        first = vm.lineage
        vm.announce(state(2))
        for before in (state(9), b''):
            vm.stored = before
            try:
                vm.announce(state(3))
                raise AssertionError('not refused')
            except client.Refused as refusal:
                tap.equal((refusal.status, refusal.reason), (DENIED, BROKEN_HISTORY))
        vm.close()
        for loaded in (1, 2):  # the one before, for the store may have failed
            with VtpmClient(manager, loaded=state(loaded), stored=state(1)) as again:
                again.hello()
                tap.equal(again.lineage, first)
                again.announce(state(2))


@tap.case('a VM that is disabled is not served, and its history is followed')
def _():
    with host() as (manager, folder):
        first = begin(manager, folder)
        manager.ctl('disable', UUID)
        run_and_write(manager, folder, 5)
        manager.ctl('enable', UUID)
        run_and_write(manager, folder, 6)
        tap.equal(lineage(manager), first)


@tap.case('vm accept wants a reason, and continuity a policy that there is')
def _():
    with host() as (manager, _):
        assert '--why' in manager.ctl('vm', 'accept', UUID, code=2).stderr
        assert '--continuity' in manager.ctl('continuity', UUID, code=2).stderr
        assert 'recorded' in manager.ctl('continuity', UUID, '--continuity', 'no', code=1).stderr
        assert 'continuity      recorded' in manager.ctl('show', UUID).stdout


tap.main()
