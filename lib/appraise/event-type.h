/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types of events. Spec: TCG PC Client Platform Firmware Profile 1.06, section 10.4.1. */
#ifndef APPRAISE_EVENT_TYPE_H
#define APPRAISE_EVENT_TYPE_H

#include <stdint.h>

#define DQ_EV_PREBOOT_CERT UINT32_C(0x00)
#define DQ_EV_POST_CODE UINT32_C(0x01)
#define DQ_EV_UNUSED UINT32_C(0x02)
#define DQ_EV_NO_ACTION UINT32_C(0x03)
#define DQ_EV_SEPARATOR UINT32_C(0x04)
#define DQ_EV_ACTION UINT32_C(0x05)
#define DQ_EV_EVENT_TAG UINT32_C(0x06)
#define DQ_EV_S_CRTM_CONTENTS UINT32_C(0x07)
#define DQ_EV_S_CRTM_VERSION UINT32_C(0x08)
#define DQ_EV_CPU_MICROCODE UINT32_C(0x09)
#define DQ_EV_PLATFORM_CONFIG_FLAGS UINT32_C(0x0A)
#define DQ_EV_TABLE_OF_DEVICES UINT32_C(0x0B)
#define DQ_EV_COMPACT_HASH UINT32_C(0x0C)
#define DQ_EV_IPL UINT32_C(0x0D)
#define DQ_EV_IPL_PARTITION_DATA UINT32_C(0x0E)
#define DQ_EV_NONHOST_CODE UINT32_C(0x0F)
#define DQ_EV_NONHOST_CONFIG UINT32_C(0x10)
#define DQ_EV_NONHOST_INFO UINT32_C(0x11)
#define DQ_EV_OMIT_BOOT_DEVICE_EVENTS UINT32_C(0x12)
#define DQ_EV_POST_CODE2 UINT32_C(0x13)
#define DQ_EV_EFI_VARIABLE_DRIVER_CONFIG UINT32_C(0x80000001)
#define DQ_EV_EFI_VARIABLE_BOOT UINT32_C(0x80000002)
#define DQ_EV_EFI_BOOT_SERVICES_APPLICATION UINT32_C(0x80000003)
#define DQ_EV_EFI_BOOT_SERVICES_DRIVER UINT32_C(0x80000004)
#define DQ_EV_EFI_RUNTIME_SERVICES_DRIVER UINT32_C(0x80000005)
#define DQ_EV_EFI_GPT_EVENT UINT32_C(0x80000006)
#define DQ_EV_EFI_ACTION UINT32_C(0x80000007)
#define DQ_EV_EFI_PLATFORM_FIRMWARE_BLOB UINT32_C(0x80000008)
#define DQ_EV_EFI_HANDOFF_TABLES UINT32_C(0x80000009)
#define DQ_EV_EFI_PLATFORM_FIRMWARE_BLOB2 UINT32_C(0x8000000A)
#define DQ_EV_EFI_HANDOFF_TABLES2 UINT32_C(0x8000000B)
#define DQ_EV_EFI_VARIABLE_BOOT2 UINT32_C(0x8000000C)
#define DQ_EV_EFI_GPT_EVENT2 UINT32_C(0x8000000D)
#define DQ_EV_EFI_HCRTM_EVENT UINT32_C(0x80000010)
#define DQ_EV_EFI_VARIABLE_AUTHORITY UINT32_C(0x800000E0)
#define DQ_EV_EFI_SPDM_FIRMWARE_BLOB UINT32_C(0x800000E1)
#define DQ_EV_EFI_SPDM_FIRMWARE_CONFIG UINT32_C(0x800000E2)
#define DQ_EV_EFI_SPDM_DEVICE_POLICY UINT32_C(0x800000E3)
#define DQ_EV_EFI_SPDM_DEVICE_AUTHORITY UINT32_C(0x800000E4)

/**
 * DqDigestOver: what the digests of a type of events are over, where the event can tell.
 * @DQ_OVER_OTHER: over something that is not in the log
 * @DQ_OVER_DATA: over the event's data
 * @DQ_OVER_SEPARATOR: over the data, or over the number 1 where it reports an error
 * @DQ_OVER_VARIABLE: over the data, or, as firmware has it that follows older specifications, over
 *   the variable's content alone
 * @DQ_OVER_COMMAND: over a command of GRUB's, which comes after a few words of GRUB's own; other
 *   boot loaders put other things there
 */
typedef enum DqDigestOver {
    DQ_OVER_OTHER,
    DQ_OVER_DATA,
    DQ_OVER_SEPARATOR,
    DQ_OVER_VARIABLE,
    DQ_OVER_COMMAND,
} DqDigestOver;

typedef struct DqEventKind {
    uint32_t type;
    const char *name; /* as the specification writes it */
    DqDigestOver over;
} DqEventKind;

/** dq_event_kind: NULL for a type that is not known. */
const DqEventKind *dq_event_kind(uint32_t type);

#endif
