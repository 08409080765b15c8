# SPDX-License-Identifier: GPL-2.0-or-later
"""Enrolment by proof: an authority certifies the endorsement key, the TPM with it answers for the
attestation key. The TPMs are swtpms that swtpm_setup made, with certificates of its local CA."""
import contextlib
import json
import os
import shutil
import subprocess
import tempfile

import tap
from local_ca import make_ca
from manager import Manager
from process import run
from programs import program
from relay import Relay

KINDS = {'RSA-2048': [], 'P-384': ['--ecc']}


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    return path


def read(path):
    with open(path, encoding='utf-8') as f:
        return json.load(f)


class Host:
    """A manager and its TPM, which a local CA has certified."""

    def __init__(self, stack, *setup, prepare=lambda relay: None):
        self.relay = stack.enter_context(Relay())
        self.relay.down()
        done = subprocess.run(
            ['swtpm_setup', '--tpm2', '--tpmstate', self.relay.tpm.state, '--create-ek-cert',
             '--overwrite', '--config', make_ca(self.relay.dir), *setup],
            capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        self.relay.back()
        prepare(self.relay)
        self.manager = stack.enter_context(Manager(tcti=self.relay.tcti))
        self.folder = os.path.join(self.relay.dir, 'enrolment')
        self.roots = os.path.join(self.folder, 'roots')
        os.makedirs(self.roots)
        for name in os.listdir(os.path.join(self.relay.dir, 'ca')):
            if name.endswith('cert.pem'):
                shutil.copy(os.path.join(self.relay.dir, 'ca', name), self.roots)
        self.export = self.path('export')
        self.manager.ctl('host', 'export', '--output', self.export)

    def path(self, name):
        return os.path.join(self.folder, name)

    def answer(self, challenge, name='answer', code=0):
        path = self.path(name)
        done = self.manager.ctl('host', 'activate', challenge, '--output', path, code=code)
        return path if code == 0 else done.stderr


class Verifier:
    """A store, and what the operator says."""

    def __init__(self, folder):
        self.folder = folder
        self.store = os.path.join(folder, 'store')
        self.run('init')

    def run(self, *arguments, code=0):
        return run([program('tpm2_checkdeepquote'), *arguments, '--store', self.store], code,
                   timeout=60)

    def challenge(self, host, *options, code=0):
        path = os.path.join(self.folder, 'challenge')
        done = self.run('host', 'challenge', '--roots', host.roots, '--simulated', *options, '-o',
                        path, host.export, code=code)
        return path if code == 0 else done.stderr

    def confirm(self, host, answer, *options, code=0):
        done = self.run('host', 'confirm', '--roots', host.roots, '--simulated', *options,
                        host.export, answer, code=code)
        return done.stdout if code == 0 else done.stderr

    def hosts(self):
        return [json.loads(line) for line in self.run('host', 'list', '--json').stdout.splitlines()]


_stack = contextlib.ExitStack()
_host = None


@contextlib.contextmanager
def verifier():
    with tempfile.TemporaryDirectory(prefix='enrolment-') as folder:
        yield Verifier(folder)


def with_ek(host, name, **changed):
    """A copy of the host's export with other members."""
    return write(host.path(name), json.dumps(read(host.export) | changed))


class Changed:
    """A host whose export is another file."""

    def __init__(self, host, export, roots=None):
        self.export, self.roots = export, roots or host.roots


def expect_certificate(host, v, told):
    """What the store has of it is what OpenSSL reads in it."""
    def ssl(*what):
        return run(['openssl', 'x509', '-inform', 'DER', '-in', der, '-noout', *what],
                   timeout=60).stdout.split('=', 1)[1].strip()
    der = host.path('certificate.der')
    with open(der, 'wb') as f:
        f.write(bytes.fromhex(read(host.export)['ekCertificate']))
    expires = ssl('-enddate', '-dateopt', 'iso_8601').replace(' ', 'T')
    serial = ssl('-serial').lower()
    shown = json.loads(v.run('host', 'show', '--json', 'rack 3').stdout)
    tap.equal(shown['ekCertificate'],
              {'manufacturer': 'id:00001014', 'model': 'swtpm', 'version': 'id:20191023',
               'serial': serial, 'issuer': 'CN=swtpm-localca', 'expires': expires})
    text = v.run('host', 'show', 'rack 3').stdout
    tap.equal(text, told)
    assert 'TPM of id:00001014, model swtpm, version id:20191023\n' in text, text
    assert text.endswith(f'until {expires}, serial {serial}\n'), text


def kind_case(kind, options):
    @tap.case(f'a host whose TPM has an {kind} key proves its attestation key, and is enrolled so')
    def _():
        with contextlib.ExitStack() as stack, verifier() as v:
            host = _host if not options else Host(stack, *options)
            challenge = v.challenge(host)
            told = v.confirm(host, host.answer(challenge), '--name', 'rack 3')
            ak = host.manager.admin('ak')
            assert told.startswith(f'{ak["name"]}  rack 3\n'), told
            assert 'by proof' in told and 'stand-in TPM' in told, told
            assert 'certified by CN=swtpm-localca until ' in told, told
            hosts = v.hosts()
            tap.equal([(h['name'], h['enrolledBy'], h['simulated']) for h in hosts],
                      [(ak['name'], 'proof', True)])
            expect_certificate(host, v, told)
            assert "key is proven" in host.manager.log_text()


for _kind, _options in KINDS.items():
    kind_case(_kind, _options)


@tap.case('a host whose TPM derives a P-256 key proves its attestation key')
def _():
    with verifier() as v, Manager() as manager:
        export, answer = (os.path.join(v.folder, name) for name in ('export', 'answer'))
        manager.ctl('host', 'export', '--output', export)
        roots, certificate = certificate_for(export, v.folder, 'extendedKeyUsage=2.23.133.8.1',
                                             '30')
        told = read(export)
        tap.equal((told['ekCertificate'], told['simulated']), ('', True))
        write(export, json.dumps(told | {'ekCertificate': certificate}))
        host = Changed(_host, export, roots)
        manager.ctl('host', 'activate', v.challenge(host), '--output', answer)
        assert 'by proof' in v.confirm(host, answer)


@tap.case('a host that was enrolled on a word is then enrolled by proof, and keeps its label')
def _():
    with verifier() as v:
        v.run('host', 'add', '--simulated', '--name', 'old name', _host.export)
        tap.equal(v.hosts()[0]['enrolledBy'], 'word')
        v.confirm(_host, _host.answer(v.challenge(_host)), '--expires', '2100-01-01')
        tap.equal([(h['enrolledBy'], h['label'], h['expires']) for h in v.hosts()],
                  [('proof', 'old name', '2100-01-01T00:00:00Z')])


@tap.case('an answer is good once, and in the store that asked')
def _():
    with verifier() as v, verifier() as other:
        answer = _host.answer(v.challenge(_host))
        assert 'another store asked' in other.confirm(_host, answer, code=1)
        v.confirm(_host, answer)
        assert 'was used before' in v.confirm(_host, answer, code=1)
        tap.equal(other.hosts(), [])


@tap.case('another TPM cannot answer, and an answer does not serve another key')
def _():
    with contextlib.ExitStack() as stack, verifier() as v:
        second = Host(stack)
        challenge = v.challenge(_host)
        said = second.answer(challenge, code=1)
        assert 'TPM2_ActivateCredential' in said, said
        answer = _host.answer(challenge)
        taken = read(second.export) | {k: read(_host.export)[k] for k in ('ek', 'ekCertificate')}
        stolen = Changed(_host, write(_host.path('stolen'), json.dumps(taken)))
        assert 'another key answered' in v.confirm(stolen, answer, code=1)
        tap.equal(v.hosts(), [])
        # A challenge for the second's attestation key under the first's endorsement key
        assert 'TPM2_ActivateCredential' in _host.answer(v.challenge(stolen), code=1)


@tap.case('the certificate has to be of this key, and lead to a root that was given')
def _():
    with contextlib.ExitStack() as stack, verifier() as v:
        second = Host(stack)
        other = with_ek(_host, 'other', ekCertificate=read(second.export)['ekCertificate'])
        assert 'not of its endorsement key' in v.challenge(Changed(_host, other), code=2)
        none = with_ek(_host, 'none', ekCertificate='')
        assert 'has no certificate' in v.challenge(Changed(_host, none), code=2)
        longer = with_ek(_host, 'longer', ekCertificate=read(_host.export)['ekCertificate'] + '00')
        assert 'has no certificate' in v.challenge(Changed(_host, longer), code=2)
        strange = Changed(_host, _host.export, second.roots)
        assert 'leads to no root' in v.challenge(strange, code=2)
        empty = _host.path('empty')
        os.makedirs(empty, exist_ok=True)
        assert 'it has no root' in v.challenge(Changed(_host, _host.export, empty), code=2)
        write(os.path.join(empty, 'text'), 'no certificate')
        assert 'no certificate in it' in v.challenge(Changed(_host, _host.export, empty), code=2)
        os.unlink(os.path.join(empty, 'text'))
        # The roots are asked for again when the answer comes
        answer = _host.answer(v.challenge(_host))
        assert 'leads to no root' in v.confirm(strange, answer, code=2)
        v.confirm(_host, answer)


def certificates_of_ca(relay):
    """DER of the local CA's certificate and of the root above it."""
    names = ('cert.pem', 'swtpm-localca-rootca-cert.pem')
    return [subprocess.run(['openssl', 'x509', '-in', os.path.join(relay.dir, 'ca', n), '-outform',
                            'DER'], capture_output=True, check=True, timeout=60).stdout
            for n in names]


def chain_in_nv(relay):
    """The local CA's certificate over two indices, with padding, then its root."""
    issuer, root = certificates_of_ca(relay)
    half = len(issuer) // 2
    for at, part in enumerate((issuer[:half], issuer[half:] + b'\xff' * 7, root)):
        index = hex(0x01C00100 + at)
        path = os.path.join(relay.dir, 'part')
        with open(path, 'wb') as f:
            f.write(part)
        run(['tpm2_nvdefine', '-T', relay.tcti, '-C', 'o', '-s', str(len(part)), '-a',
             'ownerwrite|ownerread|authread', index], timeout=60)
        run(['tpm2_nvwrite', '-T', relay.tcti, '-C', 'o', '-i', path, index], timeout=60)


@tap.case('a chain in NV leads to a root that was given, and its own root is none')
def _():
    with contextlib.ExitStack() as stack, verifier() as v:
        host = Host(stack, prepare=chain_in_nv)
        issuer, root = certificates_of_ca(host.relay)
        tap.equal(read(host.export)['ekChain'], (issuer + b'\xff' * 7 + root).hex())
        os.unlink(os.path.join(host.roots, 'cert.pem'))
        assert os.listdir(host.roots) == ['swtpm-localca-rootca-cert.pem'], os.listdir(host.roots)
        v.confirm(host, host.answer(v.challenge(host)))
        for changed in ({'ekChain': ''}, {'ekChain': issuer[:-1].hex()}, {'ekChain': '00ff'}):
            without = write(host.path('without'), json.dumps(read(host.export) | changed))
            said = v.challenge(Changed(host, without, host.roots), code=2)
            assert 'leads to no root' in said, said
        said = v.challenge(Changed(host, host.export, _host.roots), code=2)
        assert 'leads to no root' in said, said
        wrong = write(host.path('wrong'), json.dumps(read(host.export) | {'ekChain': 'x'}))
        assert "'ekChain'" in v.challenge(Changed(host, wrong, host.roots), code=2)
        old = {k: x for k, x in read(_host.export).items() if k != 'ekChain'}
        v.challenge(Changed(_host, write(host.path('old'), json.dumps(old))))


@tap.case('a host that was enrolled on a word has no certificate to show')
def _():
    with verifier() as v:
        v.run('host', 'add', '--simulated', '--name', 'word', _host.export)
        tap.equal(json.loads(v.run('host', 'show', 'word', '--json').stdout)['ekCertificate'], None)
        assert 'certified' not in v.run('host', 'show', 'word').stdout
        said = v.run('host', 'show', 'nobody', code=1).stderr
        assert 'no host of the store is called' in said, said


P256_SPKI = '3059301306072a8648ce3d020106082a8648ce3d03010703420004'


def key_of(export, folder):
    """The endorsement key as PEM, in the file ek.pem of the folder."""
    def ssl(*arguments):
        run(['openssl', *arguments, '-out', 'ek.pem'], cwd=folder, timeout=60)
    certificate, area = (bytes.fromhex(read(export)[k]) for k in ('ekCertificate', 'ek'))
    with open(os.path.join(folder, 'ek.der'), 'wb') as f:
        f.write(certificate or bytes.fromhex(P256_SPKI) + area[-66:-34] + area[-32:])
    if certificate:
        ssl('x509', '-inform', 'DER', '-in', 'ek.der', '-noout', '-pubkey')
    else:
        ssl('pkey', '-pubin', '-inform', 'DER', '-in', 'ek.der')


def certificate_for(export, folder, extension, days):
    """A certificate of this endorsement key by an authority of our own: (roots, hex)."""
    def ssl(*arguments):
        run(['openssl', *arguments], cwd=folder, timeout=60)
    os.makedirs(os.path.join(folder, 'roots'))
    key_of(export, folder)
    ssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
        'ca.key', '-out', 'roots/ca.pem', '-subj', '/CN=own', '-days', '3000')
    ssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
        'other.key', '-out', 'request', '-subj', '/CN=ek')
    write(os.path.join(folder, 'extension'), extension + '\n')
    ssl('x509', '-req', '-in', 'request', '-CA', 'roots/ca.pem', '-CAkey', 'ca.key',
        '-force_pubkey', 'ek.pem', '-extfile', 'extension', '-days', days, '-CAserial', 'serial',
        '-CAcreateserial', '-outform', 'DER', '-out', 'new.der')
    with open(os.path.join(folder, 'new.der'), 'rb') as f:
        return os.path.join(folder, 'roots'), f.read().hex()


