/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading of policy files. Format: deepquote-policy(5). */
#include "attest/policy.h"

#include "attest/bytes.h"
#include "attest/file.h"
#include "wire/name.h"

#include <string.h>

#define WORDS_MAX 1024 /* in one line */
#define POLICY_FILE_MAX (16 * 1024 * 1024)

/* The line that is being read. */
typedef struct Parser {
    const char *name;
    const char *folder; /* where relative paths of key files begin */
    GHashTable *keys;   /* what stands in place of key files; NULL: they are read */
    unsigned line;
    DqPolicy *policy;
} Parser;

typedef struct Keyword {
    const char *word;
    gboolean (*read)(Parser *p, const struct Keyword *k, char **args, GError **error);
    gsize number; /* which of those that are read by the same function */
    const char *usage;
} Keyword;

static gboolean usage(const Parser *p, const Keyword *k, GError **error)
{
    g_set_error(error, DQ_ERROR, DQ_ERROR_POLICY, "%s:%u: write it as: %s %s", p->name, p->line,
                k->word, k->usage);
    return FALSE;
}

/* Puts NAME:LINE in front and makes it an error of the policy. */
static gboolean fail_with(const Parser *p, GError *cause, GError **error)
{
    g_set_error(error, DQ_ERROR, DQ_ERROR_POLICY, "%s:%u: %s", p->name, p->line, cause->message);
    g_error_free(cause);
    return FALSE;
}

/* Hexadecimal digits of @size bytes; NULL with the error set. */
static GBytes *read_hex(const Parser *p, const char *text, gsize size, GError **error)
{
    GError *cause = NULL;
    g_autoptr(GBytes) bytes = dq_hex_decode(text, &cause);

    if (!bytes) {
        fail_with(p, cause, error);
        return NULL;
    }
    if (g_bytes_get_size(bytes) != size) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_POLICY,
                    "%s:%u: %s has %" G_GSIZE_FORMAT " bytes: give %" G_GSIZE_FORMAT
                    " (%" G_GSIZE_FORMAT " digits)",
                    p->name, p->line, text, g_bytes_get_size(bytes), size, 2 * size);
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

static GBytes *read_name(const Parser *p, const char *text, GError **error)
{
    GError *cause = NULL;
    g_autoptr(GBytes) bytes = dq_hex_decode(text, &cause);

    if (!bytes) {
        fail_with(p, cause, error);
        return NULL;
    }
    if (g_bytes_get_size(bytes) == 0 || !wire_name_valid(dq_wire(dq_bytes_peek(bytes)))) {
        g_set_error(
            error, DQ_ERROR, DQ_ERROR_POLICY,
            "%s:%u: %s is no Name: give the algorithm and the digest as tpm2_readpublic and "
            "vtpm-managerctl ak print them (000b and 64 digits for SHA-256)",
            p->name, p->line, text);
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

/* (transfer full): of a key file, or what stands in its place. */
static DqKey *read_key_file(const Parser *p, const char *path, GError **error)
{
    g_autofree char *full =
        g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(p->folder, path, NULL);
    DqKey *given = p->keys ? g_hash_table_lookup(p->keys, path) : NULL;

    if (given) {
        dq_key_ref(given);
        return given;
    }
    if (p->keys) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY, "the key %s is not there", path);
        return NULL;
    }
    return dq_key_new_from_file(full, error);
}

/* "name:HEX" or the path of a key file; @ret_key stays NULL for a Name. */
static gboolean read_key(const Parser *p, const char *text, DqKey **ret_key, GBytes **ret_name,
                         GError **error)
{
    GError *cause = NULL;

    if (g_str_has_prefix(text, "name:")) {
        *ret_name = read_name(p, text + strlen("name:"), error);
        return *ret_name != NULL;
    }
    *ret_key = read_key_file(p, text, &cause);
    if (!*ret_key) {
        return fail_with(p, cause, error);
    }
    g_hash_table_replace(p->policy->keys, g_strdup(text), dq_key_ref(*ret_key));
    *ret_name = dq_bytes_copy(dq_key_get_name(*ret_key));
    return TRUE;
}

/* A line of one key: its Name joins @names; @ret_key gets the key itself, NULL where the line has
 * the Name alone. */
static gboolean read_key_line(Parser *p, const Keyword *k, char **args, GPtrArray *names,
                              DqKey **ret_key, GError **error)
{
    GBytes *name = NULL;

    if (!args[0] || args[1]) {
        return usage(p, k, error);
    }
    if (!read_key(p, args[0], ret_key, &name, error)) {
        return FALSE;
    }
    g_ptr_array_add(names, name);
    return TRUE;
}

