/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "state/continuity.h"

enum { SCHEDULES = 10000, STEPS = 200, COPIES = 4 };

static ManagerState state_of(uint32_t number)
{
    ManagerState state = { .known = number != 0 };

    memcpy(state.hash, &number, sizeof(number));
    return state;
}

static void set_instance(uint8_t *instance, uint32_t life)
{
    memset(instance, 0, MANAGER_INSTANCE_SIZE);
    memcpy(instance, &life, sizeof(life));
}

static ManagerHello hello_of(uint32_t life, uint32_t loaded, uint32_t stored, uint32_t saved)
{
    ManagerHello hello = { .loaded = state_of(loaded),
                           .stored = state_of(stored),
                           .saved = state_of(saved) };

    set_instance(hello.instance, life);
    return hello;
}

/* What the registry does of it. */
static void take(RegistryVm *vm, const ManagerHello *hello, const RegistryState *state)
{
    vm->has_instance = TRUE;
    memcpy(vm->instance, hello->instance, sizeof(vm->instance));
    vm->state = *state;
}

static ContinuityVerdict greet_saved(RegistryVm *vm, uint32_t life, uint32_t loaded,
                                     uint32_t stored, uint32_t saved)
{
    const ManagerHello hello = hello_of(life, loaded, stored, saved);
    RegistryState state;
    const ContinuityVerdict verdict = continuity_judge(vm, &hello, &state);

    take(vm, &hello, &state);
    return verdict;
}

static ContinuityVerdict greet(RegistryVm *vm, uint32_t life, uint32_t loaded, uint32_t stored)
{
    return greet_saved(vm, life, loaded, stored, 0);
}

static gboolean announce(RegistryVm *vm, uint32_t stored, uint32_t next)
{
    const ManagerAnnounce message = { .stored = state_of(stored), .next = state_of(next) };

    return continuity_announce(vm, &message, &vm->state);
}

/* @saved: the hash over @stored and a volatile state; 0: what there was of these is past. */
static void suspend(RegistryVm *vm, uint32_t stored, uint32_t saved)
{
    const ManagerAnnounce message = { state_of(stored), state_of(stored), state_of(saved) };

    g_assert_true(continuity_announce(vm, &message, &vm->state));
}

static void the_first_life_has_nothing_to_compare(void)
{
    RegistryVm vm = { 0 };

    g_assert_cmpint(greet(&vm, 1, 7, 8), ==, CONTINUITY_GOES_ON);
    g_assert_cmpint(greet(&vm, 2, 8, 8), ==, CONTINUITY_GOES_ON);
    g_assert_cmpint(greet(&vm, 3, 7, 7), ==, CONTINUITY_BROKEN);
}

static void what_was_stored_or_announced_goes_on(void)
{
    const struct {
        uint32_t loaded;
        ContinuityVerdict verdict;
    } rows[] = {
        { 3, CONTINUITY_GOES_ON }, { 2, CONTINUITY_GOES_ON }, { 1, CONTINUITY_BROKEN },
        { 4, CONTINUITY_BROKEN },  { 0, CONTINUITY_BROKEN },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        RegistryVm vm = { 0 };

        greet(&vm, 1, 1, 1);
        g_assert_true(announce(&vm, 1, 2));
        g_assert_true(announce(&vm, 2, 3));
        g_assert_cmpint(greet(&vm, 2, rows[i].loaded, rows[i].loaded), ==, rows[i].verdict);
    }
}

static void a_store_that_failed_is_followed_by_another(void)
{
    RegistryVm vm = { 0 };

    greet(&vm, 1, 1, 1);
    g_assert_true(announce(&vm, 1, 2));
    g_assert_true(announce(&vm, 1, 3)); /* 2 was not stored */
    g_assert_cmpint(greet(&vm, 2, 1, 1), ==, CONTINUITY_GOES_ON);
}

static void a_state_that_is_settled_has_no_other(void)
{
    RegistryVm vm = { 0 };

    greet(&vm, 1, 1, 1);
    g_assert_true(announce(&vm, 1, 2));
    g_assert_true(announce(&vm, 2, 2));
    g_assert_cmpint(greet(&vm, 2, 1, 1), ==, CONTINUITY_BROKEN);
}

static void an_announcement_has_to_follow(void)
{
    RegistryVm vm = { 0 };
    RegistryState before;

    greet(&vm, 1, 1, 1);
    before = vm.state;
    g_assert_false(announce(&vm, 9, 2));
    g_assert_false(announce(&vm, 0, 2));
    g_assert_cmpmem(&before, sizeof(before), &vm.state, sizeof(vm.state));
}

