# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages of verdicts, looked at in a real browser: what is in them, that nothing of a verdict
becomes more than text, and that they can be read light and dark."""
import contextlib
import html.parser
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import tempfile

import browser
import tap
from vector_case import TOOL, VectorCase, write

TAGS = {'html', 'head', 'meta', 'title', 'style', 'body', 'main', 'header', 'section', 'h1', 'h2',
        'p', 'ol', 'li', 'code', 'table', 'tbody', 'tr', 'th', 'td', 'svg', 'g', 'line', 'circle',
        'text'}
ATTRIBUTES = {'lang', 'charset', 'http-equiv', 'content', 'name', 'class', 'id', 'viewbox', 'role',
              'aria-label', 'x', 'y', 'x1', 'x2', 'y1', 'y2', 'cx', 'cy', 'r'}
HOSTILE = ['<script>document.title="taken"</script>', '</style></title></svg><h1>TRUSTED</h1>',
           '"><img src=x onerror="document.title=1">', "' onload='alert(1)", '&lt;b&gt;&amp;#60;',
           '<!--', ']]>', '\u202edetsurt\u202c', '\u200b\u0007\u001b[31m', '%s%n%x',
           'http://x.invalid/', '\ud800', 'é✓𝔘']


class Page(html.parser.HTMLParser):
    """What a page has: elements, attributes, and text by the id of its section."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.sections, self.styles = [], [], {'': ''}, ''
        self.inside, self.open = '', []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.open.append(tag)
        if tag in ('section', 'header'):
            self.inside = dict(attrs).get('id') or tag
            self.sections.setdefault(self.inside, '')

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == 'style':
            self.styles += data
        else:
            self.sections[self.inside] += data

    def text(self):
        return ''.join(self.sections.values())


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix='report-') as path:
        yield path


def expect_harmless(page):
    """Nothing that runs, moves, asks for something or leads elsewhere."""
    tap.equal(sorted(set(page.tags) - TAGS), [])
    tap.equal(sorted(set(page.attributes) - ATTRIBUTES), [])
    for word in ('url(', '@import', 'expression'):
        assert word not in page.styles, word


def expect_written(text):
    """The page as it was written; the title elements of SVG are dropped by no reader."""
    page = Page(text)
    expect_harmless(page)
    for section in ('header', 'todo', 'chain', 'about'):
        assert page.sections[section].strip(), section
    return page


def page_of(path, name, status):
    """The page that a verification writes."""
    with folder() as files:
        case = VectorCase(files, name)
        done = case.run('--report', path)
        tap.equal((done.returncode, done.stderr), (status, ''))
    with open(path, encoding='utf-8') as f:
        return expect_written(f.read())


