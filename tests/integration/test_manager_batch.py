# SPDX-License-Identifier: GPL-2.0-or-later
"""How requests of vTPMs share hardware quotes: who joins whom, and what happens when VMs or the TPM
die, hang or are slow. The rules are in docs/specs/batching.md.

A gate in front of the TPM holds each TPM2_Quote until the test lets it pass.
"""
import contextlib
import resource
import threading

import tap
import tpm2
from client import Refused, refused
from gate import Asker, first_then, quotes, setting, waiting
from manager import Manager
from process import wait_until
from protocol import HOST_TPM, TIMEOUT, TOO_LARGE
from relay import QUOTE
from tpm2 import ALG_SHA1, ALG_SHA256, ALG_SHA384, error_response

RC_LOCKOUT = 0x921


@tap.case('a lone request starts at once; those that come meanwhile share the next quote')
def _():
    with setting(8) as (relay, manager, gate, askers):
        relay.counts.clear()
        first_then(manager, gate, askers)
        gate.open()
        tap.equal(askers[0].answer().tree_size, 1)
        gate.wait()
        gate.open()
        places = [askers[i].answer() for i in range(1, 8)]
        tap.equal([p.tree_size for p in places], [7] * 7)
        tap.equal([p.leaf_index for p in places], list(range(7)))
        tap.equal(len({p.host_quoted for p in places}), 1)
        tap.equal(relay.counts[QUOTE], 2)
        for asker in askers:
            asker.authentic()


@tap.case('nobody joins a quote that has begun')
def _():
    with setting(3) as (_, manager, gate, askers):
        first_then(manager, gate, askers[:2])
        gate.open()
        gate.wait()
        askers[2].ask()
        waiting(manager, 1)
        gate.open()
        tap.equal(askers[1].answer().tree_size, 1)
        gate.wait()
        gate.open()
        tap.equal(askers[2].answer().tree_size, 1)
        assert askers[2].evidence != askers[1].evidence
        askers[2].authentic()


@tap.case('the union of the selections is quoted, and each is authentic')
def _():
    with setting(4) as (_, manager, gate, askers):
        first_then(manager, gate, askers[:1])
        for asker, alg, pcr in zip(askers[1:], (ALG_SHA1, ALG_SHA256, ALG_SHA384), (3, 4, 5)):
            asker.ask(host_pcrs=tpm2.selection((alg, [pcr])))
        waiting(manager, 3)
        gate.leave_open()
        askers[0].answer()
        for asker in askers[1:]:
            place = asker.answer()
            tap.equal(place.tree_size, 3)
            tap.equal(sorted(place.host_pcrs), [(ALG_SHA1, b'\x08\0\0'), (ALG_SHA256, b'\x10\0\0'),
                                                (ALG_SHA384, b'\x20\0\0')])
            asker.authentic()


@tap.case('who selects much does not cost another its room: they have two quotes, the older first')
def _():
    large = tpm2.selection((ALG_SHA1, range(24)), (ALG_SHA256, range(24)))
    with setting(6) as (relay, manager, gate, askers):
        first_then(manager, gate, askers[:1])
        for asker, much in zip(askers[1:], (False, True, False, True, False)):
            asker.ask(**({'host_pcrs': large, 'room': 3800} if much else {'room': 1300}))
        waiting(manager, 5)
        relay.counts.clear()
        gate.leave_open()
        places = [asker.answer() for asker in askers]
        tap.equal([p.tree_size for p in places], [1, 3, 2, 3, 2, 3])
        tap.equal([p.leaf_index for p in places], [0, 0, 0, 1, 1, 2])
        assert all(len(asker.evidence) <= 1300 for asker in askers[1::2])
        for asker in askers:
            asker.authentic()


@tap.case('evidence too large for its room alone is refused, and costs nobody else')
def _():
    with setting(4) as (_, manager, gate, askers):
        first_then(manager, gate, askers[:1])
        askers[1].ask()
        askers[2].ask(room=300)
        askers[3].ask()
        waiting(manager, 3)
        gate.leave_open()
        askers[0].answer()
        tap.equal([askers[i].answer().tree_size for i in (1, 3)], [2, 2])
        refused(TOO_LARGE, askers[2].answer)


@tap.case('--batch-limit is kept; those left over are in the next quote, in their order')
def _():
    with setting(9, batch_limit=3) as (_, manager, gate, askers):
        first_then(manager, gate, askers)
        gate.leave_open()
        places = [asker.answer() for asker in askers]
        tap.equal([p.tree_size for p in places], [1, 3, 3, 3, 3, 3, 3, 2, 2])
        tap.equal([p.leaf_index for p in places], [0, 0, 1, 2, 0, 1, 2, 0, 1])


@tap.case('--batch-limit 1: each request has its own quote')
def _():
    with setting(5, batch_limit=1) as (relay, manager, gate, askers):
        relay.counts.clear()
        first_then(manager, gate, askers)
        gate.leave_open()
        tap.equal([asker.answer().tree_size for asker in askers], [1] * 5)
        tap.equal(relay.counts[QUOTE], 5)


@tap.case('a batch limit that makes no sense is refused with what to give')
def _():
    for limit in (0, -1, 16385):
        code, log = Manager(batch_limit=limit).fail()
        tap.equal(code, 2)
        assert 'give 1 to 16384' in log, log


