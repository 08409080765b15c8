/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record_fields.h"

#include "record_text.h"

#include <stddef.h>
#include <string.h>

typedef enum FieldType {
    FIELD_INT64,
    FIELD_UINT64, /* as a string */
    FIELD_UINT32,
    FIELD_BOOL,
    FIELD_TEXT,
    FIELD_BYTES, /* hexadecimal digits, as many as there is room for */
    FIELD_SIZED, /* hexadecimal digits, at most as many */
} FieldType;

typedef struct Field {
    const char *member;
    FieldType type;
    gsize offset, size;
    gsize len_offset; /* of a gsize; FIELD_SIZED */
} Field;

#define SIZE_OF(T, field) sizeof(((T *)0)->field)
#define FIELD(T, member, type, field)                                                              \
    {                                                                                              \
        member, type, offsetof(T, field), SIZE_OF(T, field), 0                                     \
    }
#define SIZED(T, member, field, len)                                                               \
    {                                                                                              \
        member, FIELD_SIZED, offsetof(T, field), SIZE_OF(T, field), offsetof(T, len)               \
    }
#define NAME(T, member, field) SIZED(T, member, field.data, field.len)

static const Field answer_fields[] = {
    FIELD(DqStoreAnswers, "now", FIELD_INT64, now),
    FIELD(DqStoreAnswers, "challenge", FIELD_UINT32, use),
    FIELD(DqStoreAnswers, "challengeForVm", FIELD_BOOL, bound),
    FIELD(DqStoreAnswers, "challengeVm", FIELD_BYTES, uuid),
};

static const Field host_fields[] = {
    NAME(DqStoreHost, "name", name),
    SIZED(DqStoreHost, "public", public_area, public_len),
    FIELD(DqStoreHost, "label", FIELD_TEXT, label),
    FIELD(DqStoreHost, "simulated", FIELD_BOOL, simulated),
    FIELD(DqStoreHost, "enrolment", FIELD_UINT32, enrolment),
    FIELD(DqStoreHost, "ekManufacturer", FIELD_TEXT, ek.manufacturer),
    FIELD(DqStoreHost, "ekModel", FIELD_TEXT, ek.model),
    FIELD(DqStoreHost, "ekVersion", FIELD_TEXT, ek.version),
    FIELD(DqStoreHost, "ekSerial", FIELD_TEXT, ek.serial),
    FIELD(DqStoreHost, "ekIssuer", FIELD_TEXT, ek.issuer),
    FIELD(DqStoreHost, "ekExpires", FIELD_INT64, ek.expires),
    FIELD(DqStoreHost, "enrolled", FIELD_INT64, enrolled),
    FIELD(DqStoreHost, "expires", FIELD_INT64, expires),
    FIELD(DqStoreHost, "revoked", FIELD_INT64, revoked),
    FIELD(DqStoreHost, "counted", FIELD_BOOL, counted),
    FIELD(DqStoreHost, "resetCount", FIELD_UINT32, reset_count),
    FIELD(DqStoreHost, "restartCount", FIELD_UINT32, restart_count),
};

static const Field vm_fields[] = {
    FIELD(DqStoreVm, "uuid", FIELD_BYTES, uuid),
    FIELD(DqStoreVm, "label", FIELD_TEXT, label),
    NAME(DqStoreVm, "ek", ek),
    NAME(DqStoreVm, "ak", ak),
    FIELD(DqStoreVm, "added", FIELD_INT64, added),
    FIELD(DqStoreVm, "firstSeen", FIELD_INT64, first_seen),
    FIELD(DqStoreVm, "lastSeen", FIELD_INT64, last_seen),
    NAME(DqStoreVm, "host", host),
    FIELD(DqStoreVm, "lineage", FIELD_BYTES, lineage),
    FIELD(DqStoreVm, "epoch", FIELD_UINT64, epoch),
    FIELD(DqStoreVm, "generation", FIELD_UINT64, generation),
    FIELD(DqStoreVm, "hasClock", FIELD_BOOL, has_clock),
    FIELD(DqStoreVm, "resetCount", FIELD_UINT32, reset_count),
    FIELD(DqStoreVm, "restartCount", FIELD_UINT32, restart_count),
    FIELD(DqStoreVm, "clock", FIELD_UINT64, clock),
    FIELD(DqStoreVm, "clockSafe", FIELD_BOOL, clock_safe),
    FIELD(DqStoreVm, "acceptsLineage", FIELD_BOOL, accepts_lineage),
    FIELD(DqStoreVm, "acceptedLineage", FIELD_BYTES, accepted_lineage),
    NAME(DqStoreVm, "acceptedHost", accepted_host),
};

/* ---------------------------------------------------------------------------------------- Writing
 */

static gsize length_of(const Field *f, const char *record)
{
    gsize len = f->size;

    if (f->type == FIELD_SIZED) {
        memcpy(&len, record + f->len_offset, sizeof(len));
    }
    return len;
}

