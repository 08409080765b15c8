/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of libtpms that swtpm finds here first, one of libc's, and how the module comes to
 * life.
 *
 * They keep their names, types and meanings; see <libtpms/tpm_library.h> and accept(2).
 */
#include "accept_living.h"
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
static struct libtpms_callbacks swtpm;     /* and as they are */

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
        { "TPMLIB_Terminate", &ret->terminate },
        { "TPMLIB_Process", &ret->process },
        { "TPMLIB_VolatileAll_Store", &ret->volatile_store },
        { "TPMLIB_GetState", &module.library.get_state },
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

static Accept *find_accept(void)
{
    void *function = dlsym(RTLD_NEXT, "accept");
    Accept *ret;

    memcpy(&ret, &function, sizeof(ret));
    return ret;
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
        module.history.quiet_start = !module.tpm2;
    }
    return result;
}

static HistoryKind kind_of(const char *name)
{
    return strcmp(name, TPM_PERMANENT_ALL_NAME) == 0   ? HISTORY_PERMANENT
           : strcmp(name, TPM_VOLATILESTATE_NAME) == 0 ? HISTORY_VOLATILE
                                                       : HISTORY_KINDS;
}

/* A permanent state is announced to the manager before it is stored. */
static TPM_RESULT announce_and_store(const unsigned char *data, uint32_t length,
                                     uint32_t tpm_number, const char *name)
{
    ManagerState state;
    TPM_RESULT result;

    if (kind_of(name) != HISTORY_PERMANENT) {
        return swtpm.tpm_nvram_storedata(data, length, tpm_number, name);
    }
    state = history_hash((WireBytes){ data, length });
    if (!history_announce(&module.history, &module.client, &state)) {
        return TPM_FAIL;
    }
    result = swtpm.tpm_nvram_storedata(data, length, tpm_number, name);
    if (result == TPM_SUCCESS) {
        history_stored(&module.history, &module.client, &state);
    }
    return result;
}

static TPM_RESULT load(unsigned char **data, uint32_t *length, uint32_t tpm_number,
                       const char *name)
{
    TPM_RESULT result = swtpm.tpm_nvram_loaddata(data, length, tpm_number, name);

    history_read(&module.history, kind_of(name),
                 result == TPM_SUCCESS ? (WireBytes){ *data, *length } : (WireBytes){ NULL, 0 });
    return result;
}

EXPORT TPM_RESULT TPMLIB_RegisterCallbacks(struct libtpms_callbacks *cb)
{
    size_t size = (size_t)cb->sizeOfStruct;

    if (!module_active(&module) || size > sizeof(callbacks) || !cb->tpm_nvram_storedata ||
        !cb->tpm_nvram_loaddata) {
        return module.library.register_callbacks(cb);
    }
    memset(&swtpm, 0, sizeof(swtpm));
    memcpy(&swtpm, cb, size);
    callbacks = swtpm;
    callbacks.tpm_nvram_storedata = announce_and_store;
    callbacks.tpm_nvram_loaddata = load;
    return module.library.register_callbacks(&callbacks);
}

EXPORT TPM_RESULT TPMLIB_MainInit(void)
{
    TPM_RESULT result;

    module.introduced = false;
    if (!module_active(&module)) {
        return module.library.main_init();
    }
    history_begin(&module.history);
    result = module.library.main_init();
    if (result == TPM_SUCCESS && !history_begun(&module.history, &module.client)) {
        module.library.terminate();
        return TPM_FAIL;
    }
    return result;
}

EXPORT void TPMLIB_Terminate(void)
{
    if (module_active(&module)) {
        history_end(&module.history, &module.client);
    }
    module.library.terminate();
}

static HistoryKind kind_of_type(enum TPMLIB_StateType st)
{
    return st == TPMLIB_STATE_PERMANENT  ? HISTORY_PERMANENT
           : st == TPMLIB_STATE_VOLATILE ? HISTORY_VOLATILE
                                         : HISTORY_KINDS;
}

/* A volatile state is announced to the manager before swtpm has it. */
EXPORT TPM_RESULT TPMLIB_VolatileAll_Store(unsigned char **buffer, uint32_t *buflen)
{
    TPM_RESULT result = module.library.volatile_store(buffer, buflen);

    if (result == TPM_SUCCESS && module_active(&module) &&
        !history_suspend(&module.history, &module.client, (WireBytes){ *buffer, *buflen })) {
        explicit_bzero(*buffer, *buflen);
        free(*buffer);
        *buffer = NULL;
        *buflen = 0;
        return TPM_FAIL;
    }
    return result;
}

EXPORT TPM_RESULT TPMLIB_SetState(enum TPMLIB_StateType st, const unsigned char *buffer,
                                  uint32_t buflen)
{
    TPM_RESULT result = module.library.set_state(st, buffer, buflen);

    module.introduced = false;
    if (result == TPM_SUCCESS && module_active(&module)) {
        history_set(&module.history, kind_of_type(st), (WireBytes){ buffer, buflen });
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

/* Of another name here: libc declares it with a type that C does not have. */
EXPORT int accept_for_swtpm(int fd, struct sockaddr *address, socklen_t *length) __asm__("accept");

EXPORT int accept_for_swtpm(int fd, struct sockaddr *address, socklen_t *length)
{
    Accept *accept_one = find_accept();

    return module_active(&module) ? accept_living(accept_one, fd, address, length)
                                  : accept_one(fd, address, length);
}
