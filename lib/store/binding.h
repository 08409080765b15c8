/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom profiles are for. Each function that changes it runs within a transaction of the caller. */
#ifndef STORE_BINDING_H
#define STORE_BINDING_H

#include "store/record.h"
#include "store/store-profile.h"

/** Binding: a DqBinding with its own bytes. */
typedef struct Binding {
    DqSubject subject;
    uint8_t key[DQ_LABEL_MAX];
    gsize key_len;
    char profile[DQ_LABEL_MAX + 1];
    char group[DQ_LABEL_MAX + 1];
} Binding;

extern const RecordType binding_type;

/** binding_set_profile, binding_set_group: "" for none. Hosts, VMs and profiles must be there. */
gboolean binding_set_profile(Database *db, DqSubject subject, DqBytes key, const char *profile,
                             GError **error);
gboolean binding_set_group(Database *db, DqSubject subject, DqBytes key, const char *group,
                           GError **error);

/** binding_find_profile: as dq_store_file_find_bound(); "" for none. */
gboolean binding_find_profile(Database *db, DqSubject subject, DqBytes key,
                              char ret_name[DQ_LABEL_MAX + 1], GError **error);

/** binding_remove: of a host or VM that is removed; none may be there. */
gboolean binding_remove(Database *db, DqSubject subject, DqBytes key, GError **error);

/** binding_check_unused: DQ_ERROR_RECORD where the profile is for somebody. */
gboolean binding_check_unused(Database *db, const char *profile, GError **error);

#endif
