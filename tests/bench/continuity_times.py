# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs that each state is announced before it is stored: NV_Write against stock swtpm in
the same run, and announcements of many VMs at once."""
import argparse
import json
import os
import resource
import select
import statistics
import struct
import tempfile
import time

import tpm2
from client import VtpmClient
from manager import Manager
from protocol import ANNOUNCE, OK, REPLY, UUID
from users import own
from vtpm import Vtpm

NV_INDEX = 0x01500010


def arguments():
    p = argparse.ArgumentParser(prog='continuity-times', description=__doc__)
    p.add_argument('--build', default=os.environ['BUILD_ROOT'], help='build directory')
    p.add_argument('--writes', type=int, default=1500, help='NV_Writes of each vTPM (1500)')
    p.add_argument('--vms', type=int, nargs='+', default=[1, 16, 64, 256],
                   help='VMs that announce at once (1 16 64 256)')
    p.add_argument('--seconds', type=float, default=4, help='for each number of them (4)')
    p.add_argument('--dir', help='of states and registry, hence the disk (a temporary one)')
    p.add_argument('--json', action='store_true', help='print JSON')
    return p.parse_args()


def owner(parameters):
    return tpm2.u32(0x40000001) + parameters


def prepare(tpm):
    public = (tpm2.u32(NV_INDEX) + tpm2.u16(tpm2.ALG_SHA256) + tpm2.u32(0x00060006) +
              tpm2.b2(b'') + tpm2.u16(8))
    tpm2.check(tpm.send(tpm2.command('NV_DefineSpace', owner(
        tpm2.auth_area(tpm2.pw()) + tpm2.b2(b'') + tpm2.b2(public)), tpm2.ST_SESSIONS)))


def write(tpm, value):
    """Microseconds of one NV_Write."""
    command = tpm2.command('NV_Write', owner(
        tpm2.u32(NV_INDEX) + tpm2.auth_area(tpm2.pw()) + tpm2.b2(struct.pack('>Q', value)) +
        tpm2.u16(0)), tpm2.ST_SESSIONS)
    begun = time.perf_counter_ns()
    response = tpm.send(command)
    took = time.perf_counter_ns() - begun
    tpm2.check(response)
    return took / 1000


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def summary(values):
    return {'p50-us': round(statistics.median(values), 1),
            'mean-us': round(statistics.fmean(values), 1),
            'p99-us': round(percentile(values, 99), 1)}


def compare_writes(options, manager, folder):
    """Writes take turns, so that what else the machine does is shared."""
    own(manager, UUID)
    with Vtpm(dir=os.path.join(folder, 'stock')) as stock, \
            Vtpm(dir=os.path.join(folder, 'ours'),
                 deepquote=f'manager={manager.socket},timeout=5') as ours:
        for tpm in (stock, ours):
            prepare(tpm)
        taken = ([], [])
        for value in range(options.writes):
            for tpm, list_ in zip((stock, ours), taken):
                list_.append(write(tpm, value))
        assert manager.vm(UUID)['broken'] == 0
    return {'stock': summary(taken[0]), 'announced': summary(taken[1]),
            'ratio-p50': round(statistics.median(taken[1]) / statistics.median(taken[0]), 3),
            'ratio-mean': round(statistics.fmean(taken[1]) / statistics.fmean(taken[0]), 3)}


class Announcer:
    """A VM that announces its next state as soon as the last one is on the disk."""

    def __init__(self, manager, number):
        self.client = VtpmClient(manager, uuid=f'{number:08x}-0000-4000-8000-000000000000',
                                 loaded=bytes(32), stored=bytes(32))
        self.client.hello()
        self.count = 0
        self.taken = []

    def send(self):
        self.count += 1
        following = self.count.to_bytes(32, 'big')
        self.begun = time.perf_counter_ns()
        self.client.send(ANNOUNCE, tpm2.b2(self.client.stored) + tpm2.b2(following) +
                         tpm2.b2(b''))
        self.client.stored = following

    def answer(self):
        packet = self.client.sock.recv(64)
        self.taken.append((time.perf_counter_ns() - self.begun) / 1000)
        assert struct.unpack('>HII', packet[6:16])[::2] == (ANNOUNCE | REPLY, OK), packet


def announce_at_once(manager, count, seconds):
    vms = [Announcer(manager, number) for number in range(1, count + 1)]
    poller = select.epoll()
    by_fd = {}
    for vm in vms:
        by_fd[vm.client.sock.fileno()] = vm
        poller.register(vm.client.sock, select.EPOLLIN)
        vm.send()
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        for fd, _ in poller.poll():
            by_fd[fd].answer()
            by_fd[fd].send()
    took = time.perf_counter() - begun
    taken = [value for vm in vms for value in vm.taken]
    for vm in vms:
        vm.client.close()
    return {'vms': count, 'per-second': round(len(taken) / took)} | summary(taken)


def sync_times(folder):
    """Microseconds for the disk to sync a block that it has already: what nothing undercuts."""
    path = os.path.join(folder, 'synced')
    fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    taken = []
    os.pwrite(fd, bytes(1 << 20), 0)
    os.fsync(fd)
    for block in range(200):
        os.pwrite(fd, b'x' * 4096, 4096 * block)
        begun = time.perf_counter_ns()
        os.fdatasync(fd)
        taken.append((time.perf_counter_ns() - begun) / 1000)
    os.close(fd)
    os.unlink(path)
    return summary(taken)


def measure(options, folder):
    with Manager(dir=folder) as manager:
        result = {'disk-sync': sync_times(folder),
                  'nv-write': compare_writes(options, manager, folder), 'announcements': []}
        for count in options.vms:
            if count == 1 or os.getuid() == 0:
                result['announcements'].append(
                    announce_at_once(manager, count, options.seconds))
    return result


def show(result):
    def line(name, times, more=''):
        print(f'{name:<34} p50 {times["p50-us"]:9.1f}  mean {times["mean-us"]:9.1f}  '
              f'p99 {times["p99-us"]:9.1f} us{more}')
    line('sync of a block by this disk', result['disk-sync'])
    writes = result['nv-write']
    line('NV_Write, stock swtpm', writes['stock'])
    line('NV_Write, each state announced', writes['announced'],
         f'  ratio of p50 {writes["ratio-p50"]}, of mean {writes["ratio-mean"]} (goal 1.5)')
    for row in result['announcements']:
        line(f'announcements of {row["vms"]} VMs at once', row,
             f'  {row["per-second"]} a second (goal 2000, p99 under 20 ms)')


def main():
    options = arguments()
    os.environ['BUILD_ROOT'] = os.path.abspath(options.build)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix='continuity-', dir=options.dir) as folder:
        os.chmod(folder, 0o755)
        result = measure(options, folder)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)


main()
