/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"

#include <pwd.h>

#include "approval.h"
#include "ask.h"
#include "attest/deepquote.h"
#include "audit.h"
#include "authority.h"
#include "common/input.h"
#include "common/pcr-list.h"
#include "doctor.h"
#include "escrow.h"
#include "host.h"
#include "parts.h"
#include "print.h"
#include "print_status.h"
#include "registry.h"
#include "vm.h"
#include "wire/deepquote-constants.h"

static gboolean parse_owner(const char *text, int64_t *ret, GError **error)
{
    struct passwd *user = getpwnam(text);
    uint64_t uid;

    if (user) {
        *ret = user->pw_uid;
        return TRUE;
    }
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &uid, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--owner %s: give the name or number of a user", text);
        return FALSE;
    }
    *ret = (int64_t)uid;
    return TRUE;
}

/* JSON is in UTF-8. */
static gboolean set_name(const CtlOptions *options, JsonObject *request, GError **error)
{
    if (!g_utf8_validate(options->name, -1, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--name: give the name in UTF-8");
        return FALSE;
    }
    json_object_set_string_member(request, "name", options->name);
    return TRUE;
}

static gboolean prepare_rename(const CtlOptions *options, JsonObject *request, GError **error)
{
    if (!options->name) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "rename needs --name NAME");
        return FALSE;
    }
    return set_name(options, request, error);
}

static gboolean prepare_rule(const CtlOptions *options, JsonObject *request, GError **error)
{
    int64_t owner;

    if (options->rule) {
        json_object_set_string_member(request, "rule", options->rule);
    }
    if (options->owner) {
        if (!parse_owner(options->owner, &owner, error)) {
            return FALSE;
        }
        json_object_set_int_member(request, "owner", owner);
    }
    return TRUE;
}

static gboolean prepare_register(const CtlOptions *options, JsonObject *request, GError **error)
{
    if (!prepare_rule(options, request, error)) {
        return FALSE;
    }
    if (options->name && !set_name(options, request, error)) {
        return FALSE;
    }
    if (options->ek) {
        json_object_set_string_member(request, "ek", options->ek);
    }
    if (options->group) {
        json_object_set_string_member(request, "group", options->group);
    }
    if (options->seal) {
        json_object_set_boolean_member(request, "seal", TRUE);
    }
    return TRUE;
}

static gboolean prepare_new_rule(const CtlOptions *options, JsonObject *request, GError **error)
{
    if (!options->rule) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "rule needs --rule unit, --rule libvirt or --rule user");
        return FALSE;
    }
    return prepare_rule(options, request, error);
}

static gboolean prepare_continuity(const CtlOptions *options, JsonObject *request, GError **error)
{
    if (!options->continuity) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "continuity needs --continuity recorded or --continuity required");
        return FALSE;
    }
    json_object_set_string_member(request, "continuity", options->continuity);
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

static JsonArray *describe_pcrs(const WirePcrSelection *pcrs)
{
    JsonArray *array = json_array_new();

    for (WirePcrWalk w = { 0 }; wire_pcr_next(pcrs, &w);) {
        JsonObject *object = json_object_new();

        json_object_set_int_member(object, "bank", w.hash);
        json_object_set_int_member(object, "pcr", w.pcr);
        json_array_add_object_element(array, object);
    }
    return array;
}

static gboolean prepare_quote(const CtlOptions *options, JsonObject *request, GError **error)
{
    g_autoptr(GBytes) nonce = NULL;
    g_autofree char *digits = NULL;
    const uint8_t *data;
    gsize size;
    WirePcrSelection pcrs;

    if (!options->nonce || !options->pcrs) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "quote needs --nonce HEX and --pcrs LIST");
        return FALSE;
    }
    if (!pcr_list_parse("--pcrs", options->pcrs, &pcrs, error)) {
        return FALSE;
    }
    nonce = input_nonce("--nonce", options->nonce, DEEPQUOTE_NONCE_MIN, DEEPQUOTE_NONCE_MAX, error);
    if (!nonce) {
        return FALSE;
    }
    data = g_bytes_get_data(nonce, &size);
    digits = dq_hex_encode(data, size);
    pcr_list_merge(&pcrs, &pcrs);
    json_object_set_array_member(request, "pcrs", describe_pcrs(&pcrs));
    json_object_set_string_member(request, "nonce", digits);
    return TRUE;
}

