/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraise-boot.h"

#include "attest/bytes.h"
#include "wire/hash.h"

/** How one boot of a profile compares. */
typedef struct BootMatch {
    const DqProfileBoot *boot;
    guint others;   /* PCRs with another value */
    guint missing;  /* that were not quoted */
    GString *which; /* such as "sha256:4"; of the others, or where there are none of the missing */
} BootMatch;

static void append_pcr(GString *out, gconstpointer key)
{
    const WireHash *hash = wire_hash_find(dq_profile_key_alg(key));

    g_string_append_printf(out, "%s%s:%u", out->len > 0 ? " " : "", hash ? hash->name : "?",
                           dq_profile_key_pcr(key));
}

static BootMatch match(const DqLog *log, const DqProfileBoot *boot)
{
    g_autoptr(GList) keys = dq_profile_boot_keys(boot);
    g_autoptr(GString) missing = g_string_new(NULL);
    BootMatch m = { .boot = boot, .which = g_string_new(NULL) };

    for (GList *k = keys; k; k = k->next) {
        const DqPcrValue *quoted =
            dq_log_find(log, dq_profile_key_alg(k->data), dq_profile_key_pcr(k->data));
        GBytes *wanted = g_hash_table_lookup(boot->pcrs, k->data);

        if (!quoted) {
            m.missing++;
            append_pcr(missing, k->data);
        } else if (!dq_bytes_equal(quoted->value, dq_bytes_peek(wanted))) {
            m.others++;
            append_pcr(m.which, k->data);
        }
    }
    if (m.others == 0) {
        g_string_append_len(m.which, missing->str, (gssize)missing->len);
    }
    return m;
}

static gboolean is_closer(const BootMatch *a, const BootMatch *b)
{
    return a->others < b->others || (a->others == b->others && a->missing < b->missing);
}

/* The boot that has the fewest differences. Its @which is the caller's. */
static BootMatch find_closest(const DqLog *log)
{
    BootMatch best = match(log, g_ptr_array_index(log->profile->boots, 0));

    for (guint i = 1; i < log->profile->boots->len; i++) {
        BootMatch m = match(log, g_ptr_array_index(log->profile->boots, i));
        const gboolean closer = is_closer(&m, &best);

        g_string_free(closer ? best.which : m.which, TRUE);
        best = closer ? m : best;
    }
    return best;
}

void dq_appraise_boot(const DqLog *log, DqVerdict *verdict)
{
    const DqProfile *profile = log->profile;
    DqResult result = DQ_RESULT_PASS;
    BootMatch best;
    char *detail;

    if (profile->boots->len == 0) {
        dq_verdict_add_finding(
            verdict, log->profile_word, DQ_RESULT_NOT_COMPARED,
            g_strdup_printf("profile '%s' has no boot to compare PCRs with", profile->name));
        return;
    }
    best = find_closest(log);
    if (best.others > 0) {
        result = DQ_RESULT_FAIL;
        detail = g_strdup_printf("no boot of profile '%s'; closest is '%s', but for %s",
                                 profile->name, best.boot->name, best.which->str);
    } else if (best.missing > 0) {
        result = DQ_RESULT_NOT_COMPARED;
        detail = g_strdup_printf("it may be boot '%s' of profile '%s': quote %s as well",
                                 best.boot->name, profile->name, best.which->str);
    } else {
        detail = g_strdup_printf("boot '%s' of profile '%s'", best.boot->name, profile->name);
    }
    g_string_free(best.which, TRUE);
    dq_verdict_add_finding(verdict, log->profile_word, result, detail);
}
