/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the service manager, as sd_notify(3) does. */
#ifndef VTPM_MANAGER_NOTIFY_H
#define VTPM_MANAGER_NOTIFY_H

/** notify_send: @text such as "READY=1"; nothing happens where nobody asked for it. */
void notify_send(const char *text);

#endif
