# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest image with TrouSerS, tpm-tools and tpm_deepquote beside what it has.

    make_image(path)      # an initramfs
    guest = TrousersGuest(machine.agent(SECONDS))
    guest.start_tcsd()
"""
import os
import re
import shutil
import subprocess

import cpio
import tcsd
from programs import built, program

TOOLS = ('tcsd', 'tpm_version', 'tpm_getpubek', 'tpm_takeownership')
EXTRA = ['/lib/x86_64-linux-gnu/libgcc_s.so.1']  # for pthread_exit, which loads it
FILES = {
    'etc/passwd': b'root:x:0:0::/root:/bin/sh\ntss:x:102:109::/var/lib/tpm:/bin/false\n',
    'etc/group': b'root:x:0:\ntss:x:109:\n',
    'etc/nsswitch.conf': b'passwd: files\ngroup: files\nhosts: files\n',
    'etc/hosts': b'127.0.0.1 localhost\n',
    'etc/tcsd.conf': b'disable_ipv6 = 1\n',
}
SETUP = """
chmod 755 /
ip link set lo up
chown root:tss /etc/tcsd.conf && chmod 640 /etc/tcsd.conf
mkdir -p /var/lib/tpm && chown tss:tss /var/lib/tpm && chmod 700 /var/lib/tpm
chown tss /dev/tpm0
"""


def libraries(paths):
    said = subprocess.run(['ldd', *paths], capture_output=True, text=True, check=True).stdout
    return sorted(set(re.findall(r'(/\S+\.so\S*)(?= \(0x)', said)))


def make_image(path):
    """The initramfs of scripts/guest-image with a second archive behind it."""
    programs = {name: shutil.which(name, path=tcsd.PATH) for name in TOOLS}
    programs['tpm_deepquote'] = program('tpm_deepquote')
    tree = {}
    for source, place in [(path, f'usr/bin/{name}') for name, path in programs.items()] + \
            [(library, library[1:]) for library in libraries(programs.values()) + EXTRA]:
        with open(source, 'rb') as f:
            tree[place] = f.read()
    tree.update(FILES)
    folders = {folder for place in tree for folder in parents(place)}
    with open(built('guest', 'initramfs'), 'rb') as f, open(path, 'wb') as out:
        shutil.copyfileobj(f, out)
        out.write(bytes(-out.tell() % 4))
        out.write(cpio.newc({**dict.fromkeys(sorted(folders)), **tree}))


def parents(place):
    while place := os.path.dirname(place):
        yield place


class TrousersGuest:
    """A guest of that image whose agent answers."""

    def __init__(self, agent):
        self.agent = agent
        self.text(SETUP)

    def text(self, script, seconds=120):
        return self.agent.check(script, seconds).decode(errors='replace').strip()

    def start_tcsd(self):
        self.text('setsid tcsd -f </dev/null >/tmp/tcsd.log 2>&1 3>&- &\n'
                  'for i in $(seq 60); do netstat -ltn | grep -q :30003 && exit; sleep 1; '
                  'done; cat /tmp/tcsd.log >&2; exit 1')

    def stop_tcsd(self):
        self.text('killall tcsd; while pidof tcsd; do sleep 1; done >/dev/null')

    def quote(self, nonce, pcrs, host_pcrs, to, blob='aik.blob', public='ak.pub'):
        """Runs tpm_deepquote in the guest and puts its files into the directory `to`."""
        self.text(f'cd /tmp && tpm_deepquote -z -b {blob} -q {nonce} -p {pcrs} '
                  f'--host-pcr-list {host_pcrs} -m quote.msg -s quote.sig -o pcrs.bin '
                  '--evidence evidence.bin')
        os.makedirs(to, exist_ok=True)
        for there, here in (('quote.msg',) * 2, ('quote.sig',) * 2, ('pcrs.bin',) * 2,
                            ('evidence.bin',) * 2, (public, 'ak.pub')):
            with open(os.path.join(to, here), 'wb') as f:
                f.write(self.agent.check(f'cat /tmp/{there}'))
