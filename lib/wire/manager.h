/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between a vTPM and vtpm-managerd: one SOCK_SEQPACKET packet each.
 *
 * A vTPM connects once per life of its process, says HELLO, and then has at most one request
 * outstanding. The manager answers every request with the reply of its kind and the same id.
 *
 * Spec: docs/specs/manager-protocol.md.
 */
#ifndef WIRE_MANAGER_H
#define WIRE_MANAGER_H

#include "deepquote.h"
#include "status.h"
#include "uuid.h"

enum {
    MANAGER_MAGIC = 0x44514D50, /* "DQMP" */
    MANAGER_VERSION = 1,
    MANAGER_INSTANCE_SIZE = 16,
    MANAGER_MESSAGE_MAX = 8192, /* larger than any message; a longer packet is refused */
};

typedef enum ManagerMessageType {
    MANAGER_HELLO = 1,
    MANAGER_QUOTE = 2,
    MANAGER_PCR_READ = 3,
    MANAGER_CREDENTIAL = 4,
    MANAGER_HELLO_REPLY = 0x101,
    MANAGER_QUOTE_REPLY = 0x102,
    MANAGER_PCR_READ_REPLY = 0x103,
    MANAGER_CREDENTIAL_REPLY = 0x104,
} ManagerMessageType;

/** HELLO: who the vTPM is. @instance is new, and random, with each life of the vTPM's state. */
typedef struct ManagerHello {
    WireUuid uuid;
    uint8_t instance[MANAGER_INSTANCE_SIZE];
} ManagerHello;

/** QUOTE: countersign @quoted. */
typedef struct ManagerQuote {
    uint32_t flags;             /* as asked */
    WireBytes signer;           /* Name of the signing key; empty for TPM_RH_NULL */
    WireBytes ek;               /* Name of the vTPM's persistent EK; empty where it has none */
    WireBytes quoted;           /* TPMS_ATTEST of the vTPM's quote */
    WirePcrSelection host_pcrs; /* 1..DEEPQUOTE_HOST_BANKS_MAX banks, not empty */
    uint64_t commits;           /* states committed in this life */
    uint32_t room;              /* bytes of evidence that the response can carry */
    uint32_t timeout_ms;        /* the vTPM stops waiting then */
} ManagerQuote;

typedef struct ManagerCredential {
    uint32_t what;
    uint32_t offset;
} ManagerCredential;

/** A reply; all but @status is meaningful only where @status is MANAGER_OK. */
typedef struct ManagerReply {
    ManagerStatus status;
    uint64_t epoch;           /* HELLO */
    uint64_t generation;      /* HELLO: states committed before this life */
    WireBytes evidence;       /* QUOTE */
    WireBytes pcr_parameters; /* PCR_READ: response parameters of TPM2_PCR_Read, undecoded */
    uint32_t total_size;      /* CREDENTIAL */
    WireBytes page;           /* CREDENTIAL: at most DEEPQUOTE_PAGE_MAX bytes */
} ManagerReply;

typedef struct ManagerMessage {
    ManagerMessageType type;
    uint32_t id; /* chosen by the vTPM, repeated in the reply */
    union {
        ManagerHello hello;
        ManagerQuote quote;
        WirePcrSelection pcr_read;
        ManagerCredential credential;
        ManagerReply reply;
    };
} ManagerMessage;

/** wire_decode_manager_message: a whole packet. */
bool wire_decode_manager_message(WireBytes bytes, ManagerMessage *ret);
bool wire_put_manager_message(WireWriter *w, const ManagerMessage *m);

#endif
