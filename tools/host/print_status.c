/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "print_status.h"

#include <stdio.h>

#include "json.h"
#include "print.h"
#include "registry.h"

static void print_tpm(JsonObject *tpm)
{
    JsonArray *list = json_object_get_array_member(tpm, "banks");

    printf("TPM             %s %s, firmware %s, by %s\n", text_of(tpm, "manufacturer"),
           text_of(tpm, "vendor"), text_of(tpm, "firmware"), text_of(tpm, "tcti"));
    if (truth_of(tpm, "simulated")) {
        printf("                SIMULATED, not hardware: nothing that it signs may be trusted\n");
    }
    printf("state           %s%s%s\n", text_of(tpm, "state"), *text_of(tpm, "error") ? ": " : "",
           text_of(tpm, "error"));
    printf("PCR banks      ");
    for (guint i = 0; i < json_array_get_length(list); i++) {
        printf(" %s", ctl_bank_name(json_array_get_int_element(list, i)));
    }
    printf("\nattestation key %s%s\n", text_of(tpm, "ak-name"),
           truth_of(tpm, "ak-certificate") ? ", certified" : "");
    printf("endorsement key %s%s\n", or_none(text_of(tpm, "ek-name")),
           truth_of(tpm, "ek-certificate") ? ", certified" : "");
}

/* (transfer full): microseconds in the unit that leaves three digits or fewer before the point */
static char *duration_text(int64_t us)
{
    static const struct {
        int64_t below;
        int64_t unit;
        const char *name;
    } units[] = { { 1000, 1, "us" }, { 1000000, 1000, "ms" }, { G_MAXINT64, 1000000, "s" } };
    guint i = 0;
    double value;

    while (us >= units[i].below) {
        i++;
    }
    value = (double)us / (double)units[i].unit;
    return g_strdup_printf("%.*f %s", i > 0 && value < 100 ? 1 : 0, value, units[i].name);
}

/* One line of a distribution: @members of @object, which are microseconds. */
static void print_distribution(const char *label, JsonObject *quotes, const char *object,
                               const char *const *members)
{
    JsonObject *h = json_object_has_member(quotes, object)
                        ? json_object_get_object_member(quotes, object)
                        : NULL;

    if (!h || number_of(h, "count") == 0) {
        return;
    }
    printf("%-15s", label);
    for (guint i = 0; members[i]; i++) {
        g_autofree char *text = duration_text(number_of(h, members[i]));

        printf("%s %s %s", i ? "," : "", members[i], text);
    }
    printf("\n");
}

static void print_batches(JsonObject *quotes)
{
    JsonObject *h = json_object_has_member(quotes, "batch-size")
                        ? json_object_get_object_member(quotes, "batch-size")
                        : NULL;

    printf("hardware quotes %" G_GINT64_FORMAT, number_of(quotes, "hardware-quotes"));
    if (h && number_of(h, "count") > 0) {
        printf(", each for %.1f requests on average, p50 %" G_GINT64_FORMAT
               ", max %" G_GINT64_FORMAT,
               json_object_get_double_member_with_default(h, "mean", 0), number_of(h, "p50"),
               number_of(h, "max"));
    }
    printf("\n");
}

static void print_quotes(JsonObject *quotes)
{
    static const char *const answer_members[] = { "p50", "p90", "p99", "max", NULL };
    static const char *const quote_members[] = { "p50", "p99", "max", NULL };

    printf("deep quotes     %" G_GINT64_FORMAT " requests: %" G_GINT64_FORMAT
           " answered, %" G_GINT64_FORMAT " refused, %" G_GINT64_FORMAT
           " timed out, %" G_GINT64_FORMAT " cancelled; %" G_GINT64_FORMAT " more throttled\n",
           number_of(quotes, "requests"), number_of(quotes, "answered"),
           number_of(quotes, "refused"), number_of(quotes, "timed-out"),
           number_of(quotes, "cancelled"), number_of(quotes, "throttled"));
    printf("at present      %" G_GINT64_FORMAT " waiting, %" G_GINT64_FORMAT " with the TPM\n",
           number_of(quotes, "queued"), number_of(quotes, "in-flight"));
    print_distribution("answered in", quotes, "latency-us", answer_members);
    print_batches(quotes);
    print_distribution("each took", quotes, "hardware-quote-us", quote_members);
}

void ctl_print_status(JsonObject *answer)
{
    g_autofree char *started = ctl_time_text(number_of(answer, "started"));

    printf("vtpm-managerd   %s, since %s\n", text_of(answer, "version"), started);
    print_tpm(json_object_get_object_member(answer, "tpm"));
    printf("VMs             %" G_GINT64_FORMAT " registered, %" G_GINT64_FORMAT " connected\n",
           number_of(answer, "vms"), number_of(answer, "connected"));
    if (json_object_has_member(answer, "registry")) {
        ctl_print_registry(json_object_get_object_member(answer, "registry"));
    }
    if (truth_of(answer, "share-logs")) {
        printf("host's logs     guests may read them\n");
    }
    print_quotes(json_object_get_object_member(answer, "quotes"));
}
