/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest with nothing in it but a driver of both TPM interfaces. It does what a line on the second
 * serial port says, and answers each with numbers and, at the end of the line, "ok" or "error":
 *
 *   startup               TPM2_Startup(CLEAR), which is a firmware's work otherwise
 *   run NAME COUNT US     COUNT commands of qemu_tpm_commands.h, looking for responses each US us
 *   send HEX              any command; the answer has the response: response=HEX
 *   start NAME            starts a command, and leaves it at that; scribble, seize, cancel, and
 *   finish                waits for its response
 *   RACE ...              see races.h
 *   poke ADDRESS BYTE     a byte of memory; fill ADDRESS and filled ADDRESS: 64 KiB
 *   quit                  ends QEMU, by its device isa-debug-exit
 */
#include "console.h"
#include "hardware.h"
#include "races.h"

#define EXIT_PORT 0xf4
#define EXIT_VALUE 0x10
#define MAX_SAMPLES 2000
#define AREA 0x10000
#define PATTERN 0xa5

void guest_main(void);

static const Interface *tpm;
static Exchange exchange;
static uint64_t samples[MAX_SAMPLES];

static void sort(uint64_t *a, size_t count)
{
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            uint64_t one = a[i];
            size_t j = i;

            for (; j >= gap && a[j - gap] > one; j -= gap) {
                a[j] = a[j - gap];
            }
            a[j] = one;
        }
    }
}

static void take(void)
{
    tpm->request(0);
    while (!tpm->active(0)) {
        relax();
    }
}

/* --- requests: words of the line; false: not understood, or not possible --- */

static bool startup(const char **words)
{
    static const uint8_t command[] = { NO_SESSIONS, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0 };

    (void)words;
    take();
    put_number("code", exchange_run(&exchange, command, sizeof(command)));
    tpm->relinquish(0);
    return true;
}

static bool run(const char **words)
{
    const struct tpm_command *command = exchange_find(words[1]);
    uint32_t count = number(words[2]), failed = 0;

    if (!command || count == 0 || count > MAX_SAMPLES) {
        return false;
    }
    exchange.look_us = number(words[3]);
    take();
    for (uint32_t i = 0; i < count; i++) {
        failed += exchange_run_known(&exchange, command) != 0;
        samples[i] = exchange.waited;
    }
    tpm->relinquish(0);
    exchange.look_us = 0;
    sort(samples, count);
    put_number("failed", failed);
    put_number("min", ticks_to_ns(samples[0]));
    put_number("median", ticks_to_ns(samples[count / 2]));
    put_number("p99", ticks_to_ns(samples[count - 1 - count / 100]));
    put_number("max", ticks_to_ns(samples[count - 1]));
    return true;
}

static bool send(const char **words)
{
    static uint8_t command[RESPONSE_MAX];
    size_t size = bytes(words[1], command, sizeof(command));

    take();
    exchange_run(&exchange, command, size);
    tpm->relinquish(0);
    put_bytes("response", exchange.response, exchange.size);
    return exchange.size > 0;
}

static bool start(const char **words)
{
    const struct tpm_command *command = exchange_find(words[1]);

    if (!command) {
        return false;
    }
    take();
    exchange_send(&exchange, command->bytes, command->size);
    tpm->start(0);
    put_number("done", tpm->done(0));
    return true;
}

static bool finish(const char **words)
{
    (void)words;
    exchange_finish(&exchange);
    put_number("code", exchange_code(&exchange));
    put_number("size", exchange.size);
    put_number("tag", exchange.size ? be32(exchange.response) >> 16 : 0);
    tpm->relinquish(0);
    return true;
}

static bool scribble(const char **words)
{
    (void)words;
    tpm->scribble(0);
    return true;
}

static bool cancel(const char **words)
{
    (void)words;
    tpm->cancel(0);
    return true;
}

static bool seize(const char **words)
{
    (void)words;
    tpm->seize(1);
    put_number("active", tpm->active(1));
    return true;
}

static bool seized(const char **words)
{
    (void)words;
    while (!tpm->active(1)) {
        relax();
    }
    put_number("seized", tpm->seized(0));
    tpm->relinquish(1);
    return true;
}

static bool localities(const char **words)
{
    return races_localities(tpm, number(words[1]));
}

static bool commands(const char **words)
{
    return races_commands(tpm, number(words[1]));
}

static bool scribble_race(const char **words)
{
    return races_scribble(tpm, number(words[1]));
}

static bool outside(const char **words)
{
    const struct tpm_command *command = exchange_find(words[1]);

    return command && races_outside(tpm, command);
}

static bool cancel_race(const char **words)
{
    const struct tpm_command *command = exchange_find(words[1]);

    return command && races_cancel(tpm, command, number(words[2]));
}

static bool seize_race(const char **words)
{
    const struct tpm_command *command = exchange_find(words[1]);

    return command && races_seize(tpm, command, number(words[2]));
}

static bool reset_race(const char **words)
{
    const struct tpm_command *command = exchange_find(words[1]);

    return command && races_reset(tpm, command, number(words[2]));
}

static bool pause(const char **words)
{
    return races_pause(tpm, same_text(words[1], "port"), number(words[2]));
}

static bool poke(const char **words)
{
    write8(number(words[1]), (uint8_t)number(words[2]));
    return true;
}

static bool fill(const char **words)
{
    memset((void *)(uintptr_t)number(words[1]), PATTERN, AREA);
    return true;
}

static bool filled(const char **words)
{
    uint32_t base = number(words[1]), count = 0;

    for (uint32_t i = 0; i < AREA; i++) {
        count += read8(base + i) == PATTERN;
    }
    put_number("bytes", count);
    return true;
}

static bool quit(const char **words)
{
    (void)words;
    outb(EXIT_PORT, EXIT_VALUE);
    return false;
}

static const struct {
    const char *name;
    size_t words;
    bool needs_tpm;
    bool (*serve)(const char **words);
} requests[] = {
    { "startup", 1, true, startup },
    { "run", 4, true, run },
    { "send", 2, true, send },
    { "start", 2, true, start },
    { "finish", 1, true, finish },
    { "scribble", 1, true, scribble },
    { "cancel", 1, true, cancel },
    { "seize", 1, true, seize },
    { "seized", 1, true, seized },
    { "localities", 2, true, localities },
    { "commands", 2, true, commands },
    { "scribble-race", 2, true, scribble_race },
    { "outside", 2, true, outside },
    { "cancel-race", 3, true, cancel_race },
    { "seize-race", 3, true, seize_race },
    { "reset-race", 3, true, reset_race },
    { "pause", 3, true, pause },
    { "poke", 3, false, poke },
    { "fill", 2, false, fill },
    { "filled", 2, false, filled },
    { "quit", 1, false, quit },
};

static bool serve(const char **words, size_t count)
{
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (count == requests[i].words && same_text(words[0], requests[i].name)) {
            return (tpm || !requests[i].needs_tpm) && requests[i].serve(words);
        }
    }
    return false;
}

void guest_main(void)
{
    const char *words[CONSOLE_WORDS];

    console_init();
    hardware_init();
    tpm = interface_find();
    exchange.tpm = tpm;
    put_text("ready ");
    put_text(tpm ? tpm->name : "none");
    put_text("\n");
    for (;;) {
        size_t count = console_words(words);

        put_text(serve(words, count) ? " ok\n" : " error\n");
    }
}
