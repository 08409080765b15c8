/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host's administrator hands over for enrolment by proof, and the answer to a challenge. */
#ifndef VERIFIER_HOST_EXPORT_H
#define VERIFIER_HOST_EXPORT_H

#include "attest/store.h"

/** HostExport: nothing of it is proven. */
typedef struct HostExport {
    DqStoreHost host;    /* name, public_area and simulated */
    GBytes *ek;          /* TPM2B_PUBLIC */
    GBytes *certificate; /* of it, DER; of no bytes where the host has none */
    GBytes *chain;       /* certificates in between, DER, the same */
} HostExport;

/**
 * host_export_read:
 * @path: what vtpm-managerctl host export wrote
 *
 * Errors: DQ_ERROR_KEY where it is something else, or the key in it is no attestation key.
 */
gboolean host_export_read(const char *path, HostExport *ret_export, GError **error);

/** host_export_parse: the same of the file's content. */
gboolean host_export_parse(DqBytes text, HostExport *ret_export, GError **error);
void host_export_clear(HostExport *export);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostExport, host_export_clear)

/** host_answer_read: (transfer full): the value in what vtpm-managerctl host activate wrote. */
GBytes *host_answer_read(const char *path, GError **error);

/** host_answer_parse: the same of the file's content. */
GBytes *host_answer_parse(DqBytes text, GError **error);

#endif
