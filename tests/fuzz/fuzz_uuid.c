/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is taken for a UUID's text is what is written for it, but for the case of its letters. */
#include <stdlib.h>
#include <strings.h>

#include "wire/uuid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[WIRE_UUID_TEXT_SIZE];
    WireUuid uuid;

    if (!wire_uuid_parse((const char *)data, size, &uuid)) {
        return 0;
    }
    wire_uuid_format(&uuid, text);
    if (size != sizeof(text) - 1 || strncasecmp(text, (const char *)data, size) != 0) {
        abort();
    }
    return 0;
}
