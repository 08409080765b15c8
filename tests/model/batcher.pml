/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The batcher of vtpm-managerd: how requests of vTPMs come to share hardware quotes.
 * The rules that it states are in docs/specs/batching.md; check.py runs it.
 *
 * The daemon's main loop handles one event at a time, so a handler is an atomic step here, taken
 * by the process that causes the event: a VM, an accident, or the completion of a job. The
 * worker thread that talks to the TPM is a process of its own; jobs and results pass by queues.
 *
 * Configuration: VMS, IN_FLIGHT (requests a VM may have outstanding), BATCH (requests that may
 * share a quote), LINGER (an idle TPM may wait for company), ADMIN (other jobs too), HANG (the
 * TPM may stop answering for good, and deadlines are sure to come).
 * Each BUG_* seeds one fault that the check must find.
 */
#ifndef VMS
#define VMS 3
#endif
#ifndef IN_FLIGHT
#define IN_FLIGHT 1
#endif
#ifndef BATCH
#define BATCH 2
#endif
#define TRIES 2 /* of one batch, until it is refused */
#define TICKS 2 /* of the timer, while it lingers */

#ifdef BUG_NO_LIMIT
#define PER_VM (IN_FLIGHT + 1)
#else
#define PER_VM IN_FLIGHT
#endif
#define SLOTS (VMS * PER_VM)
#define VM_OF(s) ((s) / PER_VM)
/* What cannot share a quote, as for another AK or too many banks: VM 0 with the rest. */
#define KIND(s) (VM_OF(s) != 0)

#ifdef BUG_WAITS
#define ENOUGH BATCH
#else
#define ENOUGH 1 /* requests that wait; then an idle TPM starts */
#endif
#ifdef BUG_HANG
#define MAY_EXPIRE(s) (state[s] == QUEUED)
#else
#define MAY_EXPIRE(s) true
#endif

mtype = { FREE, QUEUED, TAKEN };    /* a request: not there, waiting, in the running batch */
mtype = { BATCH_JOB, ADMIN_JOB };

mtype state[SLOTS] = FREE;
byte queue[SLOTS];          /* waiting requests, oldest first */
byte waiting;
bool leaf[SLOTS];           /* the running batch will answer this request */
byte leaves;                /* of the running batch; those whose requester left count too */
bool running;               /* a batch is with the worker */
bool admin_waits;
byte linger;                /* ticks until the timer launches a batch; 0: it is not set */

chan work = [2] of { mtype };
chan done = [2] of { mtype, bool };

/* What an observer knows */
bool due[SLOTS];            /* asked, and not answered */
bool fresh[SLOTS];          /* a quote that covers it began after it had arrived */
bool alive[VMS];
byte in_flight[VMS];
bool hung;

inline queue_remove(s)
{
    j = 0;
    do
    :: j < waiting && queue[j] != s -> j++
    :: else -> break
    od;
    do
    :: j + 1 < waiting -> queue[j] = queue[j + 1]; j++
    :: else -> break
    od;
    waiting--;
    queue[waiting] = 0
}

inline queue_push(s)
{
#ifdef BUG_LIFO
    j = waiting;
    do
    :: j > 0 -> queue[j] = queue[j - 1]; j--
    :: else -> break
    od;
    queue[0] = s;
#else
    queue[waiting] = s;
#endif
    waiting++
}

/* The request leaves the batcher. */
inline drop(s)
{
    if
    :: state[s] == QUEUED -> queue_remove(s)
    :: else
    fi;
    leaf[s] = false;
    state[s] = FREE;
    if
    :: due[s] -> due[s] = false; in_flight[VM_OF(s)]--
    :: else
    fi
}

/* Something is sent to the requester. */
inline answer(s)
{
    assert(alive[VM_OF(s)]);    /* nothing is sent to the dead */
    assert(due[s]);             /* once */
    drop(s)
}

