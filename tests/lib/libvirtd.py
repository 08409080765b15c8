# SPDX-License-Identifier: GPL-2.0-or-later
"""A real libvirtd inside namespace.enter(), and domains of the guest image."""
import base64
import os
import shutil
import subprocess

from agent import Agent
from process import Failed, spawn, stop, wait_until
from programs import built
from vm import COMMAND_LINE, accelerator

BIN = '/run/deepquote/bin'       # first on libvirtd's PATH, as PREFIX/lib/swtpm-deepquote/bin is
HOOKS = '/etc/libvirt/hooks/qemu.d'
BOOT = '/var/lib/libvirt/boot'
LIBVIRTD_LOG = '/var/log/libvirt/libvirtd.log'

_QEMU_CONF = """
stdio_handler = "file"
security_driver = "none"
cgroup_controllers = []
"""

_LIBVIRTD_CONF = f"""
log_level = 3
log_outputs = "2:file:{LIBVIRTD_LOG}"
auth_unix_rw = "none"
"""

_DOMAIN = """
<domain type='{type}'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>256</memory>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{boot}/vmlinuz</kernel>
    <initrd>{boot}/initramfs</initrd>
    <cmdline>{command_line}</cmdline>
  </os>
  <features><acpi/></features>
  <on_reboot>restart</on_reboot>
  <pm><suspend-to-mem enabled='yes'/></pm>
  <devices>
    <emulator>{emulator}</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <serial type='file'><source path='{folder}/{name}.console'/></serial>
    <serial type='unix'><source mode='bind' path='{folder}/{name}.agent'/></serial>
    {disk}
    {tpm}
  </devices>
</domain>
"""


EMULATOR = "<backend type='emulator' version='2.0'/>"
_DISK = """<disk type='file'>
      <driver name='qemu' type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/>
    </disk>"""


def install_launcher():
    """Puts the launcher and its module where an installation would, readable to everyone."""
    os.makedirs(BIN, exist_ok=True)
    for name in ('swtpm-deepquote', 'module.so'):
        shutil.copy2(built('swtpm-deepquote', name), f'{BIN}/{name}')
    os.symlink('swtpm-deepquote', f'{BIN}/swtpm')
    os.makedirs(HOOKS, exist_ok=True)
    os.symlink(built('tools', 'host', 'libvirt-hook'), f'{HOOKS}/vtpm-manager')
    # QEMU, as libvirt-qemu, makes the agents' sockets here
    shutil.chown('/run/deepquote', 'libvirt-qemu')


