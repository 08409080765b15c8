/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/args.h"

#include <string.h>

static const GOptionEntry *find_short(const GOptionEntry *entries, char letter)
{
    for (const GOptionEntry *e = entries; e->long_name; e++) {
        if (e->short_name == letter) {
            return e;
        }
    }
    return NULL;
}

static const GOptionEntry *find_long(const GOptionEntry *entries, const char *name)
{
    for (const GOptionEntry *e = entries; e->long_name; e++) {
        if (strcmp(e->long_name, name) == 0) {
            return e;
        }
    }
    return NULL;
}

static gboolean takes_value(const GOptionEntry *entry)
{
    return entry->arg != G_OPTION_ARG_NONE && (entry->flags & G_OPTION_FLAG_NO_ARG) == 0;
}

/**
 * Splits "-Qcak.ctx" into "-Q", "-c" and "ak.ctx". What it does not know it leaves as it is.
 *
 * Returns: whether the value of the last option is the next word.
 */
static gboolean expand_short(const GOptionEntry *entries, const char *word, GStrvBuilder *out)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const GOptionEntry *entry = find_short(entries, *letter);
        char option[] = { '-', *letter, '\0' };

        if (!entry) {
            g_autofree char *rest = g_strconcat("-", letter, NULL);

            g_strv_builder_add(out, rest);
            return FALSE;
        }
        g_strv_builder_add(out, option);
        if (takes_value(entry)) {
            if (letter[1] == '\0') {
                return TRUE;
            }
            g_strv_builder_add(out, letter + 1);
            return FALSE;
        }
    }
    return FALSE;
}

/** Returns: whether the value of the option is the next word. */
static gboolean expand(const GOptionEntry *entries, const char *word, GStrvBuilder *out)
{
    if (word[0] == '-' && word[1] != '-' && word[1] != '\0') {
        return expand_short(entries, word, out);
    }
    g_strv_builder_add(out, word);
    if (g_str_has_prefix(word, "--")) {
        const GOptionEntry *entry = find_long(entries, word + 2);

        return entry && takes_value(entry);
    }
    return FALSE;
}

static GStrv expand_all(const GOptionEntry *entries, char **argv)
{
    g_autoptr(GStrvBuilder) out = g_strv_builder_new();
    gboolean value = TRUE; /* the program's name is no option */

    for (; *argv && strcmp(*argv, "--") != 0; argv++) {
        if (value) {
            g_strv_builder_add(out, *argv);
            value = FALSE;
        } else {
            value = expand(entries, *argv, out);
        }
    }
    for (; *argv; argv++) {
        g_strv_builder_add(out, *argv);
    }
    return g_strv_builder_end(out);
}

/* GLib converts strings from the locale's charset and refuses what does not convert; file names it
 * leaves alone. */
static void add_entries(GOptionContext *context, const GOptionEntry *entries)
{
    for (; entries->long_name; entries++) {
        GOptionEntry one[2] = { *entries };

        if (one[0].arg == G_OPTION_ARG_STRING) {
            one[0].arg = G_OPTION_ARG_FILENAME;
        } else if (one[0].arg == G_OPTION_ARG_STRING_ARRAY) {
            one[0].arg = G_OPTION_ARG_FILENAME_ARRAY;
        }
        g_option_context_add_main_entries(context, one, NULL);
    }
}

GStrv args_parse(GOptionContext *context, const GOptionEntry *entries, char **argv, GError **error)
{
    g_auto(GStrv) words = expand_all(entries, argv);

    add_entries(context, entries);
    if (!g_option_context_parse_strv(context, &words, error)) {
        return NULL;
    }
    return g_steal_pointer(&words);
}
