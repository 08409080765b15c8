# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree's files as the checks read them: code without comments, comments, declarations."""
import collections
import functools
import pathlib
import re
import subprocess

# A comment, a string, a character, or a stretch without any
TOKENS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
PREPROCESSOR = re.compile(r'^[ \t]*#(?:\\\n|[^\n])*', re.M)
MACRO_LINE = re.compile(r'^[A-Z][A-Z0-9_]*(?:\([^;{}]*?\))?$', re.M)
FUNCTION = re.compile(r'[\w*][\s*]+(\w+)\s*\(', re.S)
ATTRIBUTE = re.compile(r'__attribute__\s*\(\(.*?\)\)|\bG_GNUC_\w+(?:\s*\([^()]*\))?', re.S)

Function = collections.namedtuple('Function', 'name line static defined')


def _blank(text):
    """The same lines, empty."""
    return re.sub(r'[^\n]', ' ', text)


def code(text):
    """C without comments and without what is in strings; line numbers stay."""
    def replace(match):
        token = match.group()
        return _blank(token) if token[0] == '/' else token[0] + _blank(token[1:-1]) + token[-1]
    return TOKENS.sub(replace, text)


def comments(text):
    """(line, text) of each comment of a C file."""
    for match in TOKENS.finditer(text):
        if match.group()[0] == '/':
            yield text.count('\n', 0, match.start()) + 1, match.group()


def _outer(text):
    """Code at file level: what is inside braces is blank, but for its line ends."""
    out, depth = [], 0
    for part in re.split(r'([{}])', text):
        if part == '{':
            depth += 1
            out.append('{' if depth == 1 else '')
        elif part == '}':
            depth -= 1
            out.append('}' if depth == 0 else '')
        else:
            out.append(part if depth == 0 else _blank(part))
    return ''.join(out)


def functions(text):
    """The functions that a C file declares or defines at file level."""
    text = PREPROCESSOR.sub(lambda m: _blank(m.group()), code(text))
    text = _outer(MACRO_LINE.sub(lambda m: _blank(m.group()), text))
    start = 0
    for end in re.finditer(r'[;}]', text):
        item, begin = text[start:end.end()], start
        start = end.end()
        if re.match(r'\s*typedef\b', item) or '=' in item.split('{')[0]:
            continue
        found = FUNCTION.search(ATTRIBUTE.sub(lambda m: _blank(m.group()), item))
        if found:
            line = text.count('\n', 0, begin + found.start(1)) + 1
            yield Function(found.group(1), line, bool(re.search(r'\bstatic\b', item)),
                           item.endswith('}'))


class Tree:
    """Files under a root, as `git ls-files` lists them; or those given."""

    def __init__(self, root, names=None):
        self.root = pathlib.Path(root)
        if names is None:
            names = subprocess.run(['git', '-C', str(root), 'ls-files'], capture_output=True,
                                   text=True, check=True).stdout.splitlines()
        self.names = [n for n in names if (self.root / n).is_file()]
        assert self.names, 'no files: this needs a clone of the repository'

    def matching(self, pattern):
        """Names that the regular expression matches from their beginning."""
        return [n for n in self.names if re.match(pattern, n)]

    def c_files(self, folder=''):
        return self.matching(re.escape(folder) + r'.*\.[ch]$')

    @functools.lru_cache(maxsize=None)
    def text(self, name):
        return (self.root / name).read_text(encoding='utf-8', errors='replace')

    @functools.lru_cache(maxsize=None)
    def code(self, name):
        return code(self.text(name))

    @functools.lru_cache(maxsize=None)
    def functions(self, name):
        return list(functions(self.text(name)))

    @functools.lru_cache(maxsize=None)
    def words(self, name):
        """The identifiers in a C file's code."""
        return set(re.findall(r'[A-Za-z_]\w*', self.code(name)))

    def scripts(self, interpreter):
        """Files that begin with #! and this interpreter."""
        return [n for n in self.names
                if re.match(rf'#!\S*(?:/| ){interpreter}\b', self.text(n)[:80])]
