/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TPM reached by whatever TCTI a configuration string names. */
#ifndef VTPM_MANAGER_TPM_TCTI_CONF_H
#define VTPM_MANAGER_TPM_TCTI_CONF_H

#include "tpm/source.h"

/** tcti_conf_source: @conf is NAME:OPTIONS as for tpm2-tools' -T; borrowed. */
TpmSource tcti_conf_source(const char *conf);

#endif
