# SPDX-License-Identifier: GPL-2.0-or-later
"""What libvirt can do to a domain, one operation a case: afterwards the guest's PCRs, NV data and
keys are what they should be, and a deep quote is authentic, or refused for the documented reason.
With TEST_FULL=true in the environment."""
import os
import shutil
import sys

import defaults
import namespace
import tap
from host import Host
from libvirtd import Domain, Libvirtd, User, install_launcher, virsh, virsh_status
from life import IMAGES, Life
from machine import make_guest_image
from process import wait_until
from vm import accelerator

MANAGER_DIR = os.path.dirname(defaults.SOCKET)
CONF = '/etc/swtpm-deepquote.conf'
SECRET = '3f0b4c9e-7c1d-4a53-9d5e-0c8f6f2b7a11'
ENCRYPTED = f"""<backend type='emulator' version='2.0'>
      <encryption secret='{SECRET}'/>
    </backend>"""
BANKS = """<backend type='emulator' version='2.0'>
      <active_pcr_banks><sha256/><sha384/></active_pcr_banks>
    </backend>"""
EXTERNAL = """<backend type='external'>
      <source type='unix' mode='connect' path='{path}'/>
    </backend>"""
OLD = "<backend type='emulator' version='1.2'/>"
UUIDS = {'tpm-tis': 'a0000001-1b2c-4d3e-8f4a-5b6c7d8e9f00',
         'tpm-crb': 'a0000002-1b2c-4d3e-8f4a-5b6c7d8e9f00'}
CLONES = {'tpm-tis': 'b0000001-1b2c-4d3e-8f4a-5b6c7d8e9f00',
          'tpm-crb': 'b0000002-1b2c-4d3e-8f4a-5b6c7d8e9f00'}
OTHERS = {'encrypted': 'c0000001-1b2c-4d3e-8f4a-5b6c7d8e9f00',
          'banks': 'c0000002-1b2c-4d3e-8f4a-5b6c7d8e9f00',
          'old': 'c0000003-1b2c-4d3e-8f4a-5b6c7d8e9f00',
          'external': 'c0000004-1b2c-4d3e-8f4a-5b6c7d8e9f00',
          'session': 'c0000005-1b2c-4d3e-8f4a-5b6c7d8e9f00'}
NEW_TPM = 'its endorsement key is not the registered one'


def add_running_cases(life):
    """What happens to a domain that runs on, or that goes on where it was."""
    name, domain = life.name, life.domain

    def case(text):
        return tap.case(f'{life.model}: {text}')

    @case('what a guest leaves in its TPM is found again, and a deep quote is authentic')
    def _():
        life.own()
        life.start()
        life.expect_goes_on()

    @case('a domain that was suspended and resumed goes on with its TPM')
    def _():
        virsh('suspend', name)
        virsh('resume', name)
        life.expect_goes_on()

    @case('after a reset the PCRs are those of a boot; key and data stay')
    def _():
        life.reboot(lambda: virsh('reset', name))

    @case('the same after a reboot from inside')
    def _():
        life.reboot(lambda: domain.tell('reboot -f'))

    @case('a domain that was saved and restored goes on with its TPM')
    def _():
        domain.disconnect()
        virsh('save', name, f'{IMAGES}/saved')
        assert not domain.vtpm_processes(), 'swtpm outlived its domain'
        virsh('restore', f'{IMAGES}/saved')
        life.expect_goes_on()

    @case('the same with a managed save')
    def _():
        domain.disconnect()
        virsh('managedsave', name)
        virsh('start', name)
        life.expect_goes_on()

    @case('a guest that slept in RAM goes on with its TPM')
    def _():
        states = domain.agent.check('cat /sys/power/state').decode()
        if 'mem' not in states.split():
            tap.skip(f'the kernel of the guest knows: {states.strip()}')
        domain.tell('echo mem >/sys/power/state')
        wait_until(lambda: 'pmsuspended' in virsh('domstate', name), 'the guest sleeps', 60)
        virsh('dompmwakeup', name)
        life.expect_goes_on()

    @case('an internal snapshot takes the TPM back with the guest, its data too')
    def _():
        virsh('snapshot-create-as', name, 'internal')
        life.change_data()
        life.change_pcr()
        domain.disconnect()
        virsh('snapshot-revert', name, 'internal')
        life.expect_goes_on()

    @case('a domain goes on while an external snapshot of it is taken')
    def _():
        virsh('snapshot-create-as', name, 'external', '--memspec', f'file={IMAGES}/{name}.memory',
              '--diskspec', f'vda,snapshot=external,file={IMAGES}/{name}.external')
        life.expect_goes_on()

    @case('where libvirt goes back to an external snapshot, the TPM does so too')
    def _():
        status, _, said = virsh_status('snapshot-revert', name, 'external')
        if 'not supported' in said:
            tap.skip(f'this libvirt does not: {said.splitlines()[-1]}')
        tap.equal(status, 0, said)
        life.expect_goes_on()


