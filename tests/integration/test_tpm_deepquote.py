# SPDX-License-Identifier: GPL-2.0-or-later
"""tpm_deepquote and TrouSerS's own programs on a vTPM of version 1.2 behind our launcher.

tcsd has the TPM by way of its socket here, in place of /dev/tpm0: that two cannot have the device
at once is shown by the boot suite.
"""
import contextlib
import os
import shutil
import socket
import stat
import sys
import tempfile
import threading

import tap
import tcsd
import tpm12
import tpm2
from manager import Manager
from programs import program
from protocol import UUID
from tpm12_fixture import Vtpm12
from verifier import Store, verify
from vtpm import Vtpm, exchange, receive_packet

TOOL = program('tpm_deepquote')
PCRS = '0,1,2,3,4,5,6,7,8,9,10'
HOST_PCRS = 'sha256:0,1,7'
OUTPUTS = ('quote.msg', 'quote.sig', 'pcrs.bin', 'evidence.bin')
OWNER, SRK, AIK = 'owner secret\n', 'srk secret\n', 'aik secret\n'
KEY_HANDLES = tpm2.u32(0x07) + tpm12.b4(tpm2.u32(tpm12.RT_KEY))


def why_not():
    if not os.path.exists(TOOL):
        return 'built without TrouSerS: scripts/setup, then configure anew'
    return tcsd.obstacle()


def content(path):
    with open(path, 'rb') as f:
        return f.read()


class Guest:
    """A vTPM whose owner TrouSerS made."""

    def __init__(self, stack, name, take, *options, stdin='', uuid=UUID):
        self.dir = os.path.join(work, name)
        os.makedirs(self.path('vtpm'))
        self.vtpm = stack.enter_context(Vtpm12(manager, uuid=uuid, dir=self.path('vtpm')))
        tpm12.enable(self.vtpm.send)
        tpm12.create_ek(self.vtpm.send)
        self.vtpm.release()
        self.tcsd = tcsd.Tcsd(self.vtpm.server, self.dir)
        self.options, self.stdin = options, stdin
        with self.tcsd:
            self.tcsd.check('tpm_takeownership', *take, stdin=stdin)

    def path(self, name):
        return os.path.join(self.dir, name)

    def create(self, *options, stdin=''):
        """What --aik-create says."""
        return self.tcsd.run(TOOL, '--aik-create', '-b', self.path('aik.blob'), '--aik-public',
                             self.path('aik.pub'), *options, stdin=stdin)

    def clean(self):
        for name in OUTPUTS:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(name))

    def quote(self, nonce, *options, blob=None, device=None, stdin=''):
        self.clean()
        files = ('-m', '-s', '-o', '--evidence')
        return tcsd.run(TOOL, '-b', blob or self.path('aik.blob'), '-d', device or self.vtpm.server,
                        '-q', nonce, '-p', PCRS, '--host-pcr-list', HOST_PCRS,
                        *(word for pair in zip(files, map(self.path, OUTPUTS)) for word in pair),
                        *options, stdin=stdin)

    def send(self, command):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.vtpm.server)
            return exchange(sock, command)

    def pcr(self, number):
        return tpm12.pcr_read(self.send, number)

    def keys_loaded(self):
        return tpm12.run(self.send, 'GetCapability', KEY_HANDLES)[4:6]


def expect_refused(guest, answer, status, *words):
    """This status, the words on one line, no file, and no key left in the TPM."""
    tap.equal(answer[0], status, answer[2])
    tap.equal((answer[1], len(answer[2].splitlines())), ('', 1), answer[2])
    for word in words:
        assert word in answer[2], answer[2]
    tap.equal([name for name in OUTPUTS if os.path.exists(guest.path(name))], [])
    tap.equal(guest.keys_loaded(), b'\0\0')


class Checker:
    """A verifier that knows the host and expects a guest's key."""

    def __init__(self, guest, name, public, uuid=UUID):
        self.guest, self.public, self.uuid = guest, public, uuid
        self.store = Store(guest.path(name))
        with open(guest.path('host.key'), 'wb') as f:
            f.write(bytes.fromhex(manager.admin('ak')['public']))
        self.store.enrol(guest.path('host.key'))
        self.store.expect(uuid, '--ak', public)

    def check(self, challenge):
        """The verdict by a policy that wants the host as it is."""
        values = content(self.guest.path('evidence.bin'))[-34 * 3:]  # of HOST_PCRS, each sized
        with open(self.guest.path('policy'), 'w', encoding='ascii') as f:
            f.write(f'allow-tpm12\nhost-pcr sha256:0 {values[2:34].hex()}\n')
        shutil.copy(self.public, self.guest.path('ak.pub'))
        return verify(self.guest.dir, challenge, '--allow-simulated', uuid=self.uuid,
                      store=self.store.path, policy=self.guest.path('policy'))


