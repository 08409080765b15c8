/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quote/binding.h"

#include <string.h>

#include "attest/deepquote.h"

/* What this manager can provide of what a request may ask for. */
enum { FLAGS_PROVIDED = DEEPQUOTE_HASH_UUID };

static gboolean ek_acceptable(const RegistryVm *vm, WireBytes ek)
{
    return vm->ek_len == 0 || wire_bytes_equal((WireBytes){ vm->ek, vm->ek_len }, ek);
}

static gboolean is_quote(const ManagerQuote *request, WireAttest *attest)
{
    return wire_decode_attest(request->quoted, attest) && attest->magic == TPM_GENERATED_VALUE &&
           attest->type == TPM_ST_ATTEST_QUOTE && attest->extra_data.len > 0 &&
           attest->extra_data.len <= DEEPQUOTE_NONCE_MAX;
}

ManagerStatus binding_make(const RegistryVm *vm, const ManagerQuote *request, Binding *ret,
                           const char **reterr_why)
{
    const char *ignored;
    const char **why = reterr_why ? reterr_why : &ignored;
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    g_autoptr(GChecksum) sum = NULL;
    gsize digest_len = sizeof(digest);
    WireAttest attest;
    WireBinding b = { 0 };
    Binding out;
    WireWriter w = WIRE_WRITER(out.bytes, sizeof(out.bytes));

    if (!is_quote(request, &attest)) {
        *why = "what is to be signed is not a vTPM's quote with a nonce";
        return MANAGER_BAD_VALUE;
    }
    if (!ek_acceptable(vm, request->ek)) {
        *why = "its endorsement key is not the registered one; if its vTPM was made anew on "
               "purpose, unregister and register the VM";
        return MANAGER_DENIED;
    }
    sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, request->quoted.p, (gssize)request->quoted.len);
    g_checksum_get_digest(sum, digest, &digest_len);

    b.flags = DEEPQUOTE_HASH_UUID | (request->flags & FLAGS_PROVIDED);
    b.nonce = attest.extra_data;
    b.vtpm_quoted = (WireBytes){ digest, digest_len };
    b.vtpm_signer = request->signer;
    memcpy(b.uuid, vm->uuid, sizeof(b.uuid));
    b.vtpm_ek = request->ek;
    b.epoch = vm->epoch;
    b.generation = vm->generation;
    if (!wire_put_binding(&w, &b)) {
        *why = "its names do not fit a binding";
        return MANAGER_BAD_VALUE;
    }
    out.len = w.len;
    dq_merkle_leaf(out.bytes, out.len, out.leaf);
    *ret = out;
    return MANAGER_OK;
}
