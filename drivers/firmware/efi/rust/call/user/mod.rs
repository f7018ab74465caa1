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
use crate::{
    arch::KeepsMemoryMap,
    call::{
        answers,
        inside::Inside, //
    },
    ffi::{
        self,
        trace,
        user::Block, //
    },
    handover::table_memory::TableMemory,
    plan::{
        base::{
            addr::VirtAddr,
            kind::Privilege, //
        },
        firmware::{
            service::{
                Service,
                Services,
                GET_VARIABLE, //
            },
            status::Status,
            width::Width, //
        },
        user::{
            calling::{
                Firmware,
                Ready,
                MOST_ARGS, //
            },
            fit::{
                self,
                Unfit, //
            },
            marshal,
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
    this_arch::Arch,
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
            ffi::user::serve_callers_that_can_wait();
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
    // This is what `Map::collects_variables_now` has put off.
    #[cfg(CONFIG_X86_64)]
    if map.origin == state::Origin::Fresh {
        ffi::user::collect_variables();
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
    #[cfg(CONFIG_X86_64)]
    privileged_x86::allow_ports();
    grants::begin(map);
    ffi::user::start(&plan.ranges)?;
    if !map.services.contains(&GET_VARIABLE) {
        return Ok(());
    }
    probe().map_err(NoUserMode::Refused)
}

/// Asks firmware for a variable that it does not have.
fn probe() -> Result<(), Status> {
    let vendor = [0; size_of::<ffi::Guid>()];
    let mut size = 0;
    let size = Some(&mut size);
    marshal::get_variable(&Task, Some(b"-\0\0\0"), Some(&vendor), None, size, None).map(|_| ())
}

/// The task that firmware runs in.
pub(crate) struct Task;

impl Firmware for Task {
    type Ready = Entry;

    fn begin(&self, service: &'static Service) -> Result<Entry, Status> {
        let map = state::map().ok_or(Status::DEVICE_ERROR)?;
        let plan = map.user.as_ref().ok_or(Status::DEVICE_ERROR)?;
        let block = BLOCK.as_ref().ok_or(Status::DEVICE_ERROR)?;
        if !ffi::services_enabled() || user_mode::failed().contains(service) {
            return Err(Status::DEVICE_ERROR);
        }
        let function = plan.functions.of(service).ok_or(Status::UNSUPPORTED)?;
        Ok(Entry {
            service,
            plan,
            map,
            access: Access::new(block, Inside::enter().ok_or(Status::NOT_READY)?),
            function,
        })
    }

    fn fits(&self, service: &Service, size: usize, room: usize) -> bool {
        answers::fits(service.mark, size, room)
    }
}

/// The way into a service: firmware is ours alone.
pub(crate) struct Entry {
    service: &'static Service,
    plan: &'static UserMode,
    map: &'static Map,
    access: Access,
    function: VirtAddr,
}

impl Ready for Entry {
    type Memory = Access;

    fn width(&self) -> Width {
        self.plan.width
    }

    fn memory(&mut self) -> &mut Access {
        &mut self.access
    }

    fn run(self, args: [u64; MOST_ARGS]) -> Result<(Status, Access), Status> {
        let Self {
            service,
            plan,
            map,
            access,
            function,
        } = self;
        let call = ffi::user::Call {
            function: function.value(),
            args,
            limit: state::request().longest_call(),
            may_be_torn: service.only_reads,
            ..Default::default()
        };
        let table = map.table.as_ref();
        if let Some(table) = table {
            table.begin_call(service.mark);
        }
        traps::expect(service);
        let traced = trace::Call::start(service.mark, Privilege::User);
        let (access, end) = access.run(&call);
        let status = match (&access, end) {
            (Some(_), End::Returned(status)) => Status::from_register(status, plan.width),
            (_, End::NoTask) => Status::NOT_READY,
            _ => Status::ABORTED,
        };
        traced.end(status.0);
        // Nobody relies on the first call. If it fails, firmware is called in another way.
        let costs = user_mode::is_on() && off_after(service, end) != Services::NONE;
        if costs {
            fail(service, end, plan, table);
        } else if let Some(table) = table {
            table.end_call();
        }
        match (access, end) {
            (Some(access), End::Returned(_)) => Ok((status, access)),
            _ => Err(status),
        }
    }
}

/// Takes the services off that a call of `service` costs by its `end`, here and in successors. After a
/// torn write, firmware is not called with the kernel's privilege any more.
fn fail(service: &Service, end: End, plan: &UserMode, table: Option<&TableMemory>) {
    let off = off_after(service, end);
    trace::fault(service.mark, Privilege::User);
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
    if in_service != 0 && !table.is_some_and(TableMemory::can_deny) {
        Arch::withdraw_addresses();
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
