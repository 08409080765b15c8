# SPDX-License-Identifier: GPL-2.0-or-later
"""One boot of a Linux guest with the TPM device of argv[1]: it takes the vTPM, and deep-quotes."""
import os
import re
import shutil
import sys
import tempfile

import tap
from agent import GuestError
from host import PCR_LIST, Host
from machine import make_guest_image
from protocol import UUID
from verifier import verify
from vm import Vm

DEVICE = sys.argv.pop(1)
DRIVER = DEVICE.replace('-', '_')


class Setting:
    """What the cases share: a host, a guest, and a deep quote."""
    directory = tempfile.mkdtemp(prefix='boot-')
    manager = vtpm = vm = key = policy = None
    quote = nonce = None

    @classmethod
    def stop(cls):
        for part in (cls.vm, cls.vtpm, cls.manager):
            if part is not None:
                part.stop()
        shutil.rmtree(cls.directory)


def guest(script):
    return Setting.vm.agent.check(script).decode()


def deepquote(folder, vtpm_pcrs='sha256:0,1,2,3,4,5,6,7', host_pcrs=PCR_LIST):
    """The nonce, the folder with the files, and what the guest's program said."""
    nonce, to = os.urandom(32).hex(), os.path.join(Setting.directory, folder)
    return nonce, to, Setting.vm.agent.deepquote(nonce, vtpm_pcrs, host_pcrs, to)


def expect_authentic(quote, nonce):
    verdict = verify(quote, nonce, host=Setting.key, policy=Setting.policy, uuid=UUID)
    assert verdict.authentic, verdict


def expect_refused(folder, *words):
    try:
        deepquote(folder, 'sha256:0', 'sha256:0')
    except GuestError as problem:
        for word in words:
            assert word in str(problem), problem
    else:
        raise AssertionError('got a deep quote')


@tap.case('the guest boots and its kernel takes the TPM')
def _():
    make_guest_image()
    Setting.manager = Host(Setting.directory).start()
    Setting.manager.ctl('register', UUID, '--owner', str(os.getuid()), '--name', 'boot')
    Setting.vtpm = Setting.manager.vtpm(UUID).start()
    Setting.vm = Vm(Setting.directory, DEVICE, Setting.vtpm.control).start()
    driver = os.path.basename(guest('readlink /sys/class/tpm/tpm0/device/driver').strip())
    tap.equal(driver, DRIVER)
    tap.equal(guest('cat /sys/class/tpm/tpm0/tpm_version_major').strip(), '2')


@tap.case('the kernel counts the commands of the TPM and finds them right')
def _():
    # a count that does not fit puts the TPM into failure mode, and leaves no resource manager
    messages = guest('dmesg')
    assert not re.search(r'tpm tpm0:.*(fail|error|self ?test)', messages, re.I), messages
    assert not re.search(r'failure mode', messages, re.I), messages
    guest('test -c /dev/tpm0 && test -c /dev/tpmrm0')


@tap.case('the kernel reads PCRs that the firmware extended')
def _():
    first = guest('cat /sys/class/tpm/tpm0/pcr-sha256/0').strip()
    assert re.fullmatch('[0-9A-F]{64}', first) and first != '0' * 64, first


@tap.case('the guest deep-quotes')
def _():
    Setting.nonce, Setting.quote, said = deepquote('quote')
    # this kernel may keep vendor commands from /dev/tpmrm0; then one line says what was done
    assert len(said.splitlines()) <= 1, said
    assert not said or '/dev/tpm0' in said, said


@tap.case('the deep quote is authentic')
def _():
    _, Setting.key, Setting.policy = Setting.manager.enrol(
        os.path.join(Setting.directory, 'verifier'), UUID)
    expect_authentic(Setting.quote, Setting.nonce)


@tap.case('the deep quote is refused for another VM')
def _():
    other = UUID[:-1] + '9'
    tap.equal(verify(Setting.quote, Setting.nonce, host=Setting.key, uuid=other).word, 'wrong-vm')


@tap.case('the quote is over the PCRs that the kernel shows')
def _():
    shown = ''.join(guest(f'cat /sys/class/tpm/tpm0/pcr-sha256/{i}').strip() for i in range(8))
    with open(os.path.join(Setting.quote, 'pcrs.bin'), 'rb') as f:
        tap.equal(f.read().hex().upper(), shown)


@tap.case('a change of a guest PCR shows in the next quote')
def _():
    before = os.path.join(Setting.quote, 'pcrs.bin')
    # TPM2_PCR_Extend of PCR 4's sha256 bank, as any program in the guest could
    command = ('80 02 00 00 00 41 00 00 01 82 00 00 00 04 00 00 00 09 40 00 00 09 00 00 00 00 00 '
               '00 00 00 01 00 0b') + ' 5a' * 32
    octal = ''.join(f'\\{int(byte, 16):03o}' for byte in command.split())
    status = guest(f"exec 4<>/dev/tpm0; printf '{octal}' >&4; dd bs=4096 count=1 <&4 2>/dev/null "
                   '| xxd -p').strip()
    tap.equal(status[12:20], '00000000', 'PCR_Extend')
    nonce, after, _ = deepquote('after')
    expect_authentic(after, nonce)
    with open(before, 'rb') as f, open(os.path.join(after, 'pcrs.bin'), 'rb') as g:
        old, new = f.read(), g.read()
    tap.equal([i for i in range(8) if old[32 * i:32 * i + 32] != new[32 * i:32 * i + 32]], [4])


@tap.case('a VM that the manager does not know is told so in words')
def _():
    Setting.manager.ctl('disable', UUID)
    try:
        expect_refused('denied', 'refuses this VM', '0x502')
    finally:
        Setting.manager.ctl('enable', UUID)


@tap.case('the host away: the guest is told, and its TPM works on')
def _():
    Setting.manager.stop()
    expect_refused('away', 'vtpm-managerd', '0x501')
    guest('cat /sys/class/tpm/tpm0/pcr-sha256/0')
    Setting.manager.start()
    nonce, back, _ = deepquote('back')
    expect_authentic(back, nonce)


try:
    tap.main()
finally:
    Setting.stop()
