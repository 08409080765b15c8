/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's answers, for people. */
#ifndef TOOLS_HOST_PRINT_H
#define TOOLS_HOST_PRINT_H

#include <json-glib/json-glib.h>
#include <stdint.h>

void ctl_print_list(JsonObject *answer);
void ctl_print_vm(JsonObject *answer);
void ctl_print_groups(JsonObject *answer);
void ctl_print_ak(JsonObject *answer);
void ctl_print_quote(JsonObject *answer);

/** ctl_time_text: (transfer full): seconds since 1970 for people; "never" for 0. */
char *ctl_time_text(int64_t seconds);

/** ctl_bank_name: "sha256" for 11; "unknown" for what is not known. Static. */
const char *ctl_bank_name(int64_t bank);

#endif
