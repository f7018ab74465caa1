/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attacks of firmware in user mode on arm64. This code runs in the task that firmware runs in,
 * and never in the kernel: it is copied to a page of that task.
 *
 * Arguments: the address of kernel memory in x0, of the gate in x1, of this page in x2, of
 * kernel code in x3. The return address is in x30.
 */

#include <linux/linkage.h>

#include "macros_kunit.S"

	.section .rodata.efi_rtmap_attacks, "a"
	.balign	8
SYM_DATA_START(efi_rtmap_attacks)

	.section .rodata
	.balign	4
SYM_DATA_START(efi_rtmap_code)

.Lsucceeded:
	udf	#0

SYM_DATA_START(efi_rtmap_read)
	ldrb	w0, [x0]
.Lreturn:
	ret
SYM_DATA_END(efi_rtmap_read)

SYM_DATA_START(efi_rtmap_write)
	mov	w1, #0xa5
	strb	w1, [x0]
	ret
SYM_DATA_END(efi_rtmap_write)

SYM_DATA_START(efi_rtmap_jump)
	br	x0
SYM_DATA_END(efi_rtmap_jump)

SYM_DATA_START(efi_rtmap_answer)
	mrs	x1, fpcr
	cbnz	x1, 1f
	tbl	v0.16b, {v1.16b}, v2.16b	/* not in streaming mode */
	add	x0, x0, #1
	ret
1:	mov	x0, x1
	ret
SYM_DATA_END(efi_rtmap_answer)

#include "instructions_kunit.S"
#include "state_kunit.S"
#include "ways_kunit.S"

SYM_DATA_END_LABEL(efi_rtmap_code, SYM_L_GLOBAL, efi_rtmap_code_end)

	.section .rodata.efi_rtmap_attacks, "a"
SYM_DATA_END_LABEL(efi_rtmap_attacks, SYM_L_GLOBAL, efi_rtmap_attacks_end)
