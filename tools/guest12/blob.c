/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "blob.h"

#include "codes.h"

enum {
    AUTH_DATA_USAGE_AT = 10, /* behind version or tag, keyUsage and keyFlags */
    AUTH_NEVER = 0x00,
    KEY_SIGNING = 0x0010,
    KEY_IDENTITY = 0x0012,
    PUBKEY_MAX = 1024,
};

static gboolean fail(GError **error, const char *text)
{
    g_set_error(error, TPM12_ERROR, TPM12_ERROR_INPUT, "the file of the AIK %s", text);
    return FALSE;
}

/* What is behind the public part: the private one, encrypted, and nothing else */
static gboolean has_private(WireReader r)
{
    WireBytes private;

    return wire_get_sized(&r, r.left, &private) && private.len > 0 && r.left == 0;
}

gboolean blob_parse(WireBytes bytes, AikBlob *ret, GBytes **ret_public, GError **error)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    uint8_t public[PUBKEY_MAX];
    WireWriter w = WIRE_WRITER(public, sizeof(public));
    WireTpm12Key key;

    if (!wire_get_tpm12_key(&r, &key) || !has_private(r) ||
        !wire_put_tpm12_pubkey(&w, &key.public)) {
        return fail(error, "is none: give the one that --aik-create or tpm_mkaik wrote");
    }
    if ((key.usage != KEY_IDENTITY && key.usage != KEY_SIGNING) ||
        key.public.sig_scheme != TPM12_SS_RSASSAPKCS1v15_SHA1) {
        return fail(error, "has a key that cannot sign a quote");
    }
    ret->bytes = bytes;
    ret->has_secret = bytes.p[AUTH_DATA_USAGE_AT] != AUTH_NEVER;
    if (ret_public) {
        *ret_public = g_bytes_new(public, w.len);
    }
    return TRUE;
}
