/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "predict_command.h"

#include "appraise/direct-boot.h"
#include "command.h"
#include "common/input.h"
#include "profile_file.h"
#include "record_text.h"
#include "wire/hash.h"

#include <stdio.h>
#include <string.h>

enum {
    KERNEL_MAX = 1 << 30, /* bytes */
    BANKS_MAX = WIRE_HASHES,
};

/** The command line as it was given. */
static struct {
    char *kernel, *initrd, *append, *memory, *machine, *below, *firmware, *name, *add, *boot,
        *output;
    char **banks;
    gboolean json;
} opt;

static const GOptionEntry predict_entries[] = {
    { "kernel", 0, 0, G_OPTION_ARG_FILENAME, &opt.kernel, "The file of QEMU's -kernel", "FILE" },
    { "initrd", 0, 0, G_OPTION_ARG_FILENAME, &opt.initrd, "The file of QEMU's -initrd", "FILE" },
    { "append", 0, 0, G_OPTION_ARG_STRING, &opt.append, "The text of QEMU's -append", "TEXT" },
    { "memory", 0, 0, G_OPTION_ARG_STRING, &opt.memory,
      "The VM's memory, as -m takes it: in MiB, or with K, M, G or T; needed with --initrd",
      "SIZE" },
    { "machine", 0, 0, G_OPTION_ARG_STRING, &opt.machine,
      "The VM's machine: pc, q35 or microvm (pc)", "NAME" },
    { "max-ram-below-4g", 0, 0, G_OPTION_ARG_STRING, &opt.below,
      "That property of the machine, where it is set: in bytes, or with K, M, G", "SIZE" },
    { "firmware", 0, 0, G_OPTION_ARG_STRING, &opt.firmware,
      "What else extends these PCRs: seabios or none (seabios, but with microvm)", "NAME" },
    { "bank", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt.banks,
      "A bank such as sha256; may be repeated (sha1, sha256, sha384 and sha512; in a profile, "
      "sha256)",
      "NAME" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &opt.json, "Print JSON, with each event", NULL },
    { "name", 0, 0, G_OPTION_ARG_STRING, &opt.name, "Write a new profile of this name", "NAME" },
    { "add-to", 0, 0, G_OPTION_ARG_FILENAME, &opt.add,
      "Write a profile that starts with what is in this one", "FILE" },
    { "boot", 0, 0, G_OPTION_ARG_STRING, &opt.boot, "Name of this boot in the profile", "NAME" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &opt.output,
      "Write the profile here (standard output)", "FILE" },
    { 0 },
};

/** Banks: those that are wanted, with their values. */
typedef struct Banks {
    guint count;
    const WireHash *hash[BANKS_MAX];
    DqDirectValues values[BANKS_MAX];
} Banks;

static gboolean usage(GError **error, const char *text)
{
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    return FALSE;
}

static gboolean wants_profile(void)
{
    return opt.name || opt.add;
}

static gboolean check_options(GError **error)
{
    const char *firmware = opt.firmware ? opt.firmware : "seabios";

    if (!opt.kernel) {
        return usage(error, "name the kernel with --kernel FILE");
    }
    if (opt.initrd && !opt.memory) {
        return usage(error, "give --memory as QEMU's -m has it: where the initrd is put depends "
                            "on it, and is measured with the kernel");
    }
    if (strcmp(firmware, "seabios") != 0 && strcmp(firmware, "none") != 0) {
        return usage(error, "--firmware: say seabios, or none for what QEMU itself measures");
    }
    if (opt.name && opt.add) {
        return usage(error, "give a new profile a --name, or the one to --add-to");
    }
    if (wants_profile() != (opt.boot != NULL) || (opt.output && !wants_profile())) {
        return usage(error, "a profile takes --boot, and --name or --add-to");
    }
    if (wants_profile() && opt.json) {
        return usage(error, "give --json, or --name or --add-to for a profile");
    }
    return TRUE;
}

