/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM, asked again and again. */
#include "watch_command.h"

#include "check_report.h"
#include "checker.h"
#include "command.h"
#include "fetch.h"
#include "profile_file.h"
#include "record_text.h"
#include "watch_round.h"

#include "common/escape.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
    INTERVAL_MAX_S = 7 * 24 * 3600,
    TIMEOUT_MAX_S = 3600,
    DOUBLINGS_MAX = 16, /* of the time between attempts */
};

/** The command line as it was given. */
static struct {
    CheckOptions check;
    char *fetch;
    int interval, timeout, attempts;
    double retry;
    gboolean once, ima_tail, until_refused, json;
} opt = { .interval = 300, .timeout = 60, .attempts = 10, .retry = 5 };

static const GOptionEntry entries[] = {
    COMMAND_STORE(&opt.check.store),
    { "fetch", 0, 0, G_OPTION_ARG_STRING, &opt.fetch,
      "Fetches a deep quote into the folder where it starts; {nonce} in it is replaced",
      "COMMAND" },
    { "interval", 0, 0, G_OPTION_ARG_INT, &opt.interval, "From one verdict to the next (300)",
      "SECONDS" },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &opt.timeout, "How long the command may take (60)",
      "SECONDS" },
    { "retry", 0, 0, G_OPTION_ARG_DOUBLE, &opt.retry,
      "After a failure; twice as long after the next one, up to --interval (5)", "SECONDS" },
    { "attempts", 0, 0, G_OPTION_ARG_INT, &opt.attempts,
      "Failures one after the other until it gives up; 0: never (10)", "N" },
    { "once", 0, 0, G_OPTION_ARG_NONE, &opt.once, "End after the first verdict", NULL },
    { "until-refused", 0, 0, G_OPTION_ARG_NONE, &opt.until_refused,
      "End after the first verdict that is not trusted", NULL },
    { "ima-tail", 0, 0, G_OPTION_ARG_NONE, &opt.ima_tail,
      "The command leaves out the first {ima-offset} bytes of ima.log", NULL },
    { "uuid", 0, 0, G_OPTION_ARG_STRING, &opt.check.expected.uuid, "The VM that is expected",
      "UUID" },
    { "policy", 0, 0, G_OPTION_ARG_FILENAME, &opt.check.policy, "See deepquote-policy(5)", "FILE" },
    { "host-profile", 0, 0, G_OPTION_ARG_FILENAME, &opt.check.expected.host_profile,
      "See deepquote-profile(5)", "FILE" },
    { "vm-profile", 0, 0, G_OPTION_ARG_FILENAME, &opt.check.expected.vm_profile, "The same",
      "FILE" },
    PROFILE_KEY_OPTION(&opt.check.expected.profile_key),
    VULNERABILITIES_OPTION(&opt.check.expected.vulnerabilities),
    { "allow-simulated", 0, 0, G_OPTION_ARG_NONE, &opt.check.allow_simulated,
      "Hosts with a stand-in TPM can be trusted", NULL },
    { "record", 0, 0, G_OPTION_ARG_NONE, &opt.check.record,
      "Keep each verdict in the store, for audit", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &opt.json, "Print one JSON object for each change", NULL },
    { 0 },
};

/** A watch. */
typedef struct Watch {
    GMainLoop *loop;  /* quit by signals, timers and the command */
    gboolean stopped; /* by a signal */
    Checker *checker;
    char **argv;
    WatchRound *round;
    int status;     /* of the last verdict, or that there is none */
    char *last;     /* what was told last; NULL: nothing */
    guint failures; /* one after the other */
    uint64_t verdicts;
} Watch;

/* ------------------------------------------------------------------------------ Telling */

static char *now_text(void)
{
    return text_time(command_now());
}

/* While a person looks on. */
static void show_status(const Watch *w, double wait_s)
{
    g_autofree char *now = now_text();

    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[K%s  %s, %" G_GUINT64_FORMAT " verdicts; next in %.0f s", now,
                w->last ? w->last : "no verdict yet", w->verdicts, wait_s);
        fflush(stderr);
    }
}

