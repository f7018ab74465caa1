// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's RAM, and the size of a range that can be mapped at once, for tables of
 * firmware. memremap() warns about a range that is only in part RAM, and about an
 * impossible address. And a copy of such a table.
 *
 * This file is C, because the walk through resources has no Rust interface, and Rust
 * code may not refer to __init functions.
 */

#include <linux/efi-rtmap-rust.h>
#include <linux/ioport.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>

#include <asm/early_ioremap.h>

static int copy(struct resource *ram, void *target)
{
	*(struct resource *)target = *ram;
	return 1;
}

/* Finds the first RAM from @addr to @end. */
static bool find_ram(u64 addr, u64 end, struct resource *ram)
{
	return walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM, addr,
				   end, ram, copy) == 1;
}

static u64 last_address(void)
{
	return min(iomem_resource.end, BIT_ULL(MAX_PHYSMEM_BITS) - 1);
}

/* Returns the end of the memory at @addr that is not RAM for the kernel, or @addr. */
u64 efi_rtmap_outside_ram_until(u64 addr)
{
	u64 last = last_address();
	struct resource ram;

	if (addr > last)
		return addr;
	return find_ram(addr, last, &ram) ? max(addr, ram.start) : last + 1;
}

/* Returns how many of the @size bytes at @addr are of one sort: all RAM, or all not. */
size_t efi_rtmap_mappable(u64 addr, size_t size)
{
	u64 end = last_address();
	struct resource ram;

	if (!size || addr > end)
		return 0;
	end = addr + min(size - 1, end - addr);
	if (find_ram(addr, end, &ram))
		end = ram.start > addr ? ram.start - 1 : ram.end;
	return end - addr + 1;
}

/* Copies memory. An early mapping costs a tenth of one that is to last. */
int __ref efi_rtmap_copy(void *target, u64 addr, size_t size)
{
	return copy_from_early_mem(target, addr, size);
}
