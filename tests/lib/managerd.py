# SPDX-License-Identifier: GPL-2.0-or-later
"""A private vtpm-managerd for one test, and a vTPM that speaks its protocol.

    with Manager(auto_register=True) as manager:
        with VtpmClient(manager.socket) as vtpm:
            vtpm.hello()
            evidence = vtpm.quote(nonce)

The manager's directories, sockets and simulated TPM are its own.
"""
import hashlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import tpm2
from programs import program
from tpm2 import ALG_SHA256, Reader, b2, u16, u32, u64

BUILD_ROOT = os.environ.get('BUILD_ROOT', '')
MANAGERD = program('vtpm-managerd')
MANAGERCTL = program('vtpm-managerctl')
CHECK = program('tpm2_checkdeepquote')
UUID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'

MAGIC, VERSION = 0x44514D50, 1
HELLO, QUOTE, PCR_READ, CREDENTIAL, REPLY = 1, 2, 3, 4, 0x100
OK, DENIED, HOST_TPM, TIMEOUT, BUSY, TOO_LARGE, BAD_VALUE = range(7)
HOST_PCRS = tpm2.selection((ALG_SHA256, [0, 1, 2, 7]))


class Refused(Exception):
    """A reply whose status is not OK."""

    def __init__(self, status):
        super().__init__(f'status {status}')
        self.status = status


def wait_until(condition, what, seconds=20):
    """Polls `condition` until it is true; its value is returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'{what}: not within {seconds} s')
        time.sleep(0.01)


def refused(status, function, *args, **kwargs):
    """Asserts that the call is refused with this status."""
    try:
        function(*args, **kwargs)
    except Refused as reason:
        assert reason.status == status, f'status {reason.status}, want {status}'
        return
    raise AssertionError(f'not refused, want status {status}')


class Manager:
    """One vtpm-managerd process. `dir` keeps its state for another one; `tcti` instead of a
    simulated TPM; any other keyword becomes an option (auto_register=True, ak_algorithm='rsa')."""

    def __init__(self, dir=None, tcti=None, state=None, prepare=None, **options):
        self.dir = dir or tempfile.mkdtemp(prefix='managerd-')
        self.keep = dir is not None
        self.socket = os.path.join(self.dir, 'vtpm.sock')
        self.admin_socket = os.path.join(self.dir, 'admin.sock')
        self.state = state or os.path.join(self.dir, 'state')
        self.tpm = os.path.join(self.dir, 'tpm')
        self.log = os.path.join(self.dir, 'log')
        self.prepare = prepare
        os.chmod(self.dir, 0o755)
        self.argv = [MANAGERD, '--state-dir', self.state, '--socket', self.socket,
                     '--admin-socket', self.admin_socket]
        self.argv += ['--tcti', tcti] if tcti else ['--simulate-tpm', self.tpm]
        for name, value in options.items():
            option = '--' + name.replace('_', '-')
            self.argv += [option] if value is True else [option, str(value)]
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        code, log = self.stop(), self.log_text()
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        assert kind or code == 0, f'vtpm-managerd ended with {code}: {log}'

    def spawn(self):
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=self.prepare)
        return self

    def start(self):
        self.spawn()
        try:
            wait_until(self.answers, 'the manager answers', 60)
        except BaseException:
            self.kill()
            raise
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f'vtpm-managerd ended with {self.process.returncode}: '
                               f'{self.log_text()}')
        try:
            return self.admin('status')['ok']
        except OSError:
            return False

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return self.process.returncode

    def restart(self):
        assert self.stop() == 0, self.log_text()
        return self.start()

    def log_text(self):
        with open(self.log, encoding='utf-8', errors='replace') as f:
            return f.read()

    def admin(self, command, **members):
        """One request on the administration socket; the answer's object."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(self.admin_socket)
            s.sendall(json.dumps({'command': command} | members).encode() + b'\n')
            answer = b''
            while not answer.endswith(b'\n'):
                part = s.recv(65536)
                if not part:
                    raise ConnectionResetError('the manager closed the connection')
                answer += part
        return json.loads(answer)

    def ctl(self, *args):
        """vtpm-managerctl against this manager."""
        return subprocess.run([MANAGERCTL, '--socket', self.admin_socket, *args],
                              capture_output=True, text=True, check=False, timeout=60)

    def vm(self, uuid=UUID):
        return self.admin('show', uuid=uuid)['vm']

    def check(self, vtpm, evidence, nonce, *options):
        """tpm2_checkdeepquote on evidence for `vtpm`'s last quote: (exit code, last line)."""
        with tempfile.TemporaryDirectory(prefix='managerd-') as folder:
            def put(name, data):
                path = os.path.join(folder, name)
                with open(path, 'wb') as f:
                    f.write(data)
                return path
            done = subprocess.run(
                [CHECK, '-m', put('quote', vtpm.quoted), '-f', put('pcrs', vtpm.pcrs),
                 '--evidence', put('evidence', evidence), '-q', nonce.hex(), '--uuid', vtpm.uuid,
                 '--host', put('host', bytes.fromhex(self.admin('ak')['public'])), *options],
                capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]


