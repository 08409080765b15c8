/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "manager_client.h"

#include "log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FULL_BACKLOG_RETRY_MS = 10,
    ATTEMPTS = 2, /* the second where the connection ended without a reply */
    REPLY_BIT = 0x100,
    NOT_ALLOWED = 0x10000 | DEEPQUOTE_RC_NO_MANAGER, /* in the log alone */
};

/* What became of one step on the socket */
typedef enum IoResult { IO_OK, IO_CLOSED, IO_GARBAGE, IO_LATE } IoResult;

static const uint32_t rc_of_io[] = {
    [IO_OK] = TPM_RC_SUCCESS,
    [IO_CLOSED] = DEEPQUOTE_RC_NO_MANAGER,
    [IO_GARBAGE] = DEEPQUOTE_RC_NO_MANAGER,
    [IO_LATE] = DEEPQUOTE_RC_TIMEOUT,
};

static const struct {
    uint32_t rc;
    const char *text;
} outcomes[] = {
    { TPM_RC_SUCCESS, "the manager at %s serves this vTPM" },
    { DEEPQUOTE_RC_NO_MANAGER, "no manager at %s: is vtpm-managerd running, and is it of the same "
                               "version?" },
    { NOT_ALLOWED, "this user may not connect to the manager at %s: check the permissions of the "
                   "socket and its folders, and whether AppArmor or SELinux forbids it" },
    { DEEPQUOTE_RC_DENIED, "the manager at %s refuses this vTPM: %s" },
    { DEEPQUOTE_RC_HOST_TPM, "the manager at %s cannot use the host's TPM: %s" },
    { DEEPQUOTE_RC_TIMEOUT, "the manager at %s does not answer in time; see its log" },
};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t manager_client_deadline(const ManagerClient *c)
{
    return now_ms() + c->timeout_ms;
}

uint64_t manager_client_deadline_in(const ManagerClient *c, uint32_t ms)
{
    return now_ms() + (ms < c->timeout_ms ? ms : c->timeout_ms);
}

static int remaining_ms(uint64_t deadline)
{
    uint64_t now = now_ms();

    return now < deadline ? (int)(deadline - now) : 0;
}

/* Says once what the vTPM's standing with the manager is, when it changes. */
static uint32_t report(ManagerClient *c, uint32_t rc)
{
    const uint32_t outcome = rc == DEEPQUOTE_RC_NO_MANAGER && c->forbidden ? NOT_ALLOWED : rc;

    if (outcome == c->reported && c->reason == c->told) {
        return rc;
    }
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        if (outcomes[i].rc == outcome) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
            module_log(outcomes[i].text, c->path, manager_reason_text(c->reason));
#pragma GCC diagnostic pop
            c->reported = outcome;
            c->told = c->reason;
        }
    }
    return rc;
}

static void new_instance(ManagerClient *c)
{
    size_t got = 0;

    while (got < sizeof(c->instance)) {
        ssize_t n = getrandom(c->instance + got, sizeof(c->instance) - got, 0);

        got += n > 0 ? (size_t)n : 0;
    }
    c->stores = 0;
}

void manager_client_init(ManagerClient *c, const Settings *s)
{
    memset(c, 0, sizeof(*c));
    memcpy(c->path, s->manager, sizeof(c->path));
    c->uuid = s->uuid;
    c->timeout_ms = s->timeout_ms;
    c->fd = -1;
    c->reported = UINT32_MAX;
    new_instance(c);
}

void manager_client_drop(ManagerClient *c)
{
    if (c->fd >= 0) {
        close(c->fd);
    }
    c->fd = -1;
    c->state = MANAGER_CLOSED;
    c->keys_shown = false;
}

void manager_client_begin_life(ManagerClient *c, const ManagerState *loaded)
{
    manager_client_drop(c);
    new_instance(c);
    c->loaded = *loaded;
}

void manager_client_forget_eks(ManagerClient *c)
{
    c->ek_count = 0;
}

