/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/error.h"

#include <stdint.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tpm2_types.h>

G_DEFINE_QUARK(tpm_error, tpm_error)

typedef struct TpmMeaning {
    TSS2_RC code;
    TpmReaction reaction;
    TpmError error;
    const char *advice;
} TpmMeaning;

static const char key_room[] =
    "its room for loaded keys is used up by other programs; flush what is left over "
    "(tpm2_getcap handles-transient, tpm2_flushcontext -t), and reach it through "
    "device:/dev/tpmrm0, which has room for all";
static const char session_room[] =
    "its sessions are used up by other programs; flush what is left over (tpm2_getcap "
    "handles-loaded-session and handles-saved-session, tpm2_flushcontext -l and -s)";
static const char nv_room[] =
    "its NV memory is full; see tpm2_getcap handles-nv-index and handles-persistent, and remove "
    "what nobody needs";
static const char eh_auth[] =
    "its endorsement hierarchy has another authorization value; give the right one with "
    "--eh-auth, or in the systemd credential eh-auth";

/*
 * TPM 2.0 Part 2, section 6.6: the codes that mean more than "refused". Of format-one codes the
 * numbers of parameter, handle and session are left out.
 */
static const TpmMeaning meanings[] = {
    { TPM2_RC_RETRY, TPM_REACT_AGAIN, TPM_ERROR_BUSY, "it is busy; try again later" },
    { TPM2_RC_YIELDED, TPM_REACT_AGAIN, TPM_ERROR_BUSY, "it is busy; try again later" },
    { TPM2_RC_TESTING, TPM_REACT_AGAIN, TPM_ERROR_BUSY, "its self-test runs; try again later" },
    { TPM2_RC_NV_RATE, TPM_REACT_AGAIN, TPM_ERROR_BUSY,
      "it limits the rate of NV accesses; try again later" },
    { TPM2_RC_NV_UNAVAILABLE, TPM_REACT_AGAIN, TPM_ERROR_BUSY,
      "its NV memory cannot be written just now; try again later" },
    { TPM2_RC_OBJECT_MEMORY, TPM_REACT_AGAIN, TPM_ERROR_ROOM, key_room },
    { TPM2_RC_OBJECT_HANDLES, TPM_REACT_AGAIN, TPM_ERROR_ROOM, key_room },
    { TPM2_RC_MEMORY, TPM_REACT_AGAIN, TPM_ERROR_ROOM, key_room },
    { TPM2_RC_SESSION_MEMORY, TPM_REACT_AGAIN, TPM_ERROR_ROOM, session_room },
    { TPM2_RC_SESSION_HANDLES, TPM_REACT_AGAIN, TPM_ERROR_ROOM, session_room },
    { TPM2_RC_CONTEXT_GAP, TPM_REACT_AGAIN, TPM_ERROR_ROOM, session_room },
    { TPM2_RC_NV_SPACE, TPM_REACT_REFUSE, TPM_ERROR_ROOM, nv_room },
    { TPM2_RC_INITIALIZE, TPM_REACT_START, TPM_ERROR_RESET,
      "it waits for TPM2_Startup: it was reset while the host ran, or the platform's firmware did "
      "not start it, so its PCRs no longer tell what the host booted; restart the host" },
    { TPM2_RC_REBOOT, TPM_REACT_REFUSE, TPM_ERROR_RESET,
      "it works again only after a reset; restart the host" },
    { TPM2_RC_UPGRADE, TPM_REACT_REFUSE, TPM_ERROR_FAILED,
      "its firmware is being updated; finish that and restart the host" },
    { TPM2_RC_REFERENCE_H0, TPM_REACT_RELOAD, TPM_ERROR_FAILED,
      "it lost a loaded key; use a resource manager such as device:/dev/tpmrm0" },
    { TPM_RC_OTHER_KEY, TPM_REACT_RELOAD, TPM_ERROR_FAILED,
      "another program's key is in the attestation key's place; use a resource manager such as "
      "device:/dev/tpmrm0" },
    { TPM_RC_MALFORMED, TPM_REACT_REFUSE, TPM_ERROR_FAILED,
      "it is not what was asked for; check the TPM's firmware" },
    { TPM_RC_NOT_APPROVED, TPM_REACT_REFUSE, TPM_ERROR_APPROVAL,
      "the host did not boot in a way that the group's list names; boot such a system, or have the "
      "tenant sign a list that names this one" },
    { TPM2_RC_PCR_CHANGED, TPM_REACT_AGAIN, TPM_ERROR_BUSY,
      "its PCRs are extended all the time; try again later" },
    { TPM2_RC_LOCKOUT, TPM_REACT_REFUSE, TPM_ERROR_LOCKOUT,
      "it is in dictionary-attack lockout; wait, or reset it with tpm2_dictionarylockout" },
    { TPM2_RC_FAILURE, TPM_REACT_REFUSE, TPM_ERROR_FAILED,
      "it is in failure mode; restart the host and check the TPM's firmware" },
    { TPM2_RC_AUTH_FAIL, TPM_REACT_RELOAD, TPM_ERROR_AUTH, eh_auth },
    { TPM2_RC_BAD_AUTH, TPM_REACT_RELOAD, TPM_ERROR_AUTH, eh_auth },
    { TPM2_RC_AUTH_UNAVAILABLE, TPM_REACT_RELOAD, TPM_ERROR_AUTH, eh_auth },
    { TPM2_RC_HIERARCHY, TPM_REACT_RELOAD, TPM_ERROR_HIERARCHY,
      "its endorsement hierarchy is disabled; enable it in the platform's firmware setup and "
      "restart the host" },
};

