/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vTPM for tests
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/un.h>

#include "backends/tpm/tpm_ioctl.h"
#include "qemu/bswap.h"
#include "vtpm-fake.h"

#define HEADER 10
#define MAX_CODES 32

typedef struct Seen {
    uint32_t code;
    unsigned times;
    unsigned order;
} Seen;

struct VtpmFake {
    char *dir;
    char *path;
    int listener;
    int wake[2]; /* a byte here: look at the flags below */
    GThread *thread;

    /* of the thread alone */
    int control;
    int data;

    GMutex lock; /* over all below */
    TPMVersion version;
    uint64_t caps;
    size_t response_size;
    VtpmFault data_fault;
    VtpmFault control_fault;
    uint32_t faulty_control;
    bool hold;
    bool dead;
    bool quit;
    unsigned order;
    Seen controls[MAX_CODES];
    Seen commands[MAX_CODES];
    uint8_t locality;
    bool established;
    uint32_t marker;
    GByteArray *hashed;
    uint8_t held[VTPM_FAKE_FRAME]; /* an answer that waits for its release */
    size_t held_size;
};

static void note(VtpmFake *fake, Seen *seen, uint32_t code)
{
    unsigned i = 0;

    while (i < MAX_CODES - 1 && seen[i].times && seen[i].code != code) {
        i++;
    }
    seen[i].code = code;
    seen[i].times++;
    seen[i].order = ++fake->order;
}

static const Seen *find(const Seen *seen, uint32_t code)
{
    static const Seen never;

    for (unsigned i = 0; i < MAX_CODES; i++) {
        if (seen[i].times && seen[i].code == code) {
            return &seen[i];
        }
    }
    return &never;
}

