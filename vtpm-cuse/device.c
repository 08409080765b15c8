/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "state.h"

/*
 * What follows a message before the opener gets an answer. swtpm reads PTM_MESSAGE_READ bytes of a
 * message and then says no, if it does; what it did not read it takes for the next message. So no
 * message is longer than that unless swtpm takes all of it.
 */
typedef enum Then {
    THEN_ANSWER,
    THEN_HASH_REST, /* a second message with the rest */
    THEN_SET_STATE, /* the state, now that it is known whether the TPM runs */
} Then;

struct Device {
    const DeviceReplies *replies;
    void *context;
    uid_t owner;
    bool open;
    bool lost;
    bool shut_down;

    Exchange data;
    bool orphan;  /* whoever wrote the command is gone */
    void *reader; /* waits for the response; NULL: nobody does */
    size_t reader_size;
    uint8_t response[COMMAND_MAX];
    size_t response_len; /* 0: none is there */
    size_t response_at;

    Exchange control;
    const PtmCall *call;                              /* NULL: no ioctl is on its way */
    Then then;                                        /* and what comes before its answer */
    uint8_t rest[PTM_REQUEST_MAX - PTM_MESSAGE_READ]; /* of what is to be hashed */
    size_t rest_len;
    void *caller;   /* NULL: whoever asked does not wait any more */
    StateKind kind; /* which state was asked for */
    uint32_t offset;
    State state;
};

Device *device_new(int control, int data, uid_t owner, const DeviceReplies *replies, void *context)
{
    Device *d = calloc(1, sizeof(*d));

    if (d) {
        d->control.fd = control;
        d->data.fd = data;
        d->owner = owner;
        d->replies = replies;
        d->context = context;
    }
    return d;
}

bool device_is_lost(const Device *d)
{
    return d->lost;
}

bool device_was_shut_down(const Device *d)
{
    return d->shut_down;
}

bool device_is_open(const Device *d)
{
    return d->open;
}

short device_events(const Device *d)
{
    if (d->lost) {
        return POLLHUP | POLLERR;
    }
    if (d->response_len > 0 || d->state.way == STATE_TAKEN) {
        return POLLIN | POLLOUT;
    }
    return exchange_runs(&d->data) ? 0 : POLLOUT;
}

/* The one place where a reader is answered. */
static void answer_reader(Device *d, int error, WireBytes bytes)
{
    void *reader = d->reader;

    d->reader = NULL;
    if (reader && error) {
        d->replies->done(reader, error);
    } else if (reader) {
        d->replies->bytes(reader, bytes);
    }
}

/* The one place where a caller of an ioctl that was on its way is answered. */
static void answer_caller(Device *d, int error, WireBytes structure)
{
    void *caller = d->caller;

    d->caller = NULL;
    if (caller && error) {
        d->replies->done(caller, error);
    } else if (caller) {
        d->replies->structure(caller, structure);
    }
}

static void drop_response(Device *d)
{
    explicit_bzero(d->response, sizeof(d->response));
    d->response_len = d->response_at = 0;
}

static void lose(Device *d)
{
    const WireBytes nothing = { NULL, 0 };

    if (d->lost) {
        return;
    }
    d->lost = true;
    exchange_end(&d->data);
    exchange_end(&d->control);
    d->call = NULL;
    state_clear(&d->state);
    drop_response(d);
    answer_reader(d, EIO, nothing);
    answer_caller(d, EIO, nothing);
    d->replies->changed(d->context);
}

void device_free(Device *d)
{
    if (d) {
        lose(d);
        close(d->control.fd);
        close(d->data.fd);
        free(d);
    }
}

int device_open(Device *d, uid_t who)
{
    if (who != 0 && who != d->owner) {
        return EACCES;
    }
    if (d->lost) {
        return ENODEV;
    }
    if (d->open) {
        return EBUSY;
    }
    d->open = true;
    return 0;
}

void device_release(Device *d)
{
    const WireBytes nothing = { NULL, 0 };

    d->open = false;
    d->orphan = exchange_runs(&d->data);
    state_clear(&d->state);
    drop_response(d);
    answer_reader(d, EIO, nothing);
    answer_caller(d, EIO, nothing);
}

/* What is left of the response, up to @size bytes of it. */
static void read_response(Device *d, void *request, size_t size)
{
    const size_t left = d->response_len - d->response_at;
    const size_t len = left < size ? left : size;

    d->replies->bytes(request, (WireBytes){ d->response + d->response_at, len });
    d->response_at += len;
    if (d->response_at == d->response_len) {
        drop_response(d);
        d->replies->changed(d->context);
    }
}

