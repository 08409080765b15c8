# SPDX-License-Identifier: GPL-2.0-or-later
"""What a VM was started with, as the manager sees the QEMU at its vTPM's control channel."""
import contextlib
import ctypes
import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from unittest import mock

import tap
import tpm2
import verifier
from client import Binding, Refused, expect_authentic
from launched import FLAGS, Launched, kernel, parse
from machine import DISTRIBUTION, Machine
from manager import Manager
from module_fixture import deepquote
from process import connect
from programs import program
from protocol import BAD_FLAGS, UUID
from swtpm import Swtpm
from vtpm import exchange

NOT_MEASURED = 25
PIDFD_GETFD = 438
FIRMWARE = '/usr/share/seabios/bios-256k.bin'
OTHER = '6ba7b811-9dad-41d1-80b4-00c04fd430c8'
work = tempfile.mkdtemp(prefix='launch-')
manager = Manager(vm_rate=0)
libc = ctypes.CDLL(None)


def put(name, data):
    full = os.path.join(work, name)
    with open(full, 'wb') as f:
        f.write(data)
    return full


def sha256(data):
    return hashlib.sha256(data).digest()


def content(path):
    with open(path, 'rb') as f:
        return f.read()


def arguments(**changed):
    """Of a VM with all that is listed."""
    what = {'kernel': put('vmlinuz', kernel(b'k')), 'initrd': put('initrd.img', b'files'),
            'append': 'root=/dev/vda quiet', 'bios': FIRMWARE, 'machine': 'q35,usb=off',
            'uuid': UUID, **changed}
    return [word for name, value in what.items() for word in (f'-{name}', value)]


def code(pid):
    """{(kind, name, digest)} of what a process runs, by nothing of ours."""
    exe = os.readlink(f'/proc/{pid}/exe')
    with open(f'/proc/{pid}/maps', encoding='ascii') as f:
        cells = [line.split(maxsplit=5) for line in f]
    paths = {c[5].strip() for c in cells if 'x' in c[1] and len(c) == 6 and c[5].startswith('/')}
    return {('executable' if path == exe else 'library', os.path.basename(path),
             sha256(content(path))) for path in paths}


def refuses(vm, *words):
    """No quote, and no list; the log says why."""
    seen = len(manager.log_text())
    for _ in range(2):
        try:
            vm.client.prepare(flags=FLAGS)
        except Refused as refusal:
            tap.equal((refusal.status, refusal.reason), (BAD_FLAGS, NOT_MEASURED))
        else:
            raise AssertionError('not refused')
    tap.equal(vm.list(), b'')
    log = manager.log_text()[seen:]
    for word in words:
        assert word in log, log
    vm.client.prepare()


def check(vtpm, evidence, nonce, parts, *policy):
    """The Verdict on a quote with a list, which may be empty, by the lines of a policy."""
    options = {'-m': vtpm.quoted, '-f': vtpm.pcrs, '--evidence': evidence, '--vm-launch': parts,
               '--host': bytes.fromhex(manager.admin('ak')['public']),
               '--policy': ''.join(line + '\n' for line in policy).encode()}
    return verifier.check('-q', nonce.hex(), '--uuid', UUID, *(
        word for option, data in options.items() if data
        for word in (option, put('check' + option, data))))


@tap.case('the list has the program, firmware, kernel, initrd, command line and machine')
def _():
    with Launched(manager, *arguments()) as vm:
        got = vm.parts()
        want = code(vm.process.pid) | {
            ('firmware', 'bios-256k.bin', sha256(content(FIRMWARE))),
            ('kernel', 'vmlinuz', sha256(kernel(b'k'))),
            ('initrd', 'initrd.img', sha256(b'files')),
            ('command-line', 'append', sha256(b'root=/dev/vda quiet')),
            ('machine', 'q35', sha256(b'q35')),
            ('arguments', 'qemu', sha256(b''.join(word.encode() + b'\0'
                                                  for word in vm.command)))}
        tap.equal(set(got), want)
        tap.equal(len(got), len(want))
        tap.equal(got[0][:2], ('executable', os.path.basename(DISTRIBUTION)))
        nonce = os.urandom(32)
        vm.client.prepare(flags=FLAGS)
        evidence = vm.client.quote(nonce, flags=FLAGS)
        assert sha256(vm.list()) in evidence
        expect_authentic(manager, vm.client, evidence, nonce)
        assert sha256(vm.list()) not in vm.client.quote(os.urandom(32))


