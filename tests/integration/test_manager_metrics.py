# SPDX-License-Identifier: GPL-2.0-or-later
"""The metrics endpoint: what it says, to whom, and what it makes of clients that misbehave."""
import http.client
import os
import re
import socket
import stat
import threading
import time

import tap
from client import greeted
from manager import Manager
from process import run, wait_until
from programs import program

CONNECTIONS_MAX, HEAD_MAX, DEADLINE = 16, 4096, 5
REQUEST = b'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'
SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z]+)="([^"]*)"\})? ([0-9]+(?:\.[0-9]+)?)')
COUNTERS = {'requests_total': 'requests', 'answered_total': 'answered', 'refused_total': 'refused',
            'timed_out_total': 'timed-out', 'cancelled_total': 'cancelled',
            'throttled_total': 'throttled',
            'hardware_quotes_total': 'hardware-quotes', 'queue_length': 'queued',
            'in_flight': 'in-flight', 'request_duration_seconds_count': ('latency-us', 'count'),
            'batch_size_count': ('batch-size', 'count'),
            'hardware_quote_duration_seconds_count': ('hardware-quote-us', 'count')}


class Unix:
    """A manager whose metrics are on a Unix socket."""

    def __init__(self, **options):
        self.manager = Manager(**options)
        self.path = os.path.join(self.manager.dir, 'metrics.sock')
        self.manager.argv += ['--metrics', 'unix:' + self.path]
        self.manager.start()

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(30)
        s.connect(self.path)
        return s

    def close(self):
        """Ends the manager; asserts that it ended well."""
        self.manager.__exit__(None)


def talk(s, request=REQUEST):
    """Sends, and reads to the end: (status, headers, body)."""
    s.sendall(request)
    response = http.client.HTTPResponse(s)
    response.begin()
    tap.equal(response.getheader('Connection'), 'close')
    body = response.read()
    tap.equal(len(body), int(response.getheader('Content-Length')))
    tap.equal(s.recv(1), b'', 'bytes after the response')
    s.close()
    return response.status, response.headers, body.decode()


def parse(text):
    """{name or (name, label's value): number}; families must be declared, buckets add up."""
    samples, family, kind = {}, None, None
    for line in text.splitlines():
        if line.startswith('# HELP '):
            family = line.split()[2]
            continue
        if line.startswith('# TYPE '):
            tap.equal(line.split()[2], family)
            kind = line.split()[3]
            continue
        match = SAMPLE.fullmatch(line)
        assert match and match[1].startswith(family), line
        key = (match[1], match[3]) if match[2] else match[1]
        assert key not in samples, line
        samples[key] = float(match[4])
        if kind == 'histogram' and match[1] == family + '_count':
            buckets = [v for k, v in samples.items() if k[0] == family + '_bucket']
            tap.equal(buckets, sorted(buckets), family)
            tap.equal(buckets[-1], samples[key], family)
            tap.equal(samples[family + '_bucket', '+Inf'], samples[key], family)
    return samples


def scrape(server):
    status, headers, body = talk(server.connect())
    tap.equal((status, headers['Content-Type']),
              (200, 'text/plain; version=0.0.4; charset=utf-8'))
    return parse(body)


def load(manager, vms, stop, errors):
    """Threads that quote until `stop`; what goes wrong is appended to `errors`."""
    def run(number):
        try:
            with greeted(manager, uuid=f'00000000-0000-4000-8000-{number:012}') as vtpm:
                while not stop.is_set():
                    vtpm.quote(os.urandom(20))
        except Exception as error:  # reported by the case
            errors.append(error)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(vms)]
    for thread in threads:
        thread.start()
    return threads


def closed(s):
    """Whether the manager closes the connection, and says nothing before."""
    try:
        return s.recv(1) == b''
    except ConnectionResetError:
        return True


server = Unix()
manager = server.manager


