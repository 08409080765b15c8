/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerd: identities of virtual TPMs, and the only user of the host's TPM. */
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/server.h"
#include "daemon/log.h"
#include "admin/metrics_page.h"
#include "daemon/notify.h"
#include "options.h"
#include "tpm/simulator.h"
#include "registry/lock.h"
#include "tpm/tcti_conf.h"
#include "daemon/unix_socket.h"
#include "vtpm/server.h"

enum {
    EXIT_USAGE = 2,
    DRAIN_POLL_MS = 5,
    DRAIN_LIMIT_S = 10, /* for what the TPM works on when the daemon is told to end */
};

typedef struct Daemon {
    Options options;
    Manager manager;
    AdminServer *admin;
    HttpServer *metrics; /* NULL: not served */
    Simulator *simulator;
    GMainLoop *loop;
    int lock;
    gboolean listening; /* the sockets' files are ours */
    gboolean stopping;
    gint64 drain_until;
    int status;
} Daemon;

/* Opening the TPM on the worker's thread */
typedef struct OpenJob {
    Daemon *daemon;
    TpmInfo *info;
    GError *error;
} OpenJob;

static void fail(Daemon *daemon, const char *message)
{
    log_error(message);
    daemon->status = EXIT_FAILURE;
    g_main_loop_quit(daemon->loop);
}

static void open_run(TpmSession *tpm, void *data)
{
    OpenJob *job = data;

    if (tpm_session_open(tpm, &job->error)) {
        job->info = tpm_session_info(tpm);
    }
}

static gboolean serve_metrics(Daemon *daemon, GError **error)
{
    const ListenAddress *address = &daemon->options.metrics_address;

    daemon->metrics = http_server_new(daemon->manager.context, daemon->manager.poller, address,
                                      metrics_page_answer, &daemon->manager, error);
    if (!daemon->metrics) {
        return FALSE;
    }
    if (address->path) {
        g_message("metrics at unix:%s", address->path);
    } else {
        g_message("metrics at http://localhost:%u/metrics", http_server_port(daemon->metrics));
    }
    return TRUE;
}

static gboolean open_sockets(Daemon *daemon, GError **error)
{
    Manager *manager = &daemon->manager;
    const Options *o = &daemon->options;
    int admin = unix_socket_listen(o->admin_socket, SOCK_STREAM, 0600, error);
    int vtpms;

    if (admin < 0) {
        return FALSE;
    }
    vtpms = unix_socket_listen(o->socket, SOCK_SEQPACKET, o->socket_mode, error);
    if (vtpms < 0) {
        close(admin);
        g_unlink(o->admin_socket);
        return FALSE;
    }
    daemon->listening = TRUE;
    manager->vtpms = vtpm_server_new(manager, vtpms, error);
    daemon->admin = admin_server_new(manager, admin, error);
    if (!manager->vtpms || !daemon->admin) {
        return FALSE;
    }
    return !o->metrics || serve_metrics(daemon, error);
}

static void tell_ready(Daemon *daemon)
{
    const TpmInfo *info = daemon->manager.info;

    if (info->simulated) {
        g_warning("the TPM is simulated, not hardware: nothing that it signs may be trusted");
    }
    g_message("ready: TPM %s %s, vTPMs at %s", info->manufacturer, info->vendor,
              daemon->options.socket);
    notify_send("READY=1");
}

static void open_done(void *data)
{
    g_autofree OpenJob *job = data;
    Daemon *daemon = job->daemon;
    Manager *manager = &daemon->manager;
    g_autoptr(GError) error = job->error;

    if (daemon->stopping) {
        tpm_info_unref(job->info);
        return;
    }
    if (!job->info) {
        fail(daemon, error->message);
        return;
    }
    manager->info = job->info;
    manager->credentials = credentials_new(manager->info, daemon->options.ak_certificate,
                                           daemon->options.state_dir, &error);
    if (!manager->credentials) {
        fail(daemon, error->message);
        return;
    }
    manager->quoter =
        quoter_new(manager->worker, manager->info, manager->context, daemon->options.batch_limit);
    if (!open_sockets(daemon, &error)) {
        fail(daemon, error->message);
        return;
    }
    tell_ready(daemon);
}

static gboolean drained(Daemon *daemon)
{
    return (!daemon->manager.quoter || quoter_idle(daemon->manager.quoter)) &&
           tpm_worker_pending(daemon->manager.worker) == 0;
}

static gboolean drain(gpointer data)
{
    Daemon *daemon = data;

    if (!drained(daemon) && g_get_monotonic_time() < daemon->drain_until) {
        return G_SOURCE_CONTINUE;
    }
    g_main_loop_quit(daemon->loop);
    return G_SOURCE_REMOVE;
}

