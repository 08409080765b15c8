/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audit_head.h"

#include <gio/gio.h>
#include <string.h>

#include "json.h"
#include "wire/attest.h"
#include "wire/audit.h"
#include "wire/evidence.h"

gboolean audit_fail(GError **error, int64_t number, const char *what)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                "entry %" G_GINT64_FORMAT " of the audit log %s: the log was changed by something "
                "else than the manager; restore the registry from a backup, and find out by whom",
                number, what);
    return FALSE;
}

/* The entry that the head names has to be in the log as it was. */
static gboolean is_entry(JsonArray *entries, const AuditHead *head)
{
    const guint count = json_array_get_length(entries);
    g_autofree char *hex = dq_hex_encode(head->hash, sizeof(head->hash));

    return head->number <= count &&
           g_str_equal(hex, text_of(json_array_get_object_element(entries, (guint)head->number - 1),
                                    "hash"));
}

/* Whether the quote in @e is over a tree that has the leaf. */
static gboolean is_in_quote(const WireEvidence *e)
{
    uint8_t leaf[DQ_HASH_SIZE];
    uint8_t root[DQ_HASH_SIZE];
    uint8_t data[DQ_HASH_SIZE];
    WireAttest quote;

    if (!wire_decode_attest(e->host_quoted, &quote) || quote.magic != TPM_GENERATED_VALUE ||
        quote.type != TPM_ST_ATTEST_QUOTE) {
        return FALSE;
    }
    dq_merkle_leaf(e->binding_bytes.p, e->binding_bytes.len, leaf);
    if (!dq_merkle_root_from_path(leaf, e->leaf_index, e->tree_size, e->path, e->path_length,
                                  root)) {
        return FALSE;
    }
    dq_merkle_qualifying_data(e->tree_size, root, data);
    return quote.extra_data.len == sizeof(data) &&
           memcmp(quote.extra_data.p, data, sizeof(data)) == 0;
}

static gboolean is_signed(const WireEvidence *e, DqKey *key)
{
    uint8_t buf[DEEPQUOTE_EVIDENCE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    return dq_key_is_attestation_key(key) && wire_put_signature(&w, &e->host_signature) &&
           dq_key_verify(key, (DqBytes){ e->host_quoted.p, e->host_quoted.len },
                         (DqBytes){ buf, w.len });
}

static gboolean is_by(const WireEvidence *e, const DqKey *key)
{
    const DqBytes name = dq_key_get_name(key);

    return e->host_signer.len == name.len && memcmp(e->host_signer.p, name.data, name.len) == 0;
}

static gboolean check(JsonArray *entries, JsonObject *object, DqKey *key, AuditSigned *said,
                      GError **error)
{
    const int64_t number = number_of(object, "number");
    g_autoptr(GBytes) bytes = dq_hex_decode(text_of(object, "evidence"), NULL);
    gsize size = 0;
    const uint8_t *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;
    WireEvidence e;
    AuditHead head;

    if (!wire_decode_evidence_of((WireBytes){ data, size }, &e) ||
        !wire_decode_audit_head(e.binding_bytes, &head) || (int64_t)head.number != number) {
        return audit_fail(error, number, "has a signature that cannot be read");
    }
    if (!is_entry(entries, &head)) {
        return audit_fail(error, number, "is not the one that was signed");
    }
    if (!is_by(&e, key)) {
        said->others++;
        return TRUE;
    }
    if (!is_in_quote(&e) || !is_signed(&e, key)) {
        return audit_fail(error, number, "has a signature that the host's TPM did not make");
    }
    if (number > said->number) {
        said->number = number;
        said->time = head.time;
    }
    return TRUE;
}

gboolean audit_heads_check(JsonArray *entries, JsonArray *heads, DqKey *key, AuditSigned *ret,
                           GError **error)
{
    AuditSigned said = { 0 };

    for (guint i = 0; i < json_array_get_length(heads); i++) {
        if (!check(entries, json_array_get_object_element(heads, i), key, &said, error)) {
            return FALSE;
        }
    }
    *ret = said;
    return TRUE;
}
