/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdeepquote: verification of deep quotes, and the Merkle tree under them.
 *
 * A deep quote is a quote of a virtual TPM together with evidence that the hardware TPM of the host
 * signed. A verifier needs no TPM: it needs the Names of the host keys that it trusts, the nonce
 * that it chose, and whatever it knows about the virtual machine.
 *
 *     g_autoptr(DqVerifier) verifier = dq_verifier_new();
 *     g_autoptr(DqKey) host = dq_key_new_from_file("host-ak.pub", &error);
 *     dq_verifier_enrol_host(verifier, host);
 *     g_autoptr(DqVerdict) verdict = dq_verifier_check(verifier, &quote);
 *     if (dq_verdict_is_trusted(verdict)) ...
 *
 * Formats and the order of the checks: the DeepQuote wire format (docs/specs/deepquote-wire.md).
 * TPM structures are handed over as they travel: big-endian, as tpm2-tools writes them to files.
 *
 * The library opens no sockets, never logs and needs no initialisation. Distinct objects may be
 * used from distinct threads; of one DqVerifier only dq_verifier_check() may run in several threads
 * at once, after it has been set up.
 */
#ifndef DEEPQUOTE_H
#define DEEPQUOTE_H

#include <glib.h>

G_BEGIN_DECLS

#pragma GCC visibility push(default) /* what the shared library exports */

#define DQ_HASH_SIZE 32 /* SHA-256 */
#define DQ_UUID_SIZE 16
#define DQ_LINEAGE_SIZE 16
#define DQ_NAME_MAX 66 /* algorithm and the longest digest */
#define DQ_NONCE_MAX 64

/** A borrowed run of bytes; @data may be NULL where @len is 0. */
typedef struct DqBytes {
    const guint8 *data;
    gsize len;
} DqBytes;

/** DqStore: what a verifier remembers; see store.h. */
typedef struct DqStore DqStore;

/**
 * DqError:
 * @DQ_ERROR_KEY: not a TPM public area that can verify signatures
 * @DQ_ERROR_POLICY: a policy file that says something it should not; the message names the line
 * @DQ_ERROR_STATE: a state file that is damaged, in use, or cannot be written
 * @DQ_ERROR_VALUE: text that is not the UUID, Name or hexadecimal digits that it should be
 * @DQ_ERROR_STORE: a store that is missing, damaged, in use, or cannot be written
 * @DQ_ERROR_RECORD: a record that is there already, or is not there, or cannot be kept
 */
typedef enum DqError {
    DQ_ERROR_KEY,
    DQ_ERROR_POLICY,
    DQ_ERROR_STATE,
    DQ_ERROR_VALUE,
    DQ_ERROR_STORE,
    DQ_ERROR_RECORD,
} DqError;

#define DQ_ERROR dq_error_quark()
GQuark dq_error_quark(void);

/* ------------------------------------------------------------------------------------ Text */

/**
 * dq_hex_decode:
 * @text: hexadecimal digits, in either case, an even number
 *
 * Returns: (transfer full): the bytes. Errors: DQ_ERROR_VALUE.
 */
GBytes *dq_hex_decode(const char *text, GError **error);

/** dq_hex_encode: (transfer full): lower-case digits; "" for no bytes. */
char *dq_hex_encode(const guint8 *data, gsize len);

/**
 * dq_uuid_parse:
 * @text: 8-4-4-4-12 hexadecimal digits
 * @ret_uuid: the 16 bytes in that order (RFC 4122)
 *
 * Errors: DQ_ERROR_VALUE.
 */
gboolean dq_uuid_parse(const char *text, guint8 ret_uuid[DQ_UUID_SIZE], GError **error);

/** dq_uuid_format: (transfer full): the lower-case text form. */
char *dq_uuid_format(const guint8 uuid[DQ_UUID_SIZE]);

/* ------------------------------------------------------------------------------------ Tree */

