/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ear.h"

#include "record_text.h"

#include "attest/base64url.h"

/** Of a submodule, from worst to best. */
typedef enum Tier {
    TIER_CONTRAINDICATED,
    TIER_WARNING,
    TIER_NONE,
    TIER_AFFIRMING,
} Tier;

static const char *const tier_words[] = {
    [TIER_CONTRAINDICATED] = "contraindicated",
    [TIER_WARNING] = "warning",
    [TIER_NONE] = "none",
    [TIER_AFFIRMING] = "affirming",
};

/* Values of AR4SI: what is known, what is not, and what speaks against it. */
enum { CLAIM_NONE = 0, CLAIM_GENUINE = 2, CLAIM_WARNING = 32, CLAIM_AGAINST = 96 };

static const int claim_values[] = {
    [TIER_CONTRAINDICATED] = CLAIM_AGAINST,
    [TIER_WARNING] = CLAIM_WARNING,
    [TIER_NONE] = CLAIM_NONE,
    [TIER_AFFIRMING] = CLAIM_GENUINE,
};

/** Of whom a check tells. */
enum { OF_HOST = 1, OF_VM = 2, OF_BOTH = OF_HOST | OF_VM };

static const uint8_t about[DQ_CHECKS] = {
    [DQ_CHECK_MALFORMED] = OF_BOTH,
    [DQ_CHECK_UNKNOWN_HOST] = OF_HOST,
    [DQ_CHECK_BAD_HOST_SIGNATURE] = OF_HOST,
    [DQ_CHECK_NOT_A_QUOTE] = OF_BOTH,
    [DQ_CHECK_BAD_PROOF] = OF_BOTH,
    [DQ_CHECK_HOST_PCR_MISMATCH] = OF_HOST,
    [DQ_CHECK_WRONG_NONCE] = OF_BOTH,
    [DQ_CHECK_WRONG_VM] = OF_VM,
    [DQ_CHECK_BAD_VTPM_QUOTE] = OF_VM,
    [DQ_CHECK_BAD_VTPM_SIGNATURE] = OF_VM,
    [DQ_CHECK_VTPM_PCR_MISMATCH] = OF_VM,
    [DQ_CHECK_STALE] = OF_BOTH,
    [DQ_CHECK_LINEAGE] = OF_VM,
    [DQ_CHECK_MOVED] = OF_VM,
    [DQ_CHECK_POLICY] = OF_BOTH,
};

static const Tier tiers[] = {
    [DQ_RESULT_NOT_RUN] = TIER_NONE,         [DQ_RESULT_PASS] = TIER_AFFIRMING,
    [DQ_RESULT_FAIL] = TIER_CONTRAINDICATED, [DQ_RESULT_NOT_COMPARED] = TIER_NONE,
    [DQ_RESULT_WARNING] = TIER_WARNING,
};

static Tier tier_of_checks(const DqVerdict *v, guint whom)
{
    Tier tier = TIER_AFFIRMING;

    for (guint i = 0; i < DQ_CHECKS; i++) {
        if (about[i] & whom) {
            tier = MIN(tier, tiers[dq_verdict_get_result(v, (DqCheck)i)]);
        }
    }
    return tier;
}

/* Of those whose word begins with @prefix; @ret_any: whether there is one. */
static Tier tier_of_findings(const DqVerdict *v, const char *prefix, gboolean *ret_any)
{
    Tier tier = TIER_AFFIRMING;

    *ret_any = FALSE;
    for (guint i = 0; i < dq_verdict_get_findings(v); i++) {
        const DqFinding finding = dq_verdict_get_finding(v, i);

        if (g_str_has_prefix(finding.word, prefix)) {
            tier = MIN(tier, tiers[finding.result]);
            *ret_any = TRUE;
        }
    }
    return tier;
}

static void set_claim(JsonObject *vector, const char *name, Tier tier)
{
    json_object_set_int_member(vector, name, claim_values[tier]);
}

