# SPDX-License-Identifier: GPL-2.0-or-later
"""Malformed and forbidden vendor commands: the right code, and a vTPM that is as it was."""
import os
import struct
import tempfile
import time

import fake_manager as fm
import protocol
import tap
import tpm2
from module_fixture import (DENIED, HOST_PCRS, HOST_TPM, NONCE, QUOTE_PARAMETERS, VTPM_PCRS,
                            deepquote, observe, quote_in_session, refused_in_session,
                            session_deepquote, vtpm_with_manager)
from vtpm import Vtpm

COMMAND_SIZE, AUTH_MISSING, AUTH_CONTEXT, BAD_TAG = 0x142, 0x125, 0x145, 0x1E
SIZE, VALUE, HASH, HANDLE, RESERVED_BITS, ATTRIBUTES = 0x95, 0x84, 0x83, 0x8B, 0xA1, 0x82
BAD_AUTH, AUTH_FAIL, RETRY = 0xA2, 0x8E, 0x922
PT_LOCKOUT_COUNTER = 0x20E


def parameter(rc, number):
    return rc | 0x40 | number << 8


def session(rc, number):
    return rc | 0x800 | number << 8


def resized(command):
    """The same bytes with a size field that fits."""
    return command[:2] + struct.pack('>I', len(command)) + command[6:]


def refuses(tpm, manager, command, rc, what=''):
    """The vTPM answers rc, without asking the manager."""
    asked = len(manager.requests)
    tap.equal(tpm.rc(command), rc, what)
    tap.equal(len(manager.requests), asked, 'requests to the manager')


def refuses_to_quote(tpm, manager, command, rc):
    """The vTPM answers rc; the manager may have been asked whether, and not to countersign."""
    tap.equal(tpm.rc(command), rc)
    tap.equal([r for r in manager.requests if r.type == protocol.QUOTE], [], 'quotes asked for')


@tap.case('every truncation of a DeepQuote is refused and changes nothing')
def _():
    with vtpm_with_manager() as (tpm, manager):
        whole = deepquote(tpm.ak)
        before = observe(tpm)
        for n in range(10, len(whole)):
            cut = resized(whole[:n])
            rc = tpm.rc(cut)
            assert rc not in (0, 0x100, 0x101, 0x143), f'{n} bytes: {rc:#x}'
        tap.equal(len(manager.requests), 1)
        tap.equal(observe(tpm), before)
        tpm2.Quoted(tpm.send(whole), True)


@tap.case('every single byte too many in a DeepQuote is refused and changes nothing')
def _():
    with vtpm_with_manager() as (tpm, manager):
        whole = deepquote(tpm.ak)
        before = observe(tpm)
        for extra in (b'\0', b'\1', b'\xff'):
            refuses(tpm, manager, resized(whole + extra), SIZE, 'at the end')
        # a byte more inside: in the handle area, the authorization area, each parameter
        for at in range(10, len(whole)):
            rc = tpm.rc(resized(whole[:at] + b'\xee' + whole[at:]))
            assert rc not in (0, 0x100, 0x101), f'a byte at {at}: {rc:#x}'
        tap.equal(len(manager.requests), 1)
        tap.equal(observe(tpm), before)
        tpm2.Quoted(tpm.send(whole), True)


@tap.case('a wrong size in the header is TPM_RC_COMMAND_SIZE')
def _():
    with vtpm_with_manager() as (tpm, manager):
        whole = deepquote(tpm.ak)
        refuses(tpm, manager, whole[:2] + struct.pack('>I', len(whole) - 1) + whole[6:],
                COMMAND_SIZE)


@tap.case('tags other than TPM_ST_SESSIONS are refused')
def _():
    with vtpm_with_manager() as (tpm, manager):
        whole = deepquote(tpm.ak)
        refuses(tpm, manager, tpm2.u16(tpm2.ST_NO_SESSIONS) + whole[2:], AUTH_MISSING)
        refuses(tpm, manager, tpm2.u16(0x8000) + whole[2:], BAD_TAG)


