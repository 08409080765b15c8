/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a store does when its file is not what it should be: it says so, or it knows less; it never
 * gives trust that the records did not give.
 */
#include "store/chain.h"
#include "store/store-journal.h"
#include "store/store-profile.h"

#include "attest/digest.h"

#include "store_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#define HOSTS 3      /* number 3 is revoked */
#define CHALLENGES 4 /* all of them used */

/** A store and what must not become of it. */
typedef struct Scene {
    StoreFixture *f;
    uint8_t challenge[CHALLENGES][DQ_CHALLENGE_SIZE];
    DqStoreHost host[HOSTS + 1];
    DqStoreVm vm[HOSTS + 1];
    char *content;
    gsize size;
} Scene;

static void see(Scene *s, uint8_t n)
{
    DqStoreHost host = store_get_host(s->f, n);
    DqStoreVm vm = store_get_vm(s->f, n);
    gboolean done = FALSE;

    host.counted = TRUE;
    host.reset_count = n;
    vm.first_seen = vm.last_seen = STORE_NOW;
    vm.host = host.name;
    vm.epoch = vm.generation = vm.clock = 100;
    vm.has_clock = TRUE;
    g_assert_true(s->f->store->ops->record(s->f->store->self, &host, &vm, &done, NULL));
    g_assert_true(done);
}

/* A profile for VM 1. */
static void bind_profile(Scene *s)
{
    const DqStoreProfile profile = { .name = "profile", .issued = STORE_NOW, .added = STORE_NOW };
    const DqStoreVm vm = store_vm(1);
    g_autoptr(GBytes) content = g_bytes_new_static("content", 7);

    g_assert_true(dq_store_file_put_profile(s->f->file, &profile, content, NULL));
    g_assert_true(
        dq_store_file_bind(s->f->file, DQ_SUBJECT_VM, vm.uuid, DQ_UUID_SIZE, profile.name, NULL));
}

static const char *const entries[] = { "an old verdict", "a verdict" };

/* Number 0 is a second older than number 1. */
static gboolean append(DqStoreFile *file, gsize number, GError **error)
{
    g_autoptr(GBytes) body = g_bytes_new_static(entries[number], strlen(entries[number]));

    return dq_store_file_append(file, STORE_NOW + (int64_t)number, body, &body, 1, NULL, error);
}

static void scene_fill(Scene *s)
{
    const DqStoreHost revoked = store_host(HOSTS);
    const DqStoreVm vm = store_vm(1);
    const uint8_t lineage[DQ_LINEAGE_SIZE] = { 1 };

    for (uint8_t n = 1; n <= HOSTS; n++) {
        store_add(s->f, n);
        see(s, n);
    }
    g_assert_true(dq_store_file_revoke_host(s->f->file, &revoked.name, STORE_NOW, NULL));
    g_assert_true(
        dq_store_file_accept_lineage(s->f->file, vm.uuid, lineage, STORE_NOW, "why", NULL));
    bind_profile(s);
    g_assert_true(append(s->f->file, 0, NULL));
    g_assert_true(append(s->f->file, 1, NULL));
    for (gsize i = 0; i < CHALLENGES; i++) {
        store_issue(s->f, STORE_NOW + 60, s->challenge[i]);
        g_assert_cmpint(store_use(s->f, s->challenge[i], STORE_NOW, NULL), ==, DQ_CHALLENGE_FRESH);
    }
    for (uint8_t n = 1; n <= HOSTS; n++) {
        s->host[n] = store_get_host(s->f, n);
        s->vm[n] = store_get_vm(s->f, n);
    }
}

static Scene *scene_new(void)
{
    Scene *s = g_new0(Scene, 1);

    s->f = store_fixture_new();
    scene_fill(s);
    store_fixture_close(s->f);
    g_assert_true(g_file_get_contents(s->f->path, &s->content, &s->size, NULL));
    return s;
}

