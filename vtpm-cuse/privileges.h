/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may use the device, and what the program may do once the device is there. */
#ifndef VTPM_CUSE_PRIVILEGES_H
#define VTPM_CUSE_PRIVILEGES_H

#include <gio/gio.h>

/** A user of this machine. */
typedef struct User {
    uid_t uid;
    gid_t gid;
} User;

/** user_find: by name or number. Errors: G_OPTION_ERROR, which names @option. */
gboolean user_find(const char *option, const char *name, User *ret, GError **error);

/** device_give_to: makes the node of a device, as the kernel made it, a user's. */
gboolean device_give_to(const char *path, uid_t owner, GError **error);

/**
 * privileges_drop: becomes @user for good, where root runs it, and in any case may gain nothing any
 * more nor be looked into by others of that user.
 */
gboolean privileges_drop(const User *user, GError **error);

#endif
