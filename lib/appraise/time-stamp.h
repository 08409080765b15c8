/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time stamps of a SHA-256: an authority's word that it was there at a time.
 *
 * Spec: RFC 3161.
 */
#ifndef APPRAISE_TIME_STAMP_H
#define APPRAISE_TIME_STAMP_H

#include "attest/deepquote.h"

enum { DQ_TIME_STAMP_MAX = 65536 }; /* bytes of a response */

/**
 * DqTimeStampError:
 * @DQ_TIME_STAMP_ERROR_MALFORMED: it is no response, or of another digest
 * @DQ_TIME_STAMP_ERROR_REFUSED: the authority gave no stamp
 * @DQ_TIME_STAMP_ERROR_SIGNATURE: no authority that is known signed it
 */
typedef enum DqTimeStampError {
    DQ_TIME_STAMP_ERROR_MALFORMED,
    DQ_TIME_STAMP_ERROR_REFUSED,
    DQ_TIME_STAMP_ERROR_SIGNATURE,
} DqTimeStampError;

#define DQ_TIME_STAMP_ERROR dq_time_stamp_error_quark()
GQuark dq_time_stamp_error_quark(void);

/** dq_time_stamp_request: (transfer full): TimeStampReq, DER, which asks for the certificate too.
 */
GBytes *dq_time_stamp_request(const uint8_t digest[DQ_HASH_SIZE]);

/**
 * dq_time_stamp_read:
 * @bytes: TimeStampResp, DER
 * @roots: a file of certificates, PEM, one of which the authority's has to lead to
 * @ret_digest: what was stamped
 * @ret_time: when, seconds since 1970; the authority's certificate was good then
 *
 * Errors: DQ_TIME_STAMP_ERROR.
 */
gboolean dq_time_stamp_read(DqBytes bytes, const char *roots, uint8_t ret_digest[DQ_HASH_SIZE],
                            int64_t *ret_time, GError **error);

#endif
