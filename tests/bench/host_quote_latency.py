# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest has to wait when its host asks QEMU for a deep quote each second: commands of the
guest without a system (tests/kvm), as fast as it can send them, in stretches with quotes and
without in turn. The host's TPM is a software TPM, and the same with a chip's time for each quote.

Latency is from the register write that starts a command until its response is seen. A median is
that of the medians of runs, p99 that of their p99; the longest is the longest of all. Each quote is
a TPM2_DeepQuote and a TPM2_PCR_Read, as vtpm-managerctl vm quote has them. On a host with other
work run it by chrt -f 1, as root: the longest is that work's doing otherwise.
"""
import argparse
import base64
import os
import statistics
import sys
import tempfile
import threading
import time

from bare_guest import BareGuest, why_not
from load_stand import Stand
from process import Failed, wait_until
from programs import built, program
from protocol import UUID
from swtpm import Swtpm

BANK = [{'hash': 11, 'pcrs': list(range(8))}]
COMMANDS = ('GetRandom', 'PCR_Read', 'PCR_Extend')
COUNT = 2000  # commands a run, as many as the guest keeps times of
ROWS = (('median', statistics.median, 'median, ms'), ('p99', statistics.median, 'p99, ms'),
        ('max', max, 'longest, ms'))


class Quotes(threading.Thread):
    """Has the host ask each second until stop(); `took`: milliseconds from question to values."""

    def __init__(self, machine):
        super().__init__()
        self.machine, self.over, self.took, self.problem = machine, threading.Event(), [], None

    def run(self):
        try:
            while not self.over.wait(max(0, 1 - (self.took[-1:] or [0])[0] / 1000)):
                begun = time.monotonic()
                self.command('tpm-deep-quote', nonce=base64.b64encode(os.urandom(32)).decode(),
                             pcrs=BANK, **{'host-pcrs': BANK})
                self.command('tpm-pcr-read', pcrs=BANK)
                self.took.append((time.monotonic() - begun) * 1000)
        except Failed as problem:
            self.problem = problem

    def command(self, name, **arguments):
        number = self.machine.qmp(name, id='tpm0', wait=30000, **arguments)['number']

        def ended():
            found = self.machine.qmp('query-tpm-host-command', id='tpm0', number=number)
            if found['state'] == 'failed':
                raise Failed(f'{name}: {found["error"]}')
            return found if found['state'] == 'completed' else None
        response = base64.b64decode(wait_until(ended, name, 60)['response'])
        if response[6:10] != bytes(4):
            raise Failed(f'{name}: response code 0x{response[6:10].hex()}')

    def stop(self):
        self.over.set()
        self.join()
        if self.problem:
            raise self.problem


def stretch(guest, name, seconds, into):
    """Runs of one command for so long; what each found."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = guest.ask(f'run {name} {COUNT} 0')
        if found['failed']:
            raise Failed(f'{name}: {found["failed"]} failed')
        for what, _, _ in ROWS:
            into.setdefault(what, []).append(found[what] / 1e6)


def measure(options, device, latency):
    """({command: (without, with)}, milliseconds of each quote); each is what stretch() fills."""
    results, took = {name: ({}, {}) for name in COMMANDS}, []
    with tempfile.TemporaryDirectory(prefix='bench-') as folder, \
            Stand(latency, vm_rate=0) as stand:
        stand.manager.introduce(UUID, os.getuid())
        swtpm = Swtpm(folder, program('swtpm-deepquote'),
                      f'manager={stand.manager.socket},uuid={UUID}')
        with BareGuest(folder, options.image, options.qemu, options.accel, device, 1,
                       swtpm=swtpm) as guest:
            for turn in range(options.rounds):
                for name in COMMANDS:
                    print(f'round {turn + 1}/{options.rounds}: {device}, {latency or "no latency"},'
                          f' {name} ...', file=sys.stderr)
                    stretch(guest, name, options.seconds, results[name][0])
                    quotes = Quotes(guest.machine)
                    quotes.start()
                    try:
                        stretch(guest, name, options.seconds, results[name][1])
                    finally:
                        quotes.stop()
                    took += quotes.took
    return results, took


def show(title, results, took):
    print(f'{title:40}{"no quotes":>12}{"quotes":>12}  {"ratio":>8}')
    for name, pair in results.items():
        for what, summary, text in ROWS:
            without, beside = (summary(values[what]) for values in pair)
            print(f'{name + ", " + text:40}{without:>12.3f}{beside:>12.3f}  '
                  f'{beside / without:>8.3f}')
    print(f'{len(took)} quotes, each {statistics.median(took):.1f} ms (median), at most '
          f'{max(took):.1f} ms\n')


def arguments():
    p = argparse.ArgumentParser(prog='host-quote-latency', description=__doc__)
    add = p.add_argument
    add('--build', default=os.environ['BUILD_ROOT'], help='build directory (default: %(default)s)')
    add('--qemu', default=os.environ.get('QEMU_SYSTEM_X86_64'),
        help='our QEMU, as scripts/build-qemu prints it (default: $QEMU_SYSTEM_X86_64)')
    add('--devices', default='tpm-tis,tpm-crb', type=lambda text: text.split(','))
    add('--accel', default='kvm', help='kvm, or tcg (default: kvm where it works, else tcg)')
    add('--rounds', type=int, default=3, help='stretches of each kind (default: %(default)s)')
    add('--seconds', type=float, default=4, help='of each stretch (default: %(default)s)')
    add('--chip-ms', type=float, default=71,
        help='what a chip takes for a quote (71: the median for P-256)')
    options = p.parse_args()
    if options.rounds < 1 or options.seconds < 2:
        p.error('give one round of two seconds at least')
    if not options.qemu:
        p.error('name our QEMU by --qemu: no other asks')
    os.environ['BUILD_ROOT'] = os.path.abspath(options.build)
    options.image = built('tests', 'kvm', 'bare-guest.rom')
    return options


def main():
    options = arguments()
    reason = why_not(options.image, options.qemu, options.accel)
    if reason and options.accel == 'kvm':
        print(f'kvm: left out, as {reason}')
        options.accel = 'tcg'
    for device in options.devices:
        for latency, says in ((None, 'software TPM'),
                              (f'quote={options.chip_ms}', f'{options.chip_ms:g} ms a quote')):
            show(f'{options.accel}, {device}, {says}', *measure(options, device, latency))
    print(f'{options.rounds} stretches of {options.seconds:g} s each, {os.getloadavg()[0]:.1f} '
          f'processes ready on {len(os.sched_getaffinity(0))} host cores')


if __name__ == '__main__':
    try:
        main()
    except Failed as problem:
        sys.exit(f'host-quote-latency: {problem}')
