/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who can get at the hardware TPM, the manager's files and its sockets. */
#include "doctor_check.h"

#include "json.h"
#include "manager_defaults.h"
#include "qemu_conf.h"

enum { NOBODY = 65534 };

static const char *const devices[] = { "/dev/tpm0", "/dev/tpmrm0" };

/* The first of the TPM's devices that @user may open; NULL: none. */
static const char *device_of(const DoctorHost *host, const DoctorUser *user)
{
    for (gsize i = 0; i < G_N_ELEMENTS(devices); i++) {
        struct stat st;

        if (doctor_stat(host, devices[i], &st) && doctor_may_open(user, &st)) {
            return devices[i];
        }
    }
    return NULL;
}

static gboolean has_device(const DoctorHost *host)
{
    struct stat st;

    return doctor_stat(host, devices[0], &st) || doctor_stat(host, devices[1], &st);
}

static void look_device(const DoctorHost *host, DoctorFinding *ret)
{
    g_autoptr(DoctorUser) nobody = doctor_user_of(host, NOBODY);
    const char *device = device_of(host, nobody);

    if (!has_device(host)) {
        doctor_found(ret, DOCTOR_UNKNOWN, "there is no device of a TPM");
    } else if (device) {
        doctor_found(ret, DOCTOR_BAD, "every user can open %s", device);
    } else {
        doctor_found(ret, DOCTOR_GOOD, "not every user can open the TPM");
    }
}

static void look_swtpm_user(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *text = doctor_read(host, QEMU_CONF, NULL);
    g_autofree char *name = qemu_conf_swtpm_user(text);
    g_autoptr(DoctorUser) user = doctor_user(host, name);
    const char *device = user ? device_of(host, user) : NULL;

    if (!user || !has_device(host)) {
        doctor_found(ret, DOCTOR_UNKNOWN, "there is no user %s, or no device of a TPM", name);
    } else if (device) {
        doctor_found(ret, DOCTOR_BAD, "libvirt's swtpm_user, %s, can open %s", name, device);
    } else {
        doctor_found(ret, DOCTOR_GOOD, "libvirt's swtpm_user, %s, cannot open the TPM", name);
    }
}

static void look_owners(const DoctorHost *host, DoctorFinding *ret)
{
    if (!host->vms || !has_device(host)) {
        doctor_found(ret, DOCTOR_UNKNOWN,
                     "the manager did not say, or there is no device of a TPM");
        return;
    }
    for (guint i = 0; i < json_array_get_length(host->vms); i++) {
        JsonObject *vm = json_array_get_object_element(host->vms, i);
        const int64_t owner = number_of(vm, "owner");
        g_autoptr(DoctorUser) user = owner < 0 ? NULL : doctor_user_of(host, (uid_t)owner);
        const char *device = user ? device_of(host, user) : NULL;

        if (device) {
            doctor_found(ret, DOCTOR_BAD, "the vTPM of VM %s runs as %s, who can open %s",
                         text_of(vm, "uuid"), user->name, device);
            return;
        }
    }
    doctor_found(ret, DOCTOR_GOOD, "no VM's vTPM runs as a user who can open the TPM");
}

static void look_rules(const DoctorHost *host, DoctorFinding *ret)
{
    guint n = host->vms ? json_array_get_length(host->vms) : 0;
    guint users = 0;

    if (!host->vms) {
        doctor_found(ret, DOCTOR_UNKNOWN, "the manager did not say");
        return;
    }
    for (guint i = 0; i < n; i++) {
        JsonObject *vm = json_array_get_object_element(host->vms, i);

        users += g_str_equal(text_of(vm, "rule"), "user");
    }
    if (users > 0) {
        doctor_found(ret, DOCTOR_WARNING, "%u of %u VMs are known by their vTPM's user alone",
                     users, n);
    } else {
        doctor_found(ret, DOCTOR_GOOD, "no VM is known by its vTPM's user alone");
    }
}

/* Good where nobody but the owner may do anything. */
static void look_private(const DoctorHost *host, const char *path, DoctorFinding *ret)
{
    struct stat st;

    if (!doctor_stat(host, path, &st)) {
        doctor_found(ret, DOCTOR_UNKNOWN, "%s is not there, or you are not root", path);
    } else if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        doctor_found(ret, DOCTOR_BAD, "%s is open to others: mode %04o", path, st.st_mode & 07777);
    } else {
        doctor_found(ret, DOCTOR_GOOD, "%s is its owner's alone", path);
    }
}

static void look_state(const DoctorHost *host, DoctorFinding *ret)
{
    look_private(host, DEFAULT_STATE_DIR, ret);
}

static void look_admin_socket(const DoctorHost *host, DoctorFinding *ret)
{
    look_private(host, DEFAULT_ADMIN_SOCKET, ret);
}

static void look_state_files(const DoctorHost *host, DoctorFinding *ret)
{
    g_autofree char *folder = doctor_path(host, DEFAULT_STATE_DIR);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(DEFAULT_STATE_DIR, name, NULL);

        look_private(host, path, ret);
        if (ret->result != DOCTOR_GOOD) {
            return;
        }
    }
    if (dir) {
        doctor_found(ret, DOCTOR_GOOD, "the files in it are their owner's alone");
    } else {
        doctor_found(ret, DOCTOR_UNKNOWN, "%s cannot be read", DEFAULT_STATE_DIR);
    }
}

const DoctorCheck doctor_access_checks[] = {
    { "tpm-device", look_device, "who opens the TPM can extend PCRs, and make keys beside the AK",
      "look at the udev rules of the TPM: mode 0660, and a group that has no one in it but the "
      "manager" },
    { "swtpm-user", look_swtpm_user,
      "a guest that breaks out of its vTPM has the hardware TPM, too",
      "set swtpm_user in /etc/libvirt/qemu.conf to a user who is not in the TPM's group" },
    { "vm-owners", look_owners, "a guest that breaks out of its vTPM has the hardware TPM, too",
      "run that VM's vTPM as another user, and register the VM anew for that one" },
    { "vm-rules", look_rules,
      "any process of that user, and not the vTPM alone, can speak for the VM while it is off",
      "run the vTPM in its unit or by libvirt under AppArmor, and vtpm-managerctl rule UUID" },
    { "state-folder", look_state, "in it is what makes the attestation key",
      "chmod 0700 " DEFAULT_STATE_DIR },
    { "state-files", look_state_files,
      "with the attestation key's template and the TPM anyone has the key",
      "chmod 0600 " DEFAULT_STATE_DIR "/*, and have verifiers enrol a new key if others read it" },
    { "admin-socket", look_admin_socket, "whoever connects there registers VMs",
      "restart the manager, which makes it 0600, and look for what changes it" },
    { NULL, NULL, NULL, NULL },
};
