# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_deepquote against a real vTPM and a real manager, side by side with tpm2-tools."""
import os
import signal
import time

import deepquote_guest
import tap
from deepquote_guest import (NONCE, OUTPUTS, TOOL, Guest, clean, content, expect_done,
                             expect_refused, expect_authentic, manager, path, put, with_guest, work)
from programs import program


@with_guest('a key made by --ak-create quotes, and the verifier trusts it')
def _(guest):
    expect_done(guest.deepquote('--ak-create', '--ak-public', 'ak.pub'))
    expect_authentic('-s', 'quote.sig', '-u', 'ak.pub')


@with_guest('--ak-create makes the same restricted signing key each time')
def _(guest):
    before = content('ak.pub')
    tap.equal(guest.run(TOOL, '--ak-create', '--ak-public', 'again.pub', '-c', 'ak.ctx'),
              (0, '', ''))
    tap.equal(content('again.pub'), before)
    out = guest.tools('tpm2_readpublic', '-c', 'ak.ctx')
    for word in ('restricted', 'sign', 'fixedtpm', 'NIST p256', 'ecdsa'):
        assert word in out, out


@with_guest('the guest half is what tpm2_checkquote accepts')
def _(guest):
    # not more than seven: the tpm2_checkquote of tpm2-tools 5.4 takes no more values, of
    # tpm2_quote either
    pcrs = 'sha256:0,1,2,3,4,5,7'
    expect_done(guest.deepquote('--ak-create', '--ak-public', 'ak.pub', pcrs=pcrs))
    check = ['tpm2_checkquote', '-u', 'ak.pub', '-m', 'quote.msg', '-s', 'quote.sig',
             '-f', 'pcrs.bin', '-l', pcrs, '-F', 'values', '-g', 'sha256', '-q']
    guest.tools(*check, NONCE)
    assert guest.run(*check, '5b' + NONCE[2:])[0] != 0, 'another nonce is accepted'


@with_guest('a context file of tpm2_createak signs')
def _(guest):
    guest.tools('tpm2_createek', '-c', 'ek.ctx', '-G', 'ecc', '-u', 'ek.pub')
    guest.tools('tpm2_createak', '-C', 'ek.ctx', '-c', 'tools-ak.ctx', '-G', 'ecc', '-g', 'sha256',
                '-s', 'ecdsa', '-u', 'tools-ak.pub', '-f', 'tss')
    expect_done(guest.deepquote('-c', 'tools-ak.ctx', '--ak-public', 'ak.pub'))
    tap.equal(content('ak.pub'), content('tools-ak.pub'))
    expect_authentic('-s', 'quote.sig', '-u', 'tools-ak.pub')


@with_guest('an RSA key of tpm2_createak signs')
def _(guest):
    guest.tools('tpm2_createek', '-c', 'ek.ctx', '-G', 'rsa', '-u', 'ek.pub')
    guest.tools('tpm2_createak', '-C', 'ek.ctx', '-c', 'rsa.ctx', '-G', 'rsa', '-g', 'sha256',
                '-s', 'rsassa', '-u', 'rsa.pub', '-f', 'tss')
    expect_done(guest.deepquote('-c', 'rsa.ctx'))
    expect_authentic('-s', 'quote.sig', '-u', 'rsa.pub')


@with_guest('a key without a scheme signs with the hash of -g')
def _(guest):
    guest.tools('tpm2_createprimary', '-C', 'e', '-c', 'free.ctx', '-G', 'ecc256', '-a',
                'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign')
    guest.tools('tpm2_readpublic', '-c', 'free.ctx', '-o', 'free.pub')
    expect_done(guest.deepquote('-c', 'free.ctx', '-g', 'sha384'))
    tap.equal(content('quote.sig')[:4].hex(), '0018000c')
    expect_done(guest.deepquote('-c', 'free.ctx'))
    tap.equal(content('quote.sig')[:4].hex(), '0018000b')


@with_guest('a persistent handle signs, by number and by its file')
def _(guest):
    tap.equal(guest.run(TOOL, '--ak-create', '-c', 'ak.ctx', '--ak-public', 'ak.pub')[0], 0)
    guest.tools('tpm2_evictcontrol', '-C', 'o', '-c', 'ak.ctx', '-o', 'ak.handle', '0x81020001')
    for key in ('0x81020001', 'ak.handle'):
        expect_done(guest.deepquote('-c', key))
        expect_authentic('-s', 'quote.sig', '-u', 'ak.pub')
    clean()
    expect_refused(guest.deepquote('-c', '0x81020002'), 1, '0x81020002')


@with_guest('with the null key only the host signs')
def _(guest):
    expect_done(guest.deepquote('-c', 'null'))
    tap.equal(content('quote.sig').hex(), '0010')
    expect_authentic()


@with_guest('several banks of the guest and of the host')
def _(guest):
    expect_done(guest.deepquote('--ak-create', '--ak-public', 'ak.pub',
                                pcrs='sha1:0,1+sha256:0,7,23', host_pcrs='sha256:0,1+sha1:all'))
    tap.equal(len(content('pcrs.bin')), 2 * 20 + 3 * 32)
    expect_authentic('-s', 'quote.sig', '-u', 'ak.pub')


