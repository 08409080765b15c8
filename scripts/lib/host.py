# SPDX-License-Identifier: GPL-2.0-or-later
"""A host: a vtpm-managerd over a stand-in TPM that has measured a boot, and the vTPMs of its
VMs."""
import functools
import os
import shutil

import unit
from local_ca import make_ca
from manager import Manager
from process import Failed, run
from programs import program
from swtpm import Swtpm

PCRS = list(range(8))
PCR_LIST = 'sha256:' + ','.join(map(str, PCRS))

# What a firmware measures on its way to the kernel; "#" lines are comments
FIRMWARE_EVENTS = """\
# PCR TEXT: each line extends the digest of TEXT, as a firmware does when the host boots.
0 firmware volume 4.21, vendor-signed
1 setup: secure boot on, SMT on
2 option ROM: network adapter 1.8
3 option ROM configuration: none
4 boot manager: shim 15.8
4 boot loader: grub 2.06
5 partition table: disk 0
6 platform resumed from nothing
7 secure boot keys: PK, KEK, db, dbx
"""


def write_policy(path, uuid, values):
    """The policy that a VM is the one with this UUID, on a host with these values of PCRS."""
    if len(values) != 32 * len(PCRS):
        raise Failed(f'{len(values)} bytes of PCR values')
    with open(path, 'w', encoding='ascii') as f:
        f.write(f'vm {uuid}\n')
        for i, pcr in enumerate(PCRS):
            f.write(f'host-pcr sha256:{pcr} {values[32 * i:32 * i + 32].hex()}\n')


class Host(Manager):
    """The manager of a host with FIRMWARE_EVENTS; everything is below `dir`.

    units: whether vTPMs are units of systemd, or else processes of ours
    """

    def __init__(self, dir, units=False, **options):
        super().__init__(dir, **options)
        self.units = units
        os.makedirs(self.tpm, exist_ok=True)
        with open(self.events, 'w', encoding='ascii') as f:
            f.write(FIRMWARE_EVENTS)

    def certify(self):
        """Has a local CA certify the stand-in's endorsement key, as the maker of a TPM does, before
        the manager starts; returns the folder with its certificates."""
        factory = os.path.join(self.dir, 'factory')
        roots = os.path.join(factory, 'roots')
        os.makedirs(roots)
        user = ['--runas', 'root'] if os.geteuid() == 0 else []
        run(['swtpm_setup', '--tpm2', '--tpmstate', self.tpm, '--create-ek-cert', '--config',
             make_ca(factory), *user])
        for name in ('swtpm-localca-rootca-cert.pem', 'cert.pem'):
            shutil.copy(os.path.join(factory, 'ca', name), roots)
        return roots

    def vtpm(self, uuid):
        """The vTPM of a VM: as libvirt would run it but for the user, or as a unit."""
        start = functools.partial(unit.UnitSwtpm, uuid) if self.units else Swtpm
        swtpm = start(self.dir, program('swtpm-deepquote'), f'manager={self.socket},uuid={uuid}',
                      arguments=['--terminate'], keep=self.keep)
        swtpm.provision()
        return swtpm

    def register(self, uuid, name):
        """Has the manager know that VM by what vtpm() makes of its vTPM."""
        rule = ['--rule', 'unit'] if self.units else ['--owner', str(os.getuid())]
        self.ctl('register', uuid, *rule, '--name', name)

    def edit_events(self, old, new):
        """Changes what the firmware measures from the next start on."""
        with open(self.events, encoding='ascii') as f:
            text = f.read()
        if old not in text:
            raise ValueError(f'no event {old!r}')
        with open(self.events, 'w', encoding='ascii') as f:
            f.write(text.replace(old, new))

    def enrol(self, directory, uuid):
        """What a verifier needs of this host: its key and a policy with its PCRs of now."""
        os.makedirs(directory, exist_ok=True)
        key = os.path.join(directory, 'host-ak.pub')
        values = os.path.join(directory, 'host-pcrs.bin')
        policy = os.path.join(directory, 'policy')
        name = self.ctl('ak', '--output', key).stdout.split()[0]
        self.ctl('quote', '--nonce', os.urandom(32).hex(), '--pcrs', PCR_LIST,
                 '-m', os.path.join(directory, 'host-quote.msg'),
                 '-s', os.path.join(directory, 'host-quote.sig'), '-o', values)
        with open(values, 'rb') as f:
            write_policy(policy, uuid, f.read())
        return name, key, policy
