# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_deepquote against a real vTPM and a real manager, side by side with tpm2-tools."""
import os
import shutil
import subprocess
import tempfile

import tap
from manager import Manager
from programs import program
from protocol import UUID
from swtpm import environment
from verifier import check
from vtpm import Vtpm

TOOL = program('tpm2_deepquote')
NONCE = '5a' * 32
PCRS = 'sha256:0,1,2,3,4,5,6,7,8,9'
HOST_PCRS = 'sha256:0,1,7'
OUTPUTS = ('quote.msg', 'quote.sig', 'pcrs.bin', 'evidence.bin')

work = tempfile.mkdtemp(prefix='tpm2-deepquote-')
manager = Manager(auto_register=True)


class Guest(Vtpm):
    """The vTPM with the programs that a guest runs on it."""

    def __init__(self, **options):
        super().__init__(client=False, **options)

    def run(self, *command):
        """Runs a program in the work directory: (status, standard output, standard error)."""
        env = dict(environment(), TPM2TOOLS_TCTI=self.tcti)
        done = subprocess.run(command, cwd=work, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def tools(self, *command):
        """Runs one of tpm2-tools, which must succeed, and leaves no object behind."""
        status, out, error = self.run(*command)
        assert status == 0, f'{command}: {error}'
        self.run('tpm2_flushcontext', '-t')
        return out

    def deepquote(self, *options, nonce=NONCE, pcrs=PCRS, host_pcrs=HOST_PCRS):
        return self.run(TOOL, *options, '-q', nonce, '-l', pcrs, '--host-pcr-list', host_pcrs,
                        '-m', 'quote.msg', '-s', 'quote.sig', '-o', 'pcrs.bin',
                        '--evidence', 'evidence.bin')


def path(name):
    return os.path.join(work, name)


def content(name):
    with open(path(name), 'rb') as f:
        return f.read()


def clean():
    for name in OUTPUTS:
        if os.path.exists(path(name)):
            os.unlink(path(name))


def expect_done(answer):
    """All is well, nothing is said, and every file is there."""
    tap.equal(answer, (0, '', ''))
    for name in OUTPUTS:
        assert os.path.exists(path(name)), name


def expect_refused(answer, status, *words):
    """Refused with this status, the words on one line of standard error, no file written."""
    tap.equal(answer[0], status, answer[2])
    tap.equal(answer[1], '')
    tap.equal(len(answer[2].splitlines()), 1, answer[2])
    for word in words:
        assert word in answer[2], answer[2]
    for name in OUTPUTS:
        assert not os.path.exists(path(name)), name


def expect_trusted(*options):
    with open(path('host-ak.pub'), 'wb') as f:
        f.write(bytes.fromhex(manager.admin('ak')['public']))
    verdict = check('-m', 'quote.msg', '-f', 'pcrs.bin', '--evidence', 'evidence.bin', '-q', NONCE,
                    '--host', 'host-ak.pub', '--uuid', UUID, *options, cwd=work)
    assert verdict.trusted, verdict


def with_guest(name):
    """A case that gets a guest with DeepQuote of its own."""
    def register(function):
        @tap.case(name)
        def _():
            clean()
            with Guest(deepquote=f'manager={manager.socket}', dir=path('vtpm')) as guest:
                function(guest)
    return register


@with_guest('a key made by --ak-create quotes, and the verifier trusts it')
def _(guest):
    expect_done(guest.deepquote('--ak-create', '--ak-public', 'ak.pub'))
    expect_trusted('-s', 'quote.sig', '-u', 'ak.pub')


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
    expect_trusted('-s', 'quote.sig', '-u', 'tools-ak.pub')


@with_guest('an RSA key of tpm2_createak signs')
def _(guest):
    guest.tools('tpm2_createek', '-c', 'ek.ctx', '-G', 'rsa', '-u', 'ek.pub')
    guest.tools('tpm2_createak', '-C', 'ek.ctx', '-c', 'rsa.ctx', '-G', 'rsa', '-g', 'sha256',
                '-s', 'rsassa', '-u', 'rsa.pub', '-f', 'tss')
    expect_done(guest.deepquote('-c', 'rsa.ctx'))
    expect_trusted('-s', 'quote.sig', '-u', 'rsa.pub')


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
        expect_trusted('-s', 'quote.sig', '-u', 'ak.pub')
    clean()
    expect_refused(guest.deepquote('-c', '0x81020002'), 1, '0x81020002')


@with_guest('the password is taken in each form, and a wrong one refused')
def _(guest):
    tap.equal(guest.run(TOOL, '--ak-create', '-c', 'secret.ctx', '-p', 'str:secret')[0], 0)
    with open(path('password'), 'w', encoding='ascii') as f:
        f.write('secret\n')
    for form in ('str:secret', 'hex:736563726574', 'file:password', 'secret'):
        expect_done(guest.deepquote('-c', 'secret.ctx', '-p', form))
    clean()
    expect_refused(guest.deepquote('-c', 'secret.ctx', '-p', 'wrong'), 1, 'wrong password', '-p')
    expect_refused(guest.deepquote('-c', 'secret.ctx'), 1, 'wrong password')
    expect_done(guest.deepquote('-c', 'secret.ctx', '-p', 'secret'))


@with_guest('with the null key only the host signs')
def _(guest):
    expect_done(guest.deepquote('-c', 'null'))
    tap.equal(content('quote.sig').hex(), '0010')
    expect_trusted()


@with_guest('several banks of the guest and of the host')
def _(guest):
    expect_done(guest.deepquote('--ak-create', '--ak-public', 'ak.pub',
                                pcrs='sha1:0,1+sha256:0,7,23', host_pcrs='sha256:0,1+sha1:all'))
    tap.equal(len(content('pcrs.bin')), 2 * 20 + 3 * 32)
    expect_trusted('-s', 'quote.sig', '-u', 'ak.pub')


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
    expect_refused(guest.deepquote(*create, 'stray'), 2, '--help')
    expect_refused(guest.deepquote('-c', '/dev/null'), 2, 'no key context')
    tap.equal(guest.run(TOOL)[0], 2)
    tap.equal(guest.run(TOOL, '--no-such-option')[0], 2)
    expect_done(guest.deepquote(*create, nonce='0x' + NONCE))


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
    manager.admin('disable', uuid=UUID)
    try:
        expect_refused(guest.deepquote('--ak-create'), 1, '0x502', 'vtpm-managerctl')
    finally:
        manager.admin('enable', uuid=UUID)
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
    tap.equal(guest.run('tpm2_getcap', 'handles-transient')[1], '')


try:
    with manager:
        tap.main()
finally:
    shutil.rmtree(work, ignore_errors=True)
