/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attacks by far returns, and by 32-bit code. A part of attacks_kunit.S.
 */

/* Far returns. The old stack pointer is in %r10. */
.macro	far_return name:req, ends, cs=__USER_CS, ip=%rax, sp=%r10, ss=__USER_DS, flags=X86_EFLAGS_IF
	attack	"iretq \name", \ends, EFI_RTMAP_FAR_RETURNS
	lea	.Lreturn(%rip), %rax
	mov	%rsp, %r10
	push	$\ss
	push	\sp
	push	$(\flags | X86_EFLAGS_FIXED)
	push	$\cs
	push	\ip
	iretq
.endm

	far_return "at home", EFI_RTMAP_RETURNS
	far_return "with IOPL", EFI_RTMAP_RETURNS, flags=X86_EFLAGS_IOPL
	far_return "with NT", EFI_RTMAP_RETURNS, flags=(X86_EFLAGS_NT | X86_EFLAGS_IF)
	far_return "to the kernel's segment", EFI_RTMAP_TRAPS, cs=__KERNEL_CS
	far_return "to the kernel's code", EFI_RTMAP_TRAPS, cs=__KERNEL_CS, ip=%r9, ss=__KERNEL_DS
	far_return "to kernel code", EFI_RTMAP_TRAPS, ip=%r9
	far_return "with the kernel's stack segment", EFI_RTMAP_TRAPS, ss=__KERNEL_DS
	far_return "with the kernel's stack", EFI_RTMAP_TRAPS, sp=%rcx
	far_return "without a segment", EFI_RTMAP_TRAPS, cs=0
	far_return "to data", EFI_RTMAP_TRAPS, cs=__USER_DS
	far_return "to the TSS", EFI_RTMAP_TRAPS, cs=(GDT_ENTRY_TSS * 8)
	far_return "to no LDT", EFI_RTMAP_TRAPS, cs=7

	attack	"iretq with the stack in the kernel", EFI_RTMAP_TRAPS, EFI_RTMAP_FAR_RETURNS
	mov	%rcx, %rsp
	iretq

	attack	"iretq with NT", EFI_RTMAP_TRAPS, EFI_RTMAP_FAR_RETURNS
	flags	on=X86_EFLAGS_NT
	iretq

	attack	"lretq at home", EFI_RTMAP_RETURNS, EFI_RTMAP_FAR_RETURNS
	lea	.Lreturn(%rip), %rax
	push	$__USER_CS
	push	%rax
	lretq

	/* No blanks in a value: GNU as ends a value there. */
	.irp    selector, 0, 7, __KERNEL_CS, __KERNEL32_CS, (__KERNEL_CS+3), __USER_DS, \
		(GDT_ENTRY_TSS*8)
	attack	"lretq to the selector \selector", EFI_RTMAP_TRAPS, EFI_RTMAP_FAR_RETURNS
	lea	.Lreturn(%rip), %rax
	push	$(\selector)
	push	%rax
	lretq
	attack	"far call to the selector \selector", EFI_RTMAP_TRAPS, EFI_RTMAP_FAR_RETURNS
	push	$(\selector)
	push	%r9
	rex64 lcall *(%rsp)
	add	$16, %rsp
	ret
	attack	"far jump to the selector \selector", EFI_RTMAP_TRAPS, EFI_RTMAP_FAR_RETURNS
	push	$(\selector)
	push	%r9
	rex64 ljmp *(%rsp)
	.endr

	attack	"lretq with the stack in the kernel", EFI_RTMAP_TRAPS, EFI_RTMAP_FAR_RETURNS
	mov	%rcx, %rsp
	lretq

/* 32-bit code. */
	.irp    code, "ud2", "mov $1, %eax; int $0x80; ud2", "mov $1, %eax; sysenter", \
		"int3", "hlt", "into; ud2", "lcall $7, $0; ud2"
	attack	"32-bit code: \code", EFI_RTMAP_TRAPS, EFI_RTMAP_FAR_RETURNS
	lea	1f(%rip), %rax
	push	$__USER32_CS
	push	%rax
	lretq
	.code32
1:	\code
	.code64
	.endr

	attack	"32-bit code that does not come back", EFI_RTMAP_SPINS, EFI_RTMAP_FAR_RETURNS
	lea	1f(%rip), %rax
	push	$__USER32_CS
	push	%rax
	lretq
	.code32
1:	jmp	1b
	.code64
