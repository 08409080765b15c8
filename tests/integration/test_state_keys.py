# SPDX-License-Identifier: GPL-2.0-or-later
"""The state of a VM that is sealed is in an encrypted file, whose key the manager hands out to who
may start its vTPM, and nobody else has: real swtpm processes, a real manager."""
import contextlib
import os
import random
import shutil
import struct
import subprocess
import tempfile
import time

import tap
import tpm2
import users
from client import Refused, VtpmClient
from fake_manager import FakeManager
from manager import Manager
from process import Failed, spawn, wait_until
from programs import program
from protocol import BREAKS_RULE, KEY, KEY_LOST, OK, UNREGISTERED, UUID, uuid_bytes
from relay import CREATE_PRIMARY, Relay
from secret import SECRET, put_secret, secret_of, write_secret
from swtpm import environment
from vtpm import Vtpm

LAUNCHER = program('swtpm-deepquote')
CAP_PCRS = 5
KILLS = int(os.environ.get('KILLS', '25'))
FLAG_ENCRYPTED = 1
OTHER_UUID = '16fd2706-8baf-433b-82eb-8c7fada847da'


@contextlib.contextmanager
def host(**options):
    """A manager that knows the VM, and a folder for its vTPM."""
    with tempfile.TemporaryDirectory(prefix='keys-') as folder, Manager(**options) as manager:
        manager.introduce(UUID, os.getuid())
        yield manager, os.path.join(folder, 'vm')


def seal(manager, uuid=UUID):
    answer = manager.admin('seal', uuid=uuid)
    assert answer['ok'] and answer['vm']['sealed'], answer


def vtpm(manager, folder, **options):
    return Vtpm(deepquote=f'manager={manager.socket},timeout=5', dir=folder, **options)


def file_of(folder, name='tpm2-00.permall'):
    return os.path.join(folder, 'state', name)


def content(path):
    with open(path, 'rb') as f:
        return f.read()


def encrypted(folder):
    whole = content(file_of(folder))
    return bool(struct.unpack('>BBHHI', whole[:10])[3] & FLAG_ENCRYPTED)


def begin(manager, folder):
    """A VM that has run, its state in plain text."""
    with vtpm(manager, folder) as tpm:
        put_secret(tpm)
    assert not encrypted(folder)


def begin_sealed(manager, folder):
    seal(manager)
    with vtpm(manager, folder) as tpm:
        put_secret(tpm)
    assert encrypted(folder)


def goes_on(manager, folder, secret=SECRET):
    with vtpm(manager, folder) as tpm:
        tap.equal(secret_of(tpm), secret)


def does_not_start(manager, folder, why, **options):
    tpm = vtpm(manager, folder, **options)
    tpm.output = folder + '.said'
    try:
        tpm.start()
    except (Failed, OSError):
        assert why in content(tpm.output).decode(), content(tpm.output)
    else:
        raise AssertionError('it has started')
    finally:
        tpm.stop()


def files_below(folder):
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def key_of(manager, uuid=UUID, **options):
    with VtpmClient(manager, uuid, **options) as peer:
        return peer.key()


def refusal_of(manager, uuid=UUID, **options):
    try:
        key_of(manager, uuid, **options)
    except Refused as refusal:
        return refusal.reason
    raise AssertionError('the key was given')


@tap.case('a state in plain text is encrypted at the next start, and what it was is overwritten')
def _():
    with host() as (manager, folder):
        begin(manager, folder)
        lineage = manager.vm(UUID)['lineage']
        old = os.path.join(os.path.dirname(folder), 'the old file')
        os.link(file_of(folder), old)
        assert SECRET in content(old), 'the secret is not in a plain state'
        seal(manager)
        assert not encrypted(folder)
        goes_on(manager, folder)
        assert encrypted(folder)
        tap.equal(set(content(old)), {0}, 'what the old file has')
        tap.equal(sorted(os.listdir(os.path.dirname(file_of(folder)))),
                  ['.lock', 'tpm2-00.permall'])
        goes_on(manager, folder)
        vm = manager.vm(UUID)
        tap.equal((vm['lineage'], vm['broken']), (lineage, 0), 'its history')


