/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attacks of firmware in user mode on x86. This code runs in the task that firmware runs in,
 * and never in the kernel: it is copied to a page of that task.
 *
 * Arguments: the address of kernel memory in %rcx, of the gate in %rdx, of this page in %r8,
 * of kernel code in %r9. The task's stack has the return address.
 */

#include <linux/linkage.h>

#include "macros_kunit.S"

	.section .rodata.efi_rtmap_attacks, "a"
	.balign	8
SYM_DATA_START(efi_rtmap_attacks)

	.section .rodata
	.code64
SYM_DATA_START(efi_rtmap_code)

.Lsucceeded:
	ud2

SYM_DATA_START(efi_rtmap_read)
	mov	(%rcx), %al
.Lreturn:
	ret
SYM_DATA_END(efi_rtmap_read)

SYM_DATA_START(efi_rtmap_write)
	movb	$0xa5, (%rcx)
	ret
SYM_DATA_END(efi_rtmap_write)

SYM_DATA_START(efi_rtmap_jump)
	jmp	*%rcx
SYM_DATA_END(efi_rtmap_jump)

SYM_DATA_START(efi_rtmap_rdmsr)
	rdmsr
	ret
SYM_DATA_END(efi_rtmap_rdmsr)

SYM_DATA_START(efi_rtmap_wrmsr)
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	ret
SYM_DATA_END(efi_rtmap_wrmsr)

SYM_DATA_START(efi_rtmap_inb)
	mov	%ecx, %edx
	in	%dx, %al
	ret
SYM_DATA_END(efi_rtmap_inb)

SYM_DATA_START(efi_rtmap_inl)
	mov	%ecx, %edx
	in	%dx, %eax
	ret
SYM_DATA_END(efi_rtmap_inl)

SYM_DATA_START(efi_rtmap_outb)
	mov	%ecx, %edx
	xor	%eax, %eax
	out	%al, %dx
	ret
SYM_DATA_END(efi_rtmap_outb)

SYM_DATA_START(efi_rtmap_insb)
	mov	%ecx, %edx
	lea	-8(%rsp), %rdi
	insb
	ret
SYM_DATA_END(efi_rtmap_insb)

/* Three bytes for each vector. */
SYM_DATA_START(efi_rtmap_interrupts)
	.set	vector, 0
	.rept	256
	.byte	0xcd, vector, 0xc3	/* INT, RET */
	.set	vector, vector + 1
	.endr
SYM_DATA_END(efi_rtmap_interrupts)

/* UEFI 2.10, section 2.3.4.1: the state of the processor in a call. */
SYM_DATA_START(efi_rtmap_answer)
	check_flags on=X86_EFLAGS_IF, \
		off=(X86_EFLAGS_DF | X86_EFLAGS_AC | X86_EFLAGS_TF | X86_EFLAGS_NT)
	push	$0
	fnstcw	(%rsp)
	stmxcsr	4(%rsp)
	fldz				/* traps if an exception is pending */
	fstp	%st(0)
	pop	%rdx
	movabs	$0x1f800000037f, %rax
	cmp	%rax, %rdx
	jne	1f
	lea	1(%rcx), %rax
	ret
1:	mov	%rdx, %rax
	ret
SYM_DATA_END(efi_rtmap_answer)

#include "instructions_kunit.S"
#include "state_kunit.S"
#include "ways_kunit.S"
#include "far_kunit.S"

SYM_DATA_END_LABEL(efi_rtmap_code, SYM_L_GLOBAL, efi_rtmap_code_end)

	.section .rodata.efi_rtmap_attacks, "a"
SYM_DATA_END_LABEL(efi_rtmap_attacks, SYM_L_GLOBAL, efi_rtmap_attacks_end)
