# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines with a vTPM for firmware tests and benchmarks: any QEMU, any firmware.

    with Swtpm(directory, version='1.2') as swtpm, Machine(
            directory, qemu, 'tcg', 'tpm-tis', swtpm.control, ['-drive', ...]) as machine:
        machine.wait_for_text('done')
"""
import json
import os
import shutil
import subprocess
import tempfile
import time

import tap
from agent import Agent
from process import Failed, connect, listens, spawn, stop, tail, wait_until
from programs import built
from swtpm import Swtpm
from vm import MACHINE, tpm_options

DISTRIBUTION = '/usr/bin/qemu-system-x86_64'


def qemus(variable='QEMU_SYSTEM_X86_64', distribution=DISTRIBUTION):
    """{name: path} of the QEMUs to test: the one that the variable names, or else the
    distribution's; both in a full run."""
    ours = os.environ.get(variable)
    if not ours:
        return {'stock': distribution}
    if os.environ.get('TEST_FULL') != 'true':
        return {'ours': ours}
    return {'stock': distribution, 'ours': ours}


class Machine:
    """A QEMU with a TPM; what its first serial port says is in serial() and serial.log.

    device: 'tpm-tis', 'tpm-crb', 'tpm-tis-device', or None for no TPM
    control: the control socket of its swtpm
    arguments: of QEMU, in addition
    port: whether it has a second serial port, for send() and line(), or for agent()
    backend: options of the TPM's back end, in addition
    """

    def __init__(self, directory, qemu, accel, device, control, arguments, port=False, backend=''):
        def path(name):
            return os.path.join(directory, name)

        self.log, self.serial_log = path('qemu.log'), path('serial.log')
        self._port_path, self._qmp_path = path('port') if port else None, path('qmp')
        self.command = [qemu, '-accel', accel, *MACHINE, '-serial', f'file:{self.serial_log}',
                        *arguments, *tpm_options(device, control, backend),
                        '-qmp', f'unix:{self._qmp_path},server=on,wait=off']
        if port:
            self.command += ['-chardev', f'socket,id=port,path={self._port_path},server=on,'
                             'wait=off', '-serial', 'chardev:port']
        self.process = self.port = self._qmp = self._agent = None
        self.buffer = b''

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for stale in (self._qmp_path, self._port_path):
            if stale and os.path.exists(stale):
                os.unlink(stale)
        self.process = spawn(self.command, self.log)
        try:
            wait_until(lambda: listens(self._qmp_path), 'QEMU starts', 30, self.process,
                       self.log)
        except BaseException:
            self.stop()
            raise
        return self

    def _connect(self, path):
        return connect(path, self.process, self.log)

    def stop(self):
        for peer in (self.port, self._qmp, self._agent):
            if peer is not None:
                peer.close()
        self.port = self._qmp = self._agent = None
        stop(self.process)
        self.process = None

    def agent(self, seconds):
        """The agent of the guest image, once it answers; for guests that have it."""
        if self._agent is None:
            self._agent = Agent(self._port_path, self.process)
        try:
            self._agent.wait(seconds)
        except Exception as problem:
            raise Failed(f'{problem}\n{self.tail()}') from None
        return self._agent

    def send(self, text):
        if self.port is None:
            self.port = self._connect(self._port_path)
        self.port.sendall(text.encode())

    def line(self, seconds):
        """The next line from the second serial port."""
        if self.port is None:
            self.port = self._connect(self._port_path)
        end = time.monotonic() + seconds
        while b'\n' not in self.buffer:
            self.port.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.port.recv(65536)
            except TimeoutError:
                data = b''
            if not data:
                raise Failed(f'no answer from the guest:\n{self.tail()}')
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line.decode(errors='replace').strip()

    def serial(self):
        """All that the first serial port has said."""
        if not os.path.exists(self.serial_log):
            return ''
        with open(self.serial_log, encoding='utf-8', errors='replace') as f:
            return f.read()

    def wait_for_text(self, text, seconds, times=1):
        """Waits until the first serial port has said `text` so often; returns all it said."""
        try:
            wait_until(lambda: self.serial().count(text) >= times, f'{text!r} {times} times',
                       seconds, self.process)
        except Failed as problem:
            where = '' if self.process.poll() is not None else self.monitor('info registers')
            raise Failed(f'{problem}\n{self.tail()}{where}') from None
        return self.serial()

    def wait(self, seconds):
        """Waits until QEMU ends by itself; its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f'did not end in {seconds} s:\n{self.tail()}') from None

    def qmp(self, command, **arguments):
        """Runs a QMP command and returns what it returns."""
        if self._qmp is None:
            self._qmp = self._connect(self._qmp_path).makefile('rw', encoding='utf-8')
            self._qmp.readline()
            self.qmp('qmp_capabilities')
        self._qmp.write(json.dumps({'execute': command, 'arguments': arguments}) + '\n')
        self._qmp.flush()
        while True:
            answer = json.loads(self._qmp.readline())
            if 'return' in answer:
                return answer['return']
            if 'error' in answer:
                raise Failed(f'{command}: {answer["error"]["desc"]}')

    def monitor(self, line):
        """What the human monitor says to a command."""
        return self.qmp('human-monitor-command', **{'command-line': line})

    def tail(self):
        """The end of what QEMU and the guest said, for a report of what went wrong."""
        return tail(self.log) + tail(self.serial_log)


class Boot:
    """One boot of firmware under a QEMU: its first case starts it, the others look at it."""

    def __init__(self, qemu):
        self.qemu = qemu
        self.directory = tempfile.mkdtemp(prefix='firmware-')
        self.parts = []

    def path(self, name):
        return os.path.join(self.directory, name)

    def start_machine(self, accel, device, arguments, version='2.0', port=False):
        """Starts a vTPM and then a Machine with it; both run until stop() or end()."""
        swtpm = Swtpm(self.directory, version=version)
        machine = Machine(self.directory, self.qemu, accel, device, swtpm.control, arguments, port)
        for part in (swtpm, machine):
            self.parts.append(part.start())
        return machine

    def stop(self):
        while self.parts:
            self.parts.pop().stop()

    def end(self):
        self.stop()
        shutil.rmtree(self.directory)


def make_guest_image():
    subprocess.run([os.path.join(os.environ['SOURCE_ROOT'], 'scripts', 'guest-image'), built()],
                   check=True)


def main(boot, *groups, **which):
    """Runs groups of cases, group(name, boot), with a boot of its own for each of qemus()."""
    boots = {name: boot(path) for name, path in qemus(**which).items()}
    try:
        for name, one in boots.items():
            for group in groups:
                group(name, one)
        tap.main()
    finally:
        for one in boots.values():
            one.end()
