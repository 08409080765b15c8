/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors of tpm_deepquote, and return codes of a TPM 1.2 in words. */
#ifndef TOOLS_GUEST12_CODES_H
#define TOOLS_GUEST12_CODES_H

#include <glib.h>
#include <stdint.h>

typedef enum {
    TPM12_ERROR_INPUT,     /* the command line, or a file that it names */
    TPM12_ERROR_DEVICE,    /* the way to the TPM */
    TPM12_ERROR_TPM,       /* the TPM, the host or TrouSerS refused */
    TPM12_ERROR_MALFORMED, /* an answer that is none */
} Tpm12Error;

#define TPM12_ERROR (tpm12_error_quark())
GQuark tpm12_error_quark(void);

/** code_explain: (nullable): what to do about a return code. Spec: TPM Main Part 2, section 16. */
const char *code_explain(uint32_t code);

/** code_check: TRUE for TPM_SUCCESS; else sets TPM12_ERROR_TPM, @what being what was tried. */
gboolean code_check(uint32_t code, const char *what, GError **error);

#endif
