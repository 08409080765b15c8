# SPDX-License-Identifier: GPL-2.0-or-later
"""Domains of the host's libvirt: nothing but their firmware runs, which starts the TPM, or in its
place the guest of tests/kvm, which has no system."""
import documented
from debian import PAYLOAD
from process import Failed
from units import is_encrypted

XML = """
<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type>{direct}</os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    {tpm}{ports}
  </devices>
</domain>
"""
DIRECT = '<kernel>{kernel}</kernel><initrd>{initrd}</initrd><cmdline>{command_line}</cmdline>'
GUEST = "<loader readonly='yes' type='rom'>{rom}</loader>"
PORTS = """
    <serial type='null'/>
    <serial type='unix'><source mode='bind' path='{port}'/></serial>"""
ROM = '/var/lib/libvirt/boot/guest.rom'
EMULATOR = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"


def prepare(host):
    """What docs/howto/libvirt.md has an administrator do."""
    host.text('adduser --system --group --quiet --home /var/lib/swtpm-localca '
              '--no-create-home swtpm && chown -R swtpm:swtpm /var/lib/swtpm-localca')
    host.write('/etc/libvirt/qemu.conf', 'swtpm_user = "swtpm"\nswtpm_group = "swtpm"\n')
    host.write('/etc/swtpm-deepquote.conf', 'manager=/run/vtpm-manager/vtpm.sock\n')
    host.write('/etc/systemd/system/libvirtd.service.d/path.conf',
               '[Service]\nEnvironment=PATH=/usr/lib/swtpm-deepquote/bin:'
               '/usr/sbin:/usr/bin:/sbin:/bin\n')
    host.write('/etc/apparmor.d/local/abstractions/libvirt-qemu',
               documented.block('libvirt.md', 'AppArmor'))
    host.text('systemctl daemon-reload && systemctl restart libvirtd', 300)


class Domain:
    """A domain of `host`, a DebianHost; entering starts it.

    attempts: how often, where it fails: libvirt waits for the socket of swtpm for no more than a
    second, which is short for an emulated processor
    direct: kernel, initrd and command_line that it boots
    guest: whether it runs the guest of tests/kvm, which sends to its TPM what comes by tcti
    """

    def __init__(self, host, name, uuid, tpm=EMULATOR, attempts=1, direct=None, guest=False):
        self.host, self.name, self.uuid, self.attempts = host, name, uuid, attempts
        port = f'/var/lib/libvirt/qemu/{name}.port'
        self.program = f'/usr/bin/python3 {PAYLOAD}/tests/lib/tcti_guest.py {port}'
        self.tcti = 'cmd:' + self.program
        boots = GUEST.format(rom=ROM) if guest else ''
        boots += DIRECT.format_map(direct) if direct else ''
        self.xml = XML.format(name=name, uuid=uuid, tpm=tpm, direct=boots,
                              ports=PORTS.format(port=port) if guest else '')

    def __enter__(self):
        self.host.write(f'/tmp/{self.name}.xml', self.xml)
        self.host.text(f'virsh -q define /tmp/{self.name}.xml', 300)
        for attempt in range(1, self.attempts + 1):
            status, _, said = self.host.status(f'virsh -q start {self.name}', 300)
            print(f'# attempt {attempt} to start {self.name}: {said or "done"}')
            if status == 0:
                return self
        raise Failed(f'{self.name} does not start: {said}')

    def __exit__(self, *_):
        self.host.status(f'virsh -q destroy {self.name}', 300)

    def start_tpm(self):
        """Has its guest do what is a firmware's work otherwise; what came of it."""
        return self.host.text(self.program + ' startup', 180)

    def encrypted(self):
        return is_encrypted(self.host, f'/var/lib/libvirt/swtpm/{self.uuid}/tpm2')

    def qemu_pid(self):
        return int(self.host.text(f'pgrep -f "^/usr/bin/qemu-system.*guest={self.name},"'))

    def vtpm_pid(self):
        """Of the process that serves the TPM of this domain, by libvirt's emulator back end."""
        return int(self.host.text(f'pgrep -f "^[^ ]*swtpm socket .*{self.uuid}"'))