@tap.case('a certificate for another purpose, of an authority, or over its time is refused')
def _():
    for name, extension, days, words in (
            ('good', 'extendedKeyUsage=2.23.133.8.1', '30', None),
            ('server', 'extendedKeyUsage=serverAuth', '30', 'not meant for'),
            ('broken', '2.5.29.37=DER:3003020101', '30', 'not meant for'),
            ('authority', 'basicConstraints=critical,CA:true', '30', 'not meant for'),
            ('expired', 'extendedKeyUsage=2.23.133.8.1', '0', 'expired')):
        with verifier() as v:
            folder = os.path.join(v.folder, name)
            os.makedirs(folder)
            roots, certificate = certificate_for(_host.export, folder, extension, days)
            changed = Changed(_host, with_ek(_host, name, ekCertificate=certificate), roots)
            if words:
                said = v.challenge(changed, code=2)
                assert words in said, said
            else:
                v.challenge(changed)


@tap.case('a stand-in is enrolled as one or not at all, and roots have to be given')
def _():
    with verifier() as v:
        said = v.run('host', 'challenge', '--roots', _host.roots, _host.export, code=1).stderr
        assert '--simulated' in said, said
        said = v.run('host', 'challenge', '--simulated', _host.export, code=2).stderr
        assert '--roots' in said, said
        answer = _host.answer(v.challenge(_host))
        said = v.run('host', 'confirm', '--roots', _host.roots, _host.export, answer, code=1).stderr
        assert '--simulated' in said, said


