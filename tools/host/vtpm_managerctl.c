/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl: the administrator's tool for vtpm-managerd. */
#include "ctl.h"

#include <errno.h>
#include <gio/gio.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "manager_defaults.h"

enum { EXIT_USAGE = 2 };

static const char description[] =
    "Commands:\n"
    "  status                 The manager, its TPM and what it has done\n"
    "  list                   All registered VMs\n"
    "  show UUID              One VM\n"
    "  register UUID          Allow a VM: [--owner USER] [--name NAME] [--ek NAME] [--group "
    "GROUP]\n"
    "  unregister UUID        Forget a VM; its epoch and generation are kept\n"
    "  enable UUID            Allow a VM that was disabled\n"
    "  disable UUID           Refuse a VM\n"
    "  move UUID              Put a VM into another group: --group GROUP\n"
    "  groups                 All groups of VMs, and how much of the TPM each VM in them may use\n"
    "  group GROUP            Make a group, or change it: --weight N\n"
    "  ungroup GROUP          Remove a group without VMs\n"
    "  ak                     Name of the attestation key, for enrolment: [--output FILE]\n"
    "  quote                  A quote of the host: --nonce HEX --pcrs LIST [-m FILE] [-s FILE] "
    "[-o FILE]\n"
    "\n"
    "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n";

typedef struct CtlCommand {
    const char *name;
    const char *argument; /* member of the request that the argument is; NULL: none */
    gboolean (*prepare)(const CtlOptions *options, JsonObject *request, GError **error);
    gboolean (*print)(JsonObject *answer, const CtlOptions *options, GError **error);
} CtlCommand;

static gboolean parse_owner(const char *text, gint64 *ret, GError **error)
{
    struct passwd *user = getpwnam(text);
    guint64 uid;

    if (user) {
        *ret = user->pw_uid;
        return TRUE;
    }
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &uid, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--owner %s: give the name or number of a user", text);
        return FALSE;
    }
    *ret = (gint64)uid;
    return TRUE;
}

static gboolean prepare_register(const CtlOptions *options, JsonObject *request, GError **error)
{
    gint64 owner;

    if (options->owner) {
        if (!parse_owner(options->owner, &owner, error)) {
            return FALSE;
        }
        json_object_set_int_member(request, "owner", owner);
    }
    if (options->name) {
        json_object_set_string_member(request, "name", options->name);
    }
    if (options->ek) {
        json_object_set_string_member(request, "ek", options->ek);
    }
    if (options->group) {
        json_object_set_string_member(request, "group", options->group);
    }
    return TRUE;
}

static gboolean prepare_move(const CtlOptions *options, JsonObject *request, GError **error)
{
    if (!options->group) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "move needs --group GROUP");
        return FALSE;
    }
    json_object_set_string_member(request, "group", options->group);
    return TRUE;
}

static gboolean prepare_group(const CtlOptions *options, JsonObject *request, GError **error)
{
    if (options->weight == 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "group needs --weight N");
        return FALSE;
    }
    json_object_set_int_member(request, "weight", options->weight);
    return TRUE;
}

static gboolean prepare_quote(const CtlOptions *options, JsonObject *request, GError **error)
{
    JsonArray *pcrs;

    if (!options->nonce || !options->pcrs) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "quote needs --nonce HEX and --pcrs LIST");
        return FALSE;
    }
    pcrs = ctl_parse_pcrs(options->pcrs, error);
    if (!pcrs) {
        return FALSE;
    }
    json_object_set_array_member(request, "pcrs", pcrs);
    json_object_set_string_member(request, "nonce", options->nonce);
    return TRUE;
}

static const CtlCommand commands[] = {
    { "status", NULL, NULL, ctl_print_status },
    { "list", NULL, NULL, ctl_print_list },
    { "show", "uuid", NULL, ctl_print_vm },
    { "register", "uuid", prepare_register, ctl_print_nothing },
    { "unregister", "uuid", NULL, ctl_print_nothing },
    { "enable", "uuid", NULL, ctl_print_nothing },
    { "disable", "uuid", NULL, ctl_print_nothing },
    { "move", "uuid", prepare_move, ctl_print_nothing },
    { "groups", NULL, NULL, ctl_print_groups },
    { "group", "group", prepare_group, ctl_print_nothing },
    { "ungroup", "group", NULL, ctl_print_nothing },
    { "ak", NULL, NULL, ctl_print_ak },
    { "quote", NULL, prepare_quote, ctl_print_quote },
};

static int connect_manager(const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = -1;

    if (strlen(path) < sizeof(address.sun_path)) {
        strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    } else {
        errno = ENAMETOOLONG;
    }
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno),
                    "cannot reach the manager at %s: %s; is vtpm-managerd running, and are you "
                    "root or its user?",
                    path, g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static gboolean send_all(int fd, const char *data, gsize size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return FALSE;
        }
        data += n;
        size -= (gsize)n;
    }
    return TRUE;
}

/* One line in, one line out. */
static char *exchange(int fd, const char *line, GError **error)
{
    g_autoptr(GString) answer = g_string_new(NULL);
    char buf[4096];

    if (send_all(fd, line, strlen(line))) {
        while (!strchr(answer->str, '\n')) {
            ssize_t n = recv(fd, buf, sizeof(buf), 0);

            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n <= 0) {
                break;
            }
            g_string_append_len(answer, buf, n);
        }
    }
    if (!strchr(answer->str, '\n')) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                    "the manager ended the connection: only root and the manager's user may "
                    "administer it; see its log");
        return NULL;
    }
    return g_strdup(answer->str);
}

