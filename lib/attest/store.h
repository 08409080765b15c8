/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdeepquote: what a verifier remembers, as an interface. The library brings one implementation,
 * a file (store-file.h); a service that has a database of its own fills in a DqStoreOps.
 *
 * A store holds the challenges that the verifier issued, the hosts that its operator enrolled, and
 * the VMs that its operator expects, with what the last trusted deep quote of each said. Times are
 * seconds since 1970, UTC; 0 means never.
 */
#ifndef DEEPQUOTE_STORE_H
#define DEEPQUOTE_STORE_H

#include "deepquote.h"

G_BEGIN_DECLS

#pragma GCC visibility push(default)

#define DQ_CHALLENGE_SIZE 32
#define DQ_PUBLIC_MAX 1024 /* bytes of a public area */
#define DQ_LABEL_MAX 255   /* bytes of a name for people */
#define DQ_WHY_MAX 1000    /* bytes of an operator's reason */

/** DqName: a Name; @len is 0 where there is none. */
typedef struct DqName {
    uint8_t data[DQ_NAME_MAX];
    gsize len;
} DqName;

/**
 * DqEnrolment: why a host key is believed to be in a genuine TPM.
 * @DQ_ENROLMENT_WORD: the operator said so
 * @DQ_ENROLMENT_PROOF: the TPM proved it
 */
typedef enum DqEnrolment {
    DQ_ENROLMENT_WORD = 1,
    DQ_ENROLMENT_PROOF = 2,
} DqEnrolment;

/**
 * DqStoreHost:
 * @public_area: TPM2B_PUBLIC or TPMT_PUBLIC of its attestation key
 * @label: for people, UTF-8; may be empty
 * @simulated: its TPM is a stand-in
 * @ek: of the host's TPM where it was enrolled by proof
 * @expires: from then on it is not enrolled
 * @revoked: since then it is not enrolled
 * @counted: a trusted deep quote has set the two counters
 * @revision: of the record as it was read; differs after any change
 */
typedef struct DqStoreHost {
    DqName name;
    uint8_t public_area[DQ_PUBLIC_MAX];
    gsize public_len;
    char label[DQ_LABEL_MAX + 1];
    gboolean simulated;
    DqEnrolment enrolment;
    DqEkFacts ek;
    int64_t enrolled;
    int64_t expires;
    int64_t revoked;
    gboolean counted;
    uint32_t reset_count;
    uint32_t restart_count;
    int64_t revision;
} DqStoreHost;

/**
 * DqStoreVm:
 * @label: for people, UTF-8; may be empty
 * @ek, @ak: the Names that its vTPM's EK and signing key must have; empty: any
 * @first_seen: the first trusted deep quote; where it is 0, @last_seen to @clock say nothing
 * @has_clock: @clock can be compared: FALSE once the host's TPM was cleared
 * @reset_count, @restart_count, @clock_safe: of the host, as they stood beside @clock
 * @accepts_lineage, @accepted_lineage: the operator accepts this one next
 * @accepted_host: the operator accepts that the VM is found there next; empty: no other
 * @revision: of the record as it was read; differs after any change
 */
typedef struct DqStoreVm {
    uint8_t uuid[DQ_UUID_SIZE];
    char label[DQ_LABEL_MAX + 1];
    DqName ek;
    DqName ak;
    int64_t added;
    int64_t first_seen;
    int64_t last_seen;
    DqName host;
    uint8_t lineage[DQ_LINEAGE_SIZE];
    uint64_t epoch;
    uint64_t generation;
    gboolean has_clock;
    uint32_t reset_count;
    uint32_t restart_count;
    uint64_t clock;
    gboolean clock_safe;
    gboolean accepts_lineage;
    uint8_t accepted_lineage[DQ_LINEAGE_SIZE];
    DqName accepted_host;
    int64_t revision;
} DqStoreVm;