@tap.case('another kernel, initrd, command line, firmware, machine: that part differs, it alone')
def _():
    with Launched(manager, *arguments()) as vm:
        before = set(vm.parts())
    changes = {'kernel': {'kernel': put('other', kernel(b'x'))},
               'initrd': {'initrd': put('other.img', b'fileX')},
               'command-line': {'append': 'root=/dev/vda init=/bin/sh'},
               'firmware': {'bios': put('bios', content(FIRMWARE)[:-1] + b'\1')},
               'machine': {'machine': 'pc'}}
    for kind, change in changes.items():
        with Launched(manager, *arguments(**change)) as vm:
            tap.equal({part[0] for part in set(vm.parts()) - before}, {kind, 'arguments'}, kind)


@tap.case('another program in QEMU\'s place has another digest, also where it has its name')
def _():
    program = os.path.join(work, 'qemu-system-x86_64')
    shutil.copy(DISTRIBUTION, program)
    with open(program, 'ab') as f:
        f.write(b'x')
    plain = ('-machine', 'q35', '-bios', FIRMWARE)
    with Launched(manager, *plain) as vm:
        before = vm.named('executable')
    modules = {'QEMU_MODULE_DIR': '/usr/lib/x86_64-linux-gnu/qemu'}
    with mock.patch.dict(os.environ, modules), Launched(manager, *plain, program=program) as vm:
        tap.equal(set(vm.named('executable')), set(before))
        assert vm.named('executable') != before
        shutil.copy(DISTRIBUTION, program + '.new')
        os.replace(program + '.new', program)
        tap.equal(vm.named('executable')['qemu-system-x86_64'],
                  sha256(content(f'/proc/{vm.process.pid}/exe')))
        vm.hello()
        refuses(vm, 'deleted or replaced since it was started: restart the VM')


def replace_kernel():
    """By one that differs, late enough for the clock of the files."""
    time.sleep(0.05)
    put('new', kernel(b'k'))
    os.replace(os.path.join(work, 'new'), os.path.join(work, 'vmlinuz'))


@tap.case('a kernel that was replaced since the VM was started: refused, by the name of the file')
def _():
    with Launched(manager, *arguments()) as vm:
        assert vm.named('kernel')
        replace_kernel()
        assert vm.named('kernel')  # what was seen stays
        vm.hello()
        refuses(vm, 'vmlinuz was changed or replaced since the VM was started: restart the VM')


@tap.case('a file that whoever starts QEMU touches before that, as libvirt does, is as it was')
def _():
    with Launched(manager) as vm:
        vm.process.kill()
        vm.process.wait()
        vm.accepted.close()
        options = arguments()
        script = f'sleep 0.1; chmod 600 {os.path.join(work, "vmlinuz")}; exec "$@"'
        vm.command = ['/bin/sh', '-c', script, 'sh', *vm.command, *options]
        vm.start()
        tap.equal(vm.named('kernel'), {'vmlinuz': sha256(kernel(b'k'))})
        time.sleep(0.1)
        os.chmod(os.path.join(work, 'vmlinuz'), 0o644)
        vm.hello()
        refuses(vm, 'vmlinuz was changed or replaced since the VM was started: restart the VM')


@contextlib.contextmanager
def of_nobody(*capabilities):
    """A manager that runs as nobody, with these capabilities alone."""
    with tempfile.TemporaryDirectory(prefix='nobody-') as folder:
        os.chmod(folder, 0o755)
        copied = shutil.copy(program('vtpm-managerd'), folder)
        its = os.path.join(folder, 'dir')
        os.mkdir(its)
        shutil.chown(its, 'nobody')
        one = Manager(its, vm_rate=0)
        rights = [word for name in capabilities
                  for word in ('--inh-caps', f'+{name}', '--ambient-caps', f'+{name}')]
        one.argv = ['setpriv', '--reuid', 'nobody', '--clear-groups', *rights, copied,
                    *one.argv[1:]]
        with one:
            yield one


