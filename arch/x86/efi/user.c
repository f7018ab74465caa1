// SPDX-License-Identifier: GPL-2.0
/*
 * Firmware in user mode on x86: registers, signals and ports.
 *
 * This file is C, because it needs struct pt_regs and fields of the task.
 */

#include <linux/acpi.h>
#include <linux/cc_platform.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/efi-rtmap-user.h>
#include <linux/kdebug.h>
#include <linux/mc146818rtc.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/syscalls.h>

#include <asm/efi.h>
#include <asm/fpu/signal.h>
#include <asm/io_bitmap.h>
#include <asm/msr.h>
#include <asm/pgtable.h>
#include <asm/segment.h>
#include <asm/sigframe.h>
#include <asm/switch_to.h>
#include <asm/special_insns.h>
#include <asm/syscall_wrapper.h>
#include <asm/trapnr.h>

asmlinkage long __x64_sys_rt_sigreturn(const struct pt_regs *regs);

/* Bytes that a caller leaves to the service above the return address (UEFI 2.10, 2.3.4). */
#define SHADOW_SPACE	32

/* Bytes for the arguments of 32-bit firmware: a multiple of what a stack is aligned to. */
#define ARGUMENTS_32	32

/* The ports that firmware may use. A copy of them is each task's. */
static struct io_bitmap ports = {
	.bitmap	= { [0 ... IO_BITMAP_LONGS - 1] = ~0UL },
};

/*
 * The kernel compares sequences to tell if a processor has a bitmap already. Its own are
 * counted from 1, and these from so many.
 */
#define FIRST_SEQUENCE	BIT_ULL(63)

static void give_ports(void)
{
	static u64 sequence = FIRST_SEQUENCE;
	struct io_bitmap *bitmap = current->thread.io_bitmap;

	if (!bitmap) {
		bitmap = kmalloc_obj(*bitmap);
		if (!bitmap)
			return;
		refcount_set(&bitmap->refcnt, 1);
	}
	memcpy(bitmap->bitmap, ports.bitmap, sizeof(bitmap->bitmap));
	bitmap->max = IO_BITMAP_BYTES;
	bitmap->sequence = ++sequence;
	current->thread.io_bitmap = bitmap;
	set_thread_flag(TIF_IO_BITMAP);
}

/*
 * Where the hypervisor has encrypted the registers, firmware's own exception handler would
 * be needed for many instructions.
 */
bool efi_rtmap_user_is_possible(void)
{
	return !cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT) &&
	       !cpu_feature_enabled(X86_FEATURE_TDX_GUEST);
}

/* In the current task, and in later ones. */
void efi_rtmap_user_allow_ports(u16 first, u32 count)
{
	bitmap_clear(ports.bitmap, first, count);
	if (current->thread.io_bitmap)
		give_ports();
}

/*
 * The ports that the kernel itself knows: those of the clock, of the timer of ACPI, and
 * of calls to SMM. Returns false if there is none of this @number.
 */
bool efi_rtmap_user_known_ports(u32 number, u16 *first, u16 *count)
{
	const struct acpi_table_fadt *fadt = &acpi_gbl_FADT;

	*first = *count = 0;
	switch (number) {
	case 0:
		*first = RTC_PORT(0);
		*count = 2;
		break;
	case 1:
		if (fadt->xpm_timer_block.space_id == ACPI_ADR_SPACE_SYSTEM_IO) {
			*first = fadt->xpm_timer_block.address;
			*count = 4;
		}
		break;
	case 2:
		/* The port behind it holds data. */
		if (fadt->smi_command && fadt->smi_command < U16_MAX) {
			*first = fadt->smi_command;
			*count = 2;
		}
		break;
	default:
		return false;
	}
	return true;
}

/* Some firmware puts its variable store in order when the kernel's variable is deleted. */
void efi_rtmap_user_collect_variables(void)
{
	efi_delete_dummy_variable();
}

void efi_rtmap_user_flush_caches(void)
{
	wbinvd();
}

/* Reads a register for firmware. Returns false if there is none of this number. */
bool efi_rtmap_user_read_msr(u32 msr)
{
	struct pt_regs *regs = current_pt_regs();
	u64 value;

	if (!efi_rtmap_user_is_task(current) || rdmsrq_safe(msr, &value))
		return false;
	regs->ax = lower_32_bits(value);
	regs->dx = upper_32_bits(value);
	return true;
}

