/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Channel binding. Keys and certificates are openssl's; the nonces were computed from them by
 * Python's hashlib over "openssl pkey -pubin -outform DER". */
#include "attest/deepquote.h"

#include <string.h>

static const char ec_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBejCCASGgAwIBAgIUFDCP+Mtb7wNAQWZxKI0yymc5QvAwCgYIKoZIzj0EAwIw\n"
    "EjEQMA4GA1UEAwwHY2hhbm5lbDAgFw0yNjExMjUxOTIyNTVaGA8yMTI2MTEwMTE5\n"
    "MjI1NVowEjEQMA4GA1UEAwwHY2hhbm5lbDBZMBMGByqGSM49AgEGCCqGSM49AwEH\n"
    "A0IABMI564LKAB+HvZVhUw1NEZnNGfGYfR5TLghRUFTEjD66Y2ZfZ0TJoNGxVko6\n"
    "lNhskLIqqQo7fklAbefeby+x9AWjUzBRMB0GA1UdDgQWBBRHtCA5pJQIRSjdsb7I\n"
    "tnqYuczqQjAfBgNVHSMEGDAWgBRHtCA5pJQIRSjdsb7ItnqYuczqQjAPBgNVHRMB\n"
    "Af8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIDx+JuIOgqo36yCj2mb9ofekRFE2\n"
    "YeO+qk/iEk+CbJqPAiAyHdoQHAdOloBdvXZXpfGxgXgGmU+/YosIsGfapczF6w==\n"
    "-----END CERTIFICATE-----\n";

static const char ec_public[] = "-----BEGIN PUBLIC KEY-----\n"
                                "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwjnrgsoAH4e9lWFTDU0Rmc0Z8Zh9\n"
                                "HlMuCFFQVMSMPrpjZl9nRMmg0bFWSjqU2GyQsiqpCjt+SUBt595vL7H0BQ==\n"
                                "-----END PUBLIC KEY-----\n";

static const char ed_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBMDCB46ADAgECAhQmEdvDdnWFMh8jdjBAit1dE0uzXjAFBgMrZXAwDTELMAkG\n"
    "A1UEAwwCZWQwIBcNMjYxMTI1MTkyMjU1WhgPMjEyNjExMDExOTIyNTVaMA0xCzAJ\n"
    "BgNVBAMMAmVkMCowBQYDK2VwAyEA3Y60chcrZyKk/GGCVu0RS1phohn6m/KmyASq\n"
    "qvJOEBGjUzBRMB0GA1UdDgQWBBTnYWFGRggMjMIINEC8vVo4BLUp0zAfBgNVHSME\n"
    "GDAWgBTnYWFGRggMjMIINEC8vVo4BLUp0zAPBgNVHRMBAf8EBTADAQH/MAUGAytl\n"
    "cANBADi76YCm6icSwAYsy3s2IkxU0O+IsJHCSup1XQpNTtjfu+A0N5DhJDSWB9ro\n"
    "ITJGfgLwgh7PEU/honw8biWUhQw=\n"
    "-----END CERTIFICATE-----\n";

static const char ed_public[] = "-----BEGIN PUBLIC KEY-----\n"
                                "MCowBQYDK2VwAyEA3Y60chcrZyKk/GGCVu0RS1phohn6m/KmyASqqvJOEBE=\n"
                                "-----END PUBLIC KEY-----\n";

/* The last byte of this key is even: its bits that are zero are bits of the key. */
static const char even_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBODCB66ADAgECAhQgUrnIM8tMT9cF78jHLkdkI8jsyzAFBgMrZXAwEjEQMA4G\n"
    "A1UEAwwHY2hhbm5lbDAeFw0yNjExMjUxOTI4NDdaFw0yNjEyMjUxOTI4NDdaMBIx\n"
    "EDAOBgNVBAMMB2NoYW5uZWwwKjAFBgMrZXADIQBp6RcOUIKNhypvZc6jR2mHuIdP\n"
    "CFMc+9YBGoTKTvcDJKNTMFEwHQYDVR0OBBYEFCzfmLnhBdCqZxHvNOLOV9T1n4fq\n"
    "MB8GA1UdIwQYMBaAFCzfmLnhBdCqZxHvNOLOV9T1n4fqMA8GA1UdEwEB/wQFMAMB\n"
    "Af8wBQYDK2VwA0EAAdDLr6Jadv7xb1aYOXGtyQxfayZBJ6xLncOtvgF2CRjpvGFo\n"
    "IavNyC0nvI2DtNLjuNL8joIiL+gPdCP86ZQnCQ==\n"
    "-----END CERTIFICATE-----\n";

static const char even_public[] = "-----BEGIN PUBLIC KEY-----\n"
                                  "MCowBQYDK2VwAyEAaekXDlCCjYcqb2XOo0dph7iHTwhTHPvWARqEyk73AyQ=\n"
                                  "-----END PUBLIC KEY-----\n";

