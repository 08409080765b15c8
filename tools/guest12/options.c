/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include "codes.h"

#include "attest/bytes.h"
#include "common/args.h"
#include "common/flags.h"
#include "common/input.h"
#include "common/pcr-list.h"

#include <string.h>

enum { CHANNEL_KEY_MAX = 256 * 1024 }; /* more than any chain of certificates */

/** The command line as it was given. */
static struct {
    gboolean version, aik_create, unicode, owner_well_known, srk_well_known, aik_password;
    gboolean version_info;
    char *log, *device, *blob, *public, *nonce, *bind, *pcr_list, *host_pcr_list, *flags;
    char *message, *signature, *pcrs, *evidence;
    char **host_credentials;
} opt;

static const GOptionEntry entries[] = {
    { "version", 'v', 0, G_OPTION_ARG_NONE, &opt.version, "Display command version info.", NULL },
    { "log", 'l', 0, G_OPTION_ARG_STRING, &opt.log, "Set logging level.", "none|error|info|debug" },
    { "unicode", 'u', 0, G_OPTION_ARG_NONE, &opt.unicode,
      "Use TSS UNICODE encoding for passwords, as -u of tpm-tools does", NULL },
    { "owner-well-known", 'y', 0, G_OPTION_ARG_NONE, &opt.owner_well_known,
      "The owner's secret is 20 bytes of zeros (as set by tpm_takeownership -y)", NULL },
    { "srk-well-known", 'z', 0, G_OPTION_ARG_NONE, &opt.srk_well_known,
      "The SRK's secret is 20 bytes of zeros (as set by tpm_takeownership -z)", NULL },
    { "well-known", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &opt.srk_well_known, NULL, NULL },
    { "aik-create", 0, 0, G_OPTION_ARG_NONE, &opt.aik_create,
      "Make and activate an attestation identity key by way of tcsd, and write it into the file of "
      "-b",
      NULL },
    { "aik-blob", 'b', 0, G_OPTION_ARG_FILENAME, &opt.blob,
      "The identity key that signs: a file that --aik-create or tpm_mkaik wrote", "FILE" },
    { "aik-public", 0, 0, G_OPTION_ARG_FILENAME, &opt.public,
      "Write the key's TPM_PUBKEY, for the verifier", "FILE" },
    { "aik-password", 'k', 0, G_OPTION_ARG_NONE, &opt.aik_password,
      "The identity key has a password, which is asked for", NULL },
    { "qualification", 'q', 0, G_OPTION_ARG_FILENAME, &opt.nonce,
      "The verifier's nonce, 20 to 64 bytes, of which the first 20 are signed: hexadecimal digits, "
      "or "
      "a file",
      "NONCE" },
    { "bind", 0, 0, G_OPTION_ARG_FILENAME, &opt.bind,
      "Bind the quote to the channel of this certificate or public key, PEM or DER", "FILE" },
    { "pcr-list", 'p', 0, G_OPTION_ARG_STRING, &opt.pcr_list, "PCRs of this guest's vTPM",
      "0,1,..." },
    { "host-pcr-list", 0, 0, G_OPTION_ARG_STRING, &opt.host_pcr_list, "PCRs of the host's TPM",
      "sha256:0,1,..." },
    { "flags", 0, 0, G_OPTION_ARG_STRING, &opt.flags,
      "What the binding should hold besides: number, or of " FLAGS_NAMES, "FLAGS" },
    { "version-info", 0, 0, G_OPTION_ARG_NONE, &opt.version_info,
      "Have the vTPM sign its version too", NULL },
    { "message", 'm', 0, G_OPTION_ARG_FILENAME, &opt.message, "Write the TPM_QUOTE_INFO2 here",
      "FILE" },
    { "signature", 's', 0, G_OPTION_ARG_FILENAME, &opt.signature, "Write the signature here",
      "FILE" },
    { "pcr", 'o', 0, G_OPTION_ARG_FILENAME, &opt.pcrs, "Write the values of the vTPM's PCRs here",
      "FILE" },
    { "evidence", 0, 0, G_OPTION_ARG_FILENAME, &opt.evidence, "Write the evidence here", "FILE" },
    { "host-credential", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt.host_credentials,
      "Write ak, ak-cert, ek, ek-cert, group, ek-chain, boot-log, ima-log, vtpm-parts or vm-launch "
      "of the "
      "host into FILE; may be repeated",
      "WHAT=FILE" },
    { "device", 'd', 0, G_OPTION_ARG_FILENAME, &opt.device,
      "The TPM's device, or its unix socket (" DEVICE_DEFAULT ")", "FILE" },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
};

