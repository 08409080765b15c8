# SPDX-License-Identifier: GPL-2.0-or-later
"""swtpm's own programs on a TPM 1.2: what they do to stock swtpm, to the launcher without a manager
and to a vTPM with one is the same, step by step."""
import os
import socket
import subprocess
import tempfile

import tap
import tpm12
import tpm2
from manager import Manager
from programs import program
from protocol import UUID
from swtpm import SWTPM
from users import own
from vtpm import Vtpm, exchange

PASSWORD = 'password for the state'
DIGEST = bytes(range(20))
ESTABLISHED, NO_LAUNCH = 'tpmEstablished is ', b'\xff' * 20  # and PCR 17 before one


class Steps:
    """One TPM, and what was said in each step."""

    def __init__(self, name, folder):
        self.name, self.folder = name, os.path.join(folder, name)
        os.mkdir(self.folder)
        self.said = []
        self.vtpm = None

    def start(self, *arguments, **options):
        deepquote = f'manager={manager.socket}' if self.name == 'deep' else None
        if deepquote:
            own(manager, UUID)
        path = SWTPM if self.name == 'stock' else program('swtpm-deepquote')
        self.vtpm = Vtpm(path, version='1.2', deepquote=deepquote, client=False,
                         dir=self.folder, arguments=arguments, **options).start()

    def stop(self):
        self.vtpm.stop()

    def run(self, tool, *arguments, stdin=None):
        """A program of swtpm's at a socket of the TPM; its status and output."""
        path = self.vtpm.server if tool == 'swtpm_bios' else self.vtpm.control
        done = subprocess.run([tool, '--unix', path, *arguments], input=stdin,
                              stdin=None if stdin else subprocess.DEVNULL, capture_output=True,
                              check=False, timeout=60)
        said = (done.returncode, done.stdout.decode().replace(self.folder, ''),
                done.stderr.decode().replace(self.folder, ''))
        self.said.append((tool, arguments[:1], said))
        return said

    def send(self, *commands):
        """TPM commands over one connection; the last answer."""
        with connected(self.vtpm.server) as sock:
            for command in commands:
                answer = exchange(sock, command)
                self.said.append(answer.hex())
        return answer

    def pcr(self, number):
        return self.send(tpm12.command('PCRRead', tpm2.u32(number)))[10:]

    def path(self, name):
        return os.path.join(self.folder, name)


