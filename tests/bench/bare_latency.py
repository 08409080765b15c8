# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures the TPM of the guest without a system (tests/kvm) under two QEMUs, start by start in
turn: the distribution's and one built with this project's devices and back end. Same ROM, same
swtpm; under KVM where it runs the guest, and emulated.

Latency is from the register write that starts a command until its response is seen, by a driver
that looks again and again, or once a millisecond as Linux does. A pause is a stretch in which the
second virtual CPU did not run, while the first sends commands as fast as it can; the second looks
at its clock all the time ("clock"), or also reads an I/O port every 50 us, for which QEMU needs its
big lock ("port").
"""
import argparse
import os
import statistics
import sys
import tempfile

from bare_guest import BareGuest, why_not
from machine import DISTRIBUTION
from process import Failed
from programs import built

COMMANDS = ('PCR_Read', 'GetRandom', 'PCR_Extend', 'GetCommands')
LOOKS = {'0': 'looking again and again', '1000': 'looking each ms'}
WATCHES = ('clock', 'port')


def measure_one(guest, options, into):
    """All figures of one start: into(what, value)."""
    for name in COMMANDS:
        for look, text in LOOKS.items():
            guest.ask(f'run {name} 5 {look}')
            found = guest.ask(f'run {name} {options.count} {look}')
            if found['failed']:
                raise Failed(f'{name}: {found["failed"]} failed')
            into(f'{name}, {text}, median, ms', found['median'] / 1e6)
            into(f'{name}, {text}, p99, ms', found['p99'] / 1e6)
    for watch in WATCHES:
        for count in (0, options.count):
            found = guest.ask(f'pause {watch} {count}')
            load = 'hammered' if count else 'no commands'
            into(f'pauses, {watch}, {load}: longest, ms', found['longest'] / 1e6)
            into(f'pauses, {watch}, {load}: over 0.3 ms, a second',
                 found['over300us'] / (found['total'] / 1e9))


def measure(options, accel, device):
    """{what: {QEMU's name: [a value per round]}}"""
    results = {}
    for turn in range(options.rounds):
        names = list(options.qemus)
        for name in names if turn % 2 == 0 else names[::-1]:
            print(f'round {turn + 1}/{options.rounds}: {accel}, {device}, {name} ...',
                  file=sys.stderr)
            with tempfile.TemporaryDirectory(prefix='bench-') as directory, BareGuest(
                    directory, options.image, options.qemus[name], accel, device) as guest:
                measure_one(guest, options, lambda what, value, name=name: results.setdefault(
                    what, {}).setdefault(name, []).append(value))
    return results


def show(results, accel, device):
    print(f'{accel + ", " + device:52}{"stock":>10}{"ours":>10}  ours/stock')
    for what, values in results.items():
        stock, ours = (statistics.median(values[name]) if name in values else None
                       for name in ('stock', 'ours'))
        cells = ['-' if v is None else f'{v:.3f}' for v in (stock, ours)]
        ratio = f'{ours / stock:.3f}' if stock and ours is not None else '-'
        print(f'{what:52}{cells[0]:>10}{cells[1]:>10}  {ratio:>10}')


def arguments():
    parser = argparse.ArgumentParser(prog='bare-latency', description=__doc__)
    add = parser.add_argument
    add('--build', default=os.environ['BUILD_ROOT'], help='build directory (default: %(default)s)')
    add('--stock', default=DISTRIBUTION, help='the distribution\'s QEMU (default: %(default)s)')
    add('--qemu', default=os.environ.get('QEMU_SYSTEM_X86_64'),
        help='our QEMU, as scripts/build-qemu prints it (default: $QEMU_SYSTEM_X86_64)')
    add('--devices', default='tpm-tis,tpm-crb', type=lambda text: text.split(','))
    add('--accels', default='kvm,tcg', type=lambda text: text.split(','))
    add('--rounds', type=int, default=3, help='starts of each kind (default: %(default)s)')
    add('--count', type=int, default=200, help='commands of each kind (default: %(default)s)')
    options = parser.parse_args()
    if not 0 < options.count <= 2000:
        parser.error('--count is 1 to 2000')
    os.environ['BUILD_ROOT'] = os.path.abspath(options.build)
    options.image = built('tests', 'kvm', 'bare-guest.rom')
    options.qemus = {'stock': options.stock}
    if options.qemu:
        options.qemus['ours'] = options.qemu
    return options


def main():
    options = arguments()
    for accel in options.accels:
        reason = why_not(options.image, options.stock, accel)
        if reason:
            print(f'{accel}: left out, as {reason}')
            continue
        for device in options.devices:
            show(measure(options, accel, device), accel, device)
    print(f'medians over {options.rounds} starts, {os.getloadavg()[0]:.1f} processes ready on '
          f'{len(os.sched_getaffinity(0))} host cores')


if __name__ == '__main__':
    try:
        main()
    except Failed as problem:
        sys.exit(f'bare-latency: {problem}')
