# SPDX-License-Identifier: GPL-2.0-or-later
"""TPM 1.2 commands as bytes: just enough to own a TPM, to make and load a key and to quote with it.

Like tpm2.py it talks to nothing: `send` takes a command and returns the response.
"""
import hashlib
import hmac
import os
import struct

from tpm2 import Reader, u16, u32

TAG_COMMAND, TAG_AUTH1, TAG_AUTH2 = 0x00C1, 0x00C2, 0x00C3
ORD = {
    'OIAP': 0x0A, 'OSAP': 0x0B, 'TakeOwnership': 0x0D, 'Extend': 0x14, 'PCRRead': 0x15,
    'CreateWrapKey': 0x1F, 'GetPubKey': 0x21, 'Quote2': 0x3E, 'LoadKey2': 0x41,
    'GetCapability': 0x65, 'PhysicalEnable': 0x6F, 'PhysicalSetDeactivated': 0x72,
    'CreateEndorsementKeyPair': 0x78, 'MakeIdentity': 0x79, 'ReadPubek': 0x7C, 'Startup': 0x99,
    'FlushSpecific': 0xBA, 'PhysicalPresence': 0x4000000A,
    'DeepQuote': 0x20000D01, 'HostPCRRead': 0x20000D02, 'HostCredential': 0x20000D03,
}
KH_SRK = 0x40000000
ET_KEYHANDLE, ET_OWNER, ET_SRK = 0x0001, 0x0002, 0x0004
KEY_SIGNING, KEY_STORAGE, KEY_IDENTITY = 0x0010, 0x0011, 0x0012
AUTH_NEVER, AUTH_ALWAYS = 0x00, 0x01
ES_NONE, ES_OAEP, SS_NONE, SS_SHA1 = 1, 3, 1, 2
PID_OWNER = 0x0005
RT_KEY = 1
SECRET = bytes(20)  # the well-known one
TAG_QUOTE_INFO2 = 0x0036
SUCCESS, AUTHFAIL, BAD_PARAM_SIZE, DISABLED_CMD = 0x00, 0x01, 0x19, 0x08


class TpmError(Exception):
    """A return code other than success."""

    def __init__(self, rc):
        super().__init__(f'TPM 1.2 return code {rc:#x}')
        self.rc = rc


def b4(data):
    """UINT32 size || data."""
    return u32(len(data)) + data


def sha1(*parts):
    return hashlib.sha1(b''.join(parts)).digest()


def command(ordinal, body=b'', tag=TAG_COMMAND):
    """A whole command with a right size."""
    return struct.pack('>HII', tag, 10 + len(body), ORD.get(ordinal, ordinal)) + body


def check(response):
    """The body of a successful response (after the header); raises TpmError otherwise."""
    _, size, rc = struct.unpack('>HII', response[:10])
    assert size == len(response), f'size {size} of {len(response)} bytes'
    if rc:
        raise TpmError(rc)
    return response[10:]


def run(send, ordinal, body=b''):
    return check(send(command(ordinal, body)))


class Session:
    """An OIAP session, or an OSAP session for an entity of `kind` whose secret is `secret`."""

    def __init__(self, send, secret, kind=None, entity=0):
        if kind is None:
            r = Reader(run(send, 'OIAP'))
            self.handle, self.even, self.key = r.u32(), r.take(20), secret
            return
        odd = os.urandom(20)
        r = Reader(run(send, 'OSAP', u16(kind) + u32(entity) + odd))
        self.handle, self.even = r.u32(), r.take(20)
        self.key = hmac.digest(secret, r.take(20) + odd, 'sha1')

    def encrypt(self, secret):
        """ADIP: a new secret as it travels in a command that this session authorizes."""
        return bytes(a ^ b for a, b in zip(secret, sha1(self.key, self.even)))

    def trailer(self, digest, goes_on=0):
        """The authorization of a command with that inParamDigest."""
        self.odd, self.goes_on = os.urandom(20), bytes([goes_on])
        mac = hmac.digest(self.key, digest + self.even + self.odd + self.goes_on, 'sha1')
        return u32(self.handle) + self.odd + self.goes_on + mac

    def verify(self, digest, trailer):
        """Checks the authorization of the response with that outParamDigest."""
        self.even, goes_on = trailer[:20], trailer[20:21]
        mac = hmac.digest(self.key, digest + self.even + self.odd + goes_on, 'sha1')
        assert hmac.compare_digest(mac, trailer[21:]), 'the response was not authorized'


