// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware in user mode on arm64: registers and signals.
 *
 * This file is C, because it needs struct pt_regs and fields of the task.
 */

#include <linux/acpi.h>
#include <linux/arm-smccc.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/efi-rtmap-user.h>
#include <linux/psci.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>
#include <linux/string.h>

#include <asm/esr.h>
#include <asm/fpsimd.h>
#include <asm/io.h>
#include <asm/mem_encrypt.h>
#include <asm/pgtable.h>
#include <asm/syscall_wrapper.h>
#include <asm/system_misc.h>
#include <asm/virt.h>

/* Values of the register for the exception level, which is in bits 2 and 3. */
#define LEVEL_1	0x4
#define LEVEL_2	0x8

asmlinkage long __arm64_sys_rt_sigreturn(const struct pt_regs *regs);

bool efi_rtmap_user_is_possible(void)
{
	return true;
}

void efi_rtmap_user_init_task(void)
{
}

void efi_rtmap_user_enter(struct pt_regs *regs, u64 gate, void *stack, u64 sp,
			  const struct efi_rtmap_user_call *call)
{
	memset(regs->regs, 0, sizeof(regs->regs));
	memcpy(regs->regs, call->args, sizeof(call->args));
	regs->regs[30] = gate;
	regs->pc = call->function;
	regs->sp = sp;
	regs->pstate = PSR_MODE_EL0t;
	forget_syscall(regs);

	/* The last call may have left another rounding, or streaming mode. */
	fpsimd_flush_thread();
}

/* Puts back the registers that firmware had before the signal. */
void efi_rtmap_user_leave_signal(struct pt_regs *regs)
{
	__arm64_sys_rt_sigreturn(regs);
	forget_syscall(regs);
}

/* The signal that firmware has got, as the handler's second argument. */
const siginfo_t __user *efi_rtmap_user_signal(const struct pt_regs *regs)
{
	return (const siginfo_t __user *)regs->regs[1];
}

void efi_rtmap_user_describe(struct pt_regs *regs, struct efi_rtmap_user_trap *trap)
{
	unsigned long esr = current->thread.fault_code;
	unsigned long class = ESR_ELx_EC(esr);

	trap->name = esr_get_class_string(esr);
	trap->address = current->thread.fault_address;
	trap->x0 = regs->regs[0];
	/* The kernel hides the class of instructions that are not defined here. */
	trap->privileged = class == ESR_ELx_EC_UNKNOWN;
	trap->page_fault = class == ESR_ELx_EC_IABT_LOW || class == ESR_ELx_EC_DABT_LOW;
}

/* Returns the way in which the kernel calls PSCI. */
static enum arm_smccc_conduit psci_conduit(void)
{
	enum arm_smccc_conduit conduit = arm_smccc_1_1_get_conduit();

	/* Of a convention before 1.1, only ACPI tells. */
	if (conduit != SMCCC_CONDUIT_NONE || acpi_disabled || !psci_ops.get_version)
		return conduit;
	return acpi_psci_use_hvc() ? SMCCC_CONDUIT_HVC : SMCCC_CONDUIT_SMC;
}

/*
 * Makes firmware's call of the secure world or of the hypervisor, if the kernel makes its
 * own in the same way: the processor may not know the other one.
 */
bool efi_rtmap_user_call_monitor(bool smc)
{
	enum arm_smccc_conduit conduit = psci_conduit();
	struct pt_regs *regs = current_pt_regs();
	struct arm_smccc_1_2_regs values;

	if (!efi_rtmap_user_is_task(current))
		return false;
	memcpy(&values, regs->regs, sizeof(values));
	if (smc && conduit == SMCCC_CONDUIT_SMC)
		arm_smccc_1_2_smc(&values, &values);
	else if (!smc && conduit == SMCCC_CONDUIT_HVC)
		arm_smccc_1_2_hvc(&values, &values);
	else
		return false;
	memcpy(regs->regs, &values, sizeof(values));
	return true;
}

void efi_rtmap_user_set_register(u32 number, u64 value)
{
	if (efi_rtmap_user_is_task(current))
		pt_regs_write_reg(current_pt_regs(), number, value);
}

u64 efi_rtmap_user_level(void)
{
	return is_kernel_in_hyp_mode() ? LEVEL_2 : LEVEL_1;
}

void efi_rtmap_user_show(struct pt_regs *regs)
{
	__show_regs(regs);
}

/* Pages are dirty from the start, so that the first write is no fault. */
pgprot_t efi_rtmap_user_protection(pgprot_t protection, u64 phys, u64 size, u32 prot)
{
	pgprot_t device;

	if (prot & EFI_RTMAP_PROT_WRITE)
		protection = __pgprot_modify(protection, PTE_RDONLY, PTE_DIRTY);
	device = pgprot_device(protection);
	if (!(prot & EFI_RTMAP_PROT_IO))
		return protection;
	return arm64_is_protected_mmio(phys, size) ? pgprot_encrypted(device) :
						     pgprot_decrypted(device);
}
