# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_deepquote's command line is spelt as those of tpm2-tools, beside which it is tried."""
import hashlib
import os
import shutil

import deepquote_guest
import tap
from deepquote_guest import (NONCE, PCRS, TOOL, clean, content, expect_done,
                             expect_refused, expect_authentic, path, put, with_guest, work)

PCR_LISTS = ('sha256:0', '0x0b:0', '0X0B:0', '11:0', 'sha256:0x1', 'sha256:0X1', 'sha256:0, 1',
             'sha256: 0', 'sha256:all', 'sha1:all+sha256:all', 'sha256:0,0', 'sha256:1,0',
             'sha256:0+sha256:1', 'sha256:1+sha256:0', 'sha256:0+sha1:1+sha256:2',
             'sha256:0+sha256:0', 'sha256:none+sha1:1', 'sha256:07', '4:1')


def quoted(name):
    """The PCRs and their digest in a TPMS_ATTEST: behind nonce, clock and firmware's version."""
    return content(name).split(bytes.fromhex(NONCE))[1][17 + 8:]


@with_guest('a PCR list selects what it selects for tpm2_quote, and -o is the same file')
def _(guest):
    guest.make_ak('ak')
    for pcr in range(4):
        guest.tools('tpm2_pcrextend', f'{pcr}:sha1={pcr:02x}' + '00' * 19 +
                    f',sha256={pcr:02x}' + '00' * 31)
    for pcrs in PCR_LISTS:
        for form in ('values', 'serialized'):
            guest.tools('tpm2_quote', '-Q', '-c', 'ak.ctx', '-l', pcrs, '-q', NONCE, '-m', 'm',
                        '-s', 's', '-o', 'tools.bin', '-F', form)
            expect_done(guest.deepquote('-c', 'ak.ctx', '-F', form, pcrs=pcrs))
            assert content('pcrs.bin') == content('tools.bin'), f'{pcrs} {form}'
            expect_authentic('-s', 'quote.sig', '-u', 'ak.pub')
        tap.equal(quoted('quote.msg'), quoted('m'))


@with_guest('a key in PEM, as tpm2_readpublic writes it, is one that tpm2_checkdeepquote expects')
def _(guest):
    guest.make_ak('ak')
    expect_done(guest.deepquote('-c', 'ak.ctx'))
    for form in ('pem', 'der'):
        guest.tools('tpm2_readpublic', '-c', 'ak.ctx', '-f', form, '-o', form)
        expect_authentic('-s', 'quote.sig', '-u', form, '--guest-public', 'ak.pub')


@with_guest('other PCR lists are refused, where tpm2_quote does not say what it makes of them too')
def _(guest):
    for pcrs in ('', 'sha256', 'all', 'sha256:', 'sha256:24', 'sha256:010', 'sha256:0-3',
                 'sha256:0,', 'md5:0', '0x99:0', 'sha256:none'):
        expect_refused(guest.deepquote('--ak-create', pcrs=pcrs), 2, '-l: ')
        expect_refused(guest.deepquote('--ak-create', host_pcrs=pcrs), 2, '--host-pcr-list: ')
    expect_done(guest.deepquote('--ak-create', host_pcrs='0x0b:0, 0x1+sha1:all+sha256:7'))


@with_guest('a nonce is hexadecimal digits in each form, or a file')
def _(guest):
    raw = bytes.fromhex(NONCE)
    put('nonce', raw)
    for nonce in (NONCE.upper(), '0x' + NONCE, '0X' + NONCE, 'hex:' + NONCE, 'nonce', './nonce',
                  path('nonce')):
        expect_done(guest.deepquote('--ak-create', nonce=nonce))
        assert raw in content('quote.msg'), nonce
    clean()
    put('digits', NONCE.encode() + b'\n')
    for nonce in ('', '5', '0x', 'zz', 'nowhere', '5a' * 65, 'digits', '/dev/zero'):
        expect_refused(guest.deepquote('--ak-create', nonce=nonce), 2, '-q: ')
    put(NONCE, raw)
    expect_refused(guest.deepquote('--ak-create', nonce=NONCE), 2, './')
    expect_done(guest.deepquote('--ak-create', nonce='./' + NONCE))
    os.unlink(path(NONCE))


@with_guest('--bind makes the nonce out of challenge and channel')
def _(guest):
    guest.tools('openssl', 'req', '-x509', '-newkey', 'ed25519', '-noenc', '-keyout', 'channel.key',
                '-out', 'channel.pem', '-subj', '/CN=channel')
    guest.tools('openssl', 'x509', '-in', 'channel.pem', '-outform', 'DER', '-out', 'channel.der')
    guest.tools('openssl', 'pkey', '-in', 'channel.key', '-pubout', '-out', 'public.pem')
    guest.tools('openssl', 'pkey', '-in', 'channel.key', '-pubout', '-outform', 'DER', '-out',
                'public.der')
    info = hashlib.sha256(content('public.der')).digest()
    nonce = hashlib.sha256(b'DEEPQUOTE-BIND-V2\0' + bytes.fromhex(NONCE) + info).digest()
    for name in ('channel.pem', 'channel.der', 'public.pem', 'public.der'):
        expect_done(guest.deepquote('--ak-create', '--bind', name))
        for part in ('quote.msg', 'evidence.bin'):
            assert nonce in content(part), f'{name}: {content(part).hex()} lacks {nonce.hex()}'
    clean()
    for name in ('channel.key', 'nowhere', '/dev/zero'):
        expect_refused(guest.deepquote('--ak-create', '--bind', name), 2, '--bind: ')
    expect_refused(guest.run(TOOL, '--ak-create', '--ak-public', 'x', '--bind', 'public.pem'), 2,
                   '-q')