def add_definition_cases(life):
    """What happens to the definition of a domain that is off."""
    domain = life.domain

    def case(text):
        return tap.case(f'{life.model}: {text}')

    @case('destroyed and started again, it has the same TPM')
    def _():
        life.restart()
        life.expect_began_again()

    @case('renamed, it has the same TPM')
    def _():
        life.end()
        forget_snapshots(domain.name)
        virsh('domrename', domain.name, domain.name + '-renamed')
        virsh('domrename', domain.name + '-renamed', domain.name)
        life.restart()
        life.expect_began_again()

    @case('undefined with --keep-tpm and defined again, it has the same TPM')
    def _():
        life.end()
        virsh('undefine', domain.name, '--keep-tpm')
        life.restart()
        life.expect_began_again()

    @case('a clone has a TPM of its own, which the manager has to be told of')
    def _():
        life.end()
        clone = Life(life.manager, f'{life.name}-clone', CLONES[life.model], life.model)
        with clone.domain:
            clone.expect_refused('it is not registered')
            clone.end()
            clone.own()
            clone.start()
            clone.expect_same_tpm()
        assert clone.ak != life.ak and clone.lasting['key'] != life.lasting['key']

    @case('undefined and defined again, it has a new TPM, which is refused until it is registered')
    def _():
        life.own()
        virsh('undefine', domain.name)
        life.restart()
        life.expect_refused(NEW_TPM)
        life.end()
        life.manager.ctl('unregister', life.uuid)
        life.own()
        life.start()
        assert life.deepquote() != life.ak, 'the attestation key has stayed'
        life.end()


def forget_snapshots(name):
    for snapshot in virsh('snapshot-list', name, '--name').split():
        virsh('snapshot-delete', name, snapshot, '--metadata')


@tap.case('with encrypted state the guest has its TPM again after each start')
def _():
    path = f'{IMAGES}/secret.xml'
    write(path, f"<secret ephemeral='no' private='yes'><uuid>{SECRET}</uuid>"
                "<usage type='vtpm'><name>state</name></usage></secret>")
    virsh('secret-define', path)
    virsh('secret-set-value', SECRET, '--base64', 'Y29ycmVjdCBob3JzZSBiYXR0ZXJ5')
    life = Life(manager, 'dq-encrypted', OTHERS['encrypted'], 'tpm-crb', backend=ENCRYPTED)
    life.own()
    life.start()
    life.expect_goes_on()
    assert any('--key ' in line for line in life.domain.vtpm_processes())
    life.restart()
    life.expect_began_again()
    life.domain.disconnect()
    virsh('managedsave', life.name)
    virsh('start', life.name)
    life.expect_goes_on()
    life.end()


