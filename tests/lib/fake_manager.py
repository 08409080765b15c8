# SPDX-License-Identifier: GPL-2.0-or-later
"""A manager in Python, honest or hostile, for tests of the vTPM's side of the protocol.

    manager = FakeManager(path)            # answers every request with evidence that fits
    manager.on[QUOTE] = lambda m, request: None          # never answers
    manager.on[QUOTE] = lambda m, request: m.reply(request, DENIED)

Its evidence is built by hand: every structure is right and the signature is not, since only a
verifier checks signatures. See docs/specs/manager-protocol.md.
"""
import contextlib
import hashlib
import os
import socket
import struct
import threading
import time

import tpm2
from protocol import (ANNOUNCE, BAD_FLAGS, BAD_VALUE, BINDING_MAGIC, BUSY, CREDENTIAL, DENIED,
                      EVIDENCE_MAGIC, HELLO, HOST_TPM, KEY, KEYS_UNKNOWN, MAGIC, NOT_SHARED, OK,
                      PCR_READ, PREPARE, QUOTE, REPLY, TIMEOUT, TOO_LARGE, VERSION)
from tpm2 import b2, u16, u32, u64

# A reason for each status, as docs/specs/manager-protocol.md has them
REASON = {DENIED: 1, HOST_TPM: 15, TIMEOUT: 16, BUSY: 14, TOO_LARGE: 17, BAD_VALUE: 18,
          BAD_FLAGS: 21, NOT_SHARED: 22}
LINEAGE = b'one long lineage'
HOST_NAME = u16(tpm2.ALG_SHA256) + hashlib.sha256(b'host AK').digest()


