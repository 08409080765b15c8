/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/anchor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/token_bucket.h"
#include "registry/error.h"

#define ROOT_LABEL "registry root"

/* NV memory wears out: 8,766 times a year, and what may come at once, are under 10,000. */
static const TokenRate rate = { .per_second = 1.0 / 3600, .burst = 48 };

enum {
    SOON_MS = 1000,   /* after a change: those that come with it share one count */
    RETRY_MS = 60000, /* where the TPM did not count */
    TICK_S = 600,     /* how often is asked whether the states' hour is over */
};

#define STATES_US (3600 * G_TIME_SPAN_SECOND)

struct Anchor {
    RegistryStore *store;
    TpmHost *host;
    TPM2_HANDLE index;
    AnchorState state;
    char *why;
    TpmNvCounter counter;
    RegistryAnchor row; /* as it is stored */
    uint64_t value;     /* the counter's; row.value is this or one more */
    int64_t moved;      /* of the clock, in microseconds */
    /* Since it was settled */
    TpmWorker *worker;
    gboolean counting;
    gboolean failing; /* which was told */
    gint changed;     /* RegistryChanges that are not counted yet; any thread */
    guint timer;      /* 0: none */
    guint tick;
};

/* ---------------------------------------------------------------------------------------- verdicts
 */

/* What can be wrong, and what to do: each ends with the way back. */
#define WAY_BACK                                                                                   \
    "; restore the newest registry, or accept this one with vtpm-managerctl registry accept "      \
    "--why "                                                                                       \
    "TEXT, which gives each VM a new lineage that verifiers have to accept"

static const char why_older[] =
    "the registry is older than the counter in the host's TPM says: it was put back from a copy, "
    "or changes to it were lost" WAY_BACK;
static const char why_unanchored[] =
    "the host's TPM has the counter of a registry, and this one knows of none: it was put back "
    "from a copy, or is a new one, or the first start of the manager was cut off" WAY_BACK;
static const char why_forged[] =
    "the registry was changed by something else than this host's manager" WAY_BACK;
static const char why_no_counter[] =
    "the counter that the registry goes with is not in the host's TPM: the TPM was cleared or "
    "replaced, or its NV index was removed" WAY_BACK;
static const char why_other_counter[] =
    "the counter in the host's TPM is another registry's: another manager of this host has made "
    "it, "
    "which needs an --nv-index of its own, or this registry is a copy" WAY_BACK;
static const char why_newer[] =
    "the registry counts further than the counter in the host's TPM: it is another TPM's, or the "
    "counter was made again" WAY_BACK;
static const char why_foreign[] =
    "its NV index is in use by another program; give another with --nv-index";

const char *anchor_state_name(AnchorState state)
{
    static const char *const names[ANCHOR_STATES] = { "none", "held", "kept" };

    return names[state];
}

static gboolean settle_on(Anchor *anchor, AnchorState state, const char *why)
{
    anchor->state = state;
    g_free(anchor->why);
    anchor->why = g_strdup(why);
    return TRUE;
}

static gboolean hold(Anchor *anchor, const char *why)
{
    return settle_on(anchor, ANCHOR_HELD, why);
}

/* -------------------------------------------------------------------------------- key and counter
 */

