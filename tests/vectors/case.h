/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cases that become vectors: what is ordered, what is put wrong, what must come out. */
#ifndef TESTS_VECTORS_CASE_H
#define TESTS_VECTORS_CASE_H

#include "maker.h"
#include "memory_store.h"

#define CASE_NOW 1764000000 /* seconds since 1970 */

/** The keys that all cases share. */
typedef struct CaseKeys {
    MakerKey *host;         /* ECC P-256 */
    MakerKey *host_rsa;     /* RSA-2048 RSASSA */
    MakerKey *host_other;   /* never enrolled */
    MakerKey *host_free;    /* not restricted */
    MakerKey *host_movable; /* not fixedTPM */
    MakerKey *host_storage; /* restricted, but decrypts */
    MakerKey *host_parent;  /* not fixedParent */
    MakerKey *host_import;  /* not sensitiveDataOrigin */
    MakerKey *ak_free;      /* not restricted */
    MakerKey *ak_movable;   /* not fixedTPM */
    MakerKey *ak;
    MakerKey *ak_other;
    MakerKey *ak_rsa;
    MakerKey *ak_pss;
    MakerKey *ak_p384;
    MakerKey *aik; /* of a TPM 1.2 */
    MakerKey *aik_other;
} CaseKeys;

CaseKeys *case_keys_new(void);
void case_keys_free(CaseKeys *keys);

/** A case while it is made. What the verifier holds is set by case_start(), then changed. */
typedef struct CaseWork {
    const CaseKeys *keys;
    MakerOrder order;
    MakerDeed *deed; /* once made */

    /* From the guest */
    const MakerKey *guest_key; /* or NULL */

    /* Options */
    const MakerKey *given;    /* a host key, or NULL */
    const MakerKey *offered;  /* a host key, or NULL */
    const MakerKey *expected; /* the vTPM's, or NULL */
    const MakerKey *allowed;  /* a vTPM's key that need not be restricted, or NULL */
    gboolean allow_simulated;
    gboolean any_uuid; /* no UUID is expected */
    uint8_t uuid[DQ_UUID_SIZE];
    gboolean any_challenge; /* @nonce is not said to the verifier */
    GByteArray *nonce;
    uint8_t bound[DQ_HASH_SIZE]; /* see case_bind() */
    const MakerKey *channel;     /* the key at its other end, or NULL: not bound */
    GByteArray *vtpm_ek;         /* empty: not known */
    GByteArray *vtpm_ak;         /* empty: not known */
    GString *policy;
    gboolean no_reference; /* the policy does not get the host's PCR values */

    /* Store */
    gboolean no_store;
    const MakerKey *enrolled; /* the host's key; NULL: no host is enrolled */
    const MakerKey *vtpm_key; /* the VM's; NULL: any */
    DqStoreHost host;         /* name and public area are those of @enrolled */
    gboolean no_vm;
    DqStoreVm vm; /* its ak is that of @vtpm_key */
    gboolean not_issued;
    MemoryChallenge challenge;
} CaseWork;

typedef struct Case {
    const char *name;            /* of the file; it begins with the word that must come out */
    const char *text;            /* what is special about it */
    void (*before)(CaseWork *w); /* changes the order and what the verifier holds; or NULL */
    void (*after)(CaseWork *w);  /* changes what came out; or NULL */
} Case;

/** case_tables: the cases, ended by a NULL pointer; each table is ended by a NULL name. */
extern const Case *const case_tables[];
extern const Case cases_trusted[];
extern const Case cases_host[];   /* malformed to host-pcr-mismatch */
extern const Case cases_vm[];     /* wrong-nonce to vtpm-pcr-mismatch */
extern const Case cases_record[]; /* stale to policy, and what a store allows */
extern const Case cases_authentic[];
extern const Case cases_tpm12[];

/** case_expected: (transfer full): "trusted", "authentic" or the reason word that it begins with.
 */
char *case_expected(const Case *c);

/** case_start, case_finish: carries @c out; then @w has all that a verifier is given. */
void case_start(CaseWork *w, const CaseKeys *keys, const Case *c);
void case_finish(CaseWork *w);

/** case_check: (transfer full): what the library says to it. */
DqVerdict *case_check(const CaseWork *w);

/* For the tables. */

/** case_policy: adds a line to the policy. */
void case_policy(CaseWork *w, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** case_policy_pcrs: allows the PCR values that @whose ("host" or "vtpm") has. */
void case_policy_pcrs(CaseWork *w, const char *whose, const WirePcrSelection *selection);

/** case_select: replaces @s by the PCRs @numbers (ended by -1) of each of @banks (ended by 0). */
void case_select(WirePcrSelection *s, const uint16_t *banks, const int *numbers);

/** case_name: (transfer full): the Name of a key in hexadecimal digits. */
char *case_name(const MakerKey *key);

/** case_recorded: what a trusted deep quote of the order's VM on its host recorded. */
void case_recorded(CaseWork *w, uint64_t epoch, uint64_t generation, uint32_t reset,
                   uint32_t restart, uint64_t clock);

/** case_channel_key: (transfer full): SubjectPublicKeyInfo of @key, DER. */
GByteArray *case_channel_key(const MakerKey *key);

/** case_bind: the deep quote is asked for with a nonce that is bound to this key. */
void case_bind(CaseWork *w, const MakerKey *key);

/** case_vtpm_signs_with: NULL for nothing. Everybody expects this key. */
void case_vtpm_signs_with(CaseWork *w, const MakerKey *ak);

/** case_set_name: the Name of @key. */
void case_set_name(DqName *name, const MakerKey *key);

/** case_find: the place of @needle in the evidence; aborts where it is not. */
gsize case_find(const MakerDeed *d, WireBytes needle);

#endif