@tap.case('scrapes while quotes are made: counters only grow, and in the end agree with status')
def _():
    stop, errors, last = threading.Event(), [], {}
    threads = load(manager, 8, stop, errors)
    try:
        def grown():
            nonlocal last
            now = scrape(server)
            for name, value in last.items():
                if 'total' in name or isinstance(name, tuple) or name.endswith(('_sum', '_count')):
                    assert now[name] >= value, f'{name}: {now[name]} after {value}'
            last = now
            return (now['vtpm_manager_answered_total'] >= 200 and
                    now['vtpm_manager_connected_vtpms'] == 8)
        wait_until(grown, '200 answers, 8 vTPMs')
        tap.equal(last['vtpm_manager_registered_vms'], 8)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    tap.equal(errors, [])
    wait_until(lambda: manager.admin('status')['connected'] == 0, 'connections end')
    metrics, quotes = scrape(server), manager.admin('status')['quotes']
    for name, member in COUNTERS.items():
        want = quotes[member] if isinstance(member, str) else quotes[member[0]][member[1]]
        tap.equal(metrics['vtpm_manager_' + name], want, name)
    tap.equal(metrics['vtpm_manager_batch_size_sum'], metrics['vtpm_manager_answered_total'])
    mean = quotes['latency-us']['mean']
    total = metrics['vtpm_manager_request_duration_seconds_sum']
    assert abs(total - mean * quotes['latency-us']['count'] / 1e6) < 1e-5, (total, mean)


@tap.case('tells of the TPM and the process, and of no VM')
def _():
    status, _, body = talk(server.connect())
    metrics = parse(body)
    tap.equal(metrics['vtpm_manager_tpm_simulated'], 1)
    tap.equal(metrics['vtpm_manager_tpm_up'], 1)
    version = manager.admin('status')['version']
    tap.equal(metrics['vtpm_manager_build_info', version], 1)
    assert abs(metrics['process_start_time_seconds'] - time.time()) < 600
    assert 0 < metrics['process_cpu_seconds_total'] < 600
    assert 1 << 20 < metrics['process_resident_memory_bytes'] < 1 << 30
    assert not re.search(r'[0-9a-f]{8}-|[0-9a-f]{32}', body), body


@tap.case('other paths and methods: 404, 405, 400')
def _():
    for request, status in ((b'GET / HTTP/1.1\r\n\r\n', 404),
                            (b'GET /metrics/x HTTP/1.1\r\n\r\n', 404),
                            (b'POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc', 405),
                            (b'GET /metrics HTTP/1.0\r\n\r\n', 200),
                            (b'nonsense\r\n\r\n', 400), (b'GET /metrics HTTP/1.1\r\n: x\r\n', 400),
                            (b'\x16\x03\x01\x02\x00\x01', 400)):
        got, headers, _ = talk(server.connect(), request)
        tap.equal(got, status, request)
        tap.equal(headers['Allow'], 'GET' if status == 405 else None)


@tap.case('a request of 4,096 bytes is answered, a longer one refused, however much follows')
def _():
    for size, status in ((HEAD_MAX, 200), (HEAD_MAX + 1, 400), (64 * HEAD_MAX, 400)):
        head = b'GET /metrics HTTP/1.1\r\nX: '
        request = head + b'a' * (size - len(head) - 4) + b'\r\n\r\n'
        tap.equal(talk(server.connect(), request)[0], status, size)


@tap.case('a request in single bytes')
def _():
    with server.connect() as s:
        for byte in REQUEST[:-1]:
            s.send(bytes([byte]))
        tap.equal(talk(s, REQUEST[-1:])[0], 200)


@tap.case('clients that end early, say nothing or do not read are closed; others do not wait')
def _():
    server.connect().close()
    with server.connect() as s:
        s.send(REQUEST[:10])
        s.shutdown(socket.SHUT_WR)
        assert closed(s)
    with server.connect() as silent, server.connect() as half, server.connect() as deaf:
        since = time.monotonic()
        half.send(REQUEST[:10])
        deaf.send(REQUEST)
        with greeted(manager) as vtpm:
            vtpm.quote(os.urandom(20))
        scrape(server)
        assert time.monotonic() - since < DEADLINE, 'others waited'
        assert closed(silent) and closed(half)
        assert time.monotonic() - since >= DEADLINE - 1, 'closed before the deadline'
        data = b''
        while part := deaf.recv(65536):
            data += part
        assert data.startswith(b'HTTP/1.1 200 ')


