/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/boot.h"

#include "attest/deepquote.h"

enum { BOOT_PCRS = 8 }; /* what a firmware measures into; one TPM2_PCR_Read returns as many */

static const char group_pcrs[] = "pcrs sha256";
static const char group_tpm[] = "tpm";

static TSS2_RC read_command(TpmSession *tpm, void *data)
{
    static const TPML_PCR_SELECTION firmware = {
        .count = 1,
        .pcrSelections = { { .hash = TPM2_ALG_SHA256, .sizeofSelect = 3, .pcrSelect = { 0xFF } } },
    };
    TPML_DIGEST **ret_values = data;

    return Esys_PCR_Read(tpm_session_esys(tpm), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &firmware,
                         NULL, NULL, ret_values);
}

/* (transfer full): NULL where the TPM does not have them all. */
static GKeyFile *read_now(TpmSession *tpm, const TpmInfo *info)
{
    g_autoptr(GKeyFile) now = g_key_file_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *firmware = tpm_info_firmware(info);
    TPML_DIGEST *values = NULL;
    gboolean all;

    if (!tpm_run(tpm, "TPM2_PCR_Read", read_command, &values, &error)) {
        g_info("%s", error->message);
        return NULL;
    }
    all = values->count == BOOT_PCRS;
    g_key_file_set_string(now, group_tpm, "firmware", firmware);
    for (uint32_t i = 0; all && i < BOOT_PCRS; i++) {
        g_autofree char *key = g_strdup_printf("%u", i);
        g_autofree char *hex = dq_hex_encode(values->digests[i].buffer, values->digests[i].size);

        g_key_file_set_string(now, group_pcrs, key, hex);
    }
    Esys_Free(values);
    return all ? g_steal_pointer(&now) : NULL;
}

static gboolean differs(GKeyFile *before, GKeyFile *now, const char *group, const char *key)
{
    g_autofree char *a = g_key_file_get_string(before, group, key, NULL);
    g_autofree char *b = g_key_file_get_string(now, group, key, NULL);

    return a && g_strcmp0(a, b) != 0;
}

/* (transfer full): "0, 2"; empty where all are the same. */
static char *changed_pcrs(GKeyFile *before, GKeyFile *now)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < BOOT_PCRS; i++) {
        g_autofree char *key = g_strdup_printf("%u", i);

        if (differs(before, now, group_pcrs, key)) {
            g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", key);
        }
    }
    return g_string_free(list, FALSE);
}

static void tell(GKeyFile *before, GKeyFile *now)
{
    g_autofree char *pcrs = changed_pcrs(before, now);

    if (differs(before, now, group_tpm, "firmware")) {
        g_autofree char *old = g_key_file_get_string(before, group_tpm, "firmware", NULL);
        g_autofree char *new = g_key_file_get_string(now, group_tpm, "firmware", NULL);

        g_warning("the TPM's firmware is %s and was %s at the last start", new, old);
    }
    if (*pcrs) {
        g_warning(
            "PCRs that are not what they were at the last start (sha256): %s; after an update "
            "of firmware, boot loader or kernel give verifiers the new reference values "
            "(vtpm-managerctl quote): until then they refuse this host. If nothing was "
            "updated find out what changed",
            pcrs);
    }
}

void tpm_boot_compare(TpmSession *tpm, const TpmInfo *info, const char *state_dir)
{
    g_autofree char *path = g_build_filename(state_dir, "boot-pcrs", NULL);
    g_autoptr(GKeyFile) before = g_key_file_new();
    g_autoptr(GKeyFile) now = read_now(tpm, info);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize size;

    if (!now) {
        return;
    }
    if (g_key_file_load_from_file(before, path, G_KEY_FILE_NONE, NULL)) {
        tell(before, now);
    }
    text = g_key_file_to_data(now, &size, NULL);
    if (!g_file_set_contents_full(path, text, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                  &error)) {
        g_warning("the next start cannot tell whether the host's PCRs changed: %s", error->message);
    }
}
