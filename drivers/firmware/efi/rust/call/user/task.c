// SPDX-License-Identifier: GPL-2.0
/*
 * The task that firmware runs in.
 *
 * Between calls the task sleeps in a callback that the kernel runs on the way to user
 * mode. A call wakes it, with the registers for firmware. Firmware returns to the gate, a
 * page that is never there, and the fault queues the callback again. A trap of firmware
 * is a signal whose handler is in the gate, so it ends the call in the same way.
 *
 * This file is C, because tasks, their work and their signals have no Rust interface.
 */

#define pr_fmt(fmt) "efi: rtmap: " fmt

#include <linux/completion.h>
#include <linux/efi-rtmap-rust.h>
#include <linux/efi-rtmap-user.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>
#include <linux/string.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#define HANDLER		16	/* in the gate, beside the address that firmware returns to */
#define STACK_END	(EFI_RTMAP_USER_GATE + EFI_RTMAP_USER_STACK)
#define IDLE_MS		2000	/* after which the task ends: nothing should wait for it */
#define ABORT_MS	5000	/* more than any processor needs to reach the kernel */

enum state {
	GONE,		/* there is no task, or it ends */
	IDLE,		/* the task waits for a call */
	IN_CALL,
	LEFT,		/* in a call that nobody waits for */
};

static struct {
	/* Of all tasks. It stays: the children of a task that exits become init's. */
	struct kthread_worker	*parent;
	struct kthread_work	spawn;
	int			error;		/* of spawn */
	const struct efi_rtmap_user_range *ranges;
	size_t			count;
	void			*alias;		/* of the block */
	u64			block;

	struct task_struct	*task;
	atomic_t		state;		/* enum state */
	struct completion	ready;		/* the task, or the result of a call */
	struct completion	died;
	struct callback_head	at_gate;
	struct callback_head	abort;

	struct efi_rtmap_user_call call;
	enum efi_rtmap_user_end	end;
	u64			status;

	unsigned long		calls;
	unsigned long		calls_before;
} user;

static bool goes(enum state from, enum state to)
{
	return atomic_cmpxchg(&user.state, from, to) == from;
}

/* The end of a call. */

/* The task ends after anything but a return: what firmware has left in it goes with it. */
static void __noreturn leave(void)
{
	do_exit(0);
}

static void end_call(enum efi_rtmap_user_end end, u64 status)
{
	enum state next = end == EFI_RTMAP_USER_RETURNED ? IDLE : GONE;

	user.end = end;
	user.status = status;
	if (goes(IN_CALL, next)) {
		complete(&user.ready);
	} else if (goes(LEFT, GONE)) {
		efi_rtmap_user_came_back();
		leave();
	}
	if (next == GONE)
		leave();
}

/* Returns true if a process has sent the signal. */
static bool was_sent(const siginfo_t __user *info)
{
	int code;

	return !get_user(code, &info->si_code) && code <= 0;
}

/* Returns true if firmware goes on. */
static bool handle_trap(struct pt_regs *regs)
{
	bool sent = was_sent(efi_rtmap_user_signal(regs));
	struct efi_rtmap_user_trap trap = { .quiet = user.call.trap };

	efi_rtmap_user_leave_signal(regs);
	if (sent)
		return true;

	trap.ip = instruction_pointer(regs);
	if (copy_from_user(trap.code, (const void __user *)trap.ip, sizeof(trap.code)))
		memset(trap.code, 0, sizeof(trap.code));
	efi_rtmap_user_describe(regs, &trap);
	if (efi_rtmap_user_resumes(&trap)) {
		instruction_pointer_set(regs, trap.ip + trap.skip);
		return true;
	}
	if (trap.quiet)
		*user.call.trap = trap;
	else
		efi_rtmap_user_show(regs);
	return false;
}

/* Sleeps until there is a call, or does not return: the task has had nothing to do. */
static void wait_for_call(void)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (atomic_read(&user.state) != IDLE)
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	if (atomic_read_acquire(&user.state) == GONE)
		leave();
}

/* Enters firmware once there is a call. */
static void enter(struct pt_regs *regs)
{
	wait_for_call();
	efi_rtmap_user_enter(regs, user.block, user.alias + STACK_END,
			     user.block + STACK_END, &user.call);
	/* The stack for signals begins where the other ends. */
	current->sas_ss_sp = user.block + STACK_END;
	current->sas_ss_size = EFI_RTMAP_USER_SIGNAL_STACK;
	current->sas_ss_flags = SS_AUTODISARM;
	set_task_syscall_work(current, SYSCALL_EMU);
}

