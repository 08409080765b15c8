/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A deep quote and the logs that came with it as one message: a collection of RATS conceptual
 * message wrappers, in JSON or in CBOR. What is in it is not looked at here.
 *
 * Spec: RFC 9999; which labels and media types: docs/specs/cmw.md.
 */
#ifndef CMW_CMW_H
#define CMW_CMW_H

#include "attest/deepquote.h"

enum {
    DQ_CMW_MAX = 1 << 30, /* bytes of a collection; the longest list of IMA, in JSON, fits */
};

/** DqCmwPart: in the order in which they are written. */
typedef enum DqCmwPart {
    DQ_CMW_EVIDENCE,
    DQ_CMW_QUOTE,
    DQ_CMW_SIGNATURE,
    DQ_CMW_PCRS,
    DQ_CMW_GUEST_PUBLIC,
    DQ_CMW_EVENT_LOG,
    DQ_CMW_IMA,
    DQ_CMW_HOST_EVENT_LOG,
    DQ_CMW_HOST_IMA,
    DQ_CMW_VTPM_PARTS,
    DQ_CMW_VM_LAUNCH,
    DQ_CMW_VTPM_EK,
    DQ_CMW_EK_CHAIN,
    DQ_CMW_SYSTEMD,
    DQ_CMW_PARTS, /* how many there are */
} DqCmwPart;

typedef enum DqCmwForm {
    DQ_CMW_JSON,
    DQ_CMW_CBOR,
} DqCmwForm;

/** DqCmw: what a collection has; NULL: not there. Begin with zeroes. */
typedef struct DqCmw {
    GBytes *part[DQ_CMW_PARTS];
} DqCmw;

void dq_cmw_clear(DqCmw *cmw);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DqCmw, dq_cmw_clear)

/** DqCmwError: DQ_CMW_ERROR_MALFORMED: it is no such collection; the message says why. */
typedef enum DqCmwError {
    DQ_CMW_ERROR_MALFORMED,
} DqCmwError;

#define DQ_CMW_ERROR dq_cmw_error_quark()
GQuark dq_cmw_error_quark(void);

/** dq_cmw_label: of a part. */
const char *dq_cmw_label(DqCmwPart part);

/** dq_cmw_encode: (transfer full): a part of no bytes is left out, as one that is not there. */
GBytes *dq_cmw_encode(const DqCmw *cmw, DqCmwForm form);

/**
 * dq_cmw_decode:
 * @bytes: in either form, of whoever; which form it is shows its first byte
 * @ret: untouched on failure
 */
gboolean dq_cmw_decode(GBytes *bytes, DqCmw *ret, GError **error);

#endif
