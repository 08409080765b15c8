# SPDX-License-Identifier: GPL-2.0-or-later
#
# What int1a.S calls, in order, and the input blocks.

services:
        service status 0
        service hash-all 5, edi=hash_all, show=24
        service hash-all-unknown-algorithm 5, edi=hash_all_unknown, show=24
        service hash-log-extend-short 1, edi=extend_short, show=28
        service read-8 2, edi=read_8, show=34
        service hash-log-extend-long 1, edi=extend_long, show=28
        service read-11 2, edi=read_11, show=34
        service hash-log-extend-bad-pcr 1, edi=extend_bad_pcr, show=28
        service hash-log-extend-bad-length 1, edi=extend_bad_length, show=28
        service hash-log 4, edi=log_only, show=8
        service read-9 2, edi=read_9, show=34
        service compact 7, ecx=5, edx=10, esi=0x1234, edi=text
        service compact-bad-pcr 7, ecx=5, edx=24, esi=0x1234, edi=text
        service read-10 2, edi=read_10, show=34
        service pass-extend 2, edi=pass_extend, show=34
        service read-12 2, edi=read_12, show=34
        service pass-wrong-ordinal 2, edi=pass_wrong, show=14
        service pass-short-room 2, edi=pass_short, show=4
        service read-0 2, edi=read_0, show=34
        service read-1 2, edi=read_1, show=34
        service read-2 2, edi=read_2, show=34
        service read-3 2, edi=read_3, show=34
        service read-4 2, edi=read_4, show=34
        service read-5 2, edi=read_5, show=34
        service read-6 2, edi=read_6, show=34
        service read-7 2, edi=read_7, show=34
        service status-before-shutdown 0
        service shutdown 3
        service status-after-shutdown 0
        service hash-all-after-shutdown 5, edi=hash_all, show=24
        service pass-after-shutdown 2, edi=read_8, show=34
        service shutdown-again 3
services_end:

        .balign 4
text:   .ascii  "abcde"
        .balign 4

hash_all:
        .word   16, 0
        .long   text, 5
        .long   4               # SHA-1
hash_all_unknown:
        .word   16, 0
        .long   text, 5
        .long   5

# What is logged: TCG_PCClientPCREvent, whose digest the BIOS fills in
.macro  event name, pcr, type, text
\name:
        .long   \pcr, \type
        .skip   20
        .long   7f - 6f
6:      .ascii  "\text"
7:
        .set    \name\()_size, . - \name
        .balign 4
.endm

        event   event_8, 8, 0x0d, "short form"
        event   event_9, 9, 0x0d, "logged only"
        event   event_11, 11, 0x0d, "long form"
        event   event_24, 24, 0x0d, "no such PCR"

extend_short:
        .word   24, 0
        .long   text, 5, 8, event_8, event_8_size
extend_long:
        .word   28, 0
        .long   text, 5, 11, 0, event_11, event_11_size
extend_bad_pcr:
        .word   24, 0
        .long   text, 5, 24, event_24, event_24_size
extend_bad_length:
        .word   20, 0
        .long   text, 5, 8, event_8, event_8_size
log_only:
        .word   28, 0
        .long   text, 5, 9, 0x0d, event_9, event_9_size

# TPM_PCRRead of TPM 1.2: 14 bytes, answered with 30
.macro  pcr_read number
read_\number:
        .word   8 + 14, 0, 4 + 30, 0
        .byte   0x00, 0xc1, 0, 0, 0, 14, 0, 0, 0, 0x15, 0, 0, 0, \number
        .balign 4
.endm

        .irp    number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
        pcr_read \number
        .endr

# TPM_Extend of PCR 12 with twenty bytes of 5Ah
pass_extend:
        .word   8 + 34, 0, 4 + 30, 0
        .byte   0x00, 0xc1, 0, 0, 0, 34, 0, 0, 0, 0x14, 0, 0, 0, 12
        .fill   20, 1, 0x5a
        .balign 4
pass_wrong:
        .word   8 + 10, 0, 4 + 10, 0
        .byte   0x00, 0xc1, 0, 0, 0, 10, 0, 0, 0x7f, 0xff
        .balign 4
pass_short:                     # room for less than a response header
        .word   8 + 14, 0, 4, 0
        .byte   0x00, 0xc1, 0, 0, 0, 14, 0, 0, 0, 0x15, 0, 0, 0, 8
        .balign 4
