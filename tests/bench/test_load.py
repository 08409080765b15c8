# SPDX-License-Identifier: GPL-2.0-or-later
"""deepquote-load against a real manager, and against one whose evidence is not for the request."""
import json
import os
import pathlib
import subprocess
import tempfile

import tap
from fake_manager import FakeManager
from manager import Manager
from programs import built
from protocol import OK, QUOTE
from tpm2 import b2

LOAD = built('tests', 'bench', 'deepquote-load')


def load(path, *options):
    """(exit code, report, what it prints)"""
    with tempfile.TemporaryDirectory(prefix='load-') as folder:
        report = pathlib.Path(folder) / 'report'
        done = subprocess.run([LOAD, '--socket', path, '--json', report, *options],
                              capture_output=True, text=True, check=False, timeout=120)
        found = json.loads(report.read_text()) if report.exists() else None
    return done.returncode, found, done.stdout + done.stderr


def real(*options):
    with Manager() as manager:
        with tempfile.NamedTemporaryFile(prefix='load-', suffix='.pub') as ak:
            ak.write(bytes.fromhex(manager.admin('ak')['public']))
            ak.flush()
            return load(manager.socket, '--admin-socket', manager.admin_socket, '--host-ak',
                        ak.name, '--manager-pid', str(manager.process.pid), '--seconds', '1',
                        '--warmup', '0.2', *options)


@tap.case('closed loop: every VM is answered and a sample is verified')
def _():
    code, report, text = real('--vms', '8')
    tap.equal(code, 0, text)
    result = report['result']
    assert result['answers'] >= 8 and result['errors'] == 0, text
    tap.equal(sum(result['answers_by_batch_size'].values()), result['answers'])
    tap.equal(report['authentic'], report['verified'])
    assert report['verified'] >= 8, text
    assert result['manager_rss_mb'] > 0, text


@tap.case('open loop: requests come at the given rate')
def _():
    code, report, text = real('--vms', '8', '--open', '60')
    tap.equal(code, 0, text)
    assert 20 < report['result']['per_second'] < 120, text


@tap.case('a VM that floods is measured beside the others')
def _():
    code, report, text = real('--vms', '4', '--flood', '1', '--flood-kind', 'pcr-read')
    tap.equal(code, 0, text)
    assert report['flooded']['flood_replies'] > 0 and report['flooded']['answers'] > 0, text


@tap.case('every kind of flood reaches the manager, and quotes go on with their latency compared')
def _():
    for kind in ('quote', 'pipeline', 'pcr-read', 'pcr-any', 'credential', 'hello', 'instances',
                 'malformed', 'silent', 'all'):
        code, report, text = real('--vms', '2', '--flood', '9', '--flood-kind', kind)
        tap.equal(code, 0, text)
        flooded = report['flooded']
        assert flooded['answers'] > 0 and report['flood_latency_ratio']['p50'] > 0, text
        assert 'times that of the quiet run' in text, text
        if kind != 'silent':
            assert flooded['flood_replies'] + flooded['flood_closed'] > 0, (kind, flooded)


@tap.case('a kind of flood that there is not is refused with those that there are')
def _():
    code, report, text = real('--flood', '1', '--flood-kind', 'rain')
    tap.equal((code, report), (1, None))
    assert 'malformed' in text and 'rain' in text, text


@tap.case('evidence that is not for the request counts as wrong')
def _():
    with tempfile.TemporaryDirectory(prefix='load-') as folder:
        path = os.path.join(folder, 'sock')
        with FakeManager(path) as liar:
            liar.on[QUOTE] = lambda manager, request: manager.reply(
                request, OK, b2(b'nothing of the kind'))
            code, report, text = load(path, '--seconds', '0.3', '--warmup', '0.1')
    tap.equal(code, 1, text)
    assert report['result']['error_kinds']['wrong'] > 0, text
    tap.equal(report['result']['answers'], 0)


@tap.case('no manager is told in words')
def _():
    code, report, text = load('/nowhere/vtpm.sock', '--seconds', '1')
    tap.equal((code, report), (1, None))
    assert '/nowhere/vtpm.sock' in text and 'vtpm-managerd' in text, text


tap.main()
