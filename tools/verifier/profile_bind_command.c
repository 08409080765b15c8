/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_bind_command.h"

#include "command.h"
#include "key_name.h"
#include "store/store-profile.h"

#include <string.h>

/** The command line as it was given. */
static struct {
    char *store, *host, *vm, *host_group, *vm_group;
} opt;

#define OPTION_HOST                                                                                \
    {                                                                                              \
        "host", 0, 0, G_OPTION_ARG_STRING, &opt.host, "A host of the store", "NAME"                \
    }
#define OPTION_VM                                                                                  \
    {                                                                                              \
        "vm", 0, 0, G_OPTION_ARG_STRING, &opt.vm, "A VM of the store", "UUID"                      \
    }

static const GOptionEntry bind_entries[] = {
    COMMAND_STORE(&opt.store),
    OPTION_HOST,
    OPTION_VM,
    { "host-group", 0, 0, G_OPTION_ARG_STRING, &opt.host_group, "A group of hosts", "GROUP" },
    { "vm-group", 0, 0, G_OPTION_ARG_STRING, &opt.vm_group, "A group of VMs", "GROUP" },
    { 0 },
};
static const GOptionEntry group_entries[] = {
    COMMAND_STORE(&opt.store), OPTION_HOST, OPTION_VM, { 0 }
};

/** Whom a command is about. */
typedef struct Subject {
    DqSubject kind;
    uint8_t key[DQ_LABEL_MAX];
    gsize key_len;
} Subject;

static gboolean set_key(Subject *s, DqSubject kind, gconstpointer data, gsize len, GError **error)
{
    if (len > sizeof(s->key)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD, "a group's name has at most %d bytes",
                    DQ_LABEL_MAX);
        return FALSE;
    }
    s->kind = kind;
    memcpy(s->key, data, len);
    s->key_len = len;
    return TRUE;
}

static gboolean read_subject(DqStoreFile *store, Subject *ret, GError **error)
{
    const guint given = !!opt.host + !!opt.vm + !!opt.host_group + !!opt.vm_group;
    uint8_t uuid[DQ_UUID_SIZE];
    DqName name;

    if (given != 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "say for whom: one host, VM or group; see --help");
        return FALSE;
    }
    if (opt.host) {
        return key_find_host(store, opt.host, &name, error) &&
               set_key(ret, DQ_SUBJECT_HOST, name.data, name.len, error);
    }
    if (opt.vm) {
        return dq_uuid_parse(opt.vm, uuid, error) &&
               set_key(ret, DQ_SUBJECT_VM, uuid, sizeof(uuid), error);
    }
    return opt.host_group
               ? set_key(ret, DQ_SUBJECT_HOST_GROUP, opt.host_group, strlen(opt.host_group), error)
               : set_key(ret, DQ_SUBJECT_VM_GROUP, opt.vm_group, strlen(opt.vm_group), error);
}

/** dq_store_file_bind() or dq_store_file_set_group(). */
typedef gboolean (*Set)(DqStoreFile *file, DqSubject subject, const uint8_t *key, gsize key_len,
                        const char *value, GError **error);

/* @has_value: an argument says to what it is set; else it is set to nothing. */
static int set(char **argv, const GOptionEntry *entries, const char *summary, gboolean has_value,
               Set func, GError **error)
{
    g_auto(GStrv) words = command_parse(entries, argv, summary, has_value ? 1 : 0, error);
    g_autoptr(DqStoreFile) store = words ? command_open_store(opt.store, error) : NULL;
    Subject s;

    return store && read_subject(store, &s, error) &&
                   func(store, s.kind, s.key, s.key_len, has_value ? words[1] : NULL, error)
               ? EXIT_DONE
               : EXIT_UNUSABLE;
}

int profile_bind_command(char **argv, GError **error)
{
    return set(argv, bind_entries, "PROFILE - have a host, VM or group compared with a profile",
               TRUE, dq_store_file_bind, error);
}

int profile_unbind_command(char **argv, GError **error)
{
    return set(argv, bind_entries, "- no longer compare a host, VM or group with its profile",
               FALSE, dq_store_file_bind, error);
}

int profile_group_command(char **argv, GError **error)
{
    return set(argv, group_entries, "GROUP - put a host or VM into a group", TRUE,
               dq_store_file_set_group, error);
}

int profile_ungroup_command(char **argv, GError **error)
{
    return set(argv, group_entries, "- take a host or VM out of its group", FALSE,
               dq_store_file_set_group, error);
}
