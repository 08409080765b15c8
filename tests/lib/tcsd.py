# SPDX-License-Identifier: GPL-2.0-or-later
"""TrouSerS's daemon on a vTPM of ours, and the programs that reach the TPM by way of it.

    with Tcsd(vtpm.server, directory) as tcsd:
        tcsd.check('tpm_version')
"""
import os
import shutil
import socket
import subprocess

from process import spawn, stop, wait_until

NEEDED = ('tcsd', 'tpm_version', 'tpm_mkaik')


def obstacle():
    """Why it cannot be had here, or None."""
    if os.geteuid() != 0:
        return 'tcsd needs root, from which it goes to the user tss'
    for name in NEEDED:
        if shutil.which(name, path=PATH) is None:
            return f'no {name}: run scripts/setup'
    return None


PATH = os.environ['PATH'] + ':/usr/sbin:/sbin'


def run(*command, stdin='', env=None):
    """(status, standard output, standard error) of a program that has no terminal to ask at."""
    done = subprocess.run(command, input=stdin.encode(), capture_output=True, check=False,
                          start_new_session=True, timeout=60, env=env or environment())
    return (done.returncode, done.stdout.decode(errors='replace'),
            done.stderr.decode(errors='replace'))


def environment(**more):
    return {**os.environ, 'PATH': PATH, **more}


class Tcsd:
    """The daemon, with the TPM behind a unix socket; its storage is in `dir`, which is kept."""

    def __init__(self, server, dir):
        self.server, self.dir = server, dir
        self.config = os.path.join(dir, 'tcsd.conf')
        self.log = os.path.join(dir, 'tcsd.log')
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        store = os.path.join(dir, 'tcsd')
        os.mkdir(store, 0o700)
        shutil.chown(store, 'tss', 'tss')
        with open(self.config, 'w', encoding='ascii') as f:
            f.write(f'port = {self.port}\nsystem_ps_file = {store}/system.data\n')
        shutil.chown(self.config, 'root', 'tss')
        os.chmod(self.config, 0o640)
        self.env = environment(TCSD_USE_TCP_DEVICE='1', TCSD_UN_SOCKET_DEVICE_PATH=server,
                               TSS_TCSD_PORT=str(self.port),
                               TSS_USER_PS_FILE=os.path.join(dir, 'user.data'))
        self.process = None

    def __enter__(self):
        os.chmod(self.server, 0o666)
        self.process = spawn(['tcsd', '-e', '-f', '-c', self.config], self.log, env=self.env)
        wait_until(self.answers, 'tcsd listens', process=self.process, log=self.log)
        return self

    def __exit__(self, *_):
        stop(self.process)

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(('127.0.0.1', self.port)) == 0

    def run(self, *command, stdin=''):
        return run(*command, stdin=stdin, env=self.env)

    def check(self, *command, stdin=''):
        """Standard output of a program that has to succeed."""
        status, out, error = self.run(*command, stdin=stdin)
        assert status == 0, f'{command}: {error}'
        return out
