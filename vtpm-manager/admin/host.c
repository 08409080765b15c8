/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/host.h"

#include <string.h>

#include "admin/json.h"
#include "attest/deepquote.h"
#include "tpm/quote.h"

static void handle_ak(const AdminRequest *request, void *part)
{
    const AdminHost *host = part;
    g_autoptr(TpmInfo) info = tpm_host_info(host->tpm);
    JsonObject *answer = admin_answer_new();

    admin_set_bytes(answer, "public", info->ak_public);
    admin_set_bytes(answer, "name", info->ak_name);
    admin_set_bytes(answer, "certificate",
                    credentials_item(host->credentials, DEEPQUOTE_HOST_AK_CERTIFICATE));
    json_object_set_boolean_member(answer, "simulated", info->simulated);
    admin_connection_reply(request->connection, answer);
}

typedef struct QuoteJob {
    AdminConnection *connection;
    uint8_t qualifying[DQ_HASH_SIZE];
    WirePcrSelection pcrs;
    TpmQuote *quote;
    GError *error;
} QuoteJob;

static void quote_job_run(TpmSession *tpm, void *data)
{
    QuoteJob *job = data;

    tpm_quote(tpm, (WireBytes){ job->qualifying, sizeof(job->qualifying) }, &job->pcrs, &job->quote,
              &job->error);
}

static JsonArray *describe_values(const TpmQuote *quote)
{
    JsonArray *array = json_array_new();
    guint next = 0;

    for (WirePcrWalk w = { 0 }; next < quote->count && wire_pcr_next(&quote->pcrs, &w); next++) {
        const TpmPcr *pcr = &quote->value[next];
        g_autofree char *hex = dq_hex_encode(pcr->value, pcr->size);
        JsonObject *value = json_object_new();

        json_object_set_int_member(value, "bank", w.hash);
        json_object_set_int_member(value, "pcr", w.pcr);
        json_object_set_string_member(value, "value", hex);
        json_array_add_object_element(array, value);
    }
    return array;
}

static void quote_job_done(void *data)
{
    QuoteJob *job = data;

    if (job->quote) {
        JsonObject *answer = admin_answer_new();

        admin_set_bytes(answer, "message", job->quote->attest);
        admin_set_bytes(answer, "signature", job->quote->signature);
        json_object_set_array_member(answer, "pcrs", describe_values(job->quote));
        admin_connection_reply(job->connection, answer);
    } else {
        admin_connection_fail(job->connection, job->error->message);
    }
    admin_connection_release(job->connection);
    tpm_quote_free(job->quote);
    g_clear_error(&job->error);
    g_free(job);
}

/* "pcrs": [{"bank": 11, "pcr": 0}, ...] */
static gboolean get_pcrs(JsonObject *json, WirePcrSelection *ret)
{
    JsonNode *node = json_object_get_member(json, "pcrs");
    WirePcrSelection out = { 0 };
    JsonArray *array;

    if (!node || !JSON_NODE_HOLDS_ARRAY(node)) {
        return FALSE;
    }
    array = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        int64_t bank;
        int64_t pcr;

        if (!JSON_NODE_HOLDS_OBJECT(element)) {
            return FALSE;
        }
        bank = json_object_get_int_member_with_default(json_node_get_object(element), "bank", -1);
        pcr = json_object_get_int_member_with_default(json_node_get_object(element), "pcr", -1);
        if (bank < 0 || bank > G_MAXUINT16 || pcr < 0 || pcr >= TPM_PCRS ||
            !wire_pcr_select(&out, (uint16_t)bank, (unsigned)pcr)) {
            return FALSE;
        }
    }
    *ret = out;
    return wire_pcr_count(&out) > 0;
}

static gboolean get_nonce(const AdminRequest *request, QuoteJob *job)
{
    const char *text = admin_get_string(request->json, "nonce");
    g_autoptr(GBytes) nonce = dq_hex_decode(text ? text : "", NULL);
    gsize size = nonce ? g_bytes_get_size(nonce) : 0;

    if (size < DEEPQUOTE_NONCE_MIN || size > DEEPQUOTE_NONCE_MAX) {
        admin_connection_fail(request->connection, "nonce is 16 to 64 bytes in hexadecimal");
        return FALSE;
    }
    /* Nothing that the key signs for one purpose can stand for another. */
    dq_host_qualifying_data((DqBytes){ g_bytes_get_data(nonce, NULL), size }, job->qualifying);
    return TRUE;
}

