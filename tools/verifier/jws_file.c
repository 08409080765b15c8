/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jws_file.h"

#include "attest/bytes.h"
#include "common/input.h"

#include <string.h>

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

DqJwsPublic *jws_public_read(const char *path, GError **error)
{
    g_autoptr(GBytes) pem = input_read(path, KEY_MAX, error);
    DqJwsPublic *key = pem ? dq_jws_public_new(dq_bytes_peek(pem), error) : NULL;

    if (!key) {
        g_prefix_error(error, "%s: ", path);
    }
    return key;
}