def authorized(ordinal, handles, parameters, *sessions, named=None, more=b'', goes_on=0):
    """A command with trailers. `named`: the ordinal in the digest; `more` is not covered by it."""
    digest = sha1(u32(ORD[named or ordinal]), parameters)
    trailers = b''.join(s.trailer(digest, goes_on) for s in sessions)
    return command(ordinal, handles + parameters + more + trailers, TAG_COMMAND + len(sessions))


def call(send, ordinal, handles, parameters, *sessions, out_handles=0):
    """Runs such a command; returns what its response has, the trailers checked and cut off."""
    body = check(send(authorized(ordinal, handles, parameters, *sessions)))
    end = len(body) - 41 * len(sessions)
    digest = sha1(u32(0), u32(ORD[ordinal]), body[4 * out_handles:end])
    for i, session in enumerate(sessions):
        session.verify(digest, body[end + 41 * i:end + 41 * (i + 1)])
    return body[:end]


def mgf1(seed, n):
    return b''.join(sha1(seed, u32(i)) for i in range(-(-n // 20)))[:n]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def oaep(modulus, message):
    """RSAES-OAEP with SHA-1 and the label "TCPA", to a key of exponent 65537."""
    n = len(modulus)
    block = sha1(b'TCPA') + bytes(n - len(message) - 42) + b'\1' + message
    seed = os.urandom(20)
    block = xor(block, mgf1(seed, len(block)))
    padded = b'\0' + xor(seed, mgf1(block, 20)) + block
    value = pow(int.from_bytes(padded, 'big'), 65537, int.from_bytes(modulus, 'big'))
    return value.to_bytes(n, 'big')


def rsa_parms(encryption, signature):
    """TPM_KEY_PARMS of RSA, 2,048 bits, two primes, the default exponent."""
    return u32(1) + u16(encryption) + u16(signature) + b4(u32(2048) + u32(2) + b4(b''))


def key(usage, auth=AUTH_ALWAYS, flags=0):
    """TPM_KEY12 as a template."""
    storage = usage == KEY_STORAGE
    parms = rsa_parms(ES_OAEP if storage else ES_NONE, SS_NONE if storage else SS_SHA1)
    return u16(0x0028) + u16(0) + u16(usage) + u32(flags) + bytes([auth]) + parms + b4(b'') * 3


def get_parms(r):
    """Moves over a TPM_KEY_PARMS."""
    r.take(8)
    r.take(r.u32())


def get_pubkey(r):
    """Takes a TPM_PUBKEY; returns it, and its modulus."""
    start = r.at
    get_parms(r)
    modulus = r.take(r.u32())
    return r.data[start:r.at], modulus


def get_key(r):
    """Takes a TPM_KEY or TPM_KEY12; returns it, and its TPM_PUBKEY."""
    start = r.at
    r.take(11)
    parms = r.at
    get_parms(r)
    parms = r.data[parms:r.at]
    r.take(r.u32())
    public = b4(r.take(r.u32()))
    r.take(r.u32())
    return r.data[start:r.at], parms + public


def verify(pubkey, message, signature):
    """Whether it is the RSASSA-PKCS1-v1_5 signature with SHA-1 by that TPM_PUBKEY."""
    _, modulus = get_pubkey(Reader(pubkey))
    n = int.from_bytes(modulus, 'big')
    digest_info = bytes.fromhex('3021300906052b0e03021a05000414') + sha1(message)
    want = b'\0\1' + b'\xff' * (len(modulus) - len(digest_info) - 3) + b'\0' + digest_info
    return pow(int.from_bytes(signature, 'big'), 65537, n).to_bytes(len(modulus), 'big') == want


def name(pubkey):
    """vtpmSigner or vtpmEk of a TPM_PUBKEY."""
    return u16(0x000B) + hashlib.sha256(pubkey).digest()


def enable(send):
    """Enables and activates a TPM that was made anew."""
    for presence in (0x0020, 0x0008):
        run(send, 'PhysicalPresence', u16(presence))
    run(send, 'PhysicalEnable')
    run(send, 'PhysicalSetDeactivated', b'\0')


def create_ek(send):
    """Returns the TPM_PUBKEY of the new endorsement key."""
    r = Reader(run(send, 'CreateEndorsementKeyPair',
                   os.urandom(20) + rsa_parms(ES_OAEP, SS_NONE)))
    return get_pubkey(r)[0]


def read_pubek(send):
    return get_pubkey(Reader(run(send, 'ReadPubek', os.urandom(20))))[0]


def take_ownership(send, ek, owner=SECRET, srk=SECRET):
    _, modulus = get_pubkey(Reader(ek))
    secrets = b4(oaep(modulus, owner)) + b4(oaep(modulus, srk))
    call(send, 'TakeOwnership', b'', u16(PID_OWNER) + secrets + key(KEY_STORAGE),
         Session(send, owner))


def make_identity(send, secret, owner=SECRET, srk=SECRET):
    """Returns (TPM_KEY12, TPM_PUBKEY) of a new attestation identity key."""
    session = Session(send, owner, ET_OWNER)
    parameters = session.encrypt(secret) + sha1(b'label and CA') + key(KEY_IDENTITY)
    return get_key(Reader(call(send, 'MakeIdentity', b'', parameters, Session(send, srk),
                               session)))


def create_wrap_key(send, secret, srk=SECRET, usage=KEY_SIGNING, auth=AUTH_ALWAYS):
    """Returns (TPM_KEY12, TPM_PUBKEY) of a new key below the SRK."""
    session = Session(send, srk, ET_SRK, KH_SRK)
    encrypted = session.encrypt(secret)
    parameters = encrypted + encrypted + key(usage, auth)
    return get_key(Reader(call(send, 'CreateWrapKey', u32(KH_SRK), parameters, session)))


def load_key(send, blob, srk=SECRET):
    r = Reader(call(send, 'LoadKey2', u32(KH_SRK), blob, Session(send, srk), out_handles=1))
    return r.u32()


def flush(send, handle, kind=RT_KEY):
    run(send, 'FlushSpecific', u32(handle) + u32(kind))


def pcr_read(send, pcr):
    return run(send, 'PCRRead', u32(pcr))


def extend(send, pcr, digest):
    return run(send, 'Extend', u32(pcr) + digest)


def selection(*pcrs):
    """TPM_PCR_SELECTION."""
    bits = bytearray(3)
    for pcr in pcrs:
        bits[pcr // 8] |= 1 << pcr % 8
    return u16(3) + bytes(bits)


def composite_hash(pcrs, values):
    """What a quote has of the PCRs and their values."""
    return sha1(selection(*pcrs), b4(b''.join(values)))


def quote_parameters(nonce, pcrs, add_version=False):
    return nonce + selection(*pcrs) + bytes([add_version])


class Quoted:
    """A Quote2 or DeepQuote response taken apart; `evidence` is None for a plain quote."""

    def __init__(self, response, nonce, deep, sessions=1):
        body = check(response)
        end = len(body) - 41 * sessions
        r = Reader(body[:end])
        start = r.at
        r.take(r.u16() + 1)
        self.digest = r.take(20)
        short = r.data[start:r.at]
        self.info = u16(TAG_QUOTE_INFO2) + b'QUT2' + nonce + short + r.take(r.u32())
        self.signature = r.take(r.u32())
        self.quote_parameters = r.data[:r.at]
        self.host_status = r.u32() if deep else 0
        self.evidence = r.take(r.u32()) if deep else None
        assert not r.rest(), 'bytes after the last parameter'
        self.trailer = body[end:]

    def verify_session(self, session):
        session.verify(sha1(u32(0), u32(ORD['Quote2']), self.quote_parameters), self.trailer)


def quote2(send, handle, secret, nonce, pcrs, add_version=False):
    parameters = quote_parameters(nonce, pcrs, add_version)
    session = Session(send, secret)
    quoted = Quoted(send(authorized('Quote2', u32(handle), parameters, session)), nonce, False)
    quoted.verify_session(session)
    return quoted


def deepquote_command(handle, parameters, host_pcrs, flags, *sessions):
    return authorized('DeepQuote', u32(handle), parameters, *sessions, named='Quote2',
                      more=host_pcrs + u32(flags))


def deepquote(send, handle, secret, nonce, pcrs, host_pcrs, flags=1, add_version=False,
              kind='OIAP'):
    """A deep quote that an OIAP or an OSAP session authorizes."""
    session = (Session(send, secret) if kind == 'OIAP' else
               Session(send, secret, ET_KEYHANDLE, handle))
    command = deepquote_command(handle, quote_parameters(nonce, pcrs, add_version), host_pcrs,
                                flags, session)
    quoted = Quoted(send(command), nonce, True)
    quoted.verify_session(session)
    return quoted
