/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tpm2_deepquote: asks the vTPM of this guest for a deep quote. */
#include "tpm2_deepquote_options.h"
#include "tpm2_deepquote_interrupt.h"
#include "tpm2_deepquote_pcr.h"

#include "common/output.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>

enum {
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
};

/** What the TPM and the host said. */
typedef struct Answer {
    Output *output;
    DqCmw cmw;
} Answer;

static Key *create_ak(Vtpm *vtpm, const Task *task, GError **error)
{
    TPM2B_AUTH password;
    Auth *hierarchy = auth_begin(vtpm, ESYS_TR_RH_ENDORSEMENT, NULL, &task->hierarchy_auth, error);
    Key *key;

    if (!hierarchy) {
        return NULL;
    }
    auth_to_tpm2b(&task->auth, &password);
    key = key_create_ak(vtpm, auth_handle(hierarchy), &task->ak_template, &password, error);
    explicit_bzero(&password, sizeof(password));
    if (!auth_end(hierarchy, key ? error : NULL)) {
        g_clear_pointer(&key, key_free);
    }
    return key;
}

static gboolean add_quote(Vtpm *vtpm, const Key *key, const Task *task, Answer *answer,
                          GError **error)
{
    const TPMT_PUBLIC *public = key->public ? &key->public->publicArea : NULL;
    DeepQuoteRequest request = task->request;
    g_autoptr(DeepQuote) quote = NULL;
    g_autoptr(GBytes) pcrs = NULL, values = NULL;

    if (!scheme_for_key(public, task->scheme, &request.scheme, error)) {
        return FALSE;
    }
    quote = deepquote_make(vtpm, key, &request, error);
    if (!quote) {
        return FALSE;
    }
    values = g_bytes_new(quote->pcrs->data, quote->pcrs->len);
    pcrs = task->serialized ? pcr_serialize(&request.vtpm_pcrs, quote->pcrs) : g_bytes_ref(values);
    output_add(answer->output, task->message, quote->message);
    output_add(answer->output, task->signature, quote->signature);
    output_add(answer->output, task->evidence, quote->evidence);
    output_add(answer->output, task->pcrs, pcrs);
    cmw_put_part(&answer->cmw, DQ_CMW_QUOTE, quote->message);
    cmw_put_part(&answer->cmw, DQ_CMW_SIGNATURE, quote->signature);
    cmw_put_part(&answer->cmw, DQ_CMW_EVIDENCE, quote->evidence);
    cmw_put_part(&answer->cmw, DQ_CMW_PCRS, values);
    return TRUE;
}

static gboolean add_key(Vtpm *vtpm, const Task *task, Answer *answer, GError **error)
{
    const gboolean has_cmw = task->cmw.json || task->cmw.cbor;
    g_autoptr(Key) key =
        task->ak_create ? create_ak(vtpm, task, error) : key_open(vtpm, task->key, error);
    g_autoptr(GBytes) public = NULL, context = NULL;

    if (!key || !interrupt_check(error)) {
        return FALSE;
    }
    if (task->ak_public || (has_cmw && key->public)) {
        public = key_public(key, error);
        if (!public) {
            return FALSE;
        }
        output_add(answer->output, task->ak_public, public);
        cmw_put_part(&answer->cmw, DQ_CMW_GUEST_PUBLIC, public);
    }
    if (task->ak_create && task->key) {
        context = key_save(key, error);
        if (!context) {
            return FALSE;
        }
        output_add(answer->output, task->key, context);
    }
    return !task->quote || add_quote(vtpm, key, task, answer, error);
}

static gboolean add_host(Vtpm *vtpm, const Task *task, Answer *answer, GError **error)
{
    if (task->host_pcrs_out) {
        g_autoptr(GByteArray) pcrs = NULL;
        g_autoptr(GBytes) bytes = NULL;

        if (!pcr_read(vtpm->tcti, TPM_CC_HostPCRRead, &task->request.host_pcrs, &pcrs, error)) {
            return FALSE;
        }
        bytes = g_bytes_new(pcrs->data, pcrs->len);
        output_add(answer->output, task->host_pcrs_out, bytes);
    }
    for (gsize i = 0; i < task->credential_count; i++) {
        const HostCredentialFile *file = &task->credentials[i];
        g_autoptr(GBytes) bytes = host_credential_read(vtpm, file->what, error);

        if (!bytes) {
            return FALSE;
        }
        output_add(answer->output, file->path, bytes);
        cmw_put_credential(&answer->cmw, file->what, bytes);
    }
    return TRUE;
}

/** Everything that is asked of the TPM; nothing of ours stays in it. */
static gboolean ask(const Task *task, Answer *answer, GError **error)
{
    g_autoptr(Vtpm) vtpm = vtpm_open(task->tcti, task->quiet, error);
    gboolean needs_key = task->quote || task->ak_create || task->ak_public;

    if (!vtpm) {
        return FALSE;
    }
    interrupt_hold();
    return (!needs_key || add_key(vtpm, task, answer, error)) &&
           add_host(vtpm, task, answer, error);
}

static gboolean run(const Task *task, GError **error)
{
    g_autoptr(Output) output = output_new();
    Answer answer = { .output = output };
    const gboolean ok = ask(task, &answer, error) && interrupt_check(error) &&
                        cmw_finish(&task->cmw, &answer.cmw, output, error) &&
                        output_write(output, error);

    dq_cmw_clear(&answer.cmw);
    return ok;
}

static gboolean is_usage(const GError *error)
{
    return error->domain == G_OPTION_ERROR || g_error_matches(error, VTPM_ERROR, VTPM_ERROR_INPUT);
}

int main(G_GNUC_UNUSED int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Task task = { 0 };

    setlocale(LC_CTYPE, "");
    g_set_prgname("tpm2_deepquote");
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is a failed write */
    if (!options_parse(argv, &task, &error)) {
        g_printerr("tpm2_deepquote: %s%s\n", error->message,
                   g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)
                       ? "; see --help"
                       : "");
        return EXIT_USAGE;
    }
    if (task.version) {
        g_print("tpm2_deepquote (" PROJECT_NAME ") " PROJECT_VERSION "\n");
        return EXIT_SUCCESS;
    }
    /* errors are told once, by this program */
    g_setenv("TSS2_LOG", task.verbose ? "all+info" : "all+none", task.verbose);
    run(&task, &error);
    options_wipe(&task);
    if (error) {
        g_printerr("tpm2_deepquote: %s\n", error->message);
    }
    interrupt_release();
    return !error ? EXIT_SUCCESS : is_usage(error) ? EXIT_USAGE : EXIT_REFUSED;
}