static void a_vtpm_without_a_state_announces_its_first(void)
{
    RegistryVm vm = { 0 };

    greet(&vm, 1, 0, 0);
    g_assert_false(vm.state.known);
    g_assert_false(announce(&vm, 5, 6));
    g_assert_true(announce(&vm, 0, 6));
    g_assert_cmpint(greet(&vm, 2, 6, 6), ==, CONTINUITY_GOES_ON);
}

static void the_present_life_says_what_it_stored(void)
{
    RegistryVm vm = { 0 };

    greet(&vm, 1, 1, 1);
    g_assert_cmpint(greet(&vm, 1, 1, 5), ==, CONTINUITY_GOES_ON);
    g_assert_cmpint(greet(&vm, 2, 5, 5), ==, CONTINUITY_GOES_ON);
}

static void what_it_is_suspended_in_goes_on_until_it_runs(void)
{
    RegistryVm vm = { 0 };

    greet(&vm, 1, 1, 1);
    suspend(&vm, 1, 101);
    g_assert_cmpint(greet_saved(&vm, 2, 101, 1, 101), ==, CONTINUITY_GOES_ON);
    g_assert_cmpint(greet_saved(&vm, 3, 101, 1, 101), ==, CONTINUITY_GOES_ON); /* it did nothing */
    suspend(&vm, 1, 0);
    g_assert_cmpint(greet_saved(&vm, 4, 101, 1, 101), ==, CONTINUITY_BROKEN);
}

static void what_it_was_suspended_in_before_is_another_history(void)
{
    RegistryVm vm = { 0 };

    greet(&vm, 1, 1, 1);
    g_assert_cmpint(greet_saved(&vm, 2, 101, 1, 101), ==, CONTINUITY_BROKEN);
    suspend(&vm, 1, 102);
    suspend(&vm, 1, 103);
    g_assert_cmpint(greet_saved(&vm, 3, 102, 1, 102), ==, CONTINUITY_BROKEN);
}

static void a_store_leaves_it_behind(void)
{
    RegistryVm vm = { 0 };

    greet(&vm, 1, 1, 1);
    suspend(&vm, 1, 101);
    g_assert_true(announce(&vm, 1, 2));
    g_assert_cmpint(greet_saved(&vm, 2, 101, 1, 101), ==, CONTINUITY_BROKEN);
}

/* QEMU starts a TPM before it loads a snapshot. */
static void a_cold_start_keeps_it_until_it_stores(void)
{
    RegistryVm vm = { 0 };

    greet(&vm, 1, 1, 1);
    suspend(&vm, 1, 101);
    g_assert_cmpint(greet(&vm, 2, 1, 1), ==, CONTINUITY_GOES_ON);
    g_assert_cmpint(greet_saved(&vm, 3, 101, 1, 101), ==, CONTINUITY_GOES_ON);
    g_assert_cmpint(greet(&vm, 4, 1, 1), ==, CONTINUITY_GOES_ON);
    g_assert_true(announce(&vm, 1, 2));
    g_assert_cmpint(greet_saved(&vm, 5, 101, 1, 101), ==, CONTINUITY_BROKEN);
}

static void a_cold_start_that_stored_unheard_leaves_it_behind(void)
{
    RegistryVm vm = { 0 };

    greet(&vm, 1, 1, 1);
    suspend(&vm, 1, 101);
    g_assert_cmpint(greet(&vm, 2, 1, 2), ==, CONTINUITY_GOES_ON);
    g_assert_cmpint(greet_saved(&vm, 3, 101, 1, 101), ==, CONTINUITY_BROKEN);
}

static void what_is_told_of_the_present_life_counts(void)
{
    RegistryVm vm = { 0 };

    greet(&vm, 1, 1, 1);
    suspend(&vm, 1, 101);
    greet(&vm, 1, 1, 1); /* the manager was away, and it ran meanwhile */
    g_assert_cmpint(greet_saved(&vm, 2, 101, 1, 101), ==, CONTINUITY_BROKEN);
    g_assert_cmpint(greet_saved(&vm, 2, 101, 1, 102), ==, CONTINUITY_GOES_ON);
    g_assert_cmpint(greet_saved(&vm, 3, 102, 1, 102), ==, CONTINUITY_GOES_ON);
    g_assert_cmpint(greet_saved(&vm, 4, 102, 1, 0), ==, CONTINUITY_GOES_ON); /* and ran at once */
    g_assert_cmpint(greet_saved(&vm, 5, 102, 1, 102), ==, CONTINUITY_BROKEN);
}

static void required_refuses_what_is_not_accepted(void)
{
    RegistryVm vm = { .continuity = REGISTRY_CONTINUITY_REQUIRED };

    g_assert_false(continuity_allows(&vm));
    vm.accepted = 1;
    g_assert_true(continuity_allows(&vm));
    vm = (RegistryVm){ .continuity = REGISTRY_CONTINUITY_RECORDED };
    g_assert_true(continuity_allows(&vm));
}

