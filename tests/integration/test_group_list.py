# SPDX-License-Identifier: GPL-2.0-or-later
"""Groups whose tenants sign what the host may do: the keys of their VMs' states come out of a real
TPM only while the host has booted as a list says; what is bound; what is refused."""
import contextlib
import hashlib
import json
import os
import shutil
import struct
import subprocess
import tempfile

import tap
import tpm2
import users
from client import Refused, VtpmClient
from deepquote_guest import NONCE, Guest, content, path, put, work
from manager import Manager
from process import run
from protocol import DENIED, HOST_TPM, UUID
from relay import CREATE_PRIMARY, Relay
from tenant import CHECK, PCRS, Tenant
from verifier import verify

OTHER_UUID = '16fd2706-8baf-433b-82eb-8c7fada847da'
TPM_FAILED, NOT_APPROVED = 15, 27


class Host:
    """A manager, the TPM that it has, and a tenant's group on it."""

    def __init__(self, relay, manager, folder, rsa=False):
        self.relay, self.manager, self.folder = relay, manager, folder
        self.tenant = Tenant(folder, rsa)
        self.boots = 0
        manager.ctl('group', 'acme', '--weight', '2')

    def begin(self):
        """A sealed VM in the group, which has its key."""
        self.approval('--key', self.tenant.public)
        self.manager.introduce(UUID, os.getuid())
        assert self.manager.admin('move', uuid=UUID, group='acme')['ok']
        assert self.manager.admin('seal', uuid=UUID)['ok']

    def approval(self, *options, code=0, group='acme'):
        """The object, or what is said of the refusal."""
        if code:
            return self.manager.ctl('approval', group, *options, code=code).stderr
        said = self.manager.ctl('--json', 'approval', group, *options).stdout
        return json.loads(said)['approval']

    def values(self):
        """A file with the PCRs as they are."""
        self.boots += 1
        name = os.path.join(self.folder, f'boot-{self.boots}')
        with open(name, 'w', encoding='ascii') as f:
            f.write(self.relay.tool('tpm2_pcrread', PCRS))
        return name

    def update(self, pcr=7):
        """Another system has booted."""
        tpm2.pcr_extend(self.relay.send, pcr)


@contextlib.contextmanager
def host(rsa=False):
    with tempfile.TemporaryDirectory(prefix='groups-') as folder, Relay() as relay, \
            Manager(tcti=relay.tcti) as manager:
        yield Host(relay, manager, folder, rsa)


def key_of(manager, uuid=UUID):
    with VtpmClient(manager, uuid) as peer:
        return peer.key()


def refusal_of(manager, uuid=UUID):
    try:
        key_of(manager, uuid)
    except Refused as refusal:
        return refusal.status, refusal.reason
    raise AssertionError('the key was given')


def follow(h):
    """A host that is updated keeps its keys by a new list alone."""
    h.begin()
    tap.equal(refusal_of(h.manager), (DENIED, NOT_APPROVED))
    first = h.values()
    tap.equal(h.approval('--list', h.tenant.list(1, old=first))['boot'], 'old')
    key = key_of(h.manager)
    tap.equal(len(key), 32)
    h.update()
    h.manager.restart()
    tap.equal(refusal_of(h.manager), (DENIED, NOT_APPROVED))
    assert 'did not boot in a way' in h.manager.log_text()
    assert 'boot' not in h.approval()
    second = h.values()
    answer = h.approval('--list', h.tenant.list(2, old=first, new=second))
    tap.equal((answer['sequence'], answer['boot'], answer['boots']), (2, 'new', ['old', 'new']))
    tap.equal(key_of(h.manager), key)


@tap.case('the key of a state is made for the boots of a list, and a newer list moves on')
def _():
    with host() as h:
        follow(h)


@tap.case('the same with an approval key of RSA')
def _():
    with host(rsa=True) as h:
        follow(h)


@tap.case('what a list allowed and the next does not is not given from memory')
def _():
    with host() as h:
        h.begin()
        present = h.values()
        h.approval('--list', h.tenant.list(1, here=present))
        key = key_of(h.manager)
        made = h.relay.counts[CREATE_PRIMARY]
        tap.equal(key_of(h.manager), key)
        tap.equal(h.relay.counts[CREATE_PRIMARY], made, 'the TPM was asked once')
        h.update()
        other = h.values()
        h.approval('--list', h.tenant.list(2, elsewhere=present))
        tap.equal(refusal_of(h.manager), (DENIED, NOT_APPROVED))
        h.approval('--list', h.tenant.list(3, here=other))
        tap.equal(key_of(h.manager), key)