@tap.case('a state as swtpm_setup makes it is encrypted at its first start, and has its PCR banks')
def _():
    with host() as (manager, folder):
        Vtpm(dir=folder).provision()
        shutil.copytree(os.path.join(folder, 'state'), os.path.join(folder + '.plain', 'state'))
        with Vtpm(dir=folder + '.plain') as tpm:
            banks = tpm2.get_capability(tpm.send, CAP_PCRS, 0, 16)
        seal(manager)
        with vtpm(manager, folder) as tpm:
            tap.equal(tpm2.get_capability(tpm.send, CAP_PCRS, 0, 16), banks)
        assert encrypted(folder)
        tap.equal(sorted(os.listdir(os.path.dirname(file_of(folder)))),
                  ['.lock', 'tpm2-00.permall'])


@tap.case('a VM that is sealed from the beginning never has a state in plain text')
def _():
    with host() as (manager, folder):
        begin_sealed(manager, folder)
        goes_on(manager, folder)
        for path in files_below(folder):
            assert SECRET not in content(path), path


@tap.case('the key is in no argument, no environment, no file and no log')
def _():
    with host(verbose=True) as (manager, folder):
        begin_sealed(manager, folder)
        key = key_of(manager)
        tap.equal(len(key), 32)
        with vtpm(manager, folder) as tpm:
            pid = tpm.process.pid
            shown = [content(f'/proc/{pid}/cmdline'), content(f'/proc/{pid}/environ')]
            assert b'--key' in shown[0]
            shown += [content(path) for path in (*files_below(folder), *files_below(manager.dir))]
        for text in shown:
            for form in (key, key.hex().encode(), key.hex().upper().encode()):
                assert form not in text


@tap.case('without the manager a sealed VM does not start and says why; a running one goes on')
def _():
    with host() as (manager, folder):
        begin_sealed(manager, folder)
        with vtpm(manager, folder) as tpm:
            manager.stop()
            write_secret(tpm, SECRET[::-1])
            tap.equal(secret_of(tpm), SECRET[::-1])
        does_not_start(manager, folder, 'its key cannot be had')
        manager.start()
        goes_on(manager, folder, SECRET[::-1])


@tap.case('without the manager a VM that is not sealed starts as ever')
def _():
    with host() as (manager, folder):
        begin(manager, folder)
        manager.stop()
        goes_on(manager, folder)
        manager.start()


@tap.case('a state that is still plain starts without the manager, and is encrypted later')
def _():
    with host() as (manager, folder):
        begin(manager, folder)
        seal(manager)
        manager.stop()
        goes_on(manager, folder)
        assert not encrypted(folder)
        manager.start()
        goes_on(manager, folder)
        assert encrypted(folder)


@tap.case('who may not speak for the VM gets no key, and the log says so')
def _():
    if os.getuid() != 0:
        tap.skip('only root can be another user')
    with host() as (manager, folder):
        begin_sealed(manager, folder)
        tap.equal(refusal_of(manager, user=users.FIRST + 77), BREAKS_RULE)
        tap.equal(refusal_of(manager, OTHER_UUID, user=os.getuid()), UNREGISTERED)
        assert manager.admin('rule', uuid=UUID, rule='unit')['ok']
        tap.equal(refusal_of(manager), BREAKS_RULE)
        assert manager.admin('rule', uuid=UUID, rule='libvirt', owner=os.getuid())['ok']
        tap.equal(refusal_of(manager), BREAKS_RULE)
        assert f'uid {users.FIRST + 77}' in manager.log_text()


