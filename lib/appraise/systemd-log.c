/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/systemd-log.h"

#include "appraise/error.h"
#include "appraise/json-fields.h"
#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/hash.h"

#include <string.h>

enum {
    RECORD_SEPARATOR = 0x1e,
    RECORD_MAX = 1 << 20, /* bytes */
};

static void record_free(gpointer data)
{
    DqSystemdRecord *record = data;

    g_free(record->type);
    g_free(record->text);
    g_free(record);
}

static gboolean fail(GError **error, const char *what)
{
    g_set_error_literal(error, DQ_LOG_ERROR, DQ_LOG_ERROR_MALFORMED, what);
    return FALSE;
}

/* --------------------------------------------------------------------------------- Reading */

static const DqSystemdDigest *find_digest(const DqSystemdRecord *record, uint16_t alg)
{
    for (guint i = 0; i < record->digests; i++) {
        if (record->digest[i].alg == alg) {
            return &record->digest[i];
        }
    }
    return NULL;
}

/* One of an algorithm that is not known here is passed over. */
static gboolean read_digest(DqSystemdRecord *record, JsonNode *node, GError **error)
{
    JsonObject *o = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    const char *name = o ? dq_json_string(o, "hashAlg") : NULL;
    const char *digits = o ? dq_json_string(o, "digest") : NULL;
    const WireHash *hash = name ? wire_hash_find_name(name, strlen(name)) : NULL;
    g_autoptr(GBytes) bytes = digits ? dq_hex_decode(digits, NULL) : NULL;
    DqSystemdDigest *to = &record->digest[record->digests];

    if (!name || !bytes) {
        return fail(error, "a digest has no 'hashAlg' or 'digest'");
    }
    if (!hash) {
        return TRUE;
    }
    if (g_bytes_get_size(bytes) != hash->size || find_digest(record, hash->alg) ||
        record->digests == DQ_EVENT_DIGESTS_MAX) {
        return fail(error, "a digest has another size than its algorithm, or is there twice");
    }
    to->alg = hash->alg;
    to->size = hash->size;
    memcpy(to->bytes, g_bytes_get_data(bytes, NULL), hash->size);
    record->digests++;
    return TRUE;
}