static void at_gate(struct callback_head *work)
{
	struct pt_regs *regs = current_pt_regs();
	bool returned = instruction_pointer(regs) == user.block;

	if (!returned && handle_trap(regs))
		return;
	end_call(returned ? EFI_RTMAP_USER_RETURNED : EFI_RTMAP_USER_TRAPPED,
		 regs_return_value(regs));
	enter(regs);
}

/* The task is new. There may be a call already, which firmware has not been entered for. */
static void at_start(struct callback_head *work)
{
	init_task_work(&user.at_gate, at_gate);
	enter(current_pt_regs());
}

static void abort_call(struct callback_head *work)
{
	if (current == user.task && atomic_read(&user.state) == IN_CALL)
		end_call(EFI_RTMAP_USER_TOO_LONG, 0);
}

/* The task. */

/* Nobody may trace the task: firmware's registers and memory are the kernel's. */
bool efi_rtmap_user_is_task(const struct task_struct *task)
{
	return task == READ_ONCE(user.task);
}

/* Queues the work at the gate, if @ip is where firmware returns to, or where its traps go. */
bool efi_rtmap_user_came_to_gate(u64 ip)
{
	if (current != user.task || (ip != user.block && ip != user.block + HANDLER))
		return false;
	task_work_add(current, &user.at_gate, TWA_RESUME);
	return true;
}

/* Traps go to the gate. All other signals are ignored, as in all kernel threads. */
static void set_signals(void)
{
	static const int traps[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS };
	unsigned long handler = user.block + HANDLER;
	sigset_t blocked;

	sigfillset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(traps); i++) {
		struct k_sigaction action = {
			.sa.sa_handler	= (__sighandler_t)handler,
			.sa.sa_restorer	= (__sigrestore_t)handler,
			.sa.sa_flags	= SA_ONSTACK | SA_SIGINFO | SA_NODEFER |
					  SA_RESTORER,
		};

		do_sigaction(traps[i], &action, NULL);
		sigdelset(&blocked, traps[i]);
	}
	set_current_blocked(&blocked);
}

/* The first and only function of the task. */
static int become_firmware(void *unused)
{
	static const char name[TASK_COMM_LEN] = "efi-runtime";

	current->vfork_done = &user.died;
	set_task_comm(current, name);
	current->flags |= PF_NO_SETAFFINITY;
	current->signal->oom_score_adj = OOM_SCORE_ADJ_MIN;
	current->signal->oom_score_adj_min = OOM_SCORE_ADJ_MIN;
#ifdef CONFIG_MEMCG
	rcu_assign_pointer(current->mm->owner, current);
#endif
	set_signals();
	flush_thread();
	start_thread(current_pt_regs(), user.block, user.block + STACK_END);
	efi_rtmap_user_init_task();

	user.task = get_task_struct(current);
	atomic_set(&user.state, IDLE);
	init_task_work(&user.at_gate, at_start);
	task_work_add(current, &user.at_gate, TWA_RESUME);
	complete(&user.ready);
	return 0;
}

/* The thread has no address space. A new task takes the one that its parent uses. */
static void spawn(struct kthread_work *work)
{
	struct mm_struct *mm = efi_rtmap_user_make_mm(user.ranges, user.count, user.block);
	pid_t pid;

	user.error = PTR_ERR_OR_ZERO(mm);
	if (user.error)
		return;
	reinit_completion(&user.ready);
	reinit_completion(&user.died);
	kthread_use_mm(mm);
	pid = user_mode_thread(become_firmware, NULL, SIGCHLD);
	kthread_unuse_mm(mm);
	mmput(mm);
	if (pid < 0)
		user.error = pid;
	else
		wait_for_completion(&user.ready);
}

static void retire(struct work_struct *work);
static DECLARE_DELAYED_WORK(retirement, retire);

/* Ends the task when it has had no call for some time. */
static void retire(struct work_struct *work)
{
	unsigned long calls = READ_ONCE(user.calls);

	if (calls == user.calls_before && goes(IDLE, GONE)) {
		wake_up_process(user.task);
		return;
	}
	user.calls_before = calls;
	schedule_delayed_work(&retirement, msecs_to_jiffies(IDLE_MS));
}

