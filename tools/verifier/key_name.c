/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "key_name.h"

#include "wire/name.h"

#include <string.h>

static void set_name(DqName *name, DqBytes bytes)
{
    name->len = bytes.len;
    memcpy(name->data, bytes.data, bytes.len);
}

/* Digits of a Name, whole and well-formed. */
static gboolean parse_name(const char *text, DqName *ret_name)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(text, NULL);
    DqBytes name = { NULL, 0 };

    if (bytes) {
        name.data = g_bytes_get_data(bytes, &name.len);
    }
    if (name.len == 0 || !wire_name_valid((WireBytes){ name.data, name.len })) {
        return FALSE;
    }
    set_name(ret_name, name);
    return TRUE;
}

gboolean key_name_read(const char *option, const char *text, DqName *ret_name, GError **error)
{
    const gboolean marked = text && g_str_has_prefix(text, "name:");
    g_autoptr(DqKey) key = NULL;

    if (!text) {
        ret_name->len = 0;
        return TRUE;
    }
    if (parse_name(marked ? text + strlen("name:") : text, ret_name)) {
        return TRUE;
    }
    if (marked || !g_file_test(text, G_FILE_TEST_EXISTS)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "%s %s: give the key's Name (000b and 64 digits for SHA-256), or a file with "
                    "its TPM2B_PUBLIC",
                    option, text);
        return FALSE;
    }
    key = dq_key_new_from_file(text, error);
    if (!key) {
        g_prefix_error(error, "%s: ", option);
        return FALSE;
    }
    set_name(ret_name, dq_key_get_name(key));
    return TRUE;
}

/** A search among the hosts. */
typedef struct Search {
    const char *label;
    guint found;
    DqName name;
} Search;

static void compare(const DqStoreHost *host, gpointer data)
{
    Search *s = data;

    if (strcmp(host->label, s->label) == 0) {
        s->found++;
        s->name = host->name;
    }
}

gboolean key_find_host(DqStoreFile *store, const char *text, DqName *ret_name, GError **error)
{
    Search s = { .label = text };

    if (parse_name(text, ret_name)) {
        return TRUE;
    }
    if (!dq_store_file_list_hosts(store, compare, &s, error)) {
        return FALSE;
    }
    if (text[0] == '\0' || s.found != 1) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD,
                    "%s host of the store is called \"%s\": give the Name that host list shows",
                    s.found == 0 ? "no" : "more than one", text);
        return FALSE;
    }
    *ret_name = s.name;
    return TRUE;
}

gboolean key_label(const char *option, const char *text, char label[DQ_LABEL_MAX + 1],
                   GError **error)
{
    if (text && strlen(text) > DQ_LABEL_MAX) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD, "%s: give at most %d bytes", option,
                    DQ_LABEL_MAX);
        return FALSE;
    }
    g_strlcpy(label, text ? text : "", DQ_LABEL_MAX + 1);
    return TRUE;
}
