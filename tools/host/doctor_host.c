/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor_host.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

enum { TEXT_MAX = 65536 };

char *doctor_path(const DoctorHost *host, const char *path)
{
    return g_strconcat(host->root, path, NULL);
}

gboolean doctor_stat(const DoctorHost *host, const char *path, struct stat *ret)
{
    g_autofree char *full = doctor_path(host, path);

    return stat(full, ret) == 0;
}

/* Files of the kernel have no size, and some would block a reader. */
char *doctor_read(const DoctorHost *host, const char *path, gsize *ret_len)
{
    g_autofree char *full = doctor_path(host, path);
    g_autofree char *text = g_malloc(TEXT_MAX + 1);
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t len = 0;
    ssize_t n = 0;

    if (fd < 0) {
        return NULL;
    }
    do {
        n = read(fd, text + len, TEXT_MAX - len);
        len += n > 0 ? (size_t)n : 0;
    } while ((n > 0 && len < TEXT_MAX) || (n < 0 && errno == EINTR));
    close(fd);
    if (n < 0) {
        return NULL;
    }
    text[len] = '\0';
    if (ret_len) {
        *ret_len = len;
    }
    return g_steal_pointer(&text);
}

static FILE *open_table(const DoctorHost *host, const char *path)
{
    g_autofree char *full = doctor_path(host, path);

    return fopen(full, "re");
}

static void add_groups(const DoctorHost *host, DoctorUser *user)
{
    FILE *table = open_table(host, "/etc/group");
    struct group *group;

    while (table && (group = fgetgrent(table))) {
        if (g_strv_contains((const char *const *)group->gr_mem, user->name)) {
            g_array_append_val(user->groups, group->gr_gid);
        }
    }
    if (table) {
        fclose(table);
    }
}

static DoctorUser *user_new(uid_t uid, const char *name)
{
    DoctorUser *user = g_new0(DoctorUser, 1);

    user->uid = uid;
    user->name = name ? g_strdup(name) : g_strdup_printf("%u", uid);
    user->groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    return user;
}

/* By @name, or by @uid where that is NULL. */
static DoctorUser *find_user(const DoctorHost *host, const char *name, uid_t uid)
{
    FILE *table = open_table(host, "/etc/passwd");
    DoctorUser *user = NULL;
    struct passwd *entry;

    while (table && !user && (entry = fgetpwent(table))) {
        if (name ? g_str_equal(entry->pw_name, name) : entry->pw_uid == uid) {
            user = user_new(entry->pw_uid, entry->pw_name);
            g_array_append_val(user->groups, entry->pw_gid);
        }
    }
    if (table) {
        fclose(table);
    }
    if (user) {
        add_groups(host, user);
    }
    return user;
}

DoctorUser *doctor_user(const DoctorHost *host, const char *name)
{
    return find_user(host, name, 0);
}

DoctorUser *doctor_user_of(const DoctorHost *host, uid_t uid)
{
    DoctorUser *user = find_user(host, NULL, uid);

    return user ? user : user_new(uid, NULL);
}

void doctor_user_free(DoctorUser *user)
{
    g_free(user->name);
    g_array_unref(user->groups);
    g_free(user);
}

static gboolean is_in(const DoctorUser *user, gid_t gid)
{
    for (guint i = 0; i < user->groups->len; i++) {
        if (g_array_index(user->groups, gid_t, i) == gid) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean doctor_may_open(const DoctorUser *user, const struct stat *st)
{
    mode_t needs = S_IROTH | S_IWOTH;

    if (user->uid == 0) {
        return TRUE;
    }
    if (st->st_uid == user->uid) {
        needs = S_IRUSR | S_IWUSR;
    } else if (is_in(user, st->st_gid)) {
        needs = S_IRGRP | S_IWGRP;
    }
    return (st->st_mode & needs) == needs;
}
