/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manager.h"

typedef struct MessageKind {
    ManagerMessageType type;
    bool (*get)(WireReader *r, ManagerMessage *m);
    bool (*put)(WireWriter *w, const ManagerMessage *m);
} MessageKind;

static bool get_hello(WireReader *r, ManagerMessage *m)
{
    return wire_get_uuid(r, &m->hello.uuid) &&
           wire_get_copy(r, sizeof(m->hello.instance), m->hello.instance);
}

static bool put_hello(WireWriter *w, const ManagerMessage *m)
{
    return wire_put_uuid(w, &m->hello.uuid) &&
           wire_put_bytes(w, (WireBytes){ m->hello.instance, sizeof(m->hello.instance) });
}

static bool host_pcrs_valid(const WirePcrSelection *s)
{
    return s->count <= DEEPQUOTE_HOST_BANKS_MAX && wire_pcr_count(s) != 0;
}

static bool get_quote(WireReader *r, ManagerMessage *m)
{
    ManagerQuote *q = &m->quote;

    return wire_get_u32(r, &q->flags) && (q->flags & ~(uint32_t)DEEPQUOTE_FLAGS_ALL) == 0 &&
           wire_get_name(r, &q->signer) && wire_get_name(r, &q->ek) &&
           wire_get_tpm2b(r, WIRE_ATTEST_MAX, &q->quoted) &&
           wire_get_pcr_selection_max(r, DEEPQUOTE_HOST_BANKS_MAX, &q->host_pcrs) == WIRE_PCR_OK &&
           host_pcrs_valid(&q->host_pcrs) && wire_get_u64(r, &q->commits) &&
           wire_get_u32(r, &q->room) && wire_get_u32(r, &q->timeout_ms);
}

static bool put_quote(WireWriter *w, const ManagerMessage *m)
{
    const ManagerQuote *q = &m->quote;

    return wire_put_u32(w, q->flags) && wire_put_tpm2b(w, q->signer) && wire_put_tpm2b(w, q->ek) &&
           wire_put_tpm2b(w, q->quoted) && host_pcrs_valid(&q->host_pcrs) &&
           wire_put_pcr_selection(w, &q->host_pcrs) && wire_put_u64(w, q->commits) &&
           wire_put_u32(w, q->room) && wire_put_u32(w, q->timeout_ms);
}

static bool get_pcr_read(WireReader *r, ManagerMessage *m)
{
    return wire_get_pcr_selection_max(r, DEEPQUOTE_HOST_BANKS_MAX, &m->pcr_read) == WIRE_PCR_OK;
}

static bool put_pcr_read(WireWriter *w, const ManagerMessage *m)
{
    return m->pcr_read.count <= DEEPQUOTE_HOST_BANKS_MAX && wire_put_pcr_selection(w, &m->pcr_read);
}

static bool get_credential(WireReader *r, ManagerMessage *m)
{
    return wire_get_u32(r, &m->credential.what) && m->credential.what < DEEPQUOTE_CREDENTIALS &&
           wire_get_u32(r, &m->credential.offset);
}

static bool put_credential(WireWriter *w, const ManagerMessage *m)
{
    return wire_put_u32(w, m->credential.what) && wire_put_u32(w, m->credential.offset);
}

/* Every reply begins with its status; its body is there only where that is MANAGER_OK. */
static bool get_status(WireReader *r, ManagerReply *reply)
{
    uint32_t status;

    if (!wire_get_u32(r, &status) || status >= MANAGER_STATUS_COUNT) {
        return false;
    }
    reply->status = (ManagerStatus)status;
    return true;
}

static bool get_hello_reply(WireReader *r, ManagerMessage *m)
{
    return get_status(r, &m->reply) &&
           (m->reply.status != MANAGER_OK ||
            (wire_get_u64(r, &m->reply.epoch) && wire_get_u64(r, &m->reply.generation)));
}

static bool put_hello_reply(WireWriter *w, const ManagerMessage *m)
{
    return wire_put_u32(w, m->reply.status) &&
           (m->reply.status != MANAGER_OK ||
            (wire_put_u64(w, m->reply.epoch) && wire_put_u64(w, m->reply.generation)));
}

