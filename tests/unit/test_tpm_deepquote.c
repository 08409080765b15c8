/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of tpm_deepquote that need no TPM. */
#include "blob.h"
#include "codes.h"
#include "device.h"
#include "holder.h"
#include "session.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { USAGE_AT = 5, AUTH_AT = 10, SCHEME_AT = 18 };

/* TPM_KEY of an identity, with numbers for modulus and private part */
static const uint8_t key[] = {
    1, 1, 0, 0, 0, 0x12, 0, 0, 0, 0, 1,                   /* version, usage, flags, authDataUsage */
    0, 0, 0, 1, 0, 1,    0, 2, 0, 0, 0, 12,               /* RSA, no encryption, SHA-1 */
    0, 0, 8, 0, 0, 0,    0, 2, 0, 0, 0, 0,                /* bits, primes, exponent */
    0, 0, 0, 0, 0, 0,    0, 3, 7, 8, 9, 0,  0, 0, 2, 5, 6 /* no PCRs, modulus, private part */
};

static void test_reads_a_key(void)
{
    static const uint8_t public[] = { 0, 0, 0, 1, 0, 1, 0, 2, 0, 0, 0, 12, 0, 0, 8, 0,
                                      0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3,  7, 8, 9 };
    uint8_t copy[sizeof(key)];
    AikBlob blob;
    g_autoptr(GBytes) got = NULL, want = g_bytes_new(public, sizeof(public));

    memcpy(copy, key, sizeof(key));
    g_assert_true(blob_parse((WireBytes){ copy, sizeof(copy) }, &blob, &got, NULL));
    g_assert_true(g_bytes_equal(got, want));
    g_assert_true(blob.has_secret);
    copy[AUTH_AT] = 0;
    copy[USAGE_AT] = 0x10; /* an ordinary signing key */
    g_assert_true(blob_parse((WireBytes){ copy, sizeof(copy) }, &blob, NULL, NULL));
    g_assert_false(blob.has_secret);
}

static void test_refuses_what_is_no_signing_key(void)
{
    static const struct {
        gsize at;
        uint8_t value;
    } changes[] = { { 0, 2 }, { USAGE_AT, 0x11 }, { 14, 2 }, { SCHEME_AT, 1 }, { SCHEME_AT, 3 } };
    uint8_t longer[sizeof(key) + 1] = { 0 };
    AikBlob blob = { { NULL, 77 }, FALSE };

    for (gsize n = 0; n < sizeof(key); n++) {
        g_assert_false(blob_parse((WireBytes){ key, n }, &blob, NULL, NULL));
    }
    memcpy(longer, key, sizeof(key));
    g_assert_false(blob_parse((WireBytes){ longer, sizeof(longer) }, &blob, NULL, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        uint8_t copy[sizeof(key)];
        g_autoptr(GError) error = NULL;

        memcpy(copy, key, sizeof(key));
        copy[changes[i].at] = changes[i].value;
        g_assert_false(blob_parse((WireBytes){ copy, sizeof(copy) }, &blob, NULL, &error));
        g_assert_error(error, TPM12_ERROR, TPM12_ERROR_INPUT);
    }
    g_assert_cmpuint(blob.bytes.len, ==, 77);
}

static void test_codes_in_words(void)
{
    g_autoptr(GError) error = NULL, bare = NULL;

    g_assert_true(code_check(0, "trying", NULL));
    g_assert_false(code_check(0x502, "trying", &error));
    g_assert_nonnull(strstr(error->message, "trying: TPM says 0x502: vtpm-managerd refuses"));
    g_assert_false(code_check(0x777, "trying", &bare));
    g_assert_cmpstr(bare->message, ==, "trying: TPM says 0x777");
    g_assert_nonnull(strstr(code_explain(0x12), "tpm_takeownership"));
}

static void test_names_who_has_a_file_open(void)
{
    g_autofree char *none = NULL, *name = NULL;
    int64_t pid = 77;
    int fd;

    g_assert_true(g_file_set_contents("device", "", 0, NULL));
    none = holder_find("/proc", "device", &pid);
    g_assert_null(none);
    g_assert_cmpint(pid, ==, 77);
    fd = open("device", O_RDONLY);
    name = holder_find("/proc", "device", &pid);
    g_assert_cmpint(pid, ==, getpid());
    g_assert_true(
        g_str_has_prefix("test_tpm_deepquote", name)); /* the kernel keeps 15 bytes of it */
    g_assert_null(holder_find("/nowhere", "device", &pid));
    g_assert_null(holder_find("/proc", "nothing", &pid));
    close(fd);
    g_unlink("device");
}

static void test_says_what_to_do_about_a_holder(void)
{
    g_autofree char *unknown = holder_advice("nothing"), *other = NULL;
    int fd;

    g_assert_nonnull(strstr(unknown, "systemctl stop tcsd"));
    g_assert_true(g_file_set_contents("device", "", 0, NULL));
    fd = open("device", O_RDONLY);
    other = holder_advice("device");
    g_assert_nonnull(strstr(other, "test_tpm_deepqu"));
    g_assert_null(strstr(other, "tcsd"));
    close(fd);
    g_unlink("device");
}

static void test_says_why_a_device_cannot_be_opened(void)
{
    g_autoptr(GError) missing = NULL;

    g_assert_null(device_open("nothing", &missing));
    g_assert_error(missing, TPM12_ERROR, TPM12_ERROR_DEVICE);
    g_assert_nonnull(strstr(missing->message, "-d"));
    device_free(NULL);
}

/* One end of a Device, as a TPM that says what the test likes */
typedef struct FakeTpm {
    int fd;
    Device *device;
} FakeTpm;

static void fake_begin(FakeTpm *f)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "tpm" };
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    f->device = device_open("tpm", NULL);
    g_assert_nonnull(f->device);
    f->fd = accept(listener, NULL, NULL);
    close(listener);
    g_unlink("tpm");
}

