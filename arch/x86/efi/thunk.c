// SPDX-License-Identifier: GPL-2.0
/*
 * 32-bit firmware under a 64-bit kernel: calls whose arguments firmware can reach.
 *
 * The kernel's own thunks give firmware the addresses of their callers' memory. So
 * they need all of this memory mapped 1:1 and below 4 GiB. Here arguments go through
 * a buffer. Firmware may write no other memory of the kernel than this buffer and
 * the stack. A kernel started by kexec can make such calls too: it has no memory map
 * that says where RAM is, and needs none.
 *
 * This file is C, because it needs assembly, segment registers and struct pt_regs.
 */

#define pr_fmt(fmt) "efi: rtmap: " fmt

#include <linux/efi.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/ucs2_string.h>

#include <asm/efi.h>
#include <asm/pgtable.h>
#include <asm/sections.h>
#include <asm/segment.h>

#define BUFFER_ORDER	5

static struct {
	efi_guid_t	vendor;
	u64		storage[3];
	u32		attributes;
	u32		size;
	efi_char16_t	name[EFI_VAR_NAME_LEN];
	u8		data[];
} *buffer;

/* Bytes on the stack after firmware has returned: see __efi64_thunk(). */
#define THUNK_FRAME	0x28

#define DATA_ROOM	((PAGE_SIZE << BUFFER_ORDER) - sizeof(*buffer))

/* Held while the buffer and the stack are in use. Interrupts are off, in RT too. */
static DEFINE_RAW_SPINLOCK(thunk_lock);

static int __init map_1_to_1(phys_addr_t phys, unsigned int pages)
{
	return kernel_map_pages_in_pgd(efi_mm.pgd, PHYS_PFN(phys), phys, pages,
				       _PAGE_NX | _PAGE_RW | _PAGE_ENC);
}

/* Returns true if firmware can return to this kernel, with the kernel's privilege. */
bool efi_rtmap_is_in_reach(void)
{
	return __pa_symbol(_end) <= U32_MAX;
}

/* The page tables must already hold the kernel's code. */
int __init efi_rtmap_prepare_thunks(void)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_DMA32 | __GFP_ZERO;
	struct page *pages, *stack;

	pages = alloc_pages(gfp, BUFFER_ORDER);
	stack = alloc_pages(gfp, THREAD_SIZE_ORDER);
	if (!pages || !stack)
		return -ENOMEM;

	/*
	 * The kernel's own stack for calls has one page: too little to handle a
	 * fault on.
	 */
	__free_page(pfn_to_page(PHYS_PFN(efi_mixed_mode_stack_pa) - 1));
	efi_mixed_mode_stack_pa = page_to_phys(stack) + THREAD_SIZE;
	buffer = page_address(pages);
	return map_1_to_1(page_to_phys(pages), 1 << BUFFER_ORDER) ?:
	       map_1_to_1(page_to_phys(stack), 1 << THREAD_SIZE_ORDER);
}

/* Returns the address of a part of the buffer for firmware. */
static u32 address(const void *part)
{
	return virt_to_phys((void *)part);
}

/* Firmware's code needs flat data segments; DS and ES hold the user's. */
#define enter(service, ...)						\
({									\
	unsigned short __ds, __es;					\
	u64 __status;							\
									\
	savesegment(ds, __ds);						\
	savesegment(es, __es);						\
	loadsegment(ss, __KERNEL_DS);					\
	loadsegment(ds, __KERNEL_DS);					\
	loadsegment(es, __KERNEL_DS);					\
	__status = efi64_thunk(efi.runtime->mixed_mode.service,		\
			       __VA_ARGS__);				\
	loadsegment(ds, __ds);						\
	loadsegment(es, __es);						\
	__efi64_widen_efi_status(__status);				\
})