def virsh_status(*arguments, user=None):
    """(exit status, output, standard error) of a virsh command; `user` is None or a User."""
    command = ['virsh', '-q', '-c', f'qemu:///{"session" if user else "system"}', *arguments]
    done = subprocess.run([*(user.become if user else []), *command], capture_output=True,
                          text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr.strip()


def virsh(*arguments, check=True, user=None):
    status, output, said = virsh_status(*arguments, user=user)
    if check and status != 0:
        raise AssertionError(f'virsh {arguments[0]}: {said}\n{logs()}')
    return output


def logs():
    """The ends of all logs, for a report of what went wrong."""
    text = []
    for top in ('/var/log/libvirt', '/var/log/swtpm', '/run/deepquote'):
        for directory, _, names in os.walk(top):
            for name in names:
                if name.endswith(('.log', '.console')):
                    with open(os.path.join(directory, name), encoding='utf-8',
                              errors='replace') as f:
                        text += [f'--- {directory}/{name}', *f.read().splitlines()[-25:]]
    return '\n'.join(text)


class Libvirtd:
    """The daemon, started without systemd, with BIN first on its PATH."""

    def __init__(self):
        self.process = None

    def __enter__(self):
        for name, text in (('qemu.conf', _QEMU_CONF), ('libvirtd.conf', _LIBVIRTD_CONF)):
            with open(f'/etc/libvirt/{name}', 'w', encoding='ascii') as f:
                f.write(text)
        shutil.rmtree('/etc/libvirt/qemu/networks', ignore_errors=True)
        env = dict(os.environ, PATH=f'{BIN}:{os.environ["PATH"]}')
        self.process = spawn(['libvirtd'], '/var/log/libvirt/libvirtd.out.log', env=env)
        try:
            wait_until(lambda: self._answers() is None, 'libvirtd answers', 60, self.process)
        except Failed as problem:
            raise Failed(f'{problem}: {self._answers()}\n{logs()}') from None
        return self

    def __exit__(self, *_):
        stop(self.process)

    @staticmethod
    def _answers():
        """None, or why not. A call that comes while the daemon starts may never be answered."""
        try:
            done = subprocess.run(['virsh', '-q', '-c', 'qemu:///system', 'version'],
                                  capture_output=True, text=True, check=False, timeout=5)
        except subprocess.TimeoutExpired:
            return 'no answer'
        return None if done.returncode == 0 else done.stderr.strip()


class User:
    """A user of qemu:///session, who exists inside the namespaces alone; libvirtd is started by
    the first virsh, and finds what is in BIN first."""

    def __init__(self, name):
        self.name, self.home = name, f'/run/{name}'
        subprocess.run(['useradd', '--home-dir', self.home, '--create-home', name], check=True,
                       capture_output=True)
        variables = {'HOME': self.home, 'XDG_RUNTIME_DIR': self.home, 'USER': name,
                     'PATH': f'{BIN}:/usr/sbin:/usr/bin:/sbin:/bin'}
        self.become = ['setpriv', f'--reuid={name}', f'--regid={name}', '--init-groups', 'env',
                       '-i', *(f'{key}={value}' for key, value in variables.items())]


class Domain:
    """A domain with the guest image and a TPM; entering starts it and waits until it answers.

    It stays defined, and thus keeps its TPM, until libvirtd's namespaces end.

    model: of its TPM; None: it has none
    backend: the element of its TPM
    disk: a qcow2 image; snapshots of a running domain need one
    user: a User whose domain it is; None: the system's
    """

    def __init__(self, name, uuid, model, backend=EMULATOR, disk=None, user=None):
        self.name = name
        self.uuid = uuid
        self.agent = None
        self.user = user
        self.folder = user.home if user else '/run/deepquote'
        for image in ('vmlinuz', 'initramfs'):
            shutil.copy2(built('guest', image), BOOT)
        self.xml = _DOMAIN.format(
            type='kvm' if accelerator() == 'kvm' else 'qemu', name=name, uuid=uuid,
            tpm=f"<tpm model='{model}'>{backend}</tpm>" if model else '',
            boot=BOOT, folder=self.folder, command_line=COMMAND_LINE,
            disk=_DISK.format(path=disk) if disk else '',
            emulator=os.environ.get('QEMU_SYSTEM_X86_64', '/usr/bin/qemu-system-x86_64'))

    def virsh(self, *arguments, **options):
        return virsh(*arguments, user=self.user, **options)

    def __enter__(self):
        self.define()
        self.virsh('start', self.name)
        try:
            self.connect()
        except BaseException as problem:
            report = logs()
            self.__exit__()
            raise AssertionError(f'{problem}\n{report}') from problem
        return self

    def __exit__(self, *_):
        self.disconnect()
        if self.running():
            self.virsh('destroy', self.name)

    def define(self):
        path = f'{self.folder}/{self.name}.xml'
        with open(path, 'w', encoding='ascii') as f:
            f.write(self.xml)
        self.virsh('define', path)

    def connect(self):
        """To the agent of the guest that runs now, once it answers."""
        self.disconnect()
        self.agent = Agent(f'{self.folder}/{self.name}.agent', self)
        self.agent.wait(120)

    def disconnect(self):
        if self.agent is not None:
            self.agent.close()
            self.agent = None

    def tell(self, script):
        """Has the guest run something that it does not come back from to answer."""
        self.agent.socket.sendall(b'\n0 ' + base64.b64encode(script.encode()) + b'\n')

    def power_off(self):
        """Ends the guest from inside, and waits until libvirt has noticed."""
        self.tell('poweroff -f')
        try:
            wait_until(lambda: not self.running(), 'the domain ends')
        except Failed as problem:
            raise Failed(f'{problem}\n{logs()}') from None

    def running(self):
        return self.name in self.virsh('list', '--name', check=False).split()

    def poll(self):
        """As that of a process: None while it runs."""
        return None if self.running() else 0

    def vtpm_processes(self):
        """Command lines of the processes that serve this domain's TPM."""
        found = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/cmdline', 'rb') as f:
                    words = f.read().split(b'\0')
            except OSError:
                continue
            line = b' '.join(words).decode(errors='replace')
            if self.uuid in line and 'swtpm' in words[0].decode(errors='replace'):
                found.append(line)
        return found
