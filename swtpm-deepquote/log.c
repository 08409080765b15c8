/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 512 };

typedef void SwtpmLog(int fd, const char *format, ...);

void module_log(const char *format, ...)
{
    char line[LOG_LINE_MAX];
    SwtpmLog *swtpm_log;
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    *(void **)&swtpm_log = dlsym(RTLD_DEFAULT, "logprintf");
    if (swtpm_log) {
        swtpm_log(STDERR_FILENO, "deepquote: %s\n", line);
    } else {
        dprintf(STDERR_FILENO, "deepquote: %s\n", line);
    }
}
