/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds for every decoder of lib/wire alike. */
#include <glib.h>
#include <string.h>

#include "wire_samples.h"

static void decodes_its_exact_size_and_round_trips(gconstpointer data)
{
    const WireSample *s = data;
    g_autofree uint8_t *out = g_malloc(s->bytes.len);
    WireWriter w = WIRE_WRITER(out, s->bytes.len);

    g_assert_true(s->recode(s->bytes, &w));
    g_assert_cmpmem(out, w.len, s->bytes.p, s->bytes.len);
}

/* A copy of just the right size, so that the address sanitizer sees a read beyond it. */
static void refuses_each_truncation(gconstpointer data)
{
    const WireSample *s = data;

    for (size_t n = 0; n < s->bytes.len; n++) {
        g_autofree uint8_t *copy = g_memdup2(s->bytes.p, n);
        uint8_t out[WIRE_TPM_BUFFER_MAX * 2];
        WireWriter w = WIRE_WRITER(out, sizeof(out));

        g_assert_false(s->recode((WireBytes){ copy, n }, &w));
        g_assert_cmpuint(w.len, ==, 0);
    }
}

static void refuses_each_oversize(gconstpointer data)
{
    const WireSample *s = data;

    for (size_t extra = 1; extra <= 70; extra++) {
        for (unsigned fill = 0; fill <= 0xff; fill += 0xff) {
            g_autofree uint8_t *copy = g_malloc(s->bytes.len + extra);
            uint8_t out[WIRE_TPM_BUFFER_MAX * 2];
            WireWriter w = WIRE_WRITER(out, sizeof(out));

            memcpy(copy, s->bytes.p, s->bytes.len);
            memset(copy + s->bytes.len, (int)fill, extra);
            g_assert_false(s->recode((WireBytes){ copy, s->bytes.len + extra }, &w));
        }
    }
}

static void refuses_to_encode_into_too_little_room(gconstpointer data)
{
    const WireSample *s = data;

    for (size_t cap = 0; cap < s->bytes.len; cap++) {
        g_autofree uint8_t *out = g_malloc(cap);
        WireWriter w = WIRE_WRITER(out, cap);

        g_assert_false(s->recode(s->bytes, &w));
    }
}

static void a_counter_counts_what_would_be_encoded(gconstpointer data)
{
    const WireSample *s = data;
    WireWriter w = WIRE_COUNTER;

    g_assert_true(s->recode(s->bytes, &w));
    g_assert_cmpuint(w.len, ==, s->bytes.len);
}

/* No flipped bit makes a decoder read out of bounds or accept what it would encode otherwise. */
static void each_bit_flip_is_refused_or_round_trips(gconstpointer data)
{
    const WireSample *s = data;
    g_autofree uint8_t *copy = g_memdup2(s->bytes.p, s->bytes.len);

    for (size_t bit = 0; bit < s->bytes.len * 8; bit++) {
        uint8_t out[WIRE_TPM_BUFFER_MAX * 2];
        WireWriter w = WIRE_WRITER(out, sizeof(out));

        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (s->recode((WireBytes){ copy, s->bytes.len }, &w)) {
            g_assert_cmpmem(out, w.len, copy, s->bytes.len);
        }
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *behaviour;
        GTestDataFunc run;
    } rows[] = {
        { "decodes-its-exact-size-and-round-trips", decodes_its_exact_size_and_round_trips },
        { "refuses-each-truncation", refuses_each_truncation },
        { "refuses-each-oversize", refuses_each_oversize },
        { "refuses-to-encode-into-too-little-room", refuses_to_encode_into_too_little_room },
        { "a-counter-counts-what-would-be-encoded", a_counter_counts_what_would_be_encoded },
        { "each-bit-flip-is-refused-or-round-trips", each_bit_flip_is_refused_or_round_trips },
    };
    const WireSample *samples;
    size_t n;

    g_test_init(&argc, &argv, NULL);
    samples = wire_samples(&n);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(rows); j++) {
            g_autofree char *path =
                g_strdup_printf("/wire/%s/%s", samples[i].name, rows[j].behaviour);

            g_test_add_data_func(path, &samples[i], rows[j].run);
        }
    }
    return g_test_run();
}
