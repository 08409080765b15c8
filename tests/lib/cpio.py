# SPDX-License-Identifier: GPL-2.0-or-later
"""Initramfs images in memory: the "newc" form of cpio."""
import os
import re
import stat
import subprocess


def _entry(number, name, mode, data):
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b'070701' + b''.join(b'%08x' % field for field in fields) + name.encode() + b'\0'
    return _padded(head) + _padded(data)


def _padded(data):
    return data + bytes(-len(data) % 4)


def newc(tree):
    """An archive of {path: content}; content None makes a directory; files are executable.

    Further archives may follow it in one initramfs: the kernel unpacks them in order.
    """
    image = b''
    for number, (path, content) in enumerate(tree.items(), 1):
        mode = stat.S_IFDIR if content is None else stat.S_IFREG
        image += _entry(number, path, mode | 0o755, content or b'')
    return image + _entry(0, 'TRAILER!!!', 0, b'')


def with_libraries(programs):
    """A tree for newc() of {path in the guest: path here} and all libraries that these load."""
    shown = subprocess.run(['ldd', *programs.values()], capture_output=True, text=True,
                           check=True).stdout
    files = programs | {path: path for path in re.findall(r'(/\S+\.so\S*) \(', shown)}
    tree = {}
    for inside, path in sorted(files.items()):
        folder = os.path.dirname(inside)
        for end in [m.start() for m in re.finditer('/', folder)][1:] + [len(folder)]:
            tree.setdefault(folder[:end].lstrip('/'), None)
        with open(path, 'rb') as f:
            tree[inside.lstrip('/')] = f.read()
    return tree
