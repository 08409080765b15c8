# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM with a TPM 1.2 from its own commands to the verdict: trusted only where the policy says so,
refused for each of what is wrong, and in one hardware quote with a TPM 2.0."""
import base64
import contextlib
import json
import os
import struct
import tempfile
import threading

import eventlog
import tap
import tpm12
import tpm2
from client import Binding
from gate import setting, waiting
from log_chain import write
from log_tool import content, sample
from manager import Manager
from process import run
from protocol import HOST_PCRS, UUID
from tpm12_fixture import Vtpm12
from verifier import Store, verify

PCRS = list(range(11))
FILES = ('evidence.bin', 'quote.msg', 'quote.sig', 'pcrs.bin')


SELECTED = [i for i in range(24) if HOST_PCRS[7 + i // 8] >> i % 8 & 1]  # of one bank, sha256


def host_values(evidence):
    """{PCR: value}, which are the end of the evidence, each with its size."""
    values = evidence[-34 * len(SELECTED):]
    return {pcr: values[34 * i + 2:34 * (i + 1)] for i, pcr in enumerate(SELECTED)}


class Guest:
    """The vTPM, what it hands over, and a verifier that expects it."""

    def __init__(self, folder, stack):
        self.folder, self.quoted_at = folder, os.path.join(folder, 'guest')
        os.mkdir(self.quoted_at)
        self.manager = stack.enter_context(Manager())
        self.vtpm = stack.enter_context(Vtpm12(self.manager, dir=os.path.join(folder, 'vtpm')))
        self.vtpm.provision12()
        self.vtpm.restart()
        self.quote(os.urandom(32).hex())
        self.store = Store(folder + '/store')
        key = bytes.fromhex(self.manager.admin('ak')['public'])
        self.store.enrol(write(folder + '/host.key', key))
        self.store.expect(UUID, '--ak', self.file('ak.pub'))
        self.policy = self.write_policy('policy', 'allow-tpm12\n')

    def file(self, name):
        return os.path.join(self.quoted_at, name)

    def write_policy(self, name, more):
        return write(os.path.join(self.folder, name), more.encode() + b''.join(
            b'host-pcr sha256:%d %s\n' % (pcr, value.hex().encode())
            for pcr, value in host_values(self.evidence).items()))

    def quote(self, challenge):
        """Writes what a guest hands over: the nonce is the challenge's first 20 bytes."""
        quoted = self.vtpm.deepquote(bytes.fromhex(challenge)[:20], PCRS, add_version=True)
        tap.equal(quoted.host_status, 0)
        self.evidence = quoted.evidence
        signature = tpm2.u16(tpm2.ALG_RSASSA) + tpm2.u16(tpm2.ALG_SHA1) + tpm2.b2(quoted.signature)
        values = b''.join(tpm12.pcr_read(self.vtpm.send, pcr) for pcr in PCRS)
        for name, data in zip(FILES, (quoted.evidence, quoted.info, signature, values)):
            write(self.file(name), data)
        write(self.file('ak.pub'), self.vtpm.aik)

    def check(self, challenge, *options, policy=None, store=None):
        return verify(self.quoted_at, challenge, '--allow-simulated', *options, uuid=UUID,
                      store=(store or self.store).path, policy=policy or self.policy)

    def verdict(self, *options, **how):
        challenge = self.store.challenge()
        self.quote(challenge)
        return self.check(challenge, *options, **how)


@tap.case('it is trusted where the policy allows it, and each form of the verdict says what it is')
def _():
    verdict = guest.verdict()
    tap.equal(verdict.word, 'trusted', verdict.text)
    assert '(TPM 1.2, signed with SHA-1)' in verdict.last, verdict.last
    told = json.loads(guest.verdict('--json').output)
    tap.equal((told['verdict'], told['vm']['tpm']), ('trusted', '1.2'))
    tap.equal(told['vm']['signer'], tpm12.name(guest.vtpm.aik).hex())
    tap.equal(told['vm']['ek'], tpm12.name(guest.vtpm.ek).hex())


@tap.case('an attestation result says which version it is')
def _():
    key, ear = guest.folder + '/ear.pem', guest.folder + '/ear'
    run(['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256',
         '-out', key])
    tap.equal(guest.verdict('--ear', key, '-o', ear).status, 0)
    claims = content(ear).decode().split('.')[1]
    vm = json.loads(base64.urlsafe_b64decode(claims + '==='))['submods']['vm']
    tap.equal((vm['deepquote.tpm'], vm['deepquote.vouched-by']), ('1.2', 'vtpm'))