@tap.case('the launcher of another VM cannot use the key of this one')
def _():
    with host() as (manager, folder):
        begin_sealed(manager, folder)
        other = folder + '-other'
        users.own(manager, OTHER_UUID)
        seal(manager, OTHER_UUID)
        with vtpm(manager, other, uuid=OTHER_UUID) as tpm:
            put_secret(tpm, SECRET[::-1])
        shutil.copy(file_of(folder), file_of(other))
        tpm = vtpm(manager, other, uuid=OTHER_UUID, startup=None)
        with contextlib.suppress(Failed, OSError), tpm:
            assert tpm.ask_control('INIT', struct.pack('>I', 0)) != bytes(4)
        users.own(manager, UUID)
        goes_on(manager, folder)


@tap.case('a file with one bit changed is not taken for the state')
def _():
    with host() as (manager, folder):
        begin_sealed(manager, folder)
        whole = content(file_of(folder))
        for _ in range(5):
            at = random.randrange(30, len(whole))
            changed = bytearray(whole)
            changed[at] ^= 1 << random.randrange(8)
            with open(file_of(folder), 'wb') as f:
                f.write(changed)
            with contextlib.suppress(Failed, OSError), \
                    vtpm(manager, folder, startup=None) as tpm:
                answer = tpm.ask_control('INIT', struct.pack('>I', 0))
                assert answer != bytes(4), f'byte {at} of {len(whole)}'
        with open(file_of(folder), 'wb') as f:
            f.write(whole)
        goes_on(manager, folder)


@tap.case('a state that was suspended stays as it is until it was shut down')
def _():
    with host() as (manager, folder):
        begin(manager, folder)
        shutil.copy(file_of(folder), file_of(folder, 'tpm2-00.volatilestate'))
        seal(manager)
        tpm = vtpm(manager, folder, startup=None)
        tpm.output = folder + '.said'
        with tpm:
            assert b'it was suspended' in content(tpm.output)
        assert not encrypted(folder)
        os.unlink(file_of(folder, 'tpm2-00.volatilestate'))
        goes_on(manager, folder)
        assert encrypted(folder)


@tap.case('killed at any moment while it encrypts, a VM has its state, and no plain copy stays')
def _():
    with host() as (manager, folder):
        seal(manager)
        with Vtpm(dir=folder) as tpm:
            put_secret(tpm)
        shutil.copytree(os.path.join(folder, 'state'), folder + '.plain')
        begun = time.monotonic()
        goes_on(manager, folder)
        took = time.monotonic() - begun
        kinds = set()
        for number in range(KILLS):
            old = begin_anew(manager, folder)
            tpm = vtpm(manager, folder)
            process = spawn(tpm.argv, os.path.join(folder, 'killed.log'), env=environment())
            time.sleep(took * (number + random.random()) / KILLS)
            process.kill()
            process.wait()
            wait_until(lambda: not running_on(folder), 'what it started has ended')
            kinds.add((encrypted(folder), os.path.exists(file_of(folder, 'tpm2-00.plain'))))
            goes_on(manager, folder)
            assert encrypted(folder)
            assert not os.path.exists(file_of(folder, 'tpm2-00.plain'))
            tap.equal(set(content(old)), {0})
            tap.equal(manager.vm(UUID)['broken'], 0, 'its history')
        print(f'# found after a kill (encrypted, plain kept): {sorted(kinds)}')
        tap.equal({kind[0] for kind in kinds}, {False, True}, 'killed before and after')


def begin_anew(manager, folder):
    """The plain state as it was, of a VM of which no state is known; another name of its file."""
    manager.admin('unregister', uuid=UUID)
    manager.introduced.clear()
    manager.introduce(UUID, os.getuid())
    shutil.rmtree(os.path.join(folder, 'state'))
    shutil.copytree(folder + '.plain', os.path.join(folder, 'state'))
    old = os.path.join(os.path.dirname(folder), 'old')
    with contextlib.suppress(FileNotFoundError):
        os.unlink(old)
    os.link(file_of(folder), old)
    return old


