/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes deep quotes without a TPM: OpenSSL keys that call themselves TPM keys, and the structures
 * that TPMs and the manager would have made, with places to put something wrong into them.
 *
 * For vectors, tests, fuzz seeds and benchmarks. What fails here aborts.
 */
#ifndef TESTS_VECTORS_MAKER_H
#define TESTS_VECTORS_MAKER_H

#include "attest/store.h"
#include "maker_key.h"
#include "wire/deepquote.h"

/** maker_pcr: the value that PCR @pcr of @whose ("host", "vtpm") has; returns its size. */
gsize maker_pcr(const char *whose, uint16_t bank, unsigned pcr, uint8_t *ret_value);

/** maker_digest: a digest that stands for @what; DQ_HASH_SIZE bytes. */
void maker_digest(const char *what, uint8_t ret_digest[DQ_HASH_SIZE]);

typedef struct MakerDeed MakerDeed;

/** What is quoted, by whom, and what is put wrong on the way; hooks may be NULL. */
typedef struct MakerOrder {
    const MakerKey *host;
    WirePcrSelection host_pcrs;
    uint32_t reset_count, restart_count;
    uint64_t clock;
    gboolean clock_unsafe;
    uint64_t tree_size, leaf_index;

    const MakerKey *ak;       /* NULL: TPM_RH_NULL */
    gboolean tpm12;           /* the vTPM is a TPM 1.2: see maker_tpm12_order() */
    gboolean version_info;    /* which signs its version too */
    gboolean digest_unsigned; /* a quote that no key signs has a digest all the same */
    WirePcrSelection vtpm_pcrs;
    uint8_t uuid[DQ_UUID_SIZE];
    WireBytes ek; /* Name; empty: none */
    uint8_t lineage[DQ_LINEAGE_SIZE];
    uint64_t epoch, generation;
    uint32_t flags;
    WireBytes nonce;

    const MakerKey *other;                            /* for hooks: a key that is put in */
    void (*vtpm_attest)(MakerDeed *d, WireAttest *a); /* before the vTPM signs */
    void (*binding)(MakerDeed *d, WireBinding *b);    /* before it becomes a leaf */
    void (*host_attest)(MakerDeed *d, WireAttest *a); /* before the host signs */
    void (*evidence)(MakerDeed *d, WireEvidence *e);  /* before it is encoded */
} MakerOrder;

/** The result. */
struct MakerDeed {
    MakerOrder order;
    GByteArray *vtpm_quoted;
    GByteArray *vtpm_signature;
    GByteArray *vtpm_pcrs;
    GByteArray *binding;
    GByteArray *host_quoted;
    GByteArray *host_signature;
    GByteArray *evidence;
    DqMerkleTree *tree;    /* where a batch is shared: see maker_batch_new() */
    uint8_t scratch[4096]; /* for hooks: bytes that must live until the evidence is encoded */
};

/** maker_order: a plain order: one VM, sha256 PCRs 0-7 of the host and 0, 1, 10 of the vTPM. */
MakerOrder maker_order(const MakerKey *host, const MakerKey *ak);

/** maker_deed_new: carries an order out; the other leaves of its tree are made up. */
MakerDeed *maker_deed_new(const MakerOrder *order);

/**
 * maker_batch_new: carries out @count orders in one batch under one host signature, that of the
 * first order; tree_size and leaf_index of the orders are set to match. Hooks but @binding and
 * @vtpm_attest are left out.
 */
GPtrArray *maker_batch_new(const MakerOrder *orders, gsize count);
void maker_deed_free(MakerDeed *deed);

/** maker_quote: the deed as a guest hands it over, with the key that it signed with. */
DqQuote maker_quote(const MakerDeed *deed);

/** maker_expected: the challenge, the UUID and the signing key of its order. */
DqExpected maker_expected(const MakerDeed *deed);

/** maker_host_record: an enrolled host with this key. */
DqStoreHost maker_host_record(const MakerKey *key);

/** maker_vm_record: an expected VM of this order, which nobody has seen. */
DqStoreVm maker_vm_record(const MakerOrder *order);

DqBytes maker_bytes(const GByteArray *array);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MakerDeed, maker_deed_free)

#endif
