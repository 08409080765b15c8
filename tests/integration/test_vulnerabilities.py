# SPDX-License-Identifier: GPL-2.0-or-later
"""Known vulnerabilities in the verdict: a host that runs a file of a package that has one."""
import base64
import contextlib
import json
import os
import tempfile

import tap
from log_chain import Chain, write
from log_tool import content
from process import run
from programs import program
from protocol import UUID
from verifier import check

FILE = '/bin/busybox'


def with_packages(path, packages):
    """Makes FILE in a profile one of these packages: (name, version, release)."""
    with open(path, encoding='utf-8') as f:
        profile = json.load(f)
    profile['packages'] = [
        {'name': name, 'version': version, 'source': name, 'source-version': version,
         'digests': profile['files'][FILE]} | ({'release': release} if release else {})
        for name, version, release in packages]
    return write(path, json.dumps(profile).encode())


def recorded(*packages):
    """A profile of the host."""
    return with_packages(_chain.profile('host'), packages)


def recorded_vm(*packages):
    """The same of the VM."""
    path, values = _chain.folder + '/vm', content(_chain.guest + '/pcrs.bin')
    pcrs = write(path + '.pcrs', ''.join(
        f'sha256 {i} {values[32 * i:32 * i + 32].hex()}\n' for i in range(11)).encode())
    run([program('tpm2_checkdeepquote'), 'profile', 'record', '--name', 'vm', '--boot', 'today',
         '--pcrs', pcrs, '--pcr-list', 'sha256:0,1,2,3,4,5,6,7,8,9', '--ima',
         _chain.guest + '/ima.log', '-o', path], timeout=60)
    return with_packages(path, packages)


def tracker(**known):
    """{vulnerability: (status, fixed version, urgency)} of busybox in bookworm."""
    return write(_chain.folder + '/tracker.json', json.dumps({'busybox': {
        name.replace('_', '-'): {'description': 'x', 'scope': 'local', 'releases': {'bookworm': {
            'status': status, 'repositories': {'bookworm': '1:1.35.0-4'}, 'urgency': urgency}
            | ({'fixed_version': fixed} if fixed else {})}}
        for name, (status, fixed, urgency) in known.items()}}).encode())


def policy(*lines):
    with open(_chain.policy, encoding='utf-8') as f:
        return write(_chain.folder + '/policy-vulnerable',
                     (f.read() + '\n'.join(lines) + '\n').encode())


def verified(profile, *options, rules=None):
    challenge = _chain.store.challenge()
    _chain.quote(challenge)
    return check('-q', challenge, '--uuid', UUID, '--store', _chain.store.path, '--policy',
                 rules or policy(), '--allow-simulated', '--host-profile', profile, *options,
                 _chain.guest)


def findings(*arguments, **rules):
    """(verdict, reason, {finding: (result, detail)})"""
    told = json.loads(verified(*arguments, '--json', **rules).output)
    return told['verdict'], told['reason'], {
        f['finding']: (f['result'], f['detail']) for f in told['findings']}


def told_of_host(profile, known, *lines):
    verdict, reason, told = findings(profile, '--vulnerabilities', known, rules=policy(*lines))
    return verdict, reason, *told['host-packages']


PACKAGE = ('busybox', '1:1.35.0-4', 'bookworm')
LATER = ('resolved', '1:1.35.0-4+deb12u1', 'medium')


@tap.case('a host with a file of a package that has a fixed successor is refused by name')
def _():
    verdict, reason, result, detail = told_of_host(
        recorded(PACKAGE), tracker(CVE_1=LATER, CVE_2=('resolved', '1:1.35.0-4', 'high')))
    tap.equal((result, reason, verdict), ('fail', 'host-packages', 'refused'), detail)
    assert detail.startswith(f'"{FILE}"'), detail
    assert 'of busybox 1:1.35.0-4: CVE-1, fixed in 1:1.35.0-4+deb12u1; in all' in detail, detail
    assert 'CVE-2' not in detail, detail


@tap.case('a policy has it warn, or refuse from an urgency on; what nobody fixed warns')
def _():
    for found, lines, result in (
            (LATER, ['vulnerable warn'], 'warning'),
            (LATER, ['vulnerable refuse high'], 'warning'),
            (LATER, ['vulnerable refuse medium'], 'fail'),
            (('open', None, 'high'), ['vulnerable refuse low'], 'warning'),
            (('open', None, 'unimportant'), [], 'pass'),
            (('resolved', '0', 'high'), [], 'pass')):
        got = told_of_host(recorded(PACKAGE), tracker(CVE_1=found), *lines)
        tap.equal(got[2], result, f'{found} {lines} {got}')


