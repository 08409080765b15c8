# SPDX-License-Identifier: GPL-2.0-or-later
"""vtpm-cuse in a Debian guest, whose kernel has CUSE: swtpm's own tools and a TSS on the device."""
import hashlib
import json
import os
import re
import shutil
import tempfile

import tap
from cpio import newc, with_libraries
from machine import make_guest_image
from programs import built, program
from vm import Vm

TCTI = '/usr/lib/x86_64-linux-gnu/libtss2-tcti-device.so.0'
PROGRAMS = {
    '/usr/bin/swtpm': '/usr/bin/swtpm',
    '/usr/bin/swtpm_ioctl': '/usr/bin/swtpm_ioctl',
    '/usr/bin/swtpm_bios': '/usr/bin/swtpm_bios',
    '/usr/bin/tpm2': '/usr/bin/tpm2',
    '/usr/bin/vtpm-cuse': program('vtpm-cuse'),
    '/usr/bin/swtpm-deepquote': program('swtpm-deepquote'),
    '/usr/bin/module.so': built('swtpm-deepquote', 'module.so'),
    '/usr/bin/opener': built('tests', 'cuse', 'opener'),
    TCTI: TCTI,
}
USERS = (b'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n'
         b'alice:x:1000:1000::/:/bin/sh\n')
BIOS = 'swtpm_bios --tpm-device /dev/vtpm-x'
# Waits in the guest, which may be slow, until $1 is true
AWAIT = 'await() { for i in $(seq 400); do eval "$1" && break; sleep 0.1; done; }; '
GONE = AWAIT + "await '[ ! -e /dev/vtpm-x ]'; ls /dev/vtpm-x 2>&1 || true"
HASHED = b'0123456789abcdef' * 600  # more than one ioctl takes


class Version:
    """What differs between TPMs of two versions: commands in hexadecimal, and how to read answers.

    extend, pcr_read: of PCR 10, which nothing resets but a start; dynamic: reads PCR 17
    """

    def __init__(self, name, option, bios, hash_name, commands):
        self.name, self.option, self.bios, self.hash_name = name, option, bios, hash_name
        self.random, self.extend, self.pcr_read, self.dynamic = commands
        self.size = hashlib.new(hash_name).digest_size


TPM2 = Version('2.0', '--tpm2', f'{BIOS} --tpm2', 'sha256', (
    '80010000000c0000017b0008',
    '80020000004100000182' '0000000a' '00000009400000090000000000' '00000001000b' + '5a' * 32,
    '8001000000140000017e' '00000001000b03000400',
    '8001000000140000017e' '00000001000b03000002'))
TPM12 = Version('1.2', '', BIOS, 'sha1', (
    '00c10000000e0000004600000008', '00c1000000220000001400' '00000a' + '5a' * 20,
    '00c10000000e000000150000000a', '00c10000000e0000001500000011'))


class Setting:
    """The guest, which all cases share."""
    directory = tempfile.mkdtemp(prefix='cuse-')
    vm = None

    @classmethod
    def path(cls, name):
        return os.path.join(cls.directory, name)

    @classmethod
    def start(cls):
        make_guest_image()
        tree = with_libraries(PROGRAMS)
        tree['etc'] = None
        tree['etc/passwd'] = USERS
        with open(cls.path('initramfs'), 'wb') as f, \
                open(built('guest', 'initramfs'), 'rb') as image:
            f.write(image.read() + bytes(-os.path.getsize(image.name) % 4) + newc(tree))
        cls.vm = Vm(cls.directory, None, None, initramfs=cls.path('initramfs'), memory='512')
        cls.vm.start()

    @classmethod
    def stop(cls):
        if cls.vm is not None:
            cls.vm.stop()
        shutil.rmtree(cls.directory)


def guest(script, seconds=120):
    return Setting.vm.agent.check(script, seconds).decode(errors='replace').strip()


