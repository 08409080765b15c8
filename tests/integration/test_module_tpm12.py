# SPDX-License-Identifier: GPL-2.0-or-later
"""The deep quote commands of a vTPM of version 1.2, with a manager and its stand-in TPM."""
import hashlib
import tempfile

import tap
import tpm12
import tpm2
from client import Binding
from manager import Manager
from protocol import HOST_PCRS, UUID, uuid_bytes
from tpm12_fixture import KEY_SECRET, NONCE, Vtpm12
from users import own
from vtpm import Vtpm

OTHER = UUID[:-1] + '9'
NO_MANAGER, DENIED = 0x501, 0x502
INVALID_PCR_INFO, BADTAG, BAD_PARAM_SIZE, BAD_PARAMETER, AUTHFAIL, INVALID_KEYHANDLE = (
    0x10, 0x1E, 0x19, 0x03, 0x01, 0x0C)
OURS = ('DeepQuote', 'HostPCRRead', 'HostCredential')
PARAMETERS = tpm12.quote_parameters(NONCE, [0, 1, 10])

manager = Manager(share_logs=True).start()
directory = tempfile.TemporaryDirectory(prefix='tpm12-')
vtpm = Vtpm12(manager, dir=directory.name).start().provision12()
vtpm.restart()  # the life that shows its endorsement key


def code(response):
    """The code of a response of a header alone."""
    tap.equal((response[:2], len(response)), (b'\0\xc4', 10))
    return tpm2.rc_of(response)


def knows(send, ordinal):
    parameters = tpm2.u32(1) + tpm12.b4(tpm2.u32(tpm12.ORD[ordinal]))
    return tpm12.run(send, 'GetCapability', parameters)


def expect_bound(quoted, nonce=NONCE):
    """The evidence is about what was signed, and by whom."""
    tap.equal(quoted.host_status, 0)
    binding = Binding(quoted.evidence)
    tap.equal(binding.nonce, nonce)
    tap.equal(binding.vtpm_quoted, hashlib.sha256(quoted.info).digest())
    tap.equal(binding.signer, tpm12.name(vtpm.aik))
    tap.equal(binding.uuid, uuid_bytes())
    return binding


@tap.case('an OIAP and an OSAP session authorize a deep quote as a TPM_Quote2')
def _():
    for kind in ('OIAP', 'OSAP'):
        quoted = vtpm.deepquote(kind=kind)
        assert tpm12.verify(vtpm.aik, quoted.info, quoted.signature)
        expect_bound(quoted)


@tap.case('with and without version information it is what TPM_Quote2 signs')
def _():
    for add_version in (False, True):
        quoted = vtpm.deepquote(add_version=add_version)
        plain = tpm12.quote2(vtpm.send, vtpm.handle, KEY_SECRET, NONCE, [0, 1, 10], add_version)
        tap.equal(quoted.info, plain.info)
        tap.equal(quoted.signature, plain.signature)
        tap.equal(len(quoted.info) > 52, add_version)
        expect_bound(quoted)


@tap.case('the digest is that of the PCRs as they are')
def _():
    tpm12.extend(vtpm.send, 10, b'm' * 20)
    quoted = vtpm.deepquote(pcrs=[10])
    tap.equal(quoted.digest, tpm12.composite_hash([10], [tpm12.pcr_read(vtpm.send, 10)]))


@tap.case('a session that goes on authorizes another deep quote')
def _():
    session = tpm12.Session(vtpm.send, KEY_SECRET)
    for goes_on in (1, 1, 0):
        digest = tpm12.sha1(tpm2.u32(0x3E), PARAMETERS)
        command = tpm12.command('DeepQuote', tpm2.u32(vtpm.handle) + PARAMETERS + HOST_PCRS +
                                tpm2.u32(1) + session.trailer(digest, goes_on), 0x00C2)
        quoted = tpm12.Quoted(vtpm.send(command), NONCE, True)
        quoted.verify_session(session)


@tap.case('a key without authorization needs no session')
def _():
    blob, public = tpm12.create_wrap_key(vtpm.send, KEY_SECRET, auth=tpm12.AUTH_NEVER)
    handle = tpm12.load_key(vtpm.send, blob)
    command = tpm12.deepquote_command(handle, PARAMETERS, HOST_PCRS, 1)
    quoted = tpm12.Quoted(vtpm.send(command), NONCE, True, sessions=0)
    assert tpm12.verify(public, quoted.info, quoted.signature)
    tap.equal(Binding(quoted.evidence).signer, tpm12.name(public))
    tpm12.flush(vtpm.send, handle)


@tap.case('the endorsement key that nobody may read any more is in the binding')
def _():
    try:
        tpm12.read_pubek(vtpm.send)
        raise AssertionError('it can be read')
    except tpm12.TpmError as error:
        tap.equal(error.rc, tpm12.DISABLED_CMD)
    tap.equal(expect_bound(vtpm.deepquote()).ek, tpm12.name(vtpm.ek))
    tap.equal(manager.vm(UUID)['ek'], tpm12.name(vtpm.ek).hex())


