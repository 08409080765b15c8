# SPDX-License-Identifier: GPL-2.0-or-later
"""All figures on batches in one command: a software TPM as slow as a chip, one vtpm-managerd in
front of it, deepquote-load at it, with and without batches, and what came of it plotted."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from load_stand import Stand, machine
from process import Failed

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])
SMALL_LIMIT = 4096  # half of vtpm-managerd's default


def sweep(args, vms, limit=None):
    """(N, report) for each number of VMs. Where answers take too long to wait for, only the rate
    counts: the report's latencies are then None."""
    rows = []
    options = {'ak_algorithm': 'rsa'} | ({'batch_limit': limit} if limit else {})
    unbatched = limit == 1
    t = args.quote / 1000
    for n in vms:
        wait = n * t if unbatched else 2 * t
        steady = wait <= args.patience
        seconds = max(args.seconds, wait if unbatched and steady else 0)
        print(f'{n} VMs, {"batched" if not limit else f"--batch-limit {limit}"}', flush=True)
        with Stand(f'quote={args.quote}', **options) as stand:
            report = stand.load(n, seconds, (max(2 * t, wait) if steady else 2 * t) + 0.5)
        if not steady:
            report['result']['latency_ms'] = None
        rows.append((n, report))
    return rows


def fast(args):
    """No latency added: what the manager itself can do."""
    print('bare swtpm, 1000 VMs', flush=True)
    with Stand() as stand:
        return stand.load(1000, args.seconds, 1)


def single(args):
    """One VM and a TPM without added latency, batches on and off."""
    results = []
    for limit in (None, 1):
        print(f'bare swtpm, 1 VM{", --batch-limit 1" if limit else ""}', flush=True)
        with Stand(**({'batch_limit': limit} if limit else {})) as stand:
            results.append(stand.load(1, args.seconds, 0.5))
    return results


def floods(args):
    results = []
    for kind in ('quote', 'pipeline', 'pcr-read', 'hello', 'instances'):
        print(f'100 VMs, then one that floods: {kind}', flush=True)
        with Stand(f'quote={args.quote}', ak_algorithm='rsa') as stand:
            results.append((kind, stand.load(100, args.seconds, 1, '--flood', '1', '--flood-kind',
                                             kind)))
    return results


PLOT = """
set logscale xy
set datafile missing '?'
set format xy '%.0f'
set grid
set key top left
set xlabel 'VMs, each asks again as soon as it is answered'
set style line 1 lw 2 pt 7 ps 0.8 lc rgb '#0060ad'
set style line 2 lw 2 pt 5 ps 0.8 lc rgb '#dd181f'
set style line 3 lw 1 dt 2 lc rgb '#0060ad'
set style line 4 lw 1 dt 2 lc rgb '#dd181f'
set style line 5 lw 2 pt 9 ps 0.8 lc rgb '#5e9c36'
set xrange [{first}:{last}]
set terminal {terminal}
T = {t}
set output '{base}-throughput.{suffix}'
set ylabel 'deep quotes a second'
set title 'Throughput, one quote takes {ms} ms'
plot {unbatched_rate} 1 / T with lines ls 4 title 'limit without batches: 1 / T', \\
     {batched_rate} x / (1.5 * T) with lines ls 3 title 'N / (1.5 T)', \\
     x / T with lines lc rgb '#888888' dt 3 title 'limit: N / T'
set output '{base}-latency.{suffix}'
set ylabel 'milliseconds'
set title 'Latency, one quote takes {ms} ms'
plot {unbatched_latency} x * T * 1000 with lines ls 4 title 'limit without batches: N T', \\
     {batched_latency} 1500 * T with lines ls 3 title '1.5 T', \\
     1000 * T with lines lc rgb '#888888' dt 3 title 'limit: T'
"""


def curve(path, column, style, title):
    return (f"'{path}' using 1:{column} with linespoints ls {style} title '{title}', "
            if path else '')