static void drop(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void hang_up(VtpmFake *fake)
{
    drop(&fake->control);
    drop(&fake->data);
    fake->held_size = 0;
    fake->locality = 0xff;
}

static bool get(int fd, void *buf, size_t size)
{
    for (size_t have = 0; have < size;) {
        ssize_t n = read(fd, (uint8_t *)buf + have, size - have);

        if (n <= 0) {
            return false;
        }
        have += n;
    }
    return true;
}

static bool put(int fd, const void *buf, size_t size)
{
    return send(fd, buf, size, MSG_NOSIGNAL) == size;
}

/* --- data channel --- */

static void answer(VtpmFake *fake, const uint8_t *frame, size_t size)
{
    switch (fake->data_fault) {
    case VTPM_SILENT:
        break;
    case VTPM_CLOSE:
        hang_up(fake);
        break;
    case VTPM_SHORT:
        put(fake->data, frame, size / 2);
        hang_up(fake);
        break;
    case VTPM_PIECES:
        for (size_t i = 0; i < size; i++) {
            put(fake->data, frame + i, 1);
        }
        break;
    default:
        put(fake->data, frame, size);
        break;
    }
    fake->data_fault = VTPM_FINE;
}

static void take_command(VtpmFake *fake)
{
    static const uint32_t lie[] = {
        [VTPM_SIZE_SMALL] = 9,
        [VTPM_SIZE_HUGE] = VTPM_FAKE_FRAME + 1,
        [VTPM_SIZE_WRAP] = UINT32_MAX,
    };
    uint8_t command[VTPM_FAKE_FRAME], frame[VTPM_FAKE_FRAME + 1];
    size_t size;

    if (!get(fake->data, command, HEADER) || ldl_be_p(command + 2) < HEADER ||
        ldl_be_p(command + 2) > sizeof(command) ||
        !get(fake->data, command + HEADER, ldl_be_p(command + 2) - HEADER)) {
        drop(&fake->data);
        return;
    }
    note(fake, fake->commands, ldl_be_p(command + 6));
    size = fake->response_size ? fake->response_size
                               : MIN(HEADER + ldl_be_p(command + 2), VTPM_FAKE_FRAME);
    memset(frame, 0xa5, sizeof(frame));
    stw_be_p(frame, fake->version == TPM_VERSION_2_0 ? 0x8001 : 0xc4);
    stl_be_p(frame + 2, size);
    stl_be_p(frame + 6, 0);
    memcpy(frame + HEADER, command, MIN(ldl_be_p(command + 2), size - HEADER));
    if (fake->data_fault < ARRAY_SIZE(lie) && lie[fake->data_fault]) {
        stl_be_p(frame + 2, lie[fake->data_fault]);
    }
    if (fake->data_fault == VTPM_LONG) {
        size++;
    }
    if (fake->hold) {
        memcpy(fake->held, frame, MIN(size, sizeof(fake->held)));
        fake->held_size = size;
    } else {
        answer(fake, frame, size);
    }
}

/* --- control channel --- */

/* Size of what follows each command before any variable part, and of the reply after the result. */
static const struct {
    uint8_t body;
    uint8_t reply;
} shape[] = {
    [CMD_INIT] = { 4, 0 },
    [CMD_SHUTDOWN] = { 0, 0 },
    [CMD_GET_TPMESTABLISHED] = { 0, 4 },
    [CMD_SET_LOCALITY] = { 4, 0 },
    [CMD_HASH_START] = { 0, 0 },
    [CMD_HASH_DATA] = { 4, 0 },
    [CMD_HASH_END] = { 0, 0 },
    [CMD_CANCEL_TPM_CMD] = { 0, 0 },
    [CMD_STORE_VOLATILE] = { 0, 0 },
    [CMD_RESET_TPMESTABLISHED] = { 4, 0 },
    [CMD_GET_STATEBLOB] = { 12, 12 },
    [CMD_SET_STATEBLOB] = { 12, 0 },
    [CMD_STOP] = { 0, 0 },
    [CMD_SET_DATAFD] = { 0, 0 },
    [CMD_SET_BUFFERSIZE] = { 4, 12 },
    [CMD_LOCK_STORAGE] = { 4, 0 },
};

/* What a command does to the fake and what its reply holds after the result word. */
static void obey(VtpmFake *fake, uint32_t command, const uint8_t *body, uint8_t *reply)
{
    switch (command) {
    case CMD_SET_LOCALITY:
        fake->locality = body[0];
        break;
    case CMD_GET_TPMESTABLISHED:
        reply[0] = fake->established;
        break;
    case CMD_RESET_TPMESTABLISHED:
        fake->established = false;
        break;
    case CMD_HASH_START:
        g_byte_array_set_size(fake->hashed, 0);
        break;
    case CMD_HASH_END:
        fake->established = true;
        break;
    case CMD_SET_BUFFERSIZE:
        stl_be_p(reply, ldl_be_p(body) ? ldl_be_p(body) : VTPM_FAKE_FRAME);
        stl_be_p(reply + 4, 128);
        stl_be_p(reply + 8, VTPM_FAKE_FRAME);
        break;
    case CMD_GET_STATEBLOB:
        stl_be_p(reply + 4, sizeof(fake->marker));
        stl_be_p(reply + 8, sizeof(fake->marker));
        break;
    default:
        break;
    }
}

/* The part of a request whose size its body tells. */
static bool take_variable_part(VtpmFake *fake, uint32_t command, const uint8_t *body)
{
    uint32_t size = command == CMD_HASH_DATA       ? ldl_be_p(body)
                    : command == CMD_SET_STATEBLOB ? ldl_be_p(body + 8)
                                                   : 0;
    g_autofree uint8_t *part = g_malloc(size);

    if (!get(fake->control, part, size)) {
        return false;
    }
    if (command == CMD_HASH_DATA) {
        g_byte_array_append(fake->hashed, part, size);
    } else if (command == CMD_SET_STATEBLOB && size == sizeof(fake->marker)) {
        fake->marker = ldl_be_p(part);
    }
    return true;
}

static void reply(VtpmFake *fake, VtpmFault fault, uint8_t *message, size_t size)
{
    switch (fault) {
    case VTPM_SILENT:
        return;
    case VTPM_CLOSE:
        hang_up(fake);
        return;
    case VTPM_SHORT:
        put(fake->control, message, size / 2);
        hang_up(fake);
        return;
    case VTPM_REFUSE:
        stl_be_p(message, 9);
        put(fake->control, message, sizeof(uint32_t));
        return;
    case VTPM_BLOB_HUGE:
        stl_be_p(message + 8, 0xc0000000);
        stl_be_p(message + 12, 0xc0000000);
        put(fake->control, message, 16);
        return;
    default:
        put(fake->control, message, size);
    }
}

static void take_control(VtpmFake *fake)
{
    uint8_t word[4], body[16] = { 0 }, message[32] = { 0 };
    char fds[CMSG_SPACE(sizeof(int))];
    struct iovec iov = { word, sizeof(word) };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = fds, .msg_controllen = sizeof(fds)
    };
    VtpmFault fault = VTPM_FINE;
    uint32_t command;
    size_t size;

    if (recvmsg(fake->control, &msg, MSG_WAITALL | MSG_CMSG_CLOEXEC) != sizeof(word)) {
        hang_up(fake);
        return;
    }
    command = ldl_be_p(word);
    note(fake, fake->controls, command);
    if (command == fake->faulty_control) {
        fault = fake->control_fault;
        fake->faulty_control = 0;
    }
    if (command == CMD_SET_DATAFD && CMSG_FIRSTHDR(&msg)) {
        drop(&fake->data);
        memcpy(&fake->data, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
    }
    if (command == CMD_GET_CAPABILITY) {
        stq_be_p(message, fake->caps);
        reply(fake, fault, message, 8);
        return;
    }
    g_assert_cmpuint(command, <, ARRAY_SIZE(shape));
    if (!get(fake->control, body, shape[command].body) ||
        !take_variable_part(fake, command, body)) {
        hang_up(fake);
        return;
    }
    obey(fake, command, body, message + 4);
    size = 4 + shape[command].reply;
    if (command == CMD_GET_STATEBLOB) {
        stl_be_p(message + size, fake->marker);
        size += sizeof(fake->marker);
    }
    reply(fake, fault, message, size);
}

/* --- thread --- */

static void start_listening(VtpmFake *fake)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(address.sun_path, fake->path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fake->listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fake->listener, 1), ==, 0);
}

