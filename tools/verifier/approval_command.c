/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "approval_command.h"

#include "approval/group-list-json.h"
#include "approval_escrow.h"
#include "approval_make.h"
#include "attest/bytes.h"
#include "command.h"
#include "common/escape.h"
#include "common/input.h"
#include "common/output.h"
#include "jws_file.h"

#include <stdio.h>
#include <string.h>

enum { NAME_WIDTH = 200 };

/** The command line as it was given. */
static struct {
    char *output, *key;
    gboolean json;
} opt;

static const GOptionEntry sign_entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output,
      "Write the signed list here (standard output)", "FILE" },
    { 0 },
};

static const GOptionEntry key_entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output,
      "Write the public key here (standard output)", "FILE" },
    { 0 },
};

static const GOptionEntry show_entries[] = {
    { "key", 0, 0, G_OPTION_ARG_FILENAME, &opt.key, "The approval key's public part, PEM", "FILE" },
    COMMAND_JSON(&opt.json),
    { 0 },
};

/* --------------------------------------------------------------------------------- Signing */

static int key_command(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(
        key_entries, argv, "KEY - make an approval key on P-256, in a new file", 1, error);
    g_autoptr(DqJwsKey) key = NULL;
    g_autofree char *public = NULL;

    key = words ? jws_key_make(words[1], error) : NULL;
    public = key ? dq_jws_key_public(key) : NULL;
    if (public) {
        g_strchomp(public);
    }
    return public && output_write_text(opt.output, public, error) ? EXIT_DONE : EXIT_UNUSABLE;
}

static int sign_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(sign_entries, argv, "KEY LIST - approve of each boot, and sign", 2, error);
    g_autoptr(DqJwsKey) key = words ? jws_key_read(words[1], error) : NULL;
    g_autoptr(GBytes) json = key ? input_read(words[2], DQ_GROUP_LIST_MAX, error) : NULL;
    g_autoptr(DqGroupList) list = NULL;
    g_autofree char *text = NULL;
    gsize len;

    if (!json) {
        return EXIT_UNUSABLE;
    }
    list = dq_group_list_from_json(g_bytes_get_data(json, &len), g_bytes_get_size(json), error);
    text = list ? dq_group_list_sign(list, key, error) : NULL;
    if (!text) {
        g_prefix_error(error, "%s: ", words[2]);
        return EXIT_UNUSABLE;
    }
    return output_write_text(opt.output, text, error) ? EXIT_DONE : EXIT_UNUSABLE;
}

/* --------------------------------------------------------------------------------- Showing */

/* A signed list in a file, its text without the end of the line, and its key. */
typedef struct Signed {
    DqJwsPublic *key;
    DqGroupList *list;
    char *text;
} Signed;

static void signed_clear(Signed *s)
{
    dq_jws_public_free(s->key);
    dq_group_list_free(s->list);
    g_free(s->text);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Signed, signed_clear)

static gboolean signed_read(const char *path, Signed *ret, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;

    if (!opt.key) {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                            "--key FILE: give the public key that the list has to be signed with");
        return FALSE;
    }
    ret->key = jws_public_read(opt.key, error);
    bytes = ret->key ? input_read(path, DQ_GROUP_LIST_MAX, error) : NULL;
    if (!bytes) {
        return FALSE;
    }
    ret->text = g_strchomp(g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)));
    ret->list = dq_group_list_open(
        ret->key, (DqBytes){ (const uint8_t *)ret->text, strlen(ret->text) }, error);
    if (!ret->list) {
        g_prefix_error(error, "%s: ", path);
    }
    return ret->list != NULL;
}

static void print_list(const DqGroupList *list)
{
    g_autofree char *group = escape_text(list->group, NAME_WIDTH);

    printf("# group %s, list %" G_GINT64_FORMAT "\n", group, list->sequence);
    for (guint i = 0; i < list->hosts->boots->len; i++) {
        const DqProfileBoot *boot = g_ptr_array_index(list->hosts->boots, i);
        g_autofree char *name = escape_text(boot->name, NAME_WIDTH);

        printf("# boot %s: %u PCRs\n", name, g_hash_table_size(boot->pcrs));
    }
    if (list->weight > 0) {
        printf("# weight %u\n", list->weight);
    }
    if (list->vms > 0) {
        printf("# at most %u VMs\n", list->vms);
    }
    if (list->measurements->len > 0) {
        printf("# only vTPMs of %u measurement(s)\n", list->measurements->len);
    }
}

/* As a policy takes them. */
static void print_digests(const Signed *s)
{
    const DqBytes text = { (const uint8_t *)s->text, strlen(s->text) };
    uint8_t key[DQ_HASH_SIZE], info[DQ_HASH_SIZE];
    g_autofree char *key_hex = NULL, *info_hex = NULL;

    dq_jws_public_digest(s->key, key);
    dq_group_info(s->list->group, s->list->sequence, text, info);
    key_hex = dq_hex_encode(key, sizeof(key));
    info_hex = dq_hex_encode(info, sizeof(info));
    printf("group-key %s\ngroup-info %s\n", key_hex, info_hex);
}

static int show_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(show_entries, argv,
                      "LIST - verify a list, and show it with the lines for a policy", 1, error);
    g_auto(Signed) s = { 0 };

    if (!words || !signed_read(words[1], &s, error)) {
        return EXIT_UNUSABLE;
    }
    if (opt.json) {
        g_autofree char *json = dq_group_list_to_json(s.list);

        puts(json);
        return EXIT_DONE;
    }
    print_list(s.list);
    print_digests(&s);
    return EXIT_DONE;
}

static int verify_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(show_entries, argv, "LIST - verify a list, and print nothing", 1, error);
    g_auto(Signed) s = { 0 };

    return words && signed_read(words[1], &s, error) ? EXIT_DONE : EXIT_UNUSABLE;
}

int approval_command(char **argv, GError **error)
{
    static const Command commands[] = {
        { "key", key_command },
        { "make", approval_make_command },
        { "sign", sign_command },
        { "show", show_command },
        { "verify", verify_command },
        { "escrow", approval_escrow_command },
        { "move", approval_move_command },
        { 0 },
    };

    return command_run_one(commands, argv, "key, make, sign, show, verify, escrow, move", error);
}
