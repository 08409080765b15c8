/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vTPM for tests: its thread, and what tests tell and ask it
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/un.h>

#include "vtpm-fake-protocol.h"

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
        vtpm_fake_drop(&fake->listener);
        g_unlink(fake->path);
    }
}

static void take_wakeup(VtpmFake *fake)
{
    uint8_t byte;

    g_assert_cmpint(read(fake->wake[0], &byte, 1), ==, 1);
    if (fake->dead) {
        vtpm_fake_hang_up(fake);
        stop_listening(fake);
    } else if (fake->listener < 0) {
        start_listening(fake);
    }
    if (!fake->hold && fake->held_size) {
        vtpm_fake_answer(fake, fake->held, fake->held_size);
        fake->held_size = 0;
    }
    if (fake->late_due) {
        vtpm_fake_answer_late(fake);
    }
}

/* Returns whether there is any; where nobody has work for it, tells those who wait for that. */
static bool wait_for_work(VtpmFake *fake, struct pollfd *pfd, nfds_t n)
{
    bool work, settling;

    g_mutex_lock(&fake->settle_lock);
    settling = fake->settling;
    g_mutex_unlock(&fake->settle_lock);
    work = poll(pfd, n, settling ? 0 : -1) > 0;
    if (!work && settling) {
        g_mutex_lock(&fake->settle_lock);
        fake->settling = false;
        g_cond_broadcast(&fake->settled);
        g_mutex_unlock(&fake->settle_lock);
    }
    return work;
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

        if (!wait_for_work(fake, pfd, ARRAY_SIZE(pfd))) {
            continue;
        }
        g_mutex_lock(&fake->lock);
        if (pfd[0].revents) {
            take_wakeup(fake);
        } else if (pfd[1].revents) {
            fake->control = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
        } else if (pfd[2].revents) {
            vtpm_fake_take_control(fake);
        } else if (pfd[3].revents) {
            vtpm_fake_take_command(fake);
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
    g_mutex_init(&fake->settle_lock);
    g_mutex_init(&fake->lock);
    g_cond_init(&fake->settled);
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
    vtpm_fake_hang_up(fake);
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

void vtpm_fake_measures(VtpmFake *fake, unsigned sound)
{
    WITH_FAKE(fake)
    {
        fake->measures = true;
        fake->sound = sound;
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

static void set_bytes(VtpmBytes *to, const void *bytes, size_t size)
{
    to->size = MIN(size, sizeof(to->data));
    memcpy(to->data, bytes, to->size);
}

void vtpm_fake_answer_data(VtpmFake *fake, const void *bytes, size_t size)
{
    WITH_FAKE(fake)
    {
        set_bytes(&fake->data_bytes, bytes, size);
        fake->data_fault = VTPM_BYTES;
    }
}

void vtpm_fake_answer_control(VtpmFake *fake, uint32_t command, const void *bytes, size_t size)
{
    WITH_FAKE(fake)
    {
        set_bytes(&fake->control_bytes, bytes, size);
        fake->faulty_control = command;
        fake->control_fault = VTPM_BYTES;
    }
}

bool vtpm_fake_settle(VtpmFake *fake, unsigned milliseconds)
{
    int64_t end = g_get_monotonic_time() + milliseconds * G_TIME_SPAN_MILLISECOND;
    bool settled;

    g_mutex_lock(&fake->settle_lock);
    fake->settling = true;
    wake(fake);
    while (fake->settling && g_cond_wait_until(&fake->settled, &fake->settle_lock, end)) {
    }
    settled = !fake->settling;
    g_mutex_unlock(&fake->settle_lock);
    return settled;
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

void vtpm_fake_release_control(VtpmFake *fake)
{
    WITH_FAKE(fake)
    {
        fake->late_due = true;
    }
    wake(fake);
}

void vtpm_fake_set_response_size(VtpmFake *fake, size_t size)
{
    WITH_FAKE(fake)
    {
        fake->response_size = size;
    }
}

static const Seen *find(const Seen *seen, uint32_t code)
{
    static const Seen never;

    for (unsigned i = 0; i < VTPM_FAKE_CODES; i++) {
        if (seen[i].times && seen[i].code == code) {
            return &seen[i];
        }
    }
    return &never;
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
