/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quote/binding.h"

#include <string.h>

#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/tpm12-quote.h"

gboolean binding_flags_provided(const RegistryVm *vm, uint32_t flags)
{
    return (flags & ~(uint32_t)DEEPQUOTE_FLAGS_ALL) == 0 &&
           ((flags & DEEPQUOTE_GROUP_PUBKEY) == 0 || vm->group->approval);
}

/* Of no bytes where it was not asked for. */
static WireBytes digest_for(uint32_t flags, uint32_t flag, const uint8_t *digest)
{
    return (flags & flag) != 0 && digest ? (WireBytes){ digest, DEEPQUOTE_HASH_SIZE }
                                         : (WireBytes){ NULL, 0 };
}

/* What the flags ask for of the VM's group; @info: room for it. */
static void bind_group(const RegistryGroup *group, uint8_t info[DEEPQUOTE_HASH_SIZE],
                       WireBinding *b)
{
    const RegistryApproval *approval = group->approval;

    if (!approval) {
        dq_group_info(group->name, 0, (DqBytes){ NULL, 0 }, info);
    }
    b->group_info = digest_for(b->flags, DEEPQUOTE_GROUP_INFO, approval ? approval->info : info);
    b->group_key =
        digest_for(b->flags, DEEPQUOTE_GROUP_PUBKEY, approval ? approval->key_digest : NULL);
}

/* The nonce in a quote of a TPM 2.0 or of a TPM 1.2 */
static gboolean nonce_of(WireBytes quoted, WireBytes *ret)
{
    WireAttest attest;
    WireQuoteInfo2 info;

    if (wire_decode_quote_info2(quoted, &info)) {
        *ret = info.external_data;
        return TRUE;
    }
    if (!wire_decode_attest(quoted, &attest) || attest.magic != TPM_GENERATED_VALUE ||
        attest.type != TPM_ST_ATTEST_QUOTE) {
        return FALSE;
    }
    *ret = attest.extra_data;
    return attest.extra_data.len >= DEEPQUOTE_NONCE_MIN &&
           attest.extra_data.len <= DEEPQUOTE_NONCE_MAX;
}

ManagerReason binding_make(const RegistryVm *vm, const ManagerQuote *request,
                           const BindingDigests *digests, Binding *ret)
{
    const DqBytes quoted = dq_unwire(request->quoted);
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    uint8_t group_info[DEEPQUOTE_HASH_SIZE];
    WireBytes nonce;
    WireBinding b = { 0 };
    Binding out;
    WireWriter w = WIRE_WRITER(out.bytes, sizeof(out.bytes));

    if (!nonce_of(request->quoted, &nonce)) {
        return MANAGER_REASON_NOT_A_QUOTE;
    }
    dq_sha256(&quoted, 1, digest);
    b.flags = DEEPQUOTE_HASH_UUID | request->flags;
    b.nonce = nonce;
    b.vtpm_quoted = (WireBytes){ digest, sizeof(digest) };
    b.vtpm_signer = request->signer;
    b.uuid = vm->uuid;
    b.vtpm_ek = (WireBytes){ vm->ek, vm->ek_len };
    memcpy(b.lineage, vm->lineage, sizeof(b.lineage));
    b.epoch = vm->epoch;
    b.generation = vm->generation;
    b.measurement = digest_for(b.flags, DEEPQUOTE_VTPM_MEASUREMENTS, digests->measurement);
    b.launch = digest_for(b.flags, DEEPQUOTE_VM_LAUNCH, digests->launch);
    if ((b.flags & (DEEPQUOTE_GROUP_INFO | DEEPQUOTE_GROUP_PUBKEY)) != 0) {
        bind_group(vm->group, group_info, &b);
    }
    if (!wire_put_binding(&w, &b)) {
        return MANAGER_REASON_NOT_A_QUOTE;
    }
    out.len = w.len;
    dq_merkle_leaf(out.bytes, out.len, out.leaf);
    *ret = out;
    return MANAGER_REASON_NONE;
}

void binding_of_audit_head(const AuditHead *head, Binding *ret)
{
    WireWriter w = WIRE_WRITER(ret->bytes, sizeof(ret->bytes));
    const gboolean ok = wire_put_audit_head(&w, head);

    g_assert(ok);
    ret->len = w.len;
    dq_merkle_leaf(ret->bytes, ret->len, ret->leaf);
}