static const char description[] =
    "With tcsd running, once:\n\n"
    "  tpm_takeownership\n"
    "  tpm_deepquote --aik-create -b aik.blob --aik-public ak.pub\n\n"
    "With tcsd stopped, for each challenge of the verifier:\n\n"
    "  tpm_deepquote -b aik.blob -q NONCE -p 0,1,2,3,4,5,6,7 \\\n"
    "      --host-pcr-list sha256:0,1,2,3,4,5,6,7 -m quote.msg -s quote.sig -o pcrs.bin \\\n"
    "      --evidence evidence.bin\n\n"
    "Exit status: 0 done, 1 refused by the TPM, the host or TrouSerS, 2 wrong usage.\n";

static const char *const log_names[] = {
    [LOG_NONE] = "none",
    [LOG_ERROR] = "error",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

static gboolean input_error(GError **error, const char *text)
{
    g_set_error_literal(error, TPM12_ERROR, TPM12_ERROR_INPUT, text);
    return FALSE;
}

static gboolean parse_log(LogLevel *ret, GError **error)
{
    if (!opt.log) {
        return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(log_names); i++) {
        if (strcmp(log_names[i], opt.log) == 0) {
            *ret = (LogLevel)i;
            return TRUE;
        }
    }
    return input_error(error, "-l: give none, error, info or debug");
}

/* What stands for the verifier's challenge on this channel */
static gboolean bind_nonce(GBytes *challenge, uint8_t ret[DQ_HASH_SIZE], GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) key = input_read(opt.bind, CHANNEL_KEY_MAX, &why);

    if (!key || !dq_bind_nonce(dq_bytes_peek(challenge), dq_bytes_peek(key), ret, &why)) {
        g_set_error(error, TPM12_ERROR, TPM12_ERROR_INPUT, "--bind: %s", why->message);
        return FALSE;
    }
    return TRUE;
}

static gboolean parse_nonce(uint8_t ret[TPM12_DIGEST_SIZE], GError **error)
{
    g_autoptr(GBytes) nonce =
        input_nonce("-q", opt.nonce, TPM12_DIGEST_SIZE, DEEPQUOTE_NONCE_MAX, error);
    uint8_t bound[DQ_HASH_SIZE];

    G_STATIC_ASSERT(DQ_HASH_SIZE >= TPM12_DIGEST_SIZE);
    if (!nonce || (opt.bind && !bind_nonce(nonce, bound, error))) {
        return FALSE;
    }
    memcpy(ret, opt.bind ? bound : dq_bytes_peek(nonce).data, TPM12_DIGEST_SIZE);
    return TRUE;
}

static gboolean parse_pcrs(WirePcrSelection *ret, GError **error)
{
    g_autofree char *list = strchr(opt.pcr_list, ':') ? g_strdup(opt.pcr_list)
                                                      : g_strconcat("sha1:", opt.pcr_list, NULL);

    if (!pcr_list_parse("-p", list, ret, error)) {
        return FALSE;
    }
    pcr_list_merge(ret, ret);
    if (ret->count != 1 || ret->bank[0].hash != TPM_ALG_SHA1 || wire_pcr_count(ret) == 0) {
        return input_error(error, "-p: a TPM 1.2 has SHA-1 PCRs alone: give their numbers, such as "
                                  "0,1,2");
    }
    return TRUE;
}

