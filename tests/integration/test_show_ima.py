# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_checkdeepquote ima: what it shows of real lists, beside the kernel's own text of them."""
import re

import tap
from log_tool import NAMES, content, lines, run, sample, with_file

OVMF = content(sample('ovmf', 'ima.bin'))
VALUES = content(sample('ovmf', 'pcrs.txt'))


def field(entry, name):
    found = [f['text'] for f in entry['fields'] if f['name'] == name]
    return found[0] if found else ''


def as_kernel(entry):
    """The beginning of the line that the kernel's text list has for it."""
    digest = field(entry, 'digest')
    if entry['template'] == 'ima':
        digest = digest.removeprefix('sha1:')
    return (f"{entry['pcr']} {entry['digest']} {entry['template']} {digest} "
            f"{field(entry, 'file').replace(' ', '_')}")


def entry_offsets():
    return [o['offset'] for o in lines('ima', 'show', sample('ovmf', 'ima.bin'), status=3)
            if 'entry' in o]


def real_list_cases(name):
    @tap.case(f'{name}: the entries are those of the text list')
    def _():
        shown = [as_kernel(o) for o in lines('ima', 'show', sample(name, 'ima.bin'), status=3)
                 if 'entry' in o]
        wanted = content(sample(name, 'ima.txt')).decode().splitlines()
        tap.equal(shown, [' '.join(line.split(' ')[:5]) for line in wanted])

    @tap.case(f'{name}: they lead to PCR 10 of that boot in each bank, with one violation')
    def _():
        shown = lines('ima', 'show', '--pcrs', sample(name, 'pcrs.txt'), sample(name, 'ima.bin'),
                      status=3)
        tap.equal([(o['bank'], o['outcome']) for o in shown if 'bank' in o],
                  [(bank, 'matches') for bank in ('sha1', 'sha256', 'sha384', 'sha512')])
        tap.equal(sum(o.get('violation', False) for o in shown), 1)
        tap.equal(shown[-1], {'bootAggregate': 'same'})


for _name in NAMES:
    real_list_cases(_name)


@tap.case('a list without violations that leads to the PCR exits with 0')
def _():
    offsets = entry_offsets()
    before = [o['violation'] for o in lines('ima', 'show', sample('ovmf', 'ima.bin'), status=3)
              if 'entry' in o].index(True)
    check = with_file(OVMF[:offsets[before]])
    value = check(lambda path: lines('ima', 'show', path))()[-1]
    pcrs = re.sub(rb'sha(1|384|512) \d+ \w+\n', b'', VALUES)
    pcrs = re.sub(rb'sha256 10 \w+', f"sha256 10 {value['value']}".encode(), pcrs)
    shown = with_file(pcrs)(check(lambda pcrs, path: run('ima', 'show', '--pcrs', pcrs, path)))()
    assert '✓ sha256:10'.encode() in shown[0] and '✓ boot_aggregate'.encode() in shown[0], shown


@tap.case('a quote that was taken before the list ended is found in it')
def _():
    offsets = entry_offsets()
    value = with_file(OVMF[:offsets[7]])(lambda path: lines('ima', 'show', path))()[-1]['value']
    shown = with_file(b'sha256 10 ' + value.encode())(
        lambda path: run('ima', 'show', '--pcrs', path, sample('ovmf', 'ima.bin'), status=3))()
    assert (b'the first 7 of 14 entries lead to it; the others came after the quote'
            in shown[0]), shown
    assert b'- boot_aggregate: give PCRs 0 to 9' in shown[0], shown


@tap.case('a list whose last entry is hidden exits with 1')
def _():
    hidden = with_file(OVMF[:entry_offsets()[-1]])
    out, _ = hidden(lambda path: run('ima', 'show', '--pcrs', sample('ovmf', 'pcrs.txt'), path,
                                     status=1))()
    assert b'no beginning of the list leads to the value quoted, nor do all of its 13' in out, out


@tap.case('a list of another boot exits with 1')
@with_file(content(sample('secureboot', 'pcrs.txt')).replace(
    re.search(rb'sha256 10 \w+', content(sample('secureboot', 'pcrs.txt')))[0],
    re.search(rb'sha256 10 \w+', VALUES)[0]))
def _(path):
    out, _ = run('ima', 'show', '--pcrs', path, sample('ovmf', 'ima.bin'), status=1)
    assert '✗ boot_aggregate is not the digest of these PCRs'.encode() in out, out


@tap.case('a list that is cut off is shown up to there, and refused with entry and offset')
@with_file(OVMF[:-1])
def _(path):
    out, said = run('ima', 'show', path, status=1)
    assert b'\n    12   10  ' in out and b'PCR to which' not in out, out
    assert re.search(r'tmp\w+: entry 13 at offset \d+: its data is longer than the list\n',
                     said), said


@tap.case('names of files do nothing to a terminal')
@with_file(OVMF.replace(b'/bin/busybox', b'\x1b[2J"\\\n\xc2\x9b /b'))
def _(path):
    out, _ = run('ima', 'show', path, status=1)
    assert rb'file "\x1b[2J\"\\\n\u009b /b"' in out, out
    assert not re.search(rb'[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]', out), out


@tap.case('what cannot be read, and wrong usage, exit with 2')
def _():
    for arguments, words in ((['show', '/nonexistent'], 'cannot read /nonexistent'),
                             (['show'], 'takes 1 argument'), ([], 'say one of show'),
                             (['show', '--pcrs', 'sha256:0', '/dev/null'], 'name PCR 10')):
        _, said = run('ima', *arguments, status=2)
        assert words in said, said


tap.main()
