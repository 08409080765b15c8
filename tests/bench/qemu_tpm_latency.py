# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures the TPM of a guest under two QEMUs, boot by boot in turn: the distribution's and one
built with this project's devices and back end. Same kernel, same initramfs, same swtpm, and a copy
of the same vTPM state for each boot.

Latency is that of write() and read() on /dev/tpm0; CPU is what QEMU and swtpm used meanwhile.

A pause is a stretch in which a thread alone on the second virtual CPU (CPU 1) did not run, while
the first one sends no commands, --rate commands a second, or as many as it can, in bursts of 0.8 s.
That thread looks at its clock all the time ("clock"), or also reads an I/O port every 50 us, for
which QEMU needs its big lock ("port"). CPU 1 has a host core of its own; as root all of QEMU and
swtpm has real-time priority meanwhile.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import second_vcpu
import vm
from cpio import newc
from machine import DISTRIBUTION, Machine, make_guest_image
from process import Failed, listens, spawn, stop, wait_until
from programs import built
from swtpm import Swtpm
from vtpm import Vtpm

ROOT = os.environ['SOURCE_ROOT']
FAST = ['PCR_Read', 'GetRandom', 'PCR_Extend', 'GetCapability', 'GetCommands', 'ContextSave']
SLOW = ['CreateECC', 'CreateRSA']
FILTER = os.path.join(ROOT, 'tests', 'bench', 'tpm_filter.py')


def words(line):
    """'ok a=1 b=2' as {'a': 1.0, 'b': 2.0}; Failed for anything but ok."""
    first, *rest = line.split()
    if first != 'ok':
        raise Failed(line)
    return {name: float(value) for name, value in (word.split('=') for word in rest)}


class Guest:
    """A booted guest of qemu_tpm_guest.c."""

    def __init__(self, options, qemu, device, arguments='', long_responses=False):
        self.directory = tempfile.mkdtemp(prefix='bench-')
        self.filter = self.swtpm = self.machine = None
        try:
            self._start(options, qemu, device, arguments, long_responses)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _start(self, options, qemu, device, arguments, long_responses):
        control = None
        if device is not None:
            shutil.copytree(options.state, os.path.join(self.directory, 'state'))
            self.swtpm = Swtpm(self.directory).start()
            control = self._filter() if long_responses else self.swtpm.control
        self.machine = Machine(self.directory, qemu, options.accel, device, control, [
            '-smp', '2', '-m', '256', '-kernel', options.kernel, '-initrd', options.initramfs,
            '-append', f'{vm.COMMAND_LINE} {arguments}'], port=True).start()
        if not self.machine.line(120).startswith('ready'):
            raise Failed(f'no guest:\n{self.machine.tail()}')

    def _filter(self):
        path = os.path.join(self.directory, 'filter')
        log = os.path.join(self.directory, 'filter.log')
        self.filter = spawn([sys.executable, FILTER, path, self.swtpm.control], log)
        wait_until(lambda: listens(path), 'the filter listens', 30, self.filter, log)
        return path

    def stop(self):
        for part in (self.machine, self.swtpm):
            if part is not None:
                part.stop()
        stop(self.filter)
        shutil.rmtree(self.directory)

    def ask(self, request, seconds=300):
        self.machine.send(request + '\n')
        return words(self.machine.line(seconds))

    def cpu(self):
        """Processor time so far of QEMU and of swtpm, in ns, threads that ended included."""
        return sum(time.clock_gettime_ns((~process.pid << 3) | 2)
                   for process in (self.machine.process, self.swtpm.process))

    def command(self, name, count):
        self.ask(f'command {name} {max(1, count // 20)}')
        before = self.cpu()
        found = self.ask(f'command {name} {count}')
        found['cpu'] = (self.cpu() - before) / count
        return found


