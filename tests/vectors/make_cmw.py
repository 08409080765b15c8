# SPDX-License-Identifier: GPL-2.0-or-later
"""make_cmw.py FOLDER: writes collections, right ones and wrong ones, as FOLDER/NAME.json. Run by
hand when cases change, with tests/lib/run-python."""
import json
import os
import sys

from cmw import (EVIDENCE, MEDIA_TYPES, TYPE, TYPE_LABEL, dump, encode_cbor, encode_json, head,
                 to_base64url)

ALL = {label: bytes([i]) * (3 * i + 1) for i, label in enumerate(MEDIA_TYPES)}
SOME = {label: ALL[label] for label in ('evidence', 'quote')}
QUOTE = MEDIA_TYPES['quote']


def as_json(**members):
    return json.dumps({TYPE_LABEL: TYPE, **members}).encode()


def as_cbor(*pairs):
    return dump(((TYPE_LABEL, TYPE), *pairs))


def right():
    """(name, description, collection, parts) of those that decode."""
    for name, encode in (('json', encode_json), ('cbor', encode_cbor)):
        yield f'{name}-all', 'every part', encode(ALL), ALL
        yield f'{name}-some', 'two parts', encode(SOME), SOME
        yield f'{name}-none', 'no part: whether that is enough is not asked here', encode({}), {}
    x = {'quote': b'\x01'}
    yield 'json-no-indicator', 'no indicator', as_json(quote=[QUOTE, 'AQ']), x
    yield 'cbor-no-indicator', 'no indicator', as_cbor(('quote', [QUOTE, b'\x01'])), x
    yield 'json-evidence-and-more', 'evidence and an endorsement', as_json(
        quote=[QUOTE, 'AQ', 6]), x
    yield 'cbor-evidence-and-more', 'evidence and an endorsement', as_cbor(
        ('quote', [QUOTE, b'\x01', 6])), x
    yield 'json-white', 'blanks, and the type last', (
        f' {{ "quote" : [ "{QUOTE}" , "AQ" , 4 ] ,\n"{TYPE_LABEL}":"{TYPE}" }}\n').encode(), x
    yield 'cbor-long-heads', 'lengths in more bytes than needed, and the type last', (
        b'\xb8\x02\x79\x00\x05quote\x83' + dump(QUOTE) + b'\x5a\x00\x00\x00\x01\x01\x18\x04' +
        dump(TYPE_LABEL) + dump(TYPE)), x


def wrong_records():
    """(what, record in JSON, record in CBOR)"""
    yield 'empty-value', [QUOTE, '', EVIDENCE], [QUOTE, b'', EVIDENCE]
    yield 'other-type', [MEDIA_TYPES['evidence'], 'AQ'], [MEDIA_TYPES['evidence'], b'\x01']
    yield 'type-number', [30001, 'AQ'], [30001, b'\x01']
    yield 'no-evidence', [QUOTE, 'AQ', 2], [QUOTE, b'\x01', 2]
    yield 'huge-indicator', [QUOTE, 'AQ', 4 + (1 << 32)], [QUOTE, b'\x01', 4 + (1 << 32)]
    yield 'indicator-text', [QUOTE, 'AQ', '4'], [QUOTE, b'\x01', '4']
    yield 'four-members', [QUOTE, 'AQ', 4, 4], [QUOTE, b'\x01', 4, 4]
    yield 'one-member', [QUOTE], [QUOTE]
    yield 'value-other', [QUOTE, 1], [QUOTE, 'AQ']
    yield 'no-record', 'AQ', b'\x01'


