/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load_run.h"

#include "load_flood.h"
#include "load_register.h"

#include <errno.h>
#include <gio/gio.h>
#include <math.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    HELLOS_AT_ONCE = 128,
    RETRY_MS = 2, /* after a refusal */
    NS_PER_MS = 1000000,
};

/* VMs that ask again later, each so long after it was put in. */
typedef struct Delay {
    GQueue queue; /* of DelayItem */
    int64_t ns;
} Delay;

typedef struct DelayItem {
    LoadVm *vm;
    int64_t at;
} DelayItem;

struct LoadRun {
    const LoadOptions *options;
    int epoll;
    GPtrArray *vms;
    guint welcomed;
    guint hellos; /* outstanding, of those that do not flood */
    Delay think, retry;
    GQueue idle;    /* open loop: VMs without a request */
    GQueue backlog; /* open loop: times of requests that found no VM idle */
    int64_t next_arrival;
    LoadStats *stats; /* NULL: not counted */
    LoadCheck *check;
    int64_t connect_ns;
    gboolean asking; /* welcomed VMs ask */
    const char *fault;
};

static void ask(LoadRun *run, LoadVm *vm, int64_t due_ns);

static void delay_put(Delay *delay, LoadVm *vm)
{
    DelayItem *item = g_new(DelayItem, 1);

    *item = (DelayItem){ vm, load_now_ns() + delay->ns };
    g_queue_push_tail(&delay->queue, item);
}

static void delay_run(LoadRun *run, Delay *delay, int64_t now)
{
    DelayItem *item;

    while ((item = g_queue_peek_head(&delay->queue)) && item->at <= now) {
        g_queue_pop_head(&delay->queue);
        ask(run, item->vm, now);
        g_free(item);
    }
}

static int64_t delay_next(const Delay *delay)
{
    const DelayItem *item = g_queue_peek_head((GQueue *)&delay->queue);

    return item ? item->at : G_MAXINT64;
}

static gboolean watch(LoadRun *run, LoadVm *vm)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = vm };

    return epoll_ctl(run->epoll, EPOLL_CTL_ADD, vm->fd, &event) == 0;
}

static gboolean say_hello(LoadRun *run, LoadVm *vm)
{
    if (!load_vm_connect(vm, run->options->socket) || !watch(run, vm) ||
        !(vm->flood ? load_flood_begin(vm) : load_vm_ask(vm, LOAD_HELLO))) {
        load_vm_disconnect(vm);
        return FALSE;
    }
    run->hellos += !vm->flood;
    return TRUE;
}

/* Who floods tries again a little later. */
static void not_let_in(LoadRun *run, LoadVm *vm)
{
    if (vm->flood) {
        delay_put(&run->retry, vm);
    } else {
        run->fault = "the manager does not let a VM connect again; see its log";
    }
}

/* The manager closed it: comes back, as a vTPM would. */
static void lost(LoadRun *run, LoadVm *vm)
{
    if (!vm->flood) {
        run->hellos -= !vm->welcomed;
        run->welcomed -= vm->welcomed;
        if (run->stats) {
            run->stats->closed++;
        }
    } else if (run->stats) {
        run->stats->flood_closed++;
    }
    load_vm_disconnect(vm);
    if (!say_hello(run, vm)) {
        not_let_in(run, vm);
    }
}

/* A vTPM that is born again and again. */
static void reborn(LoadRun *run, LoadVm *vm)
{
    if (run->stats) {
        run->stats->flood++;
    }
    for (unsigned i = 0; i < MANAGER_INSTANCE_SIZE; i++) {
        vm->instance[i] = (uint8_t)g_random_int();
    }
    lost(run, vm);
}

static void ask(LoadRun *run, LoadVm *vm, int64_t due_ns)
{
    if (vm->flood) {
        if (!say_hello(run, vm)) {
            not_let_in(run, vm);
        }
        return;
    }
    if (!vm->welcomed || vm->outstanding > 0) {
        return; /* it was reconnected meanwhile, and asks when it is welcomed */
    }
    vm->asked_ns = due_ns;
    load_vm_ask(vm, LOAD_PREPARE);
}

