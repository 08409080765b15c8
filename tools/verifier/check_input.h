/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest hands over: bytes from files, kept together. Nothing that the verifier expects
 * comes from here; see check_expected.h.
 */
#ifndef VERIFIER_CHECK_INPUT_H
#define VERIFIER_CHECK_INPUT_H

#include "appraise/appraisal.h"
#include "attest/deepquote.h"

#define CHECK_PART_MAX 65536 /* bytes; more than any part of a deep quote but its logs has */

/** Where the parts of a deep quote are; NULL where one was not named. */
typedef struct CheckPaths {
    const char *cmw; /* a file with all or some of them */
    const char *message, *signature, *pcrs, *evidence, *key;
    const char *host_event_log, *host_ima, *event_log, *ima, *vtpm_parts, *vm_launch;
    const char *vtpm_ek, *ek_chain, *host_systemd, *systemd;
} CheckPaths;

/** A deep quote that has been read. */
typedef struct CheckInput {
    GBytes *message, *signature, *pcrs, *evidence, *public;
    GBytes *host_event_log, *host_ima, *event_log, *ima, *vtpm_parts, *vm_launch;
    GBytes *vtpm_ek, *ek_chain, *host_systemd, *systemd;
    DqKey *key;            /* of @public; NULL: none came */
    DqAppraisal appraisal; /* borrowed from the above, and from the profiles */
} CheckInput;

/**
 * check_input_read: reads everything that @paths names.
 *
 * Returns: (transfer full): NULL with an error that says which part cannot be read.
 */
CheckInput *check_input_read(const CheckPaths *paths, GError **error);

/**
 * check_input_read_folder: quote.cmw, or evidence.bin and quote.msg, and if they are there
 * quote.sig, pcrs.bin, ak.pub and the logs boot.log, ima.log, host_boot.log and host_ima.log,
 * vtpm_parts.bin, vm_launch.bin, vtpm_ek.der, ek_chain.der, systemd.log and host_systemd.log, of a
 * folder that came from a guest.
 * Only regular files are read.
 *
 * Errors: also where the folder has a file that the verifier alone may have, such as a nonce.
 */
CheckInput *check_input_read_folder(const char *folder, GError **error);

/** check_input_settle: makes the appraisal of what was read. */
void check_input_settle(CheckInput *input);
void check_input_free(CheckInput *input);

/**
 * check_input_quote: as the library takes it; borrowed from @input.
 * @host, @vm: (nullable): what is expected of them
 * @known: about packages
 */
DqQuote check_input_quote(CheckInput *input, const DqProfile *host, const DqProfile *vm,
                          const DqVulnerable *known);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckInput, check_input_free)

#endif
