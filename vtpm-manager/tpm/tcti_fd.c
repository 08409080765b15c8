/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/tpm.h"
#include "tpm/tcti_fd.h"

#define TCTI_FD_MAGIC G_GUINT64_CONSTANT(0x4451544354494644)

typedef struct TctiFd {
    TSS2_TCTI_CONTEXT_COMMON_V2 common; /* first */
    int fd;
    gboolean awaiting; /* a command was sent, its response not read */
    size_t have;       /* of @response */
    uint8_t response[WIRE_TPM_BUFFER_MAX];
} TctiFd;

static TctiFd *tcti_fd(TSS2_TCTI_CONTEXT *tcti)
{
    TctiFd *t = (TctiFd *)tcti;

    return t && t->common.v1.magic == TCTI_FD_MAGIC ? t : NULL;
}

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *tcti, size_t size, const uint8_t *command)
{
    TctiFd *t = tcti_fd(tcti);

    if (!t || !command || size < WIRE_TPM_HEADER_SIZE) {
        return TSS2_TCTI_RC_BAD_VALUE;
    }
    if (t->awaiting) {
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    }
    while (size > 0) {
        ssize_t n = send(t->fd, command, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return TSS2_TCTI_RC_IO_ERROR;
        }
        command += n;
        size -= (size_t)n;
    }
    t->awaiting = TRUE;
    t->have = 0;
    return TSS2_RC_SUCCESS;
}

/* Reads until @want bytes are there, or more: one response is all that can come. */
static TSS2_RC fill(TctiFd *t, size_t want, int32_t timeout)
{
    while (t->have < want) {
        struct pollfd p = { .fd = t->fd, .events = POLLIN };
        ssize_t n;
        int ready = timeout == TSS2_TCTI_TIMEOUT_BLOCK ? 1 : poll(&p, 1, timeout);

        if (ready == 0) {
            return TSS2_TCTI_RC_TRY_AGAIN;
        }
        n = ready < 0 ? -1 : recv(t->fd, t->response + t->have, sizeof(t->response) - t->have, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return TSS2_TCTI_RC_IO_ERROR;
        }
        t->have += (size_t)n;
    }
    return TSS2_RC_SUCCESS;
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *tcti, size_t *size, uint8_t *response, int32_t timeout)
{
    TctiFd *t = tcti_fd(tcti);
    WireTpmHeader header;
    WireReader r;
    TSS2_RC rc;

    if (!t || !size) {
        return TSS2_TCTI_RC_BAD_REFERENCE;
    }
    if (!t->awaiting) {
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    }
    rc = fill(t, WIRE_TPM_HEADER_SIZE, timeout);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    r = WIRE_READER(t->response, t->have);
    if (!wire_get_tpm_header(&r, &header) || header.size < WIRE_TPM_HEADER_SIZE ||
        header.size > sizeof(t->response) || header.size < t->have) {
        return TSS2_TCTI_RC_MALFORMED_RESPONSE;
    }
    rc = fill(t, header.size, timeout);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    if (response && *size < header.size) {
        *size = header.size;
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    }
    *size = header.size;
    if (response) {
        memcpy(response, t->response, header.size);
        t->awaiting = FALSE;
    }
    return TSS2_RC_SUCCESS;
}

static TSS2_RC cancel(G_GNUC_UNUSED TSS2_TCTI_CONTEXT *tcti)
{
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

/* There is no way to say a locality on this socket, so it is 0 for ever. */
static TSS2_RC set_locality(G_GNUC_UNUSED TSS2_TCTI_CONTEXT *tcti, uint8_t locality)
{
    return locality == 0 ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static void finalize(TSS2_TCTI_CONTEXT *tcti)
{
    TctiFd *t = tcti_fd(tcti);

    if (t) {
        close(t->fd);
        t->fd = -1;
    }
}

TSS2_TCTI_CONTEXT *tcti_fd_new(int fd)
{
    TctiFd *t = g_new0(TctiFd, 1);

    t->common.v1.magic = TCTI_FD_MAGIC;
    t->common.v1.version = 2;
    t->common.v1.transmit = transmit;
    t->common.v1.receive = receive;
    t->common.v1.finalize = finalize;
    t->common.v1.cancel = cancel;
    t->common.v1.setLocality = set_locality;
    t->fd = fd;
    return (TSS2_TCTI_CONTEXT *)t;
}

void tcti_fd_free(TSS2_TCTI_CONTEXT *tcti)
{
    finalize(tcti);
    g_free(tcti);
}