/* The oldest request, and those behind it that can share a quote with it, go to the TPM. */
inline launch_batch()
{
    linger = 0;
    if
    :: !running && waiting >= ENOUGH ->
        k = KIND(queue[0]);
#ifdef BUG_KIND
        i = 0;
        do
        :: i < waiting -> k = (k || KIND(queue[i])); i++
        :: else -> break
        od;
#endif
        i = 0;
        leaves = 0;
        do
        :: i < waiting && leaves < BATCH && KIND(queue[i]) == k ->
            r = queue[i];
            queue_remove(r);
            state[r] = TAKEN;
            leaf[r] = true;
            leaves++
        :: i < waiting && leaves < BATCH && KIND(queue[i]) != k -> i++
        :: else -> break
        od;
        running = true;
        work ! BATCH_JOB
    :: else
    fi
#ifdef BUG_ADMIN
    ;
    if
    :: !running && admin_waits -> admin_waits = false; work ! ADMIN_JOB
    :: else
    fi
#endif
}

/* Launches, or lingers for company: until the timer ends it or the batch is full. */
inline start_batch()
{
#ifdef LINGER
    if
    :: linger == 0 || waiting >= BATCH -> launch_batch()
    :: linger == 0 && !running && waiting > 0 -> linger = TICKS
#ifdef BUG_LINGERS
    :: linger > 0 -> linger = TICKS
#else
    :: linger > 0 && waiting < BATCH
#endif
    fi
#else
    launch_batch()
#endif
}

inline arrive(s)
{
    alive[VM_OF(s)] = true;
    due[s] = true;
    fresh[s] = false;
    in_flight[VM_OF(s)]++;
    assert(in_flight[VM_OF(s)] <= IN_FLIGHT);
#ifdef BUG_JOINS
    if
    :: running && leaves < BATCH -> state[s] = TAKEN; leaf[s] = true; leaves++
    :: else -> state[s] = QUEUED; queue_push(s)
    fi;
#else
    state[s] = QUEUED;
    queue_push(s);
#endif
    start_batch()
}

inline expire(s)
{
    if
    :: due[s] && MAY_EXPIRE(s) ->
#ifdef BUG_TWICE
        t = leaf[s];
        answer(s);
        leaf[s] = t
#else
        answer(s)
#endif
    :: else
    fi
}

inline die(vm)
{
    s = vm * PER_VM;
    do
    :: s < (vm + 1) * PER_VM ->
#ifdef BUG_DEAD
        t = leaf[s];
        drop(s);
        leaf[s] = t;
#else
        drop(s);
#endif
        s++
    :: else -> break
    od;
    s = 0;
    alive[vm] = false
}

/* The batch came back: evidence for all who still wait, or a refusal. */
inline complete(ok)
{
    running = false;
    s = 0;
    do
    :: s < SLOTS && leaf[s] && ok -> assert(!due[s] || fresh[s]); answer(s); s++
    :: s < SLOTS && leaf[s] && !ok ->
#ifdef BUG_FORGETS
        leaf[s] = false;
#else
        answer(s);
#endif
        s++
    :: s < SLOTS && !leaf[s] -> s++
    :: else -> break
    od;
    s = 0;
    leaves = 0;
#ifdef BUG_IDLES
    if
    :: waiting == 1 && KIND(queue[0]) == 1 -> skip
    :: else -> start_batch()
    fi
#else
    start_batch()
#endif
}

#define ROOM(vm) (in_flight[vm] < IN_FLIGHT)
#define SILENT(vm) (in_flight[vm] == 0)