/* A number and a letter that multiplies it, @plain where there is none. */
static gboolean parse_size(const char *option, const char *text, unsigned plain, uint64_t *ret,
                           GError **error)
{
    static const char letters[] = "BKMGT";
    const gsize len = strlen(text);
    const char *letter = len > 1 ? strchr(letters, g_ascii_toupper(text[len - 1])) : NULL;
    const unsigned shift = letter ? 10 * (unsigned)(letter - letters) : plain;
    g_autofree char *digits = g_strndup(text, letter ? len - 1 : len);
    uint64_t number;

    if (!input_number(digits, G_MAXUINT64 >> shift, &number) || number == 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: '%s' is no size: write a whole number, and K, M, G or T", option, text);
        return FALSE;
    }
    *ret = number << shift;
    return TRUE;
}

static gboolean find_banks(Banks *banks, GError **error)
{
    static char *all[] = { "sha1", "sha256", "sha384", "sha512", NULL };
    static char *profile[] = { "sha256", NULL };

    for (char **name = opt.banks ? opt.banks : wants_profile() ? profile : all; *name; name++) {
        const WireHash *hash = wire_hash_find_name(*name, strlen(*name));
        gboolean again = FALSE;

        for (guint i = 0; i < banks->count; i++) {
            again |= banks->hash[i] == hash;
        }
        if (!hash || !dq_digest_md(hash->alg)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "--bank: '%s' is no bank that can be computed: say sha1, sha256, sha384 or "
                        "sha512",
                        *name);
            return FALSE;
        }
        if (!again) {
            banks->hash[banks->count++] = hash;
        }
    }
    return TRUE;
}

/* An initrd may be of gigabytes: it is mapped. */
static GMappedFile *map(const char *path, WireBytes *ret, GError **error)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);

    if (!file) {
        return NULL;
    }
    *ret = (WireBytes){ (const uint8_t *)g_mapped_file_get_contents(file),
                        g_mapped_file_get_length(file) };
    if (ret->len == 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s is empty: leave --initrd out", path);
        return NULL;
    }
    return g_steal_pointer(&file);
}

static gboolean measure(const DqDirectPlan *plan, Banks *banks, GError **error)
{
    for (guint i = 0; i < banks->count; i++) {
        if (!dq_direct_measure(plan, banks->hash[i]->alg, &banks->values[i])) {
            g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "OpenSSL has no %s here",
                        banks->hash[i]->name);
            return FALSE;
        }
    }
    return TRUE;
}

/* As tpm2_pcrread prints them. */
static void print_text(const Banks *banks)
{
    for (guint i = 0; i < banks->count; i++) {
        const DqDirectValues *v = &banks->values[i];

        printf("%s:\n", banks->hash[i]->name);
        for (unsigned pcr = DQ_DIRECT_FIRST_PCR; pcr <= DQ_DIRECT_LAST_PCR; pcr++) {
            g_autofree char *hex = dq_hex_encode(v->pcr[pcr - DQ_DIRECT_FIRST_PCR], v->size);

            printf("  %-2u: 0x%s\n", pcr, hex);
        }
    }
}

static JsonArray *json_events(const DqDirectPlan *plan, const Banks *banks)
{
    JsonArray *events = json_array_new();

    for (guint i = 0; i < plan->events; i++) {
        const DqDirectEvent *event = &plan->event[i];
        JsonObject *o = json_object_new(), *digests = json_object_new();

        json_object_set_int_member(o, "pcr", event->pcr);
        json_set_text(o, "what", event->what);
        json_set_text(o, "by", event->firmware ? "firmware" : "qemu");
        json_object_set_int_member(o, "size", (int64_t)event->bytes.len);
        for (guint b = 0; b < banks->count; b++) {
            json_set_hex(digests, banks->hash[b]->name, banks->values[b].event[i],
                         banks->values[b].size);
        }
        json_object_set_object_member(o, "digests", digests);
        json_array_add_object_element(events, o);
    }
    return events;
}

