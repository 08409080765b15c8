# SPDX-License-Identifier: GPL-2.0-or-later
"""A manager that misbehaves: the guest gets a code in time and a vTPM that is as it was."""
import hashlib
import os
import socket
import time

import fake_manager as fm
import protocol
import tap
import tpm2
from module_fixture import (BUSY, DENIED, HOST_PCRS, HOST_TPM, NO_MANAGER, NONCE, TIMEOUT,
                            UUID_BYTES, deepquote, observe, quote_in_session, refused_in_session,
                            vtpm_with_manager)
from vtpm import Vtpm

RETRY, SIZE = 0x922, 0x95
VALUE_OF_HOST_PCRS = 0x84 | 0x40 | 4 << 8
VALUE_OF_FLAGS = 0x84 | 0x40 | 5 << 8
VALUE_OF_PARAMETER_1 = 0x84 | 0x40 | 1 << 8


def evidence_with(**other):
    """A handler whose evidence is right but for what `other` says."""
    def handler(manager, request):
        manager.reply(request, protocol.OK, tpm2.b2(fm.make_evidence(request, UUID_BYTES, **other)))
    return handler


def mangled(change):
    """A handler that sends a right reply after `change` (bytes to bytes) went over it."""
    def handler(manager, request):
        body = b''
        if request.type == protocol.QUOTE:
            body = tpm2.b2(fm.make_evidence(request, UUID_BYTES))
        manager.raw(change(manager.packet(request, protocol.OK, body)))
    return handler


def with_evidence(change):
    """A handler whose evidence went through `change`; the packet around it is right."""
    def handler(manager, request):
        evidence = change(fm.make_evidence(request, UUID_BYTES))
        manager.reply(request, protocol.OK, tpm2.b2(evidence))
    return handler


def status(code):
    return lambda manager, request: manager.reply(request, code)


