/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generate FOLDER: writes each case as FOLDER/NAME.json, with new keys and signatures each time.
 *
 * Format: README.md beside this file.
 */
#include "case.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>

static void put_text(JsonObject *o, const char *name, const char *text)
{
    if (!text) {
        json_object_set_null_member(o, name);
    } else {
        json_object_set_string_member(o, name, text);
    }
}

static void put_hex(JsonObject *o, const char *name, const uint8_t *data, gsize len)
{
    g_autofree char *hex = dq_hex_encode(data, len);

    put_text(o, name, hex);
}

/* null for none */
static void put_bytes(JsonObject *o, const char *name, const GByteArray *bytes)
{
    if (!bytes || bytes->len == 0) {
        put_text(o, name, NULL);
    } else {
        put_hex(o, name, bytes->data, bytes->len);
    }
}

static void put_key(JsonObject *o, const char *name, const MakerKey *key)
{
    put_bytes(o, name, key ? key->public : NULL);
}

static void put_name(JsonObject *o, const char *name, const DqName *value)
{
    if (value->len == 0) {
        put_text(o, name, NULL);
    } else {
        put_hex(o, name, value->data, value->len);
    }
}

static void put_uuid(JsonObject *o, const char *name, const uint8_t *uuid)
{
    g_autofree char *text = uuid ? dq_uuid_format(uuid) : NULL;

    put_text(o, name, text);
}

static JsonObject *host_object(const DqStoreHost *h)
{
    JsonObject *o = json_object_new();

    put_hex(o, "public", h->public_area, h->public_len);
    json_object_set_boolean_member(o, "simulated", h->simulated);
    put_text(o, "enrolledBy", h->enrolment == DQ_ENROLMENT_PROOF ? "proof" : "word");
    json_object_set_int_member(o, "expires", h->expires);
    json_object_set_int_member(o, "revoked", h->revoked);
    json_object_set_boolean_member(o, "counted", h->counted);
    json_object_set_int_member(o, "resetCount", h->reset_count);
    json_object_set_int_member(o, "restartCount", h->restart_count);
    return o;
}

static JsonObject *vm_object(const DqStoreVm *v)
{
    JsonObject *o = json_object_new();

    put_uuid(o, "uuid", v->uuid);
    put_name(o, "ek", &v->ek);
    put_name(o, "ak", &v->ak);
    json_object_set_boolean_member(o, "seen", v->first_seen != 0);
    put_name(o, "host", &v->host);
    put_hex(o, "lineage", v->lineage, DQ_LINEAGE_SIZE);
    json_object_set_int_member(o, "epoch", (int64_t)v->epoch);
    json_object_set_int_member(o, "generation", (int64_t)v->generation);
    json_object_set_boolean_member(o, "hasClock", v->has_clock);
    json_object_set_int_member(o, "resetCount", v->reset_count);
    json_object_set_int_member(o, "restartCount", v->restart_count);
    json_object_set_int_member(o, "clock", (int64_t)v->clock);
    json_object_set_boolean_member(o, "clockSafe", v->clock_safe);
    if (v->accepts_lineage) {
        put_hex(o, "acceptedLineage", v->accepted_lineage, DQ_LINEAGE_SIZE);
    } else {
        put_text(o, "acceptedLineage", NULL);
    }
    put_name(o, "acceptedHost", &v->accepted_host);
    return o;
}

static JsonObject *challenge_object(const MemoryChallenge *c)
{
    JsonObject *o = json_object_new();

    put_hex(o, "challenge", c->challenge, c->len);
    json_object_set_int_member(o, "expires", c->expires);
    json_object_set_boolean_member(o, "used", c->used);
    put_uuid(o, "vm", c->bound ? c->uuid : NULL);
    return o;
}

/* An array of one object, or of none where @object is NULL; takes it. */
static void put_array(JsonObject *o, const char *name, JsonObject *object)
{
    JsonArray *array = json_array_new();

    if (object) {
        json_array_add_object_element(array, object);
    }
    json_object_set_array_member(o, name, array);
}

