/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/listen_address.h"

gboolean listen_address_parse(const char *option, const char *text, ListenAddress *ret,
                              GError **error)
{
    uint64_t port = 0;

    if (g_str_has_prefix(text, "unix:") && text[5] != '\0') {
        ret->path = g_strdup(text + 5);
        return TRUE;
    }
    if (g_str_has_prefix(text, "tcp:") &&
        g_ascii_string_to_unsigned(text + 4, 10, 0, G_MAXUINT16, &port, NULL)) {
        ret->port = (uint16_t)port;
        return TRUE;
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "%s %s: give unix:PATH, or tcp:PORT, which is served on 127.0.0.1 and ::1 "
                "alone; put a proxy that knows who may ask in front for other hosts",
                option, text);
    return FALSE;
}

void listen_address_clear(ListenAddress *address)
{
    g_clear_pointer(&address->path, g_free);
}
