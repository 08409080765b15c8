/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_input.h"
#include "check_cmw.h"
#include "check_pcrs.h"

#include "appraise/event-log.h"
#include "appraise/ima-list.h"
#include "appraise/systemd-log.h"
#include "appraise/vtpm-ek.h"
#include "attest/bytes.h"
#include "common/input.h"
#include "wire/evidence.h"
#include "wire/parts.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* input_read(), or input_read_own() where others may change what is there. */
typedef GBytes *(*Read)(const char *path, gsize max, GError **error);

/* NULL for no @path, without an error. */
static gboolean read_log(Read read, const char *path, gsize max, GBytes **ret_bytes, GError **error)
{
    if (!path) {
        return TRUE;
    }
    *ret_bytes = read(path, max, error);
    return *ret_bytes != NULL;
}

static gboolean read_part(Read read, const char *path, GBytes **ret_bytes, GError **error)
{
    return read_log(read, path, CHECK_PART_MAX, ret_bytes, error);
}

/* @name: of the file that it came from. */
static gboolean make_key(GBytes *public, const char *name, DqKey **ret_key, GError **error)
{
    gsize len;
    const uint8_t *data;

    if (!public) {
        return TRUE;
    }
    data = g_bytes_get_data(public, &len);
    *ret_key = dq_key_new(data, len, error);
    if (!*ret_key) {
        g_prefix_error(error, "%s: ", name);
        return FALSE;
    }
    return TRUE;
}

/* Of no bytes for NULL. */
static DqBytes peek(GBytes *bytes)
{
    return bytes ? dq_bytes_peek(bytes) : (DqBytes){ NULL, 0 };
}

static gboolean require(gconstpointer value, const char *what, GError **error)
{
    if (!value) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s", what);
        return FALSE;
    }
    return TRUE;
}

/* Of no bytes where the evidence has none. What they are worth is known when all checks were made.
 */
static void set_digests(DqBytes evidence, DqAppraisal *ret)
{
    WireEvidence e;

    if (wire_decode_evidence(dq_wire(evidence), &e)) {
        ret->measurement = dq_unwire(e.binding.measurement);
        ret->launch = dq_unwire(e.binding.launch);
        ret->ek_name = dq_unwire(e.binding.vtpm_ek);
        ret->has_uuid = TRUE;
        memcpy(ret->uuid, e.binding.uuid.byte, sizeof(ret->uuid));
    }
}

void check_input_settle(CheckInput *in)
{
    in->appraisal.logs = (DqLogs){ peek(in->host_event_log), peek(in->host_ima),
                                   peek(in->event_log),      peek(in->ima),
                                   peek(in->vtpm_parts),     peek(in->vm_launch),
                                   peek(in->vtpm_ek),        peek(in->ek_chain),
                                   peek(in->host_systemd),   peek(in->systemd) };
    set_digests(peek(in->evidence), &in->appraisal);
}

static CheckInput *read_parts(Read read, const CheckPaths *p, GError **error)
{
    g_autoptr(CheckInput) in = g_new0(CheckInput, 1);

    if (!read_part(read, p->message, &in->message, error) ||
        !read_part(read, p->signature, &in->signature, error) ||
        !read_part(read, p->pcrs, &in->pcrs, error) ||
        !read_part(read, p->evidence, &in->evidence, error) ||
        !read_part(read, p->key, &in->public, error) ||
        !read_log(read, p->host_event_log, DQ_EVENT_LOG_MAX, &in->host_event_log, error) ||
        !read_log(read, p->host_ima, DQ_IMA_LIST_MAX, &in->host_ima, error) ||
        !read_log(read, p->event_log, DQ_EVENT_LOG_MAX, &in->event_log, error) ||
        !read_log(read, p->ima, DQ_IMA_LIST_MAX, &in->ima, error) ||
        !read_log(read, p->vtpm_parts, WIRE_PARTS_SIZE_MAX, &in->vtpm_parts, error) ||
        !read_log(read, p->vm_launch, WIRE_PARTS_SIZE_MAX, &in->vm_launch, error) ||
        !read_log(read, p->vtpm_ek, DQ_VTPM_EK_MAX, &in->vtpm_ek, error) ||
        !read_log(read, p->ek_chain, DQ_VTPM_EK_CHAIN_MAX, &in->ek_chain, error) ||
        !read_log(read, p->host_systemd, DQ_SYSTEMD_LOG_MAX, &in->host_systemd, error) ||
        !read_log(read, p->systemd, DQ_SYSTEMD_LOG_MAX, &in->systemd, error) ||
        (p->cmw && !check_cmw_read(p->cmw, read, in, error)) ||
        !require(in->message, "name the vTPM's quote with -m, or a folder or --cmw", error) ||
        !require(in->evidence, "name the evidence with --evidence", error) ||
        !make_key(in->public, p->key ? p->key : p->cmw, &in->key, error)) {
        return NULL;
    }
    unserialize_pcrs(&in->pcrs);
    check_input_settle(in);
    return g_steal_pointer(&in);
}

