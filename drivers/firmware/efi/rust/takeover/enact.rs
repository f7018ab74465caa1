// SPDX-License-Identifier: GPL-2.0

//! Carries a decision out: the map that it asks for, and its origin.

#[cfg(CONFIG_EFI_RTMAP_USER)]
use crate::plan::base::kind::Privilege;
use crate::{
    arch::KeepsMemoryMap,
    failure::Failure,
    ffi::{
        self,
        TakeOver, //
    },
    handover::{
        mark::Mark,
        table_memory::{
            Inherited,
            TableMemory, //
        },
    },
    plan::{
        base::{
            addr::PhysAddr,
            kind::{
                Kind,
                Svam, //
            },
        },
        choice::{
            decision::{
                Decision,
                Off,
                Reason, //
            },
            fresh::SvamOnce,
        },
        firmware::{
            runtime::TableError,
            service::{
                self,
                Services, //
            }, //
        },
        handover::{
            stores::Failed,
            wire::Snapshot, //
        },
        map::{
            entry::Entry,
            layout::{
                AddressSpace,
                LayoutError, //
            },
            pointers,
            region::Region, //
        },
    },
    state::{
        Map,
        Origin, //
    },
    takeover::firmware::Firmware,
    this_arch::Arch, //
};
use kernel::prelude::*;

/// The means to carry a decision out.
pub(super) struct Means<'a> {
    pub(super) take_over: &'a TakeOver,
    pub(super) firmware: &'a Firmware<'a>,
    pub(super) space: AddressSpace,
    pub(super) table: Option<TableMemory>,
    pub(super) mark: Option<Mark>,
    pub(super) regions: KVVec<Region>,
    /// Services that an earlier kernel has taken off.
    pub(super) services_off: Services,
    /// Services that have failed in user mode.
    pub(super) failed: Failed,
    /// The services that the kernel can call with its own privilege.
    pub(super) by_kernel: Services,
    /// The privilege that firmware is to run with.
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    pub(super) privilege: Privilege,
    /// Kernels before this one that have only passed on what they have found.
    pub(super) passed: u32,
}

