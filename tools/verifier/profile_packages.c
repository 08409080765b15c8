/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_packages.h"

#include "command.h"
#include "deb_files.h"
#include "packages_index.h"
#include "profile_file.h"
#include "record_text.h"
#include "tracker_file.h"

#include "appraise/profile.h"
#include "appraise/tracker.h"
#include "attest/bytes.h"
#include "attest/digest.h"
#include "common/args.h"
#include "common/escape.h"
#include "common/input.h"
#include "wire/tpm-constants.h"

#include <stdio.h>
#include <string.h>

enum {
    DEB_MAX = 1 << 30,     /* bytes of a package */
    INDEX_MAX = 512 << 20, /* bytes of an index; the largest has some 60 million */
    NAME_SHOWN = 200,
};

/** The command line as it was given. */
static struct {
    char *name, *add, *since, *tracker, *release, *vulnerable, *mirror, *output;
    char **skip, **only;
} opt;

static const GOptionEntry entries[] = {
    { "name", 0, 0, G_OPTION_ARG_STRING, &opt.name, "Name of a new profile", "NAME" },
    { "add-to", 0, 0, G_OPTION_ARG_FILENAME, &opt.add, "Start with what is in this profile",
      "FILE" },
    { "since", 0, 0, G_OPTION_ARG_STRING, &opt.since,
      "Pass over packages that were made before this date", "DATE" },
    { "tracker", 0, 0, G_OPTION_ARG_FILENAME, &opt.tracker,
      "What Debian's security tracker knows, as JSON", "FILE" },
    { "release", 0, 0, G_OPTION_ARG_STRING, &opt.release,
      "Of which release the packages are, such as bookworm", "NAME" },
    { "vulnerable", 0, 0, G_OPTION_ARG_STRING, &opt.vulnerable,
      "Packages that have a fixed successor: drop them, or only warn (drop)", "drop|warn" },
    { "mirror", 0, 0, G_OPTION_ARG_FILENAME, &opt.mirror,
      "Where the packages are that a Packages file names (the folder that has its dists)",
      "FOLDER" },
    { "only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.only,
      "Take packages of such a name alone from a Packages file; may be repeated", "PATTERN" },
    { "skip", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.skip,
      "Take no files of such a name; may be repeated", "PATTERN" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output,
      "Write the profile here (standard output)", "FILE" },
    { 0 },
};

/** What is collected. */
typedef struct Collection {
    DqProfile *profile;
    GPtrArray *skip; /* GPatternSpec */
    GPtrArray *only; /* the same; of none, all are taken */
    int64_t since;
    DqTracker *tracker; /* NULL: nothing is known */
    guint package;      /* the one whose files come: its number in the profile */
    gboolean only_warn;
    gboolean dropping; /* the first of two passes */
    guint seen;        /* packages */
} Collection;

/* Folders that a merged /usr has there. */
static const char *const merged[] = { "/bin/",   "/sbin/",   "/lib/",   "/lib32/",
                                      "/lib64/", "/libx32/", "/libo32/" };

static void add_or_drop(Collection *c, const char *name, const uint8_t *digest)
{
    (c->dropping ? dq_profile_remove_file : dq_profile_add_file)(
        c->profile, (WireBytes){ (const uint8_t *)name, strlen(name) }, TPM_ALG_SHA256,
        (WireBytes){ digest, DQ_HASH_SIZE });
}

/* Their names too where a merged /usr has them. */
static void take_names(Collection *c, const char *name, const uint8_t *digest)
{
    add_or_drop(c, name, digest);
    for (gsize i = 0; i < G_N_ELEMENTS(merged); i++) {
        if (g_str_has_prefix(name, merged[i])) {
            g_autofree char *there = g_strconcat("/usr", name, NULL);

            add_or_drop(c, there, digest);
        }
    }
}

static gboolean matches(const GPtrArray *patterns, const char *name)
{
    for (guint i = 0; i < patterns->len; i++) {
        if (g_pattern_spec_match_string(patterns->pdata[i], name)) {
            return TRUE;
        }
    }
    return FALSE;
}

static void take_file(const char *name, const uint8_t *digest, gpointer data)
{
    Collection *c = data;

    if (c->dropping || !matches(c->skip, name)) {
        take_names(c, name, digest);
    }
    if (!c->dropping && !matches(c->skip, name)) {
        dq_profile_add_owner(c->profile, TPM_ALG_SHA256, (WireBytes){ digest, DQ_HASH_SIZE },
                             c->package);
    }
}

