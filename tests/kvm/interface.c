/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which interface there is: PTP 1.03, "Interface identifier register", at one place in both. */
#include "interface.h"
#include "hardware.h"

#define INTERFACE_ID (TPM_BASE + 0x30)
#define TYPE_MASK 15
#define TYPE_CRB 1

const Interface *interface_find(void)
{
    uint32_t id = read32(INTERFACE_ID);

    if (id == 0 || id == 0xffffffff) {
        return NULL;
    }
    return (id & TYPE_MASK) == TYPE_CRB ? &interface_crb : &interface_tis;
}