void efi_rtmap_user_init_task(void)
{
	give_ports();
}

/* 32-bit firmware has all arguments on the stack. Returns the bytes used of @stack. */
static size_t enter_32(struct pt_regs *regs, u32 gate, void *stack,
		       const struct efi_rtmap_user_call *call)
{
	u32 *top = stack - ARGUMENTS_32;

	for (size_t i = 0; i < ARRAY_SIZE(call->args); i++)
		top[i] = call->args[i];
	*--top = gate;

	/* 64-bit code has no use for these. */
	loadsegment(ds, __USER_DS);
	loadsegment(es, __USER_DS);
	regs->cs = __USER32_CS;
	return stack - (void *)top;
}

static size_t enter_64(struct pt_regs *regs, u64 gate, void *stack,
		       const struct efi_rtmap_user_call *call)
{
	u64 *top = stack - SHADOW_SPACE - 2 * sizeof(u64);

	/* The stack is aligned before the return address is on it. */
	top--;
	top[0] = gate;
	top[5] = call->args[4];

	regs->cx = call->args[0];
	regs->dx = call->args[1];
	regs->r8 = call->args[2];
	regs->r9 = call->args[3];
	return stack - (void *)top;
}

void efi_rtmap_user_enter(struct pt_regs *regs, u64 gate, void *stack, u64 sp,
			  const struct efi_rtmap_user_call *call)
{
	size_t used;

	/* The general registers come first. */
	memset(regs, 0, offsetof(struct pt_regs, orig_ax));
	used = efi_is_mixed() ? enter_32(regs, gate, stack, call) :
				enter_64(regs, gate, stack, call);
	regs->ip = call->function;
	regs->sp = sp - used;
	regs->flags = X86_EFLAGS_IF | X86_EFLAGS_FIXED;
	regs->orig_ax = -1;

	/* The last call may have left exceptions on, or one pending (UEFI 2.10, 2.3.4.1). */
	fpu__clear_user_states(x86_task_fpu(current));
}

/* Puts back the registers that firmware had before the signal. */
void efi_rtmap_user_leave_signal(struct pt_regs *regs)
{
	regs->sp += sizeof_field(struct rt_sigframe, pretcode);
	__x64_sys_rt_sigreturn(regs);
	regs->orig_ax = -1;
}

/* The signal that firmware has got, as the handler's second argument. */
const siginfo_t __user *efi_rtmap_user_signal(const struct pt_regs *regs)
{
	return (const siginfo_t __user *)regs->si;
}

static const char *const names[] = {
	[X86_TRAP_DE]	= "divide error",
	[X86_TRAP_DB]	= "debug exception",
	[X86_TRAP_BP]	= "int3",
	[X86_TRAP_OF]	= "overflow",
	[X86_TRAP_BR]	= "bounds",
	[X86_TRAP_UD]	= "invalid opcode",
	[X86_TRAP_NP]	= "segment not present",
	[X86_TRAP_SS]	= "stack segment",
	[X86_TRAP_GP]	= "general protection fault",
	[X86_TRAP_PF]	= "page fault",
	[X86_TRAP_MF]	= "x87 exception",
	[X86_TRAP_AC]	= "alignment check",
	[X86_TRAP_XF]	= "SIMD exception",
	[X86_TRAP_CP]	= "control protection fault",
};

void efi_rtmap_user_describe(struct pt_regs *regs, struct efi_rtmap_user_trap *trap)
{
	const struct thread_struct *thread = &current->thread;
	const char *name = NULL;

	if (thread->trap_nr < ARRAY_SIZE(names))
		name = names[thread->trap_nr];
	trap->name = name ?: "trap";
	trap->address = thread->cr2;
	trap->page_fault = thread->trap_nr == X86_TRAP_PF;
	trap->privileged = thread->trap_nr == X86_TRAP_GP && !thread->error_code;
	trap->dx = regs->dx;
	trap->cx = regs->cx;
}

void efi_rtmap_user_show(struct pt_regs *regs)
{
	__show_regs(regs, SHOW_REGS_USER, KERN_ERR);
}

pgprot_t efi_rtmap_user_protection(pgprot_t protection, u64 phys, u64 size, u32 prot)
{
	if (prot & EFI_RTMAP_PROT_IO)
		protection = pgprot_decrypted(protection);
	return prot & EFI_RTMAP_PROT_UNCACHED ? pgprot_noncached(protection) : protection;
}
