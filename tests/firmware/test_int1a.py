# SPDX-License-Identifier: GPL-2.0-or-later
"""The TPM services of SeaBIOS (INT 1Ah) with a TPM 1.2 behind tpm-tis, called by a boot sector of
ours, the file argv[1]. What the services say is held against the PCRs that the vTPM shows, and
against the event log in the guest's memory.
"""
import hashlib
import os
import re
import shutil
import struct
import sys

import eventlog
import machine
import tap

PROGRAM = sys.argv.pop(1)
MAGIC = 0x41504354
OK = 0
TEXT = b'abcde'
DIGEST = hashlib.sha1(TEXT).digest()
EVENT_HEADER = 32
ZEROS = bytes(20)


def after_extend(digest):
    return hashlib.sha1(ZEROS + digest).digest()


class Call:
    """What one call returned: registers, and the output block where there is one."""

    def __init__(self, registers):
        self.registers = {name: int(value, 16) for name, value in registers}
        self.data = b''

    def __getattr__(self, name):
        return self.registers[name]

    def block(self):
        """The output block without its header, held to the length that the header tells."""
        length, reserved = struct.unpack('<HH', self.data[:4])
        assert reserved == 0 and length <= len(self.data), self.data.hex()
        return self.data[4:length]


class Run(machine.Boot):
    """The boot sector's run under one QEMU."""

    def __init__(self, qemu):
        super().__init__(qemu)
        self.calls = {}
        self.events = []

    def boot(self):
        disk = self.path('disk')
        shutil.copy(PROGRAM, disk)
        os.truncate(disk, 1 << 20)
        running = self.start_machine(
            'tcg', 'tpm-tis', ['-m', '32', '-drive', f'file={disk},format=raw,if=ide'], '1.2')
        self._read(running.wait_for_text('done\n', 60))
        self._dump_log(running)
        self.stop()

    def _read(self, text):
        for kind, name, rest in re.findall(r'^(call|data) (\S+) (.*?)\s*$', text, re.M):
            if kind == 'call':
                self.calls[name] = Call(re.findall(r'(\w+)=(\w+)', rest))
            else:
                self.calls[name].data = bytes.fromhex(rest)

    def _dump_log(self, running):
        """Reads the log from the guest's memory: from ESI to the end of the entry at EDI."""
        status = self['status-before-shutdown']
        path = self.path('log')
        running.qmp('pmemsave', val=status.esi, size=status.edi - status.esi + 4096, filename=path)
        with open(path, 'rb') as f:
            data = f.read()
        last = status.edi - status.esi
        size = struct.unpack_from('<I', data, last + EVENT_HEADER - 4)[0]
        self.events = eventlog.parse_legacy(data[:last + EVENT_HEADER + size])

    def __getitem__(self, name):
        return self.calls[name]

    def pcr(self, number):
        """What the vTPM answered to TPM_PCRRead through TCG_PassThroughToTPM."""
        call = self[f'read-{number}']
        tap.equal(call.eax, OK)
        tag, size, code = struct.unpack('>HII', call.block()[:10])
        tap.equal((tag, size, code), (0xC4, 30, 0))
        return call.block()[10:]


def status_cases(name, run):
    @tap.case(f'{name}: the boot sector runs to its end')
    def _():
        run.boot()

    @tap.case(f'{name}: StatusCheck finds a TPM 1.2 and tells where the log is')
    def _():
        status = run['status']
        tap.equal((status.eax, status.ebx, status.ecx, status.cf), (OK, MAGIC, 0x0102, 0))
        assert 0 < status.esi <= status.edi < 32 << 20, (status.esi, status.edi)

    @tap.case(f'{name}: PCRs 0 to 7 are extended, and the log leads to all PCRs')
    def _():
        values = [run.pcr(i) for i in range(8)]
        assert all(any(value) for value in values), values
        logged_only = [e for e in run.events if e.pcr == 9]
        extended = [e for e in run.events if e.pcr != 9]
        tap.equal(len(logged_only), 1)
        tap.equal([v.hex() for v in eventlog.replay(extended, 'sha1', range(12))],
                  [v.hex() for v in values + [run.pcr(i) for i in range(8, 12)]])

    @tap.case(f'{name}: the boot sector itself is measured into PCR 4')
    def _():
        with open(PROGRAM, 'rb') as f:
            sector = f.read(512)
        digests = [e.digests['sha1'] for e in run.events if (e.pcr, e.type) == (4, eventlog.IPL)]
        assert hashlib.sha1(sector).digest() in digests or \
            hashlib.sha1(sector[:0x1b8]).digest() in digests, run.events


