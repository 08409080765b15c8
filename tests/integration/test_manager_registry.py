# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerd: who may speak for a VM, epochs and generations, restarts, a full disk."""
import contextlib
import os
import re
import resource
import shutil
import signal
import sqlite3
import tempfile
import uuid as uuids

import tap
import tpm2
from client import Binding, Refused, VtpmClient, greeted, make_ek, refused
from manager import Manager
from process import Failed, run, wait_until
from protocol import DENIED, HOST_PCRS, UUID
from users import own
from vtpm import Vtpm

NONCE = b'n' * 32
NOBODY = 65534
NO_EK, OTHER_EK = 5, 6  # reasons of a refusal


def hello(manager, instance=None, uuid=UUID):
    """Connects, says HELLO, hangs up: (epoch, generation)."""
    with VtpmClient(manager, uuid=uuid, instance=instance) as vtpm:
        welcome = vtpm.hello()
    gone(manager, uuid)
    return welcome


def gone(manager, uuid=UUID):
    wait_until(lambda: not manager.vm(uuid)['connected'], 'the connection is closed')


def tell(manager, instance, stores):
    """A quote by `instance` after `stores`; the generation in its binding."""
    with greeted(manager, instance=instance) as vtpm:
        generation = Binding(vtpm.quote(NONCE, stores=stores)).generation
    gone(manager)
    return generation


@tap.case('an unknown UUID is refused, and welcome once registered, on the same connection too')
def _():
    with Manager() as manager, VtpmClient(manager, known=False) as vtpm:
        refused(DENIED, vtpm.hello)
        refused(DENIED, vtpm.quote, NONCE)
        tap.equal(manager.admin('list')['vms'], [])
        assert manager.admin('register', uuid=UUID, name='a VM')['ok']
        tap.equal(vtpm.hello(), (1, 0))
        vtpm.quote(NONCE)
        assert 'vtpm-managerctl register' in manager.log_text()


@tap.case('a disabled VM is refused, at HELLO and in the middle of its life')
def _():
    with Manager() as manager, greeted(manager) as vtpm:
        manager.admin('disable', uuid=UUID)
        refused(DENIED, vtpm.quote, NONCE, stores=9)
        refused(DENIED, vtpm.credential, 0)
        refused(DENIED, vtpm.pcr_read, HOST_PCRS)
        with VtpmClient(manager) as other:
            refused(DENIED, other.hello)
        tap.equal((manager.vm(UUID)['epoch'], manager.vm(UUID)['generation']), (1, 0))
        manager.admin('enable', uuid=UUID)
        vtpm.quote(NONCE)


@tap.case('a UUID that is connected is refused to another instance, replaced by the same')
def _():
    with Manager() as manager, greeted(manager) as vtpm:
        with VtpmClient(manager) as other:
            refused(DENIED, other.hello)
            refused(DENIED, other.quote, NONCE)
        tap.equal(manager.vm(UUID)['epoch'], 1)
        vtpm.quote(NONCE)
        with VtpmClient(manager, instance=vtpm.instance) as again:
            tap.equal(again.hello(), (1, 0))
            tap.equal(vtpm.sock.recv(100), b'', 'the old connection')
            again.quote(NONCE)
        gone(manager)
        tap.equal(hello(manager), (2, 0))


@tap.case('each new instance is an epoch, a reconnect is not')
def _():
    with Manager() as manager:
        first, second = os.urandom(16), os.urandom(16)
        tap.equal(hello(manager, first), (1, 0))
        tap.equal(hello(manager, first), (1, 0))
        tap.equal(tell(manager, first, 5), 5)
        tap.equal(hello(manager, second), (2, 5))
        tap.equal(tell(manager, second, 0), 5)
        tap.equal(tell(manager, second, 3), 8)
        tap.equal(hello(manager, first), (3, 8))


