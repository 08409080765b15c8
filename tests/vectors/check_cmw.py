# SPDX-License-Identifier: GPL-2.0-or-later
"""The collections of tests/vectors/cmw by the decoder in Python; unit/cmw has the one in C read the
same."""
import json
import os
import pathlib

import cmw
import tap

FOLDER = pathlib.Path(os.environ['SOURCE_ROOT'], 'tests', 'vectors', 'cmw')


def vector_case(path):
    @tap.case(path.stem)
    def _():
        vector = json.loads(path.read_text())
        collection = bytes.fromhex(vector['collection'])
        try:
            got = {label: data.hex() for label, data in cmw.decode(collection).items()}
        except cmw.Malformed:
            got = None
        tap.equal(got, vector['parts'], vector['description'])


for _path in sorted(FOLDER.glob('*.json')):
    vector_case(_path)


@tap.case('what is cut off anywhere is refused')
def _():
    parts = {label: b'x' * 30 for label in cmw.MEDIA_TYPES}
    for encode in (cmw.encode_json, cmw.encode_cbor):
        data = encode(parts)
        tap.equal(cmw.decode(data), parts)
        for size in range(len(data)):
            try:
                cmw.decode(data[:size])
            except cmw.Malformed:
                continue
            raise AssertionError(f'{size} bytes')


tap.main()
