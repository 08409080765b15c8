/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens a character device and does with it what it is told, one line of output for each:
 *
 *     opener DEVICE WORD...
 *
 * uid:N (before it opens it), write:HEX, read:SIZE, poll:MILLISECONDS (for what can be read; 0: for
 * what can be written too), ioctl:CODE:HEX (the code in hexadecimal; HEX is the structure, which is
 * printed as it comes back), open (a second time), nonblock, alarm:SECONDS (a signal that
 * interrupts), state:TYPE:FILE (PTM_GET_STATEBLOB, and the rest by read), restore:TYPE:FILE
 * (PTM_SET_STATEBLOB, and all by write), storm:ROUNDS (whatever comes, but for PTM_SHUTDOWN).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <swtpm/tpm_ioctl.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LARGEST = 1 << 20 };

static const char *device;
static int fd = -1;
static unsigned char buf[LARGEST];

static void say(const char *what, ssize_t result)
{
    if (result < 0) {
        printf("%s: %s\n", what, strerrorname_np(errno));
    } else {
        printf("%s: %zd\n", what, result);
    }
    fflush(stdout);
}

static void say_bytes(const char *what, ssize_t n)
{
    if (n < 0) {
        say(what, n);
        return;
    }
    printf("%s: ", what);
    for (ssize_t i = 0; i < n; i++) {
        printf("%02x", buf[i]);
    }
    printf("\n");
    fflush(stdout);
}

static size_t unhex(const char *hex)
{
    size_t n = 0;

    while (n < LARGEST && sscanf(hex + 2 * n, "%2hhx", &buf[n]) == 1) {
        n++;
    }
    return n;
}

static void do_uid(const char *text)
{
    if (setgid((gid_t)atoi(text)) != 0 || setuid((uid_t)atoi(text)) != 0) {
        say("uid", -1);
        exit(1);
    }
}

static void do_open(const char *text)
{
    const int opened = open(device, O_RDWR);

    (void)text;
    say("open", opened < 0 ? -1 : 0);
    if (fd < 0) {
        fd = opened;
    }
}

static void do_write(const char *text)
{
    say("write", write(fd, buf, unhex(text)));
}

static void do_read(const char *text)
{
    say_bytes("read", read(fd, buf, (size_t)atoi(text)));
}

static void do_poll(const char *text)
{
    struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

    /* with POLLOUT alone there would be nothing to wait for */
    if (atoi(text) > 0) {
        p.events = POLLIN;
    }
    if (poll(&p, 1, atoi(text)) < 0) {
        say("poll", -1);
        return;
    }
    printf("poll:%s%s%s%s\n", p.revents & POLLIN ? " in" : "", p.revents & POLLOUT ? " out" : "",
           p.revents & POLLERR ? " err" : "", p.revents & POLLHUP ? " hup" : "");
    fflush(stdout);
}

static void do_ioctl(const char *text)
{
    char *rest;
    const unsigned long code = strtoul(text, &rest, 16);
    const size_t n = *rest ? unhex(rest + 1) : 0;
    const int result = ioctl(fd, code, buf);

    if (result < 0) {
        say("ioctl", result);
    } else {
        say_bytes("ioctl", (ssize_t)n);
    }
}

static void do_nonblock(const char *text)
{
    (void)text;
    say("nonblock", fcntl(fd, F_SETFL, O_NONBLOCK));
}

static void on_alarm(int number)
{
    (void)number;
}

static void do_alarm(const char *text)
{
    const struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */

    sigaction(SIGALRM, &action, NULL);
    alarm((unsigned)atoi(text));
}

static void do_state(const char *text)
{
    ptm_getstate piece = { .u.req = { .type = (uint32_t)atoi(text) } };
    FILE *to = fopen(strchr(text, ':') + 1, "w");
    size_t left;
    ssize_t n = ioctl(fd, PTM_GET_STATEBLOB, &piece);

    if (n < 0 || piece.u.resp.tpm_result != 0 || !to) {
        say("state", n < 0 ? n : (ssize_t)piece.u.resp.tpm_result);
        exit(1);
    }
    fwrite(piece.u.resp.data, piece.u.resp.length, 1, to);
    left = piece.u.resp.totlength - piece.u.resp.length;
    while (left > 0 && (n = read(fd, buf, 1000)) > 0) {
        fwrite(buf, (size_t)n, 1, to);
        left -= (size_t)n;
    }
    fclose(to);
    say("state", left > 0 ? -1 : (ssize_t)piece.u.resp.totlength);
}