CheckInput *check_input_read(const CheckPaths *paths, GError **error)
{
    return read_parts(input_read, paths, error);
}

/* What a guest must not say about itself: a verifier that read it would let the guest choose. */
static const char *const expectations[] = {
    "nonce", "challenge", "uuid",  "ek",    "ek.pub", "policy",
    "host",  "host.pub",  "hosts", "store", "state",
};

static gboolean has_no_expectations(const char *folder, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(expectations); i++) {
        g_autofree char *path = g_build_filename(folder, expectations[i], NULL);
        GStatBuf st;

        if (g_lstat(path, &st) == 0) {
            g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                        "%s: a guest's folder may not say what is expected of the guest: keep it "
                        "elsewhere, and give it by option or in the store",
                        path);
            return FALSE;
        }
    }
    return TRUE;
}

/**
 * A file of the folder, if it is there. A guest may have put a link or a pipe in its place.
 *
 * @ret_path: (transfer full): NULL where there is none
 */
static gboolean find(const char *folder, const char *name, char **ret_path, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    GStatBuf st;

    if (g_lstat(path, &st) != 0) {
        int saved = errno;

        if (saved != ENOENT) {
            g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s: %s", path, g_strerror(saved));
        }
        return saved == ENOENT;
    }
    if (!S_ISREG(st.st_mode)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s: it is no regular file", path);
        return FALSE;
    }
    *ret_path = g_steal_pointer(&path);
    return TRUE;
}

CheckInput *check_input_read_folder(const char *folder, GError **error)
{
    CheckPaths p = { 0 };
    const struct {
        const char *name;
        const char **path;
    } files[] = {
        { "quote.cmw", &p.cmw },
        { "evidence.bin", &p.evidence },
        { "quote.msg", &p.message },
        { "quote.sig", &p.signature },
        { "pcrs.bin", &p.pcrs },
        { "ak.pub", &p.key },
        { "boot.log", &p.event_log },
        { "ima.log", &p.ima },
        { "host_boot.log", &p.host_event_log },
        { "host_ima.log", &p.host_ima },
        { "vtpm_parts.bin", &p.vtpm_parts },
        { "vm_launch.bin", &p.vm_launch },
        { "vtpm_ek.der", &p.vtpm_ek },
        { "ek_chain.der", &p.ek_chain },
        { "systemd.log", &p.systemd },
        { "host_systemd.log", &p.host_systemd },
    };
    g_auto(GStrv) found = g_new0(char *, G_N_ELEMENTS(files) + 1);
    gsize count = 0;

    if (!has_no_expectations(folder, error)) {
        return NULL;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        if (!find(folder, files[i].name, &found[count], error)) {
            return NULL;
        }
        *files[i].path = found[count];
        count += found[count] != NULL;
    }
    if (!p.cmw && (!require(p.message, "there is no quote.msg and no quote.cmw", error) ||
                   !require(p.evidence, "there is no evidence.bin", error))) {
        g_prefix_error(error, "%s: ", folder);
        return NULL;
    }
    return read_parts(input_read_own, &p, error);
}

void check_input_free(CheckInput *input)
{
    GBytes **all[] = { &input->message,    &input->signature,      &input->pcrs,
                       &input->evidence,   &input->public,         &input->event_log,
                       &input->ima,        &input->host_event_log, &input->host_ima,
                       &input->vtpm_parts, &input->vm_launch,      &input->vtpm_ek,
                       &input->ek_chain,   &input->systemd,        &input->host_systemd };

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_clear_pointer(all[i], g_bytes_unref);
    }
    dq_key_unref(input->key);
    g_free(input);
}

DqQuote check_input_quote(CheckInput *input, const DqProfile *host, const DqProfile *vm,
                          const DqVulnerable *known)
{
    input->appraisal.host = host;
    input->appraisal.vm = vm;
    input->appraisal.vulnerable = *known;
    return (DqQuote){
        .evidence = peek(input->evidence),
        .vtpm_quoted = peek(input->message),
        .vtpm_signature = peek(input->signature),
        .vtpm_pcrs = peek(input->pcrs),
        .launch_parts = peek(input->vm_launch),
        .vtpm_ek = peek(input->vtpm_ek),
        .vtpm_key = input->key,
        .appraise = dq_appraise,
        .appraise_data = &input->appraisal,
    };
}