@tap.case('the 17th connection is closed at once; the first 16 are served')
def _():
    held = [server.connect() for _ in range(CONNECTIONS_MAX)]
    with server.connect() as s:
        assert closed(s)
    for s in held:
        tap.equal(talk(s)[0], 200)
    wait_until(lambda: not talk_fails(), 'there is room again')


def talk_fails():
    try:
        return talk(server.connect())[0] != 200
    except (http.client.HTTPException, OSError):
        return True


@tap.case('the socket is the owner\'s only, and gone when the manager ends')
def _():
    tap.equal(stat.S_IMODE(os.stat(server.path).st_mode), 0o600)
    tap.equal(manager.stop(), 0)
    assert not os.path.exists(server.path)
    manager.argv += ['--metrics-mode', '0660']
    manager.start()
    tap.equal(stat.S_IMODE(os.stat(server.path).st_mode), 0o660)


@tap.case('ending does not wait for clients of the metrics')
def _():
    with server.connect() as s:
        s.send(REQUEST[:10])
        since = time.monotonic()
        manager.restart()
        assert time.monotonic() - since < DEADLINE
        assert closed(s)


def addresses(port):
    """Of the sockets that listen on @port, in hexadecimal as the kernel has them."""
    found = set()
    for name in '/proc/net/tcp', '/proc/net/tcp6':
        if os.path.exists(name):
            with open(name, encoding='ascii') as f:
                for fields in map(str.split, f):
                    address, _, hexport = fields[1].partition(':')
                    if fields[3] == '0A' and hexport == f'{port:04X}':
                        found.add(address)
    return found


@tap.case('over TCP: on the loopback addresses alone')
def _():
    with Manager(metrics='tcp:0') as tcp:
        port = int(re.search(r'metrics at http://localhost:(\d+)/metrics', tcp.log_text())[1])
        found = addresses(port)
        assert '0100007F' in found, found
        assert found <= {'0100007F', '0' * 24 + '01000000'}, found
        for host in ['127.0.0.1'] + (['::1'] if len(found) == 2 else []):
            status, _, body = talk(socket.create_connection((host, port), 30))
            tap.equal(status, 200)
            tap.equal(parse(body)['vtpm_manager_requests_total'], 0)
        big = b'GET /metrics HTTP/1.1\r\nX: ' + b'a' * 64 * HEAD_MAX
        tap.equal(talk(socket.create_connection(('127.0.0.1', port), 30), big)[0], 400)
        os.mkdir(tcp.dir + '/2')
        other = Manager(dir=tcp.dir + '/2', metrics=f'tcp:{port}')
        code, said = other.fail()
        tap.equal(code, 1, said)
        assert 'choose another port' in said, said
        assert not os.path.exists(other.admin_socket), 'the other sockets stay behind'


@tap.case('other addresses are refused: exit 2, and what to give')
def _():
    for options in (['--metrics', 'tcp:0.0.0.0:9000'], ['--metrics', 'tcp:192.0.2.1:9000'],
                    ['--metrics', 'tcp:'], ['--metrics', 'tcp:65536'], ['--metrics', 'tcp:-1'],
                    ['--metrics', 'unix:'], ['--metrics', '9000'], ['--metrics', ''],
                    ['--metrics-mode', '0660'],
                    ['--metrics', 'unix:/nonexistent/m', '--metrics-mode', '9']):
        done = run([program('vtpm-managerd'), *options], code=2, timeout=60)
        assert 'give' in done.stderr, done.stderr


@tap.case('off by default')
def _():
    with Manager() as plain:
        assert 'metrics' not in plain.log_text()
        with open(f'/proc/{plain.process.pid}/net/unix', encoding='utf-8') as f:
            paths = {line.split()[-1] for line in f if plain.dir + '/' in line}
        tap.equal({p for p in paths if not p.startswith(plain.tpm)},
                  {plain.socket, plain.admin_socket})


try:
    tap.main()
finally:
    server.close()
