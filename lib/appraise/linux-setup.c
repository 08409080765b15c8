/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/linux-setup.h"

#include <string.h>

enum {
    /* places in the header */
    SETUP_SECTORS = 0x1f1,
    VIDEO_MODE = 0x1fa,
    MAGIC = 0x202,
    PROTOCOL = 0x206,
    LOADER = 0x210,
    LOAD_FLAGS = 0x211,
    INITRD_ADDRESS = 0x218,
    INITRD_SIZE = 0x21c,
    HEAP_END = 0x224,
    COMMAND_LINE = 0x228,
    INITRD_MAX = 0x22c,
    EXTENDED_FLAGS = 0x236,

    SECTOR = 512,
    SECTORS_WHEN_ZERO = 4,
    FLAG_LOADED_HIGH = 0x01,
    FLAG_CAN_USE_HEAP = 0x80,
    FLAG_ABOVE_4G = 0x0002, /* of the extended ones */

    /* what QEMU chooses for a kernel that is loaded high */
    QEMU = 0xb0,
    SETUP_AT = 0x10000,
    COMMAND_LINE_AT = 0x20000,
    INITRD_MAX_OLD = 0x37ffffff,
    PAGE = 4096,
};

#define MAGIC_HDRS 0x53726448

typedef struct Header {
    uint8_t sectors;
    uint32_t magic;
    uint16_t protocol;
    uint8_t flags;
    uint32_t initrd_max;
    uint16_t extended_flags;
} Header;

/* What comes from byte @at on. */
static gboolean seek(WireBytes kernel, gsize at, WireReader *ret)
{
    WireReader r = WIRE_READER(kernel.p, kernel.len);
    WireBytes skipped;

    if (!wire_get_bytes(&r, at, &skipped)) {
        return FALSE;
    }
    *ret = r;
    return TRUE;
}

static gboolean read_header(WireBytes kernel, Header *ret)
{
    WireReader r;

    return seek(kernel, SETUP_SECTORS, &r) && wire_get_u8(&r, &ret->sectors) &&
           seek(kernel, MAGIC, &r) && wire_get_le32(&r, &ret->magic) &&
           seek(kernel, PROTOCOL, &r) && wire_get_le16(&r, &ret->protocol) &&
           seek(kernel, LOAD_FLAGS, &r) && wire_get_u8(&r, &ret->flags) &&
           seek(kernel, INITRD_MAX, &r) && wire_get_le32(&r, &ret->initrd_max) &&
           seek(kernel, EXTENDED_FLAGS, &r) && wire_get_le16(&r, &ret->extended_flags);
}

static gboolean refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean refuse(GError **error, const char *format, ...)
{
    va_list args;
    g_autofree char *text = NULL;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, DQ_ERROR, DQ_ERROR_VALUE, text);
    return FALSE;
}

static gboolean check_header(const Header *h, GError **error)
{
    if (h->magic != MAGIC_HDRS) {
        return refuse(error, "it is no Linux kernel for x86: give the bzImage that QEMU's -kernel "
                             "gets, such as /boot/vmlinuz-*");
    }
    if (h->protocol < 0x202 || !(h->flags & FLAG_LOADED_HIGH)) {
        return refuse(error,
                      "it is a kernel of boot protocol %u.%02u%s, where QEMU loads it in another "
                      "way: give a bzImage of 2.02 or later",
                      h->protocol >> 8, h->protocol & 0xffU,
                      h->flags & FLAG_LOADED_HIGH ? "" : " that is loaded low");
    }
    return TRUE;
}

static void put16(GByteArray *setup, guint at, uint16_t value)
{
    const uint16_t le = GUINT16_TO_LE(value);

    memcpy(setup->data + at, &le, sizeof(le));
}

static void put32(GByteArray *setup, guint at, uint32_t value)
{
    const uint32_t le = GUINT32_TO_LE(value);

    memcpy(setup->data + at, &le, sizeof(le));
}

