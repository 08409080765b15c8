# SPDX-License-Identifier: GPL-2.0-or-later
"""Users that own VMs: each has one, as the manager's rule "user" wants it.

    with acting_as(owner_of(uuid)):
        sock.connect(manager.socket)
"""
import contextlib
import ctypes
import os
import platform
import zlib

import tap
from protocol import UUID

FIRST = 20000  # of numbers that belong to nobody here
SETRESUID = {'x86_64': 117, 'aarch64': 147}.get(platform.machine())

_libc = ctypes.CDLL(None, use_errno=True)
_others = {}


def owner_of(uuid):
    """The number of the user: we own the VM that most tests have, somebody else each other one."""
    if uuid == UUID:
        return os.getuid()
    if os.getuid() != 0:
        tap.skip('only root can be several users')
    return _others.setdefault(uuid, FIRST + len(_others))


def _become(uid):
    """This thread alone, which is why os.seteuid() does not do."""
    if _libc.syscall(SETRESUID, -1, uid, -1) != 0:
        raise OSError(ctypes.get_errno(), f'cannot become user {uid}')


def own(manager, uuid):
    """Makes us the owner of this VM, and somebody else that of each other one that we had: for the
    vTPM that we start next, which runs as us."""
    for vm in manager.admin('list')['vms']:
        if vm['owner'] == os.getuid() and vm['uuid'] != uuid:
            number = 2 * FIRST + zlib.crc32(vm['uuid'].encode()) % FIRST
            assert manager.admin('rule', uuid=vm['uuid'], rule='user', owner=number)['ok']
    manager.introduce(uuid, os.getuid())
    assert manager.admin('rule', uuid=uuid, rule='user', owner=os.getuid())['ok']


@contextlib.contextmanager
def acting_as(uid):
    """What this thread does is done by that user."""
    before = os.geteuid()
    if uid == before:
        yield
        return
    _become(uid)
    try:
        yield
    finally:
        _become(before)
