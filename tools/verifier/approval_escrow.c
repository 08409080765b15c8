/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "approval_escrow.h"

#include "attest/bytes.h"
#include "command.h"
#include "common/escape.h"
#include "common/input.h"
#include "common/output.h"
#include "escrow/escrow-key.h"
#include "jws_file.h"
#include "key_name.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

enum { NAME_WIDTH = 200 };

/** The command line as it was given. */
static struct {
    char *key, *to, *host, *store, *output;
    gboolean json;
} opt;

#define OPTION_KEY                                                                                 \
    {                                                                                              \
        "key", 0, 0, G_OPTION_ARG_FILENAME, &opt.key,                                              \
            "The approval key, PEM, with its private part", "FILE"                                 \
    }

static const GOptionEntry escrow_entries[] = { OPTION_KEY, COMMAND_JSON(&opt.json), { 0 } };

static const GOptionEntry move_entries[] = {
    OPTION_KEY,
    { "to", 0, 0, G_OPTION_ARG_FILENAME, &opt.to,
      "What vtpm-managerctl escrow key prints on the host that they are for", "FILE" },
    { "host", 0, 0, G_OPTION_ARG_STRING, &opt.host, "That host, enrolled in the store", "NAME" },
    COMMAND_STORE(&opt.store),
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output,
      "Write what that host takes here (standard output)", "FILE" },
    { 0 },
};

/* (transfer full): without the end of its last line, and no longer than an escrow. */
static char *read_text(const char *path, gsize max, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, max, error);
    gsize size;

    return bytes ? g_strchomp(g_strndup(g_bytes_get_data(bytes, &size), g_bytes_get_size(bytes)))
                 : NULL;
}

/* (transfer full): the escrow @path, by the approval key, which stays the caller's. */
static DqEscrow *open_escrow(const char *path, const DqJwsKey *key, GError **error)
{
    g_autofree char *text = read_text(path, DQ_JWE_MAX, error);
    DqEscrow *escrow =
        text ? dq_escrow_open((DqBytes){ (const uint8_t *)text, strlen(text) }, key, error) : NULL;

    if (text && !escrow) {
        g_prefix_error(error, "%s: ", path);
    }
    return escrow;
}

static gboolean require(const char *value, const char *message, GError **error)
{
    if (!value) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s", message);
    }
    return value != NULL;
}

static DqJwsKey *read_key(GError **error)
{
    return require(opt.key, "--key FILE: give the approval key with its private part", error)
               ? jws_key_read(opt.key, error)
               : NULL;
}

/* --------------------------------------------------------------------------------- Showing */

static char *made_text(const DqEscrow *escrow)
{
    g_autoptr(GDateTime) made =
        escrow->made <= G_MAXINT64 ? g_date_time_new_from_unix_utc((int64_t)escrow->made) : NULL;

    return made ? g_date_time_format_iso8601(made) : g_strdup("unknown");
}

static void print_vm(const DqEscrowVm *vm)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid);
    g_autofree char *name = escape_text(vm->name, NAME_WIDTH);
    g_autofree char *ek = dq_hex_encode(vm->ek.data, vm->ek.len);

    printf("%s  %s  %s\n", uuid, *ek ? ek : "no endorsement key", name);
}

static void print_escrow(const DqEscrow *escrow)
{
    g_autofree char *group = escape_text(escrow->group, NAME_WIDTH);
    g_autofree char *made = made_text(escrow);
    g_autofree char *host = dq_hex_encode(escrow->host.data, escrow->host.len);

    printf("# group %s, %u VMs; as it says, of %s by the host with the attestation key %s\n", group,
           escrow->vms->len, made, host);
    for (guint i = 0; i < escrow->vms->len; i++) {
        print_vm(&g_array_index(escrow->vms, DqEscrowVm, i));
    }
}

static void add_vm(JsonBuilder *b, const DqEscrowVm *vm)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid);
    g_autofree char *ek = dq_hex_encode(vm->ek.data, vm->ek.len);

    json_builder_begin_object(b);
    json_builder_set_member_name(b, "uuid");
    json_builder_add_string_value(b, uuid);
    json_builder_set_member_name(b, "ek");
    json_builder_add_string_value(b, ek);
    json_builder_set_member_name(b, "name");
    json_builder_add_string_value(b, vm->name);
    json_builder_end_object(b);
}

