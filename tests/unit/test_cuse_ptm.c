/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ioctls of swtpm's character device, and what they are on its control channel. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <swtpm/tpm_ioctl.h>

#include "command.h"
#include "ptm.h"

/* Every call of swtpm's header but SET_DATAFD: it and the table are tests of each other. */
static const struct {
    const char *name;
    unsigned long ioctl_code;
    uint32_t message;
    uint64_t capability;
} header[] = {
    { "GET_CAPABILITY", PTM_GET_CAPABILITY, CMD_GET_CAPABILITY, 0 },
    { "INIT", PTM_INIT, CMD_INIT, PTM_CAP_INIT },
    { "SHUTDOWN", PTM_SHUTDOWN, CMD_SHUTDOWN, PTM_CAP_SHUTDOWN },
    { "GET_TPMESTABLISHED", PTM_GET_TPMESTABLISHED, CMD_GET_TPMESTABLISHED,
      PTM_CAP_GET_TPMESTABLISHED },
    { "SET_LOCALITY", PTM_SET_LOCALITY, CMD_SET_LOCALITY, PTM_CAP_SET_LOCALITY },
    { "HASH_START", PTM_HASH_START, CMD_HASH_START, PTM_CAP_HASHING },
    { "HASH_DATA", PTM_HASH_DATA, CMD_HASH_DATA, PTM_CAP_HASHING },
    { "HASH_END", PTM_HASH_END, CMD_HASH_END, PTM_CAP_HASHING },
    { "CANCEL_TPM_CMD", PTM_CANCEL_TPM_CMD, CMD_CANCEL_TPM_CMD, PTM_CAP_CANCEL_TPM_CMD },
    { "STORE_VOLATILE", PTM_STORE_VOLATILE, CMD_STORE_VOLATILE, PTM_CAP_STORE_VOLATILE },
    { "RESET_TPMESTABLISHED", PTM_RESET_TPMESTABLISHED, CMD_RESET_TPMESTABLISHED,
      PTM_CAP_RESET_TPMESTABLISHED },
    { "GET_STATEBLOB", PTM_GET_STATEBLOB, CMD_GET_STATEBLOB, PTM_CAP_GET_STATEBLOB },
    { "SET_STATEBLOB", PTM_SET_STATEBLOB, CMD_SET_STATEBLOB, PTM_CAP_SET_STATEBLOB },
    { "STOP", PTM_STOP, CMD_STOP, PTM_CAP_STOP },
    { "GET_CONFIG", PTM_GET_CONFIG, CMD_GET_CONFIG, PTM_CAP_GET_CONFIG },
    { "SET_BUFFERSIZE", PTM_SET_BUFFERSIZE, CMD_SET_BUFFERSIZE, PTM_CAP_SET_BUFFERSIZE },
    { "GET_INFO", PTM_GET_INFO, CMD_GET_INFO, PTM_CAP_GET_INFO },
};

static const PtmCall *call_named(const char *name)
{
    size_t count;
    const PtmCall *call = ptm_calls(&count);

    while (count-- > 0) {
        if (g_str_equal(call[count].name, name)) {
            return &call[count];
        }
    }
    g_error("no call %s", name);
}

static void test_table_is_the_header(void)
{
    uint64_t bits = 0;
    size_t count;

    ptm_calls(&count);
    g_assert_cmpuint(count, ==, G_N_ELEMENTS(header));
    for (size_t i = 0; i < count; i++) {
        const PtmCall *call = call_named(header[i].name);

        /* an enumerator may be negative where int has no room for the code */
        g_assert_cmphex(ptm_ioctl_code(call), ==, (unsigned)header[i].ioctl_code);
        g_assert_cmpuint(ptm_code(call), ==, header[i].message);
        g_assert_cmpuint(call->capability, ==, header[i].capability);
        g_assert_true(ptm_find((unsigned)header[i].ioctl_code) == call);
        bits |= header[i].capability;
    }
    g_assert_cmphex(ptm_capabilities(), ==, bits);
}

