/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd's log of what it measured itself, after the firmware: /run/log/systemd/tpm2-measure.log.
 *
 * Spec: RFC 7464; systemd, "TPM2 PCR Measurements Made by systemd".
 */
#ifndef APPRAISE_SYSTEMD_LOG_H
#define APPRAISE_SYSTEMD_LOG_H

#include "appraise/replay.h"

enum {
    DQ_SYSTEMD_LOG_MAX = 16 << 20, /* bytes */
    DQ_SYSTEMD_RECORDS_MAX = 100000,
};

typedef struct DqSystemdDigest {
    uint16_t alg;
    uint16_t size;
    uint8_t bytes[DQ_PCR_VALUE_MAX];
} DqSystemdDigest;

/** DqSystemdRecord: a measurement. Texts are somebody else's, in UTF-8. */
typedef struct DqSystemdRecord {
    guint number;     /* from 0 */
    gboolean extends; /* a PCR; else it is of something else, such as an NV index */
    guint pcr;        /* below DQ_EVENT_PCRS */
    char *type;       /* such as phase; "" where it has none */
    char *text;       /* what was measured, as it says; "" where it does not say */
    guint digests;    /* of algorithms that are known, each of another one */
    DqSystemdDigest digest[DQ_EVENT_DIGESTS_MAX];
} DqSystemdRecord;

/** dq_systemd_log_is: whether it begins as such a log does. */
gboolean dq_systemd_log_is(WireBytes bytes);

/**
 * dq_systemd_log_parse: (transfer full): DqSystemdRecord.
 *
 * Errors: DQ_LOG_ERROR_MALFORMED, DQ_LOG_ERROR_TOO_LARGE.
 */
GPtrArray *dq_systemd_log_parse(WireBytes bytes, GError **error);

/**
 * dq_systemd_is_altered: whether the text of a record has another digest than the record, where
 * its type says that the text is what was measured.
 */
gboolean dq_systemd_is_altered(const DqSystemdRecord *record);

/**
 * dq_systemd_replay: goes on from the value that @pcr has, which dq_replay() left there, up to the
 * value quoted: the log may go on after the quote. Without one to the end.
 */
void dq_systemd_replay(const GPtrArray *log, DqPcrReplay *pcr);

#endif
