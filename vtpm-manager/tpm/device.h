/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files by which the kernel gives access to the TPM. */
#ifndef VTPM_MANAGER_TPM_DEVICE_H
#define VTPM_MANAGER_TPM_DEVICE_H

#include <glib.h>

/**
 * tpm_device_files: (transfer full): all files that lead to the TPM which the TCTI @conf names: of
 * "device:/dev/tpmrm1" also /dev/tpm1. Empty where it names no device of the kernel's.
 */
GStrv tpm_device_files(const char *conf);

#endif
