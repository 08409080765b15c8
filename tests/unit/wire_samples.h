/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One well-formed sample of each structure that lib/wire decodes, for the unit tests and as the
 * seeds of the fuzz corpora. A sample is built once and lives as long as the program.
 */
#ifndef TESTS_WIRE_SAMPLES_H
#define TESTS_WIRE_SAMPLES_H

#include "wire/deepquote.h"
#include "wire/manager.h"

typedef struct WireSample {
    const char *name;
    const char *corpus; /* the fuzz target that it seeds */
    WireBytes bytes;
    /* Decodes all of @bytes and encodes the result again. */
    bool (*recode)(WireBytes bytes, WireWriter *w);
} WireSample;

/** wire_samples: every sample; @ret_count how many. */
const WireSample *wire_samples(size_t *ret_count);

/** wire_sample: the sample of that name; aborts if there is none. */
WireBytes wire_sample(const char *name);

#endif