@tap.case('a manager that is lied to gets nothing: it is the TPM that does not make the key')
def _():
    with host() as h:
        h.begin()
        approved = h.values()
        h.approval('--list', h.tenant.list(1, here=approved))
        key = key_of(h.manager)
        policies = []

        def learn(command):
            response = h.relay.send(command)
            if tpm2.code_of(command) == tpm2.CC['PolicyGetDigest']:
                policies.append(response)
            return response

        h.relay.hook = learn
        h.manager.restart()
        tap.equal(key_of(h.manager), key)
        right = policies[0]
        h.update()
        h.manager.restart()
        h.relay.hook = lambda command: (
            right if tpm2.code_of(command) == tpm2.CC['PolicyGetDigest'] else None)
        status, reason = refusal_of(h.manager)
        tap.equal((status, reason), (HOST_TPM, TPM_FAILED))


@tap.case('PCRs that are extended between the check and the use: it is checked again')
def _():
    with host() as h:
        h.begin()
        h.approval('--list', h.tenant.list(1, here=h.values()))
        key = key_of(h.manager)
        h.manager.restart()
        extended = []

        def extend(command):
            if tpm2.code_of(command) == tpm2.CC['HMAC'] and len(extended) < 4:
                extended.append(1)
                tpm2.pcr_extend(h.relay.send, 10)  # as IMA does; not of the list
            return None

        h.relay.hook = extend
        tap.equal(key_of(h.manager), key)
        tap.equal(len(extended), 4)


@tap.case('a boot with PCRs that this TPM does not have is another one, and no error')
def _():
    with host() as h:
        h.begin()
        strange = os.path.join(h.folder, 'strange')
        with open(strange, 'w', encoding='ascii') as f:
            f.write(f'sm3_256 0 {"11" * 32}\n')
        profile = os.path.join(h.folder, 'profile')
        present = os.path.join(h.folder, 'present')
        run([CHECK, 'profile', 'record', '--name', 'hosts', '--boot', 'elsewhere', '--pcrs',
             strange, '-l', 'sm3_256:0', '-o', profile])
        run([CHECK, 'profile', 'record', '--name', 'hosts', '--boot', 'here', '--pcrs', h.values(),
             '-l', PCRS, '-o', present])
        only = h.tenant.list(1, '--profile', profile)
        assert 'boot' not in h.approval('--list', only)
        tap.equal(refusal_of(h.manager), (DENIED, NOT_APPROVED))
        both = h.tenant.list(2, '--profile', profile, '--profile', present)
        tap.equal(h.approval('--list', both)['boots'], ['elsewhere', 'here'])
        tap.equal(len(key_of(h.manager)), 32)
        h.manager.restart()
        tap.equal(len(key_of(h.manager)), 32)


