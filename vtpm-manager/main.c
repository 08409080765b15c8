/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerd: identities of virtual TPMs, and the only user of the host's TPM. */
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/approval.h"
#include "admin/audit.h"
#include "admin/ek_authority.h"
#include "admin/escrow.h"
#include "admin/group.h"
#include "admin/host.h"
#include "admin/metrics_page.h"
#include "admin/parts.h"
#include "admin/registry.h"
#include "admin/server.h"
#include "admin/status.h"
#include "admin/vm.h"
#include "daemon/log.h"
#include "daemon/log_kind.h"
#include "daemon/notify.h"
#include "options.h"
#include "quote/audit_signer.h"
#include "registry/lock.h"
#include "registry/registry.h"
#include "tpm/ak_files.h"
#include "tpm/boot.h"
#include "tpm/device.h"
#include "tpm/host.h"
#include "tpm/simulator.h"
#include "tpm/tcti_conf.h"
#include "tpm/waits.h"
#include "vtpm/service.h"

enum {
    EXIT_USAGE = 2,
    DRAIN_POLL_MS = 5,
};

/* All parts, each before those that use it; NULL: not made yet, or not wanted. */
typedef struct Daemon {
    Options options;
    GMainContext *context;
    GMainLoop *loop;
    int64_t started; /* seconds since 1970 */
    int lock;
    Registry *registry;
    StateWriter *states;
    Poller *poller;
    Limiter *limiter;
    Owners *owners;
    Admission *admission;
    Simulator *simulator;
    TpmHost *host;
    TpmWorker *worker;
    Credentials *credentials;
    EkAuthority *authority; /* until the credentials have it */
    HostLogs *logs;
    Measurer *measurer;
    StateKeys *keys;
    Quoter *quoter;
    AuditSigner *signer;
    PcrReader *pcrs;
    Anchor *anchor;
    gboolean has_socket; /* its file is ours */
    gboolean has_admin_socket;
    VtpmService service;
    VtpmServer *vtpms;
    AdminStatus admin_status;
    AdminVms admin_vms;
    AdminHost admin_host;
    AdminRegistry admin_registry;
    AdminGroups admin_groups;
    AdminApproval admin_approval;
    AdminEkAuthority admin_authority;
    AdminParts admin_parts;
    AdminAudit admin_audit;
    Escrow escrow;
    AdminPart admin_commands[11];
    AdminServer *admin;
    MetricsPage metrics_page;
    HttpServer *metrics;
    gboolean stopping;
    int64_t drain_until;
    int status;
} Daemon;

/* Opening the TPM on the worker's thread */
typedef struct OpenJob {
    Daemon *daemon;
    GError *error;
} OpenJob;

static void fail(Daemon *daemon, const char *message)
{
    log_error(message);
    daemon->status = EXIT_FAILURE;
    g_main_loop_quit(daemon->loop);
}

/* Deep quotes do without it. */
static void open_authority(Daemon *daemon, TpmSession *tpm, const TpmInfo *info)
{
    g_autoptr(GError) error = NULL;

    daemon->authority =
        ek_authority_open(daemon->options.state_dir, tpm, info->ak_public, FALSE, &error);
    if (error) {
        g_warning("vTPMs get no certificates of this host: %s", error->message);
    }
}

static void open_run(TpmSession *tpm, void *data)
{
    OpenJob *job = data;

    if (tpm_session_open(tpm, &job->error)) {
        g_autoptr(TpmInfo) info = tpm_host_info(job->daemon->host);

        tpm_boot_compare(tpm, info, job->daemon->options.state_dir);
        open_authority(job->daemon, tpm, info);
        anchor_check(job->daemon->anchor, tpm, &job->error);
    }
}

static gboolean serve_vtpms(Daemon *d, int listener, GError **error)
{
    d->service = (VtpmService){
        .admission = d->admission,
        .vms = registry_vms(d->registry),
        .states = d->states,
        .quoter = d->quoter,
        .pcrs = d->pcrs,
        .worker = d->worker,
        .tpm = d->host,
        .credentials = d->credentials,
        .logs = d->logs,
        .measurer = d->measurer,
        .keys = d->keys,
    };
    d->vtpms = vtpm_server_new(d->context, d->poller, listener, d->limiter, &vtpm_service_handlers,
                               &d->service, error);
    return d->vtpms != NULL;
}

