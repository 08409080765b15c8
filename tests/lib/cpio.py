# SPDX-License-Identifier: GPL-2.0-or-later
"""Initramfs images in memory: the "newc" form of cpio."""
import stat


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
