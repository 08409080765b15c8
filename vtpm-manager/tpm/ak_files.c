/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/ak_files.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

#include "tpm/error.h"

static gboolean read_file(const char *path, GBytes **ret, GError **error)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) local = NULL;
    gsize size;

    if (g_file_get_contents(path, &data, &size, &local)) {
        *ret = g_bytes_new_take(g_steal_pointer(&data), size);
        return TRUE;
    }
    if (g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        *ret = NULL;
        return TRUE;
    }
    g_set_error(error, TPM_ERROR, TPM_ERROR_AK,
                "cannot read the attestation key: %s; check the state directory's owner and mode",
                local->message);
    return FALSE;
}

static gboolean write_file(const char *path, GBytes *bytes, GError **error)
{
    g_autoptr(GError) local = NULL;
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);

    if (g_file_set_contents_full(path, data, (gssize)size,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                 &local)) {
        return TRUE;
    }
    g_set_error(error, TPM_ERROR, TPM_ERROR_AK,
                "cannot keep the attestation key: %s; make room in the state directory",
                local->message);
    return FALSE;
}

AkFiles *ak_files_read(const char *state_dir, const char *algorithm, GError **error)
{
    g_autoptr(AkFiles) files = g_new0(AkFiles, 1);
    GStatBuf st;

    files->template_path = g_strdup_printf("%s/ak-%s.template", state_dir, algorithm);
    files->public_path = g_strdup_printf("%s/ak-%s.pub", state_dir, algorithm);
    if (!read_file(files->template_path, &files->template, error) ||
        !read_file(files->public_path, &files->public_area, error)) {
        return NULL;
    }
    files->exposed = g_stat(files->template_path, &st) == 0 && (st.st_mode & 077) != 0;
    return g_steal_pointer(&files);
}

gboolean ak_files_exist(const char *state_dir)
{
    static const char *const names[] = { "ak-ecc.template", "ak-ecc.pub", "ak-rsa.template",
                                         "ak-rsa.pub" };
    gboolean found = FALSE;

    for (gsize i = 0; !found && i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(state_dir, names[i], NULL);

        found = g_file_test(path, G_FILE_TEST_EXISTS);
    }
    return found;
}

void ak_files_free(AkFiles *files)
{
    if (!files) {
        return;
    }
    g_free(files->template_path);
    g_free(files->public_path);
    g_clear_pointer(&files->template, g_bytes_unref);
    g_clear_pointer(&files->public_area, g_bytes_unref);
    g_free(files);
}

gboolean ak_files_write_template(const AkFiles *files, GBytes *template, GError **error)
{
    return write_file(files->template_path, template, error);
}

gboolean ak_files_write_public(const AkFiles *files, GBytes *public_area, GError **error)
{
    return write_file(files->public_path, public_area, error);
}

void ak_files_set_error(const AkFiles *files, AkFault fault, GError **error)
{
    const char *template = files->template_path;
    const char *pub = files->public_path;

    switch (fault) {
    case AK_FAULT_TEMPLATE_MISSING:
    case AK_FAULT_TEMPLATE_DAMAGED:
        g_set_error(error, TPM_ERROR, TPM_ERROR_AK,
                    "%s is %s: restore it from a backup, or remove both it and %s to make a new "
                    "attestation key, which every verifier must then enrol",
                    template, fault == AK_FAULT_TEMPLATE_MISSING ? "missing" : "damaged", pub);
        break;
    case AK_FAULT_PUBLIC_DAMAGED:
        g_set_error(error, TPM_ERROR, TPM_ERROR_AK,
                    "%s is damaged: restore it from a backup, or remove it, and it is made again "
                    "from %s",
                    pub, template);
        break;
    case AK_FAULT_OTHER_TPM:
        g_set_error(error, TPM_ERROR, TPM_ERROR_AK,
                    "the attestation key in %s does not belong to this TPM (another TPM, or its "
                    "endorsement seed was changed): use the state directory made with this TPM, or "
                    "remove both that file and %s to make a new key, which every verifier must "
                    "then enrol",
                    pub, template);
        break;
    }
}
