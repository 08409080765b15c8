/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_tpm.h"

#include <gio/gio.h>

#include "json.h"
#include "wire/hash.h"
#include "wire/header.h"

enum {
    FIRST_PAUSE_US = 5 * 1000, /* between two looks at a command; grows */
    LAST_PAUSE_US = 200 * 1000,
    RUN_S = 120,   /* longer than a vTPM lets a deep quote take */
    PAGE_PCRS = 8, /* in a response of TPM2_PCR_Read */
};

void host_tpm_clear(HostTpm *tpm)
{
    g_clear_pointer(&tpm->id, g_free);
}

static gboolean fail(GError **error, const char *why)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, why);
    return FALSE;
}

gboolean host_tpm_find(Qmp *qmp, uint32_t wait_ms, HostTpm *ret, GError **error)
{
    g_autoptr(JsonNode) node = qmp_execute(qmp, "query-tpm", NULL, error);
    JsonArray *all = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    if (!node) {
        return FALSE;
    }
    if (!all || json_array_get_length(all) != 1 ||
        !JSON_NODE_HOLDS_OBJECT(json_array_get_element(all, 0))) {
        return fail(error, "the VM has no TPM of its own: -tpmdev emulator");
    }
    *ret =
        (HostTpm){ qmp, g_strdup(text_of(json_array_get_object_element(all, 0), "id")), wait_ms };
    return TRUE;
}

static JsonArray *banks(const WirePcrSelection *pcrs)
{
    JsonArray *all = json_array_new();

    for (uint32_t i = 0; i < pcrs->count; i++) {
        JsonObject *bank = json_object_new();
        JsonArray *numbers = json_array_new();

        for (unsigned pcr = 0; pcr < pcrs->bank[i].size * 8U; pcr++) {
            if (wire_pcr_selected(&pcrs->bank[i], pcr)) {
                json_array_add_int_element(numbers, pcr);
            }
        }
        json_object_set_int_member(bank, "hash", pcrs->bank[i].hash);
        json_object_set_array_member(bank, "pcrs", numbers);
        json_array_add_object_element(all, bank);
    }
    return all;
}

/* (transfer full): an object that @command returns. */
static JsonNode *qmp_object(Qmp *qmp, const char *command, JsonObject *arguments, GError **error)
{
    g_autoptr(JsonNode) node = qmp_execute(qmp, command, arguments, error);

    if (node && !JSON_NODE_HOLDS_OBJECT(node)) {
        fail(error, "QEMU's answer is of another kind");
        return NULL;
    }
    return g_steal_pointer(&node);
}

/* Looks until the command has ended. QEMU bounds how long it waits, its vTPM how long it runs. */
static GBytes *wait_for(const HostTpm *tpm, int64_t number, GError **error)
{
    const int64_t end = g_get_monotonic_time() + tpm->wait_ms * G_TIME_SPAN_MILLISECOND +
                        RUN_S * G_TIME_SPAN_SECOND;

    for (gulong pause = FIRST_PAUSE_US; g_get_monotonic_time() < end;
         pause = MIN(pause * 2, LAST_PAUSE_US)) {
        JsonObject *arguments = json_object_new();
        g_autoptr(JsonNode) node = NULL;
        JsonObject *command;
        gsize size = 0;
        guchar *response;

        json_object_set_string_member(arguments, "id", tpm->id);
        json_object_set_int_member(arguments, "number", number);
        node = qmp_object(tpm->qmp, "query-tpm-host-command", arguments, error);
        if (!node) {
            return NULL;
        }
        command = json_node_get_object(node);
        if (g_str_equal(text_of(command, "state"), "completed")) {
            response = g_base64_decode(text_of(command, "response"), &size);
            return g_bytes_new_take(response, size);
        }
        if (g_str_equal(text_of(command, "state"), "failed")) {
            fail(error, text_of(command, "error"));
            return NULL;
        }
        g_usleep(pause);
    }
    fail(error, "QEMU says nothing of how the command ended");
    return NULL;
}

static GBytes *run(const HostTpm *tpm, const char *name, JsonObject *arguments, GError **error)
{
    g_autoptr(JsonNode) node = NULL;

    json_object_set_string_member(arguments, "id", tpm->id);
    json_object_set_int_member(arguments, "wait", tpm->wait_ms);
    node = qmp_object(tpm->qmp, name, arguments, error);
    if (!node) {
        return NULL;
    }
    return wait_for(tpm, number_of(json_node_get_object(node), "number"), error);
}

GBytes *host_tpm_deep_quote(const HostTpm *tpm, const HostTpmQuote *wanted, GError **error)
{
    JsonObject *arguments = json_object_new();
    g_autofree char *nonce =
        g_base64_encode(g_bytes_get_data(wanted->nonce, NULL), g_bytes_get_size(wanted->nonce));

    json_object_set_string_member(arguments, "nonce", nonce);
    json_object_set_array_member(arguments, "pcrs", banks(&wanted->pcrs));
    json_object_set_array_member(arguments, "host-pcrs", banks(&wanted->host_pcrs));
    json_object_set_int_member(arguments, "flags", wanted->flags);
    return run(tpm, "tpm-deep-quote", arguments, error);
}

/* One response of TPM2_PCR_Read: the values of the PCRs that were asked for, all of them. */
static gboolean take_values(GBytes *response, const WirePcrSelection *asked, GByteArray *values)
{
    WireReader r = WIRE_READER(g_bytes_get_data(response, NULL), g_bytes_get_size(response));
    WireTpmHeader header;
    WirePcrSelection got;
    uint32_t counter, count;

    if (!wire_get_tpm_header(&r, &header) || !wire_get_u32(&r, &counter) ||
        !wire_get_pcr_selection(&r, &got) || !wire_get_u32(&r, &count) ||
        !wire_pcr_covers(&got, asked) || !wire_pcr_covers(asked, &got) ||
        count != wire_pcr_count(asked)) {
        return FALSE;
    }
    for (WirePcrWalk w = { 0 }; wire_pcr_next(asked, &w);) {
        WireBytes value;

        if (!wire_get_tpm2b(&r, WIRE_DIGEST_MAX, &value) || value.len != wire_hash_size(w.hash)) {
            return FALSE;
        }
        g_byte_array_append(values, value.p, (guint)value.len);
    }
    return r.left == 0;
}

static gboolean read_page(const HostTpm *tpm, const WirePcrSelection *page, GByteArray *values,
                          GError **error)
{
    JsonObject *arguments = json_object_new();
    g_autoptr(GBytes) response = NULL;

    json_object_set_array_member(arguments, "pcrs", banks(page));
    response = run(tpm, "tpm-pcr-read", arguments, error);
    if (!response) {
        return FALSE;
    }
    return take_values(response, page, values) ||
           fail(error, "the VM's TPM lacks some of these PCRs or banks");
}

GByteArray *host_tpm_pcr_read(const HostTpm *tpm, const WirePcrSelection *pcrs, GError **error)
{
    g_autoptr(GByteArray) values = g_byte_array_new();
    WirePcrSelection page = { 0 };
    size_t left = wire_pcr_count(pcrs);

    for (WirePcrWalk w = { 0 }; wire_pcr_next(pcrs, &w);) {
        wire_pcr_select(&page, w.hash, w.pcr);
        if (--left == 0 || wire_pcr_count(&page) == PAGE_PCRS) {
            if (!read_page(tpm, &page, values, error)) {
                return NULL;
            }
            page = (WirePcrSelection){ 0 };
        }
    }
    return g_steal_pointer(&values);
}
