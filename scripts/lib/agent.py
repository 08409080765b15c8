# SPDX-License-Identifier: GPL-2.0-or-later
"""Talks to the agent of the guest image over the guest's second serial port."""
import base64
import contextlib
import os
import shlex
import time

from process import connect


class GuestError(RuntimeError):
    """A command in the guest failed, or the guest did not answer."""


class Agent:
    """The agent behind the unix socket `path`, which `guest` serves; guest.poll() is None while it
    runs.

    The port has no state: requests carry an id, and what does not carry the id of the request at
    hand (boot noise, answers that nobody waited for) is passed over.
    """

    def __init__(self, path, guest):
        self.guest = guest
        self.buffer = b''
        self.serial = 0
        self.socket = connect(path, guest)

    def close(self):
        self.socket.close()

    def _line(self, end):
        """The next line, or None when there is none before `end`."""
        while b'\n' not in self.buffer:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(min(left, 0.5))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                if self.guest.poll() is not None:
                    raise GuestError('the guest ended') from None
                continue
            except OSError:
                data = b''
            if not data:
                raise GuestError('the guest ended')
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line.strip()

    def _send(self, script):
        """Sends a request; its id."""
        self.serial += 1
        number = f'{self.serial:x}{os.urandom(4).hex()}'
        encoded = base64.b64encode(script.encode()).decode()
        self.socket.sendall(f'\n{number} {encoded}\n'.encode())
        return number.encode()

    def _answer(self, numbers, seconds):
        """(status, stdout, stderr) of the first answer to one of these requests, or None when there
        was none in time."""
        end = time.monotonic() + seconds
        output = None
        while (line := self._line(end)) is not None:
            words = line.split() + [b'', b'']
            if words[0] == b'@begin' and words[1] in numbers:
                output = b''
            elif words[0] == b'@end' and words[1] in numbers and output is not None:
                error = base64.b64decode(words[3])
                return int(words[2]), base64.b64decode(output), error.decode(errors='replace')
            elif output is not None:
                output += line
        return None

    def wait(self, seconds):
        """Waits until the guest answers: any of the requests, as it may lose some while it starts,
        and be slow to answer others."""
        end = time.monotonic() + seconds
        numbers = []
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):  # it does not read what it is sent yet
                numbers.append(self._send(':'))
            if self._answer(numbers, 2) is not None:
                return
        raise GuestError(f'the guest did not come up in {seconds} s')

    def run(self, script, seconds=60):
        """Runs a shell script in the guest: (status, output as bytes, standard error)."""
        answer = self._answer([self._send(script)], seconds)
        if answer is None:
            raise GuestError(f'no answer in {seconds} s to: {script}')
        return answer

    def check(self, script, seconds=60):
        """As run(), but a status other than 0 is an error; returns the output."""
        status, output, error = self.run(script, seconds)
        if status != 0:
            raise GuestError(f'status {status} of: {script}\n{error}'.rstrip())
        return output

    def deepquote(self, nonce, vtpm_pcrs, host_pcrs, to, seconds=60, tcti=None,
                  options=''):
        """Runs tpm2_deepquote in the guest and puts its files into the directory `to`.

        tcti: of the TPM that it asks; None: the guest's device
        options: more of them, as words of a shell's

        Returns what it said on standard error.
        """
        files = ['ak.pub', 'quote.msg', 'quote.sig', 'pcrs.bin', 'evidence.bin']
        _, _, said = self._checked(
            f'cd /tmp && tpm2_deepquote {f"--tcti {shlex.quote(tcti)} " if tcti else ""}'
            '--ak-create --ak-public ak.pub '
            f'-q {nonce} -l {vtpm_pcrs} --host-pcr-list {host_pcrs} '
            f'-m quote.msg -s quote.sig -o pcrs.bin --evidence evidence.bin {options}', seconds)
        os.makedirs(to, exist_ok=True)
        for name in files:
            with open(os.path.join(to, name), 'wb') as f:
                f.write(self.check(f'cat /tmp/{name}'))
        return said.strip()

    def _checked(self, script, seconds):
        answer = self.run(script, seconds)
        if answer[0] != 0:
            raise GuestError(answer[2].strip() or f'status {answer[0]} of: {script}')
        return answer
