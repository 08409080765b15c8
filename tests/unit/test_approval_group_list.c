/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that tenants sign. That a TPM takes what they approve of: integration/group_list. */
#include "approval/group-list-json.h"
#include "approval/policy.h"

#include "attest/bytes.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

/* RFC 7515, appendix A.3. */
static const char rfc_key[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
                              "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
                              "-----END PUBLIC KEY-----\n";

typedef struct Keys {
    DqJwsKey *private;
    DqJwsPublic *public;
} Keys;

static DqBytes bytes_of(const char *text)
{
    return (DqBytes){ (const uint8_t *)text, strlen(text) };
}

/* Takes @pkey over. */
static Keys keys_of(EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());
    g_autofree char *public = NULL;
    char *data;
    long len;
    Keys k;

    g_assert_cmpint(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), ==, 1);
    len = BIO_get_mem_data(bio, &data);
    k.private = dq_jws_key_new((DqBytes){ (const uint8_t *)data, (gsize)len }, NULL);
    public = dq_jws_key_public(k.private);
    k.public = dq_jws_public_new(bytes_of(public), NULL);
    g_assert_nonnull(k.public);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return k;
}

static void keys_clear(Keys *k)
{
    dq_jws_key_free(k->private);
    dq_jws_public_free(k->public);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keys, keys_clear)

static void add_boot(DqGroupList *list, const char *name, uint8_t first, uint8_t second)
{
    DqProfileBoot *boot = dq_profile_add_boot(list->hosts, name);
    uint8_t value[DQ_HASH_SIZE];

    memset(value, first, sizeof(value));
    dq_profile_boot_set(boot, TPM_ALG_SHA256, 0, (WireBytes){ value, sizeof(value) });
    memset(value, second, sizeof(value));
    dq_profile_boot_set(boot, TPM_ALG_SHA256, 7, (WireBytes){ value, sizeof(value) });
}

static DqGroupList *make_list(void)
{
    DqGroupList *list = dq_group_list_new("acme");
    const uint8_t measurement[DQ_HASH_SIZE] = { 1 };

    list->sequence = 3;
    list->weight = 2;
    list->vms = 50;
    add_boot(list, "bookworm", 0, 0xff);
    add_boot(list, "trixie", 1, 2);
    g_array_append_vals(list->measurements, measurement, 1);
    return list;
}

static void expect_hex(const uint8_t digest[DQ_HASH_SIZE], const char *hex)
{
    g_autofree char *is = dq_hex_encode(digest, DQ_HASH_SIZE);

    g_assert_cmpstr(is, ==, hex);
}

/* The values were computed by the words of the specification, with Python's hashlib. */
static void policies_are_those_of_the_specification(void)
{
    g_autoptr(DqGroupList) list = make_list();
    g_autoptr(DqJwsPublic) key = dq_jws_public_new(bytes_of(rfc_key), NULL);
    uint8_t ref[DQ_HASH_SIZE], policy[DQ_HASH_SIZE];
    WirePcrSelection selection;

    dq_approval_ref("acme", ref);
    expect_hex(ref, "631f6f6da0ba01631c0e92656488e6911a4ca088f68542f1b9b6ad0474eef75f");
    g_assert_true(
        dq_approval_pcr_policy(g_ptr_array_index(list->hosts->boots, 0), &selection, policy));
    expect_hex(policy, "37b79a8058e9fd6aeffc913f99c18e13991cc0bc055b2455d4c8a04b80f783c5");
    g_assert_cmpuint(wire_pcr_count(&selection), ==, 2);
    dq_approval_policy(key, ref, policy);
    expect_hex(policy, "f003f432aaad90b2b952bb016a99fadc0f382b80bdace6941ad970c9de9fba94");
}

static void info_is_that_of_the_specification(void)
{
    uint8_t info[DQ_HASH_SIZE];

    dq_group_info("acme", 7, bytes_of("a.b.c"), info);
    expect_hex(info, "e767ec5263514eee2681dabcb1019e031d57557098490c1cc9885d84e1d0b65c");
    dq_group_info("acme", 0, (DqBytes){ NULL, 0 }, info);
    expect_hex(info, "d80e32baa2b7ade595e2d880a1265dfea0c3d7b5994485d0176948ed7a6416b1");
}

static void check_signed(EVP_PKEY *pkey)
{
    g_auto(Keys) k = keys_of(pkey);
    g_autoptr(DqGroupList) list = make_list();
    g_autoptr(GError) error = NULL;
    g_autofree char *text = dq_group_list_sign(list, k.private, &error);
    g_autoptr(DqGroupList) again = NULL;
    g_autofree char *json = NULL, *json_again = NULL;
    uint8_t other[DQ_HASH_SIZE] = { 2 };

    g_assert_no_error(error);
    again = dq_group_list_open(k.public, bytes_of(text), &error);
    g_assert_no_error(error);
    json = dq_group_list_to_json(list);
    json_again = dq_group_list_to_json(again);
    g_assert_cmpstr(json, ==, json_again);
    g_assert_cmpuint(again->weight, ==, 2);
    g_assert_cmpuint(again->vms, ==, 50);
    g_assert_false(dq_group_list_allows(again, other));
    other[0] = 1;
    g_assert_true(dq_group_list_allows(again, other));
}

static void what_was_signed_is_opened(void)
{
    check_signed(EVP_EC_gen("P-256"));
    check_signed(EVP_RSA_gen(2048));
}

