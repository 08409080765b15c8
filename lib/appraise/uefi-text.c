/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/uefi-text.h"

#include "appraise/event-fields.h"
#include "appraise/uefi-guid.h"
#include "appraise/uefi-path.h"
#include "appraise/utf16.h"

/* EFI_PARTITION_TABLE_HEADER. Spec: UEFI 2.10, section 5.3.2. */
enum {
    GPT_HEADER_SIZE = 92,
    GPT_DISK_GUID = 56,
    GPT_ENTRY_SIZE = 84,
    GPT_ENTRY_MIN = 128,
    GPT_NAME_SIZE = 72,
};

static gboolean say_path(GArray *fields, WireBytes path)
{
    char *text = dq_uefi_path_text(path);

    if (!text) {
        return FALSE;
    }
    dq_fields_take(fields, "path", text);
    return TRUE;
}

gboolean dq_uefi_say_load_option(GArray *fields, WireBytes data)
{
    WireReader r = WIRE_READER(data.p, data.len);
    uint32_t attributes;
    uint16_t path_size;
    WireBytes description, path;

    if (!wire_get_le32(&r, &attributes) || !wire_get_le16(&r, &path_size) ||
        !dq_utf16_take(&r, &description) || !wire_get_bytes(&r, path_size, &path)) {
        return FALSE;
    }
    dq_fields_utf16(fields, "description", description);
    dq_fields_say(fields, "active", attributes & 1 ? "yes" : "no");
    if (!say_path(fields, path)) {
        return FALSE;
    }
    if (r.left > 0) {
        dq_fields_any(fields, "options", (WireBytes){ r.p, r.left });
    }
    return TRUE;
}

gboolean dq_uefi_say_image(GArray *fields, WireBytes data)
{
    WireReader r = WIRE_READER(data.p, data.len);
    uint64_t address, size, link_address, path_size;
    WireBytes path;

    if (!wire_get_le64(&r, &address) || !wire_get_le64(&r, &size) ||
        !wire_get_le64(&r, &link_address) || !wire_get_le64(&r, &path_size) ||
        !wire_get_bytes(&r, path_size, &path) || r.left != 0 || !say_path(fields, path)) {
        return FALSE;
    }
    dq_fields_say(fields, "size", "%" G_GUINT64_FORMAT, size);
    return TRUE;
}

gboolean dq_uefi_say_blob(GArray *fields, WireBytes data)
{
    WireReader r = WIRE_READER(data.p, data.len);
    uint64_t address, size;

    if (!wire_get_le64(&r, &address) || !wire_get_le64(&r, &size) || r.left != 0) {
        return FALSE;
    }
    dq_fields_say(fields, "address", "0x%" G_GINT64_MODIFIER "x", address);
    dq_fields_say(fields, "size", "%" G_GUINT64_FORMAT, size);
    return TRUE;
}

gboolean dq_uefi_say_tables(GArray *fields, WireBytes data)
{
    WireReader r = WIRE_READER(data.p, data.len);
    uint8_t guid[DQ_GUID_SIZE];
    uint64_t count, address;

    if (!wire_get_le64(&r, &count) || r.left % (sizeof(guid) + sizeof(address)) != 0 ||
        count != r.left / (sizeof(guid) + sizeof(address))) {
        return FALSE;
    }
    while (wire_get_copy(&r, sizeof(guid), guid) && wire_get_le64(&r, &address)) {
        dq_fields_guid(fields, "table", guid);
    }
    return TRUE;
}

/* A description of up to 255 bytes comes first. */
static gboolean described(GArray *fields, WireBytes data,
                          gboolean (*say)(GArray *fields, WireBytes data))
{
    WireReader r = WIRE_READER(data.p, data.len);
    WireBytes description;
    uint8_t size;

    if (!wire_get_u8(&r, &size) || !wire_get_bytes(&r, size, &description)) {
        return FALSE;
    }
    dq_fields_any(fields, "description", description);
    return say(fields, (WireBytes){ r.p, r.left });
}

gboolean dq_uefi_say_blob2(GArray *fields, WireBytes data)
{
    return described(fields, data, dq_uefi_say_blob);
}

gboolean dq_uefi_say_tables2(GArray *fields, WireBytes data)
{
    return described(fields, data, dq_uefi_say_tables);
}

/* GPT_ENTRY, of which there may be more than is known. */
static gboolean say_partition(GArray *fields, WireBytes entry)
{
    WireReader r = WIRE_READER(entry.p, entry.len);
    uint8_t type[DQ_GUID_SIZE], unique[DQ_GUID_SIZE];
    uint64_t first, last, attributes;
    WireBytes name;

    if (!wire_get_copy(&r, sizeof(type), type) || !wire_get_copy(&r, sizeof(unique), unique) ||
        !wire_get_le64(&r, &first) || !wire_get_le64(&r, &last) ||
        !wire_get_le64(&r, &attributes) || !wire_get_bytes(&r, GPT_NAME_SIZE, &name)) {
        return FALSE;
    }
    dq_fields_utf16(fields, "partition", name);
    dq_fields_guid(fields, "type", type);
    dq_fields_guid(fields, "guid", unique);
    dq_fields_say(fields, "blocks", "%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, first, last);
    return TRUE;
}

/* What is wanted of the header: at fixed places, which its size covers. */
static gboolean read_header(WireBytes header, uint8_t ret_disk[DQ_GUID_SIZE], uint32_t *ret_size)
{
    WireReader disk = WIRE_READER(header.p + GPT_DISK_GUID, DQ_GUID_SIZE);
    WireReader size = WIRE_READER(header.p + GPT_ENTRY_SIZE, sizeof(*ret_size));

    return wire_get_copy(&disk, DQ_GUID_SIZE, ret_disk) && wire_get_le32(&size, ret_size);
}

gboolean dq_uefi_say_gpt(GArray *fields, WireBytes data)
{
    WireReader r = WIRE_READER(data.p, data.len);
    uint8_t disk[DQ_GUID_SIZE];
    WireBytes header, entry;
    uint32_t entry_size;
    uint64_t count;

    if (!wire_get_bytes(&r, GPT_HEADER_SIZE, &header) || !read_header(header, disk, &entry_size) ||
        !wire_get_le64(&r, &count) || entry_size < GPT_ENTRY_MIN || r.left % entry_size != 0 ||
        count != r.left / entry_size) {
        return FALSE;
    }
    dq_fields_guid(fields, "disk", disk);
    while (wire_get_bytes(&r, entry_size, &entry)) {
        if (!say_partition(fields, entry)) {
            return FALSE;
        }
    }
    return TRUE;
}
