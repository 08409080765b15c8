# SPDX-License-Identifier: GPL-2.0-or-later
"""What a vTPM with the module costs beside plain swtpm while it is idle, and how long it takes from
a connection to its first answer; with --units as units of systemd's. Where systemd is not process
1, that is one of our own, with the packages of this tree."""
import argparse
import contextlib
import glob
import itertools
import json
import os
import resource
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import uuid

import own_systemd
import tpm2
from fake_systemd import pass_as
from manager import Manager
from process import run, spawn, stop
from programs import program
from swtpm import SWTPM, Swtpm, environment
from vtpm import CTRL, exchange, receive

SOCKET = ['socket', '--tpm2', '--ctrl', 'type=unixio,fd=3', '--terminate']
PAUSE = 1  # seconds, more than the unit makes between two starts
# In place of systemctl, where many VMs are made: what it does for each is done once, for all
LATER = '#!/bin/sh\ncase $* in\n*daemon-reload | *enable*) ;;\n' \
        '*) exec /usr/bin/systemctl "$@" ;;\nesac\n'
STATE_DIR = '/var/lib/private/swtpm-deepquote'
SOURCE = os.environ['SOURCE_ROOT']


def arguments():
    p = argparse.ArgumentParser(prog='unit-figures', description=__doc__)
    p.add_argument('--build', default=os.environ['BUILD_ROOT'],
                   help='build directory; with --units nothing of it is used')
    p.add_argument('--vms', type=int, default=1000, help='idle vTPMs of each kind (1000)')
    p.add_argument('--starts', type=int, default=100, help='starts of each kind, in turn (100)')
    p.add_argument('--units', action='store_true',
                   help='units, by the installed vtpm-managerctl and manager, or by those of '
                   'packages that are built, in a systemd of our own; needs root')
    p.add_argument('--qemu-group', default='root', help='with --units: whose the sockets are')
    p.add_argument('--json', action='store_true', help='print JSON')
    return p.parse_args()


options = arguments()
os.environ['BUILD_ROOT'] = os.path.abspath(options.build)


class Client:
    """What QEMU is to a vTPM: a control and a data channel, and the first command."""

    def __init__(self, path):
        self.control = socket.socket(socket.AF_UNIX)
        self.control.settimeout(120)
        self.control.connect(path)

    def start(self):
        """To the first answer of a TPM that has its state."""
        self.data, theirs = socket.socketpair()
        socket.send_fds(self.control, [struct.pack('>I', CTRL['SET_DATAFD'])], [theirs.fileno()])
        theirs.close()
        for message in (None, struct.pack('>II', CTRL['INIT'], 0)):
            if message:
                self.control.sendall(message)
            assert receive(self.control, 4) == bytes(4), 'the vTPM refuses a control command'
        assert tpm2.rc_of(exchange(self.data, tpm2.command('Startup', tpm2.u16(0)))) == 0
        return self

    def close(self):
        self.data.close()
        self.control.close()


class Process:
    """A vTPM that is started with a listening socket, by us."""

    def __init__(self, argv, state, path):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(8)
            self.begun = time.monotonic()
            self.process = spawn([*argv, '--tpmstate', f'dir={state},mode=0600'], os.devnull,
                                 env=environment(), close_fds=False,
                                 prepare=lambda: pass_as(listener.fileno(), 3))
            self.client = Client(path)
        os.unlink(path)
        self.client.start()
        self.seconds = time.monotonic() - self.begun

    def pid(self):
        return self.process.pid

    def end(self):
        self.client.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            stop(self.process)


def processes(folder, state, argv):
    """A function that starts one vTPM by this command; all have the same keys in a state of their
    own."""
    def make():
        at = tempfile.mkdtemp(dir=folder)
        shutil.copytree(state, at, dirs_exist_ok=True)
        return Process(argv, at, at + '.sock')
    return make


def plain(folder, state):
    return processes(folder, state, [SWTPM, *SOCKET])


def with_module(folder, state, manager, name):
    return processes(folder, state, [program('swtpm-deepquote'), *SOCKET, '--deepquote',
                                     f'manager={manager},uuid={name}'])


class Unit:
    """A vTPM that systemd starts when we connect."""

    ended = {}  # name: when

    def __init__(self, name):
        self.name = name
        time.sleep(max(0, Unit.ended.get(name, 0) + PAUSE - time.monotonic()))
        self.begun = time.monotonic()
        self.client = Client(f'/run/swtpm-deepquote/{name}.sock').start()
        self.seconds = time.monotonic() - self.begun

    def pid(self):
        return int(run(['systemctl', 'show', '--value', '--property', 'MainPID',
                        f'swtpm-deepquote@{self.name}.service']).stdout)

    def end(self):
        self.client.close()
        Unit.ended[self.name] = time.monotonic()


