/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times TPM commands on the data sockets of running vTPMs, interleaved.
 *
 *     stream-times ROUNDS BLOCK SOCKET:HEX-COMMAND...
 *
 * Each round sends BLOCK times each of the commands, in an order that changes from round to round,
 * and takes the median of a command's block. Prints a line a round: the medians in nanoseconds, in
 * the order of the arguments. A response that is no success ends the run with status 1.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "wire/tpm.h"

typedef struct Stream {
    int fd;
    uint8_t command[WIRE_TPM_BUFFER_MAX];
    size_t size;
    double *times; /* of the block */
} Stream;

static void die(const char *what)
{
    fprintf(stderr, "stream-times: %s\n", what);
    exit(1);
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Streams of one socket share its connection: swtpm serves one at a time. */
static int connect_to(GHashTable *connections, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    gpointer known;
    int fd;

    if (g_hash_table_lookup_extended(connections, path, NULL, &known)) {
        return GPOINTER_TO_INT(known);
    }
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path) ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        die("cannot connect; is the vTPM there, and nobody else connected to it?");
    }
    g_hash_table_insert(connections, g_strdup(path), GINT_TO_POINTER(fd));
    return fd;
}

static void open_stream(GHashTable *connections, const char *argument, Stream *ret, size_t block)
{
    g_auto(GStrv) parts = g_strsplit(argument, ":", 2);
    const char *hex = parts[0] ? parts[1] : NULL;

    if (!hex || strlen(hex) % 2 != 0 || strlen(hex) / 2 > sizeof(ret->command)) {
        die("usage: stream-times ROUNDS BLOCK SOCKET:HEX-COMMAND...");
    }
    ret->size = strlen(hex) / 2;
    for (size_t i = 0; i < ret->size; i++) {
        ret->command[i] =
            (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
    }
    ret->fd = connect_to(connections, parts[0]);
    ret->times = g_new(double, block);
}

static void exchange(const Stream *s)
{
    uint8_t response[WIRE_TPM_BUFFER_MAX];
    size_t got = 0;
    WireTpmHeader h = { .size = WIRE_TPM_HEADER_SIZE };

    if (write(s->fd, s->command, s->size) != (ssize_t)s->size) {
        die("a vTPM does not take a command");
    }
    while (got < h.size) {
        ssize_t n = read(s->fd, response + got, sizeof(response) - got);

        if (n <= 0) {
            die("a vTPM does not answer");
        }
        got += (size_t)n;
        if (got >= WIRE_TPM_HEADER_SIZE) {
            WireReader r = WIRE_READER(response, got);

            if (!wire_get_tpm_header(&r, &h) || h.size > sizeof(response) ||
                h.code != TPM_RC_SUCCESS) {
                die("a vTPM answers with an error");
            }
        }
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void one_round(Stream *streams, unsigned count, unsigned block, unsigned round)
{
    for (unsigned i = 0; i < block; i++) {
        for (unsigned j = 0; j < count; j++) {
            /* forwards and backwards in turn: none always follows the same other */
            Stream *s = &streams[(round + i) % 2 ? j : count - 1 - j];
            double start = now_ns();

            exchange(s);
            s->times[i] = now_ns() - start;
        }
    }
    for (unsigned j = 0; j < count; j++) {
        qsort(streams[j].times, block, sizeof(double), compare);
        printf("%.0f%c", streams[j].times[block / 2], j + 1 < count ? ' ' : '\n');
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GHashTable) connections =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    unsigned rounds = argc > 3 ? (unsigned)atoi(argv[1]) : 0;
    unsigned block = argc > 3 ? (unsigned)atoi(argv[2]) : 0;
    unsigned count = argc > 3 ? (unsigned)argc - 3 : 0;
    Stream *streams = g_new0(Stream, count + 1);

    if (rounds == 0 || block == 0) {
        die("usage: stream-times ROUNDS BLOCK SOCKET:HEX-COMMAND...");
    }
    for (unsigned j = 0; j < count; j++) {
        open_stream(connections, argv[j + 3], &streams[j], block);
    }
    one_round(streams, count, block, 0); /* to warm up; the reader drops the first line */
    for (unsigned i = 0; i < rounds; i++) {
        one_round(streams, count, block, i);
    }
    for (unsigned j = 0; j < count; j++) {
        g_free(streams[j].times);
    }
    g_free(streams);
    return 0;
}
