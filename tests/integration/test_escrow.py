# SPDX-License-Identifier: GPL-2.0-or-later
"""A host is gone; its tenant has what it sealed for him, and another host goes on with the VMs'
states: two managers, each with a TPM of its own, real swtpm processes. What is refused."""
import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile

import tap
import tpm2
import users
from client import VtpmClient
from manager import Manager
from process import run
from protocol import UUID
from relay import Relay
from secret import SECRET, put_secret, secret_of
from tenant import CHECK, PCRS, Tenant
from vtpm import Vtpm

OTHER_UUID = '16fd2706-8baf-433b-82eb-8c7fada847da'
WHY = ('--why', 'the old host is gone')


class Host:
    """A manager with the tenant's group, and its TPM."""

    def __init__(self, name, relay, manager, tenant):
        self.name, self.relay, self.manager, self.tenant = name, relay, manager, tenant
        self.folder = tenant.folder
        manager.ctl('group', 'acme', '--weight', '2')
        manager.ctl('approval', 'acme', '--key', tenant.public)
        self.number = 0
        self.approve()

    def file(self, name):
        return os.path.join(self.folder, f'{self.name}-{name}')

    def approve(self):
        """The tenant allows what this host has booted, and its newest list is taken."""
        self.number += 1
        with open(self.file('pcrs'), 'w', encoding='ascii') as f:
            f.write(self.relay.tool('tpm2_pcrread', PCRS))
        self.manager.ctl('approval', 'acme', '--list',
                         self.tenant.list(self.number, here=self.file('pcrs')))

    def add(self, uuid=UUID, seal=False, group='acme'):
        self.manager.introduce(uuid, users.owner_of(uuid) if uuid != UUID else os.getuid())
        assert self.manager.admin('move', uuid=uuid, group=group)['ok']
        if seal:
            assert self.manager.admin('seal', uuid=uuid)['ok']

    def escrow(self):
        self.manager.ctl('escrow', 'make', 'acme', '--output', self.file('escrow'))
        return self.file('escrow')

    def enrol(self, store, name=None):
        """The verifier's store has this host, and the file of its key for escrow is there."""
        self.manager.ctl('host', 'export', '--output', self.file('export'))
        run([CHECK, 'host', 'add', '--simulated', '--name', name or self.name, '--store', store,
             self.file('export')])
        return self.key()

    def key(self):
        self.manager.ctl('escrow', 'key', 'acme', '--output', self.file('key'))
        return self.file('key')

    def restore(self, moved, *options, code=0):
        return self.manager.ctl('escrow', 'restore', 'acme', moved, *WHY, *options, code=code)

    def said(self, subject='acme'):
        return [e['what'] for e in self.manager.admin('audit')['entries']
                if e['subject'] == subject]


@contextlib.contextmanager
def hosts(rsa=False):
    """The one that will be gone, the one that takes over, and the tenant's store of hosts."""
    with tempfile.TemporaryDirectory(prefix='escrow-') as folder, contextlib.ExitStack() as stack:
        tenant = Tenant(folder, rsa)
        both = []
        for name in ('old', 'new'):
            relay = stack.enter_context(Relay())
            manager = stack.enter_context(Manager(tcti=relay.tcti))
            both.append(Host(name, relay, manager, tenant))
        store = os.path.join(folder, 'store')
        run([CHECK, 'init', '--store', store])
        yield both[0], both[1], store


def move(host, escrow, store, name=None, code=0, key=None, to=None):
    """The tenant seals @escrow for @host."""
    done = run([CHECK, 'approval', 'move', '--key', key or host.tenant.private, '--to',
                to or host.file('key'), '--host', name or host.name, '--store', store, '-o',
                host.file('moved'), escrow], code, timeout=60)
    return done.stderr if code else host.file('moved')


def key_of(manager, uuid=UUID):
    with VtpmClient(manager, uuid) as peer:
        return peer.key()


def vtpm(host, folder):
    return Vtpm(deepquote=f'manager={host.manager.socket},timeout=5', dir=folder)


