/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_vtpm.h"

#include "common/host-ask.h"

#include <errno.h>
#include <string.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#define MANAGED_DEVICE "/dev/tpmrm0" /* with the kernel's resource manager */
#define BARE_DEVICE "/dev/tpm0"

/* A response code's lowest bits, without the layer that it comes from */
#define RC_OF_TPM(rc) ((rc)&0xffffu)
#define RC_LAYER(rc) ((rc)&TSS2_RC_LAYER_MASK)

G_DEFINE_QUARK(vtpm_error, vtpm_error)

/** What a code means to whoever runs the program, and what they can do. */
static const struct {
    uint32_t rc, mask;
    const char *text;
} explanations[] = {
    { DEEPQUOTE_RC_DENIED, 0xffff,
      "vtpm-managerd refuses this VM. On the host: see 'vtpm-managerctl list'; register or enable "
      "the VM's UUID there; the log of vtpm-managerd names the reason. If this vTPM was cleared, "
      "its "
      "endorsement key is gone: tpm2_createek -G ecc384 -c 0x81010016 -u FILE makes it again; then "
      "restart the VM" },
    { TPM2_RC_COMMAND_CODE, 0xffff,
      "this TPM has no such command. Is it a vTPM started by swtpm-deepquote with manager=PATH?" },
    { TPM2_RC_RETRY, 0xffff, "the host has too many requests at once; try again" },
    { TPM2_RC_LOCKOUT, 0xffff,
      "the vTPM is in dictionary-attack lockout: wait, or reset it with tpm2_dictionarylockout" },
    { TPM2_RC_FAILURE, 0xffff, "the vTPM is in failure mode: restart the VM" },
    { TPM2_RC_INITIALIZE, 0xffff,
      "the TPM was not started up: run tpm2_startup -c, or let the firmware do it" },
    { TPM2_RC_AUTH_FAIL, 0x00bf, "wrong password for the key: give the right one with -p" },
    { TPM2_RC_BAD_AUTH, 0x00bf, "wrong password for the key: give the right one with -p" },
    { TPM2_RC_POLICY_FAIL, 0x00bf,
      "the key's policy is not satisfied: the PCRs are not those that it names, or the session "
      "lacks a step of the policy (such as tpm2_policycommandcode TPM2_CC_Quote)" },
    { TPM2_RC_AUTH_UNAVAILABLE, 0xffff,
      "the key does not take this kind of authorization: give -p session:FILE or -p pcr:LIST for a "
      "key with a policy, a password for any other" },
    { TPM2_RC_PCR_CHANGED, 0xffff, "a PCR of the policy changed meanwhile: try again" },
    { TPM2_RC_RESERVED_BITS | TPM2_RC_P | TPM2_RC_5, 0x0fff,
      "the vTPM knows only some of these flags: leave --flags out" },
    { TPM2_RC_VALUE | TPM2_RC_P | TPM2_RC_5, 0x0fff,
      "the host cannot tell what one of the --flags asks for: its vtpm-managerd is too old for it, "
      "or its log says why" },
    { TPM2_RC_VALUE | TPM2_RC_P | TPM2_RC_4, 0x0fff,
      "the host cannot quote these PCRs: ask for others with --host-pcr-list" },
    { TPM2_RC_SIZE | TPM2_RC_P | TPM2_RC_4, 0x0fff,
      "too many banks: give --host-pcr-list at most 4" },
    { TPM2_RC_HASH | TPM2_RC_P | TPM2_RC_3, 0x0fff,
      "the vTPM does not know a hash algorithm of --pcr-list: see tpm2_getcap pcrs" },
    { TPM2_RC_SCHEME, 0x00bf,
      "the key cannot sign so: leave -g out, or name the hash of the key's scheme" },
    { TPM2_RC_SIZE, 0x00bf, "the answer does not fit the TPM's buffer: ask for fewer PCRs" },
    { TPM2_RC_OBJECT_MEMORY, 0xffff,
      "no room for another key in the TPM: flush some with tpm2_flushcontext -t" },
};

const char *vtpm_explain(TSS2_RC rc)
{
    uint32_t code = RC_OF_TPM(rc);

    for (size_t i = 0; i < G_N_ELEMENTS(explanations); i++) {
        /* a mask that ignores the number leaves only format-one codes to compare */
        gboolean numbered = explanations[i].mask == 0x00bf;

        if (numbered && (code & TPM2_RC_FMT1) == 0) {
            continue;
        }
        if ((code & explanations[i].mask) == (explanations[i].rc & explanations[i].mask)) {
            return explanations[i].text;
        }
    }
    return host_code_advice(code);
}

gboolean vtpm_check(TSS2_RC rc, const char *what, GError **error)
{
    const char *text = vtpm_explain(rc);
    uint32_t layer = RC_LAYER(rc);

    if (rc == TSS2_RC_SUCCESS) {
        return TRUE;
    }
    if (text && (layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER)) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM, "%s: TPM says 0x%x: %s", what, rc, text);
    } else {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM, "%s: 0x%x: %s", what, rc,
                    Tss2_RC_Decode(rc));
    }
    return FALSE;
}

TSS2_RC vtpm_exchange(TSS2_TCTI_CONTEXT *tcti, WireBytes command, uint8_t *buf,
                      WireReader *ret_body)
{
    size_t size = WIRE_TPM_BUFFER_MAX;
    WireTpmHeader h;
    WireReader r;
    TSS2_RC rc;

    rc = Tss2_Tcti_Transmit(tcti, command.len, command.p);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Tss2_Tcti_Receive(tcti, &size, buf, TSS2_TCTI_TIMEOUT_BLOCK);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    r = WIRE_READER(buf, size);
    if (size > WIRE_TPM_BUFFER_MAX || !wire_get_tpm_header(&r, &h) || h.size != size) {
        return TSS2_TCTI_RC_MALFORMED_RESPONSE;
    }
    if (h.code == TPM_RC_SUCCESS) {
        *ret_body = r;
    }
    return h.code;
}

