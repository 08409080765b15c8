# SPDX-License-Identifier: GPL-2.0-or-later
"""What floods of every kind cost the others: honest VMs ask for deep quotes in a quiet run, then
beside VMs that flood, on a TPM whose reads are slow."""
import argparse
import os
import pathlib
import sys
import time

from load_stand import Stand, machine
from process import Failed

ROOT = pathlib.Path(os.environ['SOURCE_ROOT'])
# Kinds of deepquote-load, and VMs or connections that do it
FLOODS = (('quote', 100), ('pipeline', 100), ('pcr-read', 100), ('pcr-any', 100),
          ('credential', 100), ('hello', 100), ('instances', 100), ('malformed', 100),
          ('silent', 1100), ('all', 180))

HEAD = ('| flood | VMs that flood | quiet p50, p99 ms | flooded p50, p99 ms | p50 | p99 '
        '| answered | of these refused | closed | errors of the others |\n'
        '|---|---|---|---|---|---|---|---|---|---|')


def row(kind, vms, report):
    calm, flooded = (report[part]['latency_ms'] for part in ('result', 'flooded'))
    ratio, counts = report['flood_latency_ratio'], report['flooded']
    return (f'| {kind} | {vms} | {calm["p50"]:.1f}, {calm["p99"]:.1f} | '
            f'{flooded["p50"]:.1f}, {flooded["p99"]:.1f} | {ratio["p50"]:.2f} | '
            f'{ratio["p99"]:.2f} | {counts["flood_replies"]:,} | {counts["flood_refused"]:,} | '
            f'{counts["flood_closed"]:,} | {counts["errors"]} |')


def measure(args):
    rows = []
    for kind, vms in FLOODS:
        print(f'{vms} that flood: {kind}', flush=True)
        with Stand(f'quote={args.quote:g},other={args.read:g}') as stand:
            rows.append(row(kind, vms, stand.load(
                args.vms, args.seconds, 1, '--think', str(args.think), '--flood', str(vms),
                '--flood-kind', kind)))
        print(rows[-1], flush=True)
    return rows


def document(args, rows):
    return '\n'.join([
        '<!-- SPDX-License-Identifier: GPL-2.0-or-later -->',
        '# What floods cost the others', '',
        f'Made by `tests/bench/flood-figures` on {time.strftime("%Y-%m-%d", time.gmtime())}: '
        f'{machine()}; load generator, those that flood, manager and software TPM share these '
        f'cores. One quote takes {args.quote:g} ms, every other command of the TPM {args.read:g} '
        f'ms. {args.vms} VMs ask {args.think} ms after each answer, first alone, then beside the '
        f'flood, {args.seconds:g} s each. The columns p50 and p99 are how many times as long the '
        'others wait as in the quiet run. A kind is explained by `deepquote-load --help` and '
        'tests/bench/load_flood.h.', '', HEAD] + rows) + '\n'


def parse():
    p = argparse.ArgumentParser(prog='flood-figures', description=__doc__)
    p.add_argument('--output', default=ROOT / 'docs' / 'figures', type=pathlib.Path,
                   help='where the table goes (docs/figures)')
    p.add_argument('--quote', default=71, type=float, metavar='MS',
                   help='how long one quote takes (71: median of P-256 over 127 chips)')
    p.add_argument('--read', default=20, type=float, metavar='MS',
                   help='how long any other command takes (20)')
    p.add_argument('--vms', default=20, type=int, help='honest VMs (20)')
    p.add_argument('--think', default=100, type=int, metavar='MS', help='their pause (100)')
    p.add_argument('--seconds', default=5, type=float, help='each measurement (5)')
    p.add_argument('--version', action='version', version='flood-figures 0.1.0')
    return p.parse_args()


def main():
    args = parse()
    text = document(args, measure(args))
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / 'floods.md').write_text(text, encoding='utf-8')
    print(args.output / 'floods.md')


try:
    main()
except Failed as failure:
    print(f'flood-figures: {failure}', file=sys.stderr)
    sys.exit(1)