@tap.case('unknown flags are TPM_RC_RESERVED_BITS for parameter 5')
def _():
    with vtpm_with_manager() as (tpm, manager):
        for bit in range(5, 32):
            refuses(tpm, manager, deepquote(tpm.ak, flags=1 | 1 << bit),
                    parameter(RESERVED_BITS, 5))


@tap.case('five host banks, an empty host selection and an unknown bank are refused')
def _():
    with vtpm_with_manager() as (tpm, manager):
        five = tpm2.selection(*[(alg, [0]) for alg in (*tpm2.HASH, 0x12)])
        for host_pcrs, rc in ((five, SIZE), (tpm2.selection(), VALUE),
                              (tpm2.selection((tpm2.ALG_SHA256, [])), VALUE),
                              (tpm2.selection((0x0099, [0])), HASH)):
            refuses(tpm, manager, deepquote(tpm.ak, host_pcrs=host_pcrs), parameter(rc, 4))


@tap.case('nonces of 0, 1, 15 and 65 bytes are refused')
def _():
    with vtpm_with_manager() as (tpm, manager):
        manager.wait_for(protocol.HELLO)
        for nonce in (b'', b'x', b'x' * 15, b'x' * 65):
            refuses(tpm, manager, deepquote(tpm.ak, nonce=nonce), parameter(SIZE, 1))


@tap.case('a bad handle gets what TPM2_Quote answers, and changes nothing')
def _():
    with vtpm_with_manager() as (tpm, manager):
        before = observe(tpm)
        for handle in (0x80000005, 0x81FFFFFF, 0x40000001, 0x02000000, 0x12345678):
            stock = tpm.send(tpm2.quote_command(handle, [tpm2.pw()], NONCE, VTPM_PCRS))
            assert tpm2.rc_of(stock) != 0
            tap.equal(tpm.send(deepquote(handle)), stock)
        tap.equal([r for r in manager.requests if r.type == protocol.QUOTE], [])
        tap.equal(observe(tpm), before)


@tap.case('a wrong password is refused as TPM2_Quote does, and changes nothing')
def _():
    with vtpm_with_manager() as (tpm, manager):
        handle, _, _ = tpm2.create_primary(tpm.send, auth=b'secret')
        before = observe(tpm)
        refuses_to_quote(tpm, manager, deepquote(handle, b'guess'), session(BAD_AUTH, 1))
        refuses_to_quote(tpm, manager, deepquote(handle), session(BAD_AUTH, 1))
        tap.equal(observe(tpm), before)
        tpm2.Quoted(tpm.send(deepquote(handle, b'secret')), True)


@tap.case('a wrong HMAC is refused and its session goes on')
def _():
    with vtpm_with_manager() as (tpm, manager):
        handle, _, name = tpm2.create_primary(tpm.send, auth=b'secret')
        hmac = tpm2.Session(tpm.send)
        area = hmac.authorize('Quote', [name], QUOTE_PARAMETERS, b'guess')
        tap.equal(tpm.rc(session_deepquote(handle, area)), session(BAD_AUTH, 1))
        area = hmac.authorize('DeepQuote', [name], QUOTE_PARAMETERS, b'secret')
        tap.equal(tpm.rc(session_deepquote(handle, area)), session(BAD_AUTH, 1))
        quote_in_session(tpm, hmac, handle, name, b'secret')


@tap.case('a policy session for another command is refused')
def _():
    with vtpm_with_manager() as (tpm, manager):
        policy = tpm2.Session(tpm.send, tpm2.SE_POLICY)
        policy.policy_command_code('PCR_Extend')
        digest = policy.policy_digest()
        handle, _, name = tpm2.create_primary(tpm.send, policy=digest)
        area = policy.authorize('Quote', [name], QUOTE_PARAMETERS)
        assert tpm.rc(session_deepquote(handle, area)) & 0x8BF == 0x8A4, 'not TPM_RC_POLICY_CC'


