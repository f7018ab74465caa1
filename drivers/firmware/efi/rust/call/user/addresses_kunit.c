// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the addresses that firmware in user mode cannot reach.
 */

#include <kunit/test.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/efi-rtmap-trial.h>
#include <linux/io.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pfn.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/vmalloc.h>

#include <asm/sections.h>

#define RANDOM_ADDRESSES	1000

static unsigned long long seed;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "of the random addresses");

struct access {
	const char *name;
	const u8 *code;
};

static const struct access accesses[] = {
	{ "read", efi_rtmap_read },
	{ "write", efi_rtmap_write },
	{ "jump", efi_rtmap_jump },
};

/* A range of addresses, the end excluded. */
struct place {
	const char *name;
	u64 start;
	u64 end;
};

static u64 below(struct rnd_state *random, u64 limit)
{
	u64 number = (u64)prandom_u32_state(random) << 32 | prandom_u32_state(random);

	return number % limit;
}

void efi_rtmap_test_random_addresses(struct kunit *test)
{
	u64 page = (u64)efi_rtmap_canary_page();
	const struct place places[] = {
		{ "kernel code", (u64)_stext, (u64)_etext },
		{ "kernel data", (u64)_sdata, (u64)_edata },
		{ "direct map", PAGE_OFFSET, (u64)high_memory },
		{ "a page of the kernel's", page, page + PAGE_SIZE },
		{ "vmalloc", VMALLOC_START, VMALLOC_END },
		{ "modules", MODULES_VADDR, MODULES_END },
		{ "page structures", (u64)vmemmap, (u64)vmemmap + SZ_1G },
		{ "end of addresses", -SZ_16M, U64_MAX },
		{ "RAM", PFN_PHYS(min_low_pfn), PFN_PHYS(max_pfn) },
		{ "RAM of the kernel's", virt_to_phys((void *)page),
		  virt_to_phys((void *)page) + PAGE_SIZE },
		{ "page 0", 0, PAGE_SIZE },
		{ "other addresses of user mode", 0, TASK_SIZE },
		/* Behind the page tables' reach, and behind where tags are. */
		{ "no canonical address", 0x0100000000000000 - SZ_1G, 0x0100000000000000 },
	};
	struct rnd_state random;
	char name[80];

	if (!seed)
		seed = get_random_u64();
	kunit_info(test, "seed %llu\n", seed);
	prandom_seed_state(&random, seed);
	for (int i = 0; i < RANDOM_ADDRESSES;) {
		const struct place *place = &places[below(&random, ARRAY_SIZE(places))];
		const struct access *access = &accesses[below(&random, ARRAY_SIZE(accesses))];
		u64 address = place->start + below(&random, place->end - place->start);

		if (efi_rtmap_trial_maps(address))
			continue;
		snprintf(name, sizeof(name), "%s of %s at %llx", access->name, place->name,
			 address);
		efi_rtmap_trial_refused(test, name, access->code, address);
		i++;
	}
}

static void expect(struct kunit *test, const struct access *access,
		   const struct efi_rtmap_user_range *range, u64 address, bool allowed)
{
	char name[80];

	snprintf(name, sizeof(name), "%s of %llx in %llx, rights %x", access->name, address,
		 range->virt, range->prot);
	if (allowed)
		efi_rtmap_trial_attack(test, name, access->code, EFI_RTMAP_RETURNS, address);
	else
		efi_rtmap_trial_refused(test, name, access->code, address);
}

/* Each range of firmware's has the rights that it should have, and ends where it should. */
void efi_rtmap_test_ranges(struct kunit *test)
{
	const struct access *read = &accesses[0], *write = &accesses[1], *jump = &accesses[2];
	size_t count;
	const struct efi_rtmap_user_range *ranges = efi_rtmap_trial_ranges(&count);
	unsigned int read_only = 0;

	for (size_t i = 0; i < count; i++) {
		const struct efi_rtmap_user_range *range = &ranges[i];
		u64 end = range->virt + range->size;
		const u64 inside[] = {
			range->virt, range->virt + range->size / 2, end - 4,
		};
		const u64 outside[] = { range->virt - 1, end };

		for (size_t j = 0; j < ARRAY_SIZE(inside); j++) {
			/* A register of a device may count reads. */
			if (!(range->prot & EFI_RTMAP_PROT_IO))
				expect(test, read, range, inside[j], true);
			if (!(range->prot & EFI_RTMAP_PROT_WRITE))
				expect(test, write, range, inside[j], false);
			if (!(range->prot & EFI_RTMAP_PROT_EXEC))
				expect(test, jump, range, inside[j], false);
		}
		for (size_t j = 0; j < ARRAY_SIZE(outside); j++) {
			if (efi_rtmap_trial_maps(outside[j]))
				continue;
			expect(test, read, range, outside[j], false);
			expect(test, write, range, outside[j], false);
		}
		read_only += !(range->prot & EFI_RTMAP_PROT_WRITE);
	}
	KUNIT_EXPECT_GT(test, read_only, 0);
	kunit_info(test, "%zu ranges, %u of them read-only\n", count, read_only);
}
