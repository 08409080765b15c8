/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vTPM for tests: its side of the control protocol and of the data channel
 */
#include "qemu/osdep.h"

#include "backends/tpm/tpm_ioctl.h"
#include "qemu/bswap.h"
#include "vtpm-fake-protocol.h"

#define HEADER 10

static void note(VtpmFake *fake, Seen *seen, uint32_t code)
{
    unsigned i = 0;

    while (i < VTPM_FAKE_CODES - 1 && seen[i].times && seen[i].code != code) {
        i++;
    }
    seen[i].code = code;
    seen[i].times++;
    seen[i].order = ++fake->order;
}

void vtpm_fake_drop(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

void vtpm_fake_hang_up(VtpmFake *fake)
{
    vtpm_fake_drop(&fake->control);
    vtpm_fake_drop(&fake->data);
    fake->held_size = 0;
    fake->late.size = 0;
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

/* Sends an answer with what can be wrong with it on both channels. */
static void put_spoilt(VtpmFake *fake, int fd, VtpmFault fault, const uint8_t *message, size_t size)
{
    switch (fault) {
    case VTPM_SILENT:
        break;
    case VTPM_CLOSE:
        vtpm_fake_hang_up(fake);
        break;
    case VTPM_SHORT:
        put(fd, message, size / 2);
        vtpm_fake_hang_up(fake);
        break;
    default:
        put(fd, message, size);
    }
}

/* --- data channel --- */

void vtpm_fake_answer(VtpmFake *fake, const uint8_t *frame, size_t size)
{
    switch (fake->data_fault) {
    case VTPM_PIECES:
        for (size_t i = 0; i < size; i++) {
            put(fake->data, frame + i, 1);
        }
        break;
    case VTPM_BYTES:
        put(fake->data, fake->data_bytes.data, fake->data_bytes.size);
        if (fake->data_bytes.size < HEADER ||
            fake->data_bytes.size < ldl_be_p(fake->data_bytes.data + 2)) {
            vtpm_fake_hang_up(fake);
        }
        break;
    default:
        put_spoilt(fake, fake->data, fake->data_fault, frame, size);
        break;
    }
    fake->data_fault = VTPM_FINE;
}

/* Puts the answer of a TPM that measures. Returns: its size; 0 for a command of another kind. */
static size_t put_measured(const uint8_t *command, uint8_t *frame)
{
    static const struct {
        uint32_t code;
        uint16_t tag;
        uint8_t size;
        uint8_t body[20];
    } answers[] = {
        { 0x144, 0x8001, 10, { 0 } },
        { 0x17a, 0x8001, 25, { 0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0xb, 3, 0xff, 0xff, 0xff } },
        { 0x182, 0x8002, 19, { [6] = 1 } },
        { 0x99, 0xc4, 10, { 0 } },
        { 0x14, 0xc4, 30, { 0x77 } },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(answers); i++) {
        if (answers[i].code == ldl_be_p(command + 6)) {
            stw_be_p(frame, answers[i].tag);
            stl_be_p(frame + 2, answers[i].size);
            stl_be_p(frame + 6, 0);
            memcpy(frame + HEADER, answers[i].body, answers[i].size - HEADER);
            return answers[i].size;
        }
    }
    return 0;
}

void vtpm_fake_take_command(VtpmFake *fake)
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
        vtpm_fake_drop(&fake->data);
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
    if (fake->measures) {
        size_t measured = put_measured(command, frame);

        size = measured ? measured : size;
        if (fake->sound) {
            fake->sound--;
            put(fake->data, frame, size);
            return;
        }
    }
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
        vtpm_fake_answer(fake, frame, size);
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

void vtpm_fake_answer_late(VtpmFake *fake)
{
    put(fake->control, fake->late.data, fake->late.size);
    fake->late.size = 0;
    fake->late_due = false;
}

static void reply(VtpmFake *fake, VtpmFault fault, uint8_t *message, size_t size)
{
    switch (fault) {
    case VTPM_REFUSE:
        stl_be_p(message, 9);
        put(fake->control, message, sizeof(uint32_t));
        return;
    case VTPM_LATE:
        memcpy(fake->late.data, message, size);
        fake->late.size = size;
        return;
    case VTPM_BLOB_HUGE:
        stl_be_p(message + 8, 0xc0000000);
        stl_be_p(message + 12, 0xc0000000);
        put(fake->control, message, 16);
        return;
    case VTPM_BYTES:
        put(fake->control, fake->control_bytes.data, fake->control_bytes.size);
        if (fake->control_bytes.size < size) {
            vtpm_fake_hang_up(fake);
        }
        return;
    default:
        put_spoilt(fake, fake->control, fault, message, size);
    }
}

void vtpm_fake_take_control(VtpmFake *fake)
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
        vtpm_fake_hang_up(fake);
        return;
    }
    command = ldl_be_p(word);
    note(fake, fake->controls, command);
    if (command == fake->faulty_control) {
        fault = fake->control_fault;
        fake->faulty_control = 0;
    }
    if (command == CMD_SET_DATAFD && CMSG_FIRSTHDR(&msg)) {
        vtpm_fake_drop(&fake->data);
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
        vtpm_fake_hang_up(fake);
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
