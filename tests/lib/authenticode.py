# SPDX-License-Identifier: GPL-2.0-or-later
"""The digest under which firmware measures an EFI program: the whole file but its checksum, the
directory entry of its signatures, and the signatures (Authenticode)."""
import hashlib
import struct

CHECKSUM, OPTIONAL = 64, 24
SECURITY = {0x10B: 96 + 4 * 8, 0x20B: 112 + 4 * 8}


def digest(program, bank='sha256'):
    """The digest of a PE image, given as bytes."""
    pe, = struct.unpack_from('<I', program, 0x3C)
    if program[pe:pe + 4] != b'PE\0\0':
        raise ValueError('not an EFI program')
    optional = pe + OPTIONAL
    magic, = struct.unpack_from('<H', program, optional)
    checksum, security = optional + CHECKSUM, optional + SECURITY[magic]
    start, size = struct.unpack_from('<II', program, security)
    end = start if size else len(program)
    hashed = program[:checksum] + program[checksum + 4:security] + program[security + 8:end]
    return hashlib.new(bank, hashed).digest()
