/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_proof.h"

#include "record_text.h"

#include "appraise/credential.h"
#include "attest/bytes.h"
#include "attest/digest.h"

#include <string.h>
#include <unistd.h>

enum { VALUE_SIZE = 32 };

static gboolean check_stand_in(const HostExport *export, const HostProofOptions *options,
                               GError **error)
{
    if (export->host.simulated && !options->simulated) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD,
                    "this host's TPM is a stand-in, whose quotes prove nothing: --simulated "
                    "enrols it all the same, marked as such");
        return FALSE;
    }
    return TRUE;
}

gboolean host_proof_check(const HostExport *export, const HostProofOptions *options, int64_t now,
                          DqEkFacts *ret_facts, GError **error)
{
    const DqEkCredential ek = { dq_bytes_peek(export->ek), dq_bytes_peek(export->certificate),
                                dq_bytes_peek(export->chain) };
    g_autoptr(DqEkAuthorities) authorities = NULL;

    if (!options->roots) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "give --roots, a folder with the certificates of TPM manufacturers: without "
                    "them a key of a program could pass for a TPM's; host add enrols on your word");
        return FALSE;
    }
    if (!check_stand_in(export, options, error)) {
        return FALSE;
    }
    authorities = dq_ek_authorities_new(options->roots, error);
    return authorities && dq_ek_certificate_check(authorities, &ek, now, ret_facts, error);
}

/* Nothing that a store expects for another purpose, or of another key, can be this. */
void host_proof_of(const HostExport *export, GBytes *value, uint8_t ret_proof[DQ_CHALLENGE_SIZE])
{
    static const char purpose[] = "DEEPQUOTE-ENROL-V1";
    uint8_t ek[DQ_HASH_SIZE];
    const DqBytes ek_public = dq_bytes_peek(export->ek);
    const DqBytes parts[] = {
        { (const uint8_t *)purpose, sizeof(purpose) },
        { export->host.name.data, export->host.name.len },
        { ek, sizeof(ek) },
        dq_bytes_peek(value),
    };

    dq_sha256(&ek_public, 1, ek);
    dq_sha256(parts, G_N_ELEMENTS(parts), ret_proof);
}

static char *to_json(const DqCredential *credential)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(JsonObject) object = json_object_new();
    const DqBytes blob = dq_bytes_peek(credential->blob);
    const DqBytes secret = dq_bytes_peek(credential->secret);

    json_object_set_string_member(object, "type", "deepquote-host-challenge");
    json_object_set_int_member(object, "version", 1);
    json_set_hex(object, "credential", blob.data, blob.len);
    json_set_hex(object, "secret", secret.data, secret.len);
    json_node_set_object(root, object);
    return json_to_string(root, TRUE);
}

char *host_proof_challenge(const HostExport *export, uint8_t ret_proof[DQ_CHALLENGE_SIZE],
                           GError **error)
{
    uint8_t value[VALUE_SIZE];
    g_auto(DqCredential) credential = { 0 };
    g_autoptr(GBytes) bytes = NULL;
    gboolean made;

    if (getentropy(value, sizeof(value)) != 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "the system gives no random bytes: check that getrandom() is allowed");
        return NULL;
    }
    bytes = g_bytes_new_static(value, sizeof(value)); /* it does not leave this function */
    made = dq_credential_make(dq_bytes_peek(export->ek),
                              (DqBytes){ export->host.name.data, export->host.name.len },
                              (DqBytes){ value, sizeof(value) }, &credential, error);
    if (made) {
        host_proof_of(export, bytes, ret_proof);
    }
    explicit_bzero(value, sizeof(value));
    return made ? to_json(&credential) : NULL;
}
