/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What swtpm's files begin with; integers are big-endian. */
typedef struct __attribute__((packed)) FileHeader {
    uint8_t version;
    uint8_t min_version;
    uint16_t size;
    uint16_t flags;
    uint32_t total;
} FileHeader;

enum { FLAG_ENCRYPTED = 1 << 0 };

/* The value of @item, where it begins with @key; NULL: it does not. */
static const char *value_of(const char *item, const char *key)
{
    size_t len = strlen(key);

    return strncmp(item, key, len) == 0 ? item + len : NULL;
}

static const char *folder_of(const char *item)
{
    const char *folder = value_of(item, "dir=");

    folder = folder ? folder : value_of(item, "backend-uri=dir://");
    return folder ? folder : *item == '/' ? item : NULL; /* TPM_PATH is the folder alone */
}

bool state_file_find(const char *tpmstate, bool tpm2, StateFile *ret)
{
    const char *prefix = tpm2 ? "tpm2-00" : "tpm-00";
    const char *folder = NULL;

    for (char *rest = strdupa(tpmstate), *item; !folder && (item = strsep(&rest, ","));) {
        folder = folder_of(item);
    }
    if (!folder || strlen(folder) >= sizeof(ret->folder)) {
        return false;
    }
    memcpy(ret->folder, folder, strlen(folder) + 1);
    snprintf(ret->path, sizeof(ret->path), "%s/%s.permall", ret->folder, prefix);
    snprintf(ret->plain, sizeof(ret->plain), "%s/%s.plain", ret->folder, prefix);
    snprintf(ret->others[0], sizeof(ret->others[0]), "%s/%s.volatilestate", ret->folder, prefix);
    snprintf(ret->others[1], sizeof(ret->others[1]), "%s/%s.savestate", ret->folder, prefix);
    return true;
}

StateFileKind state_file_look(const char *path)
{
    FileHeader header;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n;

    if (fd < 0) {
        return errno == ENOENT ? STATE_FILE_ABSENT : STATE_FILE_UNKNOWN;
    }
    n = read(fd, &header, sizeof(header));
    close(fd);
    if (n != (ssize_t)sizeof(header) || be16toh(header.size) != sizeof(header)) {
        return STATE_FILE_UNKNOWN;
    }
    return be16toh(header.flags) & FLAG_ENCRYPTED ? STATE_FILE_ENCRYPTED : STATE_FILE_PLAIN;
}
