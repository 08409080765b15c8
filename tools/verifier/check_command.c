/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verification, which is what the program does without another command. */
#include "command.h"
#include "check_input.h"
#include "check_report.h"

#include "common/args.h"

#include <unistd.h>

/** The command line as it was given. */
static struct {
    CheckSource source;
    char **hosts, **host_publics;
    char **folders; /* borrowed */
    char *policy, *state;
    int threads;
    gboolean json, quiet, version;
} opt;

static const GOptionEntry entries[] = {
    { "message", 'm', 0, G_OPTION_ARG_FILENAME, &opt.source.message,
      "The vTPM's quote, a TPMS_ATTEST", "FILE" },
    { "signature", 's', 0, G_OPTION_ARG_FILENAME, &opt.source.signature,
      "The signature over it, a TPMT_SIGNATURE; left out where no key signed", "FILE" },
    { "pcr", 'f', 0, G_OPTION_ARG_FILENAME, &opt.source.pcrs,
      "The values of the vTPM's PCRs, one after the other", "FILE" },
    { "evidence", 0, 0, G_OPTION_ARG_FILENAME, &opt.source.evidence, "The evidence", "FILE" },
    { "qualification", 'q', 0, G_OPTION_ARG_STRING, &opt.source.nonce,
      "The nonce that was chosen: digits, or a file that holds it", "HEX" },
    { "public", 'u', 0, G_OPTION_ARG_FILENAME, &opt.source.public,
      "The vTPM's signing key that is expected, a TPM2B_PUBLIC", "FILE" },
    { "uuid", 0, 0, G_OPTION_ARG_STRING, &opt.source.uuid, "The VM that is expected", "UUID" },
    { "ek", 0, 0, G_OPTION_ARG_STRING, &opt.source.ek,
      "Name of the vTPM's endorsement key that is expected", "HEX" },
    { "host", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt.hosts,
      "Enrol a host: its attestation key, a TPM2B_PUBLIC; may be repeated", "FILE" },
    { "host-public", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt.host_publics,
      "A host key that is trusted only if the policy enrols its Name; may be repeated", "FILE" },
    { "policy", 0, 0, G_OPTION_ARG_FILENAME, &opt.policy,
      "What is allowed, see deepquote-policy(5)", "FILE" },
    { "state", 0, 0, G_OPTION_ARG_FILENAME, &opt.state,
      "Used nonces and counters are remembered here; made where it does not exist", "FILE" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &opt.threads,
      "How many FOLDERs to verify at a time (one after the other)", "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &opt.json, "Print one JSON object for each verdict", NULL },
    { "quiet", 'Q', 0, G_OPTION_ARG_NONE, &opt.quiet, "Print the verdict only", NULL },
    { "version", 'v', 0, G_OPTION_ARG_NONE, &opt.version, "Print the version", NULL },
    { 0 },
};

static const char description[] =
    "A FOLDER holds one deep quote: evidence.bin, quote.msg, nonce (digits), and where they are\n"
    "there quote.sig, pcrs.bin, ak.pub and uuid. nonce, ak.pub and uuid are what the verifier\n"
    "expects: take them from the verifier's own records, not from the guest.\n\n"
    "Exit status: 0 trusted, 1 not trusted, 2 wrong usage or unreadable input.";

static gboolean give_keys(DqVerifier *verifier, char **paths, void (*give)(DqVerifier *, DqKey *),
                          GError **error)
{
    for (; paths != NULL && *paths != NULL; paths++) {
        g_autoptr(DqKey) key = dq_key_new_from_file(*paths, error);

        if (key == NULL) {
            return FALSE;
        }
        give(verifier, key);
    }
    return TRUE;
}

/* (transfer full): NULL with the error set. @ret_state: NULL where none was asked for. */
static DqVerifier *set_up(DqState **ret_state, GError **error)
{
    g_autoptr(DqVerifier) verifier = dq_verifier_new();
    g_autoptr(DqPolicy) policy = NULL;
    g_autoptr(DqState) state = NULL;

    if (opt.hosts == NULL && opt.policy == NULL) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "no host is trusted: enrol one with --host FILE or in a --policy");
        return NULL;
    }
    if (!give_keys(verifier, opt.hosts, dq_verifier_enrol_host, error) ||
        !give_keys(verifier, opt.host_publics, dq_verifier_offer_host_key, error)) {
        return NULL;
    }
    if (opt.policy != NULL) {
        policy = dq_policy_new_from_file(opt.policy, error);
        if (policy == NULL) {
            return NULL;
        }
        dq_verifier_set_policy(verifier, policy);
    }
    if (opt.state != NULL) {
        state = dq_state_open(opt.state, error);
        if (state == NULL) {
            return NULL;
        }
        dq_verifier_set_state(verifier, state);
    }
    *ret_state = g_steal_pointer(&state);
    return g_steal_pointer(&verifier);
}