static void test_unknown_codes(void)
{
    size_t count;
    const PtmCall *calls = ptm_calls(&count);

    g_assert_null(ptm_find((unsigned)PTM_SET_DATAFD));
    g_assert_null(ptm_find(0));
    for (size_t i = 0; i < count; i++) {
        const unsigned long code = ptm_ioctl_code(&calls[i]);

        g_assert_null(ptm_find(code ^ (1ul << _IOC_SIZESHIFT))); /* another size */
        g_assert_null(ptm_find(code ^ ((unsigned long)_IOC_READ << _IOC_DIRSHIFT)));
        g_assert_null(ptm_find(code ^ ((unsigned long)_IOC_WRITE << _IOC_DIRSHIFT)));
        g_assert_null(ptm_find(code | 1ul << 32));
    }
}

/* The message of a call, or none; what was in the buffer is poisoned. */
static GBytes *request(const char *name, const void *argument, size_t len)
{
    uint8_t buf[PTM_REQUEST_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    memset(buf, 0xa5, sizeof(buf));
    if (!ptm_put_request(&w, call_named(name), (WireBytes){ argument, len })) {
        g_assert_cmpuint(w.len, ==, 0);
        return NULL;
    }
    return g_bytes_new(buf, w.len);
}

static void expect(GBytes *got, const char *bytes, size_t len)
{
    g_assert_nonnull(got);
    g_assert_cmpmem(g_bytes_get_data(got, NULL), g_bytes_get_size(got), bytes, len);
    g_bytes_unref(got);
}

#define EXPECT(got, literal) expect(got, literal, sizeof(literal) - 1)

static void test_requests(void)
{
    const ptm_init init = { .u.req.init_flags = PTM_INIT_FLAG_DELETE_VOLATILE };
    ptm_loc loc;
    const ptm_setbuffersize size = { .u.req.buffersize = 0x01020304 };
    const ptm_getinfo info = { .u.req = { .flags = 0x0102030405060708, .offset = 9 } };

    memset(&loc, 0xee, sizeof(loc));
    loc.u.req.loc = 3;
    EXPECT(request("STOP", NULL, 0), "\0\0\0\016");
    EXPECT(request("INIT", &init, sizeof(init)), "\0\0\0\002\0\0\0\001");
    /* what an opener has in the padding is not handed on */
    EXPECT(request("SET_LOCALITY", &loc, sizeof(loc)), "\0\0\0\005\003\0\0\0");
    EXPECT(request("SET_BUFFERSIZE", &size, sizeof(size)), "\0\0\0\021\001\002\003\004");
    EXPECT(request("GET_INFO", &info, sizeof(info)),
           "\0\0\0\022\001\002\003\004\005\006\007\010\0\0\0\011\0\0\0\0");
}

static void test_hash_data(void)
{
    ptm_hdata data = { .u.req = { .length = 3, .data = "abc" } };
    g_autoptr(GBytes) most = NULL;

    EXPECT(request("HASH_DATA", &data, sizeof(data)), "\0\0\0\007\0\0\0\003abc");
    data.u.req.length = 0;
    EXPECT(request("HASH_DATA", &data, sizeof(data)), "\0\0\0\007\0\0\0\0");
    data.u.req.length = sizeof(data.u.req.data);
    most = request("HASH_DATA", &data, sizeof(data));
    g_assert_cmpuint(g_bytes_get_size(most), ==, PTM_REQUEST_MAX);
    data.u.req.length++;
    g_assert_null(request("HASH_DATA", &data, sizeof(data)));
    data.u.req.length = UINT32_MAX;
    g_assert_null(request("HASH_DATA", &data, sizeof(data)));
}

static void test_truncated_requests(void)
{
    static const char *const names[] = { "INIT", "SET_LOCALITY", "SET_BUFFERSIZE", "GET_INFO" };
    ptm_hdata data = { .u.req = { .length = 5 } };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        /* what its request takes: the response may be longer */
        const size_t len = g_bytes_get_size(request(names[i], &data, sizeof(data))) - 4;

        for (size_t n = 0; n < len; n++) {
            g_autofree uint8_t *exact = g_memdup2(&data, n);

            g_assert_null(request(names[i], exact, n));
        }
    }
    for (size_t n = 0; n < 9; n++) {
        g_autofree uint8_t *exact = g_memdup2(&data, n);

        g_assert_null(request("HASH_DATA", exact, n));
    }
}