/* The VM may ask again. */
static void ready(LoadRun *run, LoadVm *vm)
{
    int64_t *arrived;

    if (!run->asking) {
        return;
    }
    if (run->options->rate <= 0) {
        if (run->think.ns > 0) {
            delay_put(&run->think, vm);
        } else {
            ask(run, vm, load_now_ns());
        }
        return;
    }
    arrived = g_queue_pop_head(&run->backlog);
    if (arrived) {
        ask(run, vm, *arrived);
        g_free(arrived);
    } else {
        g_queue_push_tail(&run->idle, vm);
    }
}

static void welcomed(LoadRun *run, LoadVm *vm, ManagerStatus status)
{
    if (status != MANAGER_OK && vm->flood) {
        lost(run, vm);
        return;
    }
    if (status != MANAGER_OK) {
        run->fault = "the manager refuses a VM; give --admin-socket, and see its log";
        return;
    }
    vm->welcomed = TRUE;
    if (!vm->flood) {
        run->welcomed++;
        run->hellos--;
        ready(run, vm);
    }
}

static void answered(LoadRun *run, LoadVm *vm, ManagerMessageType type, const ManagerReply *reply)
{
    const int64_t latency = load_now_ns() - vm->asked_ns;
    uint64_t tree_size;

    if (reply->status != MANAGER_OK) {
        if (run->stats) {
            run->stats->refused[reply->status]++;
        }
        delay_put(&run->retry, vm);
        return;
    }
    if (type == MANAGER_PREPARE_REPLY) {
        load_vm_ask(vm, LOAD_QUOTE); /* as a vTPM does once it has quoted */
        return;
    }
    if (!load_vm_evidence_fits(vm, reply->evidence, &tree_size)) {
        if (run->stats) {
            run->stats->wrong++;
        }
    } else if (run->stats) {
        load_stats_answer(run->stats, latency, tree_size);
        load_check_offer(run->check, vm, reply->evidence);
    }
    ready(run, vm);
}

static void handle(LoadRun *run, LoadVm *vm, WireBytes packet)
{
    ManagerMessage m;

    if (!wire_decode_manager_message(packet, &m) || m.type < MANAGER_HELLO_REPLY ||
        (!vm->flood && m.id != vm->id)) {
        if (run->stats) {
            run->stats->wrong++;
        }
        lost(run, vm);
        return;
    }
    vm->outstanding -= vm->outstanding > 0;
    if (m.type == MANAGER_HELLO_REPLY && !vm->welcomed) {
        welcomed(run, vm, m.reply.status);
    } else if (!vm->flood) {
        answered(run, vm, m.type, &m.reply);
    } else if (run->stats) {
        run->stats->flood++;
        run->stats->flood_refused += m.reply.status != MANAGER_OK;
    }
    if (vm->flood && vm->welcomed && vm->flood->way == FLOOD_REBORN) {
        reborn(run, vm);
    } else if (vm->flood && vm->welcomed) {
        load_flood_go_on(vm);
    }
}

static void readable(LoadRun *run, LoadVm *vm)
{
    uint8_t buf[MANAGER_MESSAGE_MAX];
    ssize_t n = recv(vm->fd, buf, sizeof(buf), 0);

    if (n > 0) {
        handle(run, vm, (WireBytes){ buf, (size_t)n });
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        lost(run, vm);
    }
}

/* Open loop: requests come at random times whatever the manager does. */
static void arrivals(LoadRun *run, int64_t now)
{
    while (run->next_arrival <= now) {
        LoadVm *vm = g_queue_pop_head(&run->idle);

        if (vm) {
            ask(run, vm, run->next_arrival);
        } else {
            int64_t *at = g_new(int64_t, 1);

            *at = run->next_arrival;
            g_queue_push_tail(&run->backlog, at);
        }
        run->next_arrival += (int64_t)(-log(1 - g_random_double()) * 1e9 / run->options->rate);
    }
}

static gboolean step(LoadRun *run, int64_t until)
{
    struct epoll_event events[EVENTS];
    int64_t now = load_now_ns(), next = until, wait;
    struct timespec timeout;
    int n;

    next = MIN(next, MIN(delay_next(&run->think), delay_next(&run->retry)));
    next = MIN(next, run->next_arrival);
    wait = MAX(next - now, 0);
    timeout = (struct timespec){ wait / 1000000000, wait % 1000000000 };
    n = epoll_pwait2(run->epoll, events, EVENTS, &timeout, NULL);
    for (int i = 0; i < n; i++) {
        readable(run, events[i].data.ptr);
    }
    now = load_now_ns();
    delay_run(run, &run->think, now);
    delay_run(run, &run->retry, now);
    arrivals(run, now);
    return !run->fault;
}

