/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMs in a database. Each function that changes one runs within a transaction of the caller. */
#ifndef STORE_VM_H
#define STORE_VM_H

#include "store/record.h"

extern const RecordType vm_type;

gboolean vm_find(Database *db, const uint8_t *uuid, gboolean *ret_found, DqStoreVm *ret_vm,
                 GError **error);

/** vm_get: as vm_find(); DQ_ERROR_RECORD where there is none. */
gboolean vm_get(Database *db, const uint8_t *uuid, DqStoreVm *ret_vm, GError **error);

gboolean vm_put(Database *db, const DqStoreVm *vm, GError **error);
gboolean vm_add(Database *db, const DqStoreVm *vm, GError **error);
gboolean vm_remove(Database *db, const uint8_t *uuid, GError **error);

/** vm_forget_clocks: those of all VMs on this host. */
gboolean vm_forget_clocks(Database *db, const DqName *host, GError **error);

#endif
