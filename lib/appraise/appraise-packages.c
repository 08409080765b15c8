/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraise-packages.h"

#include "appraise/event-fields.h"
#include "appraise/ima-fields.h"

#include <string.h>

enum {
    PACKAGES_NAMED = 8,        /* in a finding; the others are counted */
    VULNERABILITIES_NAMED = 3, /* of a package; the same */
};

/** What a package is worth, from best to worst. */
typedef enum Worth {
    WORTH_GOOD,
    WORTH_WARNING,
    WORTH_UNKNOWN, /* nothing says of which release it is, or the tracker does not speak of it */
    WORTH_REFUSED,
    WORTHS,
} Worth;

/** A package that files were found of. */
typedef struct Used {
    const DqProfilePackage *package;
    Worth worth;
    GArray *known;  /* DqVulnerability: the worst first */
    char *file;     /* the first one found; NULL: none so far that is its own */
    uint64_t files; /* how many */
} Used;

struct DqPackages {
    const DqProfile *profile;
    const DqVulnerable *known;
    GPtrArray *used;      /* Used, or NULL, by the number of the package */
    GHashTable *releases; /* char -> whether the tracker knows it */
    uint64_t owned, others;
    gboolean has_log; /* something was taken */
};

static void used_free(gpointer data)
{
    Used *used = data;

    if (used) {
        g_array_unref(used->known);
        g_free(used->file);
        g_free(used);
    }
}

DqPackages *dq_packages_new(const DqProfile *profile, const DqVulnerable *known)
{
    DqPackages *p = g_new0(DqPackages, 1);

    p->profile = profile;
    p->known = known;
    p->used = g_ptr_array_new_with_free_func(used_free);
    g_ptr_array_set_size(p->used, profile ? (gint)profile->packages->len : 0);
    p->releases = g_hash_table_new(g_str_hash, g_str_equal);
    return p;
}

void dq_packages_free(DqPackages *packages)
{
    if (packages) {
        g_ptr_array_unref(packages->used);
        g_hash_table_unref(packages->releases);
        g_free(packages);
    }
}

/* ------------------------------------------------------------------------------ A package's worth
 */

static gboolean is_refused(const DqPackages *p, const DqVulnerability *v)
{
    return v->fixed && v->urgency >= p->known->refused;
}

static gint compare_vulnerabilities(gconstpointer a, gconstpointer b)
{
    const DqVulnerability *x = a, *y = b;
    const int fixed = !x->fixed - !y->fixed;

    return fixed != 0                 ? fixed
           : x->urgency != y->urgency ? (int)y->urgency - (int)x->urgency
                                      : g_strcmp0(x->name, y->name);
}

static gboolean knows_release(DqPackages *p, char *release)
{
    gpointer known;

    if (!release) {
        return FALSE;
    }
    if (!g_hash_table_lookup_extended(p->releases, release, NULL, &known)) {
        known = GINT_TO_POINTER(dq_tracker_knows(p->known->tracker, release));
        g_hash_table_insert(p->releases, release, known);
    }
    return GPOINTER_TO_INT(known);
}

static Worth judge(DqPackages *p, Used *used)
{
    const DqProfilePackage *package = used->package;

    if (!knows_release(p, package->release)) {
        used->known = g_array_new(FALSE, FALSE, sizeof(DqVulnerability));
        return WORTH_UNKNOWN;
    }
    used->known = dq_tracker_find(p->known->tracker, package->release, package->source,
                                  package->source_version);
    g_array_sort(used->known, compare_vulnerabilities);
    if (used->known->len == 0) {
        return WORTH_GOOD;
    }
    for (guint i = 0; i < used->known->len; i++) {
        if (is_refused(p, &g_array_index(used->known, DqVulnerability, i))) {
            return WORTH_REFUSED;
        }
    }
    return WORTH_WARNING;
}

static Used *use(DqPackages *p, guint number)
{
    Used *used = p->used->pdata[number];

    if (!used) {
        used = g_new0(Used, 1);
        used->package = p->profile->packages->pdata[number];
        used->worth = judge(p, used);
        p->used->pdata[number] = used;
    }
    return used;
}

/* Of several packages that have the same file the best: which one it came from does not matter. */
static Used *best_of(DqPackages *p, const GArray *owners)
{
    Used *best = NULL;

    for (guint i = 0; i < owners->len; i++) {
        Used *used = use(p, g_array_index(owners, guint, i));

        if (!best || used->worth < best->worth) {
            best = used;
        }
    }
    return best;
}

/* --------------------------------------------------------------------------------------- Taking */

/* Somebody chose each character of it. */
static char *say_name(WireBytes name)
{
    g_autoptr(GArray) fields = dq_fields_new();

    dq_fields_utf8(fields, "file", name);
    return g_strescape(g_array_index(fields, DqEventField, 0).text, NULL);
}

static gboolean take(DqPackages *p, WireBytes name, uint16_t alg, WireBytes digest)
{
    const GArray *owners = p->profile ? dq_profile_find_owners(p->profile, alg, digest) : NULL;
    Used *used = owners && owners->len > 0 ? best_of(p, owners) : NULL;

    if (!used) {
        return FALSE;
    }
    p->owned++;
    if (used->files++ == 0) {
        used->file = say_name(name);
    }
    return TRUE;
}

void dq_packages_take_file(DqPackages *packages, WireBytes name, uint16_t alg, WireBytes digest)
{
    if (packages) {
        packages->has_log = TRUE;
        packages->others += take(packages, name, alg, digest) ? 0 : 1;
    }
}

