/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TCTI over a connected stream socket that carries bare TPM commands and responses. */
#ifndef VTPM_MANAGER_TPM_TCTI_FD_H
#define VTPM_MANAGER_TPM_TCTI_FD_H

#include <tss2/tss2_tcti.h>

/** tcti_fd_new: @fd becomes the context's; free with tcti_fd_free(). */
TSS2_TCTI_CONTEXT *tcti_fd_new(int fd);
void tcti_fd_free(TSS2_TCTI_CONTEXT *tcti);

#endif
