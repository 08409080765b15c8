# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-managerd: evidence for vTPMs, checked by the verifier; what it refuses and answers."""
import contextlib
import os
import resource
import socket
import time
import uuid

import protocol
import tap
import tpm2
from client import Binding, VtpmClient, check, expect_authentic, greeted, refused
from manager import Manager
from process import wait_until
from protocol import (BAD_VALUE, CREDENTIAL, DENIED, HELLO, HOST_PCRS, PCR_READ, QUOTE, TIMEOUT,
                      TOO_LARGE)
from tpm2 import ALG_SHA1, ALG_SHA256, b2, u16, u32, u64
from users import owner_of

NONCE = bytes(range(32))
manager = Manager().start()


def client(**options):
    return VtpmClient(manager, **options)


def new_uuid():
    return str(uuid.uuid4())


def welcome():
    vtpm = client(uuid=new_uuid())
    vtpm.hello()
    return vtpm


@tap.case('evidence for a vTPM is authentic to the verifier')
def _():
    with welcome() as vtpm:
        evidence = vtpm.quote(NONCE)
        expect_authentic(manager, vtpm, evidence, NONCE)


@tap.case('evidence for another nonce, VM or host PCR value is refused')
def _():
    with welcome() as vtpm:
        evidence = vtpm.quote(NONCE)
        tap.equal(check(manager, vtpm, evidence, b'x' * 32).word, 'wrong-nonce')
        flipped = evidence[:-1] + bytes([evidence[-1] ^ 1])
        tap.equal(check(manager, vtpm, flipped, NONCE).word, 'host-pcr-mismatch')
        vtpm.uuid = new_uuid()
        tap.equal(check(manager, vtpm, evidence, NONCE).word, 'wrong-vm')


@tap.case('the binding says what the request said, the UUID always')
def _():
    signer = u16(ALG_SHA256) + os.urandom(32)
    with welcome() as vtpm:
        b = Binding(vtpm.quote(NONCE, flags=0, signer=signer, stores=7))
        tap.equal((b.flags, b.nonce, b.ek, b.signer), (1, NONCE, b'', signer))
        tap.equal(b.lineage, vtpm.lineage)
        tap.equal(b.uuid.hex(), vtpm.uuid.replace('-', ''))
        tap.equal((b.epoch, b.generation), (1, 7))
        tap.equal((b.tree_size, b.leaf_index), (1, 0))
        tap.equal(b.host_signer.hex(), manager.admin('ak')['name'])


@tap.case('four banks of four PCRs and one bank of 24 are quoted')
def _():
    banks = [(alg, [0, 4, 7, 23]) for alg in tpm2.HASH]
    with welcome() as vtpm:
        for pcrs in (tpm2.selection(*banks), tpm2.selection((ALG_SHA256, range(24)))):
            evidence = vtpm.quote(NONCE, host_pcrs=pcrs)
            expect_authentic(manager, vtpm, evidence, NONCE)


@tap.case('evidence that does not fit the room is refused, and one byte decides')
def _():
    with welcome() as vtpm:
        # ECDSA signatures have a fixed length here, so evidence of one request has too.
        size = len(vtpm.quote(NONCE))
        tap.equal(len(vtpm.quote(NONCE, room=size)), size)
        refused(TOO_LARGE, vtpm.quote, NONCE, room=size - 1)
        refused(TOO_LARGE, vtpm.quote, NONCE, room=0)
        refused(TOO_LARGE, vtpm.quote, NONCE, room=4096,
                host_pcrs=tpm2.selection(*[(alg, range(24)) for alg in tpm2.HASH]))
        vtpm.quote(NONCE)


@tap.case('a time-out of 0 ms is over before the TPM answers')
def _():
    with welcome() as vtpm:
        refused(TIMEOUT, vtpm.quote, NONCE, timeout_ms=0)
        vtpm.quote(NONCE)


@tap.case('what is not a quote, or has no nonce, is a bad value')
def _():
    with welcome() as vtpm:
        good = vtpm.attest(NONCE)
        wrong = {'magic': b'\0' + good[1:], 'type': good[:4] + u16(0x8017) + good[6:],
                 'no nonce': vtpm.attest(b''), 'truncated': good[:-1], 'longer': good + b'\0',
                 'empty': b''}
        for what, quoted in wrong.items():
            try:
                refused(BAD_VALUE, vtpm.quote, NONCE, quoted=quoted, stores=3)
            except AssertionError as error:
                raise AssertionError(f'{what}: {error}') from None
        tap.equal(manager.vm(vtpm.uuid)['generation'], 0, 'generation')
        vtpm.quote(NONCE)


