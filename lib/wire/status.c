/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/status.h"

#include "wire/deepquote-constants.h"

static const struct {
    const char *name;
    uint32_t rc;
    uint32_t host_status;
} statuses[MANAGER_STATUS_COUNT] = {
    [MANAGER_OK] = { "OK", TPM_RC_SUCCESS, TPM_RC_SUCCESS },
    [MANAGER_DENIED] = { "DENIED", DEEPQUOTE_RC_DENIED, DEEPQUOTE_RC_DENIED },
    [MANAGER_HOST_TPM] = { "HOST_TPM", DEEPQUOTE_RC_HOST_TPM, DEEPQUOTE_RC_HOST_TPM },
    [MANAGER_TIMEOUT] = { "TIMEOUT", DEEPQUOTE_RC_TIMEOUT, DEEPQUOTE_RC_TIMEOUT },
    [MANAGER_BUSY] = { "BUSY", TPM_RC_RETRY, DEEPQUOTE_RC_BUSY },
    [MANAGER_TOO_LARGE] = { "TOO_LARGE", TPM_RC_SIZE, DEEPQUOTE_RC_HOST_TPM },
    [MANAGER_BAD_VALUE] = { "BAD_VALUE", TPM_RC_VALUE, DEEPQUOTE_RC_HOST_TPM },
    [MANAGER_BAD_FLAGS] = { "BAD_FLAGS", TPM_RC_VALUE, DEEPQUOTE_RC_HOST_TPM },
    [MANAGER_NOT_SHARED] = { "NOT_SHARED", DEEPQUOTE_RC_NOT_SHARED, DEEPQUOTE_RC_NOT_SHARED },
};

const char *manager_status_name(ManagerStatus status)
{
    return (unsigned)status < MANAGER_STATUS_COUNT ? statuses[status].name : NULL;
}

uint32_t manager_status_rc(ManagerStatus status)
{
    return (unsigned)status < MANAGER_STATUS_COUNT ? statuses[status].rc : TPM_RC_FAILURE;
}

uint32_t manager_status_host_status(ManagerStatus status)
{
    return (unsigned)status < MANAGER_STATUS_COUNT ? statuses[status].host_status
                                                   : (uint32_t)DEEPQUOTE_RC_HOST_TPM;
}
