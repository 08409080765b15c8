/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of parts that is taken is the one list of its parts; and what shows a process's memory. */
#include "fuzz_recode.h"

#include "measure/mapping.h"
#include "wire/parts.h"

static void fuzz_list(WireBytes in, const WirePartsForm *form)
{
    static WirePart part[WIRE_PARTS_MAX];
    static uint8_t buf[WIRE_PARTS_SIZE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireParts parts;
    size_t count = 0;

    if (!wire_decode_parts(in, form, &parts)) {
        return;
    }
    while (wire_next_part(&parts, &part[count])) {
        count++;
    }
    fuzz_expect_same(in, &w, wire_put_parts(&w, form, part, count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) mappings = mapping_parse(text, MAPPING_FILES_ALONE, &error);

    if (!mappings == !error) {
        abort();
    }
    for (guint i = 0; mappings && i < mappings->len; i++) {
        if (g_array_index(mappings, Mapping, i).path[0] != '/') {
            abort();
        }
    }
    fuzz_list((WireBytes){ data, size }, &wire_parts_vtpm);
    fuzz_list((WireBytes){ data, size }, &wire_parts_launch);
    return 0;
}
