/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/manager.h"

#include <string.h>

/* One that has no body has no functions. */
typedef struct MessageKind {
    ManagerMessageType type;
    bool (*get)(WireReader *r, ManagerMessage *m);
    bool (*put)(WireWriter *w, const ManagerMessage *m);
} MessageKind;

static bool get_state(WireReader *r, ManagerState *ret)
{
    WireBytes hash;

    if (!wire_get_tpm2b(r, MANAGER_STATE_SIZE, &hash) ||
        (hash.len != 0 && hash.len != MANAGER_STATE_SIZE)) {
        return false;
    }
    ret->known = hash.len != 0;
    if (ret->known) {
        memcpy(ret->hash, hash.p, sizeof(ret->hash));
    }
    return true;
}

static bool put_state(WireWriter *w, const ManagerState *state)
{
    return wire_put_tpm2b(w, (WireBytes){ state->hash, state->known ? sizeof(state->hash) : 0 });
}

static unsigned shown_eks(const ManagerHello *h)
{
    return h->ek_count == MANAGER_EKS_UNKNOWN ? 0 : h->ek_count;
}

static bool get_hello(WireReader *r, ManagerMessage *m)
{
    ManagerHello *h = &m->hello;

    if (!wire_get_uuid(r, &h->uuid) || !wire_get_copy(r, sizeof(h->instance), h->instance) ||
        !wire_get_u64(r, &h->stores) || !get_state(r, &h->loaded) || !get_state(r, &h->stored) ||
        !get_state(r, &h->saved) || !wire_get_u8(r, &h->ek_count) ||
        shown_eks(h) > MANAGER_EKS_MAX) {
        return false;
    }
    for (unsigned i = 0; i < shown_eks(h); i++) {
        if (!wire_get_tpm2b(r, MANAGER_PUBLIC_MAX, &h->ek[i].public) || h->ek[i].public.len == 0 ||
            !wire_get_name(r, &h->ek[i].qualified_name)) {
            return false;
        }
    }
    return true;
}

static bool put_hello(WireWriter *w, const ManagerMessage *m)
{
    const ManagerHello *h = &m->hello;

    if (shown_eks(h) > MANAGER_EKS_MAX || !wire_put_uuid(w, &h->uuid) ||
        !wire_put_bytes(w, (WireBytes){ h->instance, sizeof(h->instance) }) ||
        !wire_put_u64(w, h->stores) || !put_state(w, &h->loaded) || !put_state(w, &h->stored) ||
        !put_state(w, &h->saved) || !wire_put_u8(w, h->ek_count)) {
        return false;
    }
    for (unsigned i = 0; i < shown_eks(h); i++) {
        if (h->ek[i].public.len == 0 || h->ek[i].public.len > MANAGER_PUBLIC_MAX ||
            !wire_put_tpm2b(w, h->ek[i].public) || !wire_put_tpm2b(w, h->ek[i].qualified_name)) {
            return false;
        }
    }
    return true;
}

static bool host_pcrs_valid(const WirePcrSelection *s)
{
    return s->count <= DEEPQUOTE_HOST_BANKS_MAX && wire_pcr_count(s) != 0;
}

static bool get_flags(WireReader *r, uint32_t *ret)
{
    return wire_get_u32(r, ret) && (*ret & ~(uint32_t)DEEPQUOTE_FLAGS_ALL) == 0;
}

static bool get_host_pcrs(WireReader *r, WirePcrSelection *ret)
{
    return wire_get_pcr_selection_max(r, DEEPQUOTE_HOST_BANKS_MAX, ret) == WIRE_PCR_OK &&
           host_pcrs_valid(ret);
}

static bool get_prepare(WireReader *r, ManagerMessage *m)
{
    ManagerPrepare *p = &m->prepare;

    return get_flags(r, &p->flags) && get_host_pcrs(r, &p->host_pcrs) && wire_get_u32(r, &p->room);
}

static bool put_prepare(WireWriter *w, const ManagerMessage *m)
{
    const ManagerPrepare *p = &m->prepare;

    return wire_put_u32(w, p->flags) && host_pcrs_valid(&p->host_pcrs) &&
           wire_put_pcr_selection(w, &p->host_pcrs) && wire_put_u32(w, p->room);
}

static bool get_quote(WireReader *r, ManagerMessage *m)
{
    ManagerQuote *q = &m->quote;

    return get_flags(r, &q->flags) && wire_get_name(r, &q->signer) &&
           wire_get_tpm2b(r, WIRE_ATTEST_MAX, &q->quoted) && get_host_pcrs(r, &q->host_pcrs) &&
           wire_get_u64(r, &q->stores) && wire_get_u32(r, &q->room) &&
           wire_get_u32(r, &q->timeout_ms);
}

