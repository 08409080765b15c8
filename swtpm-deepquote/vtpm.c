/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands of our own to the vTPM, and its state as a whole.
 */
#include "vtpm.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    TPM_CC_StirRandom = 0x00000146,
    STIR_BYTES = 32,
    RC_FMT1 = 0x80,   /* the code is about the handle: nothing there */
    COMMAND_MAX = 64, /* more than any command built here */
};

/* Where an EK is persistent, the preferred one first */
static const uint32_t ek_handles[] = { 0x81010016, 0x81010001 };

uint32_t vtpm_run(Module *m, WireBytes command)
{
    TpmResponse *s = &m->scratch;
    TPM_RESULT result = m->library.process(&s->buf, &s->size, &s->cap, (unsigned char *)command.p,
                                           (uint32_t)command.len);
    WireTpmHeader header;

    if (result != TPM_SUCCESS || !wire_get_tpm_header(&(WireReader){ s->buf, s->size }, &header) ||
        header.size != s->size) {
        return TPM_RC_FAILURE;
    }
    return header.code;
}

void vtpm_wipe_scratch(Module *m)
{
    if (m->scratch.buf) {
        explicit_bzero(m->scratch.buf, m->scratch.cap);
    }
    m->scratch.size = 0;
}

/* A command without sessions whose parameters are @parameters. */
static uint32_t run_plain(Module *m, uint32_t cc, WireBytes parameters)
{
    uint8_t buf[COMMAND_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireTpmHeader header = { TPM_ST_NO_SESSIONS, (uint32_t)(WIRE_TPM_HEADER_SIZE + parameters.len),
                             cc };

    if (!wire_put_tpm_header(&w, &header) || !wire_put_bytes(&w, parameters)) {
        return TPM_RC_FAILURE;
    }
    return vtpm_run(m, wire_written(&w));
}

uint32_t vtpm_read_name(Module *m, uint32_t handle, uint8_t *ret, size_t *ret_len)
{
    uint8_t buf[sizeof(handle)];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireTpmHeader header;
    WireReader r;
    WireBytes public;
    WireBytes name;
    uint32_t rc;

    if (!wire_put_u32(&w, handle)) {
        return TPM_RC_FAILURE;
    }
    rc = run_plain(m, TPM_CC_ReadPublic, wire_written(&w));
    if (rc != TPM_RC_SUCCESS) {
        return rc;
    }
    r = WIRE_READER(m->scratch.buf, m->scratch.size);
    if (!wire_get_tpm_header(&r, &header) || !wire_get_tpm2b(&r, r.left, &public) ||
        !wire_get_name(&r, &name)) {
        return TPM_RC_FAILURE;
    }
    memcpy(ret, name.p, name.len);
    *ret_len = name.len;
    return TPM_RC_SUCCESS;
}

uint32_t vtpm_find_ek(Module *m)
{
    EkCache *ek = &m->ek;

    for (size_t i = 0; i < sizeof(ek_handles) / sizeof(ek_handles[0]) && !ek->known; i++) {
        uint32_t rc;

        ek->len = 0;
        rc = vtpm_read_name(m, ek_handles[i], ek->name, &ek->len);
        if (rc != TPM_RC_SUCCESS && !(rc & RC_FMT1)) {
            return rc;
        }
        ek->known = rc == TPM_RC_SUCCESS;
    }
    ek->known = true;
    return TPM_RC_SUCCESS;
}

uint32_t vtpm_ready(Module *m)
{
    static const uint8_t no_pcrs[sizeof(uint32_t)];

    return run_plain(m, TPM_CC_PCR_Read, (WireBytes){ no_pcrs, sizeof(no_pcrs) });
}

size_t vtpm_buffer_size(const Module *m)
{
    uint32_t size = m->library.set_buffer_size(0, NULL, NULL);

    return size < WIRE_TPM_BUFFER_MAX ? size : WIRE_TPM_BUFFER_MAX;
}

bool vtpm_remember(Module *m, VtpmSnapshot *ret)
{
    VtpmSnapshot s = { 0 };

    if (m->library.volatile_store(&s.buf, &s.size) != TPM_SUCCESS || !s.buf) {
        return false;
    }
    *ret = s;
    return true;
}

/*
 * The random number generator is part of what was put back: give it new input, so that it does not
 * run through the same numbers twice.
 */
static bool stir(Module *m)
{
    uint8_t buf[sizeof(uint16_t) + STIR_BYTES] = { 0, STIR_BYTES };
    uint32_t rc;

    if (getrandom(buf + sizeof(uint16_t), STIR_BYTES, 0) != STIR_BYTES) {
        return false;
    }
    rc = run_plain(m, TPM_CC_StirRandom, (WireBytes){ buf, sizeof(buf) });
    explicit_bzero(buf, sizeof(buf));
    return rc == TPM_RC_SUCCESS;
}

bool vtpm_restore(Module *m, const VtpmSnapshot *snapshot)
{
    bool ok;

    if (!snapshot->buf) {
        return true;
    }
    m->library.terminate();
    ok = m->library.set_state(TPMLIB_STATE_VOLATILE, snapshot->buf, snapshot->size) == TPM_SUCCESS;
    ok = m->library.main_init() == TPM_SUCCESS && ok && stir(m);
    if (!ok) {
        module_log("the vTPM's state could not be put back after a failed DeepQuote; "
                   "reset the VM");
    }
    return ok;
}

void vtpm_forget(VtpmSnapshot *snapshot)
{
    if (snapshot->buf) {
        explicit_bzero(snapshot->buf, snapshot->size);
        free(snapshot->buf);
    }
    *snapshot = (VtpmSnapshot){ 0 };
}
