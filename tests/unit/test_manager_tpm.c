/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Response codes, PCR values and events: the parts of the TPM's handling that need no TPM. */
#include <string.h>

#include "tpm/session.h"
#include "tpm/simulator.h"

static void test_reactions(void)
{
    const struct {
        TSS2_RC rc;
        TpmReaction reaction;
    } table[] = {
        { 0, TPM_REACT_DONE },
        { TPM2_RC_RETRY, TPM_REACT_AGAIN },
        { TPM2_RC_YIELDED, TPM_REACT_AGAIN },
        { TPM2_RC_TESTING, TPM_REACT_AGAIN },
        { TPM2_RC_NV_RATE, TPM_REACT_AGAIN },
        { TSS2_RESMGR_TPM_RC_LAYER | TPM2_RC_RETRY, TPM_REACT_AGAIN },
        { TPM2_RC_INITIALIZE, TPM_REACT_START },
        { TPM2_RC_REFERENCE_H0, TPM_REACT_RELOAD },
        { TPM2_RC_HANDLE | TPM2_RC_1, TPM_REACT_RELOAD },
        { TPM2_RC_HANDLE | TPM2_RC_P | TPM2_RC_1, TPM_REACT_REFUSE },
        { TPM2_RC_HANDLE | TPM2_RC_S | TPM2_RC_1, TPM_REACT_REFUSE },
        { TPM2_RC_HANDLE, TPM_REACT_RELOAD },
        { TPM2_RC_KEY | TPM2_RC_1, TPM_REACT_RELOAD },
        { TPM2_RC_AUTH_FAIL | TPM2_RC_S | TPM2_RC_1, TPM_REACT_RELOAD },
        { TPM_RC_OTHER_KEY, TPM_REACT_RELOAD },
        { TPM_RC_MALFORMED, TPM_REACT_REFUSE },
        { TPM2_RC_OBJECT_MEMORY, TPM_REACT_AGAIN },
        { TPM2_RC_LOCKOUT, TPM_REACT_REFUSE },
        { TPM2_RC_FAILURE, TPM_REACT_REFUSE },
        { TPM2_RC_VALUE | TPM2_RC_P | TPM2_RC_2, TPM_REACT_REFUSE },
        { TSS2_TCTI_RC_IO_ERROR, TPM_REACT_REOPEN },
        { TSS2_TCTI_RC_NO_CONNECTION, TPM_REACT_REOPEN },
        { TSS2_ESYS_RC_BAD_SEQUENCE, TPM_REACT_REOPEN },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_test_message("0x%x", table[i].rc);
        g_assert_cmpint(tpm_error_reaction(table[i].rc), ==, table[i].reaction);
    }
}