static void read_state(Device *d, void *request, size_t size)
{
    d->replies->bytes(request, state_next(&d->state, size));
    state_advance(&d->state, size);
    if (d->state.way == STATE_NONE) {
        d->replies->changed(d->context);
    }
}

void device_read(Device *d, void *request, size_t size, bool nonblocking)
{
    if (d->lost) {
        d->replies->done(request, EIO);
    } else if (d->state.way == STATE_GIVEN) {
        state_clear(&d->state);
        d->replies->done(request, EIO);
    } else if (d->state.way == STATE_TAKEN) {
        read_state(d, request, size);
    } else if (d->response_len > 0) {
        read_response(d, request, size);
    } else if (!exchange_runs(&d->data) || d->orphan) {
        d->replies->bytes(request, (WireBytes){ NULL, 0 });
    } else if (nonblocking) {
        d->replies->done(request, EAGAIN);
    } else if (d->reader) {
        d->replies->done(request, EBUSY);
    } else {
        d->reader = request;
        d->reader_size = size;
    }
}

static void write_state(Device *d, void *request, WireBytes bytes)
{
    if (state_give(&d->state, bytes) == STATE_PIECE_KEPT) {
        d->replies->written(request, bytes.len);
    } else {
        d->replies->done(request, EFBIG);
    }
}

static int write_command(Device *d, WireBytes bytes)
{
    size_t len;
    int error;
    uint8_t *command;

    if (exchange_runs(&d->data)) {
        return EBUSY;
    }
    error = command_check(bytes, &len);
    if (error) {
        return error;
    }
    command = malloc(len);
    if (!command) {
        return ENOMEM;
    }
    memcpy(command, bytes.p, len);
    drop_response(d);
    d->orphan = false;
    exchange_begin(&d->data, command, len, response_size, NULL);
    return 0;
}

/* Has the exchange of the command do what it can. */
static void step_data(Device *d)
{
    const ExchangeProgress progress = exchange_step(&d->data);

    if (progress == EXCHANGE_WAITS) {
        return;
    }
    if (progress == EXCHANGE_LOST) {
        lose(d);
        return;
    }
    if (!d->orphan) { /* its size was held against COMMAND_MAX */
        memcpy(d->response, d->data.in, d->data.in_len);
        d->response_len = d->data.in_len;
    }
    d->orphan = false;
    exchange_end(&d->data);
    if (d->reader && d->response_len > 0) {
        void *reader = d->reader;

        d->reader = NULL;
        read_response(d, reader, d->reader_size);
    }
    d->replies->changed(d->context);
}

void device_write(Device *d, void *request, WireBytes bytes)
{
    int error = 0;

    if (d->lost) {
        error = EIO;
    } else if (d->state.way == STATE_GIVEN) {
        write_state(d, request, bytes);
        return;
    } else if (d->state.way == STATE_TAKEN) {
        state_clear(&d->state);
        error = EIO;
    } else {
        error = write_command(d, bytes);
    }
    if (error) {
        d->replies->done(request, error);
        return;
    }
    d->replies->written(request, bytes.len);
    step_data(d);
}

static PtmProgress answer_size(const void *what, WireBytes have, size_t *ret_size)
{
    return ptm_answer_size(what, have, ret_size);
}

/* What an answer that is whole means beside the structure that it becomes. */
static void look_at(Device *d, uint32_t result)
{
    if (result != 0) {
        return;
    }
    if (d->call->kind == KIND_SHUTDOWN) {
        d->shut_down = true;
    }
    if (d->call->kind == KIND_SHUTDOWN || d->call->kind == KIND_RESET) {
        drop_response(d);
    }
}

/* The answer as the structure of the ioctl; false: it is none. */
static bool make_structure(Device *d, WireBytes answer, uint8_t *ret)
{
    uint32_t result;
    uint64_t bits;

    if (d->call->kind == KIND_GET_STATE) {
        WireReader r = WIRE_READER(answer.p, answer.len);

        if (!wire_get_u32(&r, &result)) {
            return false;
        }
        if (result != 0) {
            ptm_put_result(d->call, result, ret);
            return true;
        }
        if (!state_begin_taking(&d->state, d->call, d->kind, answer)) {
            return false;
        }
        state_take_piece(&d->state, d->call, d->offset, ret);
        return true;
    }
    if (!ptm_get_response(d->call, answer, ret)) {
        return false;
    }
    if (d->call->kind == KIND_CAPABILITY) {
        memcpy(&bits, ret, sizeof(bits));
        bits &= ptm_capabilities();
        memcpy(ret, &bits, sizeof(bits));
    } else {
        look_at(d, ptm_number(ret));
    }
    return true;
}

