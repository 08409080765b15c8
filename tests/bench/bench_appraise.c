/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_appraise: event logs and entries of IMA's list that one core replays in a second, what a
 * list of 100,000 entries costs that has ten new ones, and what a profile of as many files costs.
 */
#include "appraise/appraise-files.h"
#include "appraise/ima-fields.h"
#include "appraise/ima-replay.h"
#include "appraise/replay.h"
#include "attest/bytes.h"
#include "attest/verdict.h"
#include "log_fixture.h"
#include "wire/tpm-constants.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    ENTRIES = 100000,
    NEW_ENTRIES = 10,
    ROUNDS = 2000,
};

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* As the kernel's with the template ima-sig and SHA-256, signatures left out. */
static void put_entry(GByteArray *out, guint number)
{
    g_autofree char *name = g_strdup_printf("/usr/lib/x86_64-linux-gnu/libexample-%u.so.1", number);
    static const uint8_t digest[DQ_IMA_SHA1_SIZE] = { 1 };
    static const uint8_t hash[32];

    log_put_le(out, DQ_IMA_PCR, 4);
    g_byte_array_append(out, digest, sizeof(digest));
    log_put_le(out, 7, 4);
    log_put_text(out, "ima-sig");
    log_put_le(out, 4 + 8 + sizeof(hash) + 4 + strlen(name) + 1 + 4, 4);
    log_put_le(out, 8 + sizeof(hash), 4);
    g_byte_array_append(out, (const uint8_t *)"sha256:", 8);
    g_byte_array_append(out, hash, sizeof(hash));
    log_put_le(out, strlen(name) + 1, 4);
    g_byte_array_append(out, (const uint8_t *)name, (guint)strlen(name) + 1);
    log_put_le(out, 0, 4);
}

static DqImaReplay replay(WireBytes list, const DqImaState *from)
{
    g_autoptr(GError) error = NULL;
    DqImaReplay r;

    if (!dq_ima_replay(list, from, (WireBytes){ NULL, 0 }, &r, &error)) {
        g_error("%s", error->message);
    }
    return r;
}

static void bench_ima(void)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    const DqImaState start = dq_ima_start(TPM_ALG_SHA256, DQ_IMA_PCR);
    DqImaReplay r;
    double began, whole, part;
    gsize before = 0;

    for (guint i = 0; i < ENTRIES + NEW_ENTRIES; i++) {
        before = i == ENTRIES ? list->len : before;
        put_entry(list, i);
    }
    began = cpu_seconds();
    r = replay((WireBytes){ list->data, before }, &start);
    whole = cpu_seconds() - began;
    began = cpu_seconds();
    r = replay((WireBytes){ list->data, list->len }, &r.state);
    part = cpu_seconds() - began;
    g_assert_cmpuint(r.state.count, ==, ENTRIES + NEW_ENTRIES);
    printf("IMA, SHA-256: %.0f entries/s; %d new after %d: %.3f ms\n", ENTRIES / whole, NEW_ENTRIES,
           ENTRIES, part * 1e3);
}

/* Each file that the list names. */
static DqProfile *make_profile(WireBytes list)
{
    DqProfile *profile = dq_profile_new("bench");
    DqImaWalk walk = dq_ima_walk(list, 0, 0);
    DqImaEntry entry;
    DqImaFields f;

    while (dq_ima_next(&walk, &entry, NULL)) {
        g_assert_true(dq_ima_fields(&entry, &f));
        g_assert_true(
            dq_profile_add_file(profile, f.name, dq_ima_digest_alg(&f.digest), f.digest.bytes));
    }
    return profile;
}

static void bench_profile(void)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    g_autoptr(DqVerdict) verdict = dq_verdict_new();
    g_autoptr(DqProfile) profile = NULL;
    DqLog log;
    double began, seconds;
    size_t before;

    for (guint i = 0; i < ENTRIES; i++) {
        put_entry(list, i);
    }
    before = mallinfo2().uordblks;
    profile = make_profile((WireBytes){ list->data, list->len });
    before = mallinfo2().uordblks - before;
    log = (DqLog){ .bytes = { list->data, list->len }, .profile = profile };
    began = cpu_seconds();
    dq_appraise_files(&log, "files", ENTRIES, verdict);
    seconds = cpu_seconds() - began;
    g_assert_cmpint(dq_verdict_get_finding(verdict, 0).result, ==, DQ_RESULT_PASS);
    printf("profile of %d files: %.0f entries/s compared, %.1f MB, shared by all VMs\n", ENTRIES,
           ENTRIES / seconds, (double)before / 1e6);
}

static void bench_boot(const char *name)
{
    g_autoptr(GBytes) file = log_read(name, "boot.bin");
    DqPcrReplay pcrs[DQ_EVENT_PCRS];
    g_autoptr(GError) error = NULL;
    DqEventLog log;
    double began = cpu_seconds(), one;

    for (guint i = 0; i < ROUNDS; i++) {
        for (guint pcr = 0; pcr < DQ_EVENT_PCRS; pcr++) {
            pcrs[pcr] = (DqPcrReplay){ .alg = TPM_ALG_SHA256, .pcr = pcr };
        }
        if (!dq_event_log_open(log_bytes(file), &log, &error) ||
            !dq_replay(&log, pcrs, DQ_EVENT_PCRS, &error)) {
            g_error("%s", error->message);
        }
    }
    one = cpu_seconds() - began;
    began = cpu_seconds();
    for (guint i = 0; i < ROUNDS; i++) {
        g_array_unref(dq_replay_pcrs(&log, NULL));
    }
    printf("boot log %s: %.0f logs/s in the SHA-256 bank, %.0f in all %u\n", name, ROUNDS / one,
           ROUNDS / (cpu_seconds() - began), log.algorithms);
}

int main(void)
{
    bench_ima();
    bench_profile();
    for (guint i = 0; log_names[i]; i++) {
        bench_boot(log_names[i]);
    }
    return 0;
}
