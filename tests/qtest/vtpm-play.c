/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays a string of bytes on a TPM
 */
#include "qemu/osdep.h"
#include "backends/tpm/tpm_ioctl.h"
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-play.h"

const VtpmRole vtpm_roles[VTPM_ROLES] = {
    { "tis", "tpm-tis,locality4=on", TPM_VERSION_2_0, false },
    { "tis-1.2", "tpm-tis,locality4=on", TPM_VERSION_1_2, false },
    { "crb", "tpm-crb,localities=5,enforce-idle=on", TPM_VERSION_2_0, true },
    { "crb-one-locality", "tpm-crb", TPM_VERSION_2_0, true },
};

static const uint16_t tis_offsets[] = {
    TPM_TIS_REG_ACCESS,     TPM_TIS_REG_STS,          TPM_TIS_REG_DATA_FIFO,
    TPM_TIS_REG_STS + 3,    TPM_TIS_REG_INT_ENABLE,   TPM_TIS_REG_INT_STATUS,
    TPM_TIS_REG_DATA_XFIFO, TPM_TIS_REG_INTERFACE_ID, VTPM_HASH_END,
    VTPM_HASH_START,
};

static const uint16_t crb_offsets[] = {
    A_CRB_LOC_CTRL, A_CRB_CTRL_REQ, A_CRB_CTRL_START,  A_CRB_CTRL_CANCEL,     A_CRB_LOC_STATE,
    A_CRB_LOC_STS,  A_CRB_CTRL_STS, A_CRB_DATA_BUFFER, A_CRB_DATA_BUFFER + 2, A_CRB_INTF_ID,
};

typedef struct Play {
    VtpmStage *stage;
    const uint8_t *at;
    const uint8_t *end;
} Play;

/* A scene that is over says zeros. */
static uint8_t next(Play *p)
{
    return p->at < p->end ? *p->at++ : 0;
}

static uint32_t next_long(Play *p)
{
    uint32_t all = 0;

    for (unsigned i = 0; i < sizeof(all); i++) {
        all = all << 8 | next(p);
    }
    return all;
}

/* Up to @room bytes; returns how many there are. */
static size_t next_bytes(Play *p, uint8_t *out, size_t room)
{
    size_t n = MIN(MIN(next(p), room), p->end - p->at);

    memcpy(out, p->at, n);
    p->at += n;
    return n;
}

#define NEXT_OF(_play, _table) ((_table)[next(_play) % ARRAY_SIZE(_table)])

/* Mostly a register that does something. */
static uint64_t next_register(Play *p)
{
    uint8_t which = next(p);
    unsigned locality = which % 5;

    if (which >= 0xf0) {
        return vtpm_reg(locality, next_long(p) & 0xfff);
    }
    return vtpm_reg(locality,
                    p->stage->role->crb ? NEXT_OF(p, crb_offsets) : NEXT_OF(p, tis_offsets));
}

/* One bit, some low bits, or anything. */
static uint64_t next_value(Play *p)
{
    uint8_t shape = next(p);

    if (shape < 0xc0) {
        return 1ull << (shape & 0x1f);
    }
    return shape < 0xe0 ? next(p) : 0x0000000100000001ull * next_long(p);
}

static void write_register(Play *p)
{
    QTestState *qts = p->stage->v.qts;
    uint64_t reg = next_register(p), val = next_value(p);

    switch (next(p) & 3) {
    case 0:
        qtest_writel(qts, reg & ~3, val);
        break;
    case 1:
        qtest_writeb(qts, reg, val);
        break;
    case 2:
        qtest_writew(qts, reg & ~1, val);
        break;
    default:
        qtest_writeq(qts, reg & ~7, val);
    }
}

static void read_register(Play *p)
{
    QTestState *qts = p->stage->v.qts;
    uint64_t reg = next_register(p);

    switch (next(p) & 3) {
    case 0:
        qtest_readl(qts, reg & ~3);
        break;
    case 1:
        qtest_readb(qts, reg);
        break;
    case 2:
        qtest_readw(qts, reg & ~1);
        break;
    default:
        qtest_readq(qts, reg & ~7);
    }
}

/* Bytes as they are, where commands go in. */
static void write_bytes(Play *p)
{
    QTestState *qts = p->stage->v.qts;
    unsigned locality = next(p) % 5;
    uint8_t bytes[64];
    size_t size = next_bytes(p, bytes, sizeof(bytes));

    if (p->stage->role->crb) {
        qtest_memwrite(qts, vtpm_reg(locality, A_CRB_DATA_BUFFER), bytes, size);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        qtest_writeb(qts, vtpm_reg(locality, TPM_TIS_REG_DATA_FIFO), bytes[i]);
    }
}

