/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "encrypt_state.h"

#include "side_swtpm.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(char *error, size_t error_size, const char *what)
{
    snprintf(error, error_size, "the TPM's state cannot be encrypted: %s", what);
    return false;
}

static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* Overwrites what @fd has, on the disk. */
static bool overwrite(int fd)
{
    static const uint8_t zeros[4096];
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return false;
    }
    for (off_t at = 0; at < st.st_size;) {
        off_t left = st.st_size - at;
        ssize_t n =
            pwrite(fd, zeros, left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros), at);

        if (n <= 0) {
            return false;
        }
        at += n;
    }
    return fsync(fd) == 0;
}

/* Whether two names are those of one file. */
static bool is_same_file(const char *a, const char *b)
{
    struct stat st[2];

    return lstat(a, &st[0]) == 0 && lstat(b, &st[1]) == 0 && st[0].st_ino == st[1].st_ino &&
           st[0].st_dev == st[1].st_dev;
}

/* Reads the state that is there. */
static uint8_t *take(const char *tpmstate, bool tpm2, const uint8_t *key, size_t *ret_len)
{
    SideSwtpm swtpm;
    uint8_t *state;

    if (!side_swtpm_start(&swtpm, tpmstate, tpm2, key)) {
        return NULL;
    }
    state = side_swtpm_init(&swtpm) ? side_swtpm_get(&swtpm, ret_len) : NULL;
    side_swtpm_end(&swtpm);
    return state;
}

/* Has it stored anew; swtpm puts the new file in the place of the old one at once. */
static bool give(const char *tpmstate, bool tpm2, const uint8_t *key, const uint8_t *state,
                 size_t len)
{
    SideSwtpm swtpm;
    bool ok;

    if (!side_swtpm_start(&swtpm, tpmstate, tpm2, key)) {
        return false;
    }
    ok = side_swtpm_set(&swtpm, state, len) && side_swtpm_init(&swtpm);
    side_swtpm_end(&swtpm);
    return ok;
}

static void drop(uint8_t *state, size_t len)
{
    if (state) {
        explicit_bzero(state, len);
        free(state);
    }
}

/* Whether the state can be had with the key: swtpm checks that it is all of what was stored. */
static bool loads(const char *tpmstate, bool tpm2, const uint8_t *key)
{
    size_t len = 0;
    uint8_t *state = take(tpmstate, tpm2, key, &len);
    const bool ok = state != NULL;

    drop(state, len);
    return ok;
}

/*
 * Whether the state is there with the key. It need not be the same bytes: what swtpm_setup made has
 * PCR banks that are switched off when it is first loaded.
 */
static bool is_kept(const StateFile *file, const char *tpmstate, bool tpm2, const uint8_t *key)
{
    return state_file_look(file->path) == STATE_FILE_ENCRYPTED && loads(tpmstate, tpm2, key);
}

/* Overwrites the plain file, and takes its name away. */
static void give_up_plain(const StateFile *file)
{
    int fd = open(file->plain, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        return;
    }
    if (overwrite(fd)) {
        unlink(file->plain);
        sync_folder(file->folder);
    }
    close(fd);
}

/* The state is what it was before, whether swtpm stored anything or not. */
static bool put_plain_back(const StateFile *file)
{
    if (rename(file->plain, file->path) != 0) {
        return false;
    }
    unlink(file->plain); /* two names of one file are not renamed */
    sync_folder(file->folder);
    return true;
}

void encrypt_state_finish(const StateFile *file, const char *tpmstate, bool tpm2,
                          const uint8_t *key)
{
    const StateFileKind kind = state_file_look(file->plain);

    if (kind == STATE_FILE_ABSENT) {
        return;
    }
    /* It is overwritten from its beginning on, when the other one was loaded once. */
    if (!is_same_file(file->plain, file->path) &&
        (kind != STATE_FILE_PLAIN || loads(tpmstate, tpm2, key))) {
        give_up_plain(file);
    } else {
        put_plain_back(file);
    }
}

bool encrypt_state(const StateFile *file, const char *tpmstate, bool tpm2, const uint8_t *key,
                   char *error, size_t error_size)
{
    size_t len = 0;
    uint8_t *state;
    bool ok;

    for (size_t i = 0; i < sizeof(file->others) / sizeof(file->others[0]); i++) {
        if (access(file->others[i], F_OK) == 0) {
            return fail(error, error_size, "it was suspended; it will be when it was shut down");
        }
    }
    if (link(file->path, file->plain) != 0 || !sync_folder(file->folder)) {
        return fail(error, error_size, "a second name for its file is not possible");
    }
    state = take(tpmstate, tpm2, NULL, &len);
    ok = state && give(tpmstate, tpm2, key, state, len) && is_kept(file, tpmstate, tpm2, key);
    drop(state, len);
    if (ok) {
        give_up_plain(file);
        return true;
    }
    return fail(error, error_size,
                put_plain_back(file) ? "swtpm does not take it with a key"
                                     : "the plain one is kept beside it");
}