static void print_json(const DqDirectPlan *plan, const Banks *banks)
{
    JsonObject *o = json_object_new(), *pcrs = json_object_new();

    for (guint i = 0; i < banks->count; i++) {
        JsonObject *bank = json_object_new();

        for (unsigned pcr = DQ_DIRECT_FIRST_PCR; pcr <= DQ_DIRECT_LAST_PCR; pcr++) {
            char number[4];

            g_snprintf(number, sizeof(number), "%u", pcr);
            json_set_hex(bank, number, banks->values[i].pcr[pcr - DQ_DIRECT_FIRST_PCR],
                         banks->values[i].size);
        }
        json_object_set_object_member(pcrs, banks->hash[i]->name, bank);
    }
    json_object_set_object_member(o, "pcrs", pcrs);
    json_object_set_array_member(o, "events", json_events(plan, banks));
    json_print(o);
}

static gboolean write_profile(const Banks *banks, GError **error)
{
    g_autoptr(DqProfile) profile =
        opt.add ? profile_read(opt.add, NULL, NULL, NULL, error) : dq_profile_new(opt.name);
    DqProfileBoot *boot;

    if (!profile) {
        return FALSE;
    }
    if (dq_profile_find_boot(profile, opt.boot)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "the profile has a boot '%s' already: give another --boot", opt.boot);
        return FALSE;
    }
    boot = dq_profile_add_boot(profile, opt.boot);
    for (guint i = 0; i < banks->count; i++) {
        for (unsigned pcr = DQ_DIRECT_FIRST_PCR; pcr <= DQ_DIRECT_LAST_PCR; pcr++) {
            dq_profile_boot_set(boot, banks->hash[i]->alg, pcr,
                                (WireBytes){ banks->values[i].pcr[pcr - DQ_DIRECT_FIRST_PCR],
                                             banks->values[i].size });
        }
    }
    return profile_write(profile, opt.output, error);
}

/* TRUE where all is said. */
static gboolean predict(const DqDirectBoot *boot, Banks *banks, GError **error)
{
    g_autoptr(DqDirectPlan) plan = dq_direct_plan(boot, error);

    if (!plan) {
        g_prefix_error(error, "%s: ", opt.kernel);
        return FALSE;
    }
    if (!measure(plan, banks, error)) {
        return FALSE;
    }
    if (wants_profile()) {
        return write_profile(banks, error);
    }
    if (opt.json) {
        print_json(plan, banks);
    } else {
        print_text(banks);
    }
    return TRUE;
}

int predict_command(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(predict_entries, argv,
                      "- what a kernel given by QEMU's -kernel makes of PCRs 4 and 5", 0, error);
    DqDirectBoot boot = { .command_line = "", .machine = "pc" };
    g_autofree Banks *banks = g_new0(Banks, 1);
    g_autoptr(GMappedFile) initrd = NULL;
    g_autoptr(GBytes) kernel = NULL;

    if (!words || !check_options(error) || !find_banks(banks, error) ||
        (opt.memory && !parse_size("--memory", opt.memory, 20, &boot.memory, error)) ||
        (opt.below && !parse_size("--max-ram-below-4g", opt.below, 0, &boot.max_below_4g, error))) {
        return EXIT_UNUSABLE;
    }
    kernel = input_read(opt.kernel, KERNEL_MAX, error);
    if (!kernel) {
        return EXIT_UNUSABLE;
    }
    if (opt.initrd) {
        initrd = map(opt.initrd, &boot.initrd, error);
        if (!initrd) {
            return EXIT_UNUSABLE;
        }
    }
    boot.kernel = (WireBytes){ g_bytes_get_data(kernel, NULL), g_bytes_get_size(kernel) };
    boot.command_line = opt.append ? opt.append : "";
    boot.machine = opt.machine ? opt.machine : "pc";
    boot.seabios = opt.firmware ? strcmp(opt.firmware, "seabios") == 0
                                : dq_direct_firmware_measures(boot.machine);
    return predict(&boot, banks, error) ? EXIT_DONE : EXIT_UNUSABLE;
}
