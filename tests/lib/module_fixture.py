# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the module share: a vTPM with a fake manager behind it, and a look at
its state."""
import contextlib
import os
import shutil
import tempfile

import tpm2
from fake_manager import FakeManager
from protocol import HELLO, uuid_bytes
from vtpm import Vtpm

NONCE = b'verifier nonce of 32 bytes......'
VTPM_PCRS = tpm2.selection((tpm2.ALG_SHA256, [0, 1, 2, 16]))
HOST_PCRS = tpm2.selection((tpm2.ALG_SHA256, [0, 1, 7]))
QUOTE_PARAMETERS = tpm2.b2(NONCE) + tpm2.NULL_SCHEME + VTPM_PCRS
UUID_BYTES = uuid_bytes()
NO_MANAGER, DENIED, HOST_TPM, TIMEOUT, BUSY = 0x501, 0x502, 0x503, 0x504, 0x505


@contextlib.contextmanager
def vtpm_with_manager(timeout=20, **options):
    """(vtpm, manager) with a vTPM that has greeted the manager and, started up, has a key.

    The key is vtpm.ak, an ECC restricted signing key with an empty password, of name vtpm.ak_name.
    """
    directory = tempfile.mkdtemp(prefix='module-')
    try:
        path = os.path.join(directory, 'manager')
        with FakeManager(path) as manager:
            with Vtpm(deepquote=f'manager={path},timeout={timeout}', **options) as tpm:
                if options.get('startup', True):
                    tpm.ak, _, tpm.ak_name = tpm2.create_primary(tpm.send)
                    manager.wait_for(HELLO)
                yield tpm, manager
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def deepquote(handle, auth=b'', nonce=NONCE, pcrs=VTPM_PCRS, host_pcrs=HOST_PCRS, flags=1):
    """A DeepQuote command with a password."""
    return tpm2.deepquote_command(handle, [tpm2.pw(auth)], nonce, pcrs, host_pcrs, flags)


def session_deepquote(handle, *auths):
    return tpm2.command('DeepQuote', tpm2.u32(handle) + tpm2.auth_area(*auths) + QUOTE_PARAMETERS +
                        HOST_PCRS + tpm2.u32(1), tpm2.ST_SESSIONS)


def quote_in_session(tpm, session, handle, name, auth=b''):
    """A DeepQuote authorized by a session whose response HMAC is checked; returns Quoted."""
    area = session.authorize('Quote', [name], QUOTE_PARAMETERS, auth)
    quoted = tpm2.Quoted(tpm.send(session_deepquote(handle, area)), True)
    session.verify('Quote', quoted.quote_parameters, quoted.auth)
    return quoted


def refused_in_session(tpm, session, handle, name, auth=b''):
    """The response code of the same where it fails; the session's nonce stays what it was."""
    area = session.authorize('Quote', [name], QUOTE_PARAMETERS, auth)
    return tpm.rc(session_deepquote(handle, area))


def observe(tpm):
    """Everything of a vTPM's state that commands show and time does not change."""
    state = {}
    for kind in (0x00, 0x01, 0x02, 0x03, 0x40, 0x80, 0x81):
        state[f'handles {kind:#x}'] = tpm2.capability_list(tpm.send, tpm2.CAP_HANDLES,
                                                           kind << 24, 64)
    state['commands'] = tpm2.capability_list(tpm.send, tpm2.CAP_COMMANDS, 0, 256)
    state['properties'] = [tpm2.properties(tpm.send, start, 64) for start in (0x100, 0x200)]
    for bank in (tpm2.ALG_SHA1, tpm2.ALG_SHA256, tpm2.ALG_SHA384, tpm2.ALG_SHA512):
        for first in range(0, 24, 8):
            state[f'pcr {bank:#x} {first}'] = tpm2.pcr_read(
                tpm.send, tpm2.selection((bank, range(first, first + 8))))
    clock = tpm2.Reader(tpm2.check(tpm.send(tpm2.command('ReadClock'))))
    clock.take(16)
    state['resets'] = clock.rest()
    return state
