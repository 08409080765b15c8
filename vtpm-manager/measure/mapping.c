/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "measure/failure.h"

enum {
    MAPS_MAX = 4 * 1024 * 1024,
    CHUNK = 64 * 1024,
};

/* The kernel's own code, the same in every process. */
static const char *const kernels[] = { "[vdso]", "[vsyscall]" };

static gboolean is_kernels(const char *path)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kernels); i++) {
        if (g_str_equal(path, kernels[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

/* "55d0-55d1 r-xp 00002000 fe:00 248056      /usr/bin/sleep", the path empty for no file. */
static gboolean parse_line(const char *line, Mapping *ret, gboolean *ret_executable)
{
    char mode[5];
    int end = 0;

    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %x:%x %" SCNu64 " %n", &ret->start, &ret->end,
               mode, &ret->major, &ret->minor, &ret->inode, &end) < 6 ||
        end == 0) {
        return FALSE;
    }
    ret->path = line + end;
    *ret_executable = strchr(mode, 'x') != NULL;
    return TRUE;
}

static gboolean has_file(const Mapping *m, GError **error)
{
    if (m->path[0] != '/') {
        return measure_fail(error,
                            "it has executable memory that is of no file (%s): start it without "
                            "what generates code",
                            m->path[0] != '\0' ? m->path : "anonymous");
    }
    if (g_str_has_suffix(m->path, " (deleted)")) {
        return measure_fail(error,
                            "it runs %s, which was deleted or replaced since it was started: "
                            "restart the VM",
                            m->path);
    }
    return TRUE;
}

static gboolean is_listed(const GArray *list, const Mapping *m)
{
    for (guint i = 0; i < list->len; i++) {
        const Mapping *other = &g_array_index(list, Mapping, i);

        if (other->inode == m->inode && other->major == m->major && other->minor == m->minor &&
            g_str_equal(other->path, m->path)) {
            return TRUE;
        }
    }
    return FALSE;
}

GArray *mapping_parse(char *maps, MappingGenerated generated, GError **error)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Mapping));
    char *rest = maps;
    char *line;

    while ((line = strsep(&rest, "\n"))) {
        gboolean executable = FALSE;
        Mapping m;

        if (line[0] == '\0') {
            continue;
        }
        if (!parse_line(line, &m, &executable)) {
            measure_fail(error, "the kernel shows its memory in a way that is not known: %s", line);
            return NULL;
        }
        if (!executable || is_kernels(m.path) ||
            (generated == MAPPING_ALSO_GENERATED && m.path[0] != '/')) {
            continue;
        }
        if (!has_file(&m, error)) {
            return NULL;
        }
        if (!is_listed(list, &m)) {
            g_array_append_val(list, m);
        }
    }
    return g_steal_pointer(&list);
}

static char *read_text(int fd, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *chunk = g_malloc(CHUNK);
    ssize_t n;

    while ((n = read(fd, chunk, CHUNK)) > 0 && text->len <= MAPS_MAX) {
        g_string_append_len(text, chunk, n);
    }
    if (n < 0 || text->len == 0) {
        measure_fail(error, "its memory cannot be looked at: %s",
                     n < 0 ? g_strerror(errno) : "the process has ended");
        return NULL;
    }
    if (text->len > MAPS_MAX) {
        measure_fail(error, "it has too many mappings");
        return NULL;
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A file of the process's folder in /proc. */
static int open_own(int dir, const char *name, GError **error)
{
    const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 && (errno == EACCES || errno == EPERM)) {
        measure_fail(error, "the kernel does not show it to this manager: see MEASUREMENTS in "
                            "vtpm-managerd(8)");
    } else if (fd < 0) {
        measure_fail(error, "it cannot be looked at (%s): %s", name, g_strerror(errno));
    }
    return fd;
}

int mapping_open_executable(int dir, GError **error)
{
    return open_own(dir, "exe", error);
}

GArray *mapping_read(int dir, MappingGenerated generated, char **ret_text, GError **error)
{
    const int fd = open_own(dir, "maps", error);
    GArray *list;

    if (fd < 0) {
        return NULL;
    }
    *ret_text = read_text(fd, error);
    close(fd);
    if (!*ret_text) {
        return NULL;
    }
    list = mapping_parse(*ret_text, generated, error);
    if (list && list->len == 0) {
        g_clear_pointer(&list, g_array_unref);
        measure_fail(error, "the process has ended");
    }
    return list;
}

/* How our own maps show a file that we map: some file systems show another device to stat(). */
static gboolean shown_as(const Mapping *mapping, const void *page)
{
    const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    g_autofree char *text = fd >= 0 ? read_text(fd, NULL) : NULL;
    char *rest = text;
    char *line;
    gboolean same = FALSE;

    if (fd >= 0) {
        close(fd);
    }
    while (!same && (line = strsep(&rest, "\n"))) {
        gboolean executable;
        Mapping m;

        same = line[0] != '\0' && parse_line(line, &m, &executable) && m.start <= (uintptr_t)page &&
               (uintptr_t)page < m.end && m.inode == mapping->inode && m.major == mapping->major &&
               m.minor == mapping->minor;
    }
    return same;
}

gboolean mapping_is(const Mapping *mapping, int fd)
{
    struct stat st;
    gboolean same;
    void *page;

    if (fstat(fd, &st) != 0 || st.st_ino != mapping->inode || !S_ISREG(st.st_mode)) {
        return FALSE;
    }
    if (major(st.st_dev) == mapping->major && minor(st.st_dev) == mapping->minor) {
        return TRUE;
    }
    page = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
    if (page == MAP_FAILED) {
        return FALSE;
    }
    same = shown_as(mapping, page);
    munmap(page, 1);
    return same;
}

int mapping_open(int dir, const Mapping *mapping, GError **error)
{
    g_autofree char *exact =
        g_strdup_printf("map_files/%" PRIx64 "-%" PRIx64, mapping->start, mapping->end);
    int fd = openat(dir, exact, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        fd = open(mapping->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    }
    if (fd < 0) {
        measure_fail(error, "it runs %s, which cannot be read: %s", mapping->path,
                     g_strerror(errno));
        return -1;
    }
    if (!mapping_is(mapping, fd)) {
        measure_fail(error, "it runs %s, and another file lies there now: restart the VM",
                     mapping->path);
        close(fd);
        return -1;
    }
    return fd;
}
