// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the handling of exceptions in firmware. The registers are made up: few
 * processors have the exceptions of control flow checks.
 *
 * The kernel's assembly for firmware calls makes these calls too, but without the
 * firmware's map. No other thread calls firmware while the kernel tests itself at boot.
 *
 * This file is C, because the registers and the assembly belong to C.
 */

#include <kunit/test.h>
#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>

#include <asm/efi.h>

/* An address that is neither the kernel's nor in a runtime region. */
#define NOWHERE		0x5555555000

#ifdef CONFIG_X86_64

#include <asm/idtentry.h>
#include <asm/insn.h>
#include <asm/segment.h>

#define call(...)	__efi_call(__VA_ARGS__)

static void make_up(struct pt_regs *regs, unsigned long ip)
{
	regs->ip = ip;
	regs->cs = __KERNEL_CS;
	regs->fred_cs.wfe = 1;
	regs->flags = X86_EFLAGS_DF | X86_EFLAGS_AC | X86_EFLAGS_NT;
	regs->sp = current_stack_pointer;
}

/* Returns true if no flag is left that would stop the next compiled instruction. */
static bool is_clean(const struct pt_regs *regs)
{
	return !regs->flags && !regs->fred_cs.wfe;
}

/*
 * Returns true if the stack is as the call has left it, with the return address below.
 * The call instruction may be patched, and shorter.
 */
static bool has_the_callers_stack(const struct pt_regs *regs)
{
	unsigned long *sp = (unsigned long *)regs->sp;

	return object_is_on_stack(sp) && regs->ip - sp[-1] < MAX_INSN_SIZE;
}

/* Raises the exception for a return address that the shadow stack does not have. */
static void refuse_branch(struct pt_regs *regs)
{
#ifdef CONFIG_X86_CET
	exc_control_protection(regs, 1);
#else
	efi_rtmap_fixup_exception(regs, "control protection fault");
#endif
}

#else /* CONFIG_ARM64 */

#include <asm/exception.h>

#define call(function, ...) \
	__efi_rt_asm_wrapper(function, "a test", __VA_ARGS__)

static void make_up(struct pt_regs *regs, unsigned long pc)
{
	regs->pc = pc;
	regs->pstate = PSR_MODE_EL1h | PSR_I_BIT | PSR_BTYPE_C;
	regs->sp = current_stack_pointer;
}

static bool is_clean(const struct pt_regs *regs)
{
	return !(regs->pstate & PSR_BTYPE_MASK);
}

/* The return address is in the link register. */
static bool has_the_callers_stack(const struct pt_regs *regs)
{
	return object_is_on_stack((void *)regs->regs[30]);
}

static void refuse_branch(struct pt_regs *regs)
{
	do_el1_fpac(regs, 0);
}

#endif

struct trial {
	struct pt_regs regs;
	bool recovered;
};

/* A service whose return address has changed. */
static efi_status_t __efiapi return_wrongly(struct trial *trial)
{
	struct pt_regs *regs = &trial->regs;

	make_up(regs, NOWHERE);
	refuse_branch(regs);
	trial->recovered = regs_return_value(regs) == EFI_ABORTED &&
			   kernel_text_address(instruction_pointer(regs)) &&
			   has_the_callers_stack(regs) && is_clean(regs);
	return EFI_SUCCESS;
}

static void refused_branch_of_firmware_ends_the_call(struct kunit *test)
{
	struct trial trial = { };
	unsigned long flags;
	bool on;

	local_irq_save(flags);
	call(return_wrongly, &trial);
	on = efi_enabled(EFI_RUNTIME_SERVICES);
	set_bit(EFI_RUNTIME_SERVICES, &efi.flags);
	local_irq_restore(flags);

	KUNIT_EXPECT_TRUE(test, trial.recovered);
	KUNIT_EXPECT_FALSE(test, on);
}

/* A service that kernel code with a fault of its own interrupts. */
static efi_status_t __efiapi get_interrupted(struct trial *trial)
{
	make_up(&trial->regs, (unsigned long)kernel_text_address);
	trial->recovered = efi_rtmap_fixup_exception(&trial->regs, "fault");
	return EFI_SUCCESS;
}

static void fault_of_the_kernel_in_a_call_is_its_own(struct kunit *test)
{
	struct trial trial = { };
	unsigned long flags;

	local_irq_save(flags);
	call(get_interrupted, &trial);
	local_irq_restore(flags);

	KUNIT_EXPECT_FALSE(test, trial.recovered);
	KUNIT_EXPECT_TRUE(test, efi_enabled(EFI_RUNTIME_SERVICES));
}

static void jump_to_nowhere_without_a_call_is_the_kernels(struct kunit *test)
{
	struct pt_regs regs = { };

	make_up(&regs, NOWHERE);
	KUNIT_EXPECT_FALSE(test, efi_rtmap_fixup_exception(&regs, "fault"));
	KUNIT_EXPECT_EQ(test, instruction_pointer(&regs), NOWHERE);
	KUNIT_EXPECT_TRUE(test, efi_enabled(EFI_RUNTIME_SERVICES));
}

static int need_firmware(struct kunit *test)
{
	if (!efi_rtmap_took_over() || !efi_enabled(EFI_RUNTIME_SERVICES))
		kunit_skip(test, "firmware is not called by our map");
	return 0;
}

static struct kunit_case guard_cases[] = {
	KUNIT_CASE(refused_branch_of_firmware_ends_the_call),
	KUNIT_CASE(fault_of_the_kernel_in_a_call_is_its_own),
	KUNIT_CASE(jump_to_nowhere_without_a_call_is_the_kernels),
	{ }
};

static struct kunit_suite guard_suite = {
	.name		= "efi_rtmap_guard",
	.init		= need_firmware,
	.test_cases	= guard_cases,
};

/* These tests run at boot only. */
kunit_test_init_section_suite(guard_suite);