def plot(args, batched, unbatched, output):
    if not shutil.which('gnuplot'):
        raise Failed('gnuplot is not installed: run scripts/setup bench')
    with tempfile.TemporaryDirectory(prefix='figures-') as folder:
        paths = {}
        for name, rows in (('batched', batched), ('unbatched', unbatched)):
            paths[name] = os.path.join(folder, name) if rows else None
            for n, report in rows:
                ms = report['result']['latency_ms'] or {'p50': '?', 'p99': '?'}
                with open(paths[name], 'a', encoding='ascii') as f:
                    f.write(f'{n} {report["result"]["per_second"]} {ms["p50"]} {ms["p99"]}\n')
        for terminal, suffix in (("svg size 800,500 font 'sans,12' background 'white'", 'svg'),
                                 ("pngcairo size 1000,620 font 'sans,11'", 'png')):
            script = PLOT.format(
                first=min(args.vms), last=max(args.vms) * 1.2, terminal=terminal, suffix=suffix,
                t=args.quote / 1000, ms=args.quote, base=output / 'batching',
                batched_rate=curve(paths['batched'], 2, 1, 'batched'),
                unbatched_rate=curve(paths['unbatched'], 2, 2, 'unbatched'),
                batched_latency=curve(paths['batched'], 3, 1, 'batched, median') +
                curve(paths['batched'], 4, 5, 'batched, 99 %'),
                unbatched_latency=curve(paths['unbatched'], 3, 2, 'unbatched, median'))
            subprocess.run(['gnuplot'], input=script, text=True, check=True)


def row(what, report):
    r = report['result']
    ms = [f'{r["latency_ms"][q]:,.2f}' if r['latency_ms'] else '-' for q in ('p50', 'p99', 'max')]
    return (f'| {what} | {r["per_second"]:,.1f} | {" | ".join(ms)} | {r["batch_size_mean"]:,.1f} | '
            f'{r["manager_cpu_us_per_answer"]:,.0f} | {r["manager_peak_mb"]:,.0f} | '
            f'{r["errors"]} | {report["authentic"]:.0f} of {report["verified"]:.0f} |')


def goal(name, want, got, met):
    return f'| {name} | {want} | {got} | {"yes" if met else "no"} |'


def goals(args, found):
    t = args.quote
    lines = []
    for n, report, more in ([(n, r, '') for n, r in found['batched']] +
                            [(n, r, f', --batch-limit {SMALL_LIMIT}') for n, r in found['small']]):
        r = report['result']
        p99, law = r['latency_ms']['p99'] / t, 0.9 * n / (1.5 * t / 1000)
        if n >= 1000:
            lines += [goal(f'{n:,} VMs{more}: p99', 'at most 2.1 T', f'{p99:.2f} T', p99 <= 2.1),
                      goal(f'{n:,} VMs{more}: a second', f'at least {law:,.0f}',
                           f'{r["per_second"]:,.0f}', r['per_second'] >= law),
                      goal(f'{n:,} VMs{more}: errors', '0', r['errors'], r['errors'] == 0)]
        if n == 1000:
            us = r['manager_cpu_us_per_answer']
            lines.append(goal('1,000 VMs: manager CPU per deep quote', 'under 100 µs',
                              f'{us:.0f} µs', us < 100))
        if n == 5000 and not more:
            mb = r['manager_peak_mb']
            lines.append(goal('5,000 VMs: memory', 'under 300 MB', f'{mb:.0f} MB', mb < 300))
    batched, unbatched = (r['result']['latency_ms']['p50'] for r in found['single'])
    over = 100 * (batched / unbatched - 1)
    lines.append(goal('one VM, median against unbatched', 'within 3 %', f'{over:+.1f} %',
                      over <= 3))
    rate = found['fast']['result']['per_second']
    lines.append(goal('1,000 VMs, bare swtpm: a second', 'at least 8,000', f'{rate:,.0f}',
                      rate >= 8000))
    for kind, report in found['floods']:
        cost = report['flood_cost_percent']
        lines.append(goal(f'one VM floods ({kind})', 'costs the others under 10 %',
                          f'{cost:.1f} %', cost < 10))
    return lines


HEAD = ('| run | a second | p50 ms | p99 ms | max ms | batch | manager CPU µs each | '
        'manager peak MB '
        '| errors | verified |\n|---|---|---|---|---|---|---|---|---|---|')


