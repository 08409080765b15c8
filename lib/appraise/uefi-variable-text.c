/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/uefi-variable-text.h"

#include "appraise/event-fields.h"
#include "appraise/uefi-signature.h"
#include "appraise/uefi-text.h"
#include "appraise/uefi-variable.h"
#include "appraise/utf16.h"

#include <string.h>

static gboolean say_switch(GArray *fields, WireBytes content)
{
    if (content.len == 0) {
        dq_fields_say(fields, "value", "not set");
        return TRUE;
    }
    if (content.len != 1 || content.p[0] > 1) {
        return FALSE;
    }
    dq_fields_say(fields, "value", content.p[0] ? "on" : "off");
    return TRUE;
}

static gboolean say_order(GArray *fields, WireBytes content)
{
    g_autoptr(GString) order = g_string_new(NULL);
    WireReader r = WIRE_READER(content.p, content.len);
    uint16_t number;

    while (wire_get_le16(&r, &number) && order->len < DQ_FIELD_TEXT_MAX) {
        g_string_append_printf(order, "%s%04X", order->len > 0 ? " " : "", number);
    }
    dq_fields_say(fields, "value", "%s", order->str);
    return r.left == 0;
}

static gboolean say_next(GArray *fields, WireBytes content)
{
    return content.len <= 2 && say_order(fields, content);
}

static gboolean say_text(GArray *fields, WireBytes content)
{
    dq_fields_any(fields, "value", content);
    return TRUE;
}

static gboolean say_size(GArray *fields, WireBytes content)
{
    dq_fields_say(fields, "size", "%" G_GSIZE_FORMAT, content.len);
    return TRUE;
}

/** What variables of these names hold; # stands for a hexadecimal digit. */
static const struct {
    const char *name;
    gboolean (*say)(GArray *fields, WireBytes content);
} variables[] = {
    { "SecureBoot", say_switch },
    { "SetupMode", say_switch },
    { "AuditMode", say_switch },
    { "DeployedMode", say_switch },
    { "PK", dq_uefi_signature_lists },
    { "KEK", dq_uefi_signature_lists },
    { "db", dq_uefi_signature_lists },
    { "dbx", dq_uefi_signature_lists },
    { "dbt", dq_uefi_signature_lists },
    { "dbr", dq_uefi_signature_lists },
    { "BootOrder", say_order },
    { "DriverOrder", say_order },
    { "BootNext", say_next },
    { "Boot####", dq_uefi_say_load_option },
    { "Driver####", dq_uefi_say_load_option },
    { "SysPrep####", dq_uefi_say_load_option },
    { "PlatformRecovery####", dq_uefi_say_load_option },
    { "SbatLevel", say_text },
    { "MokListTrusted", say_switch },
};

static gboolean has_form(const char *name, const char *form)
{
    for (; *form && *name; form++, name++) {
        if (*form == '#' ? !g_ascii_isxdigit(*name) : *form != *name) {
            return FALSE;
        }
    }
    return *form == *name;
}

static gboolean say_content(GArray *fields, const char *name, WireBytes content)
{
    for (gsize i = 0; i < G_N_ELEMENTS(variables); i++) {
        if (has_form(name, variables[i].name)) {
            return variables[i].say(fields, content);
        }
    }
    return say_size(fields, content);
}

/* The name and whose it is; FALSE where it is no variable. */
static gboolean say_name(GArray *fields, WireBytes data, DqUefiVariable *ret_variable,
                         char **ret_name)
{
    if (!dq_uefi_variable(data, ret_variable)) {
        return FALSE;
    }
    *ret_name = dq_utf16_text(ret_variable->name);
    dq_fields_utf16(fields, "name", ret_variable->name);
    dq_fields_guid(fields, "vendor", ret_variable->guid);
    return TRUE;
}

gboolean dq_uefi_say_variable(GArray *fields, WireBytes data)
{
    g_autofree char *name = NULL;
    DqUefiVariable v;

    return say_name(fields, data, &v, &name) && say_content(fields, name, v.content);
}

gboolean dq_uefi_say_authority(GArray *fields, WireBytes data)
{
    g_autofree char *name = NULL;
    DqUefiVariable v;

    if (!say_name(fields, data, &v, &name)) {
        return FALSE;
    }
    return dq_uefi_signature(fields, v.content) || say_text(fields, v.content);
}
