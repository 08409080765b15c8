/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/tpm.h" /* before tss2, whose macros have names of ours */

#include "tcti_latency.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define TCTI_LATENCY_MAGIC UINT64_C(0x4451544c41540001)

enum { CC_SIGN = 0x15D };

typedef struct TctiLatency {
    TSS2_TCTI_CONTEXT_COMMON_V2 common; /* first: this is what callers see */
    TSS2_TCTI_CONTEXT *inner;
    void (*close_inner)(TSS2_TCTI_CONTEXT *inner);
    LatencyOptions options;
    uint64_t random;
    int64_t due_ns; /* the response is not there before; CLOCK_MONOTONIC */
} TctiLatency;

static TctiLatency *tcti_cast(TSS2_TCTI_CONTEXT *tcti)
{
    if (!tcti || TSS2_TCTI_MAGIC(tcti) != TCTI_LATENCY_MAGIC) {
        return NULL;
    }
    return (TctiLatency *)tcti;
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void sleep_until(int64_t ns)
{
    const struct timespec t = { ns / 1000000000, ns % 1000000000 };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
    }
}

/* xorshift64*: uniform in 0..100 */
static double random_percent(TctiLatency *t)
{
    t->random ^= t->random >> 12;
    t->random ^= t->random << 25;
    t->random ^= t->random >> 27;
    return (double)((t->random * UINT64_C(0x2545F4914F6CDD1D)) >> 11) * 0x1p-53 * 100;
}

static double latency_ms(TctiLatency *t, uint32_t code)
{
    if (code == TPM_CC_Quote || code == CC_SIGN) {
        return latency_curve_at(&t->options.quote, random_percent(t));
    }
    return t->options.other_ms;
}

static TSS2_RC tcti_transmit(TSS2_TCTI_CONTEXT *ctx, size_t size, const uint8_t *command)
{
    TctiLatency *t = tcti_cast(ctx);
    WireReader r = WIRE_READER(command, size);
    WireTpmHeader h = { 0 };

    if (!t || !command) {
        return TSS2_TCTI_RC_BAD_REFERENCE;
    }
    wire_get_tpm_header(&r, &h);
    t->due_ns = now_ns() + (int64_t)(latency_ms(t, h.code) * 1e6);
    return Tss2_Tcti_Transmit(t->inner, size, command);
}

static TSS2_RC tcti_receive(TSS2_TCTI_CONTEXT *ctx, size_t *size, uint8_t *response,
                            int32_t timeout)
{
    TctiLatency *t = tcti_cast(ctx);
    int64_t now, until;

    if (!t || !size) {
        return TSS2_TCTI_RC_BAD_REFERENCE;
    }
    now = now_ns();
    until = now + (int64_t)timeout * 1000000;
    if (timeout != TSS2_TCTI_TIMEOUT_BLOCK && until < t->due_ns) {
        sleep_until(until);
        return TSS2_TCTI_RC_TRY_AGAIN;
    }
    if (now < t->due_ns) {
        sleep_until(t->due_ns);
    }
    if (timeout != TSS2_TCTI_TIMEOUT_BLOCK) {
        now = now_ns();
        timeout = until > now ? (int32_t)((until - now) / 1000000) : 0;
    }
    return Tss2_Tcti_Receive(t->inner, size, response, timeout);
}

static TSS2_RC tcti_cancel(TSS2_TCTI_CONTEXT *ctx)
{
    TctiLatency *t = tcti_cast(ctx);

    if (!t) {
        return TSS2_TCTI_RC_BAD_REFERENCE;
    }
    t->due_ns = 0;
    return Tss2_Tcti_Cancel(t->inner);
}

static void tcti_finalize(TSS2_TCTI_CONTEXT *ctx)
{
    TctiLatency *t = tcti_cast(ctx);

    if (t) {
        if (t->close_inner) {
            t->close_inner(t->inner);
        }
        memset(t, 0, sizeof(*t));
    }
}

/* Handles would say that a response is there before it is due. */
static TSS2_RC tcti_get_poll_handles(TSS2_TCTI_CONTEXT *ctx, TSS2_TCTI_POLL_HANDLE *handles,
                                     size_t *count)
{
    (void)ctx;
    (void)handles;
    (void)count;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC tcti_set_locality(TSS2_TCTI_CONTEXT *ctx, uint8_t locality)
{
    TctiLatency *t = tcti_cast(ctx);

    return t ? Tss2_Tcti_SetLocality(t->inner, locality) : TSS2_TCTI_RC_BAD_REFERENCE;
}

static TSS2_RC tcti_make_sticky(TSS2_TCTI_CONTEXT *ctx, TPM2_HANDLE *handle, uint8_t sticky)
{
    TctiLatency *t = tcti_cast(ctx);

    return t ? Tss2_Tcti_MakeSticky(t->inner, handle, sticky) : TSS2_TCTI_RC_BAD_REFERENCE;
}

size_t tcti_latency_size(void)
{
    return sizeof(TctiLatency);
}

void tcti_latency_init(TSS2_TCTI_CONTEXT *context, TSS2_TCTI_CONTEXT *inner,
                       const LatencyOptions *options, void (*close_inner)(TSS2_TCTI_CONTEXT *inner))
{
    TctiLatency *t = (TctiLatency *)context;

    memset(t, 0, sizeof(*t));
    t->common.v1.magic = TCTI_LATENCY_MAGIC;
    t->common.v1.version = 2;
    t->common.v1.transmit = tcti_transmit;
    t->common.v1.receive = tcti_receive;
    t->common.v1.finalize = tcti_finalize;
    t->common.v1.cancel = tcti_cancel;
    t->common.v1.getPollHandles = tcti_get_poll_handles;
    t->common.v1.setLocality = tcti_set_locality;
    t->common.makeSticky = tcti_make_sticky;
    t->inner = inner;
    t->close_inner = close_inner;
    t->options = *options;
    t->random = options->seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
}
