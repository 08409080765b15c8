/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_setup.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manager_defaults.h"
#include "vm_certs.h"
#include "vm_ek.h"
#include "vm_system.h"

#define HOST_CONF "/etc/swtpm_setup.conf"
#define STATE_FILE "tpm2-00.permall"
#define LOCAL_CA "/var/lib/swtpm-localca"
#define SETUP_USER "tss" /* swtpm_setup's own choice where root runs it */

enum { CONF_MAX = 65536, STATE_MAX = 1 << 20, RECORD_MAX = 65536 };

/** One run of swtpm_setup: a folder in memory that the user it runs as can write to. */
typedef struct Setup {
    char *folder;
    char *conf;       /* swtpm_setup's */
    char *certs_conf; /* vtpm-create-certs' */
    char *record;     /* of the keys that it saw */
    char *authority;  /* where it asks for the manager's certificates; NULL: it does not */
    gboolean local_ca;
} Setup;

static void setup_end(Setup *setup)
{
    if (setup->folder) {
        vm_tree_remove(setup->folder, NULL);
    }
    g_free(setup->folder);
    g_free(setup->conf);
    g_free(setup->certs_conf);
    g_free(setup->record);
    g_free(setup->authority);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Setup, setup_end)

/* A setting of swtpm_setup's configuration, lines of "key = value"; NULL: it has none. */
static char *setting(const char *conf, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(conf, "\n", -1);

    for (char **line = lines; *line; line++) {
        char *value = strchr(*line, '=');

        if (value) {
            *value++ = '\0';
            if (g_str_equal(g_strstrip(*line), key) && *g_strstrip(value)) {
                return g_strdup(value);
            }
        }
    }
    return NULL;
}

/* The program that swtpm_setup runs for certificates: beside this one in a build tree. */
static char *create_certs_program(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(self ? self : "");
    g_autofree char *beside = g_build_filename(folder, "vtpm-create-certs", NULL);

    return g_access(beside, X_OK) == 0 ? g_steal_pointer(&beside) : g_strdup(CREATE_CERTS);
}

static gboolean write_text(const char *path, const char *text, GError **error)
{
    return vm_file_write(path, text, strlen(text), 0644, error);
}

static gboolean is_certified(const Setup *setup)
{
    return setup->local_ca || setup->authority;
}

/* Has vtpm-create-certs see each key before the host's own tool does. */
static gboolean write_confs(Setup *setup, GError **error)
{
    g_autoptr(GBytes) bytes = g_access(HOST_CONF, F_OK) == 0
                                  ? vm_file_read(HOST_CONF, CONF_MAX, error)
                                  : g_bytes_new_static("", 0);
    g_autofree char *host =
        bytes ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) : NULL;
    g_autofree char *tool = host ? setting(host, "create_certs_tool") : NULL;
    g_autofree char *config = tool ? setting(host, "create_certs_tool_config") : NULL;
    g_autofree char *options = tool ? setting(host, "create_certs_tool_options") : NULL;
    g_autofree char *ours = create_certs_program();
    g_autofree char *conf = g_strdup_printf("create_certs_tool = %s\n"
                                            "create_certs_tool_config = %s\n",
                                            ours, setup->certs_conf);
    g_autofree char *certs =
        g_strdup_printf("[certs]\ntool=%s\nconfig=%s\noptions=%s\nrecord=%s\nauthority=%s\n",
                        tool ? tool : "", config ? config : "", options ? options : "",
                        setup->record, setup->authority ? setup->authority : "");

    setup->local_ca = tool != NULL;
    return host && write_text(setup->conf, is_certified(setup) ? conf : "", error) &&
           write_text(setup->certs_conf, certs, error);
}

static gboolean give_away(const Setup *setup, const struct passwd *user, GError **error)
{
    if (user && chown(setup->folder, user->pw_uid, user->pw_gid) != 0) {
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno),
                    "cannot give %s to %s: %s", setup->folder, user->pw_name, g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

static gboolean setup_begin(Setup *setup, const struct passwd *user, gboolean authority,
                            GError **error)
{
    g_autofree char *folder = g_strdup("/run/vtpm-setup-XXXXXX");

    if (!g_mkdtemp_full(folder, 0700)) {
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno),
                    "cannot make a folder in /run: %s; do this as root", g_strerror(errno));
        return FALSE;
    }
    setup->folder = g_steal_pointer(&folder);
    setup->conf = g_build_filename(setup->folder, "swtpm_setup.conf", NULL);
    setup->certs_conf = g_build_filename(setup->folder, "certs.conf", NULL);
    setup->record = g_build_filename(setup->folder, "keys", NULL);
    setup->authority = authority ? g_build_filename(setup->folder, "authority", NULL) : NULL;
    return write_confs(setup, error) && give_away(setup, user, error);
}

