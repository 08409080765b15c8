/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/direct-boot.h"

#include "appraise/linux-setup.h"
#include "attest/bytes.h"

#include <string.h>

#define GIB (UINT64_C(1) << 30)

enum {
    TABLES = 0x28000,   /* that a PC keeps free for ACPI at the end of low memory */
    MEMORY_STEP = 8192, /* -m is rounded up to these */
};

/** Machine: how a family of machines splits its memory. */
typedef struct Machine {
    const char *name, *versions;    /* NULL: it has none */
    guint first_major, first_minor; /* versions before split it in another way */
    uint64_t split_at, low;         /* from @split_at bytes on, @low are below 4 GiB */
    uint64_t low_max;               /* and before, where max-ram-below-4g does not raise it */
    gboolean max_raises;
    uint64_t tables; /* bytes at the end of low memory that are kept free */
    gboolean firmware_measures;
} Machine;

static const Machine machines[] = {
    { "pc", "pc-i440fx-", 2, 1, 0xe0000000, 3 * GIB, 0xe0000000, TRUE, TABLES, TRUE },
    { "q35", "pc-q35-", 2, 4, 0xb0000000, 2 * GIB, 0xb0000000, FALSE, TABLES, TRUE },
    { "microvm", NULL, 0, 0, 3 * GIB, 3 * GIB, 3 * GIB, FALSE, 0, FALSE },
};

/* Whether @text is a version such as 7.2 or 2.10, and none before the machine's first. */
static gboolean is_version(const Machine *m, const char *text)
{
    char *end;
    const uint64_t major = g_ascii_strtoull(text, &end, 10);
    uint64_t minor;

    if (!g_ascii_isdigit(*text) || *end != '.' || !g_ascii_isdigit(end[1])) {
        return FALSE;
    }
    minor = g_ascii_strtoull(end + 1, &end, 10);
    return (*end == 0 || *end == '.') &&
           (major > m->first_major || (major == m->first_major && minor >= m->first_minor));
}

static const Machine *find_machine(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(machines); i++) {
        const Machine *m = &machines[i];

        if (strcmp(name, m->name) == 0 || (m->versions && g_str_has_prefix(name, m->versions) &&
                                           is_version(m, name + strlen(m->versions)))) {
            return m;
        }
    }
    return NULL;
}

/* pc: max-ram-below-4g takes the place of 3.5 GiB. q35: it only lowers the limit. */
static uint64_t low_limit(const Machine *m, uint64_t memory, uint64_t max)
{
    uint64_t limit = m->low_max;
    uint64_t split_at = m->split_at;

    if (max && m->max_raises) {
        limit = split_at = max;
    }
    if (memory >= split_at) {
        limit = MIN(limit, m->low);
    }
    return max ? MIN(limit, max) : limit;
}

gboolean dq_direct_low_memory(const DqDirectBoot *boot, uint64_t *ret_end, GError **error)
{
    const Machine *m = find_machine(boot->machine);
    uint64_t memory;

    if (!m) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "machine '%s' is not known here: say pc, q35 or microvm, or a version such as "
                    "pc-q35-7.2 (pc-i440fx-2.1, pc-q35-2.4 and later)",
                    boot->machine);
        return FALSE;
    }
    if (boot->memory > G_MAXINT64) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "no machine has so much memory");
        return FALSE;
    }
    memory = (boot->memory + MEMORY_STEP - 1) & ~(uint64_t)(MEMORY_STEP - 1);
    memory = MIN(memory, low_limit(m, memory, boot->max_below_4g));
    *ret_end = memory > m->tables ? memory - m->tables : 0;
    return TRUE;
}

gboolean dq_direct_firmware_measures(const char *machine)
{
    const Machine *m = find_machine(machine);

    return m && m->firmware_measures;
}

static void add(DqDirectPlan *plan, unsigned pcr, const char *what, WireBytes bytes)
{
    plan->event[plan->events++] = (DqDirectEvent){ .pcr = pcr, .what = what, .bytes = bytes };
}

/* What SeaBIOS measures before it starts an operating system. */
static void add_seabios(DqDirectPlan *plan)
{
    static const char action[] = "Calling INT 19h"; /* without its zero */
    static const uint8_t separator[] = { 0xff, 0xff, 0xff, 0xff };
    const WireBytes separators = { separator, sizeof(separator) };
    const guint first = plan->events;

    add(plan, 4, "SeaBIOS starts an operating system",
        (WireBytes){ (const uint8_t *)action, strlen(action) });
    add(plan, 4, "SeaBIOS ends the firmware's part", separators);
    add(plan, 5, "SeaBIOS ends the firmware's part", separators);
    for (guint i = first; i < plan->events; i++) {
        plan->event[i].firmware = TRUE;
    }
}

DqDirectPlan *dq_direct_plan(const DqDirectBoot *boot, GError **error)
{
    g_autoptr(DqDirectPlan) plan = g_new0(DqDirectPlan, 1);
    DqLinuxBoot linux_boot = { .command_line = boot->command_line,
                               .initrd_size = boot->initrd.len };
    WireBytes image;

    if (!dq_direct_low_memory(boot, &linux_boot.memory_end, error) ||
        !dq_linux_setup(boot->kernel, &linux_boot, &plan->setup, &image, error)) {
        return NULL;
    }
    add(plan, 4, "kernel, setup part", (WireBytes){ plan->setup->data, plan->setup->len });
    add(plan, 4, "kernel, image", image);
    if (boot->initrd.len > 0) {
        add(plan, 5, "initrd", boot->initrd);
    }
    /* with its zero */
    add(plan, 5, "command line",
        (WireBytes){ (const uint8_t *)boot->command_line, strlen(boot->command_line) + 1 });
    if (boot->seabios) {
        add_seabios(plan);
    }
    return g_steal_pointer(&plan);
}

void dq_direct_plan_free(DqDirectPlan *plan)
{
    if (plan) {
        g_clear_pointer(&plan->setup, g_byte_array_unref);
        g_free(plan);
    }
}

gboolean dq_direct_measure(const DqDirectPlan *plan, uint16_t alg, DqDirectValues *ret_values)
{
    DqDirectValues v = { 0 };

    for (guint i = 0; i < plan->events; i++) {
        const DqDirectEvent *event = &plan->event[i];
        uint8_t *pcr = v.pcr[event->pcr - DQ_DIRECT_FIRST_PCR];
        const DqBytes bytes = dq_unwire(event->bytes);

        v.size = dq_digest(alg, &bytes, 1, v.event[i]);
        if (v.size == 0) {
            return FALSE;
        }
        const DqBytes extend[] = { { pcr, v.size }, { v.event[i], v.size } };
        dq_digest(alg, extend, G_N_ELEMENTS(extend), pcr);
    }
    *ret_values = v;
    return TRUE;
}