static void scene_free(Scene *s)
{
    store_fixture_free(s->f);
    g_free(s->content);
    g_free(s);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scene, scene_free)

static void put_file(Scene *s, const char *content, gsize size)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };

    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = g_strconcat(s->f->path, suffixes[i], NULL);

        g_unlink(path);
    }
    g_assert_true(g_file_set_contents_full(s->f->path, content, (gssize)size,
                                           G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static gboolean probe_host(DqStore *store, const DqStoreHost *wanted)
{
    GError *error = NULL;
    DqStoreHost got;
    gboolean found;

    if (!store->ops->find_host(store->self, (DqBytes){ wanted->name.data, wanted->name.len },
                               &found, &got, &error)) {
        return store_good_error(&error);
    }
    if (found) {
        g_assert_cmpmem(&got, sizeof(got), wanted, sizeof(*wanted));
    }
    return found;
}

static gboolean probe_vm(DqStore *store, const DqStoreVm *wanted)
{
    GError *error = NULL;
    DqStoreVm got;
    gboolean found;

    if (!store->ops->find_vm(store->self, wanted->uuid, &found, &got, &error)) {
        return store_good_error(&error);
    }
    if (found) {
        g_assert_cmpmem(&got, sizeof(got), wanted, sizeof(*wanted));
    }
    return found;
}

static gboolean probe_challenge(Scene *s, gsize i)
{
    GError *error = NULL;
    int use = store_use(s->f, s->challenge[i], STORE_NOW, &error);

    if (use < 0) {
        return store_good_error(&error);
    }
    g_assert_true(use == DQ_CHALLENGE_USED || use == DQ_CHALLENGE_UNKNOWN);
    return use == DQ_CHALLENGE_USED;
}

static void count(G_GNUC_UNUSED const DqAcceptance *a, gpointer data)
{
    (*(int *)data)++;
}

static gboolean probe_acceptances(DqStoreFile *file)
{
    GError *error = NULL;
    int n = 0;

    return dq_store_file_list_acceptances(file, count, &n, &error) ? n == 1
                                                                   : store_good_error(&error);
}

static gboolean probe_profile(DqStoreFile *file)
{
    const DqStoreVm vm = store_vm(1);
    g_autofree char *name = NULL;
    g_autoptr(GBytes) content = NULL;
    GError *error = NULL;
    DqStoreProfile profile;

    if (!dq_store_file_find_bound(file, DQ_SUBJECT_VM, vm.uuid, DQ_UUID_SIZE, &name, &error)) {
        return store_good_error(&error);
    }
    if (!name) {
        return FALSE;
    }
    g_assert_cmpstr(name, ==, "profile");
    if (!dq_store_file_get_profile(file, name, &profile, &content, &error)) {
        if (g_error_matches(error, DQ_ERROR, DQ_ERROR_RECORD)) { /* forgotten */
            g_clear_error(&error);
            return FALSE;
        }
        return store_good_error(&error);
    }
    g_assert_cmpint(profile.issued, ==, STORE_NOW);
    g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), "content", 7);
    return TRUE;
}

static gboolean probe_content(DqStoreFile *file, gsize number, GError **error)
{
    const DqBytes text = { (const uint8_t *)entries[number], strlen(entries[number]) };
    g_autoptr(GBytes) content = NULL;
    uint8_t digest[DQ_HASH_SIZE];
    DqContentState state;

    dq_sha256(&text, 1, digest);
    if (!dq_store_file_get_content(file, digest, &state, &content, error)) {
        return store_good_error(error);
    }
    g_assert_true((content != NULL) == (state == DQ_CONTENT_GOOD));
    return content != NULL;
}

static gboolean probe_entry(DqStoreFile *file, DqChain *chain, GError **error)
{
    DqStoredEntry stored = { 0 };
    gboolean found = FALSE, whole;
    DqEntry entry;

    if (!dq_store_file_next_entry(file, chain->last, &found, &stored, error)) {
        return store_good_error(error);
    }
    whole = found && dq_chain_add(chain, &stored, &entry) == DQ_ENTRY_GOOD;
    g_clear_pointer(&stored.text, g_bytes_unref);
    return whole;
}

