/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs of systemd: any bytes are one or an error; each is replayed in each bank. */
#include "appraise/error.h"
#include "appraise/replay-text.h"
#include "appraise/systemd-log.h"
#include "wire/tpm-constants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t banks[] = { TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA3_256 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) log = dq_systemd_log_parse((WireBytes){ data, size }, &error);

    g_assert_true((!log) == (error && error->domain == DQ_LOG_ERROR));
    for (guint i = 0; log && i < log->len; i++) {
        const DqSystemdRecord *record = log->pdata[i];

        g_assert_true(record->number == i && record->pcr < DQ_EVENT_PCRS);
        g_assert_true(g_utf8_validate(record->text, -1, NULL));
        dq_systemd_is_altered(record);
        for (gsize k = 0; k < G_N_ELEMENTS(banks); k++) {
            DqPcrReplay p = { .alg = banks[k], .pcr = record->pcr };
            g_autofree char *said = NULL;

            dq_systemd_replay(log, &p);
            g_assert_true(p.events <= log->len);
            said = dq_replay_say(&p);
            g_assert_nonnull(said);
        }
    }
    return 0;
}
