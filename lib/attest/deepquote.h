/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdeepquote: verification of deep quotes, and the Merkle tree under them.
 *
 * A deep quote is a quote of a virtual TPM together with evidence that the hardware TPM of the host
 * signed. A verifier needs no TPM: it needs the Names of the host keys that it trusts, the nonce
 * that it chose, and whatever it knows about the virtual machine.
 *
 *     g_autoptr(DqStoreFile) file = dq_store_file_open("verifier.store", &error);
 *     g_autoptr(DqStore) store = dq_store_file_get_store(file);
 *     g_autoptr(DqPolicy) policy = dq_policy_new_from_file("policy", &error);
 *     g_autoptr(DqVerifier) verifier = dq_verifier_new();
 *     dq_verifier_set_store(verifier, store);
 *     dq_verifier_set_policy(verifier, policy);
 *     g_autoptr(DqVerdict) verdict = dq_verifier_check(verifier, &quote, &expected, &error);
 *     if (verdict != NULL && dq_verdict_is_trusted(verdict)) ...
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
#include <stdint.h>

G_BEGIN_DECLS

#pragma GCC visibility push(default) /* what the shared library exports */

#define DQ_HASH_SIZE 32 /* SHA-256 */
#define DQ_UUID_SIZE 16
#define DQ_LINEAGE_SIZE 16
#define DQ_NAME_MAX 66 /* algorithm and the longest digest */
#define DQ_NONCE_MAX 64

/** A borrowed run of bytes; @data may be NULL where @len is 0. */
typedef struct DqBytes {
    const uint8_t *data;
    gsize len;
} DqBytes;

/** DqStore: what a verifier remembers; see store.h. */
typedef struct DqStore DqStore;

/**
 * DqError:
 * @DQ_ERROR_KEY: not a TPM public area that can verify signatures
 * @DQ_ERROR_POLICY: a policy file that says something it should not; the message names the line
 * @DQ_ERROR_VALUE: text that is not the UUID, Name or hexadecimal digits that it should be
 * @DQ_ERROR_STORE: a store that is missing, damaged, in use, or cannot be written
 * @DQ_ERROR_RECORD: a record that is there already, or is not there, or cannot be kept
 */
