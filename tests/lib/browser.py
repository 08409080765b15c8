# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's chromium without a screen: what it makes of a page, and how that looks."""
import os
import struct
import subprocess
import tempfile
import zlib

WIDTH = 900


def run(page, *options):
    """Of a file; what the browser prints. It has a home of its own, and no network is asked for."""
    with tempfile.TemporaryDirectory(prefix='browser-') as home:
        done = subprocess.run(
            ['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
             '--hide-scrollbars', '--no-first-run', '--disable-background-networking',
             '--host-resolver-rules=MAP * ~NOTFOUND', f'--user-data-dir={home}/profile', *options,
             'file://' + os.path.abspath(page)],
            env=dict(os.environ, HOME=home, XDG_RUNTIME_DIR=home), capture_output=True, check=False,
            timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors='replace')[-2000:]
    return done.stdout.decode()


def dom(page):
    return run(page, '--dump-dom')


def screenshot(page, path, dark, height=2600):
    """A picture of it, for a reader who has it dark or light."""
    run(page, f'--screenshot={path}', f'--window-size={WIDTH},{height}',
        f'--blink-settings=preferredColorScheme={0 if dark else 1}')
    return Picture(path)


class Picture:
    """A PNG of 8 bits a channel without interlacing, as the browser writes it."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            data = f.read()
        assert data[:8] == b'\x89PNG\r\n\x1a\n'
        packed, at = b'', 8
        while at < len(data):
            size, kind = struct.unpack('>I4s', data[at:at + 8])
            if kind == b'IHDR':
                self.width, self.height, depth, colour = struct.unpack('>IIBB',
                                                                       data[at + 8:at + 18])
                assert depth == 8 and colour in (2, 6), (depth, colour)
                self.channels = {2: 3, 6: 4}[colour]
            if kind == b'IDAT':
                packed += data[at + 8:at + 8 + size]
            at += size + 12
        self.rows = list(self._rows(zlib.decompress(packed)))

    def _rows(self, raw):
        step, before = self.width * self.channels, bytearray(self.width * self.channels)
        for y in range(self.height):
            kind, row = raw[y * (step + 1)], bytearray(raw[y * (step + 1) + 1:(y + 1) * (step + 1)])
            self._unfilter(kind, row, before)
            yield row
            before = row

    def _unfilter(self, kind, row, before):
        n = self.channels
        for i in range(len(row) if kind else 0):
            left = row[i - n] if i >= n else 0
            corner = before[i - n] if i >= n else 0
            guess = left + before[i] - corner
            best = min((left, before[i], corner), key=lambda value: abs(guess - value))
            row[i] = (row[i] + {1: left, 2: before[i], 3: (left + before[i]) // 2,
                                4: best}[kind]) & 255

    def colour(self, x, y):
        return tuple(self.rows[y][x * self.channels:x * self.channels + 3])

    def colours(self, top=0, bottom=None, step=4):
        """How often each colour is there, of some of the points."""
        counts = {}
        for y in range(top, bottom or self.height, step):
            for x in range(0, self.width, step):
                counts[self.colour(x, y)] = counts.get(self.colour(x, y), 0) + 1
        return counts