@tap.case('lists never go back, and are of this group and this key')
def _():
    with host() as h:
        h.begin()
        here = h.values()
        other = Tenant(h.folder, name='other')
        old, present = h.tenant.list(4, here=here), h.tenant.list(5, here=here)
        h.approval('--list', present)
        tap.equal(h.approval('--list', present)['sequence'], 5)
        refused = {
            'has list 5 already': old,
            'this is number 5': h.tenant.list(5, '--weight', '3', here=here),
            'it is signed by another key': other.list(6, here=here),
            'is for the group other, not for acme': h.tenant.list(6, group='other', here=here),
        }
        for why, name in refused.items():
            said = h.approval('--list', name, code=1)
            assert why in said, (why, said)
        changed = os.path.join(h.folder, 'changed')
        with open(present, encoding='ascii') as f:
            text = f.read()
        for place in (10, len(text) // 2, len(text) - 20):
            with open(changed, 'w', encoding='ascii') as f:
                f.write(text[:place] + ('A' if text[place] != 'A' else 'B') + text[place + 1:])
            h.approval('--list', changed, code=1)
        said = h.approval('--key', other.public, code=1)
        assert 'has another approval key, for good' in said, said
        tap.equal(h.approval('--key', h.tenant.public)['sequence'], 5)
        h.manager.restart()
        said = h.approval('--list', old, code=1)
        assert 'has list 5 already' in said, said
        tap.equal([e['what'] for e in h.manager.admin('audit')['entries']
                   if e['subject'] == 'acme' and 'list' in e['what']], ['the list 5'])


@tap.case('a group that has keys already gets an approval key: they are wrapped anew, the same')
def _():
    with host() as h:
        h.manager.introduce(UUID, os.getuid())
        assert h.manager.admin('move', uuid=UUID, group='acme')['ok']
        assert h.manager.admin('seal', uuid=UUID)['ok']
        key = key_of(h.manager)
        h.approval('--key', h.tenant.public)
        tap.equal(refusal_of(h.manager), (DENIED, NOT_APPROVED))
        h.approval('--list', h.tenant.list(1, here=h.values()))
        tap.equal(key_of(h.manager), key)
        h.manager.restart()
        tap.equal(key_of(h.manager), key)
        h.update()
        h.manager.restart()
        tap.equal(refusal_of(h.manager), (DENIED, NOT_APPROVED))


@tap.case('a group is not removed while a key needs its list')
def _():
    with host() as h:
        h.begin()
        h.approval('--list', h.tenant.list(1, here=h.values()))
        key = key_of(h.manager)
        assert h.manager.admin('move', uuid=UUID, group='default')['ok']
        said = h.manager.ctl('ungroup', 'acme', code=1).stderr
        assert 'start the VM once' in said, said
        tap.equal(key_of(h.manager), key)
        h.manager.ctl('ungroup', 'acme')
        h.manager.restart()
        tap.equal(key_of(h.manager), key)


@tap.case('weight and number of VMs are what the list says')
def _():
    with host() as h:
        h.begin()
        h.approval('--list', h.tenant.list(1, '--weight', '7', '--vms', '1'))
        weights = {g['group']: g['weight'] for g in h.manager.admin('groups')['groups']}
        tap.equal(weights['acme'], 7)
        said = h.manager.ctl('group', 'acme', '--weight', '8', code=1).stderr
        assert 'says weight 7' in said, said
        answer = h.manager.admin('register', uuid=OTHER_UUID, rule='user',
                                 owner=users.owner_of(OTHER_UUID), group='acme')
        assert not answer['ok'] and 'allows 1 VM(s)' in answer['error'], answer
        h.manager.introduce(OTHER_UUID, users.owner_of(OTHER_UUID))
        answer = h.manager.admin('move', uuid=OTHER_UUID, group='acme')
        assert not answer['ok'] and 'allows 1 VM(s)' in answer['error'], answer
        assert h.manager.admin('move', uuid=UUID, group='acme')['ok'], 'it is there already'
        h.approval('--list', h.tenant.list(2, '--vms', '2'))
        assert h.manager.admin('move', uuid=OTHER_UUID, group='acme')['ok']


def deepquote(guest, *flags):
    options = [word for flag in flags for word in ('--flags', flag)]
    return guest.deepquote('--ak-create', '--ak-public', 'ak.pub', '--host-credential',
                           'ak=host.pub', *options)


def verdict(guest, *policy):
    put('policy', ''.join(line + '\n' for line in policy).encode())
    return verify(work, NONCE, '--host', path('host.pub'), policy=path('policy'), uuid=guest.uuid)


@tap.case('group and key are in the binding, and a policy tells them from others')
def _():
    with host() as h, Guest(h.manager, f'manager={h.manager.socket}') as guest:
        status, _, error = deepquote(guest, 'group-key')
        assert status == 1 and '0x5c4' in error, (status, error)
        tap.equal(deepquote(guest, 'group-info'), (0, '', ''))
        info = hashlib.sha256(b'DEEPQUOTE-GROUP-V1\0' + struct.pack('>H', 7) + b'default' +
                              bytes(8 + 32)).hexdigest()
        assert verdict(guest, f'group-info {info}').authentic
        assert h.manager.admin('move', uuid=guest.uuid, group='acme')['ok']
        h.approval('--key', h.tenant.public)
        first, second = h.tenant.list(1), h.tenant.list(2)
        h.approval('--list', first)
        tap.equal(deepquote(guest, 'group-info,group-key'), (0, '', ''))
        answer = verdict(guest, *h.tenant.lines(first))
        assert answer.authentic, answer
        tap.equal(verdict(guest, *h.tenant.lines(second)).word, 'policy')
        tap.equal(verdict(guest, 'group-key ' + '0' * 64).word, 'policy')
        h.approval('--list', second)
        tap.equal(deepquote(guest, 'group-info,group-key'), (0, '', ''))
        assert verdict(guest, *h.tenant.lines(second)).authentic


@tap.case('a list that names vTPMs lets no other one answer')
def _():
    with host() as h, Guest(h.manager, f'manager={h.manager.socket}') as guest:
        tap.equal(guest.deepquote('--ak-create', '--flags', 'measurements', '--host-credential',
                                  'vtpm-parts=vtpm_parts.bin'), (0, '', ''))
        measurement = hashlib.sha256(content('vtpm_parts.bin')).hexdigest()
        assert h.manager.admin('move', uuid=guest.uuid, group='acme')['ok']
        h.approval('--key', h.tenant.public)
        h.approval('--list', h.tenant.list(1, '--measurement', '00' * 32))
        status, _, error = guest.deepquote('--ak-create')
        assert status == 1 and '0x502' in error, (status, error)
        h.approval('--list', h.tenant.list(2, '--measurement', measurement))
        tap.equal(guest.deepquote('--ak-create'), (0, '', ''))


@tap.case('the tool makes, signs, shows and verifies; what is wrong it says, and it changes no key')
def _():
    with tempfile.TemporaryDirectory(prefix='groups-') as folder:
        tenant, other = Tenant(folder), Tenant(folder, name='other')
        tap.equal(os.stat(tenant.private).st_mode & 0o777, 0o600)
        with open(tenant.private, 'rb') as f:
            before = f.read()
        tenant.tool('key', tenant.private, code=2)
        with open(tenant.private, 'rb') as f:
            tap.equal(f.read(), before)
        values = os.path.join(folder, 'values')
        with open(values, 'w', encoding='ascii') as f:
            f.write(f'sha256 0 {"11" * 32}\nsha256 7 {"22" * 32}\n')
        signed = tenant.list(3, '--vms', '5', first=values)
        tap.equal(tenant.tool('verify', '--key', tenant.public, signed), '')
        shown = json.loads(tenant.tool('show', '--json', '--key', tenant.public, signed))
        tap.equal((shown['group'], shown['sequence'], shown['vms']), ('acme', 3, 5))
        tap.equal([boot['name'] for boot in shown['boots']], ['first'])
        tenant.tool('verify', '--key', other.public, signed, code=2)
        tenant.tool('verify', signed, code=2)
        tenant.tool('make', '--group', 'acme', code=2)
        tenant.tool('make', '--sequence', '1', code=2)
        tenant.tool('make', '--group', 'a', '--sequence', '1', '--boot', 'x', code=2)
        tenant.tool('make', '--group', 'a', '--sequence', '1', '--measurement', '00', code=2)
        profile = os.path.join(folder, 'profile')
        run([CHECK, 'profile', 'record', '--name', 'hosts', '--boot', 'recorded', '--pcrs', values,
             '-l', PCRS, '-o', profile])
        again = tenant.list(4, '--profile', profile)
        shown = json.loads(tenant.tool('show', '--json', '--key', tenant.public, again))
        tap.equal([boot['name'] for boot in shown['boots']], ['recorded'])


@tap.case('an approval is a signature that openssl verifies too')
def _():
    with tempfile.TemporaryDirectory(prefix='groups-') as folder:
        tenant = Tenant(folder, rsa=True)
        values = os.path.join(folder, 'values')
        with open(values, 'w', encoding='ascii') as f:
            f.write(f'sha256 0 {"11" * 32}\nsha256 7 {"22" * 32}\n')
        signed = tenant.list(1, here=values)
        shown = json.loads(tenant.tool('show', '--json', '--key', tenant.public, signed))
        pcrs = hashlib.sha256(bytes.fromhex('11' * 32 + '22' * 32)).digest()
        selection = struct.pack('>IHB3s', 1, 11, 3, b'\x81\0\0')
        policy = hashlib.sha256(bytes(32) + struct.pack('>I', 0x17F) + selection + pcrs).digest()
        ref = hashlib.sha256(b'DEEPQUOTE-APPROVAL-V1\0acme').digest()
        text = shown['approvals']['here']
        run(['sh', '-c', 'printf %s "$0" | tr -- -_ +/ | base64 -d > "$1"',
             text + '=' * (-len(text) % 4), os.path.join(folder, 'signature')])
        with open(os.path.join(folder, 'message'), 'wb') as f:
            f.write(policy + ref)
        done = subprocess.run(['openssl', 'dgst', '-sha256', '-verify', tenant.public, '-signature',
                               os.path.join(folder, 'signature'),
                               os.path.join(folder, 'message')],
                              capture_output=True, text=True, check=False)
        tap.equal(done.stdout.strip(), 'Verified OK')


try:
    tap.main()
finally:
    shutil.rmtree(work, ignore_errors=True)