/* So many that a buffer is full. */
static void write_many(Play *p)
{
    QTestState *qts = p->stage->v.qts;
    unsigned locality = next(p) % 5, words = next(p) * 8;

    if (p->stage->role->crb) {
        uint8_t bytes[8 * UINT8_MAX * 4];

        memset(bytes, words, sizeof(bytes));
        qtest_memwrite(qts, vtpm_reg(locality, A_CRB_DATA_BUFFER), bytes, words * 4);
        return;
    }
    for (unsigned i = 0; i < words; i++) {
        qtest_writel(qts, vtpm_reg(locality, TPM_TIS_REG_DATA_FIFO), i);
    }
}

/* A command as drivers send them, or nearly. */
static void send_command(Play *p)
{
    static const uint16_t sizes[] = { 10, 12, 20, 64, 10, 12, 20, 64, 1024, 3968 };
    static const uint16_t codes[] = { 0x144, 0x145, 0x17e, 0x131, 0x53, 0 };
    uint8_t command[3968], which = next(p);
    uint32_t size = NEXT_OF(p, sizes);
    unsigned locality = which % 4;

    vtpm_command(command, size, NEXT_OF(p, codes));
    if (which >= 0xe0) {
        stl_be_p(command + 2, next_value(p));
    }
    if (p->stage->role->crb) {
        vtpm_crb_start(&p->stage->v, locality, command, size);
    } else {
        vtpm_tis_start(&p->stage->v, locality, command, MIN(size, 64));
    }
}

static void fault_data(Play *p)
{
    static const VtpmFault faults[] = { VTPM_CLOSE,     VTPM_SHORT,     VTPM_LONG,  VTPM_SIZE_SMALL,
                                        VTPM_SIZE_HUGE, VTPM_SIZE_WRAP, VTPM_PIECES };

    vtpm_fake_fault_data(p->stage->v.fake, NEXT_OF(p, faults));
}

static uint32_t next_control(Play *p)
{
    return 1 + next(p) % CMD_SET_BUFFERSIZE;
}

static void fault_control(Play *p)
{
    static const VtpmFault faults[] = { VTPM_REFUSE, VTPM_CLOSE, VTPM_SHORT };
    uint32_t command = next_control(p);

    vtpm_fake_fault_control(p->stage->v.fake, command, NEXT_OF(p, faults));
}

static void answer_data(Play *p)
{
    uint8_t bytes[VTPM_FAKE_BYTES];
    size_t size = next_bytes(p, bytes, sizeof(bytes));

    vtpm_fake_answer_data(p->stage->v.fake, bytes, size);
}

static void answer_control(Play *p)
{
    uint8_t bytes[VTPM_FAKE_BYTES];
    uint32_t command = next_control(p);
    size_t size = next_bytes(p, bytes, sizeof(bytes));

    vtpm_fake_answer_control(p->stage->v.fake, command, bytes, size);
}

static void hold(Play *p)
{
    vtpm_fake_hold(p->stage->v.fake);
}

static void release(Play *p)
{
    vtpm_fake_release(p->stage->v.fake);
}

static void set_response_size(Play *p)
{
    static const size_t sizes[] = { 0, 10, 11, 100, 3968, 3969, 4096 };

    vtpm_fake_set_response_size(p->stage->v.fake, NEXT_OF(p, sizes));
}

/* A command that is held would hold up the reset for its whole time limit. */
static void reset(Play *p)
{
    vtpm_fake_release(p->stage->v.fake);
    p->stage->reset(p->stage);
}

/* An act, how many of 64 bytes call for it, and whether QEMU and the fake may talk because of it.
 */
static const struct {
    unsigned weight;
    void (*act)(Play *p);
    bool talk;
} acts[] = {
    { 23, write_register, true }, { 16, read_register },
    { 7, send_command, true },    { 4, write_bytes },
    { 1, write_many, true },      { 2, fault_data },
    { 2, fault_control },         { 2, answer_data },
    { 2, answer_control },        { 1, hold },
    { 2, release, true },         { 1, set_response_size },
    { 1, reset, true },
};

static void act(Play *p)
{
    unsigned at = next(p) % 64, i = 0;

    while (at >= acts[i].weight) {
        at -= acts[i++].weight;
    }
    acts[i].act(p);
    if (acts[i].talk) {
        p->stage->settle(p->stage);
    }
}

/* The fake behaves again. A reset that finds its connection lost leaves it to the next to make it.
 */
static void clear_up(VtpmStage *stage)
{
    VtpmFake *fake = stage->v.fake;

    vtpm_fake_fault_data(fake, VTPM_FINE);
    vtpm_fake_fault_control(fake, 0, VTPM_FINE);
    vtpm_fake_set_response_size(fake, 0);
    vtpm_fake_release(fake);
    for (unsigned i = 0; i < 2; i++) {
        stage->settle(stage);
        stage->reset(stage);
        if (stage->running(stage)) {
            return;
        }
    }
    g_assert_not_reached();
}

void vtpm_play(VtpmStage *stage, const uint8_t *scene, size_t size)
{
    Play p = { stage, scene, scene + size };

    while (p.at < p.end) {
        act(&p);
    }
    clear_up(stage);
}