@tap.case("TrouSerS's programs reach the TPM behind our launcher")
def _():
    with plain.tcsd as daemon:
        assert 'Chip Version:        1.2' in daemon.check('tpm_version')
        public = daemon.check('tpm_getpubek', '-z')
        assert 'Key Size:          2048 bits' in public, public


@tap.case('--aik-create makes a key, for its owner alone, and writes its public part')
def _():
    with plain.tcsd:
        tap.equal(plain.create('-y', '-z'), (0, '', ''))
    blob = content(plain.path('aik.blob'))
    tap.equal(stat.S_IMODE(os.stat(plain.path('aik.blob')).st_mode), 0o600)
    tap.equal(content(plain.path('aik.pub')), tpm12.get_key(tpm2.Reader(blob))[1])
    tap.equal(int.from_bytes(blob[4:6], 'big'), tpm12.KEY_IDENTITY)
    tap.equal(blob[10], tpm12.AUTH_NEVER)


@tap.case('it does not replace a key')
def _():
    before = content(plain.path('aik.blob'))
    with plain.tcsd:
        answer = plain.create('-y', '-z')
    tap.equal(answer[0], 2)
    assert 'there already' in answer[2], answer
    tap.equal(content(plain.path('aik.blob')), before)


@tap.case('its deep quote is trusted where the policy allows TPM 1.2')
def _():
    checker = Checker(plain, 'store', plain.path('aik.pub'))
    for options in ((), ('--version-info',)):
        challenge = checker.store.challenge()
        tap.equal(plain.quote(challenge, '-z', *options), (0, '', ''))
        verdict = checker.check(challenge)
        tap.equal(verdict.word, 'trusted', verdict.text)
        tap.equal(len(content(plain.path('quote.msg'))) > 52, bool(options))
        tap.equal(plain.keys_loaded(), b'\0\0')


@tap.case('the public part of a key that is there is written without a TPM')
def _():
    tap.equal(tcsd.run(TOOL, '-b', plain.path('aik.blob'), '--aik-public', plain.path('again.pub'),
                       '-d', '/nowhere'), (0, '', ''))
    tap.equal(content(plain.path('again.pub')), content(plain.path('aik.pub')))


@tap.case('a key of tpm_mkaik deep-quotes too, and tpm_quote_tools work beside it')
def _():
    p = plain.path
    with plain.tcsd as daemon:
        daemon.check('tpm_mkaik', '-z', p('mk.blob'), p('mk.der'))
        daemon.check('tpm_mkuuid', p('mk.uuid'))
        daemon.check('tpm_loadkey', p('mk.blob'), p('mk.uuid'))
        with open(p('mk.nonce'), 'wb') as f:
            f.write(os.urandom(20))
        daemon.check('tpm_getpcrhash', p('mk.uuid'), p('mk.hash'), p('mk.pcrs'), '0', '10')
        daemon.check('tpm_getquote', p('mk.uuid'), p('mk.nonce'), p('mk.quote'), '0', '10')
        daemon.check('tpm_unloadkey', p('mk.uuid'))
    tap.equal(tcsd.run(TOOL, '-b', p('mk.blob'), '--aik-public', p('mk.pub'))[0], 0)
    info = content(p('mk.hash'))  # TPM_QUOTE_INFO2, with zeros for the nonce
    tap.equal(info[-20:], tpm12.composite_hash([0, 10], [plain.pcr(0), plain.pcr(10)]))
    info = info[:6] + content(p('mk.nonce')) + info[26:]
    assert tpm12.verify(content(p('mk.pub')), info, content(p('mk.quote')))
    checker = Checker(plain, 'mk.store', p('mk.pub'))
    challenge = checker.store.challenge()
    tap.equal(plain.quote(challenge, '-z', blob=p('mk.blob')), (0, '', ''))
    tap.equal(checker.check(challenge).word, 'trusted')


@tap.case('a key of ours quotes by tpm_quote_tools')
def _():
    p = plain.path
    with plain.tcsd as daemon:
        daemon.check('tpm_mkuuid', p('our.uuid'))
        daemon.check('tpm_loadkey', p('aik.blob'), p('our.uuid'))
        daemon.check('tpm_getpcrhash', p('our.uuid'), p('our.hash'), p('our.pcrs'), '0', '10')
        daemon.check('tpm_unloadkey', p('our.uuid'))


