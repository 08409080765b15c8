# SPDX-License-Identifier: GPL-2.0-or-later
"""Event logs as firmware writes them, in both forms of the TCG's PC Client specifications: the one
of TPM 1.2 (SHA-1 only) and the crypto-agile one of TPM 2.0. Nothing here talks to a TPM.
"""
import hashlib
import struct

NO_ACTION, SEPARATOR, ACTION, EVENT_TAG, IPL = 0x3, 0x4, 0x5, 0x6, 0xD
COMPACT_HASH, S_CRTM_VERSION = 0xC, 0x8
EFI_VARIABLE_DRIVER_CONFIG = 0x80000001
EFI_BOOT_SERVICES_APPLICATION = 0x80000003
HASHES = {0x4: 'sha1', 0xB: 'sha256', 0xC: 'sha384', 0xD: 'sha512'}
SPEC_ID = b'Spec ID Event03\0'


class Malformed(Exception):
    """The log does not follow the specification."""


class Event:
    """One event: PCR, type, {hash name: digest}, data."""

    def __init__(self, pcr, type_, digests, data):
        self.pcr, self.type, self.digests, self.data = pcr, type_, digests, data

    def __repr__(self):
        first = next(iter(self.digests.values()), b'').hex()[:12]
        return f'PCR {self.pcr} type {self.type:#x} {first} {self.data[:24]!r}'


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        part = self.data[self.at:self.at + count]
        if len(part) != count:
            raise Malformed(f'{count} bytes wanted at {self.at}, {len(part)} there')
        self.at += count
        return part

    def u32(self):
        return struct.unpack('<I', self.take(4))[0]

    def u16(self):
        return struct.unpack('<H', self.take(2))[0]

    def more(self):
        return self.at < len(self.data)


def _legacy(r):
    """TCG_PCClientPCREvent."""
    pcr, type_, digest = r.u32(), r.u32(), r.take(20)
    return Event(pcr, type_, {'sha1': digest}, r.take(r.u32()))


def parse_legacy(data):
    """The events of a log of TPM 1.2."""
    r = _Reader(data)
    events = []
    while r.more():
        events.append(_legacy(r))
    return events


def _algorithms(data):
    """{algorithm: digest size} of a TCG_EfiSpecIdEvent."""
    r = _Reader(data)
    if r.take(16) != SPEC_ID:
        raise Malformed(f'no Spec ID event but {data[:16]!r}')
    r.take(8)
    sizes = {r.u16(): r.u16() for _ in range(r.u32())}
    for algorithm, size in sizes.items():
        if algorithm in HASHES and hashlib.new(HASHES[algorithm]).digest_size != size:
            raise Malformed(f'algorithm {algorithm:#x} with digests of {size} bytes')
    return sizes


def parse(data):
    """The events of a log of TPM 2.0, without the first, which tells the form."""
    r = _Reader(data)
    first = _legacy(r)
    if (first.pcr, first.type) != (0, NO_ACTION):
        raise Malformed(f'starts with {first}')
    sizes = _algorithms(first.data)
    events = []
    while r.more():
        pcr, type_ = r.u32(), r.u32()
        digests = {}
        for _ in range(r.u32()):
            algorithm = r.u16()
            digests[HASHES.get(algorithm, hex(algorithm))] = r.take(sizes[algorithm])
        events.append(Event(pcr, type_, digests, r.take(r.u32())))
    return events


def extend(value, digest, bank):
    return hashlib.new(bank, value + digest).digest()


def replay(events, bank, pcrs=range(24)):
    """[value of each PCR] after these events; PCRs 0 to 16 and 23 start as zeros."""
    size = hashlib.new(bank).digest_size
    values = {pcr: bytes(size) for pcr in pcrs}
    for event in events:
        if event.type != NO_ACTION and event.pcr in values:
            values[event.pcr] = extend(values[event.pcr], event.digests[bank], bank)
    return [values[pcr] for pcr in pcrs]


def separators(events):
    """The set of PCRs that have a separator."""
    return {event.pcr for event in events if event.type == SEPARATOR}