#define DQ_MERKLE_PATH_MAX 32 /* nodes in the longest inclusion proof */
#define DQ_MERKLE_LEAVES_MAX (G_GUINT64_CONSTANT(1) << DQ_MERKLE_PATH_MAX)

/** dq_merkle_leaf: SHA-256(0x00 || binding). */
void dq_merkle_leaf(const guint8 *binding, gsize len, guint8 ret_leaf[DQ_HASH_SIZE]);

/**
 * DqMerkleRoot: the root over leaves that come one after the other, in constant space.
 * Set it to zeroes, add leaves, ask for the root at any time.
 */
typedef struct DqMerkleRoot {
    guint64 count;                                     /* leaves so far */
    guint8 peak[DQ_MERKLE_PATH_MAX + 1][DQ_HASH_SIZE]; /* private: one for each bit of @count */
} DqMerkleRoot;

/** dq_merkle_root_add: FALSE, and nothing changes, where DQ_MERKLE_LEAVES_MAX are there already. */
gboolean dq_merkle_root_add(DqMerkleRoot *r, const guint8 leaf[DQ_HASH_SIZE]);

/** dq_merkle_root_get: the Merkle Tree Hash of RFC 9162 section 2.1.1; of no leaves SHA-256(). */
void dq_merkle_root_get(const DqMerkleRoot *r, guint8 ret_root[DQ_HASH_SIZE]);

/** DqMerkleTree: a whole tree in memory, about 64 bytes a leaf. It never changes. */
typedef struct DqMerkleTree DqMerkleTree;

/**
 * dq_merkle_tree_new:
 * @leaves: @count leaves of DQ_HASH_SIZE bytes each, one after the other; copied
 * @count: at least 1, at most DQ_MERKLE_LEAVES_MAX
 */
DqMerkleTree *dq_merkle_tree_new(const guint8 *leaves, guint64 count);
void dq_merkle_tree_free(DqMerkleTree *tree);

/** dq_merkle_tree_root: DQ_HASH_SIZE bytes, borrowed from @tree. */
const guint8 *dq_merkle_tree_root(const DqMerkleTree *tree);

/**
 * dq_merkle_tree_path:
 * @index: of the leaf, below the number of leaves
 * @ret_path: the inclusion proof, lowest node first; room for DQ_MERKLE_PATH_MAX nodes of
 *            DQ_HASH_SIZE bytes
 *
 * Returns: the number of nodes written. Spec: RFC 9162 section 2.1.3.1.
 */
gsize dq_merkle_tree_path(const DqMerkleTree *tree, guint64 index, guint8 *ret_path);

/**
 * dq_merkle_root_from_path:
 * @leaf: what the proof is for
 * @path: @path_length nodes of DQ_HASH_SIZE bytes each, lowest first
 * @ret_root: the root that the proof leads to; untouched on failure
 *
 * Returns: FALSE where no tree of @size leaves has a proof of this length at @index.
 * Spec: RFC 9162 section 2.1.3.2.
 */
gboolean dq_merkle_root_from_path(const guint8 leaf[DQ_HASH_SIZE], guint64 index, guint64 size,
                                  const guint8 *path, gsize path_length,
                                  guint8 ret_root[DQ_HASH_SIZE]);

/**
 * dq_merkle_qualifying_data: what the hardware TPM is given as qualifying data for a batch:
 * SHA-256("DEEPQUOTE-ROOT-V2" || 0x00 || UINT64 size || root).
 */
void dq_merkle_qualifying_data(guint64 size, const guint8 root[DQ_HASH_SIZE],
                               guint8 ret_data[DQ_HASH_SIZE]);

/**
 * dq_host_qualifying_data: what the hardware TPM is given for a quote of the host alone:
 * SHA-256("DEEPQUOTE-HOST-V2" || 0x00 || nonce).
 */
void dq_host_qualifying_data(DqBytes nonce, guint8 ret_data[DQ_HASH_SIZE]);

/* ------------------------------------------------------------------------------------- Key */

/** DqKey: the public area of a TPM key. It never changes and may be shared by threads. */
typedef struct DqKey DqKey;

