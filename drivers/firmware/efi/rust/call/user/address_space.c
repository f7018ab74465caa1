// SPDX-License-Identifier: GPL-2.0
/*
 * The address space of the task that firmware runs in. It has ordinary mappings: firmware's
 * regions and the block, nothing of the kernel's, and no other memory.
 *
 * This file is C, because the kernel's mappings of this kind have no Rust interface.
 */

#include <linux/efi-rtmap-rust.h>
#include <linux/efi-rtmap-user.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>

/* Firmware returns to the gate. Any other access to it is a fault of firmware's. */
static vm_fault_t gate_fault(struct vm_fault *vmf)
{
	bool came = (vmf->flags & FAULT_FLAG_USER) &&
		    (vmf->flags & FAULT_FLAG_INSTRUCTION) &&
		    efi_rtmap_user_came_to_gate(instruction_pointer(current_pt_regs()));

	return came ? VM_FAULT_NOPAGE : VM_FAULT_SIGBUS;
}

/*
 * The kernel calls this operation with the lock of the VMA alone. For a mapping without
 * it, it takes the lock of the address space, and handles the fault a second time.
 */
static vm_fault_t gate_map_pages(struct vm_fault *vmf, pgoff_t first, pgoff_t last)
{
	return gate_fault(vmf);
}

static const char *gate_name(struct vm_area_struct *vma)
{
	return "[efi-gate]";
}

static const struct vm_operations_struct gate_operations = {
	.fault		= gate_fault,
	.map_pages	= gate_map_pages,
	.name		= gate_name,
};

/* All of it is mapped at once, and never by a fault. */
static vm_fault_t no_fault(const struct vm_special_mapping *mapping,
			   struct vm_area_struct *vma, struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_special_mapping memory_mapping = {
	.name	= "[efi-runtime]",
	.fault	= no_fault,
};

static int map_range(struct mm_struct *mm, const struct efi_rtmap_user_range *range)
{
	/* A private mapping would be copied on write. */
	vm_flags_t flags = VM_READ | VM_MAYREAD | VM_SHARED | VM_IO | VM_PFNMAP |
			   VM_DONTCOPY | VM_DONTDUMP;
	struct vm_area_struct *vma;
	pgprot_t protection;

	if (range->prot & EFI_RTMAP_PROT_WRITE)
		flags |= VM_WRITE | VM_MAYWRITE;
	if (range->prot & EFI_RTMAP_PROT_EXEC)
		flags |= VM_EXEC | VM_MAYEXEC;
	vma = _install_special_mapping(mm, range->virt, range->size, flags,
				       &memory_mapping);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	protection = efi_rtmap_user_protection(vma->vm_page_prot, range->phys,
					       range->size, range->prot);
	return remap_pfn_range(vma, range->virt, PHYS_PFN(range->phys), range->size,
			       protection);
}

/*
 * Some firmware on x86 uses page 0, and the kernel maps it for calls of its own. Here
 * firmware has memory of the block there, which the gate covers.
 */
static int map_page_zero(struct mm_struct *mm, const struct efi_rtmap_user_range *ranges,
			 size_t count, u64 block)
{
	const struct efi_rtmap_user_range page = {
		.phys	= block,
		.virt	= 0,
		.size	= PAGE_SIZE,
		.prot	= EFI_RTMAP_PROT_WRITE,
	};

	if (!IS_ENABLED(CONFIG_X86_64))
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].virt < PAGE_SIZE)
			return 0;
	}
	return map_range(mm, &page);
}

static int fill(struct mm_struct *mm, const struct efi_rtmap_user_range *ranges,
		size_t count, u64 block)
{
	const struct efi_rtmap_user_range mapped = {
		.phys	= block + EFI_RTMAP_USER_GATE,
		.virt	= block + EFI_RTMAP_USER_GATE,
		.size	= EFI_RTMAP_USER_BLOCK - EFI_RTMAP_USER_GATE,
		.prot	= EFI_RTMAP_PROT_WRITE,
	};
	struct vm_area_struct *gate;
	int error;

	for (size_t i = 0; i < count; i++) {
		error = map_range(mm, &ranges[i]);
		if (error)
			return error;
	}
	error = map_range(mm, &mapped) ?: map_page_zero(mm, ranges, count, block);
	if (error)
		return error;
	gate = _install_special_mapping(mm, block, EFI_RTMAP_USER_GATE,
					VM_READ | VM_EXEC | VM_IO | VM_PFNMAP |
					VM_DONTCOPY | VM_DONTDUMP, &memory_mapping);
	if (IS_ERR(gate))
		return PTR_ERR(gate);
	gate->vm_ops = &gate_operations;
	return 0;
}

/* Makes an address space with @ranges, and the block at @block. */
struct mm_struct *efi_rtmap_user_make_mm(const struct efi_rtmap_user_range *ranges,
					 size_t count, u64 block)
{
	struct mm_struct *mm = mm_alloc();
	int error;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	mm->task_size = TASK_SIZE;
	mmap_write_lock(mm);
	error = fill(mm, ranges, count, block);
	mmap_write_unlock(mm);
	if (!error)
		return mm;
	mmput(mm);
	return ERR_PTR(error);
}
