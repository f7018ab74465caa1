/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attacks by single instructions, and by accesses to kernel memory. A part of attacks_kunit.S.
 */

/* Instructions that need privilege. */
	.irp    register, sctlr_el1, ttbr0_el1, ttbr1_el1, tcr_el1, vbar_el1, elr_el1, \
		spsr_el1, sp_el0, mair_el1, cpacr_el1, esr_el1, far_el1, contextidr_el1, \
		tpidr_el1, cntkctl_el1, mdscr_el1, pmcr_el0, pmccntr_el0, dbgbvr0_el1, \
		dbgbcr0_el1, s3_0_c2_c1_0, s3_0_c2_c1_1, s3_0_c4_c6_0, hcr_el2, vbar_el2, \
		vttbr_el2, sctlr_el3, scr_el3, spsel, par_el1, actlr_el1, afsr0_el1, \
		csselr_el1, cntp_ctl_el0, cntv_ctl_el0, cntv_cval_el0
	refused	msr \register, x0
	refused	mrs x0, \register
	.endr
	refused	msr tpidrro_el0, x0
	refused	msr oslar_el1, x0
	refused	mrs x0, isr_el1
	refused	msr spsel, #1
	refused	msr pan, #0
	refused	msr uao, #1
	either	msr ssbs, #1
	either	msr dit, #1
	either	msr tco, #1
	refused	hvc #0
	refused	smc #0
	refused	eret
	refused	drps
	refused	dcps1 #0
	refused	brk #0
	refused	brk #0x800
	refused	hlt #0
	refused	hlt #0xf000		/* semihosting */
	refused	udf #0
	refused	tlbi vmalle1
	refused	tlbi vae1is, x0
	refused	ic iallu
	refused	ic ialluis
	refused	dc isw, x0
	refused	dc cisw, x0
	refused	dc ivac, x0
	refused	at s1e1r, x0
	refused	at s1e1w, x0
	refused	at s1e0r, x0
	allowed	svc #0
	.irp	number, __NR_exit, __NR_exit_group, __NR_rt_sigreturn, __NR_execve, __NR_clone
	attack	"system call \number", EFI_RTMAP_RETURNS
	mov	x8, #\number
	svc	#0
	ret
	.endr
	attack	"system call __NR_getpid", EFI_RTMAP_RETURNS
	mov	x0, #-1
	mov	x8, #__NR_getpid
	svc	#0
	tbz	x0, #63, .Lsucceeded
	ret
	allowed	svc #0xffff
	either	wfi
	either	wfe
	allowed	sev
	allowed	yield
	allowed	isb
	allowed	dsb sy
	/* The kernel carries these out, and interrupts stay on. */
	allowed	mrs x0, currentel
	allowed	mrs x0, daif
	allowed	msr daif, x0
	allowed	msr daifset, #15
	allowed	msr daifclr, #15
	/* The kernel emulates these for all processes. */
	either	mrs x0, midr_el1
	either	mrs x0, mpidr_el1
	either	mrs x0, id_aa64pfr0_el1
	allowed	mrs x0, ctr_el0
	allowed	mrs x0, dczid_el0
	allowed	mrs x0, cntvct_el0
	either	mrs x0, cntpct_el0
	either	mrs x0, s3_3_c2_c4_0	/* RNDR */
	allowed	mrs x0, tpidrro_el0
	allowed	msr tpidr_el0, x0
	allowed	msr nzcv, x0

/* Accesses to kernel memory by other instructions than the plain ones. */
	refused	ldp x4, x5, [x0]
	refused	stp x4, x5, [x0]
	refused	ldtr x4, [x0]
	refused	sttr x4, [x0]
	refused	ldxr x4, [x0]
	refused	stlr x4, [x0]
	refused	ldadd x4, x5, [x0]
	refused	casp x4, x5, x6, x7, [x0]
	refused	ldr q0, [x0]
	refused	st1 {v0.16b}, [x0]
	refused	dc zva, x0
	either	dc civac, x0
	either	dc cvac, x0
	either	dc cvau, x0
	either	ic ivau, x0
	either	stg x0, [x0]
	either	stzg x0, [x0]
	either	ldg x4, [x0]
	either	irg x4, x4
	allowed	prfm pldl1keep, [x0]
	refused	br x3
	refused	blr x3
	refused	ret x3

	attack	"a jump that is not aligned", EFI_RTMAP_TRAPS
	adr	x9, .Lreturn
	add	x9, x9, #2
	br	x9

	attack	"code on the stack", EFI_RTMAP_TRAPS
	adr	x9, .Lreturn
	ldr	w9, [x9]
	str	x9, [sp, #-16]!
	mov	x9, sp
	br	x9

	attack	"a return address that is not authentic", EFI_RTMAP_TRAPS
	paciasp
	eor	x30, x30, #8
	autiasp
	ret
