/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM as the kernel shows it, what was measured, and what protects processes from each other.
 */
#include "doctor_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "manager_defaults.h"

#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define IMA_COUNT "/sys/kernel/security/ima/runtime_measurements_count"

static void look_tpm(const DoctorHost *host, DoctorFinding *ret)
{
    struct stat st;

    if (doctor_stat(host, "/dev/tpmrm0", &st)) {
        doctor_found(ret, DOCTOR_GOOD, "the kernel offers /dev/tpmrm0");
    } else if (doctor_stat(host, "/dev/tpm0", &st)) {
        doctor_found(ret, DOCTOR_WARNING, "there is /dev/tpm0, but no resource manager for it");
    } else {
        doctor_found(ret, DOCTOR_BAD, "the kernel has no TPM");
    }
}

static void look_version(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *text = doctor_read(host, "/sys/class/tpm/tpm0/tpm_version_major", NULL);

    if (!text) {
        doctor_found(ret, DOCTOR_UNKNOWN, "the kernel does not tell the TPM's version");
    } else if (g_str_has_prefix(text, "2")) {
        doctor_found(ret, DOCTOR_GOOD, "it is a TPM 2.0");
    } else {
        doctor_found(ret, DOCTOR_BAD, "it is a TPM 1.2");
    }
}

static void look_bank(const DoctorHost *host, DoctorFinding *ret)
{
    struct stat st;

    if (!doctor_stat(host, "/sys/class/tpm/tpm0", &st)) {
        doctor_found(ret, DOCTOR_UNKNOWN, "the kernel has no TPM");
    } else if (doctor_stat(host, "/sys/class/tpm/tpm0/pcr-sha256", &st)) {
        doctor_found(ret, DOCTOR_GOOD, "the TPM has SHA-256 PCRs");
    } else {
        doctor_found(ret, DOCTOR_BAD, "the TPM has no SHA-256 PCRs");
    }
}

static void look_boot_log(const DoctorHost *host, DoctorFinding *ret)
{
    struct stat st;

    if (doctor_stat(host, DEFAULT_BOOT_LOG, &st)) {
        doctor_found(ret, DOCTOR_GOOD, "the firmware's event log is there");
    } else {
        doctor_found(ret, DOCTOR_WARNING, "there is no event log of the firmware");
    }
}

static void look_ima(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *text = doctor_read(host, IMA_COUNT, NULL);
    const unsigned long count = text ? strtoul(text, NULL, 10) : 0;

    if (!text) {
        doctor_found(ret, DOCTOR_WARNING,
                     "IMA's list cannot be read: IMA is off, or you are not "
                     "root");
    } else if (count > 1) {
        doctor_found(ret, DOCTOR_GOOD, "IMA has measured %lu files", count);
    } else {
        doctor_found(ret, DOCTOR_WARNING,
                     "IMA has no policy: it has measured nothing but the boot "
                     "aggregate");
    }
}

/* Four bytes of attributes, then the value; text would end at its first zero. */
static void look_secure_boot(const DoctorHost *host, DoctorFinding *ret)
{
    gsize len;
    g_autofree char *data = doctor_read(host, SECURE_BOOT, &len);

    if (!data || len < 5) {
        doctor_found(ret, DOCTOR_WARNING, "the host was not started by UEFI with Secure Boot");
    } else if (data[4] == 1) {
        doctor_found(ret, DOCTOR_GOOD, "Secure Boot is on");
    } else {
        doctor_found(ret, DOCTOR_WARNING, "Secure Boot is off");
    }
}

static void look_lockdown(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *text = doctor_read(host, "/sys/kernel/security/lockdown", NULL);

    if (!text) {
        doctor_found(ret, DOCTOR_UNKNOWN,
                     "the kernel does not tell its lockdown, or you are not "
                     "root");
    } else if (strstr(text, "[none]")) {
        doctor_found(ret, DOCTOR_WARNING, "the kernel is not locked down");
    } else {
        doctor_found(ret, DOCTOR_GOOD, "the kernel is locked down");
    }
}

static void look_ptrace(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *text = doctor_read(host, "/proc/sys/kernel/yama/ptrace_scope", NULL);

    if (!text || text[0] == '0') {
        doctor_found(ret, DOCTOR_WARNING, "a process may read the memory of any other of its user");
    } else {
        doctor_found(ret, DOCTOR_GOOD, "a process may trace no other of its user but its children");
    }
}

