/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraise-ek.h"

/* Somebody chose each character of what a certificate says. */
static char *say(const DqEkFacts *facts)
{
    g_autoptr(GDateTime) until = g_date_time_new_from_unix_utc(facts->expires);
    g_autofree char *date = until ? g_date_time_format(until, "%Y-%m-%d") : g_strdup("?");
    g_autofree char *issuer = g_strescape(facts->issuer, NULL);
    g_autofree char *manufacturer = g_strescape(facts->manufacturer, NULL);
    g_autofree char *model = g_strescape(facts->model, NULL);
    g_autofree char *version = g_strescape(facts->version, NULL);

    return g_strdup_printf("the pinned endorsement key <- \"%s\" <- the host's attestation key; "
                           "\"%s\", model \"%s\", version \"%s\", serial %s, until %s",
                           issuer, manufacturer, model, version, facts->serial, date);
}

void dq_appraise_ek(const DqVtpmEk *ek, int64_t now, DqVerdict *verdict)
{
    g_autoptr(GError) error = NULL;
    DqEkFacts facts;

    if (ek->name.len == 0) {
        dq_verdict_add_finding(verdict, "vtpm-ek", DQ_RESULT_FAIL,
                               g_strdup("the host has pinned no endorsement key for this VM"));
    } else if (!dq_vtpm_ek_check(ek, now, &facts, &error)) {
        dq_verdict_add_finding(
            verdict, "vtpm-ek", DQ_RESULT_FAIL,
            g_strconcat("the certificate of the vTPM's endorsement key: ", error->message, NULL));
    } else {
        dq_verdict_add_finding(verdict, "vtpm-ek", DQ_RESULT_PASS, say(&facts));
    }
}