@tap.case('the host tells its key')
def _():
    tap.equal(tcsd.run(TOOL, '-d', plain.vtpm.server, '--host-credential',
                       'ak=' + plain.path('ak.host')), (0, '', ''))
    tap.equal(content(plain.path('ak.host')).hex(), manager.admin('ak')['public'])


@tap.case('--log sets what is said: nothing, errors, or each command without what is in it')
def _():
    answers = {level: plain.quote('5a' * 20, '-z', '-l', level, blob=plain.path('none'))
               for level in ('none', 'error')}
    tap.equal(answers['none'], (2, '', ''))
    assert 'cannot read' in answers['error'][2]
    status, _, said = plain.quote('5a' * 20, '-z', '-l', 'debug')
    tap.equal(status, 0, said)
    assert 'loading the AIK: ' in said and '5a5a' not in said, said


@tap.case('passwords of owner, SRK and key are asked for, and a wrong one is refused')
def _():
    for name, unicode, last in (('typed', (), '1'), ('unicode', ('-u',), '2')):
        uuid = UUID[:-1] + last
        with contextlib.ExitStack() as stack:
            guest = Guest(stack, name, unicode, stdin=2 * OWNER + 2 * SRK, uuid=uuid)
            with guest.tcsd:
                for wrong in (SRK + SRK, OWNER + OWNER):
                    status, _, said = guest.create('-k', *unicode, stdin=wrong + 2 * AIK)
                    tap.equal((status, 'wrong password' in said), (1, True), said)
                status, _, said = guest.create('-k', *unicode, stdin=OWNER + SRK + AIK + SRK)
                tap.equal((status, 'not the same' in said), (2, True), said)
                tap.equal(os.path.exists(guest.path('aik.blob')), False)
                tap.equal(guest.create('-k', *unicode, stdin=OWNER + SRK + 2 * AIK)[0], 0)
            checker = Checker(guest, 'store', guest.path('aik.pub'), uuid)
            challenge = checker.store.challenge()
            for wrong in (SRK + SRK, AIK + AIK):
                status, _, said = guest.quote(challenge, '-k', *unicode, stdin=wrong)
                tap.equal((status, 'wrong password' in said), (1, True), said)
            tap.equal(guest.quote(challenge, '-k', *unicode, stdin=SRK + AIK)[0], 0)
            tap.equal(checker.check(challenge).word, 'trusted')
            tap.equal(guest.keys_loaded(), b'\0\0')


@tap.case('without its daemon, TrouSerS is said to be what is missing')
def _():
    plain.clean()
    answer = plain.tcsd.run(TOOL, '--aik-create', '-b', plain.path('new.blob'), '-y', '-z')
    expect_refused(plain, answer, 1, 'systemctl start tcsd')


@tap.case('a file that is no key of this TPM is refused')
def _():
    good = content(plain.path('aik.blob'))
    for data, status, words in (
            (b'', 2, ['is none']), (good[:-1], 2, ['is none']), (good + b'\0', 2, ['is none']),
            (good[:4] + b'\0\x11' + good[6:], 2, ['cannot sign']),
            (good[:-5] + b'\0' * 5, 1, ['another TPM'])):
        with open(plain.path('bad.blob'), 'wb') as f:
            f.write(data)
        expect_refused(plain, plain.quote('5a' * 20, '-z', blob=plain.path('bad.blob')), status,
                       *words)


@tap.case('a TPM 2.0, and a vTPM without a manager, are told apart from ours')
def _():
    with Vtpm(client=False) as two:
        status, _, said = plain.quote('5a' * 20, '-z', device=two.server)
        tap.equal((status, 'tpm2_deepquote' in said), (1, True), said)
    with Vtpm(client=False, version='1.2') as stock:
        status, _, said = tcsd.run(TOOL, '-d', stock.server, '--host-credential',
                                   'ak=' + plain.path('no'))
        tap.equal((status, 'swtpm-deepquote' in said), (1, True), said)


@tap.case('a VM that the manager refuses is told so, and no key stays in its TPM')
def _():
    manager.ctl('disable', UUID)
    try:
        expect_refused(plain, plain.quote('5a' * 20, '-z'), 1, 'refuses this VM', '0x502')
    finally:
        manager.ctl('enable', UUID)