@tap.case('a manager that is not root needs CAP_SYS_PTRACE, and no right to read what it may not')
def _():
    if os.geteuid() != 0:
        tap.skip('another user is taken by root alone')
    os.chmod(work, 0o755)
    flash = put('code.fd', content(FIRMWARE))
    store = put('vars.fd', bytes(65536))
    options = ('-machine', 'pc', '-drive', f'if=pflash,format=raw,readonly=on,file={flash}',
               '-drive', f'if=pflash,unit=1,format=raw,file={store}', '-kernel',
               put('vmlinuz', kernel(b'k')))
    with of_nobody('sys_ptrace') as one, Launched(one, *options) as vm:
        tap.equal(vm.named('kernel', 'firmware'), {'vmlinuz': sha256(kernel(b'k')),
                                                   'code.fd': sha256(content(FIRMWARE))})
        os.chmod(flash, 0o600)
        vm.hello()
        tap.equal(vm.list(), b'')
        assert 'code.fd was changed or replaced since' in one.log_text(), one.log_text()
    with of_nobody() as one, Launched(one, *options) as vm:
        tap.equal(vm.list(), b'')
        assert 'see MEASUREMENTS in vtpm-managerd(8)' in one.log_text(), one.log_text()


@tap.case('an administrator sees the list, or why there is none')
def _():
    def fails(*words):
        done = manager.ctl('launch', UUID, code=1)
        for word in words:
            assert word in done.stderr, done
        tap.equal(done.stdout, '')
    to = os.path.join(work, 'list')
    with Launched(manager, *arguments()) as vm:
        shown = manager.ctl('launch', UUID, '--output', to).stdout.splitlines()
        tap.equal(content(to), vm.list())
        rows = [f'{kind:12}  {digest.hex()}  {name}' for kind, name, digest in vm.parts()]
        tap.equal(shown[1:], rows + [f'{"launch":12}  {sha256(vm.list()).hex()}  -'])
        answer = json.loads(manager.ctl('launch', UUID, '--json').stdout)
        tap.equal(answer['digest'], sha256(vm.list()).hex())
        tap.equal([(p['kind'], p['name'], p['sha256']) for p in answer['parts']],
                  [(kind, name, digest.hex()) for kind, name, digest in vm.parts()])
        tap.equal(manager.admin('parts', uuid=UUID, of='vtpm-parts')['ok'], True)
        for of in ('launch', 7, None):
            tap.equal(manager.admin('parts', uuid=UUID, of=of).get('error'),
                      'of is vm-launch or vtpm-parts')
        manager.ctl('launch', code=2)
        manager.ctl('launch', UUID, UUID, code=2)
    fails('no vTPM of this VM is connected: start the VM')
    with Launched(manager, '-name', '-kernel') as vm:
        fails('it cannot be told: its arguments can be read in two ways')
        tap.equal(os.stat(to).st_size, len(content(to)))
        refuses(vm, 'its arguments can be read in two ways')  # the log has it all the same


@tap.case('what was seen by another rule is not what is seen by the present one')
def _():
    with Launched(manager, *arguments()) as vm:
        assert vm.named('kernel')
        replace_kernel()
        owner = str(os.getuid())
        manager.ctl('rule', UUID, '--rule', 'user', '--owner', owner)
        assert vm.named('kernel')  # the same as before
        manager.ctl('rule', UUID, '--rule', 'unit')
        manager.ctl('rule', UUID, '--rule', 'user', '--owner', owner)
        refuses(vm, 'vmlinuz was changed or replaced since the VM was started: restart the VM')


@tap.case('flash memory: an image that QEMU may write to is no part, any other is')
def _():
    flash = put('code.fd', content(FIRMWARE))
    store = put('vars.fd', bytes(65536))
    drives = ('-machine', 'pc,pflash0=code', '-uuid', UUID,
              '-drive', f'if=none,id=code,format=raw,readonly=on,file={flash}',
              '-drive', f'if=pflash,unit=1,format=raw,file={store}')
    nodes = ('-machine', 'pc,pflash0=code', '-blockdev',
             f'{{"driver":"file","filename":"{flash}","node-name":"file","auto-read-only":true}}',
             '-blockdev', '{"node-name":"code","read-only":true,"driver":"raw","file":"file"}')
    for options in (drives, nodes):
        with Launched(manager, *options) as vm:
            tap.equal(vm.named('firmware'), {'code.fd': sha256(content(FIRMWARE))})
            put('new', content(FIRMWARE))
            os.replace(os.path.join(work, 'new'), flash)
            vm.hello()
            refuses(vm, 'code.fd is not, or no longer, what the VM was started with')
        put('code.fd', content(FIRMWARE))


