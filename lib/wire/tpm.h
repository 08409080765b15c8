/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM 2.0 structures as they travel: headers, authorization areas, PCR selections, schemes,
 * attestations, signatures and public areas.
 *
 * Spec: TPM 2.0 Library, Part 1 (authorization areas) and Part 2 (constants, structures).
 *
 * Decoded structures borrow from the buffer that was decoded. Getters move the reader over one
 * item; `wire_decode_*` demand that the item fills its buffer exactly.
 */
#ifndef WIRE_TPM_H
#define WIRE_TPM_H

#include "cursor.h"

enum {
    TPM_ST_RSP_COMMAND = 0x00C4,
    TPM_ST_NO_SESSIONS = 0x8001,
    TPM_ST_SESSIONS = 0x8002,
    TPM_ST_ATTEST_QUOTE = 0x8018,
};

enum {
    TPM_ALG_RSA = 0x0001,
    TPM_ALG_SHA1 = 0x0004,
    TPM_ALG_HMAC = 0x0005,
    TPM_ALG_SHA256 = 0x000B,
    TPM_ALG_SHA384 = 0x000C,
    TPM_ALG_SHA512 = 0x000D,
    TPM_ALG_NULL = 0x0010,
    TPM_ALG_SM3_256 = 0x0012,
    TPM_ALG_RSASSA = 0x0014,
    TPM_ALG_RSAES = 0x0015,
    TPM_ALG_RSAPSS = 0x0016,
    TPM_ALG_OAEP = 0x0017,
    TPM_ALG_ECDSA = 0x0018,
    TPM_ALG_ECDH = 0x0019,
    TPM_ALG_ECDAA = 0x001A,
    TPM_ALG_SM2 = 0x001B,
    TPM_ALG_ECSCHNORR = 0x001C,
    TPM_ALG_ECC = 0x0023,
    TPM_ALG_SHA3_256 = 0x0027,
    TPM_ALG_SHA3_384 = 0x0028,
    TPM_ALG_SHA3_512 = 0x0029,
};

enum {
    TPM_ECC_NIST_P256 = 0x0003,
    TPM_ECC_NIST_P384 = 0x0004,
    TPM_ECC_NIST_P521 = 0x0005,
};

enum {
    TPM_CC_EvictControl = 0x00000120,
    TPM_CC_ChangeEPS = 0x00000124,
    TPM_CC_Clear = 0x00000126,
    TPM_CC_Startup = 0x00000144,
    TPM_CC_Quote = 0x00000158,
    TPM_CC_ReadPublic = 0x00000173,
    TPM_CC_GetCapability = 0x0000017A,
    TPM_CC_PCR_Read = 0x0000017E,
};

enum {
    TPM_CAP_COMMANDS = 0x00000002,
    TPM_CAP_TPM_PROPERTIES = 0x00000006,
    TPM_PT_TOTAL_COMMANDS = 0x00000129,
    TPM_PT_LIBRARY_COMMANDS = 0x0000012A,
    TPM_PT_VENDOR_COMMANDS = 0x0000012B,
};

enum {
    TPM_RH_OWNER = 0x40000001,
    TPM_RH_NULL = 0x40000007,
    TPM_RS_PW = 0x40000009,
    TPM_RH_ENDORSEMENT = 0x4000000B,
};

/* Response codes; TPM_RC_FMT1 codes are completed by WIRE_RC_P, WIRE_RC_H or WIRE_RC_S. */
enum {
    TPM_RC_SUCCESS = 0x000,
    TPM_RC_BAD_TAG = 0x01E,
    TPM_RC_ATTRIBUTES = 0x082,
    TPM_RC_HASH = 0x083,
    TPM_RC_VALUE = 0x084,
    TPM_RC_HANDLE = 0x08B,
    TPM_RC_SCHEME = 0x092,
    TPM_RC_SIZE = 0x095,
    TPM_RC_INSUFFICIENT = 0x09A,
    TPM_RC_RESERVED_BITS = 0x0A1,
    TPM_RC_INITIALIZE = 0x100,
    TPM_RC_FAILURE = 0x101,
    TPM_RC_AUTH_MISSING = 0x125,
    TPM_RC_COMMAND_SIZE = 0x142,
    TPM_RC_COMMAND_CODE = 0x143,
    TPM_RC_AUTHSIZE = 0x144,
    TPM_RC_AUTH_CONTEXT = 0x145,
    TPM_RC_WARN = 0x900, /* all codes that say: not now */
    TPM_RC_RETRY = 0x922,
};

