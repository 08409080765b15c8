/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bare processor: ports, device memory, time, and the second processor. */
#ifndef HARDWARE_H
#define HARDWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline void outb(uint16_t port, uint8_t val)
{
    __asm__ volatile("outb %0, %1" : : "a"(val), "Nd"(port) : "memory");
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t val;

    __asm__ volatile("inb %1, %0" : "=a"(val) : "Nd"(port) : "memory");
    return val;
}

static inline void write8(uintptr_t addr, uint8_t val)
{
    *(volatile uint8_t *)addr = val;
}

static inline uint8_t read8(uintptr_t addr)
{
    return *(volatile uint8_t *)addr;
}

static inline void write32(uintptr_t addr, uint32_t val)
{
    *(volatile uint32_t *)addr = val;
}

static inline uint32_t read32(uintptr_t addr)
{
    return *(volatile uint32_t *)addr;
}

static inline void relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}

static inline uint64_t ticks(void)
{
    return __builtin_ia32_rdtsc();
}

/* There is no <string.h>: the compiler's own headers are all that a program without a system has.
 */
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);

/** divide - @n / @d; there is no library that would do it */
uint64_t divide(uint64_t n, uint32_t d);

/** hardware_init - measures the time-stamp counter, and finds the second processor's start code */
void hardware_init(void);

uint64_t ticks_to_ns(uint64_t n);
void delay_us(uint32_t us);

/**
 * second_start - has the second processor run @work, which no other work may still do
 *
 * Returns false where there is no second processor.
 */
bool second_start(void (*work)(void *), void *data);

/** second_wait - waits until that work is done */
void second_wait(void);

#endif
