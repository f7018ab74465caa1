// SPDX-License-Identifier: GPL-2.0
/*
 * State that firmware in user mode must not change: the kernel's code, a page of the
 * kernel's, firmware's own code, and registers of the processor.
 */

#include <kunit/test.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/efi-rtmap-trial.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/sections.h>

#define PATTERN		0x5c

static struct {
	u8	*page;		/* in the direct map */
	u8	*text;		/* a copy of the kernel's code */
	u8	*firmware;	/* the first page of firmware's code */
	u8	*firmware_copy;
	struct efi_rtmap_register registers[EFI_RTMAP_MOST_REGISTERS];
	size_t	count;
} canary;

static size_t text_size(void)
{
	return _etext - _stext;
}

static const struct efi_rtmap_user_range *firmwares_code(void)
{
	size_t count;
	const struct efi_rtmap_user_range *ranges = efi_rtmap_trial_ranges(&count);

	for (size_t i = 0; i < count; i++) {
		u32 prot = ranges[i].prot;

		if ((prot & EFI_RTMAP_PROT_EXEC) && !(prot & EFI_RTMAP_PROT_WRITE))
			return &ranges[i];
	}
	return NULL;
}

int efi_rtmap_canary_begin(struct kunit *test)
{
	const struct efi_rtmap_user_range *code = firmwares_code();

	canary.page = (u8 *)__get_free_page(GFP_KERNEL);
	canary.text = vmalloc(text_size());
	canary.firmware_copy = (u8 *)__get_free_page(GFP_KERNEL);
	if (code)
		canary.firmware = memremap(code->phys, PAGE_SIZE, MEMREMAP_WB);
	if (!canary.page || !canary.text || !canary.firmware || !canary.firmware_copy)
		return -ENOMEM;
	memset(canary.page, PATTERN, PAGE_SIZE);
	memcpy(canary.text, _stext, text_size());
	memcpy(canary.firmware_copy, canary.firmware, PAGE_SIZE);
	canary.count = efi_rtmap_read_registers(canary.registers);
	return 0;
}

void efi_rtmap_canary_end(void)
{
	if (canary.firmware)
		memunmap(canary.firmware);
	free_page((unsigned long)canary.page);
	free_page((unsigned long)canary.firmware_copy);
	vfree(canary.text);
	memset(&canary, 0, sizeof(canary));
}

/* A page of the kernel's, which firmware cannot reach. */
void *efi_rtmap_canary_page(void)
{
	return canary.page;
}

static void check_registers(struct kunit *test, const char *after)
{
	struct efi_rtmap_register now[EFI_RTMAP_MOST_REGISTERS];

	efi_rtmap_read_registers(now);
	for (size_t i = 0; i < canary.count; i++)
		if (now[i].value != canary.registers[i].value)
			efi_rtmap_trial_fail(test, "after %s: %s is %llx, not %llx", after,
					     now[i].name, now[i].value,
					     canary.registers[i].value);
}

/* Checks what is checked after each attack. */
void efi_rtmap_canary_check(struct kunit *test, const char *after)
{
	if (memchr_inv(canary.page, PATTERN, PAGE_SIZE))
		efi_rtmap_trial_fail(test, "after %s: the kernel's page has changed", after);
	if (memcmp(canary.firmware, canary.firmware_copy, PAGE_SIZE))
		efi_rtmap_trial_fail(test, "after %s: firmware's code has changed", after);
	check_registers(test, after);
}

/* The kernel itself may patch its branches meanwhile. */
static bool is_patched(u8 *address)
{
	return jump_label_text_reserved(address, address);
}

void efi_rtmap_canary_check_text(struct kunit *test)
{
	u8 *text = (u8 *)_stext;

	if (!canary.text)
		return;
	for (size_t page = 0; page < text_size(); page += PAGE_SIZE) {
		size_t size = min(PAGE_SIZE, text_size() - page);

		if (!memcmp(text + page, canary.text + page, size))
			continue;
		for (size_t i = page; i < page + size; i++)
			if (text[i] != canary.text[i] && !is_patched(text + i)) {
				KUNIT_FAIL(test, "the kernel's code has changed at %pS",
					   text + i);
				return;
			}
	}
}
