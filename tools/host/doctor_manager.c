/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the manager says of itself and of its TPM. */
#include "doctor_check.h"

#include <stdio.h>
#include <string.h>

#include "json.h"

#define MANAGER_UNIT "vtpm-managerd.service"
#define MANAGER_PROFILE "vtpm-managerd"

enum { CAPABILITY_TRACE = 19 }; /* CAP_SYS_PTRACE */

static void unanswered(DoctorFinding *ret)
{
    doctor_found(ret, DOCTOR_UNKNOWN, "the manager did not say");
}

static JsonObject *tpm_of(const DoctorHost *host)
{
    return host->status && json_object_has_member(host->status, "tpm")
               ? json_object_get_object_member(host->status, "tpm")
               : NULL;
}

static void look_manager(const DoctorHost *host, DoctorFinding *ret)
{
    if (host->status) {
        doctor_found(ret, DOCTOR_GOOD, "the manager answers");
    } else {
        doctor_found(ret, DOCTOR_BAD, "%s", host->no_answer);
    }
}

static void look_version(const DoctorHost *host, DoctorFinding *ret)
{
    const char *version = host->status ? text_of(host->status, "version") : NULL;

    if (!version) {
        unanswered(ret);
    } else if (g_str_equal(version, PROJECT_VERSION)) {
        doctor_found(ret, DOCTOR_GOOD, "it is of this tool's version, %s", version);
    } else {
        doctor_found(ret, DOCTOR_WARNING, "it is version %s, and this tool %s", version,
                     PROJECT_VERSION);
    }
}

static void look_tpm(const DoctorHost *host, DoctorFinding *ret)
{
    JsonObject *tpm = tpm_of(host);

    if (!tpm) {
        unanswered(ret);
    } else if (g_str_equal(text_of(tpm, "state"), "ok")) {
        doctor_found(ret, DOCTOR_GOOD, "its last quote did not fail");
    } else {
        doctor_found(ret, DOCTOR_BAD, "its last quote failed: %s", text_of(tpm, "error"));
    }
}

static void look_hardware(const DoctorHost *host, DoctorFinding *ret)
{
    if (!host->status) {
        unanswered(ret);
    } else if (truth_of(host->status, "simulated")) {
        doctor_found(ret, DOCTOR_BAD, "its TPM is simulated");
    } else {
        doctor_found(ret, DOCTOR_GOOD, "it was told to use a TPM that is not simulated");
    }
}

static void look_certificate(const DoctorHost *host, DoctorFinding *ret)
{
    JsonObject *tpm = tpm_of(host);

    if (!tpm) {
        unanswered(ret);
    } else if (truth_of(tpm, "ek-certificate")) {
        doctor_found(ret, DOCTOR_GOOD, "the TPM has a certificate of its endorsement key");
    } else {
        doctor_found(ret, DOCTOR_WARNING, "the TPM has no certificate of its endorsement key");
    }
}

static void look_registry(const DoctorHost *host, DoctorFinding *ret)
{
    JsonObject *registry = host->status && json_object_has_member(host->status, "registry")
                               ? json_object_get_object_member(host->status, "registry")
                               : NULL;

    if (!registry) {
        unanswered(ret);
    } else if (g_str_equal(text_of(registry, "state"), "kept")) {
        doctor_found(ret, DOCTOR_GOOD, "the registry is tied to a counter in the TPM");
    } else {
        doctor_found(ret, DOCTOR_WARNING, "the registry is not tied to the TPM: %s",
                     text_of(registry, "why"));
    }
}

/* A file of the manager's folder in /proc; NULL: it is not there, or the manager is no unit. */
static char *read_of_manager(const DoctorHost *host, const char *name)
{
    g_autofree char *pids =
        doctor_read(host, "/sys/fs/cgroup/system.slice/" MANAGER_UNIT "/cgroup.procs", NULL);
    g_autofree char *path = NULL;
    unsigned pid;

    if (!pids || sscanf(pids, "%u", &pid) != 1) {
        return NULL;
    }
    path = g_strdup_printf("/proc/%u/%s", pid, name);
    return doctor_read(host, path, NULL);
}

/* Whether the capabilities that a process has, as its status tells them, let it look at others. */
static gboolean may_trace(const char *status)
{
    const char *line = strstr(status, "\nCapEff:");
    unsigned long long set;

    return line && sscanf(line, "\nCapEff: %llx", &set) == 1 && (set >> CAPABILITY_TRACE & 1);
}

static void look_measurements(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *status = read_of_manager(host, "status");
    g_autofree char *label = read_of_manager(host, "attr/apparmor/current");
    g_autofree char *more = doctor_read(host, "/etc/apparmor.d/local/" MANAGER_PROFILE, NULL);

    if (!status) {
        doctor_found(ret, DOCTOR_UNKNOWN, MANAGER_UNIT " does not run");
    } else if (!may_trace(status)) {
        doctor_found(ret, DOCTOR_WARNING, "the manager may not look at what vTPMs run");
    } else if (!label || !g_str_has_prefix(label, MANAGER_PROFILE " (enforce)")) {
        doctor_found(ret, DOCTOR_BAD,
                     "the manager may trace every process, and is not in its AppArmor profile");
    } else if (more && strstr(more, "trace")) {
        doctor_found(ret, DOCTOR_GOOD,
                     "the manager may look at what vTPMs run and, for what VMs were started with, "
                     "take copies of descriptors");
    } else {
        doctor_found(ret, DOCTOR_GOOD,
                     "the manager may look at what vTPMs run, and at nobody's memory");
    }
}

const DoctorCheck doctor_manager_checks[] = {
    { "manager", look_manager, "without it no VM of this host gets a deep quote",
      "systemctl status vtpm-managerd tells why it does not run" },
    { "manager-version", look_version, "a manager that was not restarted has the old faults",
      "systemctl restart vtpm-managerd; VMs go on meanwhile" },
    { "manager-tpm", look_tpm, "while its TPM fails no VM gets a deep quote",
      "vtpm-managerctl status, the manager's log, and docs/howto/host-tpm.md" },
    { "hardware", look_hardware, "nothing that a simulated TPM signs may be trusted",
      "start vtpm-managerd without --simulate-tpm, and where --tcti names a software TPM with "
      "device:/dev/tpmrm0" },
    { "ek-certificate", look_certificate,
      "verifiers cannot tell by the TPM's maker that the TPM is genuine",
      "ask the maker of the TPM or of the board; some must be fetched from the maker's server" },
    { "registry", look_registry,
      "an old copy of it, put back together with old states of vTPMs, is not noticed",
      "let the manager make its counter: give --owner-auth where the owner hierarchy has a value, "
      "--nv-index where the index is taken, and restart it" },
    { "measurements", look_measurements,
      "verifiers cannot tell what a vTPM runs; a manager that may trace has all of the host's "
      "processes, and who breaks into it, too",
      "have the manager look at processes in its AppArmor profile: docs/howto/hardening.md" },
    { NULL, NULL, NULL, NULL },
};
