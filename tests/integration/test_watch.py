# SPDX-License-Identifier: GPL-2.0-or-later
"""One VM watched: verdicts that change, a list of IMA that goes on, and commands that misbehave."""
import contextlib
import hashlib
import json
import os
import shlex
import signal
import subprocess
import tempfile

import tap
from log_chain import BANKS, PCRS, Chain, extend, ima_entries, write
from log_tool import content
from process import connect, run, wait_until
from programs import program
from protocol import UUID
from vtpm import exchange

TOOL = program('tpm2_checkdeepquote')


def entry_of(data, digest):
    """The last entry of a list once more, of a file whose SHA-256 is @digest."""
    offset, _, _, last = ima_entries(data)[-1]
    at = last.index(b'sha256:\0') + 8
    changed = last[:at] + digest + last[at + 32:]
    whole = data[offset:]
    return whole[:4] + hashlib.sha1(changed).digest() + whole[24:].replace(last, changed)


class Guest:
    """A folder with a command that answers for the VM, as its script says."""

    def __init__(self, chain, folder, before=':', ima='cp "$LIST" ima.log'):
        self.chain, self.folder = chain, folder
        self.list = write(folder + '/list', chain.logs['ima.log'])
        self.runs = folder + '/runs'
        self.script = write(folder + '/answer', f'''
LIST={self.list}
echo "$DEEPQUOTE_IMA_OFFSET" >> {self.runs}
test "$1" = "$DEEPQUOTE_NONCE" && test "$PWD" = "$DEEPQUOTE_FOLDER" || exit 99
{before}
{program('tpm2_deepquote')} -T {shlex.quote(chain.vtpm.tcti)} --ak-create --ak-public ak.pub \
    -q "$1" -l {PCRS} --host-pcr-list {PCRS} -m quote.msg -s quote.sig -o pcrs.bin \
    --evidence evidence.bin || exit
{ima}
'''.encode())

    def command(self, *options, interval=1):
        return [TOOL, 'watch', '--store', self.chain.store.path, '--fetch',
                f'sh {self.script} {{nonce}}', '--interval', str(interval), '--uuid', UUID,
                '--policy', self.chain.policy, '--allow-simulated', *options]

    def watch(self, *options, status, **settings):
        """(lines, what is on standard error) of one that ends by itself."""
        done = subprocess.run(self.command(*options, **settings), capture_output=True, text=True,
                              check=False, timeout=60, stdin=subprocess.DEVNULL)
        tap.equal(done.returncode, status, f'{done.stdout}{done.stderr}')
        return done.stdout.splitlines(), done.stderr

    def offsets(self):
        return [int(line) for line in content(self.runs).split()]

    def measure(self, entry):
        """What the kernel does for a file: into the PCR and onto the list."""
        data = ima_entries(self.chain.logs['ima.log'] + entry)[-1][3]
        with connect(self.chain.vtpm.server) as sock:
            extend(lambda command: exchange(sock, command), 10,
                   {bank: hashlib.new(bank, data).digest() for bank in BANKS})
        with open(self.list, 'ab') as f:
            f.write(entry)
        self.chain.logs['ima.log'] += entry

    def profile(self):
        """The VM as it is."""
        values = content(self.chain.guest + '/pcrs.bin')
        pcrs = write(self.folder + '/pcrs', ''.join(
            f'sha256 {i} {values[32 * i:32 * i + 32].hex()}\n' for i in range(11)).encode())
        path = self.folder + '/vm.profile'
        run([TOOL, 'profile', 'record', '--name', 'vm', '--boot', 'today', '--pcrs', pcrs,
             '--pcr-list', 'sha256:0,1,2,3,4,5,6,7,8,9', '--ima', self.list, '-o', path])
        return path


@contextlib.contextmanager
def guest(*arguments, **options):
    with tempfile.TemporaryDirectory(prefix='watch-') as folder:
        yield Guest(_chain, folder, *arguments, **options)


