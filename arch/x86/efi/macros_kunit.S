/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Macros for attacks. A part of attacks_kunit.S.
 */

#include <linux/efi-rtmap-attack.h>

#include <asm/processor-flags.h>
#include <asm/segment.h>
#include <asm/unistd.h>

/* The frame of a signal, struct rt_sigframe. */
#define FRAME_SIZE	448
#define FRAME_STACK	24
#define FRAME_DX	144
#define FRAME_CX	160
#define FRAME_SP	168
#define FRAME_IP	176
#define FRAME_FLAGS	184
#define FRAME_CS	192
#define FRAME_SS	198
#define FRAME_FPU	232
#define FRAME_MASK	304
#define FRAME_INFO	312
#define FRAME_CODE	320

/* Changes the flags: sets the bits of \on, clears those of \off. */
.macro	flags on=0, off=0
	pushf
	orq	$\on, (%rsp)
	andq	$~(\off), (%rsp)
	popf
.endm

/* Traps if the flags have not the bits of \on, or have one of \off. */
.macro	check_flags on=0, off=0
	pushf
	pop	%rax
	and	$(\on | \off), %eax
	cmp	$\on, %eax
	je	.Lgood\@
	ud2
.Lgood\@:
.endm

/* Has the signal of the frame at %rbx end at \label. */
.macro	resume_at label:req
	lea	\label(%rip), %rax
	mov	%rax, FRAME_IP(%rbx)
.endm

/*
 * Makes a frame on the stack, at %rsp from then on and in %rbx, as if a process had sent a
 * signal. Its end is a return from the call.
 */
.macro	forge
	mov	%rsp, %r10
	sub	$FRAME_SIZE, %rsp
	and	$~15, %rsp
	mov	%rsp, %rdi
	mov	%rsp, %rbx
	mov	%rcx, %r11
	xor	%eax, %eax
	mov	$(FRAME_SIZE / 8), %ecx
	rep stosq
	lea	.Lreturn(%rip), %rax
	mov	%rdx, FRAME_DX(%rbx)
	mov	%r11, FRAME_CX(%rbx)
	mov	%r10, FRAME_SP(%rbx)
	mov	%rax, FRAME_IP(%rbx)
	movq	$(X86_EFLAGS_IF | X86_EFLAGS_FIXED), FRAME_FLAGS(%rbx)
	movw	$__USER_CS, FRAME_CS(%rbx)
	movw	$__USER_DS, FRAME_SS(%rbx)
	lea	FRAME_INFO(%rbx), %rsi
	mov	%r11, %rcx
.endm

.macro	go_to_handler
	lea	HANDLER(%rdx), %rax
	jmp	*%rax
.endm
