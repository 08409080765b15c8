/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tpm2_deepquote: asks the vTPM of this guest for a deep quote. */
#include "tpm2_deepquote_pcr.h"
#include "tpm2_deepquote_quote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
};

/** The command line as it was given. */
static struct {
    char *key, *auth, *hierarchy_auth, *hash;
    char *nonce, *pcr_list, *host_pcr_list, *flags;
    char *message, *signature, *pcrs, *evidence;
    char *tcti, *ak_public, *host_pcrs_out, *host_credential;
    char **rest;
    gboolean ak_create, version;
} opt;

static const GOptionEntry entries[] = {
    { "key-context", 'c', 0, G_OPTION_ARG_FILENAME, &opt.key,
      "Signing key: context file, handle (0x81010002) or null; with --ak-create a file to write",
      "KEY" },
    { "auth", 'p', 0, G_OPTION_ARG_STRING, &opt.auth,
      "Password of the key: str:TEXT, hex:BYTES or file:PATH", "AUTH" },
    { "qualification", 'q', 0, G_OPTION_ARG_STRING, &opt.nonce,
      "The verifier's nonce, 1 to 64 bytes", "HEX" },
    { "pcr-list", 'l', 0, G_OPTION_ARG_STRING, &opt.pcr_list, "PCRs of this guest's vTPM",
      "sha256:0,1,..." },
    { "host-pcr-list", 0, 0, G_OPTION_ARG_STRING, &opt.host_pcr_list, "PCRs of the host's TPM",
      "sha256:0,1,..." },
    { "flags", 0, 0, G_OPTION_ARG_STRING, &opt.flags,
      "What the binding should hold besides: number, or of uuid,measurements,group-info,group-key,"
      "launch",
      "FLAGS" },
    { "hash-algorithm", 'g', 0, G_OPTION_ARG_STRING, &opt.hash,
      "Hash of the signature, for a key without a scheme (sha256)", "ALG" },
    { "message", 'm', 0, G_OPTION_ARG_FILENAME, &opt.message, "Write the TPMS_ATTEST here",
      "FILE" },
    { "signature", 's', 0, G_OPTION_ARG_FILENAME, &opt.signature, "Write the TPMT_SIGNATURE here",
      "FILE" },
    { "pcr", 'o', 0, G_OPTION_ARG_FILENAME, &opt.pcrs,
      "Write the values of the vTPM's PCRs here, one after the other", "FILE" },
    { "evidence", 0, 0, G_OPTION_ARG_FILENAME, &opt.evidence, "Write the evidence here", "FILE" },
    { "tcti", 'T', 0, G_OPTION_ARG_STRING, &opt.tcti,
      "How to reach the TPM; default: $TPM2TOOLS_TCTI, /dev/tpmrm0, /dev/tpm0", "CONF" },
    { "ak-create", 0, 0, G_OPTION_ARG_NONE, &opt.ak_create,
      "Make the attestation key (the same one each time) and sign with it", NULL },
    { "ak-public", 0, 0, G_OPTION_ARG_FILENAME, &opt.ak_public,
      "Write the key's TPM2B_PUBLIC here, for the verifier", "FILE" },
    { "eh-auth", 'P', 0, G_OPTION_ARG_STRING, &opt.hierarchy_auth,
      "Password of the endorsement hierarchy, for --ak-create", "AUTH" },
    { "host-pcrs-out", 0, 0, G_OPTION_ARG_FILENAME, &opt.host_pcrs_out,
      "Read the host's PCRs (--host-pcr-list) without a quote into this file", "FILE" },
    { "host-credential", 0, 0, G_OPTION_ARG_STRING, &opt.host_credential,
      "Write ak, ak-cert, ek-cert or group of the host into FILE", "WHAT=FILE" },
    { "version", 'v', 0, G_OPTION_ARG_NONE, &opt.version, "Print the version", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.rest, NULL, NULL },
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

/** What the command line asks for, checked. */
typedef struct Task {
    bool quote;
    DeepQuoteRequest request;
    TPM2B_AUTH auth, hierarchy_auth;
    uint16_t hash;
    uint32_t credential;
    const char *credential_file; /* NULL: none asked for */
} Task;

static const struct {
    const char *name;
    uint32_t flag;
} flag_names[] = {
    { "uuid", DEEPQUOTE_HASH_UUID },        { "measurements", DEEPQUOTE_VTPM_MEASUREMENTS },
    { "group-info", DEEPQUOTE_GROUP_INFO }, { "group-key", DEEPQUOTE_GROUP_PUBKEY },
    { "launch", DEEPQUOTE_VM_LAUNCH },
};

static const struct {
    const char *name;
    uint32_t what;
} credential_names[] = {
    { "ak", DEEPQUOTE_HOST_AK_PUBLIC },
    { "ak-cert", DEEPQUOTE_HOST_AK_CERTIFICATE },
    { "ek-cert", DEEPQUOTE_HOST_EK_CERTIFICATE },
    { "group", DEEPQUOTE_GROUP_AK_CHAIN },
};

static bool input_error(GError **error, const char *text)
{
    g_set_error_literal(error, VTPM_ERROR, VTPM_ERROR_INPUT, text);
    return false;
}

static bool parse_flag_name(const char *name, uint32_t *flags)
{
    for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++) {
        if (strcmp(flag_names[i].name, name) == 0) {
            *flags |= flag_names[i].flag;
            return true;
        }
    }
    return false;
}

