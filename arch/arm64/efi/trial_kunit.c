// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the isolation of firmware in user mode on arm64: registers.
 */

#include <linux/efi-rtmap-trial.h>

#include <asm/cpufeature.h>
#include <asm/pgtable.h>
#include <asm/sysreg.h>

/* Reads what is the same on each processor and in each thread. */
size_t efi_rtmap_read_registers(struct efi_rtmap_register *registers)
{
	size_t count = 0;

#define ADD(name, value) \
	(registers[count++] = (struct efi_rtmap_register) { name, value })

	ADD("SCTLR", read_sysreg(sctlr_el1));
	ADD("TCR", read_sysreg(tcr_el1));
	/* Above it is the number of an address space. */
	ADD("TTBR1", read_sysreg(ttbr1_el1) & GENMASK_ULL(47, 0));
	ADD("VBAR", read_sysreg(vbar_el1));
	ADD("MAIR", read_sysreg(mair_el1));
	ADD("MDSCR", read_sysreg(mdscr_el1));
	ADD("CNTKCTL", read_sysreg(cntkctl_el1));
	ADD("DAIF", read_sysreg(daif));
	if (system_supports_address_auth()) {
		ADD("the low half of key IA", read_sysreg_s(SYS_APIAKEYLO_EL1));
		ADD("the high half of key IA", read_sysreg_s(SYS_APIAKEYHI_EL1));
	}
#undef ADD
	return count;
}
