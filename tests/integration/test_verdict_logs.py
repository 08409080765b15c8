# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs in the verdict: two TPMs into which real logs were measured, the logs by way of the guest."""
import contextlib
import hashlib
import json
import os
import struct
import tempfile

import eventlog
import tap
import tpm2
from log_tool import content, sample
from manager import Manager
from process import connect, run, wait_until
from programs import program
from protocol import UUID
from users import own
from verifier import Store, check
from vtpm import Vtpm, exchange

PCRS = 'sha256:0,1,2,3,4,5,6,7,8,9,10'
BANKS = {'sha1': tpm2.ALG_SHA1, 'sha256': tpm2.ALG_SHA256}
LOGS = ('boot.log', 'ima.log', 'host_boot.log', 'host_ima.log')
WORDS = ['host-event-log', 'host-ima', 'vm-event-log', 'vm-ima']


def ima_entries(data):
    """[(offset, PCR, SHA-1 digest, data of the template)], of templates that tell their size."""
    at, entries = 0, []
    while at < len(data):
        pcr, digest, size = struct.unpack_from('<I20sI', data, at)
        name = data[at + 28:at + 28 + size]
        if name == b'ima':
            break
        begin = at + 32 + size
        end = begin + struct.unpack_from('<I', data, begin - 4)[0]
        entries.append((at, pcr, digest, data[begin:end]))
        at = end
    return entries


def up_to_oldest(data):
    """The list up to the first entry that ima_entries() does not know; no violation is before."""
    offset, _, _, last = ima_entries(data)[-1]
    return data[:data.index(last, offset) + len(last)]


def violation(data):
    """The last entry once more, as the kernel writes it for a file that was open for writing."""
    offset = ima_entries(data)[-1][0]
    return data[offset:offset + 4] + bytes(20) + data[offset + 24:]


def extend(send, pcr, digests):
    body = tpm2.u32(pcr) + tpm2.auth_area(tpm2.pw()) + tpm2.u32(len(BANKS))
    body += b''.join(tpm2.u16(BANKS[b]) + digests[b] for b in BANKS)
    tpm2.check(send(tpm2.command('PCR_Extend', body, tpm2.ST_SESSIONS)))


def measure(send, boot, ima):
    """What firmware and kernel do: each digest into its PCR."""
    steps = [(e.pcr, {b: e.digests[b] for b in BANKS}) for e in eventlog.parse(boot)
             if e.type != eventlog.NO_ACTION]
    steps += [(pcr, {'sha1': digest, 'sha256': hashlib.sha256(data).digest()})
              for _, pcr, digest, data in ima_entries(ima)]
    for pcr, digests in steps:
        extend(send, pcr, digests)


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data)
    return path


class Chain:
    """A host that booted one way, a guest that booted another, and a verifier that knows both."""

    def __init__(self, folder, stack):
        self.folder, self.guest = folder, os.path.join(folder, 'guest')
        os.mkdir(self.guest)
        self.logs = dict(zip(LOGS, (
            content(sample('secureboot', 'boot.bin')),
            up_to_oldest(content(sample('secureboot', 'ima.bin'))),
            content(sample('ovmf', 'boot.bin')),
            up_to_oldest(content(sample('ovmf', 'ima.bin'))))))
        host = stack.enter_context(Vtpm())
        measure(host.send, self.logs['host_boot.log'], self.logs['host_ima.log'])
        host.release()
        self.manager = stack.enter_context(Manager(
            tcti=host.tcti, share_logs=True,
            boot_log=write(folder + '/boot', self.logs['host_boot.log']),
            ima_log=write(folder + '/ima', self.logs['host_ima.log'])))
        own(self.manager, UUID)
        self.vtpm = stack.enter_context(Vtpm(deepquote='manager=' + self.manager.socket))
        measure(self.vtpm.send, self.logs['boot.log'], self.logs['ima.log'])
        self.vtpm.release()
        wait_until(lambda: self.manager.vm(UUID)['connected'], 'the vTPM is welcome')
        self.quote(os.urandom(32).hex())
        self.make_store()

    def make_store(self):
        self.store = Store(self.folder + '/store')
        key = bytes.fromhex(self.manager.admin('ak')['public'])
        self.store.enrol(write(self.folder + '/host.key', key))
        self.store.expect(UUID, '--ak', os.path.join(self.guest, 'ak.pub'))
        values = content(self.folder + '/host-pcrs')
        self.policy = write(self.folder + '/policy', ''.join(
            f'host-pcr sha256:{i} {values[32 * i:32 * i + 32].hex()}\n' for i in range(11)).encode())

    def quote(self, challenge):
        """What the guest runs: the quote, the host's logs through its TPM, its own as files."""
        run([program('tpm2_deepquote'), '-T', self.vtpm.tcti, '--ak-create', '--ak-public',
             'ak.pub', '-q', challenge, '-l', PCRS, '--host-pcr-list', PCRS, '-m', 'quote.msg',
             '-s', 'quote.sig', '-o', 'pcrs.bin', '--evidence', 'evidence.bin', '--host-pcrs-out',
             '../host-pcrs', '--host-credential', 'boot-log=host_boot.log',
             '--host-credential', 'ima-log=host_ima.log'], cwd=self.guest, timeout=60)
        for name in ('boot.log', 'ima.log'):
            write(os.path.join(self.guest, name), self.logs[name])

    def verdict(self, *options, **changed):
        """On a new deep quote; changed: the content of a log, None takes it away."""
        challenge = self.store.challenge()
        self.quote(challenge)
        for name, data in changed.items():
            path = os.path.join(self.guest, name + '.log')
            os.unlink(path)
            if data is not None:
                write(path, data)
        return check('-q', challenge, '--uuid', UUID, '--store', self.store.path, '--policy',
                     self.policy, '--allow-simulated', *options, self.guest)

    def findings(self, **changed):
        """(verdict, reason, [(word, result, detail)])"""
        told = json.loads(self.verdict('--json', **changed).output)
        return told['verdict'], told['reason'], [
            (f['finding'], f['result'], f['detail']) for f in told.get('findings', [])]