void manager_client_add_ek(ManagerClient *c, WireBytes public, WireBytes name,
                           WireBytes qualified_name)
{
    ClientEk *ek = &c->ek[c->ek_count];

    if (c->ek_count == MANAGER_EKS_MAX || public.len > sizeof(ek->public) ||
        name.len > sizeof(ek->name) || qualified_name.len > sizeof(ek->qualified_name)) {
        return;
    }
    memcpy(ek->public, public.p, public.len);
    memcpy(ek->name, name.p, name.len);
    if (qualified_name.len > 0) { /* a TPM 1.2's has none */
        memcpy(ek->qualified_name, qualified_name.p, qualified_name.len);
    }
    ek->public_len = public.len;
    ek->name_len = name.len;
    ek->qualified_name_len = qualified_name.len;
    c->ek_count++;
}

bool manager_client_has_ek(const ManagerClient *c, WireBytes name)
{
    for (unsigned i = 0; i < c->ek_count; i++) {
        if (wire_bytes_equal((WireBytes){ c->ek[i].name, c->ek[i].name_len }, name)) {
            return true;
        }
    }
    return false;
}

static void add_keys(const ManagerClient *c, ManagerHello *hello)
{
    hello->ek_count = (uint8_t)c->ek_count;
    for (unsigned i = 0; i < c->ek_count; i++) {
        const ClientEk *ek = &c->ek[i];

        hello->ek[i].public = (WireBytes){ ek->public, ek->public_len };
        hello->ek[i].qualified_name = (WireBytes){ ek->qualified_name, ek->qualified_name_len };
    }
}

static ManagerMessage make_hello(const ManagerClient *c, bool keys)
{
    ManagerMessage m = { .type = MANAGER_HELLO };
    ManagerHello *hello = &m.hello;

    hello->uuid = c->uuid;
    memcpy(hello->instance, c->instance, sizeof(c->instance));
    hello->stores = c->stores;
    hello->loaded = c->loaded;
    hello->stored = c->stored;
    hello->saved = c->saved;
    hello->ek_count = MANAGER_EKS_UNKNOWN;
    if (keys) {
        add_keys(c, hello);
    }
    return m;
}

uint32_t manager_client_distrust(ManagerClient *c, const char *why)
{
    module_log("the manager at %s sent %s; dropping the connection", c->path, why);
    manager_client_drop(c);
    return DEEPQUOTE_RC_NO_MANAGER;
}

/* One attempt; EAGAIN (the manager's backlog is full) is IO_LATE. */
static IoResult connect_once(ManagerClient *c)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd;

    c->forbidden = false;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return IO_CLOSED;
    }
    memcpy(address.sun_path, c->path, sizeof(address.sun_path));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        IoResult result = errno == EAGAIN ? IO_LATE : IO_CLOSED;

        c->forbidden = errno == EACCES || errno == EPERM;
        close(fd);
        return result;
    }
    c->fd = fd;
    return IO_OK;
}

/* Waits until the socket is ready for @events. */
static IoResult wait_for(const ManagerClient *c, short events, uint64_t deadline)
{
    struct pollfd p = { .fd = c->fd, .events = events };

    for (;;) {
        int left = remaining_ms(deadline);
        int n = poll(&p, 1, left);

        if (n > 0) {
            return IO_OK;
        }
        if (n == 0 || (errno == EINTR && left == 0)) {
            return IO_LATE;
        }
        if (errno != EINTR) {
            return IO_CLOSED;
        }
    }
}

static IoResult send_message(ManagerClient *c, ManagerMessage *m, uint64_t deadline)
{
    uint8_t packet[MANAGER_MESSAGE_MAX];
    WireWriter w = WIRE_WRITER(packet, sizeof(packet));

    m->id = ++c->last_id;
    if (!wire_put_manager_message(&w, m)) {
        return IO_GARBAGE;
    }
    for (;;) {
        IoResult result;

        if (send(c->fd, packet, w.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)w.len) {
            return IO_OK;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return IO_CLOSED;
        }
        result = wait_for(c, POLLOUT, deadline);
        if (result != IO_OK) {
            return result;
        }
    }
}

