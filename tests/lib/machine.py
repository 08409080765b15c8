# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines with a vTPM for firmware tests and benchmarks: any QEMU, any firmware.

    with Swtpm(directory, '1.2') as tpm, Machine(directory, qemu, 'tcg', 'tpm-tis', tpm.control,
                                                 ['-drive', ...]) as machine:
        machine.wait_for_text('done')
"""
import json
import os
import socket
import subprocess
import time

from agent import Agent
from process import spawn, stop, tail, wait_for

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


class Swtpm:
    """The distribution's swtpm with its state in `directory`; version '2.0' or '1.2'."""

    def __init__(self, directory, version='2.0'):
        self.state = os.path.join(directory, 'state')
        self.control = os.path.join(directory, 'swtpm.ctrl')
        self.log = os.path.join(directory, 'swtpm.log')
        self.version = ['--tpm2'] if version == '2.0' else []
        self.process = None
        os.makedirs(self.state, exist_ok=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self, *more):
        if os.path.exists(self.control):
            os.unlink(self.control)
        self.process = spawn(
            ['/usr/bin/swtpm', 'socket', *self.version, '--tpmstate', f'dir={self.state}',
             '--ctrl', f'type=unixio,path={self.control}', '--log', f'file={self.log}', *more],
            self.log + '.out')
        wait_for('swtpm', lambda: os.path.exists(self.control), self.process, self.log)
        return self

    def stop(self):
        stop(self.process)
        self.process = None

    def manufacture(self):
        """Makes the TPM's state: its seeds stay the same in all copies of it."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.control)
            control.sendall(bytes([0, 0, 0, 2, 0, 0, 0, 0]))  # INIT
            if control.recv(4) != bytes(4):
                raise RuntimeError(f'swtpm does not initialize:\n{tail(self.log)}')


class Machine:
    """A QEMU with a TPM; what its first serial port says is in serial() and serial.log.

    device: 'tpm-tis', 'tpm-crb', 'tpm-tis-device', or None for no TPM
    vtpm: the control socket of its swtpm
    arguments: of QEMU, in addition
    port: whether it has a second serial port, for send() and line(), or for agent()
    """

    def __init__(self, directory, qemu, accel, device, vtpm, arguments, port=False):
        def path(name):
            return os.path.join(directory, name)

        self.log, self.serial_log = path('qemu.log'), path('serial.log')
        self._port_path, self._qmp_path = path('port') if port else None, path('qmp')
        self.command = [qemu, '-accel', accel, '-nodefaults', '-no-user-config', '-display', 'none',
                        '-serial', f'file:{self.serial_log}', *arguments,
                        '-qmp', f'unix:{self._qmp_path},server=on,wait=off']
        if port:
            self.command += ['-chardev', f'socket,id=port,path={self._port_path},server=on,'
                             'wait=off', '-serial', 'chardev:port']
        if device is not None:
            self.command += ['-chardev', f'socket,id=vtpm,path={vtpm}',
                             '-tpmdev', 'emulator,id=tpm0,chardev=vtpm',
                             '-device', f'{device},tpmdev=tpm0']
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
            wait_for('QEMU', lambda: os.path.exists(self._qmp_path), self.process, self.log)
        except BaseException:
            self.stop()
            raise
        return self

    def _connect(self, path):
        sock = socket.socket(socket.AF_UNIX)
        try:
            wait_for(path, lambda: sock.connect_ex(path) == 0, self.process, self.log)
        except BaseException:
            sock.close()
            raise
        return sock

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
            self._agent = Agent(self._port_path, lambda: self.process.poll() is None)
        try:
            self._agent.wait(seconds)
        except Exception as problem:
            raise RuntimeError(f'{problem}\n{self.tail()}') from None
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
                raise RuntimeError(f'no answer from the guest:\n{self.tail()}')
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
        end = time.monotonic() + seconds
        while self.serial().count(text) < times:
            ended = self.process.poll() is not None
            if ended or time.monotonic() > end:
                where = '' if ended else self.monitor('info registers')
                raise RuntimeError(f'did not say {text!r} {times} times:\n{self.tail()}{where}')
            time.sleep(0.05)
        return self.serial()

    def wait(self, seconds):
        """Waits until QEMU ends by itself; its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f'did not end in {seconds} s:\n{self.tail()}') from None

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
                raise RuntimeError(f'{command}: {answer["error"]["desc"]}')

    def monitor(self, line):
        """What the human monitor says to a command."""
        return self.qmp('human-monitor-command', **{'command-line': line})

    def tail(self):
        """The end of what QEMU and the guest said, for a report of what went wrong."""
        return tail(self.log) + tail(self.serial_log)