static gboolean read_host_ak(Parser *p, const Keyword *k, char **args, GError **error)
{
    DqKey *key = NULL;

    if (!read_key_line(p, k, args, p->policy->host_names, &key, error)) {
        return FALSE;
    }
    if (key) {
        g_ptr_array_add(p->policy->host_keys, key);
    }
    return TRUE;
}

static gboolean read_vm_option(Parser *p, const Keyword *k, DqPolicyVm *vm, const char *arg,
                               GError **error)
{
    if (g_str_has_prefix(arg, "ak=") && !vm->ak_name) {
        return read_key(p, arg + strlen("ak="), &vm->ak, &vm->ak_name, error);
    }
    if (g_str_has_prefix(arg, "ek=name:") && !vm->ek_name) {
        vm->ek_name = read_name(p, arg + strlen("ek=name:"), error);
        return vm->ek_name != NULL;
    }
    return usage(p, k, error);
}

static gboolean read_vm(Parser *p, const Keyword *k, char **args, GError **error)
{
    WireUuid uuid;
    GError *cause = NULL;
    DqPolicyVm *vm;

    if (!args[0]) {
        return usage(p, k, error);
    }
    if (strcmp(args[0], "any") == 0) {
        p->policy->any_vm = TRUE;
        return !args[1] || usage(p, k, error);
    }
    if (!dq_uuid_parse(args[0], uuid.byte, &cause)) {
        return fail_with(p, cause, error);
    }
    vm = dq_policy_add_vm(p->policy, &uuid);
    for (args++; *args; args++) {
        if (!read_vm_option(p, k, vm, *args, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* BANK:NUMBER */
static gboolean read_pcr_place(const char *text, const WireHash **ret_bank, unsigned *ret_pcr)
{
    const char *colon = strchr(text, ':');
    const WireHash *bank;
    uint64_t number;

    if (!colon ||
        !g_ascii_string_to_unsigned(colon + 1, 10, 0, WIRE_PCR_SELECT_MAX * 8 - 1, &number, NULL)) {
        return FALSE;
    }
    bank = wire_hash_find_name(text, (gsize)(colon - text));
    if (!bank) {
        return FALSE;
    }
    *ret_bank = bank;
    *ret_pcr = (unsigned)number;
    return TRUE;
}

static gboolean read_pcr(Parser *p, const Keyword *k, char **args, GError **error)
{
    GArray *pcrs = k->number == 0 ? p->policy->host_pcrs : p->policy->vtpm_pcrs;
    const WireHash *bank;
    unsigned pcr;

    if (!args[0] || !args[1]) {
        return usage(p, k, error);
    }
    if (!read_pcr_place(args[0], &bank, &pcr)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_POLICY,
                    "%s:%u: %s is no PCR: write bank and number, such as sha256:7", p->name,
                    p->line, args[0]);
        return FALSE;
    }
    for (args++; *args; args++) {
        g_autoptr(GBytes) value = read_hex(p, *args, bank->size, error);

        if (!value) {
            return FALSE;
        }
        dq_policy_add_pcr(pcrs, bank, pcr, dq_bytes_peek(value));
    }
    return TRUE;
}

static gboolean read_digest(Parser *p, const Keyword *k, char **args, GError **error)
{
    if (!args[0]) {
        return usage(p, k, error);
    }
    for (; *args; args++) {
        g_autoptr(GBytes) value = read_hex(p, *args, DQ_HASH_SIZE, error);

        if (!value) {
            return FALSE;
        }
        g_byte_array_append(p->policy->digests[k->number], g_bytes_get_data(value, NULL),
                            DQ_HASH_SIZE);
    }
    return TRUE;
}

/* KIND or KIND:NAME */
static DqPolicyPart *read_part_place(const Parser *p, const char *text)
{
    const char *colon = strchr(text, ':');
    const gsize len = colon ? (gsize)(colon - text) : strlen(text);
    WirePartKind kind;

    return wire_part_kind_find(text, len, &kind) && (!colon || colon[1] != '\0')
               ? dq_policy_add_part(p->policy, kind, colon ? colon + 1 : NULL)
               : NULL;
}

static gboolean read_launch_part(Parser *p, const Keyword *k, char **args, GError **error)
{
    DqPolicyPart *part = args[0] && args[1] ? read_part_place(p, args[0]) : NULL;

    if (!part) {
        return usage(p, k, error);
    }
    for (args++; *args; args++) {
        g_autoptr(GBytes) value = NULL;

        if (strcmp(*args, "none") == 0) {
            part->may_miss = TRUE;
            continue;
        }
        value = read_hex(p, *args, DQ_HASH_SIZE, error);
        if (!value) {
            return FALSE;
        }
        g_byte_array_append(part->digests, g_bytes_get_data(value, NULL), DQ_HASH_SIZE);
    }
    return TRUE;
}

static gboolean read_allow_key(Parser *p, const Keyword *k, char **args, GError **error)
{
    g_autoptr(DqKey) key = NULL; /* its Name is enough */

    return read_key_line(p, k, args, p->policy->allowed_keys, &key, error);
}

static gboolean read_allow_sha1(Parser *p, const Keyword *k, char **args, GError **error)
{
    p->policy->allow_sha1 = TRUE;
    return !args[0] || usage(p, k, error);
}

static gboolean read_require_vtpm_ek(Parser *p, const Keyword *k, char **args, GError **error)
{
    p->policy->require_vtpm_ek = TRUE;
    return !args[0] || usage(p, k, error);
}

static gboolean read_allow_tpm12(Parser *p, const Keyword *k, char **args, GError **error)
{
    p->policy->allow_tpm12 = TRUE;
    return !args[0] || usage(p, k, error);
}

static gboolean read_vulnerable(Parser *p, const Keyword *k, char **args, GError **error)
{
    static const struct {
        const char *words;
        DqUrgency urgency;
    } table[] = {
        { "warn", DQ_URGENCY_NEVER },       { "refuse", DQ_URGENCY_LOW },
        { "refuse low", DQ_URGENCY_LOW },   { "refuse medium", DQ_URGENCY_MEDIUM },
        { "refuse high", DQ_URGENCY_HIGH },
    };
    g_autofree char *words = g_strjoinv(" ", args);

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(words, table[i].words) == 0) {
            p->policy->urgency = table[i].urgency;
            return TRUE;
        }
    }
    return usage(p, k, error);
}

static gboolean read_uuid(const Parser *p, const char *text, WireUuid *ret_uuid, GError **error)
{
    GError *cause = NULL;

    return dq_uuid_parse(text, ret_uuid->byte, &cause) || fail_with(p, cause, error);
}

/* A VM that is put into @set, or any. */
static gboolean read_allowed_vm(Parser *p, const Keyword *k, char **args, GHashTable *set,
                                gboolean *ret_any, GError **error)
{
    WireUuid uuid;

    if (!args[0] || args[1]) {
        return usage(p, k, error);
    }
    if (strcmp(args[0], "any") == 0) {
        *ret_any = TRUE;
        return TRUE;
    }
    if (!read_uuid(p, args[0], &uuid, error)) {
        return FALSE;
    }
    g_hash_table_add(set, g_memdup2(&uuid, sizeof(uuid)));
    return TRUE;
}

static gboolean read_allow_move(Parser *p, const Keyword *k, char **args, GError **error)
{
    return read_allowed_vm(p, k, args, p->policy->movers, &p->policy->any_may_move, error);
}

static gboolean read_allow_host_vouched(Parser *p, const Keyword *k, char **args, GError **error)
{
    return read_allowed_vm(p, k, args, p->policy->host_vouched, &p->policy->any_host_vouched,
                           error);
}

static gboolean read_allow_lineage(Parser *p, const Keyword *k, char **args, GError **error)
{
    DqPolicyLineage l = { .any = FALSE };

    if (!args[0] || !args[1] || args[2]) {
        return usage(p, k, error);
    }
    if (!read_uuid(p, args[0], &l.uuid, error)) {
        return FALSE;
    }
    l.any = strcmp(args[1], "any") == 0;
    if (!l.any) {
        g_autoptr(GBytes) lineage = read_hex(p, args[1], DQ_LINEAGE_SIZE, error);

        if (!lineage) {
            return FALSE;
        }
        memcpy(l.lineage, g_bytes_get_data(lineage, NULL), DQ_LINEAGE_SIZE);
    }
    g_array_append_val(p->policy->lineages, l);
    return TRUE;
}

/* "7.85.4555.0": four numbers of 16 bits, as the TPM's two properties have them. */
static gboolean read_version(const char *text, uint64_t *ret)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", 0);
    uint64_t version = 0, part;

    if (g_strv_length(parts) != 4) {
        return FALSE;
    }
    for (gsize i = 0; parts[i]; i++) {
        if (!g_ascii_string_to_unsigned(parts[i], 10, 0, G_MAXUINT16, &part, NULL)) {
            return FALSE;
        }
        version = version << 16 | part;
    }
    *ret = version;
    return TRUE;
}

