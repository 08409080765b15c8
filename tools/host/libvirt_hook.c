/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt-hook: what libvirt runs for domains that start and end, where an administrator has linked
 * it into /etc/libvirt/hooks/qemu.d. It registers the VM of each domain with a vTPM, and disables
 * those whose domain and state are gone. It never keeps a domain from starting.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "ask.h"
#include "common/args.h"
#include "json.h"
#include "libvirt_domain.h"
#include "qemu_conf.h"

#define STATES "/var/lib/libvirt/swtpm"
#define DOMAINS "/etc/libvirt/qemu"

enum { XML_MAX = 4 << 20 };

typedef struct Hook {
    CtlOptions manager; /* how it is reached */
    char *root;         /* below which the files are; NULL: this host's */
} Hook;

static JsonObject *request_new(const char *command, const char *uuid)
{
    JsonObject *request = json_object_new();

    json_object_set_string_member(request, "command", command);
    json_object_set_string_member(request, "uuid", uuid);
    return request;
}

static gboolean get_owner(const Hook *hook, int64_t *ret, GError **error)
{
    g_autofree char *path = g_build_filename(hook->root ? hook->root : "/", QEMU_CONF, NULL);
    g_autofree char *text = NULL;
    g_autofree char *name = NULL;
    const struct passwd *user;

    g_file_get_contents(path, &text, NULL, NULL);
    name = qemu_conf_swtpm_user(text);
    user = getpwnam(name);
    if (!user) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "there is no user %s, as whom libvirt's swtpm is to run; look at swtpm_user in "
                    "%s",
                    name, path);
        return FALSE;
    }
    *ret = user->pw_uid;
    return TRUE;
}

/* Who is known stays as he is: an administrator may have chosen another rule, or disabled him. */
static gboolean introduce(const Hook *hook, const char *name, const char *uuid, GError **error)
{
    JsonObject *request;
    g_autoptr(JsonNode) known = ctl_ask_object(&hook->manager, request_new("show", uuid), NULL);
    g_autoptr(JsonNode) answer = NULL;
    int64_t owner;

    if (known) {
        return TRUE;
    }
    if (!get_owner(hook, &owner, error)) {
        return FALSE;
    }
    request = request_new("register", uuid);
    json_object_set_string_member(request, "rule", "libvirt");
    json_object_set_int_member(request, "owner", owner);
    json_object_set_string_member(request, "name", name);
    answer = ctl_ask_object(&hook->manager, request, error);
    return answer != NULL;
}

static char *read_xml(gsize *ret_len, GError **error)
{
    g_autofree char *xml = g_malloc(XML_MAX);

    *ret_len = fread(xml, 1, XML_MAX, stdin);
    if (*ret_len == XML_MAX || ferror(stdin)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "the domain's XML cannot be read");
        return NULL;
    }
    return g_steal_pointer(&xml);
}

static gboolean begin(const Hook *hook, const char *name, GError **error)
{
    gsize len;
    g_autofree char *xml = read_xml(&len, error);
    g_auto(LibvirtDomain) domain = { 0 };

    return xml && libvirt_domain_read(xml, len, &domain, error) &&
           (!domain.has_vtpm || !domain.uuid || introduce(hook, name, domain.uuid, error));
}

/* Whether libvirt has a definition with this UUID. */
static gboolean is_defined(const Hook *hook, const char *uuid)
{
    g_autofree char *folder = g_build_filename(hook->root ? hook->root : "/", DOMAINS, NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *xml = NULL;
        g_auto(LibvirtDomain) domain = { 0 };
        gsize len;

        if (g_str_has_suffix(name, ".xml") && g_file_get_contents(path, &xml, &len, NULL) &&
            libvirt_domain_read(xml, len, &domain, NULL) && g_strcmp0(domain.uuid, uuid) == 0) {
            return TRUE;
        }
    }
    return !dir; /* what cannot be looked at is not gone */
}

/* Whether @vm was a domain's that is not there any more. */
static gboolean is_gone(const Hook *hook, JsonObject *vm)
{
    const char *uuid = text_of(vm, "uuid");
    g_autofree char *states = g_build_filename(hook->root ? hook->root : "/", STATES, NULL);
    g_autofree char *state = g_build_filename(states, uuid, NULL);

    return g_str_equal(text_of(vm, "rule"), "libvirt") && truth_of(vm, "enabled") &&
           !truth_of(vm, "connected") && number_of(vm, "seen") != 0 &&
           g_file_test(states, G_FILE_TEST_IS_DIR) && !g_file_test(state, G_FILE_TEST_EXISTS) &&
           !is_defined(hook, uuid);
}

/* libvirt runs nothing when a domain is undefined: those that are gone are found at the next end.
 */
static gboolean end(const Hook *hook, GError **error)
{
    g_autoptr(JsonNode) node = ctl_ask(&hook->manager, "{\"command\":\"list\"}\n", error);
    JsonArray *vms = node ? json_object_get_array_member(json_node_get_object(node), "vms") : NULL;

    for (guint i = 0; vms && i < json_array_get_length(vms); i++) {
        JsonObject *vm = json_array_get_object_element(vms, i);

        if (is_gone(hook, vm)) {
            g_autoptr(JsonNode) answer =
                ctl_ask_object(&hook->manager, request_new("disable", text_of(vm, "uuid")), error);

            if (!answer) {
                return FALSE;
            }
            syslog(LOG_NOTICE, "VM %s is disabled: its domain and its TPM's state are gone",
                   text_of(vm, "uuid"));
        }
    }
    return vms != NULL;
}

static gboolean act(const Hook *hook, char **words, GError **error)
{
    if (g_strv_length(words) < 4) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "libvirt gives NAME, OPERATION and SUB-OPERATION; see libvirt's hooks");
        return FALSE;
    }
    if (g_str_equal(words[2], "prepare") && g_str_equal(words[3], "begin")) {
        return begin(hook, words[1], error);
    }
    return !g_str_equal(words[2], "release") || end(hook, error);
}

int main(G_GNUC_UNUSED int argc, char **argv)
{
    Hook hook = { 0 };
    const GOptionEntry entries[] = {
        { "socket", 0, 0, G_OPTION_ARG_FILENAME, &hook.manager.socket, "The manager", "PATH" },
        { "root", 0, 0, G_OPTION_ARG_FILENAME, &hook.root, "Where libvirt's files are (/)",
          "FOLDER" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context =
        g_option_context_new("NAME OPERATION SUB-OPERATION [EXTRA]");
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = NULL;

    g_set_prgname("libvirt-hook");
    openlog("vtpm-libvirt-hook", LOG_PID, LOG_DAEMON);
    words = args_parse(context, entries, argv, &error);
    if (words && !act(&hook, words, &error)) {
        syslog(LOG_WARNING, "%s", error->message);
        fprintf(stderr, "libvirt-hook: %s\n", error->message);
    }
    g_free(hook.manager.socket);
    g_free(hook.root);
    return EXIT_SUCCESS;
}
