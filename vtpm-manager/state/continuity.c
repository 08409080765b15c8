/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/continuity.h"

#include <string.h>

static gboolean is(const ManagerState *state, const uint8_t *hash)
{
    return memcmp(state->hash, hash, sizeof(state->hash)) == 0;
}

/* Whether @state is one that may be on the VM's disk. */
static gboolean expected(const RegistryState *known, const ManagerState *state)
{
    return state->known && (is(state, known->stored) || is(state, known->announced));
}

/* Whether @state is the one that the VM was suspended in, and has done nothing since. */
static gboolean resumes(const RegistryState *known, const ManagerState *state)
{
    return state->known && known->suspended && is(state, known->saved);
}

static void set_saved(RegistryState *state, const ManagerState *saved)
{
    state->suspended = state->known && saved->known;
    memcpy(state->saved, saved->hash, sizeof(state->saved));
}

static RegistryState settled(const ManagerState *state)
{
    RegistryState settled = { .known = state->known };

    memcpy(settled.stored, state->hash, sizeof(settled.stored));
    memcpy(settled.announced, state->hash, sizeof(settled.announced));
    return settled;
}

ContinuityVerdict continuity_judge(const RegistryVm *vm, const ManagerHello *hello,
                                   RegistryState *ret_state)
{
    const gboolean present = vms_is_present_life(vm, hello->instance);
    const gboolean cold = !present && expected(&vm->state, &hello->loaded);
    const gboolean goes_on =
        present || !vm->state.known || cold || resumes(&vm->state, &hello->loaded);
    RegistryState state = vm->state;

    if (!present || hello->stored.known) {
        state = settled(&hello->stored);
        set_saved(&state, &hello->saved);
    }
    /* QEMU starts a TPM before it has it loaded with what it was suspended in. */
    if (cold && !hello->saved.known && vm->state.suspended &&
        expected(&vm->state, &hello->stored)) {
        state.suspended = TRUE;
        memcpy(state.saved, vm->state.saved, sizeof(state.saved));
    }
    *ret_state = state;
    return goes_on ? CONTINUITY_GOES_ON : CONTINUITY_BROKEN;
}

gboolean continuity_allows(const RegistryVm *vm)
{
    return vm->continuity == REGISTRY_CONTINUITY_RECORDED || vm->accepted != 0;
}

gboolean continuity_announce(const RegistryVm *vm, const ManagerAnnounce *announce,
                             RegistryState *ret_state)
{
    RegistryState state = settled(&announce->stored);

    if (vm->state.known ? !expected(&vm->state, &announce->stored) : announce->stored.known) {
        return FALSE;
    }
    /* Of a vTPM that has none yet, the first is all that there can be. */
    if (!announce->stored.known) {
        state = settled(&announce->next);
    }
    memcpy(state.announced, announce->next.hash, sizeof(state.announced));
    set_saved(&state, &announce->saved);
    *ret_state = state;
    return TRUE;
}

static ManagerState state_of(gboolean known, const uint8_t *hash)
{
    ManagerState state = { .known = known };

    memcpy(state.hash, hash, sizeof(state.hash));
    return state;
}

ManagerState continuity_stored(const RegistryState *state)
{
    return state_of(state->known, state->stored);
}

ManagerState continuity_announced(const RegistryState *state)
{
    return state_of(state->known, state->announced);
}

ManagerState continuity_saved(const RegistryState *state)
{
    return state_of(state->known && state->suspended, state->saved);
}
