#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Build QEMU and pass all qtests of its TPM, QEMU's own and this project's, as one TAP stream.

With TEST_FULL=true in the environment, x86_64 once more with the sanitizers; streams are also
passed to a QEMU of the same version with its own TPM code, and taken from it, and on Debian 12 to
and from Debian 13's QEMU with our TPM.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get('SOURCE_ROOT', pathlib.Path(__file__).parents[2]))
TIME_LIMIT = 300  # seconds a program
ON_ARM = re.compile(r'-(device|i2c)-')
ON_BOTH = {'vtpm-stream-test'}  # x86_64 and aarch64
CASE = re.compile(r'^(ok|not ok) \d+ (.*)')

# QEMU's migration tests with swtpm ask the target for its migration status, and break where it has
# none yet because the connection has not been accepted. That race is in the test program, which
# then dies by a null pointer; it is the same with QEMU's own TPM code.
MAY_RACE = re.compile(r'-swtpm-test$')
TRIES = 12
NO_ROOT = 77  # of scripts/debian-root: this machine lets nobody mount


def build(*options):
    """Returns the program."""
    done = subprocess.run([ROOT / 'scripts' / 'build-qemu', *options],
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print('Bail out! QEMU does not build')
        sys.exit(1)
    return pathlib.Path(done.stdout.strip())


def newer_qemu(scratch):
    """The QEMU of Debian 13 with our TPM, built there, as a program that runs here; None where no
    root can be entered."""
    done = subprocess.run([ROOT / 'scripts' / 'debian-root', 'trixie', 'scripts/build-qemu',
                           '--tests'], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == NO_ROOT:
        return None
    if done.returncode:
        print('Bail out! QEMU does not build on Debian 13')
        sys.exit(1)
    root = ROOT / 'build' / 'roots' / 'trixie'
    inside = pathlib.Path(done.stdout.strip()).relative_to('/src/build')
    qemu = ROOT / 'build' / 'roots' / 'trixie.build' / inside
    program = scratch / 'newer' / qemu.name
    program.parent.mkdir()
    program.write_text(f"""#!/bin/sh
exec '{root}/lib64/ld-linux-x86-64.so.2' --library-path '{root}/usr/lib/x86_64-linux-gnu' \\
    '{qemu}' -L '{qemu.parent}/qemu-bundle/usr/local/share/qemu' "$@"
""")
    program.chmod(0o755)
    return program


def peers(build_dir, scratch):
    """The variables that have the tests of migration exchange streams with another QEMU."""
    stock = {'VTPM_STOCK_QEMU': str(build('--stock', '--targets', 'x86_64-softmmu'))}
    if not build_dir.name.startswith('qemu-7.2-') or not (newer := newer_qemu(scratch)):
        return stock
    return stock | {'VTPM_NEWER_QEMU': str(newer)}


def programs(build_dir):
    """(program, QEMU binary): ours and those of QEMU that need no more than a TPM."""
    tests = build_dir / 'tests' / 'qtest'
    for path in sorted([*tests.glob('tpm-*-test'), *tests.glob('vtpm-*-test')]):
        archs = ['aarch64' if ON_ARM.search(path.name) else 'x86_64']
        if path.name in ON_BOTH:
            archs = ['x86_64', 'aarch64']
        for arch in archs:
            qemu = build_dir / f'qemu-system-{arch}'
            if qemu.exists():
                yield path, qemu


def run(path, qemu, scratch, others):
    """Returns (status, lines). The program's whole process group ends with it."""
    log = scratch / f'{path.name}.log'
    env = dict(os.environ, **others, QTEST_QEMU_BINARY=str(qemu), QTEST_QEMU_IMG='false',
               VTPM_FUZZ_CORPUS=str(ROOT / 'tests' / 'fuzz' / 'corpus' / 'qemu_tpm'),
               TMPDIR=str(scratch), ASAN_OPTIONS='detect_leaks=0',
               UBSAN_OPTIONS='halt_on_error=1:print_stacktrace=1')
    with log.open('w') as out:
        child = subprocess.Popen([path, '--tap', '-k'], cwd=qemu.parent, env=env, stdout=out,
                                 stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                 start_new_session=True)
        try:
            status = child.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            status = None
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
    return status, log.read_text(errors='replace').splitlines()


class Report:
    def __init__(self):
        self.count = 0
        self.failed = False

    def case(self, word, name):
        self.count += 1
        self.failed |= word != 'ok'
        print(f'{word} {self.count} {name}', flush=True)

    def program(self, name, passed, lines):
        cases = [m.groups() for m in map(CASE.match, lines) if m]
        for word, case in cases:
            self.case(word, case)
        if not passed:
            self.case('not ok', f'{name} ends well')
            for line in lines[-20:]:
                print(line[:300], file=sys.stderr)


def run_all(report, build_dir, scratch, others):
    for path, qemu in programs(build_dir):
        of_target = others if qemu.name.endswith('x86_64') else {}
        for attempt in range(TRIES if MAY_RACE.search(path.name) else 1):
            status, lines = run(path, qemu, scratch, of_target)
            if status != -signal.SIGSEGV:
                break
            print(f'# {path.name}: try {attempt + 1} lost its race')
        report.program(path.name, status == 0, lines)


def main():
    report = Report()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix='qtest-'))
    full = os.environ.get('TEST_FULL') == 'true'
    build_dir = build('--tests').parent
    others = peers(build_dir, scratch) if full else {}
    run_all(report, build_dir, scratch, others)
    if full:
        print('# with the sanitizers')
        sanitized = build('--tests', '--asan', '--targets', 'x86_64-softmmu').parent
        run_all(report, sanitized, scratch, others)
    print(f'1..{report.count}')
    if not report.failed:
        shutil.rmtree(scratch)
    sys.exit(report.failed)


main()
