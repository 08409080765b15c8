/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event logs: any bytes are a log or an error; what is read is inside them, words are UTF-8. */
#include "appraise/error.h"
#include "appraise/event-text.h"
#include "appraise/replay-text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_inside(const uint8_t *data, size_t size, WireBytes bytes)
{
    if (bytes.len > 0 && (bytes.p < data || bytes.p + bytes.len > data + size)) {
        abort();
    }
}

static void expect_valid(const GArray *fields)
{
    for (guint i = 0; i < fields->len; i++) {
        if (!g_utf8_validate(g_array_index(fields, DqEventField, i).text, -1, NULL)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) again = NULL;
    g_autoptr(GArray) pcrs = NULL;
    DqEventLog log;
    DqEventWalk walk;
    DqEvent event;

    if (!dq_event_log_open((WireBytes){ data, size }, &log, &error)) {
        g_assert_true(error->domain == DQ_LOG_ERROR);
        return 0;
    }
    walk = dq_event_walk(&log);
    while (dq_event_next(&walk, &event, &error)) {
        g_auto(DqEventText) text = dq_event_text(&event);

        expect_valid(text.fields);
        expect_inside(data, size, event.data);
        for (guint i = 0; i < event.digests; i++) {
            expect_inside(data, size, event.digest[i].bytes);
        }
    }
    pcrs = dq_replay_pcrs(&log, &again);
    g_assert_true((!pcrs) == (error != NULL));
    for (guint i = 0; pcrs && i < pcrs->len; i++) {
        g_free(dq_replay_say(&g_array_index(pcrs, DqPcrReplay, i)));
    }
    return 0;
}
