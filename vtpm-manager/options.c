/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <string.h>

#include "common/args.h"
#include "manager_defaults.h"
#include "quote/batch.h"

enum {
    VM_RATE_MAX = 1000000,
    AUDIT_INTERVAL_MAX = 366 * 86400,
    NV_INDEX_MIN = 0x01800000,
    NV_INDEX_MAX = 0x01BFFFFF,
};

/* Hierarchies of the TPM whose authorization values may be given. */
enum { AUTH_EH, AUTH_OWNER, AUTHS };

static const struct {
    const char *option;
    const char *credential; /* of systemd */
} auths[AUTHS] = {
    [AUTH_EH] = { "--eh-auth", "eh-auth" },
    [AUTH_OWNER] = { "--owner-auth", "owner-auth" },
};

/* Options whose text is looked at when all of them are known. */
typedef struct Unchecked {
    gint batch_limit;
    gint vm_rate;
    gint vm_burst;
    gint audit_interval;
    char *socket_mode;
    char *ak_algorithm;
    char *auth[AUTHS]; /* NULL: none */
    char *nv_index;
    char *metrics;
    char *metrics_mode;
} Unchecked;

static void unchecked_clear(Unchecked *u)
{
    g_free(u->socket_mode);
    g_free(u->ak_algorithm);
    for (gsize i = 0; i < AUTHS; i++) {
        if (u->auth[i]) {
            explicit_bzero(u->auth[i], strlen(u->auth[i]));
        }
        g_free(u->auth[i]);
    }
    g_free(u->nv_index);
    g_free(u->metrics);
    g_free(u->metrics_mode);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Unchecked, unchecked_clear)

static gboolean parse_mode(const char *option, const char *text, mode_t *ret, GError **error)
{
    uint64_t mode;

    if (!g_ascii_string_to_unsigned(text, 8, 0, 0777, &mode, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s %s: give octal permissions such as 0660", option, text);
        return FALSE;
    }
    *ret = (mode_t)mode;
    return TRUE;
}

static gboolean parse_algorithm(const char *text, TpmAkAlgorithm *ret, GError **error)
{
    if (g_str_equal(text, "ecc")) {
        *ret = TPM_AK_ECC;
    } else if (g_str_equal(text, "rsa")) {
        *ret = TPM_AK_RSA;
    } else {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--ak-algorithm %s: give ecc or rsa", text);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_number(const char *option, gint value, gint least, gint most, guint *ret,
                             GError **error)
{
    if (value < least || value > most) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s %d: give %d to %d", option,
                    value, least, most);
        return FALSE;
    }
    *ret = (guint)value;
    return TRUE;
}

static void set_default(char **option, const char *value)
{
    if (!*option) {
        *option = g_strdup(value);
    }
}

static gboolean parse_metrics(const char *where, const char *mode, Options *o, GError **error)
{
    if (!where && mode) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--metrics-mode goes with --metrics unix:PATH: give both");
        return FALSE;
    }
    o->metrics = where != NULL;
    return !where || (listen_address_parse("--metrics", where, &o->metrics_address, error) &&
                      parse_mode("--metrics-mode", mode ? mode : DEFAULT_METRICS_MODE,
                                 &o->metrics_address.mode, error));
}

/*
 * The value of one hierarchy, which may be none. Where there is no option, what systemd was told to
 * hand over: LoadCredential=eh-auth:PATH.
 */
static gboolean parse_auth(const Unchecked *u, gsize which, AuthValue *ret, GError **error)
{
    const char *dir = g_getenv("CREDENTIALS_DIRECTORY");
    g_autofree char *path = dir ? g_build_filename(dir, auths[which].credential, NULL) : NULL;
    g_autofree char *file = path ? g_strconcat("file:", path, NULL) : NULL;
    const gboolean handed = !u->auth[which] && path && g_file_test(path, G_FILE_TEST_EXISTS);
    const char *value = handed ? file : u->auth[which];
    g_autofree char *from = handed ? g_strconcat("credential ", auths[which].credential, NULL)
                                   : g_strdup(auths[which].option);

    if (!value) {
        return TRUE;
    }
    if (!auth_parse(from, value, ret, error)) {
        return FALSE;
    }
    if (ret->kind != AUTH_PASSWORD) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: a session or policy cannot be used: give file:PATH, hex:BYTES or str:TEXT",
                    from);
        return FALSE;
    }
    return TRUE;
}

