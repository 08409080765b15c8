/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "escrow/escrow.h"

#include <openssl/crypto.h>
#include <string.h>

#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/cursor.h"
#include "wire/name.h"

#define MOVE_LABEL "DEEPQUOTE-ESCROW-MOVE-V1" /* its zero is signed too */

enum {
    VERSION = 1,
    SIGNATURE_MAX = 512, /* bytes in base64url */
};

G_DEFINE_QUARK(dq_escrow_error, dq_escrow_error)

static void vm_wipe(void *vm)
{
    OPENSSL_cleanse(vm, sizeof(DqEscrowVm));
}

DqEscrow *dq_escrow_new(const char *group)
{
    DqEscrow *escrow = g_new0(DqEscrow, 1);

    g_strlcpy(escrow->group, group, sizeof(escrow->group));
    escrow->vms = g_array_new(FALSE, FALSE, sizeof(DqEscrowVm));
    g_array_set_clear_func(escrow->vms, vm_wipe);
    return escrow;
}

void dq_escrow_free(DqEscrow *escrow)
{
    if (escrow) {
        g_array_unref(escrow->vms);
        g_free(escrow);
    }
}

/* An array that grows would leave copies of keys behind. */
void dq_escrow_add(DqEscrow *escrow, const DqEscrowVm *vm)
{
    GArray *old = escrow->vms;
    const guint count = old->len;

    if ((count & (count - 1)) == 0) {
        escrow->vms = g_array_sized_new(FALSE, FALSE, sizeof(DqEscrowVm), MAX(2 * count, 1));
        g_array_set_clear_func(escrow->vms, vm_wipe);
        g_array_append_vals(escrow->vms, old->data, count);
        g_array_unref(old);
    }
    g_array_append_vals(escrow->vms, vm, 1);
}

/* --------------------------------------------------------------------------------- Writing */

static WireBytes text_bytes(const char *text)
{
    return (WireBytes){ (const uint8_t *)text, strlen(text) };
}

static gboolean put_vm(WireWriter *w, const DqEscrowVm *vm)
{
    return wire_put_bytes(w, (WireBytes){ vm->uuid, sizeof(vm->uuid) }) &&
           wire_put_bytes(w, (WireBytes){ vm->key, sizeof(vm->key) }) &&
           wire_put_tpm2b(w, (WireBytes){ vm->ek.data, vm->ek.len }) &&
           wire_put_tpm2b(w, text_bytes(vm->name));
}

static gboolean put(WireWriter *w, const DqEscrow *escrow)
{
    gboolean ok = wire_put_u16(w, VERSION) && wire_put_tpm2b(w, text_bytes(escrow->group)) &&
                  wire_put_u64(w, escrow->made) &&
                  wire_put_tpm2b(w, (WireBytes){ escrow->host.data, escrow->host.len }) &&
                  wire_put_u32(w, escrow->vms->len);

    for (guint i = 0; ok && i < escrow->vms->len; i++) {
        ok = put_vm(w, &g_array_index(escrow->vms, DqEscrowVm, i));
    }
    return ok;
}

/* With room for @more bytes. */
static WireWriter encode(const DqEscrow *escrow, gsize more, DqSecret *ret)
{
    WireWriter count = WIRE_COUNTER, w;

    put(&count, escrow);
    *ret = (DqSecret){ g_malloc(count.len + more), count.len };
    w = WIRE_WRITER(ret->data, count.len + more);
    put(&w, escrow);
    return w;
}

void dq_escrow_encode(const DqEscrow *escrow, DqSecret *ret)
{
    encode(escrow, 0, ret);
}

/* --------------------------------------------------------------------------------- Reading */

static gboolean get_text(WireReader *r, gsize max, char *ret)
{
    WireBytes bytes;

    if (!wire_get_tpm2b(r, max, &bytes) || memchr(bytes.p, 0, bytes.len) ||
        !g_utf8_validate((const char *)bytes.p, (gssize)bytes.len, NULL)) {
        return FALSE;
    }
    memcpy(ret, bytes.p, bytes.len);
    ret[bytes.len] = '\0';
    return TRUE;
}

static gboolean get_name(WireReader *r, DqName *ret)
{
    WireBytes bytes;

    if (!wire_get_tpm2b(r, sizeof(ret->data), &bytes) ||
        (bytes.len > 0 && !wire_name_valid(bytes))) {
        return FALSE;
    }
    ret->len = bytes.len;
    memcpy(ret->data, bytes.p, bytes.len);
    return TRUE;
}

static gboolean get_vm(WireReader *r, DqEscrowVm *ret)
{
    return wire_get_copy(r, sizeof(ret->uuid), ret->uuid) &&
           wire_get_copy(r, sizeof(ret->key), ret->key) && get_name(r, &ret->ek) &&
           get_text(r, DQ_ESCROW_NAME_MAX, ret->name);
}

static gboolean get_vms(WireReader *r, DqEscrow *escrow)
{
    DqEscrowVm vm = { 0 };
    uint32_t count;
    gboolean ok = wire_get_u32(r, &count) && count <= DQ_ESCROW_VMS_MAX;

    for (uint32_t i = 0; ok && i < count; i++) {
        ok = get_vm(r, &vm);
        if (ok) {
            dq_escrow_add(escrow, &vm);
        }
    }
    vm_wipe(&vm);
    return ok;
}

