/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a TPM back end may offer beyond TPMBackend
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qapi/qapi-commands-tpm-status.h"
#include "qapi/util.h"
#include "system/tpm_backend_ext.h"

static GPtrArray *ext_backends;

static const TPMBackendExtClass *ext_class(TPMBackend *tb)
{
    if (!object_dynamic_cast(OBJECT(tb), TYPE_TPM_BACKEND_EXT)) {
        return NULL;
    }
    return TPM_BACKEND_EXT_GET_CLASS(tb);
}

bool tpm_backend_ext_first_startup(TPMBackend *tb, size_t buffer_size, Error **errp)
{
    const TPMBackendExtClass *k = ext_class(tb);

    return !k || k->first_startup(tb, MIN(buffer_size, tpm_backend_get_buffer_size(tb)), errp);
}

bool tpm_backend_ext_submit(TPMBackend *tb, TPMBackendCmd *cmd)
{
    const TPMBackendExtClass *k = ext_class(tb);

    if (!k) {
        return false;
    }
    k->submit(tb, cmd);
    return true;
}

void tpm_backend_ext_finish(TPMBackend *tb)
{
    const TPMBackendExtClass *k = ext_class(tb);

    if (k) {
        k->finish(tb);
    }
}

bool tpm_backend_hash_start(TPMBackend *tb)
{
    const TPMBackendExtClass *k = ext_class(tb);

    return k && k->hash_start(tb);
}

bool tpm_backend_hash_data(TPMBackend *tb, const uint8_t *data, size_t length)
{
    const TPMBackendExtClass *k = ext_class(tb);

    return k && k->hash_data(tb, data, length);
}

bool tpm_backend_hash_end(TPMBackend *tb)
{
    const TPMBackendExtClass *k = ext_class(tb);

    return k && k->hash_end(tb);
}

void tpm_backend_ext_register(TPMBackend *tb)
{
    if (!ext_backends) {
        ext_backends = g_ptr_array_new();
    }
    g_ptr_array_add(ext_backends, tb);
}

void tpm_backend_ext_unregister(TPMBackend *tb)
{
    g_ptr_array_remove(ext_backends, tb);
}

TpmStatusList *qmp_query_tpm_status(Error **errp)
{
    TpmStatusList *head = NULL, **tail = &head;

    for (guint i = 0; ext_backends && i < ext_backends->len; i++) {
        TPMBackend *tb = g_ptr_array_index(ext_backends, i);

        QAPI_LIST_APPEND(tail, ext_class(tb)->query_status(tb));
    }
    return head;
}

static const TypeInfo tpm_backend_ext_info = {
    .name = TYPE_TPM_BACKEND_EXT,
    .parent = TYPE_INTERFACE,
    .class_size = sizeof(TPMBackendExtClass),
};

static void tpm_backend_ext_register_types(void)
{
    type_register_static(&tpm_backend_ext_info);
}

type_init(tpm_backend_ext_register_types)
