/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps of __efi_call() before and after it enters the firmware: see
 * arch/x86/efi/guard.c.
 */
#ifndef _ASM_X86_EFI_RTMAP_CALL_H
#define _ASM_X86_EFI_RTMAP_CALL_H

/* Offsets in struct efi_rtmap_frame. */
#define EFI_RTMAP_FRAME_GUARDED	0
#define EFI_RTMAP_FRAME_SP	8
#define EFI_RTMAP_FRAME_FLAGS	16
#define EFI_RTMAP_FRAME_BEFORE	24
#define EFI_RTMAP_FRAME_AFTER	72

#ifdef __ASSEMBLER__

#include <linux/linkage.h>
#include <linux/objtool.h>

#include <asm/processor-flags.h>

/* The registers that a callee has to preserve, in the order of enum efi_rtmap_kept. */
.macro EFI_RTMAP_STORE frame:req, at:req
	movq	%rbx, \at(\frame)
	movq	%rbp, \at+8(\frame)
	movq	%r12, \at+16(\frame)
	movq	%r13, \at+24(\frame)
	movq	%r14, \at+32(\frame)
	movq	%r15, \at+40(\frame)
.endm

.macro EFI_RTMAP_LOAD frame:req, at:req
	movq	\at(\frame), %rbx
	movq	\at+8(\frame), %rbp
	movq	\at+16(\frame), %r12
	movq	\at+24(\frame), %r13
	movq	\at+32(\frame), %r14
	movq	\at+40(\frame), %r15
.endm

/* RAX is free. All other registers may hold arguments. */
.macro EFI_RTMAP_BEFORE_CALL
#ifdef CONFIG_EFI_RTMAP
	leaq	efi_rtmap_frame(%rip), %rax
	EFI_RTMAP_STORE %rax, EFI_RTMAP_FRAME_BEFORE
	movq	%rsp, EFI_RTMAP_FRAME_SP(%rax)
#endif
.endm

/* RAX holds the status. A fault in firmware continues here, with the right stack. */
.macro EFI_RTMAP_AFTER_CALL
#ifdef CONFIG_EFI_RTMAP
SYM_INNER_LABEL(efi_rtmap_call_return, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	leaq	efi_rtmap_frame(%rip), %rdx
	movq	$0, EFI_RTMAP_FRAME_SP(%rdx)
	cmpq	$0, EFI_RTMAP_FRAME_GUARDED(%rdx)
	je	.Lunguarded\@

	pushfq
	popq	%rcx
	movq	%rcx, EFI_RTMAP_FRAME_FLAGS(%rdx)
	andq	$~(X86_EFLAGS_AC | X86_EFLAGS_DF | X86_EFLAGS_NT), %rcx
	pushq	%rcx
	popfq

	EFI_RTMAP_STORE %rdx, EFI_RTMAP_FRAME_AFTER
	EFI_RTMAP_LOAD %rdx, EFI_RTMAP_FRAME_BEFORE
.Lunguarded\@:
#endif
.endm

#endif /* __ASSEMBLER__ */
#endif /* _ASM_X86_EFI_RTMAP_CALL_H */