def go_on(old, new, store):
    """The VM's state, which nobody else can read, is put on the new host."""
    folder, copy = old.file('vm'), new.file('vm')
    old.add(seal=True)
    with vtpm(old, folder) as tpm:
        put_secret(tpm)
    escrow = old.escrow()
    ek = old.manager.admin('show', uuid=UUID)['vm']['ek']
    old.manager.stop()
    shutil.copytree(folder, copy)
    new.enrol(store)
    new.add()
    moved = move(new, escrow, store)
    tap.equal(new.restore(moved).stdout, f'{UUID}  restored\n')
    vm = new.manager.admin('show', uuid=UUID)['vm']
    tap.equal((vm['sealed'], vm['ek']), (True, ek))
    with vtpm(new, copy) as tpm:
        tap.equal(secret_of(tpm), SECRET)
    return escrow, moved


@tap.case('a VM of a host that is gone goes on upon another, by its tenant')
def _():
    with hosts() as (old, new, store):
        escrow, _moved = go_on(old, new, store)
        assert 'keys of 1 VMs put back from an escrow of 1' in new.said(), new.said()
        with open(escrow, encoding='ascii') as f:
            assert SECRET.hex() not in f.read()


@tap.case('the same with an approval key of RSA')
def _():
    with hosts(rsa=True) as (old, new, store):
        go_on(old, new, store)


@tap.case('the tenant sees of which VMs an escrow has the keys, and no key')
def _():
    with hosts() as (old, _new, _store):
        old.add(seal=True)
        old.add(OTHER_UUID)
        key = key_of(old.manager)
        escrow = old.escrow()
        shown = json.loads(old.tenant.tool('escrow', '--json', '--key', old.tenant.private, escrow))
        tap.equal((shown['group'], [vm['uuid'] for vm in shown['vms']]), ('acme', [UUID]))
        tap.equal(shown['host'], old.manager.admin('ak')['name'])
        text = old.tenant.tool('escrow', '--key', old.tenant.private, escrow)
        assert UUID in text and key.hex() not in text + json.dumps(shown), text
        other = Tenant(old.folder, name='other')
        done = run([CHECK, 'approval', 'escrow', '--key', other.private, escrow], 2, timeout=60)
        assert 'not for this key' in done.stderr, done.stderr
        tap.equal(old.said()[-1], 'escrow for its tenant: keys of 1 VMs')


@tap.case('what another program opens is what was sealed: jose')
def _():
    with hosts() as (old, _new, _store):
        old.add(seal=True)
        key = key_of(old.manager)
        jwk = run(['openssl', 'pkey', '-in', old.tenant.private, '-noout', '-text']).stdout
        numbers = {}
        for line in jwk.splitlines():
            if line.endswith(':') and not line.startswith(' '):
                part = line[:-1]
            elif line.startswith('    '):
                numbers[part] = numbers.get(part, '') + line.strip().replace(':', '')
        point = bytes.fromhex(numbers['pub'])
        with open(old.file('jwk'), 'w', encoding='ascii') as f:
            json.dump({'kty': 'EC', 'crv': 'P-256', 'x': base64url(point[1:33]),
                       'y': base64url(point[33:]),
                       'd': base64url(bytes.fromhex(numbers['priv'])[-32:].rjust(32, b'\0'))}, f)
        with open(old.escrow(), encoding='ascii') as f:
            text = f.read().rstrip()
        with open(old.file('compact'), 'w', encoding='ascii') as f:
            f.write(text)
        plain = subprocess.run(['jose', 'jwe', 'dec', '-i', old.file('compact'), '-k',
                                old.file('jwk')],
                               capture_output=True, check=True, timeout=60).stdout
        assert key in plain and b'acme' in plain and bytes.fromhex(UUID.replace('-', '')) in plain


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


@tap.case('the TPM of the new host opens it only while the host has booted as the list says')
def _():
    with hosts() as (old, new, store):
        old.add(seal=True)
        key = key_of(old.manager)
        escrow = old.escrow()
        new.enrol(store)
        new.add()
        moved = move(new, escrow, store)
        tpm2.pcr_extend(new.relay.send, 7)
        new.manager.restart()
        said = new.restore(moved, code=1).stderr
        assert 'did not boot in a way' in said, said
        assert not new.manager.admin('show', uuid=UUID)['vm']['sealed']
        new.approve()
        new.restore(moved)
        tap.equal(key_of(new.manager), key)


