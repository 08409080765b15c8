/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: what QEMU and the front end see of it
 *
 * A vTPM is a process of its own: swtpm, or one that speaks its control protocol.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/clone-visitor.h"
#include "qapi/util.h"
#include "qapi/qapi-visit-tpm.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "chardev/char-socket.h"
#include "system/system.h"
#include "system/tpm_backend_ext.h"
#include "system/tpm_fw_cfg.h"
#include "system/tpm_qemu_version.h"
#include "tpm_emulator_control.h"
#include "tpm_emulator_host.h"
#include "tpm_emulator_io.h"
#include "tpm_emulator_link.h"
#include "tpm_emulator_loss.h"
#include "tpm_emulator_state.h"
#include "tpm_int.h"

#define INLINE_US 300 /* default of the option inline-us */
#define INLINE_US_MAX 1000
#define CONTROL_S 30     /* default of the option control-timeout */
#define COMMAND_S 300    /* default of the option command-timeout */
#define FAREWELL_MS 5000 /* longest wait for the TPM when QEMU ends */

static int tpm_emulator_startup_tpm(TPMBackend *tb, size_t buffer_size)
{
    TPMEmulator *s = TPM_EMULATOR(tb);
    Error *err = NULL;

    if (!tpm_emulator_start(s, buffer_size, &err)) {
        error_report_err(err);
        tpm_emulator_lose(s, "it could not be started");
        return -1;
    }
    return 0;
}

static bool startup_first(TPMBackend *tb, size_t buffer_size, Error **errp)
{
    return tpm_emulator_first_start(TPM_EMULATOR(tb), buffer_size, errp);
}

static void tpm_emulator_reset(TPMBackend *tb)
{
    tpm_emulator_cancel(TPM_EMULATOR(tb));
}

static void tpm_emulator_cancel_cmd(TPMBackend *tb)
{
    tpm_emulator_cancel(TPM_EMULATOR(tb));
}

/* --- what the front end asks for --- */

static bool tpm_emulator_get_established(TPMBackend *tb)
{
    return TPM_EMULATOR(tb)->established;
}

/* A request from within a register write. A refusal is traced only: the guest may cause many. */
static bool vcpu_control(TPMEmulator *s, const TPMEmulatorControl *call)
{
    if (s->flight.phase != TPM_EMULATOR_QUIET && !s->flight.cmd && !s->parked) {
        tpm_emulator_finish(TPM_BACKEND(s)); /* the guest knows of none */
    }
    return s->state == TPM_BACKEND_STATE_RUNNING && s->flight.phase == TPM_EMULATOR_QUIET &&
           tpm_emulator_control(s, call, NULL);
}

static int tpm_emulator_reset_established(TPMBackend *tb, uint8_t locty)
{
    TPMEmulator *s = TPM_EMULATOR(tb);
    uint8_t body[sizeof(ptm_reset_est)] = { locty };

    if (s->version != TPM_VERSION_2_0 || !tpm_emulator_can(s, PTM_CAP_RESET_TPMESTABLISHED)) {
        return 0;
    }
    if (!vcpu_control(s, TPM_EMULATOR_CONTROL(CMD_RESET_TPMESTABLISHED, .body = body,
                                              .body_size = sizeof(body), .on_vcpu = true))) {
        return -1;
    }
    return tpm_emulator_read_established(s, true, NULL) ? 0 : -1;
}

static TPMVersion tpm_emulator_get_version(TPMBackend *tb)
{
    return TPM_EMULATOR(tb)->version;
}

static size_t tpm_emulator_get_buffer_size(TPMBackend *tb)
{
    TPMEmulator *s = TPM_EMULATOR(tb);

    return s->buffer_size ? s->buffer_size : TPM_FRAME_MAX;
}

static TpmTypeOptions *tpm_emulator_get_options(TPMBackend *tb)
{
    TpmTypeOptions *options = g_new0(TpmTypeOptions, 1);

    options->type = TPM_TYPE_EMULATOR;
    options->u.emulator.data = QAPI_CLONE(TPMEmulatorOptions, TPM_EMULATOR(tb)->options);
    return options;
}

