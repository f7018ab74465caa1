/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Firmware in user mode: functions that C and Rust call of each other.
 */
#ifndef _LINUX_EFI_RTMAP_USER_H
#define _LINUX_EFI_RTMAP_USER_H

#include <linux/efi.h>
#include <linux/efi-rtmap.h>
#include <linux/pgtable.h>
#include <linux/signal_types.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct efi_rtmap_user_trap;
struct mm_struct;
struct pt_regs;

/*
 * The block: all memory that firmware can reach in addition to its own regions. It is
 * mapped at its physical address. In order: the gate, which is never mapped; the stack
 * for calls, which grows towards it; the stack for signals; the arguments of a call.
 */
#define EFI_RTMAP_USER_GATE		SZ_64K
#define EFI_RTMAP_USER_STACK		SZ_64K
#define EFI_RTMAP_USER_SIGNAL_STACK	SZ_64K
#define EFI_RTMAP_USER_BLOCK		SZ_512K

/* Most arguments that a service has. */
#define EFI_RTMAP_USER_MOST_ARGS	5

/**
 * enum efi_rtmap_user_end - end of a call in user mode
 * @EFI_RTMAP_USER_RETURNED: firmware has returned
 * @EFI_RTMAP_USER_TRAPPED: firmware has done what it may not do
 * @EFI_RTMAP_USER_TOO_LONG: the call was aborted at its time limit
 * @EFI_RTMAP_USER_GIVEN_UP: the call writes, and is left to finish after its time limit
 * @EFI_RTMAP_USER_DIED: the task has died
 * @EFI_RTMAP_USER_NO_TASK: firmware was not entered: there is no task
 */
enum efi_rtmap_user_end {
	EFI_RTMAP_USER_RETURNED = 1,
	EFI_RTMAP_USER_TRAPPED = 2,
	EFI_RTMAP_USER_TOO_LONG = 3,
	EFI_RTMAP_USER_GIVEN_UP = 4,
	EFI_RTMAP_USER_DIED = 5,
	EFI_RTMAP_USER_NO_TASK = 6,
};

/* A call: @args are values of the firmware's width. */
struct efi_rtmap_user_call {
	u64	function;
	u64	args[EFI_RTMAP_USER_MOST_ARGS];
	u32	limit;		/* of its time, in milliseconds */
	bool	may_be_torn;	/* it writes nothing, so it is aborted at the limit */
	/* A test's: gets the trap that ends the call, which is not printed then. */
	struct efi_rtmap_user_trap *trap;
};

/* A range that the task has mapped. */
struct efi_rtmap_user_range {
	u64	phys;
	u64	virt;
	u64	size;
	u32	prot;		/* EFI_RTMAP_PROT_* */
};

/* The trap that firmware has run into, with its registers as they were. */
struct efi_rtmap_user_trap {
	const char *name;
	u64	ip;
	u64	address;	/* of a page fault */
#ifdef CONFIG_X86_64
	u16	dx;		/* the register: it may name a port */
	u32	cx;		/* the register: it may name a model specific register */
#else
	u32	x0;		/* the register: it may name a function of the secure world */
#endif
	u8	code[16];	/* at ip; zero if it cannot be read */
	bool	page_fault;
	bool	privileged;	/* it may be an instruction that needs privilege */
	bool	quiet;		/* it is not printed */
	u8	skip;		/* answer: bytes of code that count as done */
};

/* C, called from Rust. */

void *efi_rtmap_user_alloc_block(bool below_4g, u64 *block);
int efi_rtmap_user_start(const struct efi_rtmap_user_range *ranges, size_t count);
u32 efi_rtmap_user_run(const struct efi_rtmap_user_call *call, u64 *status);
u64 efi_rtmap_user_addresses_end(void);
bool efi_rtmap_user_is_possible(void);
void efi_rtmap_user_serve_callers_that_can_wait(void);
#ifdef CONFIG_X86_64
void efi_rtmap_user_allow_ports(u16 first, u32 count);
bool efi_rtmap_user_known_ports(u32 number, u16 *first, u16 *count);
void efi_rtmap_user_flush_caches(void);
bool efi_rtmap_user_read_msr(u32 msr);
void efi_rtmap_user_replace_thunks(u32 off);
void efi_rtmap_user_collect_variables(void);
#else
bool efi_rtmap_user_call_monitor(bool smc);
void efi_rtmap_user_set_register(u32 number, u64 value);
u64 efi_rtmap_user_level(void);
#endif

/* C, called from C. */

struct mm_struct *efi_rtmap_user_make_mm(const struct efi_rtmap_user_range *ranges,
					 size_t count, u64 block);
bool efi_rtmap_user_came_to_gate(u64 ip);
/* For tests. */
void efi_rtmap_user_map(const struct efi_rtmap_user_range *ranges, size_t count);
const struct efi_rtmap_user_range *efi_rtmap_user_ranges(size_t *count, u64 *block);

/* The architecture's. The end of the stack is at @stack for the kernel, at @sp for firmware. */
void efi_rtmap_user_init_task(void);
void efi_rtmap_user_enter(struct pt_regs *regs, u64 gate, void *stack, u64 sp,
			  const struct efi_rtmap_user_call *call);
void efi_rtmap_user_leave_signal(struct pt_regs *regs);
const siginfo_t __user *efi_rtmap_user_signal(const struct pt_regs *regs);
void efi_rtmap_user_describe(struct pt_regs *regs, struct efi_rtmap_user_trap *trap);
void efi_rtmap_user_show(struct pt_regs *regs);
pgprot_t efi_rtmap_user_protection(pgprot_t protection, u64 phys, u64 size, u32 prot);

/* Rust, called from C. */

bool efi_rtmap_user_resumes(struct efi_rtmap_user_trap *trap);
void efi_rtmap_user_came_back(void);
void efi_rtmap_user_begin(void);
/* For tests. efi_rtmap_user_came_back() gives firmware back. */
bool efi_rtmap_user_borrow(void);
bool efi_rtmap_user_enforces(void);

#endif /* _LINUX_EFI_RTMAP_USER_H */
