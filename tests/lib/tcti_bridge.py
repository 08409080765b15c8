# SPDX-License-Identifier: GPL-2.0-or-later
"""For tpm2-tss' cmd TCTI: carries standard input and output to and from a Unix socket."""
import os
import selectors
import socket
import sys


def carry(tpm):
    """Until either end closes."""
    with selectors.DefaultSelector() as ready:
        ready.register(0, selectors.EVENT_READ)
        ready.register(tpm, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                data = os.read(key.fd, 8192)
                if not data:
                    return
                if key.fd == 0:
                    tpm.sendall(data)
                else:
                    os.write(1, data)


if __name__ == '__main__':
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(sys.argv[1])
        carry(server)
