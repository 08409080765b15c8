#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands between QEMU and a swtpm and answers one command itself, with a response as long as a
TPM device carries: no command of a swtpm has so long a response.

usage: tpm_filter.py CONTROL-SOCKET SWTPM-CONTROL-SOCKET
"""
import array
import os
import selectors
import socket
import struct
import sys

COMMAND = struct.pack('>HII', 0x8001, 10, 0x20000F3C)
LENGTH = 3900
RESPONSE = struct.pack('>HII', 0x8001, LENGTH, 0) + bytes(i & 0xff for i in range(LENGTH - 10))
SET_DATAFD = struct.pack('>I', 0x10)


class Filter:
    """One QEMU, one swtpm: control bytes pass, the data channel goes through data()."""

    def __init__(self, guest, vtpm):
        self.guest, self.vtpm = guest, vtpm
        self.data_guest = self.data_vtpm = None
        self.selector = selectors.DefaultSelector()
        self.selector.register(guest, selectors.EVENT_READ, self.from_guest)
        self.selector.register(vtpm, selectors.EVENT_READ, lambda: self.copy(vtpm, guest))

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if not key.data():
                    return

    @staticmethod
    def copy(source, target):
        data = source.recv(65536)
        if data:
            target.sendall(data)
        return bool(data)

    def from_guest(self):
        """A control command, which may bring the file descriptor of the data channel."""
        fds = array.array('i')
        data, ancillary, _, _ = self.guest.recvmsg(65536, socket.CMSG_SPACE(fds.itemsize))
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(content[:fds.itemsize])
        if not fds:
            if data:
                self.vtpm.sendall(data)
            return bool(data)
        self.open_data(socket.socket(fileno=fds[0]))
        return True

    def open_data(self, guest):
        ours, theirs = socket.socketpair()
        self.data_guest, self.data_vtpm = guest, ours
        socket.send_fds(self.vtpm, [SET_DATAFD], [theirs.fileno()])
        theirs.close()
        self.selector.register(guest, selectors.EVENT_READ, self.from_guest_data)
        self.selector.register(ours, selectors.EVENT_READ, lambda: self.copy(ours, guest))

    def from_guest_data(self):
        data = self.data_guest.recv(65536)
        if data == COMMAND:
            self.data_guest.sendall(RESPONSE)
        elif data:
            self.data_vtpm.sendall(data)
        return bool(data)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1] + '.part')
    listener.listen(1)
    os.rename(sys.argv[1] + '.part', sys.argv[1])
    vtpm = socket.socket(socket.AF_UNIX)
    vtpm.connect(sys.argv[2])
    try:
        Filter(listener.accept()[0], vtpm).run()
    except (BrokenPipeError, ConnectionResetError):
        pass  # QEMU or the swtpm has ended


main()