class VtpmClient:
    """What swtpm-deepquote's module says to the manager, with a made-up vTPM quote."""

    def __init__(self, path, uuid=UUID, instance=None, timeout=30):
        self.uuid = uuid
        self.instance = instance or os.urandom(16)
        self.pcrs = bytes(32) * 2
        self.quoted = b''
        self.next_id = 1
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(timeout)
        try:
            self.sock.connect(path)
        except BaseException:
            self.sock.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, kind, body):
        """Sends a request; returns its id."""
        self.next_id += 1
        self.sock.send(struct.pack('>IHHI', MAGIC, VERSION, kind, self.next_id) + body)
        return self.next_id

    def receive(self, kind, request_id):
        """The body of the reply after its status; Refused where that is not OK."""
        packet = self.sock.recv(65536)
        if not packet:
            raise EOFError('the manager closed the connection')
        magic, version, got, got_id, status = struct.unpack('>IHHII', packet[:16])
        assert (magic, version, got, got_id) == (MAGIC, VERSION, kind | REPLY, request_id), packet
        if status != OK:
            assert len(packet) == 16, 'a refusal with a body'
            raise Refused(status)
        return Reader(packet[16:])

    def call(self, kind, body):
        return self.receive(kind, self.send(kind, body))

    def hello(self):
        """(epoch, generation)."""
        r = self.call(HELLO, bytes.fromhex(self.uuid.replace('-', '')) + self.instance)
        return r.u64(), r.u64()

    def attest(self, nonce, signer=b''):
        digest = hashlib.sha256(self.pcrs).digest()
        return (u32(0xFF544347) + u16(0x8018) + b2(signer) + b2(nonce) + u64(1000) + u32(1) +
                u32(0) + b'\1' + u64(1) + tpm2.selection((ALG_SHA256, [0, 1])) + b2(digest))

    def quote_body(self, nonce, ek=b'', commits=0, host_pcrs=HOST_PCRS, flags=1, room=3000,
                   timeout_ms=20000, quoted=None, signer=b''):
        self.quoted = self.attest(nonce) if quoted is None else quoted
        return (u32(flags) + b2(signer) + b2(ek) + b2(self.quoted) + host_pcrs + u64(commits) +
                u32(room) + u32(timeout_ms))

    def quote(self, nonce, **options):
        """The evidence."""
        return self.call(QUOTE, self.quote_body(nonce, **options)).b2()

    def pcr_read(self, pcrs):
        """The response parameters of TPM2_PCR_Read on the host's TPM."""
        return self.call(PCR_READ, pcrs).b2()

    def credential(self, what, offset=0):
        """(total size, page)."""
        r = self.call(CREDENTIAL, u32(what) + u32(offset))
        return r.u32(), r.b2()


class Binding:
    """Evidence taken apart: the binding in it, and its place in the batch."""

    def __init__(self, evidence):
        r = Reader(evidence)
        assert (r.u32(), r.u16()) == (0x44515445, 1)
        self.host_quoted = r.b2()
        self.algorithm = r.u16()
        r.u16()
        r.b2()
        if self.algorithm == tpm2.ALG_ECDSA:
            r.b2()
        self.host_signer = r.b2()
        b = Reader(r.b2())
        self.tree_size, self.leaf_index = r.u64(), r.u64()
        self.path = r.take(32 * r.u16())
        self.host_pcrs = [(r.u16(), r.take(r.take(1)[0])) for _ in range(r.u32())]
        assert (b.u32(), b.u16()) == (0x44515442, 1)
        self.flags = b.u32()
        self.nonce, self.vtpm_quoted, self.signer = b.b2(), b.b2(), b.b2()
        self.uuid = b.take(16)
        self.ek = b.b2()
        self.epoch, self.generation = b.u64(), b.u64()
