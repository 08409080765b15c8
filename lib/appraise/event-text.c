/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/event-text.h"

#include "appraise/event-type.h"
#include "appraise/no-action-text.h"
#include "appraise/uefi-text.h"
#include "appraise/uefi-variable-text.h"

#include <string.h>

typedef gboolean (*Say)(GArray *fields, WireBytes data);

static gboolean say_text(GArray *fields, WireBytes data)
{
    dq_fields_any(fields, "text", data);
    return TRUE;
}

static gboolean say_separator(GArray *fields, WireBytes data)
{
    WireReader r = WIRE_READER(data.p, data.len);
    uint32_t value;

    if (!wire_get_le32(&r, &value) || r.left != 0) {
        return say_text(fields, data);
    }
    if (value == 0 || value == UINT32_MAX) {
        dq_fields_say(fields, "means", "the firmware is done with this PCR");
    } else {
        dq_fields_say(fields, "means", "error 0x%x", value);
    }
    return TRUE;
}

/* The version is text, or a GUID. */
static gboolean say_version(GArray *fields, WireBytes data)
{
    dq_fields_any(fields, "version", data);
    return TRUE;
}

/* Where firmware put code, or what it calls it. */
static gboolean say_code(GArray *fields, WireBytes data)
{
    return (data.len == 16 && dq_uefi_say_blob(fields, data)) || say_text(fields, data);
}

/** Tags of Linux' EFI stub and of systemd. */
static const struct {
    uint32_t id;
    const char *name;
} tags[] = {
    { 0x8F3B22EC, "Linux: initrd" },
    { 0x8F3B22ED, "Linux: command line" },
    { 0xF5BC582A, "systemd-boot: loader.conf" },
    { 0x6C46F751, "systemd-stub: device tree" },
    { 0x49DFFE0F, "systemd-stub: initrd" },
    { 0xDAC08E1A, "systemd-stub: microcode" },
    { 0x13AED6DB, "systemd-stub: profile" },
    { 0xD5CB7CBC, "systemd-stub: SMBIOS type 1" },
    { 0xE0D47BC8, "systemd-stub: SMBIOS type 2" },
    { 0xC0B3BD23, "systemd-stub: SMBIOS type 11" },
};

/* TCG_PCClientTaggedEvent. */
static gboolean say_tag(GArray *fields, WireBytes data)
{
    WireReader r = WIRE_READER(data.p, data.len);
    uint32_t id, size;
    WireBytes content;
    const char *name = "of another kind";

    if (!wire_get_le32(&r, &id) || !wire_get_le32(&r, &size) ||
        !wire_get_bytes(&r, size, &content) || r.left != 0) {
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
        if (tags[i].id == id) {
            name = tags[i].name;
        }
    }
    dq_fields_say(fields, "tag", "0x%08x (%s)", id, name);
    dq_fields_any(fields, "text", content);
    return TRUE;
}

static const struct {
    uint32_t type;
    const char *what;
    Say say;
} texts[] = {
    { DQ_EV_POST_CODE, "firmware code", say_code },
    { DQ_EV_POST_CODE2, "firmware code", dq_uefi_say_blob2 },
    { DQ_EV_NO_ACTION, "note, extends no PCR", dq_no_action_say },
    { DQ_EV_SEPARATOR, "separator", say_separator },
    { DQ_EV_ACTION, "action", say_text },
    { DQ_EV_EVENT_TAG, "tagged", say_tag },
    { DQ_EV_S_CRTM_CONTENTS, "root of trust's code", say_code },
    { DQ_EV_S_CRTM_VERSION, "root of trust's version", say_version },
    { DQ_EV_CPU_MICROCODE, "microcode", say_code },
    { DQ_EV_PLATFORM_CONFIG_FLAGS, "platform's settings", say_text },
    { DQ_EV_TABLE_OF_DEVICES, "table of devices", say_text },
    { DQ_EV_COMPACT_HASH, "measured by a program", say_text },
    { DQ_EV_IPL, "boot loader", say_text },
    { DQ_EV_IPL_PARTITION_DATA, "partition", say_text },
    { DQ_EV_NONHOST_CODE, "code of another processor", say_text },
    { DQ_EV_NONHOST_CONFIG, "settings of another processor", say_text },
    { DQ_EV_NONHOST_INFO, "other processor", say_text },
    { DQ_EV_OMIT_BOOT_DEVICE_EVENTS, "boot attempts are not logged", say_text },
    { DQ_EV_EFI_VARIABLE_DRIVER_CONFIG, "variable", dq_uefi_say_variable },
    { DQ_EV_EFI_VARIABLE_BOOT, "boot variable", dq_uefi_say_variable },
    { DQ_EV_EFI_VARIABLE_BOOT2, "boot variable", dq_uefi_say_variable },
    { DQ_EV_EFI_VARIABLE_AUTHORITY, "vouches for an image", dq_uefi_say_authority },
    { DQ_EV_EFI_BOOT_SERVICES_APPLICATION, "program started", dq_uefi_say_image },
    { DQ_EV_EFI_BOOT_SERVICES_DRIVER, "driver started", dq_uefi_say_image },
    { DQ_EV_EFI_RUNTIME_SERVICES_DRIVER, "runtime driver started", dq_uefi_say_image },
    { DQ_EV_EFI_GPT_EVENT, "partition table", dq_uefi_say_gpt },
    { DQ_EV_EFI_GPT_EVENT2, "partition table", dq_uefi_say_gpt },
    { DQ_EV_EFI_ACTION, "action", say_text },
    { DQ_EV_EFI_PLATFORM_FIRMWARE_BLOB, "firmware volume", dq_uefi_say_blob },
    { DQ_EV_EFI_PLATFORM_FIRMWARE_BLOB2, "firmware volume", dq_uefi_say_blob2 },
    { DQ_EV_EFI_HANDOFF_TABLES, "tables for the system", dq_uefi_say_tables },
    { DQ_EV_EFI_HANDOFF_TABLES2, "tables for the system", dq_uefi_say_tables2 },
    { DQ_EV_EFI_HCRTM_EVENT, "measured before the TPM was started", say_text },
};

DqEventText dq_event_text(const DqEvent *event)
{
    DqEventText text = { "of another type", dq_fields_new() };
    Say say = say_text;

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (texts[i].type == event->type) {
            text.what = texts[i].what;
            say = texts[i].say;
        }
    }
    if (!say(text.fields, event->data)) {
        g_array_set_size(text.fields, 0);
        dq_fields_say(text.fields, "problem", "the data does not decode");
        dq_fields_hex(text.fields, "data", event->data);
    }
    return text;
}

void dq_event_text_clear(DqEventText *text)
{
    g_clear_pointer(&text->fields, g_array_unref);
}