/* Spec: TCG Registry of Reserved TPM 2.0 Handles: those of the owner. */
static gboolean parse_nv_index(const char *text, TPM2_HANDLE *ret, GError **error)
{
    g_autofree char *digits = g_str_has_prefix(text, "0x") ? g_strdup(text + 2) : NULL;
    uint64_t index;

    if (!digits ||
        !g_ascii_string_to_unsigned(digits, 16, NV_INDEX_MIN, NV_INDEX_MAX, &index, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--nv-index %s: give one from 0x%08x to 0x%08x", text, (guint)NV_INDEX_MIN,
                    (guint)NV_INDEX_MAX);
        return FALSE;
    }
    *ret = (TPM2_HANDLE)index;
    return TRUE;
}

static gboolean parse_command_line(char **argv, Options *o, Unchecked *u, GError **error)
{
    const GOptionEntry entries[] = {
        { "tcti", 'T', 0, G_OPTION_ARG_STRING, &o->tcti, "How to reach the TPM (" DEFAULT_TCTI ")",
          "CONF" },
        { "simulate-tpm", 0, 0, G_OPTION_ARG_FILENAME, &o->simulate_dir,
          "Use a private software TPM with its state in DIR: no hardware, no trust", "DIR" },
        { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &o->state_dir,
          "Registry and attestation key (" DEFAULT_STATE_DIR ")", "DIR" },
        { "socket", 0, 0, G_OPTION_ARG_FILENAME, &o->socket,
          "Socket for vTPMs (" DEFAULT_SOCKET ")", "PATH" },
        { "socket-mode", 0, 0, G_OPTION_ARG_STRING, &u->socket_mode,
          "Its permissions (" DEFAULT_SOCKET_MODE ")", "MODE" },
        { "admin-socket", 0, 0, G_OPTION_ARG_FILENAME, &o->admin_socket,
          "Socket for vtpm-managerctl (" DEFAULT_ADMIN_SOCKET ")", "PATH" },
        { "ak-algorithm", 0, 0, G_OPTION_ARG_STRING, &u->ak_algorithm,
          "Attestation key: ecc (NIST P-256) or rsa (2048 bits) (" DEFAULT_AK_ALGORITHM ")",
          "ALG" },
        { "ak-certificate", 0, 0, G_OPTION_ARG_FILENAME, &o->ak_certificate,
          "Certificate of the attestation key, handed out to guests", "FILE" },
        { "eh-auth", 0, 0, G_OPTION_ARG_FILENAME, &u->auth[AUTH_EH],
          "Authorization value of the TPM's endorsement hierarchy, best as file:PATH", "AUTH" },
        { "owner-auth", 0, 0, G_OPTION_ARG_FILENAME, &u->auth[AUTH_OWNER],
          "The same of its owner hierarchy, for the registry's counter", "AUTH" },
        { "nv-index", 0, 0, G_OPTION_ARG_STRING, &u->nv_index,
          "Where in the TPM that counter is (" DEFAULT_NV_INDEX ")", "HANDLE" },
        { "share-logs", 0, 0, G_OPTION_ARG_NONE, &o->share_logs,
          "Hand the host's own logs out to guests", NULL },
        { "boot-log", 0, 0, G_OPTION_ARG_FILENAME, &o->boot_log,
          "Its boot event log (" DEFAULT_BOOT_LOG ")", "FILE" },
        { "ima-log", 0, 0, G_OPTION_ARG_FILENAME, &o->ima_log,
          "Its IMA list, binary (" DEFAULT_IMA_LOG ")", "FILE" },
        { "batch-limit", 0, 0, G_OPTION_ARG_INT, &u->batch_limit,
          "Requests that share a hardware quote at most; 1: each has its own (" G_STRINGIFY(
              DEFAULT_BATCH_LIMIT) ")",
          "N" },
        { "vm-rate", 0, 0, G_OPTION_ARG_INT, &u->vm_rate,
          "Requests a second that each VM may make while others wait; 0: any (" G_STRINGIFY(
              DEFAULT_VM_RATE) ")",
          "N" },
        { "vm-burst", 0, 0, G_OPTION_ARG_INT, &u->vm_burst,
          "Requests that it may make at once (" G_STRINGIFY(DEFAULT_VM_BURST) ")", "N" },
        { "audit-interval", 0, 0, G_OPTION_ARG_INT, &u->audit_interval,
          "Seconds between signatures of the audit log, at least (" G_STRINGIFY(
              DEFAULT_AUDIT_INTERVAL) ")",
          "SECONDS" },
        { "metrics", 0, 0, G_OPTION_ARG_STRING, &u->metrics,
          "Serve metrics to Prometheus at unix:PATH or tcp:PORT of the loopback (not served)",
          "WHERE" },
        { "metrics-mode", 0, 0, G_OPTION_ARG_STRING, &u->metrics_mode,
          "Permissions of the metrics' socket (" DEFAULT_METRICS_MODE ")", "MODE" },
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &o->verbose, "Log more", NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &o->version, "Print the version", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_auto(GStrv) words = NULL;

    g_option_context_set_summary(context,
                                 "Countersigns quotes of virtual TPMs with the host's TPM.");
    words = args_parse(context, entries, argv, error);
    if (!words) {
        return FALSE;
    }
    if (words[1]) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s: not an option", words[1]);
        return FALSE;
    }
    return TRUE;
}

