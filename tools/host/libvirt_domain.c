/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libvirt_domain.h"

/* Whether the innermost open elements are @path, given from the inside out. */
static gboolean within(GMarkupParseContext *context, const char *const *path)
{
    const GSList *open = g_markup_parse_context_get_element_stack(context);

    while (*path && open && g_str_equal(open->data, *path)) {
        path++;
        open = open->next;
    }
    return !*path && !open;
}

static const char *attribute(const char *name, const char **names, const char **values)
{
    for (; *names; names++, values++) {
        if (g_str_equal(*names, name)) {
            return *values;
        }
    }
    return NULL;
}

static void element(GMarkupParseContext *context, G_GNUC_UNUSED const char *name,
                    const char **names, const char **values, gpointer data,
                    G_GNUC_UNUSED GError **error)
{
    static const char *const backend[] = { "backend", "tpm", "devices", "domain", NULL };
    LibvirtDomain *domain = data;

    if (within(context, backend)) {
        domain->has_vtpm |= g_strcmp0(attribute("type", names, values), "emulator") == 0 &&
                            g_strcmp0(attribute("version", names, values), "1.2") != 0;
    }
}

static void text(GMarkupParseContext *context, const char *value, gsize len, gpointer data,
                 G_GNUC_UNUSED GError **error)
{
    static const char *const uuid[] = { "uuid", "domain", NULL };
    LibvirtDomain *domain = data;

    if (within(context, uuid) && !domain->uuid) {
        domain->uuid = g_strstrip(g_strndup(value, len));
    }
}

gboolean libvirt_domain_read(const char *xml, gsize len, LibvirtDomain *ret, GError **error)
{
    const GMarkupParser parser = { .start_element = element, .text = text };
    g_auto(LibvirtDomain) domain = { 0 };
    GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &domain, NULL);
    const gboolean ok = g_markup_parse_context_parse(context, xml, (gssize)len, error) &&
                        g_markup_parse_context_end_parse(context, error);

    g_markup_parse_context_free(context);
    if (ok) {
        *ret = domain;
        domain = (LibvirtDomain){ 0 };
    }
    return ok;
}

void libvirt_domain_clear(LibvirtDomain *domain)
{
    g_clear_pointer(&domain->uuid, g_free);
}
