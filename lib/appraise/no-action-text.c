/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/no-action-text.h"

#include "appraise/event-fields.h"
#include "appraise/uefi-guid.h"
#include "wire/hash.h"

#include <string.h>

enum { SIGNATURE_SIZE = 16 };

/* TCG_EfiSpecIDEvent; dq_event_log_open() checks it. */
static gboolean say_header(GArray *fields, WireReader r)
{
    uint32_t platform_class, count;
    uint8_t major, minor, errata, uintn_size;

    if (!wire_get_le32(&r, &platform_class) || !wire_get_u8(&r, &minor) ||
        !wire_get_u8(&r, &major) || !wire_get_u8(&r, &errata) || !wire_get_u8(&r, &uintn_size) ||
        !wire_get_le32(&r, &count)) {
        return FALSE;
    }
    dq_fields_say(fields, "version", "%u.%u, errata %u", major, minor, errata);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t alg, size;

        if (!wire_get_le16(&r, &alg) || !wire_get_le16(&r, &size)) {
            return FALSE;
        }
        if (wire_hash_find(alg)) {
            dq_fields_say(fields, "algorithm", "%s", wire_hash_find(alg)->name);
        } else {
            dq_fields_say(fields, "algorithm", "0x%04x, %u bytes", alg, size);
        }
    }
    return TRUE;
}

static gboolean say_locality(GArray *fields, WireReader r)
{
    uint8_t locality;

    if (!wire_get_u8(&r, &locality)) {
        return FALSE;
    }
    dq_fields_say(fields, "locality", "%u", locality);
    return TRUE;
}

static gboolean get_short(WireReader *r, WireBytes *ret)
{
    WireReader t = *r;
    uint8_t size;

    if (!wire_get_u8(&t, &size) || !wire_get_bytes(&t, size, ret)) {
        return FALSE;
    }
    *r = t;
    return TRUE;
}

/* Who makes the platform, by a number, and the GUID of its reference manifest. */
static gboolean say_platform(GArray *fields, WireReader *r)
{
    uint8_t guid[DQ_GUID_SIZE];
    uint32_t vendor;

    if (!wire_get_le32(r, &vendor) || !wire_get_copy(r, sizeof(guid), guid)) {
        return FALSE;
    }
    dq_fields_say(fields, "vendor", "%u", vendor);
    dq_fields_guid(fields, "manifest", guid);
    return TRUE;
}

static gboolean say_platform_1(GArray *fields, WireReader r)
{
    return say_platform(fields, &r);
}

static gboolean say_names(GArray *fields, WireReader *r)
{
    static const char *const names[] = { "manufacturer", "model", "version",
                                         "firmwareManufacturer" };
    WireBytes text;
    uint32_t vendor;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!get_short(r, &text)) {
            return FALSE;
        }
        dq_fields_utf8(fields, names[i], text);
    }
    if (!wire_get_le32(r, &vendor) || !get_short(r, &text)) {
        return FALSE;
    }
    dq_fields_say(fields, "firmwareVendor", "%u", vendor);
    dq_fields_utf8(fields, "firmwareVersion", text);
    return TRUE;
}

static gboolean say_platform_2(GArray *fields, WireReader r)
{
    return say_platform(fields, &r) && say_names(fields, &r);
}

/* Where something is: in place, at a URI, in a file on a device, in a variable. */
static gboolean say_locator(GArray *fields, WireReader *r, const char *name)
{
    uint32_t type, size;
    WireBytes locator;

    if (!wire_get_le32(r, &type) || !wire_get_le32(r, &size) ||
        !wire_get_bytes(r, size, &locator)) {
        return FALSE;
    }
    if (size > 0) {
        dq_fields_any(fields, name, locator);
    }
    return TRUE;
}

static gboolean say_platform_3(GArray *fields, WireReader r)
{
    return say_platform(fields, &r) && say_names(fields, &r) &&
           say_locator(fields, &r, "manifestAt") && say_locator(fields, &r, "certificateAt");
}

static gboolean say_rest(GArray *fields, WireReader r)
{
    dq_fields_any(fields, "data", (WireBytes){ r.p, r.left });
    return TRUE;
}

static const struct {
    char signature[SIGNATURE_SIZE + 1];
    const char *what;
    gboolean (*say)(GArray *fields, WireReader r);
} kinds[] = {
    { "Spec ID Event03", "header of the log", say_header },
    { "StartupLocality", "how the TPM was started", say_locality },
    { "SP800-155 Event", "platform", say_platform_1 },
    { "SP800-155 Event2", "platform", say_platform_2 },
    { "SP800-155 Event3", "platform", say_platform_3 },
    { "H-CRTM CompMeas", "measured before the TPM was started", say_rest },
    { "NvIndexInstance", "extends an NV index", say_rest },
    { "NvIndexDynamic", "extends an NV index", say_rest },
};

gboolean dq_no_action_say(GArray *fields, WireBytes data)
{
    WireReader r = WIRE_READER(data.p, data.len);
    WireBytes signature;

    if (wire_get_bytes(&r, SIGNATURE_SIZE, &signature)) {
        for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
            if (memcmp(kinds[i].signature, signature.p, SIGNATURE_SIZE) == 0) {
                dq_fields_say(fields, "means", "%s", kinds[i].what);
                return kinds[i].say(fields, r);
            }
        }
    }
    dq_fields_any(fields, "text", data);
    return TRUE;
}
