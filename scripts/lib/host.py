# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's side: vtpm-managerd over a stand-in TPM, a VM's swtpm, and the verifier."""
import os
import re
import subprocess

from process import spawn, stop, tail, wait_for
from programs import program

PCRS = list(range(8))
PCR_LIST = 'sha256:' + ','.join(map(str, PCRS))

# What a firmware measures on its way to the kernel; "#" lines are comments
FIRMWARE_EVENTS = """\
# PCR TEXT: each line extends the digest of TEXT, as a firmware does when the host boots.
0 firmware volume 4.21, vendor-signed
1 setup: secure boot on, SMT on
2 option ROM: network adapter 1.8
3 option ROM configuration: none
4 boot manager: shim 15.8
4 boot loader: grub 2.06
5 partition table: disk 0
6 platform resumed from nothing
7 secure boot keys: PK, KEK, db, dbx
"""


class Failed(Exception):
    """A program of ours refused, with what it said."""


def run(command, log=None):
    """Runs a program to its end; its output, or Failed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise Failed(f'{os.path.basename(command[0])} {command[1] if len(command) > 1 else ""}: '
                     f'{(done.stderr or done.stdout).strip()}\n{tail(log) if log else ""}')
    return done.stdout


class Manager:
    """vtpm-managerd with a stand-in TPM; everything is below `directory`."""

    def __init__(self, directory, build, keep=False, sockets=None):
        self.directory = directory
        self.keep = keep
        self.log = os.path.join(directory, 'manager.log')
        self.socket = os.path.join(sockets or directory, 'vtpm.sock')
        self.admin = os.path.join(sockets or directory, 'admin.sock')
        self.tpm = os.path.join(directory, 'stand-in-tpm')
        self.events = os.path.join(self.tpm, 'events')
        self.daemon = program('vtpm-managerd', build)
        self.tool = program('vtpm-managerctl', build)
        self.process = None
        os.makedirs(self.tpm, exist_ok=True)
        with open(self.events, 'w', encoding='ascii') as f:
            f.write(FIRMWARE_EVENTS)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.process = spawn(
            [self.daemon, '--simulate-tpm', self.tpm,
             '--state-dir', os.path.join(self.directory, 'manager-state'),
             '--socket', self.socket, '--admin-socket', self.admin], self.log, self.keep)
        wait_for('vtpm-managerd', self._answers, self.process, self.log)
        return self

    def stop(self):
        stop(self.process)
        self.process = None

    def _answers(self):
        return subprocess.run([self.tool, '--socket', self.admin, 'status'],
                              capture_output=True, check=False).returncode == 0

    def ctl(self, *arguments):
        """Runs vtpm-managerctl and returns what it prints."""
        return run([self.tool, '--socket', self.admin, *arguments], self.log)

    def edit_events(self, old, new):
        """Changes what the firmware measures from the next start on."""
        with open(self.events, encoding='ascii') as f:
            text = f.read()
        if old not in text:
            raise ValueError(f'no event {old!r}')
        with open(self.events, 'w', encoding='ascii') as f:
            f.write(text.replace(old, new))

    def enrol(self, directory, uuid):
        """What a verifier needs of this host: its key and a policy with its PCRs of now."""
        os.makedirs(directory, exist_ok=True)
        key = os.path.join(directory, 'host-ak.pub')
        values = os.path.join(directory, 'host-pcrs.bin')
        policy = os.path.join(directory, 'policy')
        name = self.ctl('ak', '--output', key).split()[0]
        self.ctl('quote', '--nonce', os.urandom(32).hex(), '--pcrs', PCR_LIST,
                 '-m', os.path.join(directory, 'host-quote.msg'),
                 '-s', os.path.join(directory, 'host-quote.sig'), '-o', values)
        with open(values, 'rb') as f:
            data = f.read()
        if len(data) != 32 * len(PCRS):
            raise Failed(f'{len(data)} bytes of PCR values')
        with open(policy, 'w', encoding='ascii') as f:
            f.write(f'vm {uuid}\n')
            for i, pcr in enumerate(PCRS):
                f.write(f'host-pcr sha256:{pcr} {data[32 * i:32 * i + 32].hex()}\n')
        return name, key, policy


class Vtpm:
    """One VM's vTPM: provisioned and started as libvirt does, but for the user it runs as."""

    def __init__(self, directory, build, uuid, manager, keep=False):
        self.directory = directory
        self.keep = keep
        self.ctrl = os.path.join(directory, 'vtpm.ctrl')
        self.log = os.path.join(directory, 'vtpm.log')
        self.state = os.path.join(directory, uuid, 'tpm2')
        self.launcher = program('swtpm-deepquote', build)
        self.deepquote = f'manager={manager.socket},uuid={uuid}' if manager else None
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def provision(self):
        """Manufactures the TPM: endorsement keys that stay."""
        os.makedirs(self.state, mode=0o700, exist_ok=True)
        user = ['--runas', 'root'] if os.geteuid() == 0 else []
        run(['swtpm_setup', '--tpm2', '--tpmstate', self.state, '--createek', '--lock-nvram',
             '--not-overwrite', '--logfile', os.path.join(self.directory, 'vtpm-setup.log'),
             *user])

    def start(self):
        self.provision()
        command = [self.launcher, 'socket', '--tpm2', '--terminate',
                   '--ctrl', f'type=unixio,path={self.ctrl},mode=0600',
                   '--tpmstate', f'dir={self.state},mode=0600', '--log', f'file={self.log}']
        if self.deepquote:
            command += ['--deepquote', self.deepquote]
        self.process = spawn(command, os.path.join(self.directory, 'vtpm.out'), self.keep)
        wait_for('swtpm', lambda: os.path.exists(self.ctrl), self.process, self.log)
        return self

    def stop(self):
        stop(self.process)
        self.process = None


class Verdict:
    """What tpm2_checkdeepquote said: status, its lines, and the reason word (None: trusted)."""

    def __init__(self, done):
        self.status = done.returncode
        self.text = done.stdout + done.stderr
        self.lines = done.stdout.strip().splitlines()
        last = self.lines[-1] if self.lines else ''
        refused = re.fullmatch(r'verdict: not trusted \((.+)\)', last)
        self.reason = refused.group(1) if refused else None
        self.trusted = self.status == 0 and last == 'verdict: trusted'

    def refused_for(self, reason):
        return self.status == 1 and self.reason == reason


def verify(build, quote, nonce, host_key, policy=None, uuid=None, state=None):
    """Runs tpm2_checkdeepquote over the files of the directory `quote`."""
    command = [program('tpm2_checkdeepquote', build), '-q', nonce, '--host', host_key]
    for option, name in (('-u', 'ak.pub'), ('-m', 'quote.msg'), ('-s', 'quote.sig'),
                         ('-f', 'pcrs.bin'), ('--evidence', 'evidence.bin')):
        command += [option, os.path.join(quote, name)]
    for option, value in (('--policy', policy), ('--uuid', uuid), ('--state', state)):
        if value is not None:
            command += [option, value]
    return Verdict(subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, check=False))
