/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines by the second serial port, a 16550 that is polled. */
#include "console.h"
#include "hardware.h"

#define PORT 0x2f8
#define FIFO_CONTROL (PORT + 2)
#define LINE_CONTROL (PORT + 3)
#define LINE_STATUS (PORT + 5)
#define HAS_BYTE 0x01
#define TAKES_BYTE 0x20

static const char hex_digits[] = "0123456789abcdef";

void console_init(void)
{
    outb(LINE_CONTROL, 3); /* 8 bits, no parity */
    outb(FIFO_CONTROL, 1);
}

static void put_char(char c)
{
    while (!(inb(LINE_STATUS) & TAKES_BYTE)) {
        relax();
    }
    outb(PORT, (uint8_t)c);
}

static char get_char(void)
{
    while (!(inb(LINE_STATUS) & HAS_BYTE)) {
        delay_us(20);
    }
    return (char)inb(PORT);
}

size_t console_words(const char *words[CONSOLE_WORDS])
{
    static char line[CONSOLE_LINE + 1];
    size_t size = 0, count = 0;
    bool inside = false;
    char c;

    while ((c = get_char()) != '\n' && size < sizeof(line) - 1) {
        line[size++] = c;
    }
    line[size] = '\0';
    for (size_t i = 0; i < size; i++) {
        if (line[i] == ' ') {
            line[i] = '\0';
            inside = false;
        } else if (!inside && count < CONSOLE_WORDS) {
            words[count++] = line + i;
            inside = true;
        }
    }
    return count;
}

void put_text(const char *text)
{
    for (; *text; text++) {
        put_char(*text);
    }
}

void put_number(const char *name, uint64_t n)
{
    char digits[21], *at = digits + sizeof(digits);

    *--at = '\0';
    do {
        uint64_t rest = divide(n, 10);

        *--at = (char)('0' + (n - rest * 10));
        n = rest;
    } while (n);
    put_text(" ");
    put_text(name);
    put_text("=");
    put_text(at);
}

void put_bytes(const char *name, const uint8_t *bytes, size_t size)
{
    put_text(" ");
    put_text(name);
    put_text("=");
    for (size_t i = 0; i < size; i++) {
        put_char(hex_digits[bytes[i] >> 4]);
        put_char(hex_digits[bytes[i] & 0xf]);
    }
}

bool same_text(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

uint32_t number(const char *text)
{
    uint32_t n = 0;

    for (; *text >= '0' && *text <= '9'; text++) {
        n = n * 10 + (uint32_t)(*text - '0');
    }
    return n;
}

/* The value of a digit; 16: it is none. */
static uint8_t digit(char c)
{
    uint8_t value = 0;

    while (value < 16 && hex_digits[value] != c) {
        value++;
    }
    return value;
}

size_t bytes(const char *text, uint8_t *to, size_t room)
{
    size_t count = 0;

    while (count < room && digit(text[0]) < 16 && digit(text[1]) < 16) {
        to[count++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
        text += 2;
    }
    return count;
}
