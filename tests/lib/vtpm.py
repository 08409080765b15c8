# SPDX-License-Identifier: GPL-2.0-or-later
"""A private swtpm (or swtpm-deepquote) process that a test sends commands to.

    with Vtpm() as tpm:                                     # the distribution's swtpm
    with Vtpm(deepquote='manager=/path/sock', uuid=UUID) as tpm:   # with our module
        response = tpm.send(command)
"""
import os
import struct
import tempfile

import tpm2
from process import connect
from programs import program as path_of
from protocol import UUID
from swtpm import SWTPM, Swtpm

CTRL = {'GET_CAPABILITY': 1, 'INIT': 2, 'SHUTDOWN': 3, 'GET_TPMESTABLISHED': 4,
        'SET_LOCALITY': 5, 'CANCEL': 9, 'STORE_VOLATILE': 0xA, 'GET_STATEBLOB': 0xC,
        'SET_STATEBLOB': 0xD, 'STOP': 0xE, 'GET_CONFIG': 0xF, 'SET_DATAFD': 0x10,
        'SET_BUFFERSIZE': 0x11, 'GET_INFO': 0x12}
FLAGS = {True: ['--flags', 'not-need-init,startup-clear'],
         False: ['--flags', 'not-need-init,startup-none'], None: []}


def receive(sock, n):
    data = b''
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            raise EOFError(f'{len(data)} of {n} bytes')
        data += part
    return data


def receive_packet(sock):
    """One command or response, to the size in its header."""
    header = receive(sock, 10)
    return header + receive(sock, struct.unpack('>I', header[2:6])[0] - 10)


def exchange(sock, command):
    """Sends one TPM command over a stream; returns the response."""
    sock.sendall(command)
    return receive_packet(sock)


class Vtpm(Swtpm):
    """A Swtpm with a socket for commands.

    program: what to run; by default the launcher where `deepquote` is given, else swtpm
    deepquote: value of --deepquote without uuid; None runs without the option
    uuid: appended to it; None leaves it out
    dir: use this directory instead of a private one, which goes with it
    startup: True sends Startup(CLEAR) by itself; None leaves the TPM without INIT
    client: whether it is us who send commands, or others, by way of `tcti`: it serves one at a time
    """

    def __init__(self, program=None, deepquote=None, uuid=UUID, dir=None, startup=True,
                 client=True, arguments=(), **options):
        self.private = None if dir else tempfile.TemporaryDirectory(prefix='vtpm-')
        dir = dir or self.private.name
        self.server = os.path.join(dir, 'swtpm')
        self.tcti = f'swtpm:path={self.server}'  # finds the control socket by its name
        program = program or (path_of('swtpm-deepquote') if deepquote else SWTPM)
        if deepquote and uuid:
            deepquote += f',uuid={uuid}'
        super().__init__(dir, program, deepquote, arguments=[
            '--server', f'type=unixio,path={self.server}', *FLAGS[startup], *arguments], **options)
        self.sockets.append(self.server)
        self.output = None  # what it says is for the test's log
        self.client = client
        self.data = self.control_channel = None

    def __exit__(self, *_):
        self.stop()
        if self.private:
            self.private.cleanup()

    def start(self):
        super().start()
        if self.client:
            self.data = connect(self.server, self.process, self.log)
        return self

    def release(self):
        """Leaves the server to another client."""
        self.data.close()
        self.data = None

    def stop(self):
        for sock in (self.data, self.control_channel):
            if sock:
                sock.close()
        self.data = self.control_channel = None
        super().stop()

    def send(self, command):
        """One command, one response, as bytes."""
        return exchange(self.data, command)

    def rc(self, command):
        return tpm2.rc_of(self.send(command))

    def ask_control(self, name, body=b'', reply=4):
        """A control command; returns the reply's `reply` bytes (4: the result word only)."""
        if self.control_channel is None:
            self.control_channel = connect(self.control, self.process, self.log)
        self.control_channel.sendall(struct.pack('>I', CTRL[name]) + body)
        return receive(self.control_channel, reply)
