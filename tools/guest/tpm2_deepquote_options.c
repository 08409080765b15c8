/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_options.h"

#include "attest/bytes.h"
#include "attest/deepquote.h"
#include "common/args.h"
#include "common/flags.h"
#include "common/input.h"
#include "common/pcr-list.h"

#include <string.h>

enum { CHANNEL_KEY_MAX = 256 * 1024 }; /* more than any chain of certificates */

/** The command line as it was given. */
static struct {
    char *key, *auth, *hierarchy_auth, *hash, *scheme, *algorithm;
    char *nonce, *bind, *pcr_list, *host_pcr_list, *flags;
    char *message, *signature, *pcrs, *evidence, *pcrs_format, *format;
    char *tcti, *ak_public, *host_pcrs_out;
    char **host_credentials, **cmw_logs;
    char *cmw, *cmw_cbor;
    gboolean ak_create, version, quiet, verbose;
} opt;

static const GOptionEntry entries[] = {
    { "key-context", 'c', 0, G_OPTION_ARG_FILENAME, &opt.key,
      "Signing key: context file, handle (0x81010002) or null; with --ak-create a file to write",
      "KEY" },
    { "auth", 'p', 0, G_OPTION_ARG_FILENAME, &opt.auth,
      "What authorizes the key: str:TEXT, hex:BYTES, file:PATH, session:FILE or pcr:LIST", "AUTH" },
    { "qualification", 'q', 0, G_OPTION_ARG_FILENAME, &opt.nonce,
      "The verifier's nonce, 16 to 64 bytes: hexadecimal digits, or a file", "NONCE" },
    { "bind", 0, 0, G_OPTION_ARG_FILENAME, &opt.bind,
      "Bind the quote to the channel of this certificate or public key, PEM or DER", "FILE" },
    { "pcr-list", 'l', 0, G_OPTION_ARG_STRING, &opt.pcr_list, "PCRs of this guest's vTPM",
      "sha256:0,1,..." },
    { "host-pcr-list", 0, 0, G_OPTION_ARG_STRING, &opt.host_pcr_list, "PCRs of the host's TPM",
      "sha256:0,1,..." },
    { "flags", 0, 0, G_OPTION_ARG_STRING, &opt.flags,
      "What the binding should hold besides: number, or of " FLAGS_NAMES, "FLAGS" },
    { "hash-algorithm", 'g', 0, G_OPTION_ARG_STRING, &opt.hash,
      "Hash of the signature, for a key without a scheme and for --ak-create (sha256)", "ALG" },
    { "scheme", 0, 0, G_OPTION_ARG_STRING, &opt.scheme,
      "Signature scheme, for the same: ecdsa, rsassa or rsapss", "SCHEME" },
    { "key-algorithm", 'G', 0, G_OPTION_ARG_STRING, &opt.algorithm,
      "Which key --ak-create makes: ecc, ecc384, rsa or rsa3072 (ecc)", "ALG" },
    { "message", 'm', 0, G_OPTION_ARG_FILENAME, &opt.message, "Write the TPMS_ATTEST here",
      "FILE" },
    { "signature", 's', 0, G_OPTION_ARG_FILENAME, &opt.signature, "Write the TPMT_SIGNATURE here",
      "FILE" },
    { "format", 'f', 0, G_OPTION_ARG_STRING, &opt.format,
      "Format of the signature: tss, the one that verifiers take", "tss" },
    { "pcr", 'o', 0, G_OPTION_ARG_FILENAME, &opt.pcrs, "Write the values of the vTPM's PCRs here",
      "FILE" },
    { "pcrs_format", 'F', 0, G_OPTION_ARG_STRING, &opt.pcrs_format,
      "Their format: values, one after the other, or serialized (values)", "FORMAT" },
    { "evidence", 0, 0, G_OPTION_ARG_FILENAME, &opt.evidence, "Write the evidence here", "FILE" },
    { "tcti", 'T', 0, G_OPTION_ARG_FILENAME, &opt.tcti,
      "How to reach the TPM; default: $TPM2TOOLS_TCTI, /dev/tpmrm0, /dev/tpm0", "CONF" },
    { "ak-create", 0, 0, G_OPTION_ARG_NONE, &opt.ak_create,
      "Make the attestation key (the same one each time) and sign with it", NULL },
    { "ak-public", 0, 0, G_OPTION_ARG_FILENAME, &opt.ak_public,
      "Write the key's TPM2B_PUBLIC here, for the verifier", "FILE" },
    { "eh-auth", 'P', 0, G_OPTION_ARG_FILENAME, &opt.hierarchy_auth,
      "What authorizes the endorsement hierarchy, for --ak-create", "AUTH" },
    { "host-pcrs-out", 0, 0, G_OPTION_ARG_FILENAME, &opt.host_pcrs_out,
      "Read the host's PCRs (--host-pcr-list) without a quote into this file", "FILE" },
    { "host-credential", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt.host_credentials,
      "Write ak, ak-cert, ek, ek-cert, group, ek-chain, boot-log, ima-log, vtpm-parts or vm-launch "
      "of the host into FILE; may be repeated",
      "WHAT=FILE" },
    { "cmw", 0, 0, G_OPTION_ARG_FILENAME, &opt.cmw,
      "Write all that the verifier takes into one file, a CMW collection in JSON", "FILE" },
    { "cmw-cbor", 0, 0, G_OPTION_ARG_FILENAME, &opt.cmw_cbor, "The same in CBOR", "FILE" },
    { "cmw-log", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &opt.cmw_logs,
      "Put this guest's boot-log, ima-log or systemd-log from FILE into it; may be repeated",
      "WHAT=FILE" },
    { "quiet", 'Q', 0, G_OPTION_ARG_NONE, &opt.quiet, "Print errors only", NULL },
    { "verbose", 'V', 0, G_OPTION_ARG_NONE, &opt.verbose, "Print what tpm2-tss logs, too", NULL },
    { "version", 'v', 0, G_OPTION_ARG_NONE, &opt.version, "Print the version", NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
};

static const char description[] =
    "A deep quote is a quote of this guest's vTPM that the host's TPM countersigns. The files "
    "made\n"
    "here go to the verifier: tpm2_checkdeepquote.\n\n"
    "  tpm2_deepquote --ak-create --ak-public ak.pub -q NONCE -l sha256:0,1,2,3,4,5,6,7 \\\n"
    "      --host-pcr-list sha256:0,1,2,3,4,5,6,7 -m quote.msg -s quote.sig -o pcrs.bin \\\n"
    "      --evidence evidence.bin\n\n"
    "Exit status: 0 done, 1 refused by the TPM or the host, 2 wrong usage.\n";

static gboolean input_error(GError **error, const char *text)
{
    g_set_error_literal(error, VTPM_ERROR, VTPM_ERROR_INPUT, text);
    return FALSE;
}

static gboolean parse_flags(const char *text, uint32_t *ret, GError **error)
{
    g_autoptr(GError) why = NULL;

    return flags_parse(text, ret, &why) || input_error(error, why->message);
}

/** The nonce that stands for the verifier's @challenge on this channel. */
static gboolean bind_nonce(const char *path, GBytes *challenge, TPM2B_DATA *ret, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) key = input_read(path, CHANNEL_KEY_MAX, &why);

    G_STATIC_ASSERT(DQ_HASH_SIZE <= DEEPQUOTE_NONCE_MAX);
    if (!key || !dq_bind_nonce(dq_bytes_peek(challenge), dq_bytes_peek(key), ret->buffer, &why)) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_INPUT, "--bind: %s", why->message);
        return FALSE;
    }
    ret->size = DQ_HASH_SIZE;
    return TRUE;
}