static gboolean terminate(gpointer data)
{
    Daemon *daemon = data;

    if (daemon->stopping) {
        return G_SOURCE_CONTINUE;
    }
    daemon->stopping = TRUE;
    notify_send("STOPPING=1");
    if (daemon->manager.vtpms) {
        vtpm_server_stop(daemon->manager.vtpms);
    }
    if (daemon->admin) {
        admin_server_stop(daemon->admin);
    }
    daemon->drain_until = g_get_monotonic_time() + DRAIN_LIMIT_S * G_USEC_PER_SEC;
    if (drain(daemon) == G_SOURCE_CONTINUE) {
        g_timeout_add(DRAIN_POLL_MS, drain, daemon);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean open_state(Daemon *daemon, GError **error)
{
    g_autofree char *path = g_build_filename(daemon->options.state_dir, "registry.db", NULL);

    daemon->lock = state_lock_take(daemon->options.state_dir, error);
    if (daemon->lock < 0) {
        return FALSE;
    }
    daemon->manager.registry = registry_open(path, error);
    return daemon->manager.registry != NULL;
}

static gboolean prepare(Daemon *daemon, GError **error)
{
    const Options *o = &daemon->options;
    Manager *manager = &daemon->manager;
    TpmSource source = tcti_conf_source(o->tcti);

    manager->context = g_main_context_default();
    manager->auto_register = o->auto_register;
    manager->tcti = o->tcti;
    manager->started = g_get_real_time() / G_USEC_PER_SEC;
    manager->limiter = limiter_new(o->vm_rate, o->vm_burst);
    if (!open_state(daemon, error)) {
        return FALSE;
    }
    manager->poller = poller_new(manager->context, error);
    if (!manager->poller) {
        return FALSE;
    }
    if (o->simulate_dir) {
        daemon->simulator = simulator_new(o->simulate_dir, error);
        if (!daemon->simulator) {
            return FALSE;
        }
        source = simulator_source(daemon->simulator);
    }
    manager->worker =
        tpm_worker_new(tpm_session_new(&source, o->ak_algorithm, o->state_dir), manager->context);
    return TRUE;
}

static void run(Daemon *daemon)
{
    OpenJob *job = g_new0(OpenJob, 1);
    guint term = g_unix_signal_add(SIGTERM, terminate, daemon);
    guint interrupt = g_unix_signal_add(SIGINT, terminate, daemon);

    job->daemon = daemon;
    tpm_worker_submit(daemon->manager.worker, open_run, open_done, job);
    g_main_loop_run(daemon->loop);
    g_source_remove(term);
    g_source_remove(interrupt);
}

/* What the TPM never answered is left behind: its thread cannot be stopped. */
static void abandon(Daemon *daemon)
{
    g_warning("the TPM does not answer: ending without it");
    registry_close(daemon->manager.registry);
    _exit(EXIT_FAILURE);
}

static void clean_up(Daemon *daemon)
{
    Manager *manager = &daemon->manager;

    http_server_free(daemon->metrics);
    if (daemon->listening) {
        g_unlink(daemon->options.socket);
        g_unlink(daemon->options.admin_socket);
    }
    if (manager->worker && daemon->stopping && !drained(daemon)) {
        abandon(daemon);
    }
    admin_server_free(daemon->admin);
    vtpm_server_free(manager->vtpms);
    tpm_worker_free(manager->worker);
    quoter_free(manager->quoter);
    limiter_free(manager->limiter);
    credentials_free(manager->credentials);
    tpm_info_unref(manager->info);
    poller_free(manager->poller);
    registry_close(manager->registry);
    simulator_free(daemon->simulator);
    if (daemon->lock >= 0) {
        close(daemon->lock);
    }
    g_main_loop_unref(daemon->loop);
    options_clear(&daemon->options);
}

/* Thousands of vTPMs are thousands of sockets. */
static void raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    Daemon daemon = { .lock = -1 };
    g_autoptr(GError) error = NULL;

    g_set_prgname("vtpm-managerd");
    if (!options_parse(argc, argv, &daemon.options, &error)) {
        fprintf(stderr, "vtpm-managerd: %s\nTry vtpm-managerd --help\n", error->message);
        return EXIT_USAGE;
    }
    if (daemon.options.version) {
        printf("vtpm-managerd %s\n", PROJECT_VERSION);
        options_clear(&daemon.options);
        return EXIT_SUCCESS;
    }
    log_init("vtpm-managerd", daemon.options.verbose);
    /* tpm2-tss writes to standard error by itself; what matters of it is in our messages. */
    g_setenv("TSS2_LOG", "all+NONE", FALSE);
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error to report, not an end */
    raise_limits();
    daemon.loop = g_main_loop_new(NULL, FALSE);
    if (prepare(&daemon, &error)) {
        run(&daemon);
    } else {
        log_error(error->message);
        daemon.status = EXIT_FAILURE;
    }
    clean_up(&daemon);
    return daemon.status;
}
