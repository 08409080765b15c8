# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerctl vm quote, and a monitor that is not QEMU's: it ends with a reason, and writes
nothing."""
import base64
import contextlib
import json
import os
import socket
import subprocess
import tempfile
import threading

import tap
from programs import program
from protocol import UUID

HELLO = {'QMP': {}}
OK = {'return': {}}
TPM = {'return': [{'id': 'tpm0', 'model': 'tpm-crb', 'options': {}}]}
ASKED = {'return': {'number': 1, 'state': 'waiting'}}
EVENT = {'event': 'RESUME'}


def completed(response):
    return {'return': {'number': 1, 'state': 'completed',
                       'response': base64.b64encode(response).decode()}}


@contextlib.contextmanager
def monitor(answers):
    """The path of a socket that says these, one for each line that it gets and one before that: an
    object, bytes, or a list of objects."""
    with tempfile.TemporaryDirectory(prefix='monitor-') as folder, \
            socket.socket(socket.AF_UNIX) as server:
        path = os.path.join(folder, 'qmp')
        server.bind(path)
        server.listen()

        def serve():
            peer, _ = server.accept()
            with peer, peer.makefile('rb') as lines, contextlib.suppress(OSError):
                for answer in answers:
                    if isinstance(answer, bytes):
                        peer.sendall(answer)
                    for one in answer if isinstance(answer, list) else [answer]:
                        if not isinstance(one, bytes):
                            peer.sendall(json.dumps(one).encode() + b'\n')
                    if not lines.readline():
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield path, os.path.join(folder, 'quote')
        finally:
            thread.join(60)


def ask(path, to, *options):
    return subprocess.run([program('vtpm-managerctl'), 'vm', 'quote', UUID, '--qmp', path,
                           '--nonce', '5a' * 32, '--output', to, *options], capture_output=True,
                          text=True, check=False, timeout=60)


@tap.case('what a monitor may say that is not QMP, or not what was asked for')
def _():
    for answers, says in (
            ([b''], 'does not answer'),
            ([b'\n'], 'does not speak QMP'),
            ([b'QEMU 7.2.0 monitor\n(qemu) \n'], 'does not speak QMP'),
            ([b'[' * 5000 + b'\n'], 'does not speak QMP'),
            ([b'x' * (1 << 20 | 1)], 'no end of line'),
            ([[EVENT] * 1000], 'events only'),
            ([HELLO, {'error': {'desc': 'no \x1b[2J'}}], 'refuses qmp_capabilities: no '),
            ([HELLO, {'error': 5}], 'refuses qmp_capabilities'),
            ([HELLO, {}], 'refuses qmp_capabilities'),
            ([HELLO, OK, {'return': {}}], 'no TPM of its own'),
            ([HELLO, OK, {'return': []}], 'no TPM of its own'),
            ([HELLO, OK, {'return': [7]}], 'no TPM of its own'),
            ([HELLO, OK, TPM, {'return': 5}], 'of another kind'),
            ([HELLO, OK, TPM, ASKED, {'return': []}], 'of another kind'),
            ([HELLO, OK, TPM, ASKED, {'return': {'state': 'failed', 'error': 'so'}}], 'so'),
            ([HELLO, OK, TPM, ASKED, ASKED, [EVENT, ASKED], completed(b'')], 'malformed'),
            ([HELLO, OK, TPM, ASKED, completed(b'\x80\x02' + b'\xff' * 4000)], 'malformed'),
            ([HELLO, OK, TPM, ASKED, {'return': {'state': 'completed', 'response': 5}}],
             'malformed')):
        with monitor(answers) as (path, to):
            done = ask(path, to)
            tap.equal(done.returncode, 1, str(answers)[:200] + done.stderr)
            assert says in done.stderr and '\x1b' not in done.stderr, (says, done.stderr)
            assert not os.path.exists(to)


@tap.case('options that cannot be are told before anybody is asked')
def _():
    for options, says in ((['--timeout', '-1'], 'give seconds'),
                          (['--pcrs', 'sha256'], '--pcrs'),
                          (['--flags', 'lunch'], 'group-key, launch'),
                          (['--host-pcrs', 'x:1'], '--host-pcrs'), (['--nonce', '5a'], '--nonce')):
        done = ask('/nonexistent', '/nonexistent', *options)
        tap.equal(done.returncode, 2, done.stderr)
        assert says in done.stderr, done.stderr
    done = ask('/nonexistent', '/nonexistent')
    assert done.returncode == 1 and '--qmp /nonexistent' in done.stderr, done


tap.main()
