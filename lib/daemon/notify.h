/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the service manager, as sd_notify(3) does. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/** notify_send: @text such as "READY=1"; nothing happens where nobody asked for it. */
void notify_send(const char *text);

#endif
