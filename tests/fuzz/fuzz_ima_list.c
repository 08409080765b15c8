/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of IMA: any bytes are a list or an error; what is read is inside them, words are UTF-8. */
#include "appraise/error.h"
#include "appraise/ima-fields.h"
#include "appraise/ima-replay.h"
#include "appraise/ima-text.h"
#include "wire/tpm-constants.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_valid(const DqImaEntry *entry)
{
    g_autoptr(GArray) fields = dq_ima_text(entry);

    for (guint i = 0; i < fields->len; i++) {
        if (!g_utf8_validate(g_array_index(fields, DqEventField, i).text, -1, NULL)) {
            abort();
        }
    }
}

static void expect_aggregate(const DqImaEntry *entry)
{
    WireBytes pcrs[DQ_IMA_PCR];

    for (guint i = 0; i < G_N_ELEMENTS(pcrs); i++) {
        pcrs[i] = entry->digest;
    }
    if (dq_ima_aggregate_is(entry, pcrs) && dq_ima_aggregate(entry) == 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const WireBytes list = { data, size };
    const DqImaState start = dq_ima_start(TPM_ALG_SHA256, DQ_IMA_PCR);
    DqImaWalk walk = dq_ima_walk(list, 0, 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) again = NULL;
    DqImaEntry entry;
    DqImaReplay replay;

    while (dq_ima_next(&walk, &entry, &error)) {
        if (entry.data.len > 0 &&
            (entry.data.p < data || entry.data.p + entry.data.len > data + size)) {
            abort();
        }
        expect_valid(&entry);
        expect_aggregate(&entry);
    }
    g_assert_true(!error || error->domain == DQ_LOG_ERROR);
    if (dq_ima_replay(list, &start, (WireBytes){ data, MIN(size, 32) }, &replay, &again)) {
        g_assert_cmpuint(replay.count, ==, walk.number);
        g_free(dq_ima_replay_say(&replay));
    }
    g_assert_true((!error) == (!again));
    return 0;
}
