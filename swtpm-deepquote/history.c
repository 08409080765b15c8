/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history.h"

#include <openssl/evp.h>
#include <string.h>

enum {
    WAIT_MS = 2000,       /* for a manager that is there, before a store or a start */
    ASK_AGAIN_MS = 1000,  /* a manager that was not there */
    ASK_LATER_MS = 10000, /* one that refused, or did not answer */
};

static const char domain[] = "DEEPQUOTE-STATE-V1"; /* hashed with its NUL */

ManagerState history_hash(WireBytes state)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ManagerState hash = { 0 };
    unsigned size = 0;

    hash.known = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                 EVP_DigestUpdate(context, domain, sizeof(domain)) == 1 &&
                 EVP_DigestUpdate(context, state.p, state.len) == 1 &&
                 EVP_DigestFinal_ex(context, hash.hash, &size) == 1 && size == sizeof(hash.hash);
    EVP_MD_CTX_free(context);
    return hash;
}

static bool same(const ManagerState *a, const ManagerState *b)
{
    return a->known == b->known && (!a->known || memcmp(a->hash, b->hash, sizeof(a->hash)) == 0);
}

void history_read(History *h, WireBytes state)
{
    /* A TPM that is made anew is written, and then read. */
    if (!h->written.known) {
        h->on_disk = state.p ? history_hash(state) : (ManagerState){ 0 };
    }
}

void history_set(History *h, bool permanent, WireBytes state)
{
    h->given_any = h->given_any || state.p;
    if (permanent) {
        h->given = state.p ? history_hash(state) : (ManagerState){ 0 };
    }
}

void history_begin(History *h)
{
    h->beginning = true;
    h->on_disk = (ManagerState){ 0 };
    h->written = (ManagerState){ 0 };
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

bool history_begun(History *h, ManagerClient *client)
{
    const ManagerState loaded = h->given.known ? h->given : h->on_disk;
    const bool goes_on = same_life(h, client, &loaded);

    h->beginning = false;
    h->unsettled = false;
    if (!goes_on) {
        client->stored = loaded;
        manager_client_begin_life(client);
        h->told = h->behind = h->halted = false;
        h->asks_again = 0;
    }
    if (h->written.known && !same(&h->written, &client->stored)) {
        client->stored = h->written;
        client->stores++;
        h->behind = goes_on;
    }
    h->given = (ManagerState){ 0 };
    h->given_any = false;
    h->lives = true;
    /* A vTPM that was made anew may yet get the state of another host. */
    return loaded.known ? tell(h, client) : true;
}

bool history_goes_on(History *h, ManagerClient *client)
{
    return h->halted || !h->told || h->behind ? tell(h, client) : true;
}

static void announce(History *h, ManagerClient *client, const ManagerState *next)
{
    ManagerMessage request = { .type = MANAGER_ANNOUNCE, .announce = { client->stored, *next } };
    ManagerReply reply;
    uint32_t rc =
        manager_client_call(client, &request, manager_client_deadline_in(client, WAIT_MS), &reply);

    note_outcome(h, client, rc);
    h->unsettled = true;
}

bool history_announce(History *h, ManagerClient *client, const ManagerState *next)
{
    if (h->beginning) {
        return true;
    }
    if (!h->told || h->behind) {
        tell(h, client);
    }
    h->behind = h->behind || !may_ask(h, client);
    if (h->halted || h->behind || same(next, &client->stored)) {
        return !h->halted;
    }
    announce(h, client, next);
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
