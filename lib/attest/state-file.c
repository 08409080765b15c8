/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State files: lines of text between a first line that names the format and a last line that
 * shows that nothing is missing.
 *
 *     deepquote-state 1
 *     vm UUID EPOCH GENERATION
 *     host NAME RESETCOUNT RESTARTCOUNT
 *     clock UUID NAME MILLISECONDS
 *     nonce HEX
 *     end
 */
#include "attest/state.h"

#include "attest/bytes.h"
#include "wire/name.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>

#define FIRST_LINE "deepquote-state 1"
#define LAST_LINE "end"
#define FIELDS_MAX 4

static gboolean read_number(const char *text, guint64 max, guint64 *ret)
{
    return g_ascii_string_to_unsigned(text, 10, 0, max, ret, NULL);
}

static GBytes *read_hex(const char *text, gsize min, gsize max)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(text, NULL);

    if (bytes == NULL || g_bytes_get_size(bytes) < min || g_bytes_get_size(bytes) > max) {
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

static GBytes *read_name(const char *text)
{
    g_autoptr(GBytes) bytes = read_hex(text, 3, DQ_NAME_MAX);

    if (bytes == NULL || !wire_name_valid(dq_wire(dq_bytes_peek(bytes)))) {
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

static gboolean read_vm(DqState *s, char **f)
{
    WireUuid uuid;
    DqStateVm vm;

    if (!dq_uuid_parse(f[0], uuid.byte, NULL) || !read_number(f[1], G_MAXUINT64, &vm.epoch) ||
        !read_number(f[2], G_MAXUINT64, &vm.generation)) {
        return FALSE;
    }
    dq_state_put_vm(s, &uuid, vm);
    return TRUE;
}

static gboolean read_host(DqState *s, char **f)
{
    g_autoptr(GBytes) name = read_name(f[0]);
    guint64 reset, restart;

    if (name == NULL || !read_number(f[1], G_MAXUINT32, &reset) ||
        !read_number(f[2], G_MAXUINT32, &restart)) {
        return FALSE;
    }
    dq_state_put_host(s, dq_bytes_peek(name), (DqStateHost){ (guint32)reset, (guint32)restart });
    return TRUE;
}

static gboolean read_clock(DqState *s, char **f)
{
    WireUuid uuid;
    g_autoptr(GBytes) name = read_name(f[1]);
    guint64 clock;

    if (!dq_uuid_parse(f[0], uuid.byte, NULL) || name == NULL ||
        !read_number(f[2], G_MAXUINT64, &clock)) {
        return FALSE;
    }
    dq_state_put_clock(s, &uuid, dq_bytes_peek(name), clock);
    return TRUE;
}

static gboolean read_nonce(DqState *s, char **f)
{
    g_autoptr(GBytes) nonce = read_hex(f[0], 1, DQ_NONCE_MAX);

    if (nonce == NULL) {
        return FALSE;
    }
    dq_state_put_nonce(s, dq_bytes_peek(nonce));
    return TRUE;
}

static const struct {
    const char *word;
    guint fields;
    gboolean (*read)(DqState *s, char **fields);
} lines[] = {
    { "vm", 3, read_vm },
    { "host", 3, read_host },
    { "clock", 3, read_clock },
    { "nonce", 1, read_nonce },
};

static gboolean read_line(DqState *s, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", FIELDS_MAX + 1);

    for (gsize i = 0; words[0] != NULL && i < G_N_ELEMENTS(lines); i++) {
        if (strcmp(words[0], lines[i].word) == 0) {
            return g_strv_length(words) == 1 + lines[i].fields && lines[i].read(s, words + 1);
        }
    }
    return FALSE;
}

/* Returns the number of the line that is wrong, 0 where all are right. */
static guint read_lines(DqState *s, char *text)
{
    char *rest = text;
    char *line = strsep(&rest, "\n");
    guint number = 1;

    if (strcmp(line, FIRST_LINE) != 0) {
        return number;
    }
    while ((line = strsep(&rest, "\n")) != NULL) {
        number++;
        if (strcmp(line, LAST_LINE) == 0) {
            return rest != NULL && *rest == '\0' ? 0 : number + 1;
        }
        if (!read_line(s, line)) {
            return number;
        }
    }
    return number;
}

static gboolean read_text(DqState *s, const char *text, gsize len, const char *name, GError **error)
{
    g_autofree char *copy = g_strndup(text, len);
    guint wrong = strlen(copy) != len ? 1 : read_lines(s, copy);

    if (wrong != 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_STATE,
                    "%s:%u: the state file is damaged: put a copy of it back, or delete it and "
                    "take new nonces only",
                    name, wrong);
        return FALSE;
    }
    return TRUE;
}

DqState *dq_state_new_from_text(const char *text, gsize len, const char *name, GError **error)
{
    g_autoptr(DqState) s = dq_state_new();

    if (!read_text(s, text, len, name, error)) {
        return NULL;
    }
    return g_steal_pointer(&s);
}

static void set_errno_error(GError **error, const char *path, const char *what)
{
    int saved = errno;

    g_set_error(error, DQ_ERROR, DQ_ERROR_STATE,
                "%s: cannot be %s: %s; name a file in a folder "
                "that you may write to",
                path, what, g_strerror(saved));
}

/* Waits for the lock; -1 with the error set. */
static int lock_file(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0) {
        set_errno_error(error, path, "opened");
        return -1;
    }
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            set_errno_error(error, path, "locked");
            g_close(fd, NULL);
            return -1;
        }
    }
    return fd;
}

