# SPDX-License-Identifier: GPL-2.0-or-later
"""A swtpm process, the distribution's or ours, for the QEMU that connects to its control socket.

    with Swtpm(directory) as swtpm:
        ... f'socket,id=vtpm,path={swtpm.control}'
"""
import os

from process import listens, run, spawn, stop, wait_until

SWTPM = '/usr/bin/swtpm'


def environment():
    """The environment for a swtpm: its own leaks are not ours to report."""
    return {'ASAN_OPTIONS': 'detect_leaks=0', **os.environ}


class Swtpm:
    """One vTPM. Its sockets, state and log are in `dir`: two of them share nothing.

    program: the distribution's, or our launcher
    deepquote: the launcher's option
    version: of the TPM, '2.0' or '1.2'
    arguments: further ones
    keep: it outlives us
    """

    def __init__(self, dir, program=SWTPM, deepquote=None, version='2.0', arguments=(), keep=False):
        self.dir = dir
        self.keep = keep
        self.state = os.path.join(dir, 'state')
        self.control = os.path.join(dir, 'swtpm.ctrl')
        self.log = os.path.join(dir, 'swtpm.log')
        self.output = os.path.join(dir, 'swtpm.out')
        self.sockets = [self.control]
        self.argv = [program, 'socket', *(['--tpm2'] if version == '2.0' else []),
                     '--tpmstate', f'dir={self.state},mode=0600',
                     '--ctrl', f'type=unixio,path={self.control},mode=0600',
                     '--log', f'file={self.log}', *arguments]
        if deepquote is not None:
            self.argv += ['--deepquote', deepquote]
        self.process = None
        os.makedirs(self.state, mode=0o700, exist_ok=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def provision(self):
        """Manufactures the TPM where it is new: endorsement keys that stay."""
        user = ['--runas', 'root'] if os.geteuid() == 0 else []
        run(['swtpm_setup', '--tpm2', '--tpmstate', self.state, '--createek', '--lock-nvram',
             '--not-overwrite', '--logfile', os.path.join(self.dir, 'swtpm-setup.log'), *user])

    def start(self):
        for path in self.sockets:
            if os.path.exists(path):
                os.unlink(path)
        self.process = spawn(self.argv, self.output, self.keep, env=environment())
        try:
            wait_until(lambda: all(map(listens, self.sockets)), 'swtpm listens',
                       process=self.process, log=self.log)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        stop(self.process)
        self.process = None

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log_text(self):
        with open(self.log, encoding='utf-8', errors='replace') as f:
            return f.read()
