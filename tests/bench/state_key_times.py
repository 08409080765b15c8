# SPDX-License-Identifier: GPL-2.0-or-later
"""What the key of a sealed state costs the start of a vTPM: from its process to the answer to INIT,
beside swtpm and beside a VM that is not sealed, in turn; and what asking for a key takes, of the
first VM of a group, for which the TPM (a stand-in) works, and of others."""
import argparse
import contextlib
import os
import statistics
import struct
import tempfile
import time

from client import VtpmClient
from manager import Manager
from process import connect
from protocol import KEY, UUID, uuid_bytes
from programs import program
from swtpm import SWTPM, Swtpm
from vtpm import receive

INIT = struct.pack('>II', 2, 0)


def start_of(tpm):
    """Milliseconds of one start."""
    begin = time.monotonic()
    with tpm, contextlib.closing(connect(tpm.control, tpm.process, tpm.log)) as control:
        control.sendall(INIT)
        assert receive(control, 4) == bytes(4), tpm.log_text()
        return (time.monotonic() - begin) * 1000


def ask(manager, uuid):
    """Milliseconds until the key is there, over a connection that is."""
    with VtpmClient(manager, uuid) as peer:
        begin = time.monotonic()
        key = peer.call(KEY, uuid_bytes(uuid)).b2()
        took = time.monotonic() - begin
    assert len(key) == 32
    return took * 1000


def main():
    parser = argparse.ArgumentParser(prog='state-key-times', description=__doc__)
    parser.add_argument('--starts', type=int, default=60, help='of each kind (60)')
    options = parser.parse_args()
    kinds = {'swtpm': (SWTPM, None), 'not sealed': (program('swtpm-deepquote'), False),
             'sealed': (program('swtpm-deepquote'), True)}
    times = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory(prefix='key-times-') as folder, Manager() as manager:
        manager.introduce(UUID, os.getuid())
        for number in range(options.starts + 1):
            for kind, (binary, sealed) in kinds.items():
                if sealed:
                    continue
                times[kind].append(start(manager, folder, kind, binary, sealed is not None))
        assert manager.admin('seal', uuid=UUID)['ok']
        first = ask(manager, UUID)
        others = [ask(manager, UUID) for _ in range(200)]
        for number in range(options.starts + 1):
            for kind, (binary, sealed) in kinds.items():
                if sealed is not False:
                    times[kind].append(start(manager, folder, kind, binary, sealed))
    stock = statistics.median(times['swtpm'][1:])
    print(f'start of a vTPM, median of {options.starts}; the TPM of the host is a stand-in')
    for kind, values in times.items():
        median = statistics.median(values[1:])
        print(f'{kind:12} {median:6.2f} ms  {median - stock:+6.2f} ms')
    print(f'first key of a group {first:.2f} ms, others {statistics.median(others):.3f} ms '
          '(goal: a start under 5 ms longer)')


def start(manager, folder, kind, binary, with_manager):
    tpm = Swtpm(os.path.join(folder, kind), binary,
                f'manager={manager.socket},uuid={UUID}' if with_manager else None)
    return start_of(tpm)


if __name__ == '__main__':
    main()