@tap.case('stores that go back within an instance are refused')
def _():
    with Manager() as manager, greeted(manager) as vtpm:
        vtpm.quote(NONCE, stores=4)
        refused(DENIED, vtpm.quote, NONCE, stores=3)
        refused(DENIED, vtpm.quote, NONCE, stores=2 ** 64 - 1)
        tap.equal(manager.vm(UUID)['generation'], 4)
        tap.equal(Binding(vtpm.quote(NONCE, stores=4)).generation, 4)


@tap.case('a new instance on a live connection begins an epoch there')
def _():
    with Manager() as manager, greeted(manager) as vtpm:
        vtpm.quote(NONCE, stores=2)
        vtpm.instance = os.urandom(16)
        tap.equal(vtpm.hello(), (2, 2))


@tap.case('a restart of the manager keeps VMs, epochs, generations and the AK')
def _():
    with Manager() as manager:
        first = os.urandom(16)
        hello(manager, first)
        tell(manager, first, 6)
        key = manager.admin('ak')
        manager.restart()
        tap.equal(manager.admin('ak'), key)
        tap.equal((manager.vm(UUID)['epoch'], manager.vm(UUID)['generation']), (1, 6))
        tap.equal(hello(manager, first), (1, 0))
        tap.equal(tell(manager, first, 7), 7)
        tap.equal(hello(manager), (2, 7))


@tap.case('after a crash of the manager no generation is told twice')
def _():
    with Manager() as manager:
        first = os.urandom(16)
        tell(manager, first, 6)
        manager.kill()
        manager.start()
        again = tell(manager, first, 6)      # the same instance goes on above what it may have told
        assert again > 6, again
        manager.kill()
        manager.start()
        epoch, generation = hello(manager)     # so does another one
        tap.equal(epoch, 2)
        assert generation > again, generation
        tell(manager, os.urandom(16), 20000)   # far above what is reserved at once
        manager.kill()
        manager.start()
        assert hello(manager)[1] >= generation + 20000


@tap.case('a vTPM that says after a crash that it stored less than before undercuts nothing')
def _():
    with Manager() as manager:
        first = os.urandom(16)
        told = tell(manager, first, 4000)
        for stores in (4000, 10, 0):
            manager.kill()
            manager.start()
            now = tell(manager, first, stores)
            assert now > told, f'{now} after {told}'
            told = now


@tap.case('a vTPM that says it stored more than any can have is refused')
def _():
    with Manager() as manager, VtpmClient(manager) as vtpm:
        vtpm.hello()
        vtpm.quote(NONCE, stores=4)
        for stores in (2 ** 32, 2 ** 62, 2 ** 64 - 1):
            refused(DENIED, vtpm.quote, NONCE, stores=stores)
        tap.equal(Binding(vtpm.quote(NONCE, stores=5)).generation, 5)


@tap.case('a vTPM or manager of another version is told so')
def _():
    with Manager() as manager, VtpmClient(manager) as vtpm:
        vtpm.sock.send(b'DQMP' + b'\0\1\0\1' + b'\0\0\0\7' + bytes(32))
        tap.equal(vtpm.sock.recv(100), b'DQMP' + b'\0\3\1\xff' + b'\0\0\0\7')
        tap.equal(vtpm.sock.recv(100), b'')
        assert 'another version' in manager.log_text()


@tap.case('a vTPM outlives a restart of the manager')
def _():
    with Manager() as manager:
        with greeted(manager) as vtpm:
            vtpm.quote(NONCE)
            manager.restart()
            tap.equal(vtpm.sock.recv(100), b'')
        with VtpmClient(manager, instance=vtpm.instance) as again:
            tap.equal(again.hello(), (1, 0))
            again.quote(NONCE)


@tap.case('an unregistered VM is cut off; registered again, its numbers go on')
def _():
    with Manager() as manager:
        manager.admin('register', uuid=UUID)
        with VtpmClient(manager, eks=[make_ek(1)[::2]]) as vtpm:
            vtpm.hello()
            before = vtpm.lineage
            tap.equal(manager.vm(UUID)['ek'], make_ek(1)[1].hex())
            vtpm.quote(NONCE, stores=3)
            manager.admin('unregister', uuid=UUID)
            tap.equal(vtpm.sock.recv(100), b'')
        with VtpmClient(manager) as other:
            refused(DENIED, other.hello)
        assert not manager.admin('unregister', uuid=UUID)['ok']
        manager.restart()
        manager.admin('register', uuid=UUID)
        with VtpmClient(manager) as vtpm:
            tap.equal(vtpm.hello(), (2, 3))
            assert vtpm.lineage != before, 'the lineage goes on'
        tap.equal(manager.vm(UUID)['ek'], '', 'the EK is free to be another')


