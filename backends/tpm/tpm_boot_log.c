/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a machine boots with -kernel: digests of it, and the event log that tells them
 */
#include "qemu/osdep.h"
#include "crypto/hash.h"
#include "hw/boards.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/thread.h"
#include "system/blockdev.h"
#include "system/tpm_fw_cfg.h"
#include "tpm_boot_log.h"

#define EV_NO_ACTION 3
#define PIECE (1 << 30) /* GChecksum counts in signed words, nettle in those of 32 bits */
#define EV_IPL 13       /* code that a boot loader loads, and its data */

const TPMBootAlgorithm tpm_boot_algorithm[TPM_BOOT_ALGORITHMS] = {
    { 0x4, 20, QCRYPTO_HASH_ALGO_SHA1, G_CHECKSUM_SHA1 },
    { 0xb, 32, QCRYPTO_HASH_ALGO_SHA256, G_CHECKSUM_SHA256 },
    { 0xc, 48, QCRYPTO_HASH_ALGO_SHA384, G_CHECKSUM_SHA384 },
    { 0xd, 64, QCRYPTO_HASH_ALGO_SHA512, G_CHECKSUM_SHA512 },
};

typedef struct Part {
    uint16_t key;
    uint32_t pcr;
    const char *text; /* data of its event */
} Part;

/* In the order in which they are measured. */
static const Part parts[TPM_BOOT_EVENTS_MAX] = {
    { FW_CFG_SETUP_DATA, 4, "-kernel: setup" },
    { FW_CFG_KERNEL_DATA, 4, "-kernel: image" },
    { FW_CFG_INITRD_DATA, 5, "-initrd" },
    { FW_CFG_CMDLINE_DATA, 5, "-append: " }, /* and the command line */
};

bool tpm_boot_firmware_leaves_it(void)
{
    static const char *const seabios[] = { "bios-256k.bin", "bios.bin", NULL };
    Object *machine = OBJECT(current_machine);
    const char *name = current_machine->firmware;
    g_autofree char *flash = object_property_find(machine, "pflash0")
                                 ? object_property_get_str(machine, "pflash0", NULL)
                                 : NULL;

    return (!name || g_strv_contains(seabios, name)) && !drive_get(IF_PFLASH, 0, 0) &&
           (!flash || !*flash);
}

/* By GLib, whose hashes are there in each build. */
static void hash_slowly(const TPMBootAlgorithm *a, const struct iovec *piece, size_t pieces,
                        uint8_t *ret_digest)
{
    g_autoptr(GChecksum) sum = g_checksum_new(a->slow);
    gsize room = a->size;

    for (size_t i = 0; i < pieces; i++) {
        g_checksum_update(sum, piece[i].iov_base, piece[i].iov_len);
    }
    g_checksum_get_digest(sum, ret_digest, &room);
    assert(room == a->size);
}

typedef struct Hashing {
    const TPMBootAlgorithm *algorithm;
    const struct iovec *piece;
    size_t pieces;
    uint8_t *digest;
    QemuThread thread;
} Hashing;

static void *hash_by_one(void *opaque)
{
    const Hashing *h = opaque;
    uint8_t *digest = h->digest;
    size_t room = h->algorithm->size;

    if (!qcrypto_hash_supports(h->algorithm->type) ||
        qcrypto_hash_bytesv(h->algorithm->type, h->piece, h->pieces, &digest, &room, NULL) < 0) {
        hash_slowly(h->algorithm, h->piece, h->pieces, h->digest);
    }
    return NULL;
}

/* All algorithms at once: a large initrd takes as long as the slowest of them. */
static void hash(TPMBootEvent *event, const uint8_t *data, size_t size)
{
    size_t pieces = DIV_ROUND_UP(size, PIECE);
    g_autofree struct iovec *piece = g_new(struct iovec, pieces);
    Hashing hashing[TPM_BOOT_ALGORITHMS];

    for (size_t i = 0; i < pieces; i++) {
        piece[i].iov_base = (void *)(data + i * PIECE);
        piece[i].iov_len = MIN(size - i * PIECE, PIECE);
    }
    for (unsigned i = 0; i < TPM_BOOT_ALGORITHMS; i++) {
        hashing[i] = (Hashing){ .algorithm = &tpm_boot_algorithm[i],
                                .piece = piece,
                                .pieces = pieces,
                                .digest = event->digest[i] };
        qemu_thread_create(&hashing[i].thread, "tpm-boot-hash", hash_by_one, &hashing[i],
                           QEMU_THREAD_JOINABLE);
    }
    for (unsigned i = 0; i < TPM_BOOT_ALGORITHMS; i++) {
        qemu_thread_join(&hashing[i].thread);
    }
}

/* --- the log: little-endian --- */

static void put16(GByteArray *log, uint16_t value)
{
    value = cpu_to_le16(value);
    g_byte_array_append(log, (uint8_t *)&value, sizeof(value));
}