static IoResult receive_packet(ManagerClient *c, uint64_t deadline, WireBytes *ret)
{
    for (;;) {
        IoResult result = wait_for(c, POLLIN, deadline);
        ssize_t n;

        if (result != IO_OK) {
            return result;
        }
        n = recv(c->fd, c->packet, sizeof(c->packet), MSG_DONTWAIT | MSG_TRUNC);
        if (n > 0) {
            *ret = (WireBytes){ c->packet, (size_t)n };
            return (size_t)n <= MANAGER_MESSAGE_MAX ? IO_OK : IO_GARBAGE;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            return IO_CLOSED;
        }
    }
}

/* Two vTPMs with one identity: the other one was refused, and this one is told. */
static void note_rivals(ManagerClient *c, ManagerMessageType type, const ManagerReply *reply)
{
    if (reply->status != MANAGER_OK) {
        return;
    }
    if (type != MANAGER_HELLO && reply->rivals > c->rivals) {
        module_log("the manager at %s refused another vTPM that speaks for this VM, %u so far: its "
                   "state may have been copied; see vtpm-managerctl audit",
                   c->path, reply->rivals);
    }
    c->rivals = reply->rivals;
}

static bool tells_rivals(ManagerMessageType type)
{
    return type == MANAGER_HELLO || type == MANAGER_ANNOUNCE || type == MANAGER_PREPARE;
}

/* The reply to the request of kind @type that was sent last. */
static IoResult receive_reply(ManagerClient *c, ManagerMessageType type, uint64_t deadline,
                              ManagerReply *ret)
{
    ManagerMessage m;
    WireBytes packet;
    IoResult result = receive_packet(c, deadline, &packet);

    if (result != IO_OK) {
        return result;
    }
    if (!wire_decode_manager_message(packet, &m) || (int)m.type != ((int)type | REPLY_BIT) ||
        m.id != c->last_id || m.reply.status >= MANAGER_STATUS_COUNT) {
        return IO_GARBAGE;
    }
    if (tells_rivals(type)) {
        note_rivals(c, type, &m.reply);
    }
    *ret = m.reply;
    return IO_OK;
}

static uint32_t rc_of_reply(ManagerClient *c, const ManagerReply *reply)
{
    c->status = reply->status;
    c->reason = reply->reason;
    return manager_status_rc(reply->status);
}

uint32_t manager_client_host_status(const ManagerClient *c, uint32_t rc)
{
    return rc == manager_status_rc(c->status) ? manager_status_host_status(c->status) : rc;
}

/* Says HELLO over the connection; on failure the client is closed. */
static IoResult say_hello(ManagerClient *c, bool keys, uint64_t deadline)
{
    ManagerMessage hello = make_hello(c, keys);
    IoResult result = send_message(c, &hello, deadline);

    if (result != IO_OK) {
        manager_client_drop(c);
        return result;
    }
    c->keys_said = keys;
    c->state = MANAGER_GREETED;
    return IO_OK;
}

/* Connects and says HELLO; on failure the client is closed. */
static IoResult greet(ManagerClient *c, uint64_t deadline)
{
    IoResult result = connect_once(c);

    while (result == IO_LATE && remaining_ms(deadline) > 0) {
        poll(NULL, 0, FULL_BACKLOG_RETRY_MS);
        result = connect_once(c);
    }
    return result == IO_OK ? say_hello(c, false, deadline) : result;
}

void manager_client_show_keys(ManagerClient *c)
{
    if (c->state == MANAGER_CLOSED) {
        greet(c, 0);
    } else if (c->state == MANAGER_WELCOMED && !c->keys_shown) {
        say_hello(c, true, 0);
    }
}

/* Nothing may come while nothing is asked: whatever is there to read ends the connection. */
static bool has_ended(const ManagerClient *c)
{
    struct pollfd p = { .fd = c->fd, .events = POLLIN };

    return poll(&p, 1, 0) != 0;
}

/*
 * Takes the answer to HELLO; on any but MANAGER_OK the client is closed, unless it is about the
 * keys: a vTPM that is not served for them is followed all the same.
 */