static gboolean draw(uint8_t *into, gsize size, GError **error)
{
    if (getentropy(into, size) != 0) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_FAILED, "the system has no random numbers: %s",
                    g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

gboolean anchor_derive_key(TpmHost *host, TpmSession *tpm, const RegistryAnchor *row,
                           uint8_t ret_key[REGISTRY_KEY_SIZE], GError **error)
{
    const TpmDerived derived = { ROOT_LABEL, ret_key };
    const TpmDerivedSource source = { row->seed, NULL };

    return tpm_host_derive_keys(host, tpm, &source, &derived, 1, error);
}

/* The counter's secret and the registry's key, which the TPM makes of one seed. */
static gboolean derive(Anchor *anchor, TpmSession *tpm, uint8_t ret_key[REGISTRY_KEY_SIZE],
                       GError **error)
{
    TPM2B_AUTH *auth = &anchor->counter.auth;
    const TpmDerived keys[] = { { "registry counter", auth->buffer }, { ROOT_LABEL, ret_key } };
    const TpmDerivedSource source = { anchor->row.seed, NULL };

    auth->size = TPM_DERIVED_SIZE;
    return tpm_host_derive_keys(anchor->host, tpm, &source, keys, G_N_ELEMENTS(keys), error);
}

/* Has the counter reach what the row names. */
static gboolean count(Anchor *anchor, TpmSession *tpm, GError **error)
{
    if (!tpm_nv_counter_reach(tpm, &anchor->counter, anchor->row.value, &anchor->value, error)) {
        return FALSE;
    }
    anchor->moved = g_get_real_time();
    return TRUE;
}

/* Stores that the counter is about to move on; FALSE without an error: not so soon again. */
static gboolean announce(Anchor *anchor, GError **error)
{
    RegistryAnchor next = anchor->row;
    TokenBucket bucket = { .used = next.used, .then = next.then };

    if (!token_bucket_take(&bucket, &rate, 1, g_get_real_time())) {
        return FALSE;
    }
    next.value = anchor->value + 1;
    next.used = bucket.used;
    next.then = bucket.then;
    if (!registry_anchor_set(anchor->store, &next, error)) {
        return FALSE;
    }
    anchor->row = next;
    return TRUE;
}

/* ---------------------------------------------------------------------------------------- at start
 */

/* A counter is there for the row of value 0, and has not counted: its first value is the row's. */
static gboolean begin(Anchor *anchor, TpmSession *tpm, GError **error)
{
    RegistryAnchor row;

    if (!count(anchor, tpm, error)) {
        return FALSE;
    }
    row = anchor->row;
    row.value = anchor->value;
    if (!registry_anchor_set(anchor->store, &row, error)) {
        return FALSE;
    }
    anchor->row = row;
    return settle_on(anchor, ANCHOR_KEPT, NULL);
}

static gboolean take_row(Anchor *anchor, const uint8_t key[REGISTRY_KEY_SIZE],
                         const RegistryAuthor *accepted, GError **error)
{
    return accepted ? registry_anchor_accept(anchor->store, key, &anchor->row, accepted, error)
                    : registry_anchor_begin(anchor->store, key, &anchor->row, error);
}

/* With a new seed, and no counter at the index. @accepted: who takes it as it is; NULL: nobody. */
static gboolean make(Anchor *anchor, TpmSession *tpm, const RegistryAuthor *accepted,
                     GError **error)
{
    uint8_t key[REGISTRY_KEY_SIZE];
    gboolean ok;

    anchor->row = (RegistryAnchor){ .value = 0 };
    ok = draw(anchor->row.seed, sizeof(anchor->row.seed), error) &&
         derive(anchor, tpm, key, error) && take_row(anchor, key, accepted, error) &&
         tpm_host_make_counter(anchor->host, tpm, &anchor->counter, error) &&
         begin(anchor, tpm, error);
    explicit_bzero(key, sizeof(key));
    return ok;
}

/* A registry without an anchor goes on without, where this TPM cannot have one. */
static gboolean try_to_make(Anchor *anchor, TpmSession *tpm)
{
    g_autoptr(GError) error = NULL;

    return make(anchor, tpm, NULL, &error) || settle_on(anchor, ANCHOR_NONE, error->message);
}

static gboolean judge_value(Anchor *anchor, TpmSession *tpm, GError **error)
{
    if (anchor->row.value < anchor->value) {
        return hold(anchor, why_older);
    }
    if (anchor->row.value > anchor->value + 1) {
        return hold(anchor, why_newer);
    }
    /* Each start counts, so that what was copied before it is older. */
    if (anchor->row.value == anchor->value && !announce(anchor, error) && *error) {
        return FALSE;
    }
    return count(anchor, tpm, error) && settle_on(anchor, ANCHOR_KEPT, NULL);
}

/* The row's own counter, if it is. */
static gboolean judge(Anchor *anchor, TpmSession *tpm, GError **error)
{
    TpmNvState found;

    if (!tpm_nv_counter_read(tpm, &anchor->counter, &found, &anchor->value, error)) {
        return FALSE;
    }
    switch (found) {
    case TPM_NV_ABSENT:
        return anchor->row.value == 0 ? try_to_make(anchor, tpm) : hold(anchor, why_no_counter);
    case TPM_NV_UNWRITTEN:
        return anchor->row.value == 0 ? begin(anchor, tpm, error) : hold(anchor, why_no_counter);
    case TPM_NV_COUNTS:
        return anchor->row.value == 0 ? hold(anchor, why_unanchored)
                                      : judge_value(anchor, tpm, error);
    case TPM_NV_FOREIGN:
        break;
    }
    return hold(anchor, why_other_counter);
}

static gboolean check_anchored(Anchor *anchor, TpmSession *tpm, GError **error)
{
    g_autoptr(GError) local = NULL;
    uint8_t key[REGISTRY_KEY_SIZE];
    gboolean right;

    if (!derive(anchor, tpm, key, error)) {
        explicit_bzero(key, sizeof(key));
        return FALSE;
    }
    right = registry_anchor_check(anchor->store, key, &local);
    explicit_bzero(key, sizeof(key));
    if (g_error_matches(local, REGISTRY_ERROR, REGISTRY_ERROR_FORGED)) {
        return hold(anchor, why_forged);
    }
    if (!right) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return judge(anchor, tpm, error);
}

static gboolean check_unanchored(Anchor *anchor, TpmSession *tpm, GError **error)
{
    TpmNvState found;

    if (!tpm_nv_counter_look(tpm, anchor->index, &found, error)) {
        return FALSE;
    }
    switch (found) {
    case TPM_NV_ABSENT:
        return try_to_make(anchor, tpm);
    case TPM_NV_FOREIGN:
        return settle_on(anchor, ANCHOR_NONE, why_foreign);
    case TPM_NV_UNWRITTEN:
    case TPM_NV_COUNTS:
        break;
    }
    return hold(anchor, why_unanchored);
}

gboolean anchor_check(Anchor *anchor, TpmSession *tpm, GError **error)
{
    g_autoptr(GError) local = NULL;
    gboolean ok = registry_anchor_get(anchor->store, &anchor->row)
                      ? check_anchored(anchor, tpm, &local)
                      : check_unanchored(anchor, tpm, &local);

    if (!ok) {
        g_propagate_error(error, g_steal_pointer(&local));
    }
    return ok;
}

gboolean anchor_accept(Anchor *anchor, TpmSession *tpm, const RegistryAuthor *by, GError **error)
{
    TpmNvState found;

    if (!tpm_nv_counter_look(tpm, anchor->index, &found, error)) {
        return FALSE;
    }
    if (found == TPM_NV_FOREIGN) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_FAILED, "the registry's counter: %s", why_foreign);
        return FALSE;
    }
    return (found == TPM_NV_ABSENT ||
            tpm_host_remove_counter(anchor->host, tpm, anchor->index, error)) &&
           make(anchor, tpm, by, error);
}