static gboolean parse_quote(Task *task, GError **error)
{
    if (!opt.pcr_list || !opt.host_pcr_list) {
        return input_error(error, "a deep quote needs both -p (PCRs of the vTPM) and "
                                  "--host-pcr-list");
    }
    if (!opt.message || !opt.signature || !opt.evidence) {
        return input_error(error, "where to? Give -m, -s and --evidence (and -o for the values of "
                                  "the PCRs)");
    }
    task->request.version = opt.version_info;
    task->request.flags = DEEPQUOTE_HASH_UUID;
    if (!parse_nonce(task->request.nonce, error) || !parse_pcrs(&task->request.pcrs, error) ||
        !pcr_list_parse("--host-pcr-list", opt.host_pcr_list, &task->request.host_pcrs, error)) {
        return FALSE;
    }
    pcr_list_merge(&task->request.host_pcrs, &task->request.host_pcrs);
    return !opt.flags || flags_parse(opt.flags, &task->request.flags, error);
}

static gboolean parse_credentials(Task *task, GError **error)
{
    for (char **text = opt.host_credentials; text && *text; text++) {
        if (task->credential_count == HOST_CREDENTIALS) {
            return input_error(error, "--host-credential: one of them is there twice");
        }
        if (!host_credential_parse(*text, FALSE, &task->credentials[task->credential_count],
                                   error)) {
            return FALSE;
        }
        task->credential_count++;
    }
    return TRUE;
}

enum { FIXED_PATHS = 6 };

/** Two outputs in one file would leave one of them. */
static gboolean check_paths(const Task *task, GError **error)
{
    const char *paths[FIXED_PATHS + HOST_CREDENTIALS] = { opt.message,  opt.signature, opt.pcrs,
                                                          opt.evidence, opt.blob,      opt.public };

    for (gsize i = 0; i < task->credential_count; i++) {
        paths[FIXED_PATHS + i] = task->credentials[i].path;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        for (gsize k = 0; k < i; k++) {
            if (paths[i] && g_strcmp0(paths[i], paths[k]) == 0 &&
                !g_str_has_prefix(paths[i], "/dev/")) {
                return input_error(error, "two of the files have the same name");
            }
        }
    }
    return TRUE;
}

static gboolean check_something_to_do(const Task *task, GError **error)
{
    if (!task->quote && !opt.aik_create && !opt.public && !opt.host_credentials) {
        return input_error(error, "nothing to do: give --aik-create or a nonce with -q, or see "
                                  "--help");
    }
    if (opt.aik_create && (task->quote || opt.host_credentials)) {
        return input_error(error, "--aik-create needs tcsd, and a deep quote needs it stopped: do "
                                  "the one after the other");
    }
    if ((opt.aik_create || task->quote || opt.public) && !opt.blob) {
        return input_error(error, "the identity key is in which file? Give -b FILE");
    }
    if (opt.bind && !task->quote) {
        return input_error(error, "--bind: which challenge? Give the verifier's with -q");
    }
    return TRUE;
}

static void take_options(Task *task)
{
    task->version = opt.version;
    task->aik_create = opt.aik_create;
    task->quote = opt.nonce != NULL;
    task->unicode = opt.unicode;
    task->owner = opt.owner_well_known ? SECRET_WELL_KNOWN : SECRET_TYPED;
    task->srk = opt.srk_well_known ? SECRET_WELL_KNOWN : SECRET_TYPED;
    task->aik = opt.aik_password ? SECRET_TYPED : SECRET_WELL_KNOWN;
    task->device = opt.device ? opt.device : DEVICE_DEFAULT;
    task->blob = opt.blob;
    task->public = opt.public;
    task->message = opt.message;
    task->signature = opt.signature;
    task->pcrs = opt.pcrs;
    task->evidence = opt.evidence;
}

gboolean options_parse(char **argv, Task *ret, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_auto(GStrv) rest = NULL;

    memset(ret, 0, sizeof(*ret));
    ret->log = LOG_ERROR;
    g_option_context_set_summary(
        context, "Gets a deep quote of this guest's virtual TPM 1.2, which the host's TPM "
                 "countersigns.");
    g_option_context_set_description(context, description);
    rest = args_parse(context, entries, argv, error);
    if (!rest) {
        return FALSE;
    }
    take_options(ret);
    if (opt.version) {
        return TRUE;
    }
    if (g_strv_length(rest) > 1) {
        return input_error(error, "there is an argument that belongs to no option: see --help");
    }
    return parse_log(&ret->log, error) && check_something_to_do(ret, error) &&
           parse_credentials(ret, error) && check_paths(ret, error) &&
           (!ret->quote || parse_quote(ret, error));
}
