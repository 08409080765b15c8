# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk image with a FAT16 file system, for firmware that starts programs from files."""
import struct

SECTOR, CLUSTER = 512, 8192
RESERVED, FATS, ROOT_ENTRIES = 1, 2, 512
ARCHIVE = 0x20


def _short(name):
    stem, _, extension = name.upper().partition('.')
    assert len(stem) <= 8 and len(extension) <= 3, name
    return stem.ljust(8).encode() + extension.ljust(3).encode()


def fat16(files, clusters=8192):
    """An image with {8.3 name: content} in its root directory."""
    fat_sectors = -(-(clusters + 2) * 2 // SECTOR)
    total = (RESERVED + FATS * fat_sectors + ROOT_ENTRIES * 32 // SECTOR +
             clusters * CLUSTER // SECTOR)
    fat, root, data = [0xFFF8, 0xFFFF], b'', b''
    for name, content in files.items():
        count = -(-len(content) // CLUSTER)
        first = len(fat) if count else 0
        fat += [*range(first + 1, first + count), 0xFFFF] if count else []
        root += _short(name) + struct.pack('<B10xHHHI', ARCHIVE, 0, 0x21, first, len(content))
        data += content + bytes(count * CLUSTER - len(content))
    assert len(fat) <= clusters + 2, 'the files do not fit'
    boot = struct.pack('<3s8sHBHBHHBHHHII', b'\xeb\x3c\x90', b'MSWIN4.1', SECTOR,
                       CLUSTER // SECTOR, RESERVED, FATS, ROOT_ENTRIES, 0, 0xF8, fat_sectors, 32,
                       64, 0, total)
    boot += struct.pack('<BBBI11s8s', 0x80, 0, 0x29, 1, b'FIRMWARE   ', b'FAT16   ')
    table = struct.pack(f'<{len(fat)}H', *fat).ljust(fat_sectors * SECTOR, b'\0')
    image = boot.ljust(510, b'\0') + b'\x55\xaa' + table * FATS
    return (image + root.ljust(ROOT_ENTRIES * 32, b'\0') + data).ljust(total * SECTOR, b'\0')
