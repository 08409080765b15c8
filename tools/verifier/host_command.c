/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host add, challenge, confirm, list, show, renew, revoke, accept, remove. */
#include "host_command.h"

#include "command.h"
#include "host_key.h"
#include "host_print.h"
#include "host_proof.h"
#include "key_name.h"
#include "record_text.h"

#include "common/input.h"
#include "common/output.h"

#include <string.h>

#define PROOF_SECONDS (7 * 24 * 3600) /* that a host has to answer */

/** The command line as it was given. */
static struct {
    char *store, *name, *expires, *roots, *output, *why;
    gboolean simulated, json;
} opt;

#define OPTION_EXPIRES                                                                             \
    {                                                                                              \
        "expires", 0, 0, G_OPTION_ARG_STRING, &opt.expires,                                        \
            "Not enrolled from then on: 2027-12-31, or 2027-12-31T12:00:00Z", "DATE"               \
    }

#define OPTION_ROOTS                                                                               \
    {                                                                                              \
        "roots", 0, 0, G_OPTION_ARG_FILENAME, &opt.roots,                                          \
            "Folder with certificates of TPM manufacturers, PEM or DER", "FOLDER"                  \
    }
#define OPTION_SIMULATED                                                                           \
    {                                                                                              \
        "simulated", 0, 0, G_OPTION_ARG_NONE, &opt.simulated,                                      \
            "Its TPM is a stand-in: its quotes prove nothing", NULL                                \
    }

static const GOptionEntry add_entries[] = {
    COMMAND_STORE(&opt.store),
    { "name", 0, 0, G_OPTION_ARG_STRING, &opt.name, "What people call it", "TEXT" },
    OPTION_EXPIRES,
    OPTION_SIMULATED,
    COMMAND_JSON(&opt.json),
    { 0 },
};
static const GOptionEntry accept_entries[] = {
    COMMAND_STORE(&opt.store),
    { "why", 0, 0, G_OPTION_ARG_STRING, &opt.why, "The reason; it is listed", "TEXT" },
    { 0 },
};
static const GOptionEntry renew_entries[] = { COMMAND_STORE(&opt.store), OPTION_EXPIRES, { 0 } };
static const GOptionEntry entries[] = { COMMAND_STORE(&opt.store), COMMAND_JSON(&opt.json), { 0 } };
static const GOptionEntry challenge_entries[] = {
    COMMAND_STORE(&opt.store),
    OPTION_ROOTS,
    OPTION_SIMULATED,
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output,
      "Write the challenge here (standard output)", "FILE" },
    { 0 },
};
static const GOptionEntry confirm_entries[] = {
    COMMAND_STORE(&opt.store),
    OPTION_ROOTS,
    OPTION_SIMULATED,
    { "name", 0, 0, G_OPTION_ARG_STRING, &opt.name, "What people call it", "TEXT" },
    OPTION_EXPIRES,
    COMMAND_JSON(&opt.json),
    { 0 },
};

static void print(const DqStoreHost *host, G_GNUC_UNUSED gpointer data)
{
    if (opt.json) {
        host_print_json(host);
    } else {
        host_print(host);
    }
}

static void print_all(const DqStoreHost *host)
{
    print(host, NULL);
    if (!opt.json) {
        host_print_ek(&host->ek);
    }
}

/* --expires, 0 where it was not given. */
static gboolean read_expiry(int64_t now, int64_t *ret, GError **error)
{
    int64_t expires = 0;

    if (opt.expires && (!text_read_time(opt.expires, &expires) || expires <= now)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--expires %s: give a date that is still to come, as 2027-12-31 or "
                    "2027-12-31T12:00:00Z",
                    opt.expires);
        return FALSE;
    }
    *ret = expires;
    return TRUE;
}

static gboolean read_host(const char *path, DqStoreHost *host, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, HOST_KEY_MAX, error);
    gsize len;
    const uint8_t *data;

    if (!bytes) {
        return FALSE;
    }
    data = g_bytes_get_data(bytes, &len);
    if (!host_key_read(data, len, host, error)) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    if (host->simulated && !opt.simulated) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD,
                    "%s: this host's TPM is a stand-in, whose quotes prove nothing: --simulated "
                    "enrols it all the same, marked as such",
                    path);
        return FALSE;
    }
    host->simulated = opt.simulated;
    return TRUE;
}

static int add_host(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(add_entries, argv, "FILE - enrol a host", 1, error);
    int64_t now = command_now();
    DqStoreHost host = { .enrolment = DQ_ENROLMENT_WORD, .enrolled = now };
    g_autoptr(DqStoreFile) store = NULL;

    if (!words || !read_expiry(now, &host.expires, error) || !read_host(words[1], &host, error) ||
        !key_label("--name", opt.name, host.label, error)) {
        return EXIT_UNUSABLE;
    }
    store = command_open_store(opt.store, error);
    if (!store || !dq_store_file_add_host(store, &host, error)) {
        return EXIT_UNUSABLE;
    }
    print(&host, NULL);
    return EXIT_DONE;
}

