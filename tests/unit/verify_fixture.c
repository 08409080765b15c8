/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verify_fixture.h"
#include "attest/bytes.h"

DqPolicy *verify_fixture_policy(void)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned pcr = 0; pcr < 8; pcr++) {
        uint8_t value[DQ_HASH_SIZE];
        g_autofree char *hex = NULL;

        maker_pcr("host", TPM_ALG_SHA256, pcr, value);
        hex = dq_hex_encode(value, sizeof(value));
        g_string_append_printf(text, "host-pcr sha256:%u %s\n", pcr, hex);
    }
    return dq_policy_new_from_text(text->str, text->len, "policy", NULL);
}

/* A store with the host, the order's VM and its challenge. */
static void fill_store(VerifyFixture *f, const MakerOrder *order)
{
    const DqStoreHost host = maker_host_record(f->host);
    const DqStoreVm vm = maker_vm_record(order);

    f->memory = memory_store_new();
    f->store = memory_store_get(f->memory);
    memory_store_add_host(f->memory, &host);
    memory_store_add_vm(f->memory, &vm);
    memory_store_issue(f->memory, dq_unwire(order->nonce));
}

void verify_fixture_set_up(VerifyFixture *f, uint16_t host_alg)
{
    g_autoptr(DqPolicy) policy = verify_fixture_policy();
    MakerOrder order;

    f->host = maker_key_new(host_alg, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    f->ak = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    order = maker_order(f->host, f->ak);
    order.tree_size = 5;
    order.leaf_index = 2;
    order.flags = DEEPQUOTE_FLAGS_ALL;
    f->deed = maker_deed_new(&order);
    f->quote = maker_quote(f->deed);
    f->expected = maker_expected(f->deed);
    fill_store(f, &order);
    f->verifier = dq_verifier_new();
    dq_verifier_set_policy(f->verifier, policy);
    dq_verifier_set_store(f->verifier, f->store);
}

void verify_fixture_clear(VerifyFixture *f)
{
    maker_deed_free(f->deed);
    dq_verifier_free(f->verifier);
    dq_store_unref(f->store);
    memory_store_free(f->memory);
    maker_key_free(f->ak);
    maker_key_free(f->host);
}

void verify_fixture_renew(VerifyFixture *f)
{
    g_array_index(f->memory->challenges, MemoryChallenge, 0).used = FALSE;
}