static gboolean read_deny_firmware(Parser *p, const Keyword *k, char **args, GError **error)
{
    for (char **arg = args; *arg; arg++) {
        uint64_t version;

        if (!read_version(*arg, &version)) {
            return usage(p, k, error);
        }
        g_array_append_val(p->policy->denied_firmware, version);
    }
    return args[0] || usage(p, k, error);
}

static const Keyword keywords[] = {
    { "host-ak", read_host_ak, 0, "FILE | name:HEX" },
    { "vm", read_vm, 0, "UUID [ak=FILE | ak=name:HEX] [ek=name:HEX], or: vm any" },
    { "host-pcr", read_pcr, 0, "BANK:NUMBER HEX..." },
    { "vtpm-pcr", read_pcr, 1, "BANK:NUMBER HEX..." },
    { "measurement", read_digest, DQ_POLICY_MEASUREMENT, "HEX..." },
    { "group-info", read_digest, DQ_POLICY_GROUP_INFO, "HEX..." },
    { "group-key", read_digest, DQ_POLICY_GROUP_KEY, "HEX..." },
    { "launch", read_digest, DQ_POLICY_LAUNCH, "HEX..." },
    { "launch-part", read_launch_part, 0,
      "KIND HEX..., or KIND:NAME HEX...; KIND is executable, library, firmware, kernel, initrd, "
      "device-tree, command-line, file, machine or arguments; none stands for no such part" },
    { "require-vtpm-ek", read_require_vtpm_ek, 0, "" },
    { "allow-key", read_allow_key, 0, "FILE | name:HEX" },
    { "allow-sha1", read_allow_sha1, 0, "" },
    { "allow-tpm12", read_allow_tpm12, 0, "" },
    { "allow-host-vouched", read_allow_host_vouched, 0, "UUID, or: allow-host-vouched any" },
    { "allow-move", read_allow_move, 0, "UUID, or: allow-move any" },
    { "allow-lineage", read_allow_lineage, 0, "UUID HEX, or: allow-lineage UUID any" },
    { "vulnerable", read_vulnerable, 0, "warn, or: vulnerable refuse [low | medium | high]" },
    { "deny-firmware", read_deny_firmware, 0, "7.85.4555.0..., as vtpm-managerctl status has it" },
};

