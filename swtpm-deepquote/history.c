/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history.h"

#include <openssl/evp.h>
#include <string.h>

enum {
    WAIT_MS = 2000,       /* for a manager that is there, before a store or a start */
    ASK_AGAIN_MS = 1000,  /* a manager that was not there */
    ASK_LATER_MS = 10000, /* one that refused, or did not answer */
};

/* What is hashed begins with what it is, with its NUL. */
static const char state_domain[] = "DEEPQUOTE-STATE-V1";
static const char saved_domain[] = "DEEPQUOTE-SAVED-V1";
static const char volatile_domain[] = "DEEPQUOTE-VOLATILE-V1";

/* SHA-256 over @domain, the hash @before where it is known, and @data. */
static ManagerState hash_of(WireBytes domain, const ManagerState *before, WireBytes data)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ManagerState hash = { 0 };
    unsigned size = 0;

    hash.known =
        context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
        EVP_DigestUpdate(context, domain.p, domain.len) == 1 &&
        (!before->known || EVP_DigestUpdate(context, before->hash, sizeof(before->hash)) == 1) &&
        EVP_DigestUpdate(context, data.p, data.len) == 1 &&
        EVP_DigestFinal_ex(context, hash.hash, &size) == 1 && size == sizeof(hash.hash);
    EVP_MD_CTX_free(context);
    return hash;
}

#define DOMAIN(text) ((WireBytes){ (const uint8_t *)(text), sizeof(text) })

static const ManagerState nothing;

ManagerState history_hash(WireBytes state)
{
    return hash_of(DOMAIN(state_domain), &nothing, state);
}

static ManagerState hash_kind(HistoryKind kind, WireBytes state)
{
    return !state.p                    ? nothing
           : kind == HISTORY_PERMANENT ? history_hash(state)
                                       : hash_of(DOMAIN(volatile_domain), &nothing, state);
}

/* Of a vTPM with both; that of the permanent state alone where there is no other. */
static ManagerState hash_both(const ManagerState *permanent, const ManagerState *rest)
{
    return permanent->known && rest->known ? hash_of(DOMAIN(saved_domain), permanent,
                                                     (WireBytes){ rest->hash, sizeof(rest->hash) })
                                           : *permanent;
}

static bool same(const ManagerState *a, const ManagerState *b)
{
    return a->known == b->known && (!a->known || memcmp(a->hash, b->hash, sizeof(a->hash)) == 0);
}

void history_read(History *h, HistoryKind kind, WireBytes state)
{
    /* A TPM that is made anew is written, and then read. */
    if (kind != HISTORY_KINDS && (kind != HISTORY_PERMANENT || !h->written.known)) {
        h->on_disk[kind] = hash_kind(kind, state);
    }
}

void history_set(History *h, HistoryKind kind, WireBytes state)
{
    h->given_any = h->given_any || state.p;
    if (kind != HISTORY_KINDS) {
        h->given[kind] = hash_kind(kind, state);
    }
}

void history_begin(History *h)
{
    h->beginning = true;
    memset(h->on_disk, 0, sizeof(h->on_disk));
    h->written = nothing;
}

/* When the manager is worth another wait, after an attempt that ended with @rc. */
static uint64_t next_attempt(const ManagerClient *client, uint32_t rc)
{
    return manager_client_deadline_in(client, 0) +
           (rc == DEEPQUOTE_RC_NO_MANAGER ? ASK_AGAIN_MS : ASK_LATER_MS);
}

/*
 * What an attempt says of this life. A HELLO that is refused closes the connection; over one that
 * is open the same reason means that the manager was told too little.
 */
static void note_outcome(History *h, const ManagerClient *client, uint32_t rc)
{
    h->behind = rc != TPM_RC_SUCCESS;
    h->asks_again = rc == TPM_RC_SUCCESS ? 0 : next_attempt(client, rc);
    h->halted = rc == DEEPQUOTE_RC_DENIED && client->state == MANAGER_CLOSED &&
                client->reason == MANAGER_REASON_BROKEN_HISTORY;
}

static bool may_ask(const History *h, const ManagerClient *client)
{
    return h->asks_again == 0 || manager_client_deadline_in(client, 0) >= h->asks_again;
}

