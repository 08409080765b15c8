# SPDX-License-Identifier: GPL-2.0-or-later
"""What firmware must have measured: PCR banks as {hash name: {PCR: value}} against its event
log."""
import eventlog
import tap

FIRMWARE_PCRS = range(8)


def expect_extended(banks, events):
    """PCRs 0 to 7 are extended in every bank, and a separator is in each."""
    for bank, values in banks.items():
        for pcr in FIRMWARE_PCRS:
            assert any(values[pcr]), f'{bank}:{pcr} is not extended'
    tap.equal(eventlog.separators(events), set(FIRMWARE_PCRS))


def expect_logged(banks, events, pcrs):
    """The log leads to these PCRs, in every bank."""
    for bank, values in banks.items():
        got = eventlog.replay(events, bank, pcrs)
        tap.equal([v.hex() for v in got], [values[p].hex() for p in pcrs], bank)


def digests(events, pcr, type_=None, bank='sha256'):
    """The digests that the log has for a PCR, of one type of event or of all."""
    return [e.digests[bank] for e in events if e.pcr == pcr and type_ in (None, e.type)]
