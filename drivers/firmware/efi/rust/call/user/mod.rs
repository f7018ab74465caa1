// SPDX-License-Identifier: GPL-2.0

//! Calls in user mode. Firmware runs in a task without privilege. Its address space holds the runtime
//! regions and a block of memory, in which arguments and answers are copied.

mod access;
mod grants;
#[cfg(CONFIG_ARM64)]
mod privileged_arm64;
#[cfg(CONFIG_X86_64)]
mod privileged_x86;
pub(crate) mod traps;

use self::access::Access;
#[cfg(CONFIG_ARM64)]
use self::privileged_arm64 as privileged;
#[cfg(CONFIG_X86_64)]
use self::privileged_x86 as privileged;
use crate::{
    call::inside::Inside,
    ffi::{
        self,
        user::{
            Block,
            MOST_ARGS,
            ROOM, //
        },
    },
    handover::table_memory::TableMemory,
    plan::{
        base::addr::VirtAddr,
        firmware::{
            service::{
                Service,
                Services,
                GET_VARIABLE, //
            },
            status::Status,
        },
        user::{
            arguments::{
                Arguments,
                Place,
                ALIGNMENT, //
            },
            fit::{
                self,
                Unfit, //
            },
            verdict::{
                off_after,
                End, //
            },
        },
    },
    state::{
        self,
        Map, //
    },
    user_mode::{
        self,
        UserMode, //
    },
};
use core::fmt;
use kernel::{
    prelude::*,
    sync::SetOnce, //
};

static BLOCK: SetOnce<Block> = SetOnce::new();

/// Starts the task if the map says that firmware runs in user mode. If this is not possible,
/// firmware keeps the kernel's privilege.
pub(crate) fn begin() {
    let Some(map) = state::map() else { return };
    let Some(plan) = &map.user else { return };
    if plan.failed.in_service != 0 {
        // With the kernel's privilege it is not called any more.
        state::set_faulted();
    }
    match start(map, plan) {
        Ok(()) => {
            user_mode::set_on();
            #[cfg(CONFIG_EFI_MIXED)]
            ffi::user::replace_thunks(map.refused());
            pr_info!("firmware runs in user mode\n");
        }
        Err(why) if map.by_kernel.contains(&GET_VARIABLE) => pr_warn!(
            "firmware runs with the kernel's privilege: {}\n",
            format_args!("{why}")
        ),
        Err(why) => {
            ffi::turn_services_off();
            pr_err!(
                "runtime services off: no user mode, and no other way to call firmware: {}\n",
                format_args!("{why}")
            );
        }
    }
}

/// The reason why there is no user mode.
enum NoUserMode {
    Unfit(Unfit),
    Kernel(Error),
    Refused(Status),
}

impl fmt::Display for NoUserMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfit(unfit) => unfit.fmt(f),
            Self::Kernel(error) => write!(f, "the kernel cannot make the task: {error:?}"),
            Self::Refused(status) => write!(f, "the first call ends with status {status}"),
        }
    }
}

impl From<Unfit> for NoUserMode {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

impl From<Error> for NoUserMode {
    fn from(error: Error) -> Self {
        Self::Kernel(error)
    }
}

fn start(map: &'static Map, plan: &'static UserMode) -> Result<(), NoUserMode> {
    ffi::user::check_machine()?;
    BLOCK.populate(Block::alloc(plan.width)?);
    let block = BLOCK.as_ref().ok_or(ENOMEM)?;
    let end = ffi::user::addresses_end();
    fit::check(
        &plan.mappings,
        plan.width.end().map_or(end, |width| width.min(end)),
        block.address(),
        ffi::user::BLOCK_SIZE as u64,
    )?;
    privileged::begin();
    grants::begin(map);
    ffi::user::start(&plan.ranges)?;
    if !map.services.contains(&GET_VARIABLE) {
        return Ok(());
    }
    probe().map_err(NoUserMode::Refused)
}

/// Asks firmware for a variable that it does not have.
fn probe() -> Result<(), Status> {
    let mut call = Call::begin(&GET_VARIABLE)?;
    call.input(Some(&[b'-', 0, 0, 0]))?;
    call.input(Some(&[0; size_of::<ffi::Guid>()]))?;
    call.value(0);
    call.uintn(0)?;
    call.value(0);
    call.run().map(|_| ())
}

/// A call that is prepared: firmware is ours alone.
pub(crate) struct Call {
    service: &'static Service,
    plan: &'static UserMode,
    map: &'static Map,
    access: Access,
    function: VirtAddr,
    arguments: Arguments,
    args: [u64; MOST_ARGS],
    count: usize,
}

impl Call {
    /// Begins a call of `service`.
    ///
    /// # Errors
    ///
    /// The status for the caller: the service is off, or another thread is inside firmware.
    pub(crate) fn begin(service: &'static Service) -> Result<Self, Status> {
        let map = state::map().ok_or(Status::DEVICE_ERROR)?;
        let plan = map.user.as_ref().ok_or(Status::DEVICE_ERROR)?;
        let block = BLOCK.as_ref().ok_or(Status::DEVICE_ERROR)?;
        if !ffi::services_enabled() || user_mode::failed().contains(service) {
            return Err(Status::DEVICE_ERROR);
        }
        let function = plan.functions.of(service).ok_or(Status::UNSUPPORTED)?;
        Ok(Self {
            service,
            plan,
            map,
            access: Access::new(block, Inside::enter().ok_or(Status::NOT_READY)?),
            function,
            arguments: Arguments::new(ROOM),
            args: [0; MOST_ARGS],
            count: 0,
        })
    }

