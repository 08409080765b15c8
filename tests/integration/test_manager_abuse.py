# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerd: what peers that send nothing, or nothing that makes sense, cost the others."""
import contextlib
import os
import re
import resource
import socket
import struct
import time
import uuid

import cgroup
import protocol
import tap
from client import VtpmClient, refused
from gate import NONCE, first_then, setting
from manager import Manager
from process import wait_until
from protocol import BUSY, HOST_PCRS

LINES = 5       # of each kind of message of one control group in its interval
DOOR = 32768    # tokens that a group of processes has
MALFORMED = 64  # what a malformed packet takes of them
HELLOS = 64     # at once over one connection


def connect(manager):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(30)
    sock.connect(manager.socket)
    return sock


def is_closed(sock):
    try:
        return sock.recv(1) == b''
    except ConnectionResetError:
        return True


def malformed(manager):
    """Sends what is no message, and waits for the end of the connection."""
    with connect(manager) as sock:
        with contextlib.suppress(OSError):
            sock.send(b'nothing of the kind')
        assert is_closed(sock)


def open_files(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count, hard)), hard))


def left_out(log):
    return sum(int(n) for n in re.findall(r'(\d+) more were not logged', log))


@tap.case('malformed packets: a bounded number of lines, and the rest is counted right')
def _():
    with Manager() as manager:
        start = time.monotonic()
        for _ in range(300):
            malformed(manager)
        intervals = 1 + (time.monotonic() - start) // 10
        log = manager.log_text()
        lines = log.count('malformed message')
        assert 1 <= lines <= LINES * intervals, (lines, intervals)
        manager.stop()
        log = manager.log_text()
        manager.start()
        tap.equal(log.count('malformed message') + left_out(log), 300)


@tap.case('the count comes when the interval ends')
def _():
    with Manager() as manager:
        for _ in range(6):
            malformed(manager)
        wait_until(lambda: ': 5 more were not logged' in manager.log_text(), 'the count', 20)


@tap.case('refusals: a bounded number of lines, and the rest is counted right')
def _():
    with Manager() as manager:
        with VtpmClient(manager, known=False) as vtpm:
            for _ in range(100):
                refused(protocol.DENIED, vtpm.hello)
        manager.stop()
        log = manager.log_text()
        manager.start()
        tap.equal(log.count('is not registered'), 1)  # the others are the same
        tap.equal(left_out(log), 99)


@tap.case('refusals of one control group leave those of another their lines')
def _():
    if cgroup.obstacle():
        tap.skip(cgroup.obstacle())
    with Manager() as manager, cgroup.Cgroup() as bad, cgroup.Cgroup() as other:
        def flood():
            for _ in range(50):
                once(str(uuid.uuid4()))

        def once(name='00000000-0000-4000-8000-0000000000ff'):
            with VtpmClient(manager, uuid=name, known=False) as vtpm:
                refused(protocol.DENIED, vtpm.hello)
        bad.start(flood)
        other.start(once)
        manager.stop()
        log = manager.log_text()
        manager.start()
        tap.equal(len(re.findall(f'{os.path.basename(bad.path)}, profile .* is refused', log)),
                  LINES)
        tap.equal(log.count('8000-0000000000ff '), 1)
        assert f'{os.path.basename(bad.path)}: 45 more were not logged' in log, log


@tap.case('who sends malformed packets without end is turned away, and comes back later')
def _():
    with Manager() as manager, VtpmClient(manager) as before:
        before.hello()
        for _ in range(DOOR // MALFORMED + 50):
            malformed(manager)
        wait_until(lambda: 'is turned away' in manager.log_text(), 'it is turned away')
        before.quote(NONCE)  # who was welcome stays
        time.sleep(1)
        with VtpmClient(manager, uuid='00000000-0000-4000-8000-000000000001') as after:
            after.hello()


@tap.case('silent connections: the oldest go, and who says HELLO is welcome')
def _():
    open_files(4096)
    with Manager() as manager, contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connect(manager)) for _ in range(1100)]
        with VtpmClient(manager) as vtpm:
            vtpm.hello()
            vtpm.quote(NONCE)
        assert is_closed(silent[0])
        silent[-1].setblocking(False)
        try:
            silent[-1].recv(1)
            raise AssertionError('the latest is closed')
        except BlockingIOError:
            pass