static void test_no_room_for_a_request(void)
{
    const ptm_hdata data = { .u.req = { .length = 3 } };
    uint8_t buf[11];

    for (size_t n = 0; n < sizeof(buf); n++) {
        WireWriter w = WIRE_WRITER(buf, n);

        g_assert_false(ptm_put_request(&w, call_named("HASH_DATA"),
                                       (WireBytes){ (const uint8_t *)&data, sizeof(data) }));
        g_assert_cmpuint(w.len, ==, 0);
    }
}

/* --- answers --- */

typedef struct Answer {
    const char *name;
    const char *bytes;
    size_t len;
} Answer;

#define ANSWER(name, literal)                                                                      \
    {                                                                                              \
        name, literal, sizeof(literal) - 1                                                         \
    }

static const Answer answers[] = {
    ANSWER("GET_CAPABILITY", "\0\0\0\0\0\0\177\377"),
    ANSWER("INIT", "\0\0\0\0"),
    ANSWER("INIT", "\0\0\0\011"),
    ANSWER("GET_TPMESTABLISHED", "\0\0\0\0\001\0\0\0"),
    ANSWER("GET_TPMESTABLISHED", "\0\0\0\012"),
    ANSWER("GET_CONFIG", "\0\0\0\0\0\0\0\003"),
    ANSWER("SET_BUFFERSIZE", "\0\0\0\0\0\0\020\0\0\0\012\370\0\0\020\0"),
    ANSWER("GET_INFO", "\0\0\0\0\0\0\0\003\0\0\0\003{}\0"),
    ANSWER("GET_STATEBLOB", "\0\0\0\0\0\0\0\002\0\0\0\004\0\0\0\004abcd"),
    ANSWER("GET_STATEBLOB", "\0\0\0\001"),
};

static PtmProgress look(const Answer *a, size_t len, size_t *ret_size)
{
    g_autofree uint8_t *exact = g_memdup2(a->bytes, len);

    *ret_size = SIZE_MAX;
    return ptm_answer_size(call_named(a->name), (WireBytes){ exact, len }, ret_size);
}

static void test_answers_end_where_they_end(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        const Answer *a = &answers[i];
        g_autofree uint8_t *longer = g_malloc0(a->len + 1);
        size_t size;

        for (size_t n = 0; n < a->len; n++) {
            g_assert_cmpint(look(a, n, &size), ==, PTM_MORE);
            g_assert_cmpuint(size, >, n);
        }
        g_assert_cmpint(look(a, a->len, &size), ==, PTM_WHOLE);
        g_assert_cmpuint(size, ==, a->len);
        memcpy(longer, a->bytes, a->len);
        g_assert_cmpint(
            ptm_answer_size(call_named(a->name), (WireBytes){ longer, a->len + 1 }, &size), ==,
            PTM_BROKEN);
    }
}