@tap.case('where the encrypted file cannot be loaded, the plain one that was left is put back')
def _():
    with host() as (manager, folder):
        seal(manager)
        with Vtpm(dir=folder) as tpm:
            put_secret(tpm)
        plain = content(file_of(folder))
        whole = bytearray(content(encrypted_copy(manager, folder)))
        whole[-1] ^= 1
        with open(file_of(folder), 'wb') as f:
            f.write(whole)
        with open(file_of(folder, 'tpm2-00.plain'), 'wb') as f:
            f.write(plain)
        goes_on(manager, folder)
        assert encrypted(folder)
        assert not os.path.exists(file_of(folder, 'tpm2-00.plain'))


def encrypted_copy(manager, folder):
    """The state's file once it is encrypted; the VM's own stays as it is."""
    copy = folder + '.copy'
    shutil.copytree(folder, copy)
    goes_on(manager, copy)
    return file_of(copy)


def running_on(folder):
    """Processes with this folder in their arguments."""
    found = subprocess.run(['pgrep', '-f', folder + '/state'], capture_output=True, check=False)
    return found.returncode == 0


@tap.case('a VM that is unregistered and registered again has the same key')
def _():
    with host() as (manager, folder):
        begin_sealed(manager, folder)
        key = key_of(manager)
        assert manager.admin('unregister', uuid=UUID)['ok']
        does_not_start(manager, folder, 'its key cannot be had')
        manager.introduced.clear()
        manager.introduce(UUID, os.getuid())
        assert manager.vm(UUID)['sealed']
        tap.equal(key_of(manager), key)
        goes_on(manager, folder)


@tap.case('the key goes with its VM into another group, and outlives the one that it came from')
def _():
    with host() as (manager, folder):
        assert manager.admin('group', group='gold', weight=2)['ok']
        assert manager.admin('move', uuid=UUID, group='gold')['ok']
        begin_sealed(manager, folder)
        key = key_of(manager)
        assert manager.admin('move', uuid=UUID, group='default')['ok']
        assert manager.admin('ungroup', group='gold')['ok']
        tap.equal(key_of(manager), key)
        manager.restart()
        tap.equal(key_of(manager), key)
        goes_on(manager, folder)
        entries = [entry['what'] for entry in manager.admin('audit')['entries']]
        assert any("group default's to keep" in what for what in entries), entries


HOSTILE = {
    'nothing': lambda m, request: None,
    'an end': lambda m, request: m.drop(),
    'another type': lambda m, request: m.reply(request, type=0x101),
    'another id': lambda m, request: m.reply(request, OK, tpm2.b2(b''), id=99),
    'another version': lambda m, request: m.reply(request, OK, tpm2.b2(b''), version=4),
    'half a key': lambda m, request: m.reply(request, OK, tpm2.b2(bytes(16))),
    'a key too long': lambda m, request: m.reply(request, OK, tpm2.b2(bytes(33))),
    'a length too long': lambda m, request: m.reply(request, OK, tpm2.u16(32) + bytes(31)),
    'more behind it': lambda m, request: m.reply(request, OK, tpm2.b2(bytes(32)) + b'x'),
    'no status': lambda m, request: m.raw(m.packet(request)[:12]),
    'a long packet': lambda m, request: m.raw(m.packet(request, OK, bytes(9000))),
}


@tap.case('what no manager says is no key: what is plain starts, what is encrypted does not')
def _():
    with host() as (manager, folder):
        begin_sealed(manager, folder)
        plain = folder + '-plain'
        with Vtpm(dir=plain) as tpm:
            put_secret(tpm)
        with FakeManager(os.path.join(manager.dir, 'fake')) as fake:
            for name, answer in HOSTILE.items():
                fake.on[KEY] = answer
                options = {'deepquote': f'manager={fake.path},timeout=0.3'}
                with Vtpm(dir=plain, **options) as tpm:
                    tap.equal(secret_of(tpm), SECRET, name)
                refused = Vtpm(dir=folder, **options)
                refused.output = folder + '.said'
                with contextlib.suppress(Failed, OSError), refused:
                    raise AssertionError(name)
                assert b'its key cannot be had' in content(refused.output), name
        assert not encrypted(plain)
        goes_on(manager, folder)


