# SPDX-License-Identifier: GPL-2.0-or-later
"""TPM2_DeepQuote with a manager that does what it should."""
import hashlib
import os
import pwd
import tempfile

import fake_manager as fm
import protocol
import tap
import tpm2
from module_fixture import (HOST_PCRS, NONCE, NO_MANAGER, QUOTE_PARAMETERS, UUID_BYTES, deepquote,
                            quote_in_session, session_deepquote, vtpm_with_manager)
from vtpm import Vtpm, receive


@tap.case('the response is the quote of the vTPM, its evidence and its authorization area')
def _():
    with vtpm_with_manager() as (tpm, manager):
        quoted = tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
        asked = manager.wait_for(protocol.QUOTE)[0]
        tap.equal(quoted.attest, asked.quoted)
        tap.equal(quoted.extra_data(), NONCE)
        tap.equal(quoted.evidence, fm.make_evidence(asked, UUID_BYTES, epoch=1,
                                                    generation=asked.stores))
        tap.equal(quoted.auth, bytes.fromhex('0000010000'))
        tap.equal(asked.signer, tpm.ak_name)
        tap.equal(asked.host_pcrs, [(tpm2.ALG_SHA256, [0, 1, 7])])
        tap.equal(asked.flags, 1)
        assert 18000 <= asked.timeout_ms < 20000


@tap.case('the manager learns who the vTPM is before the first command')
def _():
    with vtpm_with_manager() as (_, manager):
        tap.equal(manager.wait_for(protocol.HELLO)[0].uuid, UUID_BYTES)


@tap.case('an RSA key signs a deep quote')
def _():
    with vtpm_with_manager() as (tpm, manager):
        handle, _, name = tpm2.create_primary(tpm.send, 'rsa')
        quoted = tpm2.Quoted(tpm.send(deepquote(handle)), True)
        tap.equal(quoted.signature[:6], bytes.fromhex('0014000b0100'))
        tap.equal(manager.wait_for(protocol.QUOTE)[0].signer, name)


@tap.case('every known flag is passed on')
def _():
    with vtpm_with_manager() as (tpm, manager):
        for flags in (0, 1, 2, 4, 8, 0x10, 0x1F):
            tpm2.Quoted(tpm.send(deepquote(tpm.ak, flags=flags)), True)
            tap.equal(manager.requests[-1].flags, flags)


@tap.case('a nonce of 16 and of 64 bytes is quoted')
def _():
    with vtpm_with_manager() as (tpm, _):
        for nonce in (b'n' * 16, b'm' * 64):
            quoted = tpm2.Quoted(tpm.send(deepquote(tpm.ak, nonce=nonce)), True)
            tap.equal(quoted.extra_data(), nonce)


@tap.case('four host banks are quoted')
def _():
    banks = [(alg, [0, 1]) for alg in tpm2.HASH]
    with vtpm_with_manager() as (tpm, manager):
        tpm2.Quoted(tpm.send(deepquote(tpm.ak, host_pcrs=tpm2.selection(*banks))), True)
        tap.equal(manager.requests[-1].host_pcrs, banks)


@tap.case('an HMAC session authorizes deep quotes one after the other')
def _():
    with vtpm_with_manager() as (tpm, _):
        handle, _, name = tpm2.create_primary(tpm.send, auth=b'secret')
        session = tpm2.Session(tpm.send)
        for _ in range(3):
            quoted = quote_in_session(tpm, session, handle, name, b'secret')
            tap.equal(quoted.extra_data(), NONCE)


@tap.case('a policy session for TPM2_Quote authorizes a deep quote')
def _():
    with vtpm_with_manager() as (tpm, _):
        policy = hashlib.sha256(bytes(32) + tpm2.u32(0x16C) + tpm2.u32(0x158)).digest()
        handle, _, name = tpm2.create_primary(tpm.send, policy=policy)
        session = tpm2.Session(tpm.send, tpm2.SE_POLICY)
        session.policy_command_code('Quote')
        tap.equal(session.policy_digest(), policy)
        quote_in_session(tpm, session, handle, name)


@tap.case('an audit session beside a password sees the deep quote as a quote')
def _():
    with vtpm_with_manager() as (tpm, _):
        handle, _, name = tpm2.create_primary(tpm.send)
        audit = tpm2.Session(tpm.send)
        area = audit.authorize('Quote', [name], QUOTE_PARAMETERS,
                               attributes=tpm2.SESSION_AUDIT | tpm2.SESSION_CONTINUE)
        quoted = tpm2.Quoted(tpm.send(session_deepquote(handle, tpm2.pw(), area)), True)
        audit.verify('Quote', quoted.quote_parameters, quoted.auth[5:])


