/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question of a watch: a challenge, a command that fetches the answer, a verdict on it. */
#ifndef VERIFIER_WATCH_ROUND_H
#define VERIFIER_WATCH_ROUND_H

#include "checker.h"

/** What is the same for each question; see fetch.h. */
typedef struct WatchAsk {
    GMainLoop *loop;
    char **argv;
    guint timeout_s;
    gboolean ima_tail; /* the command leaves out what is known of the guest's list of IMA */
} WatchAsk;

/** WatchRound: what goes on from one question to the next: a folder, and the list so far. */
typedef struct WatchRound WatchRound;

WatchRound *watch_round_new(GError **error);
void watch_round_free(WatchRound *round);

/**
 * watch_round_ask:
 * @ret_again: ask once more at once, and there is no verdict: the guest's list does not go on from
 *     the one that is known, which is forgotten: it may have booted since
 *
 * Returns: (transfer full): NULL with the error set, or to ask again. DQ_ERROR_STORE: the store
 * does not work; all other errors are of this question alone.
 */
DqVerdict *watch_round_ask(WatchRound *round, Checker *checker, const WatchAsk *ask,
                           gboolean *ret_again, GError **error);

#endif
