/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraisal.h"

#include "appraise/appraise-boot.h"
#include "appraise/appraise-ek.h"
#include "appraise/appraise-event-log.h"
#include "appraise/appraise-ima.h"
#include "appraise/appraise-parts.h"
#include "appraise/appraise-systemd.h"

/* Each part adds nothing where there is nothing for it. */
static void appraise_one(const DqLog *log, void (*appraise)(const DqLog *log, DqVerdict *verdict),
                         gboolean wanted, DqVerdict *verdict)
{
    if (wanted) {
        appraise(log, verdict);
    }
}

void dq_appraise(const DqQuotedPcrs *pcrs, DqVerdict *verdict, gpointer appraisal)
{
    const DqAppraisal *a = appraisal;
    const gboolean known = a->vulnerable.tracker != NULL;
    g_autoptr(DqPackages) on_host = known ? dq_packages_new(a->host, &a->vulnerable) : NULL;
    g_autoptr(DqPackages) in_vm = known ? dq_packages_new(a->vm, &a->vulnerable) : NULL;
    const struct {
        DqLog event_log, ima, boot;
    } machines[] = {
        { { "host-event-log", a->logs.host_event_log, pcrs->host, pcrs->host_count, NULL, NULL,
            on_host },
          { "host-ima", a->logs.host_ima, pcrs->host, pcrs->host_count, a->host, "host-files",
            on_host },
          { NULL, { NULL, 0 }, pcrs->host, pcrs->host_count, a->host, DQ_HOST_BOOT, NULL } },
        { { "vm-event-log", a->logs.vm_event_log, pcrs->vtpm, pcrs->vtpm_count, NULL, NULL, in_vm },
          { "vm-ima", a->logs.vm_ima, pcrs->vtpm, pcrs->vtpm_count, a->vm, "vm-files", in_vm },
          { NULL, { NULL, 0 }, pcrs->vtpm, pcrs->vtpm_count, a->vm, "vm-boot", NULL } },
    };

    const DqLog systemd[] = {
        { "host-systemd", a->logs.host_systemd, pcrs->host, pcrs->host_count, NULL, NULL, NULL },
        { "vm-systemd", a->logs.vm_systemd, pcrs->vtpm, pcrs->vtpm_count, NULL, NULL, NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(machines); i++) {
        const DqLog *event_log = &machines[i].event_log, *ima = &machines[i].ima;
        const DqLog *boot = &machines[i].boot;

        appraise_one(event_log, dq_appraise_event_log, event_log->bytes.len > 0, verdict);
        appraise_one(boot, dq_appraise_boot, boot->profile != NULL, verdict);
        appraise_one(ima, dq_appraise_ima, ima->bytes.len > 0, verdict);
        appraise_one(ima, dq_appraise_ima_missing, ima->bytes.len == 0 && ima->profile != NULL,
                     verdict);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(systemd); i++) {
        if (systemd[i].bytes.len > 0) {
            dq_appraise_systemd(&systemd[i], machines[i].event_log.bytes, verdict);
        }
    }
    if (a->logs.vtpm_parts.len > 0) {
        dq_appraise_parts(a->logs.vtpm_parts, a->measurement, on_host, verdict);
    }
    if (a->logs.vm_launch.len > 0) {
        dq_appraise_launch(a->logs.vm_launch, a->launch, on_host, verdict);
    }
    if (a->logs.vtpm_ek.len > 0 && a->has_uuid) {
        const DqVtpmEk ek = { a->logs.vtpm_ek, a->logs.ek_chain, pcrs->host_key, a->uuid,
                              a->ek_name };

        dq_appraise_ek(&ek, pcrs->now, verdict);
    }
    if (known) {
        dq_packages_tell(on_host, "host-packages", verdict);
        dq_packages_tell(in_vm, "vm-packages", verdict);
    }
}
