/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two processors at one TPM. */
#include "races.h"
#include "console.h"
#include "hardware.h"

#define QUIET_PORT 0x80 /* diagnostic codes of firmware: reading it changes nothing */
#define RESET_PORT 0xcf9
#define RANDOM_HEADER 12u /* of a response to TPM2_GetRandom */

/* What the two share; no race is on while another is. */
static struct {
    const Interface *tpm;
    uint32_t rounds, after_us;
    volatile bool started, inside, over;
    volatile uint32_t count;
    uint32_t owner, overlaps, wrong[2];
} race;

static Exchange exchanges[2];

static void prepare(const Interface *tpm, uint32_t rounds)
{
    race.tpm = tpm;
    race.rounds = rounds;
    race.started = race.inside = race.over = false;
    race.count = race.owner = race.overlaps = race.wrong[0] = race.wrong[1] = 0;
    for (unsigned i = 0; i < 2; i++) {
        exchanges[i] = (Exchange){ .tpm = tpm };
    }
}

static void take(unsigned locality)
{
    race.tpm->request(locality);
    while (!race.tpm->active(locality)) {
        relax();
    }
}

/* TPM2_GetRandom of so many bytes: a response tells by its size whose it is. */
static bool random_bytes(Exchange *e, uint8_t count)
{
    uint8_t command[sizeof(get_random)];

    memcpy(command, get_random, sizeof(command));
    command[sizeof(command) - 1] = count;
    return exchange_run(e, command, sizeof(command)) == 0 && e->size == RANDOM_HEADER + count;
}

static void use_locality(void *data)
{
    unsigned who = data != NULL;
    Exchange *e = &exchanges[who];

    e->locality = who;
    for (uint32_t i = 0; i < race.rounds; i++) {
        take(who);
        if (__atomic_exchange_n(&race.owner, who + 1, __ATOMIC_SEQ_CST) != 0) {
            __atomic_add_fetch(&race.overlaps, 1, __ATOMIC_SEQ_CST);
        }
        race.wrong[who] += !random_bytes(e, (uint8_t)(8 + 16 * who));
        if (__atomic_exchange_n(&race.owner, 0, __ATOMIC_SEQ_CST) != who + 1) {
            __atomic_add_fetch(&race.overlaps, 1, __ATOMIC_SEQ_CST);
        }
        race.tpm->relinquish(who);
    }
}

bool races_localities(const Interface *tpm, uint32_t rounds)
{
    prepare(tpm, rounds);
    if (!second_start(use_locality, &race)) {
        return false;
    }
    use_locality(NULL);
    second_wait();
    put_number("overlaps", race.overlaps);
    put_number("wrong", race.wrong[0] + race.wrong[1]);
    return true;
}

/* All register accesses of a command, in order, and no wait for what the other may have undone. */
static void use_blindly(void *data)
{
    static const uint8_t *const commands[] = { pcr_read, get_random };
    static const size_t sizes[] = { sizeof(pcr_read), sizeof(get_random) };
    Exchange *e = &exchanges[data != NULL];

    for (uint32_t i = 0; i < race.rounds; i++) {
        e->tpm->ready(0);
        e->tpm->fill(0, commands[i % 2], sizes[i % 2]);
        e->tpm->start(0);
        e->size = e->tpm->receive(0, e->response);
    }
    race.over = true;
}

bool races_commands(const Interface *tpm, uint32_t rounds)
{
    prepare(tpm, rounds);
    take(0);
    if (!second_start(use_blindly, &race)) {
        return false;
    }
    use_blindly(NULL);
    second_wait();
    tpm->relinquish(0);
    return true;
}

static void scribble(void *data)
{
    (void)data;
    while (!race.over) {
        race.tpm->scribble(0);
        race.count++;
    }
}

bool races_scribble(const Interface *tpm, uint32_t rounds)
{
    uint32_t failed = 0;

    prepare(tpm, rounds);
    take(0);
    if (!second_start(scribble, NULL)) {
        return false;
    }
    for (uint32_t i = 0; i < rounds; i++) {
        tpm->ready(0);
        tpm->fill(0, get_random, sizeof(get_random));
        tpm->start(0);
        exchanges[0].size = tpm->receive(0, exchanges[0].response);
        failed += exchange_code(&exchanges[0]) != 0;
    }
    race.over = true;
    second_wait();
    tpm->relinquish(0);
    put_number("failed", failed);
    put_number("scribbles", race.count);
    return true;
}

static void look_on(void *data)
{
    (void)data;
    while (!race.over) {
        if (race.inside && race.tpm->executing(0) && race.inside) {
            race.count++;
        }
    }
}

