# SPDX-License-Identifier: GPL-2.0-or-later
"""Control groups of our own, where the system lets us make them.

    with Cgroup() as group:
        group.start(function)   # in a process in it
    with Cgroup('/system.slice/a.service') as group:    # of this name, with its parents
"""
import fcntl
import os
import secrets
import signal
import traceback

ROOTS = ('/sys/fs/cgroup/unified', '/sys/fs/cgroup')


def _root():
    """Where the unified hierarchy has a group of ours, or None."""
    for root in ROOTS:
        if os.path.exists(os.path.join(root, 'cgroup.procs')):
            with open('/proc/self/cgroup', encoding='ascii') as f:
                for line in f:
                    if line.startswith('0::'):
                        return root + line[3:].strip().rstrip('/')
    return None


def obstacle(top=False):
    """Why there can be none here, or None.

    top: whether they are to be at the top of the hierarchy
    """
    root = _root()
    if root is None or not os.access(root, os.W_OK):
        return 'control groups cannot be made here'
    if top and root not in ROOTS:
        return 'control groups cannot be made at the top of the hierarchy here'
    return None


class Cgroup:
    """There is one of a name at a time on the machine: a test that also wants it waits, in another
    Debian (scripts/debian-root) too."""

    def __init__(self, name=None):
        self.path = _root() + (name or f'/deepquote-test-{secrets.token_hex(8)}')
        self.made = []
        self.pids = []
        self.lock = None
        self.shared = name is not None

    def __enter__(self):
        if self.shared:
            self.lock = os.open(_root(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(self.lock, fcntl.LOCK_EX)
        missing = self.path
        while not os.path.exists(missing):
            self.made.append(missing)
            missing = os.path.dirname(missing)
        os.makedirs(self.path, exist_ok=True)
        return self

    def __exit__(self, *_):
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for path in self.made:
            os.rmdir(path)
        if self.shared:
            os.close(self.lock)

    def _be_in_it(self, function, told):
        kept = None
        try:
            with open(os.path.join(self.path, 'cgroup.procs'), 'w', encoding='ascii') as f:
                f.write('0')
            kept = function()
            os.write(told, b'1')
        except BaseException:
            traceback.print_exc()
            os.write(told, b'0')
        while kept is not told:  # what it has made stays open
            signal.pause()

    def start(self, function):
        """Calls it in a new process in this group; returns once it has returned there. The process
        stays, with what it holds, until the group goes."""
        ready, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._be_in_it(function, told)
        self.pids.append(pid)
        os.close(told)
        with os.fdopen(ready, 'rb') as f:
            assert f.read(1) == b'1', 'it failed in its control group'
