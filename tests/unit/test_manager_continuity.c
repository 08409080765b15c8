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

static ManagerHello hello_of(uint32_t life, uint32_t loaded, uint32_t stored)
{
    ManagerHello hello = { .loaded = state_of(loaded), .stored = state_of(stored) };

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

static ContinuityVerdict greet(RegistryVm *vm, uint32_t life, uint32_t loaded, uint32_t stored)
{
    const ManagerHello hello = hello_of(life, loaded, stored);
    RegistryState state;
    const ContinuityVerdict verdict = continuity_judge(vm, &hello, &state);

    take(vm, &hello, &state);
    return verdict;
}

static gboolean announce(RegistryVm *vm, uint32_t stored, uint32_t next)
{
    const ManagerAnnounce message = { state_of(stored), state_of(next) };

    return continuity_announce(vm, &message, &vm->state);
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
    guint found;
} World;

/* HELLO, and whether its verdict is right. */
static void tell(World *w)
{
    const ContinuityVerdict verdict = greet(&w->vm, w->life, w->loaded, w->stored);

    if (!w->told && w->expected != ANYTHING) {
        g_assert_cmpint(verdict, ==, w->expected == BREAK ? CONTINUITY_BROKEN : CONTINUITY_GOES_ON);
        w->found += w->expected == BREAK;
    }
    w->told = TRUE;
    w->lost = FALSE;
    w->last = w->stored;
    w->excused = 0;
}

static void start(World *w)
{
    w->runs = TRUE;
    w->told = FALSE;
    w->life++;
    w->loaded = w->stored = w->disk;
    w->expected = w->lost || w->disk == w->excused ? ANYTHING
                  : w->disk == w->last             ? GOES_ON
                                                   : BREAK;
    if (w->manager) {
        tell(w);
    }
}

static void stop(World *w, gboolean killed)
{
    if (!killed && w->manager) {
        g_assert_true(announce(&w->vm, w->stored, w->stored));
        w->excused = 0;
    }
    w->runs = FALSE;
}

static void store(World *w, gboolean dies)
{
    const uint32_t next = ++w->states;

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

static void step_off(World *w, guint percent, uint32_t *copy)
{
    if (percent < 14) {
        *copy = w->disk;
    } else if (percent < 40 && *copy) {
        w->disk = *copy; /* put back */
    } else {
        start(w);
    }
}

static void step_on(World *w, guint percent, uint32_t *copy)
{
    if (percent < 14) {
        *copy = w->disk;
    } else if (percent < 30) {
        stop(w, g_rand_boolean(w->dice));
    } else {
        store(w, percent < 40);
    }
}

static void step(World *w)
{
    const guint percent = (guint)g_rand_int_range(w->dice, 0, 100);
    uint32_t *copy = &w->copies[g_rand_int_range(w->dice, 0, COPIES)];

    if (percent < 4) {
        w->manager = !w->manager;
        if (w->manager && w->runs) {
            tell(w);
        }
    } else if (w->runs) {
        step_on(w, percent, copy);
    } else {
        step_off(w, percent, copy);
    }
}

static void no_break_is_missed_and_none_is_made_up(void)
{
    const uint32_t seed = g_test_rand_int_range(1, G_MAXINT32);
    guint found = 0;

    g_test_message("seed %u", seed);
    for (guint i = 0; i < SCHEDULES; i++) {
        World w = { .dice = g_rand_new_with_seed(seed + i), .manager = TRUE, .states = 1 };

        w.disk = w.last = 1;
        start(&w);
        for (guint s = 0; s < STEPS; s++) {
            step(&w);
        }
        found += w.found;
        g_rand_free(w.dice);
    }
    g_test_message("%u breaks found in %u schedules", found, SCHEDULES);
    g_assert_cmpuint(found, >, SCHEDULES / 2);
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
    g_test_add_func("/manager/continuity/required-refuses-what-is-not-accepted",
                    required_refuses_what_is_not_accepted);
    g_test_add_func("/manager/continuity/no-break-is-missed-and-none-is-made-up",
                    no_break_is_missed_and_none_is_made_up);
    return g_test_run();
}
