/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The history of one VM's state, as its vTPM's module and vtpm-managerd keep it: the order of
 * announcement, disk and store, what is compared with what at a HELLO, and what is of the past.
 * The rules are in docs/specs/manager-protocol.md, "Continuity"; check_continuity.py runs this.
 *
 * One process chooses each next step of anybody: the module, swtpm, the manager's main loop, the
 * thread that writes states, the vTPM and the manager dying at any moment, and somebody who copies
 * the state, puts a copy back, or has QEMU load a snapshot. What each of them knows is in variables
 * of its own. An observer knows the truth: whether what a life begins with is what the VM had last.
 *
 * Configuration: STATES (permanent states that there can be), SAVES (volatile ones), LIVES.
 * Each BUG_* seeds one fault that the check must find.
 */
#ifndef STATES
#define STATES 3
#endif
#ifndef SAVES
#define SAVES 2
#endif
#ifndef LIVES
#define LIVES 3
#endif

mtype = { OFF, GREETS, IDLE, ASKS, STORES };        /* what the vTPM does */
mtype = { NOTHING, STORE, SUSPEND, RUN, END };      /* why it asks */

/* Disks: the vTPM's, which anybody may write to, and the manager's, which nobody else does. */
byte disk = 1;
byte stored = 1, announced = 1;
byte saved;                 /* 0: none */

/* The module */
mtype phase = OFF;
mtype why = NOTHING;
byte life;
byte loaded, loaded_saved;  /* loaded_saved 0: a cold start */
byte mine, mine_saved;      /* stored, and suspended in with nothing run since */
byte next, next_saved;      /* as it asks for */
bool cold;                  /* its first command stores */
bool told;                  /* the manager knows of this life */

/* The manager, while it is up */
bool up = true;
bool live;                  /* the vTPM is connected, and its HELLO was accepted */
bool request;               /* there is one that it did not look at */
byte r_mine, r_next, r_saved;
bool writing;               /* the thread has one */
byte w_stored, w_announced, w_saved;
bool answered, refused;     /* the request of the vTPM that runs */

/* Who copies */
byte copy;
byte snapshot, snapshot_saved;

/* The observer */
byte states = 1, saves;
byte last = 1;              /* that the VM really had */
byte excused;               /* the one before, while nobody was told that its successor is stored */
bool lost;                  /* there were stores that nobody was told of */
byte truth;                 /* what it may be resumed from */
bool unsure;                /* nobody knows whether the manager was told what became of that */

#ifdef BUG_OLDER
byte older = 1;
#define EXPECTED(s) ((s) == stored || (s) == announced || (s) == older)
#else
#define EXPECTED(s) ((s) == stored || (s) == announced)
#endif

#ifdef BUG_COMPARES
#define RIGHT true
#else
#ifdef BUG_VOLATILE
#define RIGHT EXPECTED(loaded)
#else
#define RIGHT (loaded_saved == 0 -> EXPECTED(loaded) : loaded_saved == saved)
#endif
#endif

/* ----------------------------------------------------------------------------------- the manager */

/* A transaction is on its disk. */
inline put(s, a, v)
{
#ifdef BUG_OLDER
    older = stored;
#endif
    stored = s;
    announced = a;
    saved = v
}

/* An announcement is looked at: what is to be on the disk. */
inline look()
{
    request = false;
    if
    :: EXPECTED(r_mine) ->
        w_stored = r_mine;
        w_announced = r_next;
        w_saved = r_saved;
#ifdef BUG_ONE
        w_stored = r_next;
#endif
#ifdef BUG_FORGETS
        w_announced = r_mine;
#endif
        writing = true;
#ifdef BUG_EARLY
        answered = (phase == ASKS)
#endif
    :: else ->
        answered = (phase == ASKS);
        refused = answered
    fi
}

inline written()
{
    put(w_stored, w_announced, w_saved);
    writing = false;
#ifndef BUG_EARLY
    answered = (phase == ASKS)
#endif
}

/* What is known of a new life: the truth, as far as anybody can know it. */
inline check()
{
    if
    :: loaded_saved == 0 && !lost && loaded == last -> assert(RIGHT)
    :: loaded_saved == 0 && !lost && loaded != last && loaded != excused -> assert(!(RIGHT))
    :: loaded_saved != 0 && !lost && !unsure && loaded_saved == truth -> assert(RIGHT)
    :: loaded_saved != 0 && !lost && !unsure && loaded_saved != truth -> assert(!(RIGHT))
    :: else
    fi
}

/* A HELLO of a life that the manager does not know. Where it is not right a lineage begins. */
inline welcome_new()
{
    check();
    if
#ifdef BUG_COLD
    :: false
#else
    :: loaded_saved == 0 && RIGHT && EXPECTED(mine) && mine_saved == 0 ->
        truth = (unsure || lost || loaded == excused -> saved : truth);
        put(mine, mine, saved)
#endif
    :: else ->
#ifdef BUG_COLD
        truth = (loaded_saved == 0 && RIGHT -> truth : mine_saved);
#else
        truth = mine_saved;
#endif
#ifdef BUG_RETRY
        put(mine, mine, 0)
#else
        put(mine, mine, mine_saved)
#endif
    fi
}