#define EC_NONCE "aafa22001588c6e35668a1b36b42865a16839b01b235c31b6bc72f19d9aa8298"
#define EC_NONCE_OF_EMPTY "870e1de9d7f2405f6e87b26d5406dc07e11caefba0c3cdc907ba90b167e90019"
#define EVEN_NONCE "99c71fe95022b342a24aa7cd2f98344c6bd2ce9a201d2fbd581351bee77490c7"
#define ED_NONCE "30c473a7fee9c18e18e08f4e9cab6b41dd4567dbc317b6593246feeb10299654"

/** 0, 1, ... 31 */
static DqBytes challenge(void)
{
    static uint8_t bytes[32];

    for (gsize i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    return (DqBytes){ bytes, sizeof(bytes) };
}

static void expect_nonce_of(DqBytes asked, const void *data, gsize len, const char *hex)
{
    uint8_t nonce[DQ_HASH_SIZE];
    g_autofree char *made = NULL;

    g_assert_true(dq_bind_nonce(asked, (DqBytes){ data, len }, nonce, NULL));
    made = dq_hex_encode(nonce, sizeof(nonce));
    g_assert_cmpstr(made, ==, hex);
}

static void expect_refused(const void *data, gsize len)
{
    uint8_t nonce[DQ_HASH_SIZE], poison[DQ_HASH_SIZE];
    g_autoptr(GError) error = NULL;

    memset(nonce, 0xa5, sizeof(nonce));
    memset(poison, 0xa5, sizeof(poison));
    g_assert_false(dq_bind_nonce(challenge(), (DqBytes){ data, len }, nonce, &error));
    g_assert_error(error, DQ_ERROR, DQ_ERROR_KEY);
    g_assert_cmpmem(nonce, sizeof(nonce), poison, sizeof(poison));
}

/** (transfer full): what is between the lines of a PEM block. */
static uint8_t *der(const char *pem, gsize *ret_len)
{
    const char *start = strchr(pem, '\n') + 1;
    g_autofree char *base64 = g_strndup(start, (gsize)(strstr(start, "-----END") - start));

    return g_base64_decode(base64, ret_len);
}

static void test_nonces_as_others_compute_them(void)
{
    static const struct {
        const char *pem, *hex;
    } cases[] = {
        { ec_certificate, EC_NONCE },     { ec_public, EC_NONCE },
        { ed_certificate, ED_NONCE },     { ed_public, ED_NONCE },
        { even_certificate, EVEN_NONCE }, { even_public, EVEN_NONCE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize len;
        g_autofree uint8_t *binary = der(cases[i].pem, &len);

        expect_nonce_of(challenge(), cases[i].pem, strlen(cases[i].pem), cases[i].hex);
        expect_nonce_of(challenge(), binary, len, cases[i].hex);
    }
    expect_nonce_of((DqBytes){ NULL, 0 }, ec_public, strlen(ec_public), EC_NONCE_OF_EMPTY);
}

static void test_the_first_certificate_of_a_chain_counts(void)
{
    g_autofree char *chain = g_strconcat("depth=0\n", ec_certificate, ed_certificate, NULL);
    g_autofree char *other = g_strconcat(ed_certificate, ec_certificate, NULL);

    expect_nonce_of(challenge(), chain, strlen(chain), EC_NONCE);
    expect_nonce_of(challenge(), other, strlen(other), ED_NONCE);
}

static void test_refuses_what_has_no_public_key(void)
{
    static const char private_key[] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
        "-----END PRIVATE KEY-----\n";
    static const char empty_block[] = "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n";
    gsize len;
    g_autofree uint8_t *certificate = der(ec_certificate, &len);
    g_autofree uint8_t *longer = g_malloc0(len + 1);

    expect_refused(NULL, 0);
    expect_refused("no key", 6);
    expect_refused(private_key, strlen(private_key));
    expect_refused(empty_block, strlen(empty_block));
    for (gsize n = 0; n < len; n++) {
        expect_refused(certificate, n);
    }
    memcpy(longer, certificate, len);
    expect_refused(longer, len + 1);
}

static void test_refuses_a_point_off_the_curve(void)
{
    gsize len;
    g_autofree uint8_t *public = der(ec_public, &len);

    public[len - 1] ^= 1;
    expect_refused(public, len);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attest/bind/nonces-as-others-compute-them",
                    test_nonces_as_others_compute_them);
    g_test_add_func("/attest/bind/the-first-certificate-of-a-chain-counts",
                    test_the_first_certificate_of_a_chain_counts);
    g_test_add_func("/attest/bind/refuses-what-has-no-public-key",
                    test_refuses_what_has_no_public_key);
    g_test_add_func("/attest/bind/refuses-a-point-off-the-curve",
                    test_refuses_a_point_off_the_curve);
    return g_test_run();
}
