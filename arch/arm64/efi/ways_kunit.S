/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attacks on the ways into the kernel: stack pointers, the gate, forged signals, and code
 * that does not come back. A part of attacks_kunit.S.
 */

/* Stack pointers. */
	.irp	code, "udf #0", "str x0, [sp, #-16]!", "brk #1"
	attack	"stack in the kernel, \code", EFI_RTMAP_TRAPS
	mov	sp, x0
	\code
	attack	"stack at 0, \code", EFI_RTMAP_TRAPS
	mov	x9, xzr
	mov	sp, x9
	\code
	attack	"stack in the gate, \code", EFI_RTMAP_TRAPS
	add	sp, x1, #64
	\code
	attack	"stack that is not aligned, \code", EFI_RTMAP_TRAPS
	add	sp, x0, #1
	\code
	attack	"stack behind all addresses, \code", EFI_RTMAP_TRAPS
	mov	x9, #0x00ff000000000000
	mov	sp, x9
	\code
	.endr

	attack	"stack in the kernel, system call", EFI_RTMAP_TRAPS
	mov	sp, x0
	svc	#0
	udf	#0

	attack	"stack too deep", EFI_RTMAP_TRAPS
1:	str	xzr, [sp, #-16]!
	b	1b

/* The gate. */
	allowed	br x1
	refused	ldr x9, [x1]
	refused	str x9, [x1]
	.irp	offset, 1, 4, 8, 12, 20, 24, 4092
	attack	"jump to \offset in the gate", EFI_RTMAP_TRAPS
	add	x9, x1, #\offset
	br	x9
	.endr

	attack	"the handler without a signal", EFI_RTMAP_TRAPS
	add	x9, x1, #HANDLER
	br	x9

	.irp	register, x0, xzr, x1
	attack	"the handler with its stack at \register", EFI_RTMAP_TRAPS
	add	x9, x1, #HANDLER
	mov	x10, \register
	mov	x1, x10
	mov	sp, x10
	br	x9
	.endr

	attack	"a forged signal", EFI_RTMAP_RETURNS
	forge
	go_to_handler

	attack	"a forged trap", EFI_RTMAP_TRAPS
	forge
	mov	w11, #1
	str	w11, [x10, #FRAME_CODE]
	go_to_handler

	attack	"a forged signal at kernel code", EFI_RTMAP_TRAPS
	forge
	str	x3, [x10, #FRAME_PC]
	go_to_handler

	attack	"a forged trap at kernel code", EFI_RTMAP_TRAPS
	forge
	str	x3, [x10, #FRAME_PC]
	mov	w11, #1
	str	w11, [x10, #FRAME_CODE]
	go_to_handler

	attack	"a forged signal behind all addresses", EFI_RTMAP_TRAPS
	forge
	mov	x11, #0x00ff000000000000
	str	x11, [x10, #FRAME_PC]
	go_to_handler

	.irp    pstate, PSR_MODE_EL1t, PSR_MODE_EL1h, PSR_MODE_EL2h, PSR_MODE_EL3h, \
		PSR_MODE32_BIT, PSR_I_BIT, PSR_PAN_BIT, PSR_IL_BIT, PSR_D_BIT
	attack	"a forged signal with \pstate", EFI_RTMAP_TRAPS | EFI_RTMAP_RETURNS
	forge
	mov	x11, #\pstate
	str	x11, [x10, #FRAME_PSTATE]
	go_to_handler
	attack	"a forged signal at kernel code with \pstate", EFI_RTMAP_TRAPS
	forge
	mov	x11, #\pstate
	str	x11, [x10, #FRAME_PSTATE]
	str	x3, [x10, #FRAME_PC]
	go_to_handler
	.endr

	attack	"a forged signal with a single step", EFI_RTMAP_TRAPS | EFI_RTMAP_RETURNS
	forge
	mov	x11, #(1 << 21)
	str	x11, [x10, #FRAME_PSTATE]
	go_to_handler

	attack	"a forged signal with the kernel's stack", EFI_RTMAP_RETURNS
	forge
	str	x0, [x10, #FRAME_SP]
	go_to_handler

	attack	"a forged signal without an FPU", EFI_RTMAP_TRAPS
	forge
	str	xzr, [x10, #FRAME_FPU]
	go_to_handler

	attack	"a forged signal with an FPU of nothing", EFI_RTMAP_TRAPS
	forge
	mov	w11, #-1
	str	w11, [x10, #FRAME_FPU + 4]
	go_to_handler

	attack	"a forged signal with its data in the kernel", EFI_RTMAP_TRAPS
	forge
	mov	x1, x0
	go_to_handler

	attack	"traps blocked by a forged signal", EFI_RTMAP_DIES
	forge
	mov	x11, #-1
	str	x11, [x10, #FRAME_MASK]
	resume_at 1f
	go_to_handler
1:	udf	#0

	attack	"no stack for signals by a forged signal", EFI_RTMAP_TRAPS | EFI_RTMAP_DIES
	forge
	mov	w11, #2			/* SS_DISABLE */
	str	w11, [x10, #FRAME_STACK + 8]
	str	xzr, [x10, #FRAME_SP]
	resume_at 1f
	go_to_handler
1:	udf	#0

	attack	"a stack for signals in the kernel", EFI_RTMAP_TRAPS | EFI_RTMAP_DIES
	forge
	str	x0, [x10, #FRAME_STACK]
	mov	x11, #65536
	str	x11, [x10, #FRAME_STACK + 16]
	str	xzr, [x10, #FRAME_SP]
	resume_at 1f
	go_to_handler
1:	udf	#0

/* Code that does not come back. */
	attack	"an endless loop", EFI_RTMAP_SPINS
1:	b	1b

	attack	"an endless wait", EFI_RTMAP_SPINS
1:	wfi
	b	1b

	attack	"endless system calls", EFI_RTMAP_SPINS
1:	svc	#0
	b	1b

	attack	"endless forged signals", EFI_RTMAP_SPINS
2:	forge
	resume_at 2b
	go_to_handler
