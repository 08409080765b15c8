/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_print.h"

#include "record_text.h"

#include <stdio.h>

static const char *how_enrolled(const DqStoreHost *host)
{
    return host->enrolment == DQ_ENROLMENT_PROOF ? "proof" : "word";
}

static gboolean is_known(const DqEkFacts *ek)
{
    return ek->serial[0] != '\0';
}

/* (transfer full): NULL where nothing is known of it. */
static JsonObject *ek_to_json(const DqEkFacts *ek)
{
    JsonObject *o;

    if (!is_known(ek)) {
        return NULL;
    }
    o = json_object_new();
    json_set_text(o, "manufacturer", ek->manufacturer);
    json_set_text(o, "model", ek->model);
    json_set_text(o, "version", ek->version);
    json_set_text(o, "serial", ek->serial);
    json_set_text(o, "issuer", ek->issuer);
    json_set_time(o, "expires", ek->expires);
    return o;
}

void host_print_json(const DqStoreHost *host)
{
    JsonObject *o = json_object_new();
    JsonObject *ek = ek_to_json(&host->ek);

    json_set_name(o, "name", &host->name);
    json_set_text(o, "label", host->label);
    json_set_hex(o, "public", host->public_area, host->public_len);
    json_object_set_boolean_member(o, "simulated", host->simulated);
    json_set_text(o, "enrolledBy", how_enrolled(host));
    if (ek) {
        json_object_set_object_member(o, "ekCertificate", ek);
    } else {
        json_object_set_null_member(o, "ekCertificate");
    }
    json_set_time(o, "enrolled", host->enrolled);
    json_set_time(o, "expires", host->expires);
    json_set_time(o, "revoked", host->revoked);
    if (host->counted) {
        json_object_set_int_member(o, "resetCount", host->reset_count);
        json_object_set_int_member(o, "restartCount", host->restart_count);
    } else {
        json_object_set_null_member(o, "resetCount");
        json_object_set_null_member(o, "restartCount");
    }
    json_print(o);
}

void host_print(const DqStoreHost *host)
{
    g_autofree char *name = text_name(&host->name);
    g_autofree char *enrolled = text_time(host->enrolled);
    g_autofree char *expires = text_time(host->expires);
    g_autofree char *revoked = text_time(host->revoked);

    printf("%s%s%s\n", name, host->label[0] != '\0' ? "  " : "", host->label);
    printf("    enrolled %s by %s", enrolled,
           host->enrolment == DQ_ENROLMENT_PROOF ? "proof" : "the operator's word");
    if (expires) {
        printf(", expires %s", expires);
    }
    if (revoked) {
        printf(", REVOKED %s", revoked);
    }
    if (host->counted) {
        printf(", resets %u, restarts %u", host->reset_count, host->restart_count);
    }
    printf("%s\n", host->simulated ? ", stand-in TPM" : "");
}

void host_print_ek(const DqEkFacts *ek)
{
    g_autofree char *expires = text_time(ek->expires);

    if (is_known(ek)) {
        printf("    TPM of %s, model %s, version %s\n    certified by %s until %s, serial %s\n",
               ek->manufacturer, ek->model, ek->version, ek->issuer, expires ? expires : "-",
               ek->serial);
    }
}
