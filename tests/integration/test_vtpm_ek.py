# SPDX-License-Identifier: GPL-2.0-or-later
"""A vTPM's endorsement key in the verdict: traced to the host that made the vTPM, or refused.

`vm new` makes the TPMs by swtpm_setup, with certificates of the manager's authority; guests read
them from NV memory and the authority's from the host. All is in a mount namespace, with the paths
of a host; systemctl is a stand-in.
"""
import base64
import contextlib
import json
import os
import shutil
import sys

import namespace
import tap
import tpm2
from fake_systemd import FakeSystemd
from log_chain import content, write
from manager import Manager
from process import run, wait_until
from programs import program
from users import own
from verifier import Store, check
from vtpm import Vtpm

if not namespace.inside():
    obstacle = namespace.obstacle(['unshare', 'swtpm_setup'])
    if obstacle:
        print(f'1..0 # SKIP {obstacle}')
        sys.exit(0)
namespace.enter(['/var/lib/private'])

WEB, DB = '6ba7b810-9dad-41d1-80b4-00c04fd430c8', '6ba7b811-9dad-41d1-80b4-00c04fd430c8'
PCRS = 'sha256:0,1,7'
RSA_CERTIFICATE, ECC_CERTIFICATE = 0x01C00002, 0x01C00016
systemd = FakeSystemd('/run/fake-systemd')
_stack = contextlib.ExitStack()


class Host:
    """A manager, and VMs whose TPMs were made on its host."""

    def __init__(self, name):
        self.folder = f'/run/{name}'
        os.mkdir(self.folder)
        self.manager = _stack.enter_context(Manager(dir=self.folder))
        self.key = write(self.folder + '/ak.pub',
                         bytes.fromhex(self.manager.admin('ak')['public']))

    def ctl(self, *arguments):
        return run([program('vtpm-managerctl'), '--socket', self.manager.admin_socket, *arguments],
                   env=systemd.environment(), timeout=120)

    def new(self, uuid, *options):
        """Makes the VM's TPM, and takes its state: the folder of a Vtpm that goes on with it."""
        self.ctl('vm', 'new', uuid, '--qemu-group', 'tss', *options)
        folder = f'{self.folder}/{uuid}'
        shutil.copytree(f'/var/lib/private/swtpm-deepquote/{uuid}', folder + '/state')
        shutil.rmtree(f'/var/lib/private/swtpm-deepquote/{uuid}')
        return folder


class Guest:
    """A VM that answers, and its verifier's store."""

    def __init__(self, host, uuid, *options):
        self.host, self.uuid = host, uuid
        self.folder = host.new(uuid, *options)
        self.answer = self.folder + '/answer'
        os.mkdir(self.answer)
        own(host.manager, uuid)
        self.vtpm = _stack.enter_context(Vtpm(dir=self.folder, uuid=uuid, deepquote='manager='
                                              + host.manager.socket))
        self.certificates = {index: tpm2.nv_read(self.vtpm.send, index)
                             for index in (RSA_CERTIFICATE, ECC_CERTIFICATE)}
        self.vtpm.release()
        wait_until(lambda: host.manager.vm(uuid)['connected'], 'the vTPM is welcome')
        self.quote('5a' * 32)
        self.store = Store(self.folder + '/store')
        self.store.enrol(host.key)
        self.store.expect(uuid, '--ak', self.answer + '/ak.pub')
        values = content(self.answer + '/../host-pcrs')
        self.policy_text = ''.join(
            f'host-pcr sha256:{pcr} {values[32 * i:32 * i + 32].hex()}\n'
            for i, pcr in enumerate((0, 1, 7)))

    def quote(self, challenge, *options):
        own(self.host.manager, self.uuid)
        run([program('tpm2_deepquote'), '-T', self.vtpm.tcti, '--ak-create', '--ak-public',
             'ak.pub', '-q', challenge, '-l', PCRS, '--host-pcr-list', PCRS, '-m', 'quote.msg',
             '-s', 'quote.sig', '-o', 'pcrs.bin', '--evidence', 'evidence.bin', '--host-pcrs-out',
             '../host-pcrs', '--host-credential', 'ek-chain=ek_chain.der', *options],
            cwd=self.answer, timeout=60)
        write(self.answer + '/vtpm_ek.der', self.certificates[ECC_CERTIFICATE])

    def verdict(self, *options, policy='', cmw=None, **changed):
        """(verdict, reason, the finding on the endorsement key); changed: files' content, None
        takes one away."""
        challenge = self.store.challenge()
        self.quote(challenge, *(cmw or ()))
        for name, data in changed.items():
            path = f'{self.answer}/{name}.der'
            os.unlink(path)
            if data is not None:
                write(path, data)
        told = check('-q', challenge, '--uuid', self.uuid, '--store', self.store.path, '--policy',
                     write(self.folder + '/policy', (self.policy_text + policy).encode()),
                     '--allow-simulated', '--json', *options,
                     *(['--cmw', self.answer + '/' + cmw[1]] if cmw else [self.answer]))
        told = json.loads(told.output)
        finding = [f for f in told.get('findings', []) if f['finding'] == 'vtpm-ek']
        return (told['verdict'], told['reason'],
                (finding[0]['result'], finding[0]['detail']) if finding else None)


def refused(words, **changed):
    verdict, reason, finding = web.verdict(**changed)
    tap.equal((verdict, reason), ('refused', 'vtpm-ek'), str(finding))
    tap.equal(finding[0], 'fail')
    assert words in finding[1], finding


here, there = Host('here'), Host('there')
web, db = Guest(here, WEB), Guest(there, DB)


