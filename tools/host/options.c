/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include "common/args.h"
#include "common/flags.h"
#include "manager_defaults.h"

GStrv ctl_options_parse(char **argv, const char *description, CtlOptions *ret, GError **error)
{
    const GOptionEntry entries[] = {
        { "socket", 0, 0, G_OPTION_ARG_FILENAME, &ret->socket,
          "The manager (" DEFAULT_ADMIN_SOCKET ")", "PATH" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &ret->json, "Print the answer as JSON", NULL },
        { "rule", 0, 0, G_OPTION_ARG_STRING, &ret->rule,
          "By what its vTPM is known: unit, libvirt or user (user)", "RULE" },
        { "continuity", 0, 0, G_OPTION_ARG_STRING, &ret->continuity,
          "Where its state is not the last one: recorded, or required to start", "POLICY" },
        { "seal", 0, 0, G_OPTION_ARG_NONE, &ret->seal,
          "register, vm new: the TPM's state is encrypted, with a key that the manager keeps",
          NULL },
        { "why", 0, 0, G_OPTION_ARG_STRING, &ret->why, "The reason of a change, for the audit log",
          "TEXT" },
        { "owner", 0, 0, G_OPTION_ARG_STRING, &ret->owner,
          "User that the VM's vTPM runs as (the user of this tool)", "USER" },
        { "name", 0, 0, G_OPTION_ARG_STRING, &ret->name, "Name of the VM, for people", "NAME" },
        { "ek", 0, 0, G_OPTION_ARG_STRING, &ret->ek, "Name of its endorsement key", "HEX" },
        { "group", 0, 0, G_OPTION_ARG_STRING, &ret->group, "Group that a VM is put into (default)",
          "GROUP" },
        { "weight", 0, 0, G_OPTION_ARG_INT, &ret->weight,
          "Share of each VM of a group while others wait, 1 to 100", "N" },
        { "key", 0, 0, G_OPTION_ARG_FILENAME, &ret->key,
          "approval: the tenant's public key, PEM, for good", "FILE" },
        { "list", 0, 0, G_OPTION_ARG_FILENAME, &ret->list,
          "approval: a list that it has signed, newer than the last", "FILE" },
        { "replace", 0, 0, G_OPTION_ARG_NONE, &ret->replace,
          "escrow restore: also keys that were made here; what they encrypt is lost", NULL },
        { "output", 0, 0, G_OPTION_ARG_FILENAME, &ret->output,
          "Write the attestation key (TPM2B_PUBLIC), or what the command makes", "FILE" },
        { "nonce", 'q', 0, G_OPTION_ARG_STRING, &ret->nonce, "16 to 64 bytes: digits, or a file",
          "NONCE" },
        { "pcrs", 'l', 0, G_OPTION_ARG_STRING, &ret->pcrs, "Such as sha256:0,1,7+sha1:0", "LIST" },
        { "message", 'm', 0, G_OPTION_ARG_FILENAME, &ret->message, "Write the TPMS_ATTEST",
          "FILE" },
        { "signature", 's', 0, G_OPTION_ARG_FILENAME, &ret->signature, "Write the TPMT_SIGNATURE",
          "FILE" },
        { "pcr", 'o', 0, G_OPTION_ARG_FILENAME, &ret->values, "Write the PCR values", "FILE" },
        { "root", 0, 0, G_OPTION_ARG_FILENAME, &ret->root,
          "Look at the host whose files are there (this one)", "FOLDER" },
        { "verify", 0, 0, G_OPTION_ARG_NONE, &ret->verify,
          "audit: whether no entry was changed or removed; prints the last one as NUMBER:HASH",
          NULL },
        { "sign", 0, 0, G_OPTION_ARG_NONE, &ret->sign,
          "audit: the same, after the host's TPM has signed the last entry", NULL },
        { "ak", 0, 0, G_OPTION_ARG_FILENAME, &ret->ak,
          "audit: the attestation key as it was enrolled (what the manager says it is)", "FILE" },
        { "head", 0, 0, G_OPTION_ARG_STRING, &ret->head,
          "audit: the same, and an earlier last entry is still there", "NUMBER:HASH" },
        { "generate", 0, 0, G_OPTION_ARG_NONE, &ret->generate, "vm new: choose the UUID", NULL },
        { "qemu-group", 0, 0, G_OPTION_ARG_STRING, &ret->qemu_group,
          "vm new: who may connect (" VM_QEMU_GROUP ")", "GROUP" },
        { "pcr-banks", 0, 0, G_OPTION_ARG_STRING, &ret->pcr_banks,
          "vm new: banks that are active, as swtpm_setup takes them", "LIST" },
        { "keep-state", 0, 0, G_OPTION_ARG_NONE, &ret->keep_state,
          "vm new, vm delete: the TPM's state is there, and stays", NULL },
        { "local-ca", 0, 0, G_OPTION_ARG_NONE, &ret->local_ca,
          "vm new: certificates by the tool of /etc/swtpm_setup.conf alone", NULL },
        { "yes", 0, 0, G_OPTION_ARG_NONE, &ret->yes, "vm delete: do not ask", NULL },
        { "memory-max", 0, 0, G_OPTION_ARG_STRING, &ret->memory_max,
          "vm edit: the most memory it gets, such as 64M", "SIZE" },
        { "cpu-weight", 0, 0, G_OPTION_ARG_INT, &ret->cpu_weight,
          "vm edit: share of processors among vTPMs, 1 to 10000", "N" },
        { "model", 0, 0, G_OPTION_ARG_STRING, &ret->model,
          "vm console-xml: tpm-tis or tpm-crb (tpm-crb)", "MODEL" },
        { "qemu", 0, 0, G_OPTION_ARG_NONE, &ret->qemu,
          "vm console-xml: QEMU's options in place of XML", NULL },
        { "qmp", 0, 0, G_OPTION_ARG_FILENAME, &ret->qmp,
          "vm quote: socket of QEMU's monitor (libvirt's, by virsh)", "PATH" },
        { "host-pcrs", 0, 0, G_OPTION_ARG_STRING, &ret->host_pcrs,
          "vm quote: PCRs of the host (sha256:0,1,2,3,4,5,6,7)", "LIST" },
        { "flags", 0, 0, G_OPTION_ARG_STRING, &ret->flags,
          "vm quote: what the host is to sign besides, number or of " FLAGS_NAMES, "FLAGS" },
        { "timeout", 0, 0, G_OPTION_ARG_INT, &ret->timeout,
          "vm quote: how long to wait for the guest's own command (30)", "SECONDS" },
        { "version", 'v', 0, G_OPTION_ARG_NONE, &ret->version, "Print the version", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("COMMAND [UUID|GROUP]");
    g_auto(GStrv) words = NULL;

    g_option_context_set_summary(context, "Administers vtpm-managerd.");
    g_option_context_set_description(context, description);
    words = args_parse(context, entries, argv, error);
    if (words && ret->why && !g_utf8_validate(ret->why, -1, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--why: give the reason in UTF-8");
        return NULL;
    }
    return g_steal_pointer(&words);
}

void ctl_options_clear(CtlOptions *o)
{
    char **all[] = { &o->socket,     &o->rule,   &o->owner, &o->name,       &o->ek,
                     &o->group,      &o->output, &o->nonce, &o->pcrs,       &o->message,
                     &o->signature,  &o->values, &o->root,  &o->qemu_group, &o->pcr_banks,
                     &o->memory_max, &o->model,  &o->qmp,   &o->host_pcrs,  &o->continuity,
                     &o->why,        &o->head,   &o->key,   &o->list,       &o->flags,
                     &o->ak };

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_clear_pointer(all[i], g_free);
    }
}
