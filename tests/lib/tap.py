# SPDX-License-Identifier: GPL-2.0-or-later
"""A test program in a few lines: cases are functions, the output is TAP.

    @tap.case('a wrong password is refused')
    def _():
        assert ...

    tap.main()
"""
import re
import sys
import traceback

_cases = []


class Skip(Exception):
    """Raised by skip(): the case cannot run here, and why."""


def skip(why):
    raise Skip(why)


def case(name):
    """Decorator: registers a function as the test case `name`."""
    def register(function):
        _cases.append((name, function))
        return function
    return register


def equal(got, want, what=''):
    """Asserts got == want and shows both where they differ."""
    if got != want:
        raise AssertionError(f'{what + ": " if what else ""}got {got!r}, want {want!r}')


def main():
    """Runs the cases in order (those matching argv[1], a regular expression, if given)."""
    pattern = sys.argv[1] if len(sys.argv) > 1 else ''
    chosen = [c for c in _cases if re.search(pattern, c[0])]
    print(f'1..{len(chosen)}', flush=True)
    failed = 0
    for number, (name, function) in enumerate(chosen, 1):
        try:
            function()
        except Skip as reason:
            print(f'ok {number} {name} # SKIP {reason}', flush=True)
        except Exception:  # a test's failure is any exception
            failed += 1
            traceback.print_exc()  # on stderr, which meson shows
            print(f'not ok {number} {name}', flush=True)
        else:
            print(f'ok {number} {name}', flush=True)
    sys.exit(1 if failed else 0)