/* ------------------------------------------------------------------------------------------ in use
 */

typedef struct CountJob {
    Anchor *anchor;
    uint64_t target;
    uint64_t value;
    GError *error;
} CountJob;

static void count_run(TpmSession *tpm, void *data)
{
    CountJob *job = data;

    tpm_nv_counter_reach(tpm, &job->anchor->counter, job->target, &job->value, &job->error);
}

static void plan(Anchor *anchor, guint milliseconds);

static void count_done(void *data)
{
    g_autofree CountJob *job = data;
    Anchor *anchor = job->anchor;

    anchor->counting = FALSE;
    if (job->error) {
        g_log(
            G_LOG_DOMAIN, anchor->failing ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
            "the registry's counter: %s; the registry is not protected by it until that works: it "
            "is tried again each minute",
            job->error->message);
        anchor->failing = TRUE;
        g_clear_error(&job->error);
        plan(anchor, RETRY_MS);
        return;
    }
    if (anchor->failing) {
        g_message("the registry's counter counts again");
        anchor->failing = FALSE;
    }
    anchor->value = job->value;
    anchor->moved = g_get_real_time();
}

/* Only one count at a time: the row is never more than one ahead. */
static void submit_count(Anchor *anchor)
{
    CountJob *job = g_new0(CountJob, 1);

    job->anchor = anchor;
    job->target = anchor->row.value;
    anchor->counting = TRUE;
    tpm_worker_submit(anchor->worker, TPM_JOB_READ, count_run, count_done, job);
}