    /// Adds an argument that is a number.
    pub(crate) fn value(&mut self, value: u64) {
        if let Some(arg) = self.args.get_mut(self.count) {
            *arg = value;
        }
        self.count += 1;
    }

    /// Adds an argument that points to `size` bytes, and returns their place.
    ///
    /// # Errors
    ///
    /// [`Status::OUT_OF_RESOURCES`] if there is no room for them.
    pub(crate) fn room(&mut self, size: usize) -> Result<Place, Status> {
        let place = self.arguments.place(size).ok_or(Status::OUT_OF_RESOURCES)?;
        self.value(self.access.address_of(place));
        Ok(place)
    }

    /// Adds an argument that points to a copy of `bytes`, or to nothing.
    ///
    /// # Errors
    ///
    /// As for [`Self::room`].
    pub(crate) fn input(&mut self, bytes: Option<&[u8]>) -> Result<(), Status> {
        match bytes {
            Some(bytes) => self.inout(bytes).map(|_| ()),
            None => {
                self.value(0);
                Ok(())
            }
        }
    }

    /// Adds an argument that points to a copy of `bytes`, and returns their place.
    ///
    /// # Errors
    ///
    /// As for [`Self::room`].
    pub(crate) fn inout(&mut self, bytes: &[u8]) -> Result<Place, Status> {
        let place = self.room(bytes.len())?;
        self.access.write(place, bytes);
        Ok(place)
    }

    /// Adds an argument that points to a number of firmware's width, and returns its place.
    ///
    /// # Errors
    ///
    /// As for [`Self::room`].
    pub(crate) fn uintn(&mut self, value: usize) -> Result<Place, Status> {
        let bytes = value.to_le_bytes();
        // Firmware's numbers are no longer than the kernel's.
        self.inout(
            bytes
                .get(..self.plan.width.pointer_size())
                .unwrap_or(&bytes),
        )
    }

    /// The most bytes that an argument can have behind a number.
    pub(crate) fn left_after_number(&self) -> usize {
        self.arguments.left().saturating_sub(ALIGNMENT)
    }

    /// Calls firmware.
    ///
    /// # Errors
    ///
    /// The status for the caller if firmware has not answered.
    pub(crate) fn run(self) -> Result<Answer, Status> {
        let Self {
            service,
            plan,
            map,
            access,
            ..
        } = self;
        let call = ffi::user::Call {
            function: self.function.value(),
            args: self.args,
            limit: state::request().longest_call(),
            may_be_torn: service.only_reads,
        };
        let table = map.table.as_ref();
        if let Some(table) = table {
            table.begin_call(service.mark);
        }
        traps::expect(service);
        let (access, end) = access.run(&call);
        // Nobody relies on the first call. If it fails, firmware is called in another way.
        let costs = user_mode::is_on() && off_after(service, end) != Services::NONE;
        if costs {
            fail(service, end, plan, table);
        } else if let Some(table) = table {
            table.end_call();
        }
        match (access, end) {
            (Some(access), End::Returned(status)) => Ok(Answer {
                status: Status::from_register(status, plan.width),
                access,
            }),
            (_, End::NoTask) => Err(Status::NOT_READY),
            _ => Err(Status::ABORTED),
        }
    }
}

/// Takes the services off that a call of `service` costs by its `end`, here and in successors. After a
/// torn write, firmware is not called with the kernel's privilege any more.
fn fail(service: &Service, end: End, plan: &UserMode, table: Option<&TableMemory>) {
    let off = off_after(service, end);
    user_mode::add_failed(off);
    let known = state::is_faulted();
    let in_service = match service.only_reads {
        true => 0,
        false => service.mark,
    };
    if in_service != 0 {
        state::set_faulted();
    }
    if let Some(table) = table {
        let failed = user_mode::failed().with(plan.failed.services);
        table.record_failed(failed, in_service);
    }
    ffi::taint_for_firmware();
    let why = match end {
        End::TooLong => "it was aborted at its time limit",
        End::GivenUp => "it did not come back in time, and is left to finish",
        End::Died => "the kernel has ended its task",
        _ => "it was aborted",
    };
    pr_err!(
        "{}: {why}; off from now on: {}\n",
        service.name,
        format_args!("{off}")
    );
    if in_service != 0 && !known {
        pr_err!("firmware is called in user mode only from now on\n");
    }
}

/// The answer of firmware. Its memory is ours until this is dropped.
pub(crate) struct Answer {
    pub(crate) status: Status,
    access: Access,
}

impl Answer {
    /// Copies the bytes at `place` to `target`, as far as both go.
    pub(crate) fn copy(&self, place: Place, target: &mut [u8]) {
        self.access.read(place, target);
    }

    /// The number at `place`, which [`Call::uintn`] has given.
    pub(crate) fn uintn(&self, place: Place) -> usize {
        let mut bytes = [0; size_of::<usize>()];
        self.copy(place, &mut bytes);
        usize::from_le_bytes(bytes)
    }
}