def wrong():
    """(name, description, collection) of those that do not."""
    for what, in_json, in_cbor in wrong_records():
        yield f'json-{what}', what.replace('-', ' '), as_json(quote=in_json)
        yield f'cbor-{what}', what.replace('-', ' '), as_cbor(('quote', in_cbor))
    for name, dumps in (('json', lambda pairs: json.dumps(dict(pairs)).encode()), ('cbor', dump)):
        value = 'AQ' if name == 'json' else b'\x01'
        yield f'{name}-no-type', 'no type', dumps((('quote', [QUOTE, value]),))
        yield f'{name}-other-collection', 'another type', dumps(((TYPE_LABEL, TYPE[:-1] + '5'),))
        yield f'{name}-type-other-kind', 'a type that is no text', dumps(((TYPE_LABEL, 4),))
        yield (f'{name}-other-label', 'a label that is no part\'s',
               dumps(((TYPE_LABEL, TYPE), ('quotes', [QUOTE, value]))))
        inner = {TYPE_LABEL: TYPE} if name == 'json' else ((TYPE_LABEL, TYPE),)
        yield (f'{name}-nested', 'a collection in a collection',
               dumps(((TYPE_LABEL, TYPE), ('quote', inner))))
    for text in ('AR', 'AQ==', 'A', 'A+8', ' AQ', 'AQ\n', 'A\u00e9'):
        yield (f'json-base64-{text.encode().hex()}', f'the value {text!r}',
               as_json(quote=[QUOTE, text]))
    yield 'json-record', 'a record that is in no collection', json.dumps(
        [QUOTE, to_base64url(b'1')]).encode()
    yield 'json-deep', 'deeper than a collection can be', b'[' * 2000
    yield 'json-latin1', 'not in UTF-8', as_json() + b'\xe9'
    yield 'json-behind', 'something behind its end', encode_json(SOME) + b'1'
    yield 'empty', 'no bytes', b''
    yield 'cbor-twice', 'a part twice', as_cbor(*2 * (('quote', [QUOTE, b'\x01']),))
    yield 'cbor-type-twice', 'the type twice', as_cbor((TYPE_LABEL, TYPE))
    yield 'cbor-label-number', 'a label that is a number', as_cbor((1, [QUOTE, b'\x01']))
    yield 'cbor-behind', 'something behind its end', encode_cbor(SOME) + b'\0'
    yield 'cbor-huge-map', 'a map of 2^64 - 1 pairs', b'\xbb' + b'\xff' * 8
    yield 'cbor-huge-array', 'an array of 2^62 items', (
        head(5, 2) + dump(TYPE_LABEL) + dump(TYPE) + dump('quote') + head(4, 1 << 62))
    yield 'cbor-huge-bytes', 'a value of 2^63 bytes', (
        head(5, 2) + dump(TYPE_LABEL) + dump(TYPE) + dump('quote') + head(4, 2) + dump(QUOTE) +
        head(2, 1 << 63))
    yield 'cbor-open-map', 'a map that does not say how long it is', (
        b'\xbf' + dump(TYPE_LABEL) + dump(TYPE) + b'\xff')
    yield 'cbor-open-bytes', 'a value that does not say how long it is', (
        head(5, 2) + dump(TYPE_LABEL) + dump(TYPE) + dump('quote') + head(4, 2) + dump(QUOTE) +
        b'\x5f\x41\x01\xff')
    yield 'cbor-tagged', 'a tag before the value', (
        head(5, 2) + dump(TYPE_LABEL) + dump(TYPE) + dump('quote') + head(4, 2) + dump(QUOTE) +
        b'\xd8\x18\x41\x01')
    yield 'cbor-negative-indicator', 'an indicator below zero', (
        head(5, 2) + dump(TYPE_LABEL) + dump(TYPE) + dump('quote') + head(4, 3) + dump(QUOTE) +
        b'\x41\x01\x23')


def main():
    cases = [*right(), *((*case, None) for case in wrong())]
    for name, description, collection, parts in cases:
        vector = {'description': description, 'collection': collection.hex(),
                  'parts': parts and {label: data.hex() for label, data in parts.items()}}
        vector['parts'] = {} if parts == {} else vector['parts']
        with open(os.path.join(sys.argv[1], name + '.json'), 'w', encoding='utf-8') as f:
            f.write(json.dumps(vector, indent=2) + '\n')


main()