/* After a fault, callers that still try get an error. */
#define call(service, ...)						\
({									\
	u64 __result = EFI_DEVICE_ERROR;				\
									\
	if (efi_enabled(EFI_RUNTIME_SERVICES)) {			\
		arch_efi_call_virt_setup();				\
		__result = efi_rtmap_is_admitted() ?			\
			   efi_rtmap_returned(enter(service, __VA_ARGS__)) : \
			   EFI_NOT_READY;				\
		arch_efi_call_virt_teardown();				\
	}								\
	(efi_status_t)__result;						\
})

/* Returns false if there is no name or no vendor, or if the name is too long. */
static bool put_name(const efi_char16_t *name, const efi_guid_t *vendor)
{
	size_t length;

	if (!name || !vendor)
		return false;
	length = ucs2_strnlen(name, EFI_VAR_NAME_LEN);
	if (length == EFI_VAR_NAME_LEN)
		return false;

	memcpy(buffer->name, name, length * sizeof(*name));
	buffer->name[length] = 0;
	buffer->vendor = *vendor;
	return true;
}

static efi_status_t get_variable(efi_char16_t *name, efi_guid_t *vendor,
				 u32 *attributes, unsigned long *size, void *data)
{
	efi_status_t status;
	unsigned long room;

	guard(raw_spinlock_irqsave)(&thunk_lock);

	if (!size || !put_name(name, vendor))
		return EFI_INVALID_PARAMETER;
	room = data ? min(*size, DATA_ROOM) : 0;
	buffer->attributes = 0;
	buffer->size = room;
	status = call(get_variable, address(buffer->name), address(&buffer->vendor),
		      address(&buffer->attributes), address(&buffer->size),
		      data ? address(buffer->data) : 0);

	if (status == EFI_BUFFER_TOO_SMALL && data && buffer->size <= *size)
		return EFI_OUT_OF_RESOURCES;
	if (status == EFI_SUCCESS && data)
		memcpy(data, buffer->data, min(buffer->size, room));
	if (attributes &&
	    (status == EFI_SUCCESS || status == EFI_BUFFER_TOO_SMALL))
		*attributes = buffer->attributes;
	*size = buffer->size;
	return status;
}

static efi_status_t get_next_variable(unsigned long *size, efi_char16_t *name,
				      efi_guid_t *vendor)
{
	efi_status_t status;
	unsigned long room;

	guard(raw_spinlock_irqsave)(&thunk_lock);

	if (!size || !put_name(name, vendor))
		return EFI_INVALID_PARAMETER;
	room = min(*size, sizeof(buffer->name));
	buffer->size = room;
	status = call(get_next_variable, address(&buffer->size),
		      address(buffer->name), address(&buffer->vendor));

	if (status == EFI_SUCCESS) {
		memcpy(name, buffer->name, min(buffer->size, room));
		*vendor = buffer->vendor;
	}
	*size = buffer->size;
	return status;
}

/* The caller holds the lock. */
static efi_status_t set_locked(const efi_char16_t *name, const efi_guid_t *vendor,
			       u32 attributes, unsigned long size, const void *data)
{
	if (size > DATA_ROOM)
		return EFI_OUT_OF_RESOURCES;
	if (!put_name(name, vendor))
		return EFI_INVALID_PARAMETER;
	if (data)
		memcpy(buffer->data, data, size);
	return call(set_variable, address(buffer->name), address(&buffer->vendor),
		    attributes, size, data ? address(buffer->data) : 0);
}

static efi_status_t set_variable(efi_char16_t *name, efi_guid_t *vendor,
				 u32 attributes, unsigned long size, void *data)
{
	guard(raw_spinlock_irqsave)(&thunk_lock);
	return set_locked(name, vendor, attributes, size, data);
}

static efi_status_t set_variable_nonblocking(efi_char16_t *name,
					     efi_guid_t *vendor, u32 attributes,
					     unsigned long size, void *data)
{
	efi_status_t status;
	unsigned long flags;

	if (!raw_spin_trylock_irqsave(&thunk_lock, flags))
		return EFI_NOT_READY;
	status = set_locked(name, vendor, attributes, size, data);
	raw_spin_unlock_irqrestore(&thunk_lock, flags);
	return status;
}

