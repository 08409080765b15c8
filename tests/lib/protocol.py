# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbers of the manager's protocol and of the evidence: docs/specs/manager-protocol.md and
docs/specs/deepquote-wire.md."""
import tpm2

MAGIC, VERSION = 0x44514D50, 3
HELLO, QUOTE, PCR_READ, CREDENTIAL, PREPARE, ANNOUNCE, KEY, REPLY = 1, 2, 3, 4, 5, 6, 7, 0x100
KEYS_UNKNOWN = 0xFF  # in place of their count in HELLO
UNREGISTERED, BREAKS_RULE, BROKEN_HISTORY, KEY_LOST = 1, 3, 24, 26  # reasons
(OK, DENIED, HOST_TPM, TIMEOUT, BUSY, TOO_LARGE, BAD_VALUE, BAD_FLAGS,
 NOT_SHARED) = range(9)
BINDING_MAGIC, EVIDENCE_MAGIC = 0x44515442, 0x44515445

# What most tests call their VM, and which PCRs of the host they ask for
UUID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'
HOST_PCRS = tpm2.selection((tpm2.ALG_SHA256, [0, 1, 2, 7]))


def uuid_bytes(uuid=UUID):
    return bytes.fromhex(uuid.replace('-', ''))