static bool tpm_emulator_hash_start(TPMBackend *tb)
{
    TPMEmulator *s = TPM_EMULATOR(tb);
    bool done = tpm_emulator_can(s, PTM_CAP_HASHING) &&
                vcpu_control(s, TPM_EMULATOR_CONTROL(CMD_HASH_START, .on_vcpu = true));

    tpm_emulator_host_set_hashing(s, done);
    return done;
}

static bool tpm_emulator_hash_data(TPMBackend *tb, const uint8_t *data, size_t length)
{
    TPMEmulator *s = TPM_EMULATOR(tb);
    uint32_t body = cpu_to_be32(length);
    bool done = vcpu_control(s, TPM_EMULATOR_CONTROL(CMD_HASH_DATA, .body = &body,
                                                     .body_size = sizeof(body), .tail = data,
                                                     .tail_size = length, .on_vcpu = true));

    tpm_emulator_host_set_hashing(s, done);
    return done;
}

static bool tpm_emulator_hash_end(TPMBackend *tb)
{
    TPMEmulator *s = TPM_EMULATOR(tb);
    bool done = vcpu_control(s, TPM_EMULATOR_CONTROL(CMD_HASH_END, .on_vcpu = true)) &&
                tpm_emulator_read_established(s, true, NULL);

    tpm_emulator_host_set_hashing(s, false);
    return done;
}

static TpmStatus *tpm_emulator_query_status(TPMBackend *tb)
{
    static const TpmVersion version[] = {
        [TPM_VERSION_UNSPEC] = TPM_VERSION_UNKNOWN,
        [TPM_VERSION_1_2] = TPM_VERSION_TPM_1_2,
        [TPM_VERSION_2_0] = TPM_VERSION_TPM_2_0,
    };
    TPMEmulator *s = TPM_EMULATOR(tb);
    TpmStatus *status = g_new0(TpmStatus, 1);

    status->id = g_strdup(tb->id);
    status->version = version[s->version];
    status->state = s->state;
    TPM_SET_OPTIONAL(status, reason, g_strdup(s->lost_reason));
    status->connected = s->ctrl_open;
    status->has_locality = s->locality != TPM_EMULATOR_NO_LOCALITY;
    status->locality = s->locality;
    status->established = s->established;
    status->failures = s->failures;
    if (s->measure.log) {
        TPM_SET_OPTIONAL(status, boot_log,
                         g_base64_encode(s->measure.log->bytes, s->measure.log->size));
    }
    status->by_command = tpm_command_stats_query(&s->stats);
    for (TpmCommandStatusList *e = status->by_command; e; e = e->next) {
        status->commands += e->value->commands;
        status->errors += e->value->errors;
        status->inline_completions += e->value->inline_completions;
    }
    return status;
}

/* --- QOM --- */

static void command_timed_out(void *opaque)
{
    tpm_emulator_lose(opaque, "no answer to a command within the option command-timeout");
}

static bool take_option(QemuOpts *opts, const char *name, uint32_t fallback, uint32_t max,
                        uint32_t *ret_value, Error **errp)
{
    uint64_t value = qemu_opt_get_number(opts, name, fallback);

    if (value > max) {
        error_setg(errp, "tpm-emulator: %s takes at most %" PRIu32, name, max);
        return false;
    }
    *ret_value = value;
    return true;
}

static void kernel_taken(void *opaque)
{
    tpm_emulator_kernel_taken(opaque);
}

/* Nothing is measured before the machine is complete; a guest does not run before that either. */
static void machine_done(Notifier *notifier, void *data)
{
    TPMEmulator *s = container_of(notifier, TPMEmulator, machine_done);
    bool automatic = s->measure_boot == ON_OFF_AUTO_AUTO;
    Error *err = NULL;

    if (automatic && !tpm_boot_firmware_leaves_it()) {
        return;
    }
    s->measure.log = tpm_boot_log_take(s->version, &err);
    if (!s->measure.log && !automatic) {
        error_report_err(err);
        exit(1);
    }
    if (!s->measure.log) {
        error_free(err);
        return;
    }
    tpm_fw_cfg_watch(fw_cfg_find(), FW_CFG_KERNEL_DATA, kernel_taken, s);
}

