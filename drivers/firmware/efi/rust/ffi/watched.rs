// SPDX-License-Identifier: GPL-2.0

//! The time limit of a firmware call.
//!
//! A call that only reads is aborted at its limit, and returns as if firmware had faulted. A call
//! that writes could be in the middle of a store, so it is not aborted: at the kernel's own limit,
//! the kernel no longer waits for the call, and firmware can finish.
//!
//! The limit counts seconds in which the machine runs. A virtual machine may be stopped for
//! minutes, and its clock jumps when it goes on.
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

const SECOND: Delta = Delta::from_secs(1);

/// Time until the thread that calls firmware has the processor again.
const AGAIN: Delta = Delta::from_millis(5);

static WATCHDOG: SetOnce<Pin<KBox<Watchdog>>> = SetOnce::new();

/// The timer of the call in progress.
#[pin_data]
struct Watchdog {
    #[pin]
    timer: HrTimer<Self>,
    seconds_left: Atomic<u32>,
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
        // All the seconds in which the machine was stopped count as one.
        let left = this.seconds_left.load(Relaxed).saturating_sub(1);
        this.seconds_left.store(left, Relaxed);
        if left > 0 || !this.may_be_torn.load(Relaxed) {
            ctx.forward_now(SECOND);
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
        seconds_left: Atomic::new(0),
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
    /// Watches the call that begins. It may take so many `seconds`. The thread stays on this
    /// processor until this value is dropped.
    pub(crate) fn new(seconds: u32) -> Self {
        // SAFETY: There are no requirements.
        let interruptible = unsafe { bindings::efi_rtmap_is_interruptible() };
        let watchdog = WATCHDOG.as_ref().filter(|_| interruptible);
        Self {
            _timer: watchdog.map(|watchdog| watchdog.as_ref().watch(seconds)),
            _thread: NotThreadSafe,
        }
    }
}

impl Watchdog {
    fn watch(
        self: Pin<&'static Self>,
        seconds: u32,
    ) -> <Pin<&'static Self> as UnsafeHrTimerPointer>::TimerHandle {
        self.seconds_left.store(seconds, Relaxed);
        let only_reads = service::only_reads(current_service());
        self.may_be_torn.store(only_reads, Relaxed);
        // SAFETY: The lifetime of `self` says that the timer is never freed.
        unsafe { UnsafeHrTimerPointer::start(self, SECOND) }
    }
}
