/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of the isolation of firmware in user mode: an attack, for C and for assembly.
 */
#ifndef _LINUX_EFI_RTMAP_ATTACK_H
#define _LINUX_EFI_RTMAP_ATTACK_H

/* The ends that an attack may come to: bits of enum efi_rtmap_user_end. */
#define EFI_RTMAP_RETURNS	0x02
#define EFI_RTMAP_TRAPS		0x04
#define EFI_RTMAP_SPINS		0x08
#define EFI_RTMAP_DIES		0x20

/* Groups of attacks. */
#define EFI_RTMAP_ATTACKS	0
/* Far returns. QEMU 7.2 makes them with the kernel's rights, so that SMAP refuses them. */
#define EFI_RTMAP_FAR_RETURNS	1

#ifdef __ASSEMBLY__

/* Where signals go in the gate, as in task.c. */
#define HANDLER		16

/* An entry in the table of attacks, for the code that follows. */
.macro	attack name:req, ends:req, group=EFI_RTMAP_ATTACKS
	.pushsection .rodata.efi_rtmap_attacks, "a"
	.balign	8
	.quad	.Lname\@, .Lcode\@
	.long	\ends, \group
	.popsection
	.pushsection .rodata.efi_rtmap_names, "a"
.Lname\@:
	.asciz	"\name"
	.popsection
.Lcode\@:
.endm

/* One instruction, with its end. */
.macro	refused code:vararg
	attack	"\code", EFI_RTMAP_TRAPS
	\code
	ret
.endm

.macro	allowed code:vararg
	attack	"\code", EFI_RTMAP_RETURNS
	\code
	ret
.endm

/* It depends on the processor. */
.macro	either code:vararg
	attack	"\code", EFI_RTMAP_TRAPS | EFI_RTMAP_RETURNS
	\code
	ret
.endm

#endif /* __ASSEMBLY__ */

#endif /* _LINUX_EFI_RTMAP_ATTACK_H */
