/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of our own to the vTPM. */
#include "vtpm.h"

#include <string.h>

enum {
    RC_FMT1 = 0x80,   /* the code is about the handle: nothing there */
    COMMAND_MAX = 64, /* more than any command built here */
};

/* Where endorsement keys are persistent, the preferred one first */
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

uint32_t vtpm_read_object(Module *m, uint32_t handle, VtpmObject *ret)
{
    uint8_t buf[sizeof(handle)];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireTpmHeader header;
    VtpmObject o;
    WireReader r;
    uint32_t rc;

    if (!wire_put_u32(&w, handle)) {
        return TPM_RC_FAILURE;
    }
    rc = run_plain(m, TPM_CC_ReadPublic, wire_written(&w));
    if (rc != TPM_RC_SUCCESS) {
        return rc;
    }
    r = WIRE_READER(m->scratch.buf, m->scratch.size);
    if (!wire_get_tpm_header(&r, &header) || !wire_get_tpm2b(&r, r.left, &o.public) ||
        !wire_get_name(&r, &o.name) || !wire_get_name(&r, &o.qualified_name)) {
        return TPM_RC_FAILURE;
    }
    *ret = o;
    return TPM_RC_SUCCESS;
}

uint32_t vtpm_introduce(Module *m)
{
    if (m->introduced) {
        return TPM_RC_SUCCESS;
    }
    manager_client_forget_eks(&m->client);
    for (size_t i = 0; i < sizeof(ek_handles) / sizeof(ek_handles[0]); i++) {
        VtpmObject o;
        uint32_t rc = vtpm_read_object(m, ek_handles[i], &o);

        if (rc == TPM_RC_SUCCESS) {
            manager_client_add_ek(&m->client, o.public, o.name, o.qualified_name);
        } else if (!(rc & RC_FMT1)) {
            return rc;
        }
    }
    m->introduced = true;
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
