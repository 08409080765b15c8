/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/device.h"

#include <string.h>

#define RAW "/dev/tpm"
#define MANAGED "/dev/tpmrm"

/* With and without the kernel's resource manager. */
static GStrv both(const char *number)
{
    GStrv files = g_new0(char *, 3);

    files[0] = g_strconcat(RAW, number, NULL);
    files[1] = g_strconcat(MANAGED, number, NULL);
    return files;
}

GStrv tpm_device_files(const char *conf)
{
    const char *const own[] = { strchr(conf, ':') ? strchr(conf, ':') + 1 : "", NULL };

    if (g_str_equal(conf, "device") || g_str_equal(conf, "tabrmd") ||
        g_str_has_prefix(conf, "tabrmd:")) {
        return both("0");
    }
    if (!g_str_has_prefix(conf, "device:")) {
        return g_new0(char *, 1);
    }
    for (gsize i = 0; i < 2; i++) {
        const char *prefix = i == 0 ? MANAGED : RAW;

        if (g_str_has_prefix(own[0], prefix) && g_ascii_isdigit(own[0][strlen(prefix)])) {
            return both(own[0] + strlen(prefix));
        }
    }
    return g_strdupv((GStrv)own);
}
