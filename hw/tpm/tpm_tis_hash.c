/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: the locality-4 hash sequence
 *
 * TIS 1.3 and PTP 1.03, "Locality 4 hash interface".
 */
#include "qemu/osdep.h"
#include "system/tpm_backend_ext.h"
#include "tpm_tis_hash.h"
#include "tpm_tis_locality.h"

static void hash_flush(TPMState *s)
{
    if (s->rw_offset) {
        s->hashing = tpm_backend_hash_data(s->be_driver, s->buffer, s->rw_offset);
        s->rw_offset = 0;
    }
}

/*
 * A command in execution is not aborted for it: the sequence does not begin, and the TPM shows that
 * nothing was hashed.
 */
void tpm_tis_hash_start(TPMState *s)
{
    bool executing = tpm_tis_is_locality(s->active_locty) &&
                     s->loc[s->active_locty].state == TPM_TIS_STATE_EXECUTION;

    if (executing || tpm_tis_is_aborting(s)) {
        return;
    }
    tpm_tis_take_over(s, 4);
    s->rw_offset = 0;
    s->hashing = tpm_backend_hash_start(s->be_driver);
}

void tpm_tis_hash_data(TPMState *s, uint8_t byte)
{
    if (!s->hashing) {
        return;
    }
    s->buffer[s->rw_offset++] = byte;
    if (s->rw_offset == sizeof(s->buffer)) {
        hash_flush(s);
    }
}

void tpm_tis_hash_end(TPMState *s)
{
    if (s->hashing) {
        hash_flush(s);
    }
    if (s->hashing) {
        tpm_backend_hash_end(s->be_driver);
    }
    s->hashing = false;
    if (s->active_locty == 4) {
        tpm_tis_relinquish(s);
    }
}
