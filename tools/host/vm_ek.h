/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public area and the Name of an endorsement key of which only the public key is told. */
#ifndef TOOLS_HOST_VM_EK_H
#define TOOLS_HOST_VM_EK_H

#include <glib.h>

/** vm_ek_area: (transfer full): as vm_ek_name(), its TPMT_PUBLIC. */
GBytes *vm_ek_area(const char *key, GError **error);

/**
 * vm_ek_name: (transfer full): the Name, in digits, that the key has if its TPM made it by the
 * default template of its kind.
 * @key: as swtpm_setup gives it to its create_certs_tool: the digits of an RSA modulus, or
 *     x=DIGITS,y=DIGITS,id=secp384r1
 *
 * Spec: TCG EK Credential Profile 2.5, annex B.
 * Errors: DQ_ERROR_VALUE where it is not a key of such a kind, DQ_ERROR_KEY.
 */
char *vm_ek_name(const char *key, GError **error);

#endif