# What the manager does: the response code where it does so to PREPARE (None: it cannot), and
# hostStatus where it does so to QUOTE
HOSTILE = {
    'says that the vTPM is denied': (status(protocol.DENIED), DENIED, DENIED),
    'says that the hardware TPM failed': (status(protocol.HOST_TPM), HOST_TPM, HOST_TPM),
    'says that it took too long': (status(protocol.TIMEOUT), TIMEOUT, TIMEOUT),
    'is busy': (status(protocol.BUSY), RETRY, BUSY),
    'finds the evidence too large': (status(protocol.TOO_LARGE), SIZE, HOST_TPM),
    'finds a value that it refuses': (status(protocol.BAD_VALUE), VALUE_OF_HOST_PCRS, HOST_TPM),
    'finds flags that it cannot act on': (status(protocol.BAD_FLAGS), VALUE_OF_FLAGS, HOST_TPM),
    'answers with an unknown status': (
        lambda m, r: m.reply(r, 8, tpm2.u16(1)), NO_MANAGER, NO_MANAGER),
    'answers with an unknown reason': (
        lambda m, r: m.reply(r, protocol.DENIED, tpm2.u16(99)), NO_MANAGER, NO_MANAGER),
    'answers with the reason of another status': (
        lambda m, r: m.reply(r, protocol.DENIED, tpm2.u16(fm.REASON[protocol.BUSY])),
        NO_MANAGER, NO_MANAGER),
    'answers nothing': (lambda m, r: None, TIMEOUT, TIMEOUT),
    'answers late': (fm.after(1.5, status(protocol.BUSY)), TIMEOUT, TIMEOUT),
    'closes the connection': (lambda m, r: m.drop(), NO_MANAGER, NO_MANAGER),
    'answers with one byte': (lambda m, r: m.raw(b'\0'), NO_MANAGER, NO_MANAGER),
    'answers one byte short': (mangled(lambda p: p[:-1]), NO_MANAGER, NO_MANAGER),
    'answers one byte long': (mangled(lambda p: p + b'\0'), NO_MANAGER, NO_MANAGER),
    'answers with 8192 bytes of garbage': (
        lambda m, r: m.raw(os.urandom(8192)), NO_MANAGER, NO_MANAGER),
    'answers with more than any message': (mangled(lambda p: p + bytes(60000)), NO_MANAGER,
                                           NO_MANAGER),
    'answers with another magic': (
        lambda m, r: m.reply(r, protocol.DENIED, magic=1), NO_MANAGER, NO_MANAGER),
    'answers in another version': (
        lambda m, r: m.reply(r, protocol.DENIED, version=1), NO_MANAGER, NO_MANAGER),
    'says that it speaks another version': (
        lambda m, r: m.raw(m.packet(r, version=3, type=0x1FF)[:12]), NO_MANAGER, NO_MANAGER),
    'answers with a request': (
        lambda m, r: m.reply(r, protocol.DENIED, type=protocol.QUOTE), NO_MANAGER, NO_MANAGER),
    'answers another kind of request': (
        lambda m, r: m.reply(r, protocol.DENIED, type=protocol.PCR_READ | protocol.REPLY),
        NO_MANAGER, NO_MANAGER),
    'answers with the last id': (
        lambda m, r: m.reply(r, protocol.DENIED, id=r.id - 1), NO_MANAGER, NO_MANAGER),
    'answers with the next id': (
        lambda m, r: m.reply(r, protocol.DENIED, id=r.id + 1), NO_MANAGER, NO_MANAGER),
    'adds a byte to a refusal': (
        lambda m, r: m.reply(r, protocol.DENIED, tpm2.u16(1) + b'\0'), NO_MANAGER, NO_MANAGER),
    'sends empty evidence': (with_evidence(lambda e: b''), None, NO_MANAGER),
    'sends evidence one byte short': (with_evidence(lambda e: e[:-1]), None, NO_MANAGER),
    'sends evidence one byte long': (with_evidence(lambda e: e + b'\0'), None, NO_MANAGER),
    'sends garbage for evidence': (with_evidence(lambda e: os.urandom(len(e))), None, NO_MANAGER),
    'sends evidence for another VM': (evidence_with(wrong_uuid=bytes(16)), None, NO_MANAGER),
    'sends evidence for another nonce': (evidence_with(nonce=b'replayed' * 4), None, NO_MANAGER),
    'sends evidence for no nonce': (evidence_with(nonce=b''), None, NO_MANAGER),
    'sends evidence for another key': (
        evidence_with(signer=b'\0\x0b' + hashlib.sha256(b'other').digest()), None, NO_MANAGER),
    'sends evidence for no key': (evidence_with(signer=b''), None, NO_MANAGER),
    'sends evidence for another EK': (
        evidence_with(ek=b'\0\x0b' + hashlib.sha256(b'other').digest()), None, NO_MANAGER),
    'sends evidence without a PCR that was asked for': (
        evidence_with(host_pcrs=[(tpm2.ALG_SHA256, [0, 1])]), None, NO_MANAGER),
    'sends more evidence than there is room': (
        evidence_with(host_pcrs=[(tpm2.ALG_SHA512, range(24)), (tpm2.ALG_SHA384, range(24)),
                                 (tpm2.ALG_SHA256, range(24))]), None, NO_MANAGER),
}


def time_out(code):
    """Seconds that the vTPM waits: short only where the manager is silent, as an honest one may be
    slow on a machine that is busy."""
    return 1 if code == TIMEOUT else 20


