/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_sign_command.h"

#include "appraise/profile-json.h"
#include "command.h"
#include "common/output.h"
#include "jws_file.h"
#include "profile_file.h"

#include <string.h>

/** The command line as it was given. */
static struct {
    char *output;
} opt;

static const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output,
      "Write the signed profile here (standard output)", "FILE" },
    { 0 },
};

int profile_sign_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(entries, argv, "KEY PROFILE - date a profile and sign it", 2, error);
    g_autoptr(DqJwsKey) key = words ? jws_key_read(words[1], error) : NULL;
    g_autoptr(DqProfile) profile = key ? profile_read(words[2], NULL, NULL, NULL, error) : NULL;
    g_autofree char *json = NULL, *text = NULL;

    if (!profile) {
        return EXIT_UNUSABLE;
    }
    profile->issued = command_now();
    json = dq_profile_to_json(profile);
    text = dq_jws_sign(key, PROFILE_JWS_TYPE, json, error);
    return text && output_write_text(opt.output, text, error) ? EXIT_DONE : EXIT_UNUSABLE;
}