/* The caller holds the lock. */
static efi_status_t query_locked(u32 attributes, u64 *storage, u64 *remaining,
				 u64 *largest)
{
	efi_status_t status;

	if (efi.runtime_version < EFI_2_00_SYSTEM_TABLE_REVISION)
		return EFI_UNSUPPORTED;
	if (!storage || !remaining || !largest)
		return EFI_INVALID_PARAMETER;

	status = call(query_variable_info, attributes, address(&buffer->storage[0]),
		      address(&buffer->storage[1]), address(&buffer->storage[2]));
	if (status == EFI_SUCCESS) {
		*storage = buffer->storage[0];
		*remaining = buffer->storage[1];
		*largest = buffer->storage[2];
	}
	return status;
}

static efi_status_t query_variable_info(u32 attributes, u64 *storage,
					u64 *remaining, u64 *largest)
{
	guard(raw_spinlock_irqsave)(&thunk_lock);
	return query_locked(attributes, storage, remaining, largest);
}

static efi_status_t query_variable_info_nonblocking(u32 attributes, u64 *storage,
						    u64 *remaining, u64 *largest)
{
	efi_status_t status;
	unsigned long flags;

	if (!raw_spin_trylock_irqsave(&thunk_lock, flags))
		return EFI_NOT_READY;
	status = query_locked(attributes, storage, remaining, largest);
	raw_spin_unlock_irqrestore(&thunk_lock, flags);
	return status;
}

static void reset_system(int type, efi_status_t status, unsigned long size,
			 efi_char16_t *data)
{
	unsigned long flags;

	/* A panic may have stopped the processor that holds the lock. */
	if (!raw_spin_trylock_irqsave(&thunk_lock, flags)) {
		pr_warn("firmware is in a call, and cannot reset the machine\n");
		return;
	}
	size = data ? min(size, DATA_ROOM) : 0;
	if (size)
		memcpy(buffer->data, data, size);
	call(reset_system, type, status, size, size ? address(buffer->data) : 0);
	raw_spin_unlock_irqrestore(&thunk_lock, flags);
}

/*
 * Ends a call in which firmware has faulted, as if firmware had returned to the
 * trampoline with an error. The trampoline finds the kernel's stack pointer at the
 * end of its own stack.
 */
void efi_rtmap_leave_thunk(struct pt_regs *regs)
{
	regs->ax = efi64_convert_status(EFI_ABORTED);
	regs->cs = __KERNEL_CS;
	regs->ip = __pa_symbol(__efi64_thunk_ret_tramp);
	regs->sp = efi_mixed_mode_stack_pa - THUNK_FRAME;
}

/* The kernel's own thunks refuse the services that are not set here. */
void __init efi_rtmap_set_thunks(void)
{
	efi_thunk_runtime_setup();
	efi.get_variable = get_variable;
	efi.get_next_variable = get_next_variable;
	efi.set_variable = set_variable;
	efi.set_variable_nonblocking = set_variable_nonblocking;
	efi.query_variable_info = query_variable_info;
	efi.query_variable_info_nonblocking = query_variable_info_nonblocking;
	efi.reset_system = reset_system;
}

#ifdef CONFIG_EFI_RTMAP_USER
/*
 * Calls in user mode need no thunks. Callers that cannot wait keep theirs: no other
 * task may run in a panic. The services in @off stay refused.
 */
void __ref efi_rtmap_user_replace_thunks(u32 off)
{
	typeof(efi) thunks = efi;

	efi_native_runtime_setup();
	efi.set_variable_nonblocking = thunks.set_variable_nonblocking;
	efi.get_next_high_mono_count = thunks.get_next_high_mono_count;
	efi.reset_system = thunks.reset_system;
	efi.query_variable_info_nonblocking = thunks.query_variable_info_nonblocking;
	efi.update_capsule = thunks.update_capsule;
	efi.query_capsule_caps = thunks.query_capsule_caps;
	efi_rtmap_check_answers();
	efi_rtmap_refuse(off);
}
#endif