class Guest:
    """A vTPM with a key and session of each kind."""

    def __init__(self, tpm):
        self.tpm = tpm
        self.handle, _, self.name = tpm2.create_primary(tpm.send, auth=b'secret')
        self.policy = tpm2.Session(tpm.send, tpm2.SE_POLICY)
        self.policy.policy_command_code('Quote')
        self.key, _, self.key_name = tpm2.create_primary(tpm.send,
                                                         policy=self.policy.policy_digest())
        self.hmac = tpm2.Session(tpm.send)

    def refused(self, rc):
        """Nothing was executed: the sessions are as they were."""
        tap.equal(self.tpm.rc(deepquote(self.tpm.ak)), rc, 'password')
        tap.equal(refused_in_session(self.tpm, self.hmac, self.handle, self.name, b'secret'), rc,
                  'HMAC session')
        tap.equal(refused_in_session(self.tpm, self.policy, self.key, self.key_name), rc,
                  'policy session')

    def quoted(self, host_status):
        """The quote is there, its sessions have rolled; the host countersigned or says why not."""
        quotes = [tpm2.Quoted(self.tpm.send(deepquote(self.tpm.ak)), True),
                  quote_in_session(self.tpm, self.hmac, self.handle, self.name, b'secret'),
                  quote_in_session(self.tpm, self.policy, self.key, self.key_name)]
        self.policy.policy_command_code('Quote')
        for quote in quotes:
            tap.equal(quote.host_status, host_status)
            tap.equal(quote.extra_data(), NONCE)
            tap.equal(quote.evidence == b'', host_status != 0)


def check_hostile(kind, handler, code, expect):
    with vtpm_with_manager(timeout=time_out(code)) as (tpm, manager):
        guest = Guest(tpm)
        before = observe(tpm)
        honest = manager.on[kind]
        manager.on[kind] = handler
        started = time.monotonic()
        expect(guest)
        assert time.monotonic() - started < 15, 'not within the time-out'
        tap.equal(observe(tpm), before)
        manager.on[kind] = honest
        guest.quoted(0)


for deed, (hostile, code, told) in HOSTILE.items():
    if code is not None:
        tap.case(f'a manager that {deed}, asked first: {code:#x}, and nothing was executed')(
            lambda hostile=hostile, code=code: check_hostile(
                protocol.PREPARE, hostile, code, lambda guest: guest.refused(code)))
    tap.case(f'a manager that {deed}: hostStatus {told:#x}, and the quote stands')(
        lambda hostile=hostile, told=told: check_hostile(
            protocol.QUOTE, hostile, told, lambda guest: guest.quoted(told)))


GREETINGS = {
    'denies the greeting': (status(protocol.DENIED), DENIED),
    'has no hardware TPM at the greeting': (status(protocol.HOST_TPM), HOST_TPM),
    'is busy at the greeting': (status(protocol.BUSY), RETRY),
    'ignores the greeting': (lambda m, r: None, TIMEOUT),
    'answers the greeting with garbage': (lambda m, r: m.raw(b'hello'), NO_MANAGER),
    'hangs up on the greeting': (lambda m, r: m.drop(), NO_MANAGER),
}


def check_greeting(handler, rc):
    with vtpm_with_manager(timeout=time_out(rc)) as (tpm, manager):
        hmac = tpm2.Session(tpm.send)
        tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
        manager.on[protocol.HELLO] = handler
        manager.drop()
        before = observe(tpm)
        quotes = len(manager.wait_for(protocol.QUOTE))
        for command in (deepquote(tpm.ak), tpm2.host_pcr_read_command(HOST_PCRS),
                        tpm2.host_credential_command(0)):
            tap.equal(tpm.rc(command), rc)
        tap.equal(refused_in_session(tpm, hmac, tpm.ak, tpm.ak_name), rc)
        tap.equal(len(manager.wait_for(protocol.QUOTE)), quotes, 'quotes asked for')
        tap.equal(observe(tpm), before)
        manager.on[protocol.HELLO] = fm.FakeManager.welcome
        quote_in_session(tpm, hmac, tpm.ak, tpm.ak_name)


for deed, (hostile, code) in GREETINGS.items():
    tap.case(f'a manager that {deed}: {code:#x}, and is asked again')(
        lambda hostile=hostile, code=code: check_greeting(hostile, code))


@tap.case('a packet that nobody asked for ends the connection, not the vTPM')
def _():
    with vtpm_with_manager() as (tpm, manager):
        tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
        manager.raw(b'unasked')
        tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
        tap.equal(len(manager.wait_for(protocol.HELLO, 2)), 2)