/* A VM asks, also after it has died and come back, until it never asks again. */
proctype Vm(byte vm)
{
    byte s, i, j, r;
    bool k, t;
    bool refused = false;

    do
    :: atomic {
        ROOM(vm) ->
        s = vm * PER_VM;
        do
        :: state[s] != FREE || due[s] -> s++
        :: else -> break
        od;
        arrive(s);
        s = 0; i = 0; j = 0; r = 0; k = 0; t = 0
    }
    :: atomic { /* one too many: told to try again, and nothing changes */
        !ROOM(vm) && !refused ->
        refused = true;
#ifdef BUG_NO_LIMIT
        s = vm * PER_VM;
        do
        :: state[s] != FREE || due[s] -> s++
        :: else -> break
        od;
        arrive(s);
        s = 0; i = 0; j = 0; r = 0; k = 0; t = 0
#endif
    }
    :: SILENT(vm) -> break
    od
}

/*
 * Deadlines pass and VMs die at any time, but need never do so: no answer may count on it. With
 * HANG deadlines pass for sure.
 */
proctype Accidents()
{
    byte s, i, j, r, vm;
    bool t;

    do
#ifdef HANG
    :: atomic { expire(s); s = (s + 1) % SLOTS; j = 0; t = 0 }
#else
    :: atomic { select(s : 0 .. SLOTS - 1); expire(s); j = 0; t = 0; s = 0 }
    :: atomic {
        select(vm : 0 .. VMS - 1);
        if
        :: alive[vm] -> die(vm)
        :: else
        fi;
        j = 0; t = 0; vm = 0
    }
    :: break
#endif
    od
}

/* Quotes for the administrator, and unseals: jobs of the same worker. */
proctype Admin()
{
    do
    :: atomic {
        !admin_waits ->
        admin_waits = true;
#ifdef BUG_ADMIN
        if
        :: !running -> work ! ADMIN_JOB
        :: else
        fi
#else
        work ! ADMIN_JOB
#endif
    }
    :: !admin_waits -> break
    od
}

/* The TPM begins a quote: it is fresh for every request that the batch holds at this moment. */
inline quote_begins()
{
    i = 0;
    do
    :: i < SLOTS && leaf[i] -> fresh[i] = true; i++
    :: i < SLOTS && !leaf[i] -> i++
    :: else -> break
    od;
    i = 0
}

/* The thread with the TPM. A TPM that is busy or that died is tried again, so many times. */
proctype Worker()
{
    byte i, tries;

end:
    do
    :: work ? ADMIN_JOB -> done ! ADMIN_JOB, true
    :: work ? BATCH_JOB ->
        do
        :: d_step { quote_begins(); tries++ };
            if
            :: tries = 0; done ! BATCH_JOB, true; break
            :: tries = 0; done ! BATCH_JOB, false; break   /* refused, or gone for good */
#ifdef BUG_RETRIES
            :: tries = 0
#endif
            :: tries < TRIES                               /* busy, or died and came back */
#ifdef HANG
            :: hung = true; false
#endif
            fi
        od
    od
}

proctype MainLoop()
{
    byte s, i, j, r;
    bool k, t, ok;

end:
    do
    :: atomic { done ? BATCH_JOB, ok -> complete(ok); i = 0; j = 0; r = 0; k = 0; t = 0; ok = 0 }
    :: atomic { done ? ADMIN_JOB, ok -> admin_waits = false; ok = 0 }
    od
}

#ifdef LINGER
proctype Timer()
{
    byte i, j, r;
    bool k;

end:
    do
    :: atomic {
        linger > 0 ->
        linger--;
        if
        :: linger == 0 -> launch_batch()
        :: else
        fi;
        i = 0; j = 0; r = 0; k = 0
    }
    od
}
#endif

init
{
    byte v;

    atomic {
        run MainLoop();
        run Worker();
        run Accidents();
#ifdef LINGER
        run Timer();
#endif
#ifdef ADMIN
        run Admin();
#endif
        do
        :: v < VMS -> run Vm(v); v++
        :: else -> break
        od
    }
}

/* None starves: VM 0 shares with nobody, VM 1 with the others; nor does the administrator. */
ltl alone { [] (due[0] -> <> !due[0]) }
ltl sharing { [] (due[PER_VM] -> <> !due[PER_VM]) }
ltl admin { [] (admin_waits -> <> !admin_waits) }
