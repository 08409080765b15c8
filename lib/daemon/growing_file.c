/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/growing_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHUNK = 256 * 1024,
    LOOK_EVERY_US = 100 * 1000,
};

/* While a thread reads it has all of the first part; otherwise the main context has. */
struct GrowingFile {
    int fd; /* -1: not open */
    dev_t device;
    ino_t inode;
    GByteArray *bytes;
    gboolean sized;     /* stat tells how long it is: not so on securityfs */
    gboolean too_large; /* and so it remains until it is replaced */

    char *path;
    gsize limit;
    gint freed; /* atomic: nobody wants to know any more */

    gboolean busy;  /* a thread reads */
    int64_t looked; /* monotonic, in microseconds; 0: never */
    GError *error;  /* of the last look */
    GQueue waiting; /* of Wait */
};

typedef struct Wait {
    gsize offset;
    gsize room;
    GrowingFileDone done;
    void *data;
} Wait;

/* ------------------------------------------------------------------------ What the thread does */

static gboolean set_errno(const GrowingFile *f, int number, GError **error)
{
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(number), "cannot read %s: %s",
                f->path, g_strerror(number));
    return FALSE;
}

static void forget(GrowingFile *f)
{
    if (f->fd >= 0) {
        close(f->fd);
    }
    f->fd = -1;
    g_byte_array_unref(f->bytes);
    f->bytes = g_byte_array_new();
    f->sized = FALSE;
    f->too_large = FALSE;
}

static gboolean open_anew(GrowingFile *f, GError **error)
{
    struct stat st;

    f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (f->fd < 0 || fstat(f->fd, &st) != 0) {
        return set_errno(f, errno, error);
    }
    if (!S_ISREG(st.st_mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "cannot read %s: it is no file",
                    f->path);
        return FALSE;
    }
    f->device = st.st_dev;
    f->inode = st.st_ino;
    return TRUE;
}

/* What lies at the path is another file than the open one, or it became shorter. */
static gboolean is_replaced(const GrowingFile *f)
{
    struct stat st;

    return stat(f->path, &st) != 0 || st.st_dev != f->device || st.st_ino != f->inode ||
           (f->sized && (gsize)st.st_size < f->bytes->len) ||
           (f->too_large && st.st_size > 0 && (gsize)st.st_size <= f->limit);
}

/* Appends a chunk at most; -1 with errno. */
static ssize_t read_chunk(GrowingFile *f)
{
    const guint before = f->bytes->len;
    ssize_t n;

    g_byte_array_set_size(f->bytes, before + CHUNK);
    do {
        n = read(f->fd, f->bytes->data + before, CHUNK);
    } while (n < 0 && errno == EINTR);
    g_byte_array_set_size(f->bytes, before + (n > 0 ? (guint)n : 0));
    return n;
}

static gboolean read_on(GrowingFile *f, GError **error)
{
    struct stat st;
    ssize_t n = 1;

    while (n > 0 && f->bytes->len <= f->limit && !g_atomic_int_get(&f->freed)) {
        n = read_chunk(f);
    }
    if (n < 0) {
        return set_errno(f, errno, error);
    }
    if (f->bytes->len > f->limit) {
        f->too_large = TRUE;
        g_byte_array_set_size(f->bytes, 0);
    }
    f->sized = fstat(f->fd, &st) == 0 && f->bytes->len > 0 && (gsize)st.st_size >= f->bytes->len;
    return TRUE;
}

static gboolean catch_up(GrowingFile *f, GError **error)
{
    if (f->fd >= 0 && is_replaced(f)) {
        forget(f);
    }
    if ((f->fd < 0 && !open_anew(f, error)) || (!f->too_large && !read_on(f, error))) {
        forget(f);
        return FALSE;
    }
    if (f->too_large) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "cannot read %s: it has more than %" G_GSIZE_FORMAT " bytes", f->path,
                    f->limit);
        return FALSE;
    }
    return TRUE;
}

static void look_run(GTask *task, G_GNUC_UNUSED gpointer source, gpointer data,
                     G_GNUC_UNUSED GCancellable *cancellable)
{
    GError *error = NULL;

    if (catch_up(data, &error)) {
        g_task_return_boolean(task, TRUE);
    } else {
        g_task_return_error(task, error);
    }
}

/* ------------------------------------------------------------------ What the main context does */

static void answer(const GrowingFile *f, const Wait *wait)
{
    const gsize size = f->bytes->len;
    GrowingFilePage page = { .size = size };

    if (f->error) {
        wait->done(wait->data, NULL, f->error);
        return;
    }
    if (wait->offset < size) {
        page.data = f->bytes->data + wait->offset;
        page.len = MIN(size - wait->offset, wait->room);
    }
    wait->done(wait->data, &page, NULL);
}

static void look_done(G_GNUC_UNUSED GObject *source, GAsyncResult *result, gpointer data)
{
    GrowingFile *f = data;
    GQueue waiting = f->waiting;
    Wait *wait;

    f->busy = FALSE;
    f->looked = g_get_monotonic_time();
    g_clear_error(&f->error);
    g_task_propagate_boolean(G_TASK(result), &f->error);
    g_queue_init(&f->waiting);
    while ((wait = g_queue_pop_head(&waiting))) {
        answer(f, wait);
        g_free(wait);
    }
}

static void clear(gpointer data)
{
    GrowingFile *f = data;

    if (f->fd >= 0) {
        close(f->fd);
    }
    g_byte_array_unref(f->bytes);
    g_clear_error(&f->error);
    g_free(f->path);
}

static void release(gpointer file)
{
    g_atomic_rc_box_release_full(file, clear);
}

static void look(GrowingFile *f)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, look_done, f);

    f->busy = TRUE;
    g_task_set_task_data(task, g_atomic_rc_box_acquire(f), release);
    g_task_run_in_thread(task, look_run);
}

/* From memory: what is known to be there, or as much as was found a moment ago. */
static gboolean is_known(const GrowingFile *f, gsize offset, gsize room)
{
    if (f->busy || f->looked == 0) {
        return FALSE;
    }
    return g_get_monotonic_time() - f->looked < LOOK_EVERY_US ||
           (!f->error && offset > 0 && offset < f->bytes->len && f->bytes->len - offset >= room);
}

void growing_file_read(GrowingFile *file, gsize offset, gsize room, GrowingFileDone done,
                       void *data)
{
    Wait wait = { offset, room, done, data };

    if (is_known(file, offset, room)) {
        answer(file, &wait);
        return;
    }
    g_queue_push_tail(&file->waiting, g_memdup2(&wait, sizeof(wait)));
    if (!file->busy) {
        look(file);
    }
}

GrowingFile *growing_file_new(const char *path, gsize limit)
{
    GrowingFile *f = g_atomic_rc_box_new0(GrowingFile);

    f->fd = -1;
    f->bytes = g_byte_array_new();
    f->path = g_strdup(path);
    f->limit = limit;
    g_queue_init(&f->waiting);
    return f;
}

void growing_file_free(GrowingFile *file)
{
    g_autoptr(GError) gone = NULL;
    Wait *wait;

    if (!file) {
        return;
    }
    gone = g_error_new(G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s is read no more", file->path);
    g_atomic_int_set(&file->freed, 1);
    while ((wait = g_queue_pop_head(&file->waiting))) {
        wait->done(wait->data, NULL, gone);
        g_free(wait);
    }
    release(file);
}
