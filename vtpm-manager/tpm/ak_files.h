/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the state directory keeps of the attestation key. Talks to no TPM. */
#ifndef VTPM_MANAGER_TPM_AK_FILES_H
#define VTPM_MANAGER_TPM_AK_FILES_H

#include <glib.h>

typedef struct AkFiles {
    char *template_path; /* ak-ALG.template, what the TPM derives the key from */
    char *public_path;   /* ak-ALG.pub */
    GBytes *template;    /* TPM2B_PUBLIC; NULL: there is no such file */
    GBytes *public_area; /* TPM2B_PUBLIC; NULL: there is no such file */
    gboolean exposed;    /* others than the owner may read the template, which is a secret */
} AkFiles;

/** What is wrong with the files. */
typedef enum AkFault {
    AK_FAULT_TEMPLATE_MISSING,
    AK_FAULT_TEMPLATE_DAMAGED,
    AK_FAULT_PUBLIC_DAMAGED,
    AK_FAULT_OTHER_TPM, /* the template makes another key in this TPM */
} AkFault;

/** ak_files_read: Errors: TPM_ERROR_AK where a file is there and cannot be read. */
AkFiles *ak_files_read(const char *state_dir, const char *algorithm, GError **error);
void ak_files_free(AkFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AkFiles, ak_files_free)

/** ak_files_exist: whether @state_dir has an attestation key of any algorithm. */
gboolean ak_files_exist(const char *state_dir);

/** ak_files_write_template, ak_files_write_public: durably. Errors: TPM_ERROR_AK. */
gboolean ak_files_write_template(const AkFiles *files, GBytes *template, GError **error);
gboolean ak_files_write_public(const AkFiles *files, GBytes *public_area, GError **error);

/** ak_files_set_error: TPM_ERROR_AK: @fault, and what can be done about it. */
void ak_files_set_error(const AkFiles *files, AkFault fault, GError **error);

#endif
