// SPDX-License-Identifier: GPL-2.0

//! A map that the kernel proper decides on, where it calls SVAM.

use crate::{
    arch::CallsSvam,
    failure::Failure,
    ffi,
    plan::{
        base::{
            addr::PhysAddr,
            kind::{
                Kind,
                Svam, //
            },
        },
        choice::{
            after_svam::{
                after_svam,
                AfterSvam, //
            },
            decision::Reason,
            fresh::SvamOnce, //
        },
        firmware::service, //
    },
    state::{
        Map,
        Origin, //
    },
    takeover::enact::Means,
    this_arch::Arch, //
};
use kernel::prelude::*;

impl Means<'_> {
    /// Makes a map of `kind`, and calls SVAM unless it is [`Kind::Phys`], as `once` allows.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if the map cannot be built, firmware does not take it, or its pointers do not
    /// lie in it.
    pub(super) fn make(
        mut self,
        once: SvamOnce,
        mut kind: Kind,
        mut reason: Reason,
    ) -> Result<Map, Failure> {
        self.lay_out(kind)?;
        ffi::alloc_tables(self.take_over)?;
        let desc_size = self.firmware.memory.desc_size();
        let prepared = Arch::prepare_svam(self.take_over, desc_size, &self.regions)?;

        let mut svam = Svam::after(kind);
        if kind != Kind::Phys {
            let identity_fits = self.space.identity_fits(&self.regions);
            match after_svam(kind, self.call_svam(once, &prepared, kind), identity_fits) {
                AfterSvam::Keep(state) => svam = state,
                AfterSvam::Phys(state, because) => {
                    Arch::cancel_svam(&prepared, &self.regions)?;
                    (kind, svam, reason) = (Kind::Phys, state, because);
                    self.lay_out(kind)?;
                    Arch::rewrite_memory_map(&prepared, desc_size, &self.regions)?;
                }
                AfterSvam::ServicesOff(off) => {
                    Arch::release_boot_services(prepared, &self.regions)?;
                    return Err(self.give_up(off));
                }
            }
        }
        Arch::release_boot_services(prepared, &self.regions)?;

        let (entries, forward_cfg) = self.entries()?;
        self.regions.retain(|region| !region.is_temporary());
        // SVAM does not move the table, only its address in the system table.
        let runtime = PhysAddr::new(self.firmware.runtime.value());
        let snapshot = self.first(kind, svam, runtime, forward_cfg);
        self.publish(Origin::Fresh, reason, snapshot, entries)
    }

    /// Calls SVAM for a map of `kind`.
    ///
    /// # Errors
    ///
    /// The status, if it is not success.
    fn call_svam(
        &self,
        once: SvamOnce,
        prepared: &<Arch as CallsSvam>::Prepared<'_>,
        kind: Kind,
    ) -> Result<(), u64> {
        // The last line there is if firmware hangs.
        pr_info!(
            "calling SVAM with {} addresses; if nothing follows, firmware hangs in it: boot with {}\n",
            if kind.is_identity() { "1:1" } else { "fixed" },
            if self.space.identity_fits(&self.regions).is_ok() {
                "efi=rtmap:phys"
            } else {
                "efi=noruntime"
            }
        );
        // The mark stays for successors if the call does not end.
        if let Some(table) = &self.table {
            table.begin_call(service::MARK_SVAM);
        }
        let called = Arch::set_virtual_address_map(once, prepared, self.firmware.identity.systab);
        if let Some(table) = &self.table {
            table.end_call();
        }
        called
    }
}