@tap.case('VMs that die while they wait, or while they are in the quote, harm nobody')
def _():
    with setting(7) as (_, manager, gate, askers):
        first_then(manager, gate, askers)
        askers[1].close()
        waiting(manager, 5)
        gate.open()
        askers[0].answer()
        gate.wait()
        askers[2].close()
        wait_until(lambda: quotes(manager)['cancelled'] == 2, 'two have gone')
        gate.open()
        places = [askers[i].answer() for i in range(3, 7)]
        tap.equal([(p.tree_size, p.leaf_index) for p in places], [(5, i) for i in range(1, 5)])
        askers[6].authentic()


@tap.case('a batch that all have left is made for nobody, and the next goes on')
def _():
    with setting(4) as (_, manager, gate, askers):
        first_then(manager, gate, askers[:3])
        gate.open()
        askers[0].answer()
        gate.wait()
        askers[1].close()
        askers[2].close()
        wait_until(lambda: quotes(manager)['cancelled'] == 2, 'all have gone')
        gate.leave_open()
        tap.equal(askers[3].ask().answer().tree_size, 1)
        askers[3].authentic()


@tap.case('a deadline in the queue or in the quote answers that request alone')
def _():
    with setting(5) as (_, manager, gate, askers):
        first_then(manager, gate, askers[:1])
        askers[1].ask(timeout_ms=300)
        refused(TIMEOUT, askers[1].answer)
        askers[2].ask(timeout_ms=1500)
        askers[3].ask()
        askers[4].ask()
        waiting(manager, 3)
        gate.open()
        askers[0].answer()
        gate.wait()
        refused(TIMEOUT, askers[2].answer)
        gate.open()
        places = [askers[i].answer() for i in (3, 4)]
        tap.equal([(p.tree_size, p.leaf_index) for p in places], [(3, 1), (3, 2)])


@tap.case('a TPM that refuses a batch refuses all of it, once, and the next goes on')
def _():
    with setting(6) as (_, manager, gate, askers):
        first_then(manager, gate, askers[:5])
        gate.open()
        askers[0].answer()
        gate.wait()
        askers[5].ask()
        waiting(manager, 1)
        gate.open(error_response(RC_LOCKOUT))
        for asker in askers[1:5]:
            refused(HOST_TPM, asker.answer)
        gate.wait()
        gate.open()
        tap.equal(askers[5].answer().tree_size, 1)
        askers[5].authentic()
        assert 'no quote for 4 request(s)' in manager.log_text()


@tap.case('a TPM that dies in the middle of a batch, and comes back')
def _():
    with setting(5) as (relay, manager, gate, askers):
        first_then(manager, gate, askers)
        gate.open()
        askers[0].answer()
        gate.wait()
        relay.down()
        gate.leave_open()
        outcome = set()
        for asker in askers[1:]:
            try:
                asker.answer()
                outcome.add('evidence')
            except Refused as reason:
                outcome.add(reason.status)
        tap.equal(outcome, {HOST_TPM})
        relay.back()
        for asker in askers:
            asker.ask()
        for asker in askers:
            asker.answer()
            asker.authentic()


@tap.case('PCRs that change while a batch is quoted: all get the same quote of one state')
def _():
    with setting(4) as (relay, manager, gate, askers):
        first_then(manager, gate, askers)
        gate.open()
        askers[0].answer()
        gate.wait()
        tpm2.pcr_extend(relay.tpm.send, 7)
        gate.leave_open()
        places = [asker.answer() for asker in askers[1:]]
        tap.equal(len({p.host_quoted for p in places}), 1)
        for asker in askers[1:]:
            asker.authentic()


@tap.case('an administrator\'s quote has its turn between two batches')
def _():
    with setting(4) as (_, manager, gate, askers):
        first_then(manager, gate, askers[:2])
        answers = []
        admin = threading.Thread(target=lambda: answers.append(
            manager.admin('quote', nonce='aa' * 16, pcrs=[{'bank': 11, 'pcr': 0}])))
        admin.start()
        wait_until(lambda: manager.admin('status')['ok'], 'the manager answers meanwhile')
        gate.open()
        askers[0].answer()
        for _ in range(2):
            gate.wait()
            gate.open()
        askers[1].answer()
        admin.join(30)
        tap.equal([a['ok'] for a in answers], [True])


@tap.case('those who ask again at once share quotes')
def _():
    vms, rounds = 20, 12
    with setting(vms) as (_, manager, gate, askers):
        gate.held = False
        sizes = []

        def ask(asker):
            for _ in range(rounds):
                sizes.append(asker.ask().answer().tree_size)
        threads = [threading.Thread(target=ask, args=(asker,)) for asker in askers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        tap.equal(len(sizes), vms * rounds)
        made = quotes(manager)
        assert made['hardware-quotes'] < vms * rounds, made
        tap.equal((made['answered'], made['queued']), (vms * rounds, 0))
        for asker in askers:
            asker.authentic()


@tap.case('4,096 requests share one quote, and the next one takes the rest')
def _():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    with (setting(1, batch_limit=4096) as (_, manager, gate, askers),
          contextlib.ExitStack() as stack):
        others = [stack.enter_context(Asker(manager)) for _ in range(4100)]
        first_then(manager, gate, askers + others)
        gate.leave_open()
        askers[0].answer()
        places = [asker.answer() for asker in others]
        tap.equal([p.tree_size for p in places], [4096] * 4096 + [4] * 4)
        for asker in (others[0], others[4095], others[4099]):
            asker.authentic()


tap.main()