static void test_lengths_that_are_too_large(void)
{
    static const Answer info = ANSWER("GET_INFO", "\0\0\0\0\0\0\014\001\0\0\014\001");
    static const Answer most = ANSWER("GET_INFO", "\0\0\0\0\0\0\014\0\0\0\014\0");
    static const Answer state = ANSWER("GET_STATEBLOB", "\0\0\0\0\0\0\0\0\0\100\0\001\0\100\0\001");
    static const Answer huge =
        ANSWER("GET_STATEBLOB", "\0\0\0\0\0\0\0\0\377\377\377\377\377\377\377\377");
    static const Answer largest = ANSWER("GET_STATEBLOB", "\0\0\0\0\0\0\0\0\0\100\0\0\0\100\0\0");
    size_t size;

    g_assert_cmpint(look(&info, info.len, &size), ==, PTM_BROKEN);
    g_assert_cmpint(look(&most, most.len, &size), ==, PTM_MORE);
    g_assert_cmpuint(size, ==, 12 + PTM_PIECE);
    g_assert_cmpint(look(&state, state.len, &size), ==, PTM_BROKEN);
    g_assert_cmpint(look(&huge, huge.len, &size), ==, PTM_BROKEN);
    g_assert_cmpint(look(&largest, largest.len, &size), ==, PTM_MORE);
    g_assert_cmpuint(size, ==, PTM_ANSWER_MAX);
}

/* The structure of an answer; what was there is poisoned. */
static gboolean structure(const Answer *a, size_t len, void *ret, size_t size)
{
    const PtmCall *call = call_named(a->name);
    g_autofree uint8_t *exact = g_memdup2(a->bytes, len);
    g_autofree uint8_t *room = g_malloc(call->size);

    g_assert_cmpuint(size, ==, call->size);
    memset(room, 0xa5, size);
    if (!ptm_get_response(call, (WireBytes){ exact, len }, room)) {
        for (size_t i = 0; i < size; i++) {
            g_assert_cmphex(room[i], ==, 0xa5);
        }
        return FALSE;
    }
    memcpy(ret, room, size);
    return TRUE;
}

static void test_structures(void)
{
    ptm_cap capabilities;
    ptm_est established;
    ptm_getconfig config;
    ptm_setbuffersize size;
    ptm_getinfo info;
    static const uint8_t nothing[PTM_GETINFO_SIZE];

    g_assert_true(structure(&answers[0], answers[0].len, &capabilities, sizeof(capabilities)));
    g_assert_cmphex(capabilities, ==, 0x7fff);
    g_assert_true(structure(&answers[3], answers[3].len, &established, sizeof(established)));
    g_assert_cmpuint(established.u.resp.tpm_result, ==, 0);
    g_assert_cmpuint(established.u.resp.bit, ==, 1);
    g_assert_true(structure(&answers[4], answers[4].len, &established, sizeof(established)));
    g_assert_cmpuint(established.u.resp.tpm_result, ==, 10);
    g_assert_cmpuint(established.u.resp.bit, ==, 0);
    g_assert_true(structure(&answers[5], answers[5].len, &config, sizeof(config)));
    g_assert_cmpuint(config.u.resp.flags, ==, 3);
    g_assert_true(structure(&answers[6], answers[6].len, &size, sizeof(size)));
    g_assert_cmpuint(size.u.resp.buffersize, ==, 4096);
    g_assert_cmpuint(size.u.resp.minsize, ==, 2808);
    g_assert_cmpuint(size.u.resp.maxsize, ==, 4096);
    g_assert_true(structure(&answers[7], answers[7].len, &info, sizeof(info)));
    g_assert_cmpuint(info.u.resp.totlength, ==, 3);
    g_assert_cmpuint(info.u.resp.length, ==, 3);
    g_assert_cmpstr(info.u.resp.buffer, ==, "{}");
    g_assert_cmpmem(info.u.resp.buffer + 3, PTM_GETINFO_SIZE - 3, nothing, PTM_GETINFO_SIZE - 3);
}

static void test_truncated_answers_make_no_structure(void)
{
    ptm_getinfo any;

    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        for (size_t n = 0; n < answers[i].len; n++) {
            g_assert_false(structure(&answers[i], n, &any, call_named(answers[i].name)->size));
        }
    }
    /* and those of states are not made here, whole or not */
    g_assert_false(structure(&answers[8], answers[8].len, &any, sizeof(ptm_getstate)));
}

/* --- commands and responses --- */

#define BYTES(literal) ((WireBytes){ (const uint8_t *)(literal), sizeof(literal) - 1 })

