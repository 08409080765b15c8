/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "escrow/escrow-key.h"

#include <string.h>

#include "appraise/json-fields.h"
#include "approval/policy.h"
#include "attest/bytes.h"
#include "attest/public.h"
#include "wire/attest.h"
#include "wire/tpm-constants.h"

#define TYPE "deepquote-escrow-key"

enum { VERSION = 1 };

G_DEFINE_QUARK(dq_escrow_key_error, dq_escrow_key_error)

void dq_escrow_key_clear(DqEscrowKey *key)
{
    g_clear_pointer(&key->public_area, g_bytes_unref);
    g_clear_pointer(&key->attest, g_bytes_unref);
    g_clear_pointer(&key->signature, g_bytes_unref);
}

/* ------------------------------------------------------------------------------------ JSON */

static gboolean malformed(GError **error, const char *what)
{
    g_set_error(error, DQ_ESCROW_KEY_ERROR, DQ_ESCROW_KEY_ERROR_MALFORMED, "%s", what);
    return FALSE;
}

static gboolean is_key(JsonObject *object, GError **error)
{
    static const char *const names[] = { "type",   "version",   "group", "public",
                                         "attest", "signature", NULL };
    JsonNode *version = dq_json_member(object, "version", JSON_NODE_VALUE);
    const char *group = dq_json_string(object, "group");

    if (g_strcmp0(dq_json_string(object, "type"), TYPE) != 0 || !version ||
        !dq_json_is_type(version, G_TYPE_INT64) || json_node_get_int(version) != VERSION) {
        return malformed(error, "it is no key for escrow of version 1: give what vtpm-managerctl "
                                "escrow key prints on the host");
    }
    if (!group || *group == '\0' || strlen(group) > DQ_ESCROW_GROUP_MAX) {
        return malformed(error, "'group' is no name of a group");
    }
    return !dq_json_unknown(object, names) ||
           malformed(error, "it has a member that is not known here");
}

static GBytes *read_hex(JsonObject *object, const char *name)
{
    const char *text = dq_json_string(object, name);

    return text ? dq_hex_decode(text, NULL) : NULL;
}

gboolean dq_escrow_key_read(const char *text, gsize len, DqEscrowKey *ret, GError **error)
{
    g_autoptr(JsonParser) parser = dq_json_load(text, len, DQ_ESCROW_KEY_MAX, DQ_ESCROW_KEY_ERROR,
                                                DQ_ESCROW_KEY_ERROR_MALFORMED, error);
    JsonObject *object = parser ? json_node_get_object(json_parser_get_root(parser)) : NULL;
    g_auto(DqEscrowKey) key = { .group = "" };

    if (!object || !is_key(object, error)) {
        return FALSE;
    }
    g_strlcpy(key.group, dq_json_string(object, "group"), sizeof(key.group));
    key.public_area = read_hex(object, "public");
    key.attest = read_hex(object, "attest");
    key.signature = read_hex(object, "signature");
    if (!key.public_area || !key.attest || !key.signature) {
        return malformed(error, "'public', 'attest' and 'signature' are digits");
    }
    *ret = key;
    memset(&key, 0, sizeof(key)); /* they are @ret's */
    return TRUE;
}

static void set_hex(JsonObject *object, const char *name, GBytes *bytes)
{
    const DqBytes b = dq_bytes_peek(bytes);
    g_autofree char *hex = dq_hex_encode(b.data, b.len);

    json_object_set_string_member(object, name, hex);
}

char *dq_escrow_key_write(const DqEscrowKey *key)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(JsonObject) object = json_object_new();

    json_object_set_string_member(object, "type", TYPE);
    json_object_set_int_member(object, "version", VERSION);
    json_object_set_string_member(object, "group", key->group);
    set_hex(object, "public", key->public_area);
    set_hex(object, "attest", key->attest);
    set_hex(object, "signature", key->signature);
    json_node_set_object(root, object);
    return json_to_string(root, TRUE);
}

/* ---------------------------------------------------------------------------------- Checks */

