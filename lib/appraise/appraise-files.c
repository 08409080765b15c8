/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraise-files.h"

#include "appraise/event-fields.h"
#include "appraise/ima-signature.h"
#include "attest/bytes.h"

enum { NAMED_MAX = 8 }; /* files that a finding names; the others are counted */

/** What is found on the way through a list. */
typedef struct FilesTally {
    uint64_t same, is_signed, excluded, wrong;
    uint64_t unlisted; /* of those that are wrong */
    GString *named;    /* of those that are wrong */
} FilesTally;

/* Somebody chose each character of it. */
static char *say_name(WireBytes name)
{
    g_autoptr(GArray) fields = dq_fields_new();

    dq_fields_utf8(fields, "file", name);
    return g_strescape(g_array_index(fields, DqEventField, 0).text, NULL);
}

static void note_wrong(FilesTally *t, const DqImaEntry *entry, WireBytes name, const char *why)
{
    g_autofree char *said = NULL;

    if (t->wrong++ >= NAMED_MAX) {
        return;
    }
    said = say_name(name);
    g_string_append_printf(t->named, "%s\"%s\" %s (entry %" G_GUINT64_FORMAT ")",
                           t->named->len > 0 ? ", " : "", said, why, entry->number);
}

static void compare_unlisted(FilesTally *t, const DqProfile *profile, const DqImaEntry *entry,
                             const DqImaFields *f)
{
    if (dq_ima_is_signed(f, profile->keys)) {
        t->is_signed++;
        return;
    }
    t->unlisted++;
    note_wrong(t, entry, f->name, "is not listed");
}

static void compare(FilesTally *t, const DqProfile *profile, const DqImaEntry *entry)
{
    DqImaFields f;

    if (!dq_ima_fields(entry, &f) || !f.known) {
        note_wrong(t, entry, entry->template, "is a template that cannot be read");
        return;
    }
    switch (dq_profile_match(profile, f.name, dq_ima_digest_alg(&f.digest), f.digest.bytes)) {
    case DQ_PROFILE_SAME:
        t->same++;
        break;
    case DQ_PROFILE_EXCLUDED:
        t->excluded++;
        break;
    case DQ_PROFILE_OTHER:
        note_wrong(t, entry, f.name, "has another digest than those listed");
        break;
    case DQ_PROFILE_UNKNOWN:
        compare_unlisted(t, profile, entry, &f);
        break;
    }
}

/* Nothing is wrong but what it does not know yet. */
static gboolean is_learning(const FilesTally *t, const DqProfile *profile)
{
    return profile->learning && t->wrong == t->unlisted;
}

static char *say_tally(const FilesTally *t, const DqProfile *profile)
{
    GString *out = g_string_new(NULL);

    if (t->wrong > 0) {
        g_string_append(out, t->named->str);
        if (t->wrong > NAMED_MAX) {
            g_string_append_printf(out, " and %" G_GUINT64_FORMAT " more", t->wrong - NAMED_MAX);
        }
        g_string_append_printf(out, ": not as in profile '%s'%s", profile->name,
                               is_learning(t, profile)
                                   ? ", which is learning: profile record --add-to takes them"
                                   : "");
    } else {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT " entries are as in profile '%s'", t->same,
                               profile->name);
    }
    if (t->is_signed > 0) {
        g_string_append_printf(out, "; %" G_GUINT64_FORMAT " signed by its keys", t->is_signed);
    }
    if (t->excluded > 0) {
        g_string_append_printf(out, "; %" G_GUINT64_FORMAT " left out by its patterns",
                               t->excluded);
    }
    return g_string_free(out, FALSE);
}

void dq_appraise_files(const DqLog *log, const char *word, uint64_t count, DqVerdict *verdict)
{
    DqImaWalk walk = dq_ima_walk(dq_wire(log->bytes), 0, 0);
    FilesTally t = { .named = g_string_new(NULL) };
    DqImaEntry entry;

    while (walk.number < count && dq_ima_next(&walk, &entry, NULL)) {
        if (dq_ima_is_file(&entry)) {
            compare(&t, log->profile, &entry);
        }
    }
    dq_verdict_add_finding(verdict, word,
                           t.wrong == 0                    ? DQ_RESULT_PASS
                           : is_learning(&t, log->profile) ? DQ_RESULT_NOT_COMPARED
                                                           : DQ_RESULT_FAIL,
                           say_tally(&t, log->profile));
    g_string_free(t.named, TRUE);
}
