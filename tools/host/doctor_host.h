/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host that is looked at: its files and users below a root, and what its manager says. */
#ifndef TOOLS_HOST_DOCTOR_HOST_H
#define TOOLS_HOST_DOCTOR_HOST_H

#include <json-glib/json-glib.h>
#include <sys/stat.h>

typedef struct DoctorHost {
    const char *root;      /* "" for this host */
    JsonObject *status;    /* the manager's answers; NULL: it gave none */
    JsonArray *vms;        /* that it knows; NULL */
    const char *no_answer; /* why it gave none */
} DoctorHost;

/** A user of the host, from its /etc/passwd and /etc/group. */
typedef struct DoctorUser {
    uid_t uid;
    char *name;     /* the number, where the host has no name for it */
    GArray *groups; /* of gid_t; empty where the user is not known */
} DoctorUser;

/** doctor_path: (transfer full): @path on that host. */
char *doctor_path(const DoctorHost *host, const char *path);

gboolean doctor_stat(const DoctorHost *host, const char *path, struct stat *ret);

/**
 * doctor_read: (transfer full): at most 64 KiB of a file, and a zero after them; %NULL: it cannot
 * be read.
 * @ret_len: (nullable)
 */
char *doctor_read(const DoctorHost *host, const char *path, gsize *ret_len);

/** doctor_user: (transfer full): by name. %NULL: there is none. */
DoctorUser *doctor_user(const DoctorHost *host, const char *name);

/** doctor_user_of: (transfer full): by number; never %NULL. */
DoctorUser *doctor_user_of(const DoctorHost *host, uid_t uid);
void doctor_user_free(DoctorUser *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DoctorUser, doctor_user_free)

/** doctor_may_open: for reading and writing, by owner, group and mode; ACLs are not looked at. */
gboolean doctor_may_open(const DoctorUser *user, const struct stat *st);

#endif