/* As a process that is gone: connecting to it fails. */
static void stop_listening(VtpmFake *fake)
{
    if (fake->listener >= 0) {
        drop(&fake->listener);
        g_unlink(fake->path);
    }
}

static void take_wakeup(VtpmFake *fake)
{
    uint8_t byte;

    get(fake->wake[0], &byte, 1);
    if (fake->dead) {
        hang_up(fake);
        stop_listening(fake);
    } else if (fake->listener < 0) {
        start_listening(fake);
    }
    if (!fake->hold && fake->held_size) {
        answer(fake, fake->held, fake->held_size);
        fake->held_size = 0;
    }
}

static void *serve(void *opaque)
{
    VtpmFake *fake = opaque;
    bool quit = false;

    while (!quit) {
        bool listening = fake->control < 0;
        struct pollfd pfd[] = {
            { .fd = fake->wake[0], .events = POLLIN },
            { .fd = listening ? fake->listener : -1, .events = POLLIN },
            { .fd = fake->control, .events = POLLIN },
            { .fd = fake->held_size ? -1 : fake->data, .events = POLLIN },
        };

        poll(pfd, ARRAY_SIZE(pfd), -1);
        g_mutex_lock(&fake->lock);
        if (pfd[0].revents) {
            take_wakeup(fake);
        } else if (pfd[1].revents) {
            fake->control = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
        } else if (pfd[2].revents) {
            take_control(fake);
        } else if (pfd[3].revents) {
            take_command(fake);
        }
        quit = fake->quit;
        g_mutex_unlock(&fake->lock);
    }
    return NULL;
}

static void wake(VtpmFake *fake)
{
    g_assert_cmpint(write(fake->wake[1], "", 1), ==, 1);
}

/* --- for the tests --- */

VtpmFake *vtpm_fake_new(TPMVersion version)
{
    VtpmFake *fake = g_new0(VtpmFake, 1);

    fake->dir = g_dir_make_tmp("vtpm-fake.XXXXXX", NULL);
    fake->path = g_build_filename(fake->dir, "sock", NULL);
    fake->control = fake->data = -1;
    fake->version = version;
    fake->caps = 0x1ffff;
    fake->locality = 0xff;
    fake->hashed = g_byte_array_new();
    g_mutex_init(&fake->lock);
    g_assert_cmpint(pipe2(fake->wake, O_CLOEXEC), ==, 0);
    start_listening(fake);
    fake->thread = g_thread_new("vtpm-fake", serve, fake);
    return fake;
}

