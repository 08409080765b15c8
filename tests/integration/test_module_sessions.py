# SPDX-License-Identifier: GPL-2.0-or-later
"""DeepQuote through tpm2-tss' ESAPI: passwords, HMAC and policy sessions, and no key at all."""
import contextlib
import signal
import subprocess

import tap
from manager import Manager
from programs import built
from protocol import UUID
from swtpm import environment
from users import own
from vtpm import Vtpm


@contextlib.contextmanager
def chain():
    """(manager, vtpm)"""
    with Manager() as manager:
        own(manager, UUID)
        with Vtpm(deepquote=f'manager={manager.socket},timeout=1', client=False) as vtpm:
            yield manager, vtpm


def sessions(vtpm, *arguments):
    return subprocess.Popen([built('tests', 'integration', 'sessions'), vtpm.tcti, *arguments],
                            env=environment(), text=True, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def expect_end(process, code=0):
    _, error = process.communicate(timeout=60)
    tap.equal(process.returncode, code, error)
    return error


def works(kind, what):
    @tap.case(f'{what} authorizes one DeepQuote after the other')
    def _():
        with chain() as (_, vtpm):
            expect_end(sessions(vtpm, kind))


works('password', 'a password')
works('hmac', 'an HMAC session')
works('hmac-bound', 'an HMAC session bound to the key')
works('decrypt', 'a session that encrypts the nonce')
works('policy', 'a policy session with PolicyCommandCode of TPM2_Quote')
works('null-key', 'TPM_RH_NULL with an empty password')


@tap.case('a session that would encrypt the attest is refused by its number')
def _():
    with chain() as (_, vtpm):
        assert '0x982' in expect_end(sessions(vtpm, 'encrypt'), 1)


def stop(manager):
    tap.equal(manager.stop(), 0)


def disable(manager):
    manager.ctl('disable', UUID)


def enable(manager):
    manager.ctl('enable', UUID)


def silence(manager):
    manager.process.send_signal(signal.SIGSTOP)


def wake(manager):
    manager.process.send_signal(signal.SIGCONT)


def await_line(process):
    line = process.stdout.readline()
    tap.equal(line, 'ready\n', line or process.stderr.read())


def goes_on(kind, rc, what, spoil, mend):
    @tap.case(f'{kind}: the session goes on after {rc}, {what}')
    def _():
        with chain() as (manager, vtpm):
            process = sessions(vtpm, kind, rc)
            for act in (spoil, mend):
                await_line(process)
                act(manager)
                process.stdin.write('\n')
                process.stdin.flush()
            expect_end(process)


for _kind in ('password', 'hmac', 'hmac-bound', 'decrypt', 'policy'):
    goes_on(_kind, '0x501', 'no manager', stop, Manager.start)
    goes_on(_kind, '0x502', 'the VM disabled', disable, enable)
    goes_on(_kind, '0x504', 'a silent manager', silence, wake)

tap.main()
