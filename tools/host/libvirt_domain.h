/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a domain's XML says of its TPM. */
#ifndef TOOLS_HOST_LIBVIRT_DOMAIN_H
#define TOOLS_HOST_LIBVIRT_DOMAIN_H

#include <glib.h>

typedef struct LibvirtDomain {
    char *uuid;        /* NULL: it says none */
    gboolean has_vtpm; /* a TPM 2.0 of libvirt's emulator back end */
} LibvirtDomain;

/** libvirt_domain_read: @xml: the element "domain". Errors: G_MARKUP_ERROR. */
gboolean libvirt_domain_read(const char *xml, gsize len, LibvirtDomain *ret, GError **error);
void libvirt_domain_clear(LibvirtDomain *domain);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LibvirtDomain, libvirt_domain_clear)

#endif
