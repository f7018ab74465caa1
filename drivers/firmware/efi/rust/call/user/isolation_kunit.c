// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the isolation of firmware in user mode: whatever it does, the kernel keeps its
 * memory and its registers, and the next call is right.
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/efi-rtmap-trial.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/rcupdate.h>
#include <linux/sched/stat.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

static void run_group(struct kunit *test, u32 group)
{
	const struct efi_rtmap_attack *attack;

	for (attack = efi_rtmap_attacks; attack < efi_rtmap_attacks_end; attack++)
		if (attack->group == group)
			efi_rtmap_trial_attack(test, attack->name, attack->code,
					       attack->ends, (u64)efi_rtmap_canary_page());
}

static void attacks_end_the_call(struct kunit *test)
{
	run_group(test, EFI_RTMAP_ATTACKS);
}

/* The cost of tasks. */
struct usage {
	long free_pages;
	long slab_pages;
	int threads;
	int processes;
};

/* Each processor keeps free pages for itself. */
static void give_pages_back(struct work_struct *work)
{
	drain_local_pages(NULL);
}

static long count_free_pages(void)
{
	struct zone *zone;
	long pages = 0;

	schedule_on_each_cpu(give_pages_back);
	for_each_populated_zone(zone)
		pages += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	return pages;
}

static struct usage usage(void)
{
	/* Those that have died are freed later. */
	rcu_barrier();
	msleep(100);
	rcu_barrier();
	return (struct usage) {
		.free_pages	= count_free_pages(),
		.slab_pages	= global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) +
				  global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B),
		.threads	= nr_threads,
		.processes	= nr_processes(),
	};
}

static void respawn(struct kunit *test, unsigned int count)
{
	struct efi_rtmap_user_trap trap;
	const u64 address = (u64)efi_rtmap_canary_page();
	u64 status;

	for (unsigned int i = 0; i < count; i++) {
		u32 end = efi_rtmap_trial_run(efi_rtmap_read, &address, 1, &trap, &status);

		KUNIT_ASSERT_EQ(test, end, (u32)EFI_RTMAP_USER_TRAPPED);
	}
}

/* Slabs get fuller or emptier, and other threads need memory meanwhile. */
#define NOISE_PAGES	128
/* Workqueues start and end their threads. */
#define NOISE_THREADS	16

static void respawn_without_growth(struct kunit *test, unsigned int count)
{
	struct usage before, after;

	/* Until what the kernel keeps for later tasks has all that it keeps. */
	respawn(test, count / 2);
	before = usage();
	respawn(test, count);
	after = usage();
	kunit_info(test, "%u tasks: free pages %ld to %ld, pages of slab %ld to %ld\n", count,
		   before.free_pages, after.free_pages, before.slab_pages, after.slab_pages);
	KUNIT_EXPECT_GT(test, after.free_pages, before.free_pages - NOISE_PAGES);
	KUNIT_EXPECT_LT(test, after.slab_pages, before.slab_pages + NOISE_PAGES);
	KUNIT_EXPECT_LT(test, after.threads, before.threads + NOISE_THREADS);
	KUNIT_EXPECT_LT(test, after.processes, before.processes + NOISE_THREADS);
	efi_rtmap_trial_answers(test, "the last task");
}

static void thousand_tasks_leave_nothing(struct kunit *test)
{
	respawn_without_growth(test, 1000);
}

static void ten_thousand_tasks_leave_nothing(struct kunit *test)
{
	respawn_without_growth(test, 10000);
}

#define LONG_CASE(name)	KUNIT_CASE_ATTR(name, { .speed = KUNIT_SPEED_VERY_SLOW })

static struct kunit_case isolation_cases[] = {
	KUNIT_CASE_SLOW(attacks_end_the_call),
	KUNIT_CASE_SLOW(efi_rtmap_test_ranges),
	KUNIT_CASE_SLOW(efi_rtmap_test_random_addresses),
#ifdef CONFIG_X86_64
	KUNIT_CASE_SLOW(efi_rtmap_test_interrupts),
	KUNIT_CASE_SLOW(efi_rtmap_test_msrs),
	KUNIT_CASE_SLOW(efi_rtmap_test_ports),
	LONG_CASE(efi_rtmap_test_all_ports),
#endif
	KUNIT_CASE_SLOW(thousand_tasks_leave_nothing),
	LONG_CASE(ten_thousand_tasks_leave_nothing),
	{ }
};

static struct kunit_suite isolation_suite = {
	.name		= "efi_user_isolation",
	.init		= efi_rtmap_trial_begin,
	.exit		= efi_rtmap_trial_end,
	.test_cases	= isolation_cases,
};

#ifdef CONFIG_X86_64

static void far_returns_end_the_call(struct kunit *test)
{
	run_group(test, EFI_RTMAP_FAR_RETURNS);
}

static struct kunit_case far_cases[] = {
	KUNIT_CASE_SLOW(far_returns_end_the_call),
	{ }
};

static struct kunit_suite far_suite = {
	.name		= "efi_user_far_returns",
	.init		= efi_rtmap_trial_begin,
	.exit		= efi_rtmap_trial_end,
	.test_cases	= far_cases,
};

kunit_test_suites(&isolation_suite, &far_suite);

#else

kunit_test_suite(isolation_suite);

#endif
