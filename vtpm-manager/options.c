/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <string.h>

#include "quote/batch.h"

static const char default_tcti[] = "device:/dev/tpmrm0";
static const char default_state_dir[] = "/var/lib/vtpm-manager";
static const char default_socket[] = "/run/vtpm-manager/vtpm.sock";
static const char default_admin_socket[] = "/run/vtpm-manager/admin.sock";

enum {
    VM_RATE_DEFAULT = 10,
    VM_BURST_DEFAULT = 20,
    VM_RATE_MAX = 1000000,
};

static gboolean parse_mode(const char *option, const char *text, mode_t *ret, GError **error)
{
    guint64 mode;

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
    return !where ||
           (listen_address_parse("--metrics", where, &o->metrics_address, error) &&
            parse_mode("--metrics-mode", mode ? mode : "0600", &o->metrics_address.mode, error));
}

static gboolean complete(Options *o, const char *mode, const char *algorithm, GError **error)
{
    if (o->tcti && o->simulate_dir) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--tcti and --simulate-tpm exclude each other: give one");
        return FALSE;
    }
    set_default(&o->tcti, o->simulate_dir ? "simulated" : default_tcti);
    set_default(&o->state_dir, default_state_dir);
    set_default(&o->socket, default_socket);
    set_default(&o->admin_socket, default_admin_socket);
    return parse_mode("--socket-mode", mode ? mode : "0666", &o->socket_mode, error) &&
           parse_algorithm(algorithm ? algorithm : "ecc", &o->ak_algorithm, error);
}

gboolean options_parse(int argc, char **argv, Options *ret, GError **error)
{
    g_auto(Options) o = { 0 };
    gint batch_limit = BATCH_LIMIT_DEFAULT;
    gint vm_rate = VM_RATE_DEFAULT;
    gint vm_burst = VM_BURST_DEFAULT;
    g_autofree char *mode = NULL;
    g_autofree char *algorithm = NULL;
    g_autofree char *metrics = NULL;
    g_autofree char *metrics_mode = NULL;
    const GOptionEntry entries[] = {
        { "tcti", 'T', 0, G_OPTION_ARG_STRING, &o.tcti, "How to reach the TPM (device:/dev/tpmrm0)",
          "CONF" },
        { "simulate-tpm", 0, 0, G_OPTION_ARG_FILENAME, &o.simulate_dir,
          "Use a private software TPM with its state in DIR: no hardware, no trust", "DIR" },
        { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &o.state_dir,
          "Registry and attestation key (/var/lib/vtpm-manager)", "DIR" },
        { "socket", 0, 0, G_OPTION_ARG_FILENAME, &o.socket,
          "Socket for vTPMs (/run/vtpm-manager/vtpm.sock)", "PATH" },
        { "socket-mode", 0, 0, G_OPTION_ARG_STRING, &mode, "Its permissions (0666)", "MODE" },
        { "admin-socket", 0, 0, G_OPTION_ARG_FILENAME, &o.admin_socket,
          "Socket for vtpm-managerctl (/run/vtpm-manager/admin.sock)", "PATH" },
        { "ak-algorithm", 0, 0, G_OPTION_ARG_STRING, &algorithm,
          "Attestation key: ecc (NIST P-256) or rsa (2048 bits) (ecc)", "ALG" },
        { "ak-certificate", 0, 0, G_OPTION_ARG_FILENAME, &o.ak_certificate,
          "Certificate of the attestation key, handed out to guests", "FILE" },
        { "auto-register", 0, 0, G_OPTION_ARG_NONE, &o.auto_register,
          "Register VMs that connect for the first time", NULL },
        { "batch-limit", 0, 0, G_OPTION_ARG_INT, &batch_limit,
          "Requests that share a hardware quote at most; 1: each has its own (8192)", "N" },
        { "vm-rate", 0, 0, G_OPTION_ARG_INT, &vm_rate,
          "Requests a second that each VM may make while others wait; 0: any (10)", "N" },
        { "vm-burst", 0, 0, G_OPTION_ARG_INT, &vm_burst, "Requests that it may make at once (20)",
          "N" },
        { "metrics", 0, 0, G_OPTION_ARG_STRING, &metrics,
          "Serve metrics to Prometheus at unix:PATH or tcp:PORT of the loopback (not served)",
          "WHERE" },
        { "metrics-mode", 0, 0, G_OPTION_ARG_STRING, &metrics_mode,
          "Permissions of the metrics' socket (0600)", "MODE" },
        { "verbose", 'v', 0, G_OPTION_ARG_NONE, &o.verbose, "Log more", NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &o.version, "Print the version", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(context,
                                 "Countersigns quotes of virtual TPMs with the host's TPM.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, error)) {
        return FALSE;
    }
    if (argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s: not an option", argv[1]);
        return FALSE;
    }
    if (!complete(&o, mode, algorithm, error) || !parse_metrics(metrics, metrics_mode, &o, error) ||
        !check_number("--batch-limit", batch_limit, 1, BATCH_LIMIT, &o.batch_limit, error) ||
        !check_number("--vm-rate", vm_rate, 0, VM_RATE_MAX, &o.vm_rate, error) ||
        !check_number("--vm-burst", vm_burst, 1, VM_RATE_MAX, &o.vm_burst, error)) {
        return FALSE;
    }
    *ret = o;
    memset(&o, 0, sizeof(o));
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
    listen_address_clear(&options->metrics_address);
}
