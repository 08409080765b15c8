# SPDX-License-Identifier: GPL-2.0-or-later
"""What the vTPM of a VM may try that a guest has taken over: run in its unit, in place of swtpm.

Each attack is a line on standard output: "NAME refused: HOW" or "NAME SUCCEEDED: WHAT". argv[1] is
a file with socket, admin_socket, on, off, unknown (UUIDs of VMs: one runs), on_pid, state (folders
of the one that runs), secrets (files), devices and device_number of the hardware TPM.
"""
import contextlib
import json
import os
import signal
import socket
import sys
import types

from client import Refused, VtpmClient
from protocol import UUID

ATTACKS = {}


def attack(name):
    def register(function):
        ATTACKS[name] = function
        return function
    return register


class Succeeded(Exception):
    """An attack was not refused."""


def client(uuid=UUID):
    return VtpmClient(types.SimpleNamespace(socket=aim['socket']), uuid, timeout=10, known=False,
                      user=os.geteuid())


def hello(uuid):
    with client(uuid) as vtpm:
        try:
            vtpm.hello()
        except Refused as refusal:
            return f'status {refusal.status}'
    raise Succeeded(f'spoke for {uuid}')


def cannot_open(*paths, flags=os.O_RDONLY):
    """How each of the paths was refused."""
    how = set()
    for path in paths:
        try:
            os.close(os.open(path, flags))
        except OSError as problem:
            how.add(problem.strerror)
            continue
        raise Succeeded(f'opened {path}')
    return ', '.join(sorted(how))


@attack('speak-for-vm-that-runs')
def _():
    return hello(aim['on'])


@attack('speak-for-vm-that-is-off')
def _():
    return hello(aim['off'])


@attack('speak-for-unknown-vm')
def _():
    return hello(aim['unknown'])


@attack('read-memory-of-another')
def _():
    return cannot_open(f'/proc/{aim["on_pid"]}/mem', f'/proc/{aim["on_pid"]}/maps',
                       f'/proc/{aim["on_pid"]}/root/etc/passwd')


@attack('end-another')
def _():
    try:
        os.kill(aim['on_pid'], signal.SIGKILL)
    except OSError as problem:
        return problem.strerror
    raise Succeeded(f'killed {aim["on_pid"]}')


@attack('read-state-of-another')
def _():
    how = set()
    for folder in aim['state']:
        try:
            raise Succeeded(f'{folder} has {os.listdir(folder)}')
        except OSError as problem:
            how.add(problem.strerror)
    return ', '.join(sorted(how))


@attack('open-hardware-tpm')
def _():
    return cannot_open(*aim['devices'], flags=os.O_RDWR)


@attack('make-device-of-hardware-tpm')
def _():
    path = os.path.join(os.environ['STATE_DIRECTORY'], 'tpm')
    try:
        os.mknod(path, 0o020600, os.makedev(*aim['device_number']))
    except OSError as problem:
        return problem.strerror
    return cannot_open(path, flags=os.O_RDWR)


@attack('read-attestation-key')
def _():
    return cannot_open(*aim['secrets'])


@attack('administer')
def _():
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(30)
        try:
            channel.connect(aim['admin_socket'])
            channel.sendall(b'{"command": "list"}\n')
            answer = channel.recv(65536)
        except OSError as problem:
            return problem.strerror
    if b'"ok":true' in answer.replace(b' ', b''):
        raise Succeeded(answer.decode())
    return answer.decode().strip() or 'closed'


@attack('reach-network')
def _():
    try:
        socket.socket(socket.AF_INET).close()
    except OSError as problem:
        return problem.strerror
    raise Succeeded('an internet socket')


@attack('write-system')
def _():
    return cannot_open('/etc/swtpm-attack', '/usr/bin/swtpm-attack', '/run/swtpm-attack',
                       flags=os.O_WRONLY | os.O_CREAT)


@attack('take-all-connections')
def _():
    with contextlib.ExitStack() as held:
        try:
            for number in range(100000):
                held.enter_context(client())
        except OSError as problem:
            return f'{problem.strerror} after {number}'
    raise Succeeded('100000 connections')


@attack('flood-the-manager')
def _():
    for number in range(500):
        try:
            with client() as vtpm:
                vtpm.hello()
        except Refused:
            continue
        except (OSError, EOFError) as problem:
            return f'turned away after {number}: {type(problem).__name__}'
        raise Succeeded(f'spoke for {UUID}')
    return 'each of 500'


@attack('start-many-processes')
def _():
    children = []
    try:
        while len(children) < 1000:
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    except OSError as problem:
        return f'{problem.strerror} after {len(children)}'
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    raise Succeeded(f'{len(children)} processes')


@attack('fill-the-disk-with-a-file')
def _():
    path = os.path.join(os.environ['STATE_DIRECTORY'], 'large')
    piece = bytes(1 << 16)
    try:
        with open(path, 'wb', buffering=0) as large:
            for number in range(1024):
                large.write(piece)
    except OSError as problem:
        return f'{problem.strerror} after {number * len(piece) >> 10} KiB'
    finally:
        os.unlink(path)
    raise Succeeded('64 MiB in one file')


def main():
    for name, function in ATTACKS.items():
        try:
            said = f'refused: {function()}'
        except Succeeded as what:
            said = f'SUCCEEDED: {what}'
        except Exception as problem:  # a mistake of the attack's own is no refusal
            said = f'FAILED: {problem!r}'
        print(name, said, flush=True)


with open(sys.argv[1], encoding='utf-8') as file:
    aim = json.load(file)
main()
