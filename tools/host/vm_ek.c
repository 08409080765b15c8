/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_ek.h"

#include <string.h>

#include "attest/deepquote.h"
#include "wire/public.h"

enum { ALG_AES = 0x0006, ALG_CFB = 0x0043, PUBLIC_MAX = 1024 };

/* PolicySecret(TPM_RH_ENDORSEMENT): PolicyA with SHA-256 */
static const uint8_t policy_a[] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC, 0x8D, 0x46, 0xA5, 0xD7, 0x24,
    0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52, 0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA,
};

/* PolicyOR of that and of a policy in NV memory: PolicyB with SHA-384 */
static const uint8_t policy_b[] = {
    0xB2, 0x6E, 0x7D, 0x28, 0xD1, 0x1A, 0x50, 0xBC, 0x53, 0xD8, 0x82, 0xBC, 0xF5, 0xFD, 0x3A, 0x1A,
    0x07, 0x41, 0x48, 0xBB, 0x35, 0xD3, 0xB4, 0xE4, 0xCB, 0x1C, 0x0A, 0xD9, 0xBD, 0xE4, 0x19, 0xCA,
    0xCB, 0x47, 0xBA, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0F, 0x9F, 0xC0, 0x00, 0xF3, 0xF8, 0x0E, 0x12,
};

enum {
    LOW_RANGE = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
    HIGH_RANGE = LOW_RANGE | TPMA_OBJECT_USERWITHAUTH,
};

/** A default template. */
typedef struct Template {
    const char *curve; /* as swtpm_setup calls it; NULL: RSA */
    uint16_t curve_id;
    gsize size; /* bytes of the modulus, or of a coordinate */
    uint16_t hash;
    uint32_t attributes;
    uint16_t aes_bits;
    WireBytes policy;
} Template;

static const Template templates[] = {
    { NULL, 0, 256, TPM_ALG_SHA256, LOW_RANGE, 128, { policy_a, sizeof(policy_a) } },
    { NULL, 0, 384, TPM_ALG_SHA384, HIGH_RANGE, 256, { policy_b, sizeof(policy_b) } },
    { "secp256r1",
      TPM_ECC_NIST_P256,
      32,
      TPM_ALG_SHA256,
      LOW_RANGE,
      128,
      { policy_a, sizeof(policy_a) } },
    { "secp384r1",
      TPM_ECC_NIST_P384,
      48,
      TPM_ALG_SHA384,
      HIGH_RANGE,
      256,
      { policy_b, sizeof(policy_b) } },
};

static const Template *find_template(const char *curve, gsize size)
{
    for (gsize i = 0; i < G_N_ELEMENTS(templates); i++) {
        if (g_strcmp0(templates[i].curve, curve) == 0 && templates[i].size == size) {
            return &templates[i];
        }
    }
    return NULL;
}

static WireBytes borrow(GBytes *bytes)
{
    gsize len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);

    return (WireBytes){ data, len };
}

static GBytes *area_of(const Template *template, GBytes *x, GBytes *y, GError **error)
{
    WirePublic public = {
        .type = y ? TPM_ALG_ECC : TPM_ALG_RSA,
        .name_alg = template->hash,
        .attributes = template->attributes,
        .auth_policy = template->policy,
        .sym_alg = ALG_AES,
        .sym_key_bits = template->aes_bits,
        .sym_mode = ALG_CFB,
        .scheme.scheme = TPM_ALG_NULL,
        .kdf_scheme = TPM_ALG_NULL,
        .ecc_curve = template->curve_id,
    };
    uint8_t area[PUBLIC_MAX];
    WireWriter w = WIRE_WRITER(area, sizeof(area));
    g_autoptr(DqKey) key = NULL;

    if (y) {
        public.ecc_x = borrow(x);
        public.ecc_y = borrow(y);
    } else {
        public.rsa_key_bits = (uint16_t)(template->size * 8);
        public.rsa_modulus = borrow(x);
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
    const Template *template = y && curve && g_bytes_get_size(x) == g_bytes_get_size(y)
                                   ? find_template(curve, g_bytes_get_size(x))
                                   : NULL;

    return template ? area_of(template, x, y, error) : NULL;
}

static GBytes *rsa_area(const char *key, GError **error)
{
    g_autoptr(GBytes) modulus = dq_hex_decode(key, error);
    const Template *template = modulus ? find_template(NULL, g_bytes_get_size(modulus)) : NULL;

    return template ? area_of(template, modulus, NULL, error) : NULL;
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
