/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case.h"

#include "attest/digest.h"
#include "wire/hash.h"

#include <string.h>

const Case *const case_tables[] = { cases_trusted, cases_host, cases_vm, NULL };

CaseKeys *case_keys_new(void)
{
    const guint32 ak = MAKER_AK_ATTRIBUTES;
    CaseKeys *k = g_new0(CaseKeys, 1);

    k->host = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak);
    k->host_rsa = maker_key_new(TPM_ALG_RSASSA, TPM_ALG_SHA256, ak);
    k->host_other = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak);
    k->host_free =
        maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak & ~(guint32)TPMA_OBJECT_RESTRICTED);
    k->host_movable =
        maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256,
                      ak & ~(guint32)(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT));
    k->host_storage = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak | TPMA_OBJECT_DECRYPT);
    k->ak = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak);
    k->ak_other = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak);
    k->ak_rsa = maker_key_new(TPM_ALG_RSASSA, TPM_ALG_SHA256, ak);
    k->ak_pss = maker_key_new(TPM_ALG_RSAPSS, TPM_ALG_SHA256, ak);
    k->ak_p384 = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA384, ak);
    return k;
}

void case_keys_free(CaseKeys *keys)
{
    MakerKey *const all[] = {
        keys->host,         keys->host_rsa,     keys->host_other, keys->host_free,
        keys->host_movable, keys->host_storage, keys->ak,         keys->ak_other,
        keys->ak_rsa,       keys->ak_pss,       keys->ak_p384,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        maker_key_free(all[i]);
    }
    g_free(keys);
}

char *case_expected(const Case *c)
{
    for (unsigned i = 0; i < DQ_CHECKS; i++) {
        if (g_str_has_prefix(c->name, dq_check_word((DqCheck)i))) {
            return g_strdup(dq_check_word((DqCheck)i));
        }
    }
    g_assert_true(g_str_has_prefix(c->name, "trusted"));
    return g_strdup("trusted");
}

void case_policy(CaseWork *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_string_append_vprintf(w->policy, format, args);
    va_end(args);
    g_string_append_c(w->policy, '\n');
}

void case_policy_pcrs(CaseWork *w, const char *whose, const WirePcrSelection *selection)
{
    for (WirePcrWalk walk = { 0 }; wire_pcr_next(selection, &walk);) {
        guint8 value[DQ_DIGEST_MAX];
        g_autofree char *hex = dq_hex_encode(value, maker_pcr(whose, walk.hash, walk.pcr, value));

        case_policy(w, "%s-pcr %s:%u %s", whose, wire_hash_find(walk.hash)->name, walk.pcr, hex);
    }
}

void case_select(WirePcrSelection *s, const guint16 *banks, const int *numbers)
{
    memset(s, 0, sizeof(*s));
    for (; *banks != 0; banks++) {
        for (const int *n = numbers; *n >= 0; n++) {
            g_assert_true(wire_pcr_select(s, *banks, (unsigned)*n));
        }
    }
}

char *case_name(const MakerKey *key)
{
    DqBytes name = dq_key_get_name(key->key);

    return dq_hex_encode(name.data, name.len);
}

void case_state(CaseWork *w, guint64 epoch, guint64 generation, guint32 reset, guint32 restart,
                guint64 clock)
{
    g_autofree char *uuid = dq_uuid_format(w->order.uuid);
    g_autofree char *name = case_name(w->order.host);

    w->state = g_strdup_printf("deepquote-state 1\nvm %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                               "\nhost %s %u %u\nclock %s %s %" G_GUINT64_FORMAT "\nend\n",
                               uuid, epoch, generation, name, reset, restart, uuid, name, clock);
}

gsize case_find(const MakerDeed *d, WireBytes needle)
{
    const guint8 *at = memmem(d->evidence->data, d->evidence->len, needle.p, needle.len);

    g_assert_nonnull(at);
    return (gsize)(at - d->evidence->data);
}

void case_start(CaseWork *w, const CaseKeys *keys, const Case *c)
{
    memset(w, 0, sizeof(*w));
    w->keys = keys;
    w->order = maker_order(keys->host, keys->ak);
    w->enrolled = keys->host;
    w->vtpm_key = keys->ak;
    w->nonce = g_byte_array_new();
    w->vtpm_ek = g_byte_array_new();
    w->policy = g_string_new(NULL);
    memcpy(w->uuid, w->order.uuid, DQ_UUID_SIZE);
    g_byte_array_append(w->nonce, w->order.nonce.p, (guint)w->order.nonce.len);
    if (c->before != NULL) {
        c->before(w);
    }
    w->deed = maker_deed_new(&w->order);
    if (c->after != NULL) {
        c->after(w);
    }
}

void case_finish(CaseWork *w)
{
    maker_deed_free(w->deed);
    g_byte_array_unref(w->nonce);
    g_byte_array_unref(w->vtpm_ek);
    g_string_free(w->policy, TRUE);
    g_free(w->state);
}