static bool put_quote(WireWriter *w, const ManagerMessage *m)
{
    const ManagerQuote *q = &m->quote;

    return wire_put_u32(w, q->flags) && wire_put_tpm2b(w, q->signer) &&
           wire_put_tpm2b(w, q->quoted) && host_pcrs_valid(&q->host_pcrs) &&
           wire_put_pcr_selection(w, &q->host_pcrs) && wire_put_u64(w, q->stores) &&
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
           wire_get_u32(r, &m->credential.offset) && wire_get_u32(r, &m->credential.room);
}

static bool put_credential(WireWriter *w, const ManagerMessage *m)
{
    return wire_put_u32(w, m->credential.what) && wire_put_u32(w, m->credential.offset) &&
           wire_put_u32(w, m->credential.room);
}

/* Nothing is suspended in a state that is not stored yet. */
static bool announce_valid(const ManagerAnnounce *a)
{
    return a->next.known &&
           (!a->saved.known ||
            (a->stored.known && memcmp(a->stored.hash, a->next.hash, sizeof(a->next.hash)) == 0));
}

static bool get_announce(WireReader *r, ManagerMessage *m)
{
    ManagerAnnounce *a = &m->announce;

    return get_state(r, &a->stored) && get_state(r, &a->next) && get_state(r, &a->saved) &&
           announce_valid(a);
}

static bool put_announce(WireWriter *w, const ManagerMessage *m)
{
    const ManagerAnnounce *a = &m->announce;

    return announce_valid(a) && put_state(w, &a->stored) && put_state(w, &a->next) &&
           put_state(w, &a->saved);
}

static bool get_key_request(WireReader *r, ManagerMessage *m)
{
    return wire_get_uuid(r, &m->key);
}

static bool put_key_request(WireWriter *w, const ManagerMessage *m)
{
    return wire_put_uuid(w, &m->key);
}

/* Bodies of replies that are MANAGER_OK */

static bool get_rivals(WireReader *r, ManagerReply *reply)
{
    return wire_get_u32(r, &reply->rivals);
}

static bool put_rivals(WireWriter *w, const ManagerReply *reply)
{
    return wire_put_u32(w, reply->rivals);
}

static bool get_welcome(WireReader *r, ManagerReply *reply)
{
    return wire_get_u64(r, &reply->epoch) && wire_get_u64(r, &reply->generation) &&
           wire_get_copy(r, sizeof(reply->lineage), reply->lineage) && get_rivals(r, reply);
}

static bool put_welcome(WireWriter *w, const ManagerReply *reply)
{
    return wire_put_u64(w, reply->epoch) && wire_put_u64(w, reply->generation) &&
           wire_put_bytes(w, (WireBytes){ reply->lineage, sizeof(reply->lineage) }) &&
           put_rivals(w, reply);
}

static bool get_evidence(WireReader *r, ManagerReply *reply)
{
    return wire_get_tpm2b(r, DEEPQUOTE_EVIDENCE_MAX, &reply->evidence);
}

static bool put_evidence(WireWriter *w, const ManagerReply *reply)
{
    return reply->evidence.len <= DEEPQUOTE_EVIDENCE_MAX && wire_put_tpm2b(w, reply->evidence);
}

enum { PCR_PARAMETERS_MAX = WIRE_TPM_BUFFER_MAX - WIRE_TPM_HEADER_SIZE };

static bool get_pcr_parameters(WireReader *r, ManagerReply *reply)
{
    return wire_get_tpm2b(r, PCR_PARAMETERS_MAX, &reply->pcr_parameters);
}

static bool put_pcr_parameters(WireWriter *w, const ManagerReply *reply)
{
    return reply->pcr_parameters.len <= PCR_PARAMETERS_MAX &&
           wire_put_tpm2b(w, reply->pcr_parameters);
}

static bool get_page(WireReader *r, ManagerReply *reply)
{
    return wire_get_u32(r, &reply->total_size) &&
           wire_get_tpm2b(r, DEEPQUOTE_PAGE_MAX, &reply->page);
}

static bool put_page(WireWriter *w, const ManagerReply *reply)
{
    return wire_put_u32(w, reply->total_size) && reply->page.len <= DEEPQUOTE_PAGE_MAX &&
           wire_put_tpm2b(w, reply->page);
}

static bool key_valid(WireBytes key)
{
    return key.len == 0 || key.len == MANAGER_KEY_SIZE;
}

static bool get_key(WireReader *r, ManagerReply *reply)
{
    return wire_get_tpm2b(r, MANAGER_KEY_SIZE, &reply->key) && key_valid(reply->key);
}

static bool put_key(WireWriter *w, const ManagerReply *reply)
{
    return key_valid(reply->key) && wire_put_tpm2b(w, reply->key);
}

