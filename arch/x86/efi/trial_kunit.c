// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the isolation of firmware in user mode on x86: ports, registers and exceptions.
 */

#include <kunit/test.h>
#include <linux/efi-rtmap-trial.h>
#include <linux/efi-rtmap-user.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/api.h>
#include <asm/io_bitmap.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include <asm/trapnr.h>

#define PORTS		0x10000
#define NO_FLAGS	(X86_EFLAGS_DF | X86_EFLAGS_AC | X86_EFLAGS_TF | X86_EFLAGS_NT | \
			 X86_EFLAGS_IOPL)

static const struct {
	const char *name;
	u32 msr;
} kept[] = {
	{ "EFER", MSR_EFER },
	{ "STAR", MSR_STAR },
	{ "LSTAR", MSR_LSTAR },
	{ "CSTAR", MSR_CSTAR },
	{ "SYSCALL_MASK", MSR_SYSCALL_MASK },
	{ "SYSENTER_CS", MSR_IA32_SYSENTER_CS },
	{ "SYSENTER_EIP", MSR_IA32_SYSENTER_EIP },
	{ "PAT", MSR_IA32_CR_PAT },
};

/* Reads what is the same in each thread. What each processor has of its own counts from there. */
size_t efi_rtmap_read_registers(struct efi_rtmap_register *registers)
{
	struct desc_ptr gdt, idt;
	size_t count = 0;
	u32 mxcsr;
	u16 fcw;
	int cpu = get_cpu();

	native_store_gdt(&gdt);
	store_idt(&idt);
	kernel_fpu_begin_mask(KFPU_387 | KFPU_MXCSR);
	asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fcw));
	kernel_fpu_end();

#define ADD(name, value) \
	(registers[count++] = (struct efi_rtmap_register) { name, value })

	ADD("the flags", native_save_fl() & NO_FLAGS);
	ADD("CR0", read_cr0());
	ADD("CR4", __read_cr4());
	ADD("DR7", native_get_debugreg(7));
	ADD("the GDT", gdt.address - (u64)get_cpu_gdt_ro(cpu));
	ADD("the GDT's limit", gdt.size);
	ADD("the IDT", idt.address);
	ADD("the IDT's limit", idt.size);
	ADD("TR", native_store_tr());
	ADD("MXCSR", mxcsr);
	ADD("FCW", fcw);
	ADD("GS_BASE", native_rdmsrq(MSR_GS_BASE) - per_cpu_offset(cpu));
#undef ADD
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		registers[count++] = (struct efi_rtmap_register) {
			kept[i].name, native_rdmsrq(kept[i].msr),
		};
	put_cpu();
	return count;
}

/* Returns true if @size ports from @port on are firmware's. */
static bool is_allowed(u32 port, u32 size)
{
	u16 first, count;

	for (u32 number = 0; efi_rtmap_user_known_ports(number, &first, &count); number++)
		if (port >= first && port + size <= first + count)
			return true;
	return false;
}

static void refuse_port(struct kunit *test, const char *what, const u8 *code, u32 port, u32 size)
{
	char name[40];

	if (is_allowed(port, size))
		return;
	snprintf(name, sizeof(name), "%s of port %x", what, port);
	efi_rtmap_trial_attack(test, name, code, EFI_RTMAP_TRAPS, port);
}

static void refuse_ports(struct kunit *test, u32 step)
{
	u16 first, count;

	if (!efi_rtmap_user_enforces())
		kunit_skip(test, "firmware may use more ports");
	for (u32 port = 0; port < PORTS; port += step)
		refuse_port(test, "inb", efi_rtmap_inb, port, 1);
	for (u32 port = 0; port < PORTS; port += step * 16) {
		refuse_port(test, "outb", efi_rtmap_outb, port, 1);
		refuse_port(test, "insb", efi_rtmap_insb, port, 1);
	}
	/* Some of these ports are allowed, and others not. */
	for (u32 number = 0; efi_rtmap_user_known_ports(number, &first, &count); number++)
		for (u32 port = max(first, 3) - 3; count && port < first + count; port++)
			refuse_port(test, "inl", efi_rtmap_inl, port, 4);
	refuse_port(test, "inl", efi_rtmap_inl, PORTS - 1, 4);
	refuse_port(test, "inl", efi_rtmap_inl, PORTS - 4, 4);
}

void efi_rtmap_test_ports(struct kunit *test)
{
	refuse_ports(test, 61);
}

void efi_rtmap_test_all_ports(struct kunit *test)
{
	refuse_ports(test, 1);
}

void efi_rtmap_test_msrs(struct kunit *test)
{
	static const u32 others[] = {
		MSR_GS_BASE, MSR_IA32_SYSENTER_ESP,
		MSR_FS_BASE, MSR_KERNEL_GS_BASE, MSR_TSC_AUX, MSR_IA32_TSC,
		MSR_IA32_SPEC_CTRL, MSR_IA32_PRED_CMD, MSR_IA32_DEBUGCTLMSR,
		MSR_IA32_MCG_STATUS, MSR_IA32_FEAT_CTL,
		MSR_IA32_XSS, MSR_IA32_S_CET, MSR_IA32_U_CET, MSR_VM_HSAVE_PA, MSR_VM_CR,
		MSR_IA32_UCODE_WRITE, MSR_AMD64_PATCH_LOADER, MSR_IA32_SMBASE, 0x800, 0x830,
		0x40000000, 0x4b564d00, U32_MAX,
	};
	/* The kernel reads these for firmware. */
	static const u32 harmless[] = { MSR_IA32_APICBASE, MSR_IA32_MISC_ENABLE };
	char name[40];

	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		snprintf(name, sizeof(name), "rdmsr of %x", harmless[i]);
		efi_rtmap_trial_attack(test, name, efi_rtmap_rdmsr, EFI_RTMAP_RETURNS,
				       harmless[i]);
		snprintf(name, sizeof(name), "wrmsr of %x", harmless[i]);
		efi_rtmap_trial_attack(test, name, efi_rtmap_wrmsr, EFI_RTMAP_TRAPS,
				       harmless[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kept) + ARRAY_SIZE(others); i++) {
		u32 msr = i < ARRAY_SIZE(kept) ? kept[i].msr : others[i - ARRAY_SIZE(kept)];

		snprintf(name, sizeof(name), "rdmsr of %x", msr);
		efi_rtmap_trial_attack(test, name, efi_rtmap_rdmsr, EFI_RTMAP_TRAPS, msr);
		snprintf(name, sizeof(name), "wrmsr of %x", msr);
		efi_rtmap_trial_attack(test, name, efi_rtmap_wrmsr, EFI_RTMAP_TRAPS, msr);
	}
}

/* Each entry of the IDT. */
void efi_rtmap_test_interrupts(struct kunit *test)
{
	char name[40];

	for (u32 vector = 0; vector < NR_VECTORS; vector++) {
		/* Not all kernels have 32-bit system calls. */
		bool is_system_call = vector == IA32_SYSCALL_VECTOR;
		u32 ends = EFI_RTMAP_TRAPS | (is_system_call ? EFI_RTMAP_RETURNS : 0);

		snprintf(name, sizeof(name), "int %#x", vector);
		efi_rtmap_trial_attack(test, name, efi_rtmap_interrupts + 3 * vector, ends,
				       vector);
	}
}
