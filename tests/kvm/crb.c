/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command response buffer: PTP 1.03, "CRB interface". */
#include "hardware.h"
#include "interface.h"

enum {
    LOC_CTRL = 0x08,
    LOC_STS = 0x0c,
    CTRL_REQ = 0x40,
    CTRL_STS = 0x44,
    CTRL_CANCEL = 0x48,
    CTRL_START = 0x4c,
    BUFFER = 0x80
};

#define BUFFER_SIZE (RESPONSE_MAX - BUFFER)

static uintptr_t reg(unsigned locality, unsigned offset)
{
    return TPM_BASE + (locality << 12) + offset;
}

static void crb_request(unsigned locality)
{
    write32(reg(locality, LOC_CTRL), 1);
}

static void crb_relinquish(unsigned locality)
{
    write32(reg(locality, LOC_CTRL), 2);
}

static void crb_seize(unsigned locality)
{
    write32(reg(locality, LOC_CTRL), 4);
}

static bool crb_active(unsigned locality)
{
    return read32(reg(locality, LOC_STS)) & 1;
}

static bool crb_seized(unsigned locality)
{
    return read32(reg(locality, LOC_STS)) & 2;
}

static void crb_ready(unsigned locality)
{
    write32(reg(locality, CTRL_REQ), 1);
    while ((read32(reg(locality, CTRL_REQ)) & 1) || (read32(reg(locality, CTRL_STS)) & 2)) {
        relax();
    }
}

static void crb_fill(unsigned locality, const uint8_t *command, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        write8(reg(locality, BUFFER) + i, command[i]);
    }
}

static void crb_start(unsigned locality)
{
    write32(reg(locality, CTRL_START), 1);
}

static bool crb_executing(unsigned locality)
{
    return read32(reg(locality, CTRL_START)) & 1;
}

static bool crb_done(unsigned locality)
{
    return !crb_executing(locality);
}

/* Only while a command runs: where none does, the next would be cancelled before it starts. */
static void crb_cancel(unsigned locality)
{
    if (crb_executing(locality)) {
        write32(reg(locality, CTRL_CANCEL), 1);
    }
}

static size_t crb_receive(unsigned locality, uint8_t response[RESPONSE_MAX])
{
    size_t size = 10;

    for (size_t i = 0; i < size; i++) {
        response[i] = read8(reg(locality, BUFFER) + i);
        if (i == 5) {
            size = be32(response + 2);
            if (size < 10 || size > BUFFER_SIZE) {
                return 0;
            }
        }
    }
    write32(reg(locality, CTRL_CANCEL), 0);
    return size;
}

static void crb_scribble(unsigned locality)
{
    for (unsigned i = 0; i < BUFFER_SIZE; i++) {
        write8(reg(locality, BUFFER) + i, 0xee);
    }
}

const Interface interface_crb = {
    .name = "crb",
    .request = crb_request,
    .relinquish = crb_relinquish,
    .seize = crb_seize,
    .active = crb_active,
    .seized = crb_seized,
    .ready = crb_ready,
    .fill = crb_fill,
    .start = crb_start,
    .cancel = crb_cancel,
    .done = crb_done,
    .executing = crb_executing,
    .receive = crb_receive,
    .scribble = crb_scribble,
};
