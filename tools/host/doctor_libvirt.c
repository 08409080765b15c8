/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt starts for a domain, and what confines it. */
#include "doctor_check.h"

#include <string.h>

#include "manager_defaults.h"

#define QEMU_CONF "/etc/libvirt/qemu.conf"

static const char *const daemons[] = { "libvirtd", "virtqemud" };

/* The value of NAME= in the environment of process @pid; NULL: it has none, or it is not ours. */
static char *variable_of(const DoctorHost *host, const char *pid, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%s/environ", pid);
    gsize len = 0;
    g_autofree char *data = doctor_read(host, path, &len);
    gsize prefix = strlen(name);

    for (const char *p = data; p && p < data + len; p += strlen(p) + 1) {
        if (strncmp(p, name, prefix) == 0 && p[prefix] == '=') {
            return g_strdup(p + prefix + 1);
        }
    }
    return NULL;
}

static gboolean is_daemon(const DoctorHost *host, const char *pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%s/comm", pid);
    g_autofree char *comm = g_ascii_isdigit(pid[0]) ? doctor_read(host, path, NULL) : NULL;

    for (gsize i = 0; comm && i < G_N_ELEMENTS(daemons); i++) {
        if (g_str_equal(g_strchomp(comm), daemons[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The number of libvirt's daemon; NULL: none runs. */
static char *daemon_pid(const DoctorHost *host)
{
    g_autofree char *path = doctor_path(host, "/proc");
    g_autoptr(GDir) proc = g_dir_open(path, 0, NULL);
    const char *pid;

    while (proc && (pid = g_dir_read_name(proc))) {
        if (is_daemon(host, pid)) {
            return g_strdup(pid);
        }
    }
    return NULL;
}

static void look_path(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *pid = daemon_pid(host);
    g_autofree char *path = pid ? variable_of(host, pid, "PATH") : NULL;

    if (!pid) {
        doctor_found(ret, DOCTOR_UNKNOWN, "libvirt's daemon does not run");
    } else if (!path) {
        doctor_found(ret, DOCTOR_UNKNOWN, "the environment of libvirt's daemon cannot be read");
    } else if (g_str_has_prefix(path, LAUNCHER_DIR ":") || g_str_equal(path, LAUNCHER_DIR)) {
        doctor_found(ret, DOCTOR_GOOD, "libvirt starts swtpm through the launcher");
    } else {
        doctor_found(ret, DOCTOR_WARNING, "libvirt starts the distribution's swtpm");
    }
}

static void look_launcher(const DoctorHost *host, DoctorFinding *ret)
{
    struct stat st;

    if (doctor_stat(host, LAUNCHER_DIR "/swtpm", &st) && (st.st_mode & S_IXUSR)) {
        doctor_found(ret, DOCTOR_GOOD, "the launcher is installed");
    } else {
        doctor_found(ret, DOCTOR_BAD, "the launcher is not at " LAUNCHER_DIR "/swtpm");
    }
}

static char *manager_of_settings(const char *text)
{
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GRegex) line =
        g_regex_new("^[ \t]*manager[ \t]*=[ \t]*([^ \t\n]+)", G_REGEX_MULTILINE, 0, NULL);

    return g_regex_match(line, text, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
}

static void look_settings(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *text = doctor_read(host, SWTPM_DEEPQUOTE_CONF, NULL);
    g_autofree char *socket = text ? manager_of_settings(text) : NULL;
    struct stat st;

    if (!text) {
        doctor_found(ret, DOCTOR_WARNING, "%s is not there", SWTPM_DEEPQUOTE_CONF);
    } else if (!socket) {
        doctor_found(ret, DOCTOR_WARNING, "%s has no line manager=", SWTPM_DEEPQUOTE_CONF);
    } else if (!doctor_stat(host, socket, &st)) {
        doctor_found(ret, DOCTOR_BAD, "%s names %s, where no socket is", SWTPM_DEEPQUOTE_CONF,
                     socket);
    } else {
        doctor_found(ret, DOCTOR_GOOD, "%s names the manager's socket", SWTPM_DEEPQUOTE_CONF);
    }
}

static void look_apparmor(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *text = doctor_read(host, "/sys/module/apparmor/parameters/enabled", NULL);

    if (text && text[0] == 'Y') {
        doctor_found(ret, DOCTOR_GOOD, "AppArmor is on");
    } else {
        doctor_found(ret, DOCTOR_WARNING, "AppArmor is off");
    }
}

static void look_driver(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *text = doctor_read(host, QEMU_CONF, NULL);

    if (!text) {
        doctor_found(ret, DOCTOR_UNKNOWN, QEMU_CONF " cannot be read");
    } else if (g_regex_match_simple("^[ \t]*security_driver[ \t]*=.*\"none\"", text,
                                    G_REGEX_MULTILINE, 0)) {
        doctor_found(ret, DOCTOR_BAD, "libvirt confines no domain: security_driver is none");
    } else {
        doctor_found(ret, DOCTOR_GOOD, "libvirt was not told to leave domains unconfined");
    }
}

const DoctorCheck doctor_libvirt_checks[] = {
    { "launcher", look_launcher, "the distribution's swtpm makes no deep quotes",
      "install the package swtpm-deepquote" },
    { "settings", look_settings, "vTPMs that libvirt starts then make no deep quotes",
      "write manager=" DEFAULT_SOCKET " into " SWTPM_DEEPQUOTE_CONF },
    { "libvirt-path", look_path, "vTPMs that libvirt starts then make no deep quotes",
      "systemctl edit libvirtd: Environment=PATH=" LAUNCHER_DIR
      ":/usr/sbin:/usr/bin:/sbin:/bin, restart it, and start the domains anew" },
    { "apparmor", look_apparmor, "nothing then keeps a VM's QEMU and vTPM from those of others",
      "start the kernel with apparmor=1 security=apparmor" },
    { "security-driver", look_driver,
      "nothing then keeps a VM's QEMU and vTPM from those of others",
      "take security_driver out of " QEMU_CONF " and restart libvirt" },
    { NULL, NULL, NULL, NULL },
};
