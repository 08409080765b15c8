/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM 2.0 constants, and how large things get.
 *
 * Spec: TPM 2.0 Library, Part 2.
 */
#ifndef WIRE_TPM_CONSTANTS_H
#define WIRE_TPM_CONSTANTS_H

#include "wire/cursor.h"

enum {
    TPM_ST_NO_SESSIONS = 0x8001,
    TPM_ST_SESSIONS = 0x8002,
    TPM_ST_ATTEST_CERTIFY = 0x8017,
    TPM_ST_ATTEST_QUOTE = 0x8018,
};

enum {
    TPM_ALG_RSA = 0x0001,
    TPM_ALG_SHA1 = 0x0004,
    TPM_ALG_HMAC = 0x0005,
    TPM_ALG_AES = 0x0006,
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
    TPM_ALG_CFB = 0x0043,
};

enum {
    TPM_ECC_NIST_P256 = 0x0003,
    TPM_ECC_NIST_P384 = 0x0004,
    TPM_ECC_NIST_P521 = 0x0005,
};

enum {
    TPM_CC_Quote = 0x00000158,
    TPM_CC_ReadPublic = 0x00000173,
    TPM_CC_GetCapability = 0x0000017A,
    TPM_CC_PCR_Read = 0x0000017E,
};

enum {
    TPM_CAP_COMMANDS = 0x00000002,
    TPM_CAP_TPM_PROPERTIES = 0x00000006,
    TPM_PT_TOTAL_COMMANDS = 0x00000129,
    TPM_PT_VENDOR_COMMANDS = 0x0000012B,
};

enum {
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
    TPM_RC_SCHEME = 0x092,
    TPM_RC_SIZE = 0x095,
    TPM_RC_INSUFFICIENT = 0x09A,
    TPM_RC_RESERVED_BITS = 0x0A1,
    TPM_RC_INITIALIZE = 0x100,
    TPM_RC_FAILURE = 0x101,
    TPM_RC_AUTH_MISSING = 0x125,
    TPM_RC_COMMAND_SIZE = 0x142,
    TPM_RC_COMMAND_CODE = 0x143,
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
    TPMA_OBJECT_FIXEDTPM = 1u << 1,
    TPMA_OBJECT_FIXEDPARENT = 1u << 4,
    TPMA_OBJECT_SENSITIVEDATAORIGIN = 1u << 5,
    TPMA_OBJECT_USERWITHAUTH = 1u << 6,
    TPMA_OBJECT_ADMINWITHPOLICY = 1u << 7,
    TPMA_OBJECT_NODA = 1u << 10,
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

#endif
