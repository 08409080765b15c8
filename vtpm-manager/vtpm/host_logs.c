/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/host_logs.h"

#include "daemon/growing_file.h"
#include "daemon/log_kind.h"
#include "wire/deepquote.h"

enum {
    FIRST = DEEPQUOTE_HOST_BOOT_LOG,
    LOGS = DEEPQUOTE_HOST_IMA_LOG - FIRST + 1,
    LOG_MAX = 128 * 1024 * 1024,
};

static LogKind troubles = LOG_KIND("troubles with the logs that this host shares");

typedef struct HostLog {
    GrowingFile *file; /* NULL: the host has none */
    char *told;        /* what was last said to be wrong with it */
} HostLog;

struct HostLogs {
    HostLog log[LOGS];
};

/** Somebody who waits for a page. */
typedef struct Wait {
    HostLog *log;
    uint32_t offset;
    HostLogsDone done; /* NULL: it was a first look */
    void *data;
} Wait;

/* Once for each trouble: guests decide how often this comes. */
static void tell(HostLog *log, const GError *error)
{
    if (error && g_strcmp0(log->told, error->message) != 0) {
        log_kind_warn(&troubles,
                      "a log of the host cannot be shared: %s; see --share-logs in "
                      "vtpm-managerd(8)",
                      error->message);
    }
    g_free(log->told);
    log->told = error ? g_strdup(error->message) : NULL;
}

static ManagerReason reason_of(const GrowingFilePage *page, const GError *error, uint32_t offset)
{
    const gboolean missing = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);

    if (error && !missing) {
        return MANAGER_REASON_LOG_UNREADABLE;
    }
    return offset > (page ? page->size : 0) ? MANAGER_REASON_NO_SUCH_PAGE : MANAGER_REASON_NONE;
}

static void take_page(void *data, const GrowingFilePage *page, const GError *error)
{
    g_autofree Wait *wait = data;
    const ManagerReason reason = reason_of(page, error, wait->offset);
    WireBytes bytes = { NULL, 0 };

    if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        tell(wait->log, error);
    }
    if (page && page->len > 0) {
        bytes = (WireBytes){ page->data, page->len };
    }
    if (wait->done) {
        wait->done(wait->data, reason, page ? (uint32_t)page->size : 0, bytes);
    }
}

static void read_log(HostLog *log, uint32_t offset, uint32_t room, HostLogsDone done, void *data)
{
    Wait wait = { log, offset, done, data };

    growing_file_read(log->file, offset, room, take_page, g_memdup2(&wait, sizeof(wait)));
}

HostLogs *host_logs_new(const char *boot, const char *ima)
{
    const char *const paths[LOGS] = { boot, ima };
    HostLogs *logs = g_new0(HostLogs, 1);

    for (gsize i = 0; i < LOGS; i++) {
        if (paths[i]) {
            logs->log[i].file = growing_file_new(paths[i], LOG_MAX);
            read_log(&logs->log[i], 0, 0, NULL, NULL);
        }
    }
    return logs;
}

void host_logs_free(HostLogs *logs)
{
    if (!logs) {
        return;
    }
    for (gsize i = 0; i < LOGS; i++) {
        growing_file_free(logs->log[i].file);
        g_free(logs->log[i].told);
    }
    g_free(logs);
}

gboolean host_logs_is_log(uint32_t what)
{
    return what >= FIRST && what < FIRST + LOGS;
}

void host_logs_page(HostLogs *logs, uint32_t what, uint32_t offset, uint32_t room,
                    HostLogsDone done, void *data)
{
    HostLog *log = logs ? &logs->log[what - FIRST] : NULL;

    if (!log) {
        done(data, MANAGER_REASON_NOT_SHARED, 0, (WireBytes){ NULL, 0 });
    } else if (!log->file) {
        done(data, offset > 0 ? MANAGER_REASON_NO_SUCH_PAGE : MANAGER_REASON_NONE, 0,
             (WireBytes){ NULL, 0 });
    } else {
        read_log(log, offset, MIN(room, (uint32_t)DEEPQUOTE_PAGE_MAX), done, data);
    }
}
