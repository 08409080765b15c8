# SPDX-License-Identifier: GPL-2.0-or-later
"""systemd reads our units without a complaint and finds them well confined."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import textwrap

import tap
from programs import program

UNITS = pathlib.Path(os.environ['BUILD_ROOT'], 'packaging')
UUID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'
SERVICES = ['vtpm-managerd.service', 'swtpm-deepquote@.service']
NAMES = SERVICES + ['swtpm-deepquote@.socket']
EXPOSURE = 10  # tenths of what systemd-analyze says, at most


def analyze(*arguments):
    if shutil.which('systemd-analyze') is None:
        tap.skip('no systemd-analyze: run scripts/setup test')
    done = subprocess.run(['systemd-analyze', '--no-pager', *arguments], capture_output=True,
                          text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def text(name):
    return (UNITS / name).read_text(encoding='utf-8')


@contextlib.contextmanager
def units(change=lambda unit: unit):
    """A folder with the units, a VM's own among them; what they execute is in the build tree."""
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            unit = re.sub(r'^ExecStart=\S*/([\w-]+)', lambda m: 'ExecStart=' + program(m[1]),
                          text(name), flags=re.M)
            pathlib.Path(folder, name.replace('@', f'@{UUID}')).write_text(
                change(unit), encoding='utf-8')
        yield [os.path.join(folder, name.replace('@', f'@{UUID}')) for name in NAMES]


def verify(files):
    return analyze('verify', '--man=no', '--recursive-errors=no', *files)


@tap.case('systemd-analyze verify has nothing to say of the units')
def _():
    with units() as files:
        tap.equal(verify(files), (0, ''))


@tap.case('and has where a key is misspelt')
def _():
    with units(lambda unit: unit.replace('SocketMode', 'SocketMood')) as files:
        assert 'SocketMood' in verify(files)[1]


def exposure_case(name):
    @tap.case(f'{name} is exposed to {EXPOSURE / 10} or less')
    def _():
        security = ('security', '--offline=true', f'--threshold={EXPOSURE}')
        code, said = analyze(*security, str(UNITS / name))
        tap.equal(code, 0, said)
        with units(lambda unit: unit.replace('NoNewPrivileges=yes\n', '')
                   .replace('CapabilityBoundingSet=\n', '')) as files:
            code, said = analyze(*security, files[NAMES.index(name)])
            assert code != 0, said


for _name in SERVICES:
    exposure_case(_name)


def example_units(folder):
    """The units that docs/howto/verifier.md shows, as files: the service, the oneshot that it says
    a timer may start in its place, and that timer."""
    page = (pathlib.Path(os.environ['SOURCE_ROOT']) / 'docs/howto/verifier.md').read_text()
    service, timer = (textwrap.dedent(block) for block in
                      re.findall(r'^    \[(?:Unit|Timer)\]\n(?:(?:    .*)?\n)+', page, re.M))
    service = re.sub(r'ExecStart=\S*/([\w-]+)',
                     'ExecStart=' + program('tpm2_checkdeepquote'), service)
    once = service.replace('Restart=on-abnormal\n', 'Type=oneshot\n') \
        .replace('--until-refused', '--once')
    assert '--store' in service and once.count('\n') == service.count('\n')
    for name, unit in (('deepquote-watch@web.service', service),
                       ('deepquote-ask@web.service', once), ('deepquote-ask@web.timer', timer)):
        pathlib.Path(folder, name).write_text(unit, encoding='utf-8')
        yield os.path.join(folder, name)


@tap.case("systemd-analyze verify has nothing to say of the verifier's examples")
def _():
    with tempfile.TemporaryDirectory() as folder:
        files = list(example_units(folder))
        tap.equal(verify(files), (0, ''))
        pathlib.Path(files[2]).write_text('[Timer]\nOnCalender=hourly\n', encoding='utf-8')
        assert 'OnCalender' in verify(files)[1]


@tap.case(f'vtpm-managerd that may look at processes is exposed to {EXPOSURE / 10} or less')
def _():
    with tempfile.TemporaryDirectory() as folder:
        unit = pathlib.Path(folder, SERVICES[0])
        added = text('measurements.conf')
        unit.write_text(text(SERVICES[0]).replace('\n[Install]', added, 1), encoding='utf-8')
        code, said = analyze('security', '--offline=true', f'--threshold={EXPOSURE}', str(unit))
        tap.equal(code, 0, said)
        assert re.search('CapabilityBoundingSet=~CAP_SYS_PTRACE +Service has ptrace', said), said


@tap.case('the profile of that manager has it look at processes, and trace none')
def _():
    profile = text('apparmor')
    name = re.search('^AppArmorProfile=(.*)$', text('measurements.conf'), re.M)[1]
    assert f'\nprofile {name} ' in profile, profile
    tap.equal(re.findall('^ *ptrace.*$', profile, re.M), ['  ptrace (read),'])


@tap.case("a VM's vTPM gets the VM's socket, state and identity, and no other's")
def _():
    service, socket = text('swtpm-deepquote@.service'), text('swtpm-deepquote@.socket')
    tap.equal(re.findall(r'^ListenStream=(.*)$', socket, re.M), ['/run/swtpm-deepquote/%i.sock'])
    tap.equal(re.findall(r'^StateDirectory=(.*)$', service, re.M), ['swtpm-deepquote/%i'])
    assert ' --tpmstate dir=%S/swtpm-deepquote/%i,' in service, service
    assert ' --ctrl type=unixio,fd=3 ' in service, service
    assert re.search(r' --deepquote manager=/[^,]*,uuid=%i,', service), service


@tap.case('no socket is there for a VM that has no user of its own')
def _():
    condition = r'^AssertPathExists=/etc/systemd/system/swtpm-deepquote@%i\.service\.d/vm\.conf$'
    for name in NAMES[1:]:
        assert re.search(condition, text(name), re.M), name
    assert not re.search('^User=', text('swtpm-deepquote@.service'), re.M)


@tap.case('nothing that a guest or its QEMU does ends the socket')
def _():
    service = text('swtpm-deepquote@.service')
    assert '\nStartLimitIntervalSec=0\n' in service, service
    pause = float(re.search(r'^ExecStopPost=/bin/sleep (.*)$', service, re.M)[1])
    limit = {key: int(value) for key, value in re.findall(
        r'^TriggerLimit(\w+)=(\d+)$', text('swtpm-deepquote@.socket'), re.M)}
    assert limit['IntervalSec'] / pause < limit['Burst'] / 2, (pause, limit)


@tap.case('systemd waits longer for the manager to end than the manager for its TPM; the manual '
          'has what the unit has')
def _():
    source = pathlib.Path(os.environ['SOURCE_ROOT'])
    unit = text('vtpm-managerd.service')
    waits = (source / 'vtpm-manager/tpm/waits.h').read_text(encoding='utf-8')
    manual = (source / 'docs/howto/host-tpm.md').read_text(encoding='utf-8')
    drain, close = (int(re.search(rf'TPM_WAIT_{name}_S = (\d+),', waits)[1])
                    for name in ('DRAIN', 'CLOSE'))
    start, stop = (re.search(rf'^Timeout{name}Sec=(\d+)$', unit, re.M)
                   for name in ('Start', 'Stop'))
    assert drain + close < int(stop[1]), stop[0]
    for said in (f'`{start[0]}`', f'`{stop[0]}`', f'| {drain} s for ', f', {close} s to remove'):
        assert said in manual, said


tap.main()