/* ----------------------------------------------------------------------------------- schedules */

typedef enum Expected {
    ANYTHING, /* nobody could know */
    GOES_ON,
    BREAK,
} Expected;

/** A snapshot: a permanent state, and the hash over it and a volatile one. */
typedef struct Snapshot {
    uint32_t stored;
    uint32_t saved; /* 0: none yet */
} Snapshot;

/** A VM, its disk, its vTPM's process, the manager, and what really happened. */
typedef struct World {
    GRand *dice;
    RegistryVm vm; /* as the manager's disk has it */
    gboolean manager;
    gboolean runs;
    gboolean told; /* the manager knows of this life */
    Expected expected;
    uint32_t life, states; /* so many there were */
    uint32_t loaded, stored, disk;
    uint32_t last;    /* state that the VM really had */
    uint32_t excused; /* the one before, while its successor is not known to be stored; 0: none */
    gboolean lost;    /* there are stores that nobody was told of */
    uint32_t copies[COPIES];
    uint32_t saves;             /* so many there were */
    uint32_t saved;             /* what the vTPM was suspended in, where nothing ran since; or 0 */
    uint32_t of_process;        /* the same, as its process knows it */
    gboolean cold;              /* it stores before it does anything else */
    gboolean unsure;            /* nobody was told what became of @saved */
    Snapshot snapshots[COPIES]; /* from the stream or the file that QEMU has */
    guint found, resumed;
} World;

/* HELLO, and whether its verdict is right. */
static void tell(World *w)
{
    const ContinuityVerdict verdict =
        greet_saved(&w->vm, w->life, w->loaded, w->stored, w->of_process);

    if (!w->told && w->expected != ANYTHING) {
        g_assert_cmpint(verdict, ==, w->expected == BREAK ? CONTINUITY_BROKEN : CONTINUITY_GOES_ON);
        w->found += w->expected == BREAK;
        w->resumed += w->expected == GOES_ON && w->loaded != w->stored;
    }
    if (w->unsure || (!w->told && w->expected == ANYTHING)) {
        w->saved = 0;
        if (w->vm.state.suspended) {
            memcpy(&w->saved, w->vm.state.saved, sizeof(w->saved));
        }
    } else if (verdict == CONTINUITY_BROKEN) {
        w->saved = w->of_process;
    }
    w->unsure = FALSE;
    w->told = TRUE;
    w->lost = FALSE;
    w->last = w->stored;
    w->excused = 0;
}

static void begin(World *w, uint32_t loaded, uint32_t saved)
{
    w->runs = TRUE;
    w->told = FALSE;
    w->life++;
    w->loaded = loaded;
    w->stored = w->disk;
    w->of_process = saved;
    w->cold = saved == 0;
    if (w->manager) {
        tell(w);
    }
}

static void start(World *w)
{
    w->expected = w->lost || w->disk == w->excused ? ANYTHING
                  : w->disk == w->last             ? GOES_ON
                                                   : BREAK;
    begin(w, w->disk, 0);
}

/* With both states of a snapshot. */
static void resume(World *w, const Snapshot *snapshot)
{
    w->disk = snapshot->stored;
    w->expected = w->lost || w->unsure ? ANYTHING : snapshot->saved == w->saved ? GOES_ON : BREAK;
    begin(w, snapshot->saved, snapshot->saved);
}

static void save(World *w, Snapshot *snapshot)
{
    w->of_process = w->saved = 0x80000000 | ++w->saves;
    *snapshot = (Snapshot){ w->stored, w->saved };
    if (w->manager) {
        suspend(&w->vm, w->stored, w->saved);
        w->excused = 0;
    } else {
        w->unsure = TRUE;
    }
}

/* A command that stores nothing, after one that did where the start was a cold one. */
static void run(World *w)
{
    if (w->of_process && w->manager) {
        suspend(&w->vm, w->stored, 0);
    }
    w->unsure |= w->saved && !w->manager;
    w->of_process = w->saved = 0;
}

static void stop(World *w, gboolean killed)
{
    if (!killed && w->manager && !w->cold) {
        suspend(&w->vm, w->stored, w->of_process);
        w->excused = 0;
    }
    w->runs = FALSE;
}

static void store(World *w, gboolean dies)
{
    const uint32_t next = ++w->states;

    run(w);
    w->cold = FALSE;
    if (w->manager) {
        g_assert_true(announce(&w->vm, w->stored, next));
        w->excused = 0;
        if (dies && g_rand_boolean(w->dice)) { /* before it is stored */
            stop(w, TRUE);
            return;
        }
        w->excused = w->stored;
    } else {
        w->lost = TRUE;
    }
    w->last = w->disk = w->stored = next;
    if (dies) {
        stop(w, TRUE);
    }
}

