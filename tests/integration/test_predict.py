# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_checkdeepquote predict: PCRs of a direct boot from files. That a guest has them: boot."""
import hashlib
import json
import os
import shutil
import subprocess
import tempfile

import tap
from programs import built

TOOL = built('tools', 'verifier', 'tpm2_checkdeepquote')
DIRECTORY = tempfile.mkdtemp(prefix='predict-')
SETUP, IMAGE, INITRD = 1024, b'the kernel' * 100, b'files' * 3000
MEMORY = 256 * 2**20
TABLES = 0x28000  # that a PC keeps for itself at the end of its memory


def number(setup, at, value, size):
    setup[at:at + size] = value.to_bytes(size, 'little')


def kernel():
    """The setup part of a small kernel of protocol 2.15 that may be 1 GiB high."""
    setup = bytearray(b'\xa5' * SETUP)
    setup[0x1f1], setup[0x211] = 1, 1
    setup[0x202:0x206] = b'HdrS'
    for at, value, size in ((0x206, 0x20f, 2), (0x22c, 0x3fffffff, 4), (0x236, 0, 2)):
        number(setup, at, value, size)
    return setup


def filled_in(setup, memory_end):
    """As QEMU hands it to the firmware."""
    setup[0x210], setup[0x211] = 0xb0, 0x81
    address = (memory_end - 1 - len(INITRD)) // 4096 * 4096
    for at, value, size in ((0x218, address, 4), (0x21c, len(INITRD), 4), (0x224, 0xfe00, 2),
                            (0x228, 0x20000, 4)):
        number(setup, at, value, size)
    return bytes(setup)


def path(name, content=None):
    full = os.path.join(DIRECTORY, name)
    if content is not None:
        with open(full, 'wb') as f:
            f.write(content)
    return full


def predict(*options, status=0):
    done = subprocess.run([TOOL, 'predict', *options], capture_output=True, text=True, check=False)
    tap.equal(done.returncode, status, done.stderr)
    return done.stdout if status == 0 else done.stderr


def pcr(bank, *measured):
    value = bytes(hashlib.new(bank).digest_size)
    for data in measured:
        value = hashlib.new(bank, value + hashlib.new(bank, data).digest()).digest()
    return value.hex()


def expected(bank, *after, text=b'quiet', tables=TABLES):
    """PCRs 4 and 5, where `after` is what the firmware adds to both."""
    action = [b'Calling INT 19h'] if after else []
    return (pcr(bank, filled_in(kernel(), MEMORY - tables), IMAGE, *action, *after),
            pcr(bank, INITRD, text + b'\0', *after))


KERNEL = path('kernel', bytes(kernel()) + IMAGE)
OPTIONS = ('--kernel', KERNEL, '--initrd', path('initrd', INITRD), '--append', 'quiet',
           '--memory', '256')
BANKS = ('sha1', 'sha256', 'sha384', 'sha512')
SEPARATOR = b'\xff' * 4


@tap.case('it prints what tpm2_pcrread would, in each bank')
def _():
    text = ''
    for bank in BANKS:
        four, five = expected(bank, SEPARATOR)
        text += f'{bank}:\n  4 : 0x{four}\n  5 : 0x{five}\n'
    tap.equal(predict(*OPTIONS), text)
    tap.equal(predict(*OPTIONS[:-1], '256M', '--machine', 'pc-q35-7.2'), text)


@tap.case('without firmware there is what QEMU measures')
def _():
    four, five = expected('sha256')
    tap.equal(predict(*OPTIONS, '--firmware', 'none', '--bank', 'sha256', '--bank', 'sha256'),
              f'sha256:\n  4 : 0x{four}\n  5 : 0x{five}\n')


@tap.case('a microvm has no tables at the end of its memory, and firmware that measures nothing')
def _():
    four, five = expected('sha256', tables=0)
    tap.equal(predict(*OPTIONS, '--machine', 'microvm', '--bank', 'sha256'),
              f'sha256:\n  4 : 0x{four}\n  5 : 0x{five}\n')


