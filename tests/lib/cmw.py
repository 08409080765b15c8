# SPDX-License-Identifier: GPL-2.0-or-later
"""Collections of conceptual message wrappers (RFC 9999) as docs/specs/cmw.md has them, written from
that page alone: what the library in C is held against."""
import base64
import binascii
import json
import re

TYPE = 'urn:uuid:5c112509-7830-40d8-ab8b-e407f643bf04'
TYPE_LABEL = '__cmwc_t'
EVIDENCE = 4
OURS = 'application/vnd.deepquote.'
MEDIA_TYPES = {
    label: kind if '/' in kind else OURS + kind for label, kind in (
        ('evidence', 'evidence'), ('quote', 'tpms-attest'), ('signature', 'tpmt-signature'),
        ('pcrs', 'pcr-values'), ('guest-public', 'tpm2b-public'), ('boot-log', 'tcg-event-log'),
        ('ima-log', 'ima-list'), ('host-boot-log', 'tcg-event-log'), ('host-ima-log', 'ima-list'),
        ('vtpm-parts', 'vtpm-parts'), ('vm-launch', 'vm-launch'),
        ('vtpm-ek', 'application/pkix-cert'), ('ek-chain', 'certificates'))}


class Malformed(Exception):
    """It is no collection of a deep quote."""


def need(condition, why):
    if not condition:
        raise Malformed(why)


def to_base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def from_base64url(text):
    need(isinstance(text, str) and re.fullmatch('[A-Za-z0-9_-]*', text), 'no base64url')
    try:
        data = base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    except binascii.Error as error:
        raise Malformed(str(error)) from error
    need(to_base64url(data) == text, 'bits that say nothing')
    return data


# ------------------------------------------------------------------------------------------- CBOR

def head(major, number):
    """The head of an item in its shortest form."""
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, 'big')
    raise ValueError(number)


def dump(item):
    """An item of CBOR; a map is a tuple of pairs."""
    if isinstance(item, int):
        return head(0, item)
    if isinstance(item, bytes):
        return head(2, len(item)) + item
    if isinstance(item, str):
        return head(3, len(item.encode())) + item.encode()
    if isinstance(item, list):
        return head(4, len(item)) + b''.join(map(dump, item))
    return head(5, len(item)) + b''.join(dump(k) + dump(v) for k, v in item)


class Cbor:
    """Items one after the other: numbers, bytes, texts, lists, and tuples of the pairs of maps."""

    def __init__(self, data):
        self.data = data

    def take(self, size):
        need(size <= len(self.data), 'it ends in the middle')
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def item(self):
        first = self.take(1)[0]
        major, number = first >> 5, first & 31
        need(number < 28, 'of no length that is told')
        if number >= 24:
            number = int.from_bytes(self.take(1 << number - 24), 'big')
        if major in (2, 3):
            data = self.take(number)
            return data if major == 2 else data.decode(errors='surrogateescape')
        need(major in (0, 4, 5), 'an item that has no place here')
        if major == 0:
            return number
        need(number <= len(self.data), 'it ends in the middle')
        if major == 4:
            return [self.item() for _ in range(number)]
        return tuple((self.item(), self.item()) for _ in range(number))


def whole(data):
    items = Cbor(data)
    item = items.item()
    need(not items.data, 'something stands behind its end')
    return item


# ------------------------------------------------------------------------------------- Collections

def record(label, value, bytes_of):
    need(isinstance(label, str) and label in MEDIA_TYPES, 'another label')
    need(isinstance(value, list) and len(value) in (2, 3), 'no record')
    indicator = value[2] if len(value) == 3 else EVIDENCE
    need(value[0] == MEDIA_TYPES[label], 'another type')
    need(type(indicator) is int and 0 <= indicator < 1 << 32 and indicator & EVIDENCE,
         'no evidence')
    data = bytes_of(value[1])
    need(isinstance(data, bytes) and data, 'no value')
    return data


def decode(data):
    """{label: bytes} of a collection in either form; Malformed."""
    if data[:1] and 0xa0 <= data[0] <= 0xbf:
        pairs, bytes_of = whole(data), lambda value: value
    else:
        try:
            pairs = json.loads(data.decode(), object_pairs_hook=tuple)
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise Malformed(str(error)) from error
        bytes_of = from_base64url
    need(isinstance(pairs, tuple), 'no collection')
    labels = [label for label, _ in pairs]
    need(all(isinstance(label, str) for label in labels), 'a label that is no text')
    need(len(labels) == len(set(labels)), 'a label is there twice')
    members = dict(pairs)
    need(members.pop(TYPE_LABEL, None) == TYPE, 'another collection')
    return {label: record(label, value, bytes_of) for label, value in members.items()}


def encode_json(parts):
    return json.dumps({TYPE_LABEL: TYPE} | {
        label: [MEDIA_TYPES[label], to_base64url(value), EVIDENCE]
        for label, value in parts.items()}).encode()


def encode_cbor(parts):
    return dump(((TYPE_LABEL, TYPE), *((label, [MEDIA_TYPES[label], value, EVIDENCE])
                                       for label, value in parts.items())))