static void test_commands(void)
{
    static const uint8_t large[COMMAND_MAX + 1] = { 0x80, 0x01, 0, 0, 0x10, 0x00 };
    size_t len = 77;

    g_assert_cmpint(command_check(BYTES("\200\001\0\0\0\014\0\0\001\104\0\0"), &len), ==, 0);
    g_assert_cmpuint(len, ==, 12);
    g_assert_cmpint(command_check(BYTES("\200\001\0\0\0\012\0\0\001\104more"), &len), ==, 0);
    g_assert_cmpuint(len, ==, 10);
    g_assert_cmpint(command_check((WireBytes){ large, COMMAND_MAX }, &len), ==, 0);
    g_assert_cmpuint(len, ==, COMMAND_MAX);
    len = 77;
    g_assert_cmpint(command_check((WireBytes){ large, COMMAND_MAX + 1 }, &len), ==, E2BIG);
    g_assert_cmpint(command_check(BYTES("\200\001\0\0\0\015\0\0\001\104\0\0"), &len), ==, EINVAL);
    g_assert_cmpint(command_check(BYTES("\200\001\0\0\0\011\0\0\001\104"), &len), ==, EINVAL);
    g_assert_cmpint(command_check(BYTES("\200\001\377\377\377\377\0\0\001\104"), &len), ==, EINVAL);
    for (size_t n = 0; n < COMMAND_HEADER; n++) {
        g_assert_cmpint(command_check((WireBytes){ large, n }, &len), ==, EINVAL);
    }
    g_assert_cmpuint(len, ==, 77);
}

static void test_responses(void)
{
    static const char good[] = "\200\001\0\0\0\014\0\0\0\0xy";
    static const char none[] = "\200\001\0\0\0\011\0\0\0";
    static const char large[] = "\200\001\0\0\020\001\0\0\0\0";
    size_t size;

    for (size_t n = 0; n < sizeof(good) - 1; n++) {
        g_autofree uint8_t *exact = g_memdup2(good, n);

        g_assert_cmpint(response_size(NULL, (WireBytes){ exact, n }, &size), ==, PTM_MORE);
        g_assert_cmpuint(size, ==, n < COMMAND_HEADER ? COMMAND_HEADER : 12);
    }
    g_assert_cmpint(response_size(NULL, BYTES(good), &size), ==, PTM_WHOLE);
    g_assert_cmpint(response_size(NULL, BYTES("\200\001\0\0\0\014\0\0\0\0xyz"), &size), ==,
                    PTM_BROKEN);
    g_assert_cmpint(response_size(NULL, (WireBytes){ (const uint8_t *)none, 10 }, &size), ==,
                    PTM_BROKEN);
    g_assert_cmpint(response_size(NULL, BYTES(large), &size), ==, PTM_BROKEN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cuse-ptm/table/is-swtpms-header", test_table_is_the_header);
    g_test_add_func("/cuse-ptm/table/refuses-all-else", test_unknown_codes);
    g_test_add_func("/cuse-ptm/request/bytes", test_requests);
    g_test_add_func("/cuse-ptm/request/hash-data-is-bounded", test_hash_data);
    g_test_add_func("/cuse-ptm/request/each-truncation", test_truncated_requests);
    g_test_add_func("/cuse-ptm/request/no-room", test_no_room_for_a_request);
    g_test_add_func("/cuse-ptm/answer/each-truncation", test_answers_end_where_they_end);
    g_test_add_func("/cuse-ptm/answer/lengths-are-bounded", test_lengths_that_are_too_large);
    g_test_add_func("/cuse-ptm/answer/structures", test_structures);
    g_test_add_func("/cuse-ptm/answer/none-of-a-truncated-one",
                    test_truncated_answers_make_no_structure);
    g_test_add_func("/cuse-ptm/command/sizes", test_commands);
    g_test_add_func("/cuse-ptm/response/each-truncation", test_responses);
    return g_test_run();
}
