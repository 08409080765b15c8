/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store in a folder of its own, with records to put in. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include "attest/store-ops.h"
#include "store/store-file.h"

#define STORE_NOW 1000000 /* an hour that all tests live in */

typedef struct StoreFixture {
    char *folder;
    char *path;
    DqStoreFile *file;
    DqStore *store;
} StoreFixture;

/** store_fixture_new: makes and opens a store. */
StoreFixture *store_fixture_new(void);
void store_fixture_free(StoreFixture *f);

/** store_fixture_close, store_fixture_open: the file stays. */
void store_fixture_close(StoreFixture *f);
void store_fixture_open(StoreFixture *f);

/** store_host, store_vm: samples; @n tells one from another. */
DqStoreHost store_host(uint8_t n);
DqStoreVm store_vm(uint8_t n);

/** store_add: host and VM number @n. */
void store_add(StoreFixture *f, uint8_t n);

/** store_issue: one challenge that expires at @expires. */
void store_issue(StoreFixture *f, int64_t expires, uint8_t ret_challenge[DQ_CHALLENGE_SIZE]);

/** store_use: with poisoned outputs; -1 where it fails, with the error set. */
int store_use(StoreFixture *f, const uint8_t challenge[DQ_CHALLENGE_SIZE], int64_t now,
              GError **error);

/** store_get_host, store_get_vm: the records numbered @n, which must be there. */
DqStoreHost store_get_host(StoreFixture *f, uint8_t n);
DqStoreVm store_get_vm(StoreFixture *f, uint8_t n);

/** store_good_error: that it is a store's error and says of what; clears it. Returns: FALSE. */
gboolean store_good_error(GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreFixture, store_fixture_free)

#endif
