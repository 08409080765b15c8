/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the character device does, with a swtpm that the test plays. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <swtpm/tpm_ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "device.h"

#define COMMAND "\200\001\0\0\0\014\0\0\001\173\0\010"
#define RESPONSE "\200\001\0\0\0\014\0\0\0\0xy"
#define BYTES(literal) ((WireBytes){ (const uint8_t *)(literal), sizeof(literal) - 1 })

enum { OWNER = 1234, REQUESTS = 64 };

/* How one request was answered. */
typedef struct Request {
    guint answers;
    int error;
    size_t written;
    gboolean is_structure;
    GBytes *bytes; /* NULL: none */
} Request;

typedef struct Fixture {
    Device *device;
    int control; /* swtpm's ends */
    int data;
    guint changes;
    Request requests[REQUESTS];
    guint count;
} Fixture;

static void done(void *request, int error)
{
    Request *r = request;

    r->answers++;
    r->error = error;
}

static void bytes(void *request, WireBytes answer)
{
    Request *r = request;

    r->answers++;
    r->bytes = g_bytes_new(answer.p, answer.len);
}

static void structure(void *request, WireBytes answer)
{
    Request *r = request;

    bytes(request, answer);
    r->is_structure = TRUE;
}

static void written(void *request, size_t len)
{
    Request *r = request;

    r->answers++;
    r->written = len;
}

static void changed(void *context)
{
    Fixture *f = context;

    f->changes++;
}

static const DeviceReplies replies = { done, bytes, structure, written, changed };

static Request *new_request(Fixture *f)
{
    g_assert_cmpuint(f->count, <, REQUESTS);
    return &f->requests[f->count++];
}

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    int control[2];
    int data[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, data), ==, 0);
    f->control = control[0];
    f->data = data[0];
    f->device = device_new(control[1], data[1], OWNER, &replies, f);
    g_assert_cmpint(device_open(f->device, OWNER), ==, 0);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    device_free(f->device);
    for (guint i = 0; i < f->count; i++) { /* none is lost, none answered twice */
        g_assert_cmpuint(f->requests[i].answers, ==, 1);
        g_clear_pointer(&f->requests[i].bytes, g_bytes_unref);
    }
    close(f->control);
    close(f->data);
}

/* Lets the device take what is there. */
static void step(Fixture *f)
{
    struct pollfd polled[DEVICE_SOCKETS];

    device_poll_sockets(f->device, polled);
    g_assert_cmpint(poll(polled, DEVICE_SOCKETS, 0), >=, 0);
    device_step(f->device, polled);
}

/* swtpm sends this, at one end. */
static void send_bytes(Fixture *f, int fd, WireBytes what)
{
    g_assert_cmpint(send(fd, what.p, what.len, MSG_NOSIGNAL), ==, (gssize)what.len);
    step(f);
}

/* swtpm got this, at one end, and nothing else. */
static void expect_got(int fd, WireBytes what)
{
    g_autofree uint8_t *got = g_malloc(what.len + 1);
    const ssize_t n = recv(fd, got, what.len + 1, MSG_DONTWAIT);

    g_assert_cmpint(n, >=, 0);
    g_assert_cmpmem(got, (size_t)n, what.p, what.len);
}

