# SPDX-License-Identifier: GPL-2.0-or-later
"""A systemd of our own, where process 1 is another: it is that of new namespaces, over the files of
this machine, with some Debian packages laid over them. Nothing of it stays.

    own_systemd.enter()

Units are what they are on a host but for the limits of control groups (memory, tasks, CPU): there
are none where the unified hierarchy of this machine has no controllers.
"""
import os
import shlex
import subprocess
import sys
import tempfile

import process

SYSTEMD = '/lib/systemd/systemd'
_MARK = 'OWN_SYSTEMD'
_DEVICES = ('null', 'zero', 'full', 'random', 'urandom', 'tty')
# Where a mount of this machine's own may be, which an overlay of its root does not have
_ALSO = ('SOURCE_ROOT', 'BUILD_ROOT')
_SERVICE = """
[Unit]
SuccessAction=exit-force
FailureAction=exit-force

[Service]
Type=oneshot
ExecStart=/bin/sh {script}
StandardOutput=file:{said}
StandardError=file:{said}
TimeoutStartSec=infinity
LimitNOFILE=65536
"""
_TARGET = """
[Unit]
Requires=own.service dbus.socket systemd-journald.service
"""


def inside():
    return _MARK in os.environ


def obstacle():
    """Why there can be none here, or None."""
    if os.geteuid() != 0:
        return 'a systemd of our own needs root'
    if not os.path.exists(SYSTEMD):
        return f'no {SYSTEMD}: install systemd'
    done = subprocess.run([*_unshare(), 'mount', '-t', 'cgroup2', 'none', '/mnt'],
                          capture_output=True, text=True, check=False)
    return f'no namespaces here: {done.stderr.strip()}' if done.returncode != 0 else None


def run(command, packages=()):
    """Runs it as a service there, in this folder and environment, and prints what it said; its
    exit status. packages: .deb files, laid over this machine's files and not configured."""
    with tempfile.TemporaryDirectory(prefix='own-systemd-') as folder:
        begin = [sys.executable, os.path.abspath(__file__), folder, *packages, '--', *command]
        status = subprocess.run([*_unshare(), *begin], stdin=subprocess.DEVNULL,
                                check=False).returncode
        said = os.path.join(folder, 'said')
        if os.path.exists(said):
            with open(said, encoding='utf-8', errors='replace') as f:
                print(f.read(), end='', flush=True)
    return status


def enter(packages=tuple):
    """Goes on inside; elsewhere this test runs there from its beginning, and we end as it does, or
    skip it. packages(): as run() takes them."""
    if inside():
        return
    why = obstacle()
    if why:
        print(f'1..0 # SKIP {why}')
        sys.exit(0)
    sys.exit(run([sys.executable, *sys.argv], packages()))


def start_manager():
    """Inside: that of our packages, on a stand-in."""
    for command in (['systemd-sysusers'], ['systemd-tmpfiles', '--create', 'vtpm-manager.conf']):
        process.run(command)
    _write('/etc/default/vtpm-managerd',
           'VTPM_MANAGERD_OPTIONS=--simulate-tpm /var/lib/vtpm-manager/stand-in\n')
    process.run(['systemctl', 'start', 'vtpm-managerd'], timeout=120)


def _unshare():
    return ['unshare', '--mount', '--pid', '--ipc', '--uts', '--cgroup', '--fork',
            '--kill-child=SIGKILL', '--propagation', 'private']


def _mount(*arguments):
    subprocess.run(['mount', *arguments], check=True)


def _lay_over(root, folder):
    """The root: what is written to it is in memory."""
    over = os.path.join(folder, 'over')
    os.mkdir(over)
    _mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', over)
    for name in ('upper', 'work'):
        os.mkdir(os.path.join(over, name))
    _mount('-t', 'overlay', 'overlay', '-o',
           f'lowerdir=/,upperdir={over}/upper,workdir={over}/work', root)


def _mount_systems(root):
    for kind, at, options in (('proc', 'proc', 'rw'), ('sysfs', 'sys', 'ro'),
                              ('cgroup2', 'sys/fs/cgroup', 'rw'), ('tmpfs', 'run', 'mode=755'),
                              ('tmpfs', 'tmp', 'mode=1777'), ('tmpfs', 'dev', 'mode=755')):
        _mount('-t', kind, '-o', options, kind, f'{root}/{at}')
    for name in _DEVICES:
        with open(f'{root}/dev/{name}', 'w', encoding='ascii'):
            pass
        _mount('--bind', f'/dev/{name}', f'{root}/dev/{name}')
    for name in ('pts', 'shm'):
        os.mkdir(f'{root}/dev/{name}')
    _mount('-t', 'devpts', '-o', 'newinstance,ptmxmode=0666', 'devpts', f'{root}/dev/pts')
    _mount('-t', 'tmpfs', 'tmpfs', f'{root}/dev/shm')
    os.symlink('pts/ptmx', f'{root}/dev/ptmx')


def _bind(root, path):
    os.makedirs(root + path, exist_ok=True)
    _mount('--bind', path, root + path)


def _install(root, packages):
    """dpkg-deb would put folders in the place of links such as /lib."""
    for package in packages:
        files = subprocess.run(['dpkg-deb', '--fsys-tarfile', package], check=True,
                               stdout=subprocess.PIPE)
        subprocess.run(['tar', '-x', '--keep-directory-symlink', '-C', root], check=True,
                       input=files.stdout)


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def _write_units(root, folder, command):
    units = f'{root}/run/systemd/system'
    said, script = os.path.join(folder, 'said'), '/run/own.sh'
    _write(said, '')
    variables = '\n'.join(f'export {name}={shlex.quote(value)}'
                          for name, value in os.environ.items() if name.isidentifier())
    _write(root + script, f'{variables}\ncd {shlex.quote(os.getcwd())}\n'
                          f'export {_MARK}=yes\n{shlex.join(command)}\n')
    _write(f'{units}/own.service', _SERVICE.format(script=script, said=said))
    _write(f'{units}/own.target', _TARGET)


def _begin(folder, packages, command):
    """As process 1 of the namespaces: becomes systemd."""
    root = os.path.join(folder, 'root')
    os.mkdir(root)
    _lay_over(root, folder)
    _mount_systems(root)
    for path in (folder, *(os.environ[name] for name in _ALSO if name in os.environ)):
        _bind(root, path)
    _install(root, packages)
    _write_units(root, folder, command)
    os.chdir(root)
    subprocess.run(['pivot_root', '.', 'mnt'], check=True)
    subprocess.run(['umount', '-l', '/mnt'], check=True)
    _mount('--make-rshared', '/')  # as process 1 has it: credentials of units are mounted by others
    os.execve(SYSTEMD, [SYSTEMD, '--unit=own.target', '--show-status=no', '--log-target=journal'],
              {'container': 'own', 'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'})


if __name__ == '__main__':
    end = sys.argv.index('--')
    _begin(sys.argv[1], sys.argv[2:end], sys.argv[end + 1:])