@tap.case('a late answer is not taken for that to the next request')
def _():
    with vtpm_with_manager(timeout=time_out(TIMEOUT)) as (tpm, manager):
        manager.on[protocol.QUOTE] = fm.after(1.5, evidence_with(epoch=99))
        late = tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
        tap.equal((late.host_status, late.evidence), (TIMEOUT, b''))
        manager.on[protocol.QUOTE] = fm.FakeManager.countersign
        quoted = tpm2.Quoted(tpm.send(deepquote(tpm.ak, nonce=b'another' * 3)), True)
        tap.equal(quoted.extra_data(), b'another' * 3)
        tap.equal(quoted.host_status, 0)


@tap.case('a listener that nobody accepts on lets the guest go after the time-out')
def _():
    with vtpm_with_manager(timeout=time_out(TIMEOUT)) as (tpm, manager):
        manager.stop()
        os.unlink(manager.path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as deaf:
            deaf.bind(manager.path)
            deaf.listen(0)
            for _ in range(3):
                started = time.monotonic()
                tap.equal(tpm.rc(deepquote(tpm.ak)), TIMEOUT)
                assert time.monotonic() - started < 10
        manager.start()
        tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)


@tap.case('a stream socket in the place of the manager is no manager')
def _():
    with vtpm_with_manager() as (tpm, manager):
        manager.stop()
        os.unlink(manager.path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
            stream.bind(manager.path)
            stream.listen(1)
            tap.equal(tpm.rc(deepquote(tpm.ak)), NO_MANAGER)
        manager.start()


def wrong_pcrs(body):
    return lambda m, r: m.reply(r, protocol.OK, tpm2.b2(body))


@tap.case('PCR values that were not asked for, or make no sense, are no answer')
def _():
    with vtpm_with_manager() as (tpm, manager):
        honest = fm.FakeManager.read_pcrs
        one = tpm2.u32(1) + tpm2.selection((tpm2.ALG_SHA256, [0])) + tpm2.u32(1)
        for body in (b'', one, one + tpm2.b2(b'x' * 65), one + tpm2.b2(b'x' * 32) + b'\0',
                     tpm2.u32(1) + tpm2.selection((tpm2.ALG_SHA256, [9])) + tpm2.u32(1) +
                     tpm2.b2(b'x' * 32),
                     tpm2.u32(1) + tpm2.selection((tpm2.ALG_SHA256, [0, 1])) + tpm2.u32(1) +
                     tpm2.b2(b'x' * 32)):
            manager.on[protocol.PCR_READ] = wrong_pcrs(body)
            tap.equal(tpm.rc(tpm2.host_pcr_read_command(HOST_PCRS)), NO_MANAGER, body.hex())
        for code, rc in ((protocol.DENIED, DENIED), (protocol.HOST_TPM, HOST_TPM),
                         (protocol.BUSY, RETRY), (protocol.BAD_VALUE, VALUE_OF_PARAMETER_1)):
            manager.on[protocol.PCR_READ] = status(code)
            tap.equal(tpm.rc(tpm2.host_pcr_read_command(HOST_PCRS)), rc)
        manager.on[protocol.PCR_READ] = honest
        tap.equal(tpm.rc(tpm2.host_pcr_read_command(HOST_PCRS)), 0)


@tap.case('a page outside of its certificate is no answer')
def _():
    with vtpm_with_manager() as (tpm, manager):
        for total, page in ((0, b'x'), (10, b'x' * 11), (10, b''), (5000, b'x' * 4081)):
            manager.on[protocol.CREDENTIAL] = lambda m, r, t=total, p=page: m.reply(
                r, protocol.OK, tpm2.u32(t) + tpm2.b2(p))
            tap.equal(tpm.rc(tpm2.host_credential_command(0)), NO_MANAGER)
        manager.on[protocol.CREDENTIAL] = fm.FakeManager.page
        tap.equal(tpm.rc(tpm2.host_credential_command(0)), 0)


@tap.case('a vTPM with a dead manager ends when it is told to')
def _():
    with Vtpm(deepquote='manager=/nonexistent/manager') as tpm:
        tpm.process.terminate()
        assert tpm.process.wait(10) is not None


tap.main()
