/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: the TPM's state in snapshots and migration streams
 *
 * The section "tpm-emulator" holds three blobs, permanent, volatile and savestate, each as flags,
 * size and bytes: what QEMU 7.2 writes and reads, so that streams pass in both directions.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "migration/blocker.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "system/tpm_qemu_version.h"
#include "tpm_emulator_control.h"
#include "tpm_emulator_io.h"
#include "tpm_emulator_link.h"
#include "tpm_emulator_loss.h"
#include "tpm_emulator_state.h"
#include "trace.h"

#define MAX_BLOB (1024 * 1024)
#define TPM_NON_FATAL 0x800 /* bit of a TPM 1.2 result: there is no such blob */
#define LOCK_RETRIES 300    /* of 10 ms each, by the control protocol */

static const uint32_t blob_type[TPM_EMULATOR_BLOBS] = {
    PTM_BLOB_TYPE_PERMANENT,
    PTM_BLOB_TYPE_VOLATILE,
    PTM_BLOB_TYPE_SAVESTATE,
};

static void blob_clear(TPMEmulatorBlob *blob)
{
    g_free(blob->data);
    *blob = (TPMEmulatorBlob){ 0 };
}

static void blobs_clear(TPMEmulator *s)
{
    for (int i = 0; i < TPM_EMULATOR_BLOBS; i++) {
        blob_clear(&s->blob[i]);
    }
}

static bool blob_get(TPMEmulator *s, uint32_t type, TPMEmulatorBlob *ret_blob, Error **errp)
{
    uint32_t body[3] = { cpu_to_be32(PTM_STATE_FLAG_DECRYPTED), cpu_to_be32(type), 0 };
    uint32_t head[3]; /* flags, total length, length of what follows */
    TPMEmulatorBlob blob;
    uint32_t result = 0;

    if (!tpm_emulator_control(
            s,
            TPM_EMULATOR_CONTROL(CMD_GET_STATEBLOB, .body = body, .body_size = sizeof(body),
                                 .reply = head, .reply_size = sizeof(head),
                                 .tolerate = TPM_NON_FATAL, .ret_result = &result),
            errp)) {
        return false;
    }
    if (result) {
        *ret_blob = (TPMEmulatorBlob){ 0 };
        return true;
    }
    blob = (TPMEmulatorBlob){ be32_to_cpu(head[0]), be32_to_cpu(head[2]), NULL };
    if (blob.size != be32_to_cpu(head[1]) || blob.size > MAX_BLOB) {
        tpm_emulator_lose(s, "a state blob of an impossible size");
        error_setg(errp, "tpm-emulator: state blob %" PRIu32 " has an impossible size", type);
        return false;
    }
    blob.data = g_malloc(blob.size);
    if (!tpm_emulator_control_more(s, CMD_GET_STATEBLOB, blob.data, blob.size, errp)) {
        g_free(blob.data);
        return false;
    }
    trace_tpm_emulator_blob("got", type, blob.size, blob.flags);
    *ret_blob = blob;
    return true;
}

static bool blob_set(TPMEmulator *s, uint32_t type, const TPMEmulatorBlob *blob, Error **errp)
{
    uint32_t body[3] = { cpu_to_be32(blob->flags), cpu_to_be32(type), cpu_to_be32(blob->size) };

    if (blob->size == 0) {
        return true;
    }
    trace_tpm_emulator_blob("set", type, blob->size, blob->flags);
    return tpm_emulator_control(s,
                                TPM_EMULATOR_CONTROL(CMD_SET_STATEBLOB, .body = body,
                                                     .body_size = sizeof(body), .tail = blob->data,
                                                     .tail_size = blob->size),
                                errp);
}

static bool blobs_get(TPMEmulator *s, Error **errp)
{
    blobs_clear(s);
    for (int i = 0; i < TPM_EMULATOR_BLOBS; i++) {
        if (!blob_get(s, blob_type[i], &s->blob[i], errp)) {
            return false;
        }
    }
    return true;
}

static bool blobs_set(TPMEmulator *s, Error **errp)
{
    for (int i = 0; i < TPM_EMULATOR_BLOBS; i++) {
        if (!blob_set(s, blob_type[i], &s->blob[i], errp)) {
            return false;
        }
    }
    return true;
}

/* A TPM whose state went out may have let its storage go; here it is taken back. */
static void lock_storage(TPMEmulator *s)
{
    uint32_t body = cpu_to_be32(LOCK_RETRIES);
    Error *err = NULL;

    if (!tpm_emulator_is_lost(s) && tpm_emulator_can(s, PTM_CAP_LOCK_STORAGE) &&
        !tpm_emulator_control(
            s, TPM_EMULATOR_CONTROL(CMD_LOCK_STORAGE, .body = &body, .body_size = sizeof(body)),
            &err)) {
        error_report_err(err);
    }
}

