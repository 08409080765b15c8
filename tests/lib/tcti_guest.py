# SPDX-License-Identifier: GPL-2.0-or-later
"""For tpm2-tss' cmd TCTI: has the guest of tests/kvm, whose serial port is the Unix socket argv[1],
send what comes on standard input to its TPM. With argv[2] it starts that TPM up before."""
import socket
import sys

STARTUP = 'startup'


def ask(port, request):
    """The words of the answer."""
    port.write(request.encode() + b'\n')
    port.flush()
    *words, last = port.readline().decode().split() or ['nothing']
    if last != 'ok':
        sys.exit(f'{request[:40]}: {last}')
    return words


def await_guest(port):
    """Until it answers: what it said before somebody listened is lost."""
    port.write(b'\n')
    port.flush()
    while port.readline().strip() != b'error':
        pass


def main():
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(sys.argv[1])
        with channel.makefile('rwb') as port:
            await_guest(port)
            if sys.argv[2:]:
                print(*ask(port, STARTUP))
                return
            while header := sys.stdin.buffer.read(6):
                command = header + sys.stdin.buffer.read(int.from_bytes(header[2:], 'big') - 6)
                answer, = ask(port, 'send ' + command.hex())
                sys.stdout.buffer.write(bytes.fromhex(answer.removeprefix('response=')))
                sys.stdout.buffer.flush()


if __name__ == '__main__':
    main()