static gboolean parse_nonce(TPM2B_DATA *ret, GError **error)
{
    g_autoptr(GBytes) nonce =
        input_nonce("-q", opt.nonce, DEEPQUOTE_NONCE_MIN, DEEPQUOTE_NONCE_MAX, error);
    DqBytes bytes;

    if (!nonce) {
        return FALSE;
    }
    if (opt.bind) {
        return bind_nonce(opt.bind, nonce, ret, error);
    }
    bytes = dq_bytes_peek(nonce);
    ret->size = (UINT16)bytes.len;
    memcpy(ret->buffer, bytes.data, bytes.len);
    return TRUE;
}

/** Whether there is one file for all that the verifier takes. */
static gboolean has_cmw(void)
{
    return opt.cmw || opt.cmw_cbor;
}

static gboolean parse_credentials(Task *task, GError **error)
{
    for (char **text = opt.host_credentials; text && *text; text++) {
        if (task->credential_count == HOST_CREDENTIALS) {
            return input_error(error, "--host-credential: one of them is there twice");
        }
        if (!host_credential_parse(*text, has_cmw(), &task->credentials[task->credential_count],
                                   error)) {
            return FALSE;
        }
        task->credential_count++;
    }
    return TRUE;
}

static gboolean parse_cmw(Task *task, GError **error)
{
    task->cmw.json = opt.cmw;
    task->cmw.cbor = opt.cmw_cbor;
    if (has_cmw() && !task->quote) {
        return input_error(error, "--cmw has a deep quote in it: give a nonce with -q");
    }
    if (opt.cmw_logs && !has_cmw()) {
        return input_error(error, "--cmw-log: into which file? Give --cmw or --cmw-cbor");
    }
    for (char **text = opt.cmw_logs; text && *text; text++) {
        if (!cmw_parse_log(*text, &task->cmw, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean parse_host_pcrs(const char *text, WirePcrSelection *ret, GError **error)
{
    if (!pcr_list_parse("--host-pcr-list", text, ret, error)) {
        return FALSE;
    }
    pcr_list_merge(ret, ret);
    return TRUE;
}

static gboolean parse_quote(Task *task, GError **error)
{
    if (!opt.key && !opt.ak_create) {
        return input_error(error, "which key signs? Give -c KEY or --ak-create");
    }
    if (!opt.pcr_list || !opt.host_pcr_list) {
        return input_error(error, "a deep quote needs both -l (PCRs of the vTPM) and "
                                  "--host-pcr-list");
    }
    if (!has_cmw() && (!opt.message || !opt.signature || !opt.evidence)) {
        return input_error(error, "where to? Give -m, -s and --evidence (and -o for the values of "
                                  "the PCRs), or --cmw for all in one file");
    }
    return parse_nonce(&task->request.nonce, error) &&
           pcr_list_parse("-l", opt.pcr_list, &task->request.vtpm_pcrs, error);
}

static gboolean parse_formats(Task *task, GError **error)
{
    if (opt.format && strcmp(opt.format, "tss") != 0) {
        return input_error(error, "-f: verifiers of deep quotes take the signature as the TPM "
                                  "makes it, which is tss: leave -f out");
    }
    if (opt.pcrs_format && strcmp(opt.pcrs_format, "values") != 0 &&
        strcmp(opt.pcrs_format, "serialized") != 0) {
        return input_error(error, "-F: give values, which verifiers of deep quotes take, or "
                                  "serialized");
    }
    task->serialized = g_strcmp0(opt.pcrs_format, "serialized") == 0;
    return TRUE;
}

static gboolean parse_algorithms(Task *task, GError **error)
{
    if (opt.hash) {
        task->scheme.hash = hash_parse(opt.hash);
        if (task->scheme.hash == 0) {
            return input_error(error, "-g: no such hash algorithm; sha256 is one");
        }
        if (!scheme_check_hash(task->scheme.hash, error)) {
            g_prefix_error(error, "-g: ");
            return FALSE;
        }
    }
    if (opt.scheme) {
        task->scheme.scheme = scheme_parse(opt.scheme);
        if (task->scheme.scheme == 0) {
            return input_error(error, "--scheme: no such scheme; ecdsa, rsassa and rsapss are");
        }
    }
    if (opt.algorithm && !opt.ak_create) {
        return input_error(error, "-G says which key --ak-create makes: leave it out");
    }
    return !opt.ak_create || scheme_template(opt.algorithm ? opt.algorithm : "ecc", task->scheme,
                                             &task->ak_template, error);
}

static gboolean parse_auths(Task *task, GError **error)
{
    if (!auth_parse("-p", opt.auth ? opt.auth : "", &task->auth, error) ||
        !auth_parse("-P", opt.hierarchy_auth ? opt.hierarchy_auth : "", &task->hierarchy_auth,
                    error)) {
        return FALSE;
    }
    if (opt.ak_create && task->auth.kind != AUTH_PASSWORD) {
        return input_error(error, "-p: the key that --ak-create makes has a password and no "
                                  "policy: give str:TEXT, hex:BYTES or file:PATH");
    }
    return TRUE;
}

enum { FIXED_PATHS = 9 }; /* files to write that have an option of their own */

/** Two outputs in one file would leave one of them. */
static gboolean check_paths(const Task *task, GError **error)
{
    const char *paths[FIXED_PATHS + HOST_CREDENTIALS] = {
        opt.message,   opt.signature,     opt.pcrs,
        opt.evidence,  opt.host_pcrs_out, opt.ak_create ? opt.key : NULL,
        opt.ak_public, opt.cmw,           opt.cmw_cbor,
    };

    for (size_t i = 0; i < task->credential_count; i++) {
        paths[FIXED_PATHS + i] = task->credentials[i].path;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        for (size_t k = 0; k < i; k++) {
            if (paths[i] && g_strcmp0(paths[i], paths[k]) == 0 &&
                !g_str_has_prefix(paths[i], "/dev/")) {
                return input_error(error, "two of the files to write have the same name");
            }
        }
    }
    return TRUE;
}

static gboolean check_something_to_do(const Task *task, GError **error)
{
    if (!task->quote && !opt.ak_public && !opt.host_pcrs_out && !opt.host_credentials &&
        !(opt.ak_create && opt.key)) {
        return input_error(error, "nothing to do: give a nonce with -q, or see --help");
    }
    if (opt.bind && !task->quote) {
        return input_error(error, "--bind: which challenge? Give the verifier's with -q");
    }
    if (opt.ak_public && !opt.key && !opt.ak_create) {
        return input_error(error, "--ak-public: of which key? Give -c KEY or --ak-create");
    }
    if (opt.host_pcrs_out && !opt.host_pcr_list) {
        return input_error(error, "--host-pcrs-out needs --host-pcr-list");
    }
    return TRUE;
}

/** Passwords last: the one of a terminal is asked for when everything else is right. */
static gboolean parse_task(Task *task, GError **error)
{
    task->quote = opt.nonce != NULL;
    task->request.flags = DEEPQUOTE_HASH_UUID;
    return check_something_to_do(task, error) && parse_cmw(task, error) &&
           parse_credentials(task, error) && check_paths(task, error) &&
           parse_formats(task, error) && parse_algorithms(task, error) &&
           (!opt.host_pcr_list ||
            parse_host_pcrs(opt.host_pcr_list, &task->request.host_pcrs, error)) &&
           (!opt.flags || parse_flags(opt.flags, &task->request.flags, error)) &&
           (!task->quote || parse_quote(task, error)) && parse_auths(task, error);
}

static void take_options(Task *task)
{
    task->version = opt.version;
    task->ak_create = opt.ak_create;
    task->quiet = opt.quiet;
    task->verbose = opt.verbose;
    task->tcti = opt.tcti ? opt.tcti : g_getenv("TPM2TOOLS_TCTI");
    task->key = opt.key;
    task->message = opt.message;
    task->signature = opt.signature;
    task->pcrs = opt.pcrs;
    task->evidence = opt.evidence;
    task->ak_public = opt.ak_public;
    task->host_pcrs_out = opt.host_pcrs_out;
}

gboolean options_parse(char **argv, Task *ret, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_auto(GStrv) rest = NULL;

    g_option_context_set_description(context, description);
    rest = args_parse(context, entries, argv, error);
    if (!rest) {
        return FALSE;
    }
    memset(ret, 0, sizeof(*ret));
    take_options(ret);
    if (opt.version) {
        return TRUE;
    }
    if (g_strv_length(rest) > 1) {
        return input_error(error, "there is an argument that belongs to no option: see --help");
    }
    if (!parse_task(ret, error)) {
        options_wipe(ret);
        return FALSE;
    }
    ret->request.auth = &ret->auth;
    return TRUE;
}

void options_wipe(Task *task)
{
    auth_clear(&task->auth);
    auth_clear(&task->hierarchy_auth);
}