def hello_with(manager, *eks):
    """A new life whose vTPM shows these endorsement keys; what a quote of it says is the EK."""
    with greeted(manager, eks=[ek[::2] for ek in eks]) as vtpm:
        told = Binding(vtpm.quote(NONCE)).ek
    gone(manager)
    return told


def refused_for(reason, manager, *eks):
    try:
        hello_with(manager, *eks)
    except Refused as refusal:
        tap.equal((refusal.status, refusal.reason), (DENIED, reason))
        return
    raise AssertionError('not refused')


@tap.case('the EK that a life begins with is pinned: another one, or none, is refused')
def _():
    with Manager() as manager:
        tap.equal(hello_with(manager), b'')
        tap.equal(hello_with(manager, make_ek(1)), make_ek(1)[1])
        refused_for(OTHER_EK, manager, make_ek(2))
        refused_for(NO_EK, manager)
        tap.equal(hello_with(manager, make_ek(2), make_ek(1)), make_ek(1)[1], 'among others')
        assert 'endorsement key' in manager.log_text()
        manager.restart()
        tap.equal(manager.vm(UUID)['ek'], make_ek(1)[1].hex())


@tap.case('a key that is not made as the EK templates say is no EK, whatever its handle')
def _():
    wrong = {'a signing key': make_ek(1, attributes=0x00050072),
             'one without the policy': make_ek(1, policy=b''),
             'one with a policy of its own': make_ek(1, policy=bytes(32)),
             'one that can be duplicated': make_ek(1, attributes=0x000300A0),
             'one of the owner hierarchy': make_ek(1, hierarchy=0x40000001),
             'one of the null hierarchy': make_ek(1, hierarchy=0x40000007),
             'garbage': (b'x' * 40, None, b'')}
    with Manager() as manager:
        for what, key in wrong.items():
            tap.equal(hello_with(manager, key), b'', what)
            tap.equal(manager.vm(UUID)['ek'], '', what)
        tap.equal(hello_with(manager, make_ek(1, attributes=0x000300F2)),
                  make_ek(1, attributes=0x000300F2)[1], 'the high range')


@tap.case('an EK given at registration binds from the start')
def _():
    with Manager() as manager:
        manager.admin('register', uuid=UUID, ek=make_ek(7)[1].hex())
        refused_for(NO_EK, manager)
        refused_for(OTHER_EK, manager, make_ek(8))
        tap.equal(hello_with(manager, make_ek(7)), make_ek(7)[1])


def life(folder, manager, *command):
    """One run of a vTPM: what the guest gets, or what a program of the guest says; and the log."""
    own(manager, UUID)
    with Vtpm(deepquote=f'manager={manager.socket}', dir=folder, client=not command) as tpm:
        if command:
            env = dict(os.environ, TPM2TOOLS_TCTI=tpm.tcti)
            return run([*command], env=env, cwd=folder, timeout=60).stdout, ''
        return tpm.rc(tpm2.host_credential_command(0)), tpm.log_text()


@tap.case("a guest that clears its vTPM loses its EK, and makes it again as the log says; a vTPM "
          'that was made anew has another one')
