/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a TPM back end may offer beyond TPMBackend
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-tpm-host.h"
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

static TPMBackend *find_backend(const char *id, Error **errp)
{
    for (guint i = 0; ext_backends && i < ext_backends->len; i++) {
        TPMBackend *tb = g_ptr_array_index(ext_backends, i);

        if (g_strcmp0(tb->id, id) == 0) {
            return tb;
        }
    }
    error_setg(errp, "there is no TPM back end '%s' that takes commands of the host", id);
    return NULL;
}

static TpmHostCommand *host_command(const char *id, const TPMHostRequest *request, Error **errp)
{
    TPMBackend *tb = find_backend(id, errp);

    return tb ? ext_class(tb)->host_command(tb, request, errp) : NULL;
}

TpmHostCommand *qmp_tpm_deep_quote(const char *id, const char *nonce, TpmPcrBankList *pcrs,
                                   TpmPcrBankList *host_pcrs, bool has_flags, uint32_t flags,
                                   bool has_wait, uint32_t wait, Error **errp)
{
    const TPMHostRequest request = { nonce, pcrs, host_pcrs, has_flags ? flags : 0,
                                     has_wait ? wait : INT64_MAX };

    return host_command(id, &request, errp);
}

TpmHostCommand *qmp_tpm_pcr_read(const char *id, TpmPcrBankList *pcrs, bool has_wait, uint32_t wait,
                                 Error **errp)
{
    const TPMHostRequest request = { .pcrs = pcrs, .wait_ms = has_wait ? wait : INT64_MAX };

    return host_command(id, &request, errp);
}

TpmHostCommand *qmp_query_tpm_host_command(const char *id, uint32_t number, Error **errp)
{
    TPMBackend *tb = find_backend(id, errp);

    return tb ? ext_class(tb)->query_host_command(tb, number, errp) : NULL;
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
