/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/uefi-path.h"

#include "appraise/uefi-guid.h"
#include "appraise/utf16.h"
#include "attest/deepquote.h"

#include <string.h>

enum {
    NODES_MAX = 64,
    BYTES_SHOWN = 16,
    END_TYPE = 0x7F,
    END_ENTIRE = 0xFF,
    EISA_PNP = 0x41D0, /* "PNP" as three letters of five bits */
    PCI_ROOT = 0x0A03,
    PCIE_ROOT = 0x0A08,
    SIGNATURE_SIZE = 16,
};

/* Appends the node's text and leaves what is left in @r; FALSE where it is too short. */
typedef gboolean (*Say)(GString *out, WireReader *r);

static gboolean say_pci(GString *out, WireReader *r)
{
    uint8_t function, device;

    if (!wire_get_u8(r, &function) || !wire_get_u8(r, &device)) {
        return FALSE;
    }
    g_string_append_printf(out, "Pci(0x%x,0x%x)", device, function);
    return TRUE;
}

static gboolean say_memory(GString *out, WireReader *r)
{
    uint32_t type;
    uint64_t start, end;

    if (!wire_get_le32(r, &type) || !wire_get_le64(r, &start) || !wire_get_le64(r, &end)) {
        return FALSE;
    }
    g_string_append_printf(out,
                           "MemoryMapped(0x%x,0x%" G_GINT64_MODIFIER "x,0x%" G_GINT64_MODIFIER "x)",
                           type, start, end);
    return TRUE;
}

static gboolean say_guid(GString *out, WireReader *r, const char *name)
{
    uint8_t guid[DQ_GUID_SIZE];
    char text[DQ_GUID_TEXT_SIZE];
    WireBytes rest;

    if (!wire_get_copy(r, sizeof(guid), guid) || !wire_get_bytes(r, r->left, &rest)) {
        return FALSE;
    }
    dq_guid_format(guid, text);
    g_string_append_printf(out, "%s(%s", name, text);
    if (rest.len > 0) {
        g_autofree char *digits = dq_hex_encode(rest.p, MIN(rest.len, BYTES_SHOWN));

        g_string_append_printf(out, ",%s%s", digits, rest.len > BYTES_SHOWN ? "..." : "");
    }
    g_string_append_c(out, ')');
    return TRUE;
}

static gboolean say_vendor_hardware(GString *out, WireReader *r)
{
    return say_guid(out, r, "VenHw");
}

static gboolean say_vendor_messaging(GString *out, WireReader *r)
{
    return say_guid(out, r, "VenMsg");
}

static gboolean say_vendor_media(GString *out, WireReader *r)
{
    return say_guid(out, r, "VenMedia");
}

static gboolean say_firmware_file(GString *out, WireReader *r)
{
    return say_guid(out, r, "FvFile");
}

static gboolean say_firmware_volume(GString *out, WireReader *r)
{
    return say_guid(out, r, "Fv");
}

static gboolean say_acpi(GString *out, WireReader *r)
{
    uint32_t hid, uid;

    if (!wire_get_le32(r, &hid) || !wire_get_le32(r, &uid)) {
        return FALSE;
    }
    if ((hid & 0xFFFF) != EISA_PNP) {
        g_string_append_printf(out, "Acpi(0x%08x,0x%x)", hid, uid);
    } else if (hid >> 16 == PCI_ROOT) {
        g_string_append_printf(out, "PciRoot(0x%x)", uid);
    } else if (hid >> 16 == PCIE_ROOT) {
        g_string_append_printf(out, "PcieRoot(0x%x)", uid);
    } else {
        g_string_append_printf(out, "Acpi(PNP%04X,0x%x)", hid >> 16, uid);
    }
    return TRUE;
}

static gboolean say_scsi(GString *out, WireReader *r)
{
    uint16_t target, lun;

    if (!wire_get_le16(r, &target) || !wire_get_le16(r, &lun)) {
        return FALSE;
    }
    g_string_append_printf(out, "Scsi(0x%x,0x%x)", target, lun);
    return TRUE;
}

static gboolean say_usb(GString *out, WireReader *r)
{
    uint8_t port, interface;

    if (!wire_get_u8(r, &port) || !wire_get_u8(r, &interface)) {
        return FALSE;
    }
    g_string_append_printf(out, "USB(0x%x,0x%x)", port, interface);
    return TRUE;
}

static gboolean say_sata(GString *out, WireReader *r)
{
    uint16_t port, multiplier, lun;

    if (!wire_get_le16(r, &port) || !wire_get_le16(r, &multiplier) || !wire_get_le16(r, &lun)) {
        return FALSE;
    }
    g_string_append_printf(out, "Sata(0x%x,0x%x,0x%x)", port, multiplier, lun);
    return TRUE;
}

static gboolean say_nvme(GString *out, WireReader *r)
{
    uint32_t namespace;
    WireBytes eui;
    g_autofree char *digits = NULL;

    if (!wire_get_le32(r, &namespace) || !wire_get_bytes(r, 8, &eui)) {
        return FALSE;
    }
    digits = dq_hex_encode(eui.p, eui.len);
    g_string_append_printf(out, "NVMe(0x%x,%s)", namespace, digits);
    return TRUE;
}

static gboolean say_mac(GString *out, WireReader *r)
{
    WireBytes address;
    uint8_t type;
    g_autofree char *digits = NULL;

    if (!wire_get_bytes(r, 32, &address) || !wire_get_u8(r, &type)) {
        return FALSE;
    }
    digits = dq_hex_encode(address.p, type <= 1 ? 6 : address.len);
    g_string_append_printf(out, "MAC(%s,0x%x)", digits, type);
    return TRUE;
}

