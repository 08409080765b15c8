# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerd and a TPM that lies about itself, is slower than it may be, or never answers: no
wait follows what it says. docs/howto/host-tpm.md, section 6, has them all."""
import concurrent.futures
import contextlib
import struct
import tempfile
import threading
import time

import protocol
import tap
import tpm2
from client import greeted, refused
from manager import Manager
from manager_fixture import NONCE, authentic, setting
from protocol import BUSY, HOST_PCRS
from relay import CREATE_PRIMARY, PCR_READ, QUOTE, Relay
from tpm2 import ALG_SHA256, CAP_HANDLES, CAP_TPM_PROPERTIES, code_of, error_response

GET_CAPABILITY, READ_PUBLIC = tpm2.CC['GetCapability'], tpm2.CC['ReadPublic']
CAP_PCRS, PT_MANUFACTURER, PT_PERMANENT, RC_TESTING = 5, 0x105, 0x200, 0x90A
LONG_S = 2  # what commands other than those that make keys may take at most
# Fixed properties that speak of sizes, counts or times, and one that nobody knows
NAMES = (0x100, 0x110, 0x111, 0x11E, 0x11F, 0x120, 0x129, 0x12A, 0x12E, 0x1FF)


def asked(command):
    """(capability, first property) of a TPM2_GetCapability; None of another command."""
    return struct.unpack_from('>II', command, 10) if code_of(command) == GET_CAPABILITY else None


def telling(relay, value=None, extra=(), more=0):
    """A hook that has the TPM tell this value of each fixed property it is asked for, further pairs
    that nobody asked for, and that there are more to come."""
    def hook(command):
        if code_of(command) != GET_CAPABILITY:
            return None
        response = relay.send(command)
        head = response[6:10] + bytes([more or response[10]]) + response[11:15]
        count = response[15:]
        if asked(command) == (CAP_TPM_PROPERTIES, PT_MANUFACTURER):
            pairs = [(name, told if value is None else value)
                     for name, told in struct.iter_unpack('>II', count[4:])] + list(extra)
            count = tpm2.u32(len(pairs)) + b''.join(struct.pack('>II', *pair) for pair in pairs)
        return response[:2] + tpm2.u32(6 + len(head + count)) + head + count
    return hook


def course(relay, state, hook=lambda command: None):
    """The commands of a start, two quotes and an end."""
    commands = []

    def record(command):
        commands.append(command)
        return hook(command)
    relay.hook = record
    with Manager(tcti=relay.tcti, state=state) as manager, greeted(manager) as vtpm:
        for _ in range(2):
            authentic(manager, vtpm)
    return commands


@contextlib.contextmanager
def started_before():
    """A TPM, and the state directory of a manager that knows it."""
    with Relay() as relay, tempfile.TemporaryDirectory(prefix='managerd-') as folder:
        course(relay, folder)
        yield relay, folder


@tap.case('what a TPM tells of itself changes no command: values of zero, of one and without '
          'bound, more than was asked for, and always more to come')
def _():
    with started_before() as (relay, state):
        truth = [code_of(c) for c in course(relay, state)]
        for lie in ({'value': 0}, {'value': 0xFFFFFFFF}, {'more': 1},
                    {'extra': [(name, value) for name in NAMES for value in (0, 1, 0xFFFFFFFF)]}):
            tap.equal([code_of(c) for c in course(relay, state, telling(relay, **lie))], truth,
                      str(lie))


@tap.case('a TPM is asked for no size, count or time')
def _():
    with started_before() as (relay, state):
        questions = {asked(c) for c in course(relay, state)} - {None}
    tap.equal({q for q in questions if q[0] != CAP_HANDLES},
              {(CAP_TPM_PROPERTIES, PT_MANUFACTURER), (CAP_TPM_PROPERTIES, PT_PERMANENT),
               (CAP_PCRS, 0)})


@tap.case('a TPM that returns another PCR than the one that is wanted, each time, is given up')
def _():
    with setting() as (relay, manager, vtpm):
        first = tpm2.command('PCR_Read', tpm2.selection((ALG_SHA256, [0])))
        relay.hook = lambda command: relay.send(first) if code_of(command) == PCR_READ else None
        refused(BUSY, vtpm.quote, NONCE, host_pcrs=tpm2.selection((ALG_SHA256, [9])))
        relay.hook = lambda command: None
        authentic(manager, vtpm)


@tap.case('a self-test is waited for as long as a long command may take, but not for ever')
def _():
    with setting() as (relay, manager, vtpm):
        relay.hook = lambda c: error_response(RC_TESTING) if code_of(c) == QUOTE else None
        start = time.monotonic()
        refused(BUSY, vtpm.quote, NONCE)
        assert time.monotonic() - start > LONG_S
        relay.hook = lambda command: None
        authentic(manager, vtpm)


@tap.case('a TPM slower than it may be is waited for: keys at the start, PCRs, quotes; what comes '
          'after a slow answer does not wait for a multiple of it')
def _():
    slow = {CREATE_PRIMARY, PCR_READ, QUOTE}

    def hook(command):
        if code_of(command) in slow:
            slow.remove(code_of(command))
            time.sleep(LONG_S + 0.5)
    with Relay() as relay:
        relay.hook = hook
        with Manager(tcti=relay.tcti) as manager, greeted(manager) as vtpm:
            authentic(manager, vtpm)
            tap.equal(slow, set())
            start = time.monotonic()
            vtpm.pcr_read(HOST_PCRS)
            assert time.monotonic() - start < 3 * LONG_S


class Silent:
    """A manager whose TPM, once it is asked for this, never answers again."""

    def __init__(self, stack, code=None):
        self.code, self.asked, self.over = code, threading.Event(), threading.Event()
        self.relay = stack.enter_context(Relay())
        self.manager = Manager(tcti=self.relay.tcti)
        stack.callback(self.manager.kill)
        stack.callback(self.over.set)

    def hook(self, command):
        if self.code in (None, code_of(command)):
            self.asked.set()
            self.over.wait(300)

    def ends(self):
        """What it says when it is told to end."""
        self.manager.process.terminate()
        tap.equal(self.manager.process.wait(60), 1)
        return self.manager.log_text()


def silent_at_start(stack):
    silent = Silent(stack)
    silent.relay.hook = silent.hook
    silent.manager.spawn()
    assert silent.asked.wait(60)
    return silent.ends()


def silent_in_a_quote(stack):
    silent = Silent(stack, QUOTE)
    silent.manager.start()
    silent.relay.hook = silent.hook
    vtpm = stack.enter_context(greeted(silent.manager))
    vtpm.send(protocol.QUOTE, vtpm.quote_body(NONCE))
    assert silent.asked.wait(60)
    return silent.ends()


def silent_at_the_end(stack):
    silent = Silent(stack, READ_PUBLIC)  # of the key, which is then flushed
    silent.manager.start()
    silent.relay.hook = silent.hook
    return silent.ends()


@tap.case('a TPM that never answers again does not keep the manager from ending: at the start, in '
          'a quote, and when the key is removed from it')
def _():
    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor() as pool:
        for said in pool.map(lambda f: f(stack),
                             (silent_at_start, silent_in_a_quote, silent_at_the_end)):
            assert 'the TPM does not answer: ending without it' in said, said


tap.main()