#define WIRE_RC_P(rc, n) ((rc) | 0x040u | (uint32_t)(n) << 8)
#define WIRE_RC_H(rc, n) ((rc) | (uint32_t)(n) << 8)
#define WIRE_RC_S(rc, n) ((rc) | 0x800u | (uint32_t)(n) << 8)

/* TPMA_SESSION and TPMA_OBJECT bits */
enum {
    TPMA_SESSION_CONTINUESESSION = 1u << 0,
    TPMA_SESSION_DECRYPT = 1u << 5,
    TPMA_SESSION_ENCRYPT = 1u << 6,
    TPMA_SESSION_AUDIT = 1u << 7,
    TPMA_OBJECT_FIXEDTPM = 1u << 1,
    TPMA_OBJECT_FIXEDPARENT = 1u << 4,
    TPMA_OBJECT_SENSITIVEDATAORIGIN = 1u << 5,
    TPMA_OBJECT_RESTRICTED = 1u << 16,
    TPMA_OBJECT_DECRYPT = 1u << 17,
    TPMA_OBJECT_SIGN = 1u << 18,
};

#define TPM_GENERATED_VALUE 0xFF544347u

enum {
    WIRE_TPM_HEADER_SIZE = 10,
    WIRE_TPM_BUFFER_MAX = 4096, /* largest command or response of a TIS or CRB TPM */
    WIRE_AUTH_MAX = 3,          /* authorizations in one command */
    WIRE_DIGEST_MAX = 64,
    WIRE_NAME_MAX = 2 + WIRE_DIGEST_MAX,
    WIRE_PCR_SELECT_MAX = 4, /* bytes of one selection bitmap */
    WIRE_PCR_BANKS_MAX = 16,
    WIRE_KEY_BYTES_MAX = 512, /* RSA-4096 modulus or signature */
    WIRE_ECC_BYTES_MAX = 66,  /* P-521 coordinate */
    WIRE_ATTEST_MAX = 1024,   /* more than any TPMS_ATTEST of a quote */
};

typedef struct WireTpmHeader {
    uint16_t tag;
    uint32_t size; /* of the whole message, header included */
    uint32_t code; /* command code or response code */
} WireTpmHeader;

/** wire_get_tpm_header: @ret->size is as sent; the caller compares it with what it holds. */
bool wire_get_tpm_header(WireReader *r, WireTpmHeader *ret);
bool wire_put_tpm_header(WireWriter *w, const WireTpmHeader *h);

/** TPMS_AUTH_COMMAND. */
typedef struct WireAuth {
    uint32_t handle;
    WireBytes nonce;
    uint8_t attributes;
    WireBytes hmac;
} WireAuth;

typedef struct WireAuthArea {
    unsigned count; /* 1..WIRE_AUTH_MAX once decoded */
    WireAuth auth[WIRE_AUTH_MAX];
} WireAuthArea;

/** wire_get_auth_area: UINT32 authorizationSize || TPMS_AUTH_COMMANDs that fill it exactly. */
bool wire_get_auth_area(WireReader *r, WireAuthArea *ret);
bool wire_put_auth_area(WireWriter *w, const WireAuthArea *a);

/** wire_hash_size: digest bytes of a hash algorithm; 0 for one that is not known. */
size_t wire_hash_size(uint16_t alg);

/** wire_name_valid: empty, or a known nameAlg followed by exactly its digest. */
bool wire_name_valid(WireBytes name);

/** wire_get_name: TPM2B_NAME that wire_name_valid() accepts. */
bool wire_get_name(WireReader *r, WireBytes *ret);

/** TPMS_PCR_SELECTION. */
typedef struct WirePcrBank {
    uint16_t hash;
    uint8_t size; /* bytes of @select that travel, 1..WIRE_PCR_SELECT_MAX */
    uint8_t select[WIRE_PCR_SELECT_MAX];
} WirePcrBank;

/** TPML_PCR_SELECTION. */
typedef struct WirePcrSelection {
    uint32_t count;
    WirePcrBank bank[WIRE_PCR_BANKS_MAX];
} WirePcrSelection;

/** Why a PCR selection was refused; the TPM's response code for it is the caller's to choose. */
typedef enum WirePcrError {
    WIRE_PCR_OK,
    WIRE_PCR_TRUNCATED,
    WIRE_PCR_TOO_MANY_BANKS,
    WIRE_PCR_BAD_SIZE_OF_SELECT,
} WirePcrError;