/**
 * dq_key_new:
 * @data: TPM2B_PUBLIC, or the TPMT_PUBLIC inside it; RSA, or ECC on NIST P-256, P-384 or P-521
 *
 * Errors: DQ_ERROR_KEY.
 */
DqKey *dq_key_new(const guint8 *data, gsize len, GError **error);

/** dq_key_new_from_file: as dq_key_new(). Errors: DQ_ERROR_KEY, and G_FILE_ERROR. */
DqKey *dq_key_new_from_file(const char *path, GError **error);
DqKey *dq_key_ref(DqKey *key);
void dq_key_unref(DqKey *key);

/** dq_key_get_name: the key's Name, borrowed. */
DqBytes dq_key_get_name(const DqKey *key);

/**
 * dq_key_qualified_name: the qualified name that the key has as a primary of a hierarchy.
 * @hierarchy: TPM_RH_OWNER, TPM_RH_ENDORSEMENT or another
 * @ret_name: room for DQ_NAME_MAX bytes
 *
 * Returns: its length. Spec: TPM 2.0 Part 1, section 26.5.
 */
gsize dq_key_qualified_name(const DqKey *key, guint32 hierarchy, guint8 *ret_name);

/** dq_key_is_attestation_key: whether it is restricted, fixedTPM, signs and does not decrypt. */
gboolean dq_key_is_attestation_key(const DqKey *key);

/**
 * dq_key_verify:
 * @message: what was signed
 * @signature: TPMT_SIGNATURE: RSASSA, RSAPSS or ECDSA with SHA-256, SHA-384 or SHA-512
 *
 * Returns: TRUE only where the signature verifies and is of the scheme that the key is bound to.
 */
gboolean dq_key_verify(DqKey *key, DqBytes message, DqBytes signature);

/* --------------------------------------------------------------------------------- Channel */

/**
 * dq_bind_nonce: the nonce of a deep quote that is good for one channel only.
 * @challenge: what the verifier chose
 * @channel_key: what the channel's server proves that it has: a certificate or a public key
 *               (SubjectPublicKeyInfo), PEM or DER; of several certificates in PEM the first
 * @ret_nonce: SHA-256("DEEPQUOTE-BIND-V2" || 0x00 || challenge || SHA-256(SubjectPublicKeyInfo))
 *
 * Errors: DQ_ERROR_KEY.
 */
gboolean dq_bind_nonce(DqBytes challenge, DqBytes channel_key, guint8 ret_nonce[DQ_HASH_SIZE],
                       GError **error);

/* ---------------------------------------------------------------------------------- Policy */

/** DqPolicy: what the verifier expects. Format of the file: deepquote-policy(5). */
typedef struct DqPolicy DqPolicy;

/**
 * dq_policy_new_from_text:
 * @text: content of a policy file
 * @name: how messages call it; key files that it names are looked for in this file's folder
 *
 * Errors: DQ_ERROR_POLICY with NAME:LINE, what is wrong and what to do about it.
 */
DqPolicy *dq_policy_new_from_text(const char *text, gsize len, const char *name, GError **error);
DqPolicy *dq_policy_new_from_file(const char *path, GError **error);
DqPolicy *dq_policy_ref(DqPolicy *policy);
void dq_policy_unref(DqPolicy *policy);

/* ----------------------------------------------------------------------------------- State */

/**
 * DqState: what a verifier remembers: of each VM its epoch and generation, of each host its
 * counters, and the nonces that are used up. Only a trusted verdict changes it.
 */
typedef struct DqState DqState;

/** dq_state_new: remembers nothing yet, and is kept in memory only. */
DqState *dq_state_new(void);

/**
 * dq_state_open:
 * @path: need not exist yet
 *
 * Reads the file and locks out other users of it (through PATH.lock) until dq_state_unref().
 * Waits for a user that is there already.
 *
 * Errors: DQ_ERROR_STATE.
 */
DqState *dq_state_open(const char *path, GError **error);

