# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the manager and its TPM share: a vtpm-managerd whose TPM is a swtpm behind a
Relay, and a vTPM that it has welcomed."""
import contextlib

import tap
import tpm2
from client import expect_authentic, greeted
from manager import Manager
from relay import Relay

NONCE = b'q' * 32


@contextlib.contextmanager
def setting(**options):
    with Relay() as relay, Manager(tcti=relay.tcti, **options) as manager:
        with greeted(manager) as vtpm:
            yield relay, manager, vtpm


def authentic(manager, vtpm, **options):
    evidence = vtpm.quote(NONCE, **options)
    expect_authentic(manager, vtpm, evidence, NONCE)
    return evidence


def first_transient(relay):
    return tpm2.capability_list(relay.send, tpm2.CAP_HANDLES, 0x80000000, 10)[1][0]


def start_fails(manager):
    """The log of a manager that does not come up."""
    code, log = manager.fail()
    tap.equal(code, 1, 'exit code')
    return log


def read(path):
    with open(path, 'rb') as f:
        return f.read()
