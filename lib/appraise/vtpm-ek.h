/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates of vTPMs' endorsement keys, by the authority of the host that made the vTPM. Spec:
 * docs/specs/vtpm-ek.md.
 */
#ifndef APPRAISE_VTPM_EK_H
#define APPRAISE_VTPM_EK_H

#include "attest/deepquote.h"

enum {
    DQ_VTPM_EK_MAX = 8192,        /* bytes of a certificate */
    DQ_VTPM_EK_CHAIN_MAX = 65536, /* bytes of the authority's certificates */
};

/**
 * DqVtpmEk: what came, and what is known. Borrowed.
 * @certificate: X.509, DER
 * @chain: certificates of the host's authority, DER, one after the other
 * @host: the host's attestation key, which signed for the binding
 * @uuid, @name: of the binding: the VM, and the endorsement key that the host has pinned
 */
typedef struct DqVtpmEk {
    DqBytes certificate, chain;
    DqKey *host;
    const uint8_t *uuid;
    DqBytes name;
} DqVtpmEk;

/**
 * dq_vtpm_ek_check: whether the certificate is of this VM's endorsement key, is meant for one, and
 * was issued by an authority that the host's attestation key has certified.
 * @now: seconds since 1970
 * @ret_facts: set on success: what it says
 *
 * The Name of the key is made by the default template of its kind: that is what the certificate
 * does not tell.
 *
 * Errors: DQ_ERROR_KEY with the reason.
 */
gboolean dq_vtpm_ek_check(const DqVtpmEk *ek, int64_t now, DqEkFacts *ret_facts, GError **error);

#endif
