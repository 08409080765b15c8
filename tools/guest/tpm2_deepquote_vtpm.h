/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection of tpm2_deepquote to the TPM of its guest, and what response codes mean. */
#ifndef TOOLS_TPM2_DEEPQUOTE_VTPM_H
#define TOOLS_TPM2_DEEPQUOTE_VTPM_H

#include "tcti_deepquote.h"

#include <tss2/tss2_esys.h>

#define VTPM_ERROR (vtpm_error_quark())
GQuark vtpm_error_quark(void);

typedef enum VtpmError {
    VTPM_ERROR_OPEN,        /* no TPM, or no access to it */
    VTPM_ERROR_NO_VENDOR,   /* it offers no TPM2_DeepQuote */
    VTPM_ERROR_TPM,         /* a command failed */
    VTPM_ERROR_MALFORMED,   /* a response that is not well-formed */
    VTPM_ERROR_INPUT,       /* a file or value from the caller */
    VTPM_ERROR_INTERRUPTED, /* by Ctrl-C or its like */
} VtpmError;

typedef struct Vtpm {
    TSS2_TCTI_CONTEXT *device; /* what leads to the TPM */
    TSS2_TCTI_CONTEXT *tcti;   /* tcti_deepquote_new() in front of it */
    ESYS_CONTEXT *esys;        /* on top of @tcti */
} Vtpm;

/**
 * vtpm_open:
 * @conf: (nullable): TCTI as tpm2-tss names it ("device:/dev/tpm0", "swtpm:path=..."); NULL takes
 *   /dev/tpmrm0, and /dev/tpm0 with a line on standard error where the kernel keeps vendor commands
 *   from the TPM
 * @quiet: without that line
 *
 * Returns: (transfer full): a TPM that offers the vendor commands.
 * Errors: VTPM_ERROR_OPEN, VTPM_ERROR_NO_VENDOR.
 */
Vtpm *vtpm_open(const char *conf, gboolean quiet, GError **error);

/** vtpm_close: NULL is fine. */
void vtpm_close(Vtpm *vtpm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Vtpm, vtpm_close)

/**
 * vtpm_exchange:
 * @tcti: any TCTI
 * @command: a whole command
 * @buf: gets the response; WIRE_TPM_BUFFER_MAX bytes
 * @ret_body: what follows the response header; borrowed from @buf
 *
 * Returns: TSS2_RC_SUCCESS only for a successful response of exactly its declared size; else the
 * TPM's response code or a TCTI code.
 */
TSS2_RC vtpm_exchange(TSS2_TCTI_CONTEXT *tcti, WireBytes command, uint8_t *buf,
                      WireReader *ret_body);

/**
 * vtpm_check: false, and @error set to what the code means and what to do, unless @rc is success.
 * @what: what was being done, for the message
 */
gboolean vtpm_check(TSS2_RC rc, const char *what, GError **error);

/** vtpm_explain: (nullable): what to do about a response code; NULL where there is nothing to add.
 */
const char *vtpm_explain(TSS2_RC rc);

#endif
