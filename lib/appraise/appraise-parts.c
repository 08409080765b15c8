/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraise-parts.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/parts.h"
#include "wire/tpm-constants.h"

/* One kind of list. */
typedef struct Appraised {
    const char *finding;
    const WirePartsForm *form;
    char *(*say)(WireParts parts);
    const char *unsigned_text;
    const char *other_text;
} Appraised;

/* Somebody chose each character of a name. */
static void say_part(GString *out, const char *kind, const WirePart *part)
{
    g_autofree char *name = g_strndup((const char *)part->name.p, part->name.len);
    g_autofree char *said = g_strescape(name, NULL);
    g_autofree char *hex = dq_hex_encode(part->digest, sizeof(part->digest));

    g_string_append_printf(out, "%s%s\"%s\" %s", out->len > 0 ? ", " : "", kind, said, hex);
}

static char *say_parts(WireParts parts)
{
    GString *out = g_string_new(NULL);
    WirePart part;

    while (wire_next_part(&parts, &part)) {
        say_part(out, "", &part);
    }
    return g_string_free(out, FALSE);
}

static char *say_launch(WireParts parts)
{
    GString *out = g_string_new(NULL);
    gboolean has_firmware = FALSE;
    unsigned libraries = 0;
    WirePart part;

    while (wire_next_part(&parts, &part)) {
        g_autofree char *kind = g_strconcat(wire_part_kind_word(part.kind), " ", NULL);

        if (part.kind == WIRE_PART_LIBRARY) {
            libraries++;
            continue;
        }
        has_firmware = has_firmware || part.kind == WIRE_PART_FIRMWARE;
        say_part(out, kind, &part);
    }
    g_string_append_printf(out, ", and %u libraries; not seen: %sROMs that QEMU takes by itself",
                           libraries, has_firmware ? "" : "the firmware, which is not named, and ");
    return g_string_free(out, FALSE);
}

static const Appraised vtpm = {
    "vtpm-parts",
    &wire_parts_vtpm,
    say_parts,
    "the host did not sign for a measurement: tpm2_deepquote --flags measurements asks for it",
    "the list of parts is not the one that the host signed for",
};

static const Appraised launched = {
    "vm-launch",
    &wire_parts_launch,
    say_launch,
    "the host did not sign for what the VM was started with: tpm2_deepquote --flags launch asks "
    "for it",
    "the list of what the VM was started with is not the one that the host signed for",
};

/* What QEMU maps and loads comes of packages; what the guest boots may be anybody's. */
static gboolean is_hosts(WirePartKind kind)
{
    return kind == WIRE_PART_EXECUTABLE || kind == WIRE_PART_LIBRARY || kind == WIRE_PART_FIRMWARE;
}

static void take_parts(WireParts parts, DqPackages *packages)
{
    WirePart part;

    while (wire_next_part(&parts, &part)) {
        if (is_hosts(part.kind)) {
            dq_packages_take_file(packages, part.name, TPM_ALG_SHA256,
                                  (WireBytes){ part.digest, sizeof(part.digest) });
        }
    }
}

static void appraise(const Appraised *what, DqBytes list, DqBytes expected, DqPackages *packages,
                     DqVerdict *verdict)
{
    uint8_t digest[DQ_HASH_SIZE];
    DqResult result = DQ_RESULT_FAIL;
    WireParts parts;
    char *detail;

    dq_sha256(&list, 1, digest);
    if (expected.len == 0) {
        result = DQ_RESULT_NOT_COMPARED;
        detail = g_strdup(what->unsigned_text);
    } else if (!dq_bytes_equal(expected, (DqBytes){ digest, sizeof(digest) })) {
        detail = g_strdup(what->other_text);
    } else if (!wire_decode_parts(dq_wire(list), what->form, &parts)) {
        detail = g_strdup("what the host signed for is no list of parts that can be read here");
    } else {
        result = DQ_RESULT_PASS;
        detail = what->say(parts);
        take_parts(parts, packages);
    }
    dq_verdict_add_finding(verdict, what->finding, result, detail);
}

void dq_appraise_parts(DqBytes list, DqBytes measurement, DqPackages *packages, DqVerdict *verdict)
{
    appraise(&vtpm, list, measurement, packages, verdict);
}

void dq_appraise_launch(DqBytes list, DqBytes launch, DqPackages *packages, DqVerdict *verdict)
{
    appraise(&launched, list, launch, packages, verdict);
}
