/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/qemu_arguments.h"

#include <string.h>

#include "measure/failure.h"
#include "measure/qemu_fields.h"

enum {
    NODES_MAX = 16, /* of block devices, one on the other */
    ANY_NUMBER = 0, /* of paths */
};

/* What is said once: of several the last counts. */
typedef enum Single {
    FIRMWARE,
    KERNEL,
    SHIM,
    INITRD,
    DEVICE_TREE,
    COMMAND_LINE,
    MACHINE,
    UUID,
    FLASH_0,
    FLASH_1,
    SINGLES,
} Single;

/* Those that name a file which is read at the start. */
static const struct {
    Single which;
    WirePartKind kind;
} single_files[] = {
    { FIRMWARE, WIRE_PART_FIRMWARE },
    { KERNEL, WIRE_PART_KERNEL },
    { SHIM, WIRE_PART_FILE },
    { INITRD, WIRE_PART_INITRD },
    { DEVICE_TREE, WIRE_PART_DEVICE_TREE },
};

/* What they are called among the properties of the machine. */
static const struct {
    const char *name;
    Single which;
} properties[] = {
    { "firmware", FIRMWARE }, { "kernel", KERNEL },   { "shim", SHIM },
    { "initrd", INITRD },     { "dtb", DEVICE_TREE }, { "append", COMMAND_LINE },
    { "type", MACHINE },      { "pflash0", FLASH_0 }, { "pflash1", FLASH_1 },
};

typedef struct Parser {
    QemuArguments *out;
    char *single[SINGLES];
    GHashTable *nodes; /* char * -> fields: of block devices, by node-name and by id */
} Parser;

typedef struct Option {
    const char *name;
    gboolean (*take)(Parser *p, const struct Option *option, const char *value, GError **error);
    gsize number;     /* a Single; or what its function says */
    const char *text; /* the same */
} Option;

static void add_file(Parser *p, WirePartKind kind, gboolean kept_open, const char *path)
{
    const QemuFile file = { kind, kept_open, g_strdup(path) };

    g_array_append_val(p->out->files, file);
}

static void set(Parser *p, Single which, const char *value)
{
    g_free(p->single[which]);
    p->single[which] = g_strdup(value);
}

/* ----------------------------------------------------------------------- one function an option */

static gboolean take_single(Parser *p, const Option *option, const char *value,
                            G_GNUC_UNUSED GError **error)
{
    set(p, (Single)option->number, value);
    return TRUE;
}

static gboolean take_refused(G_GNUC_UNUSED Parser *p, const Option *option,
                             G_GNUC_UNUSED const char *value, GError **error)
{
    return measure_fail(error, "-%s: %s", option->name, option->text);
}

static GHashTable *fields_of(const Option *option, const char *value, const char *implied,
                             GError **error)
{
    GHashTable *fields = qemu_fields_parse(value, implied);

    if (!fields) {
        measure_fail(error, "-%s cannot be read here", option->name);
    }
    return fields;
}

static gboolean take_machine(Parser *p, const Option *option, const char *value, GError **error)
{
    g_autoptr(GHashTable) fields = fields_of(option, value, "type", error);

    for (gsize i = 0; fields && i < G_N_ELEMENTS(properties); i++) {
        const char *said = g_hash_table_lookup(fields, properties[i].name);

        if (said) {
            set(p, properties[i].which, said);
        }
    }
    return fields != NULL;
}

/*
 * @option->number: how many paths at most, with colons between them; ANY_NUMBER
 * @option->text: the name of a first value that comes without one; NULL: none does
 */
static gboolean take_paths(Parser *p, const Option *option, const char *value, GError **error)
{
    static const char *const names[] = { "romfile", "file", "data", "path" };
    g_autoptr(GHashTable) fields = fields_of(option, value, option->text, error);

    for (gsize i = 0; fields && i < G_N_ELEMENTS(names); i++) {
        const char *said = g_hash_table_lookup(fields, names[i]);
        g_auto(GStrv) paths = g_strsplit(said ? said : "", ":", (gint)option->number);

        for (gsize k = 0; paths[k]; k++) {
            if (paths[k][0] != '\0') {
                add_file(p, WIRE_PART_FILE, FALSE, paths[k]);
            }
        }
    }
    return fields != NULL;
}