def report(verdict, path):
    done = subprocess.run([TOOL, 'report', '-o', path, write(path + '.json', verdict)],
                          capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


@tap.case('a trusted one says what was compared, and what nobody compared')
def _():
    with folder() as path:
        page = page_of(path + '/page.html', 'trusted-by-proof', 0)
    assert page.sections['header'].strip().startswith('TRUSTED'), page.sections['header']
    assert 'Verified at ' in page.sections['header']
    assert 'it was proved that the key is in a chip' in page.sections['chain']
    assert 'no log of the VM and no profile' in page.sections['chain']
    assert 'What runs in the VM is not compared by name' in page.sections['todo']
    assert 'the host\'s signature verifies' in page.sections['pass']
    assert 'd66b4f0e-2b1c-4f5e-9d31-075ae2441001' in page.sections['about']
    tap.equal([name for name in page.sections if name in ('fail', 'not-compared', 'not-run')], [])


@tap.case('an authentic one says what was not compared, and what to do about it')
def _():
    with folder() as path:
        page = page_of(path + '/page.html', 'authentic-no-policy', 3)
    assert page.sections['header'].strip().startswith('AUTHENTIC')
    assert '1 of 15' in page.sections['header']
    assert '--host-profile' in page.sections['not-compared']
    assert '--host-profile' in page.sections['todo']
    assert 'no proof that the key is in a chip' in page.sections['chain']


@tap.case('a refused one says why, tells no facts, and shows what was not looked at')
def _():
    with folder() as path:
        page = page_of(path + '/page.html', 'bad-vtpm-signature-flipped', 1)
    assert page.sections['header'].strip().startswith('REFUSED')
    assert 'bad-vtpm-signature' in page.sections['header']
    assert 'seen for the first time' not in page.text()
    assert 'Ask again' in page.sections['todo']
    assert 'can be relied on' in page.sections['about']
    assert 'd66b4f0e' not in page.text()
    assert 'policy' in page.sections['not-run']


@tap.case('a stand-in is one wherever the chip is spoken of')
def _():
    with folder() as path:
        page = page_of(path + '/page.html', 'trusted-stand-in', 0)
    for section in ('header', 'chain'):
        assert 'stand-in' in page.sections[section], section
    assert 'TPM of its own' in page.sections['todo']


def hostile_verdict(outcome, text):
    """A verdict whose every text is this one."""
    results = ['pass'] if outcome == 'trusted' else ['pass', 'fail', 'not-compared', 'not-run']
    items = [{'check': text, 'result': result, 'detail': text} for result in results]
    items.append({'check': 'vtpm-pcr-mismatch', 'detail': text,
                  'result': 'fail' if outcome == 'refused' else 'pass'})
    ek = dict.fromkeys(('manufacturer', 'model', 'version', 'serial', 'issuer', 'expires'), text)
    facts = dict.fromkeys(('name', 'enrolled', 'firmwareVersion', 'signer', 'ek', 'lineage',
                           'epoch', 'generation', 'uuid'), text)
    return json.dumps({
        'verdict': outcome, 'reason': text if outcome == 'refused' else None, 'vouchedBy': text,
        'simulated': False, 'firstSeen': True, 'checks': items,
        'findings': [{'finding': text, 'result': 'pass', 'detail': text}],
        'vm': facts, 'host': facts | {'enrolledBy': 'proof', 'ekCertificate': ek}, 'batch': {}})


@tap.case('whatever a verdict says is text, in the file and in the browser')
def _():
    with folder() as path:
        for outcome in ('trusted', 'refused'):
            for text in (*HOSTILE, ' '.join(HOSTILE)):
                verdict = hostile_verdict(outcome, text)
                status, out, error = report(verdict, path + '/page.html')
                if '\ud800' in text:  # no text at all
                    assert status in (0, 2), error
                    continue
                tap.equal((status, out, error), (0, '', ''), text)
                with open(path + '/page.html', encoding='utf-8') as f:
                    content = f.read()
                page = expect_written(content)
                shown = ''.join(c if c.isprintable() else f'\\u{ord(c):04x}' for c in text)
                assert shown in page.text(), (text, page.text())
                assert not any(not c.isprintable() and c != '\n' for c in content), text
        verdict = hostile_verdict('trusted', ''.join(HOSTILE[:11]))
        status, _, error = report(verdict, path + '/page.html')
        tap.equal((status, error), (0, ''))
        with open(path + '/page.html', encoding='utf-8') as f:
            written = Page(f.read())
        seen = Page(browser.dom(path + '/page.html'))
    expect_harmless(seen)
    tap.equal(sorted(set(seen.tags) - set(written.tags)), ['tbody'])
    assert seen.sections[''].strip().startswith('trusted: VM <script>'), seen.sections['']
    assert 'http://x.invalid/' in seen.text()


@tap.case('what is no verdict makes no page')
def _():
    good = json.loads(hostile_verdict('trusted', 'x'))
    open_check, failed = ({'check': 'policy', 'result': result}
                          for result in ('not-compared', 'fail'))
    with folder() as path:
        for bad in ('', 'null', '[]', '{}', '[' * 9999, '{"verdict": "trusted"', 'no',
                    json.dumps(good | {'verdict': 'good'}), json.dumps(good | {'checks': {}}),
                    json.dumps(good | {'checks': [1]}), json.dumps(good | {'verdict': 'refused'}),
                    json.dumps(good | {'findings': [{'finding': 'x', 'result': 'maybe'}]}),
                    json.dumps(good | {'checks': [], 'findings': []}),
                    json.dumps(good | {'checks': [open_check]}),
                    json.dumps(good | {'checks': [failed], 'verdict': 'authentic'})):
            status, out, error = report(bad, path + '/page.html')
            tap.equal((status, out), (2, ''), bad[:60])
            assert 'no verdict' in error and len(error.splitlines()) == 1, error
            assert not os.path.exists(path + '/page.html'), bad[:60]
        status, _, error = report(json.dumps(good)[:-1], path + '/page.html')
        tap.equal(status, 2, error)


@tap.case('each reason for a refusal has something to do about it')
def _():
    page = pathlib.Path(os.environ['SOURCE_ROOT'], 'docs/man/tpm2_checkdeepquote.1.scd')
    reasons = page.read_text(encoding='utf-8').partition('# REASONS')[2].partition('\n# ')[0]
    words = re.findall(r'\*([a-z-]+)\*(?=[,\n])', reasons)
    assert {'malformed', 'policy', 'vm-files'} <= set(words) and len(words) > 20, words
    with folder() as path:
        for word in words:
            verdict = json.loads(hostile_verdict('refused', 'x')) | {'reason': word}
            tap.equal(report(json.dumps(verdict), path + '/page.html')[0], 0, word)
            with open(path + '/page.html', encoding='utf-8') as f:
                assert 'has each reason' not in expect_written(f.read()).sections['todo'], word


@tap.case('an entry of a journal makes one too, with what is wrong with it')
def _():
    with folder() as path:
        case = VectorCase(path, 'trusted-one-leaf')
        tap.equal(case.run('--record').returncode, 0)

        def entry(number):
            done = subprocess.run([TOOL, 'report', '--store', case.path('store'), number],
                                  capture_output=True, text=True, check=False, timeout=60)
            return done.returncode, done.stdout, done.stderr
        status, out, error = entry('1')
        tap.equal((status, error), (0, ''))
        page = expect_written(out)
        assert 'Entry 1 of the journal, recorded at 20' in page.sections['header']
        assert 'Decided again for this page from what was recorded: trusted.' in \
            page.sections['header']
        for number, status in (('2', 1), ('0', 2), ('x', 2)):
            tap.equal(entry(number)[:2], (status, ''), number)
        with contextlib.closing(sqlite3.connect(case.path('store'))) as db:
            db.execute("UPDATE entry SET text = CAST(replace(CAST(text AS TEXT), 'pass', 'fail') "
                       "AS BLOB)")
            db.commit()
        status, out, error = entry('1')
        tap.equal((status, out), (1, ''), error)


def near(colour, wanted):
    return all(abs(a - b) <= 2 for a, b in zip(colour, wanted))


@tap.case('the browser shows it light and dark, with the verdict in its colour and all links')
def _():
    light, dark = (0xf6, 0xf7, 0xf9), (0x0f, 0x13, 0x17)
    with folder() as path:
        page = path + '/page.html'
        page_of(page, 'bad-vtpm-signature-flipped', 1)
        for is_dark, ground, red in ((False, light, (0xc0, 0x26, 0x2d)),
                                     (True, dark, (0xff, 0x7b, 0x72))):
            picture = browser.screenshot(page, path + '/shot.png', is_dark)
            assert near(picture.colour(2, 2), ground), picture.colour(2, 2)
            banner = picture.colours(0, 260)
            assert sum(n for colour, n in banner.items() if near(colour, red)) > 30, banner
            assert len(picture.colours()) > 40
            last = max(y for y in range(0, picture.height, 8)
                       if not near(picture.colour(450, y), ground))
            assert 1500 < last < picture.height - 8, last  # all of it is there, and in the picture


tap.main()