/* Has the manager know of this life, and of what is stored. */
static bool tell(History *h, ManagerClient *client)
{
    uint32_t rc;

    if (!may_ask(h, client)) {
        return !h->halted;
    }
    if (h->behind) {
        manager_client_drop(client); /* a HELLO says what is stored */
    }
    rc = manager_client_welcome(client, manager_client_deadline_in(client, WAIT_MS));
    note_outcome(h, client, rc);
    h->told = true;
    return !h->halted;
}

/* A reset goes on with what this process stored; anything else is another life. */
static bool same_life(const History *h, const ManagerClient *client, const ManagerState *loaded)
{
    return h->lives && !h->given_any && same(&client->stored, loaded);
}

/* What TPMLIB_MainInit took. */
static const ManagerState *taken(const History *h, HistoryKind kind)
{
    return h->given[kind].known ? &h->given[kind] : &h->on_disk[kind];
}

/* A life that is resumed may be so again, until it executes a command. */
static void begin_life(History *h, ManagerClient *client, const ManagerState *permanent,
                       const ManagerState *loaded)
{
    client->stored = *permanent;
    client->saved = taken(h, HISTORY_VOLATILE)->known ? *loaded : nothing;
    h->cold = h->quiet_start && !client->saved.known;
    manager_client_begin_life(client, loaded);
    h->told = h->behind = h->halted = false;
    h->asks_again = 0;
}

bool history_begun(History *h, ManagerClient *client)
{
    const ManagerState permanent = *taken(h, HISTORY_PERMANENT);
    const ManagerState loaded = hash_both(&permanent, taken(h, HISTORY_VOLATILE));
    const bool goes_on = same_life(h, client, &loaded);

    h->beginning = false;
    h->unsettled = false;
    if (!goes_on) {
        begin_life(h, client, &permanent, &loaded);
    }
    if (h->written.known && !same(&h->written, &client->stored)) {
        client->stored = h->written;
        client->saved = nothing;
        client->stores++;
        h->behind = goes_on;
    }
    memset(h->given, 0, sizeof(h->given));
    h->given_any = false;
    h->lives = true;
    /* A vTPM that was made anew may yet get the state of another host. */
    return loaded.known ? tell(h, client) : true;
}

static void announce(History *h, ManagerClient *client, const ManagerState *next)
{
    ManagerMessage request = { .type = MANAGER_ANNOUNCE,
                               .announce = { client->stored, *next, client->saved } };
    ManagerReply reply;
    uint32_t rc =
        manager_client_call(client, &request, manager_client_deadline_in(client, WAIT_MS), &reply);

    note_outcome(h, client, rc);
    h->unsettled = true;
}

/* Has the manager know of all but what follows; false: it does not, and is told later. */
static bool catch_up(History *h, ManagerClient *client)
{
    if (!h->told || h->behind) {
        tell(h, client);
    }
    h->behind = h->behind || !may_ask(h, client);
    return !h->halted && !h->behind;
}

bool history_goes_on(History *h, ManagerClient *client)
{
    if ((client->saved.known || h->cold) && !h->halted) {
        const bool knows = h->told && !h->behind;

        h->cold = false;
        client->saved = nothing;
        if (knows && catch_up(h, client)) {
            announce(h, client, &client->stored);
        }
    }
    return h->halted || !h->told || h->behind ? tell(h, client) : true;
}

bool history_announce(History *h, ManagerClient *client, const ManagerState *next)
{
    if (h->beginning) {
        return true;
    }
    if (catch_up(h, client) && !same(next, &client->stored)) {
        client->saved = nothing;
        announce(h, client, next);
    }
    return !h->halted;
}

bool history_suspend(History *h, ManagerClient *client, WireBytes state)
{
    const ManagerState rest = hash_kind(HISTORY_VOLATILE, state);
    const bool knows = h->told && !h->behind;

    if (!h->lives || !client->stored.known) {
        return true;
    }
    client->saved = hash_both(&client->stored, &rest);
    if (catch_up(h, client) && knows) {
        announce(h, client, &client->stored);
    }
    return !h->halted;
}

void history_end(History *h, ManagerClient *client)
{
    if (h->lives && h->unsettled && !h->behind && !h->halted) {
        announce(h, client, &client->stored);
        h->unsettled = false;
    }
}

void history_stored(History *h, ManagerClient *client, const ManagerState *now)
{
    if (h->beginning) {
        h->written = *now;
        return;
    }
    client->stored = *now;
    client->stores++;
}
