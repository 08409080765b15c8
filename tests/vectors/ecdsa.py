# SPDX-License-Identifier: GPL-2.0-or-later
"""Signatures in plain Python, for checking vectors only: slow, and not constant time."""
import hashlib

# p, n, b, G of NIST P-256 and P-384 (FIPS 186-4, D.1.2); a is -3
CURVES = {
    3: (0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff,
        0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
        0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
        (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
         0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)),
    4: (0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff,  # noqa: E501
        0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973,  # noqa: E501
        0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef,  # noqa: E501
        (0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7,  # noqa: E501
         0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f)),  # noqa: E501
}


def _add(p, a, b):
    """The sum of two points; None is the point at infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % p == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, p)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, p)
    x = (slope * slope - a[0] - b[0]) % p
    return x, (slope * (a[0] - x) - a[1]) % p


def _multiply(p, k, point):
    total = None
    while k:
        if k & 1:
            total = _add(p, total, point)
        point = _add(p, point, point)
        k >>= 1
    return total


def ecdsa(curve, x, y, digest, r, s):
    """Whether (r, s) is the signature over the digest by the key (x, y). FIPS 186-4, 6.4."""
    p, n, b, g = CURVES[curve]
    if (y * y - x ** 3 + 3 * x - b) % p != 0 or not (0 < r < n and 0 < s < n):
        return False
    e = int.from_bytes(digest[:n.bit_length() // 8], 'big')
    w = pow(s, -1, n)
    point = _add(p, _multiply(p, e * w % n, g), _multiply(p, r * w % n, (x, y)))
    return point is not None and point[0] % n == r


PREFIX = {'sha1': '3021300906052b0e03021a05000414',
          'sha256': '3031300d060960864801650304020105000420',
          'sha384': '3041300d060960864801650304020205000430',
          'sha512': '3051300d060960864801650304020305000440'}


def rsassa(modulus, exponent, name, digest, signature):
    """RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2): builds the encoded message and compares."""
    size = (modulus.bit_length() + 7) // 8
    tail = b'\0' + bytes.fromhex(PREFIX[name]) + digest
    want = b'\0\1' + b'\xff' * (size - 2 - len(tail)) + tail
    return (len(signature) == size and
            pow(int.from_bytes(signature, 'big'), exponent, modulus).to_bytes(size, 'big') == want)


def rsapss(modulus, exponent, name, digest, signature):
    """RSASSA-PSS (RFC 8017, 8.1.2 and 9.1.2) with a salt of any length."""
    size = (modulus.bit_length() + 7) // 8
    if len(signature) != size:
        return False
    block = pow(int.from_bytes(signature, 'big'), exponent, modulus).to_bytes(size, 'big')
    db, h = block[:-len(digest) - 1], block[-len(digest) - 1:-1]
    mask = b''.join(hashlib.new(name, h + i.to_bytes(4, 'big')).digest()
                    for i in range(len(db) // len(h) + 1))
    db = bytes(x ^ y for x, y in zip(db, mask))
    db = bytes([db[0] & 0x7f]) + db[1:]
    padding, _, salt = db.partition(b'\1')
    return (block[-1:] == b'\xbc' and not any(padding) and
            hashlib.new(name, bytes(8) + digest + salt).digest() == h)