/* A ROM that a device brings, and what a loader loads. */
static gboolean take_device(Parser *p, const Option *option, const char *value, GError **error)
{
    static const char *const loaded[] = { "file", "kernel", "initrd" };
    g_autoptr(GHashTable) fields = fields_of(option, value, "driver", error);
    const char *rom = fields ? g_hash_table_lookup(fields, "romfile") : NULL;
    const char *driver = fields ? g_hash_table_lookup(fields, "driver") : NULL;
    const gboolean loads = driver && g_str_has_suffix(driver, "loader");

    if (rom && rom[0] != '\0') {
        add_file(p, WIRE_PART_FILE, FALSE, rom);
    }
    for (gsize i = 0; loads && i < G_N_ELEMENTS(loaded); i++) {
        const char *path = g_hash_table_lookup(fields, loaded[i]);

        if (path) {
            add_file(p, WIRE_PART_FILE, FALSE, path);
        }
    }
    return fields != NULL;
}

static gboolean take_global(G_GNUC_UNUSED Parser *p, const Option *option, const char *value,
                            GError **error)
{
    return (!strstr(value, "romfile") && !strstr(value, "loader")) ||
           measure_fail(error, "-%s: files are told by -device alone", option->name);
}

static gboolean take_flash(Parser *p, G_GNUC_UNUSED const Option *option, const char *value,
                           G_GNUC_UNUSED GError **error)
{
    add_file(p, WIRE_PART_FIRMWARE, TRUE, value);
    return TRUE;
}

/* A block device, which may be the flash memory's. */
static gboolean take_block(Parser *p, const Option *option, const char *value, GError **error)
{
    static const char *const names[] = { "node-name", "id" };
    g_autoptr(GHashTable) fields = fields_of(option, value, NULL, error);
    const char *interface = fields ? g_hash_table_lookup(fields, "if") : NULL;
    const char *path = fields ? g_hash_table_lookup(fields, "file") : NULL;

    if (!fields) {
        return FALSE;
    }
    if (interface && g_str_equal(interface, "pflash")) {
        return path ? take_flash(p, option, path, error)
                    : measure_fail(error, "-%s: it does not say which file the flash memory is in",
                                   option->name);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *name = g_hash_table_lookup(fields, names[i]);

        if (name) {
            g_hash_table_replace(p->nodes, g_strdup(name), g_hash_table_ref(fields));
        }
    }
    return TRUE;
}

#define IS_NOT_READ "what is in it is not read here: give all as arguments"
#define COMES_FROM "what the guest runs comes from there, not from what QEMU was started with"

/* Each takes a value. */
static const Option options[] = {
    { "bios", take_single, FIRMWARE, NULL },
    { "kernel", take_single, KERNEL, NULL },
    { "shim", take_single, SHIM, NULL },
    { "initrd", take_single, INITRD, NULL },
    { "dtb", take_single, DEVICE_TREE, NULL },
    { "append", take_single, COMMAND_LINE, NULL },
    { "uuid", take_single, UUID, NULL },
    { "machine", take_machine, 0, NULL },
    { "M", take_machine, 0, NULL },
    { "drive", take_block, 0, NULL },
    { "blockdev", take_block, 0, NULL },
    { "pflash", take_flash, 0, NULL },
    { "device", take_device, 0, NULL },
    { "global", take_global, 0, NULL },
    { "option-rom", take_paths, 1, "romfile" },
    { "acpitable", take_paths, ANY_NUMBER, NULL },
    { "smbios", take_paths, 1, NULL },
    { "fw_cfg", take_paths, 1, "name" },
    { "readconfig", take_refused, 0, IS_NOT_READ },
    { "set", take_refused, 0, "what it changes is not followed here" },
    { "chroot", take_refused, 0, "files cannot be found below it" },
    { "incoming", take_refused, 0, COMES_FROM },
    { "loadvm", take_refused, 0, COMES_FROM },
};

/* Options that take no value. */
static const char *const plain[] = {
    "S",           "s",          "nographic",   "nodefaults",    "no-user-config",  "no-reboot",
    "no-shutdown", "no-acpi",    "no-hpet",     "no-fd-bootchk", "snapshot",        "usb",
    "enable-kvm",  "daemonize",  "full-screen", "preconfig",     "only-migratable", "mem-prealloc",
    "win2k-hack",  "singlestep",
};

static const char *name_of(const char *word)
{
    return word[0] != '-' ? NULL : word[1] == '-' ? word + 2 : word + 1;
}

static const Option *find_option(const char *word)
{
    const char *name = name_of(word);

    for (gsize i = 0; name && i < G_N_ELEMENTS(options); i++) {
        if (g_str_equal(name, options[i].name)) {
            return &options[i];
        }
    }
    return NULL;
}

