/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "approval_make.h"

#include "approval/group-list-json.h"
#include "attest/bytes.h"
#include "command.h"
#include "common/output.h"
#include "jws_file.h"
#include "profile_file.h"
#include "profile_record.h"

#include <string.h>

/** The command line as it was given. */
static struct {
    char *group, *key, *pcr_list, *output;
    char **boots, **profiles, **measurements;
    int64_t sequence;
    int weight, vms;
} opt;

static const GOptionEntry entries[] = {
    { "group", 0, 0, G_OPTION_ARG_STRING, &opt.group, "The group of VMs, as the host calls it",
      "GROUP" },
    { "sequence", 0, 0, G_OPTION_ARG_INT64, &opt.sequence,
      "Number of the list: higher than that of the last one", "N" },
    { "boot", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.boots,
      "A way in which the host may boot, and its PCRs as tpm2_pcrread prints them; may be repeated",
      "NAME=FILE" },
    { "pcr-list", 'l', 0, G_OPTION_ARG_STRING, &opt.pcr_list,
      "Which of them (sha256:0,1,2,3,4,5,6,7,8,9,12,14)", "LIST" },
    { "profile", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt.profiles,
      "All boots of a profile; may be repeated", "FILE" },
    PROFILE_KEY_OPTION(&opt.key),
    { "measurement", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.measurements,
      "A vTPM that may answer (any); may be repeated", "HEX" },
    { "weight", 0, 0, G_OPTION_ARG_INT, &opt.weight,
      "Share of the VMs in the host's TPM, 1 to 100 (the host's choice)", "N" },
    { "vms", 0, 0, G_OPTION_ARG_INT, &opt.vms, "So many VMs at most (no limit)", "N" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output, "Write the list here (standard output)",
      "FILE" },
    { 0 },
};

static gboolean fail(const char *text, GError **error)
{
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    return FALSE;
}

static gboolean check_options(GError **error)
{
    if (!opt.group || strlen(opt.group) == 0 || strlen(opt.group) > DQ_GROUP_NAME_MAX ||
        !g_utf8_validate(opt.group, -1, NULL)) {
        return fail("--group GROUP names the group, in 1 to 255 bytes of UTF-8", error);
    }
    if (opt.sequence < 1) {
        return fail("--sequence N counts the lists of the group from 1", error);
    }
    if (opt.weight < 0 || opt.weight > DQ_GROUP_LIST_WEIGHT_MAX) {
        return fail("--weight is 1 to 100", error);
    }
    return (opt.vms >= 0 && opt.vms <= DQ_GROUP_LIST_VMS_MAX) ||
           fail("--vms is 1 to 1000000", error);
}

static gboolean add_boot(DqGroupList *list, const char *text, GError **error)
{
    const char *sign = strchr(text, '=');
    g_autofree char *name = sign ? g_strndup(text, (gsize)(sign - text)) : NULL;

    if (!name || *name == '\0' || sign[1] == '\0') {
        return fail("--boot is NAME=FILE: a name for people, and what tpm2_pcrread printed", error);
    }
    return profile_record_boot(list->hosts, name, sign + 1, opt.pcr_list, error);
}

static gboolean add_profile(DqGroupList *list, const char *path, const DqJwsPublic *key,
                            GError **error)
{
    g_autoptr(DqProfile) profile = profile_read(path, key, NULL, NULL, error);

    for (guint i = 0; profile && i < profile->boots->len; i++) {
        const DqProfileBoot *boot = g_ptr_array_index(profile->boots, i);
        g_autoptr(GList) keys = dq_profile_boot_keys(boot);
        DqProfileBoot *copy;

        if (dq_profile_find_boot(list->hosts, boot->name)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "%s: there are two boots called '%s': give one another name", path,
                        boot->name);
            return FALSE;
        }
        copy = dq_profile_add_boot(list->hosts, boot->name);
        for (const GList *k = keys; k; k = k->next) {
            dq_profile_boot_set(copy, dq_profile_key_alg(k->data), dq_profile_key_pcr(k->data),
                                dq_wire(dq_bytes_peek(g_hash_table_lookup(boot->pcrs, k->data))));
        }
    }
    return profile != NULL;
}

static gboolean add_measurement(DqGroupList *list, const char *digits, GError **error)
{
    g_autoptr(GBytes) digest = dq_hex_decode(digits, NULL);

    if (!digest || g_bytes_get_size(digest) != DQ_HASH_SIZE) {
        return fail("--measurement is 64 digits, as the verdict on a vTPM says it", error);
    }
    g_array_append_vals(list->measurements, g_bytes_get_data(digest, NULL), 1);
    return TRUE;
}

static gboolean fill(DqGroupList *list, const DqJwsPublic *key, GError **error)
{
    for (char **boot = opt.boots; boot && *boot; boot++) {
        if (!add_boot(list, *boot, error)) {
            return FALSE;
        }
    }
    for (char **path = opt.profiles; path && *path; path++) {
        if (!add_profile(list, *path, key, error)) {
            return FALSE;
        }
    }
    for (char **digits = opt.measurements; digits && *digits; digits++) {
        if (!add_measurement(list, *digits, error)) {
            return FALSE;
        }
    }
    return list->hosts->boots->len <= DQ_GROUP_LIST_BOOTS_MAX ||
           fail("a list has at most 256 boots", error);
}

int approval_make_command(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(
        entries, argv, "- make a list of what hosts may do with a group, to be signed", 0, error);
    g_autoptr(DqJwsPublic) key = NULL;
    g_autoptr(DqGroupList) list = NULL;
    g_autofree char *json = NULL;

    if (!words || !check_options(error)) {
        return EXIT_UNUSABLE;
    }
    key = opt.key ? jws_public_read(opt.key, error) : NULL;
    if (opt.key && !key) {
        return EXIT_UNUSABLE;
    }
    list = dq_group_list_new(opt.group);
    list->sequence = opt.sequence;
    list->weight = (guint)opt.weight;
    list->vms = (guint)opt.vms;
    if (!fill(list, key, error)) {
        return EXIT_UNUSABLE;
    }
    json = dq_group_list_to_json(list);
    return output_write_text(opt.output, json, error) ? EXIT_DONE : EXIT_UNUSABLE;
}