static gboolean listen_administrators(Daemon *d, GError **error)
{
    const int listener = unix_socket_listen(d->options.admin_socket, SOCK_STREAM, 0600, error);

    if (listener < 0) {
        return FALSE;
    }
    d->has_admin_socket = TRUE;
    d->admin =
        admin_server_new(d->poller, listener, admin_command_handle, d->admin_commands, error);
    return d->admin != NULL;
}

static void prepare_administration(Daemon *d)
{
    const AdminPart parts[G_N_ELEMENTS(d->admin_commands)] = {
        { admin_status_commands, &d->admin_status },
        { admin_vm_commands, &d->admin_vms },
        { admin_group_commands, &d->admin_groups },
        { admin_approval_commands, &d->admin_approval },
        { admin_escrow_commands, &d->escrow },
        { admin_host_commands, &d->admin_host },
        { admin_ek_authority_commands, &d->admin_authority },
        { admin_registry_commands, &d->admin_registry },
        { admin_audit_commands, &d->admin_audit },
        { admin_parts_commands, &d->admin_parts },
        { NULL, NULL },
    };

    d->admin_status = (AdminStatus){
        .tcti = d->options.tcti,
        .anchor = d->anchor,
        .started = d->started,
        .share_logs = d->options.share_logs,
        .tpm = d->host,
        .credentials = d->credentials,
        .vms = registry_vms(d->registry),
        .quoter = d->quoter,
        .admission = d->admission,
        .vtpms = d->vtpms,
    };
    d->admin_vms = (AdminVms){ registry_vms(d->registry), d->vtpms, d->owners };
    d->admin_groups = (AdminGroups){ registry_groups(d->registry), registry_vms(d->registry) };
    d->admin_approval = (AdminApproval){ registry_groups(d->registry), d->worker };
    d->admin_audit = (AdminAudit){ registry_store(d->registry), d->signer, d->host };
    d->admin_parts = (AdminParts){ registry_vms(d->registry), d->vtpms, d->measurer };
    d->escrow = (Escrow){
        .store = registry_store(d->registry),
        .groups = registry_groups(d->registry),
        .vms = registry_vms(d->registry),
        .keys = d->keys,
        .host = d->host,
        .worker = d->worker,
    };
    d->admin_host = (AdminHost){ d->host, d->credentials, d->worker };
    d->admin_authority = (AdminEkAuthority){
        .tpm = d->host,
        .worker = d->worker,
        .credentials = d->credentials,
        .vms = registry_vms(d->registry),
        .store = registry_store(d->registry),
        .state_dir = d->options.state_dir,
    };
    memcpy(d->admin_commands, parts, sizeof(parts));
}

static gboolean serve_metrics(Daemon *d, GError **error)
{
    const ListenAddress *address = &d->options.metrics_address;

    d->metrics_page = (MetricsPage){
        .started = d->started,
        .tpm = d->host,
        .vms = registry_vms(d->registry),
        .quoter = d->quoter,
        .admission = d->admission,
        .vtpms = d->vtpms,
    };
    d->metrics = http_server_new(d->context, d->poller, address, metrics_page_answer,
                                 &d->metrics_page, error);
    if (!d->metrics) {
        return FALSE;
    }
    if (address->path) {
        g_message("metrics at unix:%s", address->path);
    } else {
        g_message("metrics at http://localhost:%u/metrics", http_server_port(d->metrics));
    }
    return TRUE;
}

static gboolean open_sockets(Daemon *daemon, GError **error)
{
    const Options *o = &daemon->options;
    const gboolean was_held = daemon->admin != NULL;
    const int vtpms = unix_socket_listen(o->socket, SOCK_SEQPACKET, o->socket_mode, error);

    if (vtpms < 0) {
        return FALSE;
    }
    daemon->has_socket = TRUE;
    if (!serve_vtpms(daemon, vtpms, error)) {
        return FALSE;
    }
    prepare_administration(daemon);
    return (was_held || listen_administrators(daemon, error)) &&
           (!o->metrics || serve_metrics(daemon, error));
}

static void tell_ready(Daemon *daemon)
{
    g_autoptr(TpmInfo) info = tpm_host_info(daemon->host);

    if (info->simulated) {
        g_warning("the TPM is simulated, not hardware: nothing that it signs may be trusted");
    }
    g_message("ready: TPM %s %s, vTPMs at %s", info->manufacturer, info->vendor,
              daemon->options.socket);
    notify_send("READY=1");
}