static const CtlCommand commands[] = {
    { .name = "status",
      .help = "The manager, its TPM and what it has done",
      .print = ctl_print_status },
    { .name = "list", .help = "All registered VMs", .print = ctl_print_list },
    { .name = "show", .argument = "uuid", .help = "One VM", .print = ctl_print_vm },
    { .name = "register",
      .argument = "uuid",
      .help = "Allow a VM: [--rule RULE] [--owner USER] [--name NAME] [--ek NAME] "
              "[--group GROUP] [--seal]",
      .prepare = prepare_register },
    { .name = "rule",
      .argument = "uuid",
      .help = "Have a VM known by another rule: --rule RULE [--owner USER]",
      .prepare = prepare_new_rule },
    { .name = "continuity",
      .argument = "uuid",
      .help = "What a state that is not the last one means: --continuity recorded|required",
      .prepare = prepare_continuity },
    { .name = "seal",
      .argument = "uuid",
      .help = "Have its TPM's state encrypted, with a key that the manager keeps; from its next "
              "start on, and for good" },
    { .name = "unregister",
      .argument = "uuid",
      .help = "Forget a VM; its epoch and generation are kept" },
    { .name = "enable", .argument = "uuid", .help = "Allow a VM that was disabled" },
    { .name = "disable", .argument = "uuid", .help = "Refuse a VM" },
    { .name = "move",
      .argument = "uuid",
      .help = "Put a VM into another group: --group GROUP",
      .prepare = prepare_move },
    { .name = "rename",
      .argument = "uuid",
      .help = "Give a VM another name, and keep all else: --name NAME",
      .prepare = prepare_rename },
    { .name = "groups",
      .help = "All groups of VMs, and how much of the TPM each VM in them may use",
      .print = ctl_print_groups },
    { .name = "group",
      .argument = "group",
      .help = "Make a group, or change it: --weight N",
      .prepare = prepare_group },
    { .name = "approval",
      .argument = "group",
      .help = "What its tenant allows this host: [--key FILE] once, [--list FILE] as it is signed",
      .prepare = ctl_prepare_approval,
      .print = ctl_print_approval },
    { .name = "escrow",
      .more = TRUE,
      .help = "Keys of a group's VMs: escrow make GROUP, for its tenant; escrow key GROUP, and "
              "escrow restore GROUP FILE --why TEXT [--replace], on the host that they move to",
      .local = ctl_escrow },
    { .name = "ungroup", .argument = "group", .help = "Remove a group without VMs" },
    { .name = "ak",
      .help = "Name of the attestation key, for enrolment: [--output FILE]",
      .print = ctl_print_ak },
    { .name = "quote",
      .help = "A quote of the host: --nonce HEX --pcrs LIST [-m FILE] [-s FILE] [-o FILE]",
      .prepare = prepare_quote,
      .print = ctl_print_quote },
    { .name = "launch",
      .more = TRUE,
      .help = "What a VM was started with, as the manager sees its QEMU, with digests: launch UUID "
              "[--output FILE]",
      .local = ctl_launch },
    { .name = "doctor",
      .help = "What of this host weakens deep quotes, and what to do: [--root FOLDER]",
      .local = ctl_doctor },
    { .name = "host",
      .more = TRUE,
      .help = "Enrolment by proof: host export [--output FILE], host activate FILE [--output FILE]",
      .local = ctl_host },
    { .name = "authority",
      .more = TRUE,
      .help = "Who certifies endorsement keys of this host's vTPMs: [--output FILE]; authority "
              "renew --why TEXT: by a new key",
      .local = ctl_authority },
    { .name = "registry",
      .more = TRUE,
      .help = "Whether it is the one that the TPM counts with; registry accept --why TEXT: it is; "
              "registry backup; registry verify COPY",
      .local = ctl_registry },
    { .name = "audit",
      .more = TRUE,
      .help = "Who changed what of the registry, and why: [--verify] [--head NUMBER:HASH] "
              "[--sign] [--ak FILE]",
      .local = ctl_audit },
    { .name = "vm",
      .more = TRUE,
      .help = "What concerns a VM's TPM that is a unit of systemd's, see below",
      .local = ctl_vm },
};

char *ctl_commands_describe(void)
{
    GString *text = g_string_new("Commands:\n");

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        const CtlCommand *command = &commands[i];
        g_autofree char *argument = g_ascii_strup(command->argument ? command->argument : "", -1);
        g_autofree char *synopsis = g_strjoin(" ", command->name, argument, NULL);

        g_string_append_printf(text, "  %-22s %s\n", synopsis, command->help);
    }
    ctl_vm_describe(text);
    g_string_append(
        text,
        "\nExit status: 0 done, 1 refused, failed or bad, 2 wrong usage, 3 (doctor) warnings.\n");
    return g_string_free(text, FALSE);
}

const CtlCommand *ctl_command_find(int argc, char **argv, GError **error)
{
    for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++) {
        const CtlCommand *command = &commands[i];

        if (!g_str_equal(argv[1], command->name)) {
            continue;
        }
        if (command->more || argc == (command->argument ? 3 : 2)) {
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

char *ctl_command_request(const CtlCommand *command, const char *argument,
                          const CtlOptions *options, GError **error)
{
    g_autoptr(JsonObject) request = json_object_new();

    json_object_set_string_member(request, "command", command->name);
    if (command->argument) {
        json_object_set_string_member(request, command->argument, argument);
    }
    if (options->why) {
        json_object_set_string_member(request, "why", options->why);
    }
    if (command->prepare && !command->prepare(options, request, error)) {
        return NULL;
    }
    return ctl_line(g_steal_pointer(&request));
}
