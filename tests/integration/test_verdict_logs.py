# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs and profiles in the verdict: two TPMs into which real logs were measured."""
import contextlib
import hashlib
import json
import os
import tempfile

import eventlog
import tap
from log_chain import BANKS, Chain, extend, ima_entries, violation, write
from log_tool import content
from process import connect, run
from programs import program
from protocol import UUID
from verifier import check
from vtpm import exchange

WORDS = ['host-event-log', 'host-ima', 'vm-event-log', 'vm-ima']


def refused(word, words, **changed):
    """One finding refuses, and says why; the others are what they were."""
    verdict, reason, findings = _chain.findings(**changed)
    tap.equal((verdict, reason), ('refused', word), str(findings))
    tap.equal([(w, r) for w, r, _ in findings],
              [(w, 'fail' if w == word else 'pass') for w in WORDS])
    detail = dict((w, d) for w, _, d in findings)[word]
    assert words in detail, detail


@tap.case('a host and a VM with logs that lead to their PCRs are trusted, and each log is told')
def _():
    verdict, reason, findings = _chain.findings()
    tap.equal((verdict, reason), ('trusted', None), str(findings))
    tap.equal([(w, r) for w, r, _ in findings], [(w, 'pass') for w in WORDS])
    tap.equal(content(os.path.join(_chain.guest, 'host_ima.log')), _chain.logs['host_ima.log'])


@tap.case('without logs there is no finding, and the verdict is what it was')
def _():
    tap.equal(_chain.findings(boot=None, ima=None, host_boot=None, host_ima=None),
              ('trusted', None, []))


@tap.case('logs named by option are appraised like those of a folder, and told among the checks')
def _():
    challenge = _chain.store.challenge()
    _chain.quote(challenge)
    names = {'--guest-public': 'ak.pub', '-m': 'quote.msg', '-s': 'quote.sig', '-f': 'pcrs.bin',
             '--evidence': 'evidence.bin', '-e': 'boot.log', '--ima': 'ima.log',
             '--host-eventlog': 'host_boot.log', '--host-ima': 'host_ima.log'}
    told = check('-q', challenge, '--uuid', UUID, '--store', _chain.store.path, '--policy',
                 _chain.policy, '--allow-simulated',
                 *(word for option, name in names.items()
                   for word in (option, os.path.join(_chain.guest, name))))
    assert told.trusted, told
    lines = [line.split()[:2] for line in told.output.splitlines()]
    tap.equal([line for line in lines if line[-1] in WORDS], [['✓', w] for w in WORDS])


@tap.case('an event that another VM measured is not what this one measured')
def _():
    refused('vm-event-log', 'lead to another value than was quoted',
            boot=_chain.logs['host_boot.log'])


@tap.case('an event whose words were changed after it was measured is noticed')
def _():
    log = _chain.logs['host_boot.log']
    for event in eventlog.parse(log):
        if event.type == eventlog.EFI_VARIABLE_DRIVER_CONFIG:
            break
    changed = event.data[:-1] + bytes([event.data[-1] ^ 1])
    refused('host-event-log', 'say something else than what was measured',
            host_boot=log.replace(event.data, changed, 1))


@tap.case('a host that hides the last file that it ran is refused')
def _():
    log = _chain.logs['host_ima.log']
    refused('host-ima', 'no beginning of the list leads to the value quoted',
            host_ima=log[:ima_entries(log)[-1][0]])


@tap.case('a list that goes on after the quote passes: what came later is for the next time')
def _():
    log = _chain.logs['ima.log']
    verdict, _, findings = _chain.findings(ima=log + log[ima_entries(log)[-1][0]:])
    tap.equal(verdict, 'trusted', str(findings))
    assert 'came after the quote' in findings[-1][2], findings


def tool(*arguments, code=0):
    return run([program('tpm2_checkdeepquote'), *arguments], code, timeout=60)


def recorded(name, *options):
    return _chain.profile(name, *options)


def with_profile(profile, *options):
    """(verdict, reason, {finding: detail}), without a policy."""
    challenge = _chain.store.challenge()
    _chain.quote(challenge)
    told = json.loads(check('-q', challenge, '--uuid', UUID, '--store', _chain.store.path,
                            '--allow-simulated', '--host-profile', profile, '--json', *options,
                            _chain.guest).output)
    return told['verdict'], told['reason'], {f['finding']: f['detail'] for f in told['findings']}


@tap.case('a host that boots and runs what was recorded is trusted, without a policy')
def _():
    verdict, reason, told = with_profile(recorded('as-it-is'))
    tap.equal((verdict, reason), ('trusted', None), str(told))
    tap.equal(told['host-boot'], "boot 'today' of profile 'as-it-is'")
    assert "entries are as in profile 'as-it-is'" in told['host-files'], told


@tap.case('a host that runs a changed file is refused, and the verdict names it')
def _():
    profile = recorded('changed')
    with open(profile, encoding='utf-8') as f:
        told = json.load(f)
    told['files']['/bin/busybox'] = ['sha256:' + 'ab' * 32]
    write(profile, json.dumps(told).encode())
    verdict, reason, findings = with_profile(profile)
    tap.equal((verdict, reason), ('refused', 'host-files'), str(findings))
    assert findings['host-files'].startswith(
        '"/bin/busybox" has another digest than those listed (entry '), findings
    done = tool('profile', 'diff', recorded('before'), profile, code=1)
    lines = done.stdout.splitlines()
    tap.equal([line.split(':')[0] for line in lines],
              ['- file /bin/busybox sha256', '+ file /bin/busybox sha256'], done.stdout)