/** dq_state_new_from_text: as a file's content, kept in memory only. Errors: DQ_ERROR_STATE. */
DqState *dq_state_new_from_text(const char *text, gsize len, const char *name, GError **error);

/** dq_state_to_text: (transfer full): what dq_state_save() writes. */
char *dq_state_to_text(DqState *state);

/**
 * dq_state_save: replaces the file in one step, safe on disk when it returns TRUE. Nothing to do
 * for a state that has no file or has not changed. Errors: DQ_ERROR_STATE; the file is as it was.
 */
gboolean dq_state_save(DqState *state, GError **error);
DqState *dq_state_ref(DqState *state);
void dq_state_unref(DqState *state);

/* ----------------------------------------------------------------------------- Verification */

/** The checks, in their order. */
typedef enum DqCheck {
    DQ_CHECK_MALFORMED,
    DQ_CHECK_UNKNOWN_HOST,
    DQ_CHECK_BAD_HOST_SIGNATURE,
    DQ_CHECK_NOT_A_QUOTE,
    DQ_CHECK_BAD_PROOF,
    DQ_CHECK_HOST_PCR_MISMATCH,
    DQ_CHECK_WRONG_NONCE,
    DQ_CHECK_WRONG_VM,
    DQ_CHECK_BAD_VTPM_QUOTE,
    DQ_CHECK_BAD_VTPM_SIGNATURE,
    DQ_CHECK_VTPM_PCR_MISMATCH,
    DQ_CHECK_STALE,
    DQ_CHECK_POLICY,
    DQ_CHECKS, /* how many there are */
} DqCheck;

typedef enum DqResult {
    DQ_RESULT_NOT_RUN,
    DQ_RESULT_PASS,
    DQ_RESULT_FAIL,
} DqResult;

/** dq_check_word: the stable reason word, such as "bad-proof". */
const char *dq_check_word(DqCheck check);

/** dq_check_text: a line for people on what the check makes sure of. */
const char *dq_check_text(DqCheck check);

/**
 * DqQuote: what came from the guest, and what is expected of it. All of it is borrowed.
 * @evidence: the evidence
 * @vtpm_quoted: TPMS_ATTEST of the vTPM's quote
 * @vtpm_signature: TPMT_SIGNATURE over it; empty, or of TPM_ALG_NULL, where nothing signed
 * @vtpm_pcrs: the vTPM's selected PCR values, bank by bank, ascending, one after the other
 * @nonce: the nonce that the verifier chose
 * @uuid: (nullable): the VM's UUID; where NULL the policy's are allowed
 * @vtpm_key: (nullable): the vTPM's signing key that is expected; where NULL the policy's
 * @vtpm_ek: Name of the vTPM's EK that is expected; empty where it is not known
 */
typedef struct DqQuote {
    DqBytes evidence;
    DqBytes vtpm_quoted;
    DqBytes vtpm_signature;
    DqBytes vtpm_pcrs;
    DqBytes nonce;
    const guint8 *uuid;
    DqKey *vtpm_key;
    DqBytes vtpm_ek;
} DqQuote;

/** DqFacts: what the evidence says. Worth something only in a trusted verdict. */
typedef struct DqFacts {
    guint8 host_name[DQ_NAME_MAX];
    gsize host_name_len;
    guint32 host_reset_count;
    guint32 host_restart_count;
    guint64 host_clock; /* milliseconds */
    gboolean host_clock_safe;
    guint64 host_firmware;
    guint8 uuid[DQ_UUID_SIZE];
    guint8 lineage[DQ_LINEAGE_SIZE];
    guint64 epoch;
    guint64 generation;
    guint8 vtpm_signer[DQ_NAME_MAX];
    gsize vtpm_signer_len; /* 0: not signed by the vTPM */
    guint8 vtpm_ek[DQ_NAME_MAX];
    gsize vtpm_ek_len; /* 0: the vTPM has none */
    guint64 tree_size;
    guint64 leaf_index;
} DqFacts;