/**
 * DqStoreProfile:
 * @name: printable UTF-8, not empty
 * @issued: when it was signed; 0 where nobody signed it
 * @key: SHA-256 of the SubjectPublicKeyInfo of the key that it is signed with; zeroes for none
 * @digest: SHA-256 of its bytes
 * @added: when it came into the store
 */
typedef struct DqStoreProfile {
    char name[DQ_LABEL_MAX + 1];
    int64_t issued;
    uint8_t key[DQ_HASH_SIZE];
    uint8_t digest[DQ_HASH_SIZE];
    int64_t added;
} DqStoreProfile;

/**
 * DqChallengeUse: what a challenge was when it was used.
 * @DQ_CHALLENGE_UNKNOWN: not issued from this store, or so long ago that it was forgotten
 * @DQ_CHALLENGE_FRESH: issued, not expired, and used for the first time now
 * @DQ_CHALLENGE_USED: used before
 * @DQ_CHALLENGE_EXPIRED: issued, but its time is over
 */
typedef enum DqChallengeUse {
    DQ_CHALLENGE_UNKNOWN,
    DQ_CHALLENGE_FRESH,
    DQ_CHALLENGE_USED,
    DQ_CHALLENGE_EXPIRED,
} DqChallengeUse;

/**
 * DqStoreOps: what verification asks of a store. Each function may be called by several threads at
 * once, returns FALSE with an error of the domain DQ_ERROR where the store does not work, and sets
 * its outputs only on success. What changes is safe on disk when a function returns.
 */
typedef struct DqStoreOps {
    /**
     * Uses a challenge up: of all callers at most one is told DQ_CHALLENGE_FRESH.
     * @ret_bound: whether the challenge was issued for one VM; its UUID is then in @ret_uuid
     */
    gboolean (*use_challenge)(gpointer self, DqBytes challenge, int64_t now,
                              DqChallengeUse *ret_use, gboolean *ret_bound,
                              uint8_t ret_uuid[DQ_UUID_SIZE], GError **error);

    /** @ret_host: set where @ret_found is TRUE; revoked and expired ones are found too. */
    gboolean (*find_host)(gpointer self, DqBytes name, gboolean *ret_found, DqStoreHost *ret_host,
                          GError **error);
    gboolean (*find_vm)(gpointer self, const uint8_t uuid[DQ_UUID_SIZE], gboolean *ret_found,
                        DqStoreVm *ret_vm, GError **error);

    /**
     * Replaces both records if neither has changed since it was read; else @ret_done is FALSE and
     * nothing changes.
     */
    gboolean (*record)(gpointer self, const DqStoreHost *host, const DqStoreVm *vm,
                       gboolean *ret_done, GError **error);

    /** After the last use. */
    void (*free)(gpointer self);
} DqStoreOps;

/**
 * DqStoreAnswers: what a store said during one verification, and when: all that a verdict depends
 * on besides what the verification was given.
 * @now: seconds since 1970, the verification's
 * @bound: the challenge was issued for one VM, whose UUID is @uuid
 */
struct DqStoreAnswers {
    int64_t now;
    DqChallengeUse use;
    gboolean bound;
    uint8_t uuid[DQ_UUID_SIZE];
    gboolean has_host;
    DqStoreHost host;
    gboolean has_vm;
    DqStoreVm vm;
};

/**
 * dq_store_new_replay: a store that says what another one said, whenever it is asked, and keeps
 * nothing. With dq_verifier_set_time(@now) a verification comes to the same verdict again.
 * @answers: copied
 */
DqStore *dq_store_new_replay(const DqStoreAnswers *answers);

/** dq_store_new: @ops must live as long as the store; @self is handed to its functions. */
DqStore *dq_store_new(const DqStoreOps *ops, gpointer self);
DqStore *dq_store_ref(DqStore *store);
void dq_store_unref(DqStore *store);

#pragma GCC visibility pop

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqStore, dq_store_unref)

G_END_DECLS

#endif
