/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cases that become vectors: what is ordered, what is put wrong, what must come out. */
#ifndef TESTS_VECTORS_CASE_H
#define TESTS_VECTORS_CASE_H

#include "maker.h"

/** The keys that all cases share. */
typedef struct CaseKeys {
    MakerKey *host;         /* ECC P-256 */
    MakerKey *host_rsa;     /* RSA-2048 RSASSA */
    MakerKey *host_other;   /* never enrolled */
    MakerKey *host_free;    /* not restricted */
    MakerKey *host_movable; /* not fixedTPM */
    MakerKey *host_storage; /* restricted, but decrypts */
    MakerKey *ak;
    MakerKey *ak_other;
    MakerKey *ak_rsa;
    MakerKey *ak_pss;
    MakerKey *ak_p384;
} CaseKeys;

CaseKeys *case_keys_new(void);
void case_keys_free(CaseKeys *keys);

/** A case while it is made. What the verifier holds is set by case_start(), then changed. */
typedef struct CaseWork {
    const CaseKeys *keys;
    MakerOrder order;
    MakerDeed *deed; /* once made */

    const MakerKey *enrolled; /* NULL: no host key is enrolled but by the policy */
    const MakerKey *offered;  /* or NULL */
    const MakerKey *vtpm_key; /* or NULL */
    gboolean any_uuid;        /* the verifier does not say which UUID it expects */
    guint8 uuid[DQ_UUID_SIZE];
    GByteArray *nonce;
    GByteArray *vtpm_ek; /* empty: not known */
    GString *policy;     /* empty: none */
    char *state;         /* NULL: none */
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
extern const Case cases_host[]; /* malformed to host-pcr-mismatch */
extern const Case cases_vm[];   /* wrong-nonce to policy */

/** case_expected: (transfer full): "trusted", or the reason word that @c's name begins with. */
char *case_expected(const Case *c);

/** case_start, case_finish: carries @c out; then @w has all that a verifier is given. */
void case_start(CaseWork *w, const CaseKeys *keys, const Case *c);
void case_finish(CaseWork *w);

/* For the tables. */

/** case_policy: adds a line to the policy. */
void case_policy(CaseWork *w, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** case_policy_pcrs: allows the PCR values that @whose ("host" or "vtpm") has. */
void case_policy_pcrs(CaseWork *w, const char *whose, const WirePcrSelection *selection);

/** case_select: replaces @s by the PCRs @numbers (ended by -1) of each of @banks (ended by 0). */
void case_select(WirePcrSelection *s, const guint16 *banks, const int *numbers);

/** case_name: (transfer full): the Name of a key in hexadecimal digits. */
char *case_name(const MakerKey *key);

/** case_state: what the verifier recorded of the order's VM and host. */
void case_state(CaseWork *w, guint64 epoch, guint64 generation, guint32 reset, guint32 restart,
                guint64 clock);

/** case_find: the place of @needle in the evidence; aborts where it is not. */
gsize case_find(const MakerDeed *d, WireBytes needle);

#endif
