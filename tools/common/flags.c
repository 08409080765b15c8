/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/flags.h"

#include "common/input.h"
#include "wire/deepquote-constants.h"

static const struct {
    const char *name;
    uint32_t flag;
} flag_names[] = {
    { "uuid", DEEPQUOTE_HASH_UUID },        { "measurements", DEEPQUOTE_VTPM_MEASUREMENTS },
    { "group-info", DEEPQUOTE_GROUP_INFO }, { "group-key", DEEPQUOTE_GROUP_PUBKEY },
    { "launch", DEEPQUOTE_VM_LAUNCH },
};

static gboolean take_name(const char *name, uint32_t *flags)
{
    for (gsize i = 0; i < G_N_ELEMENTS(flag_names); i++) {
        if (g_str_equal(flag_names[i].name, name)) {
            *flags |= flag_names[i].flag;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean flags_parse(const char *text, uint32_t *ret, GError **error)
{
    g_auto(GStrv) names = g_strsplit(text, ",", -1);
    uint32_t flags = 0;
    uint64_t number;

    if (input_number(text, G_MAXUINT32, &number)) {
        *ret = (uint32_t)number;
        return TRUE;
    }
    for (char **name = names; *name; name++) {
        if (!take_name(g_strstrip(*name), &flags)) {
            g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                                "--flags: give a number, or names of uuid, measurements, "
                                "group-info, group-key, launch, separated by commas");
            return FALSE;
        }
    }
    *ret = flags;
    return TRUE;
}