@tap.case('with active_pcr_banks the guest has these banks, and deep-quotes with SHA-384 too')
def _():
    life = Life(manager, 'dq-banks', OTHERS['banks'], 'tpm-tis', backend=BANKS)
    life.own()
    life.start()
    banks = life.domain.agent.check('ls -d /sys/class/tpm/tpm0/pcr-*').decode()
    tap.equal([os.path.basename(bank) for bank in banks.split()], ['pcr-sha256', 'pcr-sha384'])
    life.expect_goes_on()
    life.deepquote('sha384:0,1,7')
    life.end()


@tap.case('a TPM 1.2 works, and the guest is told that it has no deep quotes')
def _():
    with Domain('dq-old', OTHERS['old'], 'tpm-tis', backend=OLD) as domain:
        tap.equal(domain.agent.check('cat /sys/class/tpm/tpm0/tpm_version_major').strip(), b'1')
        assert b'PCR-00: ' in domain.agent.check('cat /sys/class/tpm/tpm0/pcrs')
        status, _, said = domain.agent.run('tpm2_deepquote --ak-create --ak-public /tmp/ak')
        assert status == 1 and said.strip(), (status, said)
        domain.disconnect()
        virsh('managedsave', 'dq-old')
        virsh('start', 'dq-old')
        domain.connect()
        assert b'PCR-00: ' in domain.agent.check('cat /sys/class/tpm/tpm0/pcrs')


def start_vtpm(vtpm):
    """One that somebody else than libvirt starts, where QEMU may connect to it."""
    if vtpm.process:
        vtpm.process.wait(30)  # --terminate: it ends with QEMU
    vtpm.start()
    shutil.chown(vtpm.control, 'libvirt-qemu')


@tap.case('with the external back end the TPM stays over resets, saves and starts')
def _():
    vtpm = manager.vtpm(OTHERS['external'])
    vtpm.provision()
    start_vtpm(vtpm)
    life = Life(manager, 'dq-external', OTHERS['external'], 'tpm-crb',
                backend=EXTERNAL.format(path=vtpm.control))
    life.own('root')
    life.start()
    life.expect_goes_on()
    life.reboot(lambda: virsh('reset', life.name))
    life.domain.disconnect()
    virsh('save', life.name, f'{IMAGES}/saved')
    start_vtpm(vtpm)
    virsh('restore', f'{IMAGES}/saved')
    life.expect_goes_on()
    life.end()
    start_vtpm(vtpm)
    life.restart()
    life.expect_began_again()
    life.end()


@tap.case('a domain of qemu:///session keeps its TPM, and is known by its user')
def _():
    user = User('dq-user')
    life = Life(manager, 'dq-session', OTHERS['session'], 'tpm-crb', user=user)
    life.own(user.name)
    life.start()
    life.expect_goes_on()
    life.domain.disconnect()
    life.domain.virsh('managedsave', life.name)
    life.domain.virsh('start', life.name)
    life.expect_goes_on()
    life.restart()
    life.expect_began_again()
    life.end()


def write(path, text):
    with open(path, 'w', encoding='ascii') as f:
        f.write(text)


def prepare():
    """Outside: what the namespaces need is made with the rights and paths of the caller."""
    why = namespace.obstacle(('unshare', 'libvirtd', 'virsh', 'qemu-img'))
    if os.environ.get('TEST_FULL') != 'true':
        why = 'it takes minutes: scripts/test --full libvirt'
    if why is not None:
        print(f'1..0 # SKIP {why}')
        sys.exit(0)
    make_guest_image()
    accelerator()


if not namespace.inside():
    prepare()
namespace.enter()
os.makedirs(MANAGER_DIR)
install_launcher()
write(CONF, f'manager={defaults.SOCKET}\n')
manager = Host('/run/deepquote', sockets=MANAGER_DIR)
for _model, _uuid in UUIDS.items():
    _life = Life(manager, f'dq-{_model}', _uuid, _model, disk=True)
    add_running_cases(_life)
    add_definition_cases(_life)
with manager, Libvirtd():
    tap.main()
