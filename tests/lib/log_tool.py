# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm2_checkdeepquote's commands on logs, and the real logs of tests/data/logs."""
import functools
import json
import os
import subprocess
import tempfile

import tap
from programs import program

LOGS = os.path.join(os.environ['SOURCE_ROOT'], 'tests', 'data', 'logs')
NAMES = ['seabios', 'ovmf', 'secureboot', 'systemd-boot']


def sample(name, kind):
    return os.path.join(LOGS, f'{name}-{kind}')


def content(path):
    with open(path, 'rb') as f:
        return f.read()


def run(*arguments, status=0):
    """What the tool says on standard output, as bytes, and on standard error, as text."""
    done = subprocess.run([program('tpm2_checkdeepquote'), *arguments], capture_output=True,
                          check=False, env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    tap.equal(done.returncode, status, f'{arguments}: {done.stderr}')
    return done.stdout, done.stderr.decode()


def lines(*arguments, status=0):
    """The JSON objects that it prints."""
    return [json.loads(line) for line in run(*arguments, '--json', status=status)[0].splitlines()]


def with_file(data):
    """Decorator: calls the function with the path of a file with these bytes, at the end."""
    def decorate(function):
        @functools.wraps(function)
        def wrapped(*arguments):
            with tempfile.NamedTemporaryFile() as file:
                file.write(data)
                file.flush()
                return function(*arguments, file.name)
        return wrapped
    return decorate