static void other_keys_open_nothing(void)
{
    g_auto(Keys) k = keys_of(EVP_EC_gen("P-256")), other = keys_of(EVP_EC_gen("P-256"));
    g_autoptr(DqGroupList) list = make_list();
    g_autofree char *text = dq_group_list_sign(list, k.private, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(dq_group_list_open(other.public, bytes_of(text), &error));
    g_assert_error(error, DQ_JWS_ERROR, DQ_JWS_ERROR_SIGNATURE);
    for (gsize n = 0; n < strlen(text); n++) {
        g_assert_null(dq_group_list_open(k.public, (DqBytes){ (const uint8_t *)text, n }, NULL));
    }
}

/* The whole is signed by the right key, and an approval in it is not one of this boot and group. */
static void approvals_are_of_their_boot_and_group(void)
{
    g_auto(Keys) k = keys_of(EVP_EC_gen("P-256"));
    g_autoptr(DqGroupList) list = make_list();

    for (guint change = 0; change < 3; change++) {
        g_autofree char *signed_text = dq_group_list_sign(list, k.private, NULL);
        g_autofree char *json = NULL, *text = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_nonnull(signed_text);
        if (change == 0) {
            g_hash_table_remove(list->approvals, "trixie");
        } else if (change == 1) {
            g_hash_table_insert(list->approvals, g_strdup("trixie"),
                                g_strdup(g_hash_table_lookup(list->approvals, "bookworm")));
        } else {
            g_free(list->group);
            list->group = g_strdup("other");
        }
        json = dq_group_list_to_json(list);
        text = dq_jws_sign(k.private, "deepquote-group-list+jws", json, NULL);
        g_assert_null(dq_group_list_open(k.public, bytes_of(text), &error));
        g_assert_error(error, DQ_GROUP_LIST_ERROR, DQ_GROUP_LIST_ERROR_APPROVAL);
    }
}

#define HEAD "{\"type\":\"deepquote-group-list\",\"version\":1,"
#define LEAST HEAD "\"group\":\"a\",\"sequence\":1"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static void mistakes_are_found(void)
{
    static const struct {
        const char *text;
        gboolean good;
    } cases[] = {
        { LEAST "}", TRUE },
        { LEAST ",\"weight\":100,\"vms\":1,\"measurements\":[\"" ZERO "\"]}", TRUE },
        { LEAST ",\"weight\":101}", FALSE },
        { LEAST ",\"weight\":0}", FALSE },
        { LEAST ",\"weight\":\"1\"}", FALSE },
        { LEAST ",\"weight\":1.5}", FALSE },
        { LEAST ",\"vms\":0}", FALSE },
        { LEAST ",\"vms\":-1}", FALSE },
        { LEAST ",\"measurements\":[\"00\"]}", FALSE },
        { LEAST ",\"measurements\":[1]}", FALSE },
        { LEAST ",\"measurements\":{}}", FALSE },
        { LEAST ",\"boots\":{}}", FALSE },
        { LEAST ",\"boots\":[{\"name\":\"x\",\"pcrs\":{}}]}", FALSE },
        { LEAST ",\"boots\":[{\"name\":\"x\",\"pcrs\":{\"sha256\":{\"24\":\"" ZERO "\"}}}]}",
          FALSE },
        { LEAST ",\"approvals\":{\"x\":\"AA\"}}", FALSE },
        { LEAST ",\"approvals\":[]}", FALSE },
        { LEAST ",\"other\":1}", FALSE },
        { HEAD "\"group\":\"a\"}", FALSE },
        { HEAD "\"group\":\"a\",\"sequence\":0}", FALSE },
        { HEAD "\"group\":\"a\",\"sequence\":-1}", FALSE },
        { HEAD "\"group\":\"\",\"sequence\":1}", FALSE },
        { HEAD "\"sequence\":1}", FALSE },
        { "{\"type\":\"deepquote-profile\",\"version\":1,\"group\":\"a\",\"sequence\":1}", FALSE },
        { "{\"type\":\"deepquote-group-list\",\"version\":2,\"group\":\"a\",\"sequence\":1}",
          FALSE },
        { "{\"type\":\"deepquote-group-list\",\"group\":\"a\",\"sequence\":1}", FALSE },
        { "[]", FALSE },
        { "", FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(DqGroupList) list =
            dq_group_list_from_json(cases[i].text, strlen(cases[i].text), &error);

        g_test_message("%s", cases[i].text);
        g_assert_true((list != NULL) == cases[i].good);
        g_assert_true((!list) == (error != NULL));
    }
}

static void truncations_are_none(void)
{
    g_autoptr(DqGroupList) list = make_list();
    g_autofree char *json = dq_group_list_to_json(list);

    for (gsize n = 0; n < strlen(json); n++) {
        g_autofree char *copy = g_strndup(json, n);

        g_assert_null(dq_group_list_from_json(copy, n, NULL));
    }
}

static void lists_without_number_are_not_signed(void)
{
    g_auto(Keys) k = keys_of(EVP_EC_gen("P-256"));
    g_autoptr(DqGroupList) list = dq_group_list_new("acme");
    g_autoptr(GError) error = NULL;

    g_assert_null(dq_group_list_sign(list, k.private, &error));
    g_assert_error(error, DQ_GROUP_LIST_ERROR, DQ_GROUP_LIST_ERROR_MALFORMED);
}

#define ADD(name, function) g_test_add_func("/approval/group-list/" name, function)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("policies-are-those-of-the-specification", policies_are_those_of_the_specification);
    ADD("info-is-that-of-the-specification", info_is_that_of_the_specification);
    ADD("what-was-signed-is-opened", what_was_signed_is_opened);
    ADD("other-keys-open-nothing", other_keys_open_nothing);
    ADD("approvals-are-of-their-boot-and-group", approvals_are_of_their_boot_and_group);
    ADD("mistakes-are-found", mistakes_are_found);
    ADD("truncations-are-none", truncations_are_none);
    ADD("lists-without-number-are-not-signed", lists_without_number_are_not_signed);
    return g_test_run();
}