def refused(word, words, **changed):
    """One finding refuses, and says why; the others are what they were."""
    verdict, reason, findings = _chain.findings(**changed)
    tap.equal((verdict, reason), ('refused', word), str(findings))
    tap.equal([(w, r) for w, r, _ in findings],
              [(w, 'fail' if w == word else 'pass') for w in WORDS])
    detail = dict((w, d) for w, _, d in findings)[word]
    assert words in detail, detail


@tap.case('a host and a VM with logs that lead to their PCRs are trusted, and each log is told')
def _():
    verdict, reason, findings = _chain.findings()
    tap.equal((verdict, reason), ('trusted', None), str(findings))
    tap.equal([(w, r) for w, r, _ in findings], [(w, 'pass') for w in WORDS])
    tap.equal(content(os.path.join(_chain.guest, 'host_ima.log')), _chain.logs['host_ima.log'])


@tap.case('without logs there is no finding, and the verdict is what it was')
def _():
    tap.equal(_chain.findings(boot=None, ima=None, host_boot=None, host_ima=None),
              ('trusted', None, []))


@tap.case('logs named by option are appraised like those of a folder, and told among the checks')
def _():
    challenge = _chain.store.challenge()
    _chain.quote(challenge)
    names = {'--guest-public': 'ak.pub', '-m': 'quote.msg', '-s': 'quote.sig', '-f': 'pcrs.bin',
             '--evidence': 'evidence.bin', '-e': 'boot.log', '--ima': 'ima.log',
             '--host-eventlog': 'host_boot.log', '--host-ima': 'host_ima.log'}
    told = check('-q', challenge, '--uuid', UUID, '--store', _chain.store.path, '--policy',
                 _chain.policy, '--allow-simulated',
                 *(word for option, name in names.items()
                   for word in (option, os.path.join(_chain.guest, name))))
    assert told.trusted, told
    lines = [line.split()[:2] for line in told.output.splitlines()]
    tap.equal([line for line in lines if line[-1] in WORDS], [['✓', w] for w in WORDS])


@tap.case('an event that another VM measured is not what this one measured')
def _():
    refused('vm-event-log', 'lead to another value than was quoted',
            boot=_chain.logs['host_boot.log'])


@tap.case('an event whose words were changed after it was measured is noticed')
def _():
    log = _chain.logs['host_boot.log']
    for event in eventlog.parse(log):
        if event.type == eventlog.EFI_VARIABLE_DRIVER_CONFIG:
            break
    changed = event.data[:-1] + bytes([event.data[-1] ^ 1])
    refused('host-event-log', 'say something else than what was measured',
            host_boot=log.replace(event.data, changed, 1))


@tap.case('a host that hides the last file that it ran is refused')
def _():
    log = _chain.logs['host_ima.log']
    refused('host-ima', 'no beginning of the list leads to the value quoted',
            host_ima=log[:ima_entries(log)[-1][0]])


@tap.case('a list that goes on after the quote passes: what came later is for the next time')
def _():
    log = _chain.logs['ima.log']
    verdict, _, findings = _chain.findings(ima=log + log[ima_entries(log)[-1][0]:])
    tap.equal(verdict, 'trusted', str(findings))
    assert 'came after the quote' in findings[-1][2], findings


@tap.case('a file that was open for writing when it was measured is not compared')
def _():
    ones = {bank: b'\xff' * hashlib.new(bank).digest_size for bank in BANKS}
    with connect(_chain.vtpm.server) as sock:
        extend(lambda command: exchange(sock, command), 10, ones)
    _chain.logs['ima.log'] += violation(_chain.logs['ima.log'])
    verdict, _, findings = _chain.findings()
    tap.equal((verdict, findings[-1][1]), ('authentic', 'not-compared'), str(findings))
    assert '1 violation' in findings[-1][2], findings


@tap.case('what is no log is refused by name')
def _():
    refused_all = _chain.findings(host_boot=b'no log at all' * 10)
    tap.equal(refused_all[:2], ('refused', 'host-event-log'))


with contextlib.ExitStack() as _stack:
    _folder = _stack.enter_context(tempfile.TemporaryDirectory(prefix='verdict-logs-'))
    os.chmod(_folder, 0o755)
    _chain = Chain(_folder, _stack)
    tap.main()
