# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's authority for vTPMs: its key and certificates, what it issues, what it refuses.

Certificates are verified by OpenSSL's program; the TPM that signs the authority's is a swtpm.
"""
import hashlib
import os
import re
import stat
import tempfile

import tap
import tpm2
from client import greeted
from manager import Manager
from process import run

UUID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'
POLICY = '837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa'
CHAIN = 5  # of TPM2_HostCredential
EK = 0x000300B2  # attributes of the default templates of the low range
SAYS = {'manufacturer': 'id:00001014', 'model': 'swtpm', 'version': 'id:20191023', 'level': 0,
        'revision': 164}


# tpmSpecification (2.23.133.2.16): "2.0", 0, 164
SPECIFICATION = bytes.fromhex('301706056781050210310e300c0c03322e30020100020200a4')


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data)
    return path


def openssl(*arguments, code=0):
    return run(['openssl', *arguments], code, timeout=60).stdout


class Files:
    """Keys and certificates as OpenSSL takes them."""

    def __init__(self, manager, folder):
        self.manager, self.folder = manager, folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def ak(self):
        """The attestation key, as PEM."""
        public = bytes.fromhex(self.manager.admin('ak')['public'])
        return openssl_key(public[2:], self.path('ak.pem'))

    def authorities(self):
        """Files with the authority's certificates, the one that issues first."""
        return [write(self.path(f'authority{i}.der'), bytes.fromhex(a['certificate']))
                for i, a in enumerate(self.manager.admin('authority')['authorities'])]

    def certificate(self, key, uuid=UUID, **says):
        answer = self.manager.admin('certify', uuid=uuid, key=key.hex(), **SAYS | says)
        assert answer['ok'], answer
        return write(self.path('ek.der'), bytes.fromhex(answer['certificate']))


def openssl_key(area, path):
    """A TPMT_PUBLIC on P-256 or of RSA as a public key in PEM."""
    if area[:2] == bytes.fromhex('0023'):
        der = (bytes.fromhex('3059301306072a8648ce3d020106082a8648ce3d030107034200') + b'\4'
               + area[-66:-34] + area[-32:])
    else:
        der = (bytes.fromhex('30820122300d06092a864886f70d01010105000382010f003082010a0282010100')
               + area[-256:] + bytes.fromhex('0203010001'))
    write(path + '.der', der)
    openssl('pkey', '-pubin', '-inform', 'DER', '-in', path + '.der', '-out', path)
    return path


def ek_area(attributes=EK):
    """The public area of a new key on P-256 with these attributes, by the default template."""
    with tempfile.TemporaryDirectory() as folder:
        key = os.path.join(folder, 'key')
        openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', key)
        run(['openssl', 'pkey', '-in', key, '-pubout', '-outform', 'DER', '-out', key + '.der'],
            timeout=60)
        with open(key + '.der', 'rb') as f:
            point = f.read()[-64:]
    return (tpm2.u16(0x23) + tpm2.u16(0x0B) + tpm2.u32(attributes)
            + tpm2.u16(32) + bytes.fromhex(POLICY)
            + tpm2.u16(6) + tpm2.u16(128) + tpm2.u16(0x43)  # AES-128, CFB
            + tpm2.u16(0x10) + tpm2.u16(3) + tpm2.u16(0x10)  # no scheme, P-256, no KDF
            + tpm2.u16(32) + point[:32] + tpm2.u16(32) + point[32:])


# Those that OpenSSL 3.5 has and 3.0 has not
NAMES = {'Endorsement Key Certificate': '2.23.133.8.1', 'tcg-at-tpmManufacturer': '2.23.133.2.1',
         'tcg-at-tpmModel': '2.23.133.2.2', 'tcg-at-tpmVersion': '2.23.133.2.3'}


def text_of(certificate):
    text = openssl('x509', '-inform', 'DER', '-in', certificate, '-noout', '-nameopt',
                   'RFC2253', '-text')
    for name, number in NAMES.items():
        text = text.replace(name, number)
    return text


def public_of(certificate):
    return openssl('x509', '-inform', 'DER', '-in', certificate, '-noout', '-pubkey')


def to_pem(certificate):
    openssl('x509', '-inform', 'DER', '-in', certificate, '-out', certificate + '.pem')
    return certificate + '.pem'