@tap.case('what QEMU\'s arguments do not tell is refused')
def _():
    config = put('config', b'[machine]\n  usb = "off"\n')
    stream = put('stream', b'')
    for options, word in (
            (('-readconfig', config), '-readconfig: what is in it is not read here'),
            (('-incoming', f'exec:sleep 60 < {stream}'), '-incoming: what the guest runs comes'),
            (('-name', '-kernel'), 'its arguments can be read in two ways: -name -kernel'),
            (('-machine', 'pc', '-uuid', OTHER), 'with the UUID of another VM'),
            (('-bios', 'bios-256k.bin'), 'cannot be told: give QEMU the whole path')):
        with Launched(manager, *options) as vm:
            refuses(vm, word)


@tap.case('a control channel that another process made is that process\'s, and its list shows it')
def _():
    script = ('import socket, sys, subprocess; s = socket.socket(socket.AF_UNIX); '
              's.connect(sys.argv[-1].split("path=")[1]); '
              f'subprocess.run(["{DISTRIBUTION}", *sys.argv[1:-2], "-chardev", '
              '"socket,id=tpm,fd=%d" % s.fileno()], pass_fds=[s.fileno()])')
    vm = Launched(manager, *arguments())
    vm.command = ['/usr/bin/python3', '-c', script, *vm.command[1:]]
    with vm:
        (name, _), = vm.named('executable').items()
        assert name.startswith('python3'), name
        subprocess.run(['pkill', '-P', str(vm.process.pid)], check=False)


@tap.case('QEMU is there no more, or not yet: refused; another one is looked at anew')
def _():
    with Launched(manager, *arguments()) as vm:
        first = vm.list()
        vm.process.kill()
        vm.process.wait()
        refuses(vm, 'has closed it')
        vm.accepted.close()
        time.sleep(1.1)
        refuses(vm, 'nothing is connected to its control channel')
        vm.command[vm.command.index('-append') + 1] = 'other'
        vm.start()
        assert vm.list() != first
        tap.equal(vm.named('command-line'), {'append': sha256(b'other')})


@tap.case('a vTPM does not choose who it is: not by connecting itself, nor with two at its socket')
def _():
    monitor = os.path.join(work, 'monitor')
    good = [DISTRIBUTION, '-S', '-display', 'none', '-nodefaults', '-accel', 'tcg', '-m', '64',
            *arguments(), '-qmp', f'unix:{monitor},server=on,wait=off']
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(good))
        stack.callback(process.kill)
        stack.enter_context(connect(monitor, process))
        pair = socket.socketpair()
        for sock in pair:
            stack.callback(sock.close)
        vm = Launched(manager)
        stack.callback(vm.stop)
        vm.hello()
        refuses(vm, 'nothing is connected to its control channel')
        bound = stack.enter_context(socket.socket(socket.AF_UNIX))
        bound.bind(os.path.join(work, 'bound'))
        bound.connect(monitor)
        vm.hello()
        refuses(vm, 'nothing is connected to its control channel')
        vm.start()
        other = stack.enter_context(subprocess.Popen(
            ['/usr/bin/python3', '-c', 'import socket, sys, time; '
             's = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); time.sleep(60)',
             vm.control]))
        stack.callback(other.kill)
        stack.enter_context(vm.listener.accept()[0])
        vm.hello()
        refuses(vm, 'several processes are connected to the vTPM')


def end_of_data_channel(process):
    """Ours of QEMU's end, the one pair of sockets that it has, as its guest does not run."""
    pidfd = os.pidfd_open(process.pid)
    found = []
    for number in os.listdir(f'/proc/{process.pid}/fd'):
        if os.readlink(f'/proc/{process.pid}/fd/{number}').startswith('socket:'):
            sock = socket.socket(fileno=libc.syscall(PIDFD_GETFD, pidfd, int(number), 0))
            if sock.type == socket.SOCK_STREAM and not (sock.getsockname() or listens(sock) or
                                                        sock.getpeername()):
                found.append(sock)
            else:
                sock.close()
    os.close(pidfd)
    sock, = found
    return sock


def listens(sock):
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