@with_guest('what the TPM refuses is told in words')
def _(guest):
    create = ['--ak-create']
    expect_refused(guest.deepquote(*create, '--flags', '0x20'), 1, '--flags')
    expect_refused(guest.deepquote(*create, host_pcrs='sm3_256:0'), 1, '--host-pcr-list')
    five = 'sha1:0+sha256:0+sha384:0+sha512:0+sm3_256:0'
    expect_refused(guest.deepquote(*create, host_pcrs=five), 1, 'at most 4')
    expect_refused(guest.deepquote(*create, pcrs='sm3_256:0'), 1, '--pcr-list')
    expect_done(guest.deepquote(*create))


@with_guest('wrong usage is told before the TPM is asked')
def _(guest):
    create = ['--ak-create']
    expect_refused(guest.deepquote(), 2, '--ak-create')
    expect_refused(guest.deepquote(*create, nonce=''), 2, '-q')
    expect_refused(guest.deepquote(*create, nonce='5'), 2, '-q')
    expect_refused(guest.deepquote(*create, nonce='5a' * 65), 2, '-q')
    expect_refused(guest.deepquote(*create, pcrs='sha256:24'), 2, 'sha256:24')
    expect_refused(guest.deepquote(*create, host_pcrs='md5:0'), 2, 'md5:0')
    expect_refused(guest.deepquote(*create, '-g', 'md5'), 2, '-g')
    expect_refused(guest.deepquote(*create, '--flags', 'colour'), 2, '--flags')
    expect_refused(guest.deepquote(*create, '-p', 'hex:7'), 2, 'password')
    expect_refused(guest.deepquote(*create, '-p', 'session:x'), 2, '--ak-create')
    expect_refused(guest.deepquote(*create, 'stray'), 2, '--help')
    expect_refused(guest.deepquote('-c', '/dev/null'), 2, 'no key context')
    tap.equal(guest.run(TOOL)[0], 2)
    tap.equal(guest.run(TOOL, '--no-such-option')[0], 2)


@with_guest('the host tells its PCRs and its attestation key')
def _(guest):
    tap.equal(guest.run(TOOL, '--host-pcr-list', 'sha256:all', '--host-pcrs-out', 'host.bin',
                        '--host-credential', 'ak=host.pub'), (0, '', ''))
    tap.equal(len(content('host.bin')), 24 * 32)
    tap.equal(content('host.pub').hex(), manager.admin('ak')['public'])
    expect_refused(guest.run(TOOL, '--host-credential', 'group=group.der'), 1, 'no such credential')
    expect_refused(guest.run(TOOL, '--host-credential', 'soul=x'), 2, '--host-credential')


@with_guest('a disabled VM is told so, and served again when it is enabled')
def _(guest):
    expect_done(guest.deepquote('--ak-create'))
    clean()
    manager.admin('disable', uuid=guest.uuid)
    try:
        expect_refused(guest.deepquote('--ak-create'), 1, '0x502', 'vtpm-managerctl')
    finally:
        manager.admin('enable', uuid=guest.uuid)
    expect_done(guest.deepquote('--ak-create'))


@tap.case('a manager that is not there is told so')
def _():
    clean()
    with Guest(deepquote=f'manager={work}/nowhere') as guest:
        expect_refused(guest.deepquote('--ak-create'), 1, '0x501', 'vtpm-managerd')


@tap.case('a TPM without DeepQuote is told so')
def _():
    clean()
    with Guest() as guest:
        expect_refused(guest.deepquote('--ak-create'), 1, 'offers no TPM2_DeepQuote')
    with Guest(program=program('swtpm-deepquote')) as guest:
        expect_refused(guest.deepquote('--ak-create'), 1, 'offers no TPM2_DeepQuote')


@tap.case('a TPM that is not there is told so')
def _():
    clean()
    guest = Guest()
    expect_refused(guest.deepquote('--ak-create'), 1, guest.server)


@with_guest('nothing is left in the TPM')
def _(guest):
    expect_done(guest.deepquote('--ak-create', '-c', 'ak.ctx'))
    expect_done(guest.deepquote('-c', 'ak.ctx'))
    tap.equal(guest.left_inside(), ['', '', ''])


@with_guest('a key that does not sign is told what it is')
def _(guest):
    guest.tools('tpm2_createek', '-c', 'ek.ctx', '-G', 'ecc', '-u', 'ek.pub')
    guest.tools('tpm2_createprimary', '-C', 'o', '-c', 'storage.ctx', '-G', 'ecc')
    guest.tools('tpm2_createprimary', '-C', 'o', '-c', 'rsa.ctx', '-G', 'rsa', '-a',
                'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|decrypt')
    guest.tools('tpm2_createprimary', '-C', 'o', '-c', 'mac.ctx', '-G', 'hmac', '-a',
                'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign')
    for key, words in (('ek', 'endorsement or storage key'), ('storage', 'storage key'),
                       ('rsa', 'decrypts and cannot sign'), ('mac', 'HMAC key')):
        expect_refused(guest.deepquote('-c', f'{key}.ctx'), 2, words, '--ak-create')
    tap.equal(guest.left_inside(), ['', '', ''])


