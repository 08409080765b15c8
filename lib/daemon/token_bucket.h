/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bucket that fills with tokens at a steady rate; who wants something takes one. */
#ifndef DAEMON_TOKEN_BUCKET_H
#define DAEMON_TOKEN_BUCKET_H

#include <glib.h>
#include <stdint.h>

/** How a bucket fills. */
typedef struct TokenRate {
    double per_second; /* > 0 */
    double burst;      /* >= 1: what a bucket holds */
} TokenRate;

/** All zero is a full bucket. */
typedef struct TokenBucket {
    double used; /* tokens that are missing, at @then */
    int64_t then;
} TokenBucket;

/**
 * token_bucket_take:
 * @cost: tokens, at most the burst
 * @now: microseconds of a clock that does not go back; where it does, no time has passed
 *
 * Returns: %FALSE, and nothing is taken, where less is there.
 */
gboolean token_bucket_take(TokenBucket *bucket, const TokenRate *rate, double cost, int64_t now);

/** token_bucket_empty: takes all that is there. */
void token_bucket_empty(TokenBucket *bucket, const TokenRate *rate, int64_t now);

/** token_bucket_full: whether it is as if nothing had ever been taken. */
gboolean token_bucket_full(TokenBucket *bucket, const TokenRate *rate, int64_t now);

#endif