static bool take_measure_boot(TPMEmulator *s, QemuOpts *opts, Error **errp)
{
    const char *text = qemu_opt_get(opts, "measure-boot");
    int value = text ? qapi_enum_parse(&OnOffAuto_lookup, text, -1, errp) : ON_OFF_AUTO_OFF;

    if (value < 0) {
        return false;
    }
    s->measure_boot = value;
    if (value != ON_OFF_AUTO_OFF) {
        s->machine_done.notify = machine_done;
        qemu_add_machine_init_done_notifier(&s->machine_done);
    }
    return true;
}

static bool take_options(TPMEmulator *s, QemuOpts *opts, Error **errp)
{
    const char *id = qemu_opt_get(opts, "chardev");
    Chardev *chr = id ? qemu_chr_find(id) : NULL;
    uint32_t control_s = 0, command_s = 0;

    if (!chr) {
        error_setg(errp,
                   "tpm-emulator: chardev '%s' not found; give chardev=ID of a -chardev socket",
                   id ? id : "");
        return false;
    }
    if (!object_dynamic_cast(OBJECT(chr), TYPE_CHARDEV_SOCKET)) {
        error_setg(errp, "tpm-emulator: chardev '%s' is not a socket; use -chardev socket", id);
        return false;
    }
    if (!take_option(opts, "inline-us", INLINE_US, INLINE_US_MAX, &s->inline_us, errp) ||
        !take_option(opts, "control-timeout", CONTROL_S, 3600, &control_s, errp) ||
        !take_option(opts, "command-timeout", COMMAND_S, 86400, &command_s, errp) ||
        !take_measure_boot(s, opts, errp)) {
        return false;
    }
    s->control_timeout_ms = MAX(control_s, 1) * 1000;
    s->command_timeout_ms = command_s * 1000;
    s->options->chardev = g_strdup(id);
    return qemu_chr_fe_init(&s->ctrl, chr, errp);
}

static TPMBackend *tpm_emulator_create(QemuOpts *opts)
{
    TPMEmulator *s = TPM_EMULATOR(object_new(TYPE_TPM_EMULATOR));
    Error *err = NULL;

    if (!take_options(s, opts, &err) || !tpm_emulator_connect(s, &err) ||
        !tpm_emulator_block_migration(s, &err)) {
        error_report_err(err);
        object_unref(OBJECT(s));
        return NULL;
    }
    return TPM_BACKEND(s);
}

static const QemuOptDesc tpm_emulator_cmdline_opts[] = {
    TPM_STANDARD_CMDLINE_OPTS,
    {
        .name = "chardev",
        .type = QEMU_OPT_STRING,
        .help = "Unix socket chardev of the TPM's control channel",
    },
    {
        .name = "inline-us",
        .type = QEMU_OPT_NUMBER,
        .help = "Microseconds that a vCPU may wait for a fast command; 0: never (default 300)",
    },
    {
        .name = "control-timeout",
        .type = QEMU_OPT_NUMBER,
        .help = "Seconds until a TPM that owes a control reply is lost (default 30)",
    },
    {
        .name = "command-timeout",
        .type = QEMU_OPT_NUMBER,
        .help = "Seconds until a TPM that owes a response is lost; 0: never (default 300)",
    },
    {
        .name = "measure-boot",
        .type = QEMU_OPT_STRING,
        .help = "Measure what -kernel, -initrd and -append give: on, off or auto (default off)",
    },
    {},
};

