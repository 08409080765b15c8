/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a manager's reply says, and what the guest gets. Spec: docs/specs/manager-protocol.md. */
#ifndef WIRE_STATUS_H
#define WIRE_STATUS_H

#include <stdint.h>

typedef enum ManagerStatus {
    MANAGER_OK = 0,
    MANAGER_DENIED = 1,   /* not registered, disabled, another live connection, wrong owner or EK */
    MANAGER_HOST_TPM = 2, /* the hardware TPM failed, is gone or in lockout */
    MANAGER_TIMEOUT = 3,  /* no quote within the request's deadline */
    MANAGER_BUSY = 4,     /* back-pressure: try again */
    MANAGER_TOO_LARGE = 5, /* the evidence does not fit the room that the request names */
    MANAGER_BAD_VALUE = 6, /* a value in the request that the hardware TPM or the manager refuses */
    MANAGER_BAD_FLAGS = 7, /* flags that this manager cannot act on */
    MANAGER_NOT_SHARED = 8, /* what the host keeps to itself */
    MANAGER_STATUS_COUNT = 9,
} ManagerStatus;

/** manager_status_name: the specification's word, "DENIED"; NULL for what is no status. */
const char *manager_status_name(ManagerStatus status);

/**
 * manager_status_rc: the response code that the vTPM gives for it, without a parameter's number;
 * TPM_RC_FAILURE for what is no status.
 */
uint32_t manager_status_rc(ManagerStatus status);

/** manager_status_host_status: the same once the vTPM has quoted; 0 for MANAGER_OK. */
uint32_t manager_status_host_status(ManagerStatus status);

#endif
