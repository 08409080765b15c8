# SPDX-License-Identifier: GPL-2.0-or-later
"""TPM 2.0 commands and responses as bytes, for tests that need every byte in their own hands.

Nothing here talks to anything: build a command, send it with whatever reaches the TPM (a callable
that takes a command and returns the response), take the response apart.
"""
import hashlib
import hmac
import os
import struct

ST_NO_SESSIONS, ST_SESSIONS, ST_ATTEST_QUOTE = 0x8001, 0x8002, 0x8018
RH_OWNER, RH_NULL, RS_PW, RH_LOCKOUT, RH_ENDORSEMENT, RH_PLATFORM = (
    0x40000001, 0x40000007, 0x40000009, 0x4000000A, 0x4000000B, 0x4000000C)
ALG_RSA, ALG_SHA1, ALG_AES, ALG_SHA256, ALG_SHA384, ALG_SHA512, ALG_NULL = (
    0x0001, 0x0004, 0x0006, 0x000B, 0x000C, 0x000D, 0x0010)
ALG_RSASSA, ALG_ECDSA, ALG_ECC, ALG_CFB = 0x0014, 0x0018, 0x0023, 0x0043
CURVE_P256 = 0x0003

CC = {
    'NV_DefineSpace': 0x12A, 'NV_Write': 0x137, 'NV_Read': 0x14E, 'NV_ReadPublic': 0x169,
    'EvictControl': 0x120, 'Clear': 0x126, 'CreatePrimary': 0x131, 'PCR_Event': 0x13C,
    'StartAuthSession': 0x176, 'Startup': 0x144, 'Shutdown': 0x145, 'Quote': 0x158,
    'ContextSave': 0x162, 'FlushContext': 0x165, 'PolicyCommandCode': 0x16C,
    'PolicyAuthValue': 0x16B, 'DictionaryAttackParameters': 0x13A,
    'ReadPublic': 0x173, 'GetCapability': 0x17A, 'GetRandom': 0x17B,
    'PCR_Read': 0x17E, 'PCR_Extend': 0x182, 'PolicyGetDigest': 0x189, 'ReadClock': 0x181,
    'HMAC': 0x155,
    'DeepQuote': 0x20000D01, 'HostPCRRead': 0x20000D02, 'HostCredential': 0x20000D03,
}
CAP_HANDLES, CAP_COMMANDS, CAP_TPM_PROPERTIES = 1, 2, 6
PT_TOTAL_COMMANDS, PT_LIBRARY_COMMANDS, PT_VENDOR_COMMANDS = 0x129, 0x12A, 0x12B
SESSION_CONTINUE, SESSION_DECRYPT, SESSION_ENCRYPT, SESSION_AUDIT = 1, 0x20, 0x40, 0x80
SE_HMAC, SE_POLICY = 0, 1
HASH = {ALG_SHA1: hashlib.sha1, ALG_SHA256: hashlib.sha256, ALG_SHA384: hashlib.sha384,
        ALG_SHA512: hashlib.sha512}


class TpmError(Exception):
    """A response code other than success."""

    def __init__(self, rc):
        super().__init__(f'TPM response code {rc:#x}')
        self.rc = rc


def u16(n):
    return struct.pack('>H', n)


def u32(n):
    return struct.pack('>I', n)


def u64(n):
    return struct.pack('>Q', n)


def b2(data):
    """TPM2B: UINT16 size || data."""
    return u16(len(data)) + data


