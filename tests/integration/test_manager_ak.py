# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's attestation and endorsement keys: found again, lost, displaced, kept from others.

The TPM is a swtpm behind a relay of the test's own: see relay.py.
"""
import os
import shutil
import subprocess
import tempfile

import tap
import tpm2
from client import Binding, greeted
from local_ca import make_ca
from manager import Manager
from manager_fixture import NONCE, authentic, first_transient, read, setting, start_fails
from protocol import HOST_PCRS
from relay import QUOTE, Relay
from tpm2 import code_of


@tap.case('a TPM that was reset and started behind the connection has its AK loaded again')
def _():
    with setting() as (relay, manager, vtpm):
        first = Binding(authentic(manager, vtpm)).host_signer
        relay.reset()
        tap.equal(Binding(authentic(manager, vtpm)).host_signer, first)


@tap.case("somebody else's key in the AK's slot never signs evidence; it stays, the AK is loaded "
          'again')
def _():
    with setting() as (relay, manager, vtpm):
        first = Binding(authentic(manager, vtpm)).host_signer
        for options in ({'hierarchy': tpm2.RH_ENDORSEMENT}, {'signing': False}, {'auth': b'no'}):
            handle = first_transient(relay)
            tpm2.flush(relay.send, handle)
            other, _, name = tpm2.create_primary(relay.send, **options)
            tap.equal(other, handle)
            tap.equal(Binding(authentic(manager, vtpm)).host_signer, first)
            tap.equal(tpm2.read_name(relay.send, handle), name)
            relay.tool('tpm2_flushcontext', '-t')
            authentic(manager, vtpm)


def empty_quote(relay, handle):
    """What the TPM says to a quote by another program that has no password."""
    return tpm2.rc_of(relay.send(tpm2.quote_command(handle, [tpm2.pw()], NONCE, HOST_PCRS)))


@tap.case("the AK's password is new each time the key is loaded, never kept or logged, and no "
          'part of what the key is')
def _():
    with Relay() as relay, tempfile.TemporaryDirectory(prefix='managerd-') as folder:
        sent, names, secrets = [], set(), []
        relay.hook = lambda command: sent.append(command)
        for _ in range(2):
            with Manager(dir=folder, tcti=relay.tcti, verbose=True) as manager, \
                    greeted(manager) as vtpm:
                names.add(Binding(authentic(manager, vtpm)).host_signer)
                secrets.append(password_of([c for c in sent if code_of(c) == QUOTE][-1]))
                handle = first_transient(relay)
                tap.equal(empty_quote(relay, handle), 0x9A2)  # BAD_AUTH, session 1
                relay.tool('tpm2_flushcontext', '-t')
                authentic(manager, vtpm)
                secrets.append(password_of([c for c in sent if code_of(c) == QUOTE][-1]))
                state = b''.join(read(e.path) for e in os.scandir(manager.state) if e.is_file())
                log = manager.log_text()
            for secret in secrets:
                assert secret not in state and secret.hex() not in log.lower()
        tap.equal([len(secret) for secret in secrets], [32] * 4)
        tap.equal(len(set(secrets)), 4)
        tap.equal(len(names), 1)
        assert 'inLockout:                 0' in relay.tool('tpm2_getcap', 'properties-variable')


def password_of(command):
    """The password in the only session of a command with one handle."""
    r = tpm2.Reader(command[14:])
    r.u32()
    tap.equal((r.u32(), r.b2(), r.u8() & 1), (tpm2.RS_PW, b'', 0))
    return r.b2()


@tap.case('a template that others may read is told: with it and the TPM anyone has the key')
def _():
    with Relay() as relay, tempfile.TemporaryDirectory(prefix='managerd-') as folder:
        with Manager(dir=folder, tcti=relay.tcti) as manager:
            name = manager.admin('ak')['name']
        template = os.path.join(manager.state, 'ak-ecc.template')
        tap.equal(os.stat(template).st_mode & 0o777, 0o600)
        made = tpm2.create_from_template(relay.send, read(template))
        tap.equal((made[2].hex(), empty_quote(relay, made[0])), (name, 0))
        tpm2.flush(relay.send, made[0])
        os.chmod(template, 0o640)
        with Manager(dir=folder, tcti=relay.tcti) as manager:
            tap.equal(manager.admin('ak')['name'], name)
            assert f'{template} can be read by others' in manager.log_text()
        os.chmod(template, 0o600)
        with Manager(dir=folder, tcti=relay.tcti) as manager:
            assert manager.log_text().count('can be read by others') <= 1


@tap.case('TPM2_Clear keeps the AK; the value that it took from the hierarchy is not used any more')
def _():
    with Relay() as relay:
        relay.tool('tpm2_changeauth', '-c', 'e', 'secret')
        with Manager(tcti=relay.tcti, eh_auth='str:secret') as manager:
            with greeted(manager) as vtpm:
                first = Binding(authentic(manager, vtpm)).host_signer
                relay.tool('tpm2_clear')
                tap.equal(Binding(authentic(manager, vtpm)).host_signer, first)
            assert 'has no authorization value' in manager.log_text()
            assert 'tpm2_changeauth -c e' in manager.log_text()


@tap.case('lockout does not touch the AK')
def _():
    with setting() as (relay, manager, vtpm):
        relay.tool('tpm2_dictionarylockout', '-s', '-n', '1', '-t', '1000', '-l', '1000')
        public = os.path.join(relay.dir, 'locked')
        relay.tool('tpm2_createprimary', '-C', 'o', '-p', 'yes', '-c', public, '-a',
                   'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt')
        relay.tool('tpm2_create', '-C', public, '-P', 'no', '-c', public + '.2', code=3)
        assert 'inLockout:                 1' in relay.tool('tpm2_getcap', 'properties-variable')
        relay.tool('tpm2_flushcontext', '-t')
        authentic(manager, vtpm)


@tap.case('managers that were killed leave no key behind that the next one does not flush')
def _():
    with Relay() as relay, tempfile.TemporaryDirectory(prefix='managerd-') as folder:
        for _ in range(5):
            manager = Manager(dir=folder, tcti=relay.tcti).start()
            manager.kill()
            tap.equal(len(tpm2.capability_list(relay.send, tpm2.CAP_HANDLES, 0x80000000, 10)[1]), 1)


@tap.case('a key that a reset flushed is loaded again')
def _():
    with setting() as (relay, manager, vtpm):
        authentic(manager, vtpm)
        _, handles = tpm2.capability_list(relay.send, tpm2.CAP_HANDLES, 0x80000000, 10)
        tap.equal(len(handles), 1)
        tpm2.flush(relay.send, handles[0])
        authentic(manager, vtpm)


@tap.case('files of the AK lost, damaged or of another host: refused with what to do, and nothing '
          'is overwritten; what can be made again is')
def _():
    with Relay() as relay, Relay() as other, tempfile.TemporaryDirectory() as folder:
        with Manager(dir=folder, tcti=relay.tcti) as manager:
            ak = manager.admin('ak')
            assert 'a new attestation key was made' in manager.log_text()
        template, public = (os.path.join(manager.state, 'ak-ecc.' + end)
                            for end in ('template', 'pub'))
        good = {path: read(path) for path in (template, public)}

        def put(**files):
            for path, data in good.items():
                data = files.get('template' if path == template else 'public', data)
                if data is None:
                    os.unlink(path)
                else:
                    with open(path, 'wb') as f:
                        f.write(data)

        def refuses(word, tcti=relay.tcti, **files):
            put(**files)
            before = sorted((e.name, read(e.path)) for e in os.scandir(manager.state)
                            if e.name.startswith('ak-'))
            text = start_fails(Manager(dir=folder, tcti=tcti))
            tap.equal(sorted((e.name, read(e.path)) for e in os.scandir(manager.state)
                             if e.name.startswith('ak-')), before)
            last = text.strip().splitlines()[-1]
            assert word in last and template in last, last
            put()

        refuses('is missing: restore it', template=None)
        for damaged in (b'', good[template][:-1], good[template] + b'\0', b'\xff' * 80,
                        unrestricted(good[template])):
            refuses('is damaged: restore it', template=damaged)
            refuses('is damaged: restore it', template=damaged, public=None)
        for damaged in (b'', good[public][:-1], good[public] + b'\0', b'\xff' * 80):
            refuses('is damaged: restore it', public=damaged)
        refuses('not belong to this TPM', tcti=other.tcti)
        put(public=None)
        with Manager(dir=folder, tcti=relay.tcti) as manager:
            tap.equal(manager.admin('ak'), ak)
            assert 'is made again from' in manager.log_text()
        tap.equal(read(public), good[public])
        put(template=None, public=None)
        with Manager(dir=folder, tcti=relay.tcti) as manager:
            assert manager.admin('ak')['name'] != ak['name']


def unrestricted(template):
    """The same template for a key that would sign anything."""
    attributes = int.from_bytes(template[6:10], 'big') & ~0x10000
    return template[:6] + attributes.to_bytes(4, 'big') + template[10:]


@tap.case('an RSA key by option; both keys live beside each other')
def _():
    folder = tempfile.mkdtemp(prefix='managerd-')
    try:
        names = []
        for algorithm in ('rsa', 'ecc', 'rsa'):
            with Manager(dir=folder, ak_algorithm=algorithm) as manager:
                with greeted(manager) as vtpm:
                    evidence = authentic(manager, vtpm)
                tap.equal(Binding(evidence).algorithm,
                          tpm2.ALG_RSASSA if algorithm == 'rsa' else tpm2.ALG_ECDSA)
                names.append(manager.admin('ak')['name'])
        tap.equal(names[0], names[2])
        assert names[0] != names[1]
    finally:
        shutil.rmtree(folder)


@tap.case('the EK and its certificate are those of the TPM')
def _():
    if not shutil.which('swtpm_setup') or not shutil.which('certtool'):
        tap.skip('needs swtpm_setup and certtool')
    with Relay() as relay:
        relay.down()
        setup = ['swtpm_setup', '--tpm2', '--tpmstate', relay.tpm.state, '--create-ek-cert',
                 '--overwrite', '--config', make_ca(relay.dir)]
        done = subprocess.run(setup, capture_output=True, text=True, check=False)
        if done.returncode:
            tap.skip('swtpm_setup: ' + (done.stdout + done.stderr).strip().splitlines()[-1])
        relay.back()
        with Manager(tcti=relay.tcti) as manager:
            status = manager.admin('status')['tpm']
            tap.equal(status['ek-certificate'], True)
            with greeted(manager) as vtpm:
                authentic(manager, vtpm)
                total, der = vtpm.credential(2)
                while len(der) < total:
                    der += vtpm.credential(2, len(der))[1]
            text = subprocess.run(['openssl', 'x509', '-inform', 'DER', '-noout', '-pubkey'],
                                  input=der, capture_output=True, check=True).stdout
            assert b'PUBLIC KEY' in text
            persistent = tpm2.read_name(relay.send, 0x81010001)
            tap.equal(status['ek-name'], persistent.hex())


tap.main()
