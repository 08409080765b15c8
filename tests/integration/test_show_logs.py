# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_checkdeepquote eventlog: what it shows of real logs, beside tpm2_eventlog; exit codes."""
import re
import subprocess

import tap
from log_tool import NAMES, content, lines, run, sample, with_file


def tpm2_eventlog(path):
    """[(number, PCR, type, {bank: digest}, size)], {bank: {PCR: value}}, of tpm2-tools."""
    text = subprocess.run(['tpm2_eventlog', path], capture_output=True, check=True).stdout.decode()
    log, _, pcrs = text.partition('\npcrs:\n')
    events = []
    for part in log.split('- EventNum: ')[1:]:
        digests = dict(re.findall(r'AlgorithmId: (\w+)\n +Digest: "(\w+)"', part))
        legacy = re.search(r'^  Digest: "(\w+)"', part, re.M)
        if legacy:
            digests['sha1'] = legacy.group(1)
        events.append((int(part.split()[0]), int(re.search(r'PCRIndex: (\d+)', part).group(1)),
                       re.search(r'EventType: (\S+)', part).group(1), digests,
                       int(re.search(r'EventSize: (\d+)', part).group(1))))
    values = {}
    for line in pcrs.splitlines():
        bank, value = re.match(r'  (\w+):$', line), re.match(r' +(\d+) +: 0x(\w+)', line)
        if bank:
            values[bank.group(1)] = {}
        elif value:
            values[list(values)[-1]][int(value.group(1))] = value.group(2)
    return events, values


def real_log_cases(name):
    @tap.case(f'{name}: the events are those of tpm2_eventlog')
    def _():
        shown = [(o['event'], o['pcr'], o['typeName'], o['digests'], o['dataSize'])
                 for o in lines('eventlog', 'show', sample(name, 'boot.bin')) if 'event' in o]
        tap.equal(shown, tpm2_eventlog(sample(name, 'boot.bin'))[0])

    @tap.case(f'{name}: they lead to the PCRs of tpm2_eventlog, in each bank')
    def _():
        wanted = tpm2_eventlog(sample(name, 'boot.bin'))[1]
        shown = {bank: {} for bank in wanted}
        for o in lines('eventlog', 'show', '--pcrs', '+'.join(f'{b}:all' for b in wanted),
                       sample(name, 'boot.bin')):
            if 'bank' in o and o['events'] > 0:
                shown[o['bank']][o['pcr']] = o['value']
        tap.equal(shown, wanted)

    @tap.case(f'{name}: they lead to the PCRs of that boot; PCR 10 is not in the log')
    def _():
        outcomes = [(o['outcome'], o['pcr']) for o in
                    lines('eventlog', 'show', '--pcrs', sample(name, 'pcrs.txt'),
                          sample(name, 'boot.bin'), status=3) if 'bank' in o]
        tap.equal(len(outcomes), 96)
        tap.equal({o for o in outcomes if o[0] != 'matches'}, {('not-covered', 10)})


for _name in NAMES:
    real_log_cases(_name)

FIRMWARE = b'  sha256:\n' + b''.join(
    b'    %s : 0x%s\n' % tuple(line.split()[1:])
    for line in content(sample('ovmf', 'pcrs.txt')).splitlines()
    if re.match(rb'sha256 [0-7] ', line))
SECURE = content(sample('secureboot', 'boot.bin'))


@tap.case('the output of tpm2_pcrread is taken, and all that matches exits with 0')
@with_file(FIRMWARE)
def _(path):
    out, _ = run('eventlog', 'show', '--pcrs', path, sample('ovmf', 'boot.bin'))
    tap.equal(out.count('✓ sha256:'.encode()), 8)


@tap.case('another value of a PCR exits with 1, and the events of this PCR are named')
@with_file(b'sha256 4 ' + b'5a' * 32 + b'\n')
def _(path):
    out, _ = run('eventlog', 'show', '--pcrs', path, sample('secureboot', 'boot.bin'), status=1)
    assert ('✗ sha256:4 c2125c9768ec0280072b8fc88e2ab4c1ee344bb954a06145248ffc83bd4d15c8\n'
            '    events 14 to 43, 6 of them of this PCR, lead to another').encode() in out, out


@tap.case('words that are not what was measured exit with 1, and their event says so')
@with_file(SECURE.replace(b'grub_cmd: set default=0', b'grub_cmd: set default=1'))
def _(path):
    out, _ = run('eventlog', 'show', path, status=1)
    event = out[out.index(b'set default=1'):].splitlines()
    assert '✗ this is not what was measured: its sha1 digest is another'.encode() in event[1], event


@tap.case('a log that is cut off is shown up to there, and refused with event and offset')
@with_file(content(sample('ovmf', 'boot.bin'))[:-1])
def _(path):
    out, said = run('eventlog', 'show', path, status=1)
    assert b'\n  28 ' in out and b'PCRs' not in out, out
    assert re.search(r'tmp\w+: event 29 at offset \d+: it says that it has 40 bytes of data; 39 '
                     r'are left\n', said), said


@tap.case('what is no log is refused')
@with_file(b'something else')
def _(path):
    _, said = run('eventlog', 'show', path, status=1)
    assert 'event 0 at offset 0: the log ends inside it, at byte 14' in said, said


@tap.case('text of a log does nothing to a terminal')
@with_file(SECURE.replace('EFI System'.encode('utf-16-le'),
                          '\x1b[J", on\x9b\\'.encode('utf-16-le')))
def _(path):
    out, _ = run('eventlog', 'show', path, status=1)
    assert rb'partition "\x1b[J\", on\u009b\\", type' in out, out
    assert not re.search(rb'[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]', out), out


@tap.case('what cannot be read, and wrong usage, exit with 2')
def _():
    log = sample('ovmf', 'boot.bin')
    for arguments, words in ((['show', '/nonexistent'], 'cannot read /nonexistent'),
                             (['show'], 'takes 1 argument'),
                             (['print', log], 'say one of show'),
                             (['show', '--pcrs', '/nonexistent', log], '--pcrs takes a list'),
                             (['show', '--pcrs', log, log], 'line 1 is no value of a PCR')):
        _, said = run('eventlog', *arguments, status=2)
        assert words in said, said


@tap.case('--help tells the options')
def _():
    out, _ = run('eventlog', 'show', '--help')
    assert b'--pcrs=FILE|LIST' in out and b'--json' in out, out


tap.main()
