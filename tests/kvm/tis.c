/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FIFO interface: PTP 1.03, "FIFO interface". */
#include "hardware.h"
#include "interface.h"

enum { ACCESS = 0, STS = 0x18, FIFO = 0x24 };

#define ACCESS_ACTIVE 0x20
#define ACCESS_SEIZED 0x10
#define ACCESS_SEIZE 0x08
#define ACCESS_REQUEST 0x02
#define STS_VALID 0x80
#define STS_READY 0x40
#define STS_GO 0x20
#define STS_AVAILABLE 0x10
#define STS_CANCEL (1u << 24)

static uintptr_t reg(unsigned locality, unsigned offset)
{
    return TPM_BASE + (locality << 12) + offset;
}

static void tis_request(unsigned locality)
{
    write8(reg(locality, ACCESS), ACCESS_REQUEST);
}

static void tis_relinquish(unsigned locality)
{
    write8(reg(locality, ACCESS), ACCESS_ACTIVE);
}

static void tis_seize(unsigned locality)
{
    write8(reg(locality, ACCESS), ACCESS_SEIZE);
}

static bool tis_active(unsigned locality)
{
    return read8(reg(locality, ACCESS)) & ACCESS_ACTIVE;
}

static bool tis_seized(unsigned locality)
{
    return read8(reg(locality, ACCESS)) & ACCESS_SEIZED;
}

static void tis_ready(unsigned locality)
{
    write8(reg(locality, STS), STS_READY);
    while (!(read8(reg(locality, STS)) & STS_READY)) {
        write8(reg(locality, STS), STS_READY);
    }
}

static size_t burst(unsigned locality)
{
    return read32(reg(locality, STS)) >> 8 & 0xffff;
}

/* Gives up where no more is taken: the other processor may have filled the buffer. */
static void tis_fill(unsigned locality, const uint8_t *command, size_t size)
{
    size_t room = 0;

    for (size_t i = 0; i < size; i++, room--) {
        if (room == 0) {
            room = burst(locality);
        }
        if (room == 0) {
            return;
        }
        write8(reg(locality, FIFO), command[i]);
    }
}

static void tis_start(unsigned locality)
{
    write8(reg(locality, STS), STS_GO);
}

static void tis_cancel(unsigned locality)
{
    write32(reg(locality, STS), STS_CANCEL);
}

static bool tis_done(unsigned locality)
{
    uint8_t wanted = STS_VALID | STS_AVAILABLE;

    return (read8(reg(locality, STS)) & wanted) == wanted;
}

/* Neither more of a command is taken, nor is there a response. */
static bool tis_executing(unsigned locality)
{
    uint32_t sts = read32(reg(locality, STS));

    return (sts & 0xff) == STS_VALID && (sts >> 8 & 0xffff) == 0;
}

static size_t tis_receive(unsigned locality, uint8_t response[RESPONSE_MAX])
{
    size_t size = 10, have = 0, room = 0;

    while (have < size) {
        while (room == 0) {
            if (!tis_done(locality)) {
                return 0;
            }
            room = burst(locality);
        }
        response[have++] = read8(reg(locality, FIFO));
        room--;
        if (have == 6) {
            size = be32(response + 2);
            if (size < 10 || size > RESPONSE_MAX) {
                return 0;
            }
        }
    }
    return tis_done(locality) ? 0 : size;
}

static void tis_scribble(unsigned locality)
{
    for (unsigned i = 0; i < 16; i++) {
        write8(reg(locality, FIFO), 0xee);
    }
}

const Interface interface_tis = {
    .name = "tis",
    .request = tis_request,
    .relinquish = tis_relinquish,
    .seize = tis_seize,
    .active = tis_active,
    .seized = tis_seized,
    .ready = tis_ready,
    .fill = tis_fill,
    .start = tis_start,
    .cancel = tis_cancel,
    .done = tis_done,
    .executing = tis_executing,
    .receive = tis_receive,
    .scribble = tis_scribble,
};
