/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_expected.h"
#include "jws_file.h"
#include "key_name.h"
#include "profile_file.h"
#include "tracker_file.h"

#include "appraise/appraisal.h"
#include "common/input.h"
#include "wire/deepquote-constants.h"

#define CHANNEL_MAX (1 << 20) /* a chain of certificates */

static DqBytes peek(GBytes *bytes)
{
    DqBytes b = { NULL, 0 };

    if (bytes) {
        b.data = g_bytes_get_data(bytes, &b.len);
    }
    return b;
}

static gboolean read_challenge(CheckExpected *x, const char *text, gboolean has_store,
                               GError **error)
{
    if (!text) {
        if (!has_store) {
            g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                        "nonce: give with -q the nonce that was chosen, or with --store the store "
                        "that the challenge was issued from");
        }
        return has_store;
    }
    x->challenge = input_nonce("-q", text, DEEPQUOTE_NONCE_MIN, DEEPQUOTE_NONCE_MAX, error);
    return x->challenge != NULL;
}

static gboolean read_channel(CheckExpected *x, const char *path, GError **error)
{
    g_autoptr(GBytes) channel = NULL;

    if (!path) {
        return TRUE;
    }
    if (!x->challenge) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "--bind: give the challenge with -q: it cannot be told from a nonce that is "
                    "bound");
        return FALSE;
    }
    channel = input_read(path, CHANNEL_MAX, error);
    if (!channel || !dq_bind_nonce(peek(x->challenge), peek(channel), x->bound_nonce, error)) {
        g_prefix_error(error, "--bind: ");
        return FALSE;
    }
    x->bound = TRUE;
    return TRUE;
}

static gboolean read_key(CheckExpected *x, const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;

    if (!path) {
        return TRUE;
    }
    bytes = input_read(path, CHANNEL_MAX, error);
    if (!bytes) {
        return FALSE;
    }
    x->spki = dq_spki_new(peek(bytes), NULL);
    if (!x->spki) {
        x->key = dq_key_new(peek(bytes).data, peek(bytes).len, error);
        g_prefix_error(error, "-u %s: ", path);
    }
    return x->spki || x->key;
}

static gboolean read_profile_key(CheckExpected *x, const char *path, GError **error)
{
    if (path) {
        x->profile_key = jws_public_read(path, error);
        g_prefix_error(error, "--profile-key: ");
    }
    return !path || x->profile_key;
}

static gboolean read_profile(const CheckExpected *x, const char *path, DqStoreFile *store,
                             DqProfile **ret_profile, GError **error)
{
    g_autoptr(GBytes) json = NULL;
    g_autoptr(GError) why = NULL;
    DqStoreProfile record;

    if (!path) {
        return TRUE;
    }
    *ret_profile = profile_read(path, x->profile_key, &record, &json, error);
    if (!*ret_profile) {
        return FALSE;
    }
    if (!store || !x->profile_key) {
        return TRUE;
    }
    if (!dq_store_file_put_profile(store, &record, json, &why)) {
        /* Nothing is refused yet: there is no verdict. */
        g_set_error(error, DQ_PROFILE_ERROR, DQ_PROFILE_ERROR_MALFORMED, "%s: %s", path,
                    why->message);
        return FALSE;
    }
    return TRUE;
}

static gboolean read_tracker(CheckExpected *x, const char *path, GError **error)
{
    x->tracker = path ? tracker_file_read(path, error) : NULL;
    return !path || x->tracker;
}

CheckExpected *check_expected_read(const CheckExpectedOptions *o, DqStoreFile *store,
                                   GError **error)
{
    g_autoptr(CheckExpected) x = g_new0(CheckExpected, 1);

    if (!read_challenge(x, o->challenge, store != NULL, error) ||
        !read_channel(x, o->bind, error) || !read_key(x, o->key, error) ||
        !key_name_read("--ak", o->ak, &x->ak, error) ||
        !key_name_read("--ek", o->ek, &x->ek, error) ||
        !read_profile_key(x, o->profile_key, error) ||
        !read_profile(x, o->host_profile, store, &x->host_profile, error) ||
        !read_profile(x, o->vm_profile, store, &x->vm_profile, error) ||
        !read_tracker(x, o->vulnerabilities, error)) {
        return NULL;
    }
    x->has_uuid = o->uuid != NULL;
    if (x->has_uuid && !dq_uuid_parse(o->uuid, x->uuid, error)) {
        return NULL;
    }
    return g_steal_pointer(&x);
}

void check_expected_free(CheckExpected *expected)
{
    g_clear_pointer(&expected->challenge, g_bytes_unref);
    g_clear_pointer(&expected->spki, g_bytes_unref);
    dq_key_unref(expected->key);
    dq_jws_public_free(expected->profile_key);
    dq_profile_free(expected->host_profile);
    dq_profile_free(expected->vm_profile);
    dq_tracker_free(expected->tracker);
    g_free(expected);
}

DqExpected check_expected_get(const CheckExpected *expected, const DqProfile *host)
{
    return (DqExpected){
        .challenge = peek(expected->challenge),
        .bound_nonce = { expected->bound_nonce,
                         expected->bound ? sizeof(expected->bound_nonce) : 0 },
        .uuid = expected->has_uuid ? expected->uuid : NULL,
        .vtpm_key = expected->key,
        .vtpm_spki = peek(expected->spki),
        .vtpm_ak = { expected->ak.data, expected->ak.len },
        .vtpm_ek = { expected->ek.data, expected->ek.len },
        .host_finding = host ? DQ_HOST_BOOT : NULL,
    };
}