class Request:
    """A packet from a vTPM, taken apart."""

    def __init__(self, packet):
        r = tpm2.Reader(packet)
        assert r.u32() == MAGIC and r.u16() == VERSION, 'not the protocol'
        self.type, self.id = r.u16(), r.u32()
        getattr(self, {HELLO: '_hello', QUOTE: '_quote', PCR_READ: '_pcr_read',
                       CREDENTIAL: '_credential', PREPARE: '_prepare',
                       ANNOUNCE: '_announce', KEY: '_key'}[self.type])(r)
        assert not r.rest(), 'bytes after the request'

    def _hello(self, r):
        self.uuid, self.instance, self.stores = r.take(16), r.take(16), r.u64()
        self.loaded, self.stored, self.saved, count = r.b2(), r.b2(), r.b2(), r.u8()
        self.early = count == KEYS_UNKNOWN  # the keys come in another one
        self.eks = [] if self.early else [(r.b2(), r.b2()) for _ in range(count)]

    def _announce(self, r):
        self.stored, self.next, self.saved = r.b2(), r.b2(), r.b2()

    def _key(self, r):
        self.uuid = r.take(16)

    def _prepare(self, r):
        self.flags = r.u32()
        self.host_pcrs = self._selection(r)
        self.room = r.u32()

    def _quote(self, r):
        self.flags, self.signer, self.quoted = r.u32(), r.b2(), r.b2()
        self.host_pcrs = self._selection(r)
        self.stores, self.room, self.timeout_ms = r.u64(), r.u32(), r.u32()

    def _pcr_read(self, r):
        self.host_pcrs = self._selection(r)

    def _credential(self, r):
        self.what, self.offset, self.room = r.u32(), r.u32(), r.u32()

    @staticmethod
    def _selection(r):
        """[(hash, [pcr, ...]), ...]"""
        banks = []
        for _ in range(r.u32()):
            alg, bits = r.u16(), r.take(r.u8())
            banks.append((alg, [n for n in range(8 * len(bits)) if bits[n // 8] >> n % 8 & 1]))
        return banks

    def nonce(self):
        r = tpm2.Reader(self.quoted)
        r.take(6)
        r.b2()
        return r.b2()


def pcr_values(banks):
    """Made-up values of the host's PCRs."""
    return [tpm2.HASH[alg](b'host PCR %d' % pcr).digest() for alg, pcrs in banks for pcr in pcrs]


def make_binding(request, uuid, epoch=1, generation=0, **other):
    """The binding for a request; `other` puts wrong values in place."""
    nonce = other.get('nonce', request.nonce())
    return (u32(BINDING_MAGIC) + u16(2) + u32(1) + b2(nonce) +
            b2(hashlib.sha256(request.quoted).digest()) + b2(other.get('signer', request.signer)) +
            other.get('wrong_uuid', uuid) + b2(other.get('ek', b'')) + LINEAGE + u64(epoch) +
            u64(generation) + b2(b'') * 4)


def make_evidence(request, uuid, padding_path=0, **other):
    """Evidence of a batch of one (or with a longer, made-up path) that fits the request."""
    binding = make_binding(request, uuid, **other)
    leaf = hashlib.sha256(b'\0' + binding).digest()
    size = 1 << padding_path
    extra = hashlib.sha256(b'DEEPQUOTE-ROOT-V2\0' + u64(size) + leaf).digest()
    banks = other.get('host_pcrs', request.host_pcrs)
    values = pcr_values(banks)
    attest = tpm2.quote_attest(HOST_NAME, extra, tpm2.selection(*banks),
                               hashlib.sha256(b''.join(values)).digest())
    signature = u16(tpm2.ALG_ECDSA) + u16(tpm2.ALG_SHA256) + b2(b'\x11' * 32) + b2(b'\x22' * 32)
    return (u32(EVIDENCE_MAGIC) + u16(2) + b2(attest) + signature +
            b2(HOST_NAME) + b2(binding) + u64(size) + u64(0) + u16(padding_path) +
            b'\x33' * 32 * padding_path + tpm2.selection(*banks) + u32(len(values)) +
            b''.join(b2(v) for v in values))


class FakeManager:
    """Serves vTPMs on a SOCK_SEQPACKET socket, each connection in a thread of its own.

    In a handler raw() and drop() are about the connection that the request came on, elsewhere
    about the latest one.
    """

    CERTIFICATES = {0: b'public' * 20, 1: bytes(range(256)) * 10, 2: b'', 3: b'x' * 1024}

    def __init__(self, path):
        self.path = path
        self.requests = []   # Request, in the order of arrival, but for
        self.early = []      # HELLO without keys
        self.announced = []  # ANNOUNCE
        self.started = []    # KEY
        self.on = {HELLO: FakeManager.welcome, PREPARE: FakeManager.agree,
                   QUOTE: FakeManager.countersign, PCR_READ: FakeManager.read_pcrs,
                   CREDENTIAL: FakeManager.page, ANNOUNCE: FakeManager.take_note,
                   KEY: FakeManager.give_key}
        self.connection = None
        self.here = threading.local()
        self.epoch = 0
        self.rivals = 0  # vTPMs that were refused beside the one that is connected
        self.instances = []
        self.uuid = None
        self.key = b''  # of the files of a VM's state
        self.arrived = threading.Condition()
        self.listener = None
        self.start()

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self._serve, args=(self.listener,), daemon=True)
        self.thread.start()

    def stop(self):
        """Ends like a killed manager: connection and listener close, the socket's file stays."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.drop()
        self.thread.join(10)
        assert not self.thread.is_alive()

    def drop(self):
        """Closes the connection."""
        connection = getattr(self.here, 'connection', self.connection)
        if connection:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _serve(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connection = connection
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        self.here.connection = connection
        with connection, contextlib.suppress(OSError):
            while packet := connection.recv(65536):
                request = Request(packet)
                with self.arrived:
                    self._list_of(request).append(request)
                    self.arrived.notify_all()
                self.on[request.type](self, request)

    def _list_of(self, request):
        if request.type == ANNOUNCE:
            return self.announced
        if request.type == KEY:
            return self.started
        return self.early if request.type == HELLO and request.early else self.requests

    def wait_for(self, kind, count=1, seconds=20):
        """Waits until `count` requests of a kind have come; returns them."""
        def those():
            return [r for r in self.requests if r.type == kind]
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(those()) >= count, seconds), 'no request came'
            return those()

    def raw(self, packet):
        getattr(self.here, 'connection', self.connection).send(packet)

    def packet(self, request, status=OK, body=b'', **other):
        """A reply packet; `other` (magic, version, type, id) puts wrong values in place."""
        return struct.pack('>IHHII', other.get('magic', MAGIC), other.get('version', VERSION),
                           other.get('type', request.type | REPLY), other.get('id', request.id),
                           status) + (body or (u16(REASON[status]) if status else b''))

    def reply(self, request, status=OK, body=b'', **other):
        self.raw(self.packet(request, status, body, **other))

    def welcome(self, request):
        if request.instance not in self.instances:
            self.instances.append(request.instance)
            self.epoch += 1
        self.uuid = request.uuid
        self.reply(request, OK, u64(self.epoch) + u64(0) + LINEAGE + u32(self.rivals))

    def take_note(self, request):
        self.reply(request, OK, u32(self.rivals))

    def give_key(self, request):
        self.reply(request, OK, b2(self.key))

    def agree(self, request):
        size = 560 + sum(2 + len(v) for v in pcr_values(request.host_pcrs))
        if size > request.room:
            self.reply(request, TOO_LARGE)
        else:
            self.reply(request, OK, u32(self.rivals))

    def countersign(self, request):
        evidence = make_evidence(request, self.uuid, epoch=self.epoch, generation=request.stores)
        if len(evidence) > request.room:
            self.reply(request, TOO_LARGE)
        else:
            self.reply(request, OK, b2(evidence))

    def read_pcrs(self, request):
        values = pcr_values(request.host_pcrs)
        self.reply(request, OK, b2(u32(5) + tpm2.selection(*request.host_pcrs) +
                                   u32(len(values)) + b''.join(b2(v) for v in values)))

    def page(self, request):
        whole = self.CERTIFICATES[request.what]
        self.reply(request, OK, u32(len(whole)) + b2(whole[request.offset:][:request.room]))


def after(seconds, handler):
    """A handler that waits before it does what `handler` does."""
    def late(manager, request):
        time.sleep(seconds)
        handler(manager, request)
    return late
