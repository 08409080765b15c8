/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands by an interface: what came back, and how long that took. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "../bench/qemu_tpm_commands.h"
#include "interface.h"

/**
 * struct Exchange: one command of one locality
 * @response: its first @size bytes; 0: none that makes sense
 * @waited: ticks from the write that starts the command until its response is seen
 * @look_us: the wait between two looks; 0: again and again
 */
typedef struct Exchange {
    const Interface *tpm;
    unsigned locality;
    uint32_t look_us;
    uint64_t waited;
    size_t size;
    uint8_t response[RESPONSE_MAX];
} Exchange;

const struct tpm_command *exchange_find(const char *name);

/** exchange_code - the response code, or all ones where there is none */
uint32_t exchange_code(const Exchange *e);

/** exchange_send - up to the write that starts it, and without that; exchange_finish - the rest */
void exchange_send(Exchange *e, const uint8_t *command, size_t size);
void exchange_finish(Exchange *e);

/** exchange_run - all of it; returns exchange_code() */
uint32_t exchange_run(Exchange *e, const uint8_t *command, size_t size);

/** exchange_run_known - the same; an object that it leaves in the TPM is flushed */
uint32_t exchange_run_known(Exchange *e, const struct tpm_command *command);

#endif
