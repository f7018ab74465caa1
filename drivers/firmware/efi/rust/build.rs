// SPDX-License-Identifier: GPL-2.0

//! Carries a decision out: builds the map, and publishes it.

use crate::{
    arch,
    failure::Failure,
    ffi::{
        self,
        TakeOver, //
    },
    firmware::Firmware,
    handover::{
        Inherited,
        Memory, //
    },
    life::Mark,
    plan::{
        base::{
            addr::{
                Pages,
                PhysAddr, //
            },
            kind::{
                Kind,
                Svam, //
            },
            list::List,
        },
        choice::decision::{
            Off,
            Reason, //
        },
        firmware::{
            memattr::Header,
            runtime::TableError,
            service::{
                self,
                Services, //
            }, //
        },
        handover::wire::Snapshot,
        map::{
            entry::{
                split,
                wx_pages,
                Entry, //
            },
            layout::{
                AddressSpace,
                LayoutError, //
            },
            pieces::{
                self,
                Piece, //
            },
            pointers,
            region::Region, //
        },
    },
    state::{
        Life,
        Map,
        Origin, //
    },
    tables, //
};
use kernel::prelude::*;

#[cfg(CONFIG_X86_64)]
mod make;

/// What is needed to carry a decision out.
pub(crate) struct Plan<'a> {
    pub(crate) take_over: &'a TakeOver,
    pub(crate) firmware: &'a Firmware,
    pub(crate) space: AddressSpace,
    pub(crate) table: Option<Memory>,
    pub(crate) mark: Option<Mark>,
    pub(crate) regions: KVVec<Region>,
    /// Services that an earlier kernel has taken off.
    pub(crate) services_off: Services,
    /// Kernels before this one that have only passed on what they have found.
    pub(crate) passed: u32,
}

/// What is in the page tables, and how it came there.
struct Built {
    kind: Kind,
    reason: Reason,
    life: Life,
    entries: KVVec<Entry>,
    /// The runtime services table.
    runtime: PhysAddr,
    forward_cfg: bool,
}

