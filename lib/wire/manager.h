/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between a vTPM and vtpm-managerd: one SOCK_SEQPACKET packet each.
 *
 * A vTPM connects once per life of its process, says HELLO, and has at most one request
 * outstanding. The manager answers every request with the reply of its kind and the same id.
 * Who starts a vTPM asks for the key of its state before that, over a connection of its own.
 *
 * Spec: docs/specs/manager-protocol.md.
 */
#ifndef WIRE_MANAGER_H
#define WIRE_MANAGER_H

#include "wire/deepquote.h"
#include "wire/reason.h"
#include "wire/status.h"
#include "wire/uuid.h"

enum {
    MANAGER_MAGIC = 0x44514D50, /* "DQMP" */
    MANAGER_VERSION = 3,
    MANAGER_INSTANCE_SIZE = 16,
    MANAGER_MESSAGE_MAX = 8192, /* larger than any message; a longer packet is refused */
    MANAGER_EKS_MAX = 2,        /* endorsement keys that a vTPM may show */
    MANAGER_EKS_UNKNOWN = 0xFF, /* in place of their count: it cannot tell yet */
    MANAGER_STATE_SIZE = 32,  /* SHA-256 over a permanent state, or over that and a volatile one */
    MANAGER_KEY_SIZE = 32,    /* of AES-256, for the files of a vTPM's state */
    MANAGER_PUBLIC_MAX = 640, /* more than the public area of any of them */
};

typedef enum ManagerMessageType {
    MANAGER_HELLO = 1,
    MANAGER_QUOTE = 2,
    MANAGER_PCR_READ = 3,
    MANAGER_CREDENTIAL = 4,
    MANAGER_PREPARE = 5,
    MANAGER_ANNOUNCE = 6,
    MANAGER_KEY = 7,
    MANAGER_HELLO_REPLY = 0x101,
    MANAGER_QUOTE_REPLY = 0x102,
    MANAGER_PCR_READ_REPLY = 0x103,
    MANAGER_CREDENTIAL_REPLY = 0x104,
    MANAGER_PREPARE_REPLY = 0x105,
    MANAGER_ANNOUNCE_REPLY = 0x106,
    MANAGER_KEY_REPLY = 0x107,
    MANAGER_OTHER_VERSION = 0x1FF, /* no body: the sender speaks only the version in its header */
} ManagerMessageType;

/** An endorsement key that a vTPM shows; not checked. */
typedef struct ManagerEk {
    WireBytes public; /* TPMT_PUBLIC, 1 to MANAGER_PUBLIC_MAX bytes */
    WireBytes qualified_name;
} ManagerEk;

/** A vTPM's permanent state, or one that it was suspended in, by its hash. */
typedef struct ManagerState {
    bool known; /* FALSE: there is none */
    uint8_t hash[MANAGER_STATE_SIZE];
} ManagerState;

/**
 * HELLO: who the vTPM is. @instance is new, and random, with each life of the vTPM's state. The
 * endorsement keys are those that it had when this life began, before the guest sent a command.
 */
typedef struct ManagerHello {
    WireUuid uuid;
    uint8_t instance[MANAGER_INSTANCE_SIZE];
    uint64_t stores;     /* of permanent state since this instance began */
    ManagerState loaded; /* the state that this life began with */
    ManagerState stored; /* the state that is stored now */
    ManagerState saved;  /* that it is suspended in, and has done nothing since */
    uint8_t ek_count;    /* MANAGER_EKS_UNKNOWN: another HELLO will show them */
    ManagerEk ek[MANAGER_EKS_MAX];
} ManagerHello;

/**
 * ANNOUNCE: @next is about to be stored in place of @stored. Where both are the same, @saved is
 * what the vTPM may be resumed from; without it, what it was suspended in before is of the past.
 */
typedef struct ManagerAnnounce {
    ManagerState stored;
    ManagerState next;
    ManagerState saved;
} ManagerAnnounce;

/** PREPARE: whether a QUOTE like this would be countersigned. */
typedef struct ManagerPrepare {
    uint32_t flags;
    WirePcrSelection host_pcrs;
    uint32_t room; /* bytes of evidence that the response can carry at least */
} ManagerPrepare;

/** QUOTE: countersign @quoted. */
typedef struct ManagerQuote {
    uint32_t flags;             /* as asked */
    WireBytes signer;           /* Name of the signing key; empty for TPM_RH_NULL */
    WireBytes quoted;           /* TPMS_ATTEST of the vTPM's quote */
    WirePcrSelection host_pcrs; /* 1..DEEPQUOTE_HOST_BANKS_MAX banks, not empty */
    uint64_t stores;            /* of permanent state in this life */
    uint32_t room;              /* bytes of evidence that the response can carry */
    uint32_t timeout_ms;        /* the vTPM stops waiting then */
} ManagerQuote;

typedef struct ManagerCredential {
    uint32_t what;
    uint32_t offset;
    uint32_t room; /* bytes that the page may have */
} ManagerCredential;

/** A reply; @reason goes with a status other than MANAGER_OK, all that follows with MANAGER_OK. */
typedef struct ManagerReply {
    ManagerStatus status;
    ManagerReason reason;
    uint64_t epoch;                          /* HELLO */
    uint64_t generation;                     /* HELLO: states stored before this life */
    uint8_t lineage[DEEPQUOTE_LINEAGE_SIZE]; /* HELLO */
    uint32_t rivals;          /* HELLO, ANNOUNCE, PREPARE: vTPMs refused beside this one, so far */
    WireBytes evidence;       /* QUOTE */
    WireBytes pcr_parameters; /* PCR_READ: response parameters of TPM2_PCR_Read, undecoded */
    uint32_t total_size;      /* CREDENTIAL */
    WireBytes page;           /* CREDENTIAL: at most DEEPQUOTE_PAGE_MAX bytes */
    WireBytes key;            /* KEY: MANAGER_KEY_SIZE bytes; empty: its state has none */
} ManagerReply;

typedef struct ManagerMessage {
    ManagerMessageType type;
    uint32_t id; /* chosen by the vTPM, repeated in the reply */
    union {
        ManagerHello hello;
        ManagerQuote quote;
        ManagerPrepare prepare;
        WirePcrSelection pcr_read;
        ManagerCredential credential;
        ManagerAnnounce announce;
        WireUuid key; /* whose */
        ManagerReply reply;
    };
} ManagerMessage;

/** wire_is_other_manager_version: a packet of another version, whatever it says. */
bool wire_is_other_manager_version(WireBytes bytes, uint32_t *ret_id);

/** wire_decode_manager_message: a whole packet of this version. */
bool wire_decode_manager_message(WireBytes bytes, ManagerMessage *ret);
bool wire_put_manager_message(WireWriter *w, const ManagerMessage *m);

#endif
