/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two interfaces of a TPM, as a driver uses them. Each call is of one locality. */
#ifndef INTERFACE_H
#define INTERFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TPM_BASE 0xfed40000u
#define RESPONSE_MAX 4096

typedef struct Interface {
    const char *name;
    void (*request)(unsigned locality);
    void (*relinquish)(unsigned locality);
    void (*seize)(unsigned locality);
    bool (*active)(unsigned locality);
    bool (*seized)(unsigned locality);
    /** ready, fill, start: what sends a command; start is the one write that executes it */
    void (*ready)(unsigned locality);
    void (*fill)(unsigned locality, const uint8_t *command, size_t size);
    void (*start)(unsigned locality);
    void (*cancel)(unsigned locality);
    /** done - whether there is a response: one look */
    bool (*done)(unsigned locality);
    /** executing - whether a command is being executed: one look */
    bool (*executing)(unsigned locality);
    /** receive - reads it; returns its size, or 0 where its header lies about that */
    size_t (*receive)(unsigned locality, uint8_t response[RESPONSE_MAX]);
    /** scribble - other bytes into where commands go */
    void (*scribble)(unsigned locality);
} Interface;

extern const Interface interface_tis, interface_crb;

/** interface_find - by the INTERFACE_ID register; NULL: no TPM */
const Interface *interface_find(void);

static inline uint32_t be32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

#endif