def _():
    if not shutil.which('swtpm_setup'):
        tap.skip('needs swtpm_setup')
    with Manager() as manager, tempfile.TemporaryDirectory() as folder:
        def new_tpm(name):
            tpm = Vtpm(dir=os.path.join(folder, name))
            tpm.provision()
            return tpm.dir
        first = new_tpm('first')
        tap.equal(life(first, manager)[0], 0)
        pinned = manager.vm(UUID)['ek']
        assert pinned, 'no EK is pinned'
        life(first, manager, 'tpm2_clear')
        rc, log = life(first, manager)
        tap.equal(rc, 0x502)
        advice = re.search(r'without an endorsement key.*(tpm2_createek (?:\S+ ){4}-u) FILE',
                           log)
        assert advice, log
        life(first, manager, *advice[1].split(), 'ek.pub')
        tap.equal((life(first, manager)[0], manager.vm(UUID)['ek']), (0, pinned))
        rc, log = life(new_tpm('second'), manager)
        tap.equal(rc, 0x502)
        assert 'is not the registered one' in log, log
        manager.ctl('unregister', UUID)
        manager.ctl('register', UUID)
        tap.equal(life(os.path.join(folder, 'second'), manager)[0], 0)
        assert manager.vm(UUID)['ek'] not in ('', pinned)


def quote_as(uid, manager):
    """Whether a process of `uid` is welcome."""
    child = os.fork()
    if child == 0:
        status = 3
        try:
            os.setgid(uid)
            os.setuid(uid)
            with greeted(manager, known=False) as vtpm:
                vtpm.quote(NONCE)
                status = 0
        except Refused as reason:
            status = 1 if reason.status == DENIED else 2
        finally:
            os._exit(status)
    return {0: True, 1: False}[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])]


@tap.case('only the owner of a VM may speak for it, root neither')
def _():
    if os.geteuid() != 0:
        tap.skip('needs root to be several users')
    with Manager() as manager:
        manager.admin('register', uuid=UUID, owner=NOBODY)
        tap.equal(quote_as(0, manager), False)
        tap.equal(quote_as(12345, manager), False)
        tap.equal(manager.vm(UUID)['epoch'], 0)
        tap.equal(quote_as(NOBODY, manager), True)


def fill(folder):
    """Takes all room of a file system."""
    with open(os.path.join(folder, 'filler'), 'wb', buffering=0) as f:
        try:
            while f.write(bytes(4096)):
                pass
        except OSError:
            pass


@tap.case('a full disk refuses what must be stored, and nothing is half stored')
def _():
    if os.geteuid() != 0:
        tap.skip('needs root to mount')
    state = tempfile.mkdtemp(prefix='managerd-full-')
    if os.system(f'mount -t tmpfs -o size=1m manager-test {state} 2>/dev/null'):
        shutil.rmtree(state)
        tap.skip('cannot mount a tmpfs here')
    try:
        with Manager(state=state) as manager:
            with greeted(manager) as vtpm:
                # Whole file pages may still have room: new VMs until there is none.
                fill(state)
                others = []
                try:
                    for _ in range(2000):
                        others.append(str(uuids.uuid4()))
                        hello(manager, uuid=others[-1])
                except (Refused, Failed) as reason:
                    assert 'has room' in f'{reason} {manager.log_text()}'
                else:
                    raise AssertionError('never full')
                known = {vm['uuid'] for vm in manager.admin('list')['vms']}
                refused(DENIED, hello_with, manager, make_ek(1))
                tap.equal((manager.vm(UUID)['ek'], manager.vm(UUID)['epoch']), ('', 1))
                vtpm.quote(NONCE, stores=2)  # what needs no storing goes on
                os.unlink(os.path.join(state, 'filler'))
                vtpm.quote(NONCE, stores=3)
            hello(manager, uuid=others[-1])
            gone(manager)
            hello_with(manager, make_ek(1))
            manager.restart()
            listed = {vm['uuid'] for vm in manager.admin('list')['vms']}
            tap.equal(listed, known | {others[-1]})
            tap.equal(manager.vm(UUID)['ek'], make_ek(1)[1].hex())
    finally:
        os.system(f'umount {state}')
        shutil.rmtree(state)