/* (transfer full): what @r begins with; NULL where it is none. */
static DqEscrow *get(WireReader *r)
{
    g_autoptr(DqEscrow) escrow = dq_escrow_new("");
    uint16_t version;

    return wire_get_u16(r, &version) && version == VERSION &&
                   get_text(r, DQ_ESCROW_GROUP_MAX, escrow->group) && escrow->group[0] != '\0' &&
                   wire_get_u64(r, &escrow->made) && get_name(r, &escrow->host) &&
                   get_vms(r, escrow)
               ? g_steal_pointer(&escrow)
               : NULL;
}

static void set_malformed(GError **error)
{
    g_set_error(error, DQ_ESCROW_ERROR, DQ_ESCROW_ERROR_MALFORMED,
                "what is sealed is no escrow of version %d", VERSION);
}

DqEscrow *dq_escrow_decode(DqBytes bytes, GError **error)
{
    WireReader r = WIRE_READER(bytes.data, bytes.len);
    g_autoptr(DqEscrow) escrow = get(&r);

    if (!escrow || r.left > 0) {
        set_malformed(error);
        return NULL;
    }
    return g_steal_pointer(&escrow);
}

/* ------------------------------------------------------------------------ From host to tenant */

char *dq_escrow_seal(const DqEscrow *escrow, EVP_PKEY *recipient, GError **error)
{
    g_auto(DqSecret) plain = { 0 };

    dq_escrow_encode(escrow, &plain);
    return dq_jwe_seal(recipient, DQ_ESCROW_TYPE, (DqBytes){ plain.data, plain.len }, error);
}

DqEscrow *dq_escrow_open(DqBytes text, const DqJwsKey *key, GError **error)
{
    uint8_t content_key[DQ_JWE_KEY_SIZE];
    g_auto(DqJwe) jwe = { 0 };
    g_auto(DqSecret) plain = { 0 };
    const gboolean ok = dq_jwe_read(text, DQ_ESCROW_TYPE, &jwe, error) &&
                        dq_jwe_key(&jwe, dq_jws_key_pkey(key), content_key, error) &&
                        dq_jwe_open(&jwe, content_key, &plain, error);

    OPENSSL_cleanse(content_key, sizeof(content_key));
    return ok ? dq_escrow_decode((DqBytes){ plain.data, plain.len }, error) : NULL;
}

/* ------------------------------------------------------------------------ From tenant to host */

/* What is approved of: these keys, for the host that has this one. @ret: clear it */
static void message_of(DqBytes public_area, DqBytes payload, DqSecret *ret)
{
    const gsize label = sizeof(MOVE_LABEL);

    *ret = (DqSecret){ g_malloc(label + DQ_HASH_SIZE + payload.len),
                       label + DQ_HASH_SIZE + payload.len };
    memcpy(ret->data, MOVE_LABEL, label);
    dq_sha256(&public_area, 1, ret->data + label);
    memcpy(ret->data + label + DQ_HASH_SIZE, payload.data, payload.len);
}

char *dq_escrow_move(const DqEscrow *escrow, const DqJwsKey *key, EVP_PKEY *host,
                     DqBytes public_area, GError **error)
{
    g_auto(DqSecret) plain = { 0 };
    g_auto(DqSecret) message = { 0 };
    WireWriter w = encode(escrow, 2 + SIGNATURE_MAX, &plain);
    g_autofree char *signature = NULL;

    message_of(public_area, (DqBytes){ plain.data, w.len }, &message);
    signature = dq_jws_key_sign(key, (DqBytes){ message.data, message.len }, error);
    if (!signature || !wire_put_tpm2b(&w, text_bytes(signature))) {
        return NULL;
    }
    plain.len = w.len;
    return dq_jwe_seal(host, DQ_ESCROW_MOVE_TYPE, (DqBytes){ plain.data, plain.len }, error);
}

DqEscrow *dq_escrow_receive(DqBytes plain, const DqJwsPublic *key, DqBytes public_area,
                            GError **error)
{
    WireReader r = WIRE_READER(plain.data, plain.len);
    g_autoptr(DqEscrow) escrow = get(&r);
    const DqBytes payload = { plain.data, plain.len - r.left };
    g_auto(DqSecret) message = { 0 };
    g_autofree char *signature = NULL;
    WireBytes text;

    if (!escrow || !wire_get_tpm2b(&r, SIGNATURE_MAX, &text) || r.left > 0) {
        set_malformed(error);
        return NULL;
    }
    message_of(public_area, payload, &message);
    signature = g_strndup((const char *)text.p, text.len);
    if (!dq_jws_public_verify(key, (DqBytes){ message.data, message.len }, signature)) {
        g_set_error(
            error, DQ_ESCROW_ERROR, DQ_ESCROW_ERROR_APPROVAL,
            "the group's approval key did not approve of it for this host: have its "
            "tenant run tpm2_checkdeepquote approval move with the key that vtpm-managerctl "
            "escrow key prints here");
        return NULL;
    }
    return g_steal_pointer(&escrow);
}
