// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's side of qemu-tpm-latency: /init of an initramfs with nothing else in it. Takes lines
 * on the second serial port and answers each with one line:
 *
 *   command NAME COUNT    COUNT TPM commands: how long each took
 *   pause WATCH RATE SECONDS
 *                         the second CPU's pauses while this one sends RATE commands a second ("0":
 *                         none, "max": as many as it can): the longest, and quantiles of the
 *                         longest in each 10 ms. The second CPU only looks at its clock (WATCH is
 *                         "clock"), or reads an I/O port every 50 us as well ("port"), for which
 *                         QEMU needs its big lock
 *   files COUNT           COUNT files read for the first time: how long, and what IMA measured
 *   quit                  powers off
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "qemu_tpm_commands.h"

#define MAX_SAMPLES 20000
#define QUIET_PORT 0x80 /* diagnostic codes of firmware: reading it changes nothing */

static FILE *port_in, *port_out;
static int tpm = -1;
static double ns_per_tick;
static uint64_t samples[MAX_SAMPLES];

static void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void answer(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(port_out, format, arguments);
    va_end(arguments);
    fputc('\n', port_out);
    fflush(port_out);
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The time-stamp counter is read for each sample: the clock may cost an exit to the host. */
static void calibrate(void)
{
    double start = now_ns();
    uint64_t tick = __rdtsc();

    usleep(300000);
    ns_per_tick = (now_ns() - start) / (double)(__rdtsc() - tick);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Sends a command to /dev/tpm0 and reads its response; false where either fails. */
static bool exchange(const uint8_t *command, size_t size, uint8_t response[4096], size_t *ret_size)
{
    ssize_t n;

    if (write(tpm, command, size) != (ssize_t)size) {
        return false;
    }
    n = read(tpm, response, 4096);
    if (n < 10) {
        return false;
    }
    *ret_size = (size_t)n;
    return true;
}

static uint32_t be32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void put_be32(uint8_t *b, uint32_t n)
{
    b[0] = (uint8_t)(n >> 24);
    b[1] = (uint8_t)(n >> 16);
    b[2] = (uint8_t)(n >> 8);
    b[3] = (uint8_t)n;
}

static bool flush_object(uint32_t handle)
{
    uint8_t command[sizeof(flush_context)], response[4096];
    size_t size;

    memcpy(command, flush_context, sizeof(command));
    put_be32(command + 10, handle);
    return exchange(command, sizeof(command), response, &size) && be32(response + 6) == 0;
}

/* Runs the command that `kind` needs an object of; its handle goes to bytes 10 to 13. */
static bool make_object(const struct tpm_command *kind, uint8_t *command)
{
    uint8_t response[4096];
    size_t size;

    if (!kind->object) {
        return true;
    }
    if (!exchange(kind->object, kind->object_size, response, &size) || be32(response + 6) != 0 ||
        size < 14) {
        return false;
    }
    put_be32(command + 10, be32(response + 10));
    return true;
}

/* One timed command; what it left in the TPM is flushed out of the measured time. */
static bool sample(const struct tpm_command *kind, const uint8_t *command, uint64_t *ret_ticks,
                   size_t *ret_size)
{
    uint8_t response[4096];
    uint64_t start = __rdtsc(), end;
    bool sent = exchange(command, kind->size, response, ret_size);

    end = __rdtsc();
    if (!sent || be32(response + 6) != 0) {
        return false;
    }
    *ret_ticks = end - start;
    return !kind->leaves_object || flush_object(be32(response + 10));
}

static const struct tpm_command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof(tpm_commands) / sizeof(tpm_commands[0]); i++) {
        if (strcmp(tpm_commands[i].name, name) == 0) {
            return &tpm_commands[i];
        }
    }
    return NULL;
}

static void report_samples(size_t count, size_t size)
{
    qsort(samples, count, sizeof(samples[0]), compare);
    answer("ok count=%zu min=%.0f median=%.0f p99=%.0f max=%.0f size=%zu", count,
           (double)samples[0] * ns_per_tick, (double)samples[count / 2] * ns_per_tick,
           (double)samples[count * 99 / 100] * ns_per_tick,
           (double)samples[count - 1] * ns_per_tick, size);
}