static void expect_nothing(int fd)
{
    uint8_t byte;

    g_assert_cmpint(recv(fd, &byte, 1, MSG_DONTWAIT), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
}

static void expect_bytes(const Request *r, WireBytes what)
{
    g_assert_cmpuint(r->answers, ==, 1);
    g_assert_cmpint(r->error, ==, 0);
    g_assert_nonnull(r->bytes);
    g_assert_cmpmem(g_bytes_get_data(r->bytes, NULL), g_bytes_get_size(r->bytes), what.p, what.len);
}

static void expect_error(const Request *r, int error)
{
    g_assert_cmpuint(r->answers, ==, 1);
    g_assert_cmpint(r->error, ==, error);
}

static Request *do_read(Fixture *f, size_t size)
{
    Request *r = new_request(f);

    device_read(f->device, r, size, FALSE);
    return r;
}

static Request *do_write(Fixture *f, WireBytes what)
{
    Request *r = new_request(f);

    device_write(f->device, r, what);
    return r;
}

static Request *do_ioctl(Fixture *f, unsigned long code, const void *argument, size_t len)
{
    Request *r = new_request(f);

    device_ioctl(f->device, r, (unsigned)code, (WireBytes){ argument, len },
                 _IOC_SIZE((unsigned)code));
    return r;
}

/* --- openers --- */

static void test_one_opener(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    g_assert_true(device_is_open(f->device));
    g_assert_cmpint(device_open(f->device, OWNER), ==, EBUSY);
    g_assert_cmpint(device_open(f->device, 0), ==, EBUSY);
    g_assert_cmpint(device_open(f->device, OWNER + 1), ==, EACCES);
    device_release(f->device);
    g_assert_cmpint(device_open(f->device, OWNER + 1), ==, EACCES);
    g_assert_cmpint(device_open(f->device, 0), ==, 0);
}

static void test_next_opener_gets_nothing(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    const ptm_setstate piece = { .u.req = { .type = 1, .length = PTM_STATE_BLOB_SIZE } };

    do_write(f, BYTES(COMMAND));
    send_bytes(f, f->data, BYTES(RESPONSE));
    do_ioctl(f, PTM_SET_STATEBLOB, &piece, sizeof(piece));
    device_release(f->device);
    g_assert_cmpint(device_open(f->device, OWNER), ==, 0);
    g_assert_cmpint(device_events(f->device), ==, POLLOUT);
    expect_bytes(do_read(f, 100), BYTES(""));
    expect_got(f->data, BYTES(COMMAND));
    g_assert_cmpuint(do_write(f, BYTES(COMMAND))->written, ==, 12); /* a command, not a state */
    expect_got(f->data, BYTES(COMMAND));
}

static void test_command_of_a_former_opener(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *reader;

    do_write(f, BYTES(COMMAND));
    reader = do_read(f, 100);
    device_release(f->device);
    expect_error(reader, EIO);
    g_assert_cmpint(device_open(f->device, OWNER), ==, 0);
    g_assert_cmpint(device_events(f->device), ==, 0);
    expect_error(do_write(f, BYTES(COMMAND)), EBUSY);
    expect_bytes(do_read(f, 100), BYTES(""));
    send_bytes(f, f->data, BYTES(RESPONSE));
    g_assert_cmpint(device_events(f->device), ==, POLLOUT);
    expect_bytes(do_read(f, 100), BYTES(""));
    g_assert_cmpuint(do_write(f, BYTES(COMMAND))->written, ==, 12);
}

/* --- commands --- */

static void test_command(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    g_assert_cmpint(device_events(f->device), ==, POLLOUT);
    expect_bytes(do_read(f, 100), BYTES(""));
    g_assert_cmpuint(do_write(f, BYTES(COMMAND "more"))->written, ==, 16);
    expect_got(f->data, BYTES(COMMAND));
    g_assert_cmpint(device_events(f->device), ==, 0);
    expect_error(do_write(f, BYTES(COMMAND)), EBUSY);
    for (size_t n = 0; n < sizeof(RESPONSE) - 1; n++) {
        g_assert_cmpint(device_events(f->device), ==, 0);
        send_bytes(f, f->data, (WireBytes){ (const uint8_t *)RESPONSE + n, 1 });
    }
    g_assert_cmpint(device_events(f->device), ==, POLLIN | POLLOUT);
    expect_bytes(do_read(f, 10), (WireBytes){ (const uint8_t *)RESPONSE, 10 });
    expect_bytes(do_read(f, 100), BYTES("xy"));
    expect_bytes(do_read(f, 100), BYTES(""));
    g_assert_cmpuint(f->changes, >=, 2);
}

static void test_waiting_reader(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *first;
    Request *impatient = new_request(f);

    do_write(f, BYTES(COMMAND));
    first = do_read(f, 100);
    g_assert_cmpuint(first->answers, ==, 0);
    expect_error(do_read(f, 100), EBUSY);
    device_read(f->device, impatient, 100, TRUE);
    expect_error(impatient, EAGAIN);
    send_bytes(f, f->data, BYTES(RESPONSE));
    expect_bytes(first, BYTES(RESPONSE));
}

static void test_interrupted_reader(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *reader;

    do_write(f, BYTES(COMMAND));
    reader = do_read(f, 100);
    device_interrupt(f->device, reader);
    expect_error(reader, EINTR);
    device_interrupt(f->device, reader);
    send_bytes(f, f->data, BYTES(RESPONSE));
    expect_bytes(do_read(f, 100), BYTES(RESPONSE));
}

static void test_what_is_no_command(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    static const uint8_t large[COMMAND_MAX + 1] = { 0x80, 0x01, 0, 0, 0x10, 0x01 };

    expect_error(do_write(f, BYTES("")), EINVAL);
    expect_error(do_write(f, BYTES("\200\001\0\0\0\014\0\0\001")), EINVAL);
    expect_error(do_write(f, (WireBytes){ large, sizeof(large) }), E2BIG);
    expect_nothing(f->data);
}

/* --- ioctls --- */

static void test_ioctl(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    const ptm_init init = { .u.req.init_flags = 1 };
    Request *r = do_ioctl(f, PTM_INIT, &init, sizeof(init));

    g_assert_cmpuint(r->answers, ==, 0);
    expect_got(f->control, BYTES("\0\0\0\002\0\0\0\001"));
    expect_error(do_ioctl(f, PTM_STOP, NULL, 0), EBUSY);
    send_bytes(f, f->control, BYTES("\0\0"));
    g_assert_cmpuint(r->answers, ==, 0);
    send_bytes(f, f->control, BYTES("\0\011"));
    expect_bytes(r, BYTES("\011\0\0\0"));
    g_assert_true(r->is_structure);
}

static void test_wrong_ioctls(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    const ptm_hdata data = { .u.req.length = sizeof(data.u.req.data) + 1 };
    const ptm_init init = { .u.req.init_flags = 0 };
    Request *r = new_request(f);

    expect_error(do_ioctl(f, PTM_SET_DATAFD, NULL, 0), ENOTTY);
    expect_error(do_ioctl(f, 0x5401, NULL, 0), ENOTTY);
    expect_error(do_ioctl(f, PTM_HASH_DATA, &data, sizeof(data)), EINVAL);
    expect_error(do_ioctl(f, PTM_INIT, &init, sizeof(init) - 1), EINVAL);
    expect_error(do_ioctl(f, PTM_INIT, NULL, 0), EINVAL);
    device_ioctl(f->device, r, (unsigned)PTM_INIT, (WireBytes){ (const uint8_t *)&init, 4 }, 3);
    expect_error(r, EINVAL);
    expect_nothing(f->control);
}

static void test_capabilities_are_ours(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *r = do_ioctl(f, PTM_GET_CAPABILITY, NULL, 0);
    ptm_cap bits;

    send_bytes(f, f->control, BYTES("\377\377\377\377\377\377\377\377"));
    g_assert_cmpuint(g_bytes_get_size(r->bytes), ==, sizeof(bits));
    memcpy(&bits, g_bytes_get_data(r->bytes, NULL), sizeof(bits));
    g_assert_cmphex(bits, ==, 0x7fff & ~PTM_CAP_SET_DATAFD);
}

static void test_interrupted_ioctl(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *r = do_ioctl(f, PTM_STOP, NULL, 0);

    device_interrupt(f->device, r);
    expect_error(r, EINTR);
    expect_error(do_ioctl(f, PTM_STOP, NULL, 0), EBUSY);
    send_bytes(f, f->control, BYTES("\0\0\0\0"));
    expect_got(f->control, BYTES("\0\0\0\016"));
    do_ioctl(f, PTM_STOP, NULL, 0);
    expect_got(f->control, BYTES("\0\0\0\016"));
}

static void test_rest_of_a_failure_is_dropped(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *r = do_ioctl(f, PTM_GET_CONFIG, NULL, 0);

    send_bytes(f, f->control, BYTES("\0\0\0\011rest"));
    expect_bytes(r, BYTES("\011\0\0\0\0\0\0\0"));
    r = do_ioctl(f, PTM_STOP, NULL, 0);
    g_assert_cmpuint(r->answers, ==, 0);
    send_bytes(f, f->control, BYTES("\0\0\0\003"));
    expect_bytes(r, BYTES("\003\0\0\0"));
}

static void test_reset_drops_the_response(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    do_write(f, BYTES(COMMAND));
    send_bytes(f, f->data, BYTES(RESPONSE));
    do_ioctl(f, PTM_STOP, NULL, 0);
    send_bytes(f, f->control, BYTES("\0\0\0\0"));
    expect_bytes(do_read(f, 100), BYTES(""));
}

/* --- states --- */

enum { LARGE = 2 * PTM_STATE_BLOB_SIZE + 5 };

/* GET_TPMESTABLISHED, which fails while the TPM does not run */
#define PROBE "\0\0\0\004"

/* An answer to GET_STATEBLOB with @len bytes that count. */
static GByteArray *state_answer(uint32_t len)
{
    GByteArray *a = g_byte_array_new();
    const uint32_t fields[] = { 0, GUINT32_TO_BE(PTM_STATE_FLAG_ENCRYPTED), GUINT32_TO_BE(len),
                                GUINT32_TO_BE(len) };

    g_byte_array_append(a, (const uint8_t *)fields, sizeof(fields));
    for (uint32_t i = 0; i < len; i++) {
        const uint8_t byte = (uint8_t)(i % 251);

        g_byte_array_append(a, &byte, 1);
    }
    return a;
}

static Request *get_piece(Fixture *f, uint32_t offset)
{
    const ptm_getstate request = {
        .u.req = { .state_flags = PTM_STATE_FLAG_DECRYPTED, .type = 1, .offset = offset }
    };

    return do_ioctl(f, PTM_GET_STATEBLOB, &request, sizeof(request));
}

static void expect_piece(const Request *r, uint32_t offset, uint32_t len)
{
    const ptm_getstate *piece;

    g_assert_cmpuint(r->answers, ==, 1);
    g_assert_cmpint(r->error, ==, 0);
    g_assert_cmpuint(g_bytes_get_size(r->bytes), ==, sizeof(*piece));
    piece = g_bytes_get_data(r->bytes, NULL);
    g_assert_cmpuint(piece->u.resp.tpm_result, ==, 0);
    g_assert_cmpuint(piece->u.resp.state_flags, ==, PTM_STATE_FLAG_ENCRYPTED);
    g_assert_cmpuint(piece->u.resp.totlength, ==, LARGE);
    g_assert_cmpuint(piece->u.resp.length, ==, len);
    for (uint32_t i = 0; i < PTM_STATE_BLOB_SIZE; i++) {
        g_assert_cmpuint(piece->u.resp.data[i], ==, i < len ? (offset + i) % 251 : 0);
    }
}

static void test_state_in_pieces(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    g_autoptr(GByteArray) answer = state_answer(LARGE);
    Request *r = get_piece(f, 0);

    expect_got(f->control, BYTES("\0\0\0\014\0\0\0\001\0\0\0\001\0\0\0\0"));
    for (size_t i = 0; i < answer->len; i += 1000) {
        g_assert_cmpuint(r->answers, ==, 0);
        send_bytes(f, f->control, (WireBytes){ answer->data + i, MIN(1000, answer->len - i) });
    }
    expect_piece(r, 0, PTM_STATE_BLOB_SIZE);
    g_assert_cmpint(device_events(f->device), ==, POLLIN | POLLOUT);
    expect_piece(get_piece(f, PTM_STATE_BLOB_SIZE), PTM_STATE_BLOB_SIZE, PTM_STATE_BLOB_SIZE);
    expect_piece(get_piece(f, LARGE - 5), LARGE - 5, 5);
    expect_nothing(f->control);
    g_assert_cmpint(device_events(f->device), ==, POLLOUT); /* that was all of it */
}

static void test_state_by_read(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    g_autoptr(GByteArray) answer = state_answer(LARGE);
    const uint8_t *rest = answer->data + 16 + PTM_STATE_BLOB_SIZE;

    get_piece(f, 0);
    send_bytes(f, f->control, (WireBytes){ answer->data, answer->len });
    expect_bytes(do_read(f, 1000), (WireBytes){ rest, 1000 });
    expect_bytes(do_read(f, 10000), (WireBytes){ rest + 1000, PTM_STATE_BLOB_SIZE + 5 - 1000 });
    expect_bytes(do_read(f, 10), BYTES(""));
    g_assert_cmpuint(do_write(f, BYTES(COMMAND))->written, ==, 12);
}

static void test_offset_behind_the_end(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    g_autoptr(GByteArray) answer = state_answer(LARGE);
    Request *r = get_piece(f, UINT32_MAX);

    send_bytes(f, f->control, (WireBytes){ answer->data, answer->len });
    expect_piece(r, 0, 0);
}

static void test_state_that_is_refused(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *r = get_piece(f, 0);
    const ptm_getstate *piece;

    send_bytes(f, f->control, BYTES("\0\0\0\012"));
    piece = g_bytes_get_data(r->bytes, NULL);
    g_assert_cmpuint(piece->u.resp.tpm_result, ==, 10);
    g_assert_cmpuint(piece->u.resp.length, ==, 0);
}

static void test_state_with_other_length(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *r = get_piece(f, 0);

    send_bytes(f, f->control, BYTES("\0\0\0\0\0\0\0\0\0\0\0\005\0\0\0\004abcd"));
    expect_error(r, EIO);
    g_assert_true(device_is_lost(f->device));
}

static ptm_setstate set_piece(uint32_t type, uint32_t len)
{
    ptm_setstate p = { .u.req = { .state_flags = 2, .type = type, .length = len } };

    memset(p.u.req.data, 'z', sizeof(p.u.req.data));
    return p;
}

static Request *give(Fixture *f, uint32_t type, uint32_t len)
{
    const ptm_setstate piece = set_piece(type, len);

    return do_ioctl(f, PTM_SET_STATEBLOB, &piece, sizeof(piece));
}

static void expect_state(Fixture *f, const Request *r, size_t len)
{
    g_autoptr(GByteArray) want = g_byte_array_new();
    const uint32_t fields[] = { GUINT32_TO_BE(13), GUINT32_TO_BE(2), GUINT32_TO_BE(1),
                                GUINT32_TO_BE((uint32_t)len) };

    g_byte_array_append(want, (const uint8_t *)fields, sizeof(fields));
    g_byte_array_set_size(want, (guint)(sizeof(fields) + len));
    memset(want->data + sizeof(fields), 'z', len);
    expect_got(f->control, BYTES(PROBE));
    send_bytes(f, f->control, BYTES("\0\0\0\012")); /* it does not run */
    expect_got(f->control, (WireBytes){ want->data, want->len });
    g_assert_cmpuint(r->answers, ==, 0);
    send_bytes(f, f->control, BYTES("\0\0\0\0"));
    expect_bytes(r,
                 (WireBytes){ (const uint8_t[sizeof(ptm_setstate)]){ 0 }, sizeof(ptm_setstate) });
}

static void test_state_is_given_in_pieces(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    expect_state(f, give(f, 1, 7), 7);
    give(f, 1, PTM_STATE_BLOB_SIZE);
    give(f, 1, PTM_STATE_BLOB_SIZE);
    expect_nothing(f->control);
    expect_state(f, give(f, 1, 0), (size_t)2 * PTM_STATE_BLOB_SIZE);
}

static void test_state_is_given_by_write(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    give(f, 1, 0);
    g_assert_cmpuint(do_write(f, BYTES("zzzzz"))->written, ==, 5);
    g_assert_cmpuint(do_write(f, BYTES("zz"))->written, ==, 2);
    expect_state(f, give(f, 1, 0), 7);
}

static void test_pieces_that_are_none(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    expect_error(give(f, 1, PTM_STATE_BLOB_SIZE + 1), EINVAL);
    expect_error(give(f, 1, UINT32_MAX), EINVAL);
    give(f, 1, PTM_STATE_BLOB_SIZE);
    expect_error(give(f, 2, 5), EINVAL); /* half of one, half of another */
    expect_state(f, give(f, 1, 5), 5);   /* nothing of the former is left */
    give(f, 1, PTM_STATE_BLOB_SIZE);
    expect_error(do_read(f, 5), EIO);
    expect_state(f, give(f, 1, 5), 5);
}

static void test_state_without_end(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    static uint8_t much[1024 * 1024];
    int pieces = 0;
    Request *r;

    give(f, 1, 0);
    while (!(r = do_write(f, (WireBytes){ much, sizeof(much) }))->error) {
        g_assert_cmpint(++pieces, <=, PTM_STATE_MAX / (int)sizeof(much));
    }
    expect_error(r, EFBIG);
    g_assert_cmpint(pieces, ==, PTM_STATE_MAX / (int)sizeof(much));
    expect_state(f, give(f, 1, 5), 5);
}

/* swtpm says no before it has read all of the state: what is left would be its next message. */
static void test_state_of_a_tpm_that_runs(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *r;

    give(f, 1, PTM_STATE_BLOB_SIZE);
    give(f, 1, PTM_STATE_BLOB_SIZE);
    r = give(f, 1, 5);
    expect_got(f->control, BYTES(PROBE));
    send_bytes(f, f->control, BYTES("\0\0\0\0\0\0\0\0"));
    expect_got(f->control, BYTES("\0\0\0\015\0\0\0\002\0\0\0\001\0\0\0\0"));
    g_assert_cmpuint(r->answers, ==, 0);
    send_bytes(f, f->control, BYTES("\0\0\0\012"));
    g_assert_cmpuint(r->answers, ==, 1);
    g_assert_cmpuint(((const ptm_setstate *)g_bytes_get_data(r->bytes, NULL))->u.resp.tpm_result,
                     ==, 10);
}

static void test_state_whose_opener_leaves(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    expect_error((give(f, 1, 5), device_release(f->device), &f->requests[0]), EIO);
    expect_got(f->control, BYTES(PROBE));
    send_bytes(f, f->control, BYTES("\0\0\0\012"));
    expect_nothing(f->control); /* no state, and no empty one */
    g_assert_false(device_is_lost(f->device));
    g_assert_cmpint(device_open(f->device, OWNER), ==, 0);
    expect_state(f, give(f, 1, 5), 5);
}

/* What swtpm does not read at once goes in a second message, if it wants that. */
static void test_long_hash_data(Fixture *f, gconstpointer refused)
{
    ptm_hdata data = { .u.req.length = sizeof(data.u.req.data) };
    uint8_t want[PTM_MESSAGE_READ] = { 0, 0, 0, 7, 0, 0, 0x0f, 0xf8 };
    Request *r;

    memset(data.u.req.data, 'z', sizeof(data.u.req.data));
    memset(want + 8, 'z', sizeof(want) - 8);
    r = do_ioctl(f, PTM_HASH_DATA, &data, sizeof(data));
    expect_got(f->control, (WireBytes){ want, sizeof(want) });
    if (refused) {
        send_bytes(f, f->control, BYTES("\0\0\0\012"));
        expect_nothing(f->control);
    } else {
        send_bytes(f, f->control, BYTES("\0\0\0\0"));
        expect_got(f->control, BYTES("\0\0\0\007\0\0\0\010zzzzzzzz"));
        g_assert_cmpuint(r->answers, ==, 0);
        send_bytes(f, f->control, BYTES("\0\0\0\0"));
    }
    g_assert_cmpuint(r->answers, ==, 1);
    g_assert_cmpuint(((const ptm_hdata *)g_bytes_get_data(r->bytes, NULL))->u.resp.tpm_result, ==,
                     refused ? 10 : 0);
}

static void test_another_call_ends_a_transfer(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *r;

    give(f, 1, PTM_STATE_BLOB_SIZE);
    r = do_ioctl(f, PTM_STOP, NULL, 0);
    expect_got(f->control, BYTES("\0\0\0\016"));
    send_bytes(f, f->control, BYTES("\0\0\0\0"));
    expect_bytes(r, BYTES("\0\0\0\0"));
    expect_state(f, give(f, 1, 5), 5);
}

/* --- the end --- */

static void expect_lost(Fixture *f)
{
    const ptm_init init = { .u.req.init_flags = 0 };

    g_assert_true(device_is_lost(f->device));
    g_assert_cmpint(device_events(f->device), ==, POLLHUP | POLLERR);
    expect_error(do_read(f, 100), EIO);
    expect_error(do_write(f, BYTES(COMMAND)), EIO);
    expect_error(do_ioctl(f, PTM_INIT, &init, sizeof(init)), EIO);
    device_release(f->device);
    g_assert_cmpint(device_open(f->device, OWNER), ==, ENODEV);
}

static void test_swtpm_ends(Fixture *f, gconstpointer which)
{
    Request *reader;
    Request *caller;
    guint before;

    do_write(f, BYTES(COMMAND));
    reader = do_read(f, 100);
    caller = do_ioctl(f, PTM_STOP, NULL, 0);
    before = f->changes;
    shutdown(GPOINTER_TO_INT(which) ? f->control : f->data, SHUT_RDWR);
    step(f);
    expect_error(reader, EIO);
    expect_error(caller, EIO);
    g_assert_cmpuint(f->changes, >, before);
    g_assert_false(device_was_shut_down(f->device));
    expect_lost(f);
}

static void test_swtpm_ends_while_idle(Fixture *f, gconstpointer which)
{
    shutdown(GPOINTER_TO_INT(which) ? f->control : f->data, SHUT_RDWR);
    step(f);
    expect_lost(f);
}

static void test_shutdown(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *r = do_ioctl(f, PTM_SHUTDOWN, NULL, 0);

    /* the answer, and the end of both channels, are there at once */
    g_assert_cmpint(send(f->control, "\0\0\0", 4, 0), ==, 4);
    shutdown(f->control, SHUT_RDWR);
    shutdown(f->data, SHUT_RDWR);
    step(f);
    expect_bytes(r, BYTES("\0\0\0\0"));
    g_assert_true(device_was_shut_down(f->device));
    step(f);
    expect_lost(f);
}

static void test_refused_shutdown(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    do_ioctl(f, PTM_SHUTDOWN, NULL, 0);
    send_bytes(f, f->control, BYTES("\0\0\0\003"));
    g_assert_false(device_was_shut_down(f->device));
}

static void test_nonsense_for_a_response(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    Request *reader;

    do_write(f, BYTES(COMMAND));
    reader = do_read(f, 100);
    send_bytes(f, f->data, BYTES("\200\001\0\0\020\001\0\0\0\0"));
    expect_error(reader, EIO);
    expect_lost(f);
}

static void test_a_response_that_nobody_asked_for(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    send_bytes(f, f->data, BYTES(RESPONSE));
    expect_lost(f);
}

static void test_what_waits_is_answered_at_the_end(Fixture *f, G_GNUC_UNUSED gconstpointer nothing)
{
    do_write(f, BYTES(COMMAND));
    do_read(f, 100);
    do_ioctl(f, PTM_STOP, NULL, 0);
    /* tear_down() looks at them */
}

static void add(const char *name, void (*test)(Fixture *, gconstpointer), int data)
{
    g_autofree char *path = g_strconcat("/cuse-device/", name, NULL);

    g_test_add(path, Fixture, GINT_TO_POINTER(data), set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("open/one-at-a-time-and-no-other-user", test_one_opener, 0);
    add("open/the-next-gets-nothing-of-the-last", test_next_opener_gets_nothing, 0);
    add("open/a-command-in-flight-is-not-the-next-ones", test_command_of_a_former_opener, 0);
    add("command/response-in-pieces", test_command, 0);
    add("command/a-reader-waits", test_waiting_reader, 0);
    add("command/a-reader-is-interrupted", test_interrupted_reader, 0);
    add("command/what-is-none-is-refused", test_what_is_no_command, 0);
    add("ioctl/carried-over", test_ioctl, 0);
    add("ioctl/what-is-none-is-refused", test_wrong_ioctls, 0);
    add("ioctl/capabilities-are-ours", test_capabilities_are_ours, 0);
    add("ioctl/interrupted", test_interrupted_ioctl, 0);
    add("ioctl/the-rest-of-a-failure-is-dropped", test_rest_of_a_failure_is_dropped, 0);
    add("ioctl/a-reset-drops-the-response", test_reset_drops_the_response, 0);
    add("state/taken-in-pieces", test_state_in_pieces, 0);
    add("state/taken-by-read", test_state_by_read, 0);
    add("state/nothing-behind-its-end", test_offset_behind_the_end, 0);
    add("state/refused", test_state_that_is_refused, 0);
    add("state/two-lengths", test_state_with_other_length, 0);
    add("state/given-in-pieces", test_state_is_given_in_pieces, 0);
    add("state/given-by-write", test_state_is_given_by_write, 0);
    add("state/pieces-that-are-none", test_pieces_that_are_none, 0);
    add("state/without-end", test_state_without_end, 0);
    add("state/refused-by-a-tpm-that-runs", test_state_of_a_tpm_that_runs, 0);
    add("state/whose-opener-leaves", test_state_whose_opener_leaves, 0);
    add("ioctl/hash-data-in-two-messages", test_long_hash_data, 0);
    add("ioctl/hash-data-refused", test_long_hash_data, 1);
    add("state/another-call-ends-it", test_another_call_ends_a_transfer, 0);
    add("end/of-the-data-channel", test_swtpm_ends, 0);
    add("end/of-the-control-channel", test_swtpm_ends, 1);
    add("end/of-the-data-channel-while-idle", test_swtpm_ends_while_idle, 0);
    add("end/of-the-control-channel-while-idle", test_swtpm_ends_while_idle, 1);
    add("end/shutdown", test_shutdown, 0);
    add("end/shutdown-refused", test_refused_shutdown, 0);
    add("end/nonsense", test_nonsense_for_a_response, 0);
    add("end/unasked", test_a_response_that_nobody_asked_for, 0);
    add("end/of-the-program", test_what_waits_is_answered_at_the_end, 0);
    return g_test_run();
}
