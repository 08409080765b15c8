/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef APPRAISE_CERTIFICATE_H
#define APPRAISE_CERTIFICATE_H

#include <glib.h>

#include "wire/cursor.h"

/**
 * dq_certificate_subject: (transfer full): whose certificate it says that it is, as in RFC 4514, in
 * valid UTF-8; NULL where @der is no X.509 certificate. Nothing of it is verified.
 */
char *dq_certificate_subject(WireBytes der);

#endif