/* @identity: of its key; @worst: that it cannot be better than; Returns: what it is. */
static Tier add_submodule(JsonObject *submods, const DqVerdict *v, const char *name, guint whom,
                          Tier worst)
{
    g_autofree char *boot = g_strconcat(name, "-boot", NULL);
    g_autofree char *files = g_strconcat(name, "-files", NULL);
    g_autofree char *all = g_strconcat(name, "-", NULL);
    JsonObject *o = json_object_new();
    JsonObject *vector = json_object_new();
    gboolean has_boot, has_files, any;
    const Tier checks = tier_of_checks(v, whom);
    const Tier executables =
        MIN(tier_of_findings(v, boot, &has_boot), tier_of_findings(v, files, &has_files));
    const Tier status = MIN(worst, MIN(checks, tier_of_findings(v, all, &any)));

    set_claim(vector, "instance-identity", checks);
    set_claim(vector, "executables",
              has_boot && has_files                 ? executables
              : executables == TIER_CONTRAINDICATED ? TIER_CONTRAINDICATED
                                                    : TIER_NONE);
    json_object_set_string_member(o, "ear.status", tier_words[status]);
    json_object_set_object_member(o, "ear.trustworthiness-vector", vector);
    json_object_set_object_member(submods, name, o);
    return status;
}

static JsonObject *submodule(JsonObject *submods, const char *name)
{
    return json_object_get_object_member(submods, name);
}

static gboolean has_passed(const DqVerdict *v, const char *word)
{
    for (guint i = 0; i < dq_verdict_get_findings(v); i++) {
        const DqFinding finding = dq_verdict_get_finding(v, i);

        if (g_str_equal(finding.word, word) && finding.result == DQ_RESULT_PASS) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What the evidence says, where it can be relied on. */
static void add_facts(JsonObject *submods, const DqVerdict *v, const DqFacts *f)
{
    JsonObject *host = submodule(submods, "host");
    JsonObject *vector = json_object_get_object_member(host, "ear.trustworthiness-vector");

    json_set_hex(host, "deepquote.name", f->host_name, f->host_name_len);
    json_object_set_boolean_member(host, "deepquote.simulated", f->host_simulated);
    json_set_uuid(submodule(submods, "vm"), "deepquote.uuid", f->uuid);
    json_object_set_string_member(submodule(submods, "vm"), "deepquote.vouched-by",
                                  f->vtpm_signer_len == 0 ? "host" : "vtpm");
    json_object_set_string_member(submodule(submods, "vm"), "deepquote.tpm",
                                  f->vtpm_is_tpm12 ? "1.2" : "2.0");
    json_object_set_boolean_member(submodule(submods, "vm"), "deepquote.ek-traced",
                                   has_passed(v, "vtpm-ek"));
    if (f->host_by_proof && !f->host_simulated) {
        set_claim(vector, "hardware", TIER_AFFIRMING);
    }
}

static JsonObject *verifier_id(void)
{
    JsonObject *o = json_object_new();

    json_object_set_string_member(o, "build", PROJECT_NAME " " PROJECT_VERSION);
    json_object_set_string_member(o, "developer", PROJECT_NAME);
    return o;
}

/* A stand-in affirms nothing, and a VM is no better than what it runs on. */
static JsonObject *all_submodules(const DqVerdict *v)
{
    const DqFacts *f = dq_verdict_get_facts(v);
    const Tier best = f && f->host_simulated ? TIER_NONE : TIER_AFFIRMING;
    JsonObject *submods = json_object_new();

    add_submodule(submods, v, "vm", OF_VM, add_submodule(submods, v, "host", OF_HOST, best));
    if (f && dq_verdict_get_outcome(v) != DQ_REFUSED) {
        add_facts(submods, v, f);
    }
    return submods;
}

char *ear_claims(const DqVerdict *verdict, int64_t now, DqBytes challenge)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();

    json_object_set_string_member(o, "eat_profile", "tag:github.com,2023:veraison/ear");
    json_object_set_int_member(o, "iat", now);
    if (challenge.len > 0) {
        g_autofree char *nonce = dq_base64url(challenge);

        json_object_set_string_member(o, "eat_nonce", nonce);
    }
    json_object_set_object_member(o, "ear.verifier-id", verifier_id());
    json_object_set_string_member(o, "deepquote.verdict",
                                  dq_outcome_word(dq_verdict_get_outcome(verdict)));
    json_set_text(o, "deepquote.reason", dq_verdict_get_reason(verdict));
    json_object_set_object_member(o, "submods", all_submodules(verdict));
    json_node_take_object(node, o);
    return json_to_string(node, FALSE);
}
