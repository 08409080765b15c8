# SPDX-License-Identifier: GPL-2.0-or-later
"""What VM_LAUNCH costs a quote, and how long a first look at QEMU and a second one take."""
import argparse
import os
import statistics
import tempfile
import time

from launched import FLAGS, Launched, kernel
from manager import Manager


def arguments():
    p = argparse.ArgumentParser(prog='launch-times', description=__doc__)
    p.add_argument('--quotes', type=int, default=500, help='with the flag, and without it (500)')
    p.add_argument('--initrd', type=int, default=64, help='MiB of the initrd (64)')
    return p.parse_args()


def took(function):
    """Milliseconds."""
    begun = time.perf_counter_ns()
    function()
    return (time.perf_counter_ns() - begun) / 1e6


def quote(client, flags):
    nonce = os.urandom(32)

    def act():
        client.prepare(flags=flags)
        client.quote(nonce, flags=flags)
    return took(act)


def put(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, 'wb') as f:
        f.write(data)
    return path


def main():
    args = arguments()
    with tempfile.TemporaryDirectory(prefix='launch-times-') as folder, \
            Manager(vm_rate=0) as manager:
        files = ('-machine', 'q35', '-kernel', put(folder, 'vmlinuz', kernel(b'k')), '-initrd',
                 put(folder, 'initrd', bytes(args.initrd << 20)))
        time.sleep(3)  # files that have just been written are not remembered
        with Launched(manager, *files, '-m', '512') as vm:
            first = took(lambda: vm.client.prepare(flags=FLAGS))
            vm.hello()
            second = took(lambda: vm.client.prepare(flags=FLAGS))
            times = {1: [], FLAGS: []}
            for _ in range(args.quotes):
                for flags, values in times.items():
                    values.append(quote(vm.client, flags))
            print(f'parts                {len(vm.parts()):8}')
            print(f'first look           {first:8.2f} ms, with an initrd of {args.initrd} MiB')
            print(f'second look          {second:8.2f} ms')
            print(f'quote without launch {statistics.median(times[1]):8.3f} ms, median of '
                  f'{args.quotes}')
            print(f'quote with launch    {statistics.median(times[FLAGS]):8.3f} ms')


main()