void dq_packages_take_ima(DqPackages *packages, WireBytes list, uint64_t count)
{
    DqImaWalk walk = dq_ima_walk(list, 0, 0);
    DqImaEntry entry;
    DqImaFields f;

    while (packages && walk.number < count && dq_ima_next(&walk, &entry, NULL)) {
        if (dq_ima_is_file(&entry) && dq_ima_fields(&entry, &f) && f.known) {
            dq_packages_take_file(packages, f.name, dq_ima_digest_alg(&f.digest), f.digest.bytes);
        }
    }
}

/* Most events are of no file, so that none counts as one of others. */
void dq_packages_take_events(DqPackages *packages, const DqEventLog *log)
{
    DqEventWalk walk = dq_event_walk(log);
    DqEvent event;

    if (packages) {
        packages->has_log = TRUE;
    }
    while (packages && dq_event_next(&walk, &event, NULL)) {
        g_autofree char *name = g_strdup_printf("event %u", event.number);
        gboolean found = FALSE;

        for (guint i = 0; !found && i < event.digests; i++) {
            found = take(packages, (WireBytes){ (const uint8_t *)name, strlen(name) },
                         event.digest[i].alg, event.digest[i].bytes);
        }
    }
}

/* --------------------------------------------------------------------------------------- Telling
 */

static void say_vulnerabilities(GString *out, const Used *used)
{
    for (guint i = 0; i < MIN(used->known->len, VULNERABILITIES_NAMED); i++) {
        g_autofree char *said =
            dq_vulnerability_say(&g_array_index(used->known, DqVulnerability, i));
        g_autofree char *escaped = g_strescape(said, NULL);

        g_string_append_printf(out, "%s%s", i > 0 ? "; " : "", escaped);
    }
    if (used->known->len > VULNERABILITIES_NAMED) {
        g_string_append_printf(out, " and %u more", used->known->len - VULNERABILITIES_NAMED);
    }
}

/* "/usr/bin/swtpm" and 3 more of swtpm 0.7.1-1: CVE-2025-1, fixed in 0.7.1-2 */
static void say_used(GString *out, const Used *used)
{
    g_autofree char *name = g_strescape(used->package->name, NULL);
    g_autofree char *version = g_strescape(used->package->version, NULL);

    g_string_append_printf(out, "%s\"%s\"", out->len > 0 ? "; " : "", used->file);
    if (used->files > 1) {
        g_string_append_printf(out, " and %" G_GUINT64_FORMAT " more", used->files - 1);
    }
    g_string_append_printf(out, " of %s %s: ", name, version);
    if (used->worth == WORTH_UNKNOWN) {
        g_string_append(out, used->package->release
                                 ? "the tracker does not speak of its release"
                                 : "the profile does not say of which release it is");
    } else {
        say_vulnerabilities(out, used);
    }
}

/* How many are of this worth; the first of them are said. */
static guint say_worth(GString *out, const DqPackages *p, Worth worth)
{
    guint count = 0;

    for (guint i = 0; i < p->used->len; i++) {
        const Used *used = p->used->pdata[i];

        if (used && used->files > 0 && used->worth == worth && count++ < PACKAGES_NAMED) {
            say_used(out, used);
        }
    }
    if (count > PACKAGES_NAMED) {
        g_string_append_printf(out, "; and %u packages more", count - PACKAGES_NAMED);
    }
    return count;
}

static guint count_packages(const DqPackages *p)
{
    guint count = 0;

    for (guint i = 0; i < p->used->len; i++) {
        const Used *used = p->used->pdata[i];

        count += used && used->files > 0 ? 1 : 0;
    }
    return count;
}

/* Why nothing can be told; NULL where something can. */
static const char *find_obstacle(const DqPackages *p)
{
    if (!p->profile || p->profile->packages->len == 0) {
        return "no profile that says which packages there are: profile from-packages makes one";
    }
    return p->has_log ? NULL
                      : "nothing that was shown to be true says what runs: no list of IMA and no "
                        "event log";
}

void dq_packages_tell(const DqPackages *packages, const char *word, DqVerdict *verdict)
{
    static const DqResult results[WORTHS] = {
        [WORTH_GOOD] = DQ_RESULT_PASS,
        [WORTH_WARNING] = DQ_RESULT_WARNING,
        [WORTH_UNKNOWN] = DQ_RESULT_NOT_COMPARED,
        [WORTH_REFUSED] = DQ_RESULT_FAIL,
    };
    const char *obstacle = find_obstacle(packages);
    Worth worst = WORTH_GOOD;
    GString *out;

    if (obstacle) {
        dq_verdict_add_finding(verdict, word, DQ_RESULT_NOT_COMPARED, g_strdup(obstacle));
        return;
    }
    out = g_string_new(NULL);
    for (int worth = WORTH_REFUSED; worth > WORTH_GOOD; worth--) {
        if (say_worth(out, packages, (Worth)worth) > 0) {
            worst = MAX(worst, (Worth)worth);
        }
    }
    g_string_append_printf(
        out, "%s%" G_GUINT64_FORMAT " files are of %u packages, %" G_GUINT64_FORMAT " of none",
        out->len > 0 ? "; in all " : "nothing is known against them: ", packages->owned,
        count_packages(packages), packages->others);
    dq_verdict_add_finding(verdict, word, results[worst], g_string_free(out, FALSE));
}
