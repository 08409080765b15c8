/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A simulated vTPM: its identity, its key, its connection to the manager, and what it says there.
 */
#ifndef TESTS_BENCH_LOAD_VM_H
#define TESTS_BENCH_LOAD_VM_H

#include "maker.h"
#include "wire/manager.h"

enum { LOAD_NONCE_SIZE = 32, LOAD_VTPM_PCRS = 3 };

/** What a vTPM may ask for. */
typedef enum LoadRequest {
    LOAD_HELLO,
    LOAD_PREPARE,
    LOAD_QUOTE,
    LOAD_PCR_READ,
    LOAD_PCR_ANY, /* other PCRs each time */
    LOAD_CREDENTIAL,
    LOAD_MALFORMED, /* no message of the protocol */
} LoadRequest;

typedef struct LoadVm {
    unsigned index;
    uid_t owner; /* as whom it connects */
    int fd;      /* -1: not connected */
    WireUuid uuid;
    uint8_t instance[MANAGER_INSTANCE_SIZE];
    MakerKey *key;
    uint8_t packet[1024]; /* the QUOTE request, with the latest id and nonce */
    size_t packet_len;
    size_t quoted_at, quoted_len; /* TPMS_ATTEST within it */
    size_t nonce_at;
    uint32_t id;
    unsigned outstanding;
    int64_t asked_ns; /* when the request was due: with an open loop, before it was sent */
    gboolean welcomed;
    const struct LoadFlood *flood; /* how it floods; NULL: it does not */
} LoadVm;

/** load_vm_new: makes its key; its UUID follows from @index and @seed, its owner from @index. */
LoadVm *load_vm_new(unsigned index, uint32_t seed, guint timeout_ms);
void load_vm_free(LoadVm *vm);

/** load_vm_connect: FALSE with errno where nobody listens at @path. */
gboolean load_vm_connect(LoadVm *vm, const char *path);
void load_vm_disconnect(LoadVm *vm);

/** load_vm_ask: sends a request; a QUOTE has a new nonce. FALSE: the connection is gone. */
gboolean load_vm_ask(LoadVm *vm, LoadRequest request);

/** load_vm_quoted: the TPMS_ATTEST of the latest request, borrowed. */
DqBytes load_vm_quoted(const LoadVm *vm);

/**
 * load_vm_evidence_fits: whether @bytes are evidence for the latest request of @vm: the structure,
 * the nonce, the digest of the attest, the UUID and the signer.
 * @ret_tree_size: requests that shared the quote
 */
gboolean load_vm_evidence_fits(const LoadVm *vm, WireBytes bytes, uint64_t *ret_tree_size);

/** load_vm_pcrs: the values of the PCRs that the vTPMs quote. */
DqBytes load_vm_pcrs(void);

int64_t load_now_ns(void);

#endif