/* (transfer full): char: those that a newer version in the release has no more. */
static GPtrArray *find_fixed(const Collection *c, const DebPackage *package)
{
    GPtrArray *fixed = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) known = c->tracker ? dq_tracker_find(c->tracker, opt.release, package->source,
                                                           package->source_version)
                                         : NULL;

    for (guint i = 0; known && i < known->len; i++) {
        const DqVulnerability *v = &g_array_index(known, DqVulnerability, i);

        if (v->fixed) {
            g_ptr_array_add(fixed, dq_vulnerability_say(v));
        }
    }
    return fixed;
}

static void tell(const DebPackage *package, const GPtrArray *known, gboolean drop)
{
    g_autofree char *name = escape_text(package->name, NAME_SHOWN);
    g_autofree char *version = escape_text(package->version, NAME_SHOWN);

    for (guint i = 0; i < known->len; i++) {
        g_autofree char *text = escape_text(known->pdata[i], NAME_SHOWN);

        fprintf(stderr, "%s %s %s: %s\n", name, version, drop ? "is left out" : "is vulnerable",
                text);
    }
}

static gboolean take_package(const DebPackage *package, gpointer data)
{
    Collection *c = data;
    const DqProfilePackage kept = { package->name, package->version, package->source,
                                    package->source_version, opt.release };
    g_autoptr(GPtrArray) known = find_fixed(c, package);
    const gboolean drop = known->len > 0 && !c->only_warn;

    if (c->dropping) {
        return drop;
    }
    if (package->made < c->since) {
        return FALSE;
    }
    c->seen++;
    tell(package, known, drop);
    if (!drop) {
        c->package = dq_profile_add_package(c->profile, &kept);
    }
    return !drop;
}

static gboolean is_as_indexed(GBytes *bytes, const uint8_t *digest, GError **error)
{
    const DqBytes whole = dq_bytes_peek(bytes);
    uint8_t found[DQ_HASH_SIZE];

    dq_sha256(&whole, 1, found);
    if (memcmp(found, digest, sizeof(found)) != 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "it is not the one whose SHA-256 the index has");
        return FALSE;
    }
    return TRUE;
}

/* @digest: (nullable): what an index says that it is */
static gboolean read_package(Collection *c, const char *path, const uint8_t *digest, GError **error)
{
    static const DebHandler handler = { take_package, take_file };

    g_autoptr(GBytes) bytes = input_read(path, DEB_MAX, error);

    if (!bytes || (digest && !is_as_indexed(bytes, digest, error)) ||
        !deb_files(dq_bytes_peek(bytes), &handler, c, error)) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    return TRUE;
}

/* All packages in a folder, and in the folders in it. Links are not followed. */
static gboolean take_folder(Collection *c, const char *path, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, error);
    gboolean ok = dir != NULL;
    const char *name;

    while (ok && (name = g_dir_read_name(dir))) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        const gboolean link = g_file_test(inner, G_FILE_TEST_IS_SYMLINK);

        if (!link && g_file_test(inner, G_FILE_TEST_IS_DIR)) {
            ok = take_folder(c, inner, error);
        } else if (!link && g_str_has_suffix(name, ".deb")) {
            ok = read_package(c, inner, NULL, error);
        }
    }
    return ok;
}

/** An index that is being read, and where its packages are. */
typedef struct Repository {
    Collection *collection;
    char *folder;
} Repository;

static gboolean take_indexed(const IndexedPackage *package, gpointer data, GError **error)
{
    const Repository *r = data;
    g_autofree char *path = g_build_filename(r->folder, package->file, NULL);

    return (r->collection->only->len > 0 && !matches(r->collection->only, package->name)) ||
           read_package(r->collection, path, package->digest, error);
}

static gboolean is_index(const char *path)
{
    g_autofree char *name = g_path_get_basename(path);

    return g_str_equal(name, PACKAGES_INDEX) || g_str_has_suffix(name, "_" PACKAGES_INDEX);
}