static void test_answers_have_the_size_that_they_say(void)
{
    static const struct {
        uint8_t answer[14];
        gsize len;
        int error; /* -1: none */
    } cases[] = {
        { { 0, 0xC4, 0, 0, 0, 10 }, 10, -1 },
        { { 0, 0xC4, 0, 0, 0, 14 }, 14, -1 },
        { { 0, 0xC4, 0, 0, 0, 10 }, 11, TPM12_ERROR_MALFORMED }, /* longer */
        { { 0, 0xC4, 0, 0, 0, 9 }, 10, TPM12_ERROR_MALFORMED },
        { { 0, 0xC4, 0, 0, 0x10, 1 }, 10, TPM12_ERROR_MALFORMED }, /* more than there is room for */
        { { 0, 0xC4, 0xff, 0xff, 0xff, 0xff }, 10, TPM12_ERROR_MALFORMED },
        { { 0, 0xC4, 0, 0, 0, 14 }, 12, TPM12_ERROR_DEVICE }, /* and the TPM is gone */
        { { 0 }, 9, TPM12_ERROR_DEVICE },
        { { 0 }, 0, TPM12_ERROR_DEVICE },
    };
    static const uint8_t command[10] = { 0, 0xC1, 0, 0, 0, 10 };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        FakeTpm f;
        uint8_t buf[WIRE_TPM_BUFFER_MAX];
        WireBytes got = { NULL, 77 };
        g_autoptr(GError) error = NULL;

        fake_begin(&f);
        g_assert_cmpint(write(f.fd, cases[i].answer, cases[i].len), ==, (gssize)cases[i].len);
        shutdown(f.fd, SHUT_WR);
        if (device_exchange(f.device, (WireBytes){ command, sizeof(command) }, buf, &got, &error)) {
            g_assert_cmpint(cases[i].error, ==, -1);
            g_assert_cmpuint(got.len, ==, cases[i].len);
        } else {
            g_assert_error(error, TPM12_ERROR, cases[i].error);
            g_assert_cmpuint(got.len, ==, 77);
        }
        device_free(f.device);
        close(f.fd);
    }
}

static void hmac(const Secret *secret, const uint8_t *message, gsize n, uint8_t ret[20])
{
    size_t len;

    g_assert_nonnull(
        EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, secret->digest, 20, message, n, ret, 20, &len));
}

/* An answer's trailer as a TPM makes it */
static void make_trailer(const Session *session, const Secret *secret, const uint8_t *covered,
                         gsize n, uint8_t ret[TPM12_RESPONSE_TRAILER_SIZE])
{
    uint8_t in[64] = { 0, 0, 0, 0, 0, 0, 0, 0x3e }, message[61];

    memcpy(in + 8, covered, n);
    g_assert_cmpint(EVP_Digest(in, 8 + n, message, NULL, EVP_sha1(), NULL), ==, 1);
    memset(ret, 0xee, 20); /* its new nonce */
    ret[20] = 0;
    memcpy(message + 20, ret, 20);
    memcpy(message + 40, session->odd, 20);
    message[60] = 0;
    hmac(secret, message, sizeof(message), ret + 21);
}

static void test_only_who_knows_the_secret_can_answer(void)
{
    static const uint8_t covered[3] = { 1, 2, 3 };
    const WireBytes bytes = { covered, sizeof(covered) };
    const Secret secret = { "nineteen characters" };
    const Session session = { 5, "even", "odd" };
    uint8_t trailer[TPM12_RESPONSE_TRAILER_SIZE];

    make_trailer(&session, &secret, covered, sizeof(covered), trailer);
    g_assert_true(session_verify(&session, &secret, TPM12_ORD_Quote2, bytes,
                                 (WireBytes){ trailer, sizeof(trailer) }, NULL));
    g_assert_false(session_verify(&session, &secret, TPM12_ORD_LoadKey2, bytes,
                                  (WireBytes){ trailer, sizeof(trailer) }, NULL));
    for (gsize i = 0; i < sizeof(trailer); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(session_verify(&session, &secret, TPM12_ORD_Quote2, bytes,
                                      (WireBytes){ trailer, i }, NULL));
        trailer[i] ^= 1;
        g_assert_false(session_verify(&session, &secret, TPM12_ORD_Quote2, bytes,
                                      (WireBytes){ trailer, sizeof(trailer) }, &error));
        g_assert_error(error, TPM12_ERROR, TPM12_ERROR_MALFORMED);
        trailer[i] ^= 1;
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(void);
    } tests[] = {
        { "blob/reads-a-key", test_reads_a_key },
        { "blob/refuses-what-is-no-signing-key", test_refuses_what_is_no_signing_key },
        { "codes/in-words", test_codes_in_words },
        { "holder/names-who-has-a-file-open", test_names_who_has_a_file_open },
        { "holder/says-what-to-do", test_says_what_to_do_about_a_holder },
        { "device/says-why-it-cannot-be-opened", test_says_why_a_device_cannot_be_opened },
        { "device/answers-have-the-size-that-they-say", test_answers_have_the_size_that_they_say },
        { "session/only-who-knows-the-secret-can-answer",
          test_only_who_knows_the_secret_can_answer },
    };
    g_autofree char *folder = g_dir_make_tmp("tpm-deepquote-XXXXXX", NULL);
    int status;

    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(g_chdir(folder), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/tpm-deepquote/", tests[i].path, NULL);

        g_test_add_func(path, tests[i].run);
    }
    status = g_test_run();
    g_rmdir(folder);
    return status;
}
