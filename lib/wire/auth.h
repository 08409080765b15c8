/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authorization areas of commands. Spec: TPM 2.0 Part 1, section 18.6. */
#ifndef WIRE_AUTH_H
#define WIRE_AUTH_H

#include "wire/tpm-constants.h"

/** TPMS_AUTH_COMMAND. */
typedef struct WireAuth {
    uint32_t handle;
    WireBytes nonce;
    uint8_t attributes;
    WireBytes hmac;
} WireAuth;

/** wire_get_auth: one TPMS_AUTH_COMMAND. */
bool wire_get_auth(WireReader *r, WireAuth *ret);

typedef struct WireAuthArea {
    unsigned count; /* 1..WIRE_AUTH_MAX once decoded */
    WireAuth auth[WIRE_AUTH_MAX];
} WireAuthArea;

/** wire_get_auth_area: UINT32 authorizationSize || TPMS_AUTH_COMMANDs that fill it exactly. */
bool wire_get_auth_area(WireReader *r, WireAuthArea *ret);
bool wire_put_auth_area(WireWriter *w, const WireAuthArea *a);

#endif