/* Sends a message, which @w has, to be answered as @call's are. */
static void send_message(Device *d, const PtmCall *call, WireWriter w, Then then)
{
    d->then = then;
    exchange_begin(&d->control, w.buf, w.len, answer_size, call);
}

/* Memory for a message of up to @room bytes. */
static WireWriter new_message(size_t room)
{
    uint8_t *buf = calloc(1, room);

    return WIRE_WRITER(buf, buf ? room : 0);
}

static int drop_message(WireWriter w, int error)
{
    if (w.buf) {
        explicit_bzero(w.buf, w.len);
        free(w.buf);
    }
    return w.buf ? error : ENOMEM;
}

/* The state that an opener has given; an empty one where the TPM runs, to have swtpm say no. */
static bool send_state(Device *d, bool runs)
{
    const size_t len = runs ? 0 : d->state.len;
    const State given = { .asked = d->state.asked, .bytes = d->state.bytes, .len = len };
    WireWriter w = new_message(PTM_MESSAGE_READ + len);
    const bool made = d->state.way == STATE_GIVEN && state_put_set(&w, d->call, &given);

    state_clear(&d->state);
    if (!made) {
        drop_message(w, 0);
        return false;
    }
    send_message(d, d->call, w, THEN_ANSWER);
    return true;
}

static bool send_hash_rest(Device *d)
{
    WireWriter w = new_message(PTM_MESSAGE_READ);

    if (!wire_put_u32(&w, ptm_code(d->call)) ||
        !wire_put_sized(&w, (WireBytes){ d->rest, d->rest_len })) {
        drop_message(w, 0);
        return false;
    }
    send_message(d, d->call, w, THEN_ANSWER);
    return true;
}

/* The ioctl is over; with an error, or a structure. */
static void finish(Device *d, int error, WireBytes structure)
{
    if (!d->caller) {
        state_clear(&d->state); /* nobody waits for it any more */
    }
    d->call = NULL;
    d->then = THEN_ANSWER;
    exchange_end(&d->control);
    answer_caller(d, error, structure);
    d->replies->changed(d->context);
}

/* What follows an answer that is whole. Returns false where that is the opener's. */
static bool go_on(Device *d)
{
    const bool good = ptm_number(d->control.in) == 0; /* the result, which begins it */
    const Then then = d->then;

    if (then == THEN_ANSWER || (then == THEN_HASH_REST && !good)) {
        return false;
    }
    exchange_end(&d->control);
    if (!(then == THEN_HASH_REST ? send_hash_rest(d) : send_state(d, good))) {
        finish(d, ENOMEM, (WireBytes){ NULL, 0 });
    }
    return true;
}

/* Has the exchange of the ioctl do what it can. */
static void step_control(Device *d)
{
    uint8_t structure[PTM_ARGUMENT_MAX];
    ExchangeProgress progress = exchange_step(&d->control);

    while (progress == EXCHANGE_ANSWERED && go_on(d)) {
        progress = d->call ? exchange_step(&d->control) : EXCHANGE_WAITS;
    }
    if (progress == EXCHANGE_WAITS) {
        return;
    }
    if (progress == EXCHANGE_LOST ||
        !make_structure(d, (WireBytes){ d->control.in, d->control.in_len }, structure)) {
        lose(d);
        return;
    }
    finish(d, 0, (WireBytes){ structure, d->call->size });
    explicit_bzero(structure, sizeof(structure));
}

/* The first message of an ioctl that hands a request over as it is. */
static int send_request(Device *d, const PtmCall *call, WireBytes argument)
{
    WireWriter w = new_message(PTM_REQUEST_MAX);

    if (!ptm_put_request(&w, call, argument)) {
        return drop_message(w, EINVAL);
    }
    if (w.len <= PTM_MESSAGE_READ) {
        send_message(d, call, w, THEN_ANSWER);
        return 0;
    }
    /* hash data: no other is as long */
    d->rest_len = w.len - PTM_MESSAGE_READ;
    memcpy(d->rest, w.buf + PTM_MESSAGE_READ, d->rest_len);
    w.len = PTM_MESSAGE_READ;
    wire_set_u32(&w, 4, PTM_MESSAGE_READ - 8);
    send_message(d, call, w, THEN_HASH_REST);
    return 0;
}