static uint32_t layer_of(TSS2_RC rc)
{
    return rc & TSS2_RC_LAYER_MASK;
}

static gboolean is_tpm_layer(TSS2_RC rc)
{
    uint32_t layer = layer_of(rc);

    return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER ||
           layer == TSS2_RESMGR_RC_LAYER;
}

static gboolean is_our_layer(TSS2_RC rc)
{
    return layer_of(rc) == layer_of(TPM_RC_OTHER_KEY);
}

static gboolean is_format_one(TPM2_RC code)
{
    return (code & TPM2_RC_FMT1) != 0;
}

/* The code without the layer, and without what tells which parameter, handle or session it is. */
static TSS2_RC bare(TSS2_RC rc)
{
    TPM2_RC code = rc & ~TSS2_RC_LAYER_MASK;

    if (is_our_layer(rc)) {
        return rc;
    }
    return is_format_one(code) ? code & 0xBFu : code;
}

static const TpmMeaning *meaning_of(TSS2_RC rc)
{
    if (!is_tpm_layer(rc) && !is_our_layer(rc)) {
        return NULL;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(meanings); i++) {
        if (meanings[i].code == bare(rc)) {
            return &meanings[i];
        }
    }
    return NULL;
}

/* Any format-one code about a handle, not a parameter or session: what is there is not our key. */
static gboolean is_about_handle(TSS2_RC rc)
{
    return is_tpm_layer(rc) && is_format_one(rc) && (rc & (TPM2_RC_P | TPM2_RC_S)) == 0 &&
           ((rc & TPM2_RC_N_MASK) != 0 || bare(rc) == TPM2_RC_HANDLE);
}

gboolean tpm_error_is_value(TSS2_RC rc)
{
    return !meaning_of(rc) && is_tpm_layer(rc) && is_format_one(rc) && (rc & TPM2_RC_P) != 0;
}

TpmReaction tpm_error_reaction(TSS2_RC rc)
{
    const TpmMeaning *meaning = meaning_of(rc);

    if (rc == TSS2_RC_SUCCESS) {
        return TPM_REACT_DONE;
    }
    if (meaning) {
        return meaning->reaction;
    }
    if (is_about_handle(rc)) {
        return TPM_REACT_RELOAD;
    }
    return is_tpm_layer(rc) ? TPM_REACT_REFUSE : TPM_REACT_REOPEN;
}

void tpm_error_set(GError **error, TSS2_RC rc, const char *what)
{
    const TpmMeaning *meaning = meaning_of(rc);

    if (rc == TPM_RC_NOT_APPROVED) {
        g_set_error(error, TPM_ERROR, (gint)meaning->error, "the TPM is not asked for %s: %s", what,
                    meaning->advice);
    } else if (is_our_layer(rc)) {
        g_set_error(error, TPM_ERROR, (gint)meaning->error,
                    "what the TPM answered to %s is not used: %s", what, meaning->advice);
    } else if (meaning) {
        g_set_error(error, TPM_ERROR, (gint)meaning->error, "the TPM refused %s: %s (0x%x)", what,
                    meaning->advice, rc);
    } else if (!is_tpm_layer(rc)) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_GONE,
                    "the TPM cannot be reached for %s: %s; check the device or --tcti", what,
                    Tss2_RC_Decode(rc));
    } else if (tpm_error_is_value(rc)) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_VALUE, "the TPM refused a parameter of %s: %s",
                    what, Tss2_RC_Decode(rc));
    } else {
        g_set_error(error, TPM_ERROR, TPM_ERROR_FAILED, "the TPM refused %s: %s", what,
                    Tss2_RC_Decode(rc));
    }
}
