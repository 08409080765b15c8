/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/error.h"

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tpm2_types.h>

G_DEFINE_QUARK(tpm_error, tpm_error)

typedef struct TpmMeaning {
    TPM2_RC code;
    TpmReaction reaction;
    TpmError error;
    const char *advice;
} TpmMeaning;

/* TPM 2.0 Part 2, section 6.6: the codes that mean more than "refused". */
static const TpmMeaning meanings[] = {
    { TPM2_RC_RETRY, TPM_REACT_AGAIN, TPM_ERROR_BUSY, "it is busy; try again later" },
    { TPM2_RC_YIELDED, TPM_REACT_AGAIN, TPM_ERROR_BUSY, "it is busy; try again later" },
    { TPM2_RC_TESTING, TPM_REACT_AGAIN, TPM_ERROR_BUSY, "its self-test runs; try again later" },
    { TPM2_RC_NV_RATE, TPM_REACT_AGAIN, TPM_ERROR_BUSY,
      "it limits the rate of NV accesses; try again later" },
    { TPM2_RC_INITIALIZE, TPM_REACT_START, TPM_ERROR_FAILED,
      "it was reset and not started; check the platform's firmware" },
    { TPM2_RC_REFERENCE_H0, TPM_REACT_RELOAD, TPM_ERROR_FAILED,
      "it lost a loaded key; use a resource manager such as device:/dev/tpmrm0" },
    { TPM2_RC_LOCKOUT, TPM_REACT_REFUSE, TPM_ERROR_LOCKOUT,
      "it is in dictionary-attack lockout; wait, or reset it with tpm2_dictionarylockout" },
    { TPM2_RC_FAILURE, TPM_REACT_REFUSE, TPM_ERROR_FAILED,
      "it is in failure mode; restart the host and check the TPM's firmware" },
};

static guint32 layer_of(TSS2_RC rc)
{
    return rc & TSS2_RC_LAYER_MASK;
}

static gboolean is_tpm_layer(TSS2_RC rc)
{
    guint32 layer = layer_of(rc);

    return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER ||
           layer == TSS2_RESMGR_RC_LAYER;
}

static gboolean is_format_one(TPM2_RC code)
{
    return (code & TPM2_RC_FMT1) != 0;
}

static const TpmMeaning *meaning_of(TPM2_RC code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(meanings); i++) {
        if (meanings[i].code == code) {
            return &meanings[i];
        }
    }
    return NULL;
}

static gboolean is_bad_handle(TPM2_RC code)
{
    /* Format one, a handle's number in bits 8 to 10, P and session bits clear. */
    return is_format_one(code) && (code & (TPM2_RC_P | TPM2_RC_S)) == 0 &&
           (code & 0xBFu) == TPM2_RC_HANDLE;
}

TpmReaction tpm_error_reaction(TSS2_RC rc)
{
    TPM2_RC code = rc & ~TSS2_RC_LAYER_MASK;
    const TpmMeaning *meaning;

    if (rc == TSS2_RC_SUCCESS) {
        return TPM_REACT_DONE;
    }
    if (!is_tpm_layer(rc)) {
        return TPM_REACT_REOPEN;
    }
    if (is_bad_handle(code)) {
        return TPM_REACT_RELOAD;
    }
    meaning = meaning_of(code);
    return meaning ? meaning->reaction : TPM_REACT_REFUSE;
}

void tpm_error_set(GError **error, TSS2_RC rc, const char *what)
{
    TPM2_RC code = rc & ~TSS2_RC_LAYER_MASK;
    const TpmMeaning *meaning = is_tpm_layer(rc) ? meaning_of(code) : NULL;

    if (meaning) {
        g_set_error(error, TPM_ERROR, (gint)meaning->error, "the TPM refused %s: %s (0x%x)", what,
                    meaning->advice, rc);
    } else if (!is_tpm_layer(rc)) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_GONE,
                    "the TPM cannot be reached for %s: %s; check the device or --tcti", what,
                    Tss2_RC_Decode(rc));
    } else if (is_format_one(code) && (code & TPM2_RC_P)) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_VALUE, "the TPM refused a parameter of %s: %s",
                    what, Tss2_RC_Decode(rc));
    } else {
        g_set_error(error, TPM_ERROR, TPM_ERROR_FAILED, "the TPM refused %s: %s", what,
                    Tss2_RC_Decode(rc));
    }
}
