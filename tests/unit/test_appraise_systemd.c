/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd's log of its own measurements: parsed, replayed, and in the verdict. */
#include "appraise/appraise-systemd.h"
#include "appraise/error.h"
#include "appraise/systemd-log.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "attest/verdict.h"
#include "log_fixture.h"
#include "wire/hash.h"
#include "wire/tpm-constants.h"

#include <string.h>

/* A record as systemd writes it, with the digests of @measured. */
static void put_record(GString *out, guint pcr, const char *type, const char *text,
                       const char *measured)
{
    static const uint16_t algs[] = { TPM_ALG_SHA1, TPM_ALG_SHA256 };
    const DqBytes bytes = { (const uint8_t *)measured, strlen(measured) };

    g_string_append_printf(out, "\x1e{\"pcr\":%u,\"digests\":[", pcr);
    for (gsize i = 0; i < G_N_ELEMENTS(algs); i++) {
        uint8_t digest[DQ_DIGEST_MAX];
        g_autofree char *hex = dq_hex_encode(digest, dq_digest(algs[i], &bytes, 1, digest));

        g_string_append_printf(out, "%s{\"hashAlg\":\"%s\",\"digest\":\"%s\"}", i > 0 ? "," : "",
                               wire_hash_find(algs[i])->name, hex);
    }
    g_string_append_printf(out,
                           "],\"content_type\":\"systemd\",\"content\":{\"string\":\"%s\","
                           "\"bootId\":\"00\",\"timestamp\":1,\"eventType\":\"%s\"}}\n",
                           text, type);
}

static GString *sample(void)
{
    GString *out = g_string_new(NULL);

    put_record(out, 11, "phase", "enter-initrd", "enter-initrd");
    put_record(out, 15, "volume-key", "cryptsetup:root:uuid", "a secret");
    put_record(out, 11, "phase", "leave-initrd", "leave-initrd");
    put_record(out, 15, "machine-id", "machine-id:00", "machine-id:00");
    return out;
}

static WireBytes bytes_of(const GString *s)
{
    return (WireBytes){ (const uint8_t *)s->str, s->len };
}

static GPtrArray *parse(const GString *s)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *log = dq_systemd_log_parse(bytes_of(s), &error);

    g_assert_no_error(error);
    return log;
}

/* A PCR after these texts, from zeroes or from @start. */
static void lead(uint16_t alg, const char *const *texts, const uint8_t *start, uint8_t *ret)
{
    const gsize size = wire_hash_size(alg);

    memset(ret, 0, DQ_DIGEST_MAX);
    if (start) {
        memcpy(ret, start, size);
    }
    for (; *texts; texts++) {
        const DqBytes text = { (const uint8_t *)*texts, strlen(*texts) };
        uint8_t digest[DQ_DIGEST_MAX];
        const DqBytes parts[] = { { ret, size }, { digest, size } };

        dq_digest(alg, &text, 1, digest);
        dq_digest(alg, parts, 2, ret);
    }
}

static const char *const all_phases[] = { "enter-initrd", "leave-initrd", NULL };
static const char *const first_phase[] = { "enter-initrd", NULL };
static const char *const other_phases[] = { "enter-initrd", "shutdown", NULL };

static void records_say_what_was_measured(void)
{
    g_autoptr(GString) s = sample();
    g_autoptr(GPtrArray) log = NULL;
    const DqSystemdRecord *r;

    g_string_append(s, "\x1e{\"digests\":[{\"hashAlg\":\"other\",\"digest\":\"00\"}]}\n");
    log = parse(s);
    g_assert_cmpuint(log->len, ==, 5);
    r = log->pdata[1];
    g_assert_cmpuint(r->pcr, ==, 15);
    g_assert_cmpstr(r->type, ==, "volume-key");
    g_assert_cmpstr(r->text, ==, "cryptsetup:root:uuid");
    g_assert_cmpuint(r->digests, ==, 2);
    g_assert_false(dq_systemd_is_altered(r)); /* of a key the text is not what was measured */
    r = log->pdata[4];
    g_assert_false(r->extends);
    g_assert_cmpuint(r->digests, ==, 0);
    g_assert_cmpstr(r->text, ==, "");
}

/* It is a shorter log only where a record ends. */
static void no_log_ends_in_a_record(void)
{
    g_autoptr(GString) s = sample();
    guint logs = 0;

    for (gsize n = 0; n < s->len; n++) {
        g_autofree uint8_t *cut = g_memdup2(s->str, n);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) log = dq_systemd_log_parse((WireBytes){ cut, n }, &error);

        if (log) {
            g_assert_cmpuint(log->len, ==, ++logs);
            g_assert_cmpint(s->str[n], ==, 0x1e);
        } else {
            g_assert_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_MALFORMED);
        }
    }
    g_assert_cmpuint(logs, ==, 3);
}

static void what_is_wrong_is_named(void)
{
    static const char *const table[][2] = {
        { "{}", "no log of systemd's" },
        { "\x1e", "record 0: it ends in the middle" },
        { "\x1e{}\n", "no 'digests'" },
        { "\x1e[]\n", "no JSON" },
        { "\x1e{\"pcr\":24,\"digests\":[]}\n", "'pcr' is not" },
        { "\x1e{\"pcr\":-1,\"digests\":[]}\n", "'pcr' is not" },
        { "\x1e{\"pcr\":\"1\",\"digests\":[]}\n", "'pcr' is not" },
        { "\x1e{\"pcr\":1,\"digests\":[1]}\n", "no 'hashAlg' or" },
        { "\x1e{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha256\"}]}\n", "no 'hashAlg' or" },
        { "\x1e{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"0g\"}]}\n",
          "no 'hashAlg' or" },
        { "\x1e{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"00\"}]}\n",
          "another size" },
        { "\x1e{\"digests\":[]}\n\x1e{\"digests\":1}\n", "record 1: it has no 'digests'" },
        { "\x1e\x1e{\"digests\":[]}\n", "record 0: it ends" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(dq_systemd_log_parse(log_text(table[i][0]), &error));
        g_assert_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_MALFORMED);
        if (!strstr(error->message, table[i][1])) {
            g_error("'%s' does not say '%s'", error->message, table[i][1]);
        }
    }
}

