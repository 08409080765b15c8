/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_store_command.h"

#include "command.h"
#include "jws_file.h"
#include "profile_file.h"
#include "record_text.h"

#include <stdio.h>
#include <string.h>

/** The command line as it was given. */
static struct {
    char *store, *key;
    gboolean json;
} opt;

static const GOptionEntry add_entries[] = { COMMAND_STORE(&opt.store),
                                            PROFILE_KEY_OPTION(&opt.key),
                                            { 0 } };
static const GOptionEntry list_entries[] = { COMMAND_STORE(&opt.store),
                                             COMMAND_JSON(&opt.json),
                                             { 0 } };
static const GOptionEntry remove_entries[] = { COMMAND_STORE(&opt.store), { 0 } };

int profile_add_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(add_entries, argv, "PROFILE - keep a profile in a store", 1, error);
    g_autoptr(DqJwsPublic) key = words && opt.key ? jws_public_read(opt.key, error) : NULL;
    g_autoptr(DqStoreFile) store = NULL;
    g_autoptr(DqProfile) profile = NULL;
    g_autoptr(GBytes) json = NULL;
    DqStoreProfile record;

    if (!words || !key != !opt.key) {
        return EXIT_UNUSABLE;
    }
    profile = profile_read(words[1], key, &record, &json, error);
    store = profile ? command_open_store(opt.store, error) : NULL;
    return store && dq_store_file_put_profile(store, &record, json, error) ? EXIT_DONE
                                                                           : EXIT_UNUSABLE;
}

static void print_json(const DqStoreProfile *profile)
{
    JsonObject *o = json_object_new();

    json_set_text(o, "name", profile->name);
    json_set_time(o, "issued", profile->issued);
    if (profile->issued != 0) {
        json_set_hex(o, "key", profile->key, sizeof(profile->key));
    }
    json_set_hex(o, "sha256", profile->digest, sizeof(profile->digest));
    json_set_time(o, "added", profile->added);
    json_print(o);
}

static void print_profile(const DqStoreProfile *profile, G_GNUC_UNUSED gpointer data)
{
    g_autofree char *added = text_time(profile->added);
    g_autofree char *issued = text_time(profile->issued);
    g_autofree char *key = dq_hex_encode(profile->key, sizeof(profile->key));

    if (opt.json) {
        print_json(profile);
        return;
    }
    printf("%s\n    added %s\n", profile->name, added);
    if (issued) {
        printf("    signed %s with key %s\n", issued, key);
    } else {
        puts("    not signed");
    }
}

/* (transfer full): for people; a host is the Name of its key. */
static char *subject_text(const DqBinding *b)
{
    return b->subject == DQ_SUBJECT_VM     ? dq_uuid_format(b->key)
           : b->subject == DQ_SUBJECT_HOST ? dq_hex_encode(b->key, b->key_len)
                                           : g_strndup((const char *)b->key, b->key_len);
}

static void print_binding(const DqBinding *b, G_GNUC_UNUSED gpointer data)
{
    static const char *const words[] = {
        [DQ_SUBJECT_HOST] = "host",
        [DQ_SUBJECT_VM] = "vm",
        [DQ_SUBJECT_HOST_GROUP] = "host-group",
        [DQ_SUBJECT_VM_GROUP] = "vm-group",
    };
    g_autofree char *subject = subject_text(b);

    if (opt.json) {
        JsonObject *o = json_object_new();

        json_set_text(o, words[b->subject], subject);
        json_set_text(o, "profile", b->profile[0] != '\0' ? b->profile : NULL);
        json_set_text(o, "group", b->group[0] != '\0' ? b->group : NULL);
        json_print(o);
        return;
    }
    printf("%s %s:", words[b->subject], subject);
    if (b->profile[0] != '\0') {
        printf(" profile '%s'", b->profile);
    }
    if (b->group[0] != '\0') {
        printf("%s in group '%s'", b->profile[0] != '\0' ? "," : "", b->group);
    }
    putchar('\n');
}

int profile_list_command(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(
        list_entries, argv, "- show the profiles of a store, and for whom they are", 0, error);
    g_autoptr(DqStoreFile) store = words ? command_open_store(opt.store, error) : NULL;

    return store && dq_store_file_list_profiles(store, print_profile, NULL, error) &&
                   dq_store_file_list_bindings(store, print_binding, NULL, error)
               ? EXIT_DONE
               : EXIT_UNUSABLE;
}

int profile_remove_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(remove_entries, argv, "PROFILE - forget a profile of a store", 1, error);
    g_autoptr(DqStoreFile) store = words ? command_open_store(opt.store, error) : NULL;

    return store && dq_store_file_remove_profile(store, words[1], error) ? EXIT_DONE
                                                                         : EXIT_UNUSABLE;
}
