/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the keys that a vTPM shows are endorsement keys. Decisions only; no I/O. */
#ifndef VTPM_MANAGER_VTPM_ENDORSEMENT_H
#define VTPM_MANAGER_VTPM_ENDORSEMENT_H

#include <glib.h>

#include "wire/manager.h"

/** Names of the keys in a HELLO that are endorsement keys, in its order. */
typedef struct Endorsements {
    guint count;
    struct {
        uint8_t bytes[WIRE_NAME_MAX];
        gsize len;
    } name[MANAGER_EKS_MAX];
} Endorsements;

/**
 * endorsements_of: takes only primaries of the endorsement hierarchy that are restricted
 * decryption keys with the attributes and a policy of the EK templates: a guest may place any key
 * at the handles where these are looked for.
 *
 * Spec: TCG EK Credential Profile 2.x, appendix B; TPM 2.0 Part 1, section 26.5 (qualified names).
 */
Endorsements endorsements_of(const ManagerHello *hello);

/** endorsements_name: the one at @index, borrowed. */
WireBytes endorsements_name(const Endorsements *endorsements, guint index);

#endif
