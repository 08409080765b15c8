/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random register accesses and a random vTPM on both TPM devices
 *
 * Plays the scenes that VTPM_FUZZ_CORPUS, a directory, keeps for each device, then some of random
 * bytes. Each seed is a scene that is the same whenever it is repeated, but for the timing of the
 * processes. A fixed set of seeds runs as a test. VTPM_FUZZ_SECONDS=N goes on with new ones for
 * that long on each device, VTPM_FUZZ_SEED=N runs that one alone. What it finds is QEMU ending, so
 * QEMU should be built with the sanitizers.
 */
#include "qemu/osdep.h"
#include "vtpm-play.h"

#define SEEDS 12
#define SCENE 8192 /* bytes */

static void settle(VtpmStage *stage)
{
    while (!vtpm_fake_settle(stage->v.fake, 1000)) {
    }
}

static void reset(VtpmStage *stage)
{
    vtpm_reset(&stage->v);
}

static bool running(VtpmStage *stage)
{
    return vtpm_state_is(&stage->v, "running");
}

static VtpmStage open_stage(const VtpmRole *role)
{
    VtpmStage stage = { .role = role, .settle = settle, .reset = reset, .running = running };

    stage.v = vtpm_start_plain(role->version, role->device, VTPM_PLAY_OPTIONS, "");
    return stage;
}

static void play_corpus(VtpmStage *stage, const char *corpus)
{
    g_autofree char *path = g_build_filename(corpus, stage->role->name, NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    unsigned scenes = 0;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autofree char *scene = NULL;
        size_t size;

        g_assert_true(g_file_get_contents(file, &scene, &size, NULL));
        vtpm_play(stage, (uint8_t *)scene, size);
        scenes++;
    }
    g_assert_cmpuint(scenes, >, 0);
    g_test_message("%s: %u scenes of the corpus", stage->role->name, scenes);
}

static void play_seed(VtpmStage *stage, uint32_t seed)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    uint8_t scene[SCENE];

    g_test_message("%s: seed %" PRIu32, stage->role->name, seed);
    for (size_t i = 0; i < sizeof(scene); i++) {
        scene[i] = g_rand_int(rand);
    }
    vtpm_play(stage, scene, sizeof(scene));
}

static void test_role(const void *role)
{
    const char *corpus = g_getenv("VTPM_FUZZ_CORPUS");
    const char *seconds = g_getenv("VTPM_FUZZ_SECONDS"), *seed = g_getenv("VTPM_FUZZ_SEED");
    int64_t end = g_get_monotonic_time() + (seconds ? atoll(seconds) : 0) * G_TIME_SPAN_SECOND;
    uint32_t runs = 0, first = seed ? atoll(seed) : seconds ? g_random_int() : 1;
    VtpmStage stage = open_stage(role);

    if (corpus && !seed) {
        play_corpus(&stage, corpus);
    }
    do {
        play_seed(&stage, first + runs);
        runs++;
    } while (!seed && (seconds ? g_get_monotonic_time() < end : runs < SEEDS));
    g_test_message("%u scenes of %u bytes from seed %" PRIu32, runs, SCENE, first);
    vtpm_stop(&stage.v);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < VTPM_ROLES; i++) {
        g_autofree char *path = g_strdup_printf("/vtpm-fuzz/%s", vtpm_roles[i].name);

        qtest_add_data_func(path, &vtpm_roles[i], test_role);
    }
    return g_test_run();
}