static int challenge_host(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(
        challenge_entries, argv, "FILE - have a host prove that its TPM has its key", 1, error);
    const HostProofOptions options = { opt.roots, opt.simulated };
    g_auto(HostExport) host = { 0 };
    g_autoptr(DqStoreFile) store = NULL;
    g_autofree char *challenge = NULL;
    DqEkFacts facts;
    uint8_t proof[DQ_CHALLENGE_SIZE];
    const int64_t now = command_now();

    if (!words || !host_export_read(words[1], &host, error) ||
        !host_proof_check(&host, &options, now, &facts, error)) {
        return EXIT_UNUSABLE;
    }
    store = command_open_store(opt.store, error);
    challenge = store ? host_proof_challenge(&host, proof, error) : NULL;
    return challenge && dq_store_file_expect_proof(store, proof, now + PROOF_SECONDS, error) &&
                   output_write_text(opt.output, challenge, error)
               ? EXIT_DONE
               : EXIT_UNUSABLE;
}

/* The key in the export is the one that the answer is for, or the proof is another. */
static int confirm_host(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(
        confirm_entries, argv, "FILE ANSWER - enrol a host that answered its challenge", 2, error);
    const HostProofOptions options = { opt.roots, opt.simulated };
    g_auto(HostExport) export = { 0 };
    g_autoptr(DqStoreFile) store = NULL;
    g_autoptr(GBytes) value = NULL;
    uint8_t proof[DQ_CHALLENGE_SIZE];
    const int64_t now = command_now();
    DqStoreHost *host = &export.host;

    if (!words || !host_export_read(words[1], &export, error) ||
        !read_expiry(now, &host->expires, error) ||
        !key_label("--name", opt.name, host->label, error) ||
        !host_proof_check(&export, &options, now, &host->ek, error)) {
        return EXIT_UNUSABLE;
    }
    value = host_answer_read(words[2], error);
    store = value ? command_open_store(opt.store, error) : NULL;
    if (!store) {
        return EXIT_UNUSABLE;
    }
    host->enrolment = DQ_ENROLMENT_PROOF;
    host->enrolled = now;
    host->simulated = opt.simulated;
    host_proof_of(&export, value, proof);
    if (!dq_store_file_prove_host(store, host, proof, now, error)) {
        return EXIT_REFUSED;
    }
    print_all(host);
    return EXIT_DONE;
}

static int list_hosts(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(entries, argv, "- show the hosts", 0, error);
    g_autoptr(DqStoreFile) store = words ? command_open_store(opt.store, error) : NULL;

    return store && dq_store_file_list_hosts(store, print, NULL, error) ? EXIT_DONE : EXIT_UNUSABLE;
}

static int show_host(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(entries, argv, "NAME - show a host with what certified its TPM", 1, error);
    g_autoptr(DqStoreFile) store = words ? command_open_store(opt.store, error) : NULL;
    DqStoreHost host;
    DqName name;

    if (!store || !key_find_host(store, words[1], &name, error) ||
        !dq_store_file_get_host(store, &name, &host, error)) {
        return EXIT_UNUSABLE;
    }
    print_all(&host);
    return EXIT_DONE;
}

static int renew_host(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(renew_entries, argv, "NAME - enrol a host of the store anew", 1, error);
    g_autoptr(DqStoreFile) store = words ? command_open_store(opt.store, error) : NULL;
    int64_t now = command_now();
    int64_t expires;
    DqName name;

    return store && read_expiry(now, &expires, error) &&
                   key_find_host(store, words[1], &name, error) &&
                   dq_store_file_renew_host(store, &name, now, expires, error)
               ? EXIT_DONE
               : EXIT_UNUSABLE;
}

static int revoke_host(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(entries, argv, "NAME - end a host's enrolment, for good", 1, error);
    g_autoptr(DqStoreFile) store = words ? command_open_store(opt.store, error) : NULL;
    DqName name;

    return store && key_find_host(store, words[1], &name, error) &&
                   dq_store_file_revoke_host(store, &name, command_now(), error)
               ? EXIT_DONE
               : EXIT_UNUSABLE;
}

static int accept_host(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(accept_entries, argv,
                      "NAME - accept that its TPM was cleared: its counters begin anew", 1, error);
    g_autoptr(DqStoreFile) store = NULL;
    DqName name;

    if (words && !opt.why) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "accept: say why with --why TEXT: it is kept and listed");
        return EXIT_UNUSABLE;
    }
    store = words ? command_open_store(opt.store, error) : NULL;
    return store && key_find_host(store, words[1], &name, error) &&
                   dq_store_file_accept_cleared(store, &name, command_now(), opt.why, error)
               ? EXIT_DONE
               : EXIT_UNUSABLE;
}

static int remove_host(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(entries, argv, "NAME - forget a host and its counters", 1, error);
    g_autoptr(DqStoreFile) store = words ? command_open_store(opt.store, error) : NULL;
    DqName name;

    return store && key_find_host(store, words[1], &name, error) &&
                   dq_store_file_remove_host(store, &name, error)
               ? EXIT_DONE
               : EXIT_UNUSABLE;
}

int host_command(char **argv, GError **error)
{
    static const Command commands[] = {
        { "add", add_host },         { "challenge", challenge_host },
        { "confirm", confirm_host }, { "list", list_hosts },
        { "show", show_host },       { "renew", renew_host },
        { "revoke", revoke_host },   { "accept", accept_host },
        { "remove", remove_host },   { 0 },
    };

    return command_run_one(commands, argv,
                           "add, challenge, confirm, list, show, renew, revoke, accept, remove",
                           error);
}