/* What needs to know the TPM, and then the sockets. */
static gboolean open_service(Daemon *daemon, GError **error)
{
    const Options *o = &daemon->options;

    daemon->credentials = credentials_new(daemon->host, o->ak_certificate, o->state_dir, error);
    if (!daemon->credentials) {
        return FALSE;
    }
    credentials_take_authority(daemon->credentials, g_steal_pointer(&daemon->authority));
    if (o->share_logs) {
        daemon->logs = host_logs_new(o->boot_log, o->ima_log);
    }
    daemon->measurer = measurer_new();
    daemon->keys = state_keys_new(registry_vms(daemon->registry), registry_groups(daemon->registry),
                                  daemon->host, daemon->worker);
    daemon->quoter = quoter_new(daemon->worker, daemon->context, o->batch_limit);
    daemon->signer = audit_signer_new(registry_store(daemon->registry), daemon->quoter,
                                      daemon->context, o->audit_interval);
    daemon->pcrs = pcr_reader_new(daemon->worker, daemon->context);
    if (anchor_state(daemon->anchor) == ANCHOR_NONE) {
        g_warning("nothing in the host's TPM tells whether the registry was put back from a copy: "
                  "%s",
                  anchor_why(daemon->anchor));
    }
    anchor_settle(daemon->anchor, daemon->worker);
    if (!open_sockets(daemon, error)) {
        return FALSE;
    }
    tell_ready(daemon);
    return TRUE;
}

static void on_accepted(void *data)
{
    Daemon *daemon = data;
    g_autoptr(GError) error = NULL;

    if (!daemon->stopping &&
        (!registry_reload(daemon->registry, &error) || !open_service(daemon, &error))) {
        fail(daemon, error->message);
    }
}

/* Serves administrators alone, who may accept the registry. */
static gboolean hold(Daemon *daemon, GError **error)
{
    daemon->admin_audit =
        (AdminAudit){ .store = registry_store(daemon->registry), .tpm = daemon->host };
    daemon->admin_commands[0] = (AdminPart){ admin_audit_commands, &daemon->admin_audit };
    daemon->admin_commands[1] = (AdminPart){ admin_held_commands, &daemon->admin_registry };
    if (!listen_administrators(daemon, error)) {
        return FALSE;
    }
    log_error(anchor_why(daemon->anchor));
    notify_send("READY=1\nSTATUS=The registry is held: see vtpm-managerctl registry");
    return TRUE;
}

static void open_done(void *data)
{
    g_autofree OpenJob *job = data;
    Daemon *daemon = job->daemon;
    g_autoptr(GError) error = job->error;

    if (daemon->stopping) {
        return;
    }
    if (error || !(anchor_state(daemon->anchor) == ANCHOR_HELD ? hold(daemon, &error)
                                                               : open_service(daemon, &error))) {
        fail(daemon, error->message);
    }
}

