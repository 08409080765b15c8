/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/auth.h"

#include "attest/deepquote.h"
#include "common/input.h"
#include "common/pcr-list.h"

#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 2 * AUTH_VALUE_MAX + 8 }; /* hex: and its digits, and some to find too many */

void auth_clear(AuthValue *auth)
{
    g_free(auth->file);
    explicit_bzero(auth, sizeof(*auth));
}

static gboolean fail(GError **error, const char *option, const char *text)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", option, text);
    return FALSE;
}

static void wipe(GBytes *bytes)
{
    g_autoptr(GByteArray) array = g_bytes_unref_to_array(bytes);

    explicit_bzero(array->data, array->len);
}

static gboolean take_bytes(const char *option, const void *bytes, gsize n, AuthValue *auth,
                           GError **error)
{
    if (n > sizeof(auth->value)) {
        return fail(error, option, "the password is longer than 64 bytes, the most that a TPM has");
    }
    memcpy(auth->value, bytes, n);
    auth->len = n;
    return TRUE;
}

static gboolean take_hex(const char *option, const char *digits, AuthValue *auth, GError **error)
{
    GBytes *bytes = dq_hex_decode(digits, NULL);
    gboolean ok;

    if (!bytes) {
        return fail(error, option,
                    "after hex: the password is hexadecimal digits, two for each byte");
    }
    ok = take_bytes(option, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), auth, error);
    wipe(bytes);
    return ok;
}

/* What may stand on the command line, in a file or behind a session. */
static gboolean take_text(const char *option, const char *text, AuthValue *auth, GError **error)
{
    if (g_str_has_prefix(text, "hex:")) {
        return take_hex(option, text + 4, auth, error);
    }
    if (g_str_has_prefix(text, "str:")) {
        text += 4;
    }
    return take_bytes(option, text, strlen(text), auth, error);
}

/* @content of @n bytes has a 0 behind it. */
static gboolean take_content(const char *option, const char *content, gsize n, AuthValue *auth,
                             GError **error)
{
    if (strlen(content) != n) {
        return fail(error, option,
                    "the file of the password has a 0 in it, where tpm2-tools ends it: give "
                    "hex:BYTES, or a file with hex: and digits");
    }
    if (n > 0 && (content[n - 1] == '\n' || content[n - 1] == '\r')) {
        return fail(error, option,
                    "the file of the password ends with a line end, which is part of the password "
                    "for tpm2-tools 5.4 and is not for 5.7: write the file without one (printf %s) "
                    "or give hex:BYTES");
    }
    if (g_str_has_prefix(content, "file:")) {
        return fail(error, option,
                    "the file of the password begins with file: once more, which releases of "
                    "tpm2-tools read in two ways: begin it with str: where it is the password");
    }
    return take_text(option, content, auth, error);
}

static gboolean take_file(const char *option, const char *path, AuthValue *auth, GError **error)
{
    g_autoptr(GError) why = NULL;
    GBytes *bytes = input_read(path, FILE_MAX, &why);
    char content[FILE_MAX + 1] = { 0 };
    gsize n;
    gboolean ok;

    if (!bytes) {
        return fail(error, option, why->message);
    }
    n = g_bytes_get_size(bytes);
    memcpy(content, g_bytes_get_data(bytes, NULL), n);
    wipe(bytes);
    if (strcmp(path, "/dev/stdin") == 0 && n > 0 && content[n - 1] == '\n') {
        content[--n] = '\0'; /* what a shell puts behind what it sends */
    }
    ok = take_content(option, content, n, auth, error);
    explicit_bzero(content, sizeof(content));
    return ok;
}

static gboolean take_standard_input(const char *option, AuthValue *auth, GError **error)
{
    char *typed;
    gboolean ok;

    if (!isatty(STDIN_FILENO)) {
        return take_file(option, "/dev/stdin", auth, error);
    }
    typed = getpass("Password: ");
    if (!typed) {
        return fail(error, option, "the password could not be read from the terminal");
    }
    ok = take_content(option, typed, strlen(typed), auth, error);
    explicit_bzero(typed, strlen(typed));
    return ok;
}

static gboolean parse_file(const char *option, const char *path, AuthValue *auth, GError **error)
{
    return strcmp(path, "-") == 0 ? take_standard_input(option, auth, error)
                                  : take_file(option, path, auth, error);
}

static gboolean parse_session(const char *option, const char *text, AuthValue *auth, GError **error)
{
    const char *plus = strchr(text, '+');

    auth->kind = AUTH_SESSION;
    if (plus && g_str_has_prefix(plus + 1, "file:")) {
        return fail(error, option,
                    "file: behind a session is a password for tpm2-tools 5.4 and a file for 5.7: "
                    "give the password as str:TEXT or hex:BYTES");
    }
    if (plus && !take_text(option, plus + 1, auth, error)) {
        return FALSE;
    }
    auth->file = plus ? g_strndup(text, (gsize)(plus - text)) : g_strdup(text);
    return auth->file[0] != '\0' ||
           fail(error, option, "name the file of the session: session:FILE");
}

static gboolean parse_pcr(const char *option, const char *text, AuthValue *auth, GError **error)
{
    const char *equals = strchr(text, '=');
    g_autofree char *list = equals ? g_strndup(text, (gsize)(equals - text)) : g_strdup(text);

    auth->kind = AUTH_PCR;
    if (equals && equals[1] == '\0') {
        return fail(error, option, "name the file with the values of the PCRs: pcr:LIST=FILE");
    }
    auth->file = equals ? g_strdup(equals + 1) : NULL;
    return pcr_list_parse(option, list, &auth->pcrs, error);
}

static gboolean parse_text(const char *option, const char *text, AuthValue *auth, GError **error)
{
    return take_text(option, text, auth, error);
}

static const struct {
    const char *prefix;
    gboolean (*parse)(const char *option, const char *rest, AuthValue *auth, GError **error);
} forms[] = {
    { "file:", parse_file },
    { "session:", parse_session },
    { "pcr:", parse_pcr },
    { "", parse_text },
};

gboolean auth_parse(const char *option, const char *text, AuthValue *ret, GError **error)
{
    AuthValue auth = { .kind = AUTH_PASSWORD };
    gsize i = 0;

    while (!g_str_has_prefix(text, forms[i].prefix)) {
        i++;
    }
    if (!forms[i].parse(option, text + strlen(forms[i].prefix), &auth, error)) {
        auth_clear(&auth);
        return FALSE;
    }
    *ret = auth;
    explicit_bzero(&auth, sizeof(auth));
    return TRUE;
}
