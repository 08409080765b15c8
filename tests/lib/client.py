# SPDX-License-Identifier: GPL-2.0-or-later
"""A vTPM that speaks the manager's protocol, and what it gets.

    with Manager() as manager, VtpmClient(manager) as vtpm:
        vtpm.hello()
        expect_authentic(manager, vtpm, vtpm.quote(nonce), nonce)
"""
import contextlib
import hashlib
import os
import socket
import struct
import tempfile

import protocol
import tpm2
import users
import verifier
from protocol import HOST_PCRS, OK, UUID, uuid_bytes
from tpm2 import ALG_SHA256, Reader, b2, u16, u32, u64

# PolicySecret(TPM_RH_ENDORSEMENT)
EK_POLICY = bytes.fromhex('837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa')


class Refused(Exception):
    """A reply whose status is not OK."""

    def __init__(self, status, reason=0):
        super().__init__(f'status {status}, reason {reason}')
        self.status = status
        self.reason = reason


def refused(status, function, *args, **kwargs):
    """Asserts that the call is refused with this status."""
    try:
        function(*args, **kwargs)
    except Refused as reason:
        assert reason.status == status, f'status {reason.status}, want {status}'
        return
    raise AssertionError(f'not refused, want status {status}')


def make_ek(number, hierarchy=0x4000000B, attributes=0x000300B2, policy=None):
    """The public area of a made-up RSA endorsement key, its Name and its qualified name."""
    policy = EK_POLICY if policy is None else policy
    public = (u16(1) + u16(ALG_SHA256) + u32(attributes) + b2(policy) + u16(6) + u16(128) +
              u16(0x43) + u16(0x10) + u16(2048) + u32(0) + b2(bytes([0x80 | number]) * 256))
    name = u16(ALG_SHA256) + hashlib.sha256(public).digest()
    qualified = u16(ALG_SHA256) + hashlib.sha256(u32(hierarchy) + name).digest()
    return public, name, qualified


