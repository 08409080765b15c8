/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DeepQuotes through tpm2-tss' ESAPI with one kind of authorization.
 *
 *     sessions TCTI KIND        two DeepQuotes that must succeed
 *     sessions TCTI KIND RC     one that succeeds; a line on standard output and one awaited on
 *                               standard input; one that must fail with RC; again both lines; one
 *                               with the same session that must succeed
 *
 * Exit status 0: all went as it must. 1: not, with the reason on standard error.
 */
#include "tcti_deepquote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

static const char password[] = "key's password";

typedef struct Test {
    ESYS_CONTEXT *esys;
    TSS2_TCTI_CONTEXT *deepquote;
    ESYS_TR key;
    ESYS_TR session;
    bool allowed; /* the policy session has not served yet */
} Test;

/** How a DeepQuote is authorized. */
typedef struct Kind {
    const char *name;
    TPM2_SE type;
    bool password; /* no session at all */
    bool bound;
    bool null_key;
    TPMA_SESSION attributes;
} Kind;

static const Kind kinds[] = {
    { .name = "password", .password = true },
    { .name = "null-key", .password = true, .null_key = true },
    { .name = "hmac", .type = TPM2_SE_HMAC },
    { .name = "hmac-bound", .type = TPM2_SE_HMAC, .bound = true },
    { .name = "decrypt", .type = TPM2_SE_HMAC, .attributes = TPMA_SESSION_DECRYPT },
    { .name = "encrypt", .type = TPM2_SE_HMAC, .attributes = TPMA_SESSION_ENCRYPT },
    { .name = "policy", .type = TPM2_SE_POLICY },
};

static void must(TSS2_RC rc, const char *what)
{
    if (rc != TSS2_RC_SUCCESS) {
        fprintf(stderr, "%s: 0x%x\n", what, rc);
        exit(1);
    }
}