static gboolean run_swtpm_setup(const Setup *setup, const struct passwd *user, const VmUnit *unit,
                                const CtlOptions *options, GError **error)
{
    g_autofree char *vmid =
        g_strconcat(options->name ? options->name : "", options->name ? ":" : "", unit->uuid, NULL);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *const always[] = { "swtpm_setup", "--tpm2",      "--tpmstate", setup->folder,
                                   "--config",    setup->conf,   "--vmid",     vmid,
                                   "--createek",  "--lock-nvram" };

    for (gsize i = 0; i < G_N_ELEMENTS(always); i++) {
        g_ptr_array_add(argv, (char *)always[i]);
    }
    if (is_certified(setup)) {
        g_ptr_array_add(argv, (char *)"--create-ek-cert");
    }
    if (setup->local_ca) {
        g_ptr_array_add(argv, (char *)"--create-platform-cert");
    }
    if (options->pcr_banks) {
        g_ptr_array_add(argv, (char *)"--pcr-banks");
        g_ptr_array_add(argv, options->pcr_banks);
    }
    if (user) {
        g_ptr_array_add(argv, (char *)"--runas");
        g_ptr_array_add(argv, user->pw_name);
    }
    g_ptr_array_add(argv, NULL);
    return vm_program((const char *const *)argv->pdata, NULL, error);
}

/* What the manager says is why swtpm_setup failed, and not that it did. */
static gboolean run_with_authority(const Setup *setup, const struct passwd *user,
                                   const VmUnit *unit, const CtlOptions *options, GError **error)
{
    VmCerts *certs =
        setup->authority ? vm_certs_start(setup->authority, unit->uuid, options, error) : NULL;
    GError *why;
    gboolean done;

    if (!certs) {
        return !setup->authority && run_swtpm_setup(setup, user, unit, options, error);
    }
    done = run_swtpm_setup(setup, user, unit, options, error);
    why = vm_certs_end(certs);
    if (!done && why) {
        g_clear_error(error);
        g_propagate_prefixed_error(error, why, "its endorsement key is not certified: ");
    } else {
        g_clear_error(&why);
    }
    return done;
}

/*
 * The Name of the key that the vTPM will show to the manager: the module takes that on a curve
 * before the RSA key.
 */
static char *recorded_name(const Setup *setup, GError **error)
{
    g_autoptr(GBytes) bytes = vm_file_read(setup->record, RECORD_MAX, error);
    g_autofree char *text =
        bytes ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) : NULL;
    g_auto(GStrv) lines = text ? g_strsplit(g_strchomp(text), "\n", -1) : NULL;
    const char *key = NULL;

    for (char **line = lines; line && *line; line++) {
        key = !key || strchr(*line, '=') ? *line : key;
    }
    return key ? vm_ek_name(key, error) : NULL;
}

/* Takes the one file over, whatever else is there: the folder was another user's. */
static gboolean take_state(const Setup *setup, const VmUnit *unit, GError **error)
{
    g_autofree char *from = g_build_filename(setup->folder, STATE_FILE, NULL);
    g_autofree char *to = g_build_filename(unit->state, STATE_FILE, NULL);
    g_autofree char *private = g_path_get_dirname(VM_STATE_DIR);
    g_autoptr(GBytes) state = vm_file_read(from, STATE_MAX, error);
    gsize len;
    const char *data = state ? g_bytes_get_data(state, &len) : NULL;

    if (!data) {
        return FALSE;
    }
    mkdir(private, 0700); /* as systemd makes it */
    if (!vm_folder_make(unit->state, 0700, error)) {
        return FALSE;
    }
    if (!vm_file_write(to, data, len, 0600, error)) {
        vm_tree_remove(unit->state, NULL);
        return FALSE;
    }
    return TRUE;
}

/* As whom swtpm_setup runs: whom the local CA belongs to, so that libvirt can go on with it. */
static const struct passwd *setup_user(void)
{
    struct stat st;

    return stat(LOCAL_CA, &st) == 0 && st.st_uid != 0 ? getpwuid(st.st_uid) : getpwnam(SETUP_USER);
}

gboolean vm_setup(const VmUnit *unit, const CtlOptions *options, char **ret_ek, GError **error)
{
    const struct passwd *user = geteuid() == 0 ? setup_user() : NULL;
    g_auto(Setup) setup = { 0 };
    g_autofree char *ek = NULL;

    if (geteuid() == 0 && !user) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "there is no user " SETUP_USER ", as whom swtpm_setup runs: install "
                    "swtpm-tools");
        return FALSE;
    }
    if (!setup_begin(&setup, user, !options->local_ca && vm_certs_offered(options), error) ||
        !run_with_authority(&setup, user, unit, options, error)) {
        return FALSE;
    }
    if (is_certified(&setup)) {
        ek = recorded_name(&setup, error);
        if (!ek) {
            return FALSE;
        }
    }
    if (!take_state(&setup, unit, error)) {
        return FALSE;
    }
    *ret_ek = g_steal_pointer(&ek);
    return TRUE;
}
