# SPDX-License-Identifier: GPL-2.0-or-later
"""What code a vTPM's process runs, as the manager sees it: in the binding, and part by part."""
import contextlib
import ctypes
import hashlib
import json
import os
import shutil
import struct
import tempfile
from unittest import mock

import tap
import tpm2
from client import Refused, expect_authentic, greeted, refused
from deepquote_guest import NONCE, TOOL, Guest, content, path, put, work
from manager import Manager
from programs import program
from protocol import BAD_FLAGS, BAD_VALUE
from verifier import verify

PARTS = 9
LAUNCHER = program('swtpm-deepquote')
MODULE = os.path.join(os.path.dirname(LAUNCHER), 'module.so')
NOT_MEASURED = 25
PR_CAPBSET_DROP = 24
CAPABILITIES = {'SYS_PTRACE': 19, 'SYS_ADMIN': 21, 'PERFMON': 38}  # each shows some of it


def sha256(path):
    with open(path, 'rb') as f:
        return hashlib.sha256(f.read()).digest()


def expected_list(pid):
    """The list of a process, by nothing of ours: what /proc shows, and the files as they are."""
    exe = os.path.realpath(os.readlink(f'/proc/{pid}/exe'))
    paths = set()
    with open(f'/proc/{pid}/maps', encoding='ascii') as f:
        for line in f:
            cells = line.split(maxsplit=5)
            if 'x' in cells[1] and len(cells) == 6 and cells[5].startswith('/'):
                paths.add(cells[5].strip())
    assert exe in paths
    rows = sorted({(1 if path == exe else 2, os.path.basename(path).encode(), sha256(path))
                   for path in paths})
    return struct.pack('>4sHH', b'DQTP', 1, len(rows)) + b''.join(
        bytes([kind, len(name)]) + name + digest for kind, name, digest in rows)


def names(parts):
    """{name: digest} of a list."""
    r = tpm2.Reader(parts)
    assert r.take(6) == b'DQTP\x00\x01'
    ret = {}
    for _ in range(int.from_bytes(r.take(2), 'big')):
        r.take(1)
        name = r.take(r.take(1)[0]).decode()
        ret[name] = r.take(32)
    assert not r.rest()
    return ret


def deepquote(guest, *options):
    tap.equal(guest.deepquote('--ak-create', '--ak-public', 'ak.pub', '--flags', 'measurements',
                              '--host-credential', 'vtpm-parts=vtpm_parts.bin',
                              '--host-credential', 'ak=host.pub', *options), (0, '', ''))
    return content('vtpm_parts.bin')


def verdict(guest, *policy, **expected):
    """Of the files that deepquote() wrote."""
    put('policy', ''.join(line + '\n' for line in policy).encode())
    return verify(work, NONCE, '--host', path('host.pub'), policy=path('policy'), uuid=guest.uuid,
                  **expected)


def check_parts(guest, *options):
    return verify(work, NONCE, '--host', path('host.pub'), '--vtpm-parts', path('vtpm_parts.bin'),
                  *options, uuid=guest.uuid)


@contextlib.contextmanager
def started(manager, **options):
    with Guest(manager, f'manager={manager.socket}', **options) as guest:
        yield guest


@contextlib.contextmanager
def copied():
    """(launcher, module) that a test may change."""
    with tempfile.TemporaryDirectory(prefix='measure-') as folder:
        for file in (LAUNCHER, MODULE):
            shutil.copy(file, folder)
        yield os.path.join(folder, 'swtpm-deepquote'), os.path.join(folder, 'module.so')


@tap.case('the list that a guest gets is that of its swtpm, and its digest is in the binding')
def _():
    with Manager() as manager, started(manager) as guest:
        parts = deepquote(guest)
        tap.equal(parts.hex(), expected_list(guest.process.pid).hex())
        have = names(parts)
        tap.equal(have['module.so'], sha256(MODULE))
        for part in ('swtpm', 'libtpms', 'libswtpm'):
            assert any(name.startswith(part) for name in have), (part, have)
        digest = hashlib.sha256(parts).hexdigest()
        assert digest in content('evidence.bin').hex()
        answer = verdict(guest, f'measurement {digest}')
        assert answer.authentic, answer
        answer = check_parts(guest)
        assert answer.authentic, answer
        for name, part in have.items():
            assert f'"{name}" {part.hex()}' in answer.output, (name, answer)
        findings = json.loads(check_parts(guest, '--json').output)['findings']
        tap.equal([(f['finding'], f['result']) for f in findings], [('vtpm-parts', 'pass')])
        assert have['module.so'].hex() in findings[0]['detail']
        for changed in (parts[:-1], parts + b'x', parts[:-1] + bytes([parts[-1] ^ 1])):
            put('vtpm_parts.bin', changed)
            tap.equal(check_parts(guest).word, 'vtpm-parts')
        answer = verdict(guest, 'measurement ' + '0' * 64)
        tap.equal(answer.word, 'policy')
        assert 'measurement is none of those' in answer.output, answer


