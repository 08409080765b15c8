#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts the test cases of meson test runs: summary.py JUNIT-FILE|skip:WHAT:WHY...

Prints each failure and each reason to skip, then `N passed, N failed, N skipped`.
Exits 1 if a case failed or none ran.
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

# What XML has no place for and a guest's console may have printed
CONTROL = re.compile(rb'[\x00-\x08\x0b\x0c\x0e-\x1f]')
TITLES = {'failed': 'failed', 'skipped': 'skipped'}


def outcome(case):
    if case.find('failure') is not None or case.find('error') is not None:
        return 'failed'
    return 'passed' if case.find('skipped') is None else 'skipped'


def results(files):
    """(outcome, program, case, message) of every case; a program that died is a failed case, and
    so is a run that left no file."""
    for name in files:
        if name.startswith('skip:'):
            _, what, why = name.split(':', 2)
            yield 'skipped', what, 'not run', why
            continue
        if not os.path.exists(name):
            yield 'failed', name, 'was not written', 'the run that writes it ended early'
            continue
        with open(name, 'rb') as file:
            root = ElementTree.fromstring(CONTROL.sub(b'?', file.read()))
        for suite in root.iter('testsuite'):
            program = suite.get('name').split(' / ')[-1].split('.')[-1]
            cases = list(suite.iter('testcase'))
            for case in cases:
                text = case.findtext('system-out') or ''
                yield outcome(case), program, case.get('name'), text.strip()
            broken = int(suite.get('errors') or 0) + int(suite.get('failures') or 0)
            if broken and not any(outcome(c) == 'failed' for c in cases):
                yield 'failed', program, 'ended with an error', ''


def main():
    count = {'passed': 0, 'failed': 0, 'skipped': 0}
    for result, program, case, text in results(sys.argv[1:]):
        count[result] += 1
        if result in TITLES:
            print(f'{TITLES[result]}: {program}: {case}{": " + text if text else ""}')
    print('{passed} passed, {failed} failed, {skipped} skipped'.format(**count))
    sys.exit(1 if count['failed'] or not count['passed'] else 0)


main()