static int renew_task(void)
{
	if (user.task) {
		if (!wait_for_completion_timeout(&user.died, msecs_to_jiffies(ABORT_MS)))
			return -EBUSY;
		cancel_delayed_work_sync(&retirement);
		put_task_struct(user.task);
		user.task = NULL;
	}
	kthread_queue_work(user.parent, &user.spawn);
	kthread_flush_work(&user.spawn);
	if (!user.error)
		schedule_delayed_work(&retirement, msecs_to_jiffies(IDLE_MS));
	return user.error;
}

/* Calls. */

static bool hand_over(const struct efi_rtmap_user_call *call)
{
	if (!user.task || completion_done(&user.died) ||
	    atomic_read(&user.state) != IDLE)
		return false;
	reinit_completion(&user.ready);
	user.call = *call;
	if (!goes(IDLE, IN_CALL))
		return false;
	user.calls++;
	wake_up_process(user.task);
	return true;
}

/*
 * Waits up to @ms milliseconds in which the machine runs: all the time in which a virtual
 * machine was stopped counts as one second. Returns false if the call has no result.
 */
static bool wait_for_end(unsigned int ms)
{
	for (unsigned int step; ms; ms -= step) {
		step = min(ms, MSEC_PER_SEC);
		if (wait_for_completion_timeout(&user.ready, msecs_to_jiffies(step)))
			return true;
		if (completion_done(&user.died))
			return false;
	}
	return false;
}

/* The call may end by itself meanwhile. The task ends in any case. */
static void abort_current_call(void)
{
	init_task_work(&user.abort, abort_call);
	task_work_add(user.task, &user.abort, TWA_RESUME);
	wait_for_end(ABORT_MS);
	task_work_cancel(user.task, &user.abort);
	if (goes(IDLE, GONE))
		wake_up_process(user.task);
}

/*
 * Calls firmware. Returns enum efi_rtmap_user_end, and firmware's answer in @status. The
 * caller is the only one.
 */
u32 efi_rtmap_user_run(const struct efi_rtmap_user_call *call, u64 *status)
{
	if (!hand_over(call) && (renew_task() || !hand_over(call)))
		return EFI_RTMAP_USER_NO_TASK;

	if (!wait_for_end(call->limit) && !completion_done(&user.died)) {
		if (!call->may_be_torn && goes(IN_CALL, LEFT))
			return EFI_RTMAP_USER_GIVEN_UP;
		abort_current_call();
	}
	if (goes(IN_CALL, GONE))
		return EFI_RTMAP_USER_DIED;
	*status = user.status;
	return user.end;
}

/* Setup. */

/*
 * Allocates the block, for good, and returns the kernel's address of it. Firmware has it at
 * its physical address, @block.
 */
void *efi_rtmap_user_alloc_block(bool below_4g, u64 *block)
{
	gfp_t gfp = GFP_KERNEL | __GFP_ZERO | (below_4g ? __GFP_DMA32 : 0);

	user.alias = (void *)__get_free_pages(gfp, get_order(EFI_RTMAP_USER_BLOCK));
	if (user.alias)
		*block = user.block = virt_to_phys(user.alias);
	return user.alias;
}

/* Firmware's addresses are below the result. */
u64 efi_rtmap_user_addresses_end(void)
{
	return TASK_SIZE;
}

/*
 * Has later tasks map @ranges, which must stay. The current one ends. Nobody else may be
 * inside firmware.
 */
void efi_rtmap_user_map(const struct efi_rtmap_user_range *ranges, size_t count)
{
	user.ranges = ranges;
	user.count = count;
	if (goes(IDLE, GONE))
		wake_up_process(user.task);
}

#ifdef CONFIG_EFI_RTMAP_KUNIT_TEST
/* The ranges that tasks map, and the address of the block. */
const struct efi_rtmap_user_range *efi_rtmap_user_ranges(size_t *count, u64 *block)
{
	*count = user.count;
	*block = user.block;
	return user.ranges;
}
#endif

/* Makes the first task. @ranges must stay. */
int efi_rtmap_user_start(const struct efi_rtmap_user_range *ranges, size_t count)
{
	struct kthread_worker *parent = kthread_run_worker(0, "efi-rtmap");

	if (IS_ERR(parent))
		return PTR_ERR(parent);
	user.parent = parent;
	kthread_init_work(&user.spawn, spawn);
	efi_rtmap_user_map(ranges, count);
	init_completion(&user.ready);
	init_completion(&user.died);
	return renew_task();
}

/* Before the first call that is made from a thread. */
static int __init user_init(void)
{
	efi_rtmap_user_begin();
	return 0;
}
arch_initcall(user_init);