static void put_store(JsonObject *o, const CaseWork *w)
{
    JsonObject *store;

    if (w->no_store) {
        put_text(o, "store", NULL);
        return;
    }
    store = json_object_new();
    put_array(store, "hosts", w->enrolled ? host_object(&w->host) : NULL);
    put_array(store, "vms", w->no_vm ? NULL : vm_object(&w->vm));
    put_array(store, "challenges", w->not_issued ? NULL : challenge_object(&w->challenge));
    json_object_set_object_member(o, "store", store);
}

static JsonObject *quote_object(const CaseWork *w)
{
    JsonObject *o = json_object_new();

    put_hex(o, "evidence", w->deed->evidence->data, w->deed->evidence->len);
    put_hex(o, "vtpmQuoted", w->deed->vtpm_quoted->data, w->deed->vtpm_quoted->len);
    put_hex(o, "vtpmSignature", w->deed->vtpm_signature->data, w->deed->vtpm_signature->len);
    put_hex(o, "vtpmPcrs", w->deed->vtpm_pcrs->data, w->deed->vtpm_pcrs->len);
    put_key(o, "vtpmKey", w->guest_key);
    return o;
}

static JsonObject *expected_object(const CaseWork *w)
{
    g_autoptr(GByteArray) channel = w->channel ? case_channel_key(w->channel) : g_byte_array_new();
    JsonObject *o = json_object_new();

    put_bytes(o, "challenge", w->any_challenge ? NULL : w->nonce);
    put_bytes(o, "channel", channel);
    put_uuid(o, "uuid", w->any_uuid ? NULL : w->uuid);
    put_key(o, "vtpmKey", w->expected);
    put_bytes(o, "vtpmAk", w->vtpm_ak);
    put_bytes(o, "vtpmEk", w->vtpm_ek);
    return o;
}

/* Words of the checks in which something was not compared. */
static void put_not_compared(JsonObject *o, const CaseWork *w)
{
    g_autoptr(DqVerdict) verdict = case_check(w);
    JsonArray *array = json_array_new();

    for (unsigned i = 0; i < DQ_CHECKS; i++) {
        if (dq_verdict_get_result(verdict, (DqCheck)i) == DQ_RESULT_NOT_COMPARED) {
            json_array_add_string_element(array, dq_check_word((DqCheck)i));
        }
    }
    json_object_set_array_member(o, "notCompared", array);
}

static char *to_json(const Case *c, const CaseWork *w)
{
    JsonObject *o = json_object_new();
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), o);
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autofree char *expect = case_expected(c);

    put_text(o, "description", c->text);
    put_text(o, "expect", expect);
    put_not_compared(o, w);
    json_object_set_object_member(o, "quote", quote_object(w));
    json_object_set_object_member(o, "expected", expected_object(w));
    put_key(o, "givenHost", w->given);
    put_key(o, "offeredHost", w->offered);
    if (w->allowed) {
        g_autofree char *name = case_name(w->allowed);

        put_text(o, "allowedKey", name);
    } else {
        put_text(o, "allowedKey", NULL);
    }
    json_object_set_boolean_member(o, "allowSimulated", w->allow_simulated);
    put_text(o, "policy", w->policy->len == 0 ? NULL : w->policy->str);
    json_object_set_int_member(o, "now", CASE_NOW);
    put_store(o, w);
    json_object_unref(o);
    json_generator_set_root(generator, node);
    json_generator_set_pretty(generator, TRUE);
    return json_generator_to_data(generator, NULL);
}

static gboolean write_case(const char *folder, const CaseKeys *keys, const Case *c)
{
    g_autofree char *file = g_strconcat(c->name, ".json", NULL);
    g_autofree char *path = g_build_filename(folder, file, NULL);
    g_autofree char *json = NULL;
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    CaseWork work;

    case_start(&work, keys, c);
    text = to_json(c, &work);
    json = g_strconcat(text, "\n", NULL);
    case_finish(&work);
    if (!g_file_set_contents(path, json, -1, &error)) {
        fprintf(stderr, "generate: %s; name a folder that you may write to\n", error->message);
        return FALSE;
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    CaseKeys *keys;
    gboolean good = TRUE;

    if (argc != 2) {
        fprintf(stderr, "usage: generate FOLDER\n");
        return 2;
    }
    keys = case_keys_new();
    for (const Case *const *table = case_tables; good && *table; table++) {
        for (const Case *c = *table; good && c->name; c++) {
            good = write_case(argv[1], keys, c);
        }
    }
    case_keys_free(keys);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