class Reader:
    """Takes big-endian items off the front of some bytes."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise ValueError(f'{n} bytes wanted at {self.at} of {len(self.data)}')
        self.at += n
        return self.data[self.at - n:self.at]

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return struct.unpack('>H', self.take(2))[0]

    def u32(self):
        return struct.unpack('>I', self.take(4))[0]

    def u64(self):
        return struct.unpack('>Q', self.take(8))[0]

    def b2(self):
        return self.take(self.u16())

    def rest(self):
        return self.take(len(self.data) - self.at)


def clock_info(attest):
    """(clock, resetCount, restartCount, safe) in a TPMS_ATTEST."""
    reader = Reader(attest)
    reader.take(6)  # magic, type
    reader.b2()  # signer
    reader.b2()  # extraData
    return reader.u64(), reader.u32(), reader.u32(), reader.u8()


def command(cc, body=b'', tag=ST_NO_SESSIONS):
    """A whole command with a right size."""
    cc = CC.get(cc, cc)
    return struct.pack('>HII', tag, 10 + len(body), cc) + body


def pw(auth=b''):
    """Password authorization."""
    return u32(RS_PW) + b2(b'') + b'\0' + b2(auth)


def auth_area(*auths):
    area = b''.join(auths)
    return u32(len(area)) + area


def error_response(rc):
    return struct.pack('>HII', ST_NO_SESSIONS, 10, rc)


def code_of(packet):
    """The command code of a command."""
    return struct.unpack('>I', packet[6:10])[0]


def rc_of(response):
    return struct.unpack('>I', response[6:10])[0]


def check(response):
    """The body of a successful response (after the header); raises TpmError otherwise."""
    tag, size, rc = struct.unpack('>HII', response[:10])
    assert size == len(response), f'size {size} of {len(response)} bytes'
    if rc:
        assert (tag, size) == (ST_NO_SESSIONS, 10), f'error with tag {tag:#x} and {size} bytes'
        raise TpmError(rc)
    return response[10:]


def selection(*banks):
    """TPML_PCR_SELECTION of (hash, [pcr, ...]) pairs."""
    out = u32(len(banks))
    for alg, pcrs in banks:
        bits = bytearray(3)
        for pcr in pcrs:
            bits[pcr // 8] |= 1 << pcr % 8
        out += u16(alg) + b'\3' + bytes(bits)
    return out


NULL_SCHEME = u16(ALG_NULL)


def quote_command(handle, auths, nonce, pcrs, scheme=NULL_SCHEME):
    return command('Quote', u32(handle) + auth_area(*auths) + b2(nonce) + scheme + pcrs,
                   ST_SESSIONS)


def deepquote_command(handle, auths, nonce, pcrs, host_pcrs, flags=1, scheme=NULL_SCHEME):
    return command('DeepQuote', u32(handle) + auth_area(*auths) + b2(nonce) + scheme + pcrs +
                   host_pcrs + u32(flags), ST_SESSIONS)


def host_pcr_read_command(pcrs):
    return command('HostPCRRead', pcrs)


def host_credential_command(what, offset=0):
    return command('HostCredential', u32(what) + u32(offset))


def quote_attest(signer, extra_data, pcrs, digest):
    """TPMS_ATTEST of a quote, with some clock and firmware version."""
    clock = u64(123456) + u32(7) + u32(1) + b'\1'
    return (b'\xffTCG' + u16(ST_ATTEST_QUOTE) + b2(signer) + b2(extra_data) + clock +
            u64(0x20240101) + pcrs + b2(digest))


class Quoted:
    """A Quote or DeepQuote response taken apart; `evidence` is None for a plain quote."""

    def __init__(self, response, deep):
        r = Reader(check(response))
        self.parameters = r.take(r.u32())
        self.auth = r.rest()
        p = Reader(self.parameters)
        self.attest = p.b2()
        start = p.at
        alg = p.u16()
        if alg != ALG_NULL:
            p.u16()
            p.b2()
            if alg == ALG_ECDSA:
                p.b2()
        self.signature = self.parameters[start:p.at]
        self.quote_parameters = self.parameters[:p.at]
        self.host_status = p.u32() if deep else 0
        self.evidence = p.b2() if deep else None
        assert not p.rest(), 'bytes after the last parameter'

    def extra_data(self):
        r = Reader(self.attest)
        r.take(6)
        r.b2()
        return r.b2()


def create_primary(send, kind='ecc', hierarchy=RH_OWNER, auth=b'', policy=b'', signing=True,
                   protected=False):
    """Creates a restricted signing (or a storage) key; returns (handle, TPMT_PUBLIC, name).

    Unless `protected` it is not subject to dictionary-attack protection, whose first use in a boot
    answers RETRY.
    """
    attributes = (0x00050472 if signing else 0x00030472) & ~(0x40 if policy else 0)
    attributes &= ~(0x400 if protected else 0)
    symmetric = u16(ALG_NULL) if signing else u16(ALG_AES) + u16(128) + u16(ALG_CFB)
    public = u16(ALG_ECC if kind == 'ecc' else ALG_RSA) + u16(ALG_SHA256) + u32(attributes)
    public += b2(policy) + symmetric
    if kind == 'ecc':
        public += u16(ALG_ECDSA) + u16(ALG_SHA256) if signing else u16(ALG_NULL)
        public += u16(CURVE_P256) + u16(ALG_NULL) + b2(b'') + b2(b'')
    else:
        public += u16(ALG_RSASSA) + u16(ALG_SHA256) if signing else u16(ALG_NULL)
        public += u16(2048) + u32(0) + b2(b'')
    return create_from_template(send, b2(public), hierarchy, auth)


def create_from_template(send, template, hierarchy=RH_ENDORSEMENT, auth=b''):
    """The same from a TPM2B_PUBLIC."""
    body = u32(hierarchy) + auth_area(pw()) + b2(b2(auth) + b2(b'')) + template
    body += b2(b'') + u32(0)
    r = Reader(check(send(command('CreatePrimary', body, ST_SESSIONS))))
    handle = r.u32()
    r.u32()
    public = r.b2()
    r.b2()  # creationData
    r.b2()  # creationHash
    r.take(6)  # creationTicket: tag, hierarchy
    r.b2()
    return handle, public, r.b2()


def evict_control(send, handle, persistent):
    check(send(command('EvictControl', u32(RH_OWNER) + u32(handle) + auth_area(pw()) +
                       u32(persistent), ST_SESSIONS)))


def flush(send, handle):
    check(send(command('FlushContext', u32(handle))))


def read_name(send, handle):
    r = Reader(check(send(command('ReadPublic', u32(handle)))))
    r.b2()
    return r.b2()


def get_capability(send, cap, prop, count):
    """(moreData, the capability's data after its tag)."""
    r = Reader(check(send(command('GetCapability', u32(cap) + u32(prop) + u32(count)))))
    more = r.u8()
    assert r.u32() == cap
    return more, r.rest()


def capability_list(send, cap, prop, count):
    """(moreData, [entry, ...]) of a capability whose entries are UINT32s."""
    more, data = get_capability(send, cap, prop, count)
    r = Reader(data)
    entries = [r.u32() for _ in range(r.u32())]
    assert not r.rest()
    return more, entries


def properties(send, prop, count):
    """(moreData, {property: value})."""
    more, data = get_capability(send, CAP_TPM_PROPERTIES, prop, count)
    r = Reader(data)
    entries = {}
    for _ in range(r.u32()):
        key = r.u32()
        entries[key] = r.u32()
    assert not r.rest()
    return more, entries


def nv_read(send, index, step=512):
    """What an NV index holds that its owner, without a password, may read."""
    handle = u32(index)
    r = Reader(check(send(command('NV_ReadPublic', handle)))[2:])
    r.u32(), r.u16(), r.u32()  # index, algorithm of the name, attributes
    r.b2()
    size, data = r.u16(), b''
    while len(data) < size:
        part = check(send(command('NV_Read', u32(RH_OWNER) + handle + auth_area(pw())
                                  + u16(min(step, size - len(data))) + u16(len(data)),
                                  ST_SESSIONS)))
        data += Reader(part[4:]).b2()
    return data


def pcr_read(send, pcrs):
    """The response parameters of TPM2_PCR_Read."""
    return check(send(command('PCR_Read', pcrs)))


def pcr_extend(send, pcr, data=b'measured'):
    digests = u32(1) + u16(ALG_SHA256) + hashlib.sha256(data).digest()
    check(send(command('PCR_Extend', u32(pcr) + auth_area(pw()) + digests, ST_SESSIONS)))


class Session:
    """An unsalted, unbound HMAC or policy session with SHA-256 and AES-128-CFB."""

    def __init__(self, send, kind=SE_HMAC):
        self.send, self.kind = send, kind
        self.nonce_caller = os.urandom(16)
        body = u32(RH_NULL) + u32(RH_NULL) + b2(self.nonce_caller) + b2(b'') + bytes([kind])
        body += u16(ALG_AES) + u16(128) + u16(ALG_CFB) + u16(ALG_SHA256)
        r = Reader(check(send(command('StartAuthSession', body))))
        self.handle, self.nonce_tpm = r.u32(), r.b2()
        self.auth_value_in_policy = False

    def policy_command_code(self, cc):
        check(self.send(command('PolicyCommandCode', u32(self.handle) + u32(CC.get(cc, cc)))))

    def policy_digest(self):
        return Reader(check(self.send(command('PolicyGetDigest', u32(self.handle))))).b2()

    def authorize(self, cc, names, parameters, auth=b'', attributes=SESSION_CONTINUE):
        """TPMS_AUTH_COMMAND for a command; a fresh caller nonce each time."""
        self.nonce_caller = os.urandom(16)
        self.attributes, self.auth = attributes, auth
        if self.kind == SE_POLICY:
            mac = b''
        else:
            cp_hash = hashlib.sha256(u32(CC.get(cc, cc)) + b''.join(names) + parameters).digest()
            message = cp_hash + self.nonce_caller + self.nonce_tpm + bytes([attributes])
            mac = hmac.new(auth, message, hashlib.sha256).digest()
        return u32(self.handle) + b2(self.nonce_caller) + bytes([attributes]) + b2(mac)

    def verify(self, cc, parameters, area):
        """Checks TPMS_AUTH_RESPONSE (at the start of `area`) over `parameters`."""
        r = Reader(area)
        self.nonce_tpm, attributes, mac = r.b2(), r.u8(), r.b2()
        if self.kind == SE_POLICY:
            return
        rp_hash = hashlib.sha256(u32(0) + u32(CC.get(cc, cc)) + parameters).digest()
        message = rp_hash + self.nonce_tpm + self.nonce_caller + bytes([attributes])
        want = hmac.new(self.auth, message, hashlib.sha256).digest()
        assert mac == want, 'the HMAC of the response does not verify'
