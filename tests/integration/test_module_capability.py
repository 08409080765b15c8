# SPDX-License-Identifier: GPL-2.0-or-later
"""TPM2_GetCapability: the vendor commands among the standard ones, whatever part is asked for."""
import tap
import tpm2
from module_fixture import vtpm_with_manager
from vtpm import Vtpm

CAP_COMMANDS, CAP_TPM_PROPERTIES = 2, 6
TOTAL_COMMANDS, LIBRARY_COMMANDS, VENDOR_COMMANDS = 0x129, 0x12A, 0x12B
VENDOR = [0x22000D01, 0x20000D02, 0x20000D03]
LINUX_ASKS_FROM = 0x11F
INDEX_AND_VENDOR_BIT = 0x2000FFFF


def expected(standard, first, count):
    """(moreData, entries) of the whole list from `first` on."""
    whole = [a for a in standard + VENDOR if a & INDEX_AND_VENDOR_BIT >= first]
    return len(whole) > count, whole[:count]


with Vtpm() as _stock:
    STANDARD = tpm2.capability_list(_stock.send, CAP_COMMANDS, 0, 1000)[1]
    STOCK_PROPERTIES = tpm2.properties(_stock.send, 0x100, 127)[1]


@tap.case('every range of TPM_CAP_COMMANDS is the standard commands and then ours')
def _():
    firsts = [0, LINUX_ASKS_FROM, 0x120, 0x144, 0x197, 0x198, 0x1FF, 0x20000000, 0x20000D00,
              0x20000D01, 0x20000D02, 0x20000D03, 0x20000D04, 0xFFFFFFFF]
    n = len(STANDARD)
    with vtpm_with_manager() as (tpm, _):
        for first in firsts:
            for count in (0, 1, 2, 3, 4, n - 1, n, n + 1, n + 2, n + 3, n + 4, 0xFFFFFFFF):
                got = tpm2.capability_list(tpm.send, CAP_COMMANDS, first, count)
                tap.equal((bool(got[0]), got[1]), expected(STANDARD, first, count),
                          f'from 0x{first:x}, {count}')


@tap.case("Linux's question gets just as many commands as TPM_PT_TOTAL_COMMANDS says")
def _():
    with vtpm_with_manager() as (tpm, _):
        total = tpm2.properties(tpm.send, TOTAL_COMMANDS, 1)[1][TOTAL_COMMANDS]
        more, commands = tpm2.capability_list(tpm.send, CAP_COMMANDS, LINUX_ASKS_FROM, total)
        tap.equal((bool(more), len(commands)), (False, total))
        tap.equal(commands[-3:], VENDOR)


@tap.case('the two counters count ours in every range that has them, and nothing else differs')
def _():
    wanted = STOCK_PROPERTIES | {TOTAL_COMMANDS: STOCK_PROPERTIES[TOTAL_COMMANDS] + 3,
                                 VENDOR_COMMANDS: STOCK_PROPERTIES[VENDOR_COMMANDS] + 3}
    with vtpm_with_manager() as (tpm, _):
        for first in (0x100, 0x120, 0x128, TOTAL_COMMANDS, LIBRARY_COMMANDS, VENDOR_COMMANDS,
                      0x12C):
            for count in (1, 2, 3, 4, 127):
                names = [p for p in wanted if p >= first][:count]
                tap.equal(tpm2.properties(tpm.send, first, count)[1], {p: wanted[p] for p in names},
                          f'from 0x{first:x}, {count}')


@tap.case('other capabilities are those of the stock vTPM, byte for byte')
def _():
    with Vtpm() as stock, vtpm_with_manager(startup=True) as (tpm, _):
        for capability, first in ((0, 0), (1, 0x80000000), (3, 0), (5, 0), (7, 0), (8, 0),
                                  (9, 0), (0x99, 0)):
            ask = tpm2.command('GetCapability', tpm2.u32(capability) + tpm2.u32(first) +
                               tpm2.u32(127))
            if capability != 1:  # handles: this vTPM has a key
                tap.equal(tpm.send(ask), stock.send(ask), f'capability {capability}')


@tap.case('a malformed question gets the stock answer')
def _():
    whole = tpm2.command('GetCapability', tpm2.u32(CAP_COMMANDS) + tpm2.u32(0) + tpm2.u32(1000))
    with Vtpm() as stock, vtpm_with_manager() as (tpm, _):
        for n in range(10, len(whole)):
            cut = whole[:2] + tpm2.u32(n) + whole[6:n]
            tap.equal(tpm.send(cut), stock.send(cut), f'{n} bytes')
        long = whole[:2] + tpm2.u32(len(whole) + 1) + whole[6:] + b'\0'
        tap.equal(tpm.send(long), stock.send(long))


tap.main()
