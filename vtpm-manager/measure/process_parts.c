/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/process_parts.h"

#include <unistd.h>

#include "measure/failure.h"

static gboolean digest_file(int dir, const Mapping *m, FileDigests *digests,
                            uint8_t ret[DEEPQUOTE_HASH_SIZE], GError **error)
{
    const int fd = mapping_open(dir, m, error);
    gboolean done;

    if (fd < 0) {
        return FALSE;
    }
    done = file_digests_get(digests, fd, m->path, ret, error);
    close(fd);
    return done;
}

/* Which of them the process was started from; -1 with @error. */
static int find_executable(int dir, const GArray *mappings, GError **error)
{
    const int fd = mapping_open_executable(dir, error);
    int found = -1;

    if (fd < 0) {
        return -1;
    }
    for (guint i = 0; found < 0 && i < mappings->len; i++) {
        if (mapping_is(&g_array_index(mappings, Mapping, i), fd)) {
            found = (int)i;
        }
    }
    close(fd);
    if (found < 0) {
        measure_fail(error, "what it was started from is not among what it runs");
    }
    return found;
}

gboolean process_parts_add(PartList *list, int dir, MappingGenerated generated,
                           FileDigests *digests, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GArray) mappings = mapping_read(dir, generated, &text, error);
    int executable;

    if (mappings && mappings->len > WIRE_PARTS_MAX) {
        return measure_fail(error, "it runs more files than a list has");
    }
    executable = mappings ? find_executable(dir, mappings, error) : -1;
    if (executable < 0) {
        return FALSE;
    }
    for (guint i = 0; i < mappings->len; i++) {
        const Mapping *m = &g_array_index(mappings, Mapping, i);
        uint8_t digest[DEEPQUOTE_HASH_SIZE];

        if (!digest_file(dir, m, digests, digest, error)) {
            return FALSE;
        }
        part_list_add(list, (int)i == executable ? WIRE_PART_EXECUTABLE : WIRE_PART_LIBRARY,
                      m->path, digest);
    }
    return TRUE;
}

static void close_folder(int *dir)
{
    if (*dir >= 0) {
        close(*dir);
        *dir = -1;
    }
}

static GBytes *look(void *subject, FileDigests *digests, GError **error)
{
    int *dir = subject;
    g_autoptr(PartList) list = part_list_new();
    const gboolean done = process_parts_add(list, *dir, MAPPING_FILES_ALONE, digests, error);

    close_folder(dir);
    return done ? part_list_encode(list, &wire_parts_vtpm, error) : NULL;
}

static void forget(void *subject)
{
    close_folder(subject);
    g_free(subject);
}

static const MeasureKind kind = { look, NULL, forget };

Measurement *process_parts_start(Measurer *measurer, int dir)
{
    return measurer_start(measurer, &kind, g_memdup2(&dir, sizeof(dir)),
                          dir < 0 ? "the process has ended" : NULL);
}