def document(args, found):
    lines = ['<!-- SPDX-License-Identifier: GPL-2.0-or-later -->',
             '# Deep quotes by the number of VMs', '',
             'Made by `tests/bench/deepquote-figures` on '
             f'{time.strftime("%Y-%m-%d", time.gmtime())}: '
             f'{machine()}; load generator, manager and software TPM share these cores. One quote '
             f'takes T = {args.quote} ms, '
             'RSA-2048, by a TCTI that waits; each VM asks again as soon as it is answered. '
             f'Measured for {args.seconds:g} s at least, after a warm-up; where there is no '
             'latency in the '
             'table, one answer takes longer than the measurement. Limits are drawn dashed.', '',
             '![throughput](batching-throughput.svg)', '', '![latency](batching-latency.svg)', '',
             HEAD]
    lines += [row(f'batched, {n:,} VM{"s" if n > 1 else ""}', r) for n, r in found['batched']]
    lines += [row(f'batched, {n:,} VMs, --batch-limit {SMALL_LIMIT}', r) for n, r in found['small']]
    lines += [row(f'unbatched, {n:,} VM{"s" if n > 1 else ""}', r) for n, r in found['unbatched']]
    lines += [row('bare swtpm (P-256), 1,000 VMs', found['fast'])]
    lines += [row(f'bare swtpm (P-256), 1 VM, {what}', r)
              for what, r in zip(('batched', 'unbatched'), found['single'])]
    lines += [row(f'100 VMs, before the flood ({kind})', r) for kind, r in found['floods']]
    lines += [row(f'100 VMs and one that floods ({kind})',
                  dict(r, result=r['flooded'])) for kind, r in found['floods']]
    lines += ['', '| goal | wanted | measured | met |', '|---|---|---|---|'] + goals(args, found)
    return '\n'.join(lines) + '\n'


def parse():
    p = argparse.ArgumentParser(prog='deepquote-figures', description=__doc__)
    p.add_argument('--build', default=os.environ['BUILD_ROOT'], type=pathlib.Path,
                   help='the build directory (%(default)s)')
    p.add_argument('--output', default=ROOT / 'docs' / 'figures', type=pathlib.Path,
                   help='where figures and table go (docs/figures)')
    p.add_argument('--quote', default=229, type=float, metavar='MS',
                   help='how long one quote takes (229: median of RSA-2048 over 127 chips)')
    p.add_argument('--vms', default='1,10,100,1000,5000', help='numbers of VMs, by commas',
                   type=lambda text: [int(n) for n in text.split(',')])
    p.add_argument('--seconds', default=10, type=float, help='each measurement, at least (10)')
    p.add_argument('--patience', default=60, type=float, metavar='S',
                   help='of runs whose answers take longer only the rate is measured (60)')
    p.add_argument('--version', action='version', version='deepquote-figures 0.1.0')
    args = p.parse_args()
    os.environ['BUILD_ROOT'] = str(args.build.resolve())
    args.quote = int(args.quote) if args.quote == int(args.quote) else args.quote
    return args


def main():
    args = parse()
    if not (args.build / 'tests' / 'bench' / 'deepquote-load').exists():
        raise Failed(f'{args.build} has no deepquote-load: build first, or name it with --build')
    found = {'batched': sweep(args, args.vms), 'unbatched': sweep(args, args.vms, 1),
             'small': sweep(args, [n for n in args.vms if n > SMALL_LIMIT], SMALL_LIMIT),
             'fast': fast(args), 'single': single(args), 'floods': floods(args)}
    args.output.mkdir(parents=True, exist_ok=True)
    plot(args, found['batched'], found['unbatched'], args.output)
    (args.output / 'batching.md').write_text(document(args, found), encoding='utf-8')
    (args.output / 'batching.json').write_text(json.dumps(found, indent=1) + '\n')
    print(args.output / 'batching.md')


try:
    main()
except Failed as failure:
    print(f'deepquote-figures: {failure}', file=sys.stderr)
    sys.exit(1)