@tap.case('without the flag there is no digest, and a policy that wants one refuses')
def _():
    with Manager() as manager, started(manager) as guest:
        digest = hashlib.sha256(deepquote(guest)).hexdigest()
        tap.equal(guest.deepquote('--ak-create', '--ak-public', 'ak.pub'), (0, '', ''))
        assert digest not in content('evidence.bin').hex()
        answer = check_parts(guest)
        assert answer.authentic and 'did not sign for a measurement' in answer.output, answer
        tap.equal(verdict(guest, f'measurement {digest}').word, 'policy')


@tap.case('a module with one byte more is another part, and has another digest')
def _():
    with Manager() as manager:
        with copied() as (launcher, module):
            with started(manager, program=launcher) as guest:
                before = deepquote(guest)
            with open(module, 'ab') as f:
                f.write(b'x')
            with started(manager, program=launcher) as guest:
                after = deepquote(guest)
                tap.equal(after.hex(), expected_list(guest.process.pid).hex())
                digest = hashlib.sha256(before).hexdigest()
                tap.equal(verdict(guest, f'measurement {digest}').word, 'policy')
            changed = {name for name, digest in names(after).items()
                       if names(before)[name] != digest}
            tap.equal(changed, {'module.so'})


@tap.case('a library that was loaded besides is in the list')
def _():
    with Manager() as manager, tempfile.TemporaryDirectory(prefix='measure-') as folder:
        with started(manager) as guest:
            before = names(deepquote(guest))
        library = os.path.join(folder, 'libinjected.so')
        shutil.copy('/usr/lib/x86_64-linux-gnu/libutil.so.1', library)
        # The sanitizers' runtime, where there is one, asks to come first.
        added = {'LD_PRELOAD': library, 'ASAN_OPTIONS': 'verify_asan_link_order=0:detect_leaks=0'}
        with mock.patch.dict(os.environ, added), started(manager) as guest:
            after = names(deepquote(guest))
        tap.equal(set(after) - set(before), {'libinjected.so'})
        tap.equal(after['libinjected.so'], sha256(library))


@tap.case('a module that was replaced while it runs: refused, and the log says what to do')
def _():
    with Manager() as manager, copied() as (launcher, module), \
            started(manager, program=launcher) as guest:
        shutil.copy(module, module + '.new')
        os.replace(module + '.new', module)
        for _ in range(3):
            status, _, error = guest.deepquote('--ak-create', '--flags', 'measurements')
            tap.equal(status, 1)
            assert '0x5c4' in error and 'its log says why' in error, error
        status, _, error = guest.run(TOOL, '--host-credential', 'vtpm-parts=x')
        tap.equal(status, 1)
        assert 'no such credential' in error, error
        log = manager.log_text()
        tap.equal(log.count('deleted or replaced since it was started: restart the VM'), 1)
        assert module in log, log
        tap.equal(guest.deepquote('--ak-create'), (0, '', ''))


@tap.case('what was seen first stays: a later change of files changes nothing')
def _():
    with Manager() as manager, copied() as (launcher, module), \
            started(manager, program=launcher) as guest:
        before = deepquote(guest)
        shutil.copy(module, module + '.new')
        os.replace(module + '.new', module)
        tap.equal(deepquote(guest), before)


@tap.case('a manager that may not look at the process says so; all else is as ever')
def _():
    if os.getuid() != 0:
        tap.skip('only root has the right to lose')
    libc = ctypes.CDLL(None)

    def give_up():
        for capability in CAPABILITIES.values():
            libc.prctl(PR_CAPBSET_DROP, capability)
    with Manager(prepare=give_up) as manager, greeted(manager) as vtpm:
        try:
            vtpm.prepare(flags=3)
            raise AssertionError('not refused')
        except Refused as refusal:
            tap.equal((refusal.status, refusal.reason), (BAD_FLAGS, NOT_MEASURED))
        tap.equal(vtpm.credential(PARTS), (0, b''))
        log = manager.log_text()
        assert 'see MEASUREMENTS in vtpm-managerd(8)' in log, log
        vtpm.prepare()


@tap.case('the manager is asked for pages of it by a client of another make')
def _():
    with Manager() as manager, greeted(manager) as vtpm:
        total, page = vtpm.credential(PARTS, 0, 100)
        tap.equal(len(page), 100)
        tap.equal(vtpm.credential(PARTS, 90, 20)[1][:10], page[90:])
        tap.equal(vtpm.credential(PARTS, total), (total, b''))
        refused(BAD_VALUE, vtpm.credential, PARTS, total + 1)
        whole = vtpm.credential(PARTS, 0, 4000)[1]
        tap.equal(whole.hex(), expected_list(os.getpid()).hex())
        vtpm.prepare(flags=3)
        evidence = vtpm.quote(b'n' * 32, flags=3)
        assert hashlib.sha256(whole).digest() in evidence
        expect_authentic(manager, vtpm, evidence, b'n' * 32)


try:
    tap.main()
finally:
    shutil.rmtree(work, ignore_errors=True)
