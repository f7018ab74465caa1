/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The steps of __efi_rt_asm_wrapper() after firmware has returned: see
 * arch/arm64/efi/guard.c.
 */
#ifndef _ASM_EFI_RTMAP_CALL_H
#define _ASM_EFI_RTMAP_CALL_H

/* Offsets in struct efi_rtmap_frame. */
#define EFI_RTMAP_FRAME_GUARDED	0
#define EFI_RTMAP_FRAME_BEFORE	8
#define EFI_RTMAP_FRAME_AFTER	112

#ifdef __ASSEMBLER__

/* X9 is the frame, X11 the stack pointer. In the order of enum efi_rtmap_kept. */
.macro EFI_RTMAP_STORE at:req
	stp	x19, x20, [x9, #\at]
	stp	x21, x22, [x9, #\at + 16]
	stp	x23, x24, [x9, #\at + 32]
	stp	x25, x26, [x9, #\at + 48]
	stp	x27, x28, [x9, #\at + 64]
	stp	x29, x11, [x9, #\at + 80]
.endm

/*
 * X0 holds the status. The other registers that a callee may change are free. The
 * wrapper has saved the registers in its frame on the caller's stack. The base of
 * the firmware's stack holds the address of this frame.
 */
.macro EFI_RTMAP_AFTER_CALL
#ifdef CONFIG_EFI_RTMAP
	adr_l	x9, efi_rtmap_frame
	ldr	x10, [x9, #EFI_RTMAP_FRAME_GUARDED]
	cbz	x10, .Lunguarded\@

	mov	x11, sp
	EFI_RTMAP_STORE EFI_RTMAP_FRAME_AFTER
	str	x18, [x9, #EFI_RTMAP_FRAME_AFTER + 96]

	ldr_l	x10, efi_rt_stack_top
	ldp	x12, x29, [x10, #-16]
	sub	x11, x10, #16
	mov	sp, x11
	ldp	x19, x20, [x29, #32]
	ldp	x21, x22, [x29, #48]
	ldp	x23, x24, [x29, #64]
	ldp	x25, x26, [x29, #80]
	ldp	x27, x28, [x29, #96]
	EFI_RTMAP_STORE EFI_RTMAP_FRAME_BEFORE
	str	x12, [x9, #EFI_RTMAP_FRAME_BEFORE + 96]
.Lunguarded\@:
#endif
.endm

#endif /* __ASSEMBLER__ */
#endif /* _ASM_EFI_RTMAP_CALL_H */
