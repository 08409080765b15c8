/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the device does, apart from how the kernel asks for it: one opener at a time, as swtpm's own
 * character device and /dev/tpm0 have it; one command and one ioctl of it on their way to swtpm.
 *
 * Nothing here waits. A request is answered at once or later, exactly once, through DeviceReplies.
 */
#ifndef VTPM_CUSE_DEVICE_H
#define VTPM_CUSE_DEVICE_H

#include <poll.h>
#include <sys/types.h>

#include "exchange.h"

typedef struct Device Device;

/** How requests are answered; @request is what came with them. @error: of errno.h; 0: it is done */
typedef struct DeviceReplies {
    void (*done)(void *request, int error);
    void (*bytes)(void *request, WireBytes bytes);     /* of a read; borrowed while it runs */
    void (*structure)(void *request, WireBytes bytes); /* the same of an ioctl */
    void (*written)(void *request, size_t len);
    void (*changed)(void *context); /* device_events() is another than before */
} DeviceReplies;

/**
 * device_new:
 * @control, @data: (transfer full): stream sockets to a swtpm
 * @replies, @context: borrowed
 * @owner: who may open it beside root
 */
Device *device_new(int control, int data, uid_t owner, const DeviceReplies *replies, void *context);

/** device_free: what is not answered yet gets EIO. */
void device_free(Device *d);

/** device_open: 0, EACCES, EBUSY, or ENODEV where swtpm is gone. */
int device_open(Device *d, uid_t who);

/** device_release: the opener has closed it; what it left is wiped. */
void device_release(Device *d);

/** device_read, device_write: as read(2) and write(2). */
void device_read(Device *d, void *request, size_t size, bool nonblocking);
void device_write(Device *d, void *request, WireBytes bytes);

/**
 * device_ioctl:
 * @argument: what the kernel copied for it
 * @room: how many bytes the kernel takes back
 */
void device_ioctl(Device *d, void *request, unsigned long code, WireBytes argument, size_t room);

/** device_interrupt: whoever made the request got a signal; it is answered with EINTR. */
void device_interrupt(Device *d, void *request);

/** device_events: what poll(2) says. */
short device_events(const Device *d);

/** device_poll_sockets: what to poll for; device_step() takes what came of it. */
enum { DEVICE_SOCKETS = 2 };
void device_poll_sockets(const Device *d, struct pollfd *ret);
void device_step(Device *d, const struct pollfd *polled);

/** device_is_lost: swtpm is gone, or breaks the protocol. */
bool device_is_lost(const Device *d);

/** device_was_shut_down: an opener asked swtpm to end, and it said that it would. */
bool device_was_shut_down(const Device *d);

bool device_is_open(const Device *d);

#endif