/* What vga= says, wherever these four letters are: QEMU does not look for words. */
static gboolean get_video_mode(const char *value, uint16_t *ret_mode, GError **error)
{
    static const struct {
        const char *word;
        uint16_t mode;
    } words[] = { { "normal", 0xffff }, { "ext", 0xfffe }, { "ask", 0xfffd } };
    char *end;
    uint64_t number;

    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_has_prefix(value, words[i].word)) {
            *ret_mode = words[i].mode;
            return TRUE;
        }
    }
    number = g_ascii_strtoull(value, &end, 0);
    if (!g_ascii_isdigit(*value) || number > G_MAXUINT32 || (*end && *end != ' ')) {
        return refuse(error, "the command line has a 'vga=' whose value QEMU does not take: write "
                             "normal, ext, ask or a number, and a space after it");
    }
    *ret_mode = (uint16_t)number;
    return TRUE;
}

static gboolean place_initrd(GByteArray *setup, const Header *h, const DqLinuxBoot *boot,
                             GError **error)
{
    uint64_t max = h->protocol >= 0x203 ? h->initrd_max : INITRD_MAX_OLD;

    if (h->protocol >= 0x20c && (h->extended_flags & FLAG_ABOVE_4G)) {
        max = G_MAXUINT32;
    }
    if (max >= boot->memory_end) {
        max = boot->memory_end > 0 ? boot->memory_end - 1 : 0;
    }
    if (boot->initrd_size >= max) {
        return refuse(error,
                      "QEMU has no place for an initrd of %" G_GSIZE_FORMAT
                      " bytes below %" G_GUINT64_FORMAT ": give the VM's --memory",
                      boot->initrd_size, max);
    }
    put32(setup, INITRD_ADDRESS, (uint32_t)((max - boot->initrd_size) & ~(uint64_t)(PAGE - 1)));
    put32(setup, INITRD_SIZE, (uint32_t)boot->initrd_size);
    return TRUE;
}

static gboolean fill_in(GByteArray *setup, const Header *h, const DqLinuxBoot *boot, GError **error)
{
    const char *vga = strstr(boot->command_line, "vga=");
    uint16_t mode = 0;

    put32(setup, COMMAND_LINE, COMMAND_LINE_AT);
    if (vga) {
        if (!get_video_mode(vga + strlen("vga="), &mode, error)) {
            return FALSE;
        }
        put16(setup, VIDEO_MODE, mode);
    }
    setup->data[LOADER] = QEMU;
    setup->data[LOAD_FLAGS] |= FLAG_CAN_USE_HEAP;
    put16(setup, HEAP_END, COMMAND_LINE_AT - SETUP_AT - 0x200);
    return boot->initrd_size == 0 || place_initrd(setup, h, boot, error);
}

gboolean dq_linux_setup(WireBytes kernel, const DqLinuxBoot *boot, GByteArray **ret_setup,
                        WireBytes *ret_image, GError **error)
{
    WireReader rest = WIRE_READER(kernel.p, kernel.len);
    g_autoptr(GByteArray) setup = NULL;
    WireBytes part;
    gsize size;
    Header h;

    if (!read_header(kernel, &h)) {
        return refuse(error,
                      "it ends within its header: give the bzImage that QEMU's -kernel gets");
    }
    if (!check_header(&h, error)) {
        return FALSE;
    }
    /* two sectors at least, so that the header is within them */
    size = ((h.sectors ? h.sectors : SECTORS_WHEN_ZERO) + 1) * (gsize)SECTOR;
    if (!wire_get_bytes(&rest, size, &part) || rest.left == 0) {
        return refuse(error,
                      "it ends within its setup part, or where that does: it has %" G_GSIZE_FORMAT
                      " bytes, of which setup takes %" G_GSIZE_FORMAT,
                      kernel.len, size);
    }
    setup = g_byte_array_sized_new((guint)size);
    g_byte_array_append(setup, part.p, (guint)size);
    if (!fill_in(setup, &h, boot, error)) {
        return FALSE;
    }
    *ret_setup = g_steal_pointer(&setup);
    *ret_image = (WireBytes){ rest.p, rest.left };
    return TRUE;
}
