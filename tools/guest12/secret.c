/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secret.h"

#include "codes.h"

#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

static gboolean fail(GError **error, const char *name, const char *text)
{
    g_set_error(error, TPM12_ERROR, TPM12_ERROR_INPUT, "%s password: %s", name, text);
    return FALSE;
}

static gboolean hash(const void *bytes, gsize n, const char *name, Secret *ret, GError **error)
{
    return EVP_Digest(bytes, n, ret->digest, NULL, EVP_sha1(), NULL) == 1 ||
           fail(error, name, "OpenSSL makes no SHA-1, which a TPM 1.2 needs");
}

/* UTF-16, little-endian, without an end: what tpm-tools hash with -u. What is made on the way is
 * wiped. */
static gboolean hash_unicode(const char *text, const char *name, Secret *ret, GError **error)
{
    char *utf8 = g_locale_to_utf8(text, -1, NULL, NULL, NULL);
    glong units = 0;
    gunichar2 *wide = utf8 ? g_utf8_to_utf16(utf8, -1, NULL, &units, NULL) : NULL;
    const gsize n = (gsize)units * sizeof(*wide);
    gboolean ok;

    for (glong i = 0; i < units; i++) {
        wide[i] = GUINT16_TO_LE(wide[i]);
    }
    ok = wide ? hash(wide, n, name, ret, error)
              : fail(error, name, "it is no text in the character set of the locale");
    if (utf8) {
        explicit_bzero(utf8, strlen(utf8));
    }
    if (wide) {
        explicit_bzero(wide, n);
    }
    g_free(utf8);
    g_free(wide);
    return ok;
}

static gboolean hash_text(const char *text, const char *name, gboolean unicode, Secret *ret,
                          GError **error)
{
    return unicode ? hash_unicode(text, name, ret, error)
                   : hash(text, strlen(text), name, ret, error);
}

/* One that is typed, in @ret; what getpass() keeps of it is wiped. */
static gboolean ask_once(const char *prompt, const char *name, gboolean unicode, Secret *ret,
                         GError **error)
{
    char *typed = getpass(prompt);
    gboolean ok;

    if (!typed) {
        return fail(error, name, "it could not be read from the terminal");
    }
    ok = hash_text(typed, name, unicode, ret, error);
    explicit_bzero(typed, strlen(typed));
    return ok;
}

gboolean secret_ask(SecretKind kind, const char *name, gboolean unicode, gboolean confirm,
                    Secret *ret, GError **error)
{
    g_autofree char *prompt = g_strdup_printf("Enter %s password: ", name);
    g_autofree char *again = g_strdup_printf("Confirm %s password: ", name);
    Secret typed = { 0 }, twice = { 0 };
    gboolean ok;

    if (kind == SECRET_WELL_KNOWN) {
        *ret = typed;
        return TRUE;
    }
    ok = ask_once(prompt, name, unicode, &typed, error) &&
         (!confirm || ask_once(again, name, unicode, &twice, error));
    if (ok && confirm && memcmp(&typed, &twice, sizeof(typed)) != 0) {
        ok = fail(error, name, "the two are not the same");
    }
    if (ok) {
        *ret = typed;
    }
    explicit_bzero(&typed, sizeof(typed));
    explicit_bzero(&twice, sizeof(twice));
    return ok;
}