@tap.case('a registry that may not grow refuses new epochs and keeps the old')
def _():
    limit = 256 * 1024

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with Manager(prepare=small_files) as manager:
        vm, epoch = None, 0
        try:
            for i in range(500):
                vm, epoch = (vm, epoch) if i % 8 else (str(uuids.uuid4()), 0)
                tap.equal(hello(manager, os.urandom(16), uuid=vm)[0], epoch + 1)
                epoch += 1
        except (Refused, Failed) as reason:
            assert 'has room' in str(reason) or reason.status == DENIED, reason
        else:
            raise AssertionError('the limit was never reached')
        known = [v['epoch'] for v in manager.admin('list')['vms'] if v['uuid'] == vm]
        tap.equal(known, [epoch] if epoch else known)
        manager.kill()
        manager.prepare = None
        manager.start()
        tap.equal(hello(manager, uuid=vm)[0], epoch + 1)


def damaged(manager, path, data):
    """What a manager says that finds `data` in the registry's place, and leaves it there."""
    put(path, data)
    code, text = Manager(dir=manager.dir).fail()
    tap.equal((code, content(path)), (1, data))
    return text.strip().splitlines()[-1]


@tap.case('a registry that is lost, damaged or in use: what to do, what it costs, and nothing is '
          'overwritten')
def _():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with Manager(dir=folder) as manager:
            manager.admin('register', uuid=UUID)
            assert 'empty registry' not in manager.log_text()
        path = os.path.join(manager.state, 'registry.db')
        good = content(path)
        for data in (b'no database at all, but long enough to be one' * 100, good[:4096 * 2],
                     good[:100] + b'x' * (len(good) - 100)):
            said = damaged(manager, path, data)
            assert path in said and 'restore it from a backup, or move' in said, said
        put(path, good)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute('BEGIN EXCLUSIVE')
            code, text = Manager(dir=folder).fail()
            assert code == 1 and 'another program has it open' in text, text
        with Manager(dir=folder) as manager:
            tap.equal(manager.vm(UUID)['uuid'], UUID)
        for lose in (lambda: os.unlink(path), lambda: put(path, b'')):
            lose()
            with Manager(dir=folder) as manager:
                assert 'an empty registry is made' in manager.log_text()
                tap.equal(manager.admin('registry')['registry']['state'], 'held')
                manager.ctl('registry', 'accept', '--why', 'it is lost')
                tap.equal(manager.admin('list')['vms'], [])


def put(path, data):
    with open(path, 'wb') as f:
        f.write(data)


def content(path):
    with open(path, 'rb') as f:
        return f.read()


@tap.case('a second manager on the same state directory refuses to start, the first goes on')
def _():
    with Manager() as manager:
        before = sorted(os.listdir(manager.state))
        code, log = Manager(state=manager.state).fail()
        tap.equal(code, 1)
        assert 'another vtpm-managerd uses this state directory' in log, log
        with tempfile.TemporaryDirectory(prefix='managerd-') as folder:
            third = Manager(dir=manager.dir, state=folder + '/state')
            third.log = folder + '/log'
            tap.equal(third.fail()[0], 1)
        tap.equal(sorted(os.listdir(manager.state)), before)
        with greeted(manager) as vtpm:
            vtpm.quote(NONCE)


@tap.case('paths are bytes in every locale')
def _():
    for locale in ('C', 'C.UTF-8'):
        for name in ('Schlüssel', b'Schl\xfcssel'):
            with tempfile.TemporaryDirectory() as top:
                folder = os.path.join(top, os.fsdecode(name))
                os.mkdir(folder)
                os.environ['LC_ALL'] = locale
                try:
                    with Manager(dir=folder) as manager, \
                            greeted(manager) as vtpm:
                        vtpm.quote(bytes(32))
                        tap.equal(os.path.dirname(manager.state), folder)
                        assert os.path.exists(os.path.join(manager.state, 'registry.db'))
                finally:
                    del os.environ['LC_ALL']


@tap.case('the sockets and files of a manager that was killed are taken over')
def _():
    with Manager() as manager:
        hello(manager)
        manager.process.send_signal(signal.SIGKILL)
        manager.process.wait()
        assert os.path.exists(manager.socket)
        manager.start()
        tap.equal(hello(manager)[0], 2)


tap.main()
