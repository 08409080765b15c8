/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key of the files of a VM's state, which the manager hands to who may start its vTPM.
 *
 * Spec: docs/specs/manager-protocol.md, "Keys of states".
 */
#ifndef SWTPM_DEEPQUOTE_STATE_KEY_H
#define SWTPM_DEEPQUOTE_STATE_KEY_H

#include "settings.h"
#include "wire/manager.h"

typedef enum StateKeyAnswer {
    STATE_KEY_GIVEN,
    STATE_KEY_NONE,    /* the VM's state is not to be encrypted */
    STATE_KEY_REFUSED, /* or there is no manager */
} StateKeyAnswer;

/**
 * state_key_ask: waits for the manager, for as long as @s allows.
 * @ret: the key, where it is given; wipe it
 * @error: gets why it is refused
 */
StateKeyAnswer state_key_ask(const Settings *s, uint8_t ret[MANAGER_KEY_SIZE], char *error,
                             size_t error_size);

#endif