@tap.case('with another TPM in the host the key is lost, and the log says so')
def _():
    with host() as (manager, folder):
        begin_sealed(manager, folder)
        assert manager.stop() == 0
        shutil.rmtree(manager.tpm)
        for name in os.listdir(manager.state):
            if name.startswith('ak'):
                os.unlink(os.path.join(manager.state, name))
        manager.start()
        manager.ctl('registry', 'accept', '--why', 'the TPM was exchanged')
        wait_until(lambda: manager.admin('status')['ok'], 'it serves')
        tap.equal(refusal_of(manager), KEY_LOST)
        assert 'its endorsement seed was changed' in manager.log_text()
        does_not_start(manager, folder, 'its key cannot be had')


@tap.case('all keys of a group need the TPM once')
def _():
    if os.getuid() != 0:
        tap.skip('only root can be several users')
    uuids = [f'00000000-0000-4000-8000-{number:012x}' for number in range(20)]
    with Relay() as relay, Manager(tcti=relay.tcti) as manager:
        for uuid in uuids:
            manager.introduce(uuid, users.owner_of(uuid))
            seal(manager, uuid)
        before = relay.counts.get(CREATE_PRIMARY, 0)
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(VtpmClient(manager, uuid)) for uuid in uuids]
            asked = [(peer, peer.send(KEY, uuid_bytes(peer.uuid))) for peer in peers]
            keys = {peer.receive(KEY, number).b2() for peer, number in asked}
        tap.equal(len(keys), len(uuids), 'keys that differ')
        tap.equal(relay.counts[CREATE_PRIMARY] - before, 1)


@tap.case('who starts swtpm with a key of their own is left alone')
def _():
    with host() as (manager, folder):
        seal(manager)
        path = os.path.join(os.path.dirname(folder), 'own key')
        with open(path, 'wb') as f:
            f.write(bytes(range(32)))
        arguments = ['--key', f'file={path},format=binary,mode=aes-256-cbc']
        with vtpm(manager, folder, arguments=arguments) as tpm:
            put_secret(tpm)
        assert encrypted(folder)
        entries = [entry['what'] for entry in manager.admin('audit')['entries']]
        assert not any('the key' in what for what in entries), entries


@tap.case('swtpm_setup makes the state encrypted, and reconfigures it')
def _():
    with tempfile.TemporaryDirectory(prefix='setup-') as folder, Manager() as manager:
        seal_new(manager)
        path = standing_in(folder, manager)
        state = os.path.join(folder, 'swtpm', UUID, 'tpm2')
        os.makedirs(state)
        setup = ['swtpm_setup', '--tpm2', '--tpmstate', state, '--logfile',
                 os.path.join(folder, 'setup.log')]
        if os.getuid() == 0:
            setup += ['--runas', 'root']
        env = {**environment(), 'PATH': path + ':' + os.environ['PATH']}
        subprocess.run([*setup, '--createek', '--pcr-banks', 'sha256'], env=env, check=True,
                       timeout=60, capture_output=True)
        assert encrypted_file(os.path.join(state, 'tpm2-00.permall'))
        subprocess.run([*setup, '--reconfigure', '--pcr-banks', 'sha384'], env=env, check=True,
                       timeout=60, capture_output=True)
        assert encrypted_file(os.path.join(state, 'tpm2-00.permall'))


def encrypted_file(path):
    return bool(struct.unpack('>BBHHI', content(path)[:10])[3] & FLAG_ENCRYPTED)


def seal_new(manager):
    answer = manager.admin('register', uuid=UUID, rule='user', owner=os.getuid(), seal=True)
    assert answer['ok'], answer


def standing_in(folder, manager):
    """A folder with a swtpm that is ours, as libvirt finds it, told of the manager."""
    path = os.path.join(folder, 'bin')
    os.mkdir(path)
    script = os.path.join(path, 'swtpm')
    with open(script, 'w', encoding='utf-8') as f:
        f.write('#!/bin/sh\n'
                f'exec {LAUNCHER} "$@" --deepquote manager={manager.socket},timeout=5\n')
    os.chmod(script, 0o755)
    return path


tap.main()
