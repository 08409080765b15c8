/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jws_file.h"

#include "attest/bytes.h"
#include "common/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MAX 65536 /* bytes of a file with a key */

DqJwsKey *jws_key_read(const char *path, GError **error)
{
    g_autoptr(GBytes) pem = input_read(path, KEY_MAX, error);
    const DqBytes bytes = pem ? dq_bytes_peek(pem) : (DqBytes){ NULL, 0 };
    DqJwsKey *key = pem ? dq_jws_key_new(bytes, error) : NULL;

    if (bytes.data) {
        explicit_bzero((gpointer)bytes.data, bytes.len); /* nobody else has a reference */
    }
    if (!key) {
        g_prefix_error(error, "%s: ", path);
    }
    return key;
}

/* A file that is there already is left alone: it may be the only copy of a key. */
static gboolean write_new(const char *path, const char *text, GError **error)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    const size_t len = strlen(text);
    gboolean ok = fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;

    if (!ok) {
        const int code = errno;

        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(code),
                    "the key cannot be written: %s", g_strerror(code));
    }
    if (fd >= 0 && close(fd) != 0 && ok) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "the key cannot be written: %s", g_strerror(errno));
        ok = FALSE;
    }
    if (fd >= 0 && !ok) {
        unlink(path);
    }
    return ok;
}

DqJwsKey *jws_key_make(const char *path, GError **error)
{
    g_autoptr(DqJwsKey) key = dq_jws_key_make(error);
    g_autofree char *text = key ? dq_jws_key_private(key) : NULL;
    const gboolean ok = text && write_new(path, text, error);

    if (text) {
        explicit_bzero(text, strlen(text));
    }
    if (!ok) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    return g_steal_pointer(&key);
}

DqJwsPublic *jws_public_read(const char *path, GError **error)
{
    g_autoptr(GBytes) pem = input_read(path, KEY_MAX, error);
    DqJwsPublic *key = pem ? dq_jws_public_new(dq_bytes_peek(pem), error) : NULL;

    if (!key) {
        g_prefix_error(error, "%s: ", path);
    }
    return key;
}
