/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TPM 2.0 commands that qemu_tpm_guest.c measures, as bytes. Spec: TPM 2.0 Library, Part 3. */
#ifndef QEMU_TPM_COMMANDS_H
#define QEMU_TPM_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct tpm_command: what to send and what surrounds it
 * @object: a command to run first; the handle it returns goes to bytes 10 to 13 of @bytes
 * @leaves_object: the response starts with a handle, to be flushed
 */
struct tpm_command {
    const char *name;
    const uint8_t *bytes;
    size_t size;
    const uint8_t *object;
    size_t object_size;
    bool leaves_object;
};

#define NO_SESSIONS 0x80, 0x01
#define SESSIONS 0x80, 0x02
/* authorization area: the password session with no password */
#define EMPTY_PASSWORD 0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0
#define SHA256 0, 0x0b
#define BYTES_8(b) b, b, b, b, b, b, b, b

/* clang-format off */

/* PCR 10 of the SHA-256 bank */
static const uint8_t pcr_read[] = {
    NO_SESSIONS, 0, 0, 0, 20, 0, 0, 0x01, 0x7e, 0, 0, 0, 1, SHA256, 3, 0, 4, 0
};

static const uint8_t get_random[] = { NO_SESSIONS, 0, 0, 0, 12, 0, 0, 0x01, 0x7b, 0, 32 };

/* PCR 16, the one for trials */
static const uint8_t pcr_extend[] = {
    SESSIONS, 0, 0, 0, 65, 0, 0, 0x01, 0x82, 0, 0, 0, 16, EMPTY_PASSWORD, 0, 0, 0, 1, SHA256,
    BYTES_8(0x11), BYTES_8(0x22), BYTES_8(0x33), BYTES_8(0x44)
};

/* TPM_CAP_TPM_PROPERTIES, one from TPM_PT_FIXED on */
static const uint8_t get_capability[] = {
    NO_SESSIONS, 0, 0, 0, 22, 0, 0, 0x01, 0x7a, 0, 0, 0, 6, 0, 0, 1, 0, 0, 0, 0, 1
};

/* TPM_CAP_COMMANDS, all of them: 459 bytes and more */
static const uint8_t get_commands[] = {
    NO_SESSIONS, 0, 0, 0, 22, 0, 0, 0x01, 0x7a, 0, 0, 0, 2, 0, 0, 1, 0x1f, 0, 0, 1, 0
};

/* the handle in bytes 10 to 13 is filled in */
static const uint8_t flush_context[] = { NO_SESSIONS, 0, 0, 0, 14, 0, 0, 0x01, 0x65, 0, 0, 0, 0 };

/* objectAttributes of a storage key (fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth,
 * restricted, decrypt), no policy, symmetric AES-128 in CFB mode, scheme none */
#define STORAGE_KEY 0, 3, 0, 0x72, 0, 0, 0, 6, 0, 0x80, 0, 0x43, 0, 0x10
#define UNDER_OWNER 0x40, 0, 0, 1, EMPTY_PASSWORD
#define NO_SENSITIVE 0, 4, 0, 0, 0, 0
#define NO_OUTSIDE_INFO_NOR_PCRS 0, 0, 0, 0, 0, 0

/* an RSA-2048 key under the owner: the same primes each time */
static const uint8_t create_rsa[] = {
    SESSIONS, 0, 0, 0, 67, 0, 0, 0x01, 0x31, UNDER_OWNER, NO_SENSITIVE,
    0, 26, 0, 1, SHA256, STORAGE_KEY, 8, 0, 0, 0, 0, 0, 0, 0, NO_OUTSIDE_INFO_NOR_PCRS
};

/* a P-256 key under the owner */
static const uint8_t create_ecc[] = {
    SESSIONS, 0, 0, 0, 67, 0, 0, 0x01, 0x31, UNDER_OWNER, NO_SENSITIVE,
    0, 26, 0, 0x23, SHA256, STORAGE_KEY, 0, 3, 0, 0x10, 0, 0, 0, 0, NO_OUTSIDE_INFO_NOR_PCRS
};

/* the longest response of a swtpm: a loaded key, wrapped */
static const uint8_t context_save[] = { NO_SESSIONS, 0, 0, 0, 14, 0, 0, 0x01, 0x62, 0, 0, 0, 0 };

/* answered with 3,900 bytes by tpm_filter.py, which does not pass it on */
static const uint8_t long_response[] = { NO_SESSIONS, 0, 0, 0, 10, 0x20, 0, 0x0f, 0x3c };

/* clang-format on */

#define COMMAND(name, bytes)                                                                       \
    {                                                                                              \
        name, bytes, sizeof(bytes), NULL, 0, false                                                 \
    }

static const struct tpm_command tpm_commands[] = {
    COMMAND("PCR_Read", pcr_read),
    COMMAND("GetRandom", get_random),
    COMMAND("PCR_Extend", pcr_extend),
    COMMAND("GetCapability", get_capability),
    COMMAND("GetCommands", get_commands),
    COMMAND("LongResponse", long_response),
    { "ContextSave", context_save, sizeof(context_save), create_rsa, sizeof(create_rsa), false },
    { "CreateECC", create_ecc, sizeof(create_ecc), NULL, 0, true },
    { "CreateRSA", create_rsa, sizeof(create_rsa), NULL, 0, true },
};

#endif