def hash_cases(name, run):
    @tap.case(f'{name}: HashAll returns the SHA-1 digest')
    def _():
        tap.equal(run['hash-all'].eax, OK)
        tap.equal(run['hash-all'].data[:20], DIGEST)
        tap.equal(run['hash-all'].data[20:], b'\xee' * 4, 'behind the digest')

    @tap.case(f'{name}: HashAll refuses another algorithm')
    def _():
        assert run['hash-all-unknown-algorithm'].eax != OK
        tap.equal(run['hash-all-unknown-algorithm'].data, b'\xee' * 24)

    @tap.case(f'{name}: HashLogExtendEvent extends and logs, in both forms')
    def _():
        for call, pcr, text in (('hash-log-extend-short', 8, b'short form'),
                                ('hash-log-extend-long', 11, b'long form')):
            tap.equal(run[call].eax, OK, call)
            tap.equal(run[call].block()[4:], DIGEST, call)
            tap.equal(run.pcr(pcr), after_extend(DIGEST), call)
            events = [e for e in run.events if e.pcr == pcr]
            tap.equal([(e.type, e.digests['sha1'], e.data) for e in events],
                      [(eventlog.IPL, DIGEST, text)], call)

    @tap.case(f'{name}: HashLogExtendEvent refuses PCR 24 and a length that is neither form')
    def _():
        for call in ('hash-log-extend-bad-pcr', 'hash-log-extend-bad-length'):
            assert run[call].eax != OK, call
        assert not [e for e in run.events if e.pcr == 24], run.events

    @tap.case(f'{name}: HashLogEvent logs and does not extend')
    def _():
        tap.equal(run['hash-log'].eax, OK)
        number, = struct.unpack('<I', run['hash-log'].block())
        tap.equal(run.pcr(9), ZEROS)
        event, = [e for e in run.events if e.pcr == 9]
        tap.equal((event.digests['sha1'], event.data), (DIGEST, b'logged only'))
        assert number > 0, number

    @tap.case(f'{name}: CompactHashLogExtendEvent extends and logs; not for PCR 24')
    def _():
        tap.equal(run['compact'].eax, OK)
        tap.equal(run.pcr(10), after_extend(DIGEST))
        event, = [e for e in run.events if e.pcr == 10]
        tap.equal((event.type, event.digests['sha1']), (eventlog.COMPACT_HASH, DIGEST))
        tap.equal(len(event.data), 4, 'the informative value')
        assert run['compact-bad-pcr'].eax != OK


def pass_cases(name, run):
    @tap.case(f'{name}: PassThroughToTPM carries a command and its response')
    def _():
        call = run['pass-extend']
        tap.equal(call.eax, OK)
        tap.equal(call.block()[:10], struct.pack('>HII', 0xC4, 30, 0))
        tap.equal(call.block()[10:], after_extend(b'\x5a' * 20))
        tap.equal(run.pcr(12), after_extend(b'\x5a' * 20))

    @tap.case(f'{name}: PassThroughToTPM returns the TPM\'s refusal of an unknown command')
    def _():
        call = run['pass-wrong-ordinal']
        tap.equal(call.eax, OK)
        tap.equal(call.block(), struct.pack('>HII', 0xC4, 10, 10))  # TPM_BAD_ORDINAL

    @tap.case(f'{name}: PassThroughToTPM refuses an output block without room')
    def _():
        assert run['pass-short-room'].eax != OK
        tap.equal(run['pass-short-room'].block(), b'')

    @tap.case(f'{name}: ShutDownPreBootInterface ends the services, but for StatusCheck')
    def _():
        tap.equal(run['shutdown'].eax, OK)
        tap.equal(run['status-after-shutdown'].eax, OK)
        for call in ('hash-all-after-shutdown', 'pass-after-shutdown', 'shutdown-again'):
            tap.equal(run[call].eax, run['shutdown-again'].eax, call)
            assert run[call].eax != OK, call
            tap.equal(set(run[call].data) - {0xEE}, set(), call)


machine.main(Run, status_cases, hash_cases, pass_cases)
