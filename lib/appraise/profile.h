/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference values of one kind of machine: how it may boot, as whole sets of PCRs that belong
 * together, and which files it may run.
 *
 * Spec: deepquote-profile(5).
 */
#ifndef APPRAISE_PROFILE_H
#define APPRAISE_PROFILE_H

#include "attest/deepquote.h"
#include "wire/cursor.h"

enum {
    DQ_PROFILE_MAX = 256 << 20, /* bytes of a file */
    DQ_PROFILE_BOOTS_MAX = 10000,
};

/** DqProfileError: DQ_PROFILE_ERROR_MALFORMED: the message names what is wrong and where. */
typedef enum DqProfileError {
    DQ_PROFILE_ERROR_MALFORMED,
} DqProfileError;

#define DQ_PROFILE_ERROR dq_profile_error_quark()
GQuark dq_profile_error_quark(void);

/** DqProfileBoot: one way to boot: a name, and PCRs that all have to be so. */
typedef struct DqProfileBoot {
    char *name;
    GHashTable *pcrs; /* dq_profile_key() -> GBytes */
} DqProfileBoot;

/** DqProfilePackage: a version of a package that files are of. */
typedef struct DqProfilePackage {
    char *name, *version;
    char *source, *source_version; /* what it was built from */
    char *release;                 /* code name of its distribution's; or NULL: not known */
} DqProfilePackage;

/**
 * DqProfile: all of it is for reading, @issued and @learning also for writing.
 * @issued: when it was signed, seconds since 1970; 0: nobody signed it yet
 */
typedef struct DqProfile {
    char *name;
    int64_t issued;
    GPtrArray *boots;    /* DqProfileBoot */
    GHashTable *files;   /* GBytes: the name as it is measured -> GByteArray of digests */
    GPtrArray *packages; /* DqProfilePackage */
    GHashTable *owners;  /* GBytes: algorithm and digest -> GArray of guint: which packages */
    GPtrArray *keys;     /* GBytes: SubjectPublicKeyInfo in DER: who may sign files */
    gboolean learning;   /* files that are not listed are told, and are no reason to refuse */
    GPtrArray *exclude;  /* char: patterns with * and ?, as they were given */
    GPtrArray *patterns; /* GPatternSpec: the same */
} DqProfile;

/** DqProfileMatch: what a profile says of a file that was measured. */
typedef enum DqProfileMatch {
    DQ_PROFILE_SAME,
    DQ_PROFILE_EXCLUDED, /* it is not to be looked at */
    DQ_PROFILE_OTHER,    /* it has another digest */
    DQ_PROFILE_UNKNOWN,  /* no file of this name is listed */
} DqProfileMatch;

/** dq_profile_new: @name is copied. */
DqProfile *dq_profile_new(const char *name);
void dq_profile_free(DqProfile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqProfile, dq_profile_free)

/** dq_profile_add_boot: borrowed; a boot without PCRs so far. */
DqProfileBoot *dq_profile_add_boot(DqProfile *profile, const char *name);

/** dq_profile_find_boot: (nullable): the boot of this name. */
DqProfileBoot *dq_profile_find_boot(const DqProfile *profile, const char *name);

/** dq_profile_boot_set: @value is of its bank's size. */
void dq_profile_boot_set(DqProfileBoot *boot, uint16_t alg, unsigned pcr, WireBytes value);

/** dq_profile_boot_keys: (transfer container): the keys of @pcrs, by bank and number. */
GList *dq_profile_boot_keys(const DqProfileBoot *boot);

/** dq_profile_key: the key of a PCR in @pcrs of a boot. */
static inline gpointer dq_profile_key(uint16_t alg, unsigned pcr)
{
    return GUINT_TO_POINTER((guint)alg << 8 | pcr);
}

/** dq_profile_key_alg, dq_profile_key_pcr: what a key stands for. */
static inline uint16_t dq_profile_key_alg(gconstpointer key)
{
    return (uint16_t)(GPOINTER_TO_UINT(key) >> 8);
}

static inline unsigned dq_profile_key_pcr(gconstpointer key)
{
    return GPOINTER_TO_UINT(key) & 0xff;
}

/**
 * dq_profile_add_file: one more digest that a file may have.
 * @name: as IMA measures it: a path, or the name of a buffer; without zeroes
 *
 * Returns: FALSE, and nothing is added, where @digest is not of the size of @alg.
 */
gboolean dq_profile_add_file(DqProfile *profile, WireBytes name, uint16_t alg, WireBytes digest);

/** dq_profile_remove_file: FALSE where it may not have this digest; without any it is not listed.
 */
gboolean dq_profile_remove_file(DqProfile *profile, WireBytes name, uint16_t alg, WireBytes digest);

/**
 * dq_profile_add_package: @package is copied. Returns: its number; one that is there already has
 * the one that it had.
 */
guint dq_profile_add_package(DqProfile *profile, const DqProfilePackage *package);

/** dq_profile_add_owner: what has this digest is in a package; @digest is of the size of @alg. */
void dq_profile_add_owner(DqProfile *profile, uint16_t alg, WireBytes digest, guint package);

/** dq_profile_find_owners: (nullable): guint: numbers of the packages that have it. */
const GArray *dq_profile_find_owners(const DqProfile *profile, uint16_t alg, WireBytes digest);

/** dq_profile_owner_digest: which digest a key of @owners stands for. */
gboolean dq_profile_owner_digest(GBytes *key, uint16_t *ret_alg, WireBytes *ret_digest);

/** dq_profile_add_key: a file that is not listed may run where this key signed it; referenced. */
void dq_profile_add_key(DqProfile *profile, GBytes *spki);

/** dq_profile_exclude: leaves out files whose names match a pattern with * and ?. */
void dq_profile_exclude(DqProfile *profile, const char *pattern);

/** dq_profile_match: a listed file is compared even where a pattern leaves it out. */
DqProfileMatch dq_profile_match(const DqProfile *profile, WireBytes name, uint16_t alg,
                                WireBytes digest);

/** dq_profile_digests: a walk through the digests of a file, a value of @files. */
WireReader dq_profile_digests(const GByteArray *digests);

/** dq_profile_next_digest: steps to the next one; @ret_digest is borrowed. */
gboolean dq_profile_next_digest(WireReader *rest, uint16_t *ret_alg, WireBytes *ret_digest);

#endif
