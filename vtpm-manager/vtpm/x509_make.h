/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of X.509 certificates that are being made. */
#ifndef VTPM_MANAGER_VTPM_X509_MAKE_H
#define VTPM_MANAGER_VTPM_X509_MAKE_H

#include <glib.h>
#include <openssl/x509.h>

/* What the TCG numbers. Spec: TCG EK Credential Profile 2.5. */
#define OID_EK_CERTIFICATE "2.23.133.8.1"

/**
 * x509_make: (transfer full): of version 3 and @key, with a random serial number, good from now
 * until @until; NULL where OpenSSL cannot.
 */
X509 *x509_make(EVP_PKEY *key, const ASN1_TIME *until);

/** x509_add_name: its organizational unit is @what, and its common name @value. */
gboolean x509_add_name(X509_NAME *name, const char *what, const char *value);

/** x509_key_id: (transfer full): SHA-1 of the key as RFC 5280, 4.2.1.2, has it, in digits. */
char *x509_key_id(EVP_PKEY *key);

/**
 * x509_add_extensions:
 * @issuer: (nullable): for an authorityKeyIdentifier
 * @text: lines as in OpenSSL's configuration: those of the extensions, then further sections
 */
gboolean x509_add_extensions(X509 *x509, X509 *issuer, const char *text);

/**
 * x509_with_signature: (transfer full): a copy of @x509 with that signature; NULL: it cannot be.
 * @signature: TPMT_SIGNATURE, RSASSA or ECDSA
 */
X509 *x509_with_signature(const X509 *x509, GBytes *signature);

#endif