static void state_vm_change(void *opaque, bool running, RunState state)
{
    TPMEmulator *s = opaque;

    if (running && s->handed_over) {
        s->handed_over = false;
        tpm_emulator_finish(TPM_BACKEND(s));
        lock_storage(s);
    }
}

static int state_pre_save(void *opaque)
{
    TPMEmulator *s = opaque;
    Error *err = NULL;

    tpm_emulator_finish(TPM_BACKEND(s));
    if (s->state != TPM_BACKEND_STATE_RUNNING) {
        error_report("tpm-emulator: the TPM is not running, so its state cannot be saved; reset "
                     "the guest once the TPM is back");
        return -EIO;
    }
    if (!blobs_get(s, &err)) {
        error_report_err(err);
        return -EIO;
    }
    s->handed_over = true;
    return 0;
}

static int state_post_save(void *opaque)
{
    blobs_clear(opaque);
    return 0;
}

static int state_pre_load(void *opaque)
{
    blobs_clear(opaque);
    return 0;
}

static int state_post_load(void *opaque, int version_id)
{
    TPMEmulator *s = opaque;
    Error *err = NULL;
    bool done;

    tpm_emulator_finish(TPM_BACKEND(s));
    if (tpm_emulator_is_lost(s)) {
        error_report("tpm-emulator: the state of TPM '%s' cannot be loaded: %s", s->parent.id,
                     s->lost_reason ? s->lost_reason : "it was lost and has come back");
        return -EIO;
    }
    done = tpm_emulator_stop(s, &err) && blobs_set(s, &err) &&
           tpm_emulator_init(s, PTM_INIT_FLAG_DELETE_VOLATILE, &err);
    blobs_clear(s);
    s->handed_over = false;
    if (!done) {
        if (err) {
            error_report_err(err);
        }
        tpm_emulator_lose(s, "its state could not be loaded");
        return -EIO;
    }
    return 0;
}

/* flags, size, bytes; the size from the stream is bounded before it is used. */
static int blob_load(QEMUFile *f, void *pv, size_t size, const VMStateField *field)
{
    TPMEmulatorBlob *blob = pv;
    uint32_t flags = qemu_get_be32(f);
    uint32_t length = qemu_get_be32(f);

    if (length > MAX_BLOB) {
        error_report("tpm-emulator: a state blob of %" PRIu32 " bytes is too large", length);
        return -EINVAL;
    }
    blob_clear(blob);
    *blob = (TPMEmulatorBlob){ flags, length, g_malloc(length) };
    return qemu_get_buffer(f, blob->data, length) == length ? 0 : -EIO;
}

static int blob_save(QEMUFile *f, void *pv, size_t size, const VMStateField *field,
                     JSONWriter *vmdesc)
{
    const TPMEmulatorBlob *blob = pv;

    qemu_put_be32(f, blob->flags);
    qemu_put_be32(f, blob->size);
    qemu_put_buffer(f, blob->data, blob->size);
    return 0;
}

static const VMStateInfo vmstate_info_blob = {
    .name = "tpm-emulator/blob",
    .get = blob_load,
    .put = blob_save,
};

static const VMStateDescription vmstate_tpm_emulator = {
    .name = "tpm-emulator",
    .version_id = 0,
    .pre_save = state_pre_save,
    .post_save = state_post_save,
    .pre_load = state_pre_load,
    .post_load = state_post_load,
    .fields =
        (VMStateField[]){
            VMSTATE_ARRAY(blob, TPMEmulator, TPM_EMULATOR_BLOBS, 0, vmstate_info_blob,
                          TPMEmulatorBlob),
            VMSTATE_END_OF_LIST(),
        },
};

void tpm_emulator_state_register(TPMEmulator *s)
{
    s->vm_state_entry = qemu_add_vm_change_state_handler(state_vm_change, s);
    vmstate_register(NULL, VMSTATE_INSTANCE_ID_ANY, &vmstate_tpm_emulator, s);
}

void tpm_emulator_state_unregister(TPMEmulator *s)
{
    vmstate_unregister(NULL, &vmstate_tpm_emulator, s);
    qemu_del_vm_change_state_handler(s->vm_state_entry);
    blobs_clear(s);
    migrate_del_blocker(&s->migration_blocker);
}

bool tpm_emulator_block_migration(TPMEmulator *s, Error **errp)
{
    if (tpm_emulator_can(s, PTM_CAP_GET_STATEBLOB | PTM_CAP_SET_STATEBLOB)) {
        return true;
    }
    error_setg(&s->migration_blocker, "the TPM process cannot save its state; use one that can");
    return migrate_add_blocker(&s->migration_blocker, errp) == 0;
}
