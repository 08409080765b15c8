/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/vm.h"

#include "store/binding.h"
#include "store/label.h"

#include <string.h>

static void transfer_name(Row *r, DqName *name)
{
    row_blob(r, name->data, sizeof(name->data), &name->len);
}

static gboolean transfer(Row *r, gpointer record)
{
    DqStoreVm *v = record;
    gsize accepted_len = v->accepts_lineage ? DQ_LINEAGE_SIZE : 0;

    row_bytes(r, v->uuid, DQ_UUID_SIZE);
    row_text(r, v->label, sizeof(v->label));
    transfer_name(r, &v->ek);
    transfer_name(r, &v->ak);
    row_i64(r, &v->added);
    row_i64(r, &v->first_seen);
    row_i64(r, &v->last_seen);
    transfer_name(r, &v->host);
    row_bytes(r, v->lineage, DQ_LINEAGE_SIZE);
    row_u64(r, &v->epoch);
    row_u64(r, &v->generation);
    row_bool(r, &v->has_clock);
    row_u32(r, &v->reset_count);
    row_u32(r, &v->restart_count);
    row_u64(r, &v->clock);
    row_bool(r, &v->clock_safe);
    row_blob(r, v->accepted_lineage, DQ_LINEAGE_SIZE, &accepted_len);
    transfer_name(r, &v->accepted_host);
    v->accepts_lineage = accepted_len == DQ_LINEAGE_SIZE;
    return row_end(r, &v->revision);
}

const RecordType vm_type = { "vm", sizeof(DqStoreVm), transfer };

static gboolean fail_uuid(const uint8_t *uuid, const char *what, GError **error)
{
    g_autofree char *text = dq_uuid_format(uuid);

    g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD, "the VM %s %s", text, what);
    return FALSE;
}

gboolean vm_find(Database *db, const uint8_t *uuid, gboolean *ret_found, DqStoreVm *ret_vm,
                 GError **error)
{
    return record_find(db, DATABASE_VM_FIND, &vm_type, (DqBytes){ uuid, DQ_UUID_SIZE }, ret_found,
                       ret_vm, error);
}

gboolean vm_get(Database *db, const uint8_t *uuid, DqStoreVm *ret_vm, GError **error)
{
    gboolean found;

    return vm_find(db, uuid, &found, ret_vm, error) &&
           (found || fail_uuid(uuid, "is not in the store: vm list shows those that are", error));
}

gboolean vm_put(Database *db, const DqStoreVm *vm, GError **error)
{
    DqStoreVm v = *vm;

    return record_put(db, DATABASE_VM_PUT, &vm_type, &v, error);
}

gboolean vm_add(Database *db, const DqStoreVm *vm, GError **error)
{
    DqStoreVm there;
    DqStoreVm fresh = { .ek = vm->ek, .ak = vm->ak, .added = vm->added };
    gboolean found;

    if (!label_check(vm->label, error) || !vm_find(db, vm->uuid, &found, &there, error)) {
        return FALSE;
    }
    if (found) {
        return fail_uuid(vm->uuid, "is in the store already: remove it first", error);
    }
    memcpy(fresh.uuid, vm->uuid, DQ_UUID_SIZE);
    memcpy(fresh.label, vm->label, sizeof(fresh.label));
    return vm_put(db, &fresh, error);
}

gboolean vm_remove(Database *db, const uint8_t *uuid, GError **error)
{
    DqStoreVm vm;
    gboolean found;

    return vm_get(db, uuid, &vm, error) &&
           record_remove(db, DATABASE_VM_REMOVE, (DqBytes){ uuid, DQ_UUID_SIZE }, &found, error) &&
           binding_remove(db, DQ_SUBJECT_VM, (DqBytes){ uuid, DQ_UUID_SIZE }, error);
}

static gboolean note_vm(gpointer record, gpointer data, G_GNUC_UNUSED GError **error)
{
    g_array_append_vals(data, record, 1);
    return TRUE;
}

gboolean vm_forget_clocks(Database *db, const DqName *host, GError **error)
{
    g_autoptr(GArray) vms = g_array_new(FALSE, FALSE, sizeof(DqStoreVm));

    if (!record_list(db, DATABASE_VM_LIST_ON_HOST, &vm_type, (DqBytes){ host->data, host->len },
                     note_vm, vms, error)) {
        return FALSE;
    }
    for (guint i = 0; i < vms->len; i++) {
        DqStoreVm *vm = &g_array_index(vms, DqStoreVm, i);

        vm->has_clock = FALSE;
        if (!vm_put(db, vm, error)) {
            return FALSE;
        }
    }
    return TRUE;
}
