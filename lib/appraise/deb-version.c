/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/deb-version.h"

#include <glib.h>
#include <string.h>

/** A part of a version that is compared by itself: from @p up to @end. */
typedef struct Part {
    const char *p, *end;
} Part;

/* A tilde is before the end, letters are before all else. */
static int weight(const Part *part)
{
    const guchar c = part->p < part->end ? (guchar)*part->p : 0;

    return c == '~'                             ? -1
           : c == 0 || g_ascii_isdigit((char)c) ? 0
           : g_ascii_isalpha((char)c)           ? c
                                                : c + 256;
}

static gboolean at_digit(const Part *part)
{
    return part->p < part->end && g_ascii_isdigit(*part->p);
}

static int compare_words(Part *a, Part *b)
{
    while ((a->p < a->end && !at_digit(a)) || (b->p < b->end && !at_digit(b))) {
        const int difference = weight(a) - weight(b);

        if (difference != 0) {
            return difference;
        }
        a->p++;
        b->p++;
    }
    return 0;
}

/* The digits at its beginning, without zeroes before them. */
static Part take_digits(Part *part)
{
    Part digits;

    while (part->p < part->end && *part->p == '0') {
        part->p++;
    }
    digits.p = part->p;
    while (at_digit(part)) {
        part->p++;
    }
    digits.end = part->p;
    return digits;
}

static int compare_digits(Part *a, Part *b)
{
    const Part x = take_digits(a), y = take_digits(b);
    const ptrdiff_t longer = (x.end - x.p) - (y.end - y.p);

    return longer != 0 ? (longer > 0 ? 1 : -1) : memcmp(x.p, y.p, (size_t)(x.end - x.p));
}

static int compare_parts(Part a, Part b)
{
    int result = 0;

    while (result == 0 && (a.p < a.end || b.p < b.end)) {
        result = compare_words(&a, &b);
        result = result != 0 ? result : compare_digits(&a, &b);
    }
    return result;
}

/* Epoch, version of the source, revision; one that is left out is as 0. */
static void split(const char *version, Part ret[3])
{
    static const char zero[] = "0";
    const char *colon = strchr(version, ':'), *end = version + strlen(version);
    const char *begin = colon ? colon + 1 : version, *dash = strrchr(begin, '-');

    ret[0] = colon ? (Part){ version, colon } : (Part){ zero, zero + 1 };
    ret[1] = (Part){ begin, dash ? dash : end };
    ret[2] = dash ? (Part){ dash + 1, end } : (Part){ zero, zero + 1 };
}

int dq_deb_version_compare(const char *a, const char *b)
{
    Part x[3], y[3];
    int result = 0;

    split(a, x);
    split(b, y);
    for (gsize i = 0; result == 0 && i < G_N_ELEMENTS(x); i++) {
        result = compare_parts(x[i], y[i]);
    }
    return result;
}