/* Sends the first message of an ioctl. */
static int send_call(Device *d, const PtmCall *call, WireBytes argument)
{
    WireWriter w;

    if (call->kind != KIND_SET_STATE) {
        state_clear(&d->state);
    }
    if (call->kind != KIND_SET_STATE && call->kind != KIND_GET_STATE) {
        return send_request(d, call, argument);
    }
    w = new_message(PTM_MESSAGE_READ);
    if (call->kind == KIND_GET_STATE ? !state_put_get(&w, call, d->kind)
                                     : !wire_put_u32(&w, ptm_code(ptm_running_probe()))) {
        return drop_message(w, EINVAL);
    }
    if (call->kind == KIND_GET_STATE) {
        send_message(d, call, w, THEN_ANSWER);
    } else {
        send_message(d, ptm_running_probe(), w, THEN_SET_STATE);
    }
    return 0;
}

/* An ioctl that may be answered without swtpm. Returns whether it was. */
static bool answer_piece(Device *d, void *request, const PtmCall *call, WireBytes argument)
{
    uint8_t structure[PTM_ARGUMENT_MAX];

    if (call->kind == KIND_GET_STATE) {
        d->kind = (StateKind){ ptm_number(argument.p), ptm_number(argument.p + 4) };
        d->offset = ptm_number(argument.p + 8);
        if (d->offset == 0 || !state_has(&d->state, d->kind)) {
            return false;
        }
        state_take_piece(&d->state, call, d->offset, structure);
    } else if (call->kind == KIND_SET_STATE) {
        switch (state_give_piece(&d->state, call, argument)) {
        case STATE_COMPLETE:
            return false;
        case STATE_PIECE_KEPT:
            ptm_put_result(call, 0, structure);
            break;
        case STATE_TOO_LARGE:
            d->replies->done(request, EFBIG);
            return true;
        case STATE_WRONG:
            d->replies->done(request, EINVAL);
            return true;
        }
    } else {
        return false;
    }
    d->replies->structure(request, (WireBytes){ structure, call->size });
    explicit_bzero(structure, sizeof(structure));
    d->replies->changed(d->context);
    return true;
}

/* What is wrong with an ioctl before it is looked at; 0: nothing. */
static int refusal(const Device *d, const PtmCall *call, WireBytes argument, size_t room)
{
    if (d->lost) {
        return EIO;
    }
    if (!call) {
        return ENOTTY;
    }
    if (room != call->size || (call->request && argument.len != call->size)) {
        return EINVAL;
    }
    return d->call ? EBUSY : 0;
}

void device_ioctl(Device *d, void *request, unsigned long code, WireBytes argument, size_t room)
{
    const PtmCall *call = ptm_find(code);
    int error = refusal(d, call, argument, room);

    if (!error && answer_piece(d, request, call, argument)) {
        return;
    }
    if (!error) {
        error = send_call(d, call, argument);
    }
    if (error) {
        d->replies->done(request, error);
        return;
    }
    d->call = call;
    d->caller = request;
    step_control(d);
}

void device_interrupt(Device *d, void *request)
{
    const WireBytes nothing = { NULL, 0 };

    if (request == d->reader) {
        answer_reader(d, EINTR, nothing);
    } else if (request == d->caller) {
        answer_caller(d, EINTR, nothing);
    }
}

void device_poll_sockets(const Device *d, struct pollfd *ret)
{
    ret[0] = (struct pollfd){ d->lost ? -1 : d->data.fd, exchange_events(&d->data), 0 };
    ret[1] = (struct pollfd){ d->lost ? -1 : d->control.fd, exchange_events(&d->control), 0 };
}

void device_step(Device *d, const struct pollfd *polled)
{
    /* the control channel first: swtpm answers a shutdown there, and then both are gone */
    if (!d->lost && polled[1].revents) {
        if (d->call) {
            step_control(d);
        } else if (!exchange_idle(&d->control)) {
            lose(d);
        }
    }
    if (!d->lost && polled[0].revents) {
        if (exchange_runs(&d->data)) {
            step_data(d);
        } else { /* nothing was asked: it ends, or makes no sense */
            lose(d);
        }
    }
}
