# SPDX-License-Identifier: GPL-2.0-or-later
"""Starting and ending the processes of a demonstration or a test."""
import ctypes
import os
import signal
import subprocess
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _end_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def spawn(command, log, keep=False, **arguments):
    """Starts `command` with its output going to the file `log`.

    It ends with us, even if we are killed, unless `keep` is set: then it outlives us.
    """
    with open(log, 'ab') as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                start_new_session=keep,
                                preexec_fn=None if keep else _end_with_parent, **arguments)


def stop(process, seconds=10):
    """Ends a process that we started: SIGTERM, then SIGKILL."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(what, condition, process, log, seconds=30):
    """Polls `condition` until it holds; an error with the end of `log` if the process ends."""
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f'{what} does not come up:\n{tail(log)}')
        time.sleep(0.05)


def tail(path, lines=30):
    """The last lines of a log file, or nothing where there is none."""
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8', errors='replace') as f:
        return f'--- {path}\n' + ''.join(f.readlines()[-lines:])
