/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of the isolation of firmware in user mode: attacks that the task runs as if they
 * were firmware's code, and the kernel's state that they must not change.
 */
#ifndef _LINUX_EFI_RTMAP_TRIAL_H
#define _LINUX_EFI_RTMAP_TRIAL_H

#include <linux/efi-rtmap-attack.h>
#include <linux/efi-rtmap-user.h>
#include <linux/types.h>

struct kunit;

struct efi_rtmap_attack {
	const char *name;
	const u8 *code;
	u32 ends;
	u32 group;
};

/* A register of the processor that only the kernel may change. */
struct efi_rtmap_register {
	const char *name;
	u64 value;
};

#define EFI_RTMAP_MOST_REGISTERS	24

/* The architecture's: code, from @efi_rtmap_code to @efi_rtmap_code_end. */

extern const u8 efi_rtmap_code[], efi_rtmap_code_end[];
extern const struct efi_rtmap_attack efi_rtmap_attacks[], efi_rtmap_attacks_end[];

/* Returns the argument plus 1, if firmware's registers are as a call has them. */
extern const u8 efi_rtmap_answer[];
/* Access to the address in the argument. */
extern const u8 efi_rtmap_read[], efi_rtmap_write[], efi_rtmap_jump[];

size_t efi_rtmap_read_registers(struct efi_rtmap_register *registers);

/* A trial: a test's life with the task. */

int efi_rtmap_trial_begin(struct kunit *test);
void efi_rtmap_trial_end(struct kunit *test);
u32 efi_rtmap_trial_run(const u8 *code, const u64 *args, size_t count,
			struct efi_rtmap_user_trap *trap, u64 *status);
__printf(2, 3)
void efi_rtmap_trial_fail(struct kunit *test, const char *format, ...);
void efi_rtmap_trial_answers(struct kunit *test, const char *after);
void efi_rtmap_trial_attack(struct kunit *test, const char *name, const u8 *code,
			    u32 ends, u64 arg);
void efi_rtmap_trial_refused(struct kunit *test, const char *name, const u8 *code,
			     u64 address);
bool efi_rtmap_trial_maps(u64 address);
const struct efi_rtmap_user_range *efi_rtmap_trial_ranges(size_t *count);
u64 efi_rtmap_trial_gate(void);

/* The kernel's memory and registers. */

int efi_rtmap_canary_begin(struct kunit *test);
void efi_rtmap_canary_end(void);
void *efi_rtmap_canary_page(void);
void efi_rtmap_canary_check(struct kunit *test, const char *after);
void efi_rtmap_canary_check_text(struct kunit *test);

/* Test cases. */

void efi_rtmap_test_random_addresses(struct kunit *test);
void efi_rtmap_test_ranges(struct kunit *test);
#ifdef CONFIG_X86_64
extern const u8 efi_rtmap_rdmsr[], efi_rtmap_wrmsr[], efi_rtmap_interrupts[];
extern const u8 efi_rtmap_inb[], efi_rtmap_inl[], efi_rtmap_outb[], efi_rtmap_insb[];

void efi_rtmap_test_ports(struct kunit *test);
void efi_rtmap_test_all_ports(struct kunit *test);
void efi_rtmap_test_msrs(struct kunit *test);
void efi_rtmap_test_interrupts(struct kunit *test);
#endif

#endif /* _LINUX_EFI_RTMAP_TRIAL_H */
