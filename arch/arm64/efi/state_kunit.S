/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attacks by state that firmware leaves behind. A part of attacks_kunit.S.
 */

/* State that is left. */
	attack	"FPCR left with exceptions", EFI_RTMAP_RETURNS
	mov	x9, #0x9f00
	msr	fpcr, x9
	ret

	attack	"FPCR left with another rounding", EFI_RTMAP_RETURNS
	mov	x9, #0x1c00000
	msr	fpcr, x9
	ret

	attack	"FPSR left with all exceptions", EFI_RTMAP_RETURNS
	mov	x9, #-1
	msr	fpsr, x9
	ret

	attack	"streaming mode left on", EFI_RTMAP_TRAPS | EFI_RTMAP_RETURNS
	.inst	0xd503477f		/* SMSTART */
	ret

	attack	"a reservation left", EFI_RTMAP_RETURNS
	ldxr	x9, [sp]
	ret
