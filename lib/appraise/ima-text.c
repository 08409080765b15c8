/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/ima-text.h"

#include "appraise/ima-fields.h"
#include "attest/deepquote.h"
#include "wire/hash.h"

enum {
    SIGNATURE_TYPE_DIGSIG = 3, /* enum evm_ima_xattr_type */
    SIGNATURE_TYPE_VERITY = 6,
};

static void say_digest(GArray *fields, const char *name, const DqImaDigest *d)
{
    const char *algorithm = (const char *)d->algorithm.p;
    g_autofree char *digits = NULL;

    if (d->bytes.len == 0) {
        return;
    }
    if (d->bytes.len > DQ_FIELD_TEXT_MAX) {
        dq_fields_hex(fields, name, d->bytes);
        return;
    }
    digits = dq_hex_encode(d->bytes.p, d->bytes.len);
    if (d->algorithm.len == 0) {
        dq_fields_say(fields, name, "sha1:%s", digits);
    } else if (wire_hash_find_name(algorithm, d->algorithm.len)) {
        dq_fields_say(fields, name, "%.*s:%s", (int)d->algorithm.len, algorithm, digits);
    } else {
        dq_fields_utf8(fields, "algorithm", d->algorithm);
        dq_fields_say(fields, name, "%s", digits);
    }
}

/* struct signature_v2_hdr, with the number of the key big-endian. */
static void say_signature(GArray *fields, WireBytes signature)
{
    WireReader r = WIRE_READER(signature.p, signature.len);
    uint8_t type, version, algorithm;
    uint32_t key;
    uint16_t size;

    if (signature.len == 0) {
        return;
    }
    if (wire_get_u8(&r, &type) && wire_get_u8(&r, &version) && wire_get_u8(&r, &algorithm) &&
        wire_get_u32(&r, &key) && wire_get_u16(&r, &size) && size == r.left &&
        (type == SIGNATURE_TYPE_DIGSIG || type == SIGNATURE_TYPE_VERITY)) {
        dq_fields_say(fields, "signature", "by key %08x, %u bytes", key, size);
    } else {
        dq_fields_hex(fields, "signature", signature);
    }
}

static void say_fields(GArray *out, const DqImaFields *f)
{
    dq_fields_utf8(out, "file", f->name);
    if (f->type.len > 0) {
        dq_fields_utf8(out, "kind", f->type);
    }
    say_digest(out, "digest", &f->digest);
    say_signature(out, f->signature);
    if (f->buffer.len > 0) {
        dq_fields_any(out, "buffer", f->buffer);
    }
    say_digest(out, "unsigned", &f->appended_digest);
    if (f->appended_signature.len > 0) {
        dq_fields_say(out, "appended", "signature of %" G_GSIZE_FORMAT " bytes",
                      f->appended_signature.len);
    }
}

GArray *dq_ima_text(const DqImaEntry *entry)
{
    GArray *fields = dq_fields_new();
    DqImaFields f;

    if (!dq_ima_fields(entry, &f)) {
        dq_fields_say(fields, "problem", "the data does not decode");
        dq_fields_hex(fields, "data", entry->data);
    } else if (!f.known) {
        dq_fields_say(fields, "problem", "the template is not known");
        dq_fields_hex(fields, "data", entry->data);
    } else {
        say_fields(fields, &f);
    }
    return fields;
}
