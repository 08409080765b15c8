/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/event-log.h"

#include "appraise/error.h"
#include "appraise/event-type.h"
#include "wire/hash.h"

#include <string.h>

static const char spec_id_03[16] = "Spec ID Event03"; /* its terminating zero is the 16th */

enum {
    DIGEST_SIZE_MAX = 64,
    SHA1_SIZE = 20,
    SHA1_EVENT_MIN = 4 + 4 + SHA1_SIZE + 4,
    AGILE_EVENT_MIN = 4 + 4 + 4 + 4,
};

static gboolean malformed(guint number, gsize offset, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static gboolean malformed(guint number, gsize offset, GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_MALFORMED,
                "event %u at offset %" G_GSIZE_FORMAT ": %s", number, offset, what);
    return FALSE;
}

static gsize offset_of(const DqEventLog *log, const WireReader *r)
{
    return log->bytes.len - r->left;
}

/* TCG_PCClientPCREvent: the form of TPM 1.2, and of the header of the other one. */
static gboolean get_sha1_event(WireReader *r, DqEvent *e)
{
    uint32_t size;

    e->digests = 1;
    e->digest[0].alg = TPM_ALG_SHA1;
    return wire_get_le32(r, &e->pcr) && wire_get_le32(r, &e->type) &&
           wire_get_bytes(r, SHA1_SIZE, &e->digest[0].bytes) && wire_get_le32(r, &size) &&
           wire_get_bytes(r, size, &e->data);
}

static const DqEventAlgorithm *find_algorithm(const DqEventLog *log, uint16_t alg)
{
    for (guint i = 0; i < log->algorithms; i++) {
        if (log->algorithm[i].alg == alg) {
            return &log->algorithm[i];
        }
    }
    return NULL;
}

/* TCG_EfiSpecIdEventAlgorithmSize: sizes are the header's, and those that are known must be right.
 */
static gboolean get_algorithm(WireReader *r, DqEventLog *log, GError **error)
{
    DqEventAlgorithm a;

    if (!wire_get_le16(r, &a.alg) || !wire_get_le16(r, &a.size)) {
        return malformed(0, 0, error, "its list of hash algorithms is cut off");
    }
    if (find_algorithm(log, a.alg)) {
        return malformed(0, 0, error, "it lists hash algorithm 0x%04x twice", a.alg);
    }
    if (a.size == 0 || a.size > DIGEST_SIZE_MAX ||
        (wire_hash_find(a.alg) && wire_hash_size(a.alg) != a.size)) {
        return malformed(0, 0, error, "it says that digests of algorithm 0x%04x have %u bytes",
                         a.alg, a.size);
    }
    log->algorithm[log->algorithms++] = a;
    return TRUE;
}

/* TCG_EfiSpecIDEvent, after its signature. */
static gboolean read_spec_id(WireReader r, DqEventLog *log, GError **error)
{
    uint32_t platform_class, count;
    uint8_t uintn_size, vendor_size;

    if (!wire_get_le32(&r, &platform_class) || !wire_get_u8(&r, &log->minor) ||
        !wire_get_u8(&r, &log->major) || !wire_get_u8(&r, &log->errata) ||
        !wire_get_u8(&r, &uintn_size) || !wire_get_le32(&r, &count)) {
        return malformed(0, 0, error, "the header of the log is cut off");
    }
    if (count == 0 || count > DQ_EVENT_DIGESTS_MAX) {
        return malformed(0, 0, error, "the header lists %u hash algorithms, not 1 to %d", count,
                         DQ_EVENT_DIGESTS_MAX);
    }
    while (log->algorithms < count) {
        if (!get_algorithm(&r, log, error)) {
            return FALSE;
        }
    }
    if (!wire_get_u8(&r, &vendor_size) || !wire_get_bytes(&r, vendor_size, &log->vendor) ||
        r.left != 0) {
        return malformed(0, 0, error, "the header's vendor information does not fill its rest");
    }
    return TRUE;
}

gboolean dq_event_log_open(WireBytes bytes, DqEventLog *ret_log, GError **error)
{
    DqEventLog log = { .bytes = bytes };
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    DqEvent first = { 0 };

    if (bytes.len > DQ_EVENT_LOG_MAX) {
        g_set_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_TOO_LARGE,
                    "the log has %" G_GSIZE_FORMAT " bytes; no more than %d are read", bytes.len,
                    DQ_EVENT_LOG_MAX);
        return FALSE;
    }
    if (bytes.len == 0) {
        return malformed(0, 0, error, "the log is empty");
    }
    if (!get_sha1_event(&r, &first)) {
        return malformed(0, 0, error, "the log ends inside it, at byte %" G_GSIZE_FORMAT,
                         bytes.len);
    }
    if (first.type == DQ_EV_NO_ACTION && first.data.len >= sizeof(spec_id_03) &&
        memcmp(first.data.p, spec_id_03, sizeof(spec_id_03)) == 0) {
        log.agile = TRUE;
        if (!read_spec_id(
                WIRE_READER(first.data.p + sizeof(spec_id_03), first.data.len - sizeof(spec_id_03)),
                &log, error)) {
            return FALSE;
        }
    } else {
        log.algorithms = 1;
        log.algorithm[0] = (DqEventAlgorithm){ TPM_ALG_SHA1, SHA1_SIZE };
    }
    *ret_log = log;
    return TRUE;
}