/* The packages that a repository's index names. */
static gboolean take_index(Collection *c, const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, INDEX_MAX, error);
    Repository r = { c, opt.mirror ? g_strdup(opt.mirror) : packages_index_repository(path) };
    const gboolean ok = bytes && packages_index_read(dq_bytes_peek(bytes), take_indexed, &r, error);

    g_free(r.folder);
    if (!ok) {
        g_prefix_error(error, "%s: ", path);
    }
    return ok;
}

static gboolean take_one(Collection *c, const char *path, GError **error)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return take_folder(c, path, error);
    }
    return is_index(path) ? take_index(c, path, error) : read_package(c, path, NULL, error);
}

static gboolean take_all(Collection *c, char **paths, GError **error)
{
    gboolean ok = TRUE;

    for (; ok && *paths; paths++) {
        ok = take_one(c, *paths, error);
    }
    if (ok && !c->dropping && c->seen == 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "there is no package %s",
                    opt.since ? "that was made since then" : "in what was given");
        ok = FALSE;
    }
    return ok;
}

static gboolean check_options(char **paths, int64_t *ret_since, GError **error)
{
    const char *text = NULL;

    if (!opt.name == !opt.add) {
        text = "give a new profile a --name, or the one to --add-to";
    } else if (!paths[0]) {
        text = "name packages, or folders or a Packages file that have some";
    } else if (opt.since && !text_read_time(opt.since, ret_since)) {
        text = "--since: give a date as 2026-12-31 or 2026-12-31T12:00:00Z";
    } else if ((opt.tracker && !opt.release) || (opt.vulnerable && !opt.tracker)) {
        text = "--tracker FILE needs --release NAME, and --vulnerable needs both";
    } else if (opt.vulnerable && strcmp(opt.vulnerable, "drop") != 0 &&
               strcmp(opt.vulnerable, "warn") != 0) {
        text = "--vulnerable: say drop or warn";
    }
    if (text) {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    }
    return !text;
}

static GPtrArray *patterns(char **texts)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)g_pattern_spec_free);

    for (char **pattern = texts; pattern && *pattern; pattern++) {
        g_ptr_array_add(all, g_pattern_spec_new(*pattern));
    }
    return all;
}

static gboolean read_tracker(DqTracker **ret_tracker, GError **error)
{
    *ret_tracker = opt.tracker ? tracker_file_read(opt.tracker, error) : NULL;
    if (*ret_tracker && !dq_tracker_knows(*ret_tracker, opt.release)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s: it does not speak of the release '%s'",
                    opt.tracker, opt.release);
        g_clear_pointer(ret_tracker, dq_tracker_free);
    }
    return *ret_tracker || !opt.tracker;
}

/* What is in a fixed package too stays, so that what is dropped goes first. */
static gboolean take_twice(Collection *c, char **paths, GError **error)
{
    c->dropping = c->tracker != NULL;
    if (c->dropping && !take_all(c, paths, error)) {
        return FALSE;
    }
    c->dropping = FALSE;
    return take_all(c, paths, error);
}

static GStrv parse(char **argv, GError **error)
{
    g_autoptr(GOptionContext) context =
        g_option_context_new("PACKAGE|FOLDER|INDEX... - take the files of Debian packages");
    g_autofree char *program = g_strconcat(g_get_prgname(), " ", argv[0], NULL);

    g_set_prgname(program);
    return args_parse(context, entries, argv, error);
}

int profile_packages_command(char **argv, GError **error)
{
    g_auto(GStrv) words = parse(argv, error);
    g_autoptr(DqProfile) profile = NULL;
    g_autoptr(GPtrArray) skip = NULL;
    g_autoptr(GPtrArray) only = NULL;
    g_autoptr(DqTracker) tracker = NULL;
    Collection c = { 0 };

    if (!words || !check_options(words + 1, &c.since, error) || !read_tracker(&tracker, error)) {
        return EXIT_UNUSABLE;
    }
    profile = opt.add ? profile_read(opt.add, NULL, NULL, NULL, error) : dq_profile_new(opt.name);
    if (!profile) {
        return EXIT_UNUSABLE;
    }
    profile->issued = 0;
    skip = patterns(opt.skip);
    only = patterns(opt.only);
    c.profile = profile;
    c.skip = skip;
    c.only = only;
    c.tracker = tracker;
    c.only_warn = g_strcmp0(opt.vulnerable, "warn") == 0;
    return take_twice(&c, words + 1, error) && profile_write(profile, opt.output, error)
               ? EXIT_DONE
               : EXIT_UNUSABLE;
}
