/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/ima-fields.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/hash.h"
#include "wire/tpm-constants.h"

#include <string.h>

enum {
    FIRMWARE_PCRS = 8, /* of which the digest in the SHA-1 bank is */
    FIELDS_MAX = 16,
};

typedef gboolean (*Read)(WireBytes field, DqImaFields *f);

static gboolean equals(WireBytes b, const char *text)
{
    return wire_bytes_equal(b, (WireBytes){ (const uint8_t *)text, strlen(text) });
}

/* "sha256:" and a zero, or "verity:sha256:" and a zero, then the digest. */
static gboolean read_digest(WireBytes field, WireBytes *ret_type, DqImaDigest *ret)
{
    const uint8_t *zero = field.len > 0 ? memchr(field.p, 0, field.len) : NULL;
    const uint8_t *colon;
    WireBytes words, type = { NULL, 0 };

    if (!zero || zero == field.p || zero[-1] != ':') {
        return FALSE;
    }
    words = (WireBytes){ field.p, (size_t)(zero - field.p - 1) };
    colon = memchr(words.p, ':', words.len);
    if (colon) {
        type = (WireBytes){ words.p, (size_t)(colon - words.p) };
        words = (WireBytes){ colon + 1, words.len - type.len - 1 };
    }
    *ret_type = type;
    *ret = (DqImaDigest){ words, { zero + 1, field.len - (size_t)(zero + 1 - field.p) } };
    return TRUE;
}

static gboolean read_bare(WireBytes field, DqImaFields *f)
{
    f->digest.bytes = field;
    return TRUE;
}

static gboolean read_named(WireBytes field, DqImaFields *f)
{
    return read_digest(field, &f->type, &f->digest);
}

static gboolean read_appended(WireBytes field, DqImaFields *f)
{
    WireBytes type;

    return field.len == 0 || read_digest(field, &type, &f->appended_digest);
}

static gboolean read_name(WireBytes field, DqImaFields *f)
{
    if (field.len > 0 && field.p[field.len - 1] == 0) {
        field.len--;
    }
    f->name = field;
    return !field.len || !memchr(field.p, 0, field.len);
}

static gboolean read_signature(WireBytes field, DqImaFields *f)
{
    f->signature = field;
    return TRUE;
}

static gboolean read_buffer(WireBytes field, DqImaFields *f)
{
    f->buffer = field;
    return TRUE;
}

static gboolean read_appended_signature(WireBytes field, DqImaFields *f)
{
    f->appended_signature = field;
    return TRUE;
}

static gboolean pass_over(G_GNUC_UNUSED WireBytes field, G_GNUC_UNUSED DqImaFields *f)
{
    return TRUE;
}

static const struct {
    const char *name;
    Read read;
} known_fields[] = {
    { "d", read_bare },
    { "d-ng", read_named },
    { "d-ngv2", read_named },
    { "n", read_name },
    { "n-ng", read_name },
    { "sig", read_signature },
    { "buf", read_buffer },
    { "d-modsig", read_appended },
    { "modsig", read_appended_signature },
    { "evmsig", pass_over },
    { "iuid", pass_over },
    { "igid", pass_over },
    { "imode", pass_over },
    { "xattrnames", pass_over },
    { "xattrlengths", pass_over },
    { "xattrvalues", pass_over },
};

static const struct {
    const char *name, *fields;
} templates[] = {
    { "ima-ng", "d-ng|n-ng" },
    { "ima-ngv2", "d-ngv2|n-ng" },
    { "ima-sig", "d-ng|n-ng|sig" },
    { "ima-sigv2", "d-ngv2|n-ng|sig" },
    { "ima-buf", "d-ng|n-ng|buf" },
    { "ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig" },
    { "evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode" },
};

static Read find_field(WireBytes name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known_fields); i++) {
        if (equals(name, known_fields[i].name)) {
            return known_fields[i].read;
        }
    }
    return NULL;
}

/* The names of a template's fields, with | between them: its own where it has no name. */
static WireBytes fields_of(WireBytes template)
{
    for (gsize i = 0; i < G_N_ELEMENTS(templates); i++) {
        if (equals(template, templates[i].name)) {
            return (WireBytes){ (const uint8_t *)templates[i].fields, strlen(templates[i].fields) };
        }
    }
    return template;
}