def measure_commands(options, qemu, device, into):
    with Guest(options, qemu, device) as guest:
        for name in options.commands:
            count = options.count if name in FAST else max(3, options.count // 10)
            into(name, guest.command(name, count))


def measure_long(options, qemu, device, into):
    with Guest(options, qemu, device, long_responses=True) as guest:
        into('LongResponse', guest.command('LongResponse', options.count))


def measure_pause(options, qemu, device, into):
    with Guest(options, qemu, device) as guest:
        second_vcpu.measure(guest, options, into)


def measure_files(options, qemu, device, into):
    start = time.monotonic_ns()
    with Guest(options, qemu, device, 'ima_policy=tcb') as guest:
        found = guest.ask(f'files {options.files}')
        found['boot'] = time.monotonic_ns() - start
        into('files', found)
    if found['measured'] < options.files:
        raise Failed(f'IMA measured {found["measured"]:.0f} of {options.files} files')


MEASURES = {'commands': measure_commands, 'long': measure_long, 'pause': measure_pause,
            'files': measure_files}


def measure(options):
    """{(measure, device, QEMU's name): {figure: [a value per round]}}"""
    results = {}

    def into(qemu, device):
        def add(name, found):
            for key, value in found.items():
                results.setdefault((name, device, qemu), {}).setdefault(key, []).append(value)
        return add

    for turn in range(options.rounds):
        for kind in options.measures:
            for device in options.devices + ([None] if kind == 'files' else []):
                names = list(options.qemus) if device else ['stock']
                for name in names if turn % 2 == 0 else names[::-1]:
                    print(f'round {turn + 1}/{options.rounds}: {kind}, {device or "no TPM"}, '
                          f'{name} ...', file=sys.stderr)
                    MEASURES[kind](options, options.qemus[name], device,
                                   into(name, device or 'none'))
    return results


def rows(results, devices):
    """(what, device, unit, stock, ours, digits), medians over the rounds."""
    def value(name, device, qemu, key):
        values = results.get((name, device, qemu), {}).get(key)
        return statistics.median(values) if values else None

    def pair(name, device, key, scale=1e6):
        both = [value(name, device, qemu, key) for qemu in ('stock', 'ours')]
        return [None if v is None else v / scale for v in both]

    bare = value('files', 'none', 'stock', 'time')
    for device in devices:
        for name in FAST + ['LongResponse'] + SLOW:
            size = value(name, device, 'stock', 'size') or 0
            yield f'{name}, {size:.0f} bytes, median', device, 'ms', *pair(name, device, 'median')
            yield f'{name}, p99', device, 'ms', *pair(name, device, 'p99')
            yield f'{name}, host CPU', device, 'ms', *pair(name, device, 'cpu')
        yield 'boot and IMA over the files', device, 's', *pair('files', device, 'boot', 1e9)
        times = pair('files', device, 'time', 1e9)
        yield 'IMA over the files', device, 's', *times
        if bare is not None:
            yield ('IMA: the TPM\'s share', device, 's',
                   *(None if t is None else t - bare / 1e9 for t in times))


def show(results, options):
    table = [row for row in rows(results, options.devices) if row[3:] != (None, None)]
    if table:
        print(f'{"":52}{"device":9}{"stock":>10}{"ours":>10}  ours/stock')
    for what, device, unit, stock, ours in table:
        cells = ['-' if v is None else f'{v:.3f}' for v in (stock, ours)]
        ratio = f'{ours / stock:.3f}' if stock and ours is not None else '-'
        print(f'{what + (", " + unit if unit else ""):52}{device:9}{cells[0]:>10}{cells[1]:>10}'
              f'  {ratio:>10}')
    second_vcpu.show(results, options)


def version(qemu):
    done = subprocess.run([qemu, '--version'], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def prepare(options, directory):
    """The kernel, the initramfs and a vTPM's state, once for all boots."""
    make_guest_image()
    options.kernel = built('guest', 'vmlinuz')
    options.initramfs = os.path.join(directory, 'initramfs')
    program = built('tests', 'bench', 'qemu_tpm_guest')
    with open(program, 'rb') as f, open(options.initramfs, 'wb') as image:
        image.write(newc({'init': f.read(), **dict.fromkeys(('dev', 'proc', 'sys'))}))
    with Vtpm(dir=directory, startup=None, client=False) as vtpm:
        if vtpm.ask_control('INIT', bytes(4)) != bytes(4):
            raise Failed(f'swtpm does not initialize:\n{vtpm.log_text()}')
        options.state = vtpm.state
    options.accel = options.accel or vm.accelerator()


def arguments():
    parser = argparse.ArgumentParser(prog='qemu-tpm-latency', description=__doc__)
    add = parser.add_argument
    add('--build', default=os.environ['BUILD_ROOT'], help='build directory (default: %(default)s)')
    add('--stock', default=DISTRIBUTION, help='the distribution\'s QEMU (default: %(default)s)')
    add('--qemu', default=os.environ.get('QEMU_SYSTEM_X86_64'),
        help='our QEMU, as scripts/build-qemu prints it (default: $QEMU_SYSTEM_X86_64)')
    add('--devices', default='tpm-tis,tpm-crb', type=lambda text: text.split(','))
    add('--measures', default=','.join(MEASURES), type=lambda text: text.split(','),
        help='some of %(default)s')
    add('--commands', default=','.join(FAST + SLOW), type=lambda text: text.split(','),
        help='some of %(default)s')
    add('--rounds', type=int, default=3, help='boots of each kind (default: %(default)s)')
    add('--count', type=int, default=1000, help='commands of each kind (default: %(default)s)')
    add('--seconds', type=int, default=5,
        help='for the pauses of each kind, a burst a second (default: %(default)s)')
    add('--rate', type=int, default=500, help='of paced commands, a second (default: %(default)s)')
    add('--files', type=int, default=2000, help='that IMA measures (default: %(default)s)')
    add('--accel', choices=('kvm', 'tcg'), help='default: kvm where a guest boots with it')
    add('--json', metavar='FILE', help='also write all figures, in ns, per round')
    options = parser.parse_args()
    os.environ['BUILD_ROOT'] = os.path.abspath(options.build)
    if not set(options.measures) <= set(MEASURES):
        parser.error(f'measures are {", ".join(MEASURES)}')
    if not set(options.commands) <= set(FAST + SLOW):
        parser.error(f'commands are {", ".join(FAST + SLOW)}')
    options.qemus = {'stock': options.stock}
    if options.qemu:
        options.qemus['ours'] = options.qemu
    return options


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix='bench-') as directory:
        prepare(options, directory)
        results = measure(options)
    versions = {name: version(path) for name, path in options.qemus.items()}
    for name, text in versions.items():
        print(f'{name}: {options.qemus[name]}, {text}')
    print(f'{options.accel}, {options.rounds} rounds; medians over the rounds')
    show(results, options)
    if options.json:
        with open(options.json, 'w', encoding='ascii') as f:
            json.dump({'accelerator': options.accel, 'qemu': versions, 'results': [
                {'measure': name, 'device': device, 'qemu': qemu, **figures}
                for (name, device, qemu), figures in results.items()]}, f, indent=1)


if __name__ == '__main__':
    try:
        main()
    except (Failed, subprocess.CalledProcessError) as problem:
        sys.exit(f'qemu-tpm-latency: {problem}')
