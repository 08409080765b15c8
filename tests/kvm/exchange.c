/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands by an interface. */
#include "exchange.h"
#include "console.h"
#include "hardware.h"

#define NO_RESPONSE 0xffffffff

const struct tpm_command *exchange_find(const char *name)
{
    for (size_t i = 0; i < sizeof(tpm_commands) / sizeof(tpm_commands[0]); i++) {
        if (same_text(tpm_commands[i].name, name)) {
            return &tpm_commands[i];
        }
    }
    return NULL;
}

uint32_t exchange_code(const Exchange *e)
{
    return e->size ? be32(e->response + 6) : NO_RESPONSE;
}

void exchange_send(Exchange *e, const uint8_t *command, size_t size)
{
    e->tpm->ready(e->locality);
    e->tpm->fill(e->locality, command, size);
}

static void wait_until_done(const Exchange *e)
{
    while (!e->tpm->done(e->locality)) {
        if (e->look_us) {
            delay_us(e->look_us);
        }
    }
}

void exchange_finish(Exchange *e)
{
    wait_until_done(e);
    e->size = e->tpm->receive(e->locality, e->response);
}

uint32_t exchange_run(Exchange *e, const uint8_t *command, size_t size)
{
    uint64_t start;

    exchange_send(e, command, size);
    start = ticks();
    e->tpm->start(e->locality);
    wait_until_done(e);
    e->waited = ticks() - start;
    e->size = e->tpm->receive(e->locality, e->response);
    return exchange_code(e);
}

uint32_t exchange_run_known(Exchange *e, const struct tpm_command *command)
{
    uint8_t flush[sizeof(flush_context)];
    uint64_t waited;
    uint32_t code = exchange_run(e, command->bytes, command->size);

    if (code != 0 || !command->leaves_object) {
        return code;
    }
    waited = e->waited;
    for (size_t i = 0; i < sizeof(flush); i++) {
        flush[i] = i < 10 ? flush_context[i] : e->response[i];
    }
    code = exchange_run(e, flush, sizeof(flush));
    e->waited = waited;
    return code;
}
