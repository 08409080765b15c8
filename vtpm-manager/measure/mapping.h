/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel shows of the executable memory of a process, and the files behind it. */
#ifndef VTPM_MANAGER_MEASURE_MAPPING_H
#define VTPM_MANAGER_MEASURE_MAPPING_H

#include <glib.h>
#include <stdint.h>

/** A file that is mapped to be executed. */
typedef struct Mapping {
    uint64_t start, end; /* of its first such mapping */
    unsigned major, minor;
    uint64_t inode;
    const char *path; /* borrowed from the text */
} Mapping;

/** Memory that can be executed and is of no file, such as code that is generated. */
typedef enum MappingGenerated {
    MAPPING_FILES_ALONE,    /* it is refused */
    MAPPING_ALSO_GENERATED, /* it is passed over */
} MappingGenerated;

/**
 * mapping_parse:
 * @maps: what /proc/PID/maps holds; changed, and borrowed by what is returned
 *
 * Returns: (transfer full): a Mapping for each file that is mapped to be executed, once; %NULL
 * where the text cannot be read, or memory can be executed that is of no file and may not be, or
 * of one that was deleted or replaced since it was mapped.
 * Errors: G_FILE_ERROR
 */
GArray *mapping_parse(char *maps, MappingGenerated generated, GError **error);

/**
 * mapping_read: the same of the process whose folder in /proc is @dir.
 * @ret_text: (transfer full): what the mappings borrow from
 */
GArray *mapping_read(int dir, MappingGenerated generated, char **ret_text, GError **error);

/**
 * mapping_open: the file itself, for reading: by map_files where the kernel lets us, else by its
 * path, where that still leads to the same device and inode.
 *
 * Returns: a descriptor; -1 with @error
 */
int mapping_open(int dir, const Mapping *mapping, GError **error);

/** mapping_open_executable: what the process was started from, for reading; -1 with @error. */
int mapping_open_executable(int dir, GError **error);

/** mapping_is: whether @fd is the file of this mapping. */
gboolean mapping_is(const Mapping *mapping, int fd);

#endif
