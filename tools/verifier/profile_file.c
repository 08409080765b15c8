/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_file.h"

#include "appraise/profile-json.h"
#include "attest/bytes.h"
#include "command.h"
#include "common/input.h"
#include "common/output.h"
#include "key_name.h"

#include <string.h>

/* JSON of a profile begins with a brace; a JWS with the base64url of one and a quotation mark. */
static gboolean is_signed(DqBytes text)
{
    return text.len >= 2 && memcmp(text.data, "ey", 2) == 0;
}

/* (transfer full): the JSON, verified if there is a key. */
static GBytes *open_file(GBytes *file, const DqJwsPublic *key, GError **error)
{
    DqBytes text = dq_bytes_peek(file);

    if (!key && is_signed(text)) {
        g_set_error(error, DQ_JWS_ERROR, DQ_JWS_ERROR_SIGNATURE,
                    "it is signed: name the key that has to have signed it with --profile-key");
        return NULL;
    }
    if (!key) {
        return g_bytes_ref(file);
    }
    if (!is_signed(text)) {
        g_set_error(error, DQ_JWS_ERROR, DQ_JWS_ERROR_SIGNATURE,
                    "it is not signed, and --profile-key says that it has to be: profile sign does "
                    "it");
        return NULL;
    }
    if (text.data[text.len - 1] == '\n') {
        text.len--;
    }
    return dq_jws_verify(key, PROFILE_JWS_TYPE, text, error);
}

static DqProfile *parse(GBytes *json, gboolean has_key, GError **error)
{
    const DqBytes text = dq_bytes_peek(json);
    g_autoptr(DqProfile) profile = dq_profile_from_json((const char *)text.data, text.len, error);

    if (profile && has_key && profile->issued == 0) {
        g_set_error(error, DQ_PROFILE_ERROR, DQ_PROFILE_ERROR_MALFORMED,
                    "it does not say when it was 'issued': profile sign does");
        return NULL;
    }
    return g_steal_pointer(&profile);
}

static gboolean describe(const DqProfile *profile, const DqJwsPublic *key, DqStoreProfile *ret,
                         GError **error)
{
    DqStoreProfile record = { .issued = key ? profile->issued : 0, .added = command_now() };

    if (key) {
        dq_jws_public_digest(key, record.key);
    }
    if (!key_label("its name", profile->name, record.name, error)) {
        return FALSE;
    }
    *ret = record;
    return TRUE;
}

DqProfile *profile_read(const char *path, const DqJwsPublic *key, DqStoreProfile *ret_record,
                        GBytes **ret_json, GError **error)
{
    g_autofree char *name = g_filename_display_name(path);
    g_autoptr(GBytes) file = input_read(path, key ? DQ_JWS_MAX : DQ_PROFILE_MAX, error);
    g_autoptr(GBytes) json = file ? open_file(file, key, error) : NULL;
    g_autoptr(DqProfile) profile = json ? parse(json, key != NULL, error) : NULL;

    if (!profile || (ret_record && !describe(profile, key, ret_record, error))) {
        if (file) {
            g_prefix_error(error, "%s: ", name);
        }
        return NULL;
    }
    if (ret_json) {
        *ret_json = g_steal_pointer(&json);
    }
    return g_steal_pointer(&profile);
}

gboolean profile_write(const DqProfile *profile, const char *path, GError **error)
{
    g_autofree char *json = dq_profile_to_json(profile);

    return output_write_text(path, json, error);
}
