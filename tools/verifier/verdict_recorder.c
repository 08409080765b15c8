/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict_recorder.h"

#include "appraise/profile-json.h"
#include "attest/bytes.h"
#include "store/store-journal.h"

#include <string.h>

struct VerdictRecorder {
    DqStoreFile *store;
    const VerdictCase *setup;
    GHashTable *profiles; /* DqProfile -> GBytes: many verdicts are by the same one */
};

static void unref(gpointer bytes)
{
    g_bytes_unref(bytes);
}

VerdictRecorder *verdict_recorder_new(DqStoreFile *store, const VerdictCase *setup)
{
    VerdictRecorder *r = g_new0(VerdictRecorder, 1);

    r->store = store;
    r->setup = setup;
    r->profiles = g_hash_table_new_full(NULL, NULL, NULL, unref);
    return r;
}

void verdict_recorder_free(VerdictRecorder *recorder)
{
    if (recorder) {
        g_hash_table_unref(recorder->profiles);
        g_free(recorder);
    }
}

static GBytes *reference(GBytes *bytes)
{
    return bytes ? g_bytes_ref(bytes) : NULL;
}

/* NULL for no key. */
static GBytes *public_of(const DqKey *key)
{
    return key ? dq_bytes_copy(dq_key_get_public(key)) : NULL;
}

/* NULL where there is nothing at all. */
static GBytes *copy(const uint8_t *data, gsize len)
{
    return len > 0 ? g_bytes_new(data, len) : NULL;
}

/* (transfer full): NULL for no profile. */
static GBytes *json_of(VerdictRecorder *r, const DqProfile *profile)
{
    GBytes *json = profile ? g_hash_table_lookup(r->profiles, profile) : NULL;

    if (profile && !json) {
        char *text = dq_profile_to_json(profile);

        json = g_bytes_new_take(text, strlen(text));
        g_hash_table_insert(r->profiles, (gpointer)profile, json);
    }
    return reference(json);
}

static void add_sources(GPtrArray *sources, const DqProfile *profile)
{
    for (guint i = 0; profile && i < profile->packages->len; i++) {
        const DqProfilePackage *package = profile->packages->pdata[i];

        if (!g_ptr_array_find_with_equal_func(sources, package->source, g_str_equal, NULL)) {
            g_ptr_array_add(sources, package->source);
        }
    }
}

/* (transfer full): what the verdict may depend on; the whole file has some 70 million bytes. NULL
 * for no tracker. */
static GBytes *vulnerabilities_of(const DqAppraisal *a)
{
    g_autoptr(GPtrArray) sources = g_ptr_array_new();

    add_sources(sources, a->host);
    add_sources(sources, a->vm);
    return a->vulnerable.tracker ? dq_tracker_reduce(a->vulnerable.tracker, sources) : NULL;
}

static void take_input(VerdictCase *c, const CheckInput *in)
{
    verdict_case_take(c, CASE_EVIDENCE, reference(in->evidence));
    verdict_case_take(c, CASE_QUOTE, reference(in->message));
    verdict_case_take(c, CASE_SIGNATURE, reference(in->signature));
    verdict_case_take(c, CASE_PCRS, reference(in->pcrs));
    verdict_case_take(c, CASE_GUEST_KEY, public_of(in->key));
    verdict_case_take(c, CASE_HOST_EVENT_LOG, reference(in->host_event_log));
    verdict_case_take(c, CASE_HOST_IMA, reference(in->host_ima));
    verdict_case_take(c, CASE_VM_EVENT_LOG, reference(in->event_log));
    verdict_case_take(c, CASE_VM_IMA, reference(in->ima));
    verdict_case_take(c, CASE_VTPM_PARTS, reference(in->vtpm_parts));
    verdict_case_take(c, CASE_VM_LAUNCH, reference(in->vm_launch));
    verdict_case_take(c, CASE_VTPM_EK, reference(in->vtpm_ek));
    verdict_case_take(c, CASE_EK_CHAIN, reference(in->ek_chain));
    verdict_case_take(c, CASE_HOST_SYSTEMD, reference(in->host_systemd));
    verdict_case_take(c, CASE_VM_SYSTEMD, reference(in->systemd));
}

static void take_expected(VerdictCase *c, const CheckExpected *x)
{
    verdict_case_take(c, CASE_CHALLENGE, reference(x->challenge));
    verdict_case_take(c, CASE_BOUND_NONCE,
                      copy(x->bound_nonce, x->bound ? sizeof(x->bound_nonce) : 0));
    verdict_case_take(c, CASE_UUID, copy(x->uuid, x->has_uuid ? sizeof(x->uuid) : 0));
    verdict_case_take(c, CASE_KEY, public_of(x->key));
    verdict_case_take(c, CASE_SPKI, reference(x->spki));
    verdict_case_take(c, CASE_AK, copy(x->ak.data, x->ak.len));
    verdict_case_take(c, CASE_EK, copy(x->ek.data, x->ek.len));
}

/* (transfer full) */
static JsonNode *verdict_node(const DqVerdict *verdict)
{
    g_autofree char *json = dq_verdict_to_json(verdict);
    JsonNode *node = json_from_string(json, NULL);

    return node ? node : json_node_new(JSON_NODE_NULL);
}

/* (transfer full) */
static GBytes *write_body(const VerdictCase *c, const DqVerdict *verdict, GPtrArray *contents)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    char *text;

    json_object_set_int_member(o, "version", VERDICT_ENTRY_VERSION);
    json_object_set_string_member(o, "program", PROJECT_VERSION);
    json_object_set_member(o, "verdict", verdict_node(verdict));
    json_object_set_object_member(o, "case", verdict_case_json(c, contents));
    json_node_take_object(node, o);
    text = json_to_string(node, FALSE);
    return g_bytes_new_take(text, strlen(text));
}

gboolean verdict_recorder_record(VerdictRecorder *recorder, const CheckInput *input,
                                 const CheckExpected *expected, const DqVerdict *verdict,
                                 GError **error)
{
    g_autoptr(VerdictCase) c = verdict_case_copy(recorder->setup);
    g_autoptr(GPtrArray) contents = g_ptr_array_new();
    g_autoptr(GBytes) body = NULL;

    take_input(c, input);
    take_expected(c, expected);
    verdict_case_take(c, CASE_HOST_PROFILE, json_of(recorder, input->appraisal.host));
    verdict_case_take(c, CASE_VM_PROFILE, json_of(recorder, input->appraisal.vm));
    verdict_case_take(c, CASE_VULNERABILITIES, vulnerabilities_of(&input->appraisal));
    c->answers = *dq_verdict_get_answers(verdict);
    body = write_body(c, verdict, contents);
    if (!dq_store_file_append(recorder->store, c->answers.now, body,
                              (GBytes *const *)contents->pdata, contents->len, NULL, error)) {
        g_prefix_error(error, "the verdict could not be recorded: ");
        return FALSE;
    }
    return TRUE;
}