@contextlib.contextmanager
def watching(command):
    """A watch that goes on; it is ended, whatever happens."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def is_gone(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii') as f:
            return f.read().rsplit(')', 1)[1].split()[0] == 'Z'
    except FileNotFoundError:
        return True


@tap.case('one question, and the verdict as exit status')
def _():
    with guest() as g:
        lines, errors = g.watch('--once', status=0)
        tap.equal(len(lines), 1, str(lines))
        assert lines[0].split('  ')[1].startswith('verdict: trusted (stand-in TPM)'), lines
        tap.equal(errors, '')
        lines, _ = g.watch('--once', '--vm-profile', _chain.profile('host'), status=1)
        assert lines[0].endswith('verdict: refused (vm-boot)'), lines
        assert any(line.startswith('    vm-boot: no boot of profile') for line in lines), lines
        lines, _ = g.watch('--until-refused', '--vm-profile', _chain.profile('host'), status=1)
        lines, _ = g.watch('--once', '--policy', '/dev/null', status=3)
        assert any(line.startswith('    policy: ') for line in lines), lines


@tap.case('a VM is trusted until it runs a changed file, which the second line names')
def _():
    with guest() as g:
        profile = g.profile()
        with watching(g.command('--json', '--record', '--vm-profile', profile)) as watch:
            first = json.loads(watch.stdout.readline())
            tap.equal((first['verdict'], first['reason']), ('trusted', None), str(first))
            wait_until(lambda: len(g.offsets()) > 1, 'it asks again')
            g.measure(entry_of(_chain.logs['ima.log'], b'\xab' * 32))
            second = json.loads(watch.stdout.readline())
            tap.equal((second['verdict'], second['reason']), ('refused', 'vm-files'), str(second))
            told = {f['finding']: f['detail'] for f in second['findings']}
            assert 'has another digest than those listed' in told['vm-files'], told
            watch.send_signal(signal.SIGTERM)
            tap.equal((watch.wait(timeout=30), watch.stdout.read()), (1, ''))
        run([TOOL, 'audit', '--store', _chain.store.path, '--verify'])


@tap.case('a watch that is ended while the VM is trusted ends well')
def _():
    with guest() as g, watching(g.command(interval=1000)) as watch:
        assert 'trusted' in watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        tap.equal((watch.wait(timeout=30), watch.stdout.read()), (0, ''))


@tap.case('a list of IMA goes on where the last one ended')
def _():
    with guest(ima='tail -c +$((DEEPQUOTE_IMA_OFFSET + 1)) "$LIST" > ima.log') as g:
        size = len(_chain.logs['ima.log'])
        with watching(g.command('--json', '--ima-tail')) as watch:
            first = json.loads(watch.stdout.readline())
            tap.equal([f['result'] for f in first['findings'] if f['finding'] == 'vm-ima'],
                      ['pass'])
            wait_until(lambda: len(g.offsets()) > 1, 'it asks again')
            entry = entry_of(_chain.logs['ima.log'], b'\xcd' * 32)
            g.measure(entry)
            wait_until(lambda: g.offsets()[-1] == size + len(entry), 'the list goes on')
            watch.send_signal(signal.SIGTERM)
            tap.equal((watch.wait(timeout=30), watch.stdout.read()), (0, ''))
        tap.equal(g.offsets()[:2], [0, size])


@tap.case('a list that does not go on from the one known is asked for as a whole, at once')
def _():
    tail = 'tail -c +$((DEEPQUOTE_IMA_OFFSET + 1)) "$LIST" > ima.log\n'
    reboot = 'test $DEEPQUOTE_IMA_OFFSET = 0 || head -c 500 "$LIST" > ima.log'
    with guest(ima=tail + reboot) as g:
        size = len(_chain.logs['ima.log'])
        with watching(g.command('--json', '--ima-tail')) as watch:
            tap.equal(json.loads(watch.stdout.readline())['verdict'], 'trusted')
            wait_until(lambda: len(g.offsets()) > 3, 'it asks again')
            watch.send_signal(signal.SIGTERM)
            tap.equal((watch.wait(timeout=30), watch.stdout.read()), (0, ''))
        tap.equal(g.offsets()[:4], [0, size, 0, size])


@tap.case('a command that fails is tried again, and then given up')
def _():
    for before, words in (('echo no route to guest >&2; exit 7',
                           'failed with status 7: no route to guest'),
                          ('kill -9 $$', 'was killed by signal 9'), ('exit 0', 'no quote.msg'),
                          ('echo; printf "\\033[2Jhidden"; exit 1', ': \\x1b[2Jhidden'),
                          ('ln -s /etc/passwd quote.msg; touch evidence.bin; exit 0',
                           'no regular file'),
                          ('mkdir quote.msg; exit 0', 'no regular file')):
        with guest(before=before) as g:
            lines, _ = g.watch('--attempts', '3', '--retry', '0.01', status=4)
            tap.equal(len(lines), 1, str(lines))
            assert 'no verdict: ' in lines[0] and words in lines[0], lines
            tap.equal(len(g.offsets()), 3)


@tap.case('a command that hangs is killed, with all that it started')
def _():
    with guest(before='sleep 1000 & echo $! $$ > "$LIST.pids"; echo still here; sleep 1000') as g:
        lines, _ = g.watch('--attempts', '1', '--timeout', '1', '--json', status=4)
        told = json.loads(lines[0])
        tap.equal((told['verdict'], told['error']),
                  (None, 'the command did not end within 1 seconds: still here'))
        pids = content(g.list + '.pids').split()
        tap.equal(len(pids), 2)
        wait_until(lambda: all(is_gone(int(pid)) for pid in pids), 'they are gone')


@tap.case('a command that prints without end is killed')
def _():
    with guest(before='exec yes') as g:
        lines, _ = g.watch('--attempts', '1', status=4)
        assert lines[0].endswith('the command printed more than 65536 bytes'), lines


@tap.case('a watch that is ended while its command hangs leaves nothing of it')
def _():
    with guest(before='echo $$ > "$LIST.pids"; sleep 1000') as g:
        folders = set(os.listdir(tempfile.gettempdir()))
        with watching(g.command('--timeout', '1000')) as watch:
            wait_until(lambda: os.path.exists(g.list + '.pids') and content(g.list + '.pids'),
                       'the command runs')
            watch.send_signal(signal.SIGTERM)
            tap.equal((watch.wait(timeout=30), watch.stdout.read()), (4, ''))
        wait_until(lambda: is_gone(int(content(g.list + '.pids'))), 'it is gone')
        left = set(os.listdir(tempfile.gettempdir())) - folders
        assert not any(name.startswith('deepquote-watch-') for name in left), left


@tap.case('a command may leave one message in place of files')
def _():
    message = (f'{program("tpm2_deepquote")} -T {shlex.quote(_chain.vtpm.tcti)} --ak-create '
               f'-q "$1" -l {PCRS} --host-pcr-list {PCRS} --cmw quote.cmw '
               '--cmw-log ima-log="$LIST"; '
               'rm *.msg *.sig *.bin *.pub')
    with guest(ima=message) as g:
        lines, _ = g.watch('--once', '--ima-tail', '--json', status=0)
        told = json.loads(lines[0])
        tap.equal(told['verdict'], 'trusted', str(told))
        tap.equal([f['result'] for f in told['findings'] if f['finding'] == 'vm-ima'], ['pass'])


@tap.case('a VM that comes back is told')
def _():
    with guest(before='test -e "$LIST.up" || exit 5') as g:
        with watching(g.command('--retry', '0.01')) as watch:
            assert 'failed with status 5' in watch.stdout.readline()
            write(g.list + '.up', b'')
            assert 'trusted' in watch.stdout.readline()
            os.unlink(g.list + '.up')
            assert 'failed with status 5' in watch.stdout.readline()


@tap.case('an old answer is none')
def _():
    with guest(before='test -e "$LIST.old" && cp "$LIST.old"/* . && exit 0',
               ima='cp "$LIST" ima.log; cp -r . "$LIST.old"') as g:
        with watching(g.command('--json')) as watch:
            tap.equal(json.loads(watch.stdout.readline())['verdict'], 'trusted')
            told = json.loads(watch.stdout.readline())
            tap.equal((told['verdict'], told['reason']), ('refused', 'wrong-nonce'))


@tap.case('arguments that are none are told, and a store that is gone ends it')
def _():
    with guest() as g:
        for options, words in ((('--interval', '0'), '--interval takes'),
                               (('--timeout', '0'), '--interval takes'),
                               (('--retry', 'nan'), '--interval takes'),
                               (('--attempts', '-1'), '--interval takes'),
                               (('--fetch', "sh 'x"), '--fetch: '),
                               (('--store', g.folder + '/none'), 'init --store')):
            _, errors = g.watch('--once', *options, status=2)
            assert words in errors, errors
        done = subprocess.run([TOOL, 'watch', '--fetch', 'true'], capture_output=True, text=True,
                              check=False, timeout=60)
        assert done.returncode == 2 and '--store' in done.stderr, done
        lines, _ = g.watch('--attempts', '1', '--fetch', '/nonexistent', status=4)
        assert 'nonexistent' in lines[0], lines


with contextlib.ExitStack() as _stack:
    _folder = _stack.enter_context(tempfile.TemporaryDirectory(prefix='watch-'))
    os.chmod(_folder, 0o755)
    _chain = Chain(_folder, _stack)
    tap.main()
