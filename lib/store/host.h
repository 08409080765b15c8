/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts in a database. Each function that changes one runs within a transaction of the caller. */
#ifndef STORE_HOST_H
#define STORE_HOST_H

#include "store/record.h"

extern const RecordType host_type;

gboolean host_find(Database *db, DqBytes name, gboolean *ret_found, DqStoreHost *ret_host,
                   GError **error);

/** host_get: as host_find(); DQ_ERROR_RECORD where there is none. */
gboolean host_get(Database *db, const DqName *name, DqStoreHost *ret_host, GError **error);

/** host_same_counters: whether a deep quote changes nothing of the record. */
gboolean host_same_counters(const DqStoreHost *a, const DqStoreHost *b);

gboolean host_put(Database *db, const DqStoreHost *host, GError **error);
gboolean host_add(Database *db, const DqStoreHost *host, GError **error);
/** host_prove: adds the host, or has the one that is there enrolled as @host is. */
gboolean host_prove(Database *db, const DqStoreHost *host, GError **error);
gboolean host_renew(Database *db, const DqName *name, int64_t now, int64_t expires, GError **error);
gboolean host_revoke(Database *db, const DqName *name, int64_t now, GError **error);
gboolean host_remove(Database *db, const DqName *name, GError **error);

#endif