/** wire_get_pcr_selection_max: as wire_get_pcr_selection() with at most @max_banks banks, and why.
 */
WirePcrError wire_get_pcr_selection_max(WireReader *r, uint32_t max_banks, WirePcrSelection *ret);
bool wire_get_pcr_selection(WireReader *r, WirePcrSelection *ret);
bool wire_put_pcr_selection(WireWriter *w, const WirePcrSelection *s);

/** wire_pcr_selected: whether @pcr (0..31) is selected in @bank. */
bool wire_pcr_selected(const WirePcrBank *bank, unsigned pcr);

/** wire_pcr_select: adds @pcr of bank @hash, adding the bank (3 bytes) where it is missing. */
bool wire_pcr_select(WirePcrSelection *s, uint16_t hash, unsigned pcr);

/** wire_pcr_count: number of PCRs selected over all banks. */
size_t wire_pcr_count(const WirePcrSelection *s);

/** wire_pcr_covers: whether every PCR that @part selects is selected in @whole too. */
bool wire_pcr_covers(const WirePcrSelection *whole, const WirePcrSelection *part);

/** TPMT_SIG_SCHEME+. */
typedef struct WireSigScheme {
    uint16_t scheme;
    uint16_t hash;  /* 0 where the scheme has none */
    uint16_t count; /* TPM_ALG_ECDAA only */
} WireSigScheme;

/** wire_sig_scheme_known: whether what follows the scheme's algorithm is known. */
bool wire_sig_scheme_known(uint16_t scheme);

bool wire_get_sig_scheme(WireReader *r, WireSigScheme *ret);
bool wire_put_sig_scheme(WireWriter *w, const WireSigScheme *s);

/** TPMS_ATTEST. The fields from @pcr_select on are set only where @type is TPM_ST_ATTEST_QUOTE. */
typedef struct WireAttest {
    uint32_t magic;
    uint16_t type;
    WireBytes qualified_signer; /* TPM2B_NAME */
    WireBytes extra_data;       /* TPM2B_DATA */
    uint64_t clock;             /* milliseconds */
    uint32_t reset_count;
    uint32_t restart_count;
    uint8_t safe; /* TPMI_YES_NO */
    uint64_t firmware_version;
    WirePcrSelection pcr_select;
    WireBytes pcr_digest;
    WireBytes other; /* the attested part of any other type, undecoded */
} WireAttest;

bool wire_decode_attest(WireBytes bytes, WireAttest *ret);
bool wire_put_attest(WireWriter *w, const WireAttest *a);

/** TPMT_SIGNATURE: RSASSA, RSAPSS; ECDSA, ECDAA, SM2, ECSCHNORR; HMAC; TPM_ALG_NULL. */
typedef struct WireSignature {
    uint16_t alg;
    uint16_t hash; /* 0 for TPM_ALG_NULL */
    WireBytes r;   /* RSA: the signature; ECC: signatureR; HMAC: the digest */
    WireBytes s;   /* ECC: signatureS; else empty */
} WireSignature;

bool wire_get_signature(WireReader *r, WireSignature *ret);
bool wire_decode_signature(WireBytes bytes, WireSignature *ret);
bool wire_put_signature(WireWriter *w, const WireSignature *s);

/** TPMT_PUBLIC of an RSA or ECC key. */
typedef struct WirePublic {
    uint16_t type;
    uint16_t name_alg;
    uint32_t attributes; /* TPMA_OBJECT */
    WireBytes auth_policy;
    uint16_t sym_alg; /* TPM_ALG_NULL for a signing key; then the two below are 0 */
    uint16_t sym_key_bits;
    uint16_t sym_mode;
    WireSigScheme scheme;
    uint16_t rsa_key_bits; /* RSA */
    uint32_t rsa_exponent; /* RSA; 0 means 65537 */
    WireBytes rsa_modulus; /* RSA */
    uint16_t ecc_curve;    /* ECC */
    uint16_t kdf_scheme;   /* ECC; TPM_ALG_NULL or with kdf_hash */
    uint16_t kdf_hash;     /* ECC */
    WireBytes ecc_x;       /* ECC */
    WireBytes ecc_y;       /* ECC */
} WirePublic;

/** wire_decode_public: @bytes is a TPMT_PUBLIC (what the Name's digest is over). */
bool wire_decode_public(WireBytes bytes, WirePublic *ret);
bool wire_put_public(WireWriter *w, const WirePublic *p);

#endif
