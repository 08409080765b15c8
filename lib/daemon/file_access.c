/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/file_access.h"

#include <acl/libacl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(acl_t, acl_free, NULL)

typedef struct User {
    uid_t uid;
    GArray *groups; /* of gid_t */
} User;

static GArray *groups_of(uid_t uid)
{
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    const struct passwd *user = getpwuid(uid);
    int n = 64;

    if (!user) {
        return groups;
    }
    do { /* it says how many there are where they do not fit */
        g_array_set_size(groups, (guint)n);
    } while (getgrouplist(user->pw_name, user->pw_gid, (gid_t *)(void *)groups->data, &n) < 0 &&
             (guint)n > groups->len);
    g_array_set_size(groups, (guint)MAX(n, 0));
    return groups;
}

static gboolean is_in(const User *user, gid_t gid)
{
    for (guint i = 0; i < user->groups->len; i++) {
        if (g_array_index(user->groups, gid_t, i) == gid) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean lets_write(acl_entry_t entry)
{
    acl_permset_t permissions;

    return acl_get_permset(entry, &permissions) == 0 && acl_get_perm(permissions, ACL_WRITE) == 1;
}

/* Whom an entry of a named user or group is for. */
static id_t named_by(acl_entry_t entry)
{
    id_t *qualifier = acl_get_qualifier(entry);
    const id_t id = qualifier ? *qualifier : (id_t)-1;

    acl_free(qualifier);
    return id;
}

/* What an access control list says of one user, entry by entry. */
typedef struct Verdict {
    gboolean owner, named, grouped;                      /* there is such an entry for the user */
    gboolean by_owner, by_name, by_group, masked, other; /* and it lets the user write */
} Verdict;

static void take_entry(Verdict *v, const User *user, const struct stat *st, acl_entry_t entry)
{
    const gboolean writes = lets_write(entry);
    acl_tag_t tag = ACL_UNDEFINED_TAG;

    acl_get_tag_type(entry, &tag);
    if (tag == ACL_USER_OBJ && st->st_uid == user->uid) {
        v->owner = TRUE;
        v->by_owner = writes;
    } else if (tag == ACL_USER && named_by(entry) == user->uid) {
        v->named = TRUE;
        v->by_name = writes;
    } else if ((tag == ACL_GROUP_OBJ && is_in(user, st->st_gid)) ||
               (tag == ACL_GROUP && is_in(user, named_by(entry)))) {
        v->grouped = TRUE;
        v->by_group |= writes;
    } else if (tag == ACL_MASK) {
        v->masked = !writes;
    } else if (tag == ACL_OTHER) {
        v->other = writes;
    }
}

/* acl(5), "Access check algorithm" */
static gboolean decide(const Verdict *v)
{
    return v->owner     ? v->by_owner
           : v->named   ? v->by_name && !v->masked
           : v->grouped ? v->by_group && !v->masked
                        : v->other;
}

gboolean file_access_may_write(const char *path, uid_t uid)
{
    g_autoptr(GArray) groups = groups_of(uid);
    const User user = { uid, groups };
    g_auto(acl_t) acl = NULL;
    acl_entry_t entry;
    Verdict verdict = { 0 };
    struct stat st;

    if (stat(path, &st) != 0) {
        return FALSE;
    }
    acl = acl_get_file(path, ACL_TYPE_ACCESS);
    if (!acl) {
        acl = acl_from_mode(st.st_mode); /* its file system has none */
    }
    for (int which = ACL_FIRST_ENTRY; acl && acl_get_entry(acl, which, &entry) == 1;
         which = ACL_NEXT_ENTRY) {
        take_entry(&verdict, &user, &st, entry);
    }
    return uid == 0 || decide(&verdict);
}
