/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/errno_advice.h"

#include <errno.h>
#include <glib.h>

const char *errno_advice(int number)
{
    static const struct {
        int number;
        const char *advice;
    } table[] = {
        { EMFILE, "; raise the limit of open files" },
        { ENFILE, "; raise the system's limit of open files, fs.file-max" },
        { ENOSPC, "; raise the limit of watched files, fs.epoll.max_user_watches" },
        { ENOMEM, "; give the system more memory" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].number == number) {
            return table[i].advice;
        }
    }
    return "";
}
