/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verifier's challenge to a host. Spec: docs/specs/enrolment.md. */
#ifndef TOOLS_HOST_CHALLENGE_H
#define TOOLS_HOST_CHALLENGE_H

#include <json-glib/json-glib.h>

/** CHALLENGE_MAX: no such file has more bytes. */
#define CHALLENGE_MAX 65536

/**
 * challenge_parse: (transfer full): its object; NULL where @text is something else, or of another
 * version. The members are not looked at: the manager does that.
 */
JsonNode *challenge_parse(const char *text, gsize len);

#endif