static void test_errors(void)
{
    const struct {
        TSS2_RC rc;
        TpmError error;
    } table[] = {
        { TPM2_RC_RETRY, TPM_ERROR_BUSY },
        { TPM2_RC_LOCKOUT, TPM_ERROR_LOCKOUT },
        { TPM2_RC_VALUE | TPM2_RC_P | TPM2_RC_2, TPM_ERROR_VALUE },
        { TPM2_RC_FAILURE, TPM_ERROR_FAILED },
        { TPM2_RC_AUTH_FAIL | TPM2_RC_S | TPM2_RC_1, TPM_ERROR_AUTH },
        { TPM2_RC_BAD_AUTH | TPM2_RC_S | TPM2_RC_1, TPM_ERROR_AUTH },
        { TPM2_RC_HIERARCHY | TPM2_RC_1, TPM_ERROR_HIERARCHY },
        { TPM2_RC_INITIALIZE, TPM_ERROR_RESET },
        { TPM2_RC_REBOOT, TPM_ERROR_RESET },
        { TPM2_RC_OBJECT_MEMORY, TPM_ERROR_ROOM },
        { TPM2_RC_OBJECT_HANDLES, TPM_ERROR_ROOM },
        { TPM2_RC_SESSION_MEMORY, TPM_ERROR_ROOM },
        { TPM2_RC_SESSION_HANDLES, TPM_ERROR_ROOM },
        { TPM2_RC_CONTEXT_GAP, TPM_ERROR_ROOM },
        { TPM2_RC_NV_SPACE, TPM_ERROR_ROOM },
        { TPM_RC_OTHER_KEY, TPM_ERROR_FAILED },
        { TSS2_TCTI_RC_IO_ERROR, TPM_ERROR_GONE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;

        tpm_error_set(&error, table[i].rc, "TPM2_Quote");
        g_assert_error(error, TPM_ERROR, (gint)table[i].error);
        g_assert_nonnull(strstr(error->message, "TPM2_Quote"));
    }
}

static void test_digest_decides(void)
{
    TpmPcrCache cache = { 0 };
    TpmPcr values[DEEPQUOTE_HOST_PCRS_MAX];
    WirePcrSelection s = { 0 };
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t digest[32];
    gsize digest_len = sizeof(digest);
    unsigned count = 99;

    wire_pcr_select(&s, TPM2_ALG_SHA256, 3);
    wire_pcr_select(&s, TPM2_ALG_SHA1, 1);
    g_assert_false(tpm_pcr_values(&cache, &s, values, &count));
    g_assert_cmpuint(count, ==, 99);
    *tpm_pcr_lookup(&cache, TPM2_ALG_SHA1, 1) = (TpmPcr){ 20, { 1 } };
    *tpm_pcr_lookup(&cache, TPM2_ALG_SHA256, 3) = (TpmPcr){ 32, { 2 } };
    g_assert_true(tpm_pcr_values(&cache, &s, values, &count));
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpuint(values[0].size, ==, 32);
    g_checksum_update(sum, values[0].value, 32);
    g_checksum_update(sum, values[1].value, 20);
    g_checksum_get_digest(sum, digest, &digest_len);
    g_assert_true(tpm_pcr_digest_matches(values, 2, (WireBytes){ digest, 32 }));
    g_assert_false(tpm_pcr_digest_matches(values, 1, (WireBytes){ digest, 32 }));
    g_assert_false(tpm_pcr_digest_matches(values, 2, (WireBytes){ digest, 31 }));
    values[1].value[19] ^= 1;
    g_assert_false(tpm_pcr_digest_matches(values, 2, (WireBytes){ digest, 32 }));
}

static void test_stores_what_was_read(void)
{
    TpmPcrCache cache = { 0 };
    TPML_PCR_SELECTION out = { .count = 1 };
    TPML_DIGEST values = { .count = 2 };

    out.pcrSelections[0] = (TPMS_PCR_SELECTION){ TPM2_ALG_SHA256, 3, { 0x02, 0x80, 0 } };
    values.digests[0] = (TPM2B_DIGEST){ 32, { 7 } };
    values.digests[1] = (TPM2B_DIGEST){ 32, { 8 } };
    g_assert_cmpuint(tpm_pcr_store(&cache, &out, &values), ==, 2);
    g_assert_cmpuint(tpm_pcr_lookup(&cache, TPM2_ALG_SHA256, 1)->value[0], ==, 7);
    g_assert_cmpuint(tpm_pcr_lookup(&cache, TPM2_ALG_SHA256, 15)->value[0], ==, 8);
    g_assert_cmpuint(tpm_pcr_lookup(&cache, TPM2_ALG_SHA256, 2)->size, ==, 0);
    g_assert_null(tpm_pcr_lookup(&cache, TPM2_ALG_SHA256, 24));
    /* More values than were selected, and more selected than values. */
    values.count = 8;
    g_assert_cmpuint(tpm_pcr_store(&cache, &out, &values), ==, 2);
    values.count = 1;
    g_assert_cmpuint(tpm_pcr_store(&cache, &out, &values), ==, 1);
}

static void test_events(void)
{
    const char *const bad[] = { "",     " 4 x", "x",
                                "4",    "4 ",   "-1 x",
                                "24 x", "4x y", "99999999999999999999 x" };
    guint pcr = 77;
    const char *text = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("'%s'", bad[i]);
        g_assert_false(simulator_parse_event(bad[i], &pcr, &text));
        g_assert_true(pcr == 77 && !text);
    }
    g_assert_true(simulator_parse_event("23 \ta text  with spaces", &pcr, &text));
    g_assert_cmpuint(pcr, ==, 23);
    g_assert_cmpstr(text, ==, "a text  with spaces");
}