def status(script, seconds=120):
    """(exit status, output, what it complains of) of a command in the guest."""
    code, output, error = Setting.vm.agent.run(script, seconds)
    return code, output.decode(errors='replace').strip(), error.strip()


def ioctl(words):
    return guest(f'swtpm_ioctl {words} /dev/vtpm-x')


def opener(*words):
    """What the opener says to its words, without the first, that it opened the device."""
    lines = guest(f'opener /dev/vtpm-x {" ".join(words)}').splitlines()
    assert lines[0] == 'open: 0', lines
    return lines[1:]


def execute(command):
    """The response of the TPM to a command, behind its header."""
    said = opener(f'write:{command}', 'read:4096')
    answer = bytes.fromhex(said[1].split()[1])
    tap.equal(answer[6:10].hex(), '00000000', f'{command}: {said}')
    return answer[10:]


def start_swtpm(options, program_name='swtpm', channel='--ctrl type=unixio,path=/tmp/x/ctrl'):
    guest('rm -rf /tmp/x; mkdir /tmp/x')
    start_again(options, program_name, channel)


def start_again(options, program_name='swtpm', channel='--ctrl type=unixio,path=/tmp/x/ctrl'):
    guest(f'{AWAIT}{program_name} socket {options} --tpmstate dir=/tmp/x {channel} '
          "--log file=/tmp/x/log --pid file=/tmp/x/pid --daemon; await '[ -s /tmp/x/pid ]'")


def start_device(options='--unix /tmp/x/ctrl'):
    """In a shell's background, which notes how it ends."""
    guest(f'{AWAIT}rm -f /tmp/x/status; (vtpm-cuse {options} x >/tmp/x/said 2>&1; echo $? '
          ">/tmp/x/status) >/dev/null 2>&1 & await '[ -c /dev/vtpm-x ]'; "
          'test -c /dev/vtpm-x || { cat /tmp/x/said >&2; false; }')


def ended():
    """(exit status, what it said) of vtpm-cuse, once the device is gone."""
    assert 'No such file' in guest(GONE)
    return guest(f"{AWAIT}await '[ -s /tmp/x/status ]'; cat /tmp/x/status"), \
        guest('cat /tmp/x/said')


def switch_on(version):
    ioctl('-i')
    guest(version.bios)


def pcr(version, command):
    return execute(command)[-version.size:].hex()


def extended(version, *events):
    value = bytes(version.size)
    for event in events:
        value = hashlib.new(version.hash_name, value + event).digest()
    return value.hex()


@tap.case('the guest boots')
def _():
    Setting.start()
    guest('chmod 755 / && ip link set lo up')


@tap.case('without the module, or swtpm, the message says what to do')
def _():
    guest('mkdir /tmp/x')
    code, _, said = status('vtpm-cuse --unix /tmp/x/ctrl x')
    tap.equal((code, said), (1, 'vtpm-cuse: /tmp/x/ctrl: No such file or directory; start swtpm '
                                'there first, and see that it lets this user in'))
    start_swtpm('--tpm2')
    code, _, said = status('vtpm-cuse --unix /tmp/x/ctrl x')
    tap.equal((code, said), (1, 'vtpm-cuse: /dev/cuse: No such file or directory; load the '
                                "kernel's module: modprobe cuse"))
    guest('kill $(cat /tmp/x/pid)')


@tap.case('the modules are loaded')
def _():
    guest('test ! -e /lib/fuse.ko || insmod /lib/fuse.ko')  # it is built into some kernels
    guest('insmod /lib/cuse.ko && test -c /dev/cuse')


@tap.case('with --daemon the device is there when the command ends, and root\'s alone')
def _():
    start_swtpm('--tpm2')
    guest('vtpm-cuse --daemon --unix /tmp/x/ctrl x')
    tap.equal(guest('stat -c "%F %a %U" /dev/vtpm-x'), 'character special file 600 root')