static gboolean read_digests(DqSystemdRecord *record, JsonObject *o, GError **error)
{
    JsonNode *node = dq_json_member(o, "digests", JSON_NODE_ARRAY);
    JsonArray *array = node ? json_node_get_array(node) : NULL;

    if (!array) {
        return fail(error, "it has no 'digests'");
    }
    for (guint i = 0; i < json_array_get_length(array); i++) {
        if (!read_digest(record, json_array_get_element(array, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_pcr(DqSystemdRecord *record, JsonObject *o, GError **error)
{
    JsonNode *node = json_object_get_member(o, "pcr");
    const int64_t pcr = node && dq_json_is_type(node, G_TYPE_INT64) ? json_node_get_int(node) : -1;

    record->extends = node != NULL;
    if (node && (pcr < 0 || pcr >= DQ_EVENT_PCRS)) {
        return fail(error, "'pcr' is not the number of one");
    }
    record->pcr = node ? (guint)pcr : 0;
    return TRUE;
}

static void read_content(DqSystemdRecord *record, JsonObject *o)
{
    JsonNode *node = dq_json_member(o, "content", JSON_NODE_OBJECT);
    JsonObject *content = node ? json_node_get_object(node) : NULL;
    const char *type = content ? dq_json_string(content, "eventType") : NULL;
    const char *text = content ? dq_json_string(content, "string") : NULL;

    record->type = g_strdup(type ? type : "");
    record->text = g_strdup(text ? text : "");
}

/* @bytes: between two separators, with the end of line */
static DqSystemdRecord *read_record(WireBytes bytes, guint number, GError **error)
{
    DqSystemdRecord *record = g_new0(DqSystemdRecord, 1);
    g_autoptr(JsonParser) parser = NULL;
    JsonObject *o;
    gboolean ok = bytes.len > 0 && bytes.p[bytes.len - 1] == '\n';

    record->number = number;
    if (!ok) {
        fail(error, "it ends in the middle");
    }
    parser = ok ? dq_json_load((const char *)bytes.p, bytes.len, RECORD_MAX, DQ_LOG_ERROR,
                               DQ_LOG_ERROR_MALFORMED, error)
                : NULL;
    o = parser ? json_node_get_object(json_parser_get_root(parser)) : NULL;
    if (!o || !read_pcr(record, o, error) || !read_digests(record, o, error)) {
        record_free(record);
        return NULL;
    }
    read_content(record, o);
    return record;
}

gboolean dq_systemd_log_is(WireBytes bytes)
{
    return bytes.len > 0 && bytes.p[0] == RECORD_SEPARATOR;
}

/* What is up to the next separator, or to the end. */
static WireBytes next_record(WireReader *rest)
{
    const uint8_t *from = rest->p + 1; /* behind the separator */
    const gsize left = rest->left - 1;
    const uint8_t *to = left > 0 ? memchr(from, RECORD_SEPARATOR, left) : NULL;
    const gsize len = to ? (gsize)(to - from) : left;

    *rest = WIRE_READER(from + len, left - len);
    return (WireBytes){ from, len };
}

GPtrArray *dq_systemd_log_parse(WireBytes bytes, GError **error)
{
    g_autoptr(GPtrArray) log = g_ptr_array_new_with_free_func(record_free);
    WireReader rest = WIRE_READER(bytes.p, bytes.len);

    if (!dq_systemd_log_is(bytes)) {
        fail(error, "it is no log of systemd's measurements");
        return NULL;
    }
    while (rest.left > 0) {
        DqSystemdRecord *record;

        if (bytes.len > DQ_SYSTEMD_LOG_MAX || log->len == DQ_SYSTEMD_RECORDS_MAX) {
            g_set_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_TOO_LARGE,
                        "more than %d bytes or %d records", DQ_SYSTEMD_LOG_MAX,
                        DQ_SYSTEMD_RECORDS_MAX);
            return NULL;
        }
        record = read_record(next_record(&rest), log->len, error);
        if (!record) {
            g_prefix_error(error, "record %u: ", log->len);
            return NULL;
        }
        g_ptr_array_add(log, record);
    }
    return g_steal_pointer(&log);
}

/* -------------------------------------------------------------------------------- Replaying */

/* Of a key of a volume the text is not what was measured. */
static gboolean is_of_text(const char *type)
{
    static const char *const types[] = { "phase", "machine-id", "filesystem", NULL };

    return g_strv_contains(types, type);
}

gboolean dq_systemd_is_altered(const DqSystemdRecord *record)
{
    const DqBytes text = { (const uint8_t *)record->text, strlen(record->text) };

    for (guint i = 0; is_of_text(record->type) && i < record->digests; i++) {
        const DqSystemdDigest *d = &record->digest[i];
        uint8_t digest[DQ_DIGEST_MAX];

        if (dq_digest_md(d->alg) &&
            (!dq_digest(d->alg, &text, 1, digest) || memcmp(digest, d->bytes, d->size) != 0)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean is_reached(const DqPcrReplay *p)
{
    return p->quoted.len > 0 && wire_bytes_equal((WireBytes){ p->value, p->size }, p->quoted);
}

static void extend(DqPcrReplay *p, const DqSystemdRecord *record)
{
    const DqSystemdDigest *d = find_digest(record, p->alg);
    const DqBytes parts[] = { { p->value, p->size }, { d ? d->bytes : NULL, d ? d->size : 0 } };

    p->first = p->events++ == 0 ? record->number : p->first;
    p->last = record->number;
    if (!d) {
        p->outcome = DQ_PCR_NO_DIGEST;
        p->missing = record->number;
        return;
    }
    dq_digest(p->alg, parts, G_N_ELEMENTS(parts), p->value);
    if (dq_systemd_is_altered(record) && p->altered++ == 0) {
        p->altered_first = record->number;
        p->altered_alg = p->alg;
    }
}

void dq_systemd_replay(const GPtrArray *log, DqPcrReplay *pcr)
{
    pcr->events = pcr->altered = 0;
    pcr->size = wire_hash_size(pcr->alg);
    pcr->outcome = dq_digest_md(pcr->alg) ? DQ_PCR_NOT_QUOTED : DQ_PCR_NO_HASH;
    for (guint i = 0; i < log->len && pcr->outcome == DQ_PCR_NOT_QUOTED && !is_reached(pcr); i++) {
        const DqSystemdRecord *record = log->pdata[i];

        if (record->extends && record->pcr == pcr->pcr) {
            extend(pcr, record);
        }
    }
    if (pcr->outcome == DQ_PCR_NOT_QUOTED && pcr->quoted.len > 0) {
        pcr->outcome = is_reached(pcr) ? DQ_PCR_MATCHES : DQ_PCR_DIFFERS;
    }
    pcr->reached = FALSE;
}
