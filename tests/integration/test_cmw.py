# SPDX-License-Identifier: GPL-2.0-or-later
"""Deep quotes in one file, as CMW collections: what tpm2_deepquote writes, a decoder in Python
reads and tpm2_checkdeepquote verifies as it does the files."""
import os

import cmw
import deepquote_guest
import tap
from deepquote_guest import (HOST_PCRS, NONCE, PCRS, TOOL, Guest, content, expect_done, manager,
                             path, put, with_guest)
from verifier import check

QUOTE = (TOOL, '--ak-create', '-q', NONCE, '-l', PCRS, '--host-pcr-list', HOST_PCRS)
FILES = {'quote': 'quote.msg', 'signature': 'quote.sig', 'pcrs': 'pcrs.bin',
         'evidence': 'evidence.bin', 'guest-public': 'ak.pub'}


def expect_verdict(*arguments):
    """The verdict on files that the arguments name."""
    with open(path('host-ak.pub'), 'wb') as f:
        f.write(bytes.fromhex(manager.admin('ak')['public']))
    return check(*arguments, '-q', NONCE, '--host', 'host-ak.pub', '--uuid', Guest.latest,
                 cwd=deepquote_guest.work)


def unusable(*arguments):
    """What is said where there is no verdict."""
    done = check(*arguments, '-q', NONCE, '--host', 'host-ak.pub', cwd=deepquote_guest.work)
    tap.equal((done.status, done.output), (2, ''), done.error)
    return done.error


@with_guest('both forms have what the files have, and the same verdict')
def _(guest):
    expect_done(guest.deepquote('--ak-create', '--ak-public', 'ak.pub', '--cmw', 'all.json',
                                '--cmw-cbor', 'all.cbor', '-F', 'serialized'))
    parts = cmw.decode(content('all.json'))
    tap.equal(cmw.decode(content('all.cbor')), parts)
    tap.equal({label: data for label, data in parts.items() if label != 'pcrs'},
              {label: content(name) for label, name in FILES.items() if label != 'pcrs'})
    tap.equal(len(parts['pcrs']), 10 * 32)
    put('python.json', cmw.encode_json(parts))
    put('python.cbor', cmw.encode_cbor(parts))
    says = []
    for name in ('all.json', 'all.cbor', 'python.json', 'python.cbor'):
        verdict = expect_verdict('--cmw', name)
        assert verdict.authentic, verdict
        says.append(verdict.output)
    tap.equal(len(set(says)), 1)
    files = expect_verdict('-m', 'quote.msg', '-s', 'quote.sig', '-f', 'pcrs.bin', '--evidence',
                           'evidence.bin', '--guest-public', 'ak.pub')
    tap.equal(files.output, says[0])


@with_guest('one file is enough, with logs of the guest and what the host tells of the vTPM')
def _(guest):
    put('own.log', b'an event log that is none')
    tap.equal(guest.run(*QUOTE, '--flags', 'measurements', '--cmw', 'all.json', '--cmw-log',
                        'boot-log=own.log', '--host-credential', 'vtpm-parts'), (0, '', ''))
    parts = cmw.decode(content('all.json'))
    tap.equal(sorted(parts), ['boot-log', 'evidence', 'guest-public', 'pcrs', 'quote', 'signature',
                              'vtpm-parts'])
    tap.equal(parts['boot-log'], content('own.log'))
    verdict = expect_verdict('--cmw', 'all.json')
    tap.equal(verdict.word, 'vm-event-log', verdict)
    put('own.log', b'')
    tap.equal(guest.run(*QUOTE, '--cmw', 'all.json', '--cmw-log', 'ima-log=own.log'), (0, '', ''))
    tap.equal(sorted(cmw.decode(content('all.json'))),
              ['evidence', 'guest-public', 'pcrs', 'quote', 'signature'])


