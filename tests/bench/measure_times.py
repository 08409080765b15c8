# SPDX-License-Identifier: GPL-2.0-or-later
"""measure_times.py [MIB]: what measure-boot=on adds to the start of QEMU with a huge initrd (2048),
beside the speed of OpenSSL's hashes; and how much memory QEMU has then."""
import os
import re
import subprocess
import sys
import tempfile
import time

import machine
from programs import built
from swtpm import Swtpm

QEMU = os.environ.get('QEMU_SYSTEM_X86_64')
HASHES = ['sha1', 'sha256', 'sha384', 'sha512']


def openssl_speed(name):
    """MB/s, on one core."""
    said = subprocess.run(['openssl', 'speed', '-mr', '-seconds', '1', '-bytes', '65536', '-evp',
                           name], capture_output=True, text=True, check=True).stdout
    return float(re.search(r'^\+F:.*:([0-9.]+)$', said, re.M)[1]) / 1e6


def memory(pid):
    """Anonymous memory in MiB."""
    with open(f'/proc/{pid}/status', encoding='ascii') as f:
        return int(re.search(r'^RssAnon:\s+(\d+) kB', f.read(), re.M)[1]) / 1024


def processor_time(pid):
    with open(f'/proc/{pid}/stat', encoding='ascii') as f:
        fields = f.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def start(directory, initrd, measure):
    """Seconds of a processor and by the clock until QEMU answers, and its memory then."""
    begun = time.monotonic()
    with Swtpm(directory) as swtpm, machine.Machine(
            directory, QEMU, 'tcg', 'tpm-crb', swtpm.control,
            ['-S', '-machine', 'pc', '-m', '3583', '-kernel', built('guest', 'vmlinuz'),
             '-initrd', initrd], backend=f'measure-boot={measure}') as guest:
        guest.qmp('query-status')
        seconds = time.monotonic() - begun
        return processor_time(guest.process.pid), seconds, memory(guest.process.pid)


def main():
    mib = int(sys.argv[1]) if len(sys.argv) > 1 else 2048
    if not QEMU:
        print('skipped: name our QEMU by QEMU_SYSTEM_X86_64')
        return
    machine.make_guest_image()
    with tempfile.TemporaryDirectory(prefix='measure-') as directory:
        initrd = os.path.join(directory, 'initrd')
        with open(initrd, 'wb') as f:
            f.truncate(mib << 20)
        off, on = (start(directory, initrd, measure) for measure in ('off', 'on'))
    speeds = {name: openssl_speed(name) for name in HASHES}
    seconds = sum((mib << 20) / 1e6 / speed for speed in speeds.values())
    print(f'initrd of {mib} MiB; seconds of a processor')
    for what, it in (('without', off), ('with', on)):
        print(f'start {what + " measuring":18} {it[0]:6.2f} s  {it[1]:6.2f} s by the clock  '
              f'{it[2]:6.0f} MiB of memory')
    print(f'OpenSSL, four hashes     {seconds:6.2f} s  '
          + ', '.join(f'{n} {s:.0f} MB/s' for n, s in speeds.items()))
    print(f'measuring / OpenSSL      {(on[0] - off[0]) / seconds:6.2f}')


main()
