/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generate FOLDER: writes each case as FOLDER/NAME.json, with new keys and signatures each time.
 *
 * Format: README.md beside this file.
 */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>

static void put_json_text(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n') {
            g_string_append(out, "\\n");
        } else {
            if (*c == '"' || *c == '\\') {
                g_string_append_c(out, '\\');
            }
            g_string_append_c(out, *c);
        }
    }
    g_string_append_c(out, '"');
}

static void put_text(GString *out, const char *name, const char *text)
{
    g_string_append_printf(out, "  \"%s\": ", name);
    if (text == NULL) {
        g_string_append(out, "null");
    } else {
        put_json_text(out, text);
    }
    g_string_append(out, ",\n");
}

static void put_bytes(GString *out, const char *name, const GByteArray *bytes)
{
    g_autofree char *hex = bytes == NULL ? NULL : dq_hex_encode(bytes->data, bytes->len);

    put_text(out, name, hex);
}

static void put_keys(GString *out, const char *name, const MakerKey *key, const char *after)
{
    g_autofree char *hex = key == NULL ? NULL : dq_hex_encode(key->public->data, key->public->len);

    g_string_append_printf(out, "  \"%s\": [%s%s%s]%s\n", name, hex != NULL ? "\"" : "",
                           hex != NULL ? hex : "", hex != NULL ? "\"" : "", after);
}

static char *to_json(const Case *c, const CaseWork *w)
{
    GString *out = g_string_new("{\n");
    g_autofree char *expect = case_expected(c);
    g_autofree char *uuid = dq_uuid_format(w->uuid);

    put_text(out, "description", c->text);
    put_text(out, "expect", expect);
    put_bytes(out, "evidence", w->deed->evidence);
    put_bytes(out, "vtpmQuoted", w->deed->vtpm_quoted);
    put_bytes(out, "vtpmSignature", w->deed->vtpm_signature);
    put_bytes(out, "vtpmPcrs", w->deed->vtpm_pcrs);
    put_bytes(out, "nonce", w->nonce);
    put_text(out, "uuid", w->any_uuid ? NULL : uuid);
    put_bytes(out, "vtpmKey", w->vtpm_key == NULL ? NULL : w->vtpm_key->public);
    put_bytes(out, "vtpmEk", w->vtpm_ek->len == 0 ? NULL : w->vtpm_ek);
    put_text(out, "policy", w->policy->len == 0 ? NULL : w->policy->str);
    put_text(out, "state", w->state);
    put_keys(out, "hostKeys", w->enrolled, ",");
    put_keys(out, "offeredHostKeys", w->offered, "");
    g_string_append(out, "}\n");
    return g_string_free(out, FALSE);
}

static gboolean write_case(const char *folder, const CaseKeys *keys, const Case *c)
{
    g_autofree char *file = g_strconcat(c->name, ".json", NULL);
    g_autofree char *path = g_build_filename(folder, file, NULL);
    g_autofree char *json = NULL;
    g_autoptr(GError) error = NULL;
    CaseWork work;

    case_start(&work, keys, c);
    json = to_json(c, &work);
    case_finish(&work);
    if (!g_file_set_contents(path, json, -1, &error)) {
        fprintf(stderr, "generate: %s; name a folder that you may write to\n", error->message);
        return FALSE;
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    CaseKeys *keys;
    gboolean good = TRUE;

    if (argc != 2) {
        fprintf(stderr, "usage: generate FOLDER\n");
        return 2;
    }
    keys = case_keys_new();
    for (const Case *const *table = case_tables; good && *table != NULL; table++) {
        for (const Case *c = *table; good && c->name != NULL; c++) {
            good = write_case(argv[1], keys, c);
        }
    }
    case_keys_free(keys);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