@tap.case('JSON has each event')
def _():
    said = json.loads(predict(*OPTIONS, '--json', '--bank', 'sha384'))
    tap.equal(said['pcrs'], {'sha384': dict(zip('45', expected('sha384', SEPARATOR)))})
    tap.equal([(e['pcr'], e['by']) for e in said['events']],
              [(4, 'qemu'), (4, 'qemu'), (5, 'qemu'), (5, 'qemu'), (4, 'firmware'),
               (4, 'firmware'), (5, 'firmware')])
    tap.equal(said['events'][3]['digests'], {'sha384': hashlib.sha384(b'quiet\0').hexdigest()})


@tap.case('each part shows in its PCR')
def _():
    def values(*options):
        return json.loads(predict(*options, '--json', '--bank', 'sha256'))['pcrs']['sha256']

    def changed(*options):
        return [n for n in '45' if values(*options)[n] != values(*OPTIONS)[n]]

    other = path('other', bytes(kernel()) + IMAGE[:-1] + b'L')
    tap.equal(changed('--kernel', other, *OPTIONS[2:]), ['4'])
    tap.equal(changed(*OPTIONS[:3], path('initrd2', INITRD[:-1] + b'S'), *OPTIONS[4:]), ['5'])
    tap.equal(changed(*OPTIONS[:5], 'quiet init=/bin/sh', *OPTIONS[6:]), ['5'])
    tap.equal(changed(*OPTIONS[:-1], '255'), ['4'])


@tap.case('it writes a profile, and adds to one')
def _():
    profile = path('profile')
    predict(*OPTIONS, '--name', 'web', '--boot', 'first', '-o', profile)
    predict(*OPTIONS[:5], 'debug', *OPTIONS[6:], '--add-to', profile, '--boot', 'second', '-o',
            profile, '--bank', 'sha384')
    with open(profile, encoding='utf-8') as f:
        boots = json.load(f)['boots']
    want = expected('sha256', SEPARATOR), expected('sha384', SEPARATOR, text=b'debug')
    tap.equal(boots, [{'name': 'first', 'pcrs': {'sha256': dict(zip('45', want[0]))}},
                      {'name': 'second', 'pcrs': {'sha384': dict(zip('45', want[1]))}}])
    said = predict(*OPTIONS, '--add-to', profile, '--boot', 'first', status=2)
    assert "has a boot 'first'" in said, said


@tap.case('what is wrong is said with what to do')
def _():
    empty, cut = path('empty', b''), path('cut', bytes(kernel())[:1000])
    for options, words in (
            ((), '--kernel'),
            (OPTIONS[:6], '--memory'),
            ((*OPTIONS[:-1], '1x'), 'K, M, G or T'),
            ((*OPTIONS[:-1], '16E'), 'K, M, G or T'),
            ((*OPTIONS[:-1], '99999999999999T'), 'K, M, G or T'),
            ((*OPTIONS, '--machine', 'isapc'), 'pc, q35 or microvm'),
            ((*OPTIONS, '--firmware', 'ovmf'), 'seabios'),
            ((*OPTIONS, '--bank', 'md5'), 'sha256'),
            ((*OPTIONS, '--boot', 'x'), '--name'),
            ((*OPTIONS, '--name', 'x'), '--boot'),
            ((*OPTIONS, '--name', 'x', '--boot', 'x', '--json'), '--json'),
            (('--kernel', path('absent')), 'absent'),
            (('--kernel', empty), 'bzImage'),
            (('--kernel', cut), '1000 bytes'),
            (('--kernel', TOOL), 'bzImage'),
            ((*OPTIONS[:3], empty, *OPTIONS[4:]), 'leave --initrd out'),
            ((*OPTIONS[:-1], '10K'), 'has no place')):
        said = predict(*options, status=2)
        assert words in said, (options, said)


try:
    tap.main()
finally:
    shutil.rmtree(DIRECTORY)
