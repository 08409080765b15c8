/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DeepQuote vendor commands, the binding that the hardware TPM signs, and the evidence.
 *
 * Spec: docs/specs/deepquote-wire.md, sections 1 to 3.
 */
#ifndef WIRE_DEEPQUOTE_H
#define WIRE_DEEPQUOTE_H

#include "tpm.h"

enum {
    TPM_CC_DeepQuote = 0x20000D01,
    TPM_CC_HostPCRRead = 0x20000D02,
    TPM_CC_HostCredential = 0x20000D03,
    TPMA_CC_DeepQuote = 0x22000D01,
    TPMA_CC_HostPCRRead = 0x20000D02,
    TPMA_CC_HostCredential = 0x20000D03,
};

/* Response codes of the vendor layer */
enum {
    DEEPQUOTE_RC_NO_MANAGER = 0x501,
    DEEPQUOTE_RC_DENIED = 0x502,
    DEEPQUOTE_RC_HOST_TPM = 0x503,
    DEEPQUOTE_RC_TIMEOUT = 0x504,
};

enum {
    DEEPQUOTE_HASH_UUID = 0x01,
    DEEPQUOTE_VTPM_MEASUREMENTS = 0x02,
    DEEPQUOTE_GROUP_INFO = 0x04,
    DEEPQUOTE_GROUP_PUBKEY = 0x08,
    DEEPQUOTE_VM_LAUNCH = 0x10,
    DEEPQUOTE_FLAGS_ALL = 0x1F,
};

enum {
    DEEPQUOTE_BINDING_MAGIC = 0x44515442,
    DEEPQUOTE_EVIDENCE_MAGIC = 0x44515445,
    DEEPQUOTE_VERSION = 1,
    DEEPQUOTE_NONCE_MAX = 64,
    DEEPQUOTE_UUID_SIZE = 16,
    DEEPQUOTE_HASH_SIZE = 32,
    DEEPQUOTE_HOST_BANKS_MAX = 4,
    DEEPQUOTE_HOST_PCRS_MAX = DEEPQUOTE_HOST_BANKS_MAX * WIRE_PCR_SELECT_MAX * 8,
    DEEPQUOTE_PATH_MAX = 32,
    DEEPQUOTE_BINDING_MAX = 640,   /* more than any binding */
    DEEPQUOTE_EVIDENCE_MAX = 4096, /* it must fit a TPM response */
    DEEPQUOTE_PAGE_MAX = 1024,     /* bytes of one TPM2_HostCredential answer */
};

/* TPM2_HostCredential: what */
enum {
    DEEPQUOTE_HOST_AK_PUBLIC = 0,
    DEEPQUOTE_HOST_AK_CERTIFICATE = 1,
    DEEPQUOTE_HOST_EK_CERTIFICATE = 2,
    DEEPQUOTE_GROUP_AK_CHAIN = 3,
    DEEPQUOTE_CREDENTIALS = 4, /* how many there are */
};

/** TPM2_DeepQuote command. */
typedef struct WireDeepQuoteCommand {
    uint32_t sign_handle;
    WireAuthArea auth;
    WireBytes qualifying_data; /* as sent: encrypted where a session has the decrypt attribute */
    WireSigScheme scheme;
    WirePcrSelection vtpm_pcrs;
    WirePcrSelection host_pcrs;
    uint32_t flags;
    size_t quote_size; /* bytes of the command that are its TPM2_Quote, header included */
} WireDeepQuoteCommand;

/**
 * wire_decode_deepquote_command:
 * @bytes: the whole command
 *
 * Returns TPM_RC_SUCCESS, or the TPM 2.0 response code for the first fault, in standard form with
 * the number of the parameter, handle or session; @ret is then untouched.
 */
uint32_t wire_decode_deepquote_command(WireBytes bytes, WireDeepQuoteCommand *ret);
bool wire_put_deepquote_command(WireWriter *w, const WireDeepQuoteCommand *c);

/**
 * wire_decode_host_pcr_read_command, wire_decode_host_credential_command: as above.
 */
uint32_t wire_decode_host_pcr_read_command(WireBytes bytes, WirePcrSelection *ret);
uint32_t wire_decode_host_credential_command(WireBytes bytes, uint32_t *ret_what,
                                             uint32_t *ret_offset);

/** TPM2_DeepQuote response with TPM_RC_SUCCESS, split into its parts. */
typedef struct WireDeepQuoteResponse {
    WireBytes quoted;    /* TPMS_ATTEST */
    WireBytes signature; /* TPMT_SIGNATURE */
    WireBytes evidence;  /* empty in the response of a plain TPM2_Quote */
    WireBytes auth;      /* authorization area, undecoded */
} WireDeepQuoteResponse;

/** wire_decode_quote_response: the response of TPM2_Quote, TPM_ST_SESSIONS and success only. */
bool wire_decode_quote_response(WireBytes bytes, WireDeepQuoteResponse *ret);
bool wire_decode_deepquote_response(WireBytes bytes, WireDeepQuoteResponse *ret);
bool wire_put_deepquote_response(WireWriter *w, const WireDeepQuoteResponse *resp);

/** The binding. Sizes of digests: vtpm_quoted 32; the optional ones 32, or empty without their
 * flag. */
typedef struct WireBinding {
    uint32_t flags;
    WireBytes nonce;
    WireBytes vtpm_quoted;
    WireBytes vtpm_signer;
    uint8_t uuid[DEEPQUOTE_UUID_SIZE];
    WireBytes vtpm_ek;
    uint64_t epoch;
    uint64_t generation;
    WireBytes measurement;
    WireBytes group_info;
    WireBytes group_key;
    WireBytes launch;
} WireBinding;

bool wire_decode_binding(WireBytes bytes, WireBinding *ret);
bool wire_put_binding(WireWriter *w, const WireBinding *b);

/** The evidence. */
typedef struct WireEvidence {
    WireBytes host_quoted; /* TPMS_ATTEST, not decoded here: see wire_decode_attest() */
    WireSignature host_signature;
    WireBytes host_signer;
    WireBytes binding_bytes; /* what the leaf hashes */
    WireBinding binding;     /* the same, decoded; ignored when encoding */
    uint64_t tree_size;
    uint64_t leaf_index;
    uint16_t path_length; /* nodes of DEEPQUOTE_HASH_SIZE bytes each */
    const uint8_t *path;
    WirePcrSelection host_pcrs;
    uint32_t pcr_count;                     /* equals wire_pcr_count(&host_pcrs) */
    WireBytes pcr[DEEPQUOTE_HOST_PCRS_MAX]; /* bank by bank, ascending */
} WireEvidence;

/**
 * wire_decode_evidence: decodes the evidence and the binding inside it. Refuses a count of PCR
 * values other than what is selected, and a value whose size is not its bank's digest size.
 */
bool wire_decode_evidence(WireBytes bytes, WireEvidence *ret);
bool wire_put_evidence(WireWriter *w, const WireEvidence *e);

#endif