static const struct ReplyKind {
    ManagerMessageType type;
    bool (*get)(WireReader *r, ManagerReply *reply);
    bool (*put)(WireWriter *w, const ManagerReply *reply);
} replies[] = {
    { MANAGER_HELLO_REPLY, get_welcome, put_welcome },
    { MANAGER_QUOTE_REPLY, get_evidence, put_evidence },
    { MANAGER_PCR_READ_REPLY, get_pcr_parameters, put_pcr_parameters },
    { MANAGER_CREDENTIAL_REPLY, get_page, put_page },
    { MANAGER_PREPARE_REPLY, get_rivals, put_rivals },
    { MANAGER_ANNOUNCE_REPLY, get_rivals, put_rivals },
    { MANAGER_KEY_REPLY, get_key, put_key },
};

static const struct ReplyKind *find_reply(ManagerMessageType type)
{
    const struct ReplyKind *kind = replies;

    while (kind->type != type) {
        kind++;
    }
    return kind;
}

/* Every reply begins with its status; a reason follows one that is not MANAGER_OK. */
static bool get_reply(WireReader *r, ManagerMessage *m)
{
    const struct ReplyKind *kind = find_reply(m->type);
    uint32_t status;
    uint16_t reason;

    if (!wire_get_u32(r, &status) || status >= MANAGER_STATUS_COUNT) {
        return false;
    }
    m->reply.status = (ManagerStatus)status;
    if (status == MANAGER_OK) {
        return kind->get(r, &m->reply);
    }
    if (!wire_get_u16(r, &reason) || reason >= MANAGER_REASON_COUNT ||
        manager_reason_status((ManagerReason)reason) != m->reply.status) {
        return false;
    }
    m->reply.reason = (ManagerReason)reason;
    return true;
}

static bool put_reply(WireWriter *w, const ManagerMessage *m)
{
    const struct ReplyKind *kind = find_reply(m->type);

    if (!wire_put_u32(w, m->reply.status)) {
        return false;
    }
    if (m->reply.status == MANAGER_OK) {
        return kind->put(w, &m->reply);
    }
    return manager_reason_status(m->reply.reason) == m->reply.status &&
           wire_put_u16(w, (uint16_t)m->reply.reason);
}

static const MessageKind kinds[] = {
    { MANAGER_HELLO, get_hello, put_hello },
    { MANAGER_QUOTE, get_quote, put_quote },
    { MANAGER_PCR_READ, get_pcr_read, put_pcr_read },
    { MANAGER_CREDENTIAL, get_credential, put_credential },
    { MANAGER_PREPARE, get_prepare, put_prepare },
    { MANAGER_ANNOUNCE, get_announce, put_announce },
    { MANAGER_KEY, get_key_request, put_key_request },
    { MANAGER_HELLO_REPLY, get_reply, put_reply },
    { MANAGER_QUOTE_REPLY, get_reply, put_reply },
    { MANAGER_PCR_READ_REPLY, get_reply, put_reply },
    { MANAGER_CREDENTIAL_REPLY, get_reply, put_reply },
    { MANAGER_PREPARE_REPLY, get_reply, put_reply },
    { MANAGER_ANNOUNCE_REPLY, get_reply, put_reply },
    { MANAGER_KEY_REPLY, get_reply, put_reply },
    { MANAGER_OTHER_VERSION, NULL, NULL },
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
        !wire_get_u16(&r, &type) || !wire_get_u32(&r, &m.id)) {
        return false;
    }
    kind = find_kind(type);
    if (!kind || version != MANAGER_VERSION) {
        return false;
    }
    m.type = kind->type;
    if ((kind->get && !kind->get(&r, &m)) || r.left != 0) {
        return false;
    }
    *ret = m;
    return true;
}

bool wire_is_other_manager_version(WireBytes bytes, uint32_t *ret_id)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    uint16_t version, type;
    uint32_t magic, id;

    if (!wire_get_u32(&r, &magic) || magic != MANAGER_MAGIC || !wire_get_u16(&r, &version) ||
        version == MANAGER_VERSION || !wire_get_u16(&r, &type) || !wire_get_u32(&r, &id)) {
        return false;
    }
    *ret_id = id;
    return true;
}

bool wire_put_manager_message(WireWriter *w, const ManagerMessage *m)
{
    WireWriter t = *w;
    const MessageKind *kind = find_kind((uint16_t)m->type);

    if (!kind || !wire_put_u32(&t, MANAGER_MAGIC) || !wire_put_u16(&t, MANAGER_VERSION) ||
        !wire_put_u16(&t, (uint16_t)m->type) || !wire_put_u32(&t, m->id) ||
        (kind->put && !kind->put(&t, m))) {
        return false;
    }
    *w = t;
    return true;
}
