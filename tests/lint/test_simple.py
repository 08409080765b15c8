# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks for simple mistakes: each finds the mistake in a small tree, and none in this one."""
import os
import pathlib
import tempfile

import checks
import tap
from tree import Tree

ROOT = os.environ['SOURCE_ROOT']
TREE = Tree(ROOT)

# Check: a tree that is right, then changes to it of which each is one mistake
SAMPLES = {
    checks.hand_shifted: (
        {'lib/wire/cursor.c': 'n = p[0] << 8 | p[1];', 'tools/a.c': 'x = 1 << 8; /* p[0] << 8 */'},
        [{'tools/a.c': 'n = p[0] << 8 | p[1];'},
         {'tools/a.c': 'p[0] = (uint8_t)(n >> 8);'},
         {'hw/tpm/a.c': 'p[1] = (guint8)(n + (m >> 16));'}]),
    checks.error_domains: (
        {'tools/a.c': 'G_DEFINE_QUARK(a_error, a_error)'},
        [{'tools/a.c': 'G_DEFINE_QUARK(a - error, a_error)'},
         {'tools/a.c': 'return g_quark_from_static_string("a - error - quark");'}]),
    checks.foreign_declarations: (
        {'tools/a.h': 'int a(void);\nG_GNUC_PRINTF(1, 2) void b(const char *f, ...);\n'
                      'typedef int (*F)(int);\nGQuark c_quark(void);\n'
                      'static inline int d(void)\n{\n    return a();\n}\n',
         'tools/a.c': '#define X(y) \\\n    z(y)\nint a(void)\n{\n    return 1;\n}\n'
                      'void b(const char *f, ...)\n{\n}\nG_DEFINE_QUARK(c, c)\n',
         'tools/b.c': 'int f(void)\n{\n    return 2;\n}\n'},
        [{'tools/a.h': 'int f(void);'},
         {'tools/a.h': 'extern int *f(\n    void);'},
         {'tools/c.h': 'int a(void);'}]),
    checks.other_forms: (
        {'lib/wire/a.c': '#include "wire/a.h"\nbool f(void) { return !p && q != NULL; }',
         'tools/host/a.c': '#include "a.h"\nuint8_t n; gboolean ok; /* p == NULL */'},
        [{'tools/host/a.c': 'x = p == NULL;'},
         {'tools/host/a.c': 'gint64 n;'},
         {'tools/host/a.c': 'bool ok;'},
         {'lib/wire/a.c': 'gboolean f(void);'},
         {'lib/wire/a.c': '#include "a.h"\n'}]),
    checks.unused_exports: (
        {'tools/a.c': 'int a(void)\n{\n    return 1;\n}\n'
                      'static int s(void)\n{\n    return a();\n}\n',
         'tools/a.h': 'int a(void);', 'tools/b.c': 'int main(void)\n{\n    return a();\n}\n'},
        [{'tools/b.c': 'int main(void)\n{\n    return 0; /* not a() */\n}\n'},
         {'tools/c.c': 'int *c(int x)\n{\n    return x ? c(0) : 0;\n}\n'}]),
    checks.unused_constants: (
        {'tools/a.h': '#ifndef A_H\n#define A_H\n#define N 1\nenum { ONE, TWO = 2 };\n#endif\n',
         'tools/a.c': 'int n = N + ONE + TWO;'},
        [{'tools/a.c': 'int n = ONE + TWO;'},
         {'tools/a.c': 'int n = N + ONE; /* TWO */'}]),
    checks.missing_paths: (
        {'docs/a.md': 'See [the code](../tools/a.c), tools/a, `docs/a.md`, a.c and /usr/lib/x.c.',
         'tools/a.c': '/* docs/a.md and <stdio.h> */\n#include <stdio.h>\n'},
        [{'docs/a.md': 'See [the code](../tools/b.c).'},
         {'docs/a.md': 'See tools/b.'},
         {'docs/a.md': 'See b.c.'},
         {'tools/a.c': '/* see docs/b.md */'},
         {'tools/meson.build': '# See docs/b.md\n'}]),
    checks.missing_functions: (
        {'docs/a.md': 'It calls `a()` and memcpy().',
         'tools/a.c': 'void a(void)\n{\n    memcpy(x, y, z); /* as a() does */\n}\n'},
        [{'docs/a.md': 'It calls `b()`.'},
         {'tools/b.c': '/* as b() does */'},
         {'scripts/a': '# as b() does\n'}]),
}


def findings(check, files):
    """What the check finds in a tree of these files."""
    with tempfile.TemporaryDirectory(prefix='lint-') as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return list(check(Tree(folder, list(files))))


def cases(check, right, mistakes):
    name = check.__name__.replace('_', ' ')

    @tap.case(f'{name}: each mistake is found, and nothing where there is none')
    def _():
        tap.equal(findings(check, right), [])
        for mistake in mistakes:
            found = findings(check, right | mistake)
            assert len(found) == 1, f'{mistake}: {found}'

    @tap.case(f'{name}: none in the tree')
    def _():
        found = list(check(TREE))
        assert not found, '\n'.join(['', *found])


for _check, (_right, _mistakes) in SAMPLES.items():
    cases(_check, _right, _mistakes)
tap.main()
