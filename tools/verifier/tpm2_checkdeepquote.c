/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tpm2_checkdeepquote: verifies deep quotes, keeps what a verifier remembers, and shows logs. It
 * needs no TPM. */
#include "accept_command.h"
#include "approval_command.h"
#include "audit_command.h"
#include "challenge_command.h"
#include "check_command.h"
#include "command.h"
#include "eventlog_command.h"
#include "host_command.h"
#include "ima_command.h"
#include "init_command.h"
#include "predict_command.h"
#include "profile_command.h"
#include "report_command.h"
#include "vm_command.h"
#include "watch_command.h"

#include <locale.h>
#include <stdio.h>

static const Command commands[] = {
    { "init", init_command },         { "challenge", challenge_command },
    { "host", host_command },         { "vm", vm_command },
    { "accept", accept_command },     { "eventlog", eventlog_command },
    { "ima", ima_command },           { "profile", profile_command },
    { "predict", predict_command },   { "audit", audit_command },
    { "watch", watch_command },       { "report", report_command },
    { "approval", approval_command }, { 0 },
};

/* The one of its two names by which the program was called. */
static const char *called_as(const char *path)
{
    static const char other[] = "deepquote-verifier";
    g_autofree char *name = path ? g_path_get_basename(path) : NULL;

    return name && g_str_equal(name, other) ? other : "tpm2_checkdeepquote";
}

int main(int argc, char **argv)
{
    const char *name = called_as(argv[0]); /* commands tell GLib a longer one, for --help */
    const Command *command = argc > 1 ? command_find(commands, argv[1]) : NULL;
    g_autoptr(GError) error = NULL;
    int status;

    setlocale(LC_CTYPE, "");
    g_set_prgname(name);
    status = command ? command->run(argv + 1, &error) : check_command(argv, &error);
    if (error) {
        fprintf(stderr, "%s: %s\n", name, error->message);
        status = command_status(error);
    }
    if (fflush(stdout) != 0) {
        fprintf(stderr, "%s: the answer could not be written: make room where the output goes\n",
                name);
        return EXIT_UNUSABLE;
    }
    return status;
}
