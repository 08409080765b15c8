/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/uefi-signature.h"

#include "appraise/certificate.h"
#include "appraise/event-fields.h"
#include "appraise/uefi-guid.h"

#include <string.h>

enum {
    LIST_HEADER = DQ_GUID_SIZE + 3 * 4,
    KINDS_MAX = 16,
};

/** EFI_SIGNATURE_LIST: signatures of one kind and size. */
typedef struct SignatureList {
    uint8_t type[DQ_GUID_SIZE];
    uint32_t each; /* bytes, more than DQ_GUID_SIZE */
    WireReader signatures;
} SignatureList;

static gboolean get_list(WireReader *r, SignatureList *ret)
{
    uint32_t size, header;
    WireBytes skipped, rest;

    if (!wire_get_copy(r, DQ_GUID_SIZE, ret->type) || !wire_get_le32(r, &size) ||
        !wire_get_le32(r, &header) || !wire_get_le32(r, &ret->each) || size < LIST_HEADER ||
        header > size - LIST_HEADER || !wire_get_bytes(r, header, &skipped) ||
        !wire_get_bytes(r, size - LIST_HEADER - header, &rest) || ret->each <= DQ_GUID_SIZE ||
        rest.len % ret->each != 0) {
        return FALSE;
    }
    ret->signatures = WIRE_READER(rest.p, rest.len);
    return TRUE;
}

static void say_certificates(GArray *fields, const SignatureList *list)
{
    WireReader r = list->signatures;
    WireBytes one;

    while (fields->len < DQ_FIELDS_MAX && wire_get_bytes(&r, list->each, &one)) {
        char *subject =
            dq_certificate_subject((WireBytes){ one.p + DQ_GUID_SIZE, one.len - DQ_GUID_SIZE });

        if (subject) {
            dq_fields_take(fields, "certificate", subject);
        }
    }
}

/** How many signatures of each kind there are. */
typedef struct Tally {
    guint kinds;
    struct {
        uint8_t type[DQ_GUID_SIZE];
        gsize count;
    } kind[KINDS_MAX];
} Tally;

/* FALSE where there are too many kinds. */
static gboolean count(Tally *t, const SignatureList *list)
{
    guint i = 0;

    while (i < t->kinds && memcmp(t->kind[i].type, list->type, DQ_GUID_SIZE) != 0) {
        i++;
    }
    if (i == KINDS_MAX) {
        return FALSE;
    }
    if (i == t->kinds) {
        memcpy(t->kind[t->kinds++].type, list->type, DQ_GUID_SIZE);
    }
    t->kind[i].count += list->signatures.left / list->each;
    return TRUE;
}

static void say_tally(GArray *fields, const Tally *t)
{
    for (guint i = 0; i < t->kinds; i++) {
        const char *name = dq_guid_name(t->kind[i].type);
        char text[DQ_GUID_TEXT_SIZE];

        dq_guid_format(t->kind[i].type, text);
        dq_fields_say(fields, "holds", "%" G_GSIZE_FORMAT " x %s", t->kind[i].count,
                      name ? name : text);
    }
    if (t->kinds == 0) {
        dq_fields_say(fields, "holds", "nothing");
    }
}

gboolean dq_uefi_signature_lists(GArray *fields, WireBytes lists)
{
    WireReader r = WIRE_READER(lists.p, lists.len);
    Tally tally = { 0 };
    SignatureList list;

    while (r.left > 0) {
        if (!get_list(&r, &list) || !count(&tally, &list)) {
            return FALSE;
        }
    }
    say_tally(fields, &tally);
    r = WIRE_READER(lists.p, lists.len);
    while (fields->len < DQ_FIELDS_MAX && get_list(&r, &list)) {
        say_certificates(fields, &list);
    }
    return TRUE;
}

gboolean dq_uefi_signature(GArray *fields, WireBytes signature)
{
    WireReader r = WIRE_READER(signature.p, signature.len);
    uint8_t owner[DQ_GUID_SIZE];
    char *subject;

    if (!wire_get_copy(&r, sizeof(owner), owner)) {
        return FALSE;
    }
    subject = dq_certificate_subject((WireBytes){ r.p, r.left });
    if (!subject) {
        return FALSE;
    }
    dq_fields_take(fields, "certificate", subject);
    dq_fields_guid(fields, "owner", owner);
    return TRUE;
}