DqEventWalk dq_event_walk(const DqEventLog *log)
{
    return (DqEventWalk){ log, WIRE_READER(log->bytes.p, log->bytes.len), 0 };
}

/* Fewer zeroes may be the beginning of an event of PCR 0 that is cut off. */
static gboolean is_padding(const DqEventLog *log, WireReader r)
{
    if (r.left < (log->agile ? AGILE_EVENT_MIN : SHA1_EVENT_MIN)) {
        return r.left == 0;
    }
    while (r.left > 0 && *r.p == 0) {
        r.p++;
        r.left--;
    }
    return r.left == 0;
}

/* TPMT_HA, with the size that the header gives to its algorithm. */
static gboolean get_digest(const DqEventLog *log, WireReader *r, DqEvent *e, GError **error)
{
    const gsize at = offset_of(log, r);
    const DqEventAlgorithm *a;
    DqEventDigest d;

    if (!wire_get_le16(r, &d.alg)) {
        return malformed(e->number, e->offset, error, "the log ends inside its digests");
    }
    a = find_algorithm(log, d.alg);
    if (!a) {
        return malformed(e->number, e->offset, error,
                         "at offset %" G_GSIZE_FORMAT
                         " it has a digest of algorithm 0x%04x, which the header does not list",
                         at, d.alg);
    }
    if (dq_event_digest(e, d.alg)) {
        return malformed(e->number, e->offset, error, "it has two digests of algorithm 0x%04x",
                         d.alg);
    }
    if (!wire_get_bytes(r, a->size, &d.bytes)) {
        return malformed(e->number, e->offset, error, "the log ends inside its digests");
    }
    e->digest[e->digests++] = d;
    return TRUE;
}

/* TCG_PCR_EVENT2. */
static gboolean get_agile_event(const DqEventLog *log, WireReader *r, DqEvent *e, GError **error)
{
    uint32_t count, size;

    if (!wire_get_le32(r, &e->pcr) || !wire_get_le32(r, &e->type) || !wire_get_le32(r, &count)) {
        return malformed(e->number, e->offset, error, "the log ends inside it");
    }
    if (count > log->algorithms) {
        return malformed(e->number, e->offset, error,
                         "it says that it has %u digests; the header lists %u algorithms", count,
                         log->algorithms);
    }
    while (e->digests < count) {
        if (!get_digest(log, r, e, error)) {
            return FALSE;
        }
    }
    if (!wire_get_le32(r, &size)) {
        return malformed(e->number, e->offset, error, "the log ends before its data");
    }
    if (!wire_get_bytes(r, size, &e->data)) {
        return malformed(e->number, e->offset, error,
                         "it says that it has %u bytes of data; %" G_GSIZE_FORMAT " are left", size,
                         r->left);
    }
    return TRUE;
}

/* The header of a crypto-agile log is in the other form. */
static gboolean get_event(const DqEventLog *log, WireReader *r, DqEvent *e, GError **error)
{
    if (log->agile && e->number > 0) {
        return get_agile_event(log, r, e, error);
    }
    return get_sha1_event(r, e) || malformed(e->number, e->offset, error, "the log ends inside it");
}

/* An event that extends a PCR names one that there is, and has something to extend. */
static gboolean check_event(const DqEvent *e, GError **error)
{
    if (e->type == DQ_EV_NO_ACTION) {
        return TRUE;
    }
    if (e->pcr >= DQ_EVENT_PCRS) {
        return malformed(e->number, e->offset, error, "it is for PCR %u; PCRs are 0 to %d", e->pcr,
                         DQ_EVENT_PCRS - 1);
    }
    return e->digests > 0 || malformed(e->number, e->offset, error, "it has no digest");
}

gboolean dq_event_next(DqEventWalk *walk, DqEvent *ret_event, GError **error)
{
    const DqEventLog *log = walk->log;
    WireReader r = walk->rest;
    DqEvent e = { .number = walk->number, .offset = offset_of(log, &r) };

    if (is_padding(log, r)) {
        return FALSE;
    }
    if (e.number == DQ_EVENTS_MAX) {
        g_set_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_TOO_LARGE,
                    "the log has more than %d events: no more are read", DQ_EVENTS_MAX);
        return FALSE;
    }
    if (!get_event(log, &r, &e, error) || !check_event(&e, error)) {
        return FALSE;
    }
    walk->rest = r;
    walk->number++;
    *ret_event = e;
    return TRUE;
}

const DqEventDigest *dq_event_digest(const DqEvent *event, uint16_t alg)
{
    for (guint i = 0; i < event->digests; i++) {
        if (event->digest[i].alg == alg) {
            return &event->digest[i];
        }
    }
    return NULL;
}
