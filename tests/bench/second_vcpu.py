# SPDX-License-Identifier: GPL-2.0-or-later
"""The second virtual CPU while the first uses the TPM: how long it does not run, and why.

Its host thread gets a host core of its own; the rest of QEMU and swtpm share another; all of them
have real-time priority there. A stretch in which it does not run is then QEMU's doing (its big
lock, work that stops all virtual CPUs) or the guest's own (timer ticks), but for the little that
the host's kernel always leaves to other processes. Hence many short bursts, of 0.8 s each: what
the host does spoils some, and the median stands. How long the thread waited for its core is told.
"""
import os
import statistics

WATCHES = ('clock', 'port')


def threads(pid):
    return [int(name) for name in os.listdir(f'/proc/{pid}/task')]


def waited(pid, thread):
    """Nanoseconds that a runnable thread has waited for a core."""
    with open(f'/proc/{pid}/task/{thread}/schedstat', encoding='ascii') as f:
        return int(f.read().split()[1])


def isolate(machine, swtpm):
    """Gives the second virtual CPU's thread the last core and all others the one before it;
    returns the thread, and whether they have real-time priority there."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError('pauses need two host cores; give this process another')
    second = next(cpu['thread-id'] for cpu in machine.qmp('query-cpus-fast')
                  if cpu['cpu-index'] == 1)
    alone = True
    for thread in threads(machine.process.pid) + threads(swtpm.process.pid):
        os.sched_setaffinity(thread, {cores[-1] if thread == second else cores[-2]})
        try:
            os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            alone = False
    return second, alone


def measure(guest, options, into):
    """All kinds of load and watch in one guest: into(name, figures)."""
    thread, alone = isolate(guest.machine, guest.swtpm)
    pid = guest.machine.process.pid
    for watch in WATCHES:
        for rate in ('0', str(options.rate), 'max'):
            for _ in range(options.seconds):
                before = waited(pid, thread)
                found = guest.ask(f'pause {watch} {rate} 1')
                found['waited'] = waited(pid, thread) - before
                found['alone'] = alone
                into(f'pause {watch} {rate}', found)


def _figures(bursts):
    """(what, value) of one kind of load and watch under one QEMU."""
    def median(key):
        return statistics.median(bursts[key]) / 1e6

    seconds, commands = sum(bursts['busy']) / 1e9, sum(bursts['commands'])
    over = sum(bursts['over300us'])
    yield 'longest in 10 ms, median, ms', median('window_median')
    yield 'longest in 10 ms, p90, ms', median('window_p90')
    yield 'longest in a burst, median, ms', median('longest')
    yield 'longest of all, ms', max(bursts['longest']) / 1e6
    yield 'over 0.3 ms, a second', over / seconds
    yield 'over 0.3 ms, a thousand commands', 1000 * over / commands if commands else None
    yield 'commands a second', commands / seconds
    yield 'waited for its core, ms', median('waited')


def rows(results, options):
    """(what, device, stock, ours), as far as was measured."""
    loads = {'0': 'no commands', str(options.rate): f'{options.rate} commands/s', 'max': 'hammered'}
    for device in options.devices:
        for watch in WATCHES:
            for rate, load in loads.items():
                both = [dict(_figures(figures)) if figures else {} for figures in
                        (results.get((f'pause {watch} {rate}', device, qemu))
                         for qemu in ('stock', 'ours'))]
                for what in both[0] or both[1]:
                    yield f'{watch}, {load}: {what}', device, *(b.get(what) for b in both)


def show(results, options):
    table = list(rows(results, options))
    if not table:
        return
    print(f'{"pauses of CPU 1 (see --help)":58}{"device":9}{"stock":>9}{"ours":>9}  ours - stock')
    for what, device, stock, ours in table:
        cells = ['-' if v is None else f'{v:.3f}' for v in (stock, ours)]
        more = '-' if None in (stock, ours) else f'{ours - stock:+.3f}'
        print(f'{what:58}{device:9}{cells[0]:>9}{cells[1]:>9}  {more:>12}')
    if not all(all(figures['alone']) for (name, *_), figures in results.items()
               if name.startswith('pause ')):
        print('without real-time priority: other processes of the host may be in these figures')