static void write_field(JsonObject *o, const Field *f, const char *record)
{
    const char *at = record + f->offset;
    uint64_t u64;
    int64_t i64;
    uint32_t u32;

    switch (f->type) {
    case FIELD_INT64:
        memcpy(&i64, at, sizeof(i64));
        json_object_set_int_member(o, f->member, i64);
        break;
    case FIELD_UINT64:
        memcpy(&u64, at, sizeof(u64));
        json_set_u64(o, f->member, u64);
        break;
    case FIELD_UINT32:
        memcpy(&u32, at, sizeof(u32));
        json_object_set_int_member(o, f->member, u32);
        break;
    case FIELD_BOOL:
        memcpy(&u32, at, sizeof(u32));
        json_object_set_boolean_member(o, f->member, u32 != 0);
        break;
    case FIELD_TEXT:
        json_object_set_string_member(o, f->member, at);
        break;
    default:
        json_set_hex(o, f->member, (const uint8_t *)at, length_of(f, record));
    }
}

/* (transfer full) */
static JsonObject *write_all(const Field *fields, gsize count, gconstpointer record)
{
    JsonObject *o = json_object_new();

    for (gsize i = 0; i < count; i++) {
        write_field(o, &fields[i], record);
    }
    return o;
}

JsonObject *record_answers_json(const DqStoreAnswers *a)
{
    JsonObject *o = write_all(answer_fields, G_N_ELEMENTS(answer_fields), a);

    if (a->has_host) {
        json_object_set_object_member(o, "host",
                                      write_all(host_fields, G_N_ELEMENTS(host_fields), &a->host));
    }
    if (a->has_vm) {
        json_object_set_object_member(o, "vm",
                                      write_all(vm_fields, G_N_ELEMENTS(vm_fields), &a->vm));
    }
    return o;
}

/* ---------------------------------------------------------------------------------------- Reading
 */

static gboolean read_hex(const Field *f, const char *text, char *record)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(text, NULL);
    const gsize len = bytes ? g_bytes_get_size(bytes) : 0;

    if (!bytes || len > f->size || (f->type == FIELD_BYTES && len != f->size)) {
        return FALSE;
    }
    if (len > 0) {
        memcpy(record + f->offset, g_bytes_get_data(bytes, NULL), len);
    }
    if (f->type == FIELD_SIZED) {
        memcpy(record + f->len_offset, &len, sizeof(len));
    }
    return TRUE;
}

static gboolean read_text(const Field *f, const char *text, char *record)
{
    uint64_t number;

    if (f->type == FIELD_TEXT) {
        return g_strlcpy(record + f->offset, text, f->size) < f->size;
    }
    if (f->type == FIELD_UINT64) {
        const gboolean good = g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &number, NULL);

        memcpy(record + f->offset, &number, good ? sizeof(number) : 0);
        return good;
    }
    return read_hex(f, text, record);
}

static gboolean read_number(const Field *f, int64_t number, char *record)
{
    const uint32_t narrow = (uint32_t)number;

    if (f->type == FIELD_INT64) {
        memcpy(record + f->offset, &number, sizeof(number));
        return TRUE;
    }
    memcpy(record + f->offset, &narrow, sizeof(narrow));
    return number >= 0 && number <= G_MAXUINT32;
}

static gboolean read_field(JsonNode *node, const Field *f, char *record)
{
    const GType type =
        node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    const GType wanted = f->type == FIELD_BOOL                               ? G_TYPE_BOOLEAN
                         : f->type == FIELD_INT64 || f->type == FIELD_UINT32 ? G_TYPE_INT64
                                                                             : G_TYPE_STRING;

    if (type != wanted) {
        return FALSE;
    }
    if (type == G_TYPE_STRING) {
        return read_text(f, json_node_get_string(node), record);
    }
    return read_number(
        f, type == G_TYPE_INT64 ? json_node_get_int(node) : json_node_get_boolean(node), record);
}

static gboolean read_all(JsonObject *o, const Field *fields, gsize count, gpointer record,
                         GError **error)
{
    for (gsize i = 0; i < count; i++) {
        if (!read_field(json_object_get_member(o, fields[i].member), &fields[i], record)) {
            g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "its '%s' is none", fields[i].member);
            return FALSE;
        }
    }
    return TRUE;
}

/* @ret_there: whether there is such an object; what is none counts as not there. */
static JsonObject *find_object(JsonObject *o, const char *member, gboolean *ret_there)
{
    JsonNode *node = json_object_get_member(o, member);

    *ret_there = node && JSON_NODE_HOLDS_OBJECT(node);
    return *ret_there ? json_node_get_object(node) : NULL;
}

static gboolean check_use(const DqStoreAnswers *a, GError **error)
{
    if ((guint)a->use > DQ_CHALLENGE_EXPIRED) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "its 'challenge' is none");
        return FALSE;
    }
    return TRUE;
}

gboolean record_answers_read(JsonObject *object, DqStoreAnswers *ret, GError **error)
{
    JsonObject *host, *vm;

    memset(ret, 0, sizeof(*ret));
    host = find_object(object, "host", &ret->has_host);
    vm = find_object(object, "vm", &ret->has_vm);
    return read_all(object, answer_fields, G_N_ELEMENTS(answer_fields), ret, error) &&
           check_use(ret, error) &&
           (!host || read_all(host, host_fields, G_N_ELEMENTS(host_fields), &ret->host, error)) &&
           (!vm || read_all(vm, vm_fields, G_N_ELEMENTS(vm_fields), &ret->vm, error));
}