static void move(Anchor *anchor)
{
    g_autoptr(GError) error = NULL;

    if (anchor->row.value == anchor->value) {
        const gint changed = g_atomic_int_and((guint *)&anchor->changed, 0);

        if (!announce(anchor, &error)) {
            g_atomic_int_or((guint *)&anchor->changed, (guint)changed);
            if (error) {
                g_warning("%s", error->message);
            }
            plan(anchor, RETRY_MS);
            return;
        }
    }
    submit_count(anchor);
}

static gboolean on_timer(gpointer data)
{
    Anchor *anchor = data;

    anchor->timer = 0;
    if (anchor->counting) {
        plan(anchor, SOON_MS);
    } else {
        move(anchor);
    }
    return G_SOURCE_REMOVE;
}

static void plan(Anchor *anchor, guint milliseconds)
{
    if (anchor->timer == 0) {
        anchor->timer = g_timeout_add(milliseconds, on_timer, anchor);
    }
}

/* States alone are counted once an hour. */
static gboolean on_tick(gpointer data)
{
    Anchor *anchor = data;

    if (g_atomic_int_get(&anchor->changed) && ABS(g_get_real_time() - anchor->moved) >= STATES_US) {
        plan(anchor, SOON_MS);
    }
    return G_SOURCE_CONTINUE;
}

/* In the thread that stored: VMs are the main context's, states have one of their own. */
static void on_change(RegistryChanges changes, void *data)
{
    Anchor *anchor = data;

    g_atomic_int_or((guint *)&anchor->changed, changes);
    if (changes & REGISTRY_CHANGED_VMS) {
        plan(anchor, SOON_MS);
    }
}

void anchor_settle(Anchor *anchor, TpmWorker *worker)
{
    anchor->worker = worker;
    if (anchor->state == ANCHOR_KEPT) {
        registry_store_watch(anchor->store, on_change, anchor);
        anchor->tick = g_timeout_add_seconds(TICK_S, on_tick, anchor);
    }
}

void anchor_stop(Anchor *anchor)
{
    if (anchor->worker && anchor->state == ANCHOR_KEPT && !anchor->counting &&
        g_atomic_int_get(&anchor->changed)) {
        move(anchor);
    }
}

Anchor *anchor_new(RegistryStore *store, TpmHost *host, TPM2_HANDLE index)
{
    Anchor *anchor = g_new0(Anchor, 1);

    anchor->store = store;
    anchor->host = host;
    anchor->index = anchor->counter.index = index;
    anchor->why = g_strdup("the host's TPM was not asked yet");
    return anchor;
}

void anchor_free(Anchor *anchor)
{
    if (!anchor) {
        return;
    }
    registry_store_watch(anchor->store, NULL, NULL);
    g_clear_handle_id(&anchor->timer, g_source_remove);
    g_clear_handle_id(&anchor->tick, g_source_remove);
    explicit_bzero(&anchor->counter.auth, sizeof(anchor->counter.auth));
    g_free(anchor->why);
    g_free(anchor);
}

AnchorState anchor_state(const Anchor *anchor)
{
    return anchor->state;
}

const char *anchor_why(const Anchor *anchor)
{
    return anchor->why;
}

uint64_t anchor_value(const Anchor *anchor)
{
    return anchor->value;
}

int64_t anchor_moved(const Anchor *anchor)
{
    return anchor->moved / G_USEC_PER_SEC;
}