static void do_restore(const char *text)
{
    ptm_setstate piece = { .u.req = { .type = (uint32_t)atoi(text) } };
    FILE *from = fopen(strchr(text, ':') + 1, "r");
    ssize_t n = ioctl(fd, PTM_SET_STATEBLOB, &piece);
    size_t len;

    while (n >= 0 && from && (len = fread(buf, 1, 1000, from)) > 0) {
        n = write(fd, buf, len);
    }
    piece.u.req.state_flags = 0;
    piece.u.req.type = (uint32_t)atoi(text);
    piece.u.req.length = 0;
    if (n >= 0) {
        n = ioctl(fd, PTM_SET_STATEBLOB, &piece);
    }
    say("restore", n < 0 ? n : (ssize_t)piece.u.resp.tpm_result);
}

/* Small numbers are as likely as any other, and so are those that are just too large. */
static uint32_t any_number(void)
{
    const uint32_t edges[] = { 0, 1, 2, 3, 3071, 3072, 3073, 4096, 4097, UINT32_MAX };
    const size_t i = (size_t)random() % 20;

    return i < sizeof(edges) / sizeof(edges[0]) ? edges[i] : (uint32_t)random();
}

static void do_storm(const char *text)
{
    static const unsigned codes[] = {
        PTM_GET_CAPABILITY,
        PTM_INIT,
        PTM_GET_TPMESTABLISHED,
        PTM_SET_LOCALITY,
        PTM_HASH_START,
        PTM_HASH_DATA,
        PTM_HASH_END,
        PTM_CANCEL_TPM_CMD,
        PTM_STORE_VOLATILE,
        PTM_GET_STATEBLOB,
        PTM_RESET_TPMESTABLISHED,
        PTM_SET_STATEBLOB,
        PTM_STOP,
        PTM_SET_BUFFERSIZE,
        PTM_GET_CONFIG,
        PTM_GET_INFO,
    };
    unsigned done = 0;

    srandom(1);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < atoi(text); i++) {
        const unsigned number = (unsigned)random() % (sizeof(codes) / sizeof(codes[0]));
        const unsigned long wild = _IOC((unsigned)random() % 4, 'P', number, any_number() % 8192);
        const unsigned long code = random() % 4 == 0 ? wild : codes[number];

        for (size_t k = 0; k < 16; k++) {
            const uint32_t value = any_number();

            memcpy(buf + 4 * k, &value, 4);
        }
        switch (random() % 4) {
        case 0:
            done += write(fd, buf, any_number() % 5000) >= 0;
            break;
        case 1:
            done += read(fd, buf, any_number() % 5000) >= 0;
            break;
        default:
            if (_IOC_NR(code) != _IOC_NR((unsigned)PTM_SHUTDOWN)) {
                done += ioctl(fd, code, buf) >= 0;
            }
        }
    }
    say("storm", done);
}

static const struct {
    const char *word;
    void (*run)(const char *);
} words[] = {
    { "uid:", do_uid },     { "open", do_open },         { "write:", do_write },
    { "read:", do_read },   { "poll:", do_poll },        { "ioctl:", do_ioctl },
    { "alarm:", do_alarm }, { "nonblock", do_nonblock }, { "state:", do_state },
    { "storm:", do_storm }, { "restore:", do_restore },
};

int main(int argc, char **argv)
{
    device = argv[1];
    for (int i = 2; i < argc; i++) {
        if (fd < 0 && strncmp(argv[i], "uid:", 4) != 0) {
            do_open("");
            if (fd < 0) {
                return 1;
            }
        }
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            if (strncmp(argv[i], words[k].word, strlen(words[k].word)) == 0) {
                words[k].run(argv[i] + strlen(words[k].word));
            }
        }
    }
    return 0;
}
