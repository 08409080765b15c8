/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of libtpms that swtpm finds here first, and how the module comes to life.
 *
 * They keep libtpms' names, types and meanings; see <libtpms/tpm_library.h>.
 */
#include "log.h"
#include "module.h"
#include "process.h"

#include <dlfcn.h>
#include <libtpms/tpm_nvfilename.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static Module module = { .client = { .fd = -1 } };
static struct libtpms_callbacks callbacks; /* swtpm's, with some of ours in front */
static TPM_RESULT (*store_data)(const unsigned char *data, uint32_t length, uint32_t tpm_number,
                                const char *name);

/* Takes a variable out of the environment; NULL where it is not there. */
static char *take_variable(const char *name)
{
    const char *value = getenv(name);
    char *copy = value ? strdup(value) : NULL;

    unsetenv(name);
    return copy;
}

static bool take_settings(Settings *ret)
{
    char *manager = take_variable(SETTINGS_ENV_MANAGER);
    char *uuid = take_variable(SETTINGS_ENV_UUID);
    char *timeout = take_variable(SETTINGS_ENV_TIMEOUT);
    bool ok;

    settings_init(ret);
    ok = manager && uuid && timeout && strlen(manager) < sizeof(ret->manager) &&
         wire_uuid_parse(uuid, strlen(uuid), &ret->uuid);
    if (ok) {
        strcpy(ret->manager, manager);
        ret->have_uuid = true;
        ret->timeout_ms = (uint32_t)strtoul(timeout, NULL, 10);
    }
    free(manager);
    free(uuid);
    free(timeout);
    return ok;
}

/* The environment as it was before the launcher. */
static void restore_preload(void)
{
    char *before = take_variable(SETTINGS_ENV_PRELOAD);

    if (before) {
        setenv("LD_PRELOAD", before, 1);
    } else {
        unsetenv("LD_PRELOAD");
    }
    free(before);
}

static void find_library(TpmLibrary *ret)
{
    const struct {
        const char *name;
        void *function;
    } functions[] = {
        { "TPMLIB_ChooseTPMVersion", &ret->choose_version },
        { "TPMLIB_RegisterCallbacks", &ret->register_callbacks },
        { "TPMLIB_MainInit", &ret->main_init },
        { "TPMLIB_Process", &ret->process },
        { "TPMLIB_SetState", &ret->set_state },
        { "TPMLIB_SetBufferSize", &ret->set_buffer_size },
    };

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        void *function = dlsym(RTLD_NEXT, functions[i].name);

        if (!function) {
            module_log("libtpms has no %s; install a libtpms of 0.6 or later", functions[i].name);
            _exit(EXIT_FAILURE);
        }
        memcpy(functions[i].function, &function, sizeof(function));
    }
}

__attribute__((constructor)) static void module_begin(void)
{
    Settings settings;

    find_library(&module.library);
    if (take_settings(&settings)) {
        restore_preload();
        manager_client_init(&module.client, &settings);
    }
}

EXPORT TPM_RESULT TPMLIB_ChooseTPMVersion(TPMLIB_TPMVersion ver)
{
    TPM_RESULT result = module.library.choose_version(ver);

    if (result == TPM_SUCCESS) {
        module.tpm2 = ver == TPMLIB_TPM_VERSION_2;
    }
    return result;
}

/* Counts the permanent states that were stored. */
static TPM_RESULT count_and_store(const unsigned char *data, uint32_t length, uint32_t tpm_number,
                                  const char *name)
{
    TPM_RESULT result = store_data(data, length, tpm_number, name);

    if (result == TPM_SUCCESS && strcmp(name, TPM_PERMANENT_ALL_NAME) == 0) {
        module.client.stores++;
    }
    return result;
}

EXPORT TPM_RESULT TPMLIB_RegisterCallbacks(struct libtpms_callbacks *cb)
{
    size_t size = (size_t)cb->sizeOfStruct;

    if (!module_active(&module) || size > sizeof(callbacks) || !cb->tpm_nvram_storedata) {
        return module.library.register_callbacks(cb);
    }
    memset(&callbacks, 0, sizeof(callbacks));
    memcpy(&callbacks, cb, size);
    store_data = cb->tpm_nvram_storedata;
    callbacks.tpm_nvram_storedata = count_and_store;
    return module.library.register_callbacks(&callbacks);
}

EXPORT TPM_RESULT TPMLIB_MainInit(void)
{
    module.introduced = false;
    return module.library.main_init();
}

EXPORT TPM_RESULT TPMLIB_SetState(enum TPMLIB_StateType st, const unsigned char *buffer,
                                  uint32_t buflen)
{
    TPM_RESULT result = module.library.set_state(st, buffer, buflen);

    module.introduced = false;
    if (result == TPM_SUCCESS && buffer && module_active(&module)) {
        manager_client_new_instance(&module.client);
    }
    return result;
}

EXPORT TPM_RESULT TPMLIB_Process(unsigned char **respbuffer, uint32_t *resp_size,
                                 uint32_t *respbufsize, unsigned char *command,
                                 uint32_t command_size)
{
    TpmCall call = { respbuffer, resp_size, respbufsize, command, command_size };

    if (!module_active(&module)) {
        return module_pass(&module, &call);
    }
    return module_process(&module, &call);
}
