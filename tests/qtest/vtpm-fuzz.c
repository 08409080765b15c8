/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer targets: scenes played on a TPM of a QEMU in the fuzzer's own process
 */
#include "qemu/osdep.h"
#include "qapi/qapi-commands-tpm-status.h"
#include "qemu/main-loop.h"
#include "system/runstate.h"
#include "fuzz/fuzz.h"
#include "vtpm-play.h"

static VtpmStage stage;

static void leave(void)
{
    vtpm_fake_free(stage.v.fake);
}

static GString *command_line(FuzzTarget *target)
{
    GString *line = g_string_new(NULL);

    stage.role = target->opaque;
    stage.v.fake = vtpm_fake_new(stage.role->version);
    atexit(leave);
    g_string_printf(line,
                    "%s -display none -nodefaults -machine isapc,accel=qtest -m 16M "
                    "-chardev socket,id=chr,path=%s "
                    "-tpmdev emulator,id=tpm0,chardev=chr%s -device %s,tpmdev=tpm0",
                    TARGET_NAME, vtpm_fake_path(stage.v.fake), VTPM_PLAY_OPTIONS,
                    stage.role->device);
    return line;
}

static void settle(VtpmStage *s)
{
    while (!vtpm_fake_settle(s->v.fake, 1)) {
        flush_events(s->v.qts);
    }
    flush_events(s->v.qts);
}

static void reset(VtpmStage *s)
{
    qemu_system_reset(SHUTDOWN_CAUSE_GUEST_RESET);
}

static bool running(VtpmStage *s)
{
    TpmStatusList *all = qmp_query_tpm_status(&error_abort);
    bool is = all->value->state == TPM_BACKEND_STATE_RUNNING;

    qapi_free_TpmStatusList(all);
    return is;
}

/* libFuzzer ends an input that takes too long by the alarm clock, which QEMU has blocked. */
static void unblock_alarm(QTestState *qts)
{
    sigset_t alarm;

    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
}

static void fuzz(QTestState *qts, const unsigned char *scene, size_t size)
{
    stage.v.qts = qts;
    vtpm_play(&stage, scene, size);
}

static void register_targets(void)
{
    stage.settle = settle;
    stage.reset = reset;
    stage.running = running;
    for (size_t i = 0; i < VTPM_ROLES; i++) {
        FuzzTarget target = {
            .name = g_strdup_printf("vtpm-%s", vtpm_roles[i].name),
            .description = g_strdup_printf("%s with a hostile vTPM", vtpm_roles[i].device),
            .get_init_cmdline = command_line,
            .pre_fuzz = unblock_alarm,
            .fuzz = fuzz,
            .opaque = (void *)&vtpm_roles[i],
        };

        fuzz_add_target(&target);
    }
}

fuzz_target_init(register_targets);
