/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a vTPM's messages mean, and the answers to them. */
#ifndef VTPM_MANAGER_VTPM_SERVICE_H
#define VTPM_MANAGER_VTPM_SERVICE_H

#include "quote/pcr_reader.h"
#include "quote/quoter.h"
#include "seal/keys.h"
#include "state/writer.h"
#include "tpm/host.h"
#include "vtpm/admission.h"
#include "vtpm/credential.h"
#include "vtpm/host_logs.h"
#include "vtpm/server.h"

/** What the answers are made from; all borrowed. */
typedef struct VtpmService {
    Admission *admission;
    RegistryVms *vms;
    StateWriter *states;
    Quoter *quoter;
    PcrReader *pcrs;
    TpmWorker *worker;
    TpmHost *tpm;
    Credentials *credentials;
    HostLogs *logs; /* NULL: not shared */
    Measurer *measurer;
    StateKeys *keys;
} VtpmService;

/** For vtpm_server_new(), with a VtpmService as their data. */
extern const VtpmHandlers vtpm_service_handlers;

#endif