@with_guest('a key whose signature no verifier takes is refused with the reason')
def _(guest):
    sign = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign'
    for scheme, word in (('ecdsa-sha1', 'SHA-1'), ('ecschnorr-sha256', 'ecschnorr')):
        guest.tools('tpm2_createprimary', '-C', 'e', '-c', 'other.ctx', '-G',
                    f'ecc256:{scheme}:null', '-a', sign)
        expect_refused(guest.deepquote('-c', 'other.ctx'), 2, word, 'verifier')
    guest.tools('tpm2_createprimary', '-C', 'e', '-c', 'free.ctx', '-G', 'ecc256', '-a',
                'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign')
    expect_refused(guest.deepquote('-c', 'free.ctx', '--scheme', 'ecschnorr'), 2, 'ecschnorr')
    expect_refused(guest.deepquote('-c', 'free.ctx', '-g', 'sha1'), 2, 'SHA-1')
    expect_refused(guest.deepquote('-c', 'free.ctx', '--scheme', 'rsassa'), 2, 'no RSA key')


@with_guest('where one file cannot be written none is')
def _(guest):
    before = set(os.listdir(work))
    for option, place in (('--ak-public', '/dev/full'), ('--ak-public', 'no/folder'),
                          ('-c', '/dev/full'), ('--ak-public', work)):
        status, out, error = guest.deepquote('--ak-create', option, place)
        tap.equal((status, out), (1, ''))
        assert place in error, error
        tap.equal(set(os.listdir(work)), before)
    for name in OUTPUTS:
        put(name, b'as it was')
    tap.equal(guest.deepquote('--ak-create', '--ak-public', '/dev/full')[0], 1)
    for name in OUTPUTS:
        tap.equal(content(name), b'as it was')
    expect_done(guest.deepquote('--ak-create', '--ak-public', '/dev/null'))


@with_guest('a link stays a link, a pipe gets its file')
def _(guest):
    os.symlink('elsewhere', path('quote.msg'))
    put('elsewhere', b'')
    status, out, error = guest.deepquote('--ak-create', '--ak-public', '/dev/stdout')
    tap.equal((status, error), (0, ''))
    assert out and os.path.islink(path('quote.msg'))
    assert content('elsewhere').startswith(b'\xffTCG')


@with_guest('on a full disk no file is left, neither whole nor in part')
def _(guest):
    small = path('small')
    os.mkdir(small)
    # room for three files of one page each, and five are written
    if os.system(f'mount -t tmpfs -o size=12k deepquote-test {small} 2>/dev/null'):
        tap.skip('cannot mount a tmpfs here')
    try:
        before = set(os.listdir(work))
        status, out, error = guest.run(
            TOOL, '--ak-create', '--ak-public', 'small/ak.pub', '-q', NONCE, '-l', 'sha256:0',
            '--host-pcr-list', 'sha256:0', '-m', 'small/quote.msg', '-s', 'small/quote.sig',
            '-o', 'small/pcrs.bin', '--evidence', 'small/evidence.bin')
        tap.equal((status, out), (1, ''))
        assert 'No space left' in error, error
        tap.equal((os.listdir(small), set(os.listdir(work))), ([], before))
    finally:
        os.system(f'umount {small}')


@tap.case('Ctrl-C takes the key out of the TPM and writes nothing')
def _():
    for key in (('--ak-create',), ('-c', 'kept.ctx')):
        clean()
        with Guest(manager, f'manager={manager.socket},timeout=5', dir=path('vtpm')) as guest:
            tap.equal(guest.run(TOOL, '--ak-create', '-c', 'kept.ctx')[0], 0)
            manager.process.send_signal(signal.SIGSTOP)
            try:
                process = guest.start_program(*guest.quote_command(*key))
                time.sleep(0.7)
                process.send_signal(signal.SIGINT)
                _, error = process.communicate(timeout=30)
            finally:
                manager.process.send_signal(signal.SIGCONT)
            tap.equal(process.returncode, -signal.SIGINT, error)
            for name in OUTPUTS:
                assert not os.path.exists(path(name)), name
            tap.equal(guest.left_inside(), ['', '', ''])


@tap.case('a second Ctrl-C ends at once, and no file is written')
def _():
    clean()
    with Guest(manager, f'manager={manager.socket},timeout=20', dir=path('vtpm')) as guest:
        manager.process.send_signal(signal.SIGSTOP)
        try:
            process = guest.start_program(*guest.quote_command('--ak-create'))
            time.sleep(3)  # a store waits two seconds for the manager
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            tap.equal(process.poll(), None)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=5)
        finally:
            manager.process.send_signal(signal.SIGCONT)
        tap.equal(process.returncode, -signal.SIGINT, error)
        assert b'once more ends at once' in error, error
        for name in OUTPUTS:
            assert not os.path.exists(path(name)), name


deepquote_guest.main()