static bool parse_flags(const char *text, uint32_t *ret, GError **error)
{
    g_auto(GStrv) names = g_strsplit(text, ",", -1);
    bool hex = g_str_has_prefix(text, "0x");
    uint32_t flags = 0;
    guint64 number;

    if (g_ascii_string_to_unsigned(text + (hex ? 2 : 0), hex ? 16 : 10, 0, G_MAXUINT32, &number,
                                   NULL)) {
        *ret = (uint32_t)number;
        return true;
    }
    for (char **name = names; *name != NULL; name++) {
        if (!parse_flag_name(*name, &flags)) {
            return input_error(error, "--flags: give a number, or names of uuid, measurements, "
                                      "group-info, group-key, launch, separated by commas");
        }
    }
    *ret = flags;
    return true;
}

static bool parse_nonce(const char *hex, TPM2B_DATA *ret, GError **error)
{
    size_t n = strlen(hex);

    if (g_str_has_prefix(hex, "0x")) {
        hex += 2;
        n -= 2;
    }
    if (n == 0 || n % 2 != 0 || n / 2 > DEEPQUOTE_NONCE_MAX ||
        strspn(hex, "0123456789abcdefABCDEF") != n) {
        return input_error(error, "-q: the nonce is 1 to 64 bytes in hexadecimal digits");
    }
    for (size_t i = 0; i < n / 2; i++) {
        ret->buffer[i] =
            (BYTE)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
    }
    ret->size = (UINT16)(n / 2);
    return true;
}

static bool parse_credential(const char *text, Task *task, GError **error)
{
    const char *equals = strchr(text, '=');

    for (size_t i = 0; equals != NULL && i < G_N_ELEMENTS(credential_names); i++) {
        const char *name = credential_names[i].name;

        if (strlen(name) == (size_t)(equals - text) && g_str_has_prefix(text, name)) {
            task->credential = credential_names[i].what;
            task->credential_file = equals + 1;
            return true;
        }
    }
    return input_error(error, "--host-credential: give WHAT=FILE, WHAT being ak, ak-cert, ek-cert "
                              "or group");
}

static bool parse_quote(Task *task, GError **error)
{
    if (opt.key == NULL && !opt.ak_create) {
        return input_error(error, "which key signs? Give -c KEY or --ak-create");
    }
    if (opt.pcr_list == NULL || opt.host_pcr_list == NULL) {
        return input_error(error, "a deep quote needs both -l (PCRs of the vTPM) and "
                                  "--host-pcr-list");
    }
    if (opt.message == NULL || opt.signature == NULL || opt.evidence == NULL) {
        return input_error(error, "where to? Give -m, -s and --evidence (and -o for the values of "
                                  "the PCRs)");
    }
    return parse_nonce(opt.nonce, &task->request.nonce, error) &&
           pcr_list_parse(opt.pcr_list, &task->request.vtpm_pcrs, error);
}

static bool parse_auth(const char *text, TPM2B_AUTH *ret, GError **error)
{
    return text == NULL || key_auth_parse(text, ret, error);
}

static bool parse_task(Task *task, GError **error)
{
    task->quote = opt.nonce != NULL;
    task->request.flags = DEEPQUOTE_HASH_UUID;
    if (opt.rest != NULL) {
        return input_error(error, "there is an argument that belongs to no option: see --help");
    }
    if (!task->quote && opt.ak_public == NULL && opt.host_pcrs_out == NULL &&
        opt.host_credential == NULL && !(opt.ak_create && opt.key != NULL)) {
        return input_error(error, "nothing to do: give a nonce with -q; see --help");
    }
    if (opt.ak_public != NULL && opt.key == NULL && !opt.ak_create) {
        return input_error(error, "--ak-public: of which key? Give -c KEY or --ak-create");
    }
    if (opt.host_pcrs_out != NULL && opt.host_pcr_list == NULL) {
        return input_error(error, "--host-pcrs-out needs --host-pcr-list");
    }
    if (opt.hash != NULL) {
        task->hash = pcr_hash_by_name(opt.hash);
        if (task->hash == 0) {
            return input_error(error, "-g: no such hash algorithm; sha256 is one");
        }
    }
    if (opt.tcti == NULL) {
        opt.tcti = g_strdup(g_getenv("TPM2TOOLS_TCTI"));
    }
    return (opt.host_pcr_list == NULL ||
            pcr_list_parse(opt.host_pcr_list, &task->request.host_pcrs, error)) &&
           (opt.flags == NULL || parse_flags(opt.flags, &task->request.flags, error)) &&
           (opt.host_credential == NULL || parse_credential(opt.host_credential, task, error)) &&
           (!task->quote || parse_quote(task, error)) && parse_auth(opt.auth, &task->auth, error) &&
           parse_auth(opt.hierarchy_auth, &task->hierarchy_auth, error);
}