impl Means<'_> {
    /// Carries `decision` out. SVAM is called if `svam_once` allows it, and `inherited` is the map
    /// that an earlier kernel has handed over, if one has. [`None`] leaves everything to C.
    ///
    /// # Errors
    ///
    /// The reason why the kernel must do without runtime services.
    pub(super) fn carry_out(
        self,
        decision: Decision,
        svam_once: Option<SvamOnce>,
        inherited: Option<Inherited>,
    ) -> Result<Option<Map>, Failure> {
        let map = match decision {
            Decision::Decline => return Ok(None),
            Decision::ServicesOff(off) => return Err(self.give_up(off)),
            Decision::Fresh {
                kind,
                reason,
                refused,
            } => {
                refuse(refused, reason);
                self.make(svam_once.ok_or(Failure::Undecided)?, kind, reason)
            }
            Decision::Adopt {
                kind,
                svam,
                reason,
                refused,
            } => {
                refuse(refused, reason);
                self.adopt(kind, svam, reason)
            }
            Decision::Reuse {
                kind,
                reason,
                refused,
            } => {
                if let Some(refused) = refused {
                    pr_warn!(
                        "{} refused: the firmware runs with {} since an earlier kernel\n",
                        refused.name(),
                        kind.name()
                    );
                }
                self.reuse(kind, reason, inherited)
            }
        };
        map.map(Some)
    }

    /// Where the stub calls SVAM, its decision is adopted, and there is no other.
    #[cfg(CONFIG_ARM64)]
    fn make(self, _: SvamOnce, _: Kind, _: Reason) -> Result<Map, Failure> {
        Err(Failure::Undecided)
    }

    /// Keeps successors from firmware that cannot be called, because of `off`. After SVAM that went
    /// wrong nobody knows which addresses it goes by, and nobody is to try.
    pub(super) fn give_up(self, off: Off) -> Failure {
        if off.is_svams() {
            if let Some(table) = self.table {
                table.record_fault(service::MARK_SVAM);
            }
            Arch::withdraw_addresses();
        }
        Failure::Off(off)
    }

    /// Installs a map of `kind`, which the stub has decided on, or left as firmware was. SVAM is in
    /// the state `svam` since, and the addresses are in the regions.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the map cannot be built, or firmware's pointers do not lie in it.
    fn adopt(mut self, kind: Kind, svam: Svam, reason: Reason) -> Result<Map, Failure> {
        if kind.is_identity() {
            self.lay_out(kind)?;
        }
        let (entries, forward_cfg) = self.entries()?;
        let snapshot = self.first(kind, svam, self.runtime()?, forward_cfg);
        let origin = self.origin();
        self.install(origin, reason, snapshot, entries)
    }

    /// Installs the map that an earlier kernel has made.
    ///
    /// # Errors
    ///
    /// As for [`Self::adopt`].
    fn reuse(
        mut self,
        kind: Kind,
        reason: Reason,
        inherited: Option<Inherited>,
    ) -> Result<Map, Failure> {
        let Some(inherited) = inherited else {
            let (entries, forward_cfg) = self.entries()?;
            let snapshot = self.legacy(kind, self.runtime()?, forward_cfg);
            return self.install(Origin::Legacy, reason, snapshot, entries);
        };
        self.regions = inherited.regions;
        let snapshot = Snapshot {
            generation: inherited
                .snapshot
                .generation
                .saturating_add(1)
                .saturating_add(self.passed),
            config: self.firmware.config,
            vendor: self.firmware.vendor,
            ..inherited.snapshot
        };
        self.install(Origin::Handover, reason, snapshot, inherited.entries)
    }

    /// The snapshot of the first kernel to call firmware: of a map of `kind`, with SVAM in the
    /// state `svam`, the runtime services table at `runtime`, and control flow checks on if
    /// `forward_cfg` says so.
    pub(super) fn first(
        &self,
        kind: Kind,
        svam: Svam,
        runtime: PhysAddr,
        forward_cfg: bool,
    ) -> Snapshot {
        Snapshot {
            generation: self.passed,
            kind,
            svam,
            svam_generation: (svam != Svam::NotCalled).then_some(0),
            forward_cfg,
            writable_code: false,
            identity: self.firmware.identity,
            runtime,
            config: self.firmware.config,
            vendor: self.firmware.vendor,
        }
    }

    /// The snapshot that the traces of a kernel without handover table give of its map of `kind`.
    fn legacy(&self, kind: Kind, runtime: PhysAddr, forward_cfg: bool) -> Snapshot {
        let svam = match kind {
            Kind::Fixed => Svam::CalledFixed,
            _ => Svam::Unknown,
        };
        Snapshot {
            // At least: kernels without handover table do not count.
            generation: 1,
            svam_generation: None,
            ..self.first(kind, svam, runtime, forward_cfg)
        }
    }

    /// The origin of the map of the first kernel to call firmware.
    fn origin(&self) -> Origin {
        if self.passed == 0 {
            Origin::Fresh
        } else {
            Origin::Handover
        }
    }

    /// Builds page tables for addresses that firmware goes by already, and publishes the map.
    fn install(
        self,
        origin: Origin,
        reason: Reason,
        snapshot: Snapshot,
        entries: KVVec<Entry>,
    ) -> Result<Map, Failure> {
        ffi::alloc_tables(self.take_over)?;
        // Before the regions: on x86 this maps page 0, which may be one.
        let desc_size = self.firmware.memory.desc_size();
        Arch::install_memory_map(self.take_over, desc_size, &self.regions)?;
        self.publish(origin, reason, snapshot, entries)
    }

    /// Where the runtime services table lies, as far as the traces of an earlier kernel tell.
    fn runtime(&self) -> Result<PhysAddr, TableError> {
        let addr = self.firmware.runtime;
        pointers::find(addr, &self.regions).ok_or(TableError::NotMapped(addr))
    }

    pub(super) fn lay_out(&mut self, kind: Kind) -> Result<(), LayoutError> {
        if kind.is_identity() {
            self.space.lay_out_identity(&mut self.regions)
        } else {
            self.space.lay_out_fixed(&mut self.regions)
        }
    }
}

/// Says why the kind that was asked for cannot be had.
fn refuse(refused: Option<Kind>, reason: Reason) {
    if let Some(refused) = refused {
        pr_warn!("{} refused: {}\n", refused.name(), format_args!("{reason}"));
    }
}
