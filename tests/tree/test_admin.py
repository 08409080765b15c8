# SPDX-License-Identifier: GPL-2.0-or-later
"""The manager's tables of administration commands, and every other list of them, are the same."""
import os
import pathlib
import re
import subprocess

import tap
from programs import program

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])


def text(name):
    return (ROOT / name).read_text(encoding='utf-8')


def between(whole, begin, end):
    """What stands between two marks of which both must be there."""
    assert begin in whole, f'there is no {begin!r}'
    rest = whole[whole.index(begin) + len(begin):]
    assert end in rest, f'there is no {end!r} after {begin!r}'
    return rest[:rest.index(end)]


def tables(folder):
    """The names in all tables of commands in a folder."""
    names = set()
    for path in sorted((ROOT / folder).glob('*.c')):
        for table in re.findall(r'commands\[\] = \{(.*?)\n\};', path.read_text(), re.S):
            names.update(re.findall(r'\{ *(?:\.name = )?"([\w-]+)"', table))
    assert names, f'{folder} has no table of commands'
    return sorted(names)


COMMANDS = tables('vtpm-manager/admin')
LOCAL = re.findall(r'\{ *\.name = "(\w+)"[^{}]*\.local = ', text('tools/host/command.c'))
VM_COMMANDS = re.findall(r'\{ "([\w-]+)",\s+"', between(
    text('tools/host/vm.c'), 'vm_table[] = {', '\n};'))
# Of `host`, each of which is one of the manager's
HOST_COMMANDS = re.findall(r'\{ "([\w-]+)", ', between(
    text('tools/host/host.c'), 'host_table[] = {', '\n};'))
VM_ALONE = ['accept']  # of the manager's, what only `vm` asks for
REGISTRY_ALONE = ['registry-accept', 'registry-backup', 'registry-verify']  # the same of `registry`
ESCROW_ALONE = ['escrow-key', 'escrow-restore']  # the same of `escrow`
LISTS_ALONE = ['parts']  # the same of `launch` and `vm quote`
AUDIT_ALONE = ['audit-heads', 'audit-sign']  # of `audit`
AUTHORITY_ALONE = ['authority-renew']  # of `authority`
SETUP_ALONE = ['certify']  # of what `vm new` has swtpm_setup run
assert set(VM_ALONE) <= set(VM_COMMANDS)
COMPLETION = text('packaging/completion/vtpm-managerctl')


def options():
    """The long options of vtpm-managerctl."""
    return re.findall(r'\{ "([\w-]+)", (?:\'\w\'|0), 0, G_OPTION',
                      text('tools/host/options.c')) + ['help']


def help_text():
    return subprocess.run([program('vtpm-managerctl'), '--help'], capture_output=True, text=True,
                          check=True).stdout


def same(where, names, local=True):
    @tap.case(f'every administration command is in {where}, and no other')
    def _():
        own = [name for name in COMMANDS
               if name not in (HOST_COMMANDS + VM_ALONE + REGISTRY_ALONE + LISTS_ALONE
                               + AUTHORITY_ALONE + SETUP_ALONE + ESCROW_ALONE + AUDIT_ALONE)]
        own = set(own + LOCAL)
        tap.equal(sorted(names()), sorted(own if local else COMMANDS))


@tap.case("what vtpm-managerctl host does are commands of the manager's, in help and completion")
def _():
    assert len(HOST_COMMANDS) == 2 and set(HOST_COMMANDS) <= set(COMMANDS), HOST_COMMANDS
    for name in HOST_COMMANDS:
        assert f'host {name}' in help_text()
        assert f'_{name}_' in text('docs/man/vtpm-managerctl.1.scd')
        assert name in between(COMPLETION, '    host)\n', ';;')


same('vtpm-managerctl', lambda: tables('tools/host'))
same("vtpm-managerctl's help", lambda: re.findall(
    r'^  ([a-z]+)\b', between(help_text(), '\nCommands:\n', '\n\n'), re.M))
same('the manual page', lambda: re.findall(
    r'\*([a-z]+)\*', '\n'.join(re.findall(r'^\*[a-z]+\*.*', between(
        text('docs/man/vtpm-managerctl.1.scd'), '# COMMANDS', '# OPTIONS'), re.M))))
same('the specification', lambda: re.findall(
    r'`([a-z-]+)`', '\n'.join(row.split('|')[1] for row in between(
        text('docs/specs/manager-admin.md'), '| command | members | answer |\n|---|---|---|\n',
        '\n\n').splitlines())), local=False)
same('the completion', lambda: between(
    COMPLETION, "    '')\n        COMPREPLY=($(compgen -W '", "'").split())
same("the completion's search for the command", lambda: between(
    COMPLETION, 'case $word in\n', ')').replace('\\', '').replace('|', ' ').split())


@tap.case('every command on VMs that are units is in the help, the manual page and the completion')
def _():
    assert len(VM_COMMANDS) > 3, VM_COMMANDS
    page = text('docs/man/vtpm-managerctl.1.scd')
    tap.equal(re.findall(r'^  vm ([a-z-]+) UUID ', help_text(), re.M), VM_COMMANDS)
    tap.equal(re.findall(r'^\*vm ([a-z-]+)\*', page, re.M), VM_COMMANDS)
    tap.equal(between(COMPLETION, "vm)\n        COMPREPLY=($(compgen -W '", "'").split(),
              VM_COMMANDS)


@tap.case('every option of vtpm-managerctl is in the completion and the manual page')
def _():
    offered = re.findall(r'--([a-z-]+)', between(
        COMPLETION, "if [[ $cur == -* ]]; then\n        COMPREPLY=($(compgen -W '", "'"))
    tap.equal(sorted(offered), sorted(options()))
    page = text('docs/man/vtpm-managerctl.1.scd')
    short = {'message': '-m', 'signature': '-s', 'pcr': '-o'}
    tap.equal([o for o in options()
               if f'--{o}*' not in page and f'{short.get(o)}*' not in page], [])


tap.main()
