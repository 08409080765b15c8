/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quote/binding.h"

#include <string.h>

#include "attest/bytes.h"
#include "attest/digest.h"

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

static ManagerStatus refuse(const char **reterr_why, ManagerStatus status, const char *why)
{
    if (reterr_why) {
        *reterr_why = why;
    }
    return status;
}

ManagerStatus binding_make(const RegistryVm *vm, const ManagerQuote *request, Binding *ret,
                           const char **reterr_why)
{
    const DqBytes quoted = dq_unwire(request->quoted);
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    WireAttest attest;
    WireBinding b = { 0 };
    Binding out;
    WireWriter w = WIRE_WRITER(out.bytes, sizeof(out.bytes));

    if (!is_quote(request, &attest)) {
        return refuse(reterr_why, MANAGER_BAD_VALUE,
                      "what is to be signed is not a vTPM's quote with a nonce");
    }
    if (!ek_acceptable(vm, request->ek)) {
        return refuse(reterr_why, MANAGER_DENIED,
                      "its endorsement key is not the registered one; if its vTPM was made anew on "
                      "purpose, unregister and register the VM");
    }
    dq_sha256(&quoted, 1, digest);
    b.flags = DEEPQUOTE_HASH_UUID | (request->flags & FLAGS_PROVIDED);
    b.nonce = attest.extra_data;
    b.vtpm_quoted = (WireBytes){ digest, sizeof(digest) };
    b.vtpm_signer = request->signer;
    b.uuid = vm->uuid;
    b.vtpm_ek = request->ek;
    b.epoch = vm->epoch;
    b.generation = vm->generation;
    if (!wire_put_binding(&w, &b)) {
        return refuse(reterr_why, MANAGER_BAD_VALUE, "its names do not fit a binding");
    }
    out.len = w.len;
    dq_merkle_leaf(out.bytes, out.len, out.leaf);
    *ret = out;
    return MANAGER_OK;
}