@tap.case('a host that booted otherwise is refused, with the PCRs in which it differs')
def _():
    profile = recorded('other-boot')
    with open(profile, encoding='utf-8') as f:
        told = json.load(f)
    told['boots'][0]['pcrs']['sha256']['4'] = '00' * 32
    write(profile, json.dumps(told).encode())
    verdict, reason, findings = with_profile(profile)
    tap.equal((verdict, reason), ('refused', 'host-boot'), str(findings))
    assert findings['host-boot'].endswith('but for sha256:4'), findings
    tool('profile', 'record', '--add-to', profile, '--boot', 'second', '--pcrs', profile + '.pcrs',
         '--pcr-list', 'sha256:0,1,2,3,4,5,6,7,8,9', '-o', profile)
    verdict, _, findings = with_profile(profile)
    tap.equal((verdict, findings['host-boot']),
              ('trusted', "boot 'second' of profile 'other-boot'"))


@tap.case('a profile that is learning names a file that it does not know, and refuses nothing')
def _():
    profile = recorded('learner', '--learning')
    with open(profile, encoding='utf-8') as f:
        told = json.load(f)
    learned = told['files'].pop('/bin/busybox')
    assert told['learning'] and learned, told
    write(profile, json.dumps(told).encode())
    verdict, reason, findings = with_profile(profile)
    tap.equal((verdict, reason), ('authentic', None), str(findings))
    assert findings['host-files'].startswith('"/bin/busybox" is not listed (entry '), findings
    tool('profile', 'record', '--add-to', profile, '--ima', _chain.folder + '/ima', '-o', profile)
    verdict, reason, findings = with_profile(profile)
    tap.equal((verdict, reason), ('trusted', None), str(findings))
    told['learning'] = False
    write(profile, json.dumps(told).encode())
    tap.equal(with_profile(profile)[:2], ('refused', 'host-files'))


@tap.case('a key that signs files for IMA goes into a profile, from a key or a certificate')
def _():
    key, public = _chain.folder + '/ima.key', _chain.folder + '/ima.pub'
    run(['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out',
         key], timeout=60)
    run(['openssl', 'pkey', '-in', key, '-pubout', '-out', public], timeout=60)
    profile = recorded('keys', '--ima-key', public)
    with open(profile, encoding='utf-8') as f, open(public, encoding='utf-8') as pem:
        tap.equal(json.load(f)['keys'], [''.join(pem.read().splitlines()[1:-1])])
    tap.equal(with_profile(profile)[:2], ('trusted', None))
    done = tool('profile', 'diff', recorded('no-keys'), profile, code=1)
    assert [line[:6] for line in done.stdout.splitlines()] == ['+ key '], done.stdout
    done = tool('profile', 'record', '--name', 'x', '--ima-key', profile, code=2)
    assert '--ima-key ' in done.stderr, done.stderr


@tap.case('what a VM is expected to be is compared with its own PCRs')
def _():
    verdict, reason, findings = with_profile(recorded('host'), '--vm-profile', recorded('vm'))
    tap.equal((verdict, reason), ('refused', 'vm-boot'), str(findings))


@tap.case('record and diff refuse what they cannot use, and leave the file as it was')
def _():
    for arguments, words in (
            (['record', '--name', 'x'], 'nothing to record'),
            (['record', '--ima', _chain.folder + '/ima'], '--name'),
            (['record', '--name', 'x', '--boot', 'b'], 'give both or none'),
            (['record', '--name', 'x', '--ima', _chain.folder + '/boot', '-o',
              _chain.folder + '/never'], 'boot: '),
            (['record', '--name', 'x', '--boot', 'b', '--pcrs', recorded('r') + '.pcrs'],
             'has no value of PCR sha256:12'),
            (['diff', '/dev/null', '/dev/null'], '/dev/null: '),
            (['show'], 'record, from-packages, diff')):
        done = tool('profile', *arguments, code=2)
        assert words in done.stderr, done.stderr
    assert not os.path.exists(_chain.folder + '/never')


@tap.case('a file that was open for writing when it was measured is not compared')
def _():
    ones = {bank: b'\xff' * hashlib.new(bank).digest_size for bank in BANKS}
    with connect(_chain.vtpm.server) as sock:
        extend(lambda command: exchange(sock, command), 10, ones)
    _chain.logs['ima.log'] += violation(_chain.logs['ima.log'])
    verdict, _, findings = _chain.findings()
    tap.equal((verdict, findings[-1][1]), ('authentic', 'not-compared'), str(findings))
    assert '1 violation' in findings[-1][2], findings


@tap.case('what is no log is refused by name')
def _():
    refused_all = _chain.findings(host_boot=b'no log at all' * 10)
    tap.equal(refused_all[:2], ('refused', 'host-event-log'))


with contextlib.ExitStack() as _stack:
    _folder = _stack.enter_context(tempfile.TemporaryDirectory(prefix='verdict-logs-'))
    os.chmod(_folder, 0o755)
    _chain = Chain(_folder, _stack)
    tap.main()
