/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM 1.2 constants, and how large things are there.
 *
 * Spec: TPM Main Part 2, Structures, version 1.2; docs/specs/deepquote-tpm12.md.
 */
#ifndef WIRE_TPM12_CONSTANTS_H
#define WIRE_TPM12_CONSTANTS_H

#include "wire/deepquote-constants.h"

/* Tags of commands, responses and structures */
enum {
    TPM12_TAG_COMMAND = 0x00C1,
    TPM12_TAG_COMMAND_AUTH1 = 0x00C2,
    TPM12_TAG_RESPONSE = 0x00C4,
    TPM12_TAG_RESPONSE_AUTH1 = 0x00C5,
    TPM12_TAG_KEY12 = 0x0028,
    TPM12_TAG_VERSION_INFO = 0x0030,
    TPM12_TAG_QUOTE_INFO2 = 0x0036,
};

enum {
    TPM12_ORD_OIAP = 0x0000000A,
    TPM12_ORD_PCRRead = 0x00000015,
    TPM12_ORD_Quote2 = 0x0000003E,
    TPM12_ORD_LoadKey2 = 0x00000041,
    TPM12_ORD_GetCapability = 0x00000065,
    TPM12_ORD_FlushSpecific = 0x000000BA,
    TPM12_CAP_ORD = 0x00000001,
};

/* Return codes */
enum {
    TPM12_SUCCESS = 0x000,
    TPM12_BAD_PARAMETER = 0x003,
    TPM12_FAIL = 0x009,
    TPM12_INVALID_KEYHANDLE = 0x00C,
    TPM12_INVALID_PCR_INFO = 0x010,
    TPM12_SIZE = 0x017,
    TPM12_BAD_PARAM_SIZE = 0x019,
    TPM12_BADTAG = 0x01E,
    TPM12_VENDOR_ERROR = 0x400, /* set in each code that is a vendor's */
    TPM12_RETRY = 0x800,
};

/* Of keys */
enum {
    TPM12_ALG_RSA = 0x00000001,
    TPM12_KEY_STORAGE = 0x0011,
    TPM12_ES_NONE = 0x0001,
    TPM12_ES_RSAESOAEP_SHA1_MGF1 = 0x0003,
    TPM12_SS_RSASSAPKCS1v15_SHA1 = 0x0002,
};

enum {
    TPM12_DIGEST_SIZE = 20,          /* SHA-1; a nonce too */
    TPM12_COMMAND_TRAILER_SIZE = 45, /* handle, nonceOdd, continueAuthSession, HMAC */
    TPM12_RESPONSE_TRAILER_SIZE = 41,
    TPM12_VERSION_INFO_MAX = 256, /* more than any */
};

#endif
