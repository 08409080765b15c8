/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bare processor. Intel SDM volume 3, "Multiple-processor management". */
#include "hardware.h"

#define TRAMPOLINE 0x8000
#define PIT_COUNTER_2 0x42
#define PIT_MODE 0x43
#define PIT_GATE 0x61
#define PIT_OUT 0x20
#define PIT_2_MS 2386 /* at 1.193182 MHz */
#define CALIBRATIONS 25
#define APIC_ICR_LOW 0xfee00300
#define APIC_ICR_HIGH 0xfee00310
#define ICR_INIT 0x4500
#define ICR_STARTUP 0x4600
#define ICR_PENDING 0x1000
#define START_TRIES 50

extern const uint8_t trampoline[];
extern const uint32_t trampoline_size;

void second_main(void);

static uint32_t ticks_per_us;
static void (*volatile second_work)(void *);
static void *volatile second_data;
static volatile bool second_runs, second_done;

/* The compiler calls these two by itself. */
void *memcpy(void *to, const void *from, size_t size)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(byte) : "memory");
    return to;
}

uint64_t divide(uint64_t n, uint32_t d)
{
    uint32_t high = (uint32_t)(n >> 32), low = (uint32_t)n;
    uint32_t rest = high % d, quotient;

    __asm__("divl %4" : "=a"(quotient), "=d"(rest) : "a"(low), "d"(rest), "rm"(d));
    return (uint64_t)(high / d) << 32 | quotient;
}

static uint32_t ticks_in_2_ms(void)
{
    uint64_t start;

    outb(PIT_GATE, 1);
    outb(PIT_MODE, 0xb0); /* counter 2, once, both bytes */
    outb(PIT_COUNTER_2, PIT_2_MS & 0xff);
    start = ticks();
    outb(PIT_COUNTER_2, PIT_2_MS >> 8);
    while (!(inb(PIT_GATE) & PIT_OUT)) {
        relax();
    }
    return (uint32_t)(ticks() - start);
}

/* The shortest counts: on a busy host this processor may stand still in any of the others. */
void hardware_init(void)
{
    uint32_t shortest = UINT32_MAX;

    for (unsigned i = 0; i < CALIBRATIONS; i++) {
        uint32_t one = ticks_in_2_ms();

        shortest = one < shortest ? one : shortest;
    }
    ticks_per_us = shortest / 2000;
    ticks_per_us += ticks_per_us == 0;
    memcpy((void *)TRAMPOLINE, trampoline, trampoline_size);
}

uint64_t ticks_to_ns(uint64_t n)
{
    return divide(n * 1000, ticks_per_us);
}

void delay_us(uint32_t us)
{
    uint64_t end = ticks() + (uint64_t)us * ticks_per_us;

    while (ticks() < end) {
        relax();
    }
}

/* The second processor, each time it is started; it halts behind this. */
void second_main(void)
{
    second_runs = true;
    second_work(second_data);
    second_done = true;
}

static void send_to_second(uint32_t what)
{
    write32(APIC_ICR_HIGH, 1u << 24);
    write32(APIC_ICR_LOW, what);
    while (read32(APIC_ICR_LOW) & ICR_PENDING) {
        relax();
    }
}

bool second_start(void (*work)(void *), void *data)
{
    second_work = work;
    second_data = data;
    second_runs = second_done = false;
    send_to_second(ICR_INIT);
    delay_us(200);
    for (unsigned i = 0; i < START_TRIES && !second_runs; i++) {
        send_to_second(ICR_STARTUP | TRAMPOLINE >> 12);
        for (unsigned j = 0; j < 200 && !second_runs; j++) {
            delay_us(100);
        }
    }
    return second_runs;
}

void second_wait(void)
{
    while (!second_done) {
        relax();
    }
}