static void look_dumps(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *text = doctor_read(host, "/proc/sys/fs/suid_dumpable", NULL);

    if (!text) {
        doctor_found(ret, DOCTOR_UNKNOWN, "fs.suid_dumpable cannot be read");
    } else if (text[0] == '1') {
        doctor_found(ret, DOCTOR_BAD,
                     "programs that changed their user leave core dumps to anyone");
    } else {
        doctor_found(ret, DOCTOR_GOOD,
                     "programs that changed their user leave no core dumps to "
                     "others");
    }
}

/* Whether what is swapped out stays in memory (zram), or goes through dm-crypt. */
static gboolean swap_is_safe(const DoctorHost *host, const char *device)
{
    g_autofree char *name = g_path_get_basename(device);
    g_autofree char *path = g_strdup_printf("/sys/block/%s/dm/uuid", name);
    g_autofree char *uuid = doctor_read(host, path, NULL);

    return g_str_has_prefix(name, "zram") || (uuid && g_str_has_prefix(uuid, "CRYPT-"));
}

static void look_swap(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *text = doctor_read(host, "/proc/swaps", NULL);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    if (!text) {
        doctor_found(ret, DOCTOR_UNKNOWN, "/proc/swaps cannot be read");
        return;
    }
    for (guint i = 1; i < g_strv_length(lines); i++) {
        lines[i][strcspn(lines[i], " \t")] = '\0';
        if (*lines[i] && !swap_is_safe(host, lines[i])) {
            doctor_found(ret, DOCTOR_WARNING,
                         "memory is swapped out to %s, which is not known to be encrypted",
                         lines[i]);
            return;
        }
    }
    doctor_found(ret, DOCTOR_GOOD, "no memory is swapped out in clear");
}

static void look_clock(const DoctorHost *host, DoctorFinding *ret)
{
    struct timex t = { 0 };

    if (*host->root) {
        doctor_found(ret, DOCTOR_UNKNOWN, "the clock of another host is not looked at");
    } else if (adjtimex(&t) == TIME_ERROR) {
        doctor_found(ret, DOCTOR_WARNING, "the clock is not synchronized");
    } else {
        doctor_found(ret, DOCTOR_GOOD, "the clock is synchronized");
    }
}

const DoctorCheck doctor_kernel_checks[] = {
    { "tpm", look_tpm, "without a hardware TPM no deep quote proves anything about this host",
      "turn the TPM (fTPM, PTT) on in the firmware's setup; modprobe tpm_tis or tpm_crb" },
    { "tpm-version", look_version, "deep quotes need a TPM 2.0",
      "switch the chip to TPM 2.0 in the firmware's setup, if its maker offers that" },
    { "sha256-bank", look_bank, "verifiers do not believe SHA-1 PCRs",
      "have the firmware allocate it: tpm2_pcrallocate sha256:all, then restart the host" },
    { "boot-log", look_boot_log, "without it nobody can tell why a PCR has another value",
      "start the host by UEFI, and mount securityfs at /sys/kernel/security" },
    { "ima", look_ima,
      "the host's PCRs say nothing of the manager, swtpm and QEMU unless IMA measures them",
      "start the kernel with ima_policy=tcb, or load a policy of your own" },
    { "secure-boot", look_secure_boot,
      "PCR 7 then tells that only signed loaders and kernels could start",
      "enrol keys and turn it on in the firmware's setup" },
    { "lockdown", look_lockdown,
      "otherwise root can change the running kernel, and no measurement shows it",
      "start the kernel with lockdown=integrity" },
    { "ptrace", look_ptrace,
      "vTPMs of one user could read each other's secrets, and speak in each other's name",
      "sysctl kernel.yama.ptrace_scope=1, and in /etc/sysctl.d to keep it" },
    { "core-dumps", look_dumps, "a vTPM's secrets are in its memory",
      "sysctl fs.suid_dumpable=0, and in /etc/sysctl.d to keep it" },
    { "swap", look_swap, "a vTPM's secrets are in its memory, and so come to the disk",
      "encrypt the swap (crypttab with /dev/urandom as key), or do without" },
    { "clock", look_clock, "the times in the registry and the log are the host's",
      "install and start systemd-timesyncd or chrony" },
    { NULL, NULL, NULL, NULL },
};
