# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/howto/quickstart.md is honest: its commands, run one after the other with a real libvirtd,
say what the page of the running Debian says that they do, but for what is another each time. With
QUICKSTART_WRITE=true in the environment the page of Debian 13 is written. systemd is stood in for,
by the service's own command in the service's control group, and ssh by the guest's agent."""
import contextlib
import itertools
import os
import platform
import re
import shlex
import shutil
import socket
import subprocess
import sys

import cgroup
import defaults
import namespace
import tap
from cgroup import Cgroup
from fake_systemd import FakeSystemd, pass_as, service_command
from host import Host
from libvirtd import Domain, Libvirtd, logs, virsh
from machine import make_guest_image
from process import spawn, stop
from programs import program, programs
from swtpm import environment
from vm import accelerator

FOLDER = os.path.join(os.environ['SOURCE_ROOT'], 'docs', 'howto')
PAGE, PAGE_13 = f'{FOLDER}/quickstart.md', f'{FOLDER}/quickstart-13.md'
ON_13 = platform.freedesktop_os_release().get('VERSION_CODENAME') == 'trixie'
WRITE = ON_13 and os.environ.get('QUICKSTART_WRITE') == 'true'
MANAGER_DIR = os.path.dirname(defaults.SOCKET)
NAME, UUID = 'first', '3b8c1f6e-0d6c-4d6e-9a5e-2f1f0c7a9b11'
UNIT = f'/system.slice/system-swtpm\\x2ddeepquote.slice/swtpm-deepquote@{UUID}.service'
ADDRESS = f'/run/swtpm-deepquote/{UUID}.sock'
SOCKET_STARTS = f'systemctl --quiet enable --now swtpm-deepquote@{UUID}.socket'
BIN, WORK = '/run/quickstart-bin', '/run/quickstart'
COMMANDS = 5
TEXT_13 = """\
<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# The five commands on Debian 13

What the commands of [quickstart.md](quickstart.md) printed there, **with a stand-in** for a TPM.
The test `quickstart` has written this page, with `QUICKSTART_WRITE=true` in the environment, and
compares it with what they print whenever it runs on Debian 13.

{versions}

{transcript}
"""
SSH = """#!/bin/sh
# Stands for ssh root@first: the agent of the guest runs the command.
exec {python} {agent} {socket} "$2"
"""


def steps(text):
    """[(command, output)] of the transcripts of a page: `$ ` in front of a command, which goes on
    in lines that are indented further, and then what it prints."""
    found = []
    for block in re.findall(r'(?:^    .*\n|^\n(?=    ))+', text, re.M):
        lines = [line[4:] for line in block.splitlines()]
        while lines:
            command = [lines.pop(0)]
            while lines and lines[0].startswith('    '):
                command.append(lines.pop(0))
            if command[0].startswith('$ '):
                output = list(itertools.takewhile(lambda line: line[:2] != '$ ', lines))
                found.append(('\n'.join(command)[2:], '\n'.join(output).rstrip('\n')))
    return found


def transcript(done):
    """What steps() takes apart."""
    lines = '\n\n'.join(f'$ {command}\n{output}'.strip() for command, output in done)
    return '\n'.join(f'    {line}'.rstrip() for line in lines.splitlines())


def read_steps(path):
    with open(path, encoding='utf-8') as f:
        return steps(f.read())


def shape(text):
    """What of an output is the same each time: not keys, UUIDs and times."""
    text = re.sub(r'\b\d{4}-\d\d-\d\dT[\d:]{8}Z', 'TIME', text)
    text = re.sub(r'\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b', 'UUID', text)
    text = re.sub(r'\b[0-9a-f]{8,}\b', 'DIGITS', text)
    return '\n'.join(line.rstrip() for line in text.splitlines() if line.strip())


@contextlib.contextmanager
def activation():
    """systemd's part: what connects to ADDRESS reaches the vTPM of the unit, in its group."""
    os.makedirs(os.path.dirname(ADDRESS))
    with socket.socket(socket.AF_UNIX) as listener, Cgroup(UNIT) as group:
        listener.bind(ADDRESS)
        shutil.chown(ADDRESS, group='libvirt-qemu')
        os.chmod(ADDRESS, 0o660)
        listener.listen(8)

        def enter():
            pass_as(listener.fileno(), 3)
            with open(f'{group.path}/cgroup.procs', 'w', encoding='ascii') as f:
                f.write('0')

        process = spawn(service_command(UUID, defaults.SOCKET), '/run/deepquote/service.log',
                        env=environment(), close_fds=False, prepare=enter)
        try:
            yield
        finally:
            stop(process)


