/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-cuse: a swtpm as a character device, by the kernel's CUSE. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "background.h"
#include "cuse_side.h"
#include "daemon/notify.h"
#include "options.h"

enum { EXIT_USAGE = 2 };

/* In the background nobody reads standard error. */
static void complain(const Options *o, const char *message)
{
    g_printerr("vtpm-cuse: %s\n", message);
    if (o->background) {
        syslog(LOG_DAEMON | LOG_ERR, "%s", message);
    }
}

/* Signals that end the program, as a descriptor. */
static int catch_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    return sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
}

/* The kernel refuses a second device of a name, but does not say so. */
static gboolean check_free(const char *path, GError **error)
{
    struct stat st;

    if (lstat(path, &st) == 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "%s is there already: give another name, or end the vtpm-cuse that has it",
                    path);
        return FALSE;
    }
    return TRUE;
}

static CuseSide *start(const Options *o, const char *path, GError **error)
{
    int control;
    int data;
    int fd;

    if (!check_free(path, error) || !link_open(&o->place, &control, &data, error)) {
        return NULL;
    }
    fd = o->cuse_fd >= 0 ? o->cuse_fd : cuse_open(error);
    if (fd < 0) {
        close(control);
        close(data);
        return NULL;
    }
    return cuse_side_new(fd, o->name, control, data, o->owner.uid, error);
}

/* Everything until the device is there, for those who may use it. */
static CuseSide *prepare(const Options *o, const char *path, GError **error)
{
    g_autoptr(CuseSide) side = start(o, path, error);

    if (!side || (o->owner.uid != 0 && !device_give_to(path, o->owner.uid, error)) ||
        !privileges_drop(&o->runas, error)) {
        return NULL;
    }
    return g_steal_pointer(&side);
}

static int serve(const Options *o)
{
    g_autofree char *path = g_strconcat("/dev/", o->name, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(CuseSide) side = NULL;
    const int stop = catch_signals();
    Background background = BACKGROUND_NONE;

    if (stop < 0 || chdir("/") != 0 || (o->background && !background_start(&background, &error))) {
        complain(o, error ? error->message : "no signals can be caught, or / not entered");
        return EXIT_FAILURE;
    }
    side = prepare(o, path, &error);
    if (!side) {
        complain(o, error->message);
        return EXIT_FAILURE;
    }
    notify_send("READY=1");
    background_ready(&background);
    cuse_side_run(side, stop);
    if (device_is_lost(cuse_side_device(side)) && !device_was_shut_down(cuse_side_device(side))) {
        complain(o, "swtpm has ended, or what it sent makes no sense: the device is gone");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(G_GNUC_UNUSED int argc, char **argv)
{
    g_auto(Options) options = { 0 };
    g_autoptr(GError) error = NULL;

    openlog("vtpm-cuse", LOG_PID, LOG_DAEMON);
    if (!options_parse(argv, &options, &error)) {
        g_printerr("vtpm-cuse: %s\nTry 'vtpm-cuse --help'.\n", error->message);
        return EXIT_USAGE;
    }
    if (options.version) {
        printf("vtpm-cuse (" PROJECT_NAME ") " PROJECT_VERSION "\n");
        return EXIT_SUCCESS;
    }
    return serve(&options);
}