@tap.case('a bank or PCR that the TPM does not have is a bad value')
def _():
    sm3 = 0x12
    with welcome() as vtpm:
        refused(BAD_VALUE, vtpm.quote, NONCE, host_pcrs=tpm2.selection((sm3, [0])))
        pcr_24 = u32(1) + u16(ALG_SHA256) + b'\4\0\0\0\1'
        refused(BAD_VALUE, vtpm.quote, NONCE, host_pcrs=pcr_24)
        vtpm.quote(NONCE)


@tap.case('PCRs read for a vTPM are those that are quoted')
def _():
    with welcome() as vtpm:
        r = tpm2.Reader(vtpm.pcr_read(tpm2.selection((ALG_SHA256, [0, 7]))))
        r.u32()
        tap.equal(r.take(10), tpm2.selection((ALG_SHA256, [0, 7])))
        tap.equal(r.u32(), 2)
        values = [r.b2(), r.b2()]
        tap.equal(r.rest(), b'')
        evidence = vtpm.quote(NONCE, host_pcrs=tpm2.selection((ALG_SHA256, [0, 7])))
        assert evidence.endswith(b2(values[0]) + b2(values[1]))
        # As the TPM does: eight values at most, the rest unselected.
        r = tpm2.Reader(vtpm.pcr_read(tpm2.selection((ALG_SHA1, range(16)))))
        r.u32()
        tap.equal(r.take(10), tpm2.selection((ALG_SHA1, range(8))))


@tap.case('the AK and its certificate are handed out in pages')
def _():
    with welcome() as vtpm:
        ak = manager.admin('ak')
        for what, member in ((0, 'public'), (1, 'certificate')):
            total, page = vtpm.credential(what)
            tap.equal(page.hex(), ak[member])
            tap.equal(vtpm.credential(what, 10), (total, page[10:]))
            tap.equal(vtpm.credential(what, total), (total, b''))
            refused(BAD_VALUE, vtpm.credential, what, total + 1)
        tap.equal(vtpm.credential(3), (0, b''))
        assert b'SIMULATED TPM - not hardware' in vtpm.credential(1)[1]


@tap.case('before HELLO nothing is answered but denials')
def _():
    with client(uuid=new_uuid()) as vtpm:
        refused(DENIED, vtpm.quote, NONCE)
        refused(DENIED, vtpm.pcr_read, HOST_PCRS)
        refused(DENIED, vtpm.credential, 0)
        vtpm.hello()
        vtpm.quote(NONCE)


def closed(vtpm):
    """Whether the manager closed the connection."""
    try:
        return vtpm.sock.recv(65536) == b''
    except ConnectionResetError:
        return True


@tap.case('a malformed message closes the connection, is logged, and harms nobody else')
def _():
    with welcome() as good:
        body = good.quote_body(NONCE)
        packets = {
            'empty': b'', 'short': b'DQ', 'unknown type': 9, 'a reply': protocol.REPLY | QUOTE}
        for what, packet in packets.items():
            with client(uuid=new_uuid()) as bad:
                bad.hello()
                if isinstance(packet, int):
                    bad.send(packet, b'')
                else:
                    bad.sock.send(packet)
                assert closed(bad), what
        for kind, whole in ((HELLO, bytes(32)), (QUOTE, body), (PCR_READ, HOST_PCRS),
                            (CREDENTIAL, u64(0))):
            for wrong in (whole[:-1], whole + b'\0', whole + bytes(9000)):
                with client(uuid=new_uuid()) as bad:
                    bad.hello()
                    bad.send(kind, wrong)
                    assert closed(bad), f'{kind}, {len(wrong)} bytes'
        assert 'malformed message' in manager.log_text()
        good.quote(NONCE)