static WireBytes next_name(WireBytes *rest)
{
    const uint8_t *bar = rest->len > 0 ? memchr(rest->p, '|', rest->len) : NULL;
    const WireBytes name = { rest->p, bar ? (size_t)(bar - rest->p) : rest->len };
    const size_t used = bar ? name.len + 1 : name.len;

    *rest = (WireBytes){ rest->p + used, rest->len - used };
    return name;
}

/* How each field is read, in order; 0 where one is not known. */
static guint find_fields(WireBytes template, Read ret[FIELDS_MAX])
{
    WireBytes rest = fields_of(template);
    guint count = 0;

    while (rest.len > 0) {
        if (count == FIELDS_MAX) {
            return 0;
        }
        ret[count] = find_field(next_name(&rest));
        if (!ret[count++]) {
            return 0;
        }
    }
    return count;
}

static gboolean read_oldest(const DqImaEntry *entry, DqImaFields *ret)
{
    const gsize skip = DQ_IMA_SHA1_SIZE + sizeof(uint32_t);
    DqImaFields f = { .known = TRUE };

    f.digest.bytes = (WireBytes){ entry->data.p, DQ_IMA_SHA1_SIZE };
    if (!read_name((WireBytes){ entry->data.p + skip, entry->data.len - skip }, &f)) {
        return FALSE;
    }
    *ret = f;
    return TRUE;
}

gboolean dq_ima_fields(const DqImaEntry *entry, DqImaFields *ret_fields)
{
    WireReader r = WIRE_READER(entry->data.p, entry->data.len);
    Read read[FIELDS_MAX];
    DqImaFields f = { 0 };
    guint count;

    if (entry->oldest) {
        return read_oldest(entry, ret_fields);
    }
    count = find_fields(entry->template, read);
    f.known = count > 0;
    for (guint i = 0; i < count; i++) {
        uint32_t size;
        WireBytes field;

        if (!wire_get_le32(&r, &size) || !wire_get_bytes(&r, size, &field) || !read[i](field, &f)) {
            return FALSE;
        }
    }
    if (f.known && r.left != 0) {
        return FALSE;
    }
    *ret_fields = f;
    return TRUE;
}

uint16_t dq_ima_aggregate(const DqImaEntry *entry)
{
    const WireHash *hash;
    DqImaFields f;

    if (!dq_ima_fields(entry, &f) || !f.known || !equals(f.name, "boot_aggregate")) {
        return 0;
    }
    hash = f.digest.algorithm.len == 0
               ? wire_hash_find(TPM_ALG_SHA1)
               : wire_hash_find_name((const char *)f.digest.algorithm.p, f.digest.algorithm.len);
    return hash && hash->size == f.digest.bytes.len ? hash->alg : 0;
}

gboolean dq_ima_aggregate_is(const DqImaEntry *entry, const WireBytes pcrs[DQ_IMA_PCR])
{
    const uint16_t alg = dq_ima_aggregate(entry);
    DqBytes parts[DQ_IMA_PCR];
    uint8_t digest[DQ_DIGEST_MAX];
    DqImaFields f;

    if (alg == 0 || !dq_ima_fields(entry, &f)) {
        return FALSE;
    }
    for (guint i = 0; i < DQ_IMA_PCR; i++) {
        parts[i] = dq_unwire(pcrs[i]);
    }
    for (guint count = FIRMWARE_PCRS; count <= DQ_IMA_PCR; count += 2) {
        const gsize size = dq_digest(alg, parts, count, digest);

        if (wire_bytes_equal((WireBytes){ digest, size }, f.digest.bytes)) {
            return TRUE;
        }
        if (alg == TPM_ALG_SHA1) {
            break;
        }
    }
    return FALSE;
}

uint16_t dq_ima_digest_alg(const DqImaDigest *digest)
{
    const char *name = (const char *)digest->algorithm.p;
    const WireHash *hash = digest->algorithm.len == 0
                               ? wire_hash_find(TPM_ALG_SHA1)
                               : wire_hash_find_name(name, digest->algorithm.len);

    return hash ? hash->alg : 0;
}

gboolean dq_ima_is_file(const DqImaEntry *entry)
{
    return !entry->violation && !(entry->number == 0 && dq_ima_aggregate(entry) != 0);
}