static gboolean drained(Daemon *daemon)
{
    return (!daemon->quoter || quoter_idle(daemon->quoter)) &&
           tpm_worker_pending(daemon->worker) == 0;
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
    if (daemon->vtpms) {
        vtpm_server_stop(daemon->vtpms);
    }
    if (daemon->admin) {
        admin_server_stop(daemon->admin);
    }
    if (daemon->anchor) {
        anchor_stop(daemon->anchor);
    }
    daemon->drain_until = g_get_monotonic_time() + TPM_WAIT_DRAIN_S * G_USEC_PER_SEC;
    if (drain(daemon) == G_SOURCE_CONTINUE) {
        g_timeout_add(DRAIN_POLL_MS, drain, daemon);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean open_state(Daemon *daemon, GError **error)
{
    g_autofree char *path = g_build_filename(daemon->options.state_dir, "registry.db", NULL);
    gboolean lost;

    daemon->lock = state_lock_take(daemon->options.state_dir, error);
    if (daemon->lock < 0) {
        return FALSE;
    }
    lost = registry_is_missing(path) && ak_files_exist(daemon->options.state_dir);
    daemon->registry = registry_open(path, error);
    if (daemon->registry && lost) {
        g_warning("%s was missing or empty, and an empty registry is made: each VM has to be "
                  "registered again and gets a new lineage, which verifiers have to accept; or "
                  "stop the manager and restore the file from a backup",
                  path);
    }
    return daemon->registry != NULL;
}

static gboolean prepare(Daemon *daemon, GError **error)
{
    const Options *o = &daemon->options;
    TpmSource source = tcti_conf_source(o->tcti);

    daemon->context = g_main_context_default();
    daemon->started = g_get_real_time() / G_USEC_PER_SEC;
    if (!open_state(daemon, error)) {
        return FALSE;
    }
    daemon->states = state_writer_new(registry_store(daemon->registry), daemon->context);
    daemon->limiter = limiter_new(o->vm_rate, o->vm_burst);
    daemon->owners = owners_new(tpm_device_files(o->tcti));
    daemon->admission =
        admission_new(registry_vms(daemon->registry), daemon->limiter, daemon->owners);
    daemon->poller = poller_new(daemon->context, error);
    if (!daemon->poller) {
        return FALSE;
    }
    if (o->simulate_dir) {
        daemon->simulator = simulator_new(o->simulate_dir, error);
        if (!daemon->simulator) {
            return FALSE;
        }
        source = simulator_source(daemon->simulator);
    }
    daemon->host =
        tpm_host_new(o->ak_algorithm, o->state_dir, (WireBytes){ o->eh_auth.value, o->eh_auth.len },
                     (WireBytes){ o->owner_auth.value, o->owner_auth.len });
    daemon->worker = tpm_worker_new(tpm_host_session(daemon->host, &source), daemon->context);
    daemon->anchor = anchor_new(registry_store(daemon->registry), daemon->host, o->nv_index);
    daemon->admin_registry = (AdminRegistry){ .anchor = daemon->anchor,
                                              .store = registry_store(daemon->registry),
                                              .host = daemon->host,
                                              .folder = daemon->options.state_dir,
                                              .worker = daemon->worker,
                                              .accepted = on_accepted,
                                              .data = daemon };
    return TRUE;
}

static void run(Daemon *daemon)
{
    OpenJob *job = g_new0(OpenJob, 1);
    guint term = g_unix_signal_add(SIGTERM, terminate, daemon);
    guint interrupt = g_unix_signal_add(SIGINT, terminate, daemon);

    job->daemon = daemon;
    tpm_worker_submit(daemon->worker, TPM_JOB_READ, open_run, open_done, job);
    g_main_loop_run(daemon->loop);
    g_source_remove(term);
    g_source_remove(interrupt);
}

/* What the TPM never answered is left behind: its thread cannot be stopped. */
static void abandon(Daemon *daemon)
{
    g_warning("the TPM does not answer: ending without it");
    registry_close(daemon->registry);
    _exit(EXIT_FAILURE);
}

static void clean_up(Daemon *daemon)
{
    http_server_free(daemon->metrics);
    if (daemon->has_socket) {
        g_unlink(daemon->options.socket);
    }
    if (daemon->has_admin_socket) {
        g_unlink(daemon->options.admin_socket);
    }
    if (daemon->worker && daemon->stopping && !drained(daemon)) {
        abandon(daemon);
    }
    admin_server_free(daemon->admin);
    vtpm_server_free(daemon->vtpms);
    state_writer_free(daemon->states);
    log_kind_end_all();
    if (daemon->worker && !tpm_worker_end(daemon->worker, TPM_WAIT_CLOSE_S)) {
        abandon(daemon);
    }
    tpm_worker_free(daemon->worker);
    anchor_free(daemon->anchor);
    audit_signer_free(daemon->signer);
    quoter_free(daemon->quoter);
    pcr_reader_free(daemon->pcrs);
    host_logs_free(daemon->logs);
    measurer_free(daemon->measurer);
    state_keys_free(daemon->keys);
    credentials_free(daemon->credentials);
    ek_authority_free(daemon->authority);
    admission_free(daemon->admission);
    owners_free(daemon->owners);
    limiter_free(daemon->limiter);
    poller_free(daemon->poller);
    registry_close(daemon->registry);
    tpm_host_free(daemon->host);
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

int main(G_GNUC_UNUSED int argc, char **argv)
{
    Daemon daemon = { .lock = -1 };
    g_autoptr(GError) error = NULL;

    setlocale(LC_CTYPE, "");
    g_set_prgname("vtpm-managerd");
    if (!options_parse(argv, &daemon.options, &error)) {
        fprintf(stderr, "vtpm-managerd: %s\nTry vtpm-managerd --help\n", error->message);
        return EXIT_USAGE;
    }
    if (daemon.options.version) {
        puts("vtpm-managerd (" PROJECT_NAME ") " PROJECT_VERSION);
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