@tap.case('a wrong secret is refused by the vTPM, and the next deep quote is good')
def _():
    command = tpm12.deepquote_command(vtpm.handle, PARAMETERS, HOST_PCRS, 1,
                                      tpm12.Session(vtpm.send, b'x' * 20))
    tap.equal(code(vtpm.send(command)), AUTHFAIL)
    expect_bound(vtpm.deepquote())


@tap.case('what is malformed has a code of TPM 1.2, and each truncation is refused')
def _():
    good = tpm12.deepquote_command(vtpm.handle, PARAMETERS, HOST_PCRS, 1)
    for n in range(10, len(good)):
        cut = good[:2] + tpm2.u32(n) + good[6:n]
        assert code(vtpm.send(cut)) in (BAD_PARAM_SIZE, INVALID_PCR_INFO), n
    for body, tag, want in (
            (good[10:] + b'\0', 0xC1, BAD_PARAM_SIZE),
            (good[10:], 0xC3, BADTAG),
            (good[10:40] + tpm2.u32(5) + good[44:], 0xC1, INVALID_PCR_INFO),
            (good[10:40] + tpm2.selection((0x0B, [])) + tpm2.u32(1), 0xC1, INVALID_PCR_INFO),
            (good[10:40] + HOST_PCRS + tpm2.u32(0x20), 0xC1, BAD_PARAMETER),
            (good[10:40] + tpm2.selection((0xB, [0]), (0x27, [0])) + tpm2.u32(1), 0xC1,
             BAD_PARAMETER),
            (b'\xff' * 4 + good[14:], 0xC1, INVALID_KEYHANDLE)):
        tap.equal(code(vtpm.send(tpm12.command('DeepQuote', body, tag))), want)
    expect_bound(vtpm.deepquote())


@tap.case('TPM_HostPCRRead and TPM_HostCredential answer as those of a TPM 2.0')
def _():
    with Vtpm(deepquote='manager=' + manager.socket, uuid=OTHER) as other:
        own(manager, OTHER)
        answers = {}
        for name, body in (('HostPCRRead', HOST_PCRS), ('HostCredential', bytes(8)),
                           ('HostCredential', tpm2.u32(4) + tpm2.u32(20))):
            answers[name, body] = tpm2.check(other.send(tpm2.command(name, body)))
    own(manager, UUID)
    for (name, body), answer in answers.items():
        tap.equal(tpm12.run(vtpm.send, name, body), answer)
    for name, body, want in (('HostPCRRead', b'', BAD_PARAM_SIZE),
                             ('HostPCRRead', tpm2.selection((0xFFFF, [1])), INVALID_PCR_INFO),
                             ('HostCredential', tpm2.u32(99) + tpm2.u32(0), BAD_PARAMETER),
                             ('HostCredential', tpm2.u32(0) + tpm2.u32(9999), BAD_PARAMETER)):
        tap.equal(code(vtpm.send(tpm12.command(name, body))), want)
    tap.equal(code(vtpm.send(tpm12.command('HostPCRRead', HOST_PCRS, 0xC2))), BADTAG)


@tap.case('TPM_GetCapability says that the three ordinals are there, and no other than before')
def _():
    with Vtpm(version='1.2') as stock:
        for ordinal in OURS:
            tap.equal((knows(vtpm.send, ordinal), knows(stock.send, ordinal)),
                      (tpm12.b4(b'\1'), tpm12.b4(b'\0')))
        for parameters in ([tpm2.u32(1) + tpm12.b4(tpm2.u32(n))
                            for n in (0, 0x3E, 0x20000D00, 0x20000D04)] +
                           [tpm2.u32(1) + tpm12.b4(b'\0'), tpm2.u32(6) + tpm12.b4(b''), b'']):
            command = tpm12.command('GetCapability', parameters)
            tap.equal(vtpm.send(command), stock.send(command))


@tap.case('a VM that is not registered, and a manager that is not there, are vendor codes')
def _():
    for path, want in ((manager.socket, DENIED), ('/nowhere', NO_MANAGER)):
        with Vtpm(version='1.2', deepquote='manager=' + path, uuid=UUID[:-1] + '7') as other:
            tap.equal(code(other.send(tpm12.command('HostPCRRead', HOST_PCRS))), want)


@tap.case('before TPM_Startup the commands have the code of the TPM')
def _():
    with Vtpm(version='1.2', deepquote='manager=' + manager.socket, startup=None,
              arguments=['--flags', 'not-need-init']) as other:
        for command in (tpm12.command('HostPCRRead', HOST_PCRS),
                        tpm12.deepquote_command(1, PARAMETERS, HOST_PCRS, 1)):
            tap.equal(code(other.send(command)), 0x26)


@tap.case('a manager that goes away after the quote is told in hostStatus')
def _():
    manager.stop()
    quoted = tpm12.deepquote_command(vtpm.handle, PARAMETERS, HOST_PCRS, 1,
                                     tpm12.Session(vtpm.send, KEY_SECRET))
    tap.equal(code(vtpm.send(quoted)), NO_MANAGER)
    manager.start()
    expect_bound(vtpm.deepquote())


try:
    tap.main()
finally:
    vtpm.stop()
    manager.stop()
    directory.cleanup()
