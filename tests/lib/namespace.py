# SPDX-License-Identifier: GPL-2.0-or-later
"""Namespaces of our own, in which a libvirtd can run with its usual paths and touch nothing.

enter() starts the program again in new mount and process namespaces: what it starts ends with it,
whatever happens, and what it writes below /etc, /run, /var/lib/libvirt and the like is gone then.
"""
import os
import pathlib
import shutil
import subprocess
import sys

_INSIDE = 'LIBVIRT_TEST_INSIDE'
# Directories that libvirt and swtpm write to; empty inside
_PRIVATE = ['/run', '/var/log', '/var/cache', '/var/lib/libvirt', '/var/lib/swtpm-localca',
            '/dev/shm']


def _unshare():
    return ['unshare', '--mount', '--pid', '--ipc', '--fork', '--kill-child=SIGKILL',
            '--mount-proc', '--propagation', 'private']


def inside():
    """Whether enter() has done its work, or is about to."""
    return os.environ.get(_INSIDE) == 'yes'


def obstacle(programs=('unshare', 'libvirtd', 'virsh')):
    """Why namespaces with these programs cannot be had here, or None."""
    if os.geteuid() != 0:
        return "a host's own paths need root"
    for program in programs:
        if shutil.which(program) is None:
            return f'no {program}: run scripts/setup'
    done = subprocess.run([*_unshare(), 'true'], capture_output=True, text=True, check=False)
    return f'no namespaces here: {done.stderr.strip()}' if done.returncode != 0 else None


def _mount(*arguments):
    subprocess.run(['mount', *arguments], check=True)


def _mount_private(more):
    for path in _PRIVATE + more:
        if os.path.isdir(path):
            _mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', path)
    etc = '/run/etc'
    subprocess.run(['cp', '-a', '/etc', etc], check=True)
    _mount('--bind', etc, '/etc')
    with open('/etc/hosts', 'w', encoding='ascii') as f:  # libvirtd asks for the machine's own name
        f.write(f'127.0.0.1 localhost {os.uname().nodename}\n')
    for path in ('/run/lock', '/var/lib/libvirt/boot', '/var/log/libvirt/qemu',
                 '/var/cache/libvirt/qemu', '/var/log/swtpm/libvirt/qemu'):
        os.makedirs(path, exist_ok=True)
    shutil.chown('/var/lib/swtpm-localca', 'tss', 'root')


def _open_way(path):
    """Has every user reach `path`, as libvirt's need not be able to enter the home it lies in.

    The first folder on the way that is closed to others is covered by an open one, in which there
    is nothing but the way on.
    """
    folders = [str(folder) for folder in reversed(pathlib.Path(path).parents)]
    closed = next((folder for folder in folders if not os.stat(folder).st_mode & 0o001), None)
    if closed is None:
        return
    here, aside = os.getcwd(), '/run/aside'
    os.mkdir(aside)
    _mount('--bind', path, aside)
    _mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', closed)
    os.makedirs(path)
    _mount('--move', aside, path)
    os.chdir(here)


def _reap_until_end_of(child):
    """The duty of process 1: libvirtd waits for the processes that it kills to be gone."""
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)


def enter(more=()):
    """Runs the whole program again inside; returns only there. `more`: folders to be empty."""
    if not inside():
        os.environ[_INSIDE] = 'yes'
        os.execvp('unshare', [*_unshare(), sys.executable, *sys.argv])
    child = os.fork()
    if child != 0:
        _reap_until_end_of(child)
    _mount_private(list(more))
    _open_way(os.path.realpath(os.environ['SOURCE_ROOT']))