/** DqVerdict: every check with its result. */
typedef struct DqVerdict DqVerdict;

void dq_verdict_free(DqVerdict *verdict);

/** dq_verdict_is_trusted: whether every one of the checks passed. */
gboolean dq_verdict_is_trusted(const DqVerdict *verdict);

/** dq_verdict_get_reason: the word of the check that failed; NULL in a trusted verdict. */
const char *dq_verdict_get_reason(const DqVerdict *verdict);
DqResult dq_verdict_get_result(const DqVerdict *verdict, DqCheck check);

/** dq_verdict_get_detail: more about the result, for people; never NULL. */
const char *dq_verdict_get_detail(const DqVerdict *verdict, DqCheck check);

/** dq_verdict_get_facts: NULL where the evidence could not be decoded. Borrowed. */
const DqFacts *dq_verdict_get_facts(const DqVerdict *verdict);

/** dq_verdict_to_json: (transfer full): one JSON object in UTF-8, without a newline at its end. */
char *dq_verdict_to_json(const DqVerdict *verdict);

/**
 * DqVerifier: the hosts that are trusted, a policy, a state, and a memory of the host signatures
 * that were good, so that evidence of one batch costs one check of the host's signature.
 */
typedef struct DqVerifier DqVerifier;

DqVerifier *dq_verifier_new(void);
void dq_verifier_free(DqVerifier *verifier);

/** dq_verifier_enrol_host: trusts what this host key signs (if it is an attestation key). */
void dq_verifier_enrol_host(DqVerifier *verifier, DqKey *key);

/**
 * dq_verifier_offer_host_key: makes a key's public area available without trusting it: for hosts
 * that the policy enrols by their key's Name alone.
 */
void dq_verifier_offer_host_key(DqVerifier *verifier, DqKey *key);

/** dq_verifier_set_policy, dq_verifier_set_state: (nullable); referenced. */
void dq_verifier_set_policy(DqVerifier *verifier, DqPolicy *policy);
void dq_verifier_set_state(DqVerifier *verifier, DqState *state);

/**
 * dq_verifier_check: runs the checks in their order up to the first that fails.
 *
 * Where the verdict is trusted the state records it: it is then in memory, and on disk after
 * dq_state_save().
 *
 * Returns: (transfer full): the verdict; never NULL.
 */
DqVerdict *dq_verifier_check(DqVerifier *verifier, const DqQuote *quote);

/** DqStream: one verifier at work on many deep quotes. */
typedef struct DqStream DqStream;

/**
 * DqVerdictFunc:
 * @tag: as given to dq_stream_push(), whose deep quote is not needed any more
 * @verdict: (transfer full)
 *
 * Called once for each deep quote, never twice at a time, in the order of the verdicts: with one
 * thread or none this is the order of the deep quotes. It must not push.
 */
typedef void (*DqVerdictFunc)(gpointer tag, DqVerdict *verdict, gpointer data);

/**
 * dq_stream_new:
 * @verifier: borrowed, and not changed until dq_stream_finish()
 * @threads: that verify; with 0 it is done within dq_stream_push()
 *
 * With several threads the state sees deep quotes of the same VM in any order, so that an older
 * one may turn out stale.
 */
DqStream *dq_stream_new(DqVerifier *verifier, guint threads, DqVerdictFunc func, gpointer data);

/**
 * dq_stream_push: hands over a deep quote; waits while too many are queued. What @quote points to
 * must live until its verdict has been delivered.
 */
void dq_stream_push(DqStream *stream, const DqQuote *quote, gpointer tag);

/** dq_stream_finish: waits for the verdicts that are missing, and frees the stream. */
void dq_stream_finish(DqStream *stream);

#pragma GCC visibility pop

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqMerkleTree, dq_merkle_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqKey, dq_key_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqPolicy, dq_policy_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqState, dq_state_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqStream, dq_stream_finish)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqVerdict, dq_verdict_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqVerifier, dq_verifier_free)

G_END_DECLS

#endif
