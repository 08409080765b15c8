# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults in a program that runs, by tests/inject/inject.c.

    with Faults('vtpm-managerd') as faults, Manager() as manager:
        for result in faults.each('send', errno.EPIPE, act):
            ...
"""
import itertools
import mmap
import os
import struct
import tempfile
from unittest import mock

from client import Refused
from process import Failed
from programs import built

KINDS = ('send', 'write', 'sync', 'rename')  # inject.c has the same order
_FAULT = struct.Struct('=3i')
_CLOCK = len(KINDS) * _FAULT.size


def attempt(function):
    """What it returns; None where it is refused or cut off."""
    try:
        return function()
    except (OSError, EOFError, Refused, Failed):
        return None


class Faults:
    """The faults of all processes of one program that start meanwhile."""

    def __init__(self, program):
        self.file = tempfile.NamedTemporaryFile(prefix='inject-')
        self.file.write(bytes(_CLOCK + 4))
        self.file.flush()
        self.map = mmap.mmap(self.file.fileno(), _CLOCK + 4)
        self.environment = mock.patch.dict(os.environ, {
            'LD_PRELOAD': built('tests/inject/libinject.so'), 'INJECT_PROGRAM': program,
            'INJECT_CONTROL': self.file.name})

    def __enter__(self):
        self.environment.start()
        return self

    def __exit__(self, *_):
        self.environment.stop()
        self.map.close()
        self.file.close()

    def arm(self, kind, number, error):
        """The next call fails, once, where `number` is 1; with 2 the one after it; with 0 none."""
        _FAULT.pack_into(self.map, KINDS.index(kind) * _FAULT.size, number, error, 0)

    def disarm(self, kind):
        """Whether a call has failed since arm()."""
        failed = _FAULT.unpack_from(self.map, KINDS.index(kind) * _FAULT.size)[2]
        self.arm(kind, 0, 0)
        return failed > 0

    def each(self, kind, error, act):
        """Yields attempt(act) with its first call of `kind` failing, with its second and so on;
        at the end act() has succeeded without a failure, and there has been one before."""
        for n in itertools.count(1):
            self.arm(kind, n, error)
            result = attempt(act)
            if not self.disarm(kind):
                assert result, f'refused though no {kind} failed'
                assert n > 1, f'{kind} was not called'
                return
            yield result

    def turn_clock(self, seconds):
        """Puts the wall clock of the program that far from ours."""
        struct.pack_into('=i', self.map, _CLOCK, seconds)
