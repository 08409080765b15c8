/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "failing_memory.h"

#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdlib.h>

static sqlite3_mem_methods real;
static int calls_left = -1;
static gboolean failed;

static gboolean fails(void)
{
    if (calls_left < 0 || calls_left-- > 0) {
        return FALSE;
    }
    failed = TRUE;
    return TRUE;
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 || fails() ? NULL : malloc(size);
}

static void *crypto_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails() ? NULL : realloc(memory, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static void *sqlite_malloc(int size)
{
    return fails() ? NULL : real.xMalloc(size);
}

static void *sqlite_realloc(void *memory, int size)
{
    return fails() ? NULL : real.xRealloc(memory, size);
}

void failing_memory_install(void)
{
    sqlite3_mem_methods ours;

    g_assert_true(CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free));
    g_assert_cmpint(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real), ==, SQLITE_OK);
    ours = real;
    ours.xMalloc = sqlite_malloc;
    ours.xRealloc = sqlite_realloc;
    g_assert_cmpint(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), ==, SQLITE_OK);
    /* Its store of small allocations would keep most of them from here; newer ones all */
    g_assert_cmpint(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), ==, SQLITE_OK);
}

static void arm(int calls)
{
    failed = FALSE;
    calls_left = calls;
}

static gboolean disarm(void)
{
    calls_left = -1;
    return failed;
}

const TestFaults failing_memory = { arm, disarm };