static void clear_status(void)
{
    if (isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
}

/* Whether it is another one than was told last; it is the last then. */
static gboolean is_news(Watch *w, char *state)
{
    const gboolean news = g_strcmp0(w->last, state) != 0;

    g_free(w->last);
    w->last = state;
    return news;
}

/* Why it is what it is: all that did not pass, in words. */
static void tell_why(const DqVerdict *verdict)
{
    for (guint i = 0; i < DQ_CHECKS; i++) {
        const DqResult result = dq_verdict_get_result(verdict, (DqCheck)i);

        if (result == DQ_RESULT_FAIL || result == DQ_RESULT_NOT_COMPARED) {
            printf("    %s: %s\n", dq_check_word((DqCheck)i),
                   dq_verdict_get_detail(verdict, (DqCheck)i));
        }
    }
    for (guint i = 0; i < dq_verdict_get_findings(verdict); i++) {
        const DqFinding finding = dq_verdict_get_finding(verdict, i);

        if (finding.result != DQ_RESULT_PASS) {
            printf("    %s: %s\n", finding.word, finding.detail);
        }
    }
}

static void tell_verdict(Watch *w, const DqVerdict *verdict)
{
    const char *outcome = dq_outcome_word(dq_verdict_get_outcome(verdict));
    const char *reason = dq_verdict_get_reason(verdict);
    g_autofree char *now = now_text(), *prefix = g_strconcat(now, "  ", NULL);

    if (!is_news(w, reason ? g_strdup_printf("%s (%s)", outcome, reason) : g_strdup(outcome))) {
        return;
    }
    clear_status();
    if (opt.json) {
        report_json(stdout, now, verdict);
    } else {
        report_verdict(stdout, prefix, verdict);
        tell_why(verdict);
    }
    fflush(stdout);
}

static void tell_failure(Watch *w, const char *message)
{
    g_autofree char *now = now_text(), *shown = escape_text(message, 1000);

    if (!is_news(w, g_strdup("no answer"))) {
        return;
    }
    clear_status();
    if (opt.json) {
        report_json_error(stdout, now, message);
    } else {
        printf("%s  no verdict: %s\n", now, shown);
    }
    fflush(stdout);
}

/* ------------------------------------------------------------------------------ Asking */

static gboolean wake(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static gboolean stop(gpointer data)
{
    Watch *w = data;

    w->stopped = TRUE;
    g_main_loop_quit(w->loop);
    return G_SOURCE_CONTINUE;
}

static void pause_for(Watch *w, double seconds)
{
    guint timer;
    GSource *source;

    show_status(w, seconds);
    timer = g_timeout_add((guint)(seconds * 1000), wake, w->loop);
    g_main_loop_run(w->loop);
    source = g_main_context_find_source_by_id(NULL, timer);
    if (source) {
        g_source_destroy(source);
    }
}

/*
 * After the nth failure: twice as long as after the one before, up to the interval, and a part of
 * it that differs, so that many who watch one host do not all come back at once.
 */
static double time_after_failure(guint failures)
{
    const double whole =
        MIN(opt.retry * (1 << MIN(failures - 1, DOUBLINGS_MAX)), (double)opt.interval);

    return whole * g_random_double_range(0.5, 1);
}

static const int statuses[] = {
    [DQ_REFUSED] = EXIT_REFUSED,
    [DQ_AUTHENTIC] = EXIT_AUTHENTIC,
    [DQ_TRUSTED] = EXIT_TRUSTED,
};

/* FALSE with the error set: there is no sense in going on. */
static gboolean ask(Watch *w, gboolean *ret_again, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(DqVerdict) verdict = NULL;
    const WatchAsk ask = {
        .loop = w->loop, .argv = w->argv, .timeout_s = (guint)opt.timeout, .ima_tail = opt.ima_tail
    };

    *ret_again = FALSE;
    verdict = watch_round_ask(w->round, w->checker, &ask, ret_again, &why);
    if (*ret_again || w->stopped) {
        return TRUE;
    }
    if (g_error_matches(why, DQ_ERROR, DQ_ERROR_STORE)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    if (!verdict) {
        w->failures++;
        w->status = EXIT_NO_ANSWER;
        tell_failure(w, why->message);
        return TRUE;
    }
    w->failures = 0;
    w->verdicts++;
    w->status = statuses[dq_verdict_get_outcome(verdict)];
    tell_verdict(w, verdict);
    return TRUE;
}

static gboolean is_over(const Watch *w)
{
    if (w->failures > 0) {
        return opt.attempts > 0 && w->failures >= (guint)opt.attempts;
    }
    return opt.once || (opt.until_refused && w->status != EXIT_TRUSTED);
}

static int watch(Watch *w, GError **error)
{
    gboolean again;

    while (!w->stopped) {
        if (!ask(w, &again, error)) {
            return EXIT_UNUSABLE;
        }
        if (again) {
            continue;
        }
        if (w->stopped || is_over(w)) {
            break;
        }
        pause_for(w, w->failures > 0 ? time_after_failure(w->failures) : opt.interval);
    }
    clear_status();
    return w->status;
}

static gboolean check_options(char ***ret_argv, GError **error)
{
    const char *text = !opt.fetch ? "say with --fetch which command fetches a deep quote" : NULL;

    if (!opt.check.store) {
        text = "name the verifier's store with --store FILE: challenges come from it";
    }
    if (opt.interval < 1 || opt.interval > INTERVAL_MAX_S || opt.timeout < 1 ||
        opt.timeout > TIMEOUT_MAX_S || opt.attempts < 0 || !(opt.retry > 0) ||
        opt.retry > INTERVAL_MAX_S) {
        text = "--interval takes 1 to 604800 seconds, --timeout 1 to 3600, --retry more than 0, "
               "--attempts 0 or more";
    }
    if (text) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "watch: %s", text);
        return FALSE;
    }
    if (!g_shell_parse_argv(opt.fetch, NULL, ret_argv, error)) {
        g_prefix_error(error, "--fetch: ");
        return FALSE;
    }
    return TRUE;
}

static int run(char **argv, GError **error)
{
    Watch w = { .argv = argv, .status = EXIT_NO_ANSWER };
    guint signals[2];
    int status = EXIT_UNUSABLE;

    w.checker = checker_new(&opt.check, error);
    w.round = w.checker ? watch_round_new(error) : NULL;
    if (w.round) {
        w.loop = g_main_loop_new(NULL, FALSE);
        signals[0] = g_unix_signal_add(SIGTERM, stop, &w);
        signals[1] = g_unix_signal_add(SIGINT, stop, &w);
        status = watch(&w, error);
        g_source_remove(signals[0]);
        g_source_remove(signals[1]);
        g_main_loop_unref(w.loop);
    }
    watch_round_free(w.round);
    checker_free(w.checker);
    g_free(w.last);
    return status;
}

int watch_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(entries, argv, "- ask one VM for deep quotes, again and again", 0, error);
    g_auto(GStrv) fetch = NULL;

    return words && check_options(&fetch, error) ? run(fetch, error) : EXIT_UNUSABLE;
}
