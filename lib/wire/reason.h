/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a manager refuses, in more detail than its status. Spec: docs/specs/manager-protocol.md. */
#ifndef WIRE_REASON_H
#define WIRE_REASON_H

#include "wire/status.h"

/** Why a reply is not MANAGER_OK, for the logs of both sides. */
typedef enum ManagerReason {
    MANAGER_REASON_NONE = 0,
    MANAGER_REASON_UNREGISTERED = 1,
    MANAGER_REASON_DISABLED = 2,
    MANAGER_REASON_BREAKS_RULE = 3,
    MANAGER_REASON_ANOTHER_VTPM = 4,
    MANAGER_REASON_NO_EK = 5,
    MANAGER_REASON_OTHER_EK = 6,
    MANAGER_REASON_STORAGE = 7,
    MANAGER_REASON_COUNTED_BACK = 8,
    MANAGER_REASON_COUNTED_TOO_FAR = 9,
    MANAGER_REASON_NO_HELLO = 10,
    MANAGER_REASON_STARTS_TOO_OFTEN = 11,
    MANAGER_REASON_SHARE_USED_UP = 12,
    MANAGER_REASON_QUEUE_FULL = 13,
    MANAGER_REASON_TPM_BUSY = 14,
    MANAGER_REASON_TPM_FAILED = 15,
    MANAGER_REASON_TOO_LATE = 16,
    MANAGER_REASON_TOO_LARGE = 17,
    MANAGER_REASON_NO_SUCH_PCR = 18,
    MANAGER_REASON_NOT_A_QUOTE = 19,
    MANAGER_REASON_NO_SUCH_PAGE = 20,
    MANAGER_REASON_NO_SUCH_FLAG = 21,
    MANAGER_REASON_NOT_SHARED = 22,
    MANAGER_REASON_LOG_UNREADABLE = 23,
    MANAGER_REASON_BROKEN_HISTORY = 24,
    MANAGER_REASON_NOT_MEASURED = 25,
    MANAGER_REASON_KEY_LOST = 26,
    MANAGER_REASON_NOT_APPROVED = 27,
    MANAGER_REASON_NOT_ALLOWED = 28,
    MANAGER_REASON_COUNT = 29,
} ManagerReason;

/** manager_reason_status: the status that a reply with this reason has. */
ManagerStatus manager_reason_status(ManagerReason reason);

/** manager_reason_text: what is wrong and what to do about it; static. */
const char *manager_reason_text(ManagerReason reason);

#endif
