# SPDX-License-Identifier: GPL-2.0-or-later
"""Something that a vTPM keeps in its NV memory, and by which its state is known again."""
import tpm2

NV_INDEX = 0x01500010
SECRET = b'\x5a\xa5 what nobody may read from a disk'


def put_secret(tpm, secret=SECRET):
    public = (tpm2.u32(NV_INDEX) + tpm2.u16(tpm2.ALG_SHA256) + tpm2.u32(0x00020002 | 0x00040004) +
              tpm2.b2(b'') + tpm2.u16(len(secret)))
    tpm2.check(tpm.send(tpm2.command('NV_DefineSpace', tpm2.u32(0x40000001) +
                                     tpm2.auth_area(tpm2.pw()) + tpm2.b2(b'') + tpm2.b2(public),
                                     tpm2.ST_SESSIONS)))
    write_secret(tpm, secret)


def write_secret(tpm, secret):
    tpm2.check(tpm.send(tpm2.command('NV_Write', tpm2.u32(0x40000001) + tpm2.u32(NV_INDEX) +
                                     tpm2.auth_area(tpm2.pw()) + tpm2.b2(secret) + tpm2.u16(0),
                                     tpm2.ST_SESSIONS)))


def secret_of(tpm, size=len(SECRET)):
    response = tpm2.check(tpm.send(tpm2.command(
        'NV_Read', tpm2.u32(0x40000001) + tpm2.u32(NV_INDEX) + tpm2.auth_area(tpm2.pw()) +
        tpm2.u16(size) + tpm2.u16(0), tpm2.ST_SESSIONS)))
    return response[6:6 + size]