void vtpm_fake_free(VtpmFake *fake)
{
    g_mutex_lock(&fake->lock);
    fake->quit = true;
    g_mutex_unlock(&fake->lock);
    wake(fake);
    g_thread_join(fake->thread);
    hang_up(fake);
    stop_listening(fake);
    close(fake->wake[0]);
    close(fake->wake[1]);
    g_rmdir(fake->dir);
    g_free(fake->path);
    g_free(fake->dir);
    g_byte_array_unref(fake->hashed);
    g_free(fake);
}

const char *vtpm_fake_path(VtpmFake *fake)
{
    return fake->path;
}

#define WITH_FAKE(fake)                                                                            \
    for (GMutexLocker *_l = g_mutex_locker_new(&(fake)->lock); _l;                                 \
         g_mutex_locker_free(_l), _l = NULL)

void vtpm_fake_set_caps(VtpmFake *fake, uint64_t caps)
{
    WITH_FAKE(fake)
    {
        fake->caps = caps;
    }
}

void vtpm_fake_fault_data(VtpmFake *fake, VtpmFault fault)
{
    WITH_FAKE(fake)
    {
        fake->data_fault = fault;
    }
}

void vtpm_fake_fault_control(VtpmFake *fake, uint32_t command, VtpmFault fault)
{
    WITH_FAKE(fake)
    {
        fake->faulty_control = command;
        fake->control_fault = fault;
    }
}

static void set_dead(VtpmFake *fake, bool dead)
{
    WITH_FAKE(fake)
    {
        fake->dead = dead;
    }
    wake(fake);
}

void vtpm_fake_die(VtpmFake *fake)
{
    set_dead(fake, true);
}

void vtpm_fake_live(VtpmFake *fake)
{
    set_dead(fake, false);
}

static void set_hold(VtpmFake *fake, bool hold)
{
    WITH_FAKE(fake)
    {
        fake->hold = hold;
    }
    wake(fake);
}

void vtpm_fake_hold(VtpmFake *fake)
{
    set_hold(fake, true);
}

void vtpm_fake_release(VtpmFake *fake)
{
    set_hold(fake, false);
}

void vtpm_fake_set_response_size(VtpmFake *fake, size_t size)
{
    WITH_FAKE(fake)
    {
        fake->response_size = size;
    }
}

static Seen look(VtpmFake *fake, const Seen *list, uint32_t code)
{
    Seen seen = { 0 };

    WITH_FAKE(fake)
    {
        seen = *find(list, code);
    }
    return seen;
}

unsigned vtpm_fake_controls(VtpmFake *fake, uint32_t command)
{
    return look(fake, fake->controls, command).times;
}

unsigned vtpm_fake_commands(VtpmFake *fake, uint32_t code)
{
    return look(fake, fake->commands, code).times;
}

unsigned vtpm_fake_order_of_control(VtpmFake *fake, uint32_t command)
{
    return look(fake, fake->controls, command).order;
}

unsigned vtpm_fake_order_of_command(VtpmFake *fake, uint32_t code)
{
    return look(fake, fake->commands, code).order;
}

void vtpm_fake_forget(VtpmFake *fake)
{
    WITH_FAKE(fake)
    {
        memset(fake->controls, 0, sizeof(fake->controls));
        memset(fake->commands, 0, sizeof(fake->commands));
    }
}

uint8_t vtpm_fake_locality(VtpmFake *fake)
{
    uint8_t locality = 0xff;

    WITH_FAKE(fake)
    {
        locality = fake->locality;
    }
    return locality;
}

GByteArray *vtpm_fake_hashed(VtpmFake *fake)
{
    GByteArray *copy = g_byte_array_new();

    WITH_FAKE(fake)
    {
        g_byte_array_append(copy, fake->hashed->data, fake->hashed->len);
    }
    return copy;
}

void vtpm_fake_set_marker(VtpmFake *fake, uint32_t marker)
{
    WITH_FAKE(fake)
    {
        fake->marker = marker;
    }
}

uint32_t vtpm_fake_marker(VtpmFake *fake)
{
    uint32_t marker = 0;

    WITH_FAKE(fake)
    {
        marker = fake->marker;
    }
    return marker;
}
