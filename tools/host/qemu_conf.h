/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt's settings for QEMU say. */
#ifndef TOOLS_HOST_QEMU_CONF_H
#define TOOLS_HOST_QEMU_CONF_H

#include <glib.h>

#define QEMU_CONF "/etc/libvirt/qemu.conf"

/**
 * qemu_conf_swtpm_user: (transfer full): the user that swtpm runs as.
 * @text: of the file; %NULL: there is none. Debian's default where it does not say.
 */
char *qemu_conf_swtpm_user(const char *text);

#endif
