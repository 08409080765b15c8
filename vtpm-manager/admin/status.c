/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/status.h"

#include "admin/json.h"
#include "admin/registry.h"

static JsonObject *describe_tpm(const AdminStatus *status, const TpmInfo *info)
{
    const char *error = quoter_tpm_error(status->quoter);
    JsonObject *tpm = json_object_new();
    JsonArray *banks = json_array_new();
    g_autofree char *firmware = tpm_info_firmware(info);

    json_object_set_string_member(tpm, "tcti", status->tcti);
    json_object_set_string_member(tpm, "manufacturer", info->manufacturer);
    json_object_set_string_member(tpm, "vendor", info->vendor);
    json_object_set_string_member(tpm, "firmware", firmware);
    json_object_set_boolean_member(tpm, "simulated", info->simulated);
    json_object_set_string_member(tpm, "state", error ? "failing" : "ok");
    if (error) {
        json_object_set_string_member(tpm, "error", error);
    }
    for (uint32_t i = 0; i < info->banks.count; i++) {
        json_array_add_int_element(banks, info->banks.bank[i].hash);
    }
    json_object_set_array_member(tpm, "banks", banks);
    admin_set_bytes(tpm, "ak-name", info->ak_name);
    admin_set_bytes(tpm, "ek-name", info->ek_name);
    json_object_set_boolean_member(
        tpm, "ak-certificate",
        credentials_item(status->credentials, DEEPQUOTE_HOST_AK_CERTIFICATE) != NULL);
    json_object_set_boolean_member(tpm, "ek-certificate", info->ek_certificate != NULL);
    return tpm;
}

static JsonObject *describe_histogram(const Histogram *h)
{
    static const struct {
        const char *member;
        double quantile;
    } quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 } };
    JsonObject *object = json_object_new();

    json_object_set_int_member(object, "count", (int64_t)h->count);
    json_object_set_double_member(object, "mean", h->count ? (double)h->sum / (double)h->count : 0);
    for (gsize i = 0; i < G_N_ELEMENTS(quantiles); i++) {
        json_object_set_int_member(object, quantiles[i].member,
                                   (int64_t)histogram_quantile(h, quantiles[i].quantile));
    }
    json_object_set_int_member(object, "max", (int64_t)h->max);
    return object;
}

static JsonObject *describe_quotes(const AdminStatus *status)
{
    QuoterCounts counts = quoter_counts(status->quoter);
    const QuoterTimes *times = quoter_times(status->quoter);
    JsonObject *quotes = json_object_new();

    json_object_set_int_member(quotes, "requests", (int64_t)counts.requests);
    json_object_set_int_member(quotes, "answered", (int64_t)counts.answered);
    json_object_set_int_member(quotes, "refused", (int64_t)counts.refused);
    json_object_set_int_member(quotes, "timed-out", (int64_t)counts.timed_out);
    json_object_set_int_member(quotes, "cancelled", (int64_t)counts.cancelled);
    json_object_set_int_member(quotes, "throttled",
                               (int64_t)admission_throttled(status->admission));
    json_object_set_int_member(quotes, "hardware-quotes", (int64_t)counts.batches);
    json_object_set_int_member(quotes, "queued", counts.queued);
    json_object_set_int_member(quotes, "in-flight", counts.in_flight);
    json_object_set_object_member(quotes, "latency-us", describe_histogram(&times->latency));
    json_object_set_object_member(quotes, "hardware-quote-us", describe_histogram(&times->quote));
    json_object_set_object_member(quotes, "batch-size", describe_histogram(&times->batch_size));
    return quotes;
}

static void handle_status(const AdminRequest *request, void *part)
{
    const AdminStatus *status = part;
    g_autoptr(GPtrArray) vms = vms_list(status->vms);
    g_autoptr(TpmInfo) info = tpm_host_info(status->tpm);
    JsonObject *answer = admin_answer_new();

    json_object_set_string_member(answer, "version", PROJECT_VERSION);
    json_object_set_int_member(answer, "started", status->started);
    json_object_set_boolean_member(answer, "simulated", info->simulated);
    json_object_set_boolean_member(answer, "share-logs", status->share_logs);
    json_object_set_int_member(answer, "vms", vms->len);
    json_object_set_int_member(answer, "connected", vtpm_server_connections(status->vtpms));
    json_object_set_object_member(answer, "tpm", describe_tpm(status, info));
    json_object_set_object_member(answer, "registry", admin_registry_describe(status->anchor));
    json_object_set_object_member(answer, "quotes", describe_quotes(status));
    admin_connection_reply(request->connection, answer);
}

const AdminCommand admin_status_commands[] = {
    { "status", handle_status },
    { NULL, NULL },
};