/* Entries and what they speak of; what the older one alone spoke of goes with it. */
static gboolean probe_journal(DqStoreFile *file)
{
    GError *error = NULL;
    DqChain chain = { 0 };
    gboolean whole = TRUE;
    int64_t count;

    for (gsize i = 0; i < G_N_ELEMENTS(entries); i++) {
        whole = probe_entry(file, &chain, &error) && whole;
        whole = probe_content(file, i, &error) && whole;
    }
    if (!dq_store_file_prune(file, STORE_NOW + 1, STORE_NOW, &count, &error)) {
        return store_good_error(&error);
    }
    whole = probe_content(file, 1, &error) && !probe_content(file, 0, &error) && whole;
    return (append(file, 0, &error) || store_good_error(&error)) && whole;
}

/* Whether everything is there; what is not was reported or forgotten, else the test ends. */
static gboolean probe(Scene *s)
{
    GError *error = NULL;
    gboolean whole;

    s->f->file = dq_store_file_open(s->f->path, &error);
    if (!s->f->file) {
        return store_good_error(&error);
    }
    s->f->store = dq_store_file_get_store(s->f->file);
    whole = probe_acceptances(s->f->file);
    whole = probe_profile(s->f->file) && whole;
    whole = probe_journal(s->f->file) && whole;
    for (uint8_t n = 1; n <= HOSTS; n++) {
        whole = probe_host(s->f->store, &s->host[n]) && whole;
        whole = probe_vm(s->f->store, &s->vm[n]) && whole;
    }
    for (gsize i = 0; i < CHALLENGES; i++) {
        whole = probe_challenge(s, i) && whole;
    }
    store_fixture_close(s->f);
    return whole;
}

static void test_truncations(void)
{
    g_autoptr(Scene) s = scene_new();

    g_assert_true(probe(s));
    for (gsize size = 0; size < s->size; size += MIN((gsize)512, s->size - size)) {
        put_file(s, s->content, size);
        g_assert_false(probe(s));
    }
    put_file(s, s->content, s->size - 1);
    g_assert_false(probe(s));
    put_file(s, s->content, s->size);
    g_assert_true(probe(s));
}

/* Most bytes of a small store are free space: those may change. */
static void test_damage(void)
{
    static const uint8_t masks[] = { 0x01, 0x80, 0xff };
    g_autoptr(Scene) s = scene_new();
    g_autofree char *changed = g_memdup2(s->content, s->size);
    guint noticed = 0;

    for (gsize at = 0; at < s->size; at += s->content[at] == 0 ? 101 : 5) {
        changed[at] = (char)(changed[at] ^ masks[at % G_N_ELEMENTS(masks)]);
        put_file(s, changed, s->size);
        noticed += probe(s) ? 0 : 1;
        changed[at] = s->content[at];
    }
    g_assert_cmpuint(noticed, >, 100);
}

static void test_damaged_pages(void)
{
    static const char *const fills[] = { "\0", "\xff", "\x0d" };
    g_autoptr(Scene) s = scene_new();
    g_autofree char *changed = g_memdup2(s->content, s->size);

    for (gsize at = 0; at < s->size; at += 4096) {
        for (gsize i = 0; i < G_N_ELEMENTS(fills); i++) {
            memset(changed + at, fills[i][0], 4096);
            put_file(s, changed, s->size);
            probe(s);
            memcpy(changed + at, s->content + at, 4096);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/damage/truncated-file-is-noticed", test_truncations);
    g_test_add_func("/store/damage/changed-byte-gives-no-trust", test_damage);
    g_test_add_func("/store/damage/overwritten-page-gives-no-trust", test_damaged_pages);
    return g_test_run();
}
