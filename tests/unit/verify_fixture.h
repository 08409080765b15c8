/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A deep quote that a verifier with policy and store trusts. */
#ifndef TEST_VERIFY_FIXTURE_H
#define TEST_VERIFY_FIXTURE_H

#include "maker.h"
#include "memory_store.h"

typedef struct VerifyFixture {
    MakerKey *host;
    MakerKey *ak;
    MemoryStore *memory;
    DqStore *store;
    DqVerifier *verifier;
    MakerDeed *deed;
    DqQuote quote;
    DqExpected expected;
} VerifyFixture;

/** verify_fixture_set_up: the host's key is of @host_alg, TPM_ALG_ECDSA or TPM_ALG_RSASSA. */
void verify_fixture_set_up(VerifyFixture *f, uint16_t host_alg);
void verify_fixture_clear(VerifyFixture *f);

/** verify_fixture_policy: (transfer full): reference values for all host PCRs that it quotes. */
DqPolicy *verify_fixture_policy(void);

/** verify_fixture_renew: the challenge is as if it had never been used. */
void verify_fixture_renew(VerifyFixture *f);

#endif
