// SPDX-License-Identifier: GPL-2.0
/*
 * A trial: a test has firmware for itself, and code of the test runs where firmware's does,
 * below the policy that would take services off.
 *
 * The address space is that of this boot, with the test's code added.
 */

#include <kunit/test.h>
#include <linux/cacheflush.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/efi-rtmap-trial.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

/* A multiple of each page size. */
static u8 code_page[SZ_64K] __aligned(SZ_64K);

static struct {
	/* The machine's own ranges, and the same with the test's code. */
	const struct efi_rtmap_user_range *own;
	size_t own_count;
	struct efi_rtmap_user_range *all;
	u64 code;
	u64 gate;
	unsigned int attacks;
	unsigned int failures;
} trial;

/* More would not tell more. */
#define MOST_FAILURES	20

void efi_rtmap_trial_fail(struct kunit *test, const char *format, ...)
{
	struct va_format text = { .fmt = format };
	va_list args;

	va_start(args, format);
	text.va = &args;
	KUNIT_FAIL(test, "%pV", &text);
	va_end(args);
	if (++trial.failures == MOST_FAILURES)
		KUNIT_FAIL_AND_ABORT(test, "too many failures");
}

static int map_code(struct kunit *test)
{
	size_t size = efi_rtmap_code_end - efi_rtmap_code;

	KUNIT_ASSERT_LE(test, size, sizeof(code_page));
	memcpy(code_page, efi_rtmap_code, size);
	flush_icache_range((unsigned long)code_page, (unsigned long)code_page + size);
	trial.code = virt_to_phys(lm_alias(code_page));

	/* It stays until no task is made of it. */
	trial.all = krealloc_array(trial.all, trial.own_count + 1, sizeof(*trial.all),
				   GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, trial.all);
	memcpy(trial.all, trial.own, trial.own_count * sizeof(*trial.all));
	trial.all[trial.own_count] = (struct efi_rtmap_user_range) {
		.phys	= trial.code,
		.virt	= trial.code,
		.size	= sizeof(code_page),
		.prot	= EFI_RTMAP_PROT_EXEC,
	};
	efi_rtmap_user_map(trial.all, trial.own_count + 1);
	return 0;
}

/* Takes firmware, and skips the test if there is no user mode. */
int efi_rtmap_trial_begin(struct kunit *test)
{
	int error;

	if (!efi_rtmap_user_borrow())
		kunit_skip(test, "firmware does not run in user mode");
	trial.own = efi_rtmap_user_ranges(&trial.own_count, &trial.gate);
	trial.attacks = 0;
	trial.failures = 0;
	error = efi_rtmap_canary_begin(test);
	return error ?: map_code(test);
}

static bool works(void)
{
	efi_char16_t name[512] = { };
	unsigned long size = sizeof(name);
	efi_guid_t vendor = { };
	efi_time_t time;

	return efi.get_time(&time, NULL) == EFI_SUCCESS &&
	       efi.get_next_variable(&size, name, &vendor) == EFI_SUCCESS &&
	       efi.get_variable(name, &vendor, NULL, &(unsigned long){ 0 }, NULL) ==
		       EFI_BUFFER_TOO_SMALL;
}

/* Gives firmware back, and calls it in the way of all. */
void efi_rtmap_trial_end(struct kunit *test)
{
	if (!trial.own)
		return;
	efi_rtmap_canary_check_text(test);
	efi_rtmap_canary_end();
	efi_rtmap_user_map(trial.own, trial.own_count);
	trial.own = NULL;
	efi_rtmap_user_came_back();
	KUNIT_EXPECT_TRUE(test, works());
	kunit_info(test, "%u attacks\n", trial.attacks);
}

const struct efi_rtmap_user_range *efi_rtmap_trial_ranges(size_t *count)
{
	*count = trial.own_count;
	return trial.own;
}

u64 efi_rtmap_trial_gate(void)
{
	return trial.gate;
}

/* Returns true if the task has the address @address mapped, or may ask for it. */
bool efi_rtmap_trial_maps(u64 address)
{
	if (address - trial.gate < EFI_RTMAP_USER_BLOCK)
		return true;
	/* It is memory of the block. */
	if (IS_ENABLED(CONFIG_X86_64) && address < PAGE_SIZE)
		return true;
	for (size_t i = 0; i <= trial.own_count; i++)
		if (address - trial.all[i].virt < trial.all[i].size)
			return true;
	return false;
}

/* Has the task run @code. */
u32 efi_rtmap_trial_run(const u8 *code, const u64 *args, size_t count,
			struct efi_rtmap_user_trap *trap, u64 *status)
{
	/* A task that cannot be aborted may still write to it. */
	static struct efi_rtmap_user_trap told;
	struct efi_rtmap_user_call call = {
		.function	= trial.code + (code - efi_rtmap_code),
		.limit		= 1000,
		.may_be_torn	= true,
		.trap		= &told,
	};
	u32 end;

	memset(&told, 0, sizeof(told));
	memcpy(call.args, args, count * sizeof(*args));
	end = efi_rtmap_user_run(&call, status);
	*trap = told;
	return end;
}

/* Checks that the next call is right. */
void efi_rtmap_trial_answers(struct kunit *test, const char *after)
{
	static u64 number;
	struct efi_rtmap_user_trap trap;
	u64 status = 0;
	u32 end;

	number++;
	end = efi_rtmap_trial_run(efi_rtmap_answer, &number, 1, &trap, &status);
	if (end != EFI_RTMAP_USER_RETURNED || status != number + 1)
		efi_rtmap_trial_fail(test, "after %s: end %u by %s, answer %llx for %llx", after,
				     end, trap.name ?: "no trap", status, number);
}

static void check(struct kunit *test, const char *name, u32 ends, u32 end,
		  const struct efi_rtmap_user_trap *trap)
{
	trial.attacks++;
	if (!(ends & BIT(end)))
		efi_rtmap_trial_fail(test, "%s: end %u by %s at %llx, address %llx", name, end,
				     trap->name ?: "no trap", trap->ip, trap->address);
	efi_rtmap_canary_check(test, name);
	efi_rtmap_trial_answers(test, name);
}

/* Runs an attack, which must come to one of @ends. */
void efi_rtmap_trial_attack(struct kunit *test, const char *name, const u8 *code, u32 ends,
			    u64 arg)
{
	const u64 args[] = { arg, trial.gate, trial.code, (u64)efi_rtmap_trial_begin };
	struct efi_rtmap_user_trap trap;
	u64 status;
	u32 end;

	end = efi_rtmap_trial_run(code, args, ARRAY_SIZE(args), &trap, &status);
	check(test, name, ends, end, &trap);
}

/* Runs an access to @address, which must be refused for that address. */
void efi_rtmap_trial_refused(struct kunit *test, const char *name, const u8 *code, u64 address)
{
	struct efi_rtmap_user_trap trap;
	u64 status;
	u32 end;

	end = efi_rtmap_trial_run(code, &address, 1, &trap, &status);
	/* An address that is not canonical is no page fault on x86. */
	if (trap.page_fault && trap.address != address)
		efi_rtmap_trial_fail(test, "%s: the fault is for %llx, not %llx", name,
				     trap.address, address);
	check(test, name, EFI_RTMAP_TRAPS, end, &trap);
}
