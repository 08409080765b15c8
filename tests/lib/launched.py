# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM of which we are the vTPM: QEMU at our control socket, and a connection to the manager.

    with Manager() as manager, Launched(manager, '-kernel', kernel) as vm:
        vm.parts()
"""
import os
import socket
import struct
import tempfile

import tpm2
from client import VtpmClient
from machine import DISTRIBUTION
from process import Failed, connect, spawn, stop, tail
from protocol import UUID

PARTS = 10
FLAGS = 0x11
INSTANCE = os.urandom(16)  # one life: how often one may begin is limited
KINDS = ('executable', 'library', 'firmware', 'kernel', 'initrd', 'device-tree', 'command-line',
         'file', 'machine', 'arguments')


def kernel(filling):
    """The least that QEMU takes for a Linux kernel."""
    setup = bytearray(1024)
    setup[0x1f1] = setup[0x211] = 1
    setup[0x202:0x206] = b'HdrS'
    setup[0x206:0x208] = struct.pack('<H', 0x20c)
    setup[0x22c:0x230] = struct.pack('<I', 0x3fffffff)
    return bytes(setup) + filling * 20000


def parse(parts):
    """[(kind, name, digest)] of a list."""
    r = tpm2.Reader(parts)
    assert r.take(6) == b'DQTL\x00\x01'
    ret = []
    for _ in range(int.from_bytes(r.take(2), 'big')):
        kind = KINDS[r.take(1)[0] - 1]
        name = r.take(r.take(1)[0]).decode()
        ret.append((kind, name, r.take(32)))
    assert not r.rest()
    return ret


class Launched:
    """arguments: of QEMU, besides those of a machine that does nothing
    program: in place of QEMU; it gets the same arguments
    """

    def __init__(self, manager, *arguments, program=DISTRIBUTION, uuid=UUID):
        self._folder = tempfile.TemporaryDirectory(prefix='launched-')
        self.control = os.path.join(self._folder.name, 'control')
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.control)
        self.listener.listen()
        self.listener.settimeout(30)
        self.manager, self.uuid = manager, uuid
        self._monitor = os.path.join(self._folder.name, 'monitor')
        self.command = [program, '-S', '-display', 'none', '-nodefaults', '-accel', 'tcg',
                        '-m', '64', '-L', '/usr/share/qemu', '-L', '/usr/share/seabios', *arguments,
                        '-qmp', f'unix:{self._monitor},server=on,wait=off',
                        '-chardev', f'socket,id=tpm,path={self.control}']
        self.accepted, self.process, self.client = None, None, None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """QEMU connects and makes the machine, and then we connect, as a vTPM does at its INIT."""
        log = os.path.join(self._folder.name, 'log')
        self.process = spawn(self.command, log)
        self.accepted, _ = self.listener.accept()
        with connect(self._monitor, self.process, log) as monitor:
            monitor.sendall(b'{"execute":"qmp_capabilities"}{"execute":"query-status"}')
            said = b''
            while b'"status"' not in said:
                try:
                    data = monitor.recv(4096)
                except ConnectionResetError:
                    data = b''
                if not data:
                    raise Failed(tail(log))
                said += data
        self.hello()

    def hello(self):
        """A connection of its own to the manager."""
        if self.client:
            self.client.close()
        self.client = VtpmClient(self.manager, self.uuid, INSTANCE)
        self.client.hello()

    def stop(self):
        if self.process:
            stop(self.process)
            self.process = None
        for sock in (self.client, self.accepted, self.listener):
            if sock:
                sock.close()
        self._folder.cleanup()

    def list(self):
        """As it is; empty where there is none."""
        total, page = self.client.credential(PARTS, 0, 4000)
        while len(page) < total:
            page += self.client.credential(PARTS, len(page), 4000)[1]
        return page

    def parts(self):
        return parse(self.list())

    def named(self, *kinds):
        """{name: digest} of the parts of some kinds."""
        return {name: digest for kind, name, digest in self.parts() if kind in kinds}