def expect_signed(certificate, key, body):
    """OpenSSL finds the certificate's signature, over its own body, to be the key's."""
    lines = openssl('asn1parse', '-inform', 'DER', '-in', certificate)
    openssl('asn1parse', '-inform', 'DER', '-in', certificate, '-strparse', '4', '-noout', '-out',
            body)
    at, header = re.match(r' *(\d+):.*hl=(\d+)', lines.splitlines()[-1]).groups()
    with open(certificate, 'rb') as f:
        write(body + '.signature', f.read()[int(at) + int(header) + 1:])
    tap.equal(openssl('dgst', '-sha256', '-verify', key, '-signature', body + '.signature', body),
              'Verified OK\n')


def kind_case(algorithm):
    @tap.case(f'an attestation key of {algorithm} certifies the authority, and it issues')
    def _():
        with Manager(ak_algorithm=algorithm) as manager, tempfile.TemporaryDirectory() as folder:
            files = Files(manager, folder)
            authority, = files.authorities()
            expect_signed(authority, files.ak(), files.path('body'))
            text = text_of(authority)
            for want in ('CA:TRUE, pathlen:0', 'Certificate Sign', '2.23.133.8.1',
                         ',OU=host attestation key\n', ',OU=host authority for vTPMs\n'):
                assert want in text, (want, text)
            area = ek_area()
            certificate = files.certificate(area)
            with open(openssl_key(area, files.path('ek.pem')), encoding='ascii') as f:
                tap.equal(public_of(certificate), f.read())
            told = openssl('verify', '-partial_chain', '-ignore_critical', '-trusted',
                           to_pem(authority), to_pem(certificate))
            assert told.endswith(': OK\n'), told
            text = text_of(certificate)
            for want in ('CA:FALSE', 'Key Agreement', '2.23.133.8.1', f'CN={UUID},OU=vTPM\n',
                         'DirName:/2.23.133.2.1=id:00001014/2.23.133.2.2=swtpm'
                         '/2.23.133.2.3=id:20191023', 'X509v3 Subject Directory Attributes'):
                assert want in text, (want, text)
            with open(certificate, 'rb') as f:
                assert SPECIFICATION in f.read()


for kind in ('ecc', 'rsa'):
    kind_case(kind)


def key_file(manager):
    return os.path.join(manager.state, 'ek-authority.pem')


def keys(manager):
    return [a['key'] for a in manager.admin('authority')['authorities']]


def said(manager, **request):
    answer = manager.admin('certify', **({'uuid': UUID, 'key': ek_area().hex()} | SAYS | request))
    tap.equal(answer['ok'], False)
    return answer['error']


def whats(manager):
    return [(e['subject'], e['what']) for e in manager.admin('audit')['entries']]


@tap.case('the key is a file that its owner alone can read, and the same after a restart')
def _():
    with Manager() as manager:
        before = manager.admin('authority')
        tap.equal(stat.S_IMODE(os.stat(key_file(manager)).st_mode), 0o600)
        tap.equal(manager.restart().admin('authority'), before)


@tap.case('what is no endorsement key gets no certificate, nor a text that is none of a TPM')
def _():
    with Manager() as manager:
        for attributes in (0x00050072, EK & ~0x10000, EK & ~2, EK | 0x40000):
            assert 'no endorsement key' in said(manager, key=ek_area(attributes).hex())
        for text in ('', 'a\nb=c', '[tpm]', '$ENV::HOME', 'x' * 65, '\u00e4', None):
            assert '1 to 64 letters' in said(manager, model=text), text
        area = ek_area()
        for size in range(len(area)):
            said(manager, key=area[:size].hex())
        said(manager, key=area.hex() + '00')
        said(manager, key='zz')
        said(manager, uuid='web')
        tap.equal([w for w in whats(manager) if 'certified' in w[1]], [])


@tap.case('what is issued is in the audit log, and a VM with another pinned key gets none')
def _():
    with Manager() as manager, tempfile.TemporaryDirectory() as folder:
        area = ek_area()
        Files(manager, folder).certificate(area)
        name = '000b' + hashlib.sha256(area).hexdigest()
        tap.equal(whats(manager)[-1], (UUID, f'endorsement key {name} is certified'))
        assert manager.admin('register', uuid=UUID, rule='unit', ek=name)['ok']
        Files(manager, folder).certificate(area)
        assert 'registered with another endorsement key' in said(manager)


