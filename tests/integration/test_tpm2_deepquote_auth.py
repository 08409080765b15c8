# SPDX-License-Identifier: GPL-2.0-or-later
"""What authorizes a key means to tpm2_deepquote what it means to tpm2-tools, and costs no try."""
import deepquote_guest
import tap
from deepquote_guest import (AK_ATTRIBUTES, TOOL, clean, expect_done, expect_refused,
                             expect_authentic, put, with_guest)

POLICY_ONLY = AK_ATTRIBUTES.replace('userwithauth|', '')
COUNTS_TRIES = AK_ATTRIBUTES.replace('|noda', '')

# Password of the key as tpm2-tools is told it with hex:, what is given for it
PASSWORDS = (
    (b'secret', 'secret'), (b'secret', 'str:secret'), (b'secret', 'hex:736563726574'),
    (b'secret', 'hex:73656372657400'), (b'STR:secret', 'STR:secret'), (b'str:x', 'str:str:x'),
    (b'file:x', 'str:file:x'), (b'', ''), (b'', 'str:'), (b'', 'hex:'), (b'pass:x', 'pass:x'),
    (b'secret', 'file:plain'), (b'secret', 'file:hex'), (b'secret', 'file:str'),
    (b'session:x', 'file:session'), (b'', 'file:empty'),
    (b'p\xc3\xa4ss', 'päss'), (b'p\xe4ss', b'p\xe4ss'),
)
FILES = {'plain': b'secret', 'hex': b'hex:736563726574', 'str': b'str:secret',
         'session': b'session:x', 'empty': b'', 'line': b'secret\n', 'dos': b'secret\r\n',
         'lines': b'secret\n\n', 'zero': b'sec\0ret', 'file': b'file:plain', 'long': b'x' * 300}
REFUSED = ('hex:7', 'hex:0x73', 'hex:zz', 'file:line', 'file:dos', 'file:lines', 'file:zero',
           'file:file', 'file:long', 'file:nowhere', 'file:', 'x' * 65, 'session:',
           'session:nowhere', 'session:plain', 'session:s.ctx+file:plain', 'pcr:', 'pcr:sha256:24',
           'pcr:sha256:0=', 'pcr:sha256:0=plain')


def write_files():
    for name, data in FILES.items():
        put(name, data)


@with_guest('each form opens what it opens for tpm2_quote')
def _(guest):
    write_files()
    for number, (password, form) in enumerate(PASSWORDS):
        name = f'key{number}'
        guest.make_ak(name, '-p', 'hex:' + password.hex())
        guest.tools('tpm2_quote', '-Q', '-c', f'{name}.ctx', '-l', 'sha256:0', '-q', '5a',
                    '-m', 'm', '-s', 's', '-p', form)
        expect_done(guest.deepquote('-c', f'{name}.ctx', '-p', form))
        expect_done(guest.deepquote('-c', f'{name}.ctx', '-p', form, variables={'LC_ALL': 'C'}))


@with_guest('a password comes from standard input, with the line end of a shell')
def _(guest):
    guest.make_ak('key', '-p', 'secret')
    for stdin in (b'secret', b'secret\n', b'hex:736563726574\n'):
        expect_done(guest.deepquote('-c', 'key.ctx', '-p', 'file:-', stdin=stdin))
    clean()
    for stdin in (b'secret\n\n', b'secret\r\n'):
        expect_refused(guest.deepquote('-c', 'key.ctx', '-p', 'file:-', stdin=stdin), 2, 'line end')


@with_guest('what cannot be read in one way only costs no try')
def _(guest):
    write_files()
    guest.make_ak('key', '-p', 'secret', attributes=COUNTS_TRIES)
    guest.tools('tpm2_dictionarylockout', '-s', '-n', '5', '-t', '1000', '-l', '1000')
    before = guest.tries_used()
    for form in REFUSED:
        expect_refused(guest.deepquote('-c', 'key.ctx', '-p', form), 2, '-p' if '+' in form else '')
        tap.equal(guest.tries_used(), before, form)
    expect_done(guest.deepquote('-c', 'key.ctx', '-p', 'file:plain'))
    clean()
    expect_refused(guest.deepquote('-c', 'key.ctx', '-p', 'wrong'), 1, 'wrong password', '-p')
    tap.equal(guest.tries_used(), before + 1)


@with_guest('a key that takes no password is told so before the TPM counts one')
def _(guest):
    guest.tools('tpm2_createpolicy', '--policy-pcr', '-l', 'sha256:16', '-L', 'pcr.policy')
    guest.make_ak('policy', '-L', 'pcr.policy', attributes=POLICY_ONLY.replace('|noda', ''))
    before = guest.tries_used()
    for form in (), ('-p', 'secret'), ('-p', ''):
        expect_refused(guest.deepquote('-c', 'policy.ctx', *form), 2, 'session:FILE', 'pcr:LIST')
    tap.equal(guest.tries_used(), before)


