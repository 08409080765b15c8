/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device.h"

#include "codes.h"
#include "holder.h"

#include "wire/header.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_TIMEOUT_MS = 200 * 1000 }; /* longer than the kernel waits for a vendor's command */

struct Device {
    char *path;
    int fd;
};

static gboolean fail(GError **error, const char *path, const char *what, const char *why)
{
    g_set_error(error, TPM12_ERROR, TPM12_ERROR_DEVICE, "%s %s: %s", what, path, why);
    return FALSE;
}

static gboolean is_socket(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int connect_socket(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        const int code = errno;

        close(fd);
        errno = code;
        return -1;
    }
    return fd;
}

static void explain(const char *path, int code, GError **error)
{
    if (code == EBUSY) {
        g_autofree char *text = holder_advice(path);

        fail(error, path, "cannot open", text);
    } else if (code == EACCES || code == EPERM) {
        fail(error, path, "cannot open", "no permission: run this as root");
    } else if (code == ENOENT || code == ENODEV) {
        fail(error, path, "cannot open",
             "it is not there. Does this machine have a TPM? Another one is named with -d");
    } else {
        fail(error, path, "cannot open", g_strerror(code));
    }
}

Device *device_open(const char *path, GError **error)
{
    const int fd = is_socket(path) ? connect_socket(path) : open(path, O_RDWR | O_CLOEXEC);
    Device *device;

    if (fd < 0) {
        explain(path, errno, error);
        return NULL;
    }
    device = g_new0(Device, 1);
    device->path = g_strdup(path);
    device->fd = fd;
    return device;
}

void device_free(Device *device)
{
    if (device) {
        close(device->fd);
        g_free(device->path);
        g_free(device);
    }
}

/* A device takes a command in one piece, a socket perhaps not. */
static gboolean send_all(Device *device, WireBytes command, GError **error)
{
    while (command.len > 0) {
        const ssize_t n = write(device->fd, command.p, command.len);

        if (n < 0 && errno != EINTR) {
            return fail(error, device->path, "cannot write to", g_strerror(errno));
        }
        if (n > 0) {
            command.p += n;
            command.len -= (size_t)n;
        }
    }
    return TRUE;
}

static gboolean wait_readable(Device *device, GError **error)
{
    struct pollfd pollfd = { .fd = device->fd, .events = POLLIN };
    int n;

    do {
        n = poll(&pollfd, 1, ANSWER_TIMEOUT_MS);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return fail(error, device->path, "cannot wait for", g_strerror(errno));
    }
    return n > 0 || fail(error, device->path, "no answer from", "restart the VM if it stays so");
}

/* Reads on until there are @want bytes at least. */
static gboolean receive_to(Device *device, uint8_t *buf, size_t want, size_t *len, GError **error)
{
    while (*len < want) {
        ssize_t n;

        if (!wait_readable(device, error)) {
            return FALSE;
        }
        n = read(device->fd, buf + *len, WIRE_TPM_BUFFER_MAX - *len);
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return fail(error, device->path, "cannot read from", g_strerror(errno));
        }
        if (n == 0) {
            return fail(error, device->path, "cannot read from", "the TPM is gone");
        }
        *len += n > 0 ? (size_t)n : 0;
    }
    return TRUE;
}

gboolean device_exchange(Device *device, WireBytes command, uint8_t *buf, WireBytes *ret,
                         GError **error)
{
    size_t len = 0;
    WireReader r;
    WireTpmHeader h;

    if (!send_all(device, command, error) ||
        !receive_to(device, buf, WIRE_TPM_HEADER_SIZE, &len, error)) {
        return FALSE;
    }
    r = WIRE_READER(buf, len);
    if (!wire_get_tpm_header(&r, &h) || h.size < WIRE_TPM_HEADER_SIZE ||
        h.size > WIRE_TPM_BUFFER_MAX) {
        g_set_error(error, TPM12_ERROR, TPM12_ERROR_MALFORMED,
                    "%s: the answer does not begin as that of a TPM", device->path);
        return FALSE;
    }
    if (!receive_to(device, buf, h.size, &len, error)) {
        return FALSE;
    }
    if (len != h.size) {
        g_set_error(error, TPM12_ERROR, TPM12_ERROR_MALFORMED,
                    "%s: the answer is longer than it says", device->path);
        return FALSE;
    }
    *ret = (WireBytes){ buf, len };
    return TRUE;
}