@with_guest('a collection of which a byte is another is refused or has no verdict')
def _(guest):
    tap.equal(guest.run(*QUOTE, '--cmw-cbor', 'all.cbor'), (0, '', ''))
    whole = content('all.cbor')
    for at in range(0, len(whole), 37):
        put('bad.cbor', whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        verdict = expect_verdict('--cmw', 'bad.cbor')
        assert verdict.status in (1, 2), (at, verdict)


def no_verdict(folder):
    """What is said where there is none of a folder."""
    done = check('-q', NONCE, '--host', 'host-ak.pub', folder, cwd=deepquote_guest.work)
    assert done.status == 2 and f'{folder}: no verdict: ' in done.output, done
    return done.output


@with_guest('a folder may have one message in place of files, in either form, or beside some')
def _(guest):
    expect_done(guest.deepquote('--ak-create', '--ak-public', 'ak.pub', '--cmw', 'all.json',
                                '--cmw-cbor', 'all.cbor'))
    says = expect_verdict('--cmw', 'all.json').last
    folder = os.path.join(deepquote_guest.work, 'folder')
    os.makedirs(folder)
    for name in ('all.json', 'all.cbor'):
        put('folder/quote.cmw', content(name))
        verdict = expect_verdict('folder')
        assert verdict.output.splitlines()[0] == 'folder: ' + says, verdict
    some = cmw.decode(content('all.json'))
    put('folder/evidence.bin', some.pop('evidence'))
    assert "'evidence' in it is there already" in no_verdict('folder')
    put('folder/quote.cmw', cmw.encode_json(some))
    assert expect_verdict('folder').output.splitlines()[0] == 'folder: ' + says
    put('folder/quote.cmw', cmw.encode_json({'pcrs': some['pcrs']}))
    assert "name the vTPM's quote" in no_verdict('folder')
    os.unlink(os.path.join(folder, 'quote.cmw'))
    os.symlink('../all.json', os.path.join(folder, 'quote.cmw'))
    assert 'no regular file' in no_verdict('folder')


@with_guest('what is there twice, missing or no collection is named')
def _(guest):
    expect_done(guest.deepquote('--ak-create', '--cmw', 'all.json'))
    error = unusable('--cmw', 'all.json', '--evidence', 'evidence.bin')
    assert "all.json: 'evidence' in it is there already" in error, error
    parts = cmw.decode(content('all.json'))
    put('some.json', cmw.encode_json({'quote': parts['quote']}))
    assert 'name the evidence' in unusable('--cmw', 'some.json')
    put('some.json', cmw.encode_json(parts | {'guest-public': b'no key'}))
    assert 'some.json' in unusable('--cmw', 'some.json')
    put('some.json', cmw.encode_json(parts | {'pcrs': bytes(65537)}))
    assert "'pcrs' in it is too long" in unusable('--cmw', 'some.json')
    assert 'neither' in unusable('--cmw', 'quote.msg')
    assert '-m' in unusable('--evidence', 'evidence.bin')


@with_guest('options that do not go together are refused before the TPM is asked')
def _(guest):
    for arguments, word in (
            ((TOOL, '--ak-create', '--cmw', 'x'), '-q'),
            ((TOOL, '--host-credential', 'ak'), 'WHAT=FILE'),
            ((*QUOTE, '-m', 'm', '-s', 's', '--evidence', 'e', '--cmw-log', 'boot-log=x'),
             'into which'),
            ((*QUOTE, '--cmw', 'x', '--cmw-log', 'host-boot-log=x'), '--cmw-log'),
            ((*QUOTE, '--cmw', 'x', *2 * ('--cmw-log', 'boot-log=x')), 'once'),
            ((*QUOTE, '--cmw', 'x', '--cmw-cbor', 'x'), 'same name')):
        status, out, error = guest.run(*arguments)
        tap.equal((status, out), (2, ''), error)
        assert word in error, (arguments, error)
    status, _, error = guest.run(*QUOTE, '--cmw', 'x', '--cmw-log', 'boot-log=missing')
    assert status == 1 and 'missing' in error, error


deepquote_guest.main()
