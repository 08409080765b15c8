/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read of certificates of endorsement keys, and of their authorities. */
#ifndef APPRAISE_EK_X509_H
#define APPRAISE_EK_X509_H

#include "attest/deepquote.h"

#include <openssl/x509.h>

/** dq_ek_read_facts: what it says; nothing of it is verified. */
void dq_ek_read_facts(X509 *certificate, DqEkFacts *ret);

/** dq_ek_is_meant: names the purpose of an endorsement key, or none at all. */
gboolean dq_ek_is_meant(X509 *certificate);

/**
 * dq_ek_read_chain: (transfer full): certificates in DER up to the end or to what is none, at most
 * DQ_EK_CHAIN_MAX; %NULL: there is no memory. Bytes 00 and FF between them are passed over.
 */
struct stack_st_X509 *dq_ek_read_chain(DqBytes chain);

#endif