static void do_command(const char *name, size_t count)
{
    const struct tpm_command *kind = find_command(name);
    uint8_t command[512];
    uint64_t ticks;
    size_t size = 0, i;

    if (!kind || count < 1 || count > MAX_SAMPLES) {
        answer("error no such command, or not 1 to %d of them", MAX_SAMPLES);
        return;
    }
    memcpy(command, kind->bytes, kind->size);
    if (!make_object(kind, command)) {
        answer("error no object for %s", name);
        return;
    }
    for (i = 0; i < count && sample(kind, command, &ticks, &size); i++) {
        samples[i] = ticks;
    }
    if (kind->object) {
        flush_object(be32(command + 10));
    }
    if (i < count) {
        answer("error %s failed at number %zu: %s", name, i, strerror(errno));
        return;
    }
    report_samples(count, size);
}

/*
 * Both CPUs are busy in the first four fifths of each second: a host that gives their threads
 * real-time priority has no reason to hold them back then, and gets to do what it has to do.
 */
#define BURST_NS 8e8
#define CYCLE_NS 1e9

/* Runs on the second CPU: how long the longest stretches were in which it did not run. */
struct spinner {
    bool reads_port;
    bool failed;
    double start; /* of the first cycle */
    unsigned cycles;
    uint64_t longest;
    uint64_t over[3]; /* stretches over 0.1, 0.3 and 1 ms */
    uint64_t reads;
    size_t windows; /* in samples: the longest stretch of each window */
};

static void pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

static uint64_t ticks_of(double ns)
{
    return (uint64_t)(ns / ns_per_tick);
}

static void note_stretch(struct spinner *s, uint64_t stretch, const uint64_t limits[3])
{
    if (stretch > limits[0]) {
        for (int i = 0; i < 3; i++) {
            s->over[i] += stretch > limits[i];
        }
    }
    if (stretch > s->longest) {
        s->longest = stretch;
    }
}