/* All but the keys. */
static void print_json(const DqEscrow *escrow)
{
    g_autoptr(JsonBuilder) b = json_builder_new();
    g_autofree char *host = dq_hex_encode(escrow->host.data, escrow->host.len);
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_begin_object(b);
    json_builder_set_member_name(b, "group");
    json_builder_add_string_value(b, escrow->group);
    json_builder_set_member_name(b, "made");
    json_builder_add_int_value(b, (int64_t)escrow->made);
    json_builder_set_member_name(b, "host");
    json_builder_add_string_value(b, host);
    json_builder_set_member_name(b, "vms");
    json_builder_begin_array(b);
    for (guint i = 0; i < escrow->vms->len; i++) {
        add_vm(b, &g_array_index(escrow->vms, DqEscrowVm, i));
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
    root = json_builder_get_root(b);
    text = json_to_string(root, TRUE);
    puts(text);
}

int approval_escrow_command(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(
        escrow_entries, argv, "FILE - show of which VMs an escrow has the keys", 1, error);
    g_autoptr(DqJwsKey) key = words ? read_key(error) : NULL;
    g_autoptr(DqEscrow) escrow = key ? open_escrow(words[1], key, error) : NULL;

    if (!escrow) {
        return EXIT_UNUSABLE;
    }
    (opt.json ? print_json : print_escrow)(escrow);
    return EXIT_DONE;
}

/* ---------------------------------------------------------------------------------- Moving */

/* (transfer full): the attestation key of the host that the operator names. */
static DqKey *find_ak(int64_t now, GError **error)
{
    g_autoptr(DqStoreFile) store = command_open_store(opt.store, error);
    DqStoreHost host;
    DqName name;

    if (!store || !key_find_host(store, opt.host, &name, error) ||
        !dq_store_file_get_host(store, &name, &host, error)) {
        return NULL;
    }
    if (host.revoked != 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD, "%s: its enrolment was revoked", opt.host);
        return NULL;
    }
    if (host.expires != 0 && host.expires <= now) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD,
                    "%s: its enrolment has expired: see tpm2_checkdeepquote host renew", opt.host);
        return NULL;
    }
    return dq_key_new(host.public_area, host.public_len, error);
}

static gboolean read_host_key(DqEscrowKey *ret, GError **error)
{
    g_autofree char *text = read_text(opt.to, DQ_ESCROW_KEY_MAX, error);
    const gboolean ok = text && dq_escrow_key_read(text, strlen(text), ret, error);

    if (text && !ok) {
        g_prefix_error(error, "%s: ", opt.to);
    }
    return ok;
}

/* (transfer full): @escrow for the host's key, where that is fit for it. */
static char *move(const DqEscrow *escrow, const DqJwsKey *key, DqKey *ak, GError **error)
{
    g_auto(DqEscrowKey) host_key = { .group = "" };
    g_autofree char *pem = dq_jws_key_public(key);
    g_autoptr(DqJwsPublic) approval =
        pem ? dq_jws_public_new((DqBytes){ (const uint8_t *)pem, strlen(pem) }, error) : NULL;
    EVP_PKEY *pkey = NULL;
    char *text = NULL;
    DqBytes area;

    if (approval && read_host_key(&host_key, error)) {
        pkey = dq_escrow_key_check(&host_key, escrow->group, approval, ak, &area, error);
        if (!pkey) {
            g_prefix_error(error, "%s: ", opt.to);
        }
    }
    if (pkey) {
        text = dq_escrow_move(escrow, key, pkey, area, error);
        EVP_PKEY_free(pkey);
    }
    return text;
}

int approval_move_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(move_entries, argv, "FILE - seal an escrow for another host", 1, error);
    const int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(DqJwsKey) key = NULL;
    g_autoptr(DqKey) ak = NULL;
    g_autoptr(DqEscrow) escrow = NULL;
    g_autofree char *text = NULL;

    if (!words ||
        !require(opt.to, "--to FILE: give what vtpm-managerctl escrow key prints on that host",
                 error) ||
        !require(opt.host, "--host NAME: name the host that they are for", error)) {
        return EXIT_UNUSABLE;
    }
    key = read_key(error);
    ak = key ? find_ak(now, error) : NULL;
    escrow = ak ? open_escrow(words[1], key, error) : NULL;
    text = escrow ? move(escrow, key, ak, error) : NULL;
    return text && output_write_text(opt.output, text, error) ? EXIT_DONE : EXIT_UNUSABLE;
}
