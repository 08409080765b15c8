/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM_RH_NULL as signHandle. libtpms wants a key for TPM2_Quote, if only to know the hash of the
 * PCR digest. So a throw-away key of the null hierarchy makes the quote, and nobody sees its
 * signature: what vouches for the attest is the host.
 *
 * Spec: TPM 2.0 Part 3, TPM2_CreatePrimary, TPM2_FlushContext.
 */
#include "null_signer.h"
#include "log.h"
#include "vtpm.h"

enum {
    TPM_CC_CreatePrimary = 0x00000131,
    TPM_CC_FlushContext = 0x00000165,
    COMMAND_MAX = 160, /* more than either command */
};

/* Signs with ECDSA and SHA-256; its authValue is empty and outside of lockout, like TPM_RH_NULL's
 * own. */
static const WirePublic throw_away_key = {
    .type = TPM_ALG_ECC,
    .name_alg = TPM_ALG_SHA256,
    .attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                  TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
                  TPMA_OBJECT_SIGN,
    .sym_alg = TPM_ALG_NULL,
    .scheme = { .scheme = TPM_ALG_ECDSA, .hash = TPM_ALG_SHA256 },
    .ecc_curve = TPM_ECC_NIST_P256,
    .kdf_scheme = TPM_ALG_NULL,
};

/* TPM2B_SENSITIVE_CREATE without a password or data */
static bool put_empty_sensitive(WireWriter *w)
{
    size_t mark;

    return wire_open_u16(w, &mark) && wire_put_u16(w, 0) && wire_put_u16(w, 0) &&
           wire_close_u16(w, mark);
}

static bool put_key(WireWriter *w)
{
    size_t mark;

    return wire_open_u16(w, &mark) && wire_put_public(w, &throw_away_key) &&
           wire_close_u16(w, mark);
}

uint32_t null_signer_make(Module *m, uint32_t *ret_handle)
{
    const WireAuthArea password = { .count = 1, .auth = { { .handle = TPM_RS_PW } } };
    const WireTpmHeader header = { TPM_ST_SESSIONS, 0, TPM_CC_CreatePrimary };
    uint8_t buf[COMMAND_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireReader r;
    WireTpmHeader response;
    uint32_t rc;

    if (!wire_put_tpm_header(&w, &header) || !wire_put_u32(&w, TPM_RH_NULL) ||
        !wire_put_auth_area(&w, &password) || !put_empty_sensitive(&w) || !put_key(&w) ||
        !wire_put_u16(&w, 0) /* outsideInfo */ || !wire_put_u32(&w, 0) /* creationPCR */ ||
        !wire_set_u32(&w, sizeof(uint16_t), (uint32_t)w.len)) {
        return TPM_RC_FAILURE;
    }
    rc = vtpm_run(m, wire_written(&w));
    if (rc != TPM_RC_SUCCESS) {
        /* A fault of the throw-away key is none of the caller's; a warning, such as no room, is. */
        return (rc & TPM_RC_WARN) == TPM_RC_WARN ? rc : TPM_RC_FAILURE;
    }
    r = WIRE_READER(m->scratch.buf, m->scratch.size);
    return wire_get_tpm_header(&r, &response) && wire_get_u32(&r, ret_handle) ? TPM_RC_SUCCESS
                                                                              : TPM_RC_FAILURE;
}

void null_signer_drop(Module *m, uint32_t handle)
{
    const WireTpmHeader header = { TPM_ST_NO_SESSIONS, WIRE_TPM_HEADER_SIZE + sizeof(handle),
                                   TPM_CC_FlushContext };
    uint8_t buf[COMMAND_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    if (!wire_put_tpm_header(&w, &header) || !wire_put_u32(&w, handle) ||
        vtpm_run(m, wire_written(&w)) != TPM_RC_SUCCESS) {
        module_log("a key made for a DeepQuote without one could not be flushed; reset the VM");
    }
}
