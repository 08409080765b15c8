/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verification, which is what the program does without another command. */
#include "check_command.h"

#include "command.h"
#include "check_input.h"
#include "check_report.h"
#include "checker.h"
#include "ear.h"
#include "jws_file.h"
#include "profile_file.h"
#include "record_text.h"
#include "report_page.h"

#include "common/args.h"
#include "common/escape.h"
#include "common/output.h"

#include <limits.h>
#include <unistd.h>

/** The command line as it was given. */
static struct {
    CheckPaths paths;
    CheckOptions check;
    char **folders; /* borrowed */
    char *ear, *output, *page;
    int threads;
    char *pcr_list, *hash, *format, *tcti;
    gboolean json, quiet, verbose, version;
} opt;

/** Options of tpm2_checkquote that have no place here: whose value, what to do. */
static char *const *const refused_values[] = { &opt.pcr_list, &opt.hash, &opt.tcti };
static const char *const refused_texts[] = {
    "-l: the quote itself says which PCRs it covers; say in a --policy what their values must be",
    "-g: the signature itself says which hash it is made with; leave -g out",
    "-T: no TPM is needed; leave -T out",
};

G_STATIC_ASSERT(G_N_ELEMENTS(refused_values) == G_N_ELEMENTS(refused_texts));

static const GOptionEntry entries[] = {
    { "message", 'm', 0, G_OPTION_ARG_FILENAME, &opt.paths.message,
      "From the guest: the vTPM's quote, a TPMS_ATTEST", "FILE" },
    { "signature", 's', 0, G_OPTION_ARG_FILENAME, &opt.paths.signature,
      "From the guest: the signature, a TPMT_SIGNATURE; left out where no key signed", "FILE" },
    { "pcr", 'f', 0, G_OPTION_ARG_FILENAME, &opt.paths.pcrs,
      "From the guest: the values of the vTPM's PCRs, one after the other or serialized", "FILE" },
    { "evidence", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.evidence, "From the guest: the evidence",
      "FILE" },
    { "guest-public", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.key,
      "From the guest: the key that it signed with, a TPM2B_PUBLIC; not an expectation", "FILE" },
    { "eventlog", 'e', 0, G_OPTION_ARG_FILENAME, &opt.paths.event_log,
      "From the guest: its firmware's event log, which must lead to the PCRs quoted", "FILE" },
    { "ima", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.ima,
      "From the guest: its kernel's IMA list, binary, the same", "FILE" },
    { "host-eventlog", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.host_event_log,
      "From the guest or the host: the event log of the host's firmware, the same", "FILE" },
    { "host-ima", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.host_ima,
      "From the guest or the host: the IMA list of the host's kernel, the same", "FILE" },
    { "systemd-log", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.systemd,
      "From the guest: what its systemd measured, tpm2-measure.log, the same", "FILE" },
    { "host-systemd-log", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.host_systemd,
      "From the host: what its systemd measured, the same", "FILE" },
    { "vtpm-parts", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.vtpm_parts,
      "From the guest: the files whose code its vTPM runs, which must be those measured", "FILE" },
    { "vm-launch", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.vm_launch,
      "From the guest: what the host says that the VM was started with, the same", "FILE" },
    { "vtpm-ek", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.vtpm_ek,
      "From the guest: the certificate of its vTPM's endorsement key, DER", "FILE" },
    { "ek-chain", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.ek_chain,
      "From the guest: the host's authority for vTPMs, which must have issued it, DER", "FILE" },
    { "cmw", 0, 0, G_OPTION_ARG_FILENAME, &opt.paths.cmw,
      "From the guest: all of these in one file, a CMW collection in JSON or CBOR", "FILE" },
    { "qualification", 'q', 0, G_OPTION_ARG_STRING, &opt.check.expected.challenge,
      "The challenge that was given out: digits, or a file that holds it", "HEX" },
    { "bind", 0, 0, G_OPTION_ARG_FILENAME, &opt.check.expected.bind,
      "Certificate or public key of the server at the other end of the channel to the VM", "FILE" },
    { "uuid", 0, 0, G_OPTION_ARG_STRING, &opt.check.expected.uuid, "The VM that is expected",
      "UUID" },
    { "public", 'u', 0, G_OPTION_ARG_FILENAME, &opt.check.expected.key,
      "The vTPM's signing key that is expected, a TPM2B_PUBLIC, or PEM or DER", "FILE" },
    { "ak", 0, 0, G_OPTION_ARG_STRING, &opt.check.expected.ak, "Its Name", "KEY" },
    { "ek", 0, 0, G_OPTION_ARG_STRING, &opt.check.expected.ek,
      "Name of the vTPM's endorsement key that is expected", "KEY" },
    { "store", 0, 0, G_OPTION_ARG_FILENAME, &opt.check.store,
      "Challenges, hosts and VMs: made by init", "FILE" },
    { "policy", 0, 0, G_OPTION_ARG_FILENAME, &opt.check.policy,
      "Reference values and exceptions, see deepquote-policy(5)", "FILE" },
    { "host-profile", 0, 0, G_OPTION_ARG_FILENAME, &opt.check.expected.host_profile,
      "How the host may boot and what it may run, see deepquote-profile(5)", "FILE" },
    { "vm-profile", 0, 0, G_OPTION_ARG_FILENAME, &opt.check.expected.vm_profile,
      "The same of the VM", "FILE" },
    PROFILE_KEY_OPTION(&opt.check.expected.profile_key),
    VULNERABILITIES_OPTION(&opt.check.expected.vulnerabilities),
    { "host", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt.check.hosts,
      "A host's attestation key, a TPM2B_PUBLIC, that nobody enrolled; may be repeated", "FILE" },
    { "host-public", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt.check.host_publics,
      "A host's key for a policy that has its Name; may be repeated", "FILE" },
    { "allow-key", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.check.allowed_keys,
      "A vTPM's key that need not be restricted; may be repeated", "KEY" },
    { "allow-simulated", 0, 0, G_OPTION_ARG_NONE, &opt.check.allow_simulated,
      "Hosts with a stand-in TPM can be trusted", NULL },
    { "allow-host-vouched", 0, 0, G_OPTION_ARG_NONE, &opt.check.allow_host_vouched,
      "Quotes that no key of the vTPM signed can be trusted, on the host's word alone", NULL },
    { "record", 0, 0, G_OPTION_ARG_NONE, &opt.check.record,
      "Keep each verdict in the store with all it depends on, for audit", NULL },
    { "threads", 0, 0, G_OPTION_ARG_INT, &opt.threads,
      "How many FOLDERs to verify at a time (one after the other)", "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &opt.json, "Print one JSON object for each verdict", NULL },
    { "ear", 0, 0, G_OPTION_ARG_FILENAME, &opt.ear,
      "Write an EAT Attestation Result too, signed with this private key on P-256 (PEM)", "KEY" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output, "Where --ear is written", "FILE" },
    { "report", 0, 0, G_OPTION_ARG_FILENAME, &opt.page, "Write a page for people too, in HTML",
      "FILE" },
    { "quiet", 'Q', 0, G_OPTION_ARG_NONE, &opt.quiet, "Print the verdict only", NULL },
    { "pcr-list", 'l', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &opt.pcr_list, NULL, NULL },
    { "hash-algorithm", 'g', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &opt.hash, NULL, NULL },
    { "tcti", 'T', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &opt.tcti, NULL, NULL },
    { "format", 'F', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &opt.format, NULL, NULL },
    { "verbose", 'V', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt.verbose, NULL, NULL },
    { "version", 'v', 0, G_OPTION_ARG_NONE, &opt.version, "Print the version", NULL },
    { 0 },
};

static const char description[] =
    "A FOLDER holds one deep quote, as it came from a guest: quote.cmw (as --cmw takes it), or\n"
    "evidence.bin and quote.msg, and where they are there quote.sig, pcrs.bin, ak.pub and the "
    "logs\n"
    "boot.log, ima.log, host_boot.log and host_ima.log, vtpm_parts.bin, vm_launch.bin, "
    "vtpm_ek.der,\n"
    "ek_chain.der, systemd.log and host_systemd.log. What is expected comes from options and the "
    "store alone.\n\n"
    "Other commands: init, challenge, host, vm, accept, watch, audit, report, eventlog, ima,\n"
    "profile, predict; each has --help.\n\n"
    "Exit status: 0 trusted, 1 refused, 2 wrong usage or unreadable input, 3 authentic: nothing "
    "is\n"
    "wrong, but not everything was compared.";

/* @name is NULL for the deep quote that the options name. */
static void report(const char *name, const DqVerdict *verdict)
{
    g_autofree char *shown = name ? escape_text(name, PATH_MAX) : NULL;
    g_autofree char *prefix = name ? g_strconcat(shown, ": ", NULL) : g_strdup("");

    if (opt.json) {
        report_json(stdout, name, verdict);
        return;
    }
    if (!name && !opt.quiet) {
        report_checks(stdout, verdict);
    }
    report_verdict(stdout, prefix, verdict);
}

static int status_of(const DqVerdict *verdict)
{
    static const int statuses[] = {
        [DQ_REFUSED] = EXIT_REFUSED,
        [DQ_AUTHENTIC] = EXIT_AUTHENTIC,
        [DQ_TRUSTED] = EXIT_TRUSTED,
    };

    return statuses[dq_verdict_get_outcome(verdict)];
}

static gboolean write_ear(const DqJwsKey *key, const DqVerdict *verdict, DqBytes challenge,
                          GError **error)
{
    g_autofree char *claims = ear_claims(verdict, command_now(), challenge);
    g_autofree char *ear = dq_jws_sign(key, "eat+jwt", claims, error);

    return ear && output_write_text(opt.output, ear, error);
}

static gboolean write_page(const DqVerdict *verdict, GError **error)
{
    g_autofree char *json = dq_verdict_to_json(verdict);
    g_autofree char *at = text_time(command_now());
    g_autofree char *source = g_strconcat("Verified at ", at, ".", NULL);
    g_autofree char *page = report_page(json, source, NULL, error);

    return page && output_write_text(opt.page, page, error);
}

static DqJwsKey *read_ear_key(GError **error)
{
    DqJwsKey *key = jws_key_read(opt.ear, error);

    if (!key) {
        g_prefix_error(error, "--ear ");
    }
    return key;
}

static int check_one(Checker *checker, GError **error)
{
    g_autoptr(CheckInput) input = check_input_read(&opt.paths, error);
    g_autoptr(DqJwsKey) key = NULL;
    g_autoptr(DqVerdict) verdict = NULL;

    if (!input || (opt.ear && !(key = read_ear_key(error)))) {
        return EXIT_UNUSABLE;
    }
    verdict = checker_check(checker, input, error);
    if (!verdict || (key && !write_ear(key, verdict, checker_get_challenge(checker), error)) ||
        (opt.page && !write_page(verdict, error))) {
        return EXIT_UNUSABLE;
    }
    report(NULL, verdict);
    return status_of(verdict);
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
    GError *error; /* why it has none */
} Job;

static void job_clear(gpointer data)
{
    Job *job = data;

    g_clear_pointer(&job->input, check_input_free);
    dq_verdict_free(job->verdict);
    g_clear_error(&job->error);
}

static void take_verdict(gpointer tag, DqVerdict *verdict, const GError *error, gpointer checker)
{
    Job *job = tag;

    job->verdict = verdict;
    job->error = error ? g_error_copy(error) : NULL;
    if (verdict && !checker_record(checker, job->input, verdict, &job->error)) {
        g_clear_pointer(&job->verdict, dq_verdict_free);
    }
    g_clear_pointer(&job->input, check_input_free);
}

/* Reads folder by folder while those before are verified. */
static void verify_jobs(Checker *checker, GArray *jobs)
{
    const guint threads = opt.threads > 1 ? (guint)opt.threads : 0;
    g_autoptr(DqStream) stream =
        dq_stream_new(checker_get_verifier(checker), threads, take_verdict, checker);

    for (guint i = 0; i < jobs->len; i++) {
        Job *job = &g_array_index(jobs, Job, i);
        DqExpected x;
        DqQuote quote;

        job->input = check_input_read_folder(job->name, &job->error);
        if (job->input && checker_prepare(checker, job->input, &quote, &x, &job->error)) {
            dq_stream_push(stream, &quote, &x, job);
        }
        show_progress(i + 1, jobs->len);
    }
}

/* Returns the exit status of this one alone. */
static int report_job(const Job *job)
{
    if (job->verdict) {
        report(job->name, job->verdict);
        return status_of(job->verdict);
    }
    if (opt.json) {
        report_json_error(stdout, job->name, job->error->message);
    } else {
        g_autofree char *name = escape_text(job->name, PATH_MAX);
        g_autofree char *why = escape_text(job->error->message, 2 * PATH_MAX);

        printf("%s: no verdict: %s\n", name, why);
    }
    return EXIT_UNUSABLE;
}

/* Of all statuses the one that asks most of the reader. */
static int report_jobs(const GArray *jobs)
{
    static const int by_weight[] = { EXIT_UNUSABLE, EXIT_REFUSED, EXIT_AUTHENTIC };
    guint count[EXIT_AUTHENTIC + 1] = { 0 };

    for (guint i = 0; i < jobs->len; i++) {
        count[report_job(&g_array_index(jobs, Job, i))]++;
    }
    if (!opt.json) {
        printf("trusted: %u of %u; authentic: %u; refused: %u; without a verdict: %u\n",
               count[EXIT_TRUSTED], jobs->len, count[EXIT_AUTHENTIC], count[EXIT_REFUSED],
               count[EXIT_UNUSABLE]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(by_weight); i++) {
        if (count[by_weight[i]] > 0) {
            return by_weight[i];
        }
    }
    return EXIT_TRUSTED;
}

/* All verdicts are reported in the order of the folders. */
static int check_folders(Checker *checker)
{
    guint count = g_strv_length(opt.folders);
    g_autoptr(GArray) jobs = g_array_sized_new(FALSE, TRUE, sizeof(Job), count);

    g_array_set_clear_func(jobs, job_clear);
    g_array_set_size(jobs, count);
    for (guint i = 0; i < count; i++) {
        g_array_index(jobs, Job, i).name = opt.folders[i];
    }
    verify_jobs(checker, jobs);
    return report_jobs(jobs);
}

static gboolean check_options(GError **error)
{
    static const char *const formats[] = { "values", "serialized", "tss", NULL };
    const char *text = opt.verbose ? "-V: everything is told without it; leave -V out" : NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(refused_values); i++) {
        text = *refused_values[i] ? refused_texts[i] : text;
    }
    if (opt.format && !g_strv_contains(formats, opt.format)) {
        text = "-F: PCR values are values or serialized, the signature is tss: leave -F out, all "
               "of them are recognised";
    }
    if (!opt.ear != !opt.output || (opt.ear && opt.folders[0])) {
        text = "--ear KEY and -o FILE belong together, and are for one deep quote, whose files "
               "options name";
    }
    if (opt.page && opt.folders[0]) {
        text = "--report FILE is for one deep quote, whose files options name";
    }
    if (text) {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    }
    return !text;
}

int check_command(char **argv, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new("[FOLDER...] - verify deep quotes");
    g_auto(GStrv) words = NULL;
    g_autoptr(Checker) checker = NULL;

    g_option_context_set_description(context, description);
    words = args_parse(context, entries, argv, error);
    if (!words) {
        g_prefix_error(error, "see --help: ");
        return EXIT_UNUSABLE;
    }
    if (opt.version) {
        printf("%s (" PROJECT_NAME ") " PROJECT_VERSION "\n", g_get_prgname());
        return EXIT_DONE;
    }
    opt.folders = words + 1;
    if (!check_options(error)) {
        return EXIT_UNUSABLE;
    }
    checker = checker_new(&opt.check, error);
    if (!checker) {
        return EXIT_UNUSABLE;
    }
    return !opt.folders[0] ? check_one(checker, error) : check_folders(checker);
}
