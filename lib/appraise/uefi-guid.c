/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/uefi-guid.h"

#include "wire/cursor.h"

#include <string.h>

static const struct {
    char text[DQ_GUID_TEXT_SIZE];
    const char *name;
} known[] = {
    /* whose variables: UEFI 2.10, sections 3.3 and 32.4 */
    { "8be4df61-93ca-11d2-aa0d-00e098032b8c", "UEFI" },
    { "d719b2cb-3d3a-4596-a3bc-dad00e67656f", "UEFI image security" },
    { "605dab50-e046-4300-abb6-3dd810dd8b23", "shim" },
    { "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", "systemd-boot" },
    { "77fa9abd-0359-4d32-bd60-28f4e78f784b", "Microsoft" },
    /* kinds of signatures: UEFI 2.10, section 32.4.1 */
    { "a5c059a1-94e4-4aa7-87b5-ab155c2bf072", "certificate" },
    { "c1c41626-504c-4092-aca9-41f936934328", "SHA-256 digest" },
    { "826ca512-cf10-4ac9-b187-be01496631bd", "SHA-1 digest" },
    { "ff3e5307-9fd0-48c9-85f1-8ad56c701e01", "SHA-384 digest" },
    { "093e0fae-a6c4-4f50-9f1b-d41e2b89c19a", "SHA-512 digest" },
    { "3c5766e8-269c-4e34-aa14-ed776e85b3b6", "RSA-2048 key" },
    { "3bd2a492-96c0-4079-b420-fcf98ef103ed", "SHA-256 digest of a certificate" },
    { "7076876e-80c2-4ee6-aad2-28b349a6865b", "SHA-384 digest of a certificate" },
    { "446dbf63-2502-4cda-bcfa-2465d2b0fe9d", "SHA-512 digest of a certificate" },
    /* types of partitions */
    { "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system partition" },
    { "bc13c2ff-59e6-4262-a352-b275fd6f7172", "extended boot loader partition" },
    { "21686148-6449-6e6f-744e-656564454649", "BIOS boot partition" },
    { "0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux" },
    { "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "Linux root, x86-64" },
    { "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap" },
    { "e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM" },
    { "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "basic data" },
    /* tables handed to the operating system */
    { "eb9d2d31-2d88-11d3-9a16-0090273fc14d", "SMBIOS" },
    { "f2fd1544-9794-4a2c-992e-e5bbcf20e394", "SMBIOS 3" },
    { "8868e871-e4f1-11d3-bc22-0080c73c8881", "ACPI 2.0" },
};

void dq_guid_format(const uint8_t guid[DQ_GUID_SIZE], char ret_text[DQ_GUID_TEXT_SIZE])
{
    WireReader r = WIRE_READER(guid, DQ_GUID_SIZE);
    uint32_t first = 0;
    uint16_t second = 0, third = 0;

    wire_get_le32(&r, &first);
    wire_get_le16(&r, &second);
    wire_get_le16(&r, &third);
    g_snprintf(ret_text, DQ_GUID_TEXT_SIZE, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
               first, second, third, r.p[0], r.p[1], r.p[2], r.p[3], r.p[4], r.p[5], r.p[6],
               r.p[7]);
}

const char *dq_guid_name(const uint8_t guid[DQ_GUID_SIZE])
{
    char text[DQ_GUID_TEXT_SIZE];

    dq_guid_format(guid, text);
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strcmp(known[i].text, text) == 0) {
            return known[i].name;
        }
    }
    return NULL;
}
