# SPDX-License-Identifier: GPL-2.0-or-later
"""The README's commands in a Debian, argv[1], that mmdebstrap has just made: each in one of its
own, in which nothing is installed. What takes how long is told; no case fails by it. With
TEST_FULL=true in the environment also scripts/demo with a QEMU that it builds."""
import os
import re
import shlex
import subprocess
import sys
import time

import tap

SOURCE = os.environ['SOURCE_ROOT']
RELEASE = sys.argv.pop(1)
NO_ROOT = 77  # of scripts/debian-root: this machine lets nobody mount
# What begins a long step
STEP = re.compile(r'(installing|installed|configuring|building|downloading|== The host|verdict:)')
TIMED = 'TIMEFORMAT="%R s, and of processors %U s + %S s"; time "$@"'
# Runs a command as somebody who is not root and may use sudo
AS_USER = """
exec 3>&1 >/var/log/user
apt-get -q update
apt-get -q -y install --no-install-recommends sudo
useradd --create-home somebody
echo 'somebody ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/somebody
chown somebody build
exec runuser -u somebody -- env HOME=/home/somebody "$@" >&3
"""
TEST = ('scripts/test', '--stock-qemu', '--no-sanitizers')


def run(*command):
    """The lines that a command prints there; skips the case where there can be no such Debian."""
    with subprocess.Popen(['scripts/debian-root', '--fresh', RELEASE,
                           'bash', '-c', TIMED, 'bash', *command], cwd=SOURCE,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        began, lines = None, []
        for line in process.stdout:
            lines.append(line.rstrip('\n'))
            if began is None and not line.startswith('installing Debian '):
                began = time.monotonic()
            if began is not None and STEP.match(line):
                print(f'# {time.monotonic() - began:4.0f} s  {line[:60].rstrip()}', flush=True)
    if process.returncode == NO_ROOT:
        tap.skip(lines[-1])
    text = '\n'.join(lines)
    assert process.returncode == 0, f'status {process.returncode}:\n{text}'
    print('#', lines.pop())
    return lines


@tap.case(f'scripts/demo --quick installs, builds and ends with its verdict on Debian {RELEASE}')
def _():
    tap.equal(run('scripts/demo', '--quick')[-1], 'verdict: trusted')


if os.environ.get('TEST_FULL') == 'true':
    @tap.case(f'scripts/demo builds QEMU too and ends with its verdict on Debian {RELEASE}')
    def _():
        tap.equal(run('scripts/demo')[-1], 'verdict: trusted')


def passed(line):
    """Whether it is the last of a scripts/test in which nothing failed, which it prints."""
    print('#', line)
    return re.fullmatch(r'\d{3,} passed, 0 failed, \d+ skipped', line)


@tap.case(f'scripts/test installs, builds and passes on Debian {RELEASE}')
def _():
    assert passed(run(*TEST, 'unit', 'boot')[-1])


@tap.case(f'both do so for a user who is not root and may use sudo on Debian {RELEASE}')
def _():
    both = f'id -u; scripts/demo --quick; {shlex.join(TEST)} unit'
    lines = run('bash', '-ec', AS_USER, 'bash', 'bash', '-ec', both)
    assert '0' not in lines and 'verdict: trusted' in lines, lines
    assert passed(lines[-1])


tap.main()