/* A TPM that answers every command with success, and a script of what tpm_run() is to meet. */
typedef struct FakeTpm {
    TSS2_TCTI_CONTEXT_COMMON_V1 tcti; /* first */
    guint opened;
    guint startups;
    guint prepared;
    guint commands;
    const TSS2_RC *script; /* what the commands return, one after the other */
    TSS2_RC preparation;   /* what one command of the preparation returns */
} FakeTpm;

static TSS2_RC fake_transmit(TSS2_TCTI_CONTEXT *tcti, size_t size, const uint8_t *command)
{
    static const uint8_t startup[] = { 0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0 };

    g_assert_cmpmem(command, size, startup, sizeof(startup));
    ((FakeTpm *)tcti)->startups++;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC fake_receive(G_GNUC_UNUSED TSS2_TCTI_CONTEXT *tcti, size_t *size, uint8_t *response,
                            G_GNUC_UNUSED int32_t timeout)
{
    static const uint8_t success[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0, 0 };

    *size = sizeof(success);
    if (response) {
        memcpy(response, success, sizeof(success));
    }
    return TSS2_RC_SUCCESS;
}

static void fake_finalize(G_GNUC_UNUSED TSS2_TCTI_CONTEXT *tcti)
{
}

static gboolean fake_open(void *data, TSS2_TCTI_CONTEXT **ret_tcti, G_GNUC_UNUSED GError **error)
{
    FakeTpm *fake = data;

    fake->opened++;
    fake->tcti = (TSS2_TCTI_CONTEXT_COMMON_V1){
        .version = 1,
        .transmit = fake_transmit,
        .receive = fake_receive,
        .finalize = fake_finalize,
    };
    *ret_tcti = (TSS2_TCTI_CONTEXT *)fake;
    return TRUE;
}

static void fake_close(G_GNUC_UNUSED void *data, G_GNUC_UNUSED TSS2_TCTI_CONTEXT *tcti)
{
}

static TSS2_RC preparing_command(G_GNUC_UNUSED TpmSession *tpm, void *data)
{
    FakeTpm *fake = data;
    TSS2_RC rc = fake->preparation;

    if (tpm_error_reaction(rc) == TPM_REACT_AGAIN) {
        fake->preparation = TSS2_RC_SUCCESS;
    }
    return rc;
}

static gboolean fake_prepare(TpmSession *tpm, void *data, GError **error)
{
    ((FakeTpm *)data)->prepared++;
    return tpm_run(tpm, "the preparation", preparing_command, data, error);
}

static TSS2_RC scripted_command(TpmSession *tpm, void *data)
{
    FakeTpm *fake = data;

    g_assert_nonnull(tpm_session_esys(tpm));
    return fake->script[fake->commands++];
}

static TpmSession *fake_session(FakeTpm *fake, gboolean simulated)
{
    const TpmSource source = {
        .open = fake_open, .close = fake_close, .data = fake, .simulated = simulated
    };

    return tpm_session_new(&source, fake_prepare, fake);
}

#define LOST TSS2_TCTI_RC_IO_ERROR

static void test_run_reacts(void)
{
    const struct {
        const char *name;
        TSS2_RC script[4];
        guint opened, startups, prepared, commands;
        gint error; /* -1: none */
    } table[] = {
        { "done", { 0 }, 1, 1, 1, 1, -1 },
        { "again", { TPM2_RC_NV_RATE, TPM2_RC_RETRY, TPM2_RC_TESTING, 0 }, 1, 1, 1, 4, -1 },
        { "reload", { TPM2_RC_REFERENCE_H0, 0 }, 1, 1, 2, 2, -1 },
        { "start", { TPM2_RC_INITIALIZE, 0 }, 1, 2, 2, 2, -1 },
        { "reopen", { LOST, 0 }, 2, 2, 2, 2, -1 },
        { "reopen, then reload", { LOST, TPM2_RC_REFERENCE_H0, 0 }, 2, 2, 3, 3, -1 },
        { "at most twice", { LOST, LOST, LOST, 0 }, 3, 3, 3, 3, TPM_ERROR_GONE },
        { "refused", { TPM2_RC_LOCKOUT, 0 }, 1, 1, 1, 1, TPM_ERROR_LOCKOUT },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        FakeTpm fake = { .script = table[i].script };
        g_autoptr(TpmSession) tpm = fake_session(&fake, TRUE);
        g_autoptr(GError) error = NULL;

        g_test_message("%s", table[i].name);
        g_assert_cmpint(tpm_run(tpm, "it", scripted_command, &fake, &error), ==,
                        table[i].error < 0);
        if (table[i].error < 0) {
            g_assert_no_error(error);
        } else {
            g_assert_error(error, TPM_ERROR, table[i].error);
        }
        g_assert_cmpuint(fake.opened, ==, table[i].opened);
        g_assert_cmpuint(fake.startups, ==, table[i].startups);
        g_assert_cmpuint(fake.prepared, ==, table[i].prepared);
        g_assert_cmpuint(fake.commands, ==, table[i].commands);
    }
}

static void test_preparation_waits(void)
{
    const TSS2_RC script[] = { 0 };
    FakeTpm fake = { .script = script, .preparation = TPM2_RC_NV_RATE };
    g_autoptr(TpmSession) tpm = fake_session(&fake, TRUE);
    g_autoptr(GError) error = NULL;

    g_assert_true(tpm_run(tpm, "it", scripted_command, &fake, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(fake.prepared, ==, 1);
}

static void test_failed_preparation_is_made_again_next_time(void)
{
    const TSS2_RC script[] = { 0 };
    FakeTpm fake = { .script = script, .preparation = LOST };
    g_autoptr(TpmSession) tpm = fake_session(&fake, TRUE);
    g_autoptr(GError) error = NULL;

    g_assert_false(tpm_run(tpm, "it", scripted_command, &fake, &error));
    g_assert_error(error, TPM_ERROR, TPM_ERROR_GONE);
    g_assert_cmpuint(fake.prepared, ==, 1);
    g_assert_cmpuint(fake.commands, ==, 0);
    fake.preparation = 0;
    g_assert_true(tpm_run(tpm, "it", scripted_command, &fake, NULL));
    g_assert_cmpuint(fake.opened, ==, 2);
    g_assert_cmpuint(fake.prepared, ==, 2);
}

static void test_hardware_is_never_started(void)
{
    const TSS2_RC script[] = { TPM2_RC_INITIALIZE, 0 };
    FakeTpm fake = { .script = script };
    g_autoptr(TpmSession) tpm = fake_session(&fake, FALSE);
    g_autoptr(GError) error = NULL;

    g_assert_false(tpm_run(tpm, "it", scripted_command, &fake, &error));
    g_assert_error(error, TPM_ERROR, TPM_ERROR_RESET);
    g_assert_nonnull(strstr(error->message, "restart the host"));
    g_assert_cmpuint(fake.startups, ==, 0);
    g_assert_cmpuint(fake.commands, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/tpm-error/reactions", test_reactions);
    g_test_add_func("/manager/tpm-error/codes", test_errors);
    g_test_add_func("/manager/tpm-pcr/digest-decides", test_digest_decides);
    g_test_add_func("/manager/tpm-pcr/stores-what-was-read", test_stores_what_was_read);
    g_test_add_func("/manager/tpm-run/reacts-to-each-code", test_run_reacts);
    g_test_add_func("/manager/tpm-run/preparation-waits", test_preparation_waits);
    g_test_add_func("/manager/tpm-run/failed-preparation-is-made-again-next-time",
                    test_failed_preparation_is_made_again_next_time);
    g_test_add_func("/manager/tpm-run/hardware-is-never-started", test_hardware_is_never_started);
    g_test_add_func("/manager/simulator/events", test_events);
    return g_test_run();
}
