/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/writer.h"

#include "registry/error.h"

typedef struct Write {
    RegistryVmState vm; /* first: registry_store_put_states() takes it for that */
    StateWritten done;
    void *data;
} Write;

/** What one write of the disk stores. */
typedef struct Batch {
    GPtrArray *writes; /* Write */
    GError *error;     /* NULL: they are stored */
} Batch;

struct StateWriter {
    RegistryStore *store;
    GMainContext *context;
    GHashTable *pending;   /* uuid -> Write; of the context's thread alone */
    GAsyncQueue *finished; /* Batch */
    GThread *thread;
    GMutex lock; /* of all that follows */
    GCond changed;
    GPtrArray *waiting; /* Write */
    gboolean ends;
};

/* What waits, all of it; NULL: the thread is to end. */
static GPtrArray *take_waiting(StateWriter *writer)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&writer->lock);
    GPtrArray *waiting;

    while (!writer->ends && writer->waiting->len == 0) {
        g_cond_wait(&writer->changed, &writer->lock);
    }
    if (writer->ends) {
        return NULL;
    }
    waiting = writer->waiting;
    writer->waiting = g_ptr_array_new_with_free_func(g_free);
    return waiting;
}

static void free_batch(Batch *batch)
{
    g_ptr_array_unref(batch->writes);
    g_clear_error(&batch->error);
    g_free(batch);
}

/* A VM may have its next state stored as soon as it is told. */
static void tell(StateWriter *writer, const GPtrArray *writes, const GError *error)
{
    for (guint i = 0; i < writes->len; i++) {
        const Write *write = g_ptr_array_index(writes, i);

        g_hash_table_remove(writer->pending, &write->vm.uuid);
        write->done(&write->vm, error, write->data);
    }
}

/* In the context's thread. */
static gboolean tell_finished(gpointer data)
{
    StateWriter *writer = data;
    Batch *batch;

    while ((batch = g_async_queue_try_pop(writer->finished))) {
        tell(writer, batch->writes, batch->error);
        free_batch(batch);
    }
    return G_SOURCE_REMOVE;
}

static void hand_back(StateWriter *writer, Batch *batch)
{
    g_autoptr(GSource) source = g_idle_source_new();

    g_async_queue_push(writer->finished, batch);
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, tell_finished, writer, NULL);
    g_source_attach(source, writer->context);
}

static gpointer run(gpointer data)
{
    StateWriter *writer = data;
    GPtrArray *writes;

    while ((writes = take_waiting(writer))) {
        Batch *batch = g_new0(Batch, 1);

        batch->writes = writes;
        registry_store_put_states(writer->store, writes, &batch->error);
        hand_back(writer, batch);
    }
    return NULL;
}

StateWriter *state_writer_new(RegistryStore *store, GMainContext *context)
{
    StateWriter *writer = g_new0(StateWriter, 1);

    registry_store_make_room(store);
    writer->store = store;
    writer->context = context;
    writer->pending = g_hash_table_new(wire_uuid_hash, wire_uuid_equal);
    writer->finished = g_async_queue_new();
    g_mutex_init(&writer->lock);
    g_cond_init(&writer->changed);
    writer->waiting = g_ptr_array_new_with_free_func(g_free);
    writer->thread = g_thread_new("states", run, writer);
    return writer;
}

void state_writer_free(StateWriter *writer)
{
    g_autoptr(GError) ended =
        g_error_new_literal(REGISTRY_ERROR, REGISTRY_ERROR_STORAGE, "the manager ends");
    GSource *source;

    if (!writer) {
        return;
    }
    g_mutex_lock(&writer->lock);
    writer->ends = TRUE;
    g_cond_signal(&writer->changed);
    g_mutex_unlock(&writer->lock);
    g_thread_join(writer->thread);
    tell_finished(writer);
    while ((source = g_main_context_find_source_by_user_data(writer->context, writer))) {
        g_source_destroy(source);
    }
    tell(writer, writer->waiting, ended);
    g_ptr_array_unref(writer->waiting);
    g_async_queue_unref(writer->finished);
    g_hash_table_unref(writer->pending);
    g_cond_clear(&writer->changed);
    g_mutex_clear(&writer->lock);
    g_free(writer);
}

void state_writer_put(StateWriter *writer, const RegistryVmState *vm, StateWritten done, void *data)
{
    Write *write = g_new0(Write, 1);

    *write = (Write){ *vm, done, data };
    g_hash_table_insert(writer->pending, &write->vm.uuid, write);
    g_mutex_lock(&writer->lock);
    g_ptr_array_add(writer->waiting, write);
    g_cond_signal(&writer->changed);
    g_mutex_unlock(&writer->lock);
}

gboolean state_writer_has(const StateWriter *writer, const WireUuid *uuid)
{
    return g_hash_table_contains(writer->pending, uuid);
}
