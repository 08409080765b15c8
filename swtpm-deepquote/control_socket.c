/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    MODE = 0770, /* swtpm's own, where there is no mode= */
    MODE_MAX = 0777,
    BACKLOG = 1,
};

/** What --ctrl says, as far as it is known here. */
typedef struct Wish {
    const char *path; /* NULL: none */
    unsigned long mode;
    bool unixio;
    bool terminate;
} Wish;

static bool parse_mode(const char *text, unsigned long *ret)
{
    char *end;

    errno = 0;
    *ret = strtoul(text, &end, 8);
    return *text >= '0' && *text <= '7' && *end == '\0' && errno == 0 && *ret <= MODE_MAX;
}

static const char *after(const char *item, const char *name)
{
    const size_t len = strlen(name);

    return strncmp(item, name, len) == 0 ? item + len : NULL;
}

static bool parse_item(const char *item, Wish *wish)
{
    const char *mode = after(item, "mode=");
    const char *path = after(item, "path=");

    if (mode) {
        return parse_mode(mode, &wish->mode);
    }
    if (path) {
        wish->path = path;
        return *path == '/';
    }
    wish->unixio |= strcmp(item, "type=unixio") == 0;
    wish->terminate |= strcmp(item, "terminate") == 0;
    return strcmp(item, "type=unixio") == 0 || strcmp(item, "terminate") == 0;
}

static bool parse(char *value, Wish *ret)
{
    Wish wish = { .mode = MODE };

    for (char *rest = value, *item; (item = strsep(&rest, ","));) {
        if (!parse_item(item, &wish)) {
            return false;
        }
    }
    *ret = wish;
    return wish.unixio && wish.path;
}

/* As swtpm makes it: what was there before goes. */
static int listen_at(const char *path, mode_t mode)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    unlink(path);
    /* Its mode before it has a name: nobody connects in between. */
    if (fchmod(fd, mode) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    if (chmod(path, mode) != 0 || listen(fd, BACKLOG) != 0) {
        unlink(path);
        close(fd);
        return -1;
    }
    return fd;
}

void control_socket_open(const char *value, ControlSocket *ret)
{
    char *copy = value ? strdup(value) : NULL;
    Wish wish;

    ret->fd = -1;
    if (copy && parse(copy, &wish) && strlen(wish.path) < sizeof(ret->path)) {
        memcpy(ret->path, wish.path, strlen(wish.path) + 1);
        ret->terminate = wish.terminate;
        ret->fd = listen_at(ret->path, (mode_t)wish.mode);
    }
    free(copy);
}

bool control_socket_value(const ControlSocket *control, char ret[CONTROL_VALUE_MAX])
{
    snprintf(ret, CONTROL_VALUE_MAX, "type=unixio,fd=%d%s", control->fd,
             control->terminate ? ",terminate" : "");
    return fcntl(control->fd, F_SETFD, 0) == 0;
}

void control_socket_close(ControlSocket *control)
{
    if (control->fd >= 0) {
        unlink(control->path);
        close(control->fd);
        control->fd = -1;
    }
}
