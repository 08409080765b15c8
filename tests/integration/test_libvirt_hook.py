# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook by which libvirt registers VMs: called as libvirt calls it, on files like its."""
import contextlib
import os
import sqlite3
import subprocess
import tempfile

import tap
from manager import Manager
from programs import built
from protocol import UUID

HOOK = built('tools', 'host', 'libvirt-hook')
OTHER = '00000000-0000-4000-8000-000000000001'
XML = ("<domain type='qemu'><name>web</name><uuid>{uuid}</uuid><metadata><x><uuid>0</uuid></x>"
       "</metadata><devices><tpm model='tpm-crb'><backend type='{type}' version='{version}'/></tpm>"
       '</devices></domain>')


def xml(uuid=UUID, type='emulator', version='2.0'):
    return XML.format(uuid=uuid, type=type, version=version)


def hook(manager, root, *arguments, text=''):
    """What it says."""
    socket = manager if isinstance(manager, str) else manager.admin_socket
    done = subprocess.run([HOOK, '--socket', socket, '--root', root, *arguments], input=text,
                          capture_output=True, text=True, check=False, timeout=30)
    tap.equal((done.returncode, done.stdout), (0, ''), done.stderr)
    return done.stderr


@contextlib.contextmanager
def host():
    """(manager, folder with libvirt's files)"""
    with Manager() as manager, tempfile.TemporaryDirectory() as root:
        for folder in ('etc/libvirt/qemu', 'var/lib/libvirt/swtpm'):
            os.makedirs(os.path.join(root, folder))
        with open(os.path.join(root, 'etc/libvirt/qemu.conf'), 'w', encoding='ascii') as f:
            f.write('swtpm_user = "nobody"\n')
        yield manager, root


def start(manager, root, **options):
    return hook(manager, root, 'web', 'prepare', 'begin', '-', text=xml(**options))


@tap.case('a domain that starts is registered by the rule libvirt, for swtpm_user, once')
def _():
    with host() as (manager, root):
        tap.equal(start(manager, root), '')
        vm = manager.vm(UUID)
        tap.equal((vm['rule'], vm['owner'], vm['name']), ('libvirt', 65534, 'web'))
        manager.ctl('rule', UUID, '--rule', 'unit')
        manager.ctl('disable', UUID)
        tap.equal(start(manager, root), '')
        vm = manager.vm(UUID)
        tap.equal((vm['rule'], vm['enabled']), ('unit', False))


@tap.case('a TPM 1.2, an external TPM, no TPM and other operations register nothing')
def _():
    with host() as (manager, root):
        start(manager, root, version='1.2')
        start(manager, root, type='external')
        hook(manager, root, 'web', 'prepare', 'begin', '-',
             text=f'<domain><uuid>{UUID}</uuid></domain>')
        hook(manager, root, 'web', 'started', 'begin', '-', text=xml())
        tap.equal(manager.admin('list')['vms'], [])


@tap.case('a domain starts whatever goes wrong, which is told')
def _():
    with host() as (manager, root):
        for text, words in (('<domain>', 'Document ended'), (xml(uuid='x'), 'UUID'),
                            ('', 'Document was empty')):
            assert words in hook(manager, root, 'web', 'prepare', 'begin', '-', text=text), words
        assert 'nowhere' in start('/tmp/nowhere', root)
        assert 'NAME, OPERATION' in hook(manager, root, 'web')
        with open(os.path.join(root, 'etc/libvirt/qemu.conf'), 'w', encoding='ascii') as f:
            f.write('swtpm_user = "who-is-that"\n')
        assert 'there is no user who-is-that' in start(manager, root)
        tap.equal(manager.admin('list')['vms'], [])


@tap.case('a VM whose domain and state are gone is disabled when a domain ends; no other is')
def _():
    with host() as (manager, root):
        manager.ctl('register', OTHER, '--rule', 'unit')
        start(manager, root)

        def enabled():
            hook(manager, root, 'web', 'release', 'end', '-', text=xml())
            return {vm['uuid']: vm['enabled'] for vm in manager.admin('list')['vms']}

        tap.equal(enabled(), {UUID: True, OTHER: True}, 'it was never seen')
        manager.stop()
        with contextlib.closing(sqlite3.connect(
                os.path.join(manager.state, 'registry.db'))) as registry:
            registry.execute('UPDATE vm SET seen = 1')
            registry.commit()
        manager.start()
        manager.ctl('registry', 'accept', '--why', 'as if it had been seen')
        state = os.path.join(root, 'var/lib/libvirt/swtpm', UUID)
        os.mkdir(state)
        tap.equal(enabled(), {UUID: True, OTHER: True}, 'its state is there')
        os.rmdir(state)
        definition = os.path.join(root, 'etc/libvirt/qemu/web.xml')
        with open(definition, 'w', encoding='ascii') as f:
            f.write(xml())
        tap.equal(enabled(), {UUID: True, OTHER: True}, 'it is defined')
        os.unlink(definition)
        tap.equal(enabled(), {UUID: False, OTHER: True})


tap.main()