@tap.case('an encrypt session is TPM_RC_ATTRIBUTES for its number, and the session goes on')
def _():
    with vtpm_with_manager() as (tpm, manager):
        hmac = tpm2.Session(tpm.send)
        encrypt = hmac.authorize('Quote', [tpm.ak_name], QUOTE_PARAMETERS,
                                 attributes=tpm2.SESSION_ENCRYPT | tpm2.SESSION_CONTINUE)
        refuses(tpm, manager, session_deepquote(tpm.ak, encrypt), session(ATTRIBUTES, 1))
        refuses(tpm, manager, session_deepquote(tpm.ak, tpm2.pw(), encrypt),
                session(ATTRIBUTES, 2))
        quote_in_session(tpm, hmac, tpm.ak, tpm.ak_name)


@tap.case('more PCR values than a response holds are TPM_RC_SIZE before the vTPM quotes')
def _():
    with vtpm_with_manager() as (tpm, manager):
        everything = tpm2.selection(*[(alg, range(24)) for alg in tpm2.HASH])
        hmac = tpm2.Session(tpm.send)
        area = hmac.authorize('Quote', [tpm.ak_name], QUOTE_PARAMETERS)
        command = tpm2.command('DeepQuote', tpm2.u32(tpm.ak) + tpm2.auth_area(area) +
                               QUOTE_PARAMETERS + everything + tpm2.u32(1), tpm2.ST_SESSIONS)
        refuses_to_quote(tpm, manager, command, SIZE)
        quote_in_session(tpm, hmac, tpm.ak, tpm.ak_name)


@tap.case('what fits a buffer of 4096 bytes and not the one set is TPM_RC_SIZE')
def _():
    banks = tpm2.selection((tpm2.ALG_SHA512, range(24)), (tpm2.ALG_SHA384, range(16)),
                           (tpm2.ALG_SHA256, range(4)))
    with vtpm_with_manager(startup=None) as (tpm, manager):
        def start(size):
            tpm.ask_control('STOP')
            tpm.ask_control('SET_BUFFERSIZE', tpm2.u32(size), 16)
            tap.equal(tpm.ask_control('INIT', tpm2.u32(0)), bytes(4))
            tpm2.check(tpm.send(tpm2.command('Startup', tpm2.u16(0))))
            tpm.ak, _, _ = tpm2.create_primary(tpm.send)
        start(4096)
        response = tpm.send(deepquote(tpm.ak, host_pcrs=banks))
        tpm2.Quoted(response, True)
        assert 2900 < len(response) <= 4096, len(response)
        start(2808)
        tap.equal(tpm.rc(deepquote(tpm.ak, host_pcrs=banks)), SIZE)
        tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)


@tap.case('a flag that the manager cannot act on is TPM_RC_VALUE for parameter 5')
def _():
    with vtpm_with_manager() as (tpm, manager):
        manager.on[protocol.PREPARE] = lambda m, r: (
            m.reply(r, protocol.BAD_FLAGS) if r.flags & 2 else m.agree(r))
        refuses_to_quote(tpm, manager, deepquote(tpm.ak, flags=3), parameter(VALUE, 5))
        tpm2.Quoted(tpm.send(deepquote(tpm.ak, flags=1)), True)


@tap.case('what was refused at the start is asked again by a deep quote')
def _():
    def refuse_keys(manager, request):
        if request.early:
            manager.welcome(request)
        else:
            manager.reply(request, protocol.DENIED)

    with tempfile.TemporaryDirectory(prefix='refused-') as folder:
        path = os.path.join(folder, 'manager')
        with fm.FakeManager(path) as manager:
            manager.on[protocol.HELLO] = refuse_keys
            with Vtpm(deepquote=f'manager={path},timeout=20') as tpm:
                key = tpm2.create_primary(tpm.send)[0]
                manager.wait_for(protocol.HELLO)
                manager.on[protocol.HELLO] = fm.FakeManager.welcome
                tpm2.check(tpm.send(deepquote(key)))


