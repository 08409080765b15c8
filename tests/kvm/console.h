/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines in and out by the second serial port. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_WORDS 8

void console_init(void);

/** CONSOLE_LINE - of a line, without its end: a command of 4096 bytes, and the word before it */
#define CONSOLE_LINE (2 * 4096 + 8)

/** console_words - waits for a line and splits it; points into memory that the next line takes */
size_t console_words(const char *words[CONSOLE_WORDS]);

void put_text(const char *text);

/** put_number - " NAME=DECIMAL" */
void put_number(const char *name, uint64_t n);

/** put_bytes - " NAME=HEX" */
void put_bytes(const char *name, const uint8_t *bytes, size_t size);

bool same_text(const char *a, const char *b);

/** number - a decimal; what is no digit ends it */
uint32_t number(const char *text);

/** bytes - what pairs of lower-case digits mean; returns how many bytes, at most @room */
size_t bytes(const char *text, uint8_t *to, size_t room);

#endif
