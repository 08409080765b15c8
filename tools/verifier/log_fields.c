/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_fields.h"

#include "common/escape.h"

#include <stdio.h>

enum { CHARACTERS_SHOWN = 1000 };

/* In quotation marks, with those inside doubled by a backslash, so that it cannot look like ours.
 */
static void print_foreign(const char *text)
{
    g_autofree char *escaped = escape_text(text, CHARACTERS_SHOWN);

    putchar('"');
    for (const char *c = escaped; *c; c++) {
        if (*c == '"') {
            putchar('\\');
        }
        putchar(*c);
    }
    putchar('"');
}

void log_fields_print(const GArray *fields)
{
    for (guint i = 0; i < fields->len; i++) {
        const DqEventField *f = &g_array_index(fields, DqEventField, i);

        printf("%s%s ", i > 0 ? ", " : "", f->name);
        if (f->ours) {
            fputs(f->text, stdout);
        } else {
            print_foreign(f->text);
        }
    }
}

JsonArray *log_fields_json(const GArray *fields)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < fields->len; i++) {
        const DqEventField *f = &g_array_index(fields, DqEventField, i);
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "name", f->name);
        json_object_set_string_member(o, "text", f->text);
        json_array_add_object_element(array, o);
    }
    return array;
}