typedef enum DqError {
    DQ_ERROR_KEY,
    DQ_ERROR_POLICY,
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
char *dq_hex_encode(const uint8_t *data, gsize len);

/**
 * dq_uuid_parse:
 * @text: 8-4-4-4-12 hexadecimal digits
 * @ret_uuid: the 16 bytes in that order (RFC 4122)
 *
 * Errors: DQ_ERROR_VALUE.
 */
gboolean dq_uuid_parse(const char *text, uint8_t ret_uuid[DQ_UUID_SIZE], GError **error);

/** dq_uuid_format: (transfer full): the lower-case text form. */
char *dq_uuid_format(const uint8_t uuid[DQ_UUID_SIZE]);

/* ------------------------------------------------------------------------------------ Tree */

#define DQ_MERKLE_PATH_MAX 32 /* nodes in the longest inclusion proof */
#define DQ_MERKLE_LEAVES_MAX (G_GUINT64_CONSTANT(1) << DQ_MERKLE_PATH_MAX)

/** dq_merkle_leaf: SHA-256(0x00 || binding). */
void dq_merkle_leaf(const uint8_t *binding, gsize len, uint8_t ret_leaf[DQ_HASH_SIZE]);

/**
 * DqMerkleRoot: the root over leaves that come one after the other, in constant space.
 * Set it to zeroes, add leaves, ask for the root at any time.
 */
typedef struct DqMerkleRoot {
    uint64_t count;                                     /* leaves so far */
    uint8_t peak[DQ_MERKLE_PATH_MAX + 1][DQ_HASH_SIZE]; /* private: one for each bit of @count */
} DqMerkleRoot;

/** dq_merkle_root_add: FALSE, and nothing changes, where DQ_MERKLE_LEAVES_MAX are there already. */
gboolean dq_merkle_root_add(DqMerkleRoot *r, const uint8_t leaf[DQ_HASH_SIZE]);

/** dq_merkle_root_get: the Merkle Tree Hash of RFC 9162 section 2.1.1; of no leaves SHA-256(). */
void dq_merkle_root_get(const DqMerkleRoot *r, uint8_t ret_root[DQ_HASH_SIZE]);

/** DqMerkleTree: a whole tree in memory, about 64 bytes a leaf. It never changes. */
typedef struct DqMerkleTree DqMerkleTree;

/**
 * dq_merkle_tree_new:
 * @leaves: @count leaves of DQ_HASH_SIZE bytes each, one after the other; copied
 * @count: at least 1, at most DQ_MERKLE_LEAVES_MAX
 */
DqMerkleTree *dq_merkle_tree_new(const uint8_t *leaves, uint64_t count);
void dq_merkle_tree_free(DqMerkleTree *tree);

/** dq_merkle_tree_root: DQ_HASH_SIZE bytes, borrowed from @tree. */
const uint8_t *dq_merkle_tree_root(const DqMerkleTree *tree);

/**
 * dq_merkle_tree_path:
 * @index: of the leaf, below the number of leaves
 * @ret_path: the inclusion proof, lowest node first; room for DQ_MERKLE_PATH_MAX nodes of
 *            DQ_HASH_SIZE bytes
 *
 * Returns: the number of nodes written. Spec: RFC 9162 section 2.1.3.1.
 */
gsize dq_merkle_tree_path(const DqMerkleTree *tree, uint64_t index, uint8_t *ret_path);

/**
 * dq_merkle_root_from_path:
 * @leaf: what the proof is for
 * @path: @path_length nodes of DQ_HASH_SIZE bytes each, lowest first
 * @ret_root: the root that the proof leads to; untouched on failure
 *
 * Returns: FALSE where no tree of @size leaves has a proof of this length at @index.
 * Spec: RFC 9162 section 2.1.3.2.
 */
gboolean dq_merkle_root_from_path(const uint8_t leaf[DQ_HASH_SIZE], uint64_t index, uint64_t size,
                                  const uint8_t *path, gsize path_length,
                                  uint8_t ret_root[DQ_HASH_SIZE]);

/**
 * dq_merkle_qualifying_data: what the hardware TPM is given as qualifying data for a batch:
 * SHA-256("DEEPQUOTE-ROOT-V2" || 0x00 || UINT64 size || root).
 */
void dq_merkle_qualifying_data(uint64_t size, const uint8_t root[DQ_HASH_SIZE],
                               uint8_t ret_data[DQ_HASH_SIZE]);

/**
 * dq_host_qualifying_data: what the hardware TPM is given for a quote of the host alone:
 * SHA-256("DEEPQUOTE-HOST-V2" || 0x00 || nonce).
 */
void dq_host_qualifying_data(DqBytes nonce, uint8_t ret_data[DQ_HASH_SIZE]);

/* ------------------------------------------------------------------------------------- Key */

/** DqKey: the public area of a TPM key. It never changes and may be shared by threads. */
typedef struct DqKey DqKey;

/**
 * dq_key_new:
 * @data: TPM2B_PUBLIC, or the TPMT_PUBLIC inside it; RSA, or ECC on NIST P-256, P-384 or P-521
 *
 * Errors: DQ_ERROR_KEY.
 */
DqKey *dq_key_new(const uint8_t *data, gsize len, GError **error);

/** dq_key_new_from_file: as dq_key_new(). Errors: DQ_ERROR_KEY, and G_FILE_ERROR. */
DqKey *dq_key_new_from_file(const char *path, GError **error);
DqKey *dq_key_ref(DqKey *key);
void dq_key_unref(DqKey *key);

/**
 * dq_spki_new: (transfer full): SubjectPublicKeyInfo, DER, of a public key or certificate.
 * @data: PEM or DER
 *
 * Errors: DQ_ERROR_KEY.
 */
GBytes *dq_spki_new(DqBytes data, GError **error);

/** dq_key_has_spki: whether @spki, from dq_spki_new(), is of the same public key. */
gboolean dq_key_has_spki(const DqKey *key, DqBytes spki);

/** dq_key_get_name: the key's Name, borrowed. */
DqBytes dq_key_get_name(const DqKey *key);

/** dq_key_get_public: the TPMT_PUBLIC that it was made of, borrowed: dq_key_new() takes it. */
DqBytes dq_key_get_public(const DqKey *key);

/**
 * dq_key_qualified_name: the qualified name that the key has as a primary of a hierarchy.
 * @hierarchy: TPM_RH_OWNER, TPM_RH_ENDORSEMENT or another
 * @ret_name: room for DQ_NAME_MAX bytes
 *
 * Returns: its length. Spec: TPM 2.0 Part 1, section 26.5.
 */
gsize dq_key_qualified_name(const DqKey *key, uint32_t hierarchy, uint8_t *ret_name);

/**
 * dq_key_is_attestation_key: whether a TPM made it, keeps it, and signs with it only what it made
 * itself: fixedTPM, fixedParent, sensitiveDataOrigin, restricted, sign and not decrypt.
 */
gboolean dq_key_is_attestation_key(const DqKey *key);

/** dq_key_is_restricted: whether it is fixedTPM, restricted, signs and does not decrypt. */
gboolean dq_key_is_restricted(const DqKey *key);

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
gboolean dq_bind_nonce(DqBytes challenge, DqBytes channel_key, uint8_t ret_nonce[DQ_HASH_SIZE],
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

/**
 * dq_policy_new_with_keys: as dq_policy_new_from_text(), but no key file is read.
 * @keys: char * -> DqKey: what stands in their place, by the paths that the text has
 */
DqPolicy *dq_policy_new_with_keys(const char *text, gsize len, const char *name, GHashTable *keys,
                                  GError **error);

/**
 * DqUrgency: of a vulnerability of a package, as Debian's security tracker has it. One that it does
 * not rate is DQ_URGENCY_HIGH.
 */
typedef enum DqUrgency {
    DQ_URGENCY_UNIMPORTANT,
    DQ_URGENCY_LOW,
    DQ_URGENCY_MEDIUM,
    DQ_URGENCY_HIGH,
    DQ_URGENCY_NEVER, /* above all that there are */
} DqUrgency;

/** dq_policy_get_urgency: from which on a vulnerability that has been fixed refuses. */
DqUrgency dq_policy_get_urgency(const DqPolicy *policy);

/** dq_policy_get_keys: borrowed: what dq_policy_new_with_keys() needs to make it again. */
GHashTable *dq_policy_get_keys(const DqPolicy *policy);
DqPolicy *dq_policy_ref(DqPolicy *policy);
void dq_policy_unref(DqPolicy *policy);

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
    DQ_CHECK_LINEAGE,
    DQ_CHECK_MOVED,
    DQ_CHECK_POLICY,
    DQ_CHECKS, /* how many there are */
} DqCheck;

/**
 * DqResult:
 * @DQ_RESULT_NOT_RUN: a check before it failed
 * @DQ_RESULT_PASS: all that belongs to the check was compared, and holds
 * @DQ_RESULT_FAIL: something does not hold
 * @DQ_RESULT_NOT_COMPARED: what was compared holds, but something was not: the detail says what,
 *     and how to have it compared
 * @DQ_RESULT_WARNING: of findings alone: all holds, but somebody should look at it
 */
typedef enum DqResult {
    DQ_RESULT_NOT_RUN,
    DQ_RESULT_PASS,
    DQ_RESULT_FAIL,
    DQ_RESULT_NOT_COMPARED,
    DQ_RESULT_WARNING,
} DqResult;

/**
 * DqOutcome:
 * @DQ_REFUSED: a check failed
 * @DQ_AUTHENTIC: no check failed, but something was not compared
 * @DQ_TRUSTED: everything was compared and holds, with a host that the store holds as enrolled
 */
typedef enum DqOutcome {
    DQ_REFUSED,
    DQ_AUTHENTIC,
    DQ_TRUSTED,
} DqOutcome;

/** dq_outcome_word: "refused", "authentic" or "trusted". */
const char *dq_outcome_word(DqOutcome outcome);

/** dq_check_word: the stable reason word, such as "bad-proof". */
const char *dq_check_word(DqCheck check);

/** dq_check_text: a line for people on what the check makes sure of. */
const char *dq_check_text(DqCheck check);

/** DqPcrValue: a PCR of a bank and its value as a TPM quoted it. Borrowed. */
typedef struct DqPcrValue {
    uint16_t alg; /* TPM_ALG_* of the bank */
    unsigned pcr;
    DqBytes value;
} DqPcrValue;

/**
 * DqQuotedPcrs: what both TPMs quoted; @vtpm has none where the guest handed none over. Borrowed.
 * @host_key: the host's attestation key, which has signed for it
 * @now: when the verifier looks, in seconds since 1970
 */
typedef struct DqQuotedPcrs {
    const DqPcrValue *host;
    gsize host_count;
    const DqPcrValue *vtpm;
    gsize vtpm_count;
    DqKey *host_key;
    int64_t now;
} DqQuotedPcrs;

typedef struct DqVerdict DqVerdict;

/**
 * DqAppraise: looks at more than the checks do, such as logs that explain the PCRs, and says what
 * it found with dq_verdict_add_finding().
 *
 * Called where no check failed, before anything is recorded, and perhaps more than once.
 */
typedef void (*DqAppraise)(const DqQuotedPcrs *pcrs, DqVerdict *verdict, gpointer data);

/**
 * DqQuote: what a guest hands over. All of it is borrowed, and nothing of it is believed.
 * @evidence: the evidence
 * @vtpm_quoted: TPMS_ATTEST of the vTPM's quote; of a TPM 1.2, TPM_QUOTE_INFO2 and what was signed
 *     behind it
 * @vtpm_signature: TPMT_SIGNATURE over it; empty, or of TPM_ALG_NULL, where nothing signed
 * @vtpm_pcrs: the vTPM's selected PCR values, bank by bank, ascending, one after the other
 * @launch_parts: the list of what the VM was started with; empty where it did not come. A policy
 * may have values for parts
 * @vtpm_ek: the certificate of the vTPM's endorsement key; empty where it did not come. A policy
 * may ask for one; it is @appraise that looks at it
 * @vtpm_key: (nullable): the key that the guest says it signed with: the signature is checked with
 *     it if it has the Name that the host vouches for; it says nothing about whose key it is
 * @appraise: (nullable): appraises what else came with it; gets @appraise_data
 */
typedef struct DqQuote {
    DqBytes evidence;
    DqBytes vtpm_quoted;
    DqBytes vtpm_signature;
    DqBytes vtpm_pcrs;
    DqBytes launch_parts;
    DqBytes vtpm_ek;
    DqKey *vtpm_key;
    DqAppraise appraise;
    gpointer appraise_data;
} DqQuote;

/**
 * DqExpected: what the verifier expects of this deep quote, from its own records. All of it is
 * borrowed; what is left empty or NULL is not known.
 * @challenge: the nonce that the verifier gave out; empty: any of the store's challenges that is
 *     not used yet
 * @bound_nonce: what @challenge becomes with the key at the other end of the channel to the VM:
 *     dq_bind_nonce(); empty: the nonce is the challenge, and no channel is bound
 * @uuid: (nullable): the VM's UUID
 * @vtpm_key: (nullable): the vTPM's signing key
 * @vtpm_ak: Name of the vTPM's signing key
 * @vtpm_spki: the signing key without attributes and Name: dq_spki_new(). The key that has the Name
 *     in the evidence must then be this one; its attributes are those that this Name covers
 * @vtpm_ek: Name of the vTPM's EK
 * @host_finding: (nullable): the word of the finding of the quote's DqAppraise that compares the
 *     host's PCRs with reference values, so that the policy need not; without it nothing is
 * compared
 */
typedef struct DqExpected {
    DqBytes challenge;
    DqBytes bound_nonce;
    const uint8_t *uuid;
    DqKey *vtpm_key;
    DqBytes vtpm_ak;
    DqBytes vtpm_spki;
    DqBytes vtpm_ek;
    const char *host_finding;
} DqExpected;

#define DQ_EK_TEXT_MAX 255 /* bytes */

/**
 * DqEkFacts: what the certificate of a TPM's endorsement key says. Printable UTF-8, "" where it
 * does not say; what is longer is cut.
 * @manufacturer, @model, @version: TPMManufacturer, TPMModel and TPMVersion: TCG EK Credential
 *     Profile 2.5; the version is that of the firmware when the certificate was made
 * @serial: hexadecimal digits; "" where there is no certificate
 * @issuer: as in RFC 4514
 * @expires: seconds since 1970
 */
typedef struct DqEkFacts {
    char manufacturer[DQ_EK_TEXT_MAX + 1];
    char model[DQ_EK_TEXT_MAX + 1];
    char version[DQ_EK_TEXT_MAX + 1];
    char serial[DQ_EK_TEXT_MAX + 1];
    char issuer[DQ_EK_TEXT_MAX + 1];
    int64_t expires;
} DqEkFacts;

/**
 * DqFacts: what the evidence says, and what the verifier holds about it. Worth something only in a
 * trusted verdict.
 * @host_enrolled: since when the store holds the host as enrolled; 0: it does not
 * @host_by_proof: whether by proof; else on the operator's word
 * @host_ek: what the certificate of the host's TPM said when it was enrolled by proof; borrowed
 *     from the verdict; NULL where it was not
 * @host_simulated: the store says that the host's TPM is a stand-in
 * @first_seen: the VM was added to the store and had no trusted deep quote before
 * @channel_bound: the nonce holds the key at the other end of the channel
 * @vtpm_is_tpm12: the vTPM is a TPM 1.2, which signs with SHA-1
 */
typedef struct DqFacts {
    uint8_t host_name[DQ_NAME_MAX];
    gsize host_name_len;
    uint32_t host_reset_count;
    uint32_t host_restart_count;
    uint64_t host_clock; /* milliseconds */
    gboolean host_clock_safe;
    uint64_t host_firmware;
    uint8_t uuid[DQ_UUID_SIZE];
    uint8_t lineage[DQ_LINEAGE_SIZE];
    uint64_t epoch;
    uint64_t generation;
    uint8_t vtpm_signer[DQ_NAME_MAX];
    gsize vtpm_signer_len; /* 0: not signed by the vTPM */
    uint8_t vtpm_ek[DQ_NAME_MAX];
    gsize vtpm_ek_len; /* 0: the vTPM has none */
    uint64_t tree_size;
    uint64_t leaf_index;
    int64_t host_enrolled;
    gboolean host_by_proof;
    const DqEkFacts *host_ek;
    gboolean host_simulated;
    gboolean first_seen;
    gboolean channel_bound;
    gboolean vtpm_is_tpm12;
} DqFacts;

/**
 * DqFinding: what an appraisal found, beside the checks.
 * @word: a stable word for what was appraised; a verdict may have several of one word
 * @detail: for people; never NULL
 */
typedef struct DqFinding {
    const char *word;
    DqResult result;
    const char *detail;
} DqFinding;

/* DqVerdict: every check with its result, and the findings of an appraisal. */

void dq_verdict_free(DqVerdict *verdict);

DqOutcome dq_verdict_get_outcome(const DqVerdict *verdict);

/** dq_verdict_is_trusted: whether the outcome is DQ_TRUSTED: checks and findings all passed. */
gboolean dq_verdict_is_trusted(const DqVerdict *verdict);

/**
 * dq_verdict_add_finding: for a DqAppraise. The outcome is DQ_TRUSTED only where each finding is
 * DQ_RESULT_PASS or DQ_RESULT_WARNING, and DQ_REFUSED where one is DQ_RESULT_FAIL.
 * @word: static
 * @detail: (transfer full)
 */
void dq_verdict_add_finding(DqVerdict *verdict, const char *word, DqResult result, char *detail);

/** dq_verdict_get_findings: how many there are. */
guint dq_verdict_get_findings(const DqVerdict *verdict);

/** dq_verdict_get_finding: borrowed, of the one with this number from 0. */
DqFinding dq_verdict_get_finding(const DqVerdict *verdict, guint number);

/** dq_verdict_get_reason: the word of the check or finding that failed; NULL where none failed. */
const char *dq_verdict_get_reason(const DqVerdict *verdict);
DqResult dq_verdict_get_result(const DqVerdict *verdict, DqCheck check);

/** dq_verdict_get_detail: more about the result, for people; never NULL. */
const char *dq_verdict_get_detail(const DqVerdict *verdict, DqCheck check);

/** dq_verdict_get_facts: NULL where the evidence could not be decoded. Borrowed. */
const DqFacts *dq_verdict_get_facts(const DqVerdict *verdict);

/** dq_verdict_to_json: (transfer full): one JSON object in UTF-8, without a newline at its end. */
char *dq_verdict_to_json(const DqVerdict *verdict);

/**
 * DqVerifier: what a verifier goes by: store, policy, keys, and a memory of the host signatures
 * that were good, so that evidence of one batch costs one check of the host's signature.
 */
typedef struct DqVerifier DqVerifier;

DqVerifier *dq_verifier_new(void);
void dq_verifier_free(DqVerifier *verifier);

/**
 * dq_verifier_add_host: accepts what this host key signs, if it is an attestation key. Nobody
 * enrolled it, so that the outcome is DQ_AUTHENTIC at best; a store's word about it comes first.
 */
void dq_verifier_add_host(DqVerifier *verifier, DqKey *key);

/**
 * dq_verifier_offer_host_key: makes a key's public area available without accepting it: for hosts
 * that the policy names by their key's Name alone.
 */
void dq_verifier_offer_host_key(DqVerifier *verifier, DqKey *key);

/**
 * dq_verifier_allow_key: lets a vTPM sign with the key of this Name although it is not restricted
 * or not fixedTPM, so that whoever has it can sign quotes that no TPM made.
 */
void dq_verifier_allow_key(DqVerifier *verifier, DqBytes name);

/** dq_verifier_allow_simulated: lets hosts with a stand-in TPM be trusted; the verdict tells. */
void dq_verifier_allow_simulated(DqVerifier *verifier, gboolean allow);

/**
 * dq_verifier_allow_host_vouched: lets a VM be trusted whose quote no key of its vTPM signed, on
 * the host's word alone; the verdict tells. A policy may allow it for some VMs.
 */
void dq_verifier_allow_host_vouched(DqVerifier *verifier, gboolean allow);

/** dq_verifier_set_policy, dq_verifier_set_store: (nullable); referenced. */
void dq_verifier_set_policy(DqVerifier *verifier, DqPolicy *policy);
void dq_verifier_set_store(DqVerifier *verifier, DqStore *store);

/** dq_verifier_set_time: seconds since 1970 that count as now; 0: the system's clock. For tests. */
void dq_verifier_set_time(DqVerifier *verifier, int64_t now);

/** DqStoreAnswers: what a store said; see store.h. */
typedef struct DqStoreAnswers DqStoreAnswers;

/** dq_verifier_keep_answers: has verdicts keep what the store said. Off at first. */
void dq_verifier_keep_answers(DqVerifier *verifier, gboolean keep);

/** dq_verdict_get_answers: borrowed; NULL where they were not kept. */
const DqStoreAnswers *dq_verdict_get_answers(const DqVerdict *verdict);

/**
 * dq_verifier_check: runs the checks in their order up to the first that fails.
 *
 * The challenge is used up whatever the outcome. A trusted outcome, and no other, is recorded in
 * the store before this returns.
 *
 * Returns: (transfer full): the verdict; NULL, with DQ_ERROR_STORE, where the store does not work:
 * then nothing was decided, and the challenge may be used up.
 */
DqVerdict *dq_verifier_check(DqVerifier *verifier, const DqQuote *quote, const DqExpected *expected,
                             GError **error);

/** DqStream: one verifier at work on many deep quotes. */
typedef struct DqStream DqStream;

/**
 * DqVerdictFunc:
 * @tag: as given to dq_stream_push(), whose deep quote is not needed any more
 * @verdict: (transfer full): NULL where there is none, with @error
 *
 * Called once for each deep quote, never twice at a time, in the order of the verdicts: with one
 * thread or none this is the order of the deep quotes. It must not push.
 */
typedef void (*DqVerdictFunc)(gpointer tag, DqVerdict *verdict, const GError *error, gpointer data);

/**
 * dq_stream_new:
 * @verifier: borrowed, and not changed until dq_stream_finish()
 * @threads: that verify; with 0 it is done within dq_stream_push()
 *
 * With several threads the store sees deep quotes of the same VM in any order, so that an older
 * one may turn out stale.
 */
DqStream *dq_stream_new(DqVerifier *verifier, guint threads, DqVerdictFunc func, gpointer data);

/**
 * dq_stream_push: hands over a deep quote; waits while too many are queued. What @quote and
 * @expected point to must live until the verdict has been delivered.
 */
void dq_stream_push(DqStream *stream, const DqQuote *quote, const DqExpected *expected,
                    gpointer tag);

/** dq_stream_finish: waits for the verdicts that are missing, and frees the stream. */
void dq_stream_finish(DqStream *stream);

#pragma GCC visibility pop

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqMerkleTree, dq_merkle_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqKey, dq_key_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqPolicy, dq_policy_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqStream, dq_stream_finish)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqVerdict, dq_verdict_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqVerifier, dq_verifier_free)

G_END_DECLS

#endif
