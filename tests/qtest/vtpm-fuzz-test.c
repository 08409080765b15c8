/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random register accesses and a random vTPM on both TPM devices
 *
 * Each seed is a run of its own that comes out the same whenever it is repeated, but for the timing
 * of the processes. A fixed set of seeds runs as a test. VTPM_FUZZ_SECONDS=N goes on with new ones
 * for that long on each device, VTPM_FUZZ_SEED=N runs that one alone. What it finds is QEMU ending,
 * so QEMU should be built with the sanitizers.
 */
#include "qemu/osdep.h"
#include "backends/tpm/tpm_ioctl.h"
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-util.h"

#define SEEDS 12
#define STEPS 2500
#define RESET_EVERY 150 /* steps, about */

typedef struct Target {
    const char *name;
    const char *device;
    TPMVersion version;
    bool crb;
} Target;

static const Target targets[] = {
    { "tis", "tpm-tis,locality4=on", TPM_VERSION_2_0, false },
    { "tis-1.2", "tpm-tis,locality4=on", TPM_VERSION_1_2, false },
    { "crb", "tpm-crb,localities=5,enforce-idle=on", TPM_VERSION_2_0, true },
    { "crb-one-locality", "tpm-crb", TPM_VERSION_2_0, true },
};

static const uint16_t tis_offsets[] = {
    TPM_TIS_REG_ACCESS,
    TPM_TIS_REG_INT_ENABLE,
    TPM_TIS_REG_INT_STATUS,
    TPM_TIS_REG_STS,
    TPM_TIS_REG_STS + 3,
    TPM_TIS_REG_DATA_FIFO,
    TPM_TIS_REG_DATA_XFIFO,
    0x20,
    0x28,
    TPM_TIS_REG_INTERFACE_ID,
    TPM_TIS_REG_DATA_FIFO,
    TPM_TIS_REG_STS,
};

static const uint16_t crb_offsets[] = {
    A_CRB_LOC_CTRL,  A_CRB_CTRL_REQ,        A_CRB_CTRL_CANCEL, A_CRB_CTRL_START,
    A_CRB_LOC_STATE, A_CRB_LOC_STS,         A_CRB_CTRL_STS,    A_CRB_DATA_BUFFER,
    A_CRB_INTF_ID,   A_CRB_DATA_BUFFER + 2, A_CRB_LOC_CTRL,    A_CRB_CTRL_START,
};

typedef struct Run {
    const Target *target;
    Vtpm v;
    GRand *rand;
    bool dead;
} Run;

static unsigned below(Run *r, unsigned n)
{
    return g_rand_int_range(r->rand, 0, n);
}

static uint64_t any_register(Run *r)
{
    const uint16_t *offsets = r->target->crb ? crb_offsets : tis_offsets;
    size_t n = r->target->crb ? ARRAY_SIZE(crb_offsets) : ARRAY_SIZE(tis_offsets);
    unsigned offset = below(r, 8) ? offsets[below(r, n)] : below(r, 0x1000);

    return vtpm_reg(below(r, 5), offset);
}

/* One bit, some low bits, or anything. */
static uint64_t any_value(Run *r)
{
    switch (below(r, 4)) {
    case 0:
        return below(r, 256);
    case 1:
        return g_rand_int(r->rand);
    default:
        return 1ull << below(r, 32);
    }
}

static void write_register(Run *r)
{
    uint64_t reg = any_register(r), val = any_value(r);

    switch (below(r, 4)) {
    case 0:
        qtest_writeb(r->v.qts, reg, val);
        break;
    case 1:
        qtest_writew(r->v.qts, reg & ~1, val);
        break;
    case 2:
        qtest_writel(r->v.qts, reg & ~3, val);
        break;
    default:
        qtest_writeq(r->v.qts, reg & ~7, val);
    }
}

static void read_register(Run *r)
{
    uint64_t reg = any_register(r);

    switch (below(r, 4)) {
    case 0:
        qtest_readb(r->v.qts, reg);
        break;
    case 1:
        qtest_readw(r->v.qts, reg & ~1);
        break;
    case 2:
        qtest_readl(r->v.qts, reg & ~3);
        break;
    default:
        qtest_readq(r->v.qts, reg & ~7);
    }
}