inline hello()
{
    if
    :: told ->
#ifndef BUG_SILENT
        put(mine, mine, mine_saved);
#endif
        truth = mine_saved
    :: else -> welcome_new()
    fi;
    told = true;
    live = true;
    lost = false;
    unsure = false;
    last = mine;
    excused = 0
}

/* -------------------------------------------------------------------------------------- the vTPM */

inline begin(s, v)
{
    life++;
    phase = GREETS;
    disk = s;
    loaded = s;
    loaded_saved = v;
    mine = s;
    mine_saved = v;
    cold = (v == 0)
}

/* Gone, in whatever it did. A request that was sent is read and written all the same. */
inline die()
{
    phase = OFF;
    why = NOTHING;
    live = false;
    told = false;
    answered = false;
    refused = false;
    cold = false;
    next = 0;
    next_saved = 0;
    loaded = 0;
    loaded_saved = 0;
    mine = 0;
    mine_saved = 0
}

inline send()
{
    request = true;
    r_mine = mine;
    r_next = next;
    r_saved = next_saved;
    answered = false;
    refused = false
}

inline ask(what, n, v)
{
    why = what;
    next = n;
    next_saved = v;
    phase = ASKS;
    send()
}

/* What it was suspended in is of the past; till that is answered, the manager may know or not. */
inline leave_behind()
{
    unsure = unsure || truth != 0;
    truth = 0;
    mine_saved = 0
}

/* What was asked for may be done. @known: the manager has it on its disk. */
inline go_on(known)
{
    lost = lost || (why == STORE && !known);
    unsure = (known -> false : unsure || why == SUSPEND || why == RUN);
    if
    :: why == STORE -> excused = mine; phase = STORES
    :: why == SUSPEND ->
        excused = (known -> 0 : excused);
        mine_saved = next_saved;
        truth = next_saved;
        snapshot = mine;
        snapshot_saved = next_saved;
        phase = IDLE
    :: why == RUN -> excused = (known -> 0 : excused); phase = IDLE
    :: why == END -> excused = (known -> 0 : excused); die()
    fi;
    why = NOTHING;
    answered = false;
    refused = false
}

/* swtpm has the new state in its file. */
inline store()
{
    disk = next;
    mine = next;
    last = next;
    cold = false;
    phase = IDLE
}

#define QUIET (up && !request && !writing)

active proctype World()
{
    do
    /* The module and swtpm */
    :: atomic { phase == GREETS && QUIET -> hello(); phase = IDLE }
    :: atomic { phase == GREETS && !up -> phase = IDLE }    /* it runs without one */
    :: atomic {     /* the manager is back: it is told with the next command */
        phase == IDLE && !live && QUIET ->
        truth = (cold && told -> 0 : truth);
        hello()
    }
    :: atomic {
        phase == ASKS && !live && QUIET ->
        hello();
        unsure = (why == SUSPEND && truth != 0);
        send()
    }
    :: atomic {     /* a command that stores; one after a resumption tells that by itself before */
        phase == IDLE && live && QUIET && (cold || mine_saved == 0) && states < STATES ->
        states++;
        leave_behind();
#ifdef BUG_ORDER
        disk = states;
        last = states;
#endif
        ask(STORE, states, 0)
    }
    :: atomic {
        phase == IDLE && !up && states < STATES ->
        states++;
        leave_behind();
        next = states;
        lost = true;
        store()
    }
    :: atomic {     /* a command that stores nothing */
        phase == IDLE && live && QUIET && !cold && mine_saved != 0 ->
        leave_behind();
#ifdef BUG_RUNS
        unsure = false
#else
        ask(RUN, mine, 0)
#endif
    }
    :: atomic { phase == IDLE && !up && !cold && mine_saved != 0 -> leave_behind() }
    :: atomic {
        phase == IDLE && live && QUIET && !cold && saves < SAVES ->
        saves++;
        unsure = unsure || truth != 0;
        ask(SUSPEND, mine, saves)
    }
    :: atomic {
        phase == IDLE && !up && !cold && saves < SAVES ->
        saves++;
        next_saved = saves;
        why = SUSPEND;
        go_on(false)
    }
    :: atomic {     /* an orderly end */
        phase == IDLE && live && QUIET && !cold ->
#ifdef BUG_END
        excused = 0;
        die()
#else
        ask(END, mine, mine_saved)
#endif
    }
    :: atomic { phase == ASKS && answered -> go_on(!refused) }
    :: atomic { phase == ASKS && !up -> go_on(false) }
    :: atomic { phase == STORES -> store() }
    :: atomic { phase != OFF -> die() }

    /* The manager: its main loop, its thread, an end in the middle of anything, a new start */
    :: atomic { up && request && !writing -> look() }
    :: atomic { up && writing -> written() }
    :: atomic { up -> up = false; request = false; writing = false; live = false }
    :: atomic { !up -> up = true }

    /* Who copies, puts back, has QEMU load */
    :: atomic { copy == 0 -> copy = disk }
    :: atomic { phase == OFF && copy != 0 -> disk = copy; copy = 0 }
    :: atomic { phase == OFF && life < LIVES -> begin(disk, 0) }
    :: atomic { phase == OFF && life < LIVES && snapshot_saved != 0 ->
        begin(snapshot, snapshot_saved) }
    od
}