static void must_hold(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static ESYS_TR start_session(Test *t, TPM2_SE type, ESYS_TR bind)
{
    const TPMT_SYM_DEF aes = { .algorithm = TPM2_ALG_AES,
                               .keyBits = { .aes = 128 },
                               .mode = { .aes = TPM2_ALG_CFB } };
    ESYS_TR session;

    must(Esys_StartAuthSession(t->esys, ESYS_TR_NONE, bind, ESYS_TR_NONE, ESYS_TR_NONE,
                               ESYS_TR_NONE, NULL, type, &aes, TPM2_ALG_SHA256, &session),
         "StartAuthSession");
    return session;
}

static void allow_quote(Test *t, ESYS_TR session)
{
    must(Esys_PolicyCommandCode(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                TPM2_CC_Quote),
         "PolicyCommandCode");
}

/* The digest of a policy that allows TPM2_Quote and nothing else. */
static TPM2B_DIGEST quote_policy(Test *t)
{
    ESYS_TR trial = start_session(t, TPM2_SE_TRIAL, ESYS_TR_NONE);
    TPM2B_DIGEST *digest;
    TPM2B_DIGEST copy;

    allow_quote(t, trial);
    must(Esys_PolicyGetDigest(t->esys, trial, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest),
         "PolicyGetDigest");
    copy = *digest;
    Esys_Free(digest);
    must(Esys_FlushContext(t->esys, trial), "FlushContext");
    return copy;
}

static void make_key(Test *t, bool by_policy)
{
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPM2B_PUBLIC public = {
        .publicArea = { .type = TPM2_ALG_ECC,
                        .nameAlg = TPM2_ALG_SHA256,
                        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                            TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                            TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT |
                                            (by_policy ? 0 : TPMA_OBJECT_USERWITHAUTH),
                        .parameters.eccDetail = { .symmetric = { .algorithm = TPM2_ALG_NULL },
                                                  .scheme = { .scheme = TPM2_ALG_ECDSA,
                                                              .details.ecdsa.hashAlg =
                                                                  TPM2_ALG_SHA256 },
                                                  .curveID = TPM2_ECC_NIST_P256,
                                                  .kdf = { .scheme = TPM2_ALG_NULL } } }
    };
    const TPM2B_DATA outside = { 0 };
    const TPML_PCR_SELECTION creation_pcrs = { 0 };

    if (by_policy) {
        public.publicArea.authPolicy = quote_policy(t);
    }
    sensitive.sensitive.userAuth.size = sizeof(password) - 1;
    memcpy(sensitive.sensitive.userAuth.buffer, password, sizeof(password) - 1);
    must(Esys_CreatePrimary(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                            &sensitive, &public, &outside, &creation_pcrs, &t->key, NULL, NULL,
                            NULL, NULL),
         "CreatePrimary");
    must(Esys_TR_SetAuth(t->esys, t->key, &sensitive.sensitive.userAuth), "SetAuth");
}

static void open_tpm(Test *t, const char *conf)
{
    TSS2_TCTI_CONTEXT *inner;
    WirePcrSelection host = { 0 };

    must(Tss2_TctiLdr_Initialize(conf, &inner), "TCTI");
    t->deepquote = tcti_deepquote_new(inner);
    must(Esys_Initialize(&t->esys, t->deepquote, NULL), "Esys_Initialize");
    must_hold(wire_pcr_select(&host, TPM_ALG_SHA256, 0), "host PCRs");
    tcti_deepquote_arm(t->deepquote, &host, DEEPQUOTE_HASH_UUID);
}

static void prepare(Test *t, const Kind *kind)
{
    bool by_policy = kind->type == TPM2_SE_POLICY;

    t->session = ESYS_TR_PASSWORD;
    t->key = ESYS_TR_RH_NULL;
    if (!kind->null_key) {
        make_key(t, by_policy);
    }
    if (!kind->password) {
        t->session = start_session(t, kind->type, kind->bound ? t->key : ESYS_TR_NONE);
        must(Esys_TRSess_SetAttributes(t->esys, t->session,
                                       kind->attributes | TPMA_SESSION_CONTINUESESSION, 0xff),
             "SetAttributes");
    }
}

/* One DeepQuote; checks that what returns is this one's. */
static TSS2_RC deep_quote(Test *t, const Kind *kind, const char *nonce)
{
    const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };
    const TPML_PCR_SELECTION pcrs = {
        .count = 1,
        .pcrSelections = { { .hash = TPM2_ALG_SHA256, .sizeofSelect = 3, .pcrSelect = { 1 } } },
    };
    TPM2B_DATA data = { .size = (UINT16)strlen(nonce) };
    TPM2B_ATTEST *quoted = NULL;
    TPMT_SIGNATURE *signature = NULL;
    g_autoptr(GBytes) evidence = NULL;
    WireAttest attest;
    static WireEvidence e;
    gsize size;
    const uint8_t *bytes;
    TSS2_RC rc;

    memcpy(data.buffer, nonce, data.size);
    /* A policy session serves one authorization, and one that failed has not been served. */
    if (kind->type == TPM2_SE_POLICY && !t->allowed) {
        allow_quote(t, t->session);
        t->allowed = true;
    }
    rc = Esys_Quote(t->esys, t->key, t->session, ESYS_TR_NONE, ESYS_TR_NONE, &data, &scheme, &pcrs,
                    &quoted, &signature);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    t->allowed = false;
    evidence = tcti_deepquote_take_evidence(t->deepquote);
    must_hold(evidence != NULL, "no evidence");
    bytes = g_bytes_get_data(evidence, &size);
    must_hold(wire_decode_evidence((WireBytes){ bytes, size }, &e), "evidence does not decode");
    must_hold(wire_decode_attest((WireBytes){ quoted->attestationData, quoted->size }, &attest) &&
                  wire_bytes_equal(attest.extra_data, (WireBytes){ data.buffer, data.size }) &&
                  wire_bytes_equal(e.binding.nonce, attest.extra_data),
              "another nonce");
    must_hold((e.binding.vtpm_signer.len == 0) == kind->null_key, "another signer");
    must_hold(signature->sigAlg == (kind->null_key ? TPM2_ALG_NULL : TPM2_ALG_ECDSA),
              "another signature");
    Esys_Free(quoted);
    Esys_Free(signature);
    return TSS2_RC_SUCCESS;
}

static void let_others_act(void)
{
    char line[8];

    puts("ready");
    fflush(stdout);
    must_hold(fgets(line, sizeof(line), stdin) != NULL, "standard input ended");
}

int main(int argc, char **argv)
{
    const Kind *kind = NULL;
    Test t = { 0 };

    for (size_t i = 0; argc >= 3 && i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i].name, argv[2]) == 0) {
            kind = &kinds[i];
        }
    }
    if (!kind) {
        fputs("usage: sessions TCTI KIND [RC]\n", stderr);
        return 2;
    }
    open_tpm(&t, argv[1]);
    prepare(&t, kind);
    must(deep_quote(&t, kind, "the first nonce of three"), "first DeepQuote");
    if (argc > 3) {
        TSS2_RC wanted = (TSS2_RC)strtoul(argv[3], NULL, 16);
        TSS2_RC rc;

        let_others_act();
        rc = deep_quote(&t, kind, "the nonce that fails them");
        if (rc != wanted) {
            fprintf(stderr, "DeepQuote answered 0x%x, not 0x%x\n", rc, wanted);
            return 1;
        }
        let_others_act();
    }
    must(deep_quote(&t, kind, "the last nonce of them all"), "last DeepQuote");
    return 0;
}
