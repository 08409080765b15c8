/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --deepquote says: parsed by the launcher, carried to the module in the environment.
 */
#ifndef SWTPM_DEEPQUOTE_SETTINGS_H
#define SWTPM_DEEPQUOTE_SETTINGS_H

#include "wire/uuid.h"

#include <sys/un.h>

/* Environment variables between the launcher and the module, which removes them. */
#define SETTINGS_ENV_MANAGER "SWTPM_DEEPQUOTE_MANAGER"
#define SETTINGS_ENV_UUID "SWTPM_DEEPQUOTE_UUID"
#define SETTINGS_ENV_TIMEOUT "SWTPM_DEEPQUOTE_TIMEOUT"
#define SETTINGS_ENV_PRELOAD "SWTPM_DEEPQUOTE_PRELOAD" /* LD_PRELOAD as it was before us */

enum {
    SETTINGS_TIMEOUT_DEFAULT_MS = 20000,
    SETTINGS_TIMEOUT_MIN_MS = 50,
    SETTINGS_TIMEOUT_MAX_MS = 90000, /* guests give up on an unknown command after 120 s */
    SETTINGS_MANAGER_MAX = sizeof(((struct sockaddr_un *)0)->sun_path),
};

typedef struct Settings {
    char manager[SETTINGS_MANAGER_MAX]; /* path of the manager's socket; empty: no DeepQuote */
    bool have_uuid;
    WireUuid uuid;
    uint32_t timeout_ms;
} Settings;

/** settings_init: no manager, no UUID, the default time-out. */
void settings_init(Settings *s);

/**
 * settings_parse:
 * @text: comma-separated key=value pairs: manager=PATH, uuid=UUID, timeout=SECONDS
 * @s: gets what @text names; the rest stays
 * @error: gets a message that says what to do; at least one byte
 *
 * Returns: false with @error set, and @s unchanged, for a text that it does not understand.
 */
bool settings_parse(Settings *s, const char *text, char *error, size_t error_size);

/**
 * settings_uuid_from_path: of a domain, from where libvirt keeps the state of its TPM 2.0:
 * .../swtpm/UUID/tpm2, for the system and for sessions alike. No other path is taken for one.
 */
bool settings_uuid_from_path(const char *path, WireUuid *ret);

#endif
