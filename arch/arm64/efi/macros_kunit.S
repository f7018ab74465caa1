/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Macros for attacks. A part of attacks_kunit.S.
 */

#include <linux/efi-rtmap-attack.h>

#include <asm/ptrace.h>
#include <asm/unistd.h>

/* The frame of a signal, struct rt_sigframe. */
#define FRAME_SIZE	4688
#define FRAME_CODE	8
#define FRAME_UC	128
#define FRAME_STACK	144
#define FRAME_MASK	168
#define FRAME_X0	312
#define FRAME_X30	552
#define FRAME_SP	560
#define FRAME_PC	568
#define FRAME_PSTATE	576
#define FRAME_FPU	592

	.arch	armv8.5-a+memtag

/* Has the signal of the frame at x10 end at \label. */
.macro	resume_at label:req
	adr	x11, \label
	str	x11, [x10, #FRAME_PC]
.endm

/*
 * Makes a frame on the stack, at the stack pointer from then on, as if a process had sent a
 * signal. Its end is a return from the call.
 */
.macro	forge
	mov	x9, sp
	mov	x10, #FRAME_SIZE
	sub	sp, sp, x10
	mov	x10, sp
1:	stp	xzr, xzr, [x10], #16
	cmp	x10, x9
	b.ne	1b
	mov	x10, sp
	stp	x0, x1, [x10, #FRAME_X0]
	stp	x2, x3, [x10, #FRAME_X0 + 16]
	str	x30, [x10, #FRAME_X30]
	str	x9, [x10, #FRAME_SP]
	resume_at .Lreturn
	mov	w11, #0x8001			/* FPSIMD_MAGIC */
	movk	w11, #0x4650, lsl #16
	mov	w12, #528
	str	w11, [x10, #FRAME_FPU]
	str	w12, [x10, #FRAME_FPU + 4]
	mov	x1, x10
	add	x2, x10, #FRAME_UC
	ldr	x9, [x10, #FRAME_X0 + 8]
	add	x9, x9, #HANDLER
.endm

.macro	go_to_handler
	br	x9
.endm
