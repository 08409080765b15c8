# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest leaves in its TPM, to be found again after something has happened to the VM."""
import base64
import os

import tpm2

KEY = 0x81000050
INDEX = 0x01500001
SIZE = 32
PCR = 12        # nobody else extends it
BOOT_PCRS = range(8)
UNUSED = '00' * 32
# OWNERWRITE, AUTHWRITE, OWNERREAD, AUTHREAD, NO_DA
ATTRIBUTES = 1 << 1 | 1 << 2 | 1 << 17 | 1 << 18 | 1 << 25


def sender(agent):
    """A function that takes a command to the TPM of the guest and returns the response."""
    def send(command):
        text = base64.b64encode(command).decode()
        return agent.check(f'exec 4<>/dev/tpm0; echo {text} | base64 -d >&4; '
                           'dd bs=4096 count=1 <&4 2>/dev/null')
    return send


def write(send):
    """Puts new random data into the NV index."""
    body = tpm2.u32(INDEX) * 2 + tpm2.auth_area(tpm2.pw()) + tpm2.b2(os.urandom(SIZE))
    tpm2.check(send(tpm2.command('NV_Write', body + tpm2.u16(0), tpm2.ST_SESSIONS)))


def leave(send):
    """A persistent key, data in an NV index, and a value in a PCR."""
    handle, _, _ = tpm2.create_primary(send)
    tpm2.evict_control(send, handle, KEY)
    tpm2.flush(send, handle)
    public = (tpm2.u32(INDEX) + tpm2.u16(tpm2.ALG_SHA256) + tpm2.u32(ATTRIBUTES) + tpm2.b2(b'') +
              tpm2.u16(SIZE))
    body = tpm2.u32(tpm2.RH_OWNER) + tpm2.auth_area(tpm2.pw()) + tpm2.b2(b'') + tpm2.b2(public)
    tpm2.check(send(tpm2.command('NV_DefineSpace', body, tpm2.ST_SESSIONS)))
    write(send)
    extend(send)


def read(send):
    """The data in the NV index."""
    body = (tpm2.u32(INDEX) * 2 + tpm2.auth_area(tpm2.pw()) + tpm2.u16(SIZE) + tpm2.u16(0))
    reader = tpm2.Reader(tpm2.check(send(tpm2.command('NV_Read', body, tpm2.ST_SESSIONS))))
    reader.u32()
    return reader.b2().hex()


def extend(send):
    """Changes the value of the PCR."""
    tpm2.pcr_extend(send, PCR, os.urandom(8))


def pcrs(send, numbers):
    """The values of these PCRs of the SHA-256 bank."""
    reader = tpm2.Reader(tpm2.pcr_read(send, tpm2.selection((tpm2.ALG_SHA256, numbers))))
    reader.u32()
    reader.take(10)
    return [reader.b2().hex() for _ in range(reader.u32())]


def find(send):
    """All that lasts as long as the TPM: the name of the key, which has to sign, and the data."""
    pcr = tpm2.selection((tpm2.ALG_SHA256, [PCR]))
    tpm2.Quoted(send(tpm2.quote_command(KEY, [tpm2.pw()], b'nonce', pcr)), False)
    return {'key': tpm2.read_name(send, KEY).hex(), 'data': read(send)}


def measured(send):
    """What is as it was as long as the guest runs: values of PCRs, its own first."""
    return pcrs(send, [PCR]) + pcrs(send, BOOT_PCRS)