/* The manager is back, and is told with the next command: the first one of a cold start stores. */
static void come_back(World *w)
{
    const gboolean first = w->cold;

    w->saved = first ? 0 : w->saved;
    tell(w);
    if (first) {
        store(w, FALSE);
    }
}

static void step_off(World *w, guint percent, uint32_t *copy, const Snapshot *snapshot)
{
    if (percent < 14) {
        *copy = w->disk;
    } else if (percent < 40 && *copy) {
        w->disk = *copy; /* put back */
    } else if (percent < 60 && snapshot->saved) {
        resume(w, snapshot);
    } else {
        start(w);
    }
}

static void step_on(World *w, guint percent, uint32_t *copy, Snapshot *snapshot)
{
    if (percent < 14) {
        *copy = w->disk;
    } else if (percent < 30) {
        stop(w, g_rand_boolean(w->dice));
    } else if (percent >= 90) {
        save(w, snapshot);
    } else if (percent >= 75 && !w->cold) {
        run(w);
    } else {
        store(w, percent < 40);
    }
}

static void step(World *w)
{
    const guint percent = (guint)g_rand_int_range(w->dice, 0, 100);
    uint32_t *copy = &w->copies[g_rand_int_range(w->dice, 0, COPIES)];
    Snapshot *snapshot = &w->snapshots[g_rand_int_range(w->dice, 0, COPIES)];

    if (percent < 4) {
        w->manager = !w->manager;
        if (w->manager && w->runs) {
            come_back(w);
        }
    } else if (w->runs) {
        step_on(w, percent, copy, snapshot);
    } else {
        step_off(w, percent, copy, snapshot);
    }
}

static void no_break_is_missed_and_none_is_made_up(void)
{
    const uint32_t seed = g_test_rand_int_range(1, G_MAXINT32);
    guint found = 0;
    guint resumed = 0;

    g_test_message("seed %u", seed);
    for (guint i = 0; i < SCHEDULES; i++) {
        World w = { .dice = g_rand_new_with_seed(seed + i), .manager = TRUE, .states = 1 };

        w.disk = w.last = 1;
        start(&w);
        for (guint s = 0; s < STEPS; s++) {
            step(&w);
        }
        found += w.found;
        resumed += w.resumed;
        g_rand_free(w.dice);
    }
    g_test_message("%u breaks found in %u schedules, %u suspended vTPMs resumed", found, SCHEDULES,
                   resumed);
    g_assert_cmpuint(found, >, SCHEDULES / 2);
    g_assert_cmpuint(resumed, >, SCHEDULES / 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/continuity/the-first-life-has-nothing-to-compare",
                    the_first_life_has_nothing_to_compare);
    g_test_add_func("/manager/continuity/what-was-stored-or-announced-goes-on",
                    what_was_stored_or_announced_goes_on);
    g_test_add_func("/manager/continuity/a-store-that-failed-is-followed-by-another",
                    a_store_that_failed_is_followed_by_another);
    g_test_add_func("/manager/continuity/a-state-that-is-settled-has-no-other",
                    a_state_that_is_settled_has_no_other);
    g_test_add_func("/manager/continuity/an-announcement-has-to-follow",
                    an_announcement_has_to_follow);
    g_test_add_func("/manager/continuity/a-vtpm-without-a-state-announces-its-first",
                    a_vtpm_without_a_state_announces_its_first);
    g_test_add_func("/manager/continuity/the-present-life-says-what-it-stored",
                    the_present_life_says_what_it_stored);
    g_test_add_func("/manager/continuity/what-it-is-suspended-in-goes-on-until-it-runs",
                    what_it_is_suspended_in_goes_on_until_it_runs);
    g_test_add_func("/manager/continuity/what-it-was-suspended-in-before-is-another-history",
                    what_it_was_suspended_in_before_is_another_history);
    g_test_add_func("/manager/continuity/a-store-leaves-it-behind", a_store_leaves_it_behind);
    g_test_add_func("/manager/continuity/a-cold-start-keeps-it-until-it-stores",
                    a_cold_start_keeps_it_until_it_stores);
    g_test_add_func("/manager/continuity/a-cold-start-that-stored-unheard-leaves-it-behind",
                    a_cold_start_that_stored_unheard_leaves_it_behind);
    g_test_add_func("/manager/continuity/what-is-told-of-the-present-life-counts",
                    what_is_told_of_the_present_life_counts);
    g_test_add_func("/manager/continuity/required-refuses-what-is-not-accepted",
                    required_refuses_what_is_not_accepted);
    g_test_add_func("/manager/continuity/no-break-is-missed-and-none-is-made-up",
                    no_break_is_missed_and_none_is_made_up);
    return g_test_run();
}
