/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cuse_side.h"

#include <cuse_lowlevel.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    START_MS = 10000,  /* for the kernel to ask for the device */
    LINGER_MS = 10000, /* for an opener to see that it is hung up */
};

struct CuseSide {
    struct fuse_session *session;
    struct fuse_buf buffer; /* owned by us, made by libfuse */
    int fd;
    Device *device;
    struct fuse_pollhandle *poller; /* to be told of changes; NULL: nobody polls */
    gboolean made;                  /* the kernel has our answer */
};

int cuse_open(GError **error)
{
    const int fd = open("/dev/cuse", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    const int reason = errno;

    if (fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(reason), "/dev/cuse: %s; %s",
                    g_strerror(reason),
                    reason == ENOENT || reason == ENODEV || reason == ENXIO
                        ? "load the kernel's module: modprobe cuse"
                        : "start this as root; it becomes another user by itself");
    }
    return fd;
}

/* --- answers: see DeviceReplies --- */

static void reply_done(void *request, int error)
{
    fuse_reply_err(request, error);
}

static void reply_bytes(void *request, WireBytes bytes)
{
    fuse_reply_buf(request, (const char *)bytes.p, bytes.len);
}

static void reply_structure(void *request, WireBytes bytes)
{
    fuse_reply_ioctl(request, 0, bytes.p, bytes.len);
}

static void reply_written(void *request, size_t len)
{
    fuse_reply_write(request, len);
}

static void forget_poller(CuseSide *side)
{
    if (side->poller) {
        fuse_pollhandle_destroy(side->poller);
        side->poller = NULL;
    }
}

static void tell_poller(void *context)
{
    CuseSide *side = context;

    if (side->poller) {
        fuse_lowlevel_notify_poll(side->poller);
        forget_poller(side);
    }
}

static const DeviceReplies replies = {
    .done = reply_done,
    .bytes = reply_bytes,
    .structure = reply_structure,
    .written = reply_written,
    .changed = tell_poller,
};

/* --- requests --- */

static CuseSide *side_of(fuse_req_t request)
{
    return fuse_req_userdata(request);
}

static void on_init_done(void *userdata)
{
    CuseSide *side = userdata;

    side->made = TRUE;
}

static void on_open(fuse_req_t request, struct fuse_file_info *file)
{
    Device *device = side_of(request)->device;
    const int error = device_open(device, fuse_req_ctx(request)->uid);

    if (error) {
        fuse_reply_err(request, error);
    } else if (fuse_reply_open(request, file) != 0) {
        device_release(device); /* whoever opened it does not wait any more */
    }
}

static void on_release(fuse_req_t request, struct fuse_file_info *file)
{
    CuseSide *side = side_of(request);

    (void)file;
    device_release(side->device);
    forget_poller(side);
    fuse_reply_err(request, 0);
}

static void on_interrupt(fuse_req_t request, void *device)
{
    device_interrupt(device, request);
}

/* For requests that may wait. Returns FALSE where this one was interrupted already. */
static gboolean may_wait(fuse_req_t request)
{
    fuse_req_interrupt_func(request, on_interrupt, side_of(request)->device);
    if (fuse_req_interrupted(request)) {
        fuse_reply_err(request, EINTR);
        return FALSE;
    }
    return TRUE;
}

static void on_read(fuse_req_t request, size_t size, off_t offset, struct fuse_file_info *file)
{
    (void)offset;
    if (may_wait(request)) {
        device_read(side_of(request)->device, request, size, file->flags & O_NONBLOCK);
    }
}

static void on_write(fuse_req_t request, const char *buf, size_t size, off_t offset,
                     struct fuse_file_info *file)
{
    (void)offset;
    (void)file;
    device_write(side_of(request)->device, request, (WireBytes){ (const uint8_t *)buf, size });
}

static void on_ioctl(fuse_req_t request, int code, void *arg, struct fuse_file_info *file,
                     unsigned flags, const void *in, size_t in_size, size_t out_size)
{
    (void)arg;
    (void)file;
    (void)flags;
    if (may_wait(request)) {
        device_ioctl(side_of(request)->device, request, (unsigned)code, (WireBytes){ in, in_size },
                     out_size);
    }
}