/** Writes through to whatever @path is, a pipe or a terminal included. */
static bool write_file(const char *path, const void *data, size_t n, GError **error)
{
    const uint8_t *p = data;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int saved;

    while (fd >= 0 && n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno != EINTR) {
            break;
        }
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    saved = errno;
    if (fd < 0 || n > 0 || close(fd) != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved), "cannot write %s: %s",
                    path, g_strerror(saved));
        return false;
    }
    return true;
}

static bool write_bytes(const char *path, GBytes *bytes, GError **error)
{
    gsize n;
    const void *p;

    if (path == NULL) {
        return true;
    }
    p = g_bytes_get_data(bytes, &n);
    return write_file(path, p, n, error);
}

static bool write_quote(const DeepQuote *quote, GError **error)
{
    return write_bytes(opt.message, quote->message, error) &&
           write_bytes(opt.signature, quote->signature, error) &&
           write_bytes(opt.evidence, quote->evidence, error) &&
           (opt.pcrs == NULL || write_file(opt.pcrs, quote->pcrs->data, quote->pcrs->len, error));
}

static bool do_key(Vtpm *vtpm, Task *task, GError **error)
{
    g_autoptr(Key) key = NULL;
    g_autoptr(GBytes) public = NULL, context = NULL;
    g_autoptr(DeepQuote) quote = NULL;

    if (opt.ak_create) {
        key = key_create_ak(vtpm, &task->hierarchy_auth, &task->auth, error);
    } else {
        key = key_open(vtpm, opt.key, &task->auth, error);
    }
    if (key == NULL || (opt.ak_public != NULL && !key_public(key, &public, error))) {
        return false;
    }
    if (opt.ak_create && opt.key != NULL) {
        context = key_save(key, error);
        if (context == NULL) {
            return false;
        }
    }
    if (task->quote) {
        if (!key_scheme(key, task->hash, &task->request.scheme, error)) {
            return false;
        }
        quote = deepquote_make(vtpm, key, &task->request, error);
        if (quote == NULL || !write_quote(quote, error)) {
            return false;
        }
    }
    return write_bytes(opt.ak_public, public, error) &&
           (context == NULL || write_bytes(opt.key, context, error));
}

static bool do_host(Vtpm *vtpm, const Task *task, GError **error)
{
    g_autoptr(GByteArray) pcrs = NULL, credential = NULL;

    if (opt.host_pcrs_out != NULL &&
        (!pcr_read(vtpm->tcti, TPM_CC_HostPCRRead, &task->request.host_pcrs, &pcrs, error) ||
         !write_file(opt.host_pcrs_out, pcrs->data, pcrs->len, error))) {
        return false;
    }
    if (task->credential_file != NULL) {
        credential = host_credential_read(vtpm, task->credential, error);
        return credential != NULL &&
               write_file(task->credential_file, credential->data, credential->len, error);
    }
    return true;
}

static int run(Task *task)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Vtpm) vtpm = vtpm_open(opt.tcti, &error);
    bool needs_key = task->quote || opt.ak_create || opt.ak_public != NULL;

    if (vtpm == NULL || (needs_key && !do_key(vtpm, task, &error)) ||
        !do_host(vtpm, task, &error)) {
        g_printerr("tpm2_deepquote: %s\n", error->message);
        return g_error_matches(error, VTPM_ERROR, VTPM_ERROR_INPUT) ? EXIT_USAGE : EXIT_REFUSED;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    Task task = { 0 };
    int status;

    g_set_prgname("tpm2_deepquote");
    g_setenv("TSS2_LOG", "all+none", FALSE); /* errors are told once, by this program */
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_description(context, description);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("tpm2_deepquote: %s; see --help\n", error->message);
        return EXIT_USAGE;
    }
    if (opt.version) {
        g_print("tpm2_deepquote " PROJECT_VERSION "\n");
        return EXIT_SUCCESS;
    }
    if (!parse_task(&task, &error)) {
        g_printerr("tpm2_deepquote: %s\n", error->message);
        explicit_bzero(&task, sizeof(task));
        return EXIT_USAGE;
    }
    status = run(&task);
    explicit_bzero(&task, sizeof(task));
    return status;
}
