# SPDX-License-Identifier: GPL-2.0-or-later
"""What the module costs a vTPM, and what a deep quote costs, against stock swtpm in the same
run."""
import argparse
import json
import os
import statistics
import subprocess
import time

import tpm12
import tpm2
from manager import Manager
from programs import built
from protocol import UUID
from relay import QUOTE, Relay
from users import own
from vtpm import Vtpm


def arguments():
    p = argparse.ArgumentParser(prog='vtpm-times', description=__doc__)
    p.add_argument('--build', default=os.environ['BUILD_ROOT'], help='build directory')
    p.add_argument('--rounds', type=int, default=60, help='rounds of each comparison (60)')
    p.add_argument('--block', type=int, default=50, help='commands of a kind in a round (50)')
    p.add_argument('--chip-ms', type=float, default=71,
                   help='what a chip takes for a signature (71: the median for P-256)')
    p.add_argument('--chip-quotes', type=int, default=20, help='quotes of each kind on it (20)')
    p.add_argument('--json', action='store_true', help='print JSON')
    return p.parse_args()


options = arguments()
os.environ['BUILD_ROOT'] = os.path.abspath(options.build)
PCRS = tpm2.selection((tpm2.ALG_SHA256, list(range(8))))
NONCE = bytes(range(32))
GET_RANDOM12 = 0x46
EXTEND = tpm2.u32(1) + tpm2.u16(tpm2.ALG_SHA256) + bytes(32)


def ordinary_commands(key):
    """{name: command} of a vTPM with this key."""
    return {
        'TPM2_PCR_Read': tpm2.command('PCR_Read', PCRS),
        'TPM2_GetRandom': tpm2.command('GetRandom', tpm2.u16(32)),
        'TPM2_PCR_Extend': tpm2.command('PCR_Extend', tpm2.u32(16) + tpm2.auth_area(tpm2.pw()) +
                                        EXTEND, tpm2.ST_SESSIONS),
        'TPM2_ReadPublic': tpm2.command('ReadPublic', tpm2.u32(key)),
        'TPM2_Quote': tpm2.quote_command(key, [tpm2.pw()], NONCE, PCRS),
        'TPM2_GetCapability': tpm2.command('GetCapability', tpm2.u32(6) + tpm2.u32(0x100) +
                                           tpm2.u32(64)),
    }


def prepare(tpm):
    """Makes the key that ordinary_commands() are about; its handle."""
    return tpm2.create_primary(tpm.send)[0]


def ordinary_commands12(key):
    """The same of a TPM 1.2; its quotes need no session."""
    return {
        'TPM_PCRRead': tpm12.command('PCRRead', tpm2.u32(0)),
        'TPM_GetRandom': tpm12.command(GET_RANDOM12, tpm2.u32(20)),
        'TPM_Extend': tpm12.command('Extend', tpm2.u32(16) + bytes(20)),
        'TPM_Quote2': tpm12.command('Quote2', tpm2.u32(key) +
                                    tpm12.quote_parameters(NONCE[:20], range(8))),
        'TPM_GetCapability': tpm12.command('GetCapability', tpm2.u32(6) + tpm12.b4(b'')),
    }


def prepare12(tpm):
    tpm12.enable(tpm.send)
    tpm12.take_ownership(tpm.send, tpm12.create_ek(tpm.send))
    blob, _ = tpm12.create_wrap_key(tpm.send, bytes(20), auth=tpm12.AUTH_NEVER)
    return tpm12.load_key(tpm.send, blob)


def rounds(*streams, cpu=None, count=options.rounds, block=options.block):
    """[[nanoseconds of each stream] of each round]; the client on @cpu alone, where given."""
    def pin():
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
    program = built('tests', 'bench', 'stream-times')
    done = subprocess.run([program, str(count), str(block),
                           *(f'{path}:{command.hex()}' for path, command in streams)],
                          capture_output=True, text=True, check=True, preexec_fn=pin)
    return [[float(n) for n in line.split()] for line in done.stdout.splitlines()[1:]]


def summary(ratios):
    """Median ratio and the interval that holds its median with 95 % (order statistics)."""
    ordered, n = sorted(ratios), len(ratios)
    spread = 0.98 * n ** 0.5
    low, high = int(max(0, n / 2 - spread)), int(min(n - 1, n / 2 + spread))
    return statistics.median(ratios), ordered[low], ordered[high]


