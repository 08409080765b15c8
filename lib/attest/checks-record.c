/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks 12 to 14: counters, lineage, and where the VM is. */
#include "attest/checks-record.h"

#include "attest/bytes.h"

#include <string.h>

static DqBytes name_bytes(const DqName *name)
{
    return (DqBytes){ name->data, name->len };
}

static gboolean same_host(const DqRun *r)
{
    return dq_bytes_equal(name_bytes(&r->vm_record.host), dq_unwire(r->evidence.host_signer));
}

static gboolean same_lineage(const DqRun *r)
{
    return memcmp(r->vm_record.lineage, r->evidence.binding.lineage, DQ_LINEAGE_SIZE) == 0;
}

static gboolean was_seen(const DqRun *r)
{
    return r->has_vm && r->vm_record.first_seen != 0;
}

/* Says that nothing is known of the VM, if so. */
static gboolean skip_unknown_vm(DqRun *r)
{
    if (!r->verifier->store) {
        dq_run_skip(r, "no store was given that could have a record: --store");
        return TRUE;
    }
    if (!r->has_vm) {
        dq_run_skip(r, "nobody added this VM to the store: vm add");
        return TRUE;
    }
    return FALSE;
}

/*
 * Whether nothing is against the VM in one respect: there is no record to hold it to, it is as
 * recorded (@same), or somebody accepted what is new.
 */
static gboolean settled(DqRun *r, gboolean same, gboolean (*accepted)(DqRun *r))
{
    if (skip_unknown_vm(r)) {
        return TRUE;
    }
    if (!was_seen(r)) {
        return dq_run_note(r, "first seen");
    }
    return same || accepted(r);
}

/* ---------------------------------------------------------------------------------------- stale */

/* A reset sets restartCount to 0, so the two are one number. */
static gboolean check_host_counts(DqRun *r)
{
    const DqStoreHost *h = &r->host_record;

    if (!r->has_host || !h->counted) {
        return TRUE;
    }
    if (r->host.reset_count < h->reset_count) {
        return dq_run_fail(r,
                           "the host's reset count went back from %u to %u: an old quote, or its "
                           "TPM was cleared; if that was meant: accept --cleared",
                           h->reset_count, r->host.reset_count);
    }
    if (r->host.reset_count == h->reset_count && r->host.restart_count < h->restart_count) {
        return dq_run_fail(r, "the host's restart count went back from %u to %u: an old quote",
                           h->restart_count, r->host.restart_count);
    }
    return TRUE;
}

static gboolean check_counters(DqRun *r)
{
    const WireBinding *b = &r->evidence.binding;
    const DqStoreVm *v = &r->vm_record;

    if (!same_lineage(r) || !same_host(r)) {
        return dq_run_note(r, "epoch and generation begin anew with a new lineage or host");
    }
    if (b->epoch < v->epoch) {
        return dq_run_fail(r,
                           "the VM's epoch went back from %" G_GUINT64_FORMAT
                           " to %" G_GUINT64_FORMAT ": its vTPM is a copy of an earlier one",
                           v->epoch, b->epoch);
    }
    if (b->generation < v->generation) {
        return dq_run_fail(r,
                           "the VM's generation went back from %" G_GUINT64_FORMAT
                           " to %" G_GUINT64_FORMAT ": its vTPM has an older state",
                           v->generation, b->generation);
    }
    return TRUE;
}

/* A TPM that lost power goes on from an older clock, and says so: another reset, and not safe. */
static gboolean check_clock(DqRun *r)
{
    const DqStoreVm *v = &r->vm_record;

    if (v->has_clock && same_host(r) && v->clock_safe && r->host.safe != 0 &&
        v->reset_count == r->host.reset_count && v->restart_count == r->host.restart_count &&
        r->host.clock < v->clock) {
        return dq_run_fail(r,
                           "the host's clock went back from %" G_GUINT64_FORMAT
                           " to %" G_GUINT64_FORMAT " ms without a reset",
                           v->clock, r->host.clock);
    }
    return TRUE;
}