static char *request_line(const CtlCommand *command, const char *argument,
                          const CtlOptions *options, GError **error)
{
    JsonObject *request = json_object_new();
    g_autoptr(JsonNode) node = json_node_alloc();
    g_autofree char *text = NULL;

    json_node_init_object(node, request);
    json_object_unref(request);
    json_object_set_string_member(request, "command", command->name);
    if (command->argument) {
        json_object_set_string_member(request, command->argument, argument);
    }
    if (command->prepare && !command->prepare(options, request, error)) {
        return NULL;
    }
    text = json_to_string(node, FALSE);
    return g_strconcat(text, "\n", NULL);
}

static gboolean show(const CtlCommand *command, const char *line, const CtlOptions *options,
                     GError **error)
{
    g_autoptr(JsonNode) node = json_from_string(line, NULL);
    JsonObject *answer = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

    if (!answer) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "the manager's answer is not understood: check that both are of one version");
        return FALSE;
    }
    if (!json_object_get_boolean_member_with_default(answer, "ok", FALSE)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s",
                    json_object_get_string_member_with_default(answer, "error", "refused"));
        return FALSE;
    }
    if (!ctl_write_files(answer, options, error)) {
        return FALSE;
    }
    if (options->json) {
        g_autofree char *text = json_to_string(node, TRUE);

        printf("%s\n", text);
        return TRUE;
    }
    return command->print(answer, options, error);
}

static gboolean run(const CtlCommand *command, const char *argument, const CtlOptions *options,
                    GError **error)
{
    g_autofree char *line = request_line(command, argument, options, error);
    g_autofree char *answer = NULL;
    int fd;

    if (!line) {
        return FALSE;
    }
    fd = connect_manager(options->socket ? options->socket : DEFAULT_ADMIN_SOCKET, error);
    if (fd < 0) {
        return FALSE;
    }
    answer = exchange(fd, line, error);
    close(fd);
    return answer && show(command, answer, options, error);
}

static const CtlCommand *find_command(int argc, char **argv, GError **error)
{
    for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++) {
        const CtlCommand *command = &commands[i];

        if (!g_str_equal(argv[1], command->name)) {
            continue;
        }
        if (argc == (command->argument ? 3 : 2)) {
            return command;
        }
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s takes %s%s", command->name,
                    command->argument ? "one " : "no further argument",
                    command->argument ? command->argument : "");
        return NULL;
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                argc > 1 ? "%s: not a command" : "no command given", argc > 1 ? argv[1] : "");
    return NULL;
}

static gboolean parse(int *argc, char ***argv, CtlOptions *o, GError **error)
{
    const GOptionEntry entries[] = {
        { "socket", 0, 0, G_OPTION_ARG_FILENAME, &o->socket,
          "The manager (" DEFAULT_ADMIN_SOCKET ")", "PATH" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &o->json, "Print the answer as JSON", NULL },
        { "owner", 0, 0, G_OPTION_ARG_STRING, &o->owner,
          "User that the VM's vTPM runs as (the user of this tool)", "USER" },
        { "name", 0, 0, G_OPTION_ARG_STRING, &o->name, "Name of the VM, for people", "NAME" },
        { "ek", 0, 0, G_OPTION_ARG_STRING, &o->ek, "Name of its endorsement key", "HEX" },
        { "group", 0, 0, G_OPTION_ARG_STRING, &o->group, "Group that a VM is put into (default)",
          "GROUP" },
        { "weight", 0, 0, G_OPTION_ARG_INT, &o->weight,
          "Share of each VM of a group while others wait, 1 to 100", "N" },
        { "output", 0, 0, G_OPTION_ARG_FILENAME, &o->output,
          "Write the attestation key (TPM2B_PUBLIC)", "FILE" },
        { "nonce", 'q', 0, G_OPTION_ARG_STRING, &o->nonce, "1 to 64 bytes", "HEX" },
        { "pcrs", 'l', 0, G_OPTION_ARG_STRING, &o->pcrs, "Such as sha256:0,1,7+sha1:0", "LIST" },
        { "message", 'm', 0, G_OPTION_ARG_FILENAME, &o->message, "Write the TPMS_ATTEST", "FILE" },
        { "signature", 's', 0, G_OPTION_ARG_FILENAME, &o->signature, "Write the TPMT_SIGNATURE",
          "FILE" },
        { "pcr", 'o', 0, G_OPTION_ARG_FILENAME, &o->values, "Write the PCR values", "FILE" },
        { "version", 'v', 0, G_OPTION_ARG_NONE, &o->version, "Print the version", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("COMMAND [UUID|GROUP]");

    g_option_context_set_summary(context, "Administers vtpm-managerd.");
    g_option_context_set_description(context, description);
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

static void options_free(CtlOptions *o)
{
    char **all[] = { &o->socket, &o->owner, &o->name,    &o->ek,        &o->group, &o->output,
                     &o->nonce,  &o->pcrs,  &o->message, &o->signature, &o->values };

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_clear_pointer(all[i], g_free);
    }
}

int main(int argc, char **argv)
{
    CtlOptions options = { 0 };
    const CtlCommand *command = NULL;
    g_autoptr(GError) error = NULL;
    int status = EXIT_SUCCESS;

    g_set_prgname("vtpm-managerctl");
    if (parse(&argc, &argv, &options, &error)) {
        if (options.version) {
            printf("vtpm-managerctl %s\n", PROJECT_VERSION);
        } else {
            command = find_command(argc, argv, &error);
        }
    }
    if (command) {
        run(command, command->argument ? argv[2] : NULL, &options, &error);
    }
    if (error) {
        gboolean usage = error->domain == G_OPTION_ERROR;

        fprintf(stderr, "vtpm-managerctl: %s\n", error->message);
        if (usage) {
            fprintf(stderr, "Try vtpm-managerctl --help\n");
        }
        status = usage ? EXIT_USAGE : EXIT_FAILURE;
    }
    options_free(&options);
    return status;
}
