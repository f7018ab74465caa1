/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attacks by state that firmware leaves behind. A part of attacks_kunit.S.
 */

/* Flags. */
	attack	"popf with IOPL and without IF", EFI_RTMAP_RETURNS
	flags	on=X86_EFLAGS_IOPL, off=X86_EFLAGS_IF
	check_flags on=X86_EFLAGS_IF, off=X86_EFLAGS_IOPL
	ret

	attack	"popf with VIF, VIP and VM", EFI_RTMAP_RETURNS
	flags	on=(X86_EFLAGS_VIF | X86_EFLAGS_VIP | X86_EFLAGS_VM)
	check_flags off=(X86_EFLAGS_VIF | X86_EFLAGS_VIP | X86_EFLAGS_VM)
	ret

	attack	"popf with TF", EFI_RTMAP_TRAPS
	flags	on=X86_EFLAGS_TF
	nop
	ret

	attack	"TF and a system call", EFI_RTMAP_TRAPS
	flags	on=X86_EFLAGS_TF
	syscall
	ret

	attack	"NT left set", EFI_RTMAP_RETURNS
	flags	on=X86_EFLAGS_NT
	ret

	attack	"NT and a system call", EFI_RTMAP_RETURNS
	flags	on=X86_EFLAGS_NT
	syscall
	ret

	attack	"NT and sysenter", EFI_RTMAP_TRAPS
	flags	on=(X86_EFLAGS_NT | X86_EFLAGS_AC)
	sysenter

	attack	"AC left set", EFI_RTMAP_RETURNS
	flags	on=X86_EFLAGS_AC
	ret

	attack	"AC and a trap", EFI_RTMAP_TRAPS
	flags	on=X86_EFLAGS_AC
	ud2

	attack	"AC and a system call", EFI_RTMAP_RETURNS
	flags	on=X86_EFLAGS_AC
	syscall
	ret

	attack	"AC and an unaligned access", EFI_RTMAP_TRAPS | EFI_RTMAP_RETURNS
	flags	on=X86_EFLAGS_AC
	mov	1(%rsp), %eax
	ret

	attack	"DF left set", EFI_RTMAP_RETURNS
	std
	ret

	attack	"DF and a trap", EFI_RTMAP_TRAPS
	std
	ud2

	attack	"DF and a system call", EFI_RTMAP_RETURNS
	std
	syscall
	ret

/* The FPU. */
	attack	"MXCSR left without masks", EFI_RTMAP_RETURNS
	push	$0x6000
	ldmxcsr	(%rsp)
	pop	%rax
	ret

	attack	"a control word left without masks", EFI_RTMAP_RETURNS
	push	$0
	fldcw	(%rsp)
	pop	%rax
	ret

	attack	"an exception of x87 left pending", EFI_RTMAP_RETURNS
	push	$0
	fldcw	(%rsp)
	pop	%rax
	fldz
	fld1
	fdivp
	ret

	attack	"the stack of x87 left full", EFI_RTMAP_RETURNS
	.rept	8
	fldpi
	.endr
	ret

	/* QEMU does not raise it. */
	attack	"an exception of SIMD", EFI_RTMAP_TRAPS | EFI_RTMAP_RETURNS
	push	$0
	ldmxcsr	(%rsp)
	pxor	%xmm0, %xmm0
	mov	$1, %eax
	cvtsi2ss %eax, %xmm1
	divss	%xmm0, %xmm1
	pop	%rax
	ret

	attack	"no access to memory by PKRU", EFI_RTMAP_TRAPS
	mov	$-1, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	wrpkru
	ret

	attack	"no write to memory by PKRU", EFI_RTMAP_TRAPS | EFI_RTMAP_RETURNS
	mov	$0xaaaaaaaa, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	wrpkru
	ret

/* Segments. */
	either	wrfsbase %rcx
	either	wrgsbase %rcx
	allowed	mov %ss, %eax

	attack	"GS at kernel memory", EFI_RTMAP_TRAPS
	wrgsbase %rcx
	mov	%gs:0, %rax
	ret

	attack	"GS at kernel memory and a system call", EFI_RTMAP_TRAPS | EFI_RTMAP_RETURNS
	wrgsbase %rcx
	syscall
	ret

	/* QEMU takes it. */
	attack	"FS without a canonical address", EFI_RTMAP_TRAPS | EFI_RTMAP_RETURNS
	mov	$0x8000000000000000, %rax
	wrfsbase %rax
	ret

	.irp	segment, ds, es, fs, gs, ss
	attack	"the kernel's selector in \segment", EFI_RTMAP_TRAPS
	mov	$__KERNEL_DS, %eax
	mov	%eax, %\segment
	ret
	attack	"a selector of no LDT in \segment", EFI_RTMAP_TRAPS
	mov	$7, %eax
	mov	%eax, %\segment
	ret
	.endr

	attack	"the user's selector in GS", EFI_RTMAP_RETURNS
	mov	$__USER_DS, %eax
	mov	%eax, %gs
	mov	%eax, %fs
	mov	%eax, %ds
	ret

	attack	"SS loaded before a trap", EFI_RTMAP_TRAPS
	mov	%ss, %eax
	mov	%eax, %ss
	int3
	ret

	attack	"SS loaded before a system call", EFI_RTMAP_RETURNS
	mov	%ss, %eax
	mov	%eax, %ss
	syscall
	ret