/* Whether @word may be followed by its value, which may look like an option. */
static gboolean may_take_next(const char *word)
{
    const char *name = name_of(word);

    for (gsize i = 0; name && i < G_N_ELEMENTS(plain); i++) {
        if (g_str_equal(name, plain[i])) {
            return FALSE;
        }
    }
    return name != NULL;
}

/* ---------------------------------------------------------------------------------------- all */

static gboolean take_words(Parser *p, char **words, GError **error)
{
    gboolean apart = TRUE; /* the word before is no option whose value this one may be */

    for (gsize i = 1; words[0] && words[i]; i++) {
        const Option *option = find_option(words[i]);

        if (!option) {
            apart = !may_take_next(words[i]);
            continue;
        }
        if (!apart) {
            return measure_fail(error, "its arguments can be read in two ways: %s %s", words[i - 1],
                                words[i]);
        }
        if (!words[++i]) {
            return measure_fail(error, "its arguments end within %s", words[i - 1]);
        }
        if (!option->take(p, option, words[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* From node to node down to that which has a file. */
static gboolean add_flash(Parser *p, const char *node, GError **error)
{
    for (guint i = 0; i < NODES_MAX && node; i++) {
        GHashTable *fields = g_hash_table_lookup(p->nodes, node);
        const char *path = fields ? g_hash_table_lookup(fields, "filename") : NULL;

        if (fields && !path) {
            path = g_hash_table_lookup(fields, "file.filename");
        }
        if (path) {
            add_file(p, WIRE_PART_FIRMWARE, TRUE, path);
            return TRUE;
        }
        node = fields ? g_hash_table_lookup(fields, "file") : NULL;
        if (node && !g_hash_table_contains(p->nodes, node)) {
            add_file(p, WIRE_PART_FIRMWARE, TRUE, node); /* -drive if=none,file=PATH */
            return TRUE;
        }
    }
    return measure_fail(error, "its arguments do not tell in which file the flash memory is");
}

static gboolean settle(Parser *p, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(single_files); i++) {
        const char *path = p->single[single_files[i].which];

        if (path) {
            add_file(p, single_files[i].kind, FALSE, path);
        }
    }
    for (Single flash = FLASH_0; flash <= FLASH_1; flash++) {
        if (p->single[flash] && !add_flash(p, p->single[flash], error)) {
            return FALSE;
        }
    }
    p->out->command_line = g_steal_pointer(&p->single[COMMAND_LINE]);
    p->out->machine = g_steal_pointer(&p->single[MACHINE]);
    p->out->uuid = g_steal_pointer(&p->single[UUID]);
    return TRUE;
}

/* Else whoever gives QEMU some hundred thousand has them all looked at. */
static gboolean has_room(const QemuArguments *arguments, GError **error)
{
    return arguments->files->len <= WIRE_PARTS_MAX ||
           measure_fail(error, "its arguments name more files than a list can have");
}

static void clear_file(gpointer file)
{
    g_free(((QemuFile *)file)->path);
}

/* NULL-terminated, as main() had it. */
static char **split(const char *bytes, gsize len)
{
    GPtrArray *words = g_ptr_array_new();

    for (gsize at = 0; at < len; at += strlen(bytes + at) + 1) {
        g_ptr_array_add(words, g_strdup(bytes + at));
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

QemuArguments *qemu_arguments_parse(const char *bytes, gsize len, GError **error)
{
    g_autoptr(QemuArguments) out = g_new0(QemuArguments, 1);
    g_auto(GStrv) words = NULL;
    Parser p = { .out = out };
    gboolean done;

    out->files = g_array_new(FALSE, FALSE, sizeof(QemuFile));
    g_array_set_clear_func(out->files, clear_file);
    if (len == 0 || bytes[len - 1] != '\0') {
        measure_fail(error, "it does not show its arguments");
        return NULL;
    }
    words = split(bytes, len);
    p.nodes =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
    done = take_words(&p, words, error) && settle(&p, error) && has_room(out, error);
    g_hash_table_unref(p.nodes);
    for (gsize i = 0; i < SINGLES; i++) {
        g_free(p.single[i]);
    }
    return done ? g_steal_pointer(&out) : NULL;
}

void qemu_arguments_free(QemuArguments *arguments)
{
    if (arguments) {
        g_array_unref(arguments->files);
        g_free(arguments->command_line);
        g_free(arguments->machine);
        g_free(arguments->uuid);
        g_free(arguments);
    }
}
