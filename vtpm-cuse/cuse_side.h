/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's side: its requests, by libfuse's CUSE, become calls of a Device. */
#ifndef VTPM_CUSE_CUSE_SIDE_H
#define VTPM_CUSE_CUSE_SIDE_H

#include <gio/gio.h>

#include "device.h"

typedef struct CuseSide CuseSide;

/** cuse_open: /dev/cuse. Errors: G_IO_ERROR, with what to do; returns -1. */
int cuse_open(GError **error);

/**
 * cuse_side_new: has the kernel make the device; it is there when this returns.
 * @fd: (transfer full): of cuse_open()
 * @name: of the device, behind /dev/
 * @control, @data: (transfer full): see device_new()
 */
CuseSide *cuse_side_new(int fd, const char *name, int control, int data, uid_t owner,
                        GError **error);

/** cuse_side_device: borrowed. */
Device *cuse_side_device(CuseSide *side);

/**
 * cuse_side_run: serves until the device ends.
 * @stop: a descriptor that becomes readable when it is to end
 *
 * After swtpm has ended, the device stays for some seconds where somebody has it open, so that he
 * sees it hang up.
 */
void cuse_side_run(CuseSide *side, int stop);

/** cuse_side_free: the device goes. */
void cuse_side_free(CuseSide *side);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CuseSide, cuse_side_free)

#endif