/**
 * What the way to the TPM says to TPM2_HostCredential without its parameters: a vTPM that has the
 * command misses them at once; all others answer that there is no such command.
 */
static TSS2_RC probe_vendor_command(TSS2_TCTI_CONTEXT *tcti)
{
    uint8_t command[WIRE_TPM_HEADER_SIZE], response[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(command, sizeof(command));
    const WireTpmHeader h = { TPM_ST_NO_SESSIONS, sizeof(command), TPM_CC_HostCredential };
    WireReader body;

    g_assert(wire_put_tpm_header(&w, &h));
    return vtpm_exchange(tcti, wire_written(&w), response, &body);
}

static Vtpm *open_tcti(const char *conf, GError **error)
{
    g_autoptr(Vtpm) vtpm = g_new0(Vtpm, 1);
    TSS2_RC rc;

    rc = Tss2_TctiLdr_Initialize(conf, &vtpm->device);
    if (rc != TSS2_RC_SUCCESS) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_OPEN,
                    "cannot open the TPM '%s' (%s): check the name, that nothing else holds it, "
                    "and your rights to it",
                    conf, Tss2_RC_Decode(rc));
        return NULL;
    }
    vtpm->tcti = tcti_deepquote_new(vtpm->device);
    return g_steal_pointer(&vtpm);
}

static Vtpm *open_device(const char *path, GError **error)
{
    g_autofree char *conf = g_strconcat("device:", path, NULL);

    if (access(path, R_OK | W_OK) != 0) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_OPEN, "cannot open %s: %s; %s", path,
                    g_strerror(errno),
                    errno == ENOENT ? "does this machine have a TPM? Another one is named with -T"
                                    : "run this as root or as a member of the group tss");
        return NULL;
    }
    return open_tcti(conf, error);
}

/** Sets @error according to what the probe said of @vtpm; true where the vendor commands are there.
 */
static gboolean check_vendor(TSS2_RC probed, GError **error)
{
    uint32_t code = RC_OF_TPM(probed), layer = RC_LAYER(probed);

    if (layer == TSS2_TCTI_RC_LAYER) {
        return vtpm_check(probed, "talking to the TPM", error);
    }
    if (code == TPM_RC_FAILURE || code == TPM_RC_INITIALIZE) {
        return vtpm_check(probed, "asking for the vendor commands", error);
    }
    if (code != TPM_RC_COMMAND_CODE) {
        return TRUE;
    }
    if (layer != 0) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_NO_VENDOR,
                    "the resource manager on the way to the TPM refuses vendor commands (Linux "
                    "before 6.3 does): use -T device:" BARE_DEVICE);
    } else {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_NO_VENDOR,
                    "this TPM offers no TPM2_DeepQuote. It must be a vTPM that the host starts by "
                    "swtpm-deepquote with a manager: --deepquote manager=PATH, or "
                    "/etc/swtpm-deepquote.conf under libvirt");
    }
    return FALSE;
}

/** Opens the usual devices in their order. */
static Vtpm *open_default(gboolean quiet, GError **error)
{
    g_autoptr(Vtpm) vtpm = NULL;
    TSS2_RC probed;

    if (access(MANAGED_DEVICE, F_OK) != 0 && access(BARE_DEVICE, F_OK) == 0) {
        vtpm = open_device(BARE_DEVICE, error);
    } else {
        vtpm = open_device(MANAGED_DEVICE, error);
    }
    if (!vtpm) {
        return NULL;
    }
    probed = probe_vendor_command(vtpm->device);
    if (RC_OF_TPM(probed) == TPM_RC_COMMAND_CODE && RC_LAYER(probed) != 0) {
        g_clear_pointer(&vtpm, vtpm_close);
        vtpm = open_device(BARE_DEVICE, error);
        if (!vtpm) {
            g_prefix_error(error, "this kernel refuses vendor commands on " MANAGED_DEVICE
                                  " (Linux before 6.3 does), so " BARE_DEVICE " is needed: ");
            return NULL;
        }
        probed = probe_vendor_command(vtpm->device);
        if (!quiet && check_vendor(probed, NULL)) {
            g_printerr("%s: this kernel refuses vendor commands on " MANAGED_DEVICE
                       "; using " BARE_DEVICE "\n",
                       g_get_prgname());
        }
    }
    if (!check_vendor(probed, error)) {
        return NULL;
    }
    return g_steal_pointer(&vtpm);
}

static Vtpm *open_named(const char *conf, GError **error)
{
    g_autoptr(Vtpm) vtpm = open_tcti(conf, error);

    if (!vtpm || !check_vendor(probe_vendor_command(vtpm->device), error)) {
        return NULL;
    }
    return g_steal_pointer(&vtpm);
}

Vtpm *vtpm_open(const char *conf, gboolean quiet, GError **error)
{
    g_autoptr(Vtpm) vtpm = conf ? open_named(conf, error) : open_default(quiet, error);

    if (!vtpm ||
        !vtpm_check(Esys_Initialize(&vtpm->esys, vtpm->tcti, NULL), "starting ESAPI", error)) {
        return NULL;
    }
    return g_steal_pointer(&vtpm);
}

void vtpm_close(Vtpm *vtpm)
{
    if (!vtpm) {
        return;
    }
    if (vtpm->esys) {
        Esys_Finalize(&vtpm->esys);
    }
    tcti_deepquote_free(vtpm->tcti);
    if (vtpm->device) {
        Tss2_TctiLdr_Finalize(&vtpm->device);
    }
    g_free(vtpm);
}
