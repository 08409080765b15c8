# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerd: PCRs of the host's TPM are read once for all who ask at a time, never shown older
than a quote, and do not hold quotes up."""
import contextlib
import hashlib
import threading
import time

import protocol
import tap
import tpm2
from client import Refused, VtpmClient, refused
from gate import NONCE, Asker, setting
from manager import Manager
from process import wait_until
from protocol import BUSY, HOST_PCRS
from relay import PCR_READ, QUOTE, Relay
from tpm2 import ALG_SHA256, code_of, error_response

SLOW_S = 0.02


def selection(number):
    """One of many that differ: three PCRs of 24."""
    return tpm2.selection(
        (ALG_SHA256, [number % 8, 8 + number // 8 % 8, 16 + number // 64 % 8]))


@contextlib.contextmanager
def slow_reads(seconds=SLOW_S):
    """A manager in front of a TPM that takes its time for PCRs."""
    def hook(command):
        if code_of(command) == PCR_READ:
            time.sleep(seconds)
    with Relay() as relay, Manager(tcti=relay.tcti, vm_rate=0) as manager:
        relay.hook = hook
        yield relay, manager


class Storm:
    """VMs that ask for PCRs without end, each for others than the one before."""

    def __init__(self, manager, vms):
        self.over, self.answers = False, {'OK': 0, 'BUSY': 0}
        self.vms = [Asker(manager) for _ in range(vms)]
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        for vm in self.vms:
            vm.close()

    def run(self):
        number = 0
        while not self.over:
            asked = []
            for vm in self.vms:
                asked.append((vm, vm.send(protocol.PCR_READ, selection(number))))
                number += 1
            for vm, request in asked:
                try:
                    vm.receive(protocol.PCR_READ, request)
                    self.answers['OK'] += 1
                except Refused as reason:
                    tap.equal(reason.status, BUSY)
                    self.answers['BUSY'] += 1


@tap.case('PCRs that were just read are not read again, by whomever they are asked for')
def _():
    with Relay() as relay, Manager(tcti=relay.tcti) as manager:
        askers = [Asker(manager) for _ in range(5)]
        before = relay.counts.get(PCR_READ, 0)
        start = time.monotonic()
        shown = {askers[i % 5].pcr_read(HOST_PCRS) for i in range(20)}
        took = time.monotonic() - start
        tap.equal(len(shown), 1)
        assert relay.counts[PCR_READ] - before <= 1 + took / 0.1, relay.counts


@tap.case('PCRs are shown as they are 100 ms later')
def _():
    with Relay() as relay, Manager(tcti=relay.tcti) as manager:
        asker = Asker(manager)
        before = asker.pcr_read(HOST_PCRS)
        relay.tool('tpm2_pcrextend', '0:sha256=' + hashlib.sha256(b'more').hexdigest())
        time.sleep(0.11)
        assert asker.pcr_read(HOST_PCRS) != before


@tap.case('PCRs are never shown older than in a quote')
def _():
    with setting(1) as (relay, manager, gate, askers):
        gate.held = False
        for _ in range(3):
            askers[0].pcr_read(HOST_PCRS)
            count = relay.counts[PCR_READ]
            askers[0].ask().answer()
            quoted = relay.counts[PCR_READ] - count
            askers[0].pcr_read(HOST_PCRS)
            tap.equal(relay.counts[PCR_READ] - count - quoted, 1)


@tap.case('a quote goes before all reads that wait')
def _():
    with slow_reads(0.1) as (relay, manager):
        vms = [Asker(manager) for _ in range(11)]
        reads = []
        for number, vm in enumerate(vms[1:]):
            reads.append((vm, vm.send(protocol.PCR_READ, selection(number))))
        wait_until(lambda: relay.counts.get(PCR_READ), 'a read is under way')
        seen = []
        slow = relay.hook
        relay.hook = lambda command: seen.append(code_of(command)) or slow(command)
        vms[0].quote(NONCE)
        assert seen.index(QUOTE) <= 1, [hex(code) for code in seen]
        for vm, request in reads:
            vm.receive(protocol.PCR_READ, request)


@tap.case('100 VMs ask for PCRs of a slow TPM without end: quotes go on, reads have their turn')
def _():
    with slow_reads() as (relay, manager), VtpmClient(manager) as honest:
        seen = []
        slow = relay.hook
        relay.hook = lambda command: seen.append(code_of(command)) or slow(command)

        def before_a_quote():
            seen.clear()
            honest.quote(NONCE)
            return seen.index(QUOTE)
        honest.hello()
        with Storm(manager, 100) as storm:
            wait_until(lambda: storm.answers['OK'], 'the storm began')
            reads = sorted(before_a_quote() for _ in range(15))
        # One may be under way, and one begin before the request is there
        assert reads[7] <= 2, reads
        assert storm.answers['OK'] > 0 and storm.answers['BUSY'] > 0, storm.answers


@tap.case('reads that cannot be made are refused, and asked of the TPM again')
def _():
    with Relay() as relay, Manager(tcti=relay.tcti) as manager:
        asker = Asker(manager)
        relay.hook = lambda command: (error_response(0x101) if code_of(command) == PCR_READ
                                      else None)
        refused(protocol.HOST_TPM, asker.pcr_read, HOST_PCRS)
        relay.hook = lambda command: None
        asker.pcr_read(HOST_PCRS)


tap.main()