/* The logs of this machine say nothing of a stand-in TPM. */
static gboolean find_logs(Options *o, GError **error)
{
    if (!o->share_logs && (o->boot_log || o->ima_log)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--boot-log and --ima-log go with --share-logs: give that too");
        return FALSE;
    }
    if (o->share_logs && !o->simulate_dir) {
        set_default(&o->boot_log, DEFAULT_BOOT_LOG);
        set_default(&o->ima_log, DEFAULT_IMA_LOG);
    }
    return TRUE;
}

gboolean options_parse(char **argv, Options *ret, GError **error)
{
    g_auto(Options) o = { 0 };
    g_auto(Unchecked) u = { .batch_limit = DEFAULT_BATCH_LIMIT,
                            .vm_rate = DEFAULT_VM_RATE,
                            .vm_burst = DEFAULT_VM_BURST,
                            .audit_interval = DEFAULT_AUDIT_INTERVAL };

    if (!parse_command_line(argv, &o, &u, error)) {
        return FALSE;
    }
    if (o.tcti && o.simulate_dir) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--tcti and --simulate-tpm exclude each other: give one");
        return FALSE;
    }
    set_default(&o.tcti, o.simulate_dir ? "simulated" : DEFAULT_TCTI);
    set_default(&o.state_dir, DEFAULT_STATE_DIR);
    set_default(&o.socket, DEFAULT_SOCKET);
    set_default(&o.admin_socket, DEFAULT_ADMIN_SOCKET);
    set_default(&u.nv_index, DEFAULT_NV_INDEX);
    set_default(&u.socket_mode, DEFAULT_SOCKET_MODE);
    set_default(&u.ak_algorithm, DEFAULT_AK_ALGORITHM);
    if (!parse_mode("--socket-mode", u.socket_mode, &o.socket_mode, error) ||
        !parse_algorithm(u.ak_algorithm, &o.ak_algorithm, error) ||
        !parse_nv_index(u.nv_index, &o.nv_index, error) ||
        !parse_auth(&u, AUTH_EH, &o.eh_auth, error) ||
        !parse_auth(&u, AUTH_OWNER, &o.owner_auth, error) || !find_logs(&o, error) ||
        !parse_metrics(u.metrics, u.metrics_mode, &o, error) ||
        !check_number("--batch-limit", u.batch_limit, 1, BATCH_LIMIT, &o.batch_limit, error) ||
        !check_number("--vm-rate", u.vm_rate, 0, VM_RATE_MAX, &o.vm_rate, error) ||
        !check_number("--vm-burst", u.vm_burst, 1, VM_RATE_MAX, &o.vm_burst, error) ||
        !check_number("--audit-interval", u.audit_interval, 1, AUDIT_INTERVAL_MAX,
                      &o.audit_interval, error)) {
        return FALSE;
    }
    *ret = o;
    explicit_bzero(&o, sizeof(o));
    return TRUE;
}

void options_clear(Options *options)
{
    g_clear_pointer(&options->tcti, g_free);
    g_clear_pointer(&options->simulate_dir, g_free);
    g_clear_pointer(&options->state_dir, g_free);
    g_clear_pointer(&options->socket, g_free);
    g_clear_pointer(&options->admin_socket, g_free);
    g_clear_pointer(&options->ak_certificate, g_free);
    g_clear_pointer(&options->boot_log, g_free);
    g_clear_pointer(&options->ima_log, g_free);
    auth_clear(&options->eh_auth);
    auth_clear(&options->owner_auth);
    listen_address_clear(&options->metrics_address);
}