static void put32(GByteArray *log, uint32_t value)
{
    value = cpu_to_le32(value);
    g_byte_array_append(log, (uint8_t *)&value, sizeof(value));
}

/* TCG_EfiSpecIDEvent, in an event of the old form */
static void put_header(GByteArray *log)
{
    static const uint8_t zero[20], numbers[] = { 0, 2, 0, 2 }; /* minor, major, errata, uintn */

    put32(log, 0);
    put32(log, EV_NO_ACTION);
    g_byte_array_append(log, zero, sizeof(zero));
    put32(log, 16 + 4 + sizeof(numbers) + 4 + 4 * TPM_BOOT_ALGORITHMS + 1);
    g_byte_array_append(log, (const uint8_t *)"Spec ID Event03", 16);
    put32(log, 0); /* platform class: client */
    g_byte_array_append(log, numbers, sizeof(numbers));
    put32(log, TPM_BOOT_ALGORITHMS);
    for (unsigned i = 0; i < TPM_BOOT_ALGORITHMS; i++) {
        put16(log, tpm_boot_algorithm[i].id);
        put16(log, tpm_boot_algorithm[i].size);
    }
    g_byte_array_append(log, zero, 1); /* no vendor's bytes */
}

static void put_event(GByteArray *log, TPMVersion version, const TPMBootEvent *event,
                      const char *text)
{
    put32(log, event->pcr);
    put32(log, EV_IPL);
    if (version == TPM_VERSION_2_0) {
        put32(log, TPM_BOOT_ALGORITHMS);
        for (unsigned i = 0; i < TPM_BOOT_ALGORITHMS; i++) {
            put16(log, tpm_boot_algorithm[i].id);
            g_byte_array_append(log, event->digest[i], tpm_boot_algorithm[i].size);
        }
    } else {
        g_byte_array_append(log, event->digest[0], tpm_boot_algorithm[0].size);
    }
    put32(log, strlen(text));
    g_byte_array_append(log, (const uint8_t *)text, strlen(text));
}

static char *event_text(const Part *part, const uint8_t *data, size_t size)
{
    return part->key == FW_CFG_CMDLINE_DATA
               ? g_strdup_printf("%s%.*s", part->text, (int)size, (const char *)data)
               : g_strdup(part->text);
}

/* All that is there. */
static void take_parts(TPMBootLog *log, FWCfgState *fw_cfg, TPMVersion version)
{
    GByteArray *bytes = g_byte_array_new();

    if (version == TPM_VERSION_2_0) {
        put_header(bytes);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
        size_t size = 0;
        const uint8_t *data = tpm_fw_cfg_own(fw_cfg, parts[i].key, &size);
        TPMBootEvent *event = &log->event[log->events];
        g_autofree char *text = NULL;

        if (!data) {
            continue;
        }
        event->pcr = parts[i].pcr;
        hash(event, data, size);
        text = event_text(&parts[i], data, size);
        put_event(bytes, version, event, text);
        log->events++;
    }
    log->size = bytes->len;
    log->bytes = g_byte_array_free(bytes, false);
}

/* A microvm without ACPI tells the kernel of its devices so, when it is reset. */
static bool command_line_changes(void)
{
    Object *machine = OBJECT(current_machine);
    g_autofree char *acpi = NULL;

    if (!object_dynamic_cast(machine, MACHINE_TYPE_NAME("microvm"))) {
        return false;
    }
    acpi = object_property_get_str(machine, "acpi", NULL);
    return g_strcmp0(acpi, "off") == 0 &&
           object_property_get_bool(machine, "auto-kernel-cmdline", NULL);
}

TPMBootLog *tpm_boot_log_take(TPMVersion version, Error **errp)
{
    FWCfgState *fw_cfg = fw_cfg_find();
    TPMBootLog *log;
    size_t size;

    if (!fw_cfg || !tpm_fw_cfg_own(fw_cfg, FW_CFG_KERNEL_DATA, &size)) {
        error_setg(errp, "tpm-emulator: measure-boot=on needs a Linux kernel that the firmware "
                         "loads; give -kernel a bzImage");
        return NULL;
    }
    if (command_line_changes()) {
        error_setg(errp, "tpm-emulator: measure-boot=on needs a command line that stays; give "
                         "-M microvm,auto-kernel-cmdline=off, or leave acpi on");
        return NULL;
    }
    log = g_new0(TPMBootLog, 1);
    take_parts(log, fw_cfg, version);
    fw_cfg_add_file(fw_cfg, TPM_BOOT_LOG_FILE, log->bytes, log->size);
    return log;
}

void tpm_boot_log_free(TPMBootLog *log)
{
    if (log) { /* the bytes are fw_cfg's too, which ends with QEMU */
        g_free(log);
    }
}