@tap.case('its process has neither user, group, nor capability of root')
def _():
    shown = guest('grep -E "^(Uid|Gid|Groups|CapEff|CapPrm|NoNewPrivs):" '
                  '/proc/$(pidof vtpm-cuse)/status')
    tap.equal([line.split() for line in shown.splitlines()],
              [['Uid:'] + ['65534'] * 4, ['Gid:'] + ['65534'] * 4, ['Groups:'],
               ['CapPrm:', '0' * 16], ['CapEff:', '0' * 16], ['NoNewPrivs:', '1']])


@tap.case('a second device of that name is refused, and one of the same swtpm')
def _():
    code, _, said = status('vtpm-cuse --unix /tmp/x/ctrl x')
    assert code == 1 and 'is there already' in said, said
    code, _, said = status('vtpm-cuse --unix /tmp/x/ctrl y')
    assert code == 1 and 'did not answer in 10 s' in said, said


@tap.case('SIGTERM ends the device, and swtpm serves the next')
def _():
    guest('kill $(pidof vtpm-cuse)')
    assert 'No such file' in guest(GONE)
    start_device()
    ioctl('-c')
    ioctl('-s')
    tap.equal(ended(), ('0', ''))


def version_cases(v):
    """The same for both versions of a TPM."""
    def case(name):
        return tap.case(f'TPM {v.name}: {name}')

    @case('swtpm_ioctl asks it')
    def _():
        start_swtpm(v.option)
        start_device()
        tap.equal(ioctl('-c'), 'ptm capability is 0x6fff')
        ioctl('-i')
        tap.equal(ioctl('-g'), 'ptm configuration flags: 0x0')
        tap.equal(ioctl('-e'), 'tpmEstablished is 0')
        tap.equal(json.loads(ioctl('--info 1'))['TPMSpecification']['family'], v.name)
        assert re.match(r'TPM buffersize: \d+\nminimum size *: \d+\nmaximum size *: \d+$',
                        ioctl('-b 0')), ioctl('-b 0')

    @case('swtpm_bios starts it')
    def _():
        guest(v.bios)
        assert len(execute(v.random)) >= 8

    @case('each opener sees the TPM as the last one left it')
    def _():
        execute(v.extend)
        tap.equal(pcr(v, v.pcr_read), extended(v, b'\x5a' * v.size))

    @case('data that swtpm_ioctl hashes is in PCR 17')
    def _():
        guest(f'for i in $(seq 600); do printf {HASHED[:16].decode()}; done >/tmp/x/data; '
              'swtpm_ioctl -h - /dev/vtpm-x </tmp/x/data')
        tap.equal(pcr(v, v.dynamic), extended(v, hashlib.new(v.hash_name, HASHED).digest()))
        tap.equal(ioctl('-e'), 'tpmEstablished is 1')
        ioctl('-r 3')
        tap.equal(ioctl('-e'), 'tpmEstablished is 0')

    @case('its state is saved, and volatile state stored')
    def _():
        ioctl('-v')
        for kind in ('permanent', 'volatile'):
            ioctl(f'--save {kind} /tmp/x/{kind}')
            assert int(guest(f'stat -c %s /tmp/x/{kind}')) > 500

    @case('read takes the same state')
    def _():
        said = opener('state:1:/tmp/x/read')
        tap.equal(said, [f'state: {guest("stat -c %s /tmp/x/permanent")}'])
        guest('cmp /tmp/x/read /tmp/x/permanent')
        assert len(execute(v.random)) >= 8  # that was all of it: commands work again

    @case('stopped it fails commands, and a start forgets the PCR')
    def _():
        ioctl('--stop')
        said = opener(f'write:{v.random}', 'read:4096')
        assert said[1].split()[1][12:20] != '00000000', said
        guest('rm -f /tmp/x/*.volatilestate')
        switch_on(v)
        tap.equal(pcr(v, v.pcr_read), extended(v))

    @case('what is loaded goes on where it was')
    def _():
        ioctl('--stop')
        for kind in ('permanent', 'volatile'):
            ioctl(f'--load {kind} /tmp/x/{kind}')
        ioctl('-i')
        tap.equal(pcr(v, v.pcr_read), extended(v, b'\x5a' * v.size))

    @case('write gives the same state')
    def _():
        ioctl('--stop')
        tap.equal(opener('restore:1:/tmp/x/permanent', 'restore:2:/tmp/x/volatile'),
                  ['restore: 0', 'restore: 0'])
        ioctl('-i')
        tap.equal(pcr(v, v.pcr_read), extended(v, b'\x5a' * v.size))

    @case('a state that is none is refused by swtpm, and the TPM starts all the same')
    def _():
        ioctl('--stop')
        guest('head -c 4000 /dev/urandom >/tmp/x/noise')
        code, _, said = status('swtpm_ioctl --load volatile /tmp/x/noise /dev/vtpm-x && '
                               'swtpm_ioctl -i /dev/vtpm-x')
        assert code != 0, said
        guest('rm -f /tmp/x/*.volatilestate')
        switch_on(v)
        assert len(execute(v.random)) >= 8

    @case('a storm of calls, right and wrong, does no harm')
    def _():
        done = int(opener('storm:250')[0].split()[1])
        assert done > 30, done
        ioctl('--stop')
        guest('rm -f /tmp/x/*.volatilestate')
        ioctl('-l 0')  # from others there is no start
        ioctl('--load permanent /tmp/x/permanent')
        switch_on(v)
        assert len(execute(v.random)) >= 8

    @case('swtpm_ioctl -s ends swtpm and the device')
    def _():
        ioctl('-s')
        tap.equal(ended(), ('0', ''))
        guest('! pidof swtpm')