@tap.case('processes of one control group keep nobody of another one out')
def _():
    if cgroup.obstacle():
        tap.skip(cgroup.obstacle())
    open_files(4096)
    with Manager() as manager, cgroup.Cgroup() as bad, cgroup.Cgroup() as good:
        def flood():
            held = [connect(manager) for _ in range(1024)]
            for _ in range(DOOR // MALFORMED + 50):
                malformed(manager)
            return held

        def turned_away():
            with connect(manager) as sock:
                assert is_closed(sock)

        def served():
            with VtpmClient(manager) as vtpm:
                vtpm.hello()
                vtpm.quote(NONCE)
        bad.start(flood)
        bad.start(turned_away)
        good.start(served)
        served()
        assert os.path.basename(bad.path) + ' is turned away' in manager.log_text()


@tap.case('HELLO over and over is told to wait, and the VM is served')
def _():
    with Manager() as manager, VtpmClient(manager) as vtpm:
        vtpm.hello()
        for _ in range(HELLOS):
            vtpm.hello()
        refused(BUSY, lambda: [vtpm.hello() for _ in range(HELLOS)])
        vtpm.quote(NONCE)


@tap.case('vTPMs that start while quotes are made are all welcome')
def _():
    with setting(2) as (_, manager, gate, askers), contextlib.ExitStack() as stack:
        new = [stack.enter_context(VtpmClient(manager, uuid=str(uuid.uuid4())))
               for _ in range(50)]
        first_then(manager, gate, askers)
        hellos = [(vtpm, vtpm.send(protocol.HELLO, vtpm.hello_body())) for vtpm in new]
        for vtpm, number in hellos:
            vtpm.receive(protocol.HELLO, number)
        gate.leave_open()
        for vtpm in new:
            vtpm.quote(NONCE)


@tap.case('starts, which are written to the disk, leave time for others while quotes are made')
def _():
    with setting(2) as (_, manager, gate, askers), contextlib.ExitStack() as stack:
        new = [stack.enter_context(VtpmClient(manager, uuid=str(uuid.uuid4())))
               for _ in range(200)]
        first_then(manager, gate, askers[:1])
        hellos = [(vtpm, vtpm.send(protocol.HELLO, vtpm.hello_body())) for vtpm in new]
        askers[1].credential(1)
        assert manager.admin('status')['connected'] < 200, 'all starts went first'
        for vtpm, number in hellos:
            vtpm.receive(protocol.HELLO, number)
        gate.leave_open()
        askers[0].answer()


@tap.case('credentials over and over are told to wait while others do')
def _():
    with setting(3) as (_, manager, gate, askers):
        first_then(manager, gate, askers[1:])

        def ask():
            for _ in range(10000):
                askers[0].credential(1)
        refused(BUSY, ask)
        gate.leave_open()
        for asker in askers[1:]:
            asker.answer()
        askers[0].credential(1)
        askers[0].pcr_read(HOST_PCRS)


@tap.case('a packet that is none of the protocol closes the connection and nothing else')
def _():
    reply = struct.pack('>IHHI', protocol.MAGIC, protocol.VERSION, 0x102, 1)
    packets = [b'\0', b'\xff' * 9000, reply]
    with Manager() as manager, VtpmClient(manager) as vtpm:
        vtpm.hello()
        for packet in packets:
            with connect(manager) as sock:
                sock.send(packet)
                assert is_closed(sock), packet[:20]
        vtpm.quote(NONCE)


tap.main()
