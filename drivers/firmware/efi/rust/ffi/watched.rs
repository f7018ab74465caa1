// SPDX-License-Identifier: GPL-2.0

//! The time limit of a firmware call.
//!
//! A call that only reads is aborted at its limit, and returns as if firmware had faulted. A call
//! that writes could be in the middle of a store, so it is not aborted: at the kernel's own limit,
//! the kernel no longer waits for the call, and firmware can finish.
//!
//! The limit counts the time in which the machine runs, in steps of a second. A virtual machine may
//! be stopped for minutes, and its clock jumps when it goes on.
//!
//! The timer runs on the same processor as firmware. It needs no softirqs, which calls on x86 keep
//! off, and no other processor. If firmware hangs with interrupts off, only the kernel's own limit
//! applies. Calls that are made with interrupts off have no limit.

use crate::plan::firmware::service;
use core::pin::Pin;
use kernel::{
    bindings,
    impl_has_hr_timer,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        SetOnce, //
    },
    time::{
        hrtimer::{
            HrTimer,
            HrTimerCallback,
            HrTimerCallbackContext,
            HrTimerRestart,
            RelativePinnedHardMode,
            UnsafeHrTimerPointer, //
        },
        Delta,
        Monotonic, //
    },
    types::NotThreadSafe, //
};

/// Milliseconds after which the limit is looked at.
const STEP: u32 = 1000;

/// Time until the thread that calls firmware has the processor again.
const AGAIN: Delta = Delta::from_millis(5);

static WATCHDOG: SetOnce<Pin<KBox<Watchdog>>> = SetOnce::new();

/// The timer of the call in progress.
#[pin_data]
struct Watchdog {
    #[pin]
    timer: HrTimer<Self>,
    /// Milliseconds after the step that is going on.
    left: Atomic<u32>,
    /// The call may be aborted.
    may_be_torn: Atomic<bool>,
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Watchdog {
        mode: RelativePinnedHardMode<Monotonic>, field: self.timer
    }
}

impl HrTimerCallback for Watchdog {
    type Pointer<'a> = Pin<&'a Self>;

    fn run(this: Pin<&Self>, mut ctx: HrTimerCallbackContext<'_, Self>) -> HrTimerRestart {
        // All the time in which the machine was stopped counts as one step.
        let left = this.left.load(Relaxed);
        if left > 0 || !this.may_be_torn.load(Relaxed) {
            ctx.forward_now(this.take_step(left));
            return HrTimerRestart::Restart;
        }
        // SAFETY: This is the callback of a timer in hard interrupt context.
        if unsafe { bindings::efi_rtmap_abort_interrupted() } {
            return HrTimerRestart::NoRestart;
        }
        ctx.forward_now(AGAIN);
        HrTimerRestart::Restart
    }
}

/// Makes the timer.
///
/// # Errors
///
/// `ENOMEM`: calls have no limit.
pub(crate) fn init() -> Result {
    let watchdog = pin_init!(Watchdog {
        timer <- HrTimer::new(),
        left: Atomic::new(0),
        may_be_torn: Atomic::new(false),
    });
    WATCHDOG.populate(KBox::pin_init(watchdog, GFP_KERNEL)?);
    Ok(())
}

/// Allows the call in progress to be aborted even if it writes. The machine goes down, and stops
/// firmware in the call in any case.
pub(crate) fn tear_call() {
    if let Some(watchdog) = WATCHDOG.as_ref() {
        watchdog.may_be_torn.store(true, Relaxed);
    }
}

/// The firmware call that is about to be made: an `efi_rts_ids` value, or `u32::MAX` for a call
/// without the workqueue.
pub(crate) fn current_service() -> u32 {
    // SAFETY: Reads what the workqueue says of the current thread.
    unsafe { bindings::efi_rtmap_current_service() }
}

/// A call that is aborted if it exceeds its limit.
pub(crate) struct Watched {
    _timer: Option<<Pin<&'static Watchdog> as UnsafeHrTimerPointer>::TimerHandle>,
    _thread: NotThreadSafe,
}

impl Watched {
    /// Watches the call that begins. It may take `limit` milliseconds. The thread stays on this
    /// processor until this value is dropped.
    pub(crate) fn new(limit: u32) -> Self {
        // SAFETY: There are no requirements.
        let interruptible = unsafe { bindings::efi_rtmap_is_interruptible() };
        let watchdog = WATCHDOG.as_ref().filter(|_| interruptible);
        Self {
            _timer: watchdog.map(|watchdog| watchdog.as_ref().watch(limit)),
            _thread: NotThreadSafe,
        }
    }
}

impl Watchdog {
    fn watch(
        self: Pin<&'static Self>,
        limit: u32,
    ) -> <Pin<&'static Self> as UnsafeHrTimerPointer>::TimerHandle {
        let step = self.take_step(limit);
        let only_reads = service::only_reads(current_service());
        self.may_be_torn.store(only_reads, Relaxed);
        // SAFETY: The lifetime of `self` says that the timer is never freed.
        unsafe { UnsafeHrTimerPointer::start(self, step) }
    }

    /// Takes the next step off the `left` milliseconds. A call that may not be torn has a step when
    /// none are left.
    fn take_step(&self, left: u32) -> Delta {
        let step = if left == 0 { STEP } else { left.min(STEP) };
        self.left.store(left.saturating_sub(step), Relaxed);
        Delta::from_millis(step.into())
    }
}
