/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts as they are found, and the list that is made of them. */
#ifndef VTPM_MANAGER_MEASURE_PART_LIST_H
#define VTPM_MANAGER_MEASURE_PART_LIST_H

#include <glib.h>

#include "wire/parts.h"

typedef struct PartList PartList;

PartList *part_list_new(void);
void part_list_free(PartList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PartList, part_list_free)

/**
 * part_list_add:
 * @path: of a file, or a name; its last component is kept
 */
void part_list_add(PartList *list, WirePartKind kind, const char *path,
                   const uint8_t digest[DEEPQUOTE_HASH_SIZE]);

/** part_list_add_text: with the digest of @len bytes of @text. */
void part_list_add_text(PartList *list, WirePartKind kind, const char *name, const char *text,
                        gsize len);

/**
 * part_list_encode: (transfer full): the list in its one order.
 *
 * Errors: G_FILE_ERROR where there are more parts than a list can have, or one has no name.
 */
GBytes *part_list_encode(PartList *list, const WirePartsForm *form, GError **error);

#endif
