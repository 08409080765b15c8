/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codes.h"

#include "common/host-ask.h"
#include "wire/tpm12-constants.h"

G_DEFINE_QUARK(tpm12_error, tpm12_error)

#define WRONG_PASSWORD                                                                             \
    "wrong password: -z is for an SRK without one (tpm_takeownership -z), -y for such an owner, "  \
    "-k for "                                                                                      \
    "an AIK with one, -u for passwords that were set with -u"

static const struct {
    uint32_t code;
    const char *text;
} explanations[] = {
    { 0x001, WRONG_PASSWORD },
    { 0x003, "the vTPM or its host does not know what was asked for: leave --flags out, and ask "
             "for other PCRs" },
    { 0x006, "the TPM is deactivated: tpm_setactive, then restart the VM" },
    { 0x007, "the TPM is disabled: tpm_setenable -e" },
    { 0x008, "the TPM has this command turned off" },
    { 0x009, "the TPM failed: its host's log says why" },
    { 0x00A, "this TPM has no such command. Is it a vTPM started by swtpm-deepquote with "
             "manager=PATH?" },
    { 0x00C, "there is no such key in the TPM" },
    { 0x010, "the host cannot quote these PCRs: ask for others with --host-pcr-list, of at most "
             "4 banks" },
    { 0x012, "the TPM has no owner yet: tpm_takeownership" },
    { 0x015, "no room for another key in the TPM: unload some (tpm_unloadkey), or restart tcsd" },
    { 0x017, "the answer does not fit the TPM's buffer: ask for fewer PCRs of the host" },
    { 0x01C, "the TPM failed its self-test: restart the VM" },
    { 0x01D, WRONG_PASSWORD }, /* in the second of two sessions */
    { 0x020, "the file of the AIK is damaged, or that of a key of another TPM" },
    { 0x021, "the file of the AIK is that of a key of another TPM or of another owner: make a new "
             "one with --aik-create" },
    { 0x024, "the key cannot sign a quote: take one that --aik-create or tpm_mkaik made" },
    { 0x026, "the TPM was not started up: the firmware does that" },
    { 0x800, "the host has too many requests at once: try again" },
    { 0x803, "too many wrong passwords: wait, or tpm_resetdalock" },
};

const char *code_explain(uint32_t code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(explanations); i++) {
        if (explanations[i].code == code) {
            return explanations[i].text;
        }
    }
    return host_code_advice(code);
}

gboolean code_check(uint32_t code, const char *what, GError **error)
{
    const char *text = code_explain(code);

    if (code == TPM12_SUCCESS) {
        return TRUE;
    }
    g_set_error(error, TPM12_ERROR, TPM12_ERROR_TPM, "%s: TPM says 0x%x%s%s", what, code,
                text ? ": " : "", text ? text : "");
    return FALSE;
}
