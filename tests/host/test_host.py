# SPDX-License-Identifier: GPL-2.0-or-later
"""Our packages on a real Debian host, argv[1]: systemd starts the units, AppArmor confines domains,
the kernel's driver has the TPM. Quotes are verified outside."""
import json
import sys
import tempfile

import tap
from debian import PAYLOAD, DebianHost, packages

RELEASE = sys.argv.pop(1)

# What doctor finds of this host, which nobody has set up further
GOOD = ['tpm', 'tpm-version', 'sha256-bank', 'boot-log', 'ima', 'tpm-device', 'state-folder',
        'state-files', 'admin-socket', 'manager', 'manager-version', 'manager-tpm', 'launcher',
        'apparmor', 'security-driver']
BAD = ['swtpm-user', 'hardware']


@tap.case('the host boots to its end, and the kernel has the TPM of the board')
def _():
    print(f'# {host.seconds:.0f} s from the start of its TPM')
    tap.equal(host.text('systemctl is-system-running || systemctl --failed --plain --no-legend'),
              'running')
    tap.equal(host.text('basename $(readlink /sys/class/tpm/tpm0/device/driver)'), 'tpm_crb')
    tap.equal(host.text('cat /sys/module/apparmor/parameters/enabled'), 'Y')


@tap.case('the packages install, and vtpm-managerd runs on the resource manager of the kernel')
def _():
    host.text(f'DEBIAN_FRONTEND=noninteractive dpkg -i {PAYLOAD}/debs/*.deb', 300)
    tap.equal(host.text('systemctl is-active vtpm-managerd || systemctl status vtpm-managerd'),
              'active')
    status = host.json('vtpm-managerctl status --json')
    tap.equal(status['tpm']['tcti'], 'device:/dev/tpmrm0')


@tap.case('the manager quotes the PCRs that the firmware has extended')
def _():
    host.text(f'cd /tmp && vtpm-managerctl quote --nonce {"5a" * 32} --pcrs sha256:0,1,2,3,4,5,6,7 '
              '-m quote.msg -s quote.sig -o quote.pcrs')
    known = host.text("cat $(printf '/sys/class/tpm/tpm0/pcr-sha256/%s ' 0 1 2 3 4 5 6 7)")
    tap.equal(host.data('cat /tmp/quote.pcrs').hex(), known.replace('\n', '').lower())


@tap.case('doctor looks at all of it, and finds what is good and what is bad on this host')
def _():
    status, output, _ = host.status('vtpm-managerctl doctor --json')
    tap.equal(status, 1)
    results = {check['check']: check['result'] for check in json.loads(output)['checks']}
    tap.equal({name: results.get(name) for name in GOOD}, dict.fromkeys(GOOD, 'good'))
    tap.equal([name for name, result in results.items() if result == 'bad'], BAD)
    assert 'unknown' not in results.values(), results


@tap.case('systemd-analyze gives the exposure of vtpm-managerd as 1.0 or less')
def _():
    said = host.text('systemd-analyze security --no-pager vtpm-managerd | tail -n 1')
    print('#', said)
    assert float(said.split(':')[1].split()[0]) <= 1.0, said


with tempfile.TemporaryDirectory(prefix='host-') as directory:
    with DebianHost(directory, RELEASE, packages(RELEASE)) as host:
        tap.main()