static void handle_quote(const AdminRequest *request, void *part)
{
    const AdminHost *host = part;
    g_autofree QuoteJob *job = g_new0(QuoteJob, 1);
    g_autoptr(TpmInfo) info = tpm_host_info(host->tpm);

    if (!get_nonce(request, job)) {
        return;
    }
    if (!get_pcrs(request->json, &job->pcrs) || !wire_pcr_covers(&info->banks, &job->pcrs)) {
        tpm_host_look(host->tpm, host->worker);
        admin_connection_fail(request->connection,
                              "pcrs must name PCRs 0 to 23 of banks that the TPM has; see "
                              "vtpm-managerctl status");
        return;
    }
    job->connection = request->connection;
    admin_connection_hold(job->connection);
    tpm_worker_submit(host->worker, TPM_JOB_QUOTE, quote_job_run, quote_job_done,
                      g_steal_pointer(&job));
}

/* All of it is public. */
static void handle_export(const AdminRequest *request, void *part)
{
    const AdminHost *host = part;
    g_autoptr(TpmInfo) info = tpm_host_info(host->tpm);
    g_autofree char *firmware = tpm_info_firmware(info);
    JsonObject *answer = admin_answer_new();

    admin_set_bytes(answer, "public", info->ak_public);
    admin_set_bytes(answer, "name", info->ak_name);
    admin_set_bytes(answer, "ek", info->ek_public);
    admin_set_bytes(answer, "ekCertificate", info->ek_certificate);
    admin_set_bytes(answer, "ekChain", info->ek_chain);
    json_object_set_boolean_member(answer, "simulated", info->simulated);
    json_object_set_string_member(answer, "manufacturer", info->manufacturer);
    json_object_set_string_member(answer, "firmware", firmware);
    admin_connection_reply(request->connection, answer);
}

typedef struct ActivateJob {
    AdminConnection *connection;
    TpmHost *tpm;
    GBytes *blob, *secret;
    GBytes *value;
    GError *error;
} ActivateJob;

static void activate_job_run(TpmSession *tpm, void *data)
{
    ActivateJob *job = data;

    tpm_host_activate(job->tpm, tpm, job->blob, job->secret, &job->value, &job->error);
}

static void activate_job_done(void *data)
{
    ActivateJob *job = data;

    if (job->value) {
        JsonObject *answer = admin_answer_new();

        admin_set_bytes(answer, "value", job->value);
        g_message("a verifier's credential was answered: the attestation key is proven to be in "
                  "this TPM");
        admin_connection_reply(job->connection, answer);
    } else {
        admin_connection_fail(job->connection, job->error->message);
    }
    admin_connection_release(job->connection);
    g_bytes_unref(job->blob);
    g_bytes_unref(job->secret);
    g_clear_pointer(&job->value, g_bytes_unref);
    g_clear_error(&job->error);
    g_free(job);
}

static GBytes *get_bytes(const AdminRequest *request, const char *member)
{
    const char *text = admin_get_string(request->json, member);

    return text ? dq_hex_decode(text, NULL) : NULL;
}

static void handle_activate(const AdminRequest *request, void *part)
{
    const AdminHost *host = part;
    g_autoptr(GBytes) blob = get_bytes(request, "credential");
    g_autoptr(GBytes) secret = get_bytes(request, "secret");
    ActivateJob *job;

    if (!blob || !secret) {
        admin_connection_fail(request->connection,
                              "credential and secret are a credential's parts in hexadecimal");
        return;
    }
    job = g_new0(ActivateJob, 1);
    job->connection = request->connection;
    job->tpm = host->tpm;
    job->blob = g_steal_pointer(&blob);
    job->secret = g_steal_pointer(&secret);
    admin_connection_hold(job->connection);
    tpm_worker_submit(host->worker, TPM_JOB_READ, activate_job_run, activate_job_done, job);
}

const AdminCommand admin_host_commands[] = {
    { "ak", handle_ak },
    { "export", handle_export },
    { "activate", handle_activate },
    { "quote", handle_quote },
    { NULL, NULL },
};
