/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Constants of the DeepQuote vendor commands, the binding and the evidence.
 *
 * Spec: docs/specs/deepquote-wire.md, sections 1 to 3.
 */
#ifndef WIRE_DEEPQUOTE_CONSTANTS_H
#define WIRE_DEEPQUOTE_CONSTANTS_H

#include "wire/tpm-constants.h"

enum {
    TPM_CC_DeepQuote = 0x20000D01,
    TPM_CC_HostPCRRead = 0x20000D02,
    TPM_CC_HostCredential = 0x20000D03,
    TPMA_CC_DeepQuote = 0x22000D01,
    TPMA_CC_HostPCRRead = 0x20000D02,
    TPMA_CC_HostCredential = 0x20000D03,
};

/* Vendor codes: as response codes before the vTPM quotes, and as hostStatus after it */
enum {
    DEEPQUOTE_RC_NO_MANAGER = 0x501,
    DEEPQUOTE_RC_DENIED = 0x502,
    DEEPQUOTE_RC_HOST_TPM = 0x503,
    DEEPQUOTE_RC_TIMEOUT = 0x504,
    DEEPQUOTE_RC_BUSY = 0x505,       /* only as hostStatus; before the quote it is TPM_RC_RETRY */
    DEEPQUOTE_RC_NOT_SHARED = 0x506, /* only of TPM2_HostCredential */
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
    DEEPQUOTE_VERSION = 2,
    DEEPQUOTE_NONCE_MIN = 16,
    DEEPQUOTE_NONCE_MAX = 64,
    DEEPQUOTE_LINEAGE_SIZE = 16,
    DEEPQUOTE_HASH_SIZE = 32,
    DEEPQUOTE_HOST_BANKS_MAX = 4,
    DEEPQUOTE_HOST_PCRS_MAX = DEEPQUOTE_HOST_BANKS_MAX * WIRE_PCR_SELECT_MAX * 8,
    DEEPQUOTE_PATH_MAX = 32,
    DEEPQUOTE_BINDING_MAX = 640,   /* more than any binding */
    DEEPQUOTE_EVIDENCE_MAX = 4096, /* it must fit a TPM response */
    /* TPM2_HostCredential: what a response holds beside header, totalSize and size */
    DEEPQUOTE_PAGE_MAX = WIRE_TPM_BUFFER_MAX - WIRE_TPM_HEADER_SIZE - 6,
};

/* TPM2_HostCredential: what */
enum {
    DEEPQUOTE_HOST_AK_PUBLIC = 0,
    DEEPQUOTE_HOST_AK_CERTIFICATE = 1,
    DEEPQUOTE_HOST_EK_CERTIFICATE = 2,
    DEEPQUOTE_GROUP_AK_CHAIN = 3,
    DEEPQUOTE_HOST_EK_PUBLIC = 4,
    DEEPQUOTE_VTPM_EK_CHAIN = 5,
    /* 6: specified, and empty */
    DEEPQUOTE_HOST_BOOT_LOG = 7,
    DEEPQUOTE_HOST_IMA_LOG = 8,
    DEEPQUOTE_VTPM_PARTS = 9,
    DEEPQUOTE_VM_LAUNCH_PARTS = 10,
    DEEPQUOTE_CREDENTIALS = 11, /* how many there are */
};

#endif