DqState *dq_state_open(const char *path, GError **error)
{
    g_autoptr(DqState) s = dq_state_new();
    g_autofree char *lock_path = g_strconcat(path, ".lock", NULL);
    g_autofree char *text = NULL;
    GError *cause = NULL;
    gsize len;

    s->path = g_strdup(path);
    s->lock_fd = lock_file(lock_path, error);
    if (s->lock_fd < 0) {
        return NULL;
    }
    if (!g_file_get_contents(path, &text, &len, &cause)) {
        if (g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            g_error_free(cause);
            return g_steal_pointer(&s);
        }
        g_set_error(error, DQ_ERROR, DQ_ERROR_STATE, "%s", cause->message);
        g_error_free(cause);
        return NULL;
    }
    if (!read_text(s, text, len, path, error)) {
        return NULL;
    }
    return g_steal_pointer(&s);
}

/* The keys of a table in an order that does not depend on where they lie in memory. */
static GList *sorted_keys(GHashTable *table)
{
    return g_list_sort(g_hash_table_get_keys(table), g_bytes_compare);
}

static char *hex(DqBytes b)
{
    return dq_hex_encode(b.data, b.len);
}

static void write_vms(GString *out, DqState *s)
{
    g_autoptr(GList) keys = sorted_keys(s->vms);

    for (GList *k = keys; k != NULL; k = k->next) {
        const DqStateVm *vm = g_hash_table_lookup(s->vms, k->data);
        g_autofree char *uuid = dq_uuid_format(dq_bytes_peek(k->data).data);

        g_string_append_printf(out, "vm %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", uuid,
                               vm->epoch, vm->generation);
    }
}

static void write_hosts(GString *out, DqState *s)
{
    g_autoptr(GList) keys = sorted_keys(s->hosts);

    for (GList *k = keys; k != NULL; k = k->next) {
        const DqStateHost *host = g_hash_table_lookup(s->hosts, k->data);
        g_autofree char *name = hex(dq_bytes_peek(k->data));

        g_string_append_printf(out, "host %s %u %u\n", name, host->reset_count,
                               host->restart_count);
    }
}

static void write_clocks(GString *out, DqState *s)
{
    g_autoptr(GList) keys = sorted_keys(s->clocks);

    for (GList *k = keys; k != NULL; k = k->next) {
        const guint64 *clock = g_hash_table_lookup(s->clocks, k->data);
        DqBytes key = dq_bytes_peek(k->data);
        g_autofree char *uuid = dq_uuid_format(key.data);
        g_autofree char *name = dq_hex_encode(key.data + DQ_UUID_SIZE, key.len - DQ_UUID_SIZE);

        g_string_append_printf(out, "clock %s %s %" G_GUINT64_FORMAT "\n", uuid, name, *clock);
    }
}

static void write_nonces(GString *out, DqState *s)
{
    g_autoptr(GList) keys = sorted_keys(s->nonces);

    for (GList *k = keys; k != NULL; k = k->next) {
        g_autofree char *nonce = hex(dq_bytes_peek(k->data));

        g_string_append_printf(out, "nonce %s\n", nonce);
    }
}

static char *to_text(DqState *state)
{
    GString *out = g_string_new(FIRST_LINE "\n");

    write_vms(out, state);
    write_hosts(out, state);
    write_clocks(out, state);
    write_nonces(out, state);
    g_string_append(out, LAST_LINE "\n");
    return g_string_free(out, FALSE);
}

char *dq_state_to_text(DqState *state)
{
    char *text;

    g_mutex_lock(&state->lock);
    text = to_text(state);
    g_mutex_unlock(&state->lock);
    return text;
}

static gboolean save(DqState *state, GError **error)
{
    g_autofree char *text = to_text(state);
    GError *cause = NULL;

    if (!g_file_set_contents_full(state->path, text, -1,
                                  G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                  0600, &cause)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_STATE,
                    "%s; make room or name another file: until the state is saved the verdict "
                    "must not be acted on",
                    cause->message);
        g_error_free(cause);
        return FALSE;
    }
    state->changed = FALSE;
    return TRUE;
}

gboolean dq_state_save(DqState *state, GError **error)
{
    gboolean saved = TRUE;

    g_mutex_lock(&state->lock);
    if (state->path != NULL && state->changed) {
        saved = save(state, error);
    }
    g_mutex_unlock(&state->lock);
    return saved;
}
