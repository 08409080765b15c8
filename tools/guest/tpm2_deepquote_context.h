/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Context files of tpm2-tools: of keys, and of sessions. */
#ifndef TOOLS_TPM2_DEEPQUOTE_CONTEXT_H
#define TOOLS_TPM2_DEEPQUOTE_CONTEXT_H

#include "tpm2_deepquote_vtpm.h"

enum { CONTEXT_FILE_MAX = 16384 };

/** context_parse: false where @bytes are no context file of a key. */
gboolean context_parse(WireBytes bytes, TPMS_CONTEXT *ret);

/** context_format: (transfer full): the file. */
GBytes *context_format(const TPMS_CONTEXT *context);

/** What tpm2_startauthsession -S writes. */
typedef struct SessionContext {
    uint8_t type;  /* TPM2_SE_* */
    uint16_t hash; /* of the session */
    TPMS_CONTEXT context;
} SessionContext;

/** session_context_parse: false where @bytes are no context file of a session. */
gboolean session_context_parse(WireBytes bytes, SessionContext *ret);

/** session_context_format: (transfer full): the file. */
GBytes *session_context_format(const SessionContext *session);

#endif
