# SPDX-License-Identifier: GPL-2.0-or-later
"""swtpm-deepquote as a command: plain swtpm without --deepquote, and every way to run with it."""
import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

import tap
import tpm2
from fake_manager import FakeManager
from fake_systemd import listening, pass_as
from process import connect, spawn, stop, wait_until
from programs import program
from protocol import UUID, uuid_bytes
from swtpm import SWTPM, environment
from vtpm import CTRL, Vtpm, exchange, receive

LAUNCHER = program('swtpm-deepquote')
HOST_PCR_READ = tpm2.host_pcr_read_command(tpm2.selection((tpm2.ALG_SHA256, [0])))
STARTUP = tpm2.command('Startup', tpm2.u16(0))


def run(*argv):
    done = subprocess.run(argv, env=environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


# Commands whose answers do not depend on chance or time
def recorded_stream():
    sha256_of_zero = tpm2.u32(1) + tpm2.u16(tpm2.ALG_SHA256) + bytes(32)
    pcrs = tpm2.selection((tpm2.ALG_SHA256, [0, 7, 16]), (tpm2.ALG_SHA1, [1]))
    commands = [
        STARTUP,
        tpm2.command('PCR_Read', pcrs),
        tpm2.command('PCR_Extend', tpm2.u32(16) + tpm2.auth_area(tpm2.pw()) + sha256_of_zero,
                     tpm2.ST_SESSIONS),
        tpm2.command('PCR_Read', pcrs),
        tpm2.host_credential_command(0),          # a command that stock swtpm does not know
        HOST_PCR_READ,
        tpm2.deepquote_command(tpm2.RH_NULL, [tpm2.pw()], b'nonce', pcrs, pcrs),
        tpm2.quote_command(0x80000000, [tpm2.pw()], b'nonce', pcrs),
        b'\x80\x01\0\0\0\x0a\xff\xff\xff\xff',
        STARTUP,
    ]
    for capability in range(0, 10):
        for first in (0, 0x100, 0x120, 0x20000D01):
            commands.append(tpm2.command('GetCapability', tpm2.u32(capability) + tpm2.u32(first) +
                                         tpm2.u32(200)))
    return commands


@tap.case('without --deepquote a recorded stream is answered byte for byte as swtpm does')
def _():
    with Vtpm(startup=False) as stock, Vtpm(program=LAUNCHER, startup=False) as ours:
        for number, command in enumerate(recorded_stream()):
            tap.equal(ours.send(command).hex(), stock.send(command).hex(), f'command {number}')
        for name, reply in (('GET_CAPABILITY', 8), ('GET_TPMESTABLISHED', 8), ('GET_CONFIG', 8)):
            tap.equal(ours.ask_control(name, reply=reply),
                      stock.ask_control(name, reply=reply), name)


@tap.case('a TPM 1.2 answers byte for byte as swtpm does, with --deepquote all but our commands')
def _():
    stream = ['00c10000000c000000990001', '00c1000000160000006500000005000000040000010a',
              '00c10000000e0000001500000000', '00c10000000a20000d01', '80010000000a20000d01']
    with tempfile.TemporaryDirectory() as directory:
        answers = []
        for name, path, deepquote in (('stock', SWTPM, None), ('ours', LAUNCHER, None),
                                      ('deep', LAUNCHER, 'manager=/nowhere')):
            with Vtpm(path, version='1.2', deepquote=deepquote,
                      dir=os.path.join(directory, name), startup=None,
                      arguments=['--flags', 'not-need-init']) as tpm:
                answers.append([tpm.send(bytes.fromhex(c)).hex() for c in stream])
        tap.equal(answers[1], answers[0])
        tap.equal(answers[2][:3], answers[0][:3])


@tap.case('what swtpm says of itself passes through')
def _():
    for arguments in (['socket', '--print-capabilities'],
                      ['socket', '--print-capabilities', '--tpm2'],
                      ['chardev', '--print-capabilities'], ['--bogus'], ['socket', '--bogus'],
                      ['cuse', '--tpm2'], []):
        ours, stock = run(LAUNCHER, *arguments), run(SWTPM, *arguments)
        tap.equal(ours[:1] + tuple(t.replace(LAUNCHER.encode(), SWTPM.encode())
                                   for t in ours[1:]), stock, str(arguments))


@tap.case("--version names swtpm's version, ours and that of libtpms")
def _():
    ours, stock = run(LAUNCHER, '--version'), run(SWTPM, '--version')
    tap.equal((ours[0], ours[2]), (stock[0], stock[2]))
    number = ctypes.CDLL('libtpms.so.0').TPMLIB_GetVersion()
    libtpms = f'{number >> 16}.{number >> 8 & 255}.{number & 255}'
    tap.equal(re.sub(r'\) \d+\.\d+\.\d+,', ') VERSION,', ours[1].decode()),
              f'{stock[1].decode()}swtpm-deepquote (vtpm-deepquote) VERSION, libtpms {libtpms}\n')


@tap.case("--help is swtpm's and tells of --deepquote")
def _():
    for arguments in (['--help'], ['socket', '--help'], ['chardev', '--help']):
        ours, stock = run(LAUNCHER, *arguments), run(SWTPM, *arguments)
        assert b'--deepquote manager=PATH' in ours[1], arguments
        first = stock[1].strip().splitlines()[-1]
        assert first in ours[1], arguments
        tap.equal(ours[0], stock[0])


@tap.case('a wrong --deepquote is refused before swtpm starts, and the message says what to do')
def _():
    for value, word in (('foo', b'manager=PATH'), ('manager=', b'manager'),
                        ('manager=relative', b'absolute'), ('uuid=' + UUID, b'manager=PATH'),
                        ('manager=/m,uuid=12', b'UUID'), ('manager=/m,timeout=0', b'timeout'),
                        ('manager=/m,timeout=x', b'timeout'), ('manager=/m', b'uuid='),
                        (f'manager=/m timeout=5,uuid={UUID}', b'separate them by a comma'),
                        ('manager=/' + 'm' * 200 + f',uuid={UUID}', b'shorter')):
        for option in (['--deepquote', value], [f'--deepquote={value}']):
            code, out, error = run(LAUNCHER, 'socket', '--tpm2', '--tpmstate', 'dir=/tmp',
                                   *option)
            tap.equal((code, out), (2, b''), value)
            assert word in error and error.count(b'\n') == 1, (value, error)


@tap.case("a state path is a VM's only where it ends as libvirt's do")
def _():
    other = UUID[:-1] + ('0' if UUID[-1] != '0' else '1')
    for path in (f'/x/{UUID}', f'/x/{UUID}/tpm2', f'/x/swtpm/{UUID}', f'/x/swtpm/{UUID}/tpm2/',
                 f'/x/swtpm/{UUID}/tpm2/{other}', f'/x/swtpm/{UUID}/tpm1.2', f'/x/swtpm{UUID}/tpm2',
                 f'/x/notswtpm/{UUID}/tpm2', f'/swtpm/{UUID[:-1]}/tpm2', f'swtpm/{UUID}/tpm2',
                 f'/x/swtpm/{UUID.replace("-", "")}/tpm2', '/tpm2', '/swtpm//tpm2', ''):
        code, out, error = run(LAUNCHER, 'socket', '--tpm2', '--tpmstate', f'dir={path}',
                               '--deepquote', 'manager=/m')
        tap.equal((code, out), (2, b''), path)
        assert b'uuid=' in error, (path, error)


def asks_manager(sock, manager):
    """Whether a vendor command goes through to the manager, in the name of the VM."""
    tap.equal(tpm2.rc_of(exchange(sock, STARTUP)) in (0, 0x100), True)
    tap.equal(tpm2.rc_of(exchange(sock, HOST_PCR_READ)), 0)
    tap.equal(manager.requests[0].uuid, uuid_bytes())


class Place:
    """A directory with a manager in it, and swtpm processes that end with it."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix='launcher-')
        self.state = os.path.join(self.dir, 'swtpm', UUID, 'tpm2')
        os.makedirs(self.state)
        self.manager = FakeManager(self.path('manager')).__enter__()
        self.deepquote = ['--deepquote', f'manager={self.path("manager")}']
        self.processes = []
        return self

    def __exit__(self, *error):
        for process in self.processes:
            stop(process)
        self.manager.__exit__(*error)
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def spawn(self, *arguments, **options):
        process = spawn([LAUNCHER, *arguments, *self.deepquote, '--tpm2', '--tpmstate',
                         f'dir={self.state}', '--log', f'file={self.path("log")}'],
                        env=environment(), **options)
        self.processes.append(process)
        return process


@tap.case('the UUID is taken from the path of the state, as libvirt names it')
def _():
    with Place() as place:
        place.spawn('socket', '--server', f'type=unixio,path={place.path("s")}', '--flags',
                    'not-need-init')
        asks_manager(connect(place.path('s')), place.manager)


@tap.case('a TCP server, under the default seccomp filter')
def _():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    with Place() as place:
        process = place.spawn('socket', '--server', f'type=tcp,port={port}', '--flags',
                              'not-need-init')
        with socket.socket() as client:
            wait_until(lambda: client.connect_ex(('127.0.0.1', port)) == 0, 'swtpm listens',
                       process=process)
            asks_manager(client, place.manager)


@tap.case('a socket that the caller opened (--fd)')
def _():
    with Place() as place:
        ours, theirs = socket.socketpair()
        place.spawn('socket', '--fd', str(theirs.fileno()), '--flags', 'not-need-init',
                    pass_fds=[theirs.fileno()])
        theirs.close()
        asks_manager(ours, place.manager)


@tap.case('as a daemon, with a pid file and the process that was started')
def _():
    with Place() as place:
        process = place.spawn('socket', '--daemon', '--pid', f'file={place.path("pid")}',
                              '--server', f'type=unixio,path={place.path("s")}', '--flags',
                              'not-need-init')
        tap.equal(process.wait(20), 0)
        with open(place.path('pid'), encoding='ascii') as f:
            pid = int(f.read())
        try:
            asks_manager(connect(place.path('s')), place.manager)
            with open(f'/proc/{pid}/environ', 'rb') as f:
                assert os.readlink(f'/proc/{pid}/exe') == os.path.realpath(SWTPM)
        finally:
            os.kill(pid, signal.SIGTERM)


@tap.case('a character device (--fd of a pseudo terminal)')
def _():
    import tty
    with Place() as place:
        ours, theirs = os.openpty()
        tty.setraw(ours)
        tty.setraw(theirs)
        place.spawn('chardev', '--fd', str(theirs), '--flags', 'not-need-init',
                    pass_fds=[theirs])
        os.close(theirs)
        for command in (STARTUP, HOST_PCR_READ):
            os.write(ours, command)
            response = b''
            while len(response) < 10 or len(response) < struct.unpack('>I', response[2:6])[0]:
                response += os.read(ours, 4096)
            tap.equal(tpm2.rc_of(response), 0)
        os.close(ours)


@contextlib.contextmanager
def begun(path):
    """(control channel, data channel) with what QEMU sends first, whoever is at the other end."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(path)
        control.settimeout(60)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            socket.send_fds(control, [struct.pack('>I', CTRL['SET_DATAFD'])], [theirs.fileno()])
            theirs.close()
            yield control, ours


def serve(place, listener):
    """The TPM of a unit, whose socket others have connected to before."""
    return place.spawn('socket', '--ctrl', 'type=unixio,fd=3', '--terminate', close_fds=False,
                       prepare=lambda: pass_as(listener.fileno(), 3))


@tap.case('QEMUs that ended while they waited do not take the next one along')
def _():
    with Place() as place, listening() as (listener, path):
        for _ in range(3):
            with begun(path):
                pass
        with begun(path) as (control, data):
            process = serve(place, listener)
            tap.equal(receive(control, 4), bytes(4))
            control.sendall(struct.pack('>II', CTRL['INIT'], 0))
            tap.equal(receive(control, 4), bytes(4))
            asks_manager(data, place.manager)
        tap.equal(process.wait(20), 0)


@tap.case('a QEMU that ended while it waited, and no other, ends the vTPM')
def _():
    with Place() as place, listening() as (listener, path):
        with begun(path):
            pass
        tap.equal(serve(place, listener).wait(60), 0)


tap.main()