gboolean dq_check_fresh(DqRun *r)
{
    if (!check_host_counts(r)) {
        return FALSE;
    }
    if (was_seen(r) && (!check_counters(r) || !check_clock(r))) {
        return FALSE;
    }
    if (skip_unknown_vm(r)) {
        return TRUE;
    }
    if (!r->has_host) {
        return dq_run_skip(r, "the store has no record of this host's counters: host add");
    }
    return was_seen(r) || dq_run_note(r, "first seen");
}

/* -------------------------------------------------------------------------------------- lineage */

static gboolean lineage_accepted(DqRun *r)
{
    const DqStoreVm *v = &r->vm_record;
    const WireBinding *b = &r->evidence.binding;

    if (v->accepts_lineage && memcmp(v->accepted_lineage, b->lineage, DQ_LINEAGE_SIZE) == 0) {
        return dq_run_note(r, "new, and accepted by the operator");
    }
    if (r->verifier->policy &&
        dq_policy_allows_lineage(r->verifier->policy, &b->uuid, b->lineage)) {
        return dq_run_note(r, "new, and allowed by the policy");
    }
    return FALSE;
}

gboolean dq_check_lineage(DqRun *r)
{
    g_autofree char *got = NULL;
    g_autofree char *want = NULL;

    if (settled(r, same_lineage(r), lineage_accepted)) {
        return TRUE;
    }
    got = dq_hex_encode(r->evidence.binding.lineage, DQ_LINEAGE_SIZE);
    want = dq_hex_encode(r->vm_record.lineage, DQ_LINEAGE_SIZE);
    return dq_run_fail(
        r,
        "the vTPM's state is not the one that was recorded, or the VM was registered "
        "anew: its lineage is %s, recorded %s; if that was meant: accept --lineage",
        got, want);
}

/* ---------------------------------------------------------------------------------------- moved */

static gboolean move_accepted(DqRun *r)
{
    if (r->vm_record.accepted_host.len > 0 &&
        dq_bytes_equal(name_bytes(&r->vm_record.accepted_host),
                       dq_unwire(r->evidence.host_signer))) {
        return dq_run_note(r, "moved here, and accepted by the operator");
    }
    if (r->verifier->policy &&
        dq_policy_allows_move(r->verifier->policy, &r->evidence.binding.uuid)) {
        return dq_run_note(r, "moved here, and allowed by the policy");
    }
    return FALSE;
}

gboolean dq_check_moved(DqRun *r)
{
    g_autofree char *got = NULL;
    g_autofree char *want = NULL;

    if (settled(r, same_host(r), move_accepted)) {
        return TRUE;
    }
    got = dq_hex_encode(r->evidence.host_signer.p, r->evidence.host_signer.len);
    want = dq_hex_encode(r->vm_record.host.data, r->vm_record.host.len);
    return dq_run_fail(
        r, "the VM is on host %s, recorded on %s; if it was moved there: accept --host", got, want);
}

/* ------------------------------------------------------------------------------------ recording */

static void next_vm(const DqRun *r, DqStoreVm *v)
{
    const WireBinding *b = &r->evidence.binding;

    if (!same_lineage(r)) {
        v->accepts_lineage = FALSE; /* what the operator accepted has happened */
        memset(v->accepted_lineage, 0, DQ_LINEAGE_SIZE);
    }
    if (!same_host(r)) {
        v->accepted_host.len = 0;
    }
    if (v->first_seen == 0) {
        v->first_seen = MAX(r->now, 1);
    }
    v->last_seen = r->now;
    v->host = r->host_record.name;
    memcpy(v->lineage, b->lineage, DQ_LINEAGE_SIZE);
    v->epoch = b->epoch;
    v->generation = b->generation;
    v->has_clock = TRUE;
    v->reset_count = r->host.reset_count;
    v->restart_count = r->host.restart_count;
    v->clock = r->host.clock;
    v->clock_safe = r->host.safe != 0;
}

void dq_record_next(const DqRun *r, DqStoreHost *ret_host, DqStoreVm *ret_vm)
{
    *ret_host = r->host_record;
    ret_host->counted = TRUE;
    ret_host->reset_count = r->host.reset_count;
    ret_host->restart_count = r->host.restart_count;
    *ret_vm = r->vm_record;
    next_vm(r, ret_vm);
}
