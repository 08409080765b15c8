/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm12.h"

#include "process.h"
#include "state12.h"
#include "vtpm.h"
#include "wire/tpm12-constants.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { EK_BYTES = 256 };

/* nameAlg || H(TPM_PUBKEY) */
static bool make_name(Tpm12Key *key)
{
    unsigned size = 0;
    WireWriter w = WIRE_WRITER(key->name, sizeof(key->name));

    if (!wire_put_u16(&w, TPM_ALG_SHA256) ||
        EVP_Digest(key->public, key->public_len, key->name + w.len, &size, EVP_sha256(), NULL) !=
            1) {
        return false;
    }
    key->name_len = w.len + size;
    return true;
}

static bool take_key(const WireTpm12Pubkey *public, Tpm12Key *ret)
{
    WireWriter w = WIRE_WRITER(ret->public, sizeof(ret->public));

    if (!wire_put_tpm12_pubkey(&w, public)) {
        return false;
    }
    ret->public_len = w.len;
    return make_name(ret);
}

/* The vTPM's present state, which has secrets: free_state() wipes it. */
static WireBytes get_state(Module *m, enum TPMLIB_StateType type)
{
    unsigned char *state = NULL;
    uint32_t size = 0;

    if (m->library.get_state(type, &state, &size) != TPM_SUCCESS) {
        return (WireBytes){ NULL, 0 };
    }
    return (WireBytes){ state, size };
}

static void free_state(WireBytes state)
{
    if (state.p) {
        explicit_bzero((void *)state.p, state.len);
        free((void *)state.p);
    }
}

static bool find_key_in(Module *m, enum TPMLIB_StateType type, uint32_t handle, Tpm12Key *ret)
{
    const WireBytes state = get_state(m, type);
    WireTpm12Key key;
    const bool found = state12_find_key(state, handle, &key) && take_key(&key.public, ret);

    free_state(state);
    return found;
}

bool tpm12_find_key(Module *m, uint32_t handle, Tpm12Key *ret)
{
    return find_key_in(m, TPMLIB_STATE_VOLATILE, handle, ret) ||
           find_key_in(m, TPMLIB_STATE_PERMANENT, handle, ret);
}

static bool is_ek(const WireTpm12Key *key)
{
    return key->usage == TPM12_KEY_STORAGE &&
           key->public.enc_scheme == TPM12_ES_RSAESOAEP_SHA1_MGF1 &&
           key->public.modulus.len == EK_BYTES;
}

uint32_t tpm12_introduce(Module *m)
{
    const WireBytes state = get_state(m, TPMLIB_STATE_PERMANENT);
    WireTpm12Key key;
    Tpm12Key ek;

    manager_client_forget_eks(&m->client);
    if (state12_find_ek(state, &key) && is_ek(&key) && take_key(&key.public, &ek)) {
        manager_client_add_ek(&m->client, (WireBytes){ ek.public, ek.public_len },
                              (WireBytes){ ek.name, ek.name_len }, (WireBytes){ NULL, 0 });
    }
    free_state(state);
    m->introduced = true;
    return TPM_RC_SUCCESS;
}

uint32_t tpm12_ready(Module *m)
{
    const WireTpmHeader header = { TPM12_TAG_COMMAND, WIRE_TPM_HEADER_SIZE + sizeof(uint32_t),
                                   TPM12_ORD_PCRRead };
    uint8_t buf[WIRE_TPM_HEADER_SIZE + sizeof(uint32_t)];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    if (!wire_put_tpm_header(&w, &header) || !wire_put_u32(&w, 0)) {
        return TPM12_FAIL;
    }
    return vtpm_run(m, wire_written(&w));
}

TPM_RESULT tpm12_respond_rc(const TpmCall *call, uint32_t rc)
{
    const WireTpmHeader header = { TPM12_TAG_RESPONSE, WIRE_TPM_HEADER_SIZE, rc };
    uint8_t buf[WIRE_TPM_HEADER_SIZE];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    return wire_put_tpm_header(&w, &header) ? module_respond(call, wire_written(&w)) : TPM_FAIL;
}