class VtpmClient:
    """What swtpm-deepquote's module says to the manager, with a made-up vTPM quote."""

    def __init__(self, manager, uuid=UUID, instance=None, timeout=30, eks=(), stores=0,
                 known=True, user=None, loaded=b'', stored=b'', saved=b''):
        self.manager = manager
        self.uuid = uuid
        self.known = known       # it is registered when it first says HELLO
        # user: who connects; None: the owner of the VM
        self.eks = eks           # (public, qualified name) of each endorsement key
        self.stores = stores
        self.loaded = loaded     # hash of the state that its life began with
        self.stored = stored     # and of the one that it has now
        self.saved = saved       # with what it is suspended in
        self.instance = instance or os.urandom(16)
        self.pcrs = bytes(32) * 2
        self.quoted = b''
        self.next_id = 1
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(timeout)
        try:
            with users.acting_as(users.owner_of(uuid) if user is None else user):
                self.sock.connect(manager.socket)
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
        header = struct.pack('>IHHI', protocol.MAGIC, protocol.VERSION, kind, self.next_id)
        self.sock.send(header + body)
        return self.next_id

    def receive(self, kind, request_id):
        """The body of the reply after its status; Refused where that is not OK."""
        packet = self.sock.recv(65536)
        if not packet:
            raise EOFError('the manager closed the connection')
        magic, version, got, got_id, status = struct.unpack('>IHHII', packet[:16])
        assert (magic, version) == (protocol.MAGIC, protocol.VERSION), packet
        assert (got, got_id) == (kind | protocol.REPLY, request_id), packet
        if status != OK:
            assert len(packet) == 18, 'a refusal with a body'
            raise Refused(status, int.from_bytes(packet[16:], 'big'))
        return Reader(packet[16:])

    def call(self, kind, body):
        return self.receive(kind, self.send(kind, body))

    def hello(self):
        """(epoch, generation)."""
        r = self.call(protocol.HELLO, self.hello_body())
        epoch, generation = r.u64(), r.u64()
        self.lineage, self.rivals = r.take(16), r.u32()
        assert not r.rest()
        return epoch, generation

    def hello_body(self):
        if self.known:
            self.manager.introduce(self.uuid, users.owner_of(self.uuid))
        return (uuid_bytes(self.uuid) + self.instance + u64(self.stores) +
                b2(self.loaded) + b2(self.stored) + b2(self.saved) +
                bytes([len(self.eks)]) + b''.join(b2(part) for ek in self.eks for part in ek))

    def key(self):
        """Of the files of the VM's state; empty where they are not encrypted."""
        r = self.call(protocol.KEY, uuid_bytes(self.uuid))
        key = r.b2()
        assert not r.rest()
        return key

    def announce(self, following):
        """Stores the state with this hash, having said so."""
        r = self.call(protocol.ANNOUNCE, b2(self.stored) + b2(following) + b2(b''))
        self.stored = following
        self.rivals = r.u32()
        assert not r.rest()

    def prepare(self, flags=1, host_pcrs=HOST_PCRS, room=3000):
        return self.call(protocol.PREPARE, u32(flags) + host_pcrs + u32(room))

    def attest(self, nonce, signer=b''):
        return tpm2.quote_attest(signer, nonce, tpm2.selection((ALG_SHA256, [0, 1])),
                                 hashlib.sha256(self.pcrs).digest())

    def quote_body(self, nonce, stores=0, host_pcrs=HOST_PCRS, flags=1, room=3000,
                   timeout_ms=20000, quoted=None, signer=b''):
        self.quoted = self.attest(nonce) if quoted is None else quoted
        return (u32(flags) + b2(signer) + b2(self.quoted) + host_pcrs + u64(stores) +
                u32(room) + u32(timeout_ms))

    def quote(self, nonce, **options):
        """The evidence."""
        return self.call(protocol.QUOTE, self.quote_body(nonce, **options)).b2()

    def pcr_read(self, pcrs):
        """The response parameters of TPM2_PCR_Read on the host's TPM."""
        return self.call(protocol.PCR_READ, pcrs).b2()

    def credential(self, what, offset=0, room=1024):
        """(total size, page)."""
        r = self.call(protocol.CREDENTIAL, u32(what) + u32(offset) + u32(room))
        return r.u32(), r.b2()


class Binding:
    """Evidence taken apart: the binding in it, and its place in the batch."""

    def __init__(self, evidence):
        r = Reader(evidence)
        assert (r.u32(), r.u16()) == (protocol.EVIDENCE_MAGIC, 2)
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
        assert (b.u32(), b.u16()) == (protocol.BINDING_MAGIC, 2)
        self.flags = b.u32()
        self.nonce, self.vtpm_quoted, self.signer = b.b2(), b.b2(), b.b2()
        self.uuid = b.take(16)
        self.ek = b.b2()
        self.lineage = b.take(16)
        self.epoch, self.generation = b.u64(), b.u64()


@contextlib.contextmanager
def greeted(manager, **options):
    """A VtpmClient that the manager has welcomed."""
    with VtpmClient(manager, **options) as vtpm:
        vtpm.hello()
        yield vtpm


def check(manager, vtpm, evidence, nonce, *options):
    """The Verdict on evidence for `vtpm`'s last quote."""
    with tempfile.TemporaryDirectory(prefix='check-') as folder:
        def put(name, data):
            path = os.path.join(folder, name)
            with open(path, 'wb') as f:
                f.write(data)
            return path
        return verifier.check(
            '-m', put('quote', vtpm.quoted), '-f', put('pcrs', vtpm.pcrs), '--evidence',
            put('evidence', evidence), '-q', nonce.hex(), '--uuid', vtpm.uuid, '--host',
            put('host', bytes.fromhex(manager.admin('ak')['public'])), *options)


def expect_authentic(manager, vtpm, evidence, nonce):
    verdict = check(manager, vtpm, evidence, nonce)
    assert verdict.authentic, verdict
