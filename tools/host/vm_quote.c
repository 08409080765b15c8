/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_quote.h"

#include <errno.h>
#include <gio/gio.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "attest/deepquote.h"
#include "common/flags.h"
#include "common/input.h"
#include "common/output.h"
#include "common/pcr-list.h"
#include "host_tpm.h"
#include "json.h"
#include "parts.h"
#include "wire/attest.h"
#include "wire/evidence.h"
#include "wire/response.h"
#include "wire/uuid.h"

#define DEFAULT_PCRS "sha256:0,1,2,3,4,5,6,7"

enum {
    NONCE_MIN = 16,
    NONCE_MAX = 64,
    ATTEMPTS = 5, /* how often a PCR may change between the quote and its reading */
    DEFAULT_TIMEOUT_S = 30,
};

static void wanted_clear(HostTpmQuote *w)
{
    g_clear_pointer(&w->nonce, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostTpmQuote, wanted_clear)

/* What the host signs the digest of, and the manager has in whole. */
static const struct {
    uint32_t flag;
    const char *of;
    size_t digest; /* in a WireBinding */
    const char *name;
} lists[] = {
    { DEEPQUOTE_VM_LAUNCH, PARTS_OF_LAUNCH, offsetof(WireBinding, launch), "vm_launch.bin" },
    { DEEPQUOTE_VTPM_MEASUREMENTS, PARTS_OF_VTPM, offsetof(WireBinding, measurement),
      "vtpm_parts.bin" },
};

typedef struct Made {
    GBytes *response;
    WireDeepQuoteResponse parts; /* borrow from it */
    WireEvidence evidence;       /* likewise */
    GByteArray *values;
    GBytes *list[G_N_ELEMENTS(lists)]; /* NULL: not asked for */
} Made;

static void made_clear(Made *m)
{
    g_clear_pointer(&m->response, g_bytes_unref);
    g_clear_pointer(&m->values, g_byte_array_unref);
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_clear_pointer(&m->list[i], g_bytes_unref);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Made, made_clear)

static gboolean take_list(const char *option, const char *text, WirePcrSelection *ret,
                          GError **error)
{
    WirePcrSelection pcrs;

    if (!pcr_list_parse(option, text ? text : DEFAULT_PCRS, &pcrs, error)) {
        return FALSE;
    }
    pcr_list_merge(&pcrs, ret);
    return TRUE;
}

static gboolean take_wanted(const CtlOptions *o, HostTpmQuote *ret, GError **error)
{
    if (!o->nonce || !o->output) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "vm quote needs the verifier's challenge, --nonce, and a folder, --output");
        return FALSE;
    }
    if (o->timeout < 0 || o->timeout > G_MAXINT / 1000) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--timeout: give seconds");
        return FALSE;
    }
    if (!take_list("--pcrs", o->pcrs, &ret->pcrs, error) ||
        !take_list("--host-pcrs", o->host_pcrs, &ret->host_pcrs, error) ||
        (o->flags && !flags_parse(o->flags, &ret->flags, error))) {
        return FALSE;
    }
    ret->nonce = input_nonce("--nonce", o->nonce, NONCE_MIN, NONCE_MAX, error);
    return ret->nonce != NULL;
}

static gboolean fail(GError **error, const char *why)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, why);
    return FALSE;
}

/* The evidence is there, and of the VM that was asked for. The verifier looks at the rest. */
static gboolean check(Made *m, const char *uuid, GError **error)
{
    WireUuid wanted;

    if (m->parts.host_status != TPM_RC_SUCCESS) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "the host did not countersign: hostStatus 0x%x; see the manager's log",
                    m->parts.host_status);
        return FALSE;
    }
    if (!wire_decode_evidence(m->parts.evidence, &m->evidence)) {
        return fail(error, "the answer to the deep quote is malformed");
    }
    if (!wire_uuid_parse(uuid, strlen(uuid), &wanted) ||
        !wire_uuid_equal(&m->evidence.binding.uuid, &wanted)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "this is another VM than %s: see --qmp",
                    uuid);
        return FALSE;
    }
    return TRUE;
}

/* The digest of a quote that no key signed is made with SHA-256. */
static gboolean values_fit(const Made *m, const WireAttest *attest)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t digest[32];
    gsize size = sizeof(digest);

    g_checksum_update(sum, m->values->data, m->values->len);
    g_checksum_get_digest(sum, digest, &size);
    return attest->pcr_digest.len == size && memcmp(attest->pcr_digest.p, digest, size) == 0;
}