static void on_poll(fuse_req_t request, struct fuse_file_info *file, struct fuse_pollhandle *handle)
{
    CuseSide *side = side_of(request);

    (void)file;
    if (handle) {
        forget_poller(side);
        side->poller = handle;
    }
    fuse_reply_poll(request, (unsigned)device_events(side->device));
}

static const struct cuse_lowlevel_ops operations = {
    .init_done = on_init_done,
    .open = on_open,
    .release = on_release,
    .read = on_read,
    .write = on_write,
    .ioctl = on_ioctl,
    .poll = on_poll,
};

/* --- the session --- */

/* Takes one request of the kernel's, if there is one. */
static void serve(CuseSide *side)
{
    const int n = fuse_session_receive_buf(side->session, &side->buffer);

    if (n > 0) {
        fuse_session_process_buf(side->session, &side->buffer);
    } else if (n != -EAGAIN && n != -EINTR) {
        fuse_session_exit(side->session);
    }
}

static gboolean make_session(CuseSide *side, const char *name)
{
    g_autofree char *info = g_strconcat("DEVNAME=", name, NULL);
    g_autofree char *place = g_strdup_printf("/dev/fd/%d", side->fd);
    const char *infos[] = { info };
    const struct cuse_info about = { .dev_info_argc = 1, .dev_info_argv = infos };
    char *argv[] = { (char *)"vtpm-cuse", NULL };
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);

    side->session = cuse_lowlevel_new(&args, &about, &operations, side);
    fuse_opt_free_args(&args);
    return side->session && fcntl(side->fd, F_SETFL, O_NONBLOCK) == 0 &&
           fuse_session_mount(side->session, place) == 0;
}

/* Answers the kernel's first question; the device is there after that. */
static gboolean make_device(CuseSide *side)
{
    struct pollfd polled = { side->fd, POLLIN, 0 };

    while (!side->made && !fuse_session_exited(side->session) && poll(&polled, 1, START_MS) > 0) {
        serve(side);
    }
    return side->made;
}

CuseSide *cuse_side_new(int fd, const char *name, int control, int data, uid_t owner,
                        GError **error)
{
    g_autoptr(CuseSide) side = g_new0(CuseSide, 1);

    side->fd = fd;
    side->device = device_new(control, data, owner, &replies, side);
    if (!side->device || !make_session(side, name) || !make_device(side)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "the kernel did not ask for the device /dev/%s", name);
        return NULL;
    }
    return g_steal_pointer(&side);
}

Device *cuse_side_device(CuseSide *side)
{
    return side->device;
}

void cuse_side_run(CuseSide *side, int stop)
{
    enum { KERNEL, STOP, SOCKETS, ALL = SOCKETS + DEVICE_SOCKETS };
    int64_t end = INT64_MAX;

    while (!fuse_session_exited(side->session)) {
        const gboolean lost = device_is_lost(side->device);
        const int64_t now = g_get_monotonic_time() / 1000;
        struct pollfd polled[ALL] = { { side->fd, POLLIN, 0 }, { stop, POLLIN, 0 } };

        if (lost && end == INT64_MAX) {
            end = now + LINGER_MS;
        }
        if (lost && (!device_is_open(side->device) || now >= end)) {
            return;
        }
        device_poll_sockets(side->device, polled + SOCKETS);
        if (poll(polled, ALL, lost ? (int)(end - now) : -1) < 0) {
            continue; /* EINTR: signals come by @stop */
        }
        if (polled[STOP].revents) {
            return;
        }
        if (polled[KERNEL].revents) {
            serve(side);
        }
        device_step(side->device, polled + SOCKETS);
    }
}

void cuse_side_free(CuseSide *side)
{
    device_free(side->device);
    forget_poller(side);
    if (side->session) {
        fuse_session_destroy(side->session);
    } else {
        close(side->fd);
    }
    free(side->buffer.mem);
    g_free(side);
}
