# SPDX-License-Identifier: GPL-2.0-or-later
#
# A boot sector, and what it loads: calls the TPM services of a PC BIOS (INT 1Ah, AH=BBh; TCG PC
# Client Implementation Specification for Conventional BIOS 1.21, section 13) and prints every
# result on the first serial port:
#
#   call NAME eax=XXXXXXXX ebx=... ecx=... edx=... esi=... edi=... cf=N
#   data NAME HEX...
#
# Segment 0 throughout, so that offsets are physical addresses.

        .code16
        .globl  _start
        .text

.set SECTORS, 24
.set MAGIC, 0x41504354          # "TCPA"
.set PORT, 0x3f8

_start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $_start, %sp
        cld
        sti
        ljmp    $0, $1f
1:      movb    $0x42, %ah              # extended read, from the drive in DL
        movw    $packet, %si
        int     $0x13
        jc      unreadable
        jmp     main

unreadable:
        movw    $unreadable_text, %si
        call    print
halt:   hlt
        jmp     halt

packet:
        .byte   16, 0
        .word   SECTORS
        .word   0x7e00, 0
        .long   1, 0

unreadable_text:
        .asciz  "cannot read the disk\n"

# print: the text at SI
print:
        lodsb
        testb   %al, %al
        jz      1f
        call    putc
        jmp     print
1:      ret

# putc: AL, when the port takes it
putc:
        pushw   %dx
        pushw   %ax
        movw    $PORT + 5, %dx
1:      inb     %dx, %al
        testb   $0x20, %al
        jz      1b
        popw    %ax
        movw    $PORT, %dx
        outb    %al, %dx
        popw    %dx
        ret

# hex_byte: AL as two digits
hex_byte:
        pushw   %ax
        shrb    $4, %al
        call    1f
        popw    %ax
1:      pushw   %ax
        andb    $15, %al
        cmpb    $10, %al
        sbbb    $0x69, %al
        das
        orb     $0x20, %al
        call    putc
        popw    %ax
        ret

# hex_long: the word of 32 bits at SI, which moves on
hex_long:
        addw    $3, %si
        movw    $4, %cx
1:      movb    (%si), %al
        decw    %si
        call    hex_byte
        loop    1b
        addw    $5, %si
        ret

        .org    0x1fe
        .word   0xaa55

# Below: loaded by the sector above.

# A call: its name, the registers to call with, what to show of the output buffer.
.macro  service name, al, ebx=MAGIC, ecx=0, edx=0, esi=output, edi=text, show=0
        .word   9f
        .long   0xbb00 + \al, \ebx, \ecx, \edx, \esi, \edi
        .word   \show
        .section .rodata
9:      .asciz  "\name"
        .text
.endm

.set ROW, 28

main:
        movw    $services, %bp
next:
        cmpw    $services_end, %bp
        jae     finished
        call    clear_output
        call    invoke
        call    show_registers
        call    show_output
        addw    $ROW, %bp
        jmp     next

finished:
        movw    $done_text, %si
        call    print
        jmp     halt

clear_output:
        movw    $output, %di
        movw    $256, %cx
        movb    $0xee, %al
        rep stosb
        ret

# invoke: the service of row BP; registers afterwards go to `after`
invoke:
        movl    2(%bp), %eax
        movl    6(%bp), %ebx
        movl    10(%bp), %ecx
        movl    14(%bp), %edx
        movl    18(%bp), %esi
        movl    22(%bp), %edi
        pushw   %bp
        pushw   %ds
        pushw   %es
        int     $0x1a
        popw    %es
        popw    %ds
        popw    %bp
        movl    %eax, after
        movl    %ebx, after + 4
        movl    %ecx, after + 8
        movl    %edx, after + 12
        movl    %esi, after + 16
        movl    %edi, after + 20
        setc    carry
        ret

show_registers:
        movw    $call_text, %si
        call    print
        movw    (%bp), %si
        call    print
        movw    $after, %di
        movw    $register_names, %si
1:      call    print                   # SI moves on to the next name
        pushw   %si
        movw    %di, %si
        call    hex_long
        movw    %si, %di
        popw    %si
        cmpw    $after + 24, %di
        jb      1b
        call    print
        movb    carry, %al
        call    hex_byte
        movb    $'\n', %al
        jmp     putc

show_output:
        movw    26(%bp), %cx
        jcxz    2f
        movw    $data_text, %si
        call    print
        movw    (%bp), %si
        call    print
        movb    $' ', %al
        call    putc
        movw    $output, %si
1:      lodsb
        call    hex_byte
        loop    1b
        movb    $'\n', %al
        call    putc
2:      ret

call_text:      .asciz  "call "
data_text:      .asciz  "data "
done_text:      .asciz  "done\n"
register_names: .asciz  " eax="
                .asciz  " ebx="
                .asciz  " ecx="
                .asciz  " edx="
                .asciz  " esi="
                .asciz  " edi="
                .asciz  " cf="

        .include "int1a_services.S"

        .section .rodata
        .balign 4
after:  .skip   24
carry:  .byte   0
        .balign 4
output: .skip   256
