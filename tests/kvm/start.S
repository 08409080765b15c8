# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where the guest's processors start: the first at the end of a ROM that QEMU has for a firmware,
# the second at TRAMPOLINE. Both in real mode, and both go on in protected mode without paging.
# guest.ld has the layout.

.set TRAMPOLINE, 0x8000
.set STACK, 0x4000
.set CODE, 8
.set DATA, 16

        .section .reset, "ax"
        .code16
        .globl  reset_start
reset_start:
        cli
        cld
        movl    $gdt_pointer, %ebx      # of which the low half counts: CS starts 64 KiB below
        lgdtl   %cs:(%bx)
        movl    %cr0, %eax
        andl    $0x9fffffff, %eax       # caches on: KVM takes their being off at its word
        orl     $1, %eax
        movl    %eax, %cr0
        ljmpl   $CODE, $1f
        .code32
1:      movw    $DATA, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    $image_in_rom, %esi
        movl    $image_start, %edi
        movl    $image_words, %ecx
        rep movsl
        xorl    %eax, %eax
        movl    $bss_words, %ecx
        rep stosl
        movl    $stack_0 + STACK, %esp
        movl    $guest_main, %eax
        call    *%eax
2:      hlt
        jmp     2b

        .balign 8
gdt:    .quad   0
        .quad   0x00cf9b000000ffff      # code, all 4 GiB; accessed, as a ROM takes no such mark
        .quad   0x00cf93000000ffff      # data, all 4 GiB
gdt_pointer:
        .word   23
        .long   gdt

        .section .vector, "ax"
        .code16
        jmp     reset_start
        .balign 16, 0

        .text
        .globl  trampoline, trampoline_size
trampoline:
        cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        lgdtl   TRAMPOLINE + (3f - trampoline)
        movl    %cr0, %eax
        andl    $0x9fffffff, %eax
        orl     $1, %eax
        movl    %eax, %cr0
        ljmpl   $CODE, $second
        .balign 4
3:      .word   23
        .long   gdt
trampoline_end:

        .balign 4
trampoline_size:
        .long   trampoline_end - trampoline

        .code32
second:
        movw    $DATA, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    $stack_1 + STACK, %esp
        call    second_main
4:      hlt
        jmp     4b

        .bss
        .balign 16
stack_0:
        .skip   STACK
stack_1:
        .skip   STACK

        .section .note.GNU-stack, "", @progbits
