// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware in user mode on arm64: registers and signals.
 *
 * This file is C, because it needs struct pt_regs and fields of the task.
 */

#include <linux/efi-rtmap-rust.h>
#include <linux/efi-rtmap-user.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/string.h>

#include <asm/esr.h>
#include <asm/io.h>
#include <asm/mem_encrypt.h>
#include <asm/pgtable.h>
#include <asm/syscall_wrapper.h>
#include <asm/system_misc.h>

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
	trap->page_fault = class == ESR_ELx_EC_IABT_LOW || class == ESR_ELx_EC_DABT_LOW;
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
