# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel given by -kernel with measure-boot=on, behind the TPM device of argv[1]: the guest's
PCRs are those predicted from the files, under SeaBIOS; OVMF measures alone."""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

import machine
import tap
import vm
from host import PCR_LIST, Host
from linux import Guest
from measured import expect_logged
from programs import built
from protocol import UUID
from verifier import verify

DEVICE = sys.argv.pop(1)
QEMU = os.environ.get('QEMU_SYSTEM_X86_64')
TOOL = built('tools', 'verifier', 'tpm2_checkdeepquote')
CODE = '/usr/share/OVMF/OVMF_CODE_4M.fd'
MEMORY = {'pc': '256', 'q35': '3G'}  # q35 splits the latter
TEXT = f'{vm.COMMAND_LINE} vga=normal'
SECONDS = 240


def predict(kind, *more, text=TEXT):
    done = subprocess.run(
        [TOOL, 'predict', '--kernel', built('guest', 'vmlinuz'), '--initrd',
         built('guest', 'initramfs'), '--append', text, '--memory', MEMORY[kind],
         '--machine', kind, *more], capture_output=True, text=True, check=True)
    return done.stdout


class Setting:
    """One machine with its host, for the cases on it."""

    def __init__(self, kind):
        self.kind = kind
        self.directory = tempfile.mkdtemp(prefix='measured-')
        self.parts = []
        self.host = self.machine = self.guest = None

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self, arguments, measure):
        self.host = Host(self.directory).start()
        self.parts.append(self.host)
        self.host.ctl('register', UUID, '--owner', str(os.getuid()), '--name', 'measured')
        swtpm = self.host.vtpm(UUID).start()
        self.parts.append(swtpm)
        self.machine = machine.Machine(
            self.directory, QEMU, vm.accelerator(), DEVICE, swtpm.control,
            ['-machine', self.kind, '-m', MEMORY[self.kind], '-kernel', built('guest', 'vmlinuz'),
             '-initrd', built('guest', 'initramfs'), '-append', TEXT, *arguments],
            port=True, backend=f'measure-boot={measure}')
        self.parts.append(self.machine.start())
        self.guest = Guest(self.machine.agent(SECONDS))

    def boot_log(self):
        """What QMP says of the log."""
        return self.machine.qmp('query-tpm-status')[0].get('boot-log')

    def profile(self, name, text):
        predict(self.kind, '--name', name, '--boot', 'direct', '-o', self.path(name), text=text)
        return self.path(name)

    def end(self):
        while self.parts:
            self.parts.pop().stop()
        shutil.rmtree(self.directory)


def seabios_cases(setting):
    kind = setting.kind

    @tap.case(f'{kind}: PCRs 4 and 5 are those predicted, in each bank')
    def _():
        setting.start([], 'on')
        banks = setting.guest.banks()
        wanted = json.loads(predict(kind, '--json'))['pcrs']
        assert 'sha256' in banks, banks
        for bank, values in banks.items():
            tap.equal({n: values[int(n)].hex() for n in '45'}, wanted[bank], bank)

    @tap.case(f'{kind}: the log in fw_cfg is that of QMP, and leads to what QEMU measured')
    def _():
        log = setting.guest.agent.check(
            'insmod /lib/qemu_fw_cfg.ko && '
            'cat /sys/firmware/qemu_fw_cfg/by_name/etc/tpm/boot-log/raw')
        tap.equal(log, base64.b64decode(setting.boot_log()))
        with open(setting.path('direct.log'), 'wb') as f:
            f.write(log)
        with open(setting.path('values'), 'w', encoding='ascii') as f:
            f.write(predict(kind, '--firmware', 'none'))
        done = subprocess.run([TOOL, 'eventlog', 'show', '--pcrs', setting.path('values'),
                               setting.path('direct.log')],
                              capture_output=True, text=True, check=False)
        tap.equal(done.returncode, 0, done.stdout + done.stderr)
        assert f'-append: {TEXT}' in done.stdout, done.stdout

    @tap.case(f'{kind}: a deep quote is of the boot predicted; another command line is refused')
    def _():
        _, key, policy = setting.host.enrol(setting.path('verifier'), UUID)
        nonce, to = os.urandom(32).hex(), setting.path('quote')
        setting.guest.agent.deepquote(nonce, 'sha256:0,1,2,3,4,5,6,7', PCR_LIST, to)

        def judged(name, text):
            return verify(to, nonce, '--vm-profile', setting.profile(name, text), host=key,
                          policy=policy, uuid=UUID)

        same, other = judged('same', TEXT), judged('other', TEXT + ' init=/bin/sh')
        assert same.authentic or same.trusted, same
        assert "boot 'direct' of profile 'same'" in same.text, same
        tap.equal(other.word, 'vm-boot', other)
        assert "closest is 'direct', but for sha256:5" in other.text, other


def ovmf_case(setting):
    @tap.case('OVMF: auto leaves it to the firmware, whose log leads to the PCRs')
    def _():
        setting.start(['-drive', f'if=pflash,format=raw,readonly=on,file={CODE}'], 'auto')
        tap.equal(setting.boot_log(), None)
        expect_logged(setting.guest.banks(), setting.guest.log(), range(10))


def main():
    if not QEMU:
        @tap.case('a kernel given by -kernel is measured')
        def _():
            tap.skip('name our QEMU by QEMU_SYSTEM_X86_64: no other measures')
        tap.main()
        return
    machine.make_guest_image()
    settings = [Setting(kind) for kind in ('pc', 'q35', 'q35')]
    seabios_cases(settings[0])
    seabios_cases(settings[1])
    ovmf_case(settings[2])
    try:
        tap.main()
    finally:
        for setting in settings:
            setting.end()


main()