@tap.case('a revoked host stays revoked, whatever it proves')
def _():
    with verifier() as v:
        v.confirm(_host, _host.answer(v.challenge(_host)))
        v.run('host', 'revoke', _host.manager.admin('ak')['name'])
        assert 'was revoked' in v.confirm(_host, _host.answer(v.challenge(_host)), code=1)
        assert v.hosts()[0]['revoked']


@tap.case('files that are something else are refused by name, on both sides, and change nothing')
def _():
    with verifier() as v:
        good = v.challenge(_host)
        text = json.dumps(read(good))
        for content in ('', '{}', '[]', '[' * 60000, text.replace('challenge', 'answer'),
                        text.replace('"version": 1', '"version": 2'),
                        json.dumps(read(good) | {'type': 7}), json.dumps(read(good) | {'type': {}}),
                        json.dumps(read(good) | {'version': '1'}),
                        json.dumps(read(good) | {'credential': '00'}),
                        json.dumps(read(good) | {'credential': None}),
                        json.dumps(read(good) | {'secret': 'no digits'}),
                        json.dumps({k: x for k, x in read(good).items() if k != 'secret'})):
            said = _host.answer(write(_host.path('bad'), content), code=1)
            assert 'challenge' in said or 'credential' in said, said
        for content in ('', '{}', '[' * 60000, json.dumps(read(_host.export) | {'ek': 'x'}),
                        json.dumps(read(_host.export) | {'ek': 7}),
                        json.dumps(read(_host.export) | {'type': None}),
                        json.dumps(read(_host.export) | {'type': 'x'})):
            said = v.challenge(Changed(_host, write(_host.path('bad'), content)), code=2)
            assert 'bad: ' in said, said
        weak = read(_host.export) | {'ek': read(_host.export)['public']}
        said = v.challenge(Changed(_host, write(_host.path('bad'), json.dumps(weak))), code=2)
        assert 'not of its endorsement key' in said, said
        tap.equal(v.hosts(), [])