version_cases(TPM2)
version_cases(TPM12)


@tap.case('a TSS uses the device')
def _():
    start_swtpm('--tpm2')
    start_device()
    switch_on(TPM2)
    assert re.fullmatch('[0-9a-f]{16}', guest('tpm2 getrandom -T device:/dev/vtpm-x --hex 8'))
    guest('cd /tmp/x && tpm2 createprimary -T device:/dev/vtpm-x -G ecc -c primary.ctx && '
          'tpm2 readpublic -T device:/dev/vtpm-x -c primary.ctx >/dev/null')


@tap.case('one opener at a time, and no user but root, whatever the mode')
def _():
    guest('chmod 666 /dev/vtpm-x')
    tap.equal(opener('open'), ['open: EBUSY'])
    tap.equal(status('opener /dev/vtpm-x uid:1000 open')[1], 'open: EACCES')
    tap.equal(opener('poll:0'), ['poll: out'])


@tap.case('what fits no ioctl, and what is no command, is refused')
def _():
    refused = {
        '8004500f': 'ENOTTY',  # SET_DATAFD
        'c0085001': 'ENOTTY',  # INIT of another size
        '80045001': 'ENOTTY',  # of another direction
        'd0045006:ffffffff': 'EINVAL',  # HASH_DATA beyond its structure
        'cc0c500c:0000000001000000010c0000': 'EINVAL',  # a piece of a state, likewise
    }
    tap.equal(opener(*(f'ioctl:{code}' for code in refused)),
              [f'ioctl: {error}' for error in refused.values()])
    tap.equal(opener('write:80', 'write:80010000000d0000017b0008', 'write:' + '80' * 4097),
              ['write: EINVAL', 'write: EINVAL', 'write: E2BIG'])


@tap.case('while swtpm does not answer, waits can be ended, and the response comes later')
def _():
    guest('kill -STOP $(cat /tmp/x/pid)')
    try:
        said = opener(f'write:{TPM2.random}', 'poll:300', f'write:{TPM2.random}', 'alarm:1',
                      'read:100', 'alarm:1', 'ioctl:8008500e:0000000000000000', 'nonblock',
                      'read:100')
    finally:
        guest('kill -CONT $(cat /tmp/x/pid)')
    tap.equal(said, ['write: 12', 'poll:', 'write: EBUSY', 'read: EINTR', 'ioctl: EINTR',
                     'nonblock: 0', 'read: EAGAIN'])
    for _ in range(50):  # until the response of that opener has come, for nobody
        said = opener('read:100', f'write:{TPM2.random}', 'poll:5000', 'read:100')
        tap.equal(said[0], 'read: ')
        if said[1] == 'write: 12':
            break
    tap.equal(said[1:3], ['write: 12', 'poll: in'])
    assert said[3].startswith('read: 8001'), said