def read_public(tpm, handle):
    """(TPMT_PUBLIC, qualified name)"""
    r = tpm2.Reader(tpm2.check(tpm.send(tpm2.command('ReadPublic', tpm2.u32(handle)))))
    public = r.b2()
    r.b2()
    return public, r.b2()


@tap.case('a life shows the endorsement keys that it began with, whatever the guest does later')
def _():
    with vtpm_with_manager() as (tpm, manager):
        tap.equal(manager.wait_for(protocol.HELLO)[0].eks, [])
        shown = []
        for kind, persistent in (('ecc', 0x81010016), ('rsa', 0x81010001)):
            handle, _, _ = tpm2.create_primary(tpm.send, kind, signing=False)
            tpm2.evict_control(tpm.send, handle, persistent)
            tpm2.flush(tpm.send, handle)
            shown.append(read_public(tpm, persistent))
        manager.drop()
        tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
        tap.equal(manager.wait_for(protocol.HELLO, 2)[1].eks, [])
        tpm.keep = True
        tpm.stop()
        tpm.start()
        tpm.keep = False
        tap.equal(manager.wait_for(protocol.HELLO, 3)[2].eks, shown)


def get_state(tpm, kind):
    """State 1 (permanent) or 2 (volatile) of a running vTPM."""
    r = tpm2.Reader(tpm.ask_control('GET_STATEBLOB', tpm2.u32(1) + tpm2.u32(kind) + tpm2.u32(0),
                                    16))
    result, _, total, length = r.u32(), r.u32(), r.u32(), r.u32()
    tap.equal((result, length), (0, total))
    return receive(tpm.control_channel, length)


def set_state(tpm, kind, blob):
    tap.equal(tpm.ask_control('SET_STATEBLOB', tpm2.u32(1) + tpm2.u32(kind) + tpm2.u32(len(blob)) +
                              blob), bytes(4))


@tap.case('a vTPM whose state was loaded while it ran shows its keys before its first command')
def _():
    with vtpm_with_manager() as (tpm, manager):
        handle, _, _ = tpm2.create_primary(tpm.send, 'ecc', signing=False)
        tpm2.evict_control(tpm.send, handle, 0x81010016)
        shown = [read_public(tpm, 0x81010016)]
        blobs = {kind: get_state(tpm, kind) for kind in (1, 2)}
        tpm.ask_control('STOP')
        for kind, blob in blobs.items():
            set_state(tpm, kind, blob)
        tap.equal(tpm.ask_control('INIT', tpm2.u32(0)), bytes(4))
        tpm2.check(tpm.send(tpm2.command('GetRandom', tpm2.u16(8))))
        again = manager.wait_for(protocol.HELLO, 2)[1]
        tap.equal(again.eks, shown)
        assert again.instance != manager.wait_for(protocol.HELLO)[0].instance


@tap.case('stores count the states that the vTPM stored')
def _():
    with vtpm_with_manager() as (tpm, manager):
        def stores():
            tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
            return manager.requests[-1].stores
        first = stores()
        tap.equal(stores(), first)
        tpm2.evict_control(tpm.send, tpm.ak, 0x81000001)
        assert stores() > first


@tap.case('a manager that restarts is found again, with the same instance')
def _():
    with vtpm_with_manager() as (tpm, manager):
        tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
        manager.stop()
        tap.equal(tpm.rc(deepquote(tpm.ak)), NO_MANAGER)
        tap.equal(tpm.rc(deepquote(tpm.ak)), NO_MANAGER)
        manager.start()
        tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
        hellos = manager.wait_for(protocol.HELLO, 2)
        tap.equal(hellos[0].instance, hellos[1].instance)


@tap.case('a connection that ended while nothing was asked is made anew at once')
def _():
    with vtpm_with_manager() as (tpm, manager):
        for _ in range(3):
            tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
            manager.drop()
        tap.equal(len({r.instance for r in manager.wait_for(protocol.HELLO, 3)}), 1)


@tap.case('a connection that ends during a request is made anew, and the request sent again')
def _():
    with vtpm_with_manager() as (tpm, manager):
        def drop_once(m, _):
            m.on[protocol.QUOTE] = fm.FakeManager.countersign
            m.drop()
        manager.on[protocol.QUOTE] = drop_once
        tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
        tap.equal(len(manager.wait_for(protocol.QUOTE, 2)), 2)


