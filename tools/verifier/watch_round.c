/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch_round.h"

#include "fetch.h"

#include "appraise/ima-list.h"
#include "attest/bytes.h"

#include <errno.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

enum {
    CHALLENGE_SPARE_S = 60, /* what a challenge is good for beyond the command's time */
    OPEN_MAX_DIRS = 16,
};

struct WatchRound {
    char *folder;
    GBytes *ima; /* the guest's list so far; NULL: nothing is known */
};

static int remove_one(const char *path, G_GNUC_UNUSED const struct stat *st, G_GNUC_UNUSED int type,
                      G_GNUC_UNUSED struct FTW *ftw)
{
    return remove(path);
}

static void remove_all(const char *folder)
{
    nftw(folder, remove_one, OPEN_MAX_DIRS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

WatchRound *watch_round_new(GError **error)
{
    char *folder = g_dir_make_tmp("deepquote-watch-XXXXXX", error);
    WatchRound *round;

    if (!folder) {
        return NULL;
    }
    round = g_new0(WatchRound, 1);
    round->folder = folder;
    return round;
}

void watch_round_free(WatchRound *round)
{
    if (!round) {
        return;
    }
    remove_all(round->folder);
    g_clear_pointer(&round->ima, g_bytes_unref);
    g_free(round->folder);
    g_free(round);
}

/* What the last command left there is not this one's. */
static gboolean empty_folder(const WatchRound *round, GError **error)
{
    remove_all(round->folder);
    if (g_mkdir(round->folder, 0700) != 0) {
        const int number = errno;

        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(number),
                    "%s cannot be made: %s", round->folder, g_strerror(number));
        return FALSE;
    }
    return TRUE;
}

static gsize known_size(const WatchRound *round)
{
    return round->ima ? g_bytes_get_size(round->ima) : 0;
}

static gboolean fetch(const WatchRound *round, DqBytes challenge, const WatchAsk *ask,
                      GError **error)
{
    g_autofree char *nonce = dq_hex_encode(challenge.data, challenge.len);
    const FetchRun run = { .loop = ask->loop,
                           .argv = ask->argv,
                           .folder = round->folder,
                           .nonce = nonce,
                           .ima_offset = known_size(round),
                           .timeout_s = ask->timeout_s };

    return empty_folder(round, error) && fetch_run(&run, error);
}

/* Puts what is known in front of what came. */
static gboolean join_ima(const WatchRound *round, CheckInput *input, GError **error)
{
    const DqBytes known = round->ima ? dq_bytes_peek(round->ima) : (DqBytes){ NULL, 0 };
    const DqBytes came = input->ima ? dq_bytes_peek(input->ima) : (DqBytes){ NULL, 0 };
    GByteArray *whole;

    if (known.len > DQ_IMA_LIST_MAX - came.len) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "the list of IMA has more than %d bytes",
                    DQ_IMA_LIST_MAX);
        return FALSE;
    }
    if (known.len == 0) {
        return TRUE;
    }
    whole = g_byte_array_new();
    g_byte_array_append(whole, known.data, (guint)known.len);
    g_byte_array_append(whole, came.data, (guint)came.len);
    g_clear_pointer(&input->ima, g_bytes_unref);
    input->ima = g_byte_array_free_to_bytes(whole);
    check_input_settle(input);
    return TRUE;
}

/* DQ_RESULT_NOT_RUN where nothing was found of the guest's list. */
static DqResult result_of_ima(const DqVerdict *verdict)
{
    for (guint i = 0; i < dq_verdict_get_findings(verdict); i++) {
        const DqFinding finding = dq_verdict_get_finding(verdict, i);

        if (g_str_equal(finding.word, "vm-ima")) {
            return finding.result;
        }
    }
    return DQ_RESULT_NOT_RUN;
}

/* The list goes on from one that led to the PCR; a reboot begins another. Returns: ask again. */
static gboolean note_ima(WatchRound *round, const CheckInput *input, const DqVerdict *verdict)
{
    const DqResult result = result_of_ima(verdict);
    const gboolean again = result == DQ_RESULT_FAIL && known_size(round) > 0;

    if (result == DQ_RESULT_NOT_RUN) {
        return FALSE;
    }
    g_clear_pointer(&round->ima, g_bytes_unref);
    round->ima = result != DQ_RESULT_FAIL && input->ima ? g_bytes_ref(input->ima) : NULL;
    return again;
}

static CheckInput *get_answer(const WatchRound *round, DqBytes challenge, const WatchAsk *ask,
                              GError **error)
{
    g_autoptr(CheckInput) input = NULL;

    if (!fetch(round, challenge, ask, error)) {
        return NULL;
    }
    input = check_input_read_folder(round->folder, error);
    if (!input || (ask->ima_tail && !join_ima(round, input, error))) {
        return NULL;
    }
    return g_steal_pointer(&input);
}

DqVerdict *watch_round_ask(WatchRound *round, Checker *checker, const WatchAsk *ask,
                           gboolean *ret_again, GError **error)
{
    g_autoptr(CheckInput) input = NULL;
    g_autoptr(DqVerdict) verdict = NULL;
    DqExpected expected;
    DqQuote quote;

    *ret_again = FALSE;
    if (!checker_issue(checker, ask->timeout_s + CHALLENGE_SPARE_S, error)) {
        return NULL;
    }
    input = get_answer(round, checker_get_challenge(checker), ask, error);
    if (!input || !checker_prepare(checker, input, &quote, &expected, error)) {
        return NULL;
    }
    verdict = dq_verifier_check(checker_get_verifier(checker), &quote, &expected, error);
    if (!verdict) {
        return NULL;
    }
    *ret_again = ask->ima_tail && note_ima(round, input, verdict);
    if (*ret_again || !checker_record(checker, input, verdict, error)) {
        return NULL;
    }
    return g_steal_pointer(&verdict);
}
