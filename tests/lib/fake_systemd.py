# SPDX-License-Identifier: GPL-2.0-or-later
"""Where systemd is not process 1: programs that stand for systemctl and systemd-run and only note
how they are called, and a service's command started by us as systemd starts it."""
import contextlib
import os
import re
import shlex
import socket

from process import spawn, stop, tail
from programs import built, program
from swtpm import environment

_PROGRAM = """#!/bin/sh
# Stands for {name}: notes its arguments, and does what the test put beside it.
echo "{name} $*" >> '{folder}/calls'
for word; do
    case $word in
    -*) ;;
    *) [ -x "{folder}/on-$word" ] && exec "{folder}/on-$word" "$@"; break ;;
    esac
done
"""


class FakeSystemd:
    """Its programs are in `folder`, which belongs first on PATH."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)
        os.chmod(folder, 0o755)
        for name in ('systemctl', 'systemd-run'):
            self._script(name, _PROGRAM.format(name=name, folder=folder))

    def _script(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, 'w', encoding='ascii') as f:
            f.write(text)
        os.chmod(path, 0o755)
        return path

    def environment(self):
        return {**os.environ, 'PATH': f'{self.folder}:{os.environ["PATH"]}'}

    def calls(self):
        """What was called since the last time."""
        path = os.path.join(self.folder, 'calls')
        if not os.path.exists(path):
            return []
        with open(path, encoding='utf-8') as f:
            lines = f.read().splitlines()
        os.unlink(path)
        return lines

    @contextlib.contextmanager
    def on(self, verb, script):
        """What `verb` does besides being noted, by a line of shell."""
        path = self._script(f'on-{verb}', f'#!/bin/sh\n{script}\n')
        try:
            yield
        finally:
            os.unlink(path)


def service_command(uuid, manager):
    """The vTPM's command line, from the service as it is built."""
    with open(built('packaging', 'swtpm-deepquote@.service'), encoding='utf-8') as f:
        unit = f.read().replace('\\\n', '')
    values = dict(pair.split('=', 1) for pair in
                  re.search(r'^Environment=(.*)$', unit, re.M)[1].split())
    line = re.search(r'^ExecStart=(.*)$', unit, re.M)[1]
    for name, value in values.items():
        line = line.replace('${' + name + '}', value).replace('$' + name, value)
    words = shlex.split(line.replace('%i', uuid).replace('%S/', '/var/lib/private/'))
    return [program('swtpm-deepquote'), *(re.sub('manager=[^,]*', f'manager={manager}', word)
                                          for word in words[1:])]


def pass_as(descriptor, number):
    """Has the program that is executed next find `descriptor` under this number."""
    if descriptor == number:
        os.set_inheritable(number, True)
    else:
        os.dup2(descriptor, number)


@contextlib.contextmanager
def activated(uuid, manager, log):
    """The service of a VM as it is once somebody has connected: (process, socket to it)."""
    with listening() as (listener, path):
        process = spawn(service_command(uuid, manager), log, env=environment(), close_fds=False,
                        prepare=lambda: pass_as(listener.fileno(), 3))
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.settimeout(60)
            try:
                yield process, client
            except OSError as problem:
                raise AssertionError(tail(log)) from problem
            finally:
                stop(process)


@contextlib.contextmanager
def listening():
    """A socket that listens, and its path."""
    path = f'/run/activated-{os.getpid()}.sock'
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(8)
        try:
            yield listener, path
        finally:
            os.unlink(path)