def hidden_by_tools(host, folder):
    """TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET that tpm2-tools make in software."""
    for member, name in (('ek', 'ek.pub'), ('public', 'ak.pub')):
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(bytes.fromhex(read(host.export)[member]))
    with open(os.path.join(folder, 'secret'), 'wb') as f:
        f.write(b's' * 32)
    run(['tpm2_makecredential', '-T', 'none', '-u', 'ek.pub', '-s', 'secret', '-n',
         read(host.export)['name'], '-o', 'blob'], cwd=folder, timeout=60)
    with open(os.path.join(folder, 'blob'), 'rb') as f:
        blob = f.read()[8:]  # after tpm2-tools' own header
    size = int.from_bytes(blob[:2], 'big') + 2
    return blob[:size], blob[size:]


@tap.case('tpm2_makecredential and we hide what this TPM finds, in the same form')
def _():
    for options in KINDS.values():
        with contextlib.ExitStack() as stack, verifier() as v:
            host = _host if not options else Host(stack, *options)
            blob, secret = hidden_by_tools(host, v.folder)
            answer = host.manager.admin('activate', credential=blob.hex(), secret=secret.hex())
            tap.equal(answer.get('value'), (b's' * 32).hex(), str(answer))
            ours = read(v.challenge(host))
            tap.equal((len(ours['credential']), len(ours['secret'])),
                      (2 * len(blob), 2 * len(secret)))


with _stack:
    _host = Host(_stack)
    tap.main()