class Between:
    """A relay on the way to the TPM, which may change the answer to an ordinal."""

    def __init__(self, guest):
        self.server, self.path = guest.vtpm.server, guest.path('between')
        self.change = {}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                with contextlib.suppress(OSError, EOFError), near, \
                        socket.socket(socket.AF_UNIX) as far:
                    far.connect(self.server)
                    self.carry(near, far)

    def carry(self, near, far):
        while True:
            command = receive_packet(near)
            far.sendall(command)
            change = self.change.get(tpm2.code_of(command), lambda answer: answer)
            near.sendall(change(receive_packet(far)))


def flipped(at):
    return lambda a: a[:at] + bytes([a[at] ^ 1]) + a[at + 1:] if at >= 0 else \
        a[:len(a) + at] + bytes([a[at] ^ 1]) + a[len(a) + at + 1:]


def cut(n):
    return lambda a: a[:2] + tpm2.u32(n) + a[6:n]


@tap.case('an answer that was changed or cut on its way is refused')
def _():
    with contextlib.ExitStack() as stack:
        guest = Guest(stack, 'hostile', (), stdin=2 * OWNER + 2 * SRK, uuid=UUID[:-1] + '3')
        with guest.tcsd:
            tap.equal(guest.create('-k', stdin=OWNER + SRK + 2 * AIK)[0], 0)
        between = Between(guest)
        load, quote = tpm12.ORD['LoadKey2'], tpm12.ORD['DeepQuote']
        for ordinal, change, word in (
                (load, flipped(-1), 'not authorized'), (load, cut(13), 'malformed'),
                (load, cut(14), 'malformed'), (quote, flipped(-1), 'not authorized'),
                (quote, flipped(60), 'not authorized'),
                *((quote, cut(n), 'malformed') for n in (10, 40, 100, 330, 340, 700)),
                (tpm12.ORD['PCRRead'], cut(29), 'malformed'),
                (tpm12.ORD['PCRRead'], flipped(20), 'do not stay')):
            between.change = {ordinal: change}
            status, _, said = guest.quote('5a' * 20, '-k', device=between.path, stdin=SRK + AIK)
            tap.equal((status, word in said), (1, True), f'{ordinal:#x}: {said}')
            tap.equal([n for n in OUTPUTS if os.path.exists(guest.path(n))], [])
        between.change = {}
        tap.equal(guest.quote('5a' * 20, '-k', device=between.path, stdin=SRK + AIK)[0], 0)
        between.listener.close()


@tap.case('wrong usage is said before a TPM is asked for')
def _():
    full = ['-b', plain.path('aik.blob'), '-q', '5a' * 20, '-p', '0', '--host-pcr-list', 'sha256:0',
            '-m', plain.path('m'), '-s', plain.path('s'), '--evidence', plain.path('e')]

    def without(name):
        at = full.index(name)
        return full[:at] + full[at + 2:]

    for options, word in (
            ([], 'nothing to do'), (['--aik-create'], '-b FILE'), (without('-b'), '-b FILE'),
            (without('-p'), '-p'), (without('--host-pcr-list'), '--host-pcr-list'),
            (without('-m'), '-m'), (['--aik-create', *full], 'one after the other'),
            ([*full, '-q', '5a' * 19], '-q'), ([*full, '-p', 'sha256:0'], 'SHA-1'),
            ([*full, '-p', '24'], '-p'), ([*full, '--flags', 'no'], '--flags'),
            ([*full, '-k'], 'no password'), ([*full, '-s', plain.path('m')], 'same name'),
            ([*full, 'more'], 'argument'), ([*full, '-l', 'loud'], '-l'),
            ([*full, '--bind', '/nowhere'], '--bind'),
            (['--bind', 'x', '--host-credential', 'ak=x'], '--bind'),
            (['--host-credential', 'nothing=x'], '--host-credential'), (['--nothing'], '--help')):
        status, out, said = tcsd.run(TOOL, '-z', '-d', plain.vtpm.server, *options)
        tap.equal((status, out, word in said), (2, '', True), f'{options}: {said}')


if why_not():
    print(f'1..0 # SKIP {why_not()}')
    sys.exit(0)
work = tempfile.mkdtemp(prefix='tpm-deepquote-')
os.chmod(work, 0o755)  # tcsd is another user
try:
    with contextlib.ExitStack() as _stack:
        manager = _stack.enter_context(Manager(vm_rate=0))
        plain = Guest(_stack, 'plain', ('-y', '-z'))
        tap.main()
finally:
    shutil.rmtree(work, ignore_errors=True)