@with_guest('a policy over PCRs opens the key')
def _(guest):
    for pcrs in ('sha256:16', 'sha1:0+sha256:16', 'sha256:16+sha256:0', '0x0b:16'):
        guest.tools('tpm2_pcrread', '-o', 'values', pcrs)
        guest.tools('tpm2_createpolicy', '--policy-pcr', '-l', pcrs, '-L', 'pcr.policy')
        guest.make_ak('policy', '-L', 'pcr.policy', attributes=POLICY_ONLY)
        for form in (f'pcr:{pcrs}', f'pcr:{pcrs}=values'):
            guest.tools('tpm2_quote', '-Q', '-c', 'policy.ctx', '-l', 'sha256:0', '-q', '5a', '-m',
                        'm', '-s', 's', '-p', form)
            guest.tools('tpm2_flushcontext', '-l')  # it leaves its session behind
            expect_done(guest.deepquote('-c', 'policy.ctx', '-p', form))
    expect_authentic('-s', 'quote.sig', '-u', 'policy.pub')
    clean()
    expect_refused(guest.deepquote('-c', 'policy.ctx', '-p', 'pcr:sha256:1'), 1, 'policy')
    guest.tools('tpm2_pcrextend', '16:sha256=' + 'ab' * 32)
    expect_refused(guest.deepquote('-c', 'policy.ctx', '-p', form), 1, 'policy')
    tap.equal(guest.left_inside(), ['', '', ''])


@with_guest('a session that satisfies the policy opens the key, and goes on')
def _(guest):
    guest.tools('tpm2_startauthsession', '-S', 'trial.ctx')
    guest.tools('tpm2_policycommandcode', '-S', 'trial.ctx', '-L', 'quote.policy', 'TPM2_CC_Quote')
    expect_refused(guest.deepquote('-c', 'null', '-p', 'session:trial.ctx'), 2, 'trial')
    guest.tools('tpm2_flushcontext', 'trial.ctx')
    guest.make_ak('policy', '-L', 'quote.policy', attributes=POLICY_ONLY)
    guest.tools('tpm2_startauthsession', '--policy-session', '-S', 's.ctx')
    for _ in range(3):
        expect_refused(guest.deepquote('-c', 'policy.ctx', '-p', 'session:s.ctx'), 1, 'policy')
        guest.tools('tpm2_policycommandcode', '-S', 's.ctx', 'TPM2_CC_Quote')
        expect_done(guest.deepquote('-c', 'policy.ctx', '-p', 'session:s.ctx'))
        clean()
    guest.tools('tpm2_flushcontext', 's.ctx')
    tap.equal(guest.left_inside(), ['', '', ''])


@with_guest('a session takes the password that its policy or HMAC needs')
def _(guest):
    guest.tools('tpm2_startauthsession', '-S', 'trial.ctx')
    guest.tools('tpm2_policyauthvalue', '-S', 'trial.ctx', '-L', 'value.policy')
    guest.tools('tpm2_flushcontext', 'trial.ctx')
    guest.make_ak('policy', '-L', 'value.policy', '-p', 'secret', attributes=POLICY_ONLY)
    guest.make_ak('plain', '-p', 'secret')
    guest.tools('tpm2_startauthsession', '--policy-session', '-S', 'p.ctx')
    guest.tools('tpm2_startauthsession', '--hmac-session', '-S', 'h.ctx')
    for password in ('secret', 'str:secret', 'hex:736563726574'):
        guest.tools('tpm2_policyauthvalue', '-S', 'p.ctx')
        expect_done(guest.deepquote('-c', 'policy.ctx', '-p', f'session:p.ctx+{password}'))
        expect_done(guest.deepquote('-c', 'plain.ctx', '-p', f'session:h.ctx+{password}'))
    clean()
    expect_refused(guest.deepquote('-c', 'plain.ctx', '-p', 'session:h.ctx'), 1, 'wrong password')
    expect_refused(guest.deepquote('-c', 'policy.ctx', '-p', 'session:h.ctx+secret'), 2,
                   'no password')
    guest.tools('tpm2_flushcontext', 'p.ctx')
    guest.tools('tpm2_flushcontext', 'h.ctx')
    tap.equal(guest.left_inside(), ['', '', ''])


@with_guest('the endorsement hierarchy is opened in the same forms')
def _(guest):
    put('plain', b'secret')
    tap.equal(guest.run(TOOL, '--ak-create', '--ak-public', 'open.pub'), (0, '', ''))
    guest.tools('tpm2_changeauth', '-c', 'e', 'secret')
    expect_refused(guest.deepquote('--ak-create'), 1, '-P')
    expect_refused(guest.deepquote('--ak-create', '-P', 'wrong'), 1, '-P')
    expect_refused(guest.deepquote('--ak-create', '-P', 'file:nowhere'), 2, '-P')
    guest.tools('tpm2_startauthsession', '--hmac-session', '-S', 'h.ctx')
    for form in ('secret', 'hex:736563726574', 'file:plain', 'session:h.ctx+secret'):
        expect_done(guest.deepquote('--ak-create', '-P', form, '-p', 'its own'))
    guest.tools('tpm2_flushcontext', 'h.ctx')
    tap.equal(guest.left_inside(), ['', '', ''])
    guest.tools('tpm2_changeauth', '-c', 'e', '-p', 'secret')


deepquote_guest.main()