static void tpm_emulator_instance_init(Object *obj)
{
    TPMEmulator *s = TPM_EMULATOR(obj);

    s->options = g_new0(TPMEmulatorOptions, 1);
    s->state = TPM_BACKEND_STATE_STOPPED;
    s->locality = TPM_EMULATOR_NO_LOCALITY;
    s->flight.watched_fd = -1;
    s->command_timer = timer_new_ms(QEMU_CLOCK_REALTIME, command_timed_out, s);
    tpm_emulator_host_init(s);
    tpm_emulator_state_register(s);
    tpm_backend_ext_register(TPM_BACKEND(s));
}

/* A last goodbye: leaves the TPM in order where it is there to hear it. */
static void farewell(TPMEmulator *s)
{
    if (!s->data || tpm_emulator_is_lost(s)) {
        return;
    }
    s->control_timeout_ms = MIN(s->control_timeout_ms, FAREWELL_MS);
    tpm_emulator_cancel(s);
    tpm_emulator_finish(TPM_BACKEND(s));
    tpm_emulator_shut_down(s);
    if (!tpm_emulator_is_lost(s)) {
        tpm_emulator_control(s, TPM_EMULATOR_CONTROL(CMD_SHUTDOWN), NULL);
    }
}

static void tpm_emulator_instance_finalize(Object *obj)
{
    TPMEmulator *s = TPM_EMULATOR(obj);

    farewell(s);
    tpm_backend_ext_unregister(TPM_BACKEND(s));
    tpm_emulator_state_unregister(s);
    if (s->ctrl.chr) {
        qemu_chr_fe_deinit(&s->ctrl, false);
    }
    tpm_emulator_close_data(s);
    if (s->machine_done.notify) {
        qemu_remove_machine_init_done_notifier(&s->machine_done);
    }
    tpm_boot_log_free(s->measure.log);
    tpm_emulator_host_finalize(s);
    timer_free(s->command_timer);
    qapi_free_TPMEmulatorOptions(s->options);
    g_free(s->lost_reason);
}

static void tpm_emulator_class_init(ObjectClass *klass, void *data)
{
    TPMBackendClass *tbc = TPM_BACKEND_CLASS(klass);
    TPMBackendExtClass *ext = TPM_BACKEND_EXT_CLASS(klass);

    tbc->type = TPM_TYPE_EMULATOR;
    tbc->opts = tpm_emulator_cmdline_opts;
    tbc->desc = "TPM emulator backend driver";
    tbc->create = tpm_emulator_create;
    tbc->startup_tpm = tpm_emulator_startup_tpm;
    tbc->reset = tpm_emulator_reset;
    tbc->cancel_cmd = tpm_emulator_cancel_cmd;
    tbc->get_tpm_established_flag = tpm_emulator_get_established;
    tbc->reset_tpm_established_flag = tpm_emulator_reset_established;
    tbc->get_tpm_version = tpm_emulator_get_version;
    tbc->get_buffer_size = tpm_emulator_get_buffer_size;
    tbc->get_tpm_options = tpm_emulator_get_options;

    ext->first_startup = startup_first;
    ext->submit = tpm_emulator_submit;
    ext->finish = tpm_emulator_finish;
    ext->hash_start = tpm_emulator_hash_start;
    ext->hash_data = tpm_emulator_hash_data;
    ext->hash_end = tpm_emulator_hash_end;
    ext->query_status = tpm_emulator_query_status;
    ext->host_command = tpm_emulator_host_command;
    ext->query_host_command = tpm_emulator_host_query;
}

static const TypeInfo tpm_emulator_info = {
    .name = TYPE_TPM_EMULATOR,
    .parent = TYPE_TPM_BACKEND,
    .instance_size = sizeof(TPMEmulator),
    .class_init = tpm_emulator_class_init,
    .instance_init = tpm_emulator_instance_init,
    .instance_finalize = tpm_emulator_instance_finalize,
    .interfaces =
        (InterfaceInfo[]){
            { TYPE_TPM_BACKEND_EXT },
            {},
        },
};

static void tpm_emulator_register(void)
{
    type_register_static(&tpm_emulator_info);
}

type_init(tpm_emulator_register)
