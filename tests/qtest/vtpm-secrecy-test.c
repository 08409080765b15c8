/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the state of a vTPM travels: in the clear unless swtpm has a key for that. With swtpm.
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "qemu/bswap.h"
#include "vtpm-swtpm.h"
#include "vtpm-util.h"

#define MACHINE "-machine q35 -nodefaults -m 64 "
#define KEY "000102030405060708090a0b0c0d0e0f"
#define OTHER_KEY "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

typedef struct Peer {
    VtpmSwtpm *swtpm;
    Vtpm v;
} Peer;

static char *keep_key(const char *key)
{
    char *path = NULL;
    int fd = g_file_open_tmp("vtpm-key.XXXXXX", &path, NULL);

    g_assert_cmpint(write(fd, key, strlen(key)), ==, strlen(key));
    close(fd);
    return path;
}

/* @option: of swtpm, which takes @key; NULL for none */
static Peer peer(const char *option, const char *key, const char *more)
{
    g_autofree char *path = key ? keep_key(key) : NULL;
    g_autofree char *options =
        key ? g_strdup_printf("%s file=%s,format=hex,mode=aes-cbc", option, path) : g_strdup("");
    g_autofree char *all = g_strconcat(MACHINE, more, NULL);
    Peer p = { .swtpm = vtpm_swtpm_new() };
    static const uint8_t startup[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0 };
    uint8_t response[4096];

    vtpm_swtpm_start(p.swtpm, options);
    p.v = vtpm_start_at(vtpm_swtpm_path(p.swtpm), "tpm-crb", "", all);
    if (!*more) {
        vtpm_crb_run(&p.v, startup, sizeof(startup), response);
        g_assert_cmphex(ldl_be_p(response + 6), ==, 0);
    }
    if (path) {
        g_unlink(path);
    }
    return p;
}

static void end(Peer *p)
{
    qtest_quit(p->v.qts);
    vtpm_swtpm_free(p->swtpm);
}

/* What libtpms begins a TPM's permanent state with */
static bool is_clear(const GByteArray *stream)
{
    return memmem(stream->data, stream->len, "\xab\x36\x47\x23", 4);
}

static GByteArray *sent(const char *option, const char *key)
{
    Peer p = peer(option, key, "");
    GByteArray *stream = vtpm_migrate_to_bytes(&p.v);

    end(&p);
    return stream;
}

static void test_clear(void)
{
    g_autoptr(GByteArray) stream = sent(NULL, NULL);

    g_assert_true(is_clear(stream));
}

static void test_clear_with_state_key(void)
{
    g_autoptr(GByteArray) stream = sent("--key", KEY);

    g_assert_true(is_clear(stream));
}

static void test_encrypted(void)
{
    g_autoptr(GByteArray) stream = sent("--migration-key", KEY);
    Peer to = peer("--migration-key", KEY, "-incoming defer");

    g_assert_false(is_clear(stream));
    vtpm_load_bytes(&to.v, stream);
    qtest_qmp_eventwait(to.v.qts, "RESUME");
    g_assert_true(vtpm_state_is(&to.v, "running"));
    end(&to);
}

static void test_other_key(void)
{
    g_autoptr(GByteArray) stream = sent("--migration-key", KEY);
    Peer to = peer("--migration-key", OTHER_KEY, "-incoming defer");

    vtpm_load_bytes(&to.v, stream);
    qtest_set_expected_status(to.v.qts, 1);
    vtpm_wait_until(!qtest_probe_child(to.v.qts));
    end(&to);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-secrecy/state-is-sent-in-the-clear", test_clear);
    qtest_add_func("/vtpm-secrecy/so-where-swtpm-keeps-it-encrypted", test_clear_with_state_key);
    qtest_add_func("/vtpm-secrecy/encrypted-with-a-migration-key", test_encrypted);
    qtest_add_func("/vtpm-secrecy/which-another-key-does-not-open", test_other_key);
    return g_test_run();
}