@tap.case('a policy that does not allow it, or none, refuses it')
def _():
    plain = guest.write_policy('plain', 'allow-sha1\n')
    verdict = guest.verdict(policy=plain)
    tap.equal(verdict.word, 'bad-vtpm-signature', verdict.text)
    assert 'allow-tpm12' in verdict.text, verdict.text


@tap.case('a flipped bit anywhere, another nonce and a used challenge are refused')
def _():
    for name in FILES:
        challenge = guest.store.challenge()
        guest.quote(challenge)
        good = content(guest.file(name))
        middle = len(good) // 2
        write(guest.file(name), good[:middle] + bytes([good[middle] ^ 4]) + good[middle + 1:])
        tap.equal(guest.check(challenge).status, 1, name)
        write(guest.file(name), good)
        tap.equal(guest.check(challenge).word, 'wrong-nonce', 'its challenge is used up')
    tap.equal(guest.check(guest.store.challenge()).word, 'wrong-nonce')
    tap.equal(guest.verdict().word, 'trusted')


@tap.case('each truncation of what the vTPM signed is refused')
def _():
    challenge = os.urandom(32).hex()
    guest.quote(challenge)
    good = content(guest.file('quote.msg'))
    for n in (0, 1, 5, 6, 25, 51, 52, 53, len(good) - 1):
        write(guest.file('quote.msg'), good[:n])
        tap.equal(guest.check(challenge).status, 1, str(n))


@tap.case('another identity key of the same vTPM is another one')
def _():
    blob, aik = tpm12.make_identity(guest.vtpm.send, b'k' * 20)
    other = Store(guest.folder + '/other.store')
    other.enrol(guest.folder + '/host.key')
    other.expect(UUID, '--ak', write(guest.folder + '/other.pub', aik))
    challenge = other.challenge()
    guest.quote(challenge)
    tap.equal(guest.check(challenge, store=other).word, 'wrong-vm')
    handle = tpm12.load_key(guest.vtpm.send, blob)
    tpm12.flush(guest.vtpm.send, handle)


@tap.case('a key that nothing names leaves it authentic')
def _():
    anybody = Store(guest.folder + '/anybody.store')
    anybody.enrol(guest.folder + '/host.key')
    anybody.expect(UUID)
    challenge = anybody.challenge()
    guest.quote(challenge)
    tap.equal(guest.check(challenge, store=anybody).word, 'authentic')


@tap.case('an event log in the form of TPM 1.2 leads to its PCRs, and one that is changed does not')
def _():
    boot = eventlog.parse(content(sample('secureboot', 'boot.bin')))
    log = b''.join(struct.pack('<II20sI', e.pcr, e.type, e.digests['sha1'], len(e.data)) + e.data
                   for e in boot)
    for event in eventlog.parse_legacy(log):
        if event.type != eventlog.NO_ACTION:
            tpm12.extend(guest.vtpm.send, event.pcr, event.digests['sha1'])
    for data, want in ((log, ('trusted', None)), (log[:8] + b'\0' + log[9:],
                                                  ('refused', 'vm-event-log'))):
        told = json.loads(guest.verdict(
            '--json', '-e', write(guest.folder + '/boot.log', data)).output)
        tap.equal((told['verdict'], told['reason']), want, str(told['findings']))


@tap.case('a TPM 1.2 and a TPM 2.0 are served by one hardware quote')
def _():
    with setting(2) as (relay, manager, gate, askers), Vtpm12(manager) as vtpm:
        vtpm.provision12()
        relay.counts.clear()
        askers[0].ask()
        gate.wait()
        askers[1].ask()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(vtpm.deepquote()))
        thread.start()
        waiting(manager, 2)
        gate.leave_open()
        askers[0].answer()
        of_tpm2 = askers[1].answer()
        thread.join(30)
        of_tpm12 = Binding(answers[0].evidence)
        tap.equal((of_tpm2.tree_size, of_tpm12.tree_size), (2, 2))
        tap.equal(of_tpm12.host_quoted, of_tpm2.host_quoted)
        tap.equal({of_tpm2.leaf_index, of_tpm12.leaf_index}, {0, 1})
        askers[1].authentic()


with tempfile.TemporaryDirectory(prefix='tpm12-') as _folder, contextlib.ExitStack() as _stack:
    os.mkdir(os.path.join(_folder, 'vtpm'))
    guest = Guest(_folder, _stack)
    tap.main()