/* What is compared. */
typedef struct Check {
    const DqEscrowKey *key;
    const char *group;
    const DqJwsPublic *approval;
    DqKey *ak;
    DqBytes area;
    WirePublic public;
} Check;

static gboolean is_of_group(const Check *c)
{
    return g_str_equal(c->key->group, c->group);
}

/* It decrypts and does nothing else, in this TPM, and a password is of no use. */
static gboolean is_kept(const Check *c)
{
    const uint32_t must = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_DECRYPT;
    const uint32_t may = must | TPMA_OBJECT_NODA;

    return c->public.type == TPM_ALG_ECC && c->public.ecc_curve == TPM_ECC_NIST_P256 &&
           c->public.name_alg == TPM_ALG_SHA256 && (c->public.attributes & must) == must &&
           (c->public.attributes & ~may) == 0;
}

static gboolean has_policy(const Check *c)
{
    uint8_t ref[DQ_HASH_SIZE], policy[DQ_HASH_SIZE];

    dq_approval_ref(c->group, ref);
    dq_approval_policy(c->approval, ref, policy);
    return dq_bytes_equal(dq_unwire(c->public.auth_policy), (DqBytes){ policy, sizeof(policy) });
}

/* The attested part of TPM2_Certify: its Name, and where in the hierarchy it is. */
static gboolean names_key(const Check *c, WireBytes attested)
{
    WireReader r = WIRE_READER(attested.p, attested.len);
    uint8_t name[DQ_NAME_MAX];
    const gsize len = dq_public_name(c->area, name);
    WireBytes said, qualified;

    return wire_get_tpm2b(&r, DQ_NAME_MAX, &said) && wire_get_tpm2b(&r, DQ_NAME_MAX, &qualified) &&
           r.left == 0 && len > 0 && wire_bytes_equal(said, (WireBytes){ name, len });
}

static gboolean is_attested(const Check *c)
{
    const DqBytes bytes = dq_bytes_peek(c->key->attest);
    uint8_t ref[DQ_HASH_SIZE];
    WireAttest attest;

    dq_approval_ref(c->group, ref);
    return dq_key_is_attestation_key(c->ak) && wire_decode_attest(dq_wire(bytes), &attest) &&
           attest.magic == TPM_GENERATED_VALUE && attest.type == TPM_ST_ATTEST_CERTIFY &&
           wire_bytes_equal(attest.extra_data, (WireBytes){ ref, sizeof(ref) }) &&
           names_key(c, attest.other) &&
           dq_key_verify(c->ak, bytes, dq_bytes_peek(c->key->signature));
}

static const struct {
    gboolean (*holds)(const Check *c);
    const char *otherwise;
} checks[] = {
    { is_of_group, "it is for another group" },
    { is_kept,
      "it is no key on P-256 that stays in its TPM, decrypts alone and takes no password" },
    { has_policy, "it can be used without this approval key's word for this group" },
    { is_attested, "it is not attested by this host's attestation key" },
};

EVP_PKEY *dq_escrow_key_check(const DqEscrowKey *key, const char *group,
                              const DqJwsPublic *approval, DqKey *ak, DqBytes *ret_area,
                              GError **error)
{
    Check c = { .key = key, .group = group, .approval = approval, .ak = ak };
    EVP_PKEY *pkey = NULL;

    if (dq_public_unwrap(dq_bytes_peek(key->public_area), &c.area, &c.public)) {
        pkey = dq_public_to_pkey(&c.public);
    }
    if (!pkey) {
        g_set_error(error, DQ_ESCROW_KEY_ERROR, DQ_ESCROW_KEY_ERROR_UNFIT,
                    "it is no public key of a TPM");
        return NULL;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
        if (!checks[i].holds(&c)) {
            EVP_PKEY_free(pkey);
            g_set_error(error, DQ_ESCROW_KEY_ERROR, DQ_ESCROW_KEY_ERROR_UNFIT, "%s",
                        checks[i].otherwise);
            return NULL;
        }
    }
    *ret_area = c.area;
    return pkey;
}
