# SPDX-License-Identifier: GPL-2.0-or-later
"""Simple mistakes. Each check takes a Tree and yields a line for each one it finds."""
import collections
import os
import re

import tree as trees

# Text in which folders and files of the project are named
PROSE = r'.*\.(md|scd)$|.*/?meson\.build$|scripts/|tests/(?!vectors/.*json|fuzz/corpus)|.*\.[ch]$'
FOLDERS = (r'lib|vtpm-manager|swtpm-deepquote|tools|tests|scripts|docs|packaging|hw|backends'
           r'|include|qapi')
PATH = re.compile(rf'(?<![\w/.$@}}-])(?:{FOLDERS})/[\w./-]*\w(?![\w*{{-]|\.[\w*{{])')
LINK = re.compile(r'\]\(([^)#:\s]+)(?:#[\w-]*)?\)')
CALL = re.compile(r'(?<![\w.>-])([a-zA-Z_]\w*)\(\)')
FILE = re.compile(r'(?<![\w/.*-])(?!_|x\.|\w*NAME)[\w-]+\.(?:c|h|py)\b(?![\w(/-])')

BIG_ENDIAN = re.compile(r'\] *<< *(8|16|24)\b|\((?:uint8_t|guint8)\) *\([^;]*?>> *(?:8|16|24)\b')
QUARK = re.compile(r'G_DEFINE_QUARK\(([^,]*\s[^,]*),'
                   r'|g_quark_from_static_string\("([^"]*\s[^"]*)"\)')
MACRO = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(\w+)', re.M)
ENUM = re.compile(r'\benum\b[^{;()]*\{([^}]*)\}')

# What has one form here; see CONTRIBUTING. The names of files, the other form, what to write.
FORMS = [(re.compile(names), re.compile(form, re.M), advice) for names, form, advice in (
    (r'', r'== NULL\b', 'write !p'),
    (r'(?!hw/|backends/)', r'\bgu?int(?:8|16|32|64)\b', 'take the type of <stdint.h>'),
    (r'(tools|vtpm-manager|lib/(?!wire))', r'\bbool\b', 'write gboolean, since GLib is used here'),
    (r'(lib/wire|swtpm-deepquote)', r'\bgboolean\b', 'write bool, since GLib is not used here'),
    # but those that are installed beside what they include
    (r'(?!lib/attest/store\.h|lib/store/(?:chain|store-journal)\.h)'
     r'(lib/\w+|vtpm-manager/\w+|tools/common)/',
     r'^#include "(?!manager_defaults\.h)[^/"]+"', 'name the header with its folder'))]

# The interface of libdeepquote is one header for several files; libdeepquote.map lists it.
PUBLIC = 'lib/attest/deepquote.h'

# Laid over QEMU's tree, which calls functions there; registers are all named, used or not
QEMU = ('hw/', 'backends/', 'include/')
# Functions that someone else's code finds by their names, and halves of a pair with unref
CALLED_BY_NAME = re.compile(r'main$|TPMLIB_|LLVMFuzzer|Tss2_Tcti_|\w+_ref$')
# What may be named though it is another project's and no code of ours does, or no path
ELSEWHERE = {'hw/acpi', 'docs/specs/fw_cfg.rst', 'docs/specs/tpm.rst', 'execve', 'g_critical',
             'malloc', 'vtpm-manager/purge-state'}
FOR_THE_COMPILER = re.compile(r'_|\w+_H$|G_LOG_DOMAIN$')


def _at(text, position):
    return text.count('\n', 0, position) + 1


def hand_shifted(tree):
    """Numbers taken apart or put together byte by byte. Tests may: they check lib/wire's way."""
    for name in tree.c_files():
        if not name.startswith(('lib/wire/', 'tests/')):
            for match in BIG_ENDIAN.finditer(tree.code(name)):
                yield f'{name}:{_at(tree.code(name), match.start())}: use the cursors of lib/wire'


def error_domains(tree):
    """Names of error domains that clang-format took for a subtraction."""
    for name in tree.c_files():
        for match in QUARK.finditer(tree.text(name)):
            domain = match.group(1) or match.group(2)
            yield f'{name}:{_at(tree.text(name), match.start())}: "{domain}": write it with _'


def other_forms(tree):
    """What is written in one form everywhere, in another one."""
    for name in tree.c_files():
        for names, form, advice in FORMS:
            text = tree.text(name) if 'include' in form.pattern else tree.code(name)
            for match in form.finditer(text) if names.match(name) else ():
                yield f'{name}:{_at(text, match.start())}: {advice}'


def _defined(tree, name):
    """The functions that a file defines, by hand or by a macro of GLib."""
    quarks = re.findall(r'G_DEFINE_QUARK\([^,]*, *(\w+)\)', tree.text(name))
    return {f.name for f in tree.functions(name) if f.defined} | {q + '_quark' for q in quarks}


def foreign_declarations(tree):
    """Functions that a header declares and another file than its own defines."""
    sources = {}
    for name in tree.c_files():
        sources.setdefault(os.path.basename(name), []).append(name)
    wired = set(re.findall(r'\w+', ''.join(map(tree.text, tree.matching('scripts/qemu/')))))
    for name in tree.c_files():
        if name.endswith('.h') and name != PUBLIC:
            own = os.path.basename(name)[:-1] + 'c'
            defined = set().union(*(_defined(tree, source) for source in sources.get(own, ())))
            for function in tree.functions(name):
                ours = function.name in defined | wired or CALLED_BY_NAME.match(function.name)
                if not function.defined and not ours:
                    yield f'{name}:{function.line}: {function.name}() is not defined in {own}'


