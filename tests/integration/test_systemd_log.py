# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd measured: a guest whose TPM has its measurements, and a log that says which."""
import contextlib
import hashlib
import json
import os
import tempfile

import log_chain
import tap
from log_chain import BANKS, Chain, write
from log_tool import lines, run
from process import connect
from process import run as run_program
from programs import program
from protocol import UUID
from verifier import check
from vtpm import exchange

MEASURED = [(11, 'phase', 'enter-initrd'), (15, 'volume-key', 'cryptsetup:root:x'),
            (11, 'phase', 'leave-initrd'), (15, 'machine-id', 'machine-id:00'),
            (11, 'phase', 'ready')]
log_chain.PCRS += ',11,15'


def digests(kind, text):
    secret = b'key' if kind == 'volume-key' else text.encode()
    return {bank: hashlib.new(bank, secret).digest() for bank in BANKS}


def record(pcr, kind, text):
    found = [{'hashAlg': bank, 'digest': d.hex()} for bank, d in digests(kind, text).items()]
    return b'\x1e' + json.dumps({
        'pcr': pcr, 'digests': found, 'content_type': 'systemd', 'content': {
            'string': text, 'bootId': '00' * 16, 'timestamp': 1, 'eventType': kind}},
        separators=(',', ':')).encode() + b'\n'


LOG = [record(*measured) for measured in MEASURED]


def verdict(log, name='systemd.log'):
    """(verdict, reason, result and detail of the finding)"""
    challenge = _chain.store.challenge()
    _chain.quote(challenge)
    path = write(os.path.join(_chain.guest, name), log)
    told = json.loads(check('-q', challenge, '--uuid', UUID, '--store', _chain.store.path,
                            '--policy', _chain.policy, '--allow-simulated', '--json',
                            _chain.guest).output)
    os.unlink(path)
    found = [f for f in told['findings'] if f['finding'].endswith('-systemd')]
    tap.equal(len(found), 1, str(told))
    return told['verdict'], told['reason'], found[0]['result'], found[0]['detail']


def value(pcr, log=MEASURED):
    now = bytes(32)
    for at, kind, text in log:
        if at == pcr:
            now = hashlib.sha256(now + digests(kind, text)['sha256']).digest()
    return now.hex()


@tap.case('a log that leads to the PCRs quoted passes, and one that goes on after the quote')
def _():
    for log in (LOG, LOG + [record(11, 'phase', 'shutdown')]):
        got = verdict(b''.join(log))
        tap.equal(got[:3], ('trusted', None, 'pass'), got[3])
        assert 'sha256:11: events 0 to 4' in got[3] and 'sha256:15: events 1 to 3' in got[3], got


@tap.case('a record cut out, moved, added or with other words refuses, with the PCR')
def _():
    moved = [LOG[2], *LOG[:2], *LOG[3:]]
    for log, words in ((LOG[:-1], 'sha256:11: events'), (LOG[:3] + LOG[4:], 'sha256:15: event 1'),
                       (moved, 'sha256:11: events'),
                       ([record(11, 'phase', 'x')] + LOG, 'sha256:11: events'),
                       ([LOG[0].replace(b'enter', b'other')] + LOG[1:], 'say something else'),
                       ([LOG[0][:-1]] + LOG[1:], 'record 0'), ([b'{}'], 'no log of systemd')):
        got = verdict(b''.join(log))
        tap.equal(got[:3], ('refused', 'vm-systemd', 'fail'), got[3])
        assert words in got[3], got[3]


@tap.case("the guest's log is not the host's")
def _():
    got = verdict(b''.join(LOG), 'host_systemd.log')
    tap.equal(got[:3], ('authentic', None, 'not-compared'), got[3])
    assert 'nothing shows that the records are true' in got[3], got[3]


@tap.case('the guest puts it into the one file with all the others')
def _():
    path = write(_chain.folder + '/measure.log', b''.join(LOG))
    challenge = _chain.store.challenge()
    run_program([program('tpm2_deepquote'), '-T', _chain.vtpm.tcti, '--ak-create', '-q', challenge,
                 '-l', log_chain.PCRS, '--host-pcr-list', log_chain.PCRS, '--cmw',
                 _chain.folder + '/all.json', '--cmw-log', 'systemd-log=' + path, '--cmw-log',
                 'boot-log=' + os.path.join(_chain.guest, 'boot.log')], timeout=60)
    told = json.loads(check('-q', challenge, '--uuid', UUID, '--store', _chain.store.path,
                            '--policy', _chain.policy, '--allow-simulated', '--json', '--record',
                            '--cmw', _chain.folder + '/all.json').output)
    found = {f['finding']: f['result'] for f in told['findings']}
    tap.equal(found['vm-systemd'], 'pass', str(told))
    done = run_program([program('tpm2_checkdeepquote'), 'audit', '--verify', '--json', '--store',
                        _chain.store.path], timeout=60)
    tap.equal(json.loads(done.stdout.splitlines()[0])['wrong'], [])


@tap.case('eventlog show prints each record and the PCRs to which they lead')
def _():
    path = write(_chain.folder + '/shown.log', b''.join(LOG))
    shown = lines('eventlog', 'show', path)
    tap.equal([(o['pcr'], o['type'], o['text'], o['altered']) for o in shown if 'record' in o],
              [(*m, False) for m in MEASURED])
    tap.equal([(o['pcr'], o['value'], o['outcome']) for o in shown if 'bank' in o],
              [(11, value(11), 'not-quoted'), (15, value(15), 'not-quoted')])
    text = run('eventlog', 'show', path)[0].decode()
    assert '     4   11  phase         ready\n' in text, text
    pcrs = write(_chain.folder + '/pcrs.txt',
                 f'sha256 11 {value(11, MEASURED[:3])}\nsha256 15 {"00" * 31}01\n'.encode())
    shown = lines('eventlog', 'show', '--pcrs', pcrs, path, status=1)
    tap.equal([o['outcome'] for o in shown if 'bank' in o], ['matches', 'differs'])
    after = os.path.join(_chain.guest, 'boot.log')
    shown = lines('eventlog', 'show', '--after', after, '--pcrs', 'sha256:11', path)
    tap.equal([o['value'] for o in shown if 'bank' in o], [value(11)])  # it has no event of 11
    changed = write(_chain.folder + '/changed.log', LOG[0].replace(b'enter', b'other'))
    assert '✗' in run('eventlog', 'show', changed, status=1)[0].decode()
    for size in range(1, len(LOG[0])):
        write(changed, LOG[0][:size])
        assert 'changed.log: record 0: ' in run('eventlog', 'show', changed, status=1)[1]


with contextlib.ExitStack() as _stack:
    _folder = _stack.enter_context(tempfile.TemporaryDirectory(prefix='systemd-log-'))
    os.chmod(_folder, 0o755)
    _chain = Chain(_folder, _stack)
    with connect(_chain.vtpm.server) as _sock:
        for _pcr, _kind, _text in MEASURED:
            log_chain.extend(lambda command: exchange(_sock, command), _pcr, digests(_kind, _text))
    tap.main()
