/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attacks on the ways into the kernel: stack pointers, the gate, forged signals, and code
 * that does not come back. A part of attacks_kunit.S.
 */

/* Stack pointers. */
	.irp	code, "ud2", "push %rax", "int3"
	attack	"stack in the kernel, \code", EFI_RTMAP_TRAPS
	mov	%rcx, %rsp
	\code
	attack	"stack at 0, \code", EFI_RTMAP_TRAPS
	xor	%esp, %esp
	\code
	attack	"stack in the gate, \code", EFI_RTMAP_TRAPS
	lea	64(%rdx), %rsp
	\code
	attack	"stack without a canonical address, \code", EFI_RTMAP_TRAPS
	mov	$0x8000000000000000, %rsp
	\code
	.endr

	attack	"stack in the kernel, system call", EFI_RTMAP_TRAPS
	mov	%rcx, %rsp
	syscall
	ud2

	attack	"stack too deep", EFI_RTMAP_TRAPS
1:	push	%rax
	jmp	1b

/* The gate. */
	allowed	jmp *%rdx
	refused	mov (%rdx), %rax
	refused	mov %rax, (%rdx)
	.irp	offset, 1, 8, 15, 17, 24, 4096, 65535
	attack	"jump to \offset in the gate", EFI_RTMAP_TRAPS
	lea	\offset(%rdx), %rax
	jmp	*%rax
	.endr

	attack	"the handler without a signal", EFI_RTMAP_TRAPS
	go_to_handler

	.irp	register, "%rcx", "$0", "%rdx"
	attack	"the handler with its stack at \register", EFI_RTMAP_TRAPS
	mov	\register, %rsp
	mov	\register, %rsi
	go_to_handler
	.endr

	attack	"a forged signal", EFI_RTMAP_RETURNS
	forge
	go_to_handler

	attack	"a forged trap", EFI_RTMAP_TRAPS
	forge
	movl	$1, FRAME_CODE(%rbx)
	go_to_handler

	attack	"a forged signal at kernel code", EFI_RTMAP_TRAPS
	forge
	mov	%r9, FRAME_IP(%rbx)
	go_to_handler

	attack	"a forged trap at kernel code", EFI_RTMAP_TRAPS
	forge
	mov	%r9, FRAME_IP(%rbx)
	movl	$1, FRAME_CODE(%rbx)
	go_to_handler

	attack	"a forged signal at no canonical address", EFI_RTMAP_TRAPS
	forge
	mov	$0x8000000000000000, %rax
	mov	%rax, FRAME_IP(%rbx)
	go_to_handler

	attack	"a forged signal with the kernel's code segment", EFI_RTMAP_TRAPS
	forge
	movw	$__KERNEL_CS, FRAME_CS(%rbx)
	go_to_handler

	attack	"a forged signal without a code segment", EFI_RTMAP_TRAPS
	forge
	movw	$0, FRAME_CS(%rbx)
	go_to_handler

	attack	"a forged signal with the kernel's stack segment", \
		EFI_RTMAP_RETURNS | EFI_RTMAP_TRAPS
	forge
	movw	$__KERNEL_DS, FRAME_SS(%rbx)
	movq	$4, 8(%rbx)		/* UC_STRICT_RESTORE_SS */
	go_to_handler

	attack	"a forged signal with the kernel's stack", EFI_RTMAP_TRAPS
	forge
	mov	%rcx, FRAME_SP(%rbx)
	go_to_handler

	attack	"a forged signal with IOPL, NT and without IF", EFI_RTMAP_RETURNS
	forge
	movq	$(X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_VM | X86_EFLAGS_VIP), \
		FRAME_FLAGS(%rbx)
	resume_at 1f
	go_to_handler
1:	check_flags on=X86_EFLAGS_IF, off=(X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_VM)
	ret

	attack	"a forged signal with an FPU in the kernel", EFI_RTMAP_TRAPS
	forge
	mov	%rcx, FRAME_FPU(%rbx)
	go_to_handler

	attack	"a forged signal with an FPU of nothing", EFI_RTMAP_RETURNS | EFI_RTMAP_TRAPS
	forge
	movq	$1, 8(%rbx)		/* UC_FP_XSTATE */
	mov	%rbx, FRAME_FPU(%rbx)
	go_to_handler

	attack	"a forged signal with its data in the kernel", EFI_RTMAP_TRAPS
	forge
	mov	%rcx, %rsi
	go_to_handler

	attack	"traps blocked by a forged signal", EFI_RTMAP_DIES
	forge
	movq	$-1, FRAME_MASK(%rbx)
	resume_at 1f
	go_to_handler
1:	ud2

	attack	"no stack for signals by a forged signal", EFI_RTMAP_TRAPS | EFI_RTMAP_DIES
	forge
	movl	$2, (FRAME_STACK + 8)(%rbx) /* SS_DISABLE */
	movq	$0, FRAME_SP(%rbx)
	resume_at 1f
	go_to_handler
1:	ud2

	attack	"a stack for signals in the kernel", EFI_RTMAP_TRAPS | EFI_RTMAP_DIES
	forge
	mov	%rcx, FRAME_STACK(%rbx)
	movq	$65536, (FRAME_STACK + 16)(%rbx)
	movq	$0, FRAME_SP(%rbx)
	resume_at 1f
	go_to_handler
1:	ud2

/* Code that does not come back. */
	attack	"an endless loop", EFI_RTMAP_SPINS
1:	jmp	1b

	attack	"an endless loop without interrupts", EFI_RTMAP_SPINS
1:	cli
	jmp	1b

	attack	"endless system calls", EFI_RTMAP_SPINS
1:	syscall
	jmp	1b

	attack	"endless forged signals", EFI_RTMAP_SPINS
1:	forge
	resume_at 1b
	go_to_handler
