/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manager_defaults.h"

typedef bool SettingParser(Settings *s, const char *value, char *error, size_t error_size);

void settings_init(Settings *s)
{
    *s = (Settings){ .timeout_ms = SETTINGS_TIMEOUT_DEFAULT_MS };
}

__attribute__((format(printf, 3, 4))) static bool fail(char *error, size_t error_size,
                                                       const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, error_size, format, args);
    va_end(args);
    return false;
}

bool settings_uuid_from_path(const char *path, WireUuid *ret)
{
    static const char before[] = "/swtpm/";
    static const char after[] = "/tpm2";
    enum {
        UUID_AT = sizeof(before) - 1,
        AFTER_AT = UUID_AT + WIRE_UUID_TEXT_SIZE - 1,
        SIZE = AFTER_AT + sizeof(after) - 1,
    };
    size_t len = strlen(path);
    const char *end = len >= SIZE ? path + len - SIZE : "";

    return strncmp(end, before, UUID_AT) == 0 && strcmp(end + AFTER_AT, after) == 0 &&
           wire_uuid_parse(end + UUID_AT, WIRE_UUID_TEXT_SIZE - 1, ret);
}

static bool parse_manager(Settings *s, const char *value, char *error, size_t error_size)
{
    if (value[0] != '/') {
        return fail(error, error_size,
                    "manager=%s is not an absolute path; give the path of vtpm-managerd's socket, "
                    "such as " DEFAULT_SOCKET,
                    value);
    }
    if (strlen(value) >= sizeof(s->manager)) {
        return fail(error, error_size,
                    "manager= is longer than the %zu bytes of a socket's path; "
                    "use a shorter one",
                    sizeof(s->manager) - 1);
    }
    strcpy(s->manager, value);
    return true;
}

static bool parse_uuid(Settings *s, const char *value, char *error, size_t error_size)
{
    if (!wire_uuid_parse(value, strlen(value), &s->uuid)) {
        return fail(error, error_size,
                    "uuid=%s is not a UUID; give it as "
                    "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
                    value);
    }
    s->have_uuid = true;
    return true;
}

static bool parse_timeout(Settings *s, const char *value, char *error, size_t error_size)
{
    char *end = NULL;
    double ms;

    errno = 0;
    ms = strtod(value, &end) * 1000;
    if (end == value || *end || errno || !isfinite(ms) || ms < SETTINGS_TIMEOUT_MIN_MS ||
        ms > SETTINGS_TIMEOUT_MAX_MS) {
        return fail(error, error_size, "timeout=%s is not a number of seconds from %g to %g", value,
                    SETTINGS_TIMEOUT_MIN_MS / 1000.0, SETTINGS_TIMEOUT_MAX_MS / 1000.0);
    }
    s->timeout_ms = (uint32_t)ms;
    return true;
}

static const struct {
    const char *key;
    SettingParser *parse;
} setting_parsers[] = {
    { "manager", parse_manager },
    { "uuid", parse_uuid },
    { "timeout", parse_timeout },
};

/* "manager=/x timeout=5" would make a path of it all. */
static bool holds_another_setting(const char *value)
{
    while ((value = strpbrk(value, " \t"))) {
        value += strspn(value, " \t");
        for (size_t i = 0; i < sizeof(setting_parsers) / sizeof(setting_parsers[0]); i++) {
            size_t len = strlen(setting_parsers[i].key);

            if (strncmp(value, setting_parsers[i].key, len) == 0 && value[len] == '=') {
                return true;
            }
        }
    }
    return false;
}

static bool parse_pair(Settings *s, char *pair, char *error, size_t error_size)
{
    char *value = strchr(pair, '=');

    if (value) {
        *value++ = '\0';
        if (holds_another_setting(value)) {
            return fail(error, error_size,
                        "%s=%s has a second setting behind a blank; separate them by a comma, or "
                        "give each a line of the settings file",
                        pair, value);
        }
        for (size_t i = 0; i < sizeof(setting_parsers) / sizeof(setting_parsers[0]); i++) {
            if (strcmp(pair, setting_parsers[i].key) == 0) {
                return setting_parsers[i].parse(s, value, error, error_size);
            }
        }
    }
    return fail(error, error_size,
                "'%s' is not understood; give manager=PATH[,uuid=UUID][,timeout=SECONDS]", pair);
}

bool settings_parse(Settings *s, const char *text, char *error, size_t error_size)
{
    Settings parsed = *s;
    char *copy = strdup(text);
    char *rest = copy;
    char *pair;
    bool ok = copy != NULL;

    if (!ok) {
        return fail(error, error_size, "out of memory; free some and start again");
    }
    while (ok && (pair = strsep(&rest, ","))) {
        ok = parse_pair(&parsed, pair, error, error_size);
    }
    free(copy);
    if (ok) {
        *s = parsed;
    }
    return ok;
}
