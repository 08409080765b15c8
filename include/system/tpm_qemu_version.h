/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU 7.2 with the interfaces of QEMU 10.0
 *
 * The only place that knows there are two. What is merely spelt otherwise (names of folders and of
 * meson's source sets) scripts/qemu/overlay respells for the older tree.
 */
#ifndef SYSTEM_TPM_QEMU_VERSION_H
#define SYSTEM_TPM_QEMU_VERSION_H

#include "block/aio.h"
#include "crypto/hash.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"
#include "migration/blocker.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"

#if QEMU_VERSION_MAJOR >= 10

/* Defines the array @name of a device's properties. */
#define TPM_PROPERTIES(name, ...) static const Property name[] = { __VA_ARGS__ }

/* Sets an optional QAPI member that is a pointer, where that is not NULL. */
#define TPM_SET_OPTIONAL(object, member, value) ((object)->member = (value))

/* The same as an argument of a function that sends an event. */
#define TPM_OPTIONAL(value) (value)

/* Whether the connection of a socket is made anew by itself. */
#define TPM_SOCKET_RECONNECTS(chr) (SOCKET_CHARDEV(chr)->reconnect_time_ms != 0)

typedef QCryptoHashAlgo TPMHashAlgorithm;

/* Calls @readable when @fd is; NULL for no longer. */
static inline void tpm_watch_fd(int fd, IOHandler *readable, void *opaque)
{
    aio_set_fd_handler(qemu_get_aio_context(), fd, readable, NULL, NULL, NULL, opaque);
}

#else

#define TPM_PROPERTIES(name, ...)                                                                  \
    static Property name[] = { __VA_ARGS__, DEFINE_PROP_END_OF_LIST() }

#define TPM_SET_OPTIONAL(object, member, value)                                                    \
    ((object)->member = (value), (object)->has_##member = (object)->member != NULL)

#define TPM_OPTIONAL(value) (value) != NULL, (value)

#define TPM_SOCKET_RECONNECTS(chr) (SOCKET_CHARDEV(chr)->reconnect_time != 0)

#define TYPE_DYNAMIC_SYS_BUS_DEVICE TYPE_SYS_BUS_DEVICE

typedef QCryptoHashAlgorithm TPMHashAlgorithm;

#define QCRYPTO_HASH_ALGO_SHA1 QCRYPTO_HASH_ALG_SHA1
#define QCRYPTO_HASH_ALGO_SHA256 QCRYPTO_HASH_ALG_SHA256
#define QCRYPTO_HASH_ALGO_SHA384 QCRYPTO_HASH_ALG_SHA384
#define QCRYPTO_HASH_ALGO_SHA512 QCRYPTO_HASH_ALG_SHA512

static inline void tpm_watch_fd(int fd, IOHandler *readable, void *opaque)
{
    aio_set_fd_handler(qemu_get_aio_context(), fd, false, readable, NULL, NULL, NULL, opaque);
}

static inline void device_class_set_legacy_reset(DeviceClass *dc, DeviceReset reset)
{
    dc->reset = reset;
}

static inline void bql_lock(void)
{
    qemu_mutex_lock_iothread();
}

static inline void bql_unlock(void)
{
    qemu_mutex_unlock_iothread();
}

/* The blocker is freed, and the pointer NULL, where it is not taken and when it is dropped. */
static inline int tpm_add_blocker(Error **blocker, Error **errp)
{
    int ret = (migrate_add_blocker)(*blocker, errp);

    if (ret < 0) {
        error_free(*blocker);
        *blocker = NULL;
    }
    return ret;
}

static inline void tpm_del_blocker(Error **blocker)
{
    if (*blocker) {
        (migrate_del_blocker)(*blocker);
        error_free(*blocker);
        *blocker = NULL;
    }
}

#define migrate_add_blocker(blocker, errp) tpm_add_blocker(blocker, errp)
#define migrate_del_blocker(blocker) tpm_del_blocker(blocker)

#endif

#endif
