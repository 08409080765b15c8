# SPDX-License-Identifier: GPL-2.0-or-later
"""A gate in front of the TPM that holds each TPM2_Quote until the test lets it pass, and vTPMs with
a request under way: what happens while the TPM works becomes deterministic.

    with setting(2) as (relay, manager, gate, askers):
        askers[0].ask()
        gate.wait()             # its quote is with the TPM
        askers[1].ask()
        gate.leave_open()
        askers[0].answer()
"""
import contextlib
import queue
import threading
import uuid

import protocol
from client import Binding, VtpmClient, expect_authentic
from manager import Manager
from process import wait_until
from relay import QUOTE, Relay
from tpm2 import code_of

NONCE = b'n' * 32


class Gate:
    """Holds each TPM2_Quote; `arrived` tells of it, open() lets one pass."""

    def __init__(self, relay):
        self.arrived, self.passes = threading.Semaphore(0), queue.Queue()
        self.held = True
        relay.hook = self.hook

    def hook(self, command):
        if code_of(command) != QUOTE or not self.held:
            return None
        self.arrived.release()
        return self.passes.get(timeout=60)

    def wait(self):
        assert self.arrived.acquire(timeout=30), 'no quote began'

    def open(self, answer=None):
        self.passes.put(answer)

    def leave_open(self):
        self.held = False
        self.open()


class Asker(VtpmClient):
    """A vTPM of its own with at most one request that is not answered yet."""

    def __init__(self, manager):
        super().__init__(manager, uuid=str(uuid.uuid4()))
        self.manager = manager
        self.hello()

    def ask(self, **options):
        self.number = self.send(protocol.QUOTE, self.quote_body(NONCE, **options))
        return self

    def answer(self):
        self.evidence = self.receive(protocol.QUOTE, self.number).b2()
        return Binding(self.evidence)

    def authentic(self):
        expect_authentic(self.manager, self, self.evidence, NONCE)


@contextlib.contextmanager
def setting(vms, **options):
    with contextlib.ExitStack() as stack:
        relay = stack.enter_context(Relay())
        manager = stack.enter_context(Manager(tcti=relay.tcti, **options))
        askers = [stack.enter_context(Asker(manager)) for _ in range(vms)]
        gate = Gate(relay)
        try:
            yield relay, manager, gate, askers
        finally:
            gate.leave_open()


def quotes(manager):
    return manager.admin('status')['quotes']


def waiting(manager, n):
    wait_until(lambda: quotes(manager)['queued'] == n, f'{n} requests wait')


def first_then(manager, gate, askers, **options):
    """The first asker's quote is with the TPM, the others wait."""
    askers[0].ask()
    gate.wait()
    for asker in askers[1:]:
        asker.ask(**options)
    waiting(manager, len(askers) - 1)
