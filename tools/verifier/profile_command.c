/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_command.h"

#include "command.h"
#include "jws_file.h"
#include "profile_bind_command.h"
#include "profile_diff.h"
#include "profile_file.h"
#include "profile_packages.h"
#include "profile_record.h"
#include "profile_sign_command.h"
#include "profile_store_command.h"

#include <stdio.h>

/** The command line as it was given. */
static struct {
    char *name, *boot, *pcrs, *pcr_list, *ima, *add, *key, *output;
    char **exclude, **keys;
    gboolean learning;
} opt;

static const GOptionEntry record_entries[] = {
    { "name", 0, 0, G_OPTION_ARG_STRING, &opt.name, "Name of a new profile", "NAME" },
    { "add-to", 0, 0, G_OPTION_ARG_FILENAME, &opt.add, "Start with what is in this profile",
      "FILE" },
    PROFILE_KEY_OPTION(&opt.key),
    { "boot", 0, 0, G_OPTION_ARG_STRING, &opt.boot, "Name of the boot of --pcrs", "NAME" },
    { "pcrs", 0, 0, G_OPTION_ARG_FILENAME, &opt.pcrs,
      "Values of PCRs as tpm2_pcrread prints them: one way to boot", "FILE" },
    { "pcr-list", 'l', 0, G_OPTION_ARG_STRING, &opt.pcr_list,
      "Which of them (sha256:0,1,2,3,4,5,6,7,8,9,12,14)", "LIST" },
    { "ima", 0, 0, G_OPTION_ARG_FILENAME, &opt.ima, "A list of IMA, binary: files that may run",
      "FILE" },
    { "exclude", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.exclude,
      "Leave out files of such a name; may be repeated", "PATTERN" },
    { "ima-key", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt.keys,
      "Files that this key signed may run (public key or certificate); may be repeated", "FILE" },
    { "learning", 0, 0, G_OPTION_ARG_NONE, &opt.learning,
      "Files that are not listed are told, and not refused", NULL },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output,
      "Write the profile here (standard output)", "FILE" },
    { 0 },
};

static const GOptionEntry diff_entries[] = { PROFILE_KEY_OPTION(&opt.key), { 0 } };

static gboolean check_record_options(GError **error)
{
    const char *text = NULL;

    if (!opt.name == !opt.add) {
        text = "give a new profile a --name, or the one to --add-to";
    } else if (!opt.boot != !opt.pcrs) {
        text = "--boot names the way to boot whose values are in --pcrs: give both or none";
    } else if (!opt.pcrs && !opt.ima && !opt.exclude && !opt.keys && !opt.learning) {
        text = "nothing to record: give --boot and --pcrs, or --ima";
    }
    if (text) {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    }
    return !text;
}

static gboolean read_key(DqJwsPublic **ret_key, GError **error)
{
    *ret_key = opt.key ? jws_public_read(opt.key, error) : NULL;
    return *ret_key || !opt.key;
}

static int record_command(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(record_entries, argv,
                                        "- record how a machine booted and what it ran", 0, error);
    g_autoptr(DqJwsPublic) key = NULL;
    g_autoptr(DqProfile) profile = NULL;

    if (!words || !check_record_options(error) || !read_key(&key, error)) {
        return EXIT_UNUSABLE;
    }
    profile = opt.add ? profile_read(opt.add, key, NULL, NULL, error) : dq_profile_new(opt.name);
    if (!profile) {
        return EXIT_UNUSABLE;
    }
    profile->issued = 0; /* what is added was not signed */
    for (char **pattern = opt.exclude; pattern && *pattern; pattern++) {
        dq_profile_exclude(profile, *pattern);
    }
    profile->learning = opt.learning;
    if (!profile_record_keys(profile, opt.keys, error) ||
        (opt.pcrs && !profile_record_boot(profile, opt.boot, opt.pcrs, opt.pcr_list, error)) ||
        (opt.ima && !profile_record_files(profile, opt.ima, error)) ||
        !profile_write(profile, opt.output, error)) {
        return EXIT_UNUSABLE;
    }
    return EXIT_DONE;
}

static int diff_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(diff_entries, argv, "OLD NEW - compare two profiles", 2, error);
    g_autoptr(DqJwsPublic) key = NULL;
    g_autoptr(DqProfile) old = NULL, new = NULL;

    if (!words || !read_key(&key, error)) {
        return EXIT_UNUSABLE;
    }
    old = profile_read(words[1], key, NULL, NULL, error);
    new = old ? profile_read(words[2], key, NULL, NULL, error) : NULL;
    if (!new) {
        return EXIT_UNUSABLE;
    }
    return profile_diff(old, new) == 0 ? EXIT_DONE : EXIT_REFUSED;
}

int profile_command(char **argv, GError **error)
{
    static const Command commands[] = {
        { "record", record_command },
        { "from-packages", profile_packages_command },
        { "diff", diff_command },
        { "sign", profile_sign_command },
        { "add", profile_add_command },
        { "list", profile_list_command },
        { "remove", profile_remove_command },
        { "bind", profile_bind_command },
        { "unbind", profile_unbind_command },
        { "group", profile_group_command },
        { "ungroup", profile_ungroup_command },
        { 0 },
    };

    return command_run_one(commands, argv,
                           "record, from-packages, diff, sign, add, list, remove, bind, unbind, "
                           "group, ungroup",
                           error);
}
