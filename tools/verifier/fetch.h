/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that fetches a deep quote into a folder. It may hang, die, and print anything. */
#ifndef VERIFIER_FETCH_H
#define VERIFIER_FETCH_H

#include <glib.h>
#include <stdint.h>

/**
 * FetchRun: one run of it.
 * @loop: runs meanwhile; whoever quits it ends the command
 * @argv: the command; {nonce}, {folder} and {ima-offset} in its words are replaced
 * @folder: where it starts, and puts its files
 * @nonce: hexadecimal digits
 * @ima_offset: how many bytes of the guest's list of IMA are known
 * @timeout_s: after which it is killed, and all that it started in its process group
 *
 * The command also has DEEPQUOTE_NONCE, DEEPQUOTE_FOLDER and DEEPQUOTE_IMA_OFFSET in its
 * environment.
 */
typedef struct FetchRun {
    GMainLoop *loop;
    char **argv;
    const char *folder;
    const char *nonce;
    uint64_t ima_offset;
    guint timeout_s;
} FetchRun;

/** FETCH_ERROR: why nothing was fetched. The message has the end of what the command printed,
 *  any bytes. */
#define FETCH_ERROR fetch_error_quark()
GQuark fetch_error_quark(void);

/** fetch_run: TRUE where the command ended well. */
gboolean fetch_run(const FetchRun *run, GError **error);

#endif
