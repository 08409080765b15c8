/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/host-ask.h"

#include "wire/deepquote-constants.h"

#include <string.h>

enum {
    CREDENTIAL_MAX = 64 * 1024, /* more than any certificate chain */
    LOG_MAX = 256 * 1024 * 1024,
};

static const struct {
    const char *name;
    uint32_t what;
} credential_names[] = {
    { "ak", DEEPQUOTE_HOST_AK_PUBLIC },      { "ak-cert", DEEPQUOTE_HOST_AK_CERTIFICATE },
    { "ek", DEEPQUOTE_HOST_EK_PUBLIC },      { "ek-cert", DEEPQUOTE_HOST_EK_CERTIFICATE },
    { "group", DEEPQUOTE_GROUP_AK_CHAIN },   { "ek-chain", DEEPQUOTE_VTPM_EK_CHAIN },
    { "boot-log", DEEPQUOTE_HOST_BOOT_LOG }, { "ima-log", DEEPQUOTE_HOST_IMA_LOG },
    { "vtpm-parts", DEEPQUOTE_VTPM_PARTS },  { "vm-launch", DEEPQUOTE_VM_LAUNCH_PARTS },
};

G_STATIC_ASSERT(G_N_ELEMENTS(credential_names) == HOST_CREDENTIALS);

static const struct {
    uint32_t code;
    const char *text;
} advices[] = {
    { DEEPQUOTE_RC_NO_MANAGER,
      "the vTPM does not reach vtpm-managerd. On the host: start vtpm-managerd, and check that the "
      "manager=PATH given to swtpm-deepquote is its socket" },
    { DEEPQUOTE_RC_DENIED,
      "vtpm-managerd refuses this VM. On the host: see 'vtpm-managerctl list'; register or enable "
      "the VM's UUID there; the log of vtpm-managerd names the reason" },
    { DEEPQUOTE_RC_HOST_TPM,
      "the host's TPM failed or is in lockout. On the host: see 'vtpm-managerctl status' and the "
      "log of vtpm-managerd; a lockout ends by itself after its recovery time" },
    { DEEPQUOTE_RC_TIMEOUT,
      "the host's TPM made no quote in time. Try again; if it stays so, give swtpm-deepquote a "
      "longer timeout=SECONDS" },
    { DEEPQUOTE_RC_NOT_SHARED,
      "the host does not share this log. On the host: start vtpm-managerd with --share-logs; its "
      "log says where it cannot read one" },
};

static gboolean fail(const char *text, GError **error)
{
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    return FALSE;
}

gboolean host_credential_parse(const char *text, gboolean bare, HostCredentialFile *ret,
                               GError **error)
{
    const char *equals = strchr(text, '=');
    const gsize len = equals ? (gsize)(equals - text) : strlen(text);

    for (gsize i = 0; (equals || bare) && i < G_N_ELEMENTS(credential_names); i++) {
        const char *name = credential_names[i].name;

        if (strlen(name) == len && g_str_has_prefix(text, name)) {
            ret->what = credential_names[i].what;
            ret->path = equals ? equals + 1 : NULL;
            return TRUE;
        }
    }
    return fail("--host-credential: give WHAT=FILE, WHAT being ak, ak-cert, ek, ek-cert, group, "
                "ek-chain, boot-log, ima-log, vtpm-parts or vm-launch",
                error);
}

uint32_t host_credential_max(uint32_t what)
{
    return what == DEEPQUOTE_HOST_BOOT_LOG || what == DEEPQUOTE_HOST_IMA_LOG ? LOG_MAX
                                                                             : CREDENTIAL_MAX;
}

const char *host_code_advice(uint32_t code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(advices); i++) {
        if (advices[i].code == code) {
            return advices[i].text;
        }
    }
    return NULL;
}
