// SPDX-License-Identifier: GPL-2.0

//! The last steps of the take-over: page tables for the map, and the handover table for the next
//! kernel.

use super::{
    enact::Means,
    page_tables, //
};
use crate::{
    arch::Architecture,
    buffer::filled,
    failure::Failure,
    ffi::trace,
    handover::{
        mark::Mark,
        table_memory::TableMemory, //
    },
    plan::{
        base::addr::{
            Pages,
            PhysAddr, //
        },
        choice::decision::Reason,
        firmware::{
            memattr::Header,
            service::Services, //
        },
        handover::wire::Snapshot,
        map::{
            entry::{
                split,
                wx_pages,
                Entry, //
            },
            pieces::{
                self,
                Piece, //
            }, //
        },
    },
    state::{
        Map,
        Origin, //
    },
    this_arch::Arch, //
};
#[cfg(CONFIG_EFI_RTMAP_USER)]
use crate::{
    plan::{
        base::kind::Privilege,
        map::mapping::Mapping, //
    },
    user_mode::UserMode,
};
use kernel::prelude::*;

impl Means<'_> {
    /// Splits the regions by what the memory attributes table says, if there is one. Also tells
    /// whether control flow checks may stay on.
    pub(super) fn entries(&self) -> Result<(KVVec<Entry>, bool), Failure> {
        let table = self.firmware.attributes();
        let header = table.as_deref().and_then(|bytes| Header::new(bytes).ok());
        let count = header.map_or(0, |header| header.entries());
        let mut forward_cfg = header.is_some_and(|header| header.forward_cfg());
        let pieces = filled(Piece::BLANK, count, |pieces| {
            let Some(bytes) = &table else { return Ok(()) };
            match pieces::pieces(bytes, &self.regions, Arch::BASIS, pieces) {
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
            Ok::<_, Failure>(())
        })?;
        let most = 2 * (count + self.regions.len());
        let entries = filled(Entry::BLANK, most, |entries| {
            split(&self.regions, &pieces, Arch::BASIS, entries)
        })?;
        Ok((entries, forward_cfg))
    }

    /// Maps the entries, finds the services that they have code for, and tells the next kernel.
    pub(super) fn publish(
        mut self,
        origin: Origin,
        reason: Reason,
        snapshot: Snapshot,
        entries: KVVec<Entry>,
    ) -> Result<Map, Failure> {
        let mappings = page_tables::map(self.take_over, &entries, snapshot.forward_cfg)?;
        let shared_pages = mappings.iter().filter(|mapping| mapping.shared).count();
        let off = self.services_off(snapshot.runtime, &entries)?;
        let wx_pages = wx_pages(&entries);
        let snapshot = Snapshot {
            writable_code: wx_pages > Pages::new(0),
            ..snapshot
        };
        trace::install(
            snapshot.kind,
            snapshot.generation,
            self.regions.len(),
            mappings.len(),
        );
        let written = self.write_table(&snapshot, &entries, off);
        trace::handover(snapshot.generation, entries.len(), &written);
        if let Err(error) = written {
            pr_warn!("handover table: not written: {error:?}\n");
        }
        #[cfg(CONFIG_EFI_RTMAP_USER)]
        let user = self.user_mode(&snapshot, &entries, mappings)?;
        if let Some(mark) = &mut self.mark {
            mark.note(snapshot.kind, &self.regions);
        }
        Ok(Map {
            origin,
            reason,
            snapshot,
            services: self.firmware.supported.without(off),
            services_off: off,
            by_kernel: self.by_kernel,
            regions: self.regions,
            shared_pages,
            wx_pages: wx_pages.count(),
            table: self.table,
            mark: self.mark,
            #[cfg(CONFIG_EFI_RTMAP_USER)]
            user,
        })
    }

    /// The means to run firmware in user mode, if it is to run there.
    #[cfg(CONFIG_EFI_RTMAP_USER)]
    fn user_mode(
        &self,
        snapshot: &Snapshot,
        entries: &[Entry],
        mappings: KVVec<Mapping>,
    ) -> Result<Option<UserMode>, Failure> {
        if self.privilege != Privilege::User {
            return Ok(None);
        }
        let functions = self.firmware.functions(snapshot.runtime, entries)?;
        let user = UserMode::new(mappings, functions, self.firmware.width, self.failed)?;
        Ok(Some(user))
    }

    /// The services that firmware has no code for, as far as this kernel or an earlier one can
    /// tell.
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
        let failed = self.failed;
        if self.table.is_none() {
            let life = self.mark.as_ref().and_then(Mark::nonce);
            self.table = TableMemory::make(self.take_over, life, entries.len())?;
        }
        match &mut self.table {
            Some(table) => table.publish(snapshot, entries, off, failed),
            None => Ok(()),
        }
    }
}
