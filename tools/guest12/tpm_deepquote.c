/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tpm_deepquote: asks the vTPM of a guest with a TPM 1.2 for a deep quote. */
#include "aik.h"
#include "codes.h"
#include "credential.h"
#include "options.h"

#include "attest/bytes.h"
#include "common/input.h"
#include "common/output.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    BLOB_MAX = 4096, /* more than a TPM takes */
};

/** Passwords in the order in which tpm-tools ask for them. */
static gboolean ask_secrets(const Task *task, AikRequest *ret, GError **error)
{
    ret->has_secret = task->aik == SECRET_TYPED;
    return secret_ask(task->owner, "owner", task->unicode, FALSE, &ret->owner_secret, error) &&
           secret_ask(task->srk, "SRK", task->unicode, FALSE, &ret->srk_secret, error) &&
           secret_ask(task->aik, "AIK", task->unicode, TRUE, &ret->aik_secret, error);
}

/** A key that was replaced could not be made again. */
static GBytes *make_blob(const Task *task, GError **error)
{
    AikRequest request = { 0 };
    GBytes *blob;

    if (access(task->blob, F_OK) == 0) {
        g_set_error_literal(error, TPM12_ERROR, TPM12_ERROR_INPUT,
                            "-b: the file is there already: name another one, or remove it if the "
                            "identity key in it is not needed any more");
        return NULL;
    }
    blob = ask_secrets(task, &request, error) ? aik_create(&request, error) : NULL;
    explicit_bzero(&request, sizeof(request));
    return blob;
}

static GBytes *read_blob(const Task *task, GError **error)
{
    g_autoptr(GError) why = NULL;
    GBytes *blob = input_read(task->blob, BLOB_MAX, &why);

    if (!blob) {
        g_set_error(error, TPM12_ERROR, TPM12_ERROR_INPUT, "-b: %s", why->message);
    }
    return blob;
}

/** A key that has a secret is used with it, another without. */
static gboolean ask_quote_secrets(const Task *task, QuoteRequest *request, GError **error)
{
    if (task->aik == SECRET_TYPED && !request->aik.has_secret) {
        g_set_error_literal(error, TPM12_ERROR, TPM12_ERROR_INPUT,
                            "-k: this identity key has no password: leave -k out");
        return FALSE;
    }
    return secret_ask(task->srk, "SRK", task->unicode, FALSE, &request->srk_secret, error) &&
           secret_ask(task->aik, "AIK", task->unicode, FALSE, &request->aik_secret, error);
}

static gboolean add_quote(Device *device, const QuoteRequest *request, const Task *task,
                          Output *output, GError **error)
{
    g_autoptr(Quote) quote = quote_make(device, request, error);

    if (!quote) {
        return FALSE;
    }
    output_add(output, task->message, quote->message);
    output_add(output, task->signature, quote->signature);
    output_add(output, task->evidence, quote->evidence);
    output_add(output, task->pcrs, quote->pcrs);
    return TRUE;
}

static gboolean add_credentials(Device *device, const Task *task, Output *output, GError **error)
{
    for (gsize i = 0; i < task->credential_count; i++) {
        g_autoptr(GBytes) bytes = host_credential(device, task->credentials[i].what, error);

        if (!bytes) {
            return FALSE;
        }
        output_add(output, task->credentials[i].path, bytes);
    }
    return TRUE;
}

/** All that is asked of the TPM itself. The device is opened before anybody types a password. */
static gboolean ask_tpm(const Task *task, const AikBlob *blob, Output *output, GError **error)
{
    g_autoptr(Device) device = device_open(task->device, error);
    QuoteRequest request = task->request;
    gboolean ok;

    if (!device) {
        return FALSE;
    }
    if (task->quote) {
        request.aik = *blob;
        ok = ask_quote_secrets(task, &request, error) &&
             add_quote(device, &request, task, output, error);
        explicit_bzero(&request, sizeof(request));
        if (!ok) {
            return FALSE;
        }
    }
    return add_credentials(device, task, output, error);
}

static gboolean run(const Task *task, GError **error)
{
    g_autoptr(Output) output = output_new();
    g_autoptr(GBytes) bytes = NULL, public = NULL;
    AikBlob blob = { 0 };

    if (task->blob) {
        bytes = task->aik_create ? make_blob(task, error) : read_blob(task, error);
        if (!bytes || !blob_parse(dq_wire(dq_bytes_peek(bytes)), &blob, &public, error)) {
            return FALSE;
        }
        output_add(output, task->public, public);
    }
    if (task->aik_create) {
        output_add_private(output, task->blob, bytes);
    }
    return ((!task->quote && task->credential_count == 0) || ask_tpm(task, &blob, output, error)) &&
           output_write(output, error);
}

static gboolean is_usage(const GError *error)
{
    return error->domain == G_OPTION_ERROR ||
           g_error_matches(error, TPM12_ERROR, TPM12_ERROR_INPUT);
}

static LogLevel log_level;

static void print_log(G_GNUC_UNUSED const char *domain, GLogLevelFlags flags, const char *message,
                      G_GNUC_UNUSED void *data)
{
    const LogLevel needed = (flags & G_LOG_LEVEL_DEBUG) != 0  ? LOG_DEBUG
                            : (flags & G_LOG_LEVEL_INFO) != 0 ? LOG_INFO
                                                              : LOG_ERROR;

    if (log_level >= needed) {
        g_printerr("tpm_deepquote: %s\n", message);
    }
}

int main(G_GNUC_UNUSED int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Task task;

    setlocale(LC_CTYPE, "");
    g_set_prgname("tpm_deepquote");
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is a failed write */
    g_log_set_default_handler(print_log, NULL);
    if (options_parse(argv, &task, &error) && task.version) {
        g_print("tpm_deepquote (" PROJECT_NAME ") " PROJECT_VERSION "\n");
        return EXIT_SUCCESS;
    }
    log_level = task.log;
    if (!error && run(&task, &error)) {
        return EXIT_SUCCESS;
    }
    if (log_level > LOG_NONE) {
        g_printerr("tpm_deepquote: %s%s\n", error->message,
                   g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)
                       ? "; see --help"
                       : "");
    }
    return is_usage(error) ? EXIT_USAGE : EXIT_REFUSED;
}
