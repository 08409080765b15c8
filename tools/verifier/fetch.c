/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fetch.h"

#include "appraise/ima-list.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PRINTED_MAX = 65536, /* bytes that a command may print */
    SHOWN_MAX = 300,     /* of them in a message */
};

G_DEFINE_QUARK(fetch_error, fetch_error)

/** A command that runs. */
typedef struct Child {
    GMainLoop *loop;
    GPid pid;   /* and process group */
    int output; /* a pipe; -1: closed */
    GString *printed;
    gboolean ended, late, loud;
    int status; /* as waitpid() has it */
} Child;

static GString *replace(const char *word, const FetchRun *run)
{
    g_autofree char *offset = g_strdup_printf("%" G_GUINT64_FORMAT, run->ima_offset);
    GString *out = g_string_new(word);

    g_string_replace(out, "{nonce}", run->nonce, 0);
    g_string_replace(out, "{folder}", run->folder, 0);
    g_string_replace(out, "{ima-offset}", offset, 0);
    return out;
}

/* (transfer full) */
static char **words_of(const FetchRun *run)
{
    const guint count = g_strv_length(run->argv);
    char **words = g_new0(char *, count + 1);

    for (guint i = 0; i < count; i++) {
        words[i] = g_string_free(replace(run->argv[i], run), FALSE);
    }
    return words;
}

/* (transfer full) */
static char **environment_of(const FetchRun *run)
{
    g_autofree char *offset = g_strdup_printf("%" G_GUINT64_FORMAT, run->ima_offset);
    char **environment = g_get_environ();

    environment = g_environ_setenv(environment, "DEEPQUOTE_NONCE", run->nonce, TRUE);
    environment = g_environ_setenv(environment, "DEEPQUOTE_FOLDER", run->folder, TRUE);
    return g_environ_setenv(environment, "DEEPQUOTE_IMA_OFFSET", offset, TRUE);
}

/* In the child, before the command: only what may be called there. */
static void set_up_child(G_GNUC_UNUSED gpointer data)
{
    const struct rlimit size = { DQ_IMA_LIST_MAX, DQ_IMA_LIST_MAX };

    setpgid(0, 0);
    setrlimit(RLIMIT_FSIZE, &size);
    dup2(STDERR_FILENO, STDOUT_FILENO);
}

/* What it started may still be there when it has ended. */
static void kill_all(const Child *c)
{
    kill(-c->pid, SIGKILL);
}

static void note_end(G_GNUC_UNUSED GPid pid, int status, gpointer child)
{
    Child *c = child;

    c->ended = TRUE;
    c->status = status;
    g_main_loop_quit(c->loop);
}

static gboolean note_late(gpointer child)
{
    Child *c = child;

    c->late = TRUE;
    g_main_loop_quit(c->loop);
    return G_SOURCE_REMOVE;
}

/* FALSE: there is no more to be read now, or ever. */
static gboolean read_some(Child *c)
{
    char buffer[4096];
    const ssize_t n = read(c->output, buffer, sizeof(buffer));

    if (n > 0) {
        g_string_append_len(c->printed, buffer, n);
    }
    c->loud = c->printed->len > PRINTED_MAX;
    return n > 0 && !c->loud;
}

static gboolean take_output(G_GNUC_UNUSED gint fd, G_GNUC_UNUSED GIOCondition condition,
                            gpointer child)
{
    Child *c = child;

    if (read_some(c)) {
        return G_SOURCE_CONTINUE;
    }
    if (c->loud) {
        g_main_loop_quit(c->loop);
    }
    return G_SOURCE_REMOVE;
}

static gboolean start(Child *c, const FetchRun *run, GError **error)
{
    g_auto(GStrv) words = words_of(run), environment = environment_of(run);

    if (!g_spawn_async_with_pipes(run->folder, words, environment,
                                  G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, set_up_child,
                                  NULL, &c->pid, NULL, NULL, &c->output, error)) {
        return FALSE;
    }
    g_unix_set_fd_nonblocking(c->output, TRUE, NULL);
    return TRUE;
}

/* Until it ends, is late or loud, or somebody else quits the loop. Nothing of it is left then. */
static void wait_for(Child *c, guint timeout_s)
{
    const guint end = g_child_watch_add(c->pid, note_end, c);
    const guint late = g_timeout_add_seconds(timeout_s, note_late, c);
    const guint output = g_unix_fd_add(c->output, G_IO_IN | G_IO_HUP, take_output, c);
    GSource *source;

    g_main_loop_run(c->loop);
    kill_all(c);
    if (!c->ended) {
        g_source_remove(end);
        waitpid(c->pid, &c->status, 0);
    }
    while (!c->loud && read_some(c)) { /* what it said last says most */
    }
    if (!c->late) {
        g_source_remove(late);
    }
    source = g_main_context_find_source_by_id(NULL, output);
    if (source) {
        g_source_destroy(source);
    }
    close(c->output);
}

/* (transfer full): ": " and the end of what it printed, for a message; "" for nothing. */
static char *last_words(const Child *c)
{
    g_autofree char *text = g_strstrip(g_strdup(c->printed->str));
    const gsize len = strlen(text);

    return len > 0 ? g_strconcat(": ", text + (len > SHOWN_MAX ? len - SHOWN_MAX : 0), NULL)
                   : g_strdup("");
}

static gboolean judge(const Child *c, guint timeout_s, GError **error)
{
    g_autofree char *words = last_words(c);

    if (c->loud) {
        g_set_error(error, FETCH_ERROR, 0, "the command printed more than %d bytes", PRINTED_MAX);
    } else if (c->late) {
        g_set_error(error, FETCH_ERROR, 0, "the command did not end within %u seconds%s", timeout_s,
                    words);
    } else if (!c->ended) {
        g_set_error(error, FETCH_ERROR, 0, "the command was ended%s", words);
    } else if (WIFSIGNALED(c->status)) {
        g_set_error(error, FETCH_ERROR, 0, "the command was killed by signal %d%s",
                    WTERMSIG(c->status), words);
    } else if (WEXITSTATUS(c->status) != 0) {
        g_set_error(error, FETCH_ERROR, 0, "the command failed with status %d%s",
                    WEXITSTATUS(c->status), words);
    } else {
        return TRUE;
    }
    return FALSE;
}

gboolean fetch_run(const FetchRun *run, GError **error)
{
    Child c = { .loop = run->loop, .output = -1 };
    gboolean good;

    if (!start(&c, run, error)) {
        return FALSE;
    }
    c.printed = g_string_new(NULL);
    wait_for(&c, run->timeout_s);
    good = judge(&c, run->timeout_s, error);
    g_string_free(c.printed, TRUE);
    return good;
}