/* @name is NULL for the deep quote that the options name. */
static void report(const char *name, const DqVerdict *verdict)
{
    g_autofree char *prefix = name == NULL ? g_strdup("") : g_strconcat(name, ": ", NULL);

    if (opt.json) {
        report_json(stdout, name, verdict);
        return;
    }
    if (name == NULL && !opt.quiet) {
        report_checks(stdout, verdict);
    }
    report_verdict(stdout, prefix, verdict);
}

static DqVerdict *check(DqVerifier *verifier, const CheckInput *input)
{
    const DqQuote quote = check_input_quote(input);

    return dq_verifier_check(verifier, &quote);
}

static int check_one(DqVerifier *verifier, DqState *state, GError **error)
{
    g_autoptr(CheckInput) input = check_input_read(&opt.source, error);
    g_autoptr(DqVerdict) verdict = NULL;

    if (input == NULL) {
        return EXIT_UNUSABLE;
    }
    verdict = check(verifier, input);
    /* What is trusted must be remembered first, or the nonce could be used again. */
    if (state != NULL && !dq_state_save(state, error)) {
        return EXIT_UNUSABLE;
    }
    report(NULL, verdict);
    return dq_verdict_is_trusted(verdict) ? EXIT_TRUSTED : EXIT_REFUSED;
}

static void show_progress(guint done, guint all)
{
    if (isatty(STDERR_FILENO) && (done % 100 == 0 || done == all)) {
        fprintf(stderr, "\r%u of %u%s", done, all, done == all ? "\n" : "");
    }
}

/** A folder on its way. */
typedef struct Job {
    const char *name;
    CheckInput *input; /* NULL once it has its verdict */
    DqVerdict *verdict;
} Job;

static void job_clear(gpointer data)
{
    Job *job = data;

    g_clear_pointer(&job->input, check_input_free);
    dq_verdict_free(job->verdict);
}

/* Counts in @done what has its verdict. */
static void take_verdict(gpointer tag, DqVerdict *verdict, gpointer done)
{
    Job *job = tag;

    job->verdict = verdict;
    g_clear_pointer(&job->input, check_input_free);
    (*(guint *)done)++;
}

/* Reads folder by folder while those before are verified. */
static gboolean verify_jobs(DqVerifier *verifier, GArray *jobs, GError **error)
{
    guint done = 0;
    g_autoptr(DqStream) stream =
        dq_stream_new(verifier, opt.threads > 1 ? (guint)opt.threads : 0, take_verdict, &done);

    for (guint i = 0; i < jobs->len; i++) {
        Job *job = &g_array_index(jobs, Job, i);
        DqQuote quote;

        job->input = check_input_read_folder(job->name, &opt.source, error);
        if (job->input == NULL) {
            return FALSE;
        }
        quote = check_input_quote(job->input);
        dq_stream_push(stream, &quote, job);
        show_progress(i + 1, jobs->len);
    }
    return TRUE;
}

static int report_jobs(const GArray *jobs)
{
    guint trusted = 0;

    for (guint i = 0; i < jobs->len; i++) {
        const Job *job = &g_array_index(jobs, Job, i);

        report(job->name, job->verdict);
        trusted += dq_verdict_is_trusted(job->verdict) ? 1 : 0;
    }
    if (!opt.json) {
        printf("trusted: %u of %u\n", trusted, jobs->len);
    }
    return trusted == jobs->len ? EXIT_TRUSTED : EXIT_REFUSED;
}

/* All verdicts are kept until the state is saved, then reported in the order of the folders. */
static int check_folders(DqVerifier *verifier, DqState *state, GError **error)
{
    guint count = g_strv_length(opt.folders);
    g_autoptr(GArray) jobs = g_array_sized_new(FALSE, TRUE, sizeof(Job), count);

    g_array_set_clear_func(jobs, job_clear);
    g_array_set_size(jobs, count);
    for (guint i = 0; i < count; i++) {
        g_array_index(jobs, Job, i).name = opt.folders[i];
    }
    if (!verify_jobs(verifier, jobs, error) || (state != NULL && !dq_state_save(state, error))) {
        return EXIT_UNUSABLE;
    }
    return report_jobs(jobs);
}

int check_command(char **argv, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new("[FOLDER...] - verify deep quotes");
    g_auto(GStrv) words = NULL;
    g_autoptr(DqState) state = NULL;
    g_autoptr(DqVerifier) verifier = NULL;

    g_option_context_set_description(context, description);
    words = args_parse(context, entries, argv, error);
    if (words == NULL) {
        g_prefix_error(error, "see --help: ");
        return EXIT_UNUSABLE;
    }
    if (opt.version) {
        printf("tpm2_checkdeepquote %s\n", PROJECT_VERSION);
        return EXIT_DONE;
    }
    opt.folders = words + 1;
    verifier = set_up(&state, error);
    if (verifier == NULL) {
        return EXIT_UNUSABLE;
    }
    return opt.folders[0] == NULL ? check_one(verifier, state, error)
                                  : check_folders(verifier, state, error);
}
