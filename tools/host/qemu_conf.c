/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu_conf.h"

char *qemu_conf_swtpm_user(const char *text)
{
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GRegex) line =
        g_regex_new("^[ \t]*swtpm_user[ \t]*=[ \t]*\"([^\"\n]*)\"", G_REGEX_MULTILINE, 0, NULL);

    if (text && g_regex_match(line, text, 0, &match)) {
        return g_match_info_fetch(match, 1);
    }
    return g_strdup("tss");
}