static bool get_quote_reply(WireReader *r, ManagerMessage *m)
{
    return get_status(r, &m->reply) &&
           (m->reply.status != MANAGER_OK ||
            wire_get_tpm2b(r, DEEPQUOTE_EVIDENCE_MAX, &m->reply.evidence));
}

static bool put_quote_reply(WireWriter *w, const ManagerMessage *m)
{
    return wire_put_u32(w, m->reply.status) &&
           (m->reply.status != MANAGER_OK || (m->reply.evidence.len <= DEEPQUOTE_EVIDENCE_MAX &&
                                              wire_put_tpm2b(w, m->reply.evidence)));
}

static bool get_pcr_read_reply(WireReader *r, ManagerMessage *m)
{
    return get_status(r, &m->reply) &&
           (m->reply.status != MANAGER_OK ||
            wire_get_tpm2b(r, WIRE_TPM_BUFFER_MAX - WIRE_TPM_HEADER_SIZE,
                           &m->reply.pcr_parameters));
}

static bool put_pcr_read_reply(WireWriter *w, const ManagerMessage *m)
{
    return wire_put_u32(w, m->reply.status) &&
           (m->reply.status != MANAGER_OK ||
            (m->reply.pcr_parameters.len <= WIRE_TPM_BUFFER_MAX - WIRE_TPM_HEADER_SIZE &&
             wire_put_tpm2b(w, m->reply.pcr_parameters)));
}

static bool get_credential_reply(WireReader *r, ManagerMessage *m)
{
    return get_status(r, &m->reply) && (m->reply.status != MANAGER_OK ||
                                        (wire_get_u32(r, &m->reply.total_size) &&
                                         wire_get_tpm2b(r, DEEPQUOTE_PAGE_MAX, &m->reply.page)));
}

static bool put_credential_reply(WireWriter *w, const ManagerMessage *m)
{
    return wire_put_u32(w, m->reply.status) &&
           (m->reply.status != MANAGER_OK ||
            (wire_put_u32(w, m->reply.total_size) && m->reply.page.len <= DEEPQUOTE_PAGE_MAX &&
             wire_put_tpm2b(w, m->reply.page)));
}

static const MessageKind kinds[] = {
    { MANAGER_HELLO, get_hello, put_hello },
    { MANAGER_QUOTE, get_quote, put_quote },
    { MANAGER_PCR_READ, get_pcr_read, put_pcr_read },
    { MANAGER_CREDENTIAL, get_credential, put_credential },
    { MANAGER_HELLO_REPLY, get_hello_reply, put_hello_reply },
    { MANAGER_QUOTE_REPLY, get_quote_reply, put_quote_reply },
    { MANAGER_PCR_READ_REPLY, get_pcr_read_reply, put_pcr_read_reply },
    { MANAGER_CREDENTIAL_REPLY, get_credential_reply, put_credential_reply },
};

static const MessageKind *find_kind(uint16_t type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].type == type) {
            return &kinds[i];
        }
    }
    return NULL;
}

bool wire_decode_manager_message(WireBytes bytes, ManagerMessage *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    ManagerMessage m = { 0 };
    const MessageKind *kind;
    uint32_t magic;
    uint16_t version, type;

    if (!wire_get_u32(&r, &magic) || magic != MANAGER_MAGIC || !wire_get_u16(&r, &version) ||
        version != MANAGER_VERSION || !wire_get_u16(&r, &type) || !wire_get_u32(&r, &m.id)) {
        return false;
    }
    kind = find_kind(type);
    if (kind == NULL || !kind->get(&r, &m) || r.left != 0) {
        return false;
    }
    m.type = kind->type;
    *ret = m;
    return true;
}

bool wire_put_manager_message(WireWriter *w, const ManagerMessage *m)
{
    WireWriter t = *w;
    const MessageKind *kind = find_kind((uint16_t)m->type);

    if (kind == NULL || !wire_put_u32(&t, MANAGER_MAGIC) || !wire_put_u16(&t, MANAGER_VERSION) ||
        !wire_put_u16(&t, (uint16_t)m->type) || !wire_put_u32(&t, m->id) || !kind->put(&t, m)) {
        return false;
    }
    *w = t;
    return true;
}
