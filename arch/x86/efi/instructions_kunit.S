/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attacks by single instructions, and by accesses to kernel memory. A part of attacks_kunit.S.
 */

/* Instructions that need privilege. */
	refused	hlt
	refused	swapgs
	refused	clts
	refused	invd
	refused	sysretl
	refused	sysretq
	refused	mov %rcx, %cr0
	refused	mov %rcx, %cr2
	refused	mov %rcx, %cr3
	refused	mov %rcx, %cr4
	refused	mov %rcx, %cr8
	refused	mov %cr0, %rax
	refused	mov %cr2, %rax
	refused	mov %cr3, %rax
	refused	mov %cr4, %rax
	refused	mov %cr8, %rax
	refused	mov %rcx, %dr0
	refused	mov %rcx, %dr7
	refused	mov %dr7, %rax
	refused	lgdt (%rsp)
	refused	lidt (%rsp)
	refused	lldt %cx
	refused	ltr %cx
	refused	lmsw %cx
	refused	invlpg (%rcx)
	refused	invpcid (%rsp), %rcx
	refused	rdpmc
	refused	rdmsr
	refused	wrmsr
	refused	xsetbv
	refused	monitor
	refused	mwait
	refused	stac
	refused	clac
	refused	rsm
	refused	vmxoff
	either	vmcall
	either	vmmcall
	refused	int3
	refused	.byte 0xf1		/* INT1 */
	refused	.byte 0xce		/* INTO is no instruction of this mode */
	refused	ud2
	refused	sysenter
	allowed	syscall
	.irp	number, __NR_exit, __NR_exit_group, __NR_rt_sigreturn, __NR_execve, __NR_fork
	attack	"system call \number", EFI_RTMAP_RETURNS
	mov	$\number, %eax
	syscall
	ret
	.endr
	attack	"system call __NR_getpid", EFI_RTMAP_RETURNS
	mov	$__NR_getpid, %eax
	syscall
	test	%rax, %rax
	jns	.Lsucceeded
	ret
	allowed	cli
	allowed	sti
	allowed	wbinvd
	allowed	cpuid
	allowed	rdtsc
	either	rdtscp
	/* The kernel may emulate these. */
	either	sgdt -16(%rsp)
	either	sidt -16(%rsp)
	either	sldt %rax
	either	str %rax
	either	smsw %rax
	refused	sgdt (%rcx)
	refused	sidt (%rcx)
	refused	smsw (%rcx)

	attack	"division by zero", EFI_RTMAP_TRAPS
	xor	%ecx, %ecx
	div	%ecx
	ret

/* Accesses to kernel memory by other instructions than moves. */
	refused	movnti %rax, (%rcx)
	refused	push (%rcx)
	refused	pop (%rcx)
	refused	call *%rcx
	refused	call *(%rcx)
	refused	jmp *%r9
	refused	lock incq (%rcx)
	refused	lock cmpxchg16b (%rcx)
	refused	fxsave (%rcx)
	refused	fxrstor (%rcx)
	refused	fnstenv (%rcx)
	refused	stmxcsr (%rcx)
	refused	ldmxcsr (%rcx)
	refused	movntdq %xmm0, (%rcx)
	refused	xsave (%rcx)
	refused	xrstor (%rcx)
	either	clflush (%rcx)
	either	prefetcht0 (%rcx)

	attack	"xrstor of a bad header", EFI_RTMAP_TRAPS
	sub	$1024, %rsp
	and	$~63, %rsp
	mov	%rsp, %rdi
	mov	$-1, %rax
	mov	$128, %ecx
	rep stosq
	mov	%eax, %edx
	xrstor	(%rsp)
	ud2

	attack	"copy from kernel memory", EFI_RTMAP_TRAPS
	mov	%rcx, %rsi
	lea	-64(%rsp), %rdi
	mov	$64, %ecx
	rep movsb
	ret

	attack	"copy to kernel memory", EFI_RTMAP_TRAPS
	mov	%rcx, %rdi
	lea	-64(%rsp), %rsi
	mov	$64, %ecx
	rep movsb
	ret

	attack	"return to the kernel", EFI_RTMAP_TRAPS
	push	%r9
	ret

	attack	"enter with the kernel's stack", EFI_RTMAP_TRAPS
	mov	%rcx, %rsp
	enter	$0, $0
	ret

	attack	"code on the stack", EFI_RTMAP_TRAPS
	push	$0xc3
	jmp	*%rsp

	attack	"vsyscall page", EFI_RTMAP_TRAPS | EFI_RTMAP_RETURNS
	xor	%edi, %edi
	xor	%esi, %esi
	mov	$0xffffffffff600000, %rax
	jmp	*%rax

	attack	"vsyscall page with an address of the kernel", EFI_RTMAP_TRAPS
	mov	%rcx, %rdi
	mov	$0xffffffffff600400, %rax
	jmp	*%rax
