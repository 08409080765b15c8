# SPDX-License-Identifier: GPL-2.0-or-later
"""A swtpm behind a relay of the test's own, which can answer, wait or fail in its place.

    with Relay() as relay, Manager(tcti=relay.tcti) as manager:
        relay.hook = lambda command: error_response(0x922)
"""
import contextlib
import os
import shutil
import socket
import sys
import tempfile
import threading

import tpm2
from process import run
from tpm2 import code_of
from vtpm import Vtpm, receive_packet

BRIDGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'tcti_bridge.py')
QUOTE, PCR_READ, CREATE_PRIMARY = (tpm2.CC[n] for n in ('Quote', 'PCR_Read', 'CreatePrimary'))


class Relay:
    """A swtpm that is started as a firmware does; `hook(command)` may answer for it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='managerd-tpm-')
        self.path = os.path.join(self.dir, 'relay')
        self.tcti = f'cmd:{sys.executable} {BRIDGE} {self.path}'
        self.hook = lambda command: None
        self.counts = {}
        self.lock = threading.Lock()
        self.up = True
        self.live = []
        self.tpm = Vtpm(dir=os.path.join(self.dir, 'tpm'), startup=True).start()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.down()
        shutil.rmtree(self.dir, ignore_errors=True)

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                sock = self.listener.accept()[0]
                if not self.up:
                    sock.close()
                    continue
                self.live.append(sock)
                threading.Thread(target=self.carry, args=(sock,), daemon=True).start()

    def carry(self, sock):
        with contextlib.suppress(OSError, EOFError), sock:
            while True:
                command = receive_packet(sock)
                code = code_of(command)
                self.counts[code] = self.counts.get(code, 0) + 1
                response = self.hook(command)
                sock.sendall(self.send(command) if response is None else response)

    def send(self, command):
        with self.lock:
            if not self.up:
                raise EOFError('the TPM is gone')
            return self.tpm.send(command)

    def down(self):
        """The TPM and the way to it are gone."""
        self.up = False
        self.tpm.stop()
        for sock in self.live:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.live.clear()

    def back(self):
        """The host has booted: the TPM was reset and started."""
        self.tpm.start()
        self.up = True

    def reset(self, started=True):
        """The TPM is reset while the way to it stays, and started unless told otherwise."""
        with self.lock:
            tpm2.check(self.tpm.send(tpm2.command('Shutdown', tpm2.u16(0))))
            self.tpm.ask_control('INIT', tpm2.u32(0))
        if started:
            self.startup()

    def startup(self):
        tpm2.check(self.send(tpm2.command('Startup', tpm2.u16(0))))

    def tool(self, name, *args, code=0):
        """One of tpm2-tools, by the same way as the manager."""
        return run([name, '-T', self.tcti, *args], code, timeout=60).stdout
