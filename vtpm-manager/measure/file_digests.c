/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/file_digests.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK = 256 * 1024,
    SETTLED_S = 2, /* longer than a tick of any file system's clock */
};

/* An initrd may be large; more would keep others waiting. */
static const off_t size_max = (off_t)2 << 30;

/** What a file is known by. Without padding: compared and hashed as it lies in memory. */
typedef struct FileId {
    int64_t device, inode, changed, changed_ns, size;
} FileId;

typedef struct Digest {
    FileId id; /* first: the key */
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    GList link; /* in the order of use */
} Digest;

struct FileDigests {
    GHashTable *known; /* FileId -> Digest, which it owns */
    GQueue used;       /* Digest, the last one used first */
    guint max;
    uint64_t read;
    off_t at_once; /* bytes */
    off_t left;    /* of them */
};

static guint id_hash(gconstpointer key)
{
    const FileId *id = key;

    return g_int64_hash(&id->inode) ^ g_int64_hash(&id->changed) ^
           g_int64_hash(&id->changed_ns) * 31 ^ g_int64_hash(&id->device) * 17;
}

static gboolean id_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(FileId)) == 0;
}

FileDigests *file_digests_new(guint max, off_t at_once)
{
    FileDigests *digests = g_new0(FileDigests, 1);

    digests->known = g_hash_table_new_full(id_hash, id_equal, NULL, g_free);
    digests->max = max;
    digests->at_once = at_once;
    file_digests_begin(digests);
    return digests;
}

void file_digests_begin(FileDigests *digests)
{
    digests->left = digests->at_once;
}

void file_digests_free(FileDigests *digests)
{
    if (digests) {
        g_hash_table_unref(digests->known);
        g_free(digests);
    }
}

static gboolean set_error(GError **error, const char *name, const char *why)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "cannot read %s: %s", name, why);
    return FALSE;
}

static gboolean look(int fd, const char *name, FileId *ret, GError **error)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return set_error(error, name, g_strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return set_error(error, name, "it is no regular file");
    }
    if (st.st_size > size_max) {
        return set_error(error, name, "it is larger than 2 GiB");
    }
    *ret = (FileId){ (int64_t)st.st_dev, (int64_t)st.st_ino, st.st_ctim.tv_sec, st.st_ctim.tv_nsec,
                     st.st_size };
    return TRUE;
}

/* Reads no more than was there when it was looked at. */
static gboolean hash_file(int fd, const char *name, off_t size, uint8_t *ret, GError **error)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree uint8_t *chunk = g_malloc(CHUNK);
    gsize len = DEEPQUOTE_HASH_SIZE;

    for (off_t at = 0; at < size;) {
        const ssize_t n = pread(fd, chunk, MIN((gsize)CHUNK, (gsize)(size - at)), at);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return set_error(error, name, n < 0 ? g_strerror(errno) : "it became shorter");
        }
        g_checksum_update(sum, chunk, n);
        at += n;
    }
    g_checksum_get_digest(sum, ret, &len);
    return TRUE;
}

static void remember(FileDigests *digests, const FileId *id, const uint8_t *digest)
{
    Digest *entry;

    if (id->changed + SETTLED_S >= (int64_t)time(NULL)) {
        return;
    }
    if (g_hash_table_size(digests->known) >= digests->max) {
        Digest *oldest = g_queue_peek_tail(&digests->used);

        g_queue_unlink(&digests->used, &oldest->link);
        g_hash_table_remove(digests->known, &oldest->id);
    }
    entry = g_new0(Digest, 1);
    entry->id = *id;
    entry->link.data = entry;
    memcpy(entry->digest, digest, sizeof(entry->digest));
    g_hash_table_replace(digests->known, &entry->id, entry);
    g_queue_push_head_link(&digests->used, &entry->link);
}

gboolean file_digests_get(FileDigests *digests, int fd, const char *name,
                          uint8_t ret[DEEPQUOTE_HASH_SIZE], GError **error)
{
    FileId id;
    FileId after;
    Digest *known;

    if (!look(fd, name, &id, error)) {
        return FALSE;
    }
    known = g_hash_table_lookup(digests->known, &id);
    if (known) {
        g_queue_unlink(&digests->used, &known->link);
        g_queue_push_head_link(&digests->used, &known->link);
        memcpy(ret, known->digest, sizeof(known->digest));
        return TRUE;
    }
    if (id.size > digests->left) {
        return set_error(error, name, "the files before it were all that is read at once");
    }
    digests->left -= id.size;
    digests->read++;
    if (!hash_file(fd, name, id.size, ret, error) || !look(fd, name, &after, error)) {
        return FALSE;
    }
    if (!id_equal(&id, &after)) {
        return set_error(error, name, "it changed while it was read");
    }
    remember(digests, &id, ret);
    return TRUE;
}

uint64_t file_digests_read(const FileDigests *digests)
{
    return digests->read;
}