impl Plan<'_> {
    /// Keeps successors from firmware that cannot be called, because of `off`. After SVAM that went
    /// wrong nobody knows which addresses it goes by, and nobody is to try.
    pub(crate) fn give_up(self, off: Off) -> Failure {
        if off.is_svams() {
            if let Some(table) = self.table {
                table.record_fault(service::MARK_SVAM);
            }
            arch::withdraw_addresses();
        }
        Failure::Off(off)
    }

    /// Installs a map of `kind`, which the stub has decided on, or left as firmware was. SVAM is in the
    /// state `svam` since, and the addresses are in the regions.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the map cannot be built, or firmware's pointers do not lie in it.
    pub(crate) fn adopt(mut self, kind: Kind, svam: Svam, reason: Reason) -> Result<Map, Failure> {
        if kind.is_identity() {
            self.lay_out(kind)?;
        }
        let (entries, forward_cfg) = self.entries()?;
        let runtime = self.runtime()?;
        let life = Life::first(svam, self.passed);
        self.install(Built {
            kind,
            reason,
            life,
            entries,
            runtime,
            forward_cfg,
        })
    }

    /// Installs the map that an earlier kernel has made.
    ///
    /// # Errors
    ///
    /// As for [`Self::adopt`].
    pub(crate) fn reuse(
        mut self,
        kind: Kind,
        reason: Reason,
        inherited: Option<Inherited>,
    ) -> Result<Map, Failure> {
        let (life, entries, runtime, forward_cfg) = match inherited {
            Some(Inherited {
                snapshot,
                entries,
                regions,
            }) => {
                self.regions = regions;
                let life = Life {
                    origin: Origin::Handover,
                    generation: snapshot
                        .generation
                        .saturating_add(1)
                        .saturating_add(self.passed),
                    svam: snapshot.svam,
                    svam_generation: snapshot.svam_generation,
                };
                (life, entries, snapshot.runtime, snapshot.forward_cfg)
            }
            None => {
                let (entries, forward_cfg) = self.entries()?;
                (Life::legacy(kind), entries, self.runtime()?, forward_cfg)
            }
        };
        self.install(Built {
            kind,
            reason,
            life,
            entries,
            runtime,
            forward_cfg,
        })
    }

    /// Builds page tables for addresses that firmware goes by already, and publishes the map.
    fn install(self, built: Built) -> Result<Map, Failure> {
        ffi::alloc_tables(self.take_over)?;
        // Before the regions: on x86 this maps page 0, which may be one.
        arch::install_memory_map(self.take_over, self.firmware, &self.regions)?;
        self.publish(built)
    }

    /// Where the runtime services table lies, as far as the traces of an earlier kernel tell.
    fn runtime(&self) -> Result<PhysAddr, TableError> {
        let addr = self.firmware.runtime;
        pointers::find(addr, &self.regions).ok_or(TableError::NotMapped(addr))
    }

    fn lay_out(&mut self, kind: Kind) -> Result<(), LayoutError> {
        if kind.is_identity() {
            self.space.lay_out_identity(&mut self.regions)
        } else {
            self.space.lay_out_fixed(&mut self.regions)
        }
    }

    /// Splits the regions by what the memory attributes table says, if there is one. Also tells
    /// whether control flow checks may stay on.
    fn entries(&self) -> Result<(KVVec<Entry>, bool), Failure> {
        let table = self.firmware.attributes();
        let header = table.as_deref().and_then(|bytes| Header::new(bytes).ok());
        let count = header.map_or(0, |header| header.entries());
        let mut pieces = KVVec::from_elem(Piece::BLANK, count, GFP_KERNEL)?;
        let mut pieces = List::new(&mut pieces);
        let mut forward_cfg = header.is_some_and(|header| header.forward_cfg());
        if let Some(bytes) = &table {
            match pieces::pieces(bytes, &self.regions, arch::BASIS, &mut pieces) {
                Ok(0) => (),
                Ok(ignored) => pr_warn!("memory attributes table: {ignored} entries passed over\n"),
                Err(error) => {
                    pr_warn!(
                        "memory attributes table: {}, not used\n",
                        format_args!("{error}")
                    );
                    forward_cfg = false;
                }
            }
        }
        let most = 2 * (count + self.regions.len());
        let mut buffer = KVVec::from_elem(Entry::BLANK, most, GFP_KERNEL)?;
        let mut entries = List::new(&mut buffer);
        split(&self.regions, &pieces, arch::BASIS, &mut entries)?;
        let count = entries.len();
        buffer.truncate(count);
        Ok((buffer, forward_cfg))
    }

    /// Maps the entries, finds the services that they have code for, and tells the next kernel.
    fn publish(mut self, built: Built) -> Result<Map, Failure> {
        let Built {
            kind,
            reason,
            life,
            entries,
            runtime,
            forward_cfg,
        } = built;
        let shared_pages = tables::map(self.take_over, &entries, forward_cfg)?;
        let off = self.services_off(runtime, &entries)?;
        let wx_pages = wx_pages(&entries);
        let snapshot = Snapshot {
            generation: life.generation,
            kind,
            svam: life.svam,
            svam_generation: life.svam_generation,
            forward_cfg,
            writable_code: wx_pages > Pages::new(0),
            identity: self.firmware.identity,
            runtime,
            config: self.firmware.config,
            vendor: self.firmware.vendor,
        };
        if let Err(error) = self.write_table(&snapshot, &entries, off) {
            pr_warn!("handover table: not written: {error:?}\n");
        }
        if let Some(mark) = &mut self.mark {
            mark.note(kind, &self.regions);
        }
        Ok(Map {
            kind,
            reason,
            life,
            forward_cfg,
            services: self.firmware.supported.without(off),
            services_off: off,
            regions: self.regions,
            shared_pages,
            wx_pages: wx_pages.count(),
            table: self.table,
            mark: self.mark,
        })
    }

    /// The services that firmware has no code for, as far as this kernel or an earlier one can tell.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if there is no runtime services table at `runtime`.
    fn services_off(&self, runtime: PhysAddr, entries: &[Entry]) -> Result<Services, Failure> {
        let strays = self.firmware.strays(runtime, entries)?;
        let known = self.services_off.without(strays);
        for service in known.called() {
            pr_warn!(
                "{} is off: an earlier kernel has found it so\n",
                service.name
            );
        }
        Ok(strays.with(known))
    }

    /// Tells the next kernel of `entries`, in the table that there is or, where Kexec Handover can
    /// carry it, a new one.
    fn write_table(&mut self, snapshot: &Snapshot, entries: &[Entry], off: Services) -> Result {
        if self.table.is_none() {
            let life = self.mark.as_ref().and_then(Mark::nonce);
            self.table = Memory::make(self.take_over, life, entries.len())?;
        }
        match &mut self.table {
            Some(table) => table.publish(snapshot, entries, off),
            None => Ok(()),
        }
    }
}