@tap.case('a file that a fixed package has too is good, and a release has to be known')
def _():
    known = tracker(CVE_1=LATER)
    for packages, result, words in (
            ([PACKAGE, ('busybox', '1:1.35.0-4+deb12u1', 'bookworm')], 'pass', 'nothing is known'),
            ([('busybox', '1:1.35.0-4', None)], 'not-compared', 'of which release'),
            ([('busybox', '1:1.35.0-4', 'sid')], 'not-compared', 'does not speak'),
            ([], 'not-compared', 'profile from-packages')):
        got = told_of_host(recorded(*packages), known)
        tap.equal(got[2], result, str(got))
        assert words in got[3], got


@tap.case('with nothing but a warning host and VM are trusted')
def _():
    verdict, reason, told = findings(
        recorded(PACKAGE), '--vm-profile', recorded_vm(('busybox', '1:1.36', 'bookworm')),
        '--vulnerabilities', tracker(CVE_1=LATER), rules=policy('vulnerable warn'))
    tap.equal((verdict, reason), ('trusted', None), str(told))
    tap.equal((told['host-packages'][0], told['vm-packages'][0]), ('warning', 'pass'), str(told))


def people(known, *options):
    challenge = _chain.store.challenge()
    _chain.quote(challenge)
    both = ['boot.log', 'ima.log', 'host_boot.log', 'host_ima.log']
    names = dict(zip(['-e', '--ima', '--host-eventlog', '--host-ima'], both)) | {
        '--guest-public': 'ak.pub', '-m': 'quote.msg', '-s': 'quote.sig', '-f': 'pcrs.bin',
        '--evidence': 'evidence.bin'}
    return check('-q', challenge, '--uuid', UUID, '--store', _chain.store.path, '--policy',
                 policy('vulnerable warn'), '--allow-simulated', '--host-profile',
                 recorded(PACKAGE), '--vulnerabilities', known, *options,
                 *(word for option, name in names.items()
                   for word in (option, os.path.join(_chain.guest, name))))


@tap.case('a warning is told among the checks, on the page and in the EAR')
def _():
    page, key, ear = (os.path.join(_chain.folder, name) for name in ('page', 'ear.key', 'ear'))
    run(['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out',
         key], timeout=60)
    told = people(tracker(CVE_1=LATER), '--report', page, '--ear', key, '-o', ear)
    assert told.authentic, told  # nothing is known of the VM's packages
    line = next(t for t in told.output.splitlines() if ' host-packages ' in t)
    assert line.startswith('! host-packages') and 'CVE-1' in line, line
    with open(page, encoding='utf-8') as f:
        text = f.read()
    assert 'What somebody should look at (1)' in text and 'CVE-1' in text
    with open(ear, encoding='utf-8') as f:
        body = f.read().split('.')[1]
    claims = json.loads(base64.urlsafe_b64decode(body + '=' * (-len(body) % 4)))
    tap.equal(claims['submods']['host']['ear.status'], 'warning')


@tap.case('a verdict that was recorded comes out the same again, without the tracker')
def _():
    for rule, word in (('vulnerable refuse high', 'warning'), ('vulnerable refuse', 'fail')):
        told = json.loads(verified(recorded(PACKAGE), '--vulnerabilities', tracker(CVE_1=LATER),
                                   '--record', '--json', rules=policy(rule)).output)
        assert word in {f['result'] for f in told['findings']}, told
    os.unlink(_chain.folder + '/tracker.json')
    os.unlink(_chain.folder + '/policy-vulnerable')
    done = run([program('tpm2_checkdeepquote'), 'audit', '--verify', '--json', '--store',
                _chain.store.path], timeout=60)
    entries = [json.loads(line) for line in done.stdout.splitlines()][:-1]
    tap.equal([e['wrong'] for e in entries], [[], []], done.stdout)


@tap.case('a file that is no tracker gives no verdict, and is named')
def _():
    for data in (b'', b'[]', b'{"a": 1}', b'{"busybox": {'):
        bad = write(_chain.folder + '/bad.json', data)
        done = verified(recorded(PACKAGE), '--vulnerabilities', bad)
        tap.equal(done.status, 2)
        assert 'bad.json' in done.error, done.error


with contextlib.ExitStack() as _stack:
    _folder = _stack.enter_context(tempfile.TemporaryDirectory(prefix='vulnerabilities-'))
    os.chmod(_folder, 0o755)
    _chain = Chain(_folder, _stack)
    tap.main()