static void expect_outcome(const GPtrArray *log, uint16_t alg, const char *const *texts,
                           DqPcrOutcome outcome, guint events)
{
    uint8_t value[DQ_DIGEST_MAX];
    DqPcrReplay p = { .alg = alg, .pcr = 11, .quoted = { value, wire_hash_size(alg) } };

    lead(alg, texts, NULL, value);
    dq_systemd_replay(log, &p);
    g_assert_cmpint(p.outcome, ==, outcome);
    g_assert_cmpuint(p.events, ==, events);
}

static void a_beginning_leads_to_the_value_quoted(void)
{
    g_autoptr(GString) s = sample();
    g_autoptr(GPtrArray) log = parse(s);

    expect_outcome(log, TPM_ALG_SHA256, all_phases, DQ_PCR_MATCHES, 2);
    expect_outcome(log, TPM_ALG_SHA1, all_phases, DQ_PCR_MATCHES, 2);
    expect_outcome(log, TPM_ALG_SHA256, first_phase, DQ_PCR_MATCHES, 1);
    expect_outcome(log, TPM_ALG_SHA256, first_phase + 1, DQ_PCR_MATCHES, 0);
    expect_outcome(log, TPM_ALG_SHA256, other_phases, DQ_PCR_DIFFERS, 2);
    expect_outcome(log, TPM_ALG_SHA384, first_phase, DQ_PCR_NO_DIGEST, 1);
}

/* The finding on a log, with PCR 11 after @texts from what the firmware's log leaves. */
static void expect_finding(const GString *s, const char *const *texts, const GByteArray *firmware,
                           const uint8_t *start, guint pcr, DqResult result, const char *words)
{
    g_autoptr(DqVerdict) verdict = dq_verdict_new();
    uint8_t value[DQ_DIGEST_MAX];
    const DqPcrValue quoted = { TPM_ALG_SHA256, pcr, { value, DQ_HASH_SIZE } };
    const DqLog log = { .word = "vm-systemd",
                        .bytes = { (const uint8_t *)s->str, s->len },
                        .quoted = &quoted,
                        .count = 1 };
    const DqBytes before = { firmware ? firmware->data : NULL, firmware ? firmware->len : 0 };
    DqFinding f;

    lead(TPM_ALG_SHA256, texts, start, value);
    dq_appraise_systemd(&log, before, verdict);
    g_assert_cmpuint(dq_verdict_get_findings(verdict), ==, 1);
    f = dq_verdict_get_finding(verdict, 0);
    if (f.result != result || !strstr(f.detail, words)) {
        g_error("%d: '%s', not %d with '%s'", f.result, f.detail, result, words);
    }
}

static void the_log_goes_on_from_the_firmwares(void)
{
    static const char *const stub[] = { "kernel", NULL };
    g_autoptr(GString) s = sample(), altered = g_string_new(NULL), none = g_string_new("\x1e{");
    g_autoptr(GByteArray) firmware = g_byte_array_new();
    uint8_t left[DQ_DIGEST_MAX];

    log_put_header(firmware);
    log_put_event(firmware, 11, 13, log_text("kernel"), log_text("kernel"));
    lead(TPM_ALG_SHA256, stub, NULL, left);
    expect_finding(s, all_phases, firmware, left, 11, DQ_RESULT_PASS, "sha256:11: events 0 to 2");
    expect_finding(s, first_phase, firmware, left, 11, DQ_RESULT_PASS, "event 0 leads to it");
    expect_finding(s, other_phases, firmware, left, 11, DQ_RESULT_FAIL, "lead to another value");
    expect_finding(s, all_phases, firmware, NULL, 11, DQ_RESULT_FAIL, "lead to another value");
    expect_finding(s, all_phases, NULL, left, 11, DQ_RESULT_NOT_COMPARED,
                   "for want of the firmware");
    expect_finding(s, all_phases, NULL, NULL, 11, DQ_RESULT_PASS, "events 0 to 2");
    expect_finding(s, first_phase + 1, firmware, left, 11, DQ_RESULT_NOT_COMPARED,
                   "nothing shows that the records are true");
    expect_finding(s, all_phases, firmware, left, 12, DQ_RESULT_NOT_COMPARED, "quote 11 and 15");
    expect_finding(none, all_phases, firmware, left, 11, DQ_RESULT_FAIL, "ends in the middle");
    put_record(altered, 11, "phase", "ready", "enter-initrd");
    expect_finding(altered, first_phase, firmware, left, 11, DQ_RESULT_FAIL,
                   "say something else than what was measured");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/appraise/systemd/records", records_say_what_was_measured);
    g_test_add_func("/appraise/systemd/no-log-ends-in-a-record", no_log_ends_in_a_record);
    g_test_add_func("/appraise/systemd/what-is-wrong-is-named", what_is_wrong_is_named);
    g_test_add_func("/appraise/systemd/a-beginning-leads", a_beginning_leads_to_the_value_quoted);
    g_test_add_func("/appraise/systemd/goes-on-from-the-firmwares",
                    the_log_goes_on_from_the_firmwares);
    return g_test_run();
}
