/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdeepquote: profiles in a store, and which host, VM or group each is for. What is in a profile
 * is its reader's: here it is bytes with a name and a date.
 *
 * Errors are as in store-file.h.
 */
#ifndef DEEPQUOTE_STORE_PROFILE_H
#define DEEPQUOTE_STORE_PROFILE_H

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

#pragma GCC visibility push(default)

/* In store.h and store-file.h */
typedef struct DqStoreProfile DqStoreProfile;
typedef struct DqStoreFile DqStoreFile;

/**
 * dq_store_file_put_profile: keeps it, in place of the one of this name.
 * @content: its bytes
 *
 * Errors: DQ_ERROR_RECORD where the one that is there was issued later, or at the same time with
 * other bytes, or is signed and the new one is not.
 */
gboolean dq_store_file_put_profile(DqStoreFile *file, const DqStoreProfile *profile,
                                   GBytes *content, GError **error);

/** dq_store_file_get_profile: Errors: DQ_ERROR_RECORD where it is not there. */
gboolean dq_store_file_get_profile(DqStoreFile *file, const char *name, DqStoreProfile *ret_profile,
                                   GBytes **ret_content, GError **error);

/**
 * dq_store_file_remove_profile: the date of a signed one stays, so that none that is older can be
 * put there later.
 *
 * Errors: DQ_ERROR_RECORD: it is not there, or is for somebody.
 */
gboolean dq_store_file_remove_profile(DqStoreFile *file, const char *name, GError **error);

typedef void (*DqStoreProfileFunc)(const DqStoreProfile *profile, gpointer data);

/** dq_store_file_list_profiles: by name. @func must not use @file. */
gboolean dq_store_file_list_profiles(DqStoreFile *file, DqStoreProfileFunc func, gpointer data,
                                     GError **error);

/** DqSubject: whom a profile can be for. */
typedef enum DqSubject {
    DQ_SUBJECT_HOST = 1,
    DQ_SUBJECT_VM = 2,
    DQ_SUBJECT_HOST_GROUP = 3,
    DQ_SUBJECT_VM_GROUP = 4,
} DqSubject;

/**
 * DqBinding: one of them, with its profile and its group. All of it is borrowed.
 * @key: Name of the host's key, UUID, or the group's name: printable UTF-8
 * @profile: name of its profile; "" for none
 * @group: name of the group that it is in, of hosts for a host; "" for none
 */
typedef struct DqBinding {
    DqSubject subject;
    const uint8_t *key;
    gsize key_len;
    const char *profile;
    const char *group;
} DqBinding;

/**
 * dq_store_file_bind, dq_store_file_set_group:
 * @profile, @group: (nullable): NULL for none
 *
 * Errors: DQ_ERROR_RECORD where there is no such profile, host or VM. Only hosts and VMs have a
 * group, which is there as soon as it has a member or a profile.
 */
gboolean dq_store_file_bind(DqStoreFile *file, DqSubject subject, const uint8_t *key, gsize key_len,
                            const char *profile, GError **error);
gboolean dq_store_file_set_group(DqStoreFile *file, DqSubject subject, const uint8_t *key,
                                 gsize key_len, const char *group, GError **error);

/**
 * dq_store_file_find_bound: the profile of a host or VM: its own, or else that of its group.
 * @ret_name: (transfer full): its name; NULL where there is none
 */
gboolean dq_store_file_find_bound(DqStoreFile *file, DqSubject subject, const uint8_t *key,
                                  gsize key_len, char **ret_name, GError **error);

typedef void (*DqBindingFunc)(const DqBinding *binding, gpointer data);

/** dq_store_file_list_bindings: of all that have a profile or a group. @func must not use @file. */
gboolean dq_store_file_list_bindings(DqStoreFile *file, DqBindingFunc func, gpointer data,
                                     GError **error);

#pragma GCC visibility pop

G_END_DECLS

#endif
