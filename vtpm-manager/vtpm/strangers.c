/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/strangers.h"

typedef struct StrangerGroup {
    char *name;
    GQueue members; /* of Stranger, oldest first */
} StrangerGroup;

struct Strangers {
    GHashTable *groups; /* name -> StrangerGroup; only those that have members */
    GQueue all;         /* of Stranger, oldest first */
    Deadlines *patience;
    StrangerOut out;
};

static void group_free(gpointer data)
{
    StrangerGroup *group = data;

    g_free(group->name);
    g_free(group);
}

static void out(Stranger *stranger)
{
    Strangers *strangers = stranger->strangers;
    void *connection = stranger->connection;

    strangers_remove(stranger);
    strangers->out(connection);
}

static void out_of_patience(Deadline *deadline)
{
    out((Stranger *)deadline);
}

Strangers *strangers_new(GMainContext *context, StrangerOut out_function)
{
    Strangers *strangers = g_new0(Strangers, 1);

    strangers->groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, group_free);
    g_queue_init(&strangers->all);
    strangers->patience = deadlines_new(context, out_of_patience);
    strangers->out = out_function;
    return strangers;
}

void strangers_free(Strangers *strangers)
{
    if (strangers) {
        g_assert(g_queue_is_empty(&strangers->all));
        g_hash_table_unref(strangers->groups);
        deadlines_free(strangers->patience);
        g_free(strangers);
    }
}

static StrangerGroup *group_of(Strangers *strangers, const char *name)
{
    StrangerGroup *group = g_hash_table_lookup(strangers->groups, name);

    if (!group) {
        group = g_new0(StrangerGroup, 1);
        group->name = g_strdup(name);
        g_queue_init(&group->members);
        g_hash_table_insert(strangers->groups, group->name, group);
    }
    return group;
}

void strangers_add(Strangers *strangers, Stranger *stranger, const char *group, void *connection)
{
    stranger->strangers = strangers;
    stranger->group = group_of(strangers, group);
    stranger->of_all.data = stranger;
    stranger->of_group.data = stranger;
    stranger->connection = connection;
    g_queue_push_tail_link(&strangers->all, &stranger->of_all);
    g_queue_push_tail_link(&stranger->group->members, &stranger->of_group);
    deadline_set(strangers->patience, &stranger->patience,
                 g_get_monotonic_time() + STRANGERS_PATIENCE_S * G_USEC_PER_SEC);
    if (g_queue_get_length(&stranger->group->members) > STRANGERS_OF_GROUP) {
        out(g_queue_peek_head(&stranger->group->members));
    } else if (g_queue_get_length(&strangers->all) > STRANGERS_MAX) {
        out(g_queue_peek_head(&strangers->all));
    }
}

void strangers_remove(Stranger *stranger)
{
    StrangerGroup *group = stranger->group;

    if (!group) {
        return;
    }
    stranger->group = NULL;
    deadline_clear(&stranger->patience);
    g_queue_unlink(&stranger->strangers->all, &stranger->of_all);
    g_queue_unlink(&group->members, &stranger->of_group);
    if (g_queue_is_empty(&group->members)) {
        g_hash_table_remove(stranger->strangers->groups, group->name);
    }
}

gboolean strangers_out_oldest(Strangers *strangers)
{
    Stranger *oldest = g_queue_peek_head(&strangers->all);

    if (!oldest) {
        return FALSE;
    }
    out(oldest);
    return TRUE;
}

guint strangers_count(const Strangers *strangers)
{
    return g_queue_get_length((GQueue *)&strangers->all);
}

guint strangers_groups(const Strangers *strangers)
{
    return g_hash_table_size(strangers->groups);
}