def hang_up_case(words, want):
    @tap.case(f'swtpm is killed: {words[-2]} sees it, and {words[-1]}')
    def _():
        if guest('ls /dev/vtpm-x 2>/dev/null || true') == '':
            start_again('--tpm2')
            start_device()
            switch_on(TPM2)
        alone = 1 + words[0].startswith('write:')  # what it says before it waits for swtpm
        said = guest(f'{AWAIT}kill -STOP $(cat /tmp/x/pid); '
                     f'opener /dev/vtpm-x {" ".join(words)} >/tmp/x/opened & '
                     f"await '[ $(wc -l </tmp/x/opened) -ge {alone} ]'; sleep 1; "
                     'kill -KILL $(cat /tmp/x/pid); wait; cat /tmp/x/opened')
        tap.equal(said.splitlines(), ['open: 0', *want])
        code, said = ended()
        tap.equal(code, '1')
        assert 'swtpm has ended' in said, said


hang_up_case((f'write:{TPM2.random}', 'poll:20000', 'read:100'),
             ['write: 12', 'poll: err hup', 'read: EIO'])
hang_up_case((f'write:{TPM2.random}', 'read:100', f'write:{TPM2.random}'),
             ['write: 12', 'read: EIO', 'write: EIO'])
hang_up_case(('ioctl:8008500e:0000000000000000', 'open'), ['ioctl: EIO', 'open: ENODEV'])


@tap.case('--owner may open it, and no third user')
def _():
    start_again('--tpm2')
    start_device('--unix /tmp/x/ctrl --owner alice')
    tap.equal(guest('stat -c "%a %u" /dev/vtpm-x'), '600 1000')
    guest('chmod 666 /dev/vtpm-x')
    tap.equal(status('opener /dev/vtpm-x uid:1000 open')[1].splitlines()[0], 'open: 0')
    tap.equal(status('opener /dev/vtpm-x uid:1001 open')[1], 'open: EACCES')
    ioctl('-s')
    tap.equal(ended(), ('0', ''))


@tap.case('a TPM on the loopback is the same device')
def _():
    start_swtpm('--tpm2', channel='--server type=tcp,port=2321 --ctrl type=tcp,port=2322')
    start_device('--tcp 2321')
    switch_on(TPM2)
    assert re.fullmatch('[0-9a-f]{16}', guest('tpm2 getrandom -T device:/dev/vtpm-x --hex 8'))
    ioctl('--save permanent /tmp/x/permanent')
    ioctl('--stop')
    ioctl('--load permanent /tmp/x/permanent')
    switch_on(TPM2)
    guest('kill -KILL $(cat /tmp/x/pid)')
    tap.equal(ended()[0], '1')


@tap.case('swtpm-deepquote behind it has its commands')
def _():
    start_swtpm('--tpm2 --deepquote manager=/tmp/x/nobody,'
                'uuid=6ba7b810-9dad-41d1-80b4-00c04fd430c8', 'swtpm-deepquote')
    start_device()
    switch_on(TPM2)
    code, _, said = status('cd /tmp && tpm2_deepquote --tcti device:/dev/vtpm-x --ak-create '
                           f'--ak-public ak.pub -q {"5a" * 32} -l sha256:0 '
                           '--host-pcr-list sha256:0 -m m -s s -o o --evidence e')
    assert code != 0 and '0x501' in said, said  # there is no manager: it was asked
    ioctl('-s')
    tap.equal(ended(), ('0', ''))


try:
    tap.main()
finally:
    Setting.stop()