static gboolean read_words(Parser *p, char **words, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keywords); i++) {
        if (strcmp(words[0], keywords[i].word) == 0) {
            return keywords[i].read(p, &keywords[i], words + 1, error);
        }
    }
    g_set_error(error, DQ_ERROR, DQ_ERROR_POLICY,
                "%s:%u: \"%s\" is not known here: a line begins with host-ak, vm, host-pcr, "
                "vtpm-pcr, measurement, group-info, group-key, launch, launch-part, "
                "require-vtpm-ek, allow-key, allow-sha1, allow-tpm12, "
                "allow-host-vouched, allow-move, allow-lineage, vulnerable or deny-firmware",
                p->name, p->line, words[0]);
    return FALSE;
}

/* Cuts a line at blanks, up to a word that begins with '#'. */
static gboolean read_line(Parser *p, char *line, GError **error)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    char *rest = line;
    char *word;

    while ((word = strsep(&rest, " \t\r")) && *word != '#') {
        if (*word != '\0') {
            g_ptr_array_add(words, word);
        }
    }
    if (words->len == 0) {
        return TRUE;
    }
    if (words->len > WORDS_MAX) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_POLICY,
                    "%s:%u: more than %d words: spread the values over several lines", p->name,
                    p->line, WORDS_MAX);
        return FALSE;
    }
    g_ptr_array_add(words, NULL);
    return read_words(p, (char **)words->pdata, error);
}

DqPolicy *dq_policy_new_with_keys(const char *text, gsize len, const char *name, GHashTable *keys,
                                  GError **error)
{
    g_autoptr(DqPolicy) policy = dq_policy_new();
    g_autofree char *copy = g_strndup(text, len);
    g_autofree char *folder = g_path_get_dirname(name);
    Parser p = { .name = name, .folder = folder, .keys = keys, .policy = policy };
    char *rest = copy;
    char *line;

    if (!g_utf8_validate(text, (gssize)len, NULL)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_POLICY,
                    "%s:1: this is no text in UTF-8: give a policy file, see deepquote-policy(5)",
                    name);
        return NULL;
    }
    while ((line = strsep(&rest, "\n"))) {
        p.line++;
        if (!read_line(&p, line, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&policy);
}

DqPolicy *dq_policy_new_from_text(const char *text, gsize len, const char *name, GError **error)
{
    return dq_policy_new_with_keys(text, len, name, NULL, error);
}

DqPolicy *dq_policy_new_from_file(const char *path, GError **error)
{
    gsize len;
    g_autofree char *text = dq_file_read(path, POLICY_FILE_MAX, &len, error);

    if (!text) {
        return NULL;
    }
    return dq_policy_new_from_text(text, len, path, error);
}
