# SPDX-License-Identifier: GPL-2.0-or-later
"""A private swtpm (or swtpm-deepquote) process on unix sockets, for one test.

    with Vtpm() as tpm:                                     # the distribution's swtpm
    with Vtpm(deepquote='manager=/path/sock', uuid=UUID) as tpm:   # with our module
        response = tpm.send(command)

Nothing is shared between two of them: sockets, state and log are in a directory of their own.
"""
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import tpm2
from programs import program

BUILD_ROOT = os.environ.get('BUILD_ROOT', '')
SWTPM = '/usr/bin/swtpm'
LAUNCHER = program('swtpm-deepquote')
UUID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'

CTRL = {'GET_CAPABILITY': 1, 'INIT': 2, 'SHUTDOWN': 3, 'GET_TPMESTABLISHED': 4,
        'SET_LOCALITY': 5, 'CANCEL': 9, 'STORE_VOLATILE': 0xA, 'GET_STATEBLOB': 0xC,
        'SET_STATEBLOB': 0xD, 'STOP': 0xE, 'GET_CONFIG': 0xF, 'SET_DATAFD': 0x10,
        'SET_BUFFERSIZE': 0x11, 'GET_INFO': 0x12}


def child_environment():
    """The environment for a swtpm: its own leaks are not ours to report."""
    env = dict(os.environ)
    env.setdefault('ASAN_OPTIONS', 'detect_leaks=0')
    return env


def connect_unix(path, process=None, seconds=20):
    """Connects to a stream socket that may not be there yet."""
    end = time.monotonic() + seconds
    while True:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(path)
            return sock
        except OSError:
            sock.close()
            if process is not None and process.poll() is not None:
                raise RuntimeError(f'swtpm ended with {process.returncode}') from None
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def receive(sock, n):
    data = b''
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            raise EOFError(f'{len(data)} of {n} bytes')
        data += part
    return data


def exchange(sock, command):
    """Sends one TPM command over a stream and reads the response to the size in its header."""
    sock.sendall(command)
    header = receive(sock, 10)
    return header + receive(sock, struct.unpack('>I', header[2:6])[0] - 10)


class Vtpm:
    """One swtpm process.

    program: what to run; by default the launcher where `deepquote` is given, else swtpm
    deepquote: value of --deepquote without uuid; None runs without the option
    uuid: appended to it; None leaves it out
    dir: use this directory instead of a private one (kept afterwards): state survives
    startup: True sends Startup(CLEAR) by itself; None leaves the TPM without INIT
    args: further options of swtpm
    """

    def __init__(self, program=None, deepquote=None, uuid=UUID, dir=None, startup=True, args=()):
        self.dir = dir or tempfile.mkdtemp(prefix='vtpm-')
        self.keep = dir is not None
        self.state = os.path.join(self.dir, 'state')
        os.makedirs(self.state, exist_ok=True)
        self.log = os.path.join(self.dir, 'log')
        self.server = os.path.join(self.dir, 'server')
        self.ctrl_path = os.path.join(self.dir, 'ctrl')
        self.argv = [program or (LAUNCHER if deepquote else SWTPM), 'socket', '--tpm2',
                     '--tpmstate', f'dir={self.state}', '--log', f'file={self.log}',
                     '--server', f'type=unixio,path={self.server}',
                     '--ctrl', f'type=unixio,path={self.ctrl_path}']
        if startup is not None:
            flags = 'not-need-init,startup-' + ('clear' if startup else 'none')
            self.argv += ['--flags', flags]
        if deepquote:
            self.argv += ['--deepquote', deepquote + (f',uuid={uuid}' if uuid else '')]
        self.argv += list(args)
        self.process = None
        self.data = None
        self.ctrl_sock = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for path in (self.server, self.ctrl_path):
            if os.path.exists(path):
                os.unlink(path)
        self.process = subprocess.Popen(self.argv, env=child_environment(),
                                        stdin=subprocess.DEVNULL)
        try:
            self.data = connect_unix(self.server, self.process)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for sock in (self.data, self.ctrl_sock):
            if sock:
                sock.close()
        self.data = self.ctrl_sock = None
        if self.process:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(10)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
            self.process = None
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    def send(self, command):
        """One command, one response, as bytes."""
        return exchange(self.data, command)

    def rc(self, command):
        return tpm2.rc_of(self.send(command))

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def control(self, name, body=b'', reply=4):
        """A control command; returns the reply's `reply` bytes (4: the result word only)."""
        if self.ctrl_sock is None:
            self.ctrl_sock = connect_unix(self.ctrl_path, self.process)
        self.ctrl_sock.sendall(struct.pack('>I', CTRL[name]) + body)
        return receive(self.ctrl_sock, reply)

    def log_text(self):
        with open(self.log, encoding='utf-8', errors='replace') as f:
            return f.read()