@tap.case('two vTPMs, and one that starts again, are different instances')
def _():
    with vtpm_with_manager() as (tpm, manager):
        first = manager.wait_for(protocol.HELLO)[0].instance
        tpm.stop()
        tpm.start()
        assert manager.wait_for(protocol.HELLO, 2)[1].instance != first


@tap.case('without a manager at its place DeepQuote says so and all else works')
def _():
    with Vtpm(deepquote='manager=/nonexistent/manager') as tpm:
        tap.equal(tpm.rc(deepquote(tpm2.RH_NULL)), NO_MANAGER)
        tap.equal(tpm.rc(tpm2.host_pcr_read_command(HOST_PCRS)), NO_MANAGER)
        tap.equal(tpm.rc(tpm2.host_credential_command(0)), NO_MANAGER)
        tap.equal(tpm.rc(tpm2.command('GetRandom', tpm2.u16(8))), 0)
        tap.equal(tpm2.properties(tpm.send, tpm2.PT_VENDOR_COMMANDS, 1)[1][tpm2.PT_VENDOR_COMMANDS],
                  3)


@tap.case('before Startup the vendor commands answer TPM_RC_INITIALIZE')
def _():
    with vtpm_with_manager(startup=False) as (tpm, _):
        for command in (deepquote(tpm2.RH_NULL), tpm2.host_pcr_read_command(HOST_PCRS),
                        tpm2.host_credential_command(0)):
            tap.equal(tpm.rc(command), 0x100)


@tap.case('HostPCRRead answers as TPM2_PCR_Read does')
def _():
    with vtpm_with_manager() as (tpm, _):
        r = tpm2.Reader(tpm2.check(tpm.send(tpm2.host_pcr_read_command(HOST_PCRS))))
        tap.equal(r.u32(), 5)
        tap.equal(r.take(len(HOST_PCRS)), HOST_PCRS)
        values = [r.b2() for _ in range(r.u32())]
        tap.equal(values, fm.pcr_values([(tpm2.ALG_SHA256, [0, 1, 7])]))
        tap.equal(r.rest(), b'')


@tap.case('HostCredential gives a certificate page by page')
def _():
    with vtpm_with_manager() as (tpm, _):
        for what, whole in fm.FakeManager.CERTIFICATES.items():
            got = b''
            while True:
                r = tpm2.Reader(tpm2.check(tpm.send(tpm2.host_credential_command(what, len(got)))))
                tap.equal(r.u32(), len(whole))
                page = r.b2()
                tap.equal(r.rest(), b'')
                assert len(page) == min(4080, len(whole) - len(got))
                if not page:
                    break
                got += page
            tap.equal(got, whole)


@tap.case('a user who may not connect is told that, and not that there is no manager')
def _():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        closed, vtpm = os.path.join(folder, 'closed'), os.path.join(folder, 'vtpm')
        os.mkdir(closed, 0o700)
        os.makedirs(os.path.join(vtpm, 'state'))
        arguments = []
        if os.geteuid() == 0:
            nobody = pwd.getpwnam('nobody')
            for path in (vtpm, os.path.join(vtpm, 'state')):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            arguments = ['--runas', 'nobody']
        with fm.FakeManager(os.path.join(closed, 'manager')):
            if arguments == []:
                os.chmod(closed, 0)
            try:
                with Vtpm(deepquote=f'manager={closed}/manager', dir=vtpm,
                          arguments=arguments) as tpm:
                    for _ in range(2):
                        tap.equal(tpm.rc(tpm2.host_credential_command(0)), NO_MANAGER)
                    log = tpm.log_text()
            finally:
                os.chmod(closed, 0o700)
        tap.equal(log.count('may not connect to the manager'), 1)
        assert 'no manager at' not in log, log


@tap.case('the log tells of changes once and holds no nonce')
def _():
    with vtpm_with_manager() as (tpm, manager):
        for _ in range(3):
            tpm2.Quoted(tpm.send(deepquote(tpm.ak)), True)
        manager.on[protocol.QUOTE] = lambda m, r: m.reply(r, protocol.DENIED)
        for _ in range(3):
            tpm.rc(deepquote(tpm.ak))
        log = tpm.log_text()
        tap.equal(log.count('deepquote:'), 2)
        assert NONCE.decode() not in log and NONCE.hex() not in log.lower()


tap.main()