static IoResult take_welcome(ManagerClient *c, uint64_t deadline, uint32_t *ret_rc)
{
    ManagerReply reply;
    IoResult result = receive_reply(c, MANAGER_HELLO, deadline, &reply);

    if (result != IO_OK || (reply.status != MANAGER_OK && !c->keys_said)) {
        manager_client_drop(c);
    } else {
        c->state = MANAGER_WELCOMED;
        c->keys_shown = c->keys_said && reply.status == MANAGER_OK;
    }
    *ret_rc = result == IO_OK ? rc_of_reply(c, &reply) : rc_of_io[result];
    return result;
}

static IoResult say_what_is_due(ManagerClient *c, uint64_t deadline)
{
    return c->state == MANAGER_CLOSED     ? greet(c, deadline)
           : c->state == MANAGER_WELCOMED ? say_hello(c, true, deadline)
                                          : IO_OK;
}

/*
 * Has what is needed said and answered: a HELLO, and where @keys the one with the keys. One that
 * was said before this request, and refused, is said once more: the answer may be another now.
 */
static uint32_t make_ready(ManagerClient *c, bool keys, uint64_t deadline)
{
    bool said_before = c->state == MANAGER_GREETED;
    unsigned lost = 0;
    uint32_t rc;

    if (c->state == MANAGER_WELCOMED && has_ended(c)) {
        manager_client_drop(c);
    }
    while (c->state != MANAGER_WELCOMED || (keys && !c->keys_shown)) {
        IoResult result = say_what_is_due(c, deadline);

        rc = rc_of_io[result];
        if (result == IO_OK) {
            result = take_welcome(c, deadline, &rc);
        }
        lost += result == IO_CLOSED;
        if ((rc != TPM_RC_SUCCESS && result != IO_CLOSED && !said_before) || lost == ATTEMPTS) {
            return rc;
        }
        said_before = false;
    }
    return TPM_RC_SUCCESS;
}

uint32_t manager_client_welcome(ManagerClient *c, uint64_t deadline)
{
    const uint32_t rc = make_ready(c, false, deadline);

    return rc == TPM_RC_SUCCESS ? rc : report(c, rc); /* followed is not yet served */
}

/* One try on a connection that is welcome; what a caller sees is in @ret_rc. */
static IoResult finish(ManagerClient *c, IoResult result, const ManagerMessage *request,
                       uint64_t deadline, ManagerReply *ret, uint32_t *ret_rc)
{
    ManagerReply reply;

    if (result == IO_OK) {
        result = receive_reply(c, request->type, deadline, &reply);
    }
    if (result != IO_OK) {
        manager_client_drop(c);
        *ret_rc = rc_of_io[result];
        return result;
    }
    if (reply.status == MANAGER_OK) {
        *ret = reply;
    }
    *ret_rc = rc_of_reply(c, &reply);
    return IO_OK;
}

/* What a vTPM tells of itself is heard before its keys can be. */
static bool needs_keys(const ManagerMessage *request)
{
    return request->type != MANAGER_ANNOUNCE;
}

/* Followed, or let through, is not yet served. */
static bool shows_service(const ManagerMessage *request)
{
    return request->type != MANAGER_ANNOUNCE && request->type != MANAGER_PREPARE;
}

static uint32_t call(ManagerClient *c, ManagerMessage *request, uint64_t deadline,
                     ManagerReply *ret)
{
    uint32_t rc = DEEPQUOTE_RC_NO_MANAGER;

    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        rc = make_ready(c, needs_keys(request), deadline);
        if (rc != TPM_RC_SUCCESS || finish(c, send_message(c, request, deadline), request, deadline,
                                           ret, &rc) != IO_CLOSED) {
            return rc;
        }
    }
    return rc;
}

uint32_t manager_client_call(ManagerClient *c, ManagerMessage *request, uint64_t deadline,
                             ManagerReply *ret)
{
    const uint32_t rc = call(c, request, deadline, ret);

    return rc == TPM_RC_SUCCESS && !shows_service(request) ? rc : report(c, rc);
}