def _sources_that_use(tree):
    """{identifier: the files in whose code it stands}; x.h and x.c count as one."""
    users = {}
    for name in tree.c_files():
        for word in tree.words(name):
            users.setdefault(word, set()).add(name[:-2])
    for name in tree.matching(r'.*\.(map|S|table|in)$|.*/wiring$'):
        for word in set(re.findall(r'\w+', tree.text(name))):
            users.setdefault(word, set()).add(name)
    return users


INTERPOSED = 'RTLD_NEXT'  # a file that stands in front of functions of libraries


def unused_exports(tree):
    """Functions that could be static, or go: neither another file nor a macro names them."""
    users = _sources_that_use(tree)
    for name in tree.c_files():
        header = name[:-1] + 'h'
        if not name.endswith('.c') or name.startswith(QEMU) or INTERPOSED in tree.words(name):
            continue
        for function in tree.functions(name):
            word = function.name
            named = header in tree.names and len(re.findall(rf'\b{word}\b', tree.code(header))) > 1
            exported = function.defined and not function.static and not CALLED_BY_NAME.match(word)
            if exported and not named and not users[word] - {name[:-2]}:
                yield f'{name}:{function.line}: {word}() is used here only'


def _constants(text):
    """(name, position) of each macro and each enumeration constant that a C file defines."""
    for match in MACRO.finditer(text):
        yield match.group(1), match.start(1)
    for match in ENUM.finditer(text):
        for item in re.finditer(r'(?:^|,)\s*([A-Za-z_]\w*)', match.group(1)):
            yield item.group(1), match.start(1) + item.start(1)


def unused_constants(tree):
    """Macros and enumeration constants that nothing names but their definition."""
    count = collections.Counter()
    for name in tree.c_files():
        count.update(re.findall(r'[A-Za-z_]\w*', tree.code(name)))
    for name in tree.c_files():
        if not name.startswith(QEMU):
            for word, position in _constants(tree.code(name)):
                if count[word] == 1 and not FOR_THE_COMPILER.match(word):
                    yield f'{name}:{_at(tree.code(name), position)}: {word} is used nowhere'


def _exists(tree, folders, path):
    """Whether a path, or one without its extension, is in the tree or made by the build."""
    path = path.rstrip('/.')
    stems = {os.path.splitext(n)[0] for n in tree.names}
    return path in tree.names or path in folders or path in stems


def _folders(tree):
    found = set()
    for name in tree.names:
        while '/' in name:
            name = name.rsplit('/', 1)[0]
            found.add(name)
    return found


def _prose(tree):
    """(file, line, text) of what people wrote for people: pages, and comments in code."""
    for name in tree.matching(PROSE):
        text = tree.text(name)
        if name.endswith(('.c', '.h')):
            for line, comment in trees.comments(text):
                yield name, line, comment
        elif name.endswith(('.md', '.scd')):
            yield name, 1, text
        else:
            for number, line in enumerate(text.splitlines(), 1):
                found = re.search(r'(?:^|\s)# (.*)', line)
                if found:
                    yield name, number, found.group(1)


def missing_paths(tree):
    """Files and folders of the project that are named and not there."""
    folders = _folders(tree)
    foreign = _foreign_names(tree) | ELSEWHERE
    files = {os.path.basename(n) for n in tree.names} | foreign
    for name, first, text in _prose(tree):
        for match in PATH.finditer(text):
            path = match.group()
            if path not in foreign and not _exists(tree, folders, path):
                yield f'{name}:{first + _at(text, match.start()) - 1}: there is no {path}'
        for match in FILE.finditer(text):
            if match.group() not in files:
                yield f'{name}:{first + _at(text, match.start()) - 1}: there is no {match.group()}'
        if name.endswith('.md'):
            for match in LINK.finditer(text):
                path = os.path.normpath(os.path.join(os.path.dirname(name), match.group(1)))
                if not _exists(tree, folders, path):
                    yield f'{name}:{_at(text, match.start())}: the link leads to no {path}'


def _foreign_names(tree):
    """Headers of other projects, and the files of QEMU that the overlay changes."""
    names = set()
    for name in tree.c_files():
        for header in re.findall(r'#\s*include\s*[<"]([^>"]+)', tree.text(name)):
            names |= {header, os.path.basename(header)}
    for name in tree.matching(r'scripts/qemu/'):
        for path in re.findall(r'[\w./-]+\.\w+', tree.text(name)):
            names |= {path, os.path.basename(path)}
    return names


def missing_functions(tree):
    """Functions named with () in pages and comments, of which no code knows."""
    known = set(ELSEWHERE)
    for name in tree.c_files():
        known |= tree.words(name)
    for name in tree.matching(r'.*\.py$') + tree.scripts('python3') + tree.scripts('bash'):
        known |= set(re.findall(r'\w+', re.sub(r'#.*', '', tree.text(name))))
    for name, first, text in _prose(tree):
        for match in CALL.finditer(text):
            if match.group(1) not in known:
                line = first + _at(text, match.start()) - 1
                yield f'{name}:{line}: there is no {match.group(1)}()'