static void sleep_until(double ns)
{
    struct timespec t = { .tv_sec = (time_t)(ns / 1e9) };

    t.tv_nsec = (long)(ns - (double)t.tv_sec * 1e9);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void spin_until(struct spinner *s, uint64_t end)
{
    const uint64_t limits[] = { ticks_of(1e5), ticks_of(3e5), ticks_of(1e6) };
    const uint64_t window = ticks_of(1e7), between_reads = ticks_of(5e4);
    uint64_t last = __rdtsc(), now, longest = 0, ends = last + window, read_at = last;

    while (last < end) {
        if (s->reads_port && last >= read_at) {
            inb(QUIET_PORT);
            s->reads++;
            read_at = last + between_reads;
        }
        now = __rdtsc();
        note_stretch(s, now - last, limits);
        if (now - last > longest) {
            longest = now - last;
        }
        if (now > ends && s->windows < MAX_SAMPLES) {
            samples[s->windows++] = longest;
            longest = 0;
            ends = now + window;
        }
        last = now;
    }
}

static void *spin(void *data)
{
    struct spinner *s = data;

    pin(1);
    setpriority(PRIO_PROCESS, 0, -20);
    if (s->reads_port && ioperm(QUIET_PORT, 1, 1) != 0) {
        s->failed = true;
        return NULL;
    }
    for (unsigned i = 0; i < s->cycles; i++) {
        sleep_until(s->start + i * CYCLE_NS);
        spin_until(s, __rdtsc() + ticks_of(BURST_NS));
    }
    return NULL;
}

/* Sends TPM2_PCR_Read, `interval` ns from start to start or longer; false where one fails. */
static bool use_tpm(double interval, double end, unsigned long *commands)
{
    const struct tpm_command *kind = find_command("PCR_Read");
    uint64_t ticks;
    size_t size;

    for (double now = now_ns(); now < end; now = now_ns()) {
        if (!sample(kind, kind->bytes, &ticks, &size)) {
            return false;
        }
        ++*commands;
        if (interval > 0) {
            sleep_until(now + interval);
        }
    }
    return true;
}

static void report_pauses(const struct spinner *s, unsigned long commands)
{
    qsort(samples, s->windows, sizeof(samples[0]), compare);
    answer("ok window_median=%.0f window_p90=%.0f window_p99=%.0f longest=%.0f over100us=%" PRIu64
           " over300us=%" PRIu64 " over1ms=%" PRIu64 " commands=%lu reads=%" PRIu64 " busy=%.0f",
           (double)samples[s->windows / 2] * ns_per_tick,
           (double)samples[s->windows * 9 / 10] * ns_per_tick,
           (double)samples[s->windows * 99 / 100] * ns_per_tick, (double)s->longest * ns_per_tick,
           s->over[0], s->over[1], s->over[2], commands, s->reads, s->cycles * BURST_NS);
}

static void do_pause(const char *watch, const char *rate, unsigned seconds)
{
    struct spinner s = { .reads_port = strcmp(watch, "port") == 0,
                         .start = now_ns() + 1e8,
                         .cycles = seconds };
    double a_second = strtod(rate, NULL);
    bool idle = strcmp(rate, "0") == 0, works = true;
    unsigned long commands = 0;
    pthread_t thread;

    pin(0);
    if (pthread_create(&thread, NULL, spin, &s) != 0) {
        answer("error no second thread");
        return;
    }
    for (unsigned i = 0; i < seconds && !idle && works; i++) {
        double cycle = s.start + i * CYCLE_NS;

        sleep_until(cycle);
        works = use_tpm(a_second > 0 ? 1e9 / a_second : 0, cycle + BURST_NS, &commands);
    }
    pthread_join(thread, NULL);
    if (s.failed || !works || s.windows == 0) {
        answer("error %s", s.failed ? "no access to the port"
                           : works  ? "the second CPU did not run"
                                    : "the TPM failed");
        return;
    }
    report_pauses(&s, commands);
}

static long measured_by_ima(void)
{
    FILE *f = fopen("/sys/kernel/security/ima/runtime_measurements_count", "r");
    long count = -1;

    if (f) {
        if (fscanf(f, "%ld", &count) != 1) {
            count = -1;
        }
        fclose(f);
    }
    return count;
}

static bool write_file(const char *name, unsigned number)
{
    char content[4096];
    int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    bool written;

    memset(content, 'x', sizeof(content));
    snprintf(content, sizeof(content), "%u", number);
    written = fd >= 0 && write(fd, content, sizeof(content)) == sizeof(content);
    close(fd);
    return written;
}

static bool read_file(const char *name)
{
    char content[4096];
    int fd = open(name, O_RDONLY);
    bool got = fd >= 0 && read(fd, content, sizeof(content)) == sizeof(content);

    close(fd);
    return got;
}

static void do_files(unsigned count)
{
    char name[32];
    double start;
    long before;
    bool ok = mkdir("/files", 0755) == 0 && mount("ramfs", "/files", "ramfs", 0, NULL) == 0;

    for (unsigned i = 0; ok && i < count; i++) {
        snprintf(name, sizeof(name), "/files/%u", i);
        ok = write_file(name, i);
    }
    before = measured_by_ima();
    start = now_ns();
    for (unsigned i = 0; ok && i < count; i++) {
        snprintf(name, sizeof(name), "/files/%u", i);
        ok = read_file(name);
    }
    if (!ok) {
        answer("error files: %s", strerror(errno));
        return;
    }
    answer("ok time=%.0f measured=%ld", now_ns() - start, measured_by_ima() - before);
}

static void serve(const char *line)
{
    char word[32] = "", name[64] = "", rate[16] = "";
    unsigned number = 0;

    if (sscanf(line, "command %63s %u", name, &number) == 2) {
        do_command(name, number);
    } else if (sscanf(line, "pause %63s %15s %u", name, rate, &number) == 3) {
        do_pause(name, rate, number);
    } else if (sscanf(line, "files %u", &number) == 1) {
        do_files(number);
    } else if (sscanf(line, "%31s", word) == 1 && strcmp(word, "quit") == 0) {
        reboot(RB_POWER_OFF);
    } else {
        answer("error not understood: %s", line);
    }
}

static bool set_up(void)
{
    struct termios raw;
    int fd;

    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL);
    fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &raw) != 0) {
        return false;
    }
    cfmakeraw(&raw);
    tcsetattr(fd, TCSANOW, &raw);
    port_in = fdopen(fd, "r");
    port_out = fdopen(dup(fd), "w");
    return port_in && port_out;
}

int main(void)
{
    char line[256];

    if (set_up()) {
        calibrate();
        tpm = open("/dev/tpm0", O_RDWR);
        answer("ready tpm=%s up=%.0f", tpm < 0 ? "none" : "yes", now_ns());
        while (fgets(line, sizeof(line), port_in)) {
            line[strcspn(line, "\r\n")] = '\0';
            serve(line);
        }
    }
    reboot(RB_POWER_OFF);
    return 1;
}