@with_guest('a handle is hexadecimal or decimal, and a file of that name goes before')
def _(guest):
    guest.make_ak('ak')
    guest.tools('tpm2_evictcontrol', '-C', 'o', '-c', 'ak.ctx', '-o', 'ak.handle', '0x81020001')
    for key in ('0x81020001', '0X81020001', str(0x81020001), 'ak.handle'):
        guest.tools('tpm2_quote', '-Q', '-c', key, '-l', 'sha256:0', '-q', '5a', '-m', 'm', '-s',
                    's')
        expect_done(guest.deepquote('-c', key))
    clean()
    for key in ('0x81020002', '1', '0x40000007', '0x81020001x'):
        assert guest.deepquote('-c', key)[0] in (1, 2), key
    put('0x81020001', b'no context')
    expect_refused(guest.deepquote('-c', '0x81020001'), 2, 'no key context')
    os.unlink(path('0x81020001'))
    put('key.pem', b'-----BEGIN TSS2 PRIVATE KEY-----\n')
    expect_refused(guest.deepquote('-c', 'key.pem'), 2, 'tpm2_load')


@with_guest('a value may follow its short option at once')
def _(guest):
    guest.make_ak('ak')
    tap.equal(guest.run(TOOL, '-cak.ctx', '-q' + NONCE, '-l' + PCRS, '--host-pcr-list=sha256:0',
                        '-mquote.msg', '-squote.sig', '-opcrs.bin', '-Fvalues', '-gsha256',
                        '-ftss', '-Q', '--evidence=evidence.bin'), (0, '', ''))
    expect_authentic('-s', 'quote.sig', '-u', 'ak.pub')


@with_guest('-G, -g and --scheme say which key --ak-create makes')
def _(guest):
    made = {}
    for options, starts in (((), '0018000b'), (('-G', 'ecc'), '0018000b'),
                            (('-G', 'ecc384', '-g', 'sha384'), '0018000c'),
                            (('-G', 'rsa'), '0014000b'), (('-G', 'rsa', '-g', '0x0d'), '0014000d'),
                            (('-G', 'rsa', '--scheme', 'rsapss'), '0016000b')):
        expect_done(guest.deepquote('--ak-create', '--ak-public', 'made.pub', *options))
        tap.equal(content('quote.sig')[:4].hex(), starts, options)
        expect_authentic('-s', 'quote.sig', '-u', 'made.pub')
        made[options] = content('made.pub')
    tap.equal(made[()], made['-G', 'ecc'])
    tap.equal(len(set(made.values())), len(made) - 1)
    clean()
    for options in (('-G', 'ecc521x'), ('-G', 'rsa', '--scheme', 'ecdsa'), ('-g', 'sha1'),
                    ('--scheme', 'ecdaa'), ('-G', 'hmac')):
        expect_refused(guest.deepquote('--ak-create', *options), 2)
    expect_refused(guest.deepquote('-c', 'ak.ctx', '-G', 'ecc'), 2, '-G')


@with_guest('formats that a verifier does not take are told')
def _(guest):
    expect_refused(guest.deepquote('--ak-create', '-f', 'plain'), 2, 'tss')
    expect_refused(guest.deepquote('--ak-create', '-F', 'yaml'), 2, 'values')
    expect_refused(guest.deepquote('--ak-create', '--ak-public', 'quote.msg'), 2,
                   'same name')


@with_guest('-V tells more, -Q no more than errors')
def _(guest):
    status, out, error = guest.deepquote('--ak-create', '-V', '-p', 'Ge/heim')
    tap.equal((status, out), (0, ''))
    assert 'Ge/heim' not in error and b'Ge/heim'.hex() not in error
    clean()
    expect_refused(guest.deepquote('-c', '0x81020009', '-Q'), 1, '0x81020009')
    tap.equal(guest.run(TOOL, '--version'), guest.run(TOOL, '-v'))


@with_guest('names are bytes in every locale')
def _(guest):
    for locale in ('C', 'C.UTF-8', 'POSIX'):
        for name in ('Schlüssel', b'Schl\xfcssel', 'a\nb', ' '):
            clean()
            folder = os.path.join(os.fsencode(work), os.fsencode(name))
            os.makedirs(folder, exist_ok=True)
            where = {'variables': {'LC_ALL': locale}}
            expect_done(guest.deepquote('--ak-create', '-c', folder + b'/ak.ctx', **where))
            expect_done(guest.deepquote('-c', folder + b'/ak.ctx', '--ak-public',
                                        folder + b'/ak.pub', **where))
            assert os.path.getsize(folder + b'/ak.pub')
            if name != 'a\nb':  # which tpm2-tss does not take
                for end in (b'', b'.ctrl'):
                    os.symlink(os.fsencode(guest.server) + end, folder + b'/server' + end)
                expect_done(guest.deepquote('--ak-create', '-T',
                                            b'swtpm:path=' + folder + b'/server', **where))
            shutil.rmtree(folder)


deepquote_guest.main()
