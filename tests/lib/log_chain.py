# SPDX-License-Identifier: GPL-2.0-or-later
"""A host and a guest into whose TPMs real logs were measured, and a verifier that knows both."""
import hashlib
import json
import os
import struct

import eventlog
import tpm2
from log_tool import content, sample
from manager import Manager
from process import run, wait_until
from programs import program
from protocol import UUID
from users import own
from verifier import Store, check
from vtpm import Vtpm


PCRS = 'sha256:0,1,2,3,4,5,6,7,8,9,10'
BANKS = {'sha1': tpm2.ALG_SHA1, 'sha256': tpm2.ALG_SHA256}
LOGS = ('boot.log', 'ima.log', 'host_boot.log', 'host_ima.log')


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
            f'host-pcr sha256:{i} {values[32 * i:32 * i + 32].hex()}\n'
            for i in range(11)).encode())

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

    def profile(self, name, *options):
        """The host as it is: its PCRs by tpm2_pcrread, its files by what it measured."""
        path = os.path.join(self.folder, name)
        values = content(self.folder + '/host-pcrs')
        pcrs = write(path + '.pcrs', ''.join(
            f'sha256 {i} {values[32 * i:32 * i + 32].hex()}\n' for i in range(11)).encode())
        run([program('tpm2_checkdeepquote'), 'profile', 'record', '--name', name, '--boot', 'today',
             '--pcrs', pcrs, '--pcr-list', 'sha256:0,1,2,3,4,5,6,7,8,9', '--ima',
             self.folder + '/ima', '-o', path, *options], timeout=60)
        return path
