/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean user_find(const char *option, const char *name, User *ret, GError **error)
{
    const struct passwd *entry = getpwnam(name);
    uint64_t number;

    if (!entry && g_ascii_string_to_unsigned(name, 10, 0, UINT32_MAX - 1, &number, NULL)) {
        entry = getpwuid((uid_t)number);
    }
    if (!entry) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s %s: give a user of this machine, by name or number", option, name);
        return FALSE;
    }
    *ret = (User){ entry->pw_uid, entry->pw_gid };
    return TRUE;
}

gboolean device_give_to(const char *path, uid_t owner, GError **error)
{
    const int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    const gboolean given = fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
                           fchownat(fd, "", owner, (gid_t)-1, AT_EMPTY_PATH) == 0;

    if (!given) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "%s cannot be given to its owner: %s", path, g_strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return given;
}

gboolean privileges_drop(const User *user, GError **error)
{
    const gboolean root = geteuid() == 0;

    if ((root && (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
                  setresuid(user->uid, user->uid, user->uid) != 0)) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "privileges cannot be dropped: %s", g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}