@tap.case('failing deep quotes, many of them, cost the vTPM nothing')
def _():
    with vtpm_with_manager() as (tpm, manager):
        hmac = tpm2.Session(tpm.send)
        quote_in_session(tpm, hmac, tpm.ak, tpm.ak_name)
        fds = f'/proc/{tpm.process.pid}/fd'
        before = len(os.listdir(fds))
        manager.on[protocol.QUOTE] = lambda m, r: m.reply(r, protocol.BAD_VALUE)
        for _ in range(600):
            tap.equal(quote_in_session(tpm, hmac, tpm.ak, tpm.ak_name).host_status, HOST_TPM)
        manager.on[protocol.PREPARE] = lambda m, r: m.reply(r, protocol.DENIED)
        for _ in range(600):
            tap.equal(refused_in_session(tpm, hmac, tpm.ak, tpm.ak_name), DENIED)
        tap.equal(len(os.listdir(fds)), before, 'open descriptors')
        manager.on[protocol.PREPARE] = fm.FakeManager.agree
        manager.on[protocol.QUOTE] = fm.FakeManager.countersign
        quote_in_session(tpm, hmac, tpm.ak, tpm.ak_name)


def forgiven(spend):
    """How many failed authorizations are forgiven while `spend(tpm, manager)` runs."""
    with vtpm_with_manager() as (tpm, manager):
        tpm2.check(tpm.send(tpm2.command(
            'DictionaryAttackParameters', tpm2.u32(tpm2.RH_LOCKOUT) + tpm2.auth_area(tpm2.pw()) +
            tpm2.u32(64) + tpm2.u32(1) + tpm2.u32(1), tpm2.ST_SESSIONS)))
        key, _, _ = tpm2.create_primary(tpm.send, auth=b'secret', protected=True)
        guesses = 0
        while guesses < 30:
            rc = tpm.rc(deepquote(key, b'guess'))
            assert rc in (RETRY, session(AUTH_FAIL, 1)), hex(rc)
            guesses += rc != RETRY
        counted = tpm2.properties(tpm.send, PT_LOCKOUT_COUNTER, 1)[1][PT_LOCKOUT_COUNTER]
        end = time.monotonic() + 6
        while time.monotonic() < end:
            spend(tpm, manager)
        now = tpm2.properties(tpm.send, PT_LOCKOUT_COUNTER, 1)[1][PT_LOCKOUT_COUNTER]
        return counted - now


@tap.case('failing deep quotes do not make the vTPM forget failed authorizations sooner')
def _():
    sessions = {}

    def failing(tpm, manager):
        manager.on[protocol.QUOTE] = lambda m, r: m.reply(r, protocol.HOST_TPM)
        if tpm not in sessions:
            sessions[tpm] = tpm2.Session(tpm.send)
        quote_in_session(tpm, sessions[tpm], tpm.ak, tpm.ak_name)

    def plain(tpm, _):
        tpm2.check(tpm.send(tpm2.quote_command(tpm.ak, [tpm2.pw()], NONCE, VTPM_PCRS)))
    stock, ours = forgiven(plain), forgiven(failing)
    assert 4 <= stock <= 8, stock
    assert abs(ours - stock) <= 1, f'{ours} forgiven beside {stock}'


@tap.case('HostPCRRead refuses each truncation, a byte too many, sessions and bad selections')
def _():
    with vtpm_with_manager() as (tpm, manager):
        whole = tpm2.host_pcr_read_command(HOST_PCRS)
        for n in range(10, len(whole)):
            assert tpm.rc(resized(whole[:n])) not in (0, 0x101), n
        refuses(tpm, manager, resized(whole + b'\0'), SIZE)
        refuses(tpm, manager, tpm2.u16(tpm2.ST_SESSIONS) + whole[2:], AUTH_CONTEXT)
        five = tpm2.selection(*[(alg, [0]) for alg in (*tpm2.HASH, 0x12)])
        refuses(tpm, manager, tpm2.host_pcr_read_command(five), parameter(SIZE, 1))


@tap.case('HostCredential refuses each truncation, a byte too many, sessions and unknown kinds')
def _():
    with vtpm_with_manager() as (tpm, manager):
        whole = tpm2.host_credential_command(0)
        for n in range(10, len(whole)):
            assert tpm.rc(resized(whole[:n])) not in (0, 0x101), n
        refuses(tpm, manager, resized(whole + b'\0'), SIZE)
        refuses(tpm, manager, tpm2.u16(tpm2.ST_SESSIONS) + whole[2:], AUTH_CONTEXT)
        for what in (11, 0x100, 0xFFFFFFFF):
            refuses(tpm, manager, tpm2.host_credential_command(what), parameter(VALUE, 1))


tap.main()