static gboolean fail(const LoadRun *run, GError **error)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, run->fault);
    return FALSE;
}

/* Connects @vms from @first on, so many at a time. */
static gboolean connect_all(LoadRun *run, guint first, GError **error)
{
    const int64_t until = load_now_ns() + 600 * G_GINT64_CONSTANT(1000000000);
    const char *admin = run->options->admin_socket;

    if (admin && !load_register(admin, run->vms, first, error)) {
        return FALSE;
    }
    for (guint i = first; i < run->vms->len; i++) {
        if (!say_hello(run, run->vms->pdata[i])) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                        "%s: %s; is vtpm-managerd there, with enough open files allowed?",
                        run->options->socket, g_strerror(errno));
            return FALSE;
        }
        while (run->hellos >= HELLOS_AT_ONCE) {
            if (!step(run, until)) {
                return fail(run, error);
            }
        }
    }
    while (run->hellos > 0) {
        if (!step(run, until)) {
            return fail(run, error);
        }
    }
    return TRUE;
}

LoadRun *load_run_new(const LoadOptions *options, GError **error)
{
    LoadRun *run = g_new0(LoadRun, 1);
    int64_t start;

    run->options = options;
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->vms = g_ptr_array_new_with_free_func((GDestroyNotify)load_vm_free);
    run->think.ns = (int64_t)(options->think_ms * NS_PER_MS);
    run->retry.ns = RETRY_MS * NS_PER_MS;
    run->next_arrival = G_MAXINT64;
    run->check = load_check_new((guint)options->samples);
    for (int i = 0; i < options->vms; i++) {
        g_ptr_array_add(run->vms, load_vm_new((unsigned)i, (uint32_t)options->seed,
                                              (guint)options->timeout_ms));
    }
    start = load_now_ns();
    if (!connect_all(run, 0, error)) {
        load_run_free(run);
        return NULL;
    }
    run->connect_ns = load_now_ns() - start;
    run->asking = TRUE;
    if (options->rate > 0) {
        run->next_arrival = load_now_ns();
    }
    for (guint i = 0; i < run->vms->len; i++) {
        ready(run, run->vms->pdata[i]);
    }
    return run;
}

void load_run_free(LoadRun *run)
{
    close(run->epoll);
    load_check_free(run->check);
    g_ptr_array_unref(run->vms);
    g_queue_clear_full(&run->think.queue, g_free);
    g_queue_clear_full(&run->retry.queue, g_free);
    g_queue_clear_full(&run->backlog, g_free);
    g_queue_clear(&run->idle);
    g_free(run);
}

gboolean load_run_measure(LoadRun *run, double seconds, LoadStats *stats, GError **error)
{
    const int64_t start = load_now_ns(), until = start + (int64_t)(seconds * 1e9);

    run->stats = stats;
    if (stats) {
        stats->before = load_process_read(run->options->manager_pid);
    }
    while (load_now_ns() < until) {
        if (!step(run, until)) {
            return fail(run, error);
        }
    }
    if (stats) {
        stats->after = load_process_read(run->options->manager_pid);
        stats->seconds = (double)(load_now_ns() - start) / 1e9;
    }
    run->stats = NULL;
    return TRUE;
}

gboolean load_run_flood(LoadRun *run, GError **error)
{
    const guint first = run->vms->len;

    if (!load_flood_find(run->options->flood_kind, 0)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "--flood-kind %s: give " LOAD_FLOOD_KINDS, run->options->flood_kind);
        return FALSE;
    }
    for (int i = 0; i < run->options->flood; i++) {
        LoadVm *vm = load_vm_new(first + (guint)i, (uint32_t)run->options->seed,
                                 (guint)run->options->timeout_ms);

        vm->flood = load_flood_find(run->options->flood_kind, (unsigned)i);
        g_ptr_array_add(run->vms, vm);
    }
    return connect_all(run, first, error);
}

LoadCheck *load_run_check(LoadRun *run)
{
    return run->check;
}

double load_run_connect_seconds(const LoadRun *run)
{
    return (double)run->connect_ns / 1e9;
}