bool races_outside(const Interface *tpm, const struct tpm_command *command)
{
    prepare(tpm, 1);
    take(0);
    exchange_send(&exchanges[0], command->bytes, command->size);
    if (!second_start(look_on, NULL)) {
        return false;
    }
    race.inside = true;
    tpm->start(0);
    race.inside = false;
    race.over = true;
    second_wait();
    put_number("seen", race.count);
    return true;
}

static void wait_for_start(void)
{
    while (!race.started) {
        relax();
    }
    delay_us(race.after_us);
}

static void cancel(void *data)
{
    (void)data;
    wait_for_start();
    race.tpm->cancel(0);
}

bool races_cancel(const Interface *tpm, const struct tpm_command *command, uint32_t after_us)
{
    Exchange *e = &exchanges[0];

    prepare(tpm, 1);
    race.after_us = after_us;
    take(0);
    exchange_send(e, command->bytes, command->size);
    if (!second_start(cancel, NULL)) {
        return false;
    }
    race.started = true;
    tpm->start(0);
    exchange_finish(e);
    second_wait();
    put_number("code", exchange_code(e));
    if (exchange_code(e) == 0 && command->leaves_object) {
        uint8_t flush[sizeof(flush_context)];

        memcpy(flush, flush_context, sizeof(flush));
        memcpy(flush + 10, e->response + 10, 4);
        exchange_run(e, flush, sizeof(flush));
    }
    tpm->relinquish(0);
    return true;
}

static void seize(void *data)
{
    Exchange *e = &exchanges[1];

    (void)data;
    wait_for_start();
    race.tpm->seize(1);
    e->locality = 1;
    while (!race.tpm->active(1)) {
        relax();
    }
    race.wrong[1] = !random_bytes(e, 24);
}

bool races_seize(const Interface *tpm, const struct tpm_command *command, uint32_t after_us)
{
    prepare(tpm, 1);
    race.after_us = after_us;
    take(0);
    exchange_send(&exchanges[0], command->bytes, command->size);
    if (!second_start(seize, NULL)) {
        return false;
    }
    race.started = true;
    tpm->start(0);
    second_wait();
    put_number("wrong", race.wrong[1]);
    put_number("active", tpm->active(0));
    put_number("seized", tpm->seized(0));
    tpm->relinquish(1);
    return true;
}

static void reset(void *data)
{
    (void)data;
    wait_for_start();
    outb(RESET_PORT, 2);
    outb(RESET_PORT, 6);
}

bool races_reset(const Interface *tpm, const struct tpm_command *command, uint32_t after_us)
{
    prepare(tpm, 1);
    race.after_us = after_us;
    take(0);
    if (!second_start(reset, NULL)) {
        return false;
    }
    race.started = true;
    for (;;) { /* the reset ends it */
        exchange_run_known(&exchanges[0], command);
    }
}

static struct {
    uint64_t longest, over[3], total;
} pauses;

static void stand_watch(void *data)
{
    static const uint32_t limits_us[] = { 100, 300, 1000 };
    bool reads_port = data != NULL;
    uint64_t start = ticks(), last = start, read_at = start, now;

    while (!race.over) {
        if (reads_port && ticks_to_ns(last - read_at) >= 50000) {
            inb(QUIET_PORT);
            read_at = last;
        }
        now = ticks();
        pauses.longest = now - last > pauses.longest ? now - last : pauses.longest;
        for (unsigned i = 0; i < 3; i++) {
            pauses.over[i] += ticks_to_ns(now - last) > limits_us[i] * 1000ull;
        }
        last = now;
    }
    pauses.total = last - start;
}

bool races_pause(const Interface *tpm, bool reads_port, uint32_t rounds)
{
    prepare(tpm, rounds);
    memset(&pauses, 0, sizeof(pauses));
    take(0);
    if (!second_start(stand_watch, reads_port ? &race : NULL)) {
        return false;
    }
    for (uint32_t i = 0; i < rounds; i++) {
        race.wrong[0] += exchange_run(&exchanges[0], pcr_read, sizeof(pcr_read)) != 0;
    }
    if (rounds == 0) {
        delay_us(200000);
    }
    race.over = true;
    second_wait();
    tpm->relinquish(0);
    put_number("longest", ticks_to_ns(pauses.longest));
    put_number("over100us", pauses.over[0]);
    put_number("over300us", pauses.over[1]);
    put_number("over1ms", pauses.over[2]);
    put_number("total", ticks_to_ns(pauses.total));
    put_number("wrong", race.wrong[0]);
    return true;
}
