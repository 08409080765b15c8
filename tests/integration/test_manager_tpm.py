# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerd and its TPM: one that goes, comes back, is busy, refuses or is used by others.

The TPM is a swtpm behind a relay of the test's own: see relay.py.
"""
import os
import re
import socket
import subprocess
import tempfile
import threading
import time

import protocol
import tap
import tpm2
from client import Binding, Refused, greeted, refused
from manager import Manager
from manager_fixture import NONCE, authentic, first_transient, setting, start_fails
from process import wait_until
from protocol import BAD_VALUE, BUSY, HOST_PCRS, HOST_TPM, TIMEOUT
from relay import CREATE_PRIMARY, PCR_READ, QUOTE, Relay
from tpm2 import ALG_SHA256, code_of, error_response

ALG_SHA384, STARTUP, RC_OBJECT_MEMORY = 0x0C, 0x144, 0x902
RC_RETRY, RC_LOCKOUT, RC_TESTING, RC_FAILURE, RC_REFERENCE_H0 = 0x922, 0x921, 0x90A, 0x101, 0x910


@tap.case('a software TPM reached by --tcti is told for what it is')
def _():
    with setting() as (_, manager, vtpm):
        authentic(manager, vtpm)
        status = manager.admin('status')
        tap.equal((status['simulated'], status['tpm']['simulated']), (True, True))
        assert 'simulated, not hardware' in manager.log_text()
        assert b'SIMULATED TPM - not hardware' in vtpm.credential(1)[1]


@tap.case('once the PCR values are known, a deep quote costs one command')
def _():
    with setting() as (relay, manager, vtpm):
        authentic(manager, vtpm)
        relay.counts.clear()
        for _ in range(10):
            vtpm.quote(NONCE)
        tap.equal(relay.counts, {QUOTE: 10})


@tap.case('a PCR extended before the quote is read again')
def _():
    with setting() as (relay, manager, vtpm):
        authentic(manager, vtpm)
        tpm2.pcr_extend(relay.send, 7)
        relay.counts.clear()
        authentic(manager, vtpm)
        tap.equal(relay.counts, {QUOTE: 1, PCR_READ: 1})


def extending(relay, *codes):
    """A hook that extends PCR 0 before each of these commands."""
    def hook(command):
        if code_of(command) in codes:
            tpm2.pcr_extend(relay.send, 0)
    return hook


@tap.case('a PCR extended between quote and read makes another quote')
def _():
    with setting() as (relay, manager, vtpm):
        relay.hook = extending(relay, PCR_READ)
        relay.counts.clear()
        authentic(manager, vtpm)
        tap.equal(relay.counts, {QUOTE: 2, PCR_READ: 1})


@tap.case('PCRs that never hold still are given up as busy')
def _():
    with setting() as (relay, manager, vtpm):
        relay.hook = extending(relay, QUOTE, PCR_READ)
        refused(BUSY, vtpm.quote, NONCE)
        assert relay.counts[QUOTE] < 10
        relay.hook = lambda command: None
        authentic(manager, vtpm)


@tap.case('more PCRs than one TPM2_PCR_Read returns')
def _():
    with setting() as (relay, manager, vtpm):
        relay.counts.clear()
        authentic(manager, vtpm, host_pcrs=tpm2.selection((ALG_SHA256, range(20))))
        tap.equal(relay.counts, {QUOTE: 1, PCR_READ: 3})


@tap.case('RETRY and TESTING are waited for')
def _():
    with setting() as (relay, manager, vtpm):
        left = [3, 3]

        def busy(command):
            for i, rc in enumerate((RC_RETRY, RC_TESTING)):
                if code_of(command) == QUOTE and left[i]:
                    left[i] -= 1
                    return error_response(rc)
            return None
        relay.hook = busy
        authentic(manager, vtpm)
        tap.equal(left, [0, 0])


def answering(rc, *codes):
    return lambda command: error_response(rc) if code_of(command) in codes else None


@tap.case('errors of the TPM: each told as what it is, and over when it is over')
def _():
    with setting() as (relay, manager, vtpm):
        for rc, status, word in ((RC_LOCKOUT, HOST_TPM, 'lockout'),
                                 (RC_FAILURE, HOST_TPM, 'failure mode'),
                                 (0x1C4, BAD_VALUE, 'parameter'),  # VALUE, parameter 1
                                 (RC_REFERENCE_H0, HOST_TPM, 'lost a loaded key')):
            relay.hook = answering(rc, QUOTE)
            refused(status, vtpm.quote, NONCE)
            assert word in manager.log_text(), (word, manager.log_text())
            tap.equal(manager.admin('status')['tpm']['state'], 'failing')
            relay.hook = lambda command: None
            authentic(manager, vtpm)
            tap.equal(manager.admin('status')['tpm']['state'], 'ok')
        relay.hook = answering(RC_LOCKOUT, PCR_READ)
        refused(HOST_TPM, vtpm.pcr_read, HOST_PCRS)


@tap.case('a TPM that hangs: time-out at the deadline, and answers again after')
def _():
    with setting() as (relay, manager, vtpm):
        go_on = threading.Event()
        relay.hook = lambda command: go_on.wait(60) and None
        start = time.monotonic()
        refused(TIMEOUT, vtpm.quote, NONCE, timeout_ms=300)
        assert 0.25 < time.monotonic() - start < 20
        with greeted(manager, uuid='00000000-0000-4000-8000-000000000001') as other:
            refused(TIMEOUT, other.quote, NONCE, timeout_ms=100)
        tap.equal(manager.admin('status')['quotes']['timed-out'], 2)
        go_on.set()
        authentic(manager, vtpm)


@tap.case('a TPM that goes away and comes back')
def _():
    with setting() as (relay, manager, vtpm):
        evidence = authentic(manager, vtpm, stores=1)
        relay.down()
        refused(HOST_TPM, vtpm.quote, NONCE, stores=1)
        refused(HOST_TPM, vtpm.pcr_read, HOST_PCRS)
        tap.equal(manager.admin('status')['tpm']['state'], 'failing')
        assert not manager.admin('quote', nonce='aa' * 16, pcrs=[{'bank': 11, 'pcr': 0}])['ok']
        relay.back()
        again = authentic(manager, vtpm, stores=1)
        tap.equal(Binding(again).host_signer, Binding(evidence).host_signer)
        tap.equal((Binding(again).epoch, Binding(again).generation), (1, 1))
        tap.equal(vtpm.sock.getpeername(), manager.socket)


@tap.case('a TPM that was reset under the running host is never started by the manager, which '
          'quotes nothing and says so')
def _():
    with setting() as (relay, manager, vtpm):
        authentic(manager, vtpm)
        relay.reset(started=False)
        relay.counts.clear()
        for _ in range(2):
            refused(HOST_TPM, vtpm.quote, NONCE)
            refused(HOST_TPM, vtpm.pcr_read, HOST_PCRS)
        assert STARTUP not in relay.counts, relay.counts
        said = manager.admin('status')['tpm']['error']
        assert 'waits for TPM2_Startup' in said and 'restart the host' in said, said
        text = start_fails(Manager(tcti=relay.tcti))
        assert 'restart the host' in text and STARTUP not in relay.counts, text
        relay.startup()
        authentic(manager, vtpm)


@tap.case('PCRs that an update changed are told at the next start, with what to do, and only then')
def _():
    with Relay() as relay, tempfile.TemporaryDirectory(prefix='managerd-') as folder:
        said = []

        def told():
            with Manager(dir=folder, tcti=relay.tcti) as manager:
                told.state = manager.state
                lines = [line for line in manager.log_text().splitlines() if 'last start' in line]
            new = lines[len(said):]
            said.extend(new)
            return new
        tap.equal(told(), [], 'the first start')
        tap.equal(told(), [], 'nothing has changed')
        for pcr in (0, 2):
            tpm2.pcr_extend(relay.send, pcr, b'another firmware')
        line, = told()
        assert '(sha256): 0, 2;' in line and 'vtpm-managerctl quote' in line, line
        tap.equal(told(), [], 'it was told before')
        tpm2.pcr_extend(relay.send, 10)
        tap.equal(told(), [], 'PCR 10 is the kernel\'s')
        file = os.path.join(told.state, 'boot-pcrs')
        with open(file, encoding='utf-8') as f:
            text = f.read()
        with open(file, 'w', encoding='utf-8') as f:
            f.write(re.sub('firmware=.*', 'firmware=1.2.3.4', text))
        line, = told()
        assert "the TPM's firmware is" in line and 'was 1.2.3.4' in line, line
        for damaged in (b'', b'\xff' * 100):
            with open(file, 'wb') as f:
                f.write(damaged)
            tap.equal(told(), [], 'a damaged record')
        with open(file, encoding='utf-8') as f:
            tap.equal(f.read(), text)


@tap.case('values of the owner and lockout hierarchies do not matter')
def _():
    with setting() as (relay, manager, vtpm):
        relay.tool('tpm2_changeauth', '-c', 'o', 'owner')
        relay.tool('tpm2_changeauth', '-c', 'l', 'lockout')
        authentic(manager, vtpm)
        tpm2.flush(relay.send, first_transient(relay))
        authentic(manager, vtpm)
        with Manager(tcti=relay.tcti):
            pass


@tap.case('a quote that is not the one asked for is not sent on')
def _():
    with setting() as (relay, manager, vtpm):
        kept = []

        def old(command):
            if code_of(command) != QUOTE:
                return None
            kept.append(relay.send(command))
            return kept[0]
        relay.hook = old
        authentic(manager, vtpm)
        refused(HOST_TPM, vtpm.quote, NONCE[::-1] + b'another')
        assert 'not what was asked for' in manager.admin('status')['tpm']['error']
        relay.hook = lambda command: None
        authentic(manager, vtpm)


@tap.case('an endorsement hierarchy with an authorization value: refused before a try is spent; '
          'taken from option or credential, also when the AK is made again, and never shown')
def _():
    secret = 'correct horse'
    with Relay() as relay, tempfile.TemporaryDirectory(prefix='managerd-') as folder:
        relay.tool('tpm2_changeauth', '-c', 'e', secret)
        file = os.path.join(folder, 'eh-auth')
        with open(file, 'w', encoding='utf-8') as f:
            f.write(secret)
        relay.counts.clear()
        text = start_fails(Manager(tcti=relay.tcti))
        assert 'give the right one with --eh-auth' in text, text
        assert CREATE_PRIMARY not in relay.counts
        text = start_fails(Manager(tcti=relay.tcti, eh_auth='str:wrong'))
        assert 'give the right one with --eh-auth' in text and 'wrong' not in text, text
        tap.equal(len(sessions(relay)), 0)
        for index, options in enumerate((
                {'eh_auth': f'file:{file}'}, {'eh_auth': 'hex:' + secret.encode().hex()},
                {'prepare': lambda: os.environ.update(CREDENTIALS_DIRECTORY=folder)})):
            sent = []
            relay.hook = lambda command, sent=sent: sent.append(command)
            with Manager(tcti=relay.tcti, verbose=True, nv_index=f'0x{0x01800000 + index:08x}',
                         **options) as manager:
                with greeted(manager) as vtpm:
                    authentic(manager, vtpm)
                    tpm2.flush(relay.send, first_transient(relay))
                    authentic(manager, vtpm)
                assert secret not in manager.log_text()
            assert not [c for c in sent if secret.encode() in c]
            tap.equal(len(sessions(relay)), 0)


def sessions(relay):
    return tpm2.capability_list(relay.send, tpm2.CAP_HANDLES, 0x02000000, 10)[1]


@tap.case('--eh-auth that cannot be read, or is no value: exit 2 and which')
def _():
    for value, word in (('file:/nonexistent', '/nonexistent'), ('session:x', 'cannot be used'),
                        ('hex:0', 'hexadecimal')):
        code, text = Manager(eh_auth=value).fail()
        tap.equal(code, 2)
        assert '--eh-auth' in text and word in text, text


@tap.case('a disabled endorsement hierarchy is told, and over when it is enabled')
def _():
    with setting() as (relay, manager, vtpm):
        authentic(manager, vtpm)
        relay.tool('tpm2_hierarchycontrol', '-C', 'p', 'ehEnable', 'clear')
        refused(HOST_TPM, vtpm.quote, NONCE)
        said = manager.admin('status')['tpm']['error']
        assert 'endorsement hierarchy is disabled' in said, said
        assert 'endorsement hierarchy is disabled' in start_fails(Manager(tcti=relay.tcti))
        relay.tool('tpm2_hierarchycontrol', '-C', 'p', 'ehEnable', 'set')
        authentic(manager, vtpm)


@tap.case('objects and sessions used up by others: what to type, and over when there is room')
def _():
    with Relay() as relay:
        for _ in range(3):
            tpm2.create_primary(relay.send)
        text = start_fails(Manager(tcti=relay.tcti))
        assert 'used up by other programs' in text and 'tpm2_flushcontext -t' in text, text
        relay.tool('tpm2_flushcontext', '-t')
        relay.tool('tpm2_changeauth', '-c', 'e', 'secret')
        for _ in range(3):
            tpm2.Session(relay.send)
        text = start_fails(Manager(tcti=relay.tcti, eh_auth='secret'))
        assert 'sessions are used up' in text and 'tpm2_flushcontext -l' in text, text
        relay.tool('tpm2_flushcontext', '-l')
        with Manager(tcti=relay.tcti, eh_auth='secret'):
            pass


@tap.case('room that comes back while the manager waits is taken')
def _():
    with setting() as (relay, manager, vtpm):
        authentic(manager, vtpm)
        tpm2.flush(relay.send, first_transient(relay))
        others = [tpm2.create_primary(relay.send)[0] for _ in range(3)]

        def make_room(command):
            if code_of(command) == CREATE_PRIMARY and len(others) == 3:
                tpm2.flush(relay.send, others.pop())
                return error_response(RC_OBJECT_MEMORY)
        relay.hook = make_room
        authentic(manager, vtpm)


@tap.case('banks are learned again after a reset; without SHA-256 the log says what to type')
def _():
    with setting() as (relay, manager, vtpm):
        authentic(manager, vtpm)
        assert ALG_SHA256 in manager.admin('status')['tpm']['banks']
        relay.tool('tpm2_pcrallocate', 'sha256:none+sha384:all')
        relay.reset()
        refused(BAD_VALUE, vtpm.quote, NONCE)
        assert ALG_SHA256 not in manager.admin('status')['tpm']['banks']
        assert 'tpm2_pcrallocate sha256:all' in manager.log_text()
        vtpm.quote(NONCE, host_pcrs=tpm2.selection((ALG_SHA384, [0])))
        relay.tool('tpm2_pcrallocate', 'sha256:all')
        relay.reset()
        wait_until(lambda: not is_refused(vtpm), 'the manager has seen the new banks')
        authentic(manager, vtpm)


def is_refused(vtpm):
    try:
        vtpm.quote(NONCE)
    except Refused as reason:
        tap.equal(reason.status, BAD_VALUE)
        return True
    return False


@tap.case('SIGTERM waits for the quote that is being made')
def _():
    with setting() as (relay, manager, vtpm):
        quoting, go_on = threading.Event(), threading.Event()

        def hold(command):
            if code_of(command) == QUOTE:
                quoting.set()
                go_on.wait(60)
        relay.hook = hold
        number = vtpm.send(protocol.QUOTE, vtpm.quote_body(NONCE))
        assert quoting.wait(30)
        manager.process.terminate()
        wait_until(lambda: not listening(manager.socket), 'no new connections')
        assert manager.process.poll() is None
        go_on.set()
        tap.equal(len(vtpm.receive(protocol.QUOTE, number).b2()) > 500, True)
        tap.equal(manager.process.wait(30), 0)


def listening(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        try:
            s.connect(path)
        except OSError:
            return False
    return True


@tap.case('no TPM: exit 1 and what to do')
def _():
    text = start_fails(Manager(tcti='device:/nonexistent'))
    assert 'check' in text and '--tcti' in text, text


@tap.case('a changed event of the simulated host shows in its PCRs')
def _():
    with Manager() as manager:
        def pcr_4():
            return manager.admin('quote', nonce='aa' * 16, pcrs=[{'bank': 11, 'pcr': 4}])['pcrs']
        first = pcr_4()
        manager.restart()
        tap.equal(pcr_4(), first)
        with open(manager.events, 'a', encoding='utf-8') as f:
            f.write('4 another kernel\n')
        tap.equal(pcr_4(), first)
        manager.restart()
        assert pcr_4() != first
        tap.equal(manager.stop(), 0)
        with open(manager.events, 'a', encoding='utf-8') as f:
            f.write('24 no such PCR\n')
        assert 'events:13: write a PCR number' in start_fails(manager)
        with open(manager.events, 'w', encoding='utf-8') as f:
            f.write('# nothing is measured\n\n')
        manager.start()
        tap.equal(pcr_4()[0]['value'], '00' * 32)


@tap.case('the simulated TPM starts again when its process was killed')
def _():
    with Manager() as manager, greeted(manager) as vtpm:
        first = authentic(manager, vtpm)
        children = subprocess.run(['ps', '-o', 'pid=', '--ppid', str(manager.process.pid)],
                                  capture_output=True, text=True, check=True).stdout.split()
        tap.equal(len(children), 1)
        os.kill(int(children[0]), 9)
        tap.equal(Binding(authentic(manager, vtpm)).host_signer, Binding(first).host_signer)


tap.main()
