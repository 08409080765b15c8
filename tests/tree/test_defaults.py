# SPDX-License-Identifier: GPL-2.0-or-later
"""What programs, pages and installed files say of the manager's defaults is what holds."""
import os
import pathlib
import re
import subprocess

import defaults
import tap
from programs import program

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])
BUILD = pathlib.Path(os.environ['BUILD_ROOT'])
UUID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8'

# Page: what it says, with the names of defaults in braces
PAGES = {
    'docs/man/vtpm-managerd.8.scd': [
        'Default: _{TCTI}_.', 'Default: _{STATE_DIR}_.', 'Default: _{SOCKET}_, {SOCKET_MODE};',
        'Default:\n\t_{ADMIN_SOCKET}_.', 'Default:\n\t_{BOOT_LOG}_ and\n\t_{IMA_LOG}_;',
        '1 to 16384 ({BATCH_LIMIT})',
        'requests a second ({VM_RATE})', 'at once ({VM_BURST})', 'Default: {METRICS_MODE}.'],
    'docs/man/vtpm-managerctl.1.scd': ['Default: _{ADMIN_SOCKET}_.'],
    'docs/man/swtpm-deepquote.8.scd': ['manager={SOCKET}++', '--deepquote manager={SOCKET},'],
    'docs/specs/manager-protocol.md': ['by default {SOCKET}.'],
    'docs/howto/host-tpm.md': ['z {BOOT_LOG} 0440', 'z {IMA_LOG} 0440'],
    'docs/howto/libvirt.md': ['manager={SOCKET}\n', '{SOCKET} rw,'],
}


def text(path):
    return path.read_text(encoding='utf-8')


def said(name, *arguments):
    """What a program says that ends by itself."""
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, check=False,
                          timeout=60)
    return done.stdout + done.stderr


def page_case(name):
    @tap.case(f'{name} names the defaults')
    def _():
        page = text(ROOT / name)
        tap.equal([want for want in (claim.format(**defaults.VALUES) for claim in PAGES[name])
                   if want not in page], [])


for _name in PAGES:
    page_case(_name)


@tap.case('no page names another place for the sockets')
def _():
    run_dir = os.path.dirname(defaults.SOCKET)
    known = {defaults.SOCKET, defaults.ADMIN_SOCKET, run_dir + '/metrics.sock'}
    named = {match for page in (ROOT / 'docs').rglob('*.*') if page.suffix in ('.md', '.scd')
             for match in re.findall(r'(?:/var)?/run/[\w/-]*manager[\w/-]*\.sock', text(page))}
    tap.equal(sorted(named - known), [])
    assert named, 'no page names a socket'


@tap.case("the programs' help names the defaults")
def _():
    shown = said('vtpm-managerd', '--help')
    tap.equal([v for v in defaults.VALUES.values() if f'({v})' not in shown], [])
    assert f'({defaults.ADMIN_SOCKET})' in said('vtpm-managerctl', '--help')


@tap.case('the manager tells the limit that its manual page names')
def _():
    assert 'give 1 to 16384\n' in said('vtpm-managerd', '--batch-limit', '16385')


@tap.case("the launcher's advice names the manager's socket")
def _():
    advice = said('swtpm-deepquote', 'socket', '--deepquote', 'uuid=' + UUID)
    assert advice.endswith(f'such as manager={defaults.SOCKET}\n'), advice


@tap.case('the systemd unit gives the manager its device, its directories and no more')
def _():
    unit = text(BUILD / 'packaging' / 'vtpm-managerd.service')
    tap.equal(re.findall(r'^DeviceAllow=(.*) rw$', unit, re.M),
              [defaults.TCTI.removeprefix('device:')])
    tap.equal(re.findall(r'^ConditionPathExists=(.*)$', unit, re.M),
              ['|' + defaults.TCTI.removeprefix('device:'),
               '|' + re.search(r'^EnvironmentFile=-(.*)$', unit, re.M)[1]])
    tap.equal(re.findall(r'^StateDirectory=(.*)$', unit, re.M),
              [defaults.STATE_DIR.removeprefix('/var/lib/')])
    tap.equal(re.findall(r'^RuntimeDirectory=(.*)$', unit, re.M),
              [os.path.dirname(defaults.SOCKET).removeprefix('/run/')])
    assert re.search(r'^ExecStart=/', unit, re.M), unit


@tap.case('the directories are made for the user that the unit runs as')
def _():
    packaging = BUILD / 'packaging'
    user = re.search(r'^User=(.*)$', text(packaging / 'vtpm-managerd.service'), re.M)[1]
    made = {line.split()[1]: line.split()[3] for line in
            text(packaging / 'vtpm-manager.tmpfiles').splitlines() if line.startswith('d ')}
    tap.equal(made, {os.path.dirname(defaults.SOCKET): user, defaults.STATE_DIR: user})
    assert re.search(rf'^u {user} - ".*" {defaults.STATE_DIR}$',
                     text(packaging / 'vtpm-manager.sysusers'), re.M)


tap.main()
