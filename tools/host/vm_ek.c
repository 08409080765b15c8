/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_ek.h"

#include <string.h>

#include "attest/deepquote.h"
#include "wire/ek-template.h"
#include "wire/tpm-constants.h"

/* As swtpm_setup calls them. */
static const struct {
    const char *name;
    uint16_t id;
} curves[] = {
    { "secp256r1", TPM_ECC_NIST_P256 },
    { "secp384r1", TPM_ECC_NIST_P384 },
};

static uint16_t find_curve(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(curves); i++) {
        if (g_str_equal(curves[i].name, name)) {
            return curves[i].id;
        }
    }
    return 0;
}

static WireBytes borrow(GBytes *bytes)
{
    gsize len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);

    return (WireBytes){ data, len };
}

/* NULL, perhaps without an error, where there is no such key. @curve: 0: RSA */
static GBytes *area_of(uint16_t curve, GBytes *x, GBytes *y, GError **error)
{
    const WireBytes none = { 0 };
    uint8_t area[WIRE_EK_AREA_MAX];
    WireWriter w = WIRE_WRITER(area, sizeof(area));
    g_autoptr(DqKey) key = NULL;
    WirePublic public;

    if (!wire_ek_template(curve, borrow(x), y ? borrow(y) : none, &public)) {
        return NULL;
    }
    key = wire_put_public(&w, &public) ? dq_key_new(area, w.len, error) : NULL; /* it is a key */
    return key ? g_bytes_new(area, w.len) : NULL;
}

/* The value of @name in "x=...,y=...,id=..."; NULL: it has none. */
static char *part_of(const char *key, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(key, ",", -1);
    g_autofree char *prefix = g_strconcat(name, "=", NULL);

    for (char **part = parts; *part; part++) {
        if (g_str_has_prefix(*part, prefix)) {
            return g_strdup(*part + strlen(prefix));
        }
    }
    return NULL;
}

static GBytes *ecc_area(const char *key, GError **error)
{
    g_autofree char *x_text = part_of(key, "x");
    g_autofree char *y_text = part_of(key, "y");
    g_autofree char *curve = part_of(key, "id");
    g_autoptr(GBytes) x = x_text ? dq_hex_decode(x_text, error) : NULL;
    g_autoptr(GBytes) y = x && y_text ? dq_hex_decode(y_text, error) : NULL;
    const uint16_t id = y && curve ? find_curve(curve) : 0;

    return id ? area_of(id, x, y, error) : NULL;
}

static GBytes *rsa_area(const char *key, GError **error)
{
    g_autoptr(GBytes) modulus = dq_hex_decode(key, error);

    return modulus ? area_of(0, modulus, NULL, error) : NULL;
}

GBytes *vm_ek_area(const char *key, GError **error)
{
    GError *why = NULL;
    GBytes *area = strchr(key, '=') ? ecc_area(key, &why) : rsa_area(key, &why);

    if (!area && !why) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "this endorsement key is of no known kind: RSA of 2048 or 3072 bits, "
                    "secp256r1 and secp384r1 are");
    } else if (!area) {
        g_propagate_error(error, why);
    }
    return area;
}

char *vm_ek_name(const char *key, GError **error)
{
    g_autoptr(GBytes) area = vm_ek_area(key, error);
    const WireBytes bytes = area ? borrow(area) : (WireBytes){ 0 };
    g_autoptr(DqKey) loaded = area ? dq_key_new(bytes.p, bytes.len, error) : NULL;
    DqBytes name;

    if (!loaded) {
        return NULL;
    }
    name = dq_key_get_name(loaded);
    return dq_hex_encode(name.data, name.len);
}