def install_programs():
    """On a PATH as an installation has them, with the stand-in for ssh."""
    os.makedirs(BIN)
    for name in programs():
        os.symlink(program(name), f'{BIN}/{name}')
    agent = os.path.join(os.environ['SOURCE_ROOT'], 'tests', 'libvirt', 'agent_ssh.py')
    with open(f'{BIN}/ssh', 'w', encoding='ascii') as f:
        f.write(SSH.format(python=shlex.quote(sys.executable), agent=shlex.quote(agent),
                           socket=f'/run/deepquote/{NAME}.agent'))
    os.chmod(f'{BIN}/ssh', 0o755)


def execute(command):
    """What a command of the page prints, in the folder that the page is followed in."""
    done = subprocess.run(['bash', '-c', command], cwd=WORK, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=300, env={**systemd.environment(), 'LC_ALL': 'C.UTF-8'})
    return done.returncode, done.stdout


def add_case(number, command, output):
    program = command.split(maxsplit=1)[0]

    @tap.case(f'command {number} of the page does what the page says: {program}')
    def _():
        status, said = execute(command)
        printed.append((command, said))
        print(''.join(f'# {line}\n' for line in said.splitlines()), end='', flush=True)
        if SOCKET_STARTS in systemd.calls():
            parts.enter_context(activation())
        # a verdict that is not "trusted" has a status of its own
        tap.equal(status, 3 if number == COMMANDS else 0,
                  f'status of:\n{command}\n{said}\n{logs()}')
        assert WRITE or shape(said) == shape(output), \
            f'{command}\nsays\n{said}\nand the page\n{output}'


@tap.case('the page has five commands, and its outputs say that there is a stand-in')
def _():
    tap.equal(len(found), COMMANDS)
    for output in (found[2][1], found[-1][1]):
        assert 'stand-in TPM' in output, output


@tap.case('the pages of both releases have the same commands')
def _():
    tap.equal(*([command for command, _ in read_steps(path)] for path in (PAGE, PAGE_13)))


@tap.case('a transcript is taken apart as it is meant')
def _():
    tap.equal(steps('    $ a \\\n        b\n    c\n\n    d\ntext\n\n    no\n\n    $ e\n'),
              [('a \\\n    b', 'c\n\nd'), ('e', '')])
    pairs = [('a |\n    b', 'c\n\nd'), ('e', ''), ('f', 'g')]
    tap.equal(steps(transcript(pairs) + '\n'), pairs)
    tap.equal(shape(f'VM {UUID}, key 000b{"a7" * 32}  \n\n1 of 2, 2026-11-26T19:31:06Z\n'),
              'VM UUID, key DIGITS\n1 of 2, TIME')


def versions():
    """What was at work, in a sentence."""
    libvirt = re.search(r'^Using library: (.*)$', virsh('version'), re.M)[1]
    qemu = re.search(r'^Running hypervisor: (.*)$', virsh('version'), re.M)[1]
    kernel = execute(f'ssh root@{NAME} "uname -r"')[1].strip()
    return f'{libvirt}, {qemu}, and a guest with Linux {kernel}.'


def write_page():
    """That of Debian 13, if all commands came to an end."""
    if WRITE and len(printed) == COMMANDS:
        with open(PAGE_13, 'w', encoding='utf-8') as f:
            f.write(TEXT_13.format(versions=versions(), transcript=transcript(printed)))


def prepare():
    """Outside: what the namespaces need is made with the rights and paths of the caller."""
    why = namespace.obstacle() or cgroup.obstacle(top=True)
    if why is not None:
        print(f'1..0 # SKIP {why}')
        sys.exit(0)
    make_guest_image()
    accelerator()


if not namespace.inside():
    prepare()
namespace.enter(['/var/lib/private'])
for folder in (MANAGER_DIR, WORK, '/run/deepquote'):
    os.makedirs(folder)
shutil.chown('/run/deepquote', 'libvirt-qemu')
install_programs()
systemd = FakeSystemd('/run/fake-systemd')
os.environ['PATH'] = f'{BIN}:{os.environ["PATH"]}'
found = read_steps(PAGE_13 if ON_13 and not WRITE else PAGE)
printed = []
for _number, (_command, _output) in enumerate(found, 1):
    add_case(_number, _command, _output)
manager = Host('/run/deepquote', sockets=MANAGER_DIR)
with contextlib.ExitStack() as parts:
    parts.enter_context(manager)
    parts.enter_context(Libvirtd())
    domain = Domain(NAME, UUID, None)
    domain.define()
    parts.callback(domain.__exit__)
    parts.callback(write_page)
    tap.main()