@tap.case('a second request before the answer closes the connection')
def _():
    with welcome() as vtpm:
        for _ in range(20):
            try:
                vtpm.send(QUOTE, vtpm.quote_body(NONCE))
                vtpm.send(QUOTE, vtpm.quote_body(NONCE))
                while vtpm.sock.recv(65536):
                    vtpm.sock.setblocking(False)
            except BlockingIOError:
                vtpm.sock.settimeout(30)
                continue  # it was answered in between
            except (BrokenPipeError, ConnectionResetError):
                pass
            break
        else:
            raise AssertionError('never closed')
    with welcome() as vtpm:
        vtpm.quote(NONCE)


@tap.case('a requester that goes away while its quote is made harms nobody')
def _():
    with welcome() as good:
        for _ in range(20):
            vtpm = welcome()
            vtpm.send(QUOTE, vtpm.quote_body(NONCE))
            vtpm.close()
            vtpm = welcome()
            vtpm.send(PCR_READ, HOST_PCRS)
            vtpm.close()
        good.quote(NONCE)


@tap.case('many vTPMs at once are all answered')
def _():
    vtpms = [welcome() for _ in range(50)]
    for _ in range(4):
        ids = [vtpm.send(QUOTE, vtpm.quote_body(NONCE)) for vtpm in vtpms]
        for vtpm, number in zip(vtpms, ids):
            evidence = vtpm.receive(QUOTE, number).b2()
    expect_authentic(manager, vtpms[-1], evidence, NONCE)
    for vtpm in vtpms:
        vtpm.close()


@tap.case('connections without HELLO are bounded, and do not keep a welcome vTPM out of work')
def _():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        tap.skip('needs 2048 open files')
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    silent = []
    try:
        with welcome() as vtpm:
            for _ in range(1100):
                silent.append(client(uuid=new_uuid()))
            assert closed(silent[0])
            vtpm.quote(NONCE)
            assert can_say_hello(manager)
            silent[-1].hello()
    finally:
        for connection in silent:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def can_say_hello(to, name=None):
    try:
        with VtpmClient(to, uuid=name or known_uuid(to)) as vtpm:
            vtpm.hello()
    except (EOFError, OSError):
        return False
    return True


def cpu_seconds(process):
    with open(f'/proc/{process.pid}/stat', encoding='ascii') as f:
        fields = f.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def manager_with_few_files():
    return Manager(prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))


def known_uuid(to):
    """Of a VM that is registered before descriptors are short."""
    name = new_uuid()
    to.introduce(name, owner_of(name))
    return name


def sleeps(to):
    before = cpu_seconds(to.process)
    time.sleep(1)
    return cpu_seconds(to.process) - before < 0.2


@tap.case('out of descriptors the oldest that say nothing make room')
def _():
    with manager_with_few_files() as few, greeted(few) as vtpm, contextlib.ExitStack() as stack:
        spare, *names = [known_uuid(few) for _ in range(65)]
        silent = [stack.enter_context(VtpmClient(few, uuid=name)) for name in names]
        assert closed(silent[0])
        silent[-1].hello()
        assert can_say_hello(few, spare)
        assert sleeps(few)
        vtpm.quote(NONCE)
        assert 'turned away' not in few.log_text(), few.log_text()


@tap.case('out of descriptors for VMs it turns new ones away, serves the others, and sleeps')
def _():
    with manager_with_few_files() as few, greeted(few) as vtpm:
        with contextlib.ExitStack() as others:
            for name in [known_uuid(few) for _ in range(64)]:
                client = others.enter_context(VtpmClient(few, uuid=name))
                try:
                    client.hello()
                except (EOFError, OSError):
                    break
            else:
                raise AssertionError('64 VMs fit 64 descriptors')
            assert sleeps(few)
            vtpm.quote(NONCE)
            assert 1 <= few.log_text().count('turned away') <= 20, few.log_text()
        wait_until(lambda: can_say_hello(few), 'a new vTPM is welcome again')


@tap.case('a stream connection is not taken for a vTPM')
def _():
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(manager.socket)
        except OSError:
            return
        raise AssertionError('connected')


@tap.case('SIGTERM: exit 0, the sockets are gone, nothing is left to complain about')
def _():
    tap.equal(manager.stop(), 0, manager.log_text())
    assert not os.path.exists(manager.socket) and not os.path.exists(manager.admin_socket)
    for word in ('CRITICAL', 'Sanitizer', 'runtime error', 'error:'):
        assert word not in manager.log_text(), manager.log_text()


try:
    tap.main()
finally:
    manager.__exit__(None)
