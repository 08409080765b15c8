/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraise-ima.h"

#include "appraise/appraise-files.h"
#include "appraise/ima-fields.h"
#include "appraise/ima-replay.h"
#include "attest/bytes.h"
#include "wire/hash.h"

/** What came of a list in one bank. */
typedef struct ImaFinding {
    DqResult result;
    char *detail;   /* owned */
    uint64_t count; /* entries that the quote has shown to be true */
} ImaFinding;

static ImaFinding finding(DqResult result, const char *format, ...) G_GNUC_PRINTF(2, 3);

static ImaFinding finding(DqResult result, const char *format, ...)
{
    ImaFinding f = { .result = result };
    va_list args;

    va_start(args, format);
    f.detail = g_strdup_vprintf(format, args);
    va_end(args);
    return f;
}

/* Whether the first entry is of the boot of which PCRs 0 to 9 are quoted. */
static ImaFinding check_boot(const DqLog *log)
{
    DqImaWalk walk = dq_ima_walk(dq_wire(log->bytes), 0, 0);
    WireBytes pcrs[DQ_IMA_PCR];
    DqImaEntry first;
    uint16_t alg = dq_ima_next(&walk, &first, NULL) ? dq_ima_aggregate(&first) : 0;

    if (alg == 0) {
        return finding(DQ_RESULT_FAIL, "its first entry is not the boot_aggregate of a boot");
    }
    for (guint i = 0; i < DQ_IMA_PCR; i++) {
        const DqPcrValue *v = dq_log_find(log, alg, i);

        if (!v) {
            const WireHash *hash = wire_hash_find(alg);

            return finding(DQ_RESULT_NOT_COMPARED,
                           "boot_aggregate was not compared: quote PCRs %s:0,1,2,3,4,5,6,7,8,9",
                           hash ? hash->name : "?");
        }
        pcrs[i] = dq_wire(v->value);
    }
    return dq_ima_aggregate_is(&first, pcrs)
               ? finding(DQ_RESULT_PASS, "of this boot")
               : finding(DQ_RESULT_FAIL, "boot_aggregate is not the digest of the PCRs quoted: "
                                         "the list is of another boot");
}

/* The list in the bank of one value of PCR 10. */
static ImaFinding check_bank(const DqLog *log, const DqPcrValue *quoted)
{
    ImaFinding good;
    const DqImaState start = dq_ima_start(quoted->alg, quoted->pcr);
    g_autoptr(GError) error = NULL;
    g_autofree char *said = NULL;
    DqImaReplay r;

    if (!dq_ima_replay(dq_wire(log->bytes), &start, dq_wire(quoted->value), &r, &error)) {
        return finding(DQ_RESULT_FAIL, "%s", error->message);
    }
    said = dq_ima_replay_say(&r);
    if (r.outcome == DQ_PCR_NO_HASH) {
        return finding(DQ_RESULT_NOT_COMPARED, "%s", said);
    }
    if (r.outcome != DQ_PCR_MATCHES || r.altered > 0) {
        return finding(DQ_RESULT_FAIL, "%s", said);
    }
    good = finding(r.violations > 0 ? DQ_RESULT_NOT_COMPARED : DQ_RESULT_PASS, "%s", said);
    good.count = r.state.count;
    return good;
}

static ImaFinding choose(ImaFinding a, ImaFinding b)
{
    static const guint badness[] = {
        [DQ_RESULT_PASS] = 0,
        [DQ_RESULT_NOT_COMPARED] = 1,
        [DQ_RESULT_FAIL] = 2,
    };
    g_autofree char *first = a.detail, *second = b.detail;

    if (badness[a.result] != badness[b.result]) {
        return badness[a.result] > badness[b.result] ? finding(a.result, "%s", first)
                                                     : finding(b.result, "%s", second);
    }
    return g_str_equal(first, second) ? finding(a.result, "%s", first)
                                      : finding(a.result, "%s; %s", first, second);
}

/* Of two the worse, both where they are as bad; takes them. */
static ImaFinding worse(ImaFinding a, ImaFinding b)
{
    ImaFinding f = choose(a, b);

    f.count = MAX(a.count, b.count);
    return f;
}

static gboolean lists_files(const DqLog *log)
{
    return log->profile && (g_hash_table_size(log->profile->files) > 0 ||
                            log->profile->keys->len > 0 || log->profile->learning);
}

/* What is not in PCR 10 was perhaps never measured. */
static void add_files(const DqLog *log, const ImaFinding *list, DqVerdict *verdict)
{
    if (!lists_files(log) || list->result == DQ_RESULT_FAIL) {
        return;
    }
    if (list->count > 0) {
        dq_appraise_files(log, log->profile_word, list->count, verdict);
    } else {
        dq_verdict_add_finding(verdict, log->profile_word, DQ_RESULT_NOT_COMPARED,
                               g_strdup_printf("PCR %d is not quoted: nothing shows that the list "
                                               "is true",
                                               DQ_IMA_PCR));
    }
}

void dq_appraise_ima_missing(const DqLog *log, DqVerdict *verdict)
{
    if (lists_files(log)) {
        dq_verdict_add_finding(verdict, log->profile_word, DQ_RESULT_NOT_COMPARED,
                               g_strdup_printf("profile '%s' lists files, but no list of IMA came",
                                               log->profile->name));
    }
}

void dq_appraise_ima(const DqLog *log, DqVerdict *verdict)
{
    gboolean quoted = FALSE;
    ImaFinding worst = { .result = DQ_RESULT_PASS };

    for (gsize i = 0; i < log->count; i++) {
        if (log->quoted[i].pcr == DQ_IMA_PCR) {
            const ImaFinding f = check_bank(log, &log->quoted[i]);

            worst = quoted ? worse(worst, f) : f;
            quoted = TRUE;
        }
    }
    worst = quoted ? worse(worst, check_boot(log))
                   : finding(DQ_RESULT_NOT_COMPARED,
                             "PCR %d, into which IMA measures, is not quoted", DQ_IMA_PCR);
    dq_verdict_add_finding(verdict, log->word, worst.result, worst.detail);
    add_files(log, &worst, verdict);
    if (worst.result != DQ_RESULT_FAIL) {
        dq_packages_take_ima(log->packages, dq_wire(log->bytes), worst.count);
    }
}