static gboolean say_uri(GString *out, WireReader *r)
{
    WireBytes uri;
    g_autofree char *text = NULL;

    if (!wire_get_bytes(r, r->left, &uri)) {
        return FALSE;
    }
    text = uri.len > 0 ? g_utf8_make_valid((const char *)uri.p, (gssize)uri.len) : g_strdup("");
    g_string_append_printf(out, "Uri(%s)", text);
    return TRUE;
}

static void say_signature(GString *out, uint8_t type, const uint8_t *signature)
{
    char text[DQ_GUID_TEXT_SIZE];

    if (type == 2) {
        dq_guid_format(signature, text);
        g_string_append_printf(out, "GPT,%s", text);
    } else {
        g_autofree char *digits = dq_hex_encode(signature, type == 1 ? 4 : SIGNATURE_SIZE);

        g_string_append_printf(out, "%s,%s", type == 1 ? "MBR" : "other", digits);
    }
}

static gboolean say_hard_drive(GString *out, WireReader *r)
{
    uint32_t partition;
    uint64_t start, size;
    uint8_t signature[SIGNATURE_SIZE], format, type;

    if (!wire_get_le32(r, &partition) || !wire_get_le64(r, &start) || !wire_get_le64(r, &size) ||
        !wire_get_copy(r, sizeof(signature), signature) || !wire_get_u8(r, &format) ||
        !wire_get_u8(r, &type)) {
        return FALSE;
    }
    g_string_append_printf(out, "HD(%u,", partition);
    say_signature(out, type, signature);
    g_string_append_printf(out, ",0x%" G_GINT64_MODIFIER "x,0x%" G_GINT64_MODIFIER "x)", start,
                           size);
    return TRUE;
}

static gboolean say_cd(GString *out, WireReader *r)
{
    uint32_t entry;
    uint64_t start, size;

    if (!wire_get_le32(r, &entry) || !wire_get_le64(r, &start) || !wire_get_le64(r, &size)) {
        return FALSE;
    }
    g_string_append_printf(out, "CDROM(0x%x)", entry);
    return TRUE;
}

static gboolean say_file(GString *out, WireReader *r)
{
    WireBytes name;
    g_autofree char *text = NULL;

    if (!wire_get_bytes(r, r->left, &name)) {
        return FALSE;
    }
    text = dq_utf16_text(name);
    g_string_append(out, text);
    return TRUE;
}

static gboolean say_range(GString *out, WireReader *r)
{
    uint32_t reserved;
    uint64_t start, end;

    if (!wire_get_le32(r, &reserved) || !wire_get_le64(r, &start) || !wire_get_le64(r, &end)) {
        return FALSE;
    }
    g_string_append_printf(out, "Offset(0x%" G_GINT64_MODIFIER "x,0x%" G_GINT64_MODIFIER "x)",
                           start, end);
    return TRUE;
}

static const struct {
    uint8_t type, subtype;
    Say say;
} nodes[] = {
    { 1, 1, say_pci },
    { 1, 3, say_memory },
    { 1, 4, say_vendor_hardware },
    { 2, 1, say_acpi },
    { 3, 2, say_scsi },
    { 3, 5, say_usb },
    { 3, 10, say_vendor_messaging },
    { 3, 11, say_mac },
    { 3, 18, say_sata },
    { 3, 23, say_nvme },
    { 3, 24, say_uri },
    { 4, 1, say_hard_drive },
    { 4, 2, say_cd },
    { 4, 3, say_vendor_media },
    { 4, 4, say_file },
    { 4, 6, say_firmware_file },
    { 4, 7, say_firmware_volume },
    { 4, 8, say_range },
};

static void say_unknown(GString *out, uint8_t type, uint8_t subtype, WireReader r)
{
    g_autofree char *digits = dq_hex_encode(r.p, MIN(r.left, BYTES_SHOWN));

    g_string_append_printf(out, "Path(%u,%u,%s%s)", type, subtype, digits,
                           r.left > BYTES_SHOWN ? "..." : "");
}

static void say_node(GString *out, uint8_t type, uint8_t subtype, WireReader body)
{
    const gsize before = out->len;

    for (gsize i = 0; i < G_N_ELEMENTS(nodes); i++) {
        WireReader r = body;

        if (nodes[i].type == type && nodes[i].subtype == subtype && nodes[i].say(out, &r)) {
            return;
        }
    }
    g_string_truncate(out, before);
    say_unknown(out, type, subtype, body);
}

/* EFI_DEVICE_PATH_PROTOCOL: type, subtype, and a length that counts these four bytes too. */
static gboolean get_node(WireReader *r, uint8_t *ret_type, uint8_t *ret_subtype, WireReader *ret)
{
    uint16_t length;
    WireBytes body;

    if (!wire_get_u8(r, ret_type) || !wire_get_u8(r, ret_subtype) || !wire_get_le16(r, &length) ||
        length < 4 || !wire_get_bytes(r, length - 4u, &body)) {
        return FALSE;
    }
    *ret = WIRE_READER(body.p, body.len);
    return TRUE;
}

char *dq_uefi_path_text(WireBytes path)
{
    g_autoptr(GString) out = g_string_new(NULL);
    WireReader r = WIRE_READER(path.p, path.len);
    gboolean separate = FALSE;

    for (guint i = 0; r.left > 0; i++) {
        uint8_t type, subtype;
        WireReader body;

        if (i == NODES_MAX || !get_node(&r, &type, &subtype, &body)) {
            return NULL;
        }
        if (type == END_TYPE && subtype == END_ENTIRE) {
            break;
        }
        if (type == END_TYPE) {
            g_string_append_c(out, ',');
            separate = FALSE;
            continue;
        }
        if (separate) {
            g_string_append_c(out, '/');
        }
        say_node(out, type, subtype, body);
        separate = TRUE;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
