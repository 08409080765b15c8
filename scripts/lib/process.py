# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes and sockets of a demonstration or a test: to start, to wait for, to end."""
import contextlib
import ctypes
import os
import shlex
import signal
import socket
import subprocess
import time

_PR_SET_PDEATHSIG = 1
_ACCEPTS = 0x10000  # __SO_ACCEPTCON among a socket's flags, proc_net_unix(5)
_libc = ctypes.CDLL(None, use_errno=True)


class Failed(RuntimeError):
    """What was waited for did not come, or a program refused; with what it said."""


def spawn(command, log=None, keep=False, prepare=None, **arguments):
    """Starts `command` with its output going to the file `log`, or where ours goes.

    It ends with us, even if we are killed, unless `keep` is set: then it outlives us. `prepare` is
    called in the new process.
    """
    def before():
        if not keep:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if prepare is not None:
            prepare()
    with open(log, 'ab') if log else contextlib.nullcontext() as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                start_new_session=keep, preexec_fn=before, **arguments)


def stop(process, seconds=10):
    """Ends a process that we started, by SIGTERM or else SIGKILL; returns its exit code."""
    if process is None:
        return None
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def run(command, code=0, log=None, **arguments):
    """Runs a program to its end: the subprocess.CompletedProcess, with text; Failed, with what it
    said and the end of `log`, where its exit code is not `code`."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, **arguments)
    if done.returncode != code:
        raise Failed(f'{shlex.join([os.path.basename(command[0]), *command[1:]])}: '
                     f'exit code {done.returncode}: {(done.stderr or done.stdout).strip()}\n'
                     f'{tail(log) if log else ""}')
    return done


def wait_until(condition, what, seconds=30, process=None, log=None):
    """Polls `condition` until it is true and returns its value; Failed, with the end of `log`, when
    the time is over or `process` has ended."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if process is not None and process.poll() is not None:
            raise Failed(f'{what}: the process ended with {process.poll()}\n'
                         f'{tail(log) if log else ""}')
        if time.monotonic() > end:
            raise Failed(f'{what}: not within {seconds} s\n{tail(log) if log else ""}')
        time.sleep(0.01)
    return value


def listens(path):
    """Whether somebody listens at a stream socket: its file is there a moment before that."""
    with open('/proc/net/unix', encoding='utf-8', errors='surrogateescape') as sockets:
        for line in sockets:
            words = line.rstrip('\n').split(None, 7)
            if words[-1] == path and int(words[3], 16) & _ACCEPTS:
                return True
    return False


def connect(path, process=None, log=None, seconds=30):
    """A connection to a stream socket that `process` may be about to make."""
    sock = socket.socket(socket.AF_UNIX)
    try:
        wait_until(lambda: sock.connect_ex(path) == 0, f'a connection to {path}', seconds, process,
                   log)
    except BaseException:
        sock.close()
        raise
    return sock


def tail(path, lines=30):
    """The last lines of a log file, or nothing where there is none."""
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8', errors='replace') as f:
        return f'--- {path}\n' + ''.join(f.readlines()[-lines:])
