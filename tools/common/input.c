/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/input.h"

#include "attest/deepquote.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BRACKETS_MAX = 64 }; /* more than any file that is exchanged has */

static gboolean is_hex_number(const char *text)
{
    return text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

gboolean input_number(const char *text, uint64_t max, uint64_t *ret)
{
    uint64_t n, octal;

    if (is_hex_number(text)) {
        return g_ascii_string_to_unsigned(text + 2, 16, 0, max, ret, NULL);
    }
    if (!g_ascii_string_to_unsigned(text, 10, 0, max, &n, NULL)) {
        return FALSE;
    }
    if (text[0] == '0' &&
        (!g_ascii_string_to_unsigned(text, 8, 0, max, &octal, NULL) || octal != n)) {
        return FALSE;
    }
    *ret = n;
    return TRUE;
}

static gboolean file_error(const char *path, int code, GError **error)
{
    g_autofree char *name = g_filename_display_name(path);

    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(code), "cannot read %s: %s", name,
                g_strerror(code));
    return FALSE;
}

/* One byte more than @max tells that there are more. */
static gboolean read_at_most(int fd, const char *path, gsize max, GByteArray *out, GError **error)
{
    g_autofree char *name = NULL;

    while (out->len <= max) {
        uint8_t buf[4096];
        ssize_t n = read(fd, buf, MIN(sizeof(buf), max + 1 - out->len));

        if (n < 0 && errno != EINTR) {
            return file_error(path, errno, error);
        }
        if (n == 0) {
            return TRUE;
        }
        if (n > 0) {
            g_byte_array_append(out, buf, (guint)n);
            explicit_bzero(buf, (size_t)n);
        }
    }
    name = g_filename_display_name(path);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "%s has more than %" G_GSIZE_FORMAT " bytes: is it the right file?", name, max);
    return FALSE;
}

/* Closes @fd, which is -1 with errno where opening failed. */
static GBytes *read_open(int fd, const char *path, gsize max, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_sized_new((guint)MIN(max + 1, 65536));
    gboolean ok =
        fd >= 0 ? read_at_most(fd, path, max, out, error) : file_error(path, errno, error);

    if (fd >= 0) {
        close(fd);
    }
    return ok ? g_byte_array_free_to_bytes(g_steal_pointer(&out)) : NULL;
}

GBytes *input_read(const char *path, gsize max, GError **error)
{
    return read_open(open(path, O_RDONLY | O_CLOEXEC), path, max, error);
}

GBytes *input_read_own(const char *path, gsize max, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if ((fd < 0 && errno == ELOOP) || (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))) {
        g_autofree char *name = g_filename_display_name(path);

        if (fd >= 0) {
            close(fd);
        }
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: it is no regular file", name);
        return NULL;
    }
    return read_open(fd, path, max, error);
}

static GBytes *nonce_from_file(const char *option, const char *path, gsize max, GError **error)
{
    g_autoptr(GError) why = NULL;
    GBytes *bytes = input_read(path, max, &why);

    if (why) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: %s (a file holds the bytes of the nonce themselves; digits that are in a "
                    "file are given as %s \"$(cat FILE)\")",
                    option, why->message, option);
    }
    return bytes;
}

static GBytes *nonce_from_text(const char *option, const char *text, gsize max, GError **error)
{
    const gboolean marked = is_hex_number(text) || g_str_has_prefix(text, "hex:");
    const char *digits = is_hex_number(text) ? text + 2 : marked ? text + 4 : text;
    const gboolean is_file = text[0] != '\0' && g_file_test(text, G_FILE_TEST_EXISTS);
    g_autoptr(GBytes) bytes = dq_hex_decode(digits, NULL);

    if (bytes && is_file) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: a file has these digits as its name: write ./DIGITS for the file, or run "
                    "this in another folder",
                    option);
        return NULL;
    }
    if (is_file) {
        return nonce_from_file(option, text, max, error);
    }
    if (!bytes) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: give the nonce in hexadecimal digits, two for each byte, or a file that "
                    "holds its bytes",
                    option);
    }
    return g_steal_pointer(&bytes);
}

GBytes *input_nonce(const char *option, const char *text, gsize min, gsize max, GError **error)
{
    g_autoptr(GBytes) nonce = nonce_from_text(option, text, max, error);

    if (!nonce) {
        return NULL;
    }
    if (g_bytes_get_size(nonce) < min || g_bytes_get_size(nonce) > max) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: the nonce has %" G_GSIZE_FORMAT " bytes; it must have %" G_GSIZE_FORMAT
                    " to %" G_GSIZE_FORMAT,
                    option, g_bytes_get_size(nonce), min, max);
        return NULL;
    }
    return g_steal_pointer(&nonce);
}

gboolean input_is_shallow(const char *json, gsize len)
{
    guint brackets = 0;

    for (gsize i = 0; i < len; i++) {
        brackets += json[i] == '[' || json[i] == '{' ? 1 : 0;
    }
    return brackets <= BRACKETS_MAX;
}
