# SPDX-License-Identifier: GPL-2.0-or-later
"""A private vtpm-managerd: its directories, its sockets and its stand-in TPM are its own.

    with Manager() as manager:
        manager.admin('status')
"""
import json
import os
import socket
import tempfile

from process import Failed, run, spawn, stop, wait_until
from programs import program


class Manager:
    """One vtpm-managerd.

    dir: of its state, sockets and log; None makes one, which goes with it
    sockets, state: other directories for these
    tcti: of its TPM, instead of a stand-in
    prepare: called in its process before it starts
    keep: it outlives us
    options: any other becomes an option (share_logs=True, ak_algorithm='rsa')
    """

    def __init__(self, dir=None, sockets=None, state=None, tcti=None, prepare=None, keep=False,
                 **options):
        self.private = None
        if dir is None:
            self.private = tempfile.TemporaryDirectory(prefix='managerd-')
            os.chmod(self.private.name, 0o755)  # vTPMs of other users connect
        self.dir = dir or self.private.name
        self.socket = os.path.join(sockets or self.dir, 'vtpm.sock')
        self.admin_socket = os.path.join(sockets or self.dir, 'admin.sock')
        self.state = state or os.path.join(self.dir, 'manager-state')
        self.tpm = os.path.join(self.dir, 'stand-in-tpm')
        self.events = os.path.join(self.tpm, 'events')
        self.log = os.path.join(self.dir, 'manager.log')
        self.prepare, self.keep = prepare, keep
        self.argv = [program('vtpm-managerd'), '--state-dir', self.state, '--socket', self.socket,
                     '--admin-socket', self.admin_socket]
        self.argv += ['--tcti', tcti] if tcti else ['--simulate-tpm', self.tpm]
        for name, value in options.items():
            option = '--' + name.replace('_', '-')
            self.argv += [option] if value is True else [option, str(value)]
        self.process = None
        self.introduced = set()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        code, log = self.stop(), self.log_text()
        if self.private:
            self.private.cleanup()
        assert kind or code == 0, f'vtpm-managerd ended with {code}: {log}'

    def spawn(self):
        self.process = spawn(self.argv, self.log, self.keep, self.prepare)
        return self

    def start(self):
        self.spawn()
        try:
            wait_until(self.answers, 'vtpm-managerd answers', 60, self.process, self.log)
        except BaseException:
            self.kill()
            raise
        return self

    def answers(self):
        try:
            return self.admin('registry')['ok']
        except OSError:
            return False

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit code."""
        return stop(self.process, 30)

    def restart(self):
        code = self.stop()
        assert code == 0, f'vtpm-managerd ended with {code}: {self.log_text()}'
        return self.start()

    def fail(self):
        """Starts one that is to end by itself: (exit code, log)."""
        self.spawn()
        try:
            return self.process.wait(60), self.log_text()
        finally:
            self.kill()

    def log_text(self):
        with open(self.log, encoding='utf-8', errors='replace') as f:
            return f.read()

    def admin(self, command, **members):
        """One request on the administration socket; the answer's object."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(self.admin_socket)
            s.sendall(json.dumps({'command': command} | members).encode() + b'\n')
            answer = b''
            while not answer.endswith(b'\n'):
                part = s.recv(65536)
                if not part:
                    raise ConnectionResetError('the manager closed the connection')
                answer += part
        return json.loads(answer)

    def introduce(self, uuid, owner):
        """Registers a VM of this user, if that was not done before."""
        if uuid not in self.introduced:
            answer = self.admin('register', uuid=uuid, rule='user', owner=owner)
            if not answer['ok'] and 'is registered already' not in answer['error']:
                raise Failed(answer['error'])
            self.introduced.add(uuid)

    def ctl(self, *arguments, code=0):
        """vtpm-managerctl, as process.run()."""
        return run([program('vtpm-managerctl'), '--socket', self.admin_socket, *arguments], code,
                   self.log, timeout=60)

    def vm(self, uuid):
        """What the registry has on a VM."""
        return self.admin('show', uuid=uuid)['vm']
