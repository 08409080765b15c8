/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/deepquote.h"

#include <string.h>

static void hex_goes_there_and_back(void)
{
    static const uint8_t bytes[] = { 0x00, 0x0f, 0xf0, 0xab, 0xff };
    g_autofree char *text = dq_hex_encode(bytes, sizeof(bytes));
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) back = dq_hex_decode("000fF0aBff", &error);
    g_autoptr(GBytes) none = dq_hex_decode("", &error);

    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, "000ff0abff");
    g_assert_cmpmem(g_bytes_get_data(back, NULL), g_bytes_get_size(back), bytes, sizeof(bytes));
    g_assert_cmpuint(g_bytes_get_size(none), ==, 0);
}

static void hex_refuses_half_a_byte_and_other_characters(void)
{
    static const char *const bad[] = { "0", "000", "0g", "0x00", "00 00", "-1" };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(dq_hex_decode(bad[i], &error));
        g_assert_error(error, DQ_ERROR, DQ_ERROR_VALUE);
    }
}

static void uuid_goes_there_and_back(void)
{
    uint8_t uuid[DQ_UUID_SIZE];
    g_autofree char *text = NULL;

    g_assert_true(dq_uuid_parse("00112233-4455-6677-8899-AABBCCDDEEFF", uuid, NULL));
    for (guint i = 0; i < DQ_UUID_SIZE; i++) {
        g_assert_cmpuint(uuid[i], ==, 0x11 * i);
    }
    text = dq_uuid_format(uuid);
    g_assert_cmpstr(text, ==, "00112233-4455-6677-8899-aabbccddeeff");
}

static void uuid_refuses_any_other_form(void)
{
    static const char *const bad[] = {
        "",
        "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeeff0",
        "00112233-4455-6677-8899-aabbccddeefg",
        "00112233445566778899aabbccddeeff",
        "001122334-455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899+aabbccddeeff",
        "{0112233-4455-6677-8899-aabbccddeef}",
    };
    uint8_t uuid[DQ_UUID_SIZE], poison[DQ_UUID_SIZE];

    memset(poison, 0xA5, sizeof(poison));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        memset(uuid, 0xA5, sizeof(uuid));
        g_assert_false(dq_uuid_parse(bad[i], uuid, &error));
        g_assert_error(error, DQ_ERROR, DQ_ERROR_VALUE);
        g_assert_nonnull(strstr(error->message, "01234567-89ab-cdef-0123-456789abcdef"));
        g_assert_cmpmem(uuid, sizeof(uuid), poison, sizeof(poison));
    }
}

static void the_error_domain_has_its_name(void)
{
    g_assert_cmpstr(g_quark_to_string(DQ_ERROR), ==, "dq_error");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attest/hex/goes-there-and-back", hex_goes_there_and_back);
    g_test_add_func("/attest/hex/refuses-half-a-byte-and-other-characters",
                    hex_refuses_half_a_byte_and_other_characters);
    g_test_add_func("/attest/uuid/goes-there-and-back", uuid_goes_there_and_back);
    g_test_add_func("/attest/uuid/refuses-any-other-form", uuid_refuses_any_other_form);
    g_test_add_func("/attest/error-domain-has-its-name", the_error_domain_has_its_name);
    return g_test_run();
}