@tap.case('of a QEMU at swtpm-deepquote: its guest gets the list, and a quote with its digest')
def _():
    folder = os.path.join(work, 'vtpm')
    with contextlib.ExitStack() as stack:
        vtpm = stack.enter_context(Swtpm(folder, program('swtpm-deepquote'),
                                         f'manager={manager.socket},uuid={UUID}'))
        vm = stack.enter_context(Machine(folder, DISTRIBUTION, 'tcg', 'tpm-tis', vtpm.control, [
            '-S', '-uuid', UUID, '-append', 'quiet', '-kernel', put('vmlinuz', kernel(b'k'))]))
        tap.equal(vm.qmp('query-status')['running'], False)
        sock = stack.enter_context(end_of_data_channel(vm.process))

        def send(command):
            return exchange(sock, command)

        def read():
            parts, total = b'', 1
            while len(parts) < total:
                r = tpm2.Reader(tpm2.check(send(tpm2.host_credential_command(10, len(parts)))))
                total = r.u32()
                parts += r.b2()
            return parts
        tpm2.check(send(tpm2.command('Startup', tpm2.u16(0))))
        ak, _, _ = tpm2.create_primary(send)
        parts = read()
        command = b''.join(word.encode() + b'\0' for word in vm.command)
        tap.equal({part for part in parse(parts) if part[0] not in ('library', 'machine')},
                  {part for part in code(vm.process.pid) if part[0] == 'executable'} |
                  {('kernel', 'vmlinuz', sha256(kernel(b'k'))),
                   ('command-line', 'append', sha256(b'quiet')),
                   ('arguments', 'qemu', sha256(command))})
        quoted = tpm2.Quoted(send(deepquote(ak, flags=FLAGS)), True)
        assert sha256(parts) in quoted.evidence
        assert sha256(parts) not in tpm2.Quoted(send(deepquote(ak, flags=1)), True).evidence


@tap.case('a verifier shows the list, and a policy refuses parts and the whole by their digests')
def _():
    nonce = os.urandom(32)
    with Launched(manager, *arguments()) as vm:
        parts = vm.list()
        evidence = vm.client.quote(nonce, flags=FLAGS)

        def verdict(*policy, parts=parts):
            return check(vm.client, evidence, nonce, parts, *policy)
        good = (f'launch {sha256(parts).hex()}',
                f'launch-part kernel {sha256(kernel(b"k")).hex()}',
                f'launch-part command-line:append {sha256(b"root=/dev/vda quiet").hex()}',
                f'launch-part machine {sha256(b"q35").hex()}', 'launch-part device-tree none')
        answer = verdict(*good)
        assert answer.authentic, answer
        for word in (f'kernel "vmlinuz" {sha256(kernel(b"k")).hex()}', 'machine "q35"',
                     'firmware "bios-256k.bin"', 'libraries; not seen: ROMs that QEMU takes'):
            assert word in answer.output, (word, answer)
        answer = verdict(good[0], parts=b'')
        assert answer.authentic, answer
        for lines, say in (
                (('launch ' + '0' * 64,), 'launch is none of those'),
                (('launch-part kernel ' + '0' * 64,), 'has no kernel that the policy allows'),
                (('launch-part command-line:append ' + '0' * 64,), 'no command-line append that'),
                (('launch-part device-tree ' + '0' * 64,), 'has no device-tree'),
                (('launch-part initrd none',), 'has no initrd that the policy allows')):
            answer = verdict(*lines)
            tap.equal(answer.word, 'policy')
            assert say in answer.output, answer
        answer = verdict(good[1], parts=b'')
        tap.equal(answer.word, 'policy')
        assert 'no list of them came' in answer.output, answer
        answer = verdict(good[1], parts=parts[:-1])
        tap.equal(answer.word, 'policy')
        assert 'none that the host signed for' in answer.output, answer
        answer = verdict(parts=parts[:-1])
        tap.equal(answer.word, 'vm-launch')


@tap.case('of a VM whose firmware is QEMU\'s choice a verifier is told that nobody saw it')
def _():
    nonce = os.urandom(32)
    with Launched(manager) as vm:
        answer = check(vm.client, vm.client.quote(nonce, flags=FLAGS), nonce, vm.list())
        assert answer.authentic, answer
        assert 'not seen: the firmware, which is not named, and ROMs' in answer.output, answer
        answer = check(vm.client, vm.client.quote(nonce, flags=FLAGS), nonce, vm.list(),
                       'launch-part firmware ' + '0' * 64)
        assert 'has no firmware' in answer.output, answer


@tap.case('a quote with it is one with the digest of the list in its binding')
def _():
    with Launched(manager, *arguments()) as vm:
        for flags in (0x10, 0x12, 0x13):
            vm.client.prepare(flags=flags)
            evidence = vm.client.quote(os.urandom(32), flags=flags)
            assert Binding(evidence).flags == flags | 1
            assert sha256(vm.list()) in evidence
        assert parse(vm.list())


try:
    with manager:
        tap.main()
finally:
    shutil.rmtree(work, ignore_errors=True)