@contextlib.contextmanager
def units(folder, state, number):
    """Names of new VMs, with the given state each."""
    names = [str(uuid.uuid4()) for _ in range(number)]
    made = []
    later = os.path.join(folder, 'later')
    os.mkdir(later)
    with open(os.path.join(later, 'systemctl'), 'w', encoding='ascii') as f:
        f.write(LATER)
        os.fchmod(f.fileno(), 0o755)
    environ = {**os.environ, 'PATH': f'{later}:{os.environ["PATH"]}'}
    try:
        for name in names:
            os.makedirs(STATE_DIR, exist_ok=True)
            shutil.copytree(state, os.path.join(STATE_DIR, name))
            made.append(name)
            run(['vtpm-managerctl', 'vm', 'new', name, '--keep-state', '--qemu-group',
                 options.qemu_group], timeout=120, env=environ)
        run(['systemctl', 'daemon-reload'], timeout=600)
        run(['systemctl', 'enable', '--quiet', '--now',
             *(f'swtpm-deepquote@{name}.socket' for name in names)], timeout=1800)
        yield names
    finally:
        for name in made if not own_systemd.inside() else []:
            run(['vtpm-managerctl', 'vm', 'delete', name, '--yes'], timeout=120)


def pss(pid):
    """KiB of a process's memory, what it shares divided by those who share it."""
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('Pss:'))


def idle(makers, look=lambda: None):
    """Median KiB of vTPMs that all run at once, and what look() returns meanwhile."""
    running = []
    try:
        for make in makers:
            running.append(make())
        time.sleep(2)
        return statistics.median([pss(one.pid()) for one in running]), look()
    finally:
        for one in running:
            one.end()


def starts(kinds):
    """{kind: median milliseconds}, of starts in turn."""
    times = {kind: [] for kind in kinds}
    for _ in range(options.starts):
        for kind, make in kinds.items():
            one = make()
            times[kind].append(one.seconds * 1000)
            one.end()
    return {kind: statistics.median(values) for kind, values in times.items()}


def measure_processes(folder, state):
    with Manager(dir=os.path.join(folder, 'manager')) as manager:
        name = str(uuid.uuid4())
        manager.admin('register', uuid=name, owner=os.geteuid())
        begun = starts({'plain': plain(folder, state),
                        'module': with_module(folder, state, manager.socket, name)})
    return begun, {'plain': idle([plain(folder, state)] * options.vms)[0],
                   'module': idle([with_module(folder, state, f'{folder}/none', name)] *
                                  options.vms)[0]}


def measure_units(folder, state):
    make = plain(folder, state)
    before = pss(1)
    with units(folder, state, options.vms) as names:
        made = pss(1)
        chosen = itertools.cycle(names)
        begun = starts({'plain': make, 'unit': lambda: Unit(next(chosen))})
        memory = {'plain': idle([make] * options.vms)[0]}
        memory['unit'], running = idle([lambda name=name: Unit(name) for name in names],
                                       lambda: pss(1))
    memory['systemd'] = {'off': (made - before) / options.vms,
                         'idle': (running - before) / options.vms}
    return begun, memory


def in_own_systemd():
    obstacle = own_systemd.obstacle()
    if obstacle:
        sys.exit(f'unit-figures: {obstacle}')
    run([os.path.join(SOURCE, 'scripts', 'build-deb'), '--unchecked'], timeout=3600)
    packages = glob.glob(os.path.join(SOURCE, 'build', 'deb', 'unchecked', '*.deb'))
    sys.exit(own_systemd.run([sys.executable, *sys.argv], packages))


def main():
    if options.units and not own_systemd.inside() and not os.path.isdir('/run/systemd/system'):
        in_own_systemd()
    if own_systemd.inside():
        own_systemd.start_manager()
    limit = 8 * options.vms + 1024
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with tempfile.TemporaryDirectory(prefix='unit-figures-') as folder:
        os.makedirs(os.path.join(folder, 'manager'))
        first = Swtpm(os.path.join(folder, 'first'))
        first.provision()
        os.unlink(os.path.join(first.state, '.lock'))
        measure = measure_units if options.units else measure_processes
        begun, memory = measure(folder, first.state)
    if options.json:
        print(json.dumps({'vms': options.vms, 'pss_kib': memory, 'start_ms': begun}))
        return
    other = next(kind for kind in begun if kind != 'plain')
    print(f'{"":28}{"plain":>10}{other:>10}{"more":>10}')
    for what, values in ((f'KiB each of {options.vms}, idle', memory),
                         ('ms to first answer', begun)):
        print(f'{what:28}{values["plain"]:10.1f}{values[other]:10.1f}'
              f'{values[other] - values["plain"]:10.1f}')
    for what, kib in memory.get('systemd', {}).items():
        print(f"KiB of systemd's each, {what:15}{kib:10.1f}")


main()