@tap.case('a new key issues from then on; the earlier one is wiped, its certificates stay good')
def _():
    with Manager() as manager, tempfile.TemporaryDirectory() as folder:
        files = Files(manager, folder)
        first, = keys(manager)
        with open(key_file(manager), encoding='ascii') as f:
            secret = f.read().split('-----')[2]
        old = to_pem(files.certificate(ek_area()))
        pem = files.path('chain.pem')
        assert 'needs --why' in manager.ctl('authority', 'renew', code=2).stderr
        told = manager.ctl('authority', 'renew', '--why', 'it was time', '--output', pem).stdout
        second = keys(manager)[0]
        tap.equal(keys(manager), [second, first])
        tap.equal([line.split(', until')[0].split() for line in told.splitlines()],
                  [['issues', 'key', second], ['issued', 'before', 'key', first]])
        for certificate in (old, to_pem(files.certificate(ek_area()))):
            openssl('verify', '-partial_chain', '-ignore_critical', '-trusted', pem, certificate)
        with open(key_file(manager), encoding='ascii') as f:
            assert secret not in f.read()
        entry = manager.admin('audit')['entries'][1]
        tap.equal((entry['what'], entry['why']),
                  ('the authority for vTPMs gets a new key', 'it was time'))
        for _ in range(9):
            manager.ctl('authority', 'renew', '--why', 'often')
        tap.equal(len(keys(manager)), 8)
        tap.equal(manager.restart().admin('authority')['authorities'][7]['key'] in
                  (first, second), False)


@tap.case('where the host has a new attestation key, that certifies what there is anew')
def _():
    with Manager() as manager, tempfile.TemporaryDirectory() as folder:
        manager.ctl('authority', 'renew', '--why', 'to have two')
        before = keys(manager)
        manager.stop()
        for name in os.listdir(manager.state):
            if name.startswith('ak-'):
                os.unlink(os.path.join(manager.state, name))
        manager.start()
        tap.equal(keys(manager), before)
        files = Files(manager, folder)
        for certificate in files.authorities():
            expect_signed(certificate, files.ak(), files.path('body'))


def broken_case(name, change, words):
    @tap.case(f'{name}: the manager says so, and serves without an authority')
    def _():
        with Manager() as manager:
            manager.stop()
            change(key_file(manager))
            manager.start()
            assert words in manager.log_text(), manager.log_text()
            assert 'has no authority' in manager.admin('authority')['error']
            assert 'has no authority' in said(manager)
            tap.equal(manager.admin('status')['ok'], True)
            with greeted(manager) as vtpm:
                tap.equal(vtpm.credential(CHAIN), (0, b''))
            os.unlink(key_file(manager))
            manager.ctl('authority', 'renew', '--why', 'it was damaged')
            tap.equal(len(keys(manager)), 1)


def cut(path):
    with open(path, 'rb') as f:
        data = f.read()
    write(path, data[:len(data) - 200])


def swap(path):
    """The key of one authority with the certificate of another."""
    with Manager() as other:
        with open(key_file(other), encoding='ascii') as f:
            theirs = f.read()
    with open(path, encoding='ascii') as f:
        ours = f.read()
    end = '-----END PRIVATE KEY-----\n'
    write(path, (theirs.split(end)[0] + end + ours.split(end)[1]).encode())


for case in (('a key that others may read', lambda path: os.chmod(path, 0o640), 'chmod 600'),
             ('a file that is cut', cut, 'put a copy back'),
             ('a key that is not of the certificate', swap, 'put a copy back'),
             ('an empty file', lambda path: write(path, b''), 'put a copy back')):
    broken_case(*case)


@tap.case('a guest gets the certificates, the one that issues first')
def _():
    with Manager() as manager, greeted(manager) as vtpm:
        manager.ctl('authority', 'renew', '--why', 'to have two')
        want = b''.join(bytes.fromhex(a['certificate'])
                        for a in manager.admin('authority')['authorities'])
        total, page = vtpm.credential(CHAIN, 0, 4000)
        tap.equal((total, page), (len(want), want))
        tap.equal(vtpm.credential(CHAIN, 100, 50), (len(want), want[100:150]))


tap.main()