def connected(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return sock


def same(name):
    """A case that runs on each of the three, and says what each has to."""
    def register(function):
        @tap.case(name)
        def _():
            with tempfile.TemporaryDirectory(prefix='swtpm-tpm12-') as folder:
                said = {}
                for kind in ('stock', 'launcher', 'deep'):
                    steps = Steps(kind, folder)
                    try:
                        function(steps)
                    finally:
                        if steps.vtpm:
                            steps.stop()
                    said[kind] = steps.said
                for kind in ('launcher', 'deep'):
                    for mine, stocks in zip(said[kind], said['stock'], strict=True):
                        tap.equal(mine, stocks, kind)
    return register


def ok(answer):
    tap.equal(answer[0], 0, answer)
    return answer[1]


@same('swtpm_bios starts, enables and activates it')
def _(t):
    t.start(startup=False)
    ok(t.run('swtpm_bios', '-cs'))
    ok(t.run('swtpm_bios', '-n', '-ea'))
    ok(t.run('swtpm_bios', '-n', '-u'))
    for capability in (4, 5, 6):
        t.send(tpm12.command('GetCapability', tpm2.u32(capability) + tpm12.b4(b'')))


@same('swtpm_ioctl tells its capabilities, keys and sizes')
def _(t):
    t.start()
    for arguments in (('-c',), ('-g',), ('-b', '0'), ('-b', '1'), ('-b', '4096'), ('--info', '1')):
        t.run('swtpm_ioctl', *arguments)


@same('it starts when it is told to, and not before')
def _(t):
    t.start(startup=None)
    assert t.run('swtpm_ioctl', '-e')[0] != 0
    assert t.run('swtpm_ioctl', '-v')[0] != 0
    ok(t.run('swtpm_ioctl', '-i'))
    ok(t.run('swtpm_bios'))
    ok(t.run('swtpm_ioctl', '--stop'))
    assert t.run('swtpm_ioctl', '-h', 'abc')[0] != 0
    ok(t.run('swtpm_ioctl', '-i'))
    ok(t.run('swtpm_bios', '-o'))
    t.pcr(0)


@same('a hash from locality 4 comes into PCR 17, and sets tpmEstablished')
def _(t):
    t.start(startup=None)
    ok(t.run('swtpm_ioctl', '-i'))
    ok(t.run('swtpm_bios'))
    assert ESTABLISHED + '0' in ok(t.run('swtpm_ioctl', '-e'))
    before = t.pcr(17)
    ok(t.run('swtpm_ioctl', '-h', '1234'))
    after = t.pcr(17)
    assert after not in (before, NO_LAUNCH)
    tap.equal(after, tpm12.sha1(bytes(20), tpm12.sha1(b'1234')))
    assert ESTABLISHED + '1' in ok(t.run('swtpm_ioctl', '-e'))
    ok(t.run('swtpm_ioctl', '-l', '3'))
    ok(t.run('swtpm_ioctl', '-r', '3'))
    assert ESTABLISHED + '0' in ok(t.run('swtpm_ioctl', '-e'))
    ok(t.run('swtpm_ioctl', '-h', '-', stdin=b'x' * 100000))
    tap.equal(t.pcr(17), tpm12.sha1(bytes(20), tpm12.sha1(b'x' * 100000)))


@same('localities are the ones that are set')
def _(t):
    t.start()
    for locality in range(6):
        t.run('swtpm_ioctl', '-l', str(locality))
        t.send(tpm12.command('Extend', tpm2.u32(20) + DIGEST))


def make_state(t, *arguments):
    """A TPM that has an endorsement key and PCRs."""
    t.start(*arguments, startup=None)
    ok(t.run('swtpm_ioctl', '-i'))
    ok(t.run('swtpm_bios', '-ea'))
    t.send(tpm12.command('Extend', tpm2.u32(10) + DIGEST))
    return t.pcr(10)


def key_arguments(t):
    with open(t.path('key'), 'w', encoding='ascii') as f:
        f.write(PASSWORD)
    return '--key', f'pwdfile={t.path("key")},mode=aes-cbc,remove=false,kdf=pbkdf2'


def resumes(t, *arguments):
    """What is stored by -v is taken up after the next start."""
    before = make_state(t, *arguments)
    ok(t.run('swtpm_ioctl', '-v'))
    ok(t.run('swtpm_ioctl', '-s'))
    t.stop()
    t.start(*arguments, startup=None)
    ok(t.run('swtpm_ioctl', '-i'))
    tap.equal(t.pcr(10), before)


@same('volatile state that -v stores is what the next start goes on with')
def _(t):
    resumes(t)


@same('and so it is where the state is encrypted')
def _(t):
    resumes(t, *key_arguments(t))


@same('another password starts nothing')
def _(t):
    arguments = key_arguments(t)
    make_state(t, *arguments)
    t.stop()
    with open(t.path('key'), 'w', encoding='ascii') as f:
        f.write('another')
    t.start(*arguments, startup=None)
    assert t.run('swtpm_ioctl', '-i')[0] != 0


@same('a TPM is saved by --save, and another one is loaded from it by --load')
def _(t):
    before = make_state(t)
    for kind in ('permanent', 'volatile'):
        ok(t.run('swtpm_ioctl', '--save', kind, t.path(kind)))
    t.stop()
    for name in os.listdir(t.vtpm.state):
        os.unlink(os.path.join(t.vtpm.state, name))
    t.start(startup=None)
    for kind in ('permanent', 'volatile'):
        ok(t.run('swtpm_ioctl', '--load', kind, t.path(kind)))
    ok(t.run('swtpm_ioctl', '-i'))
    tap.equal(t.pcr(10), before)


@same('a state that is none is not loaded')
def _(t):
    t.start(startup=None)
    with open(t.path('none'), 'wb') as f:
        f.write(b'none')
    assert t.run('swtpm_ioctl', '--load', 'permanent', t.path('none'))[0] != 0


@same('TPM_SaveState is what a start with ST_STATE goes on with')
def _(t):
    before = make_state(t)
    t.send(tpm12.command(0x98))  # TPM_SaveState
    ok(t.run('swtpm_ioctl', '--stop'))
    ok(t.run('swtpm_ioctl', '-i'))
    ok(t.run('swtpm_bios', '-s', '-o'))
    tap.equal(t.pcr(10), before)


@same('-s ends it')
def _(t):
    t.start()
    ok(t.run('swtpm_ioctl', '-s'))
    tap.equal(t.vtpm.process.wait(10), 0)


with Manager(vm_rate=0) as manager:
    tap.main()