/* @ret_fits: whether no PCR changed between the quote and its reading. */
static gboolean make_once(const HostTpm *tpm, const HostTpmQuote *w, const char *uuid, Made *m,
                          gboolean *ret_fits, GError **error)
{
    WireAttest attest;

    made_clear(m);
    m->response = host_tpm_deep_quote(tpm, w, error);
    if (!m->response) {
        return FALSE;
    }
    if (!wire_decode_deepquote_response(
            (WireBytes){ g_bytes_get_data(m->response, NULL), g_bytes_get_size(m->response) },
            &m->parts) ||
        !wire_decode_attest(m->parts.quoted, &attest)) {
        return fail(error, "the answer to the deep quote is malformed");
    }
    m->values = check(m, uuid, error) ? host_tpm_pcr_read(tpm, &w->pcrs, error) : NULL;
    *ret_fits = m->values && values_fit(m, &attest);
    return m->values != NULL;
}

static gboolean make(const HostTpm *tpm, const HostTpmQuote *w, const char *uuid, Made *m,
                     GError **error)
{
    gboolean fits = FALSE;

    for (unsigned i = 0; i < ATTEMPTS && !fits; i++) {
        if (!make_once(tpm, w, uuid, m, &fits, error)) {
            return FALSE;
        }
    }
    return fits || fail(error, "the VM's PCRs change all the time");
}

/* The manager may have looked again since the quote was made. */
static gboolean fetch_list(const CtlOptions *options, const char *uuid, gsize which, Made *m,
                           GError **error)
{
    const WireBytes *digest =
        (const WireBytes *)((const char *)&m->evidence.binding + lists[which].digest);
    g_autofree char *signed_hex = dq_hex_encode(digest->p, digest->len);
    g_autofree char *hex = NULL;

    m->list[which] = parts_fetch(options, uuid, lists[which].of, error);
    if (!m->list[which]) {
        return FALSE;
    }
    hex = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, m->list[which]);
    if (!g_str_equal(hex, signed_hex)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "the manager's list (%s) is another one than the host signed for, since the VM "
                    "or its vTPM was started again: ask anew",
                    lists[which].of);
        return FALSE;
    }
    return TRUE;
}

static gboolean fetch_lists(const CtlOptions *options, const char *uuid, uint32_t flags, Made *m,
                            GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        if ((flags & lists[i].flag) != 0 && !fetch_list(options, uuid, i, m, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void add(Output *output, const char *folder, const char *name, WireBytes bytes)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GBytes) content = g_bytes_new(bytes.p, bytes.len);

    output_add(output, path, content);
}

/* As tpm2_checkdeepquote takes a folder. */
static gboolean write_folder(const char *folder, const Made *m, GError **error)
{
    g_autoptr(Output) output = output_new();

    if (g_mkdir_with_parents(folder, 0755) != 0) {
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "cannot make %s: %s",
                    folder, g_strerror(errno));
        return FALSE;
    }
    add(output, folder, "quote.msg", m->parts.quoted);
    add(output, folder, "quote.sig", m->parts.signature);
    add(output, folder, "evidence.bin", m->parts.evidence);
    add(output, folder, "pcrs.bin", (WireBytes){ m->values->data, m->values->len });
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (m->list[i]) {
            add(output, folder, lists[i].name,
                (WireBytes){ g_bytes_get_data(m->list[i], NULL), g_bytes_get_size(m->list[i]) });
        }
    }
    return output_write(output, error);
}

JsonObject *vm_quote(const VmUnit *unit, const CtlOptions *options, G_GNUC_UNUSED char **words,
                     GError **error)
{
    const int timeout = options->timeout ? options->timeout : DEFAULT_TIMEOUT_S;
    g_auto(HostTpmQuote) wanted = { 0 };
    g_autoptr(Qmp) qmp = NULL;
    g_auto(HostTpm) tpm = { 0 };
    g_auto(Made) made = { 0 };
    JsonObject *answer;

    if (!take_wanted(options, &wanted, error)) {
        return NULL;
    }
    qmp = qmp_open(options->qmp, unit->uuid, error);
    if (!qmp || !host_tpm_find(qmp, (uint32_t)timeout * 1000, &tpm, error) ||
        !make(&tpm, &wanted, unit->uuid, &made, error) ||
        !fetch_lists(options, unit->uuid, wanted.flags, &made, error) ||
        !write_folder(options->output, &made, error)) {
        return NULL;
    }
    answer = json_object_new();
    json_object_set_string_member(answer, "uuid", unit->uuid);
    json_object_set_string_member(answer, "folder", options->output);
    return answer;
}

void vm_print_quote(JsonObject *answer)
{
    printf("%s\n", text_of(answer, "folder"));
}