@tap.case('it is for one host, of one group, and by this tenant')
def _():
    with hosts() as (old, new, store):
        old.add(seal=True)
        key_of(old.manager)
        escrow = old.escrow()
        own_key = old.enrol(store)
        new.enrol(store)
        new.add()
        moved = move(new, escrow, store)
        said = old.restore(moved, code=1).stderr
        assert 'not for this key, or was changed' in said, said
        said = new.restore(escrow, code=1).stderr
        assert 'give what tpm2_checkdeepquote approval move has written' in said, said
        said = move(new, escrow, store, to=own_key, code=2)
        assert "not attested by this host's attestation key" in said, said
        other = Tenant(new.folder, name='other')
        said = move(new, escrow, store, key=other.private, code=2)
        assert 'not for this key, or was changed' in said, said
        with open(moved, encoding='ascii') as f:
            text = f.read().strip()
        for place in (20, len(text) // 2, len(text) - 3):
            with open(new.file('changed'), 'w', encoding='ascii') as f:
                f.write(text[:place] + ('A' if text[place] != 'A' else 'B') + text[place + 1:])
            new.restore(new.file('changed'), code=1)
        assert not new.manager.admin('show', uuid=UUID)['vm']['sealed']
        new.restore(moved)


@tap.case('a key that anybody could use is sealed for by no tenant')
def _():
    with hosts() as (old, new, store):
        old.add(seal=True)
        key_of(old.manager)
        escrow = old.escrow()
        new.enrol(store)
        with open(new.file('key'), encoding='utf-8') as f:
            good = json.load(f)
        public = bytes.fromhex(good['public'])
        changes = {
            'takes no password': public[:6] + (int.from_bytes(public[6:10], 'big') | 0x40
                                               ).to_bytes(4, 'big') + public[10:],
            "without this approval key's word": public[:12] + bytes(32) + public[44:],
            'not attested': public[:-1] + bytes([public[-1]]),
        }
        for why, changed in changes.items():
            signature = good['signature']
            if why == 'not attested':
                signature = signature[:-2] + ('00' if signature[-2:] != '00' else '01')
            with open(new.file('bad'), 'w', encoding='utf-8') as f:
                json.dump(dict(good, public=changed.hex(), signature=signature), f)
            said = move(new, escrow, store, to=new.file('bad'), code=2)
            assert why in said, (why, said)
        run([CHECK, 'host', 'revoke', '--store', store, 'new'])
        said = move(new, escrow, store, code=1)
        assert 'revoked' in said, said


@tap.case('VMs that are not there are named, and a key that was made here is not lost by accident')
def _():
    with hosts() as (old, new, store):
        old.add(seal=True)
        old.add(OTHER_UUID, seal=True)
        keys = {uuid: key_of(old.manager, uuid) for uuid in (UUID, OTHER_UUID)}
        escrow = old.escrow()
        new.enrol(store)
        new.add(seal=True)
        own = key_of(new.manager)
        moved = move(new, escrow, store)
        out = new.restore(moved, code=1).stdout
        assert 'it has a key of its own here' in out and 'it is not registered here' in out, out
        tap.equal(key_of(new.manager), own)
        new.add(OTHER_UUID, group='default')
        out = new.restore(moved, '--replace', code=1).stdout
        assert f'{UUID}  restored\n' in out and 'it is in another group here' in out, out
        assert new.manager.admin('move', uuid=OTHER_UUID, group='acme')['ok']
        new.restore(moved, '--replace')
        new.manager.restart()
        tap.equal({uuid: key_of(new.manager, uuid) for uuid in keys}, keys)
        assert any('the key of its state is another one' in what for what in new.said(UUID))


@tap.case('a group without a tenant, or without sealed VMs, has no escrow')
def _():
    with hosts() as (old, _new, _store):
        said = old.manager.ctl('escrow', 'make', 'acme', code=1).stderr
        assert 'no VM of the group is sealed' in said, said
        for command in (('make', 'default'), ('key', 'default')):
            said = old.manager.ctl('escrow', *command, code=1).stderr
            assert 'no approval key' in said, said
        old.manager.ctl('escrow', 'make', 'nobody', code=1)
        old.manager.ctl('escrow', 'restore', 'acme', old.tenant.public, code=2)
        old.manager.ctl('escrow', code=2)


tap.main()