@tap.case('the endorsement key of a VM is traced to the host, and the verdict says by whom')
def _():
    verdict, reason, (result, detail) = web.verdict()
    tap.equal((verdict, reason, result), ('trusted', None, 'pass'), detail)
    authority = here.manager.admin('authority')['authorities'][0]['key']
    for words in (f'CN={authority},OU=host authority for vTPMs', "the host's attestation key",
                  'id:00001014', 'model "swtpm"', ', until 20'):
        assert words in detail, (words, detail)


@tap.case('it comes in a message too, in JSON and in CBOR')
def _():
    write(web.answer + '/ek.der', web.certificates[ECC_CERTIFICATE])
    for option, name in (('--cmw', 'quote.json'), ('--cmw-cbor', 'quote.cbor')):
        verdict, _, finding = web.verdict(cmw=(option, name, '--cmw-log', 'vtpm-ek=ek.der'))
        tap.equal((verdict, finding[0]), ('trusted', 'pass'), str(finding))


@tap.case('an EAR says whether the endorsement key was traced to the host')
def _():
    key, ear = web.folder + '/ear.key', web.folder + '/ear'
    run(['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out',
         key], timeout=60)
    write(web.answer + '/ek.der', web.certificates[ECC_CERTIFICATE])
    for logs, traced in ((('--cmw-log', 'vtpm-ek=ek.der'), True), ((), False)):
        verdict, _, _ = web.verdict('--ear', key, '-o', ear, cmw=('--cmw', 'quote.json', *logs))
        tap.equal(verdict, 'trusted')
        with open(ear, encoding='utf-8') as f:
            body = f.read().split('.')[1]
        claims = json.loads(base64.urlsafe_b64decode(body + '=' * (-len(body) % 4)))
        tap.equal(claims['submods']['vm']['deepquote.ek-traced'], traced)


@tap.case("another VM's certificate, and that of another key of this VM's, are refused")
def _():
    other = Guest(here, '6ba7b812-9dad-41d1-80b4-00c04fd430c8')
    refused('of another endorsement key', vtpm_ek=other.certificates[ECC_CERTIFICATE])
    refused('of another endorsement key', vtpm_ek=web.certificates[RSA_CERTIFICATE])


@tap.case("another host's authority is refused, with and without its certificates")
def _():
    theirs = b''.join(bytes.fromhex(a['certificate'])
                      for a in there.manager.admin('authority')['authorities'])
    refused('none of the authorities', ek_chain=theirs)
    refused('none of the authorities', ek_chain=None)
    area = bytes.fromhex(area_of(web.certificates[ECC_CERTIFICATE]))
    answer = there.manager.admin('certify', uuid=WEB, key=area.hex(), manufacturer='id:00001014',
                                 model='swtpm', version='id:20191023')
    refused('not certified by this host', ek_chain=theirs,
            vtpm_ek=bytes.fromhex(answer['certificate']))


def area_of(certificate):
    """The TPMT_PUBLIC of a key on P-384, by the default template, in digits."""
    path = write('/run/one.der', certificate)
    pem = run(['openssl', 'x509', '-inform', 'DER', '-in', path, '-noout', '-pubkey'],
              timeout=60).stdout
    write('/run/one.pem', pem.encode())
    run(['openssl', 'pkey', '-pubin', '-in', '/run/one.pem', '-outform', 'DER', '-out',
         '/run/one.key'], timeout=60)
    point = content('/run/one.key')[-96:]
    policy = ('b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419ca'
              'cb47ba09699646150f9fc000f3f80e12')
    return (tpm2.u16(0x23) + tpm2.u16(0x0C) + tpm2.u32(0x000300F2) + tpm2.u16(48)
            + bytes.fromhex(policy) + tpm2.u16(6) + tpm2.u16(256) + tpm2.u16(0x43)
            + tpm2.u16(0x10) + tpm2.u16(4) + tpm2.u16(0x10)
            + tpm2.u16(48) + point[:48] + tpm2.u16(48) + point[48:]).hex()


@tap.case("a local CA's certificate, and what is none, are refused")
def _():
    local = Guest(here, '6ba7b813-9dad-41d1-80b4-00c04fd430c8', '--local-ca')
    verdict, reason, finding = local.verdict()
    tap.equal((verdict, reason, finding[0]), ('refused', 'vtpm-ek', 'fail'), str(finding))
    refused('no X.509 certificate', vtpm_ek=web.certificates[ECC_CERTIFICATE][:-1])
    refused('no X.509 certificate', vtpm_ek=b'x')


@tap.case('what an authority issued stays good when it has a new key')
def _():
    here.ctl('authority', 'renew', '--why', 'it was time')
    verdict, _, finding = web.verdict()
    tap.equal((verdict, finding[0]), ('trusted', 'pass'), str(finding))


@tap.case('without a certificate nothing is said of it, unless the policy asks for one')
def _():
    tap.equal(web.verdict(vtpm_ek=None), ('trusted', None, None))
    tap.equal(web.verdict(vtpm_ek=None, policy='require-vtpm-ek\n'), ('refused', 'policy', None))
    verdict, reason, finding = web.verdict(policy='require-vtpm-ek\n')
    tap.equal((verdict, reason, finding[0]), ('trusted', None, 'pass'))


@tap.case('a verdict that was recorded is the same when it is decided again')
def _():
    for changed, word in (({}, 'trusted'), ({'ek_chain': None}, 'refused')):
        tap.equal(web.verdict('--record', **changed)[0], word)
    done = run([program('tpm2_checkdeepquote'), 'audit', '--store', web.store.path, '--verify',
                '--json'], timeout=60)
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    tap.equal([e['reason'] for e in entries if 'reason' in e], [None, 'vtpm-ek'])
    tap.equal(entries[-1]['entriesWrong'], 0)


with _stack:
    tap.main()
