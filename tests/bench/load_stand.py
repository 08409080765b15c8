# SPDX-License-Identifier: GPL-2.0-or-later
"""A manager in front of a software TPM that may be as slow as a chip, and deepquote-load at it.

    with Stand('quote=71,other=20') as stand:
        report = stand.load(100, 10, 2)
"""
import contextlib
import json
import os
import pathlib
import subprocess

from manager import Manager
from process import Failed
from programs import built
from vtpm import Vtpm

LONG_MS = 3600 * 1000


class Stand:
    """A swtpm, behind a latency where wanted, and a manager in front of it."""

    def __init__(self, latency=None, **options):
        self.latency, self.options = latency, options

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            tcti = stack.enter_context(Vtpm(client=False)).tcti
            if self.latency:
                tcti = f'{built("tests", "bench", "tcti-latency.so")}:{self.latency}:{tcti}'
            self.manager = stack.enter_context(Manager(tcti=tcti, **self.options))
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self.stack.__exit__(*error)

    def load(self, vms, seconds, warmup, *options):
        report, ak = (os.path.join(self.manager.dir, name) for name in ('report.json', 'ak.pub'))
        self.manager.ctl('ak', '--output', ak)
        done = subprocess.run(
            [built('tests', 'bench', 'deepquote-load'), '--socket', self.manager.socket,
             '--admin-socket', self.manager.admin_socket, '--vms', str(vms), '--seconds',
             str(seconds), '--warmup', str(warmup), '--host-ak', ak,
             '--manager-pid', str(self.manager.process.pid), '--timeout', str(LONG_MS), '--json',
             report, *options], capture_output=True, text=True, check=False)
        if not os.path.exists(report):
            raise Failed('deepquote-load: ' + done.stderr)
        with open(report, encoding='utf-8') as f:
            found = json.load(f)
        print(f'  {done.stdout.splitlines()[0]}', flush=True)
        return found


def processor():
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.split(':', 1)[1].strip()
    return os.uname().machine


def machine():
    return (f'{len(os.sched_getaffinity(0))} cores of {processor()}, Linux {os.uname().release}, '
            f'swtpm {first_word("swtpm", "--version")}')


def first_word(*argv):
    try:
        text = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        raise Failed(f'{argv[0]} is not installed: run scripts/setup build run bench') from None
    return text.split('version', 1)[-1].split(',')[0].strip()