/* A command as drivers send them, or nearly. */
static void send_command(Run *r)
{
    static const uint32_t sizes[] = { 10, 12, 20, 64, 1024, 3968 };
    static const uint32_t codes[] = { 0x144, 0x145, 0x17e, 0x131, 0x53, 0 };
    uint8_t command[3968];
    uint32_t size = sizes[below(r, below(r, 10) ? 4 : ARRAY_SIZE(sizes))];
    unsigned locality = below(r, 4);

    vtpm_command(command, size, codes[below(r, ARRAY_SIZE(codes))]);
    if (!below(r, 10)) {
        stl_be_p(command + 2, any_value(r));
    }
    if (!r->target->crb) {
        vtpm_tis_start(&r->v, locality, command, MIN(size, 64));
        return;
    }
    qtest_writel(r->v.qts, vtpm_reg(locality, A_CRB_LOC_CTRL), 1);
    qtest_writel(r->v.qts, vtpm_reg(locality, A_CRB_CTRL_REQ), 1);
    qtest_memwrite(r->v.qts, vtpm_reg(0, A_CRB_DATA_BUFFER), command, size);
    qtest_writel(r->v.qts, vtpm_reg(locality, A_CRB_CTRL_START), 1);
}

static void misbehave(Run *r)
{
    static const VtpmFault data[] = { VTPM_CLOSE,     VTPM_SHORT,     VTPM_LONG,   VTPM_SIZE_SMALL,
                                      VTPM_SIZE_HUGE, VTPM_SIZE_WRAP, VTPM_PIECES, VTPM_PIECES };
    static const VtpmFault control[] = { VTPM_CLOSE, VTPM_SHORT, VTPM_REFUSE, VTPM_REFUSE };
    static const size_t sizes[] = { 0, 10, 11, 100, 3968, 3969, 4096 };

    switch (below(r, 5)) {
    case 0:
        vtpm_fake_fault_data(r->v.fake, data[below(r, ARRAY_SIZE(data))]);
        break;
    case 1:
        vtpm_fake_fault_control(r->v.fake, 1 + below(r, CMD_SET_BUFFERSIZE),
                                control[below(r, ARRAY_SIZE(control))]);
        break;
    case 2:
        vtpm_fake_hold(r->v.fake);
        break;
    case 3:
        vtpm_fake_release(r->v.fake);
        break;
    default:
        vtpm_fake_set_response_size(r->v.fake, sizes[below(r, ARRAY_SIZE(sizes))]);
    }
}

static void reset(Run *r)
{
    vtpm_fake_release(r->v.fake);
    vtpm_reset(&r->v);
}

static void run_seed(const Target *target, uint32_t seed)
{
    Run r = { .target = target, .rand = g_rand_new_with_seed(seed) };

    g_test_message("%s: seed %" PRIu32, target->name, seed);
    r.v = vtpm_start(target->version, target->device, ",control-timeout=2,command-timeout=2", "");
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned kind = below(&r, 100);

        if (!below(&r, RESET_EVERY)) {
            reset(&r);
        } else if (kind < 45) {
            write_register(&r);
        } else if (kind < 75) {
            read_register(&r);
        } else if (kind < 92) {
            send_command(&r);
        } else {
            misbehave(&r);
        }
    }
    /* whatever happened, QEMU is there and a TPM that behaves is taken back */
    vtpm_fake_release(r.v.fake);
    vtpm_fake_fault_data(r.v.fake, VTPM_FINE);
    vtpm_fake_fault_control(r.v.fake, 0, VTPM_FINE);
    vtpm_fake_set_response_size(r.v.fake, 0);
    vtpm_wait_until(!vtpm_state_is(&r.v, "lost"));
    vtpm_reset(&r.v);
    if (!vtpm_state_is(&r.v, "running")) { /* the last command was still in flight */
        vtpm_wait_until(!vtpm_state_is(&r.v, "lost"));
        vtpm_reset(&r.v);
    }
    g_assert_true(vtpm_state_is(&r.v, "running"));
    vtpm_stop(&r.v);
    g_rand_free(r.rand);
}

static void test_target(const void *opaque)
{
    const char *seconds = g_getenv("VTPM_FUZZ_SECONDS"), *seed = g_getenv("VTPM_FUZZ_SEED");
    gint64 end = g_get_monotonic_time() + (seconds ? atoll(seconds) : 0) * G_TIME_SPAN_SECOND;
    uint32_t runs = 0, first = seed ? atoll(seed) : seconds ? g_random_int() : 1;

    do {
        run_seed(opaque, first + runs);
        runs++;
    } while (!seed && (seconds ? g_get_monotonic_time() < end : runs < SEEDS));
    g_test_message("%u runs of %u steps from seed %" PRIu32, runs, STEPS, first);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(targets); i++) {
        g_autofree char *path = g_strdup_printf("/vtpm-fuzz/%s", targets[i].name);

        qtest_add_data_func(path, &targets[i], test_target);
    }
    return g_test_run();
}
