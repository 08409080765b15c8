# SPDX-License-Identifier: GPL-2.0-or-later
"""For tpm2-tss' cmd TCTI: switches on the vTPM behind the control socket argv[1], as QEMU and a
firmware do, and carries standard input and output to and from it. It ends when the input does."""
import socket
import struct
import sys

from tcti_bridge import carry

INIT, SET_DATAFD = 2, 0x10
STARTUP_CLEAR = bytes.fromhex('8001 0000000c 00000144 0000')


def power_on(control):
    """The data channel of a vTPM that has had its Startup."""
    ours, theirs = socket.socketpair()
    with theirs:
        socket.send_fds(control, [struct.pack('>I', SET_DATAFD)], [theirs.fileno()])
    expect(control.recv(4), bytes(4), 'SET_DATAFD')
    control.sendall(struct.pack('>II', INIT, 0))
    expect(control.recv(4), bytes(4), 'INIT')
    ours.sendall(STARTUP_CLEAR)
    expect(ours.recv(10)[6:], bytes(4), 'TPM2_Startup')
    return ours


def expect(got, want, what):
    if got != want:
        sys.exit(f'{what}: {got.hex() or "no answer"}')


if __name__ == '__main__':
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(sys.argv[1])
        with power_on(channel) as data:
            carry(data)