def measure_commands(manager, version, prepare_one, commands):
    out = []
    with Vtpm(version=version) as stock, Vtpm(version=version) as control, \
            Vtpm(version=version, deepquote=f'manager={manager.socket}') as ours:
        keys = [prepare_one(tpm) for tpm in (stock, control, ours)]
        of_each = [commands(key) for key in keys]
        # A scheduler that puts client and vTPM now on one CPU and now on two would be all one sees
        client, server = (sorted(os.sched_getaffinity(0)) * 2)[:2]
        for tpm in (stock, control, ours):
            tpm.release()
            os.sched_setaffinity(tpm.process.pid, {server})
        for name in of_each[0]:
            table = rounds(*((tpm.server, one[name]) for tpm, one in
                             zip((stock, control, ours), of_each)), cpu=client)
            ratio, low, high = summary([r[2] / r[0] for r in table])
            noise = summary([r[1] / r[0] for r in table])[0]
            out.append({'command': name, 'stock_us': statistics.median(r[0] for r in table) / 1e3,
                        'ours_us': statistics.median(r[2] for r in table) / 1e3, 'ratio': ratio,
                        'low': low, 'high': high, 'stock_again_ratio': noise})
    return out


def measure_round_trip(manager, behind, **much):
    """A quote of ours, one of the TPM that takes its commands at @behind, and a deep quote."""
    with Vtpm(deepquote=f'manager={manager.socket}') as ours:
        key = tpm2.create_primary(ours.send)[0]
        ours.release()
        quote = tpm2.quote_command(key, [tpm2.pw()], NONCE, PCRS)
        table = rounds((ours.server, quote), (behind, quote),
                       (ours.server, tpm2.deepquote_command(key, [tpm2.pw()], NONCE, PCRS, PCRS)),
                       **much)
    ratio, low, high = summary([r[2] / (r[0] + r[1]) for r in table])
    median = [statistics.median(r[i] for r in table) / 1e3 for i in range(3)]
    return {'vtpm_quote_us': median[0], 'behind_quote_us': median[1], 'deepquote_us': median[2],
            'ratio': ratio, 'low': low, 'high': high}


def as_slow_as_a_chip(command):
    """A hook of Relay's."""
    if tpm2.code_of(command) == QUOTE:
        time.sleep(options.chip_ms / 1000)


def measure_on_chip():
    """The same where each TPM that is behind takes a chip's time for a quote."""
    with Relay() as behind, Relay() as host, Manager(tcti=host.tcti) as manager:
        behind.hook = host.hook = as_slow_as_a_chip
        own(manager, UUID)
        tpm2.create_primary(behind.send)
        return measure_round_trip(manager, behind.path, count=options.chip_quotes, block=1)


def show_round_trip(title, trip):
    print(f'{title}\n'
          f'TPM2_Quote on the vTPM       {trip["vtpm_quote_us"]:9.1f} us\n'
          f'TPM2_Quote on a TPM behind   {trip["behind_quote_us"]:9.1f} us '
          '(a swtpm, not hardware)\n'
          f'TPM2_DeepQuote               {trip["deepquote_us"]:9.1f} us\n'
          f'ratio to the sum of the two  {trip["ratio"]:9.3f}    '
          f'{trip["low"]:.3f} .. {trip["high"]:.3f}; goal: at most 1.15')


def show(commands, trip, chip):
    print(f'{"":20} {"stock":>9} {"ours":>9} {"ratio":>7}  95 % interval    stock against itself')
    for c in commands:
        print(f'{c["command"]:20} {c["stock_us"]:6.1f} us {c["ours_us"]:6.1f} us '
              f'{c["ratio"]:7.4f}  {c["low"]:.4f} .. {c["high"]:.4f}  {c["stock_again_ratio"]:.4f}')
    print('goal: not measurable, under 1.01\n')
    show_round_trip('TPM behind: software alone', trip)
    show_round_trip(f'\nTPM behind: with a chip\'s {options.chip_ms:g} ms for a quote', chip)


def main():
    with Manager() as manager:
        own(manager, UUID)
        commands = measure_commands(manager, '2.0', prepare, ordinary_commands)
        commands += measure_commands(manager, '1.2', prepare12, ordinary_commands12)
        with Vtpm() as behind:
            tpm2.create_primary(behind.send)
            behind.release()
            trip = measure_round_trip(manager, behind.server)
    chip = measure_on_chip()
    if options.json:
        print(json.dumps({'commands': commands, 'round_trip': trip, 'round_trip_on_chip': chip},
                         indent=2))
    else:
        show(commands, trip, chip)


main()
